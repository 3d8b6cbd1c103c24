"""Many short requests by HTTP: `load.py PORT`, until its input ends; what came of them, as JSON.

Each has a connection of its own, and counts as failed unless the whole answer came with 200.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections import Counter

THREADS = 4
REQUEST = b"GET / HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n"


def ask(port: int) -> str:
    """One request: the text of the answer, or what went wrong."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(REQUEST)
            data = b""
            while piece := connection.recv(4096):
                data += piece
    except OSError as error:
        return f"failed: {error!r}"
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 ") or not body.endswith(b"\n"):
        return f"failed: {data[:80]!r}"
    return body.decode().strip()


def work(port: int, end: threading.Event, answers: Counter[str], longest: list[float]) -> None:
    """Ask again and again."""
    while not end.is_set():
        began = time.monotonic()
        answers[ask(port)] += 1
        longest[0] = max(longest[0], time.monotonic() - began)


def main() -> None:
    """Ask in several threads."""
    port, end = int(sys.argv[1]), threading.Event()
    counters: list[Counter[str]] = [Counter() for _ in range(THREADS)]
    longest = [0.0]
    threads = [
        threading.Thread(target=work, args=(port, end, counter, longest)) for counter in counters
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    end.set()
    for thread in threads:
        thread.join()
    total = dict(sum(counters, Counter[str]()))
    took = time.monotonic() - began
    print(json.dumps({"seconds": took, "answers": total, "longest": longest[0]}))


main()
