"""Many short connections: `load.py ADDRESS PORT SECONDS`; what came of them, as JSON.

Each asks once, and counts as failed unless the whole answer came. Ends early when its input does.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
import time
from collections import Counter

THREADS = 8


def work(place: tuple[str, int], end: threading.Event, answers: Counter[str]) -> None:
    while not end.is_set():
        try:
            with socket.create_connection(place, timeout=20) as connection:
                connection.sendall(b"hi\n")
                data = b""
                while not data.endswith(b"\n"):
                    piece = connection.recv(100)
                    if not piece:
                        raise EOFError("closed without an answer")
                    data += piece
                answers[data.decode().strip()] += 1
        except (OSError, EOFError) as error:
            answers[f"failed: {error!r}"] += 1


def main(address: str, port: int, seconds: float) -> None:
    end = threading.Event()
    counters: list[Counter[str]] = [Counter() for _ in range(THREADS)]
    threads = [
        threading.Thread(target=work, args=((address, port), end, counter)) for counter in counters
    ]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    select.select([sys.stdin], [], [], seconds)
    end.set()
    for thread in threads:
        thread.join()
    total = sum(counters, Counter())
    print(json.dumps({"seconds": time.monotonic() - begin, "answers": total}))


main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
