"""A virtual display with a mouse, a keyboard, a hand that drops files, and a camera.

It knows X11 and nothing of the program that is shown on it.
"""
import os
import select
import struct
import subprocess
import time
import zlib
from urllib.parse import quote

from Xlib import X, XK, display
from Xlib.ext import xtest
from Xlib.protocol import event

KEYS = {"ctrl": "Control_L", "shift": "Shift_L", "alt": "Alt_L", "+": "plus", "-": "minus"}


class Display:
    """An X server of its own, width by height pixels, with software OpenGL and a window manager."""

    def __init__(self, width=1440, height=900):
        read, write = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with open(read) as line:
            number = line.readline().strip()  # comes when the server is ready; nothing comes when it ends
        if not number:
            raise RuntimeError("Xvfb did not start")
        self.name = ":" + number
        self.d = display.Display(self.name)
        self.root = self.d.screen().root
        self.manager = subprocess.Popen(
            ["openbox", "--sm-disable"], env=os.environ | {"DISPLAY": self.name}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self._property(self.root, "_NET_SUPPORTING_WM_CHECK"), 10, "no window manager")

    def close(self):
        self.d.close()
        for process in self.manager, self.server:
            process.terminate()
            process.wait()

    def _atom(self, name):
        return self.d.intern_atom(name)

    def _property(self, window, name):
        value = window.get_full_property(self._atom(name), X.AnyPropertyType)
        return value.value if value else None

    # Windows.

    def window(self, pid):
        """The managed window of a process, or None."""
        for number in self._property(self.root, "_NET_CLIENT_LIST") or []:
            window = self.d.create_resource_object("window", number)
            if list(self._property(window, "_NET_WM_PID") or []) == [pid]:
                return window

    def origin(self, window):
        """Where the window's content begins on the screen."""
        at = self.root.translate_coords(window, 0, 0)
        return at.x, at.y

    def size(self, window):
        at = window.get_geometry()
        return at.width, at.height

    def ask_to_close(self, window):
        """As a click on the window's cross does."""
        self._tell_manager(window, "_NET_CLOSE_WINDOW", X.CurrentTime, 2)

    def fill_screen(self, window):
        self._tell_manager(window, "_NET_WM_STATE", 1, self._atom("_NET_WM_STATE_FULLSCREEN"))

    def _tell_manager(self, window, what, *data):
        message = event.ClientMessage(
            window=window, client_type=self._atom(what), data=(32, [*data, *[0] * (5 - len(data))]))
        self.root.send_event(message, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        self.d.flush()

    # The mouse and the keyboard. Places are pixels of the screen.

    def move(self, x, y):
        xtest.fake_input(self.d, X.MotionNotify, x=x, y=y)
        self.d.sync()
        time.sleep(0.05)  # Fyne looks only once a frame for what is under the pointer

    def click(self, x, y):
        self.move(x, y)
        self._press(1)

    def drag(self, places):
        """Presses the button at the first place, and lets it go at the last."""
        self.move(*places[0])
        xtest.fake_input(self.d, X.ButtonPress, 1)
        self.d.sync()
        for x, y in places[1:]:
            xtest.fake_input(self.d, X.MotionNotify, x=x, y=y)
            self.d.sync()
            time.sleep(0.02)
        xtest.fake_input(self.d, X.ButtonRelease, 1)
        self.d.sync()

    def scroll(self, x, y, steps):
        """Turns the wheel, away from the person when steps is positive."""
        self.move(x, y)
        for _ in range(abs(steps)):
            self._press(4 if steps > 0 else 5)

    def _press(self, button):
        for kind in X.ButtonPress, X.ButtonRelease:
            xtest.fake_input(self.d, kind, button)
        self.d.sync()

    def key(self, chord):
        """Presses and releases a chord such as "ctrl+o", "Escape" or "+"."""
        self.hold(chord, True)
        self.hold(chord, False)
        time.sleep(0.03)  # GLFW takes a key that comes again within 20 ms for one held down

    def hold(self, chord, down):
        """Presses a chord and leaves it down, or lets it go."""
        for code in self._codes(chord):
            xtest.fake_input(self.d, X.KeyPress if down else X.KeyRelease, code)
        self.d.sync()

    def _codes(self, chord):
        codes = []
        for name in [chord] if chord == "+" else chord.split("+"):
            symbol = XK.string_to_keysym(KEYS.get(name, name))
            code = self.d.keysym_to_keycode(symbol)
            if not code:
                raise ValueError("no such key: " + name)
            if self.d.keycode_to_keysym(code, 0) != symbol:
                codes.append(self.d.keysym_to_keycode(XK.XK_Shift_L))
            codes.append(code)
        return codes

    # Dropping files, as a file manager does: XDND version 5.

    def drop(self, window, x, y, paths):
        """Drops files at a place on the screen; fails unless the window takes them."""
        if self._property(window, "XdndAware") is None:
            raise RuntimeError("the window takes no drops")
        kind = self._atom("text/uri-list")
        uris = "".join("file://" + quote(os.path.abspath(p)) + "\r\n" for p in paths).encode()
        source = self.root.create_window(0, 0, 1, 1, 0, self.d.screen().root_depth, event_mask=X.PropertyChangeMask)
        source.set_selection_owner(self._atom("XdndSelection"), X.CurrentTime)
        self.move(x, y)

        def send(name, *data):
            message = event.ClientMessage(
                window=window, client_type=self._atom(name), data=(32, [source.id, *data, *[0] * (4 - len(data))]))
            window.send_event(message)
            self.d.flush()

        send("XdndEnter", 5 << 24, kind)
        send("XdndPosition", 0, x << 16 | y, X.CurrentTime, self._atom("XdndActionCopy"))
        self._hand_over(kind, uris, "XdndStatus")
        send("XdndDrop", 0, X.CurrentTime)
        self._hand_over(kind, uris, "XdndFinished")
        source.destroy()

    def _hand_over(self, kind, data, end, seconds=5):
        """Gives the data to whoever asks, until the message `end` comes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            while self.d.pending_events():
                e = self.d.next_event()
                if e.type == X.SelectionRequest:
                    place = e.property or e.target
                    if e.target == kind:
                        e.requestor.change_property(place, kind, 8, data)
                    e.requestor.send_event(event.SelectionNotify(
                        time=e.time, requestor=e.requestor, selection=e.selection, target=e.target,
                        property=place if e.target == kind else X.NONE))
                    self.d.flush()
                elif e.type == X.ClientMessage and e.client_type == self._atom(end):
                    return
            select.select([self.d.fileno()], [], [], 0.02)
        raise TimeoutError(f"the window sent no {end} in {seconds} s")

    # The camera.

    def pixels(self, x, y, w, h):
        """A rectangle of the screen as bytes, red, green, blue."""
        raw = self.root.get_image(x, y, w, h, X.ZPixmap, 0xFFFFFFFF).data
        rgb = bytearray(3 * w * h)
        rgb[0::3], rgb[1::3], rgb[2::3] = raw[2::4], raw[1::4], raw[0::4]
        return bytes(rgb)

    def photograph(self, path):
        screen = self.root.get_geometry()
        write_png(path, screen.width, screen.height, self.pixels(0, 0, screen.width, screen.height))


def write_png(path, w, h, rgb):
    """Writes 8-bit red, green, blue bytes as a PNG."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + rgb[3 * w * y:3 * w * (y + 1)] for y in range(h))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b""))


def until(true, seconds, trouble):
    """Waits until true() is, and returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{trouble() if callable(trouble) else trouble} after {seconds:g} s")
        time.sleep(0.02)
    return value
