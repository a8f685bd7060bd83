#!/usr/bin/python3
"""checks.py BINARY [NAME…]: uses the program as people do, on a display of its own, and says what held.

Each function below is one check, on a program freshly started in an empty home. NAME chooses by the function's
name. Screenshots of every stage go to the folder that WINDOW_SHOTS names. Ends with "N passed, N failed".
"""
import inspect
import os
import random
import sys
import tempfile
import time
import traceback
import zlib

from program import Program
from x11 import Display, until, write_png


def starts(stage):
    """The first second: a sample picture has gone through a model, and all four panes show it."""
    stage.ready().kill()  # the disk has the program at hand now
    p = stage.start()
    ready = p.wait("ready", 30)
    assert ready.t < 5, f"ready after {ready.t:.2f} s"
    assert p.latest("picture") and p.latest("result"), "no picture or no result before it was ready"
    for name in PANES:
        assert colours(p.pixels(name)) > 8, f"{name} is empty"
    stage.shot("sample")
    return f"ready after {ready.t:.2f} s"


def takes_a_dropped_picture(stage):
    """A PNG dropped on the window fills the panes."""
    p = stage.ready()
    before = {name: p.pixels(name) for name in PANES}
    with p.expects("result"), p.expects("picture", name="wäves 1.png", width=300, height=200):
        p.drop(stage.waves("wäves 1.png"))
    p.settle()
    for name in PANES:
        assert changed(before[name], p.pixels(name)) > 0.1, f"{name} has not changed"
    stage.shot("dropped")


def opens_an_argument(stage):
    """A picture named on the command line is the one shown."""
    p = stage.start(stage.waves("argument.png"))
    p.wait("picture", name="argument.png", width=300, height=200)
    p.wait("ready")


def opens_by_key(stage):
    """Ctrl+O asks for a file; leaving the dialog changes nothing."""
    p = stage.ready()
    since = len(p.events())
    with p.expects("dialog", name="open", shown=True):
        p.key("ctrl+o")
    p.settle()
    stage.shot("open")
    with p.expects("dialog", name="open", shown=False):
        p.click("dialog.close")
    assert p.latest("picture", since) is None, "another picture was opened"


def adds_noise_live(stage):
    """Another kind of noise gives another noisy picture and another result, without a further click."""
    p = stage.ready()
    before = p.pixels("pane.noisy")
    with p.expects("result"):
        p.choose("denoise.noise", "saltpepper")
    p.settle()
    assert changed(before, p.pixels("pane.noisy")) > 0.01, "the noisy pane has not changed"
    stage.shot("noise")


def zooms_together(stage):
    """One zoom for all panes: the wheel over the original moves the reconstruction; 0 fits, 1 is pixel for pixel."""
    p = stage.ready()
    before = {name: p.pixels(name) for name in PANES}
    with p.expects("zoom"):
        p.scroll("pane.original", 3)
    p.settle()
    for name in PANES:
        assert changed(before[name], p.pixels(name)) > 0.1, f"{name} has not moved"
    with p.expects("zoom", scale=lambda s: abs(s - 1) < 1e-3):
        p.key("1")
    with p.expects("zoom"):
        p.key("+")
    stage.shot("zoomed")
    with p.expects("zoom"):
        p.key("0")
    p.settle()
    assert changed(before["pane.original"], p.pixels("pane.original")) < 0.02, "0 does not fit as at the start"


def holds_for_the_original(stage):
    """While B is down the reconstruction gives way to the original, and comes back."""
    p = stage.ready()
    p.screen.move(*p.middle("pane.reconstruction"))
    p.settle()
    before, original = p.pixels("pane.reconstruction"), p.pixels("pane.original")
    assert changed(before, original, 2) > 0.1, "the reconstruction is the original"
    p.screen.hold("b", True)
    until(lambda: changed(original, p.pixels("pane.reconstruction"), 2) < 0.02, 3, "B does not show the original")
    p.screen.hold("b", False)
    until(lambda: changed(before, p.pixels("pane.reconstruction"), 2) < 0.02, 3, "the reconstruction has not come back")


