"""Sieve on a display: started, operated by the names of its controls, and listened to.

What happens inside is read from the file that SIEVE_TRACE names: one JSON object a line. "widget" lines give
the place of each named control, so that clicks are real clicks; all other lines are facts to wait for.
"""
import contextlib
import json
import os
import signal
import subprocess
import time
import types

from x11 import until


class Program:
    """A run of the program. Its settings, data and state live below home; start it twice there to come back."""

    def __init__(self, screen, binary, home, *args, theme="dark"):
        self.screen = screen
        os.makedirs(home, exist_ok=True)
        self.home = os.path.abspath(home)
        self.trace = os.path.join(self.home, f"trace-{time.monotonic_ns()}.jsonl")
        self.output = os.path.join(self.home, "output.txt")
        self.lines, self.rest, self.read = [], "", 0
        env = {k: os.environ[k] for k in ("PATH", "TMPDIR", "GOMAXPROCS") if k in os.environ}
        env |= {
            "HOME": self.home, "LANG": "C.UTF-8", "DISPLAY": screen.name, "LIBGL_ALWAYS_SOFTWARE": "1",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:", "FYNE_THEME": theme, "FYNE_SCALE": "1", "SIEVE_TRACE": self.trace}
        for name in "CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR":
            env["XDG_" + name] = folder = os.path.join(self.home, name.partition("_")[0].lower())
            os.makedirs(folder, mode=0o700, exist_ok=True)
        self.started = time.monotonic()
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen([os.path.abspath(binary), *args], env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    # What it says.

    def events(self):
        """Every line so far; a line still being written waits for its end."""
        if os.path.exists(self.trace):
            with open(self.trace, encoding="utf-8") as f:
                f.seek(self.read)
                text = self.rest + f.read()
                self.read = f.tell()
            *whole, self.rest = text.split("\n")
            self.lines += [types.SimpleNamespace(**json.loads(line)) for line in whole]
        return self.lines

    def latest(self, event, since=0, /, **fields):
        """The newest line of this kind whose fields are as given (or satisfy the given function), or None."""
        for e in reversed(self.events()[since:]):
            if e.event == event and all(_fits(getattr(e, k, None), want) for k, want in fields.items()):
                return e

    def wait(self, event, within=10, since=0, /, **fields):
        """Waits for such a line and returns it; lines before number `since` do not count."""
        def found():
            ended = self.process.poll() is not None
            e = self.latest(event, since, **fields)
            if e is None and ended:
                raise RuntimeError(f"ended with code {self.process.returncode} before {_words(event, fields)}")
            return e

        return until(found, within, lambda: f"no {_words(event, fields)}; last: {self._last()}")

    @contextlib.contextmanager
    def expects(self, event, within=10, /, **fields):
        """What the block does must bring about such a line. Gives an object whose event is that line afterwards."""
        since, seen = len(self.events()), types.SimpleNamespace(event=None)
        yield seen
        seen.event = self.wait(event, within, since, **fields)

    def said(self):
        """What it wrote to its terminal."""
        with open(self.output, encoding="utf-8", errors="replace") as f:
            return f.read()[-4000:]

    def _last(self):
        return "; ".join(_words(e.event, {k: v for k, v in vars(e).items() if k not in ("event", "t")})
                         for e in self.events()[-40:] if e.event != "widget")[-600:] or "nothing"

    # What is done to it.

    @property
    def window(self):
        return until(lambda: self.screen.window(self.process.pid), 20, "no window")

    def place(self, name, within=5):
        """The rectangle x, y, w, h of a named control on the screen, once it is shown and rests."""
        until(lambda: (e := self.latest("widget", name=name)) and e.shown, within,
              lambda: f"{name} is not shown; shown are: {', '.join(self.shown())}")
        settled, seen = time.monotonic(), None
        while time.monotonic() - settled < 0.25:
            e = self.latest("widget", name=name)
            if e is not seen:
                settled, seen = time.monotonic(), e
            time.sleep(0.02)
        ox, oy = self.screen.origin(self.window)
        return ox + seen.x, oy + seen.y, seen.w, seen.h

    def shown(self):
        return sorted({e.name for e in self.events() if e.event == "widget" and self.latest("widget", name=e.name).shown})

    def click(self, name, at=None):
        """Clicks a control in its middle, or at a part of its width and height."""
        if at is None:
            self.screen.click(*self.middle(name))
            return
        x, y, w, h = self.place(name)
        self.screen.click(int(x + at[0] * w), int(y + at[1] * h))

    def pick(self, name, nth):
        """Opens a list of choices and takes the n-th of them, counted from 1."""
        self.click(name)
        self.settle()
        for _ in range(nth):
            self.key("Down")
        self.key("Return")
        self.settle()

    def scroll(self, name, steps):
        self.screen.scroll(*self.middle(name), steps)

    def reveal(self, name, near):
        """Turns the wheel beside one control until another one of the same scrolled column is shown."""
        x, y, _, h = self.place(near)
        x, y = x - 8, y + h // 2
        for _ in range(40):
            if name in self.shown():
                return
            self.screen.scroll(x, y, -2)
            self.settle(1)
        raise AssertionError(f"{name} does not come into view; shown are: {', '.join(self.shown())}")

    def key(self, chord):
        self.screen.key(chord)

    def drop(self, *paths, on="pane.original"):
        self.screen.drop(self.window, *self.middle(on), paths)

    def middle(self, name):
        x, y, w, h = self.place(name)
        return x + w // 2, y + h // 2

    def choose(self, name, value):
        """Picks an entry of a drop-down list with mouse and keys, going down the list until the setting is as wanted."""
        def chosen():
            e = self.latest("setting", name=name)
            return e is not None and e.value == value

        for downs in range(1, 40):
            if chosen():
                return
            self.click(name)
            self.settle()
            for _ in range(downs):
                self.key("Down")
            self.key("Return")
            self.settle()
        raise AssertionError(f"{name} cannot be set to {value}; it is {self.latest('setting', name=name)}")

    def enter(self, name, text):
        """Replaces what stands in an entry, as a person types it."""
        self.click(name)
        time.sleep(0.5)  # Fyne waits that long for a second click before it takes the first, which unselects
        self.key("ctrl+a")
        for character in text:
            self.key(character)
        self.key("Return")

    def settle(self, within=5):
        """Waits until what is on the screen has not changed for a fifth of a second, or for so long."""
        last, deadline = None, time.monotonic() + within
        while time.monotonic() < deadline:
            seen = self.screen.pixels(*self.screen.origin(self.window), *self.screen.size(self.window))
            if seen == last:
                return
            last = seen
            time.sleep(0.2)

    def pixels(self, name):
        return self.screen.pixels(*self.place(name))

    def close(self, within=5):
        """Closes the window by its cross and returns the exit code."""
        self.screen.ask_to_close(self.window)
        return until(lambda: self.process.poll() is not None and [self.process.returncode], within, "still running")[0]

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def cpu(self, seconds):
        """The share of one core that it uses over so many seconds."""
        def ticks():
            with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as f:
                fields = f.read().rpartition(")")[2].split()
            return int(fields[11]) + int(fields[12])

        before = ticks()
        time.sleep(seconds)
        return (ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds


def _fits(value, want):
    return want(value) if callable(want) else value == want


def _words(kind, fields):
    return kind + "{" + ", ".join(f"{k}: {'…' if callable(v) else v}" for k, v in fields.items()) + "}"
