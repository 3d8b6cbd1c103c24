"""A guest that is a process: it answers HTTP on a port of the loopback as its arguments say.

python guest.py LABEL CONSOLE PORT BEHAVIOUR [TEXT]
"""

from __future__ import annotations

import http.server
import os
import signal
import sys
import threading
from pathlib import Path


class Guest:
    """`Guest(console, behaviour, text)` is what it does until it ends."""

    def __init__(self, console: Path, behaviour: str, text: str) -> None:
        self._console = console
        self._behaviour = behaviour
        self._text = text

    def say(self, line: str) -> None:
        """Write on the console."""
        with self._console.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def end(self, code: int, reason: str) -> None:
        """End as a guest does."""
        self.say(f"fata: exit {code} {reason}")
        os._exit(0)

    def run(self, port: int) -> None:
        """Run until asked to end."""
        behaviour = self._behaviour
        if behaviour == "stubborn":
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        else:
            signal.signal(signal.SIGINT, lambda *_: self.end(130, "interrupted"))
        self.say("hello from the guest")
        if behaviour == "crash":
            self.say("Traceback (most recent call last):")
            self.end(70, "uncaught exception")
        if behaviour == "usage":
            self.end(64, "bad boot argument")
        if behaviour == "flood":
            for number in range(2000):
                self.say(f"line {number} \x1b[31mred\x07")
            self.end(70, "uncaught exception")
        if behaviour == "silent":
            signal.pause()
        if behaviour.startswith("lives-"):
            seconds = float(behaviour.partition("-")[2])
            threading.Timer(seconds, self.end, (1, "died")).start()
        answers = answering(500 if behaviour == "500" else 200, self._text or "hello")
        http.server.ThreadingHTTPServer(("127.0.0.1", port), answers).serve_forever(0.05)


def answering(code: int, text: str) -> type[http.server.BaseHTTPRequestHandler]:
    """What answers every request with that code and that text."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = text.encode() + b"\n"
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


if __name__ == "__main__":
    _label, console, port, behaviour, text = (*sys.argv[1:], "")[:5]
    Guest(Path(console), behaviour, text).run(int(port))