def says_what_is_wrong(stage):
    """Files that are no pictures get a sentence with their name; what was shown stays, and the window lives."""
    p = stage.ready()
    shown = p.latest("picture")
    for path in stage.bad_files():
        with p.expects("message", kind="error", text=lambda s, name=os.path.basename(path): name in s) as seen:
            p.drop(path)
        assert "goroutine" not in seen.event.text and len(seen.event.text) < 400, seen.event.text
        assert p.latest("picture") is shown, f"the picture shown is now {p.latest('picture').name}"
        stage.shot("bad")
    with p.expects("picture", name="after.png"):
        p.drop(stage.waves("after.png"))


def denoises_a_folder(stage):
    """A dropped folder goes through the queue into a folder beside it; a bad file is named, a second run does nothing again."""
    folder = os.path.join(stage.folder, "holiday")
    os.makedirs(os.path.join(folder, "day 2"))
    for name in "a.png", "b.png", "day 2/c.png":
        os.rename(stage.waves("one.png"), os.path.join(folder, name))
    with open(os.path.join(folder, "words.png"), "w") as f:
        f.write("This is not a picture.\n")
    p = stage.ready()
    with p.expects("picture", name="a.png"):
        p.drop(folder)
    p.wait("result")
    p.settle()
    with p.expects("queue", running=False, waiting=4):
        p.click("denoise.all")
    p.settle()
    stage.shot("waiting")
    with p.expects("queue", 60, running=False, done=3, failed=1):
        p.click("queue.start")
    p.settle()
    stage.shot("done")
    for name in "a.png", "b.png", "day 2/c.png":
        assert os.path.getsize(os.path.join(folder + "-clean", name)) > 1000, f"{name} was not written"
    with p.expects("queue", running=False, waiting=4):
        p.click("denoise.all")
    p.settle()
    with p.expects("queue", 60, running=False, there=3, waiting=0):
        p.click("queue.start")


def learns_from_a_picture(stage):
    """A model learns from the picture alone, shows what it makes of it, and stays when that is cut short."""
    p = stage.ready()
    with p.expects("result"):
        p.drop(stage.waves("alone.png"))
    p.settle()
    with p.expects("model", 30, name="alone.png", alone=True):
        p.click("denoise.learn")
    stage.shot("learning")
    p.key("Escape")
    p.settle()
    assert p.latest("model").alone, "another model is in use"
    stage.shot("learned")


def compresses(stage):
    """The page Compress shows a picture beside JPEG and WebP of as many bytes, and what a receiver sees of a tenth."""
    p = stage.ready()
    with p.expects("result"):
        p.drop(stage.waves("small.png"))
    p.settle()
    with p.expects("page", name="compress"):
        p.click("page.compress")
    made = p.wait("pressed", 60, bytes=lambda n: n > 0, jpeg=lambda n: n > 0, webp=lambda n: n > 0)
    assert made.webp <= made.bytes, f"WebP has {made.webp} bytes beside {made.bytes}"
    stage.shot("compressed")
    with p.expects("pressed", 60, arrived=lambda v: v < 1):
        p.click("compress.arrived", at=(0.1, 0.5))
    stage.shot("a tenth")
    return f"{made.bytes} bytes"


def learns_while_you_watch(stage):
    """Start, pause, one step, go on, stop, by clicks and by Space: the step counts, the chart moves, the loss falls."""
    p = stage.training()
    first = p.wait("train", state="running", step=lambda n: n >= 1, loss=lambda v: v is not None)
    chart = p.pixels("train.chart")
    later = p.wait("train", 60, step=lambda n: n >= first.step + 50)
    assert later.loss < first.loss, f"loss was {first.loss:g}, is {later.loss:g} after {later.step} steps"
    assert changed(chart, p.pixels("train.chart")) > 0.001, "the chart has not moved"
    stage.shot("running")

    with p.expects("train", state="paused"):
        p.click("train.pause")
    p.settle()
    stands = p.latest("train").step
    stage.shot("paused")
    with p.expects("train", state="paused", step=stands + 1):
        p.click("train.step")
    p.settle()
    assert p.latest("train").step == stands + 1, f"one step went from {stands} to {p.latest('train').step}"
    with p.expects("train", state="running", step=lambda n: n > stands + 1):
        p.key("space")
    with p.expects("train", state="paused"):
        p.key("space")
    with p.expects("train", state=lambda s: s in ("idle", "finished")):
        p.click("train.stop")
    return f"loss {first.loss:.4g} → {later.loss:.4g} in {later.step - first.step} steps"


