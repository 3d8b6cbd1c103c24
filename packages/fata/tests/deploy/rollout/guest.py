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

_LABEL, CONSOLE, PORT, BEHAVIOUR, TEXT = (*sys.argv[1:], "")[:5]


def say(line: str) -> None:
    """Write on the console."""
    with Path(CONSOLE).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def end(code: int, reason: str) -> None:
    """End as a guest does."""
    say(f"fata: exit {code} {reason}")
    os._exit(0)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with 200 and its text, or as its behaviour says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        code = 500 if BEHAVIOUR == "500" else 200
        body = (TEXT or "hello").encode() + b"\n"
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Run until asked to end."""
    if BEHAVIOUR == "stubborn":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGINT, lambda *_: end(130, "interrupted"))
    say("hello from the guest")
    if BEHAVIOUR == "crash":
        say("Traceback (most recent call last):")
        end(70, "uncaught exception")
    if BEHAVIOUR == "usage":
        end(64, "bad boot argument")
    if BEHAVIOUR == "flood":
        for number in range(2000):
            say(f"line {number} \x1b[31mred\x07")
        end(70, "uncaught exception")
    if BEHAVIOUR == "silent":
        signal.pause()
    if BEHAVIOUR.startswith("lives-"):
        seconds = float(BEHAVIOUR.partition("-")[2])
        threading.Timer(seconds, end, (1, "died")).start()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(PORT)), Handler)
    server.serve_forever()


main()
