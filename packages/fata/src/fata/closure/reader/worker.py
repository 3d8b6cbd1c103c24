"""The loop that reads and compiles modules: a request in, a scan and bytecode out.

A request is a line of JSON (`size`, `filename`, `package`, `main`, `optimise`) and `size` bytes of
source. An answer is a line of JSON (the scan, or `error`; `size`) and `size` bytes of bytecode.
"""

from __future__ import annotations

import ast
import gc
import importlib.util
import json
import marshal
import sys
import warnings
from typing import IO, Any

from .bytecode import compile_module, names_in
from .scan import scan

HEADER = 16  # of a .pyc, PEP 552


def main(watch: frozenset[str]) -> None:
    """`main(watch)` answers requests until its input ends; `watch` are names worth reporting."""
    gc.disable()  # syntax trees are many small objects and live for a moment
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    for line in iter(requests.readline, b""):
        request = json.loads(line)
        source = requests.read(request["size"])
        answer, pyc = read(source, request, watch)
        send(answers, answer, pyc)


def send(stream: IO[bytes], header: dict[str, Any], body: bytes) -> None:
    """`send(stream, header, body)` writes one message and flushes it."""
    stream.write(json.dumps({**header, "size": len(body)}).encode() + b"\n" + body)
    stream.flush()


def read(
    source: bytes, request: dict[str, Any], watch: frozenset[str]
) -> tuple[dict[str, Any], bytes]:
    """`read(source, request, watch)` is the scan of one module and its bytecode, or its error."""
    filename = request["filename"]
    try:
        pyc = compile_module(source, filename, request["optimise"])
        tree = ast.parse(source, filename)
        text = importlib.util.decode_source(source)
    except SyntaxError as error:
        return {"error": error.msg, "line": error.lineno or 1}, b""
    except (ValueError, RecursionError, MemoryError) as error:
        return {"error": str(error) or type(error).__name__, "line": 1}, b""
    found = scan(text, tree, request["package"], main=request["main"])
    used = names_in(marshal.loads(pyc[HEADER:])) & watch  # noqa: S302 - made above
    return {**found._asdict(), "watched": sorted(used)}, pyc
