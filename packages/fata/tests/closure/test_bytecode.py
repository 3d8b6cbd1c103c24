"""Bytecode is a function of source, name, optimisation and version, and of nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fata.closure import Interpreter
from fata.closure.reader.bytecode import UNCHECKED_HASH, compile_module
from fata.closure.reading import READER

SOURCE = b'"doc"\nNAMES = {"b", "a", "c"}\ndef f(x):\n    return x in {"one", "two"} and f"{x}!"\n'

DIGESTS = """
import sys, hashlib, random
sys.path.append(sys.argv[1])
from reader.bytecode import compile_module
names = sys.argv[3:]
random.Random(int(sys.argv[2])).shuffle(names)
keep = [__import__(n) for n in ("json", "decimal", "email")] if int(sys.argv[2]) else []
for name in names:
    data = compile_module(open(name, "rb").read(), "x.py", 0)
    print(name, hashlib.sha256(data).hexdigest())
"""


def test_a_pyc_is_unchecked_and_names_a_path_in_the_image() -> None:
    pyc = compile_module(SOURCE, "website.py", 0)
    assert int.from_bytes(pyc[4:8], "little") == UNCHECKED_HASH
    assert b"website.py" in pyc


def test_optimisation_two_has_no_docstrings() -> None:
    assert b"doc" in compile_module(SOURCE, "a.py", 0)
    assert b"doc" not in compile_module(SOURCE, "a.py", 2)


def test_the_same_whatever_the_hash_seed_the_order_and_what_is_loaded(python: Interpreter) -> None:
    files = [os.fspath(path) for path in sorted(python.stdlib.glob("*.py"))]
    outputs = set()
    for seed in ("0", "1", "77"):
        command = [python.executable, "-S", "-P", "-c", DIGESTS, READER.parent, seed, *files]
        done = subprocess.run(
            command, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        outputs.add("\n".join(sorted(done.stdout.splitlines())))
    assert len(outputs) == 1


def test_malformed_source_raises_what_compile_raises() -> None:
    with pytest.raises(SyntaxError):
        compile_module(b"def", "a.py", 0)


def test_the_reader_is_plain_python_for_any_interpreter() -> None:
    for path in sorted(Path(READER).glob("*.py")):
        assert "fata" not in path.read_text(), f"{path.name} must not need what builds images"
