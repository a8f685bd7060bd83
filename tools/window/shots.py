#!/usr/bin/python3
"""shots.py BINARY FOLDER [PICTURE]: photographs every page, light and dark, at two sizes of screen.

README shows map-dark-1280x800.png as assets/explore.png."""
import os
import sys
import tempfile

from program import Program
from x11 import Display

PAGES = ["denoise", "compress", "train", "explore", "detect", "lessons"]
SIZES = [(1280, 800), (1920, 1080)]


def lesson(p, name):
    """Goes through the first half of a lesson."""
    p.click("lessons." + name)
    p.wait("lesson", stage=0, at=lambda n: n >= 0)
    p.click("lessons.next")
    p.wait("lesson", stage=1)
    p.click("lessons.sure")
    p.settle()
    p.click("lessons.next")
    p.wait("lesson", stage=2)
    p.click("lessons.train")
    p.wait("lesson", 120, stage=2, doing=2)
    p.wait("lesson", 300, stage=2, doing=0, verdict=lambda v: v != "")


def walk(p):
    """Walks across the map of digits, past all ten."""
    p.click("explore.part", (0.625, 0.5))
    p.settle()
    p.click("map.start")
    p.wait("setting", 60, name="map.count", value="2000")
    p.click("map.method", (0.75, 0.5))
    p.wait("setting", 120, name="map.step", value="500")
    p.settle()
    p.click("map.tool", (0.84, 0.5))
    p.reveal("map.keep", near="map.tool")
    p.settle()
    for end, label in ("map.end1", 2), ("map.end2", 7):
        p.pick(end, label + 2)  # after "nothing yet"
    x, y, w, h = p.place("map.atlas")
    p.screen.drag([(round(x + w / 2 + h * u), round(y + h / 2 + h * v)) for u, v in smooth(STOPS)])


STOPS = [(.08, .37), (-.16, .23), (-.41, .01), (-.25, -.12), (-.15, -.37), (-.01, -.24), (.16, -.19), (.34, -.08), (.25, .13), (.02, .04)]


def smooth(stops, steps=9):
    """Places along a curve through all stops (Catmull and Rom)."""
    ends = [stops[0], *stops, stops[-1]]
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:]):
        for t in (i / steps for i in range(steps)):
            yield tuple(q + ((r - o) * t + (2 * o - 5 * q + 4 * r - s) * t * t + (3 * q - o - 3 * r + s) * t ** 3) / 2
                        for o, q, r, s in zip(a, b, c, d))
    yield stops[-1]


def main():
    binary, folder, *pictures = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for width, height in SIZES:
        screen = Display(width, height)
        for theme in "light", "dark":
            with tempfile.TemporaryDirectory(prefix="sieve-shots-", ignore_cleanup_errors=True) as home:
                p = Program(screen, binary, home, *pictures, theme=theme)
                p.wait("ready", 30)
                screen.fill_screen(p.window)

                def take(name):
                    screen.move(width - 1, height - 1)
                    p.settle()
                    path = os.path.join(folder, f"{name}-{theme}-{width}x{height}.png")
                    screen.photograph(path)
                    print(path, flush=True)

                for page in PAGES:
                    p.click("page." + page)
                    if page == "compress":
                        p.wait("pressed", 60, webp=lambda n: n > 0)
                    if page == "train":
                        p.choose("train.data", "builtin:glyphs")
                        p.click("train.start")
                        p.wait("train", 120, step=lambda n: n >= 300)
                        p.click("train.pause")
                    if page == "lessons":
                        lesson(p, "bottleneck")
                    take(page)
                    if page == "explore":
                        p.wait("widget", 60, name="explore.gallery", shown=True)
                        walk(p)
                        take("map")
                p.kill()
        screen.close()


if __name__ == "__main__":
    main()
