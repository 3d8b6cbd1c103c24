"""Modules read and compiled by the interpreter that is packed; what was read before is cached."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fata.cache import Cache, cache_directory, key_of
from fata.closure.interpreter import Interpreter
from fata.closure.reader.scan import Import
from functoria.error import UserError

READER = Path(__file__).parent / "reader"
WORKERS = 4
START = "import sys; sys.path.append({path!r}); from reader.worker import main; main({watch!r})"


@dataclass(frozen=True, slots=True)
class Job:
    """`Job(source, filename, package, main)` is one module to read.

    `filename` is what its tracebacks show; `package` is what its relative imports start from.
    """

    source: bytes
    filename: str
    package: str
    main: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """`Reading(...)` is what a module imports and its bytecode, or why it cannot be compiled."""

    imports: tuple[Import, ...]
    watched: tuple[str, ...]
    codecs: tuple[str, ...]
    distributions: tuple[str, ...]
    bytecode: bytes
    error: str = ""
    line: int = 0


class Readers:
    """`Readers(interpreter, watch, optimise)` reads modules; its processes start when needed.

    It is a context manager: leaving it ends the processes.
    """

    def __init__(self, interpreter: Interpreter, watch: Iterable[str], optimise: int) -> None:
        self._interpreter = interpreter
        self._watch = tuple(sorted(set(watch)))
        self._optimise = optimise
        self._cache = Cache(cache_directory() / "modules")
        self._workers: list[_Worker] = []
        facts = (_reader_digest(), interpreter.magic, str(interpreter.version), str(optimise))
        self._salt = key_of(*facts, *self._watch)

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()
        self._workers.clear()

    def read(self, jobs: Sequence[Job]) -> list[Reading]:
        """`read(jobs)` is a reading for each job, in their order."""
        keys = [self._key(job) for job in jobs]
        answers: dict[int, Reading] = {}
        for index, key in enumerate(keys):
            known = _decode(self._cache.get(key))
            if known is not None:
                answers[index] = known
        todo = [index for index in range(len(jobs)) if index not in answers]
        for index, blob in self._compute(jobs, todo):
            self._cache.put(keys[index], blob)
            reading = _decode(blob)
            if reading is None:
                raise RuntimeError(f"the reader of {jobs[index].filename} answered nonsense")
            answers[index] = reading
        return [answers[index] for index in range(len(jobs))]

    def _key(self, job: Job) -> str:
        return key_of(self._salt, job.filename, job.package, str(job.main), job.source)

    def _compute(self, jobs: Sequence[Job], todo: Sequence[int]) -> list[tuple[int, bytes]]:
        if not todo:
            return []
        wanted = min(len(todo), os.cpu_count() or 1, WORKERS)
        while len(self._workers) < wanted:
            self._workers.append(_Worker(self._interpreter, self._watch))
        shares: list[list[int]] = [[] for _ in self._workers]
        loads = [0] * len(shares)
        for index in sorted(todo, key=lambda i: -len(jobs[i].source)):
            lightest = loads.index(min(loads))
            shares[lightest].append(index)
            loads[lightest] += len(jobs[index].source)

        def serve(worker: _Worker, share: Sequence[int]) -> list[tuple[int, bytes]]:
            return [(index, worker.ask(jobs[index], self._optimise)) for index in share]

        with ThreadPoolExecutor(len(shares)) as pool:
            return [pair for part in pool.map(serve, self._workers, shares) for pair in part]


class _Worker:
    """One process of the interpreter that is packed, in an environment of nothing."""

    def __init__(self, interpreter: Interpreter, watch: tuple[str, ...]) -> None:
        program = START.format(path=os.fspath(READER.parent), watch=frozenset(watch))
        self._executable = interpreter.executable
        self._process = subprocess.Popen(
            [interpreter.executable, "-s", "-S", "-P", "-B", "-X", "utf8", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONHASHSEED": "0"},
        )

    def ask(self, job: Job, optimise: int) -> bytes:
        """`ask(job, optimise)` is the worker's whole answer: a line of JSON and the bytecode."""
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise RuntimeError("the reader has no pipes")
        request = {
            "size": len(job.source),
            "filename": job.filename,
            "package": job.package,
            "main": job.main,
            "optimise": optimise,
        }
        try:
            requests.write(json.dumps(request).encode() + b"\n" + job.source)
            requests.flush()
            header = answers.readline()
            return header + answers.read(json.loads(header)["size"])
        except (OSError, ValueError) as error:
            raise UserError(
                f"`{self._executable}` stopped while it compiled `{job.filename}`",
                job.filename,
                "check that the interpreter works and that the file is an ordinary Python module",
            ) from error

    def close(self) -> None:
        """`close()` ends the process and waits for it."""
        with self._process as process:
            if process.stdin is not None:
                process.stdin.close()


@cache
def _reader_digest() -> str:
    return key_of(*(path.read_bytes() for path in sorted(READER.glob("*.py"))))


def _decode(blob: bytes | None) -> Reading | None:
    if blob is None:
        return None
    header, _, bytecode = blob.partition(b"\n")
    try:
        raw: dict[str, Any] = json.loads(header)
        if "error" in raw:
            return Reading((), (), (), (), b"", str(raw["error"]), int(raw["line"]))
        imports = tuple(map(Import._make, raw["imports"]))
        watched, codecs = tuple(raw["watched"]), tuple(raw["codecs"])
        return Reading(imports, watched, codecs, tuple(raw["distributions"]), bytecode)
    except (ValueError, KeyError, TypeError):
        return None
