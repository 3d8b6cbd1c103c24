"""A real browser, told what to do over its DevTools protocol on a pair of pipes."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-headless-shell"))), None)
PHONE, DESKTOP = (360, 780), (1440, 900)
_READ, _WRITE = 3, 4
_SECONDS = 60.0


class Chromium:
    """`Chromium(directory)` is a browser with one page while its `with` block runs."""

    def __init__(self, directory: Path) -> None:
        assert PROGRAM is not None, "install chromium-headless-shell: `tools/setup --test` does"
        there, self._write = os.pipe()
        self._read, back = os.pipe()
        arguments = [
            *(PROGRAM, "--headless", "--remote-debugging-pipe", "--no-first-run"),
            *("--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
            *("--disable-background-networking", "--force-color-profile=srgb"),
            *(f"--user-data-dir={directory}", "about:blank"),
            *(("--no-sandbox",) if os.geteuid() == 0 else ()),
        ]
        null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        # Beyond 3 and 4 first, since one of the pipes may have those numbers itself.
        high = [(os.POSIX_SPAWN_DUP2, there, 103), (os.POSIX_SPAWN_DUP2, back, 104)]
        low = [(os.POSIX_SPAWN_DUP2, 103, _READ), (os.POSIX_SPAWN_DUP2, 104, _WRITE)]
        self._pid = os.posix_spawn(
            PROGRAM, arguments, os.environ, file_actions=[*null, *high, *low], setpgroup=0
        )
        os.close(there)
        os.close(back)
        self._number, self._rest, self._session = 0, b"", ""
        self.errors: list[str] = []
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        attached = self.tell("Target.attachToTarget", targetId=target, flatten=True)
        self._session = str(attached["sessionId"])
        for domain in ("Page", "Runtime", "Log"):
            self.tell(f"{domain}.enable")

    def close(self) -> None:
        """End it, and what it has started."""
        with contextlib.suppress(OSError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._read)
        os.close(self._write)

    def tell(self, method: str, **parameters: object) -> Mapping[str, object]:
        """`tell("Page.navigate", url=...)` is what the browser answers."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._heard()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard["error"]
                return heard["result"]  # type: ignore[return-value]

    def run(self, script: str) -> object:
        """`run("1 + 1")` is what that is in the page."""
        done = self.tell(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")  # type: ignore[attr-defined]

    def wait(self, script: str) -> None:
        """Wait until that is true in the page."""
        until(lambda: self.run(script) is True, script)

    def open(self, address: str) -> None:
        """Go there, as if it was typed."""
        self.tell("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.protocol === 'http:'")

    def look(self, size: tuple[int, int], dark: bool) -> None:
        """Be of that size, and light or dark."""
        width, height = size
        phone = width < 600
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            mobile=phone,
            deviceScaleFactor=2 if phone else 1,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])

    def click(self, words: str) -> None:
        """Click, with the mouse, on the link or button that reads so."""
        place = self.run(
            "(() => { const one = [...document.querySelectorAll('a, button')]"
            f".find((one) => one.textContent.trim() === {json.dumps(words)});"
            "one.scrollIntoView({ block: 'center', behavior: 'instant' });"
            "const box = one.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        assert isinstance(place, list)
        for kind in ("mousePressed", "mouseReleased"):
            self.tell(
                "Input.dispatchMouseEvent",
                type=kind,
                x=place[0],
                y=place[1],
                button="left",
                clickCount=1,
            )

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Keep how the page looks, in a file."""
        self.run("document.fonts.ready.then(() => true)")
        taken = self.tell("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(str(taken["data"])))

    def _heard(self) -> dict[str, object]:
        while b"\0" not in self._rest:
            data = os.read(self._read, 1 << 20)
            assert data, "the browser has ended"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, object] = json.loads(line)
        if found.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
            self.errors.append(json.dumps(found["params"]))
        return found


@contextlib.contextmanager
def chromium(directory: Path) -> Iterator[Chromium]:
    """A browser while the block runs."""
    made = Chromium(directory)
    try:
        yield made
    finally:
        made.close()


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until that holds."""
    deadline = time.monotonic() + _SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"did not come to hold: {what}"
        time.sleep(0.05)