def shows_a_new_run_at_once(stage):
    """From the click on Start to the first change on the chart and in the panes of a run on drawn digits."""
    p = stage.ready()
    p.click("page.train")
    p.choose("train.data", "builtin:digits")
    p.settle()
    places = {name: p.place(name) for name in ("train.chart", "pane.reconstruction")}
    before = {name: stage.screen.pixels(*place) for name, place in places.items()}
    button = p.middle("train.start")
    began = time.monotonic()
    stage.screen.click(*button)
    took = {}
    while len(took) < 2 and time.monotonic() - began < 20:
        for name, place in places.items():
            if name not in took and changed(before[name], stage.screen.pixels(*place)) > 0.0005:
                took[name] = time.monotonic() - began
    assert len(took) == 2, f"changed within 20 s: {took}"
    p.click("train.stop")
    return "chart after %.2f s, panes after %.2f s" % (took["train.chart"], took["pane.reconstruction"])


def holds_a_lesson(stage):
    """A lesson from its first page to its last question, by clicks."""
    p = stage.ready()
    p.click("page.lessons")
    p.click("lessons.autoencoder")
    p.wait("lesson", stage=0, at=0)
    p.click("lessons.next")
    p.wait("lesson", stage=1)
    p.click("lessons.option2")
    p.settle()
    p.click("lessons.next")
    p.wait("lesson", stage=2)
    p.click("lessons.train")
    verdict = p.wait("lesson", 120, stage=2, doing=0, runs=1, verdict=lambda v: v != "").verdict
    stage.shot("trained")
    p.click("lessons.next")
    p.wait("lesson", stage=3)
    p.click("lessons.train")
    p.wait("lesson", 60, stage=3, doing=3)
    p.wait("lesson", 120, stage=3, doing=0)
    p.click("lessons.next")
    p.wait("lesson", stage=4)
    p.click("lessons.next")
    p.wait("lesson", stage=5)
    p.click("lessons.option2")
    p.settle()
    stage.shot("answered")
    return f"the prediction was {verdict}"


def keeps_its_runs(stage):
    """A training is a row of the table; killed and gone on with, it is still one, and the slider goes back to its first step."""
    p = stage.training()
    p.wait("runs", count=1)
    p.wait("saved", 30, kind="checkpoint")
    p.kill()
    p = stage.start()
    p.wait("runs", count=1)
    p.click("page.train")
    p.settle()
    p.click("train.start")
    p.wait("train", 30, state="running")
    p.click("train.pause")
    p.wait("train", state="paused")
    p.settle()
    p.click("runs.last")
    p.settle()
    now = p.pixels("pane.reconstruction")
    p.click("runs.slider", (0.12, 0.5))
    until(lambda: changed(now, p.pixels("pane.reconstruction")) > 0.01, 10, "the slider changes nothing")
    p.settle()
    stage.shot("first-steps")
    p.key("Escape")
    until(lambda: changed(now, p.pixels("pane.reconstruction")) < 0.001, 10, "the panes do not come back to now")
    p.click("runs.switch", (0.75, 0.5))
    p.settle()
    p.click("runs.list", (0.015, 0.1))
    p.settle()
    stage.shot("table")
    p.click("runs.switch", (0.25, 0.5))
    p.settle()
    stage.shot("overlaid")
    assert p.latest("runs").count == 1, f"one training is {p.latest('runs').count} runs"


