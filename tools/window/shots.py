#!/usr/bin/python3
"""shots.py BINARY FOLDER [PICTURE]: photographs every page, light and dark, at two sizes of screen."""
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
                    screen.move(width - 1, height - 1)
                    p.settle()
                    path = os.path.join(folder, f"{page}-{theme}-{width}x{height}.png")
                    screen.photograph(path)
                    print(path, flush=True)
                p.kill()
        screen.close()


if __name__ == "__main__":
    main()