def touches_a_latent(stage):
    """On the page Explore a stroke on a channel changes the picture, and Ctrl+Z takes it back; a map of digits decodes what lies under the pointer."""
    p = stage.ready()
    p.click("page.explore")
    p.wait("widget", 20, name="explore.gallery", shown=True)
    p.settle()
    before = p.pixels("pane.reconstruction")
    x, y, w, h = p.place("pane.latent")
    line = [(x + w // 4 + i * w // 40, y + h // 2) for i in range(20)]
    stage.screen.drag(line)
    until(lambda: changed(before, p.pixels("pane.reconstruction")) > 0.005, 5, "the stroke changes nothing")
    stage.shot("painted")
    p.key("ctrl+z")
    stage.screen.move(*p.middle("status"))  # panes mark where the pointer is
    until(lambda: changed(before, p.pixels("pane.reconstruction")) < 0.002, 5, "the stroke is not taken back")
    p.click("explore.part", (0.625, 0.5))
    p.click("map.start")
    p.wait("setting", 60, name="map.count", value="2000")
    p.settle()
    stage.screen.move(*p.middle("map.atlas"))
    p.wait("here", 10, decoded=True)
    stage.shot("map")


def leads_along_a_direction(stage):
    """Two labels on the map of digits make a direction that is kept by name; it moves a picture on Channels, and Ctrl+Z puts that back."""
    p = stage.ready()
    p.click("page.explore")
    p.wait("widget", 20, name="explore.gallery", shown=True)
    p.click("explore.part", (0.625, 0.5))
    p.click("map.start")
    p.wait("setting", 60, name="map.count", value="2000")
    p.settle()
    p.reveal("map.keep", near="map.tool")
    for end, label in ("map.end1", 0), ("map.end2", 7):
        p.pick(end, label + 2)  # after "nothing yet"
    p.wait("setting", name="map.ends", value=lambda s: "0" not in s.split())
    stage.shot("between")
    p.enter("map.name", "seven")
    p.reveal("map.sigma1", near="map.end1")
    p.settle()
    with p.expects("here", decoded=True):
        p.click("map.kept1", (0.8, 0.75))
    stage.shot("moved")

    p.click("explore.part", (0.125, 0.5))
    p.wait("widget", 20, name="explore.gallery", shown=True)
    p.reveal("explore.rest", near="explore.tool")
    stage.screen.move(*p.middle("status"))
    p.settle()
    before = p.pixels("pane.reconstruction")
    p.click("explore.kept1", (0.8, 0.75))
    stage.screen.move(*p.middle("status"))
    until(lambda: changed(before, p.pixels("pane.reconstruction")) > 0.02, 5, "the direction changes nothing")
    stage.shot("applied")
    p.key("ctrl+z")
    until(lambda: changed(before, p.pixels("pane.reconstruction")) < 0.002, 5, "the direction is not taken back")


def survives_divergence(stage):
    """A learning rate of 1000 diverges: it says so, and the window lives."""
    p = stage.ready()
    p.click("page.train")
    p.choose("train.data", "builtin:glyphs")
    p.reveal("train.more", near="train.data")
    p.click("train.more")
    p.reveal("train.rate", near="train.more")
    with p.expects("setting", name="train.rate", value="1000"):
        p.enter("train.rate", "1000")
    with p.expects("message", 60, kind="error", text=lambda s: "diverged at step" in s), \
            p.expects("train", 60, state="diverged"):
        p.click("train.start")
    p.settle()
    stage.shot("diverged")
    assert p.close() == 0


def closes_while_it_trains(stage):
    """Closing the window in the middle of training ends with code 0; the next start has the checkpoint."""
    p = stage.training()
    p.wait("train", 30, step=lambda n: n >= 20)
    clock = time.monotonic()
    code = p.close()
    took = time.monotonic() - clock
    assert code == 0, f"exit code {code}: {p.said()}"
    saved = p.latest("saved", kind="checkpoint")
    assert p.latest("closed") and saved, "no checkpoint was saved, or the end was not said"
    assert os.path.getsize(saved.path) > 0 and saved.path.startswith(p.home), saved.path
    step = p.latest("train", step=lambda n: n > 0).step
    p = stage.start()
    back = p.wait("train", step=lambda n: n > 0)
    assert back.step >= step, f"stopped at step {step}, came back at {back.step}"
    stage.shot("back")
    return f"closed in {took:.2f} s at step {back.step}"


def survives_a_kill(stage):
    """Killed in the middle of training, it opens the last checkpoint at the next start."""
    p = stage.training()
    p.wait("saved", 90, kind="checkpoint")
    p.wait("train", 30, step=lambda n: n >= 20)
    p.kill()
    p = stage.start()
    back = p.wait("train", step=lambda n: n > 0)
    p.wait("ready")
    return f"came back at step {back.step}"


def rests_when_idle(stage):
    """An idle window uses no processor to speak of: an empty one of the toolkit takes 1.5 %, one that repaints 30 %."""
    p = stage.ready()
    p.screen.move(0, 0)
    time.sleep(2)  # what a start leaves to do is done
    share = p.cpu(5)
    assert share < 0.04, f"uses {share:.1%} of a core"
    return f"{share:.1%} of a core"


PANES = ["pane.original", "pane.noisy", "pane.latent", "pane.reconstruction"]


def colours(rgb):
    """How many different pixels there are in a picture."""
    return len({rgb[i:i + 3] for i in range(0, len(rgb), 3)})


def changed(a, b, by=8):
    """The share of colour values that differ by more than so many levels; 1 where the sizes differ."""
    if len(a) != len(b):
        return 1
    return sum(abs(u - v) > by for u, v in zip(a, b)) / len(a)


class Stage:
    """What a check has to work with: a display, a home of its own, and programs that end with the check."""

    def __init__(self, binary, name, folder, shots):
        self.binary, self.name, self.folder, self.shots = binary, name, folder, shots
        self.screen, self.programs, self.count = Display(), [], 0

    def start(self, *args):
        p = Program(self.screen, self.binary, os.path.join(self.folder, "home"), *args)
        self.programs.append(p)
        return p

    def ready(self):
        p = self.start()
        p.wait("ready", 60)
        return p

    def training(self):
        """A program that learns glyphs since a click on Start."""
        p = self.ready()
        with p.expects("page", name="train"):
            p.click("page.train")
        p.choose("train.data", "builtin:glyphs")
        with p.expects("train", 20, state="running"):
            p.click("train.start")
        return p

    def end(self):
        for p in self.programs:
            p.kill()
        self.screen.close()

    def shot(self, what):
        self.count += 1
        if self.shots:
            self.screen.photograph(os.path.join(self.shots, f"{self.name}-{self.count}-{what}.png"))

    def waves(self, name):
        """A colourful picture of 300 by 200 pixels."""
        path = os.path.join(self.folder, name)
        write_png(path, 300, 200, bytes(v for y in range(200) for x in range(300)
                                        for v in (x * 255 // 300, y * 255 // 200, (x * y // 64) % 256)))
        return path

    def bad_files(self):
        """Files that call themselves pictures: of no bytes, of words, of noise, cut short, and 100 000 pixels a side."""
        with open(self.waves("whole.png"), "rb") as f:
            whole = f.read()
        huge = bytearray(whole)
        huge[16:24] = (100_000).to_bytes(4, "big") * 2
        contents = {
            "empty.png": b"", "words.png": b"This is not a picture.\n", "noise.jpg": random.Random(1).randbytes(5000),
            "cut.png": whole[:len(whole) // 2], "huge.png": with_header_sum(huge)}
        for name, content in contents.items():
            path = os.path.join(self.folder, name)
            with open(path, "wb") as f:
                f.write(content)
            yield path


def with_header_sum(png):
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    return bytes(png)


def main():
    binary, *names = sys.argv[1:]
    checks = [f for f in globals().values() if inspect.isfunction(f) and list(inspect.signature(f).parameters) == ["stage"]]
    shots = os.environ.get("WINDOW_SHOTS")
    if shots:
        os.makedirs(shots, exist_ok=True)
    failed = 0
    chosen = [f for f in checks if not names or f.__name__ in names]
    for check in chosen:
        clock, note = time.monotonic(), None
        with tempfile.TemporaryDirectory(prefix="sieve-window-", ignore_cleanup_errors=True) as folder:
            stage = Stage(binary, check.__name__, folder, shots)
            try:
                note, trouble = check(stage), None
            except Exception as e:
                failed += 1
                trouble = f"{type(e).__name__}: {e}\n" + "".join(traceback.format_tb(e.__traceback__)[-2:])
                trouble += "".join(p.said() for p in stage.programs)
                stage.shot("failed")
            finally:
                stage.end()
        truth = check.__doc__.split("\n")[0]
        print(f"{'FAIL' if trouble else 'ok  '} {time.monotonic() - clock:5.1f} s  {check.__name__}: {truth}"
              + (f" ({note})" if note else ""), flush=True)
        if trouble:
            print("".join(f"      {line}\n" for line in trouble.splitlines()), flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
