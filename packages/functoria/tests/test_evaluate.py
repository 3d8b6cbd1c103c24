"""A configuration file is evaluated once, and everything wrong with it is said at its line."""

from pathlib import Path

import pytest

from functoria import UserError, evaluate

HEAD = """\
from functoria import JOB, Device, Type, register
A, B = Type("stack"), Type("block")
stack = Device(name="stack", type=A, constructor="m:Stack")
disk = Device(name="disk", type=B, constructor="m:Disk")
job = Device(name="job", type=A >> JOB, constructor="m:start", labels=("network",))
"""


def failure(directory: Path, text: str | bytes) -> UserError:
    config = directory / "config.py"
    config.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError) as caught:
        evaluate(config)
    return caught.value


def test_a_program_is_registered(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text(HEAD + 'register("hello", job(stack))\n')
    program = evaluate(tmp_path / "config.py")
    assert program.name == "hello"
    assert str(program.position) == "config.py:6"


def test_a_type_error_names_both_types_and_the_argument_at_the_users_line(tmp_path: Path) -> None:
    error = failure(tmp_path, HEAD + 'register("hello",\n  job(disk))\n')
    assert (
        error.what == "argument 1 (`network`) of `job` must be a `stack`, but `disk` is a `block`"
    )
    assert str(error.where) == "config.py:7"
    assert error.do == "pass a device of the type `stack`"


def test_a_functor_where_its_result_is_wanted_is_to_be_applied(tmp_path: Path) -> None:
    functor = 'f = Device(name="f", type=B >> A, constructor="m:F")\n'
    error = failure(tmp_path, HEAD + functor + "job(f)\n")
    assert "apply `f` to its arguments first: `block`" in error.do


@pytest.mark.parametrize(
    ("line", "what", "number"),
    [
        ("job(stack, stack)", "applied to 2 arguments but takes 1", 6),
        ("stack(disk)", "takes none", 6),
        ("job(7)", "not the Python value 7", 6),
        ('register("hello")', "has no job", 6),
        ('register("hello", job)', "`job` still needs `stack`", 5),
        ('register("hello", stack)', "is a `stack`, not a job", 3),
        ('register("2 words", job(stack))', "cannot be the name of a program", 6),
        ("register(job(stack))", "is given the device `job`", 6),
        ('Device(name="x", type="stack", constructor="m:x")', "has 'stack' where a type", 6),
        (
            "from functoria import *; match_impl(Key(name='k', converter=choice('a'), doc=''), "
            "{'b': stack}, default=stack)",
            "no value of `k` is 'b', and so the branch is never taken",
            6,
        ),
        (
            "from functoria import *; job(if_impl(Key(name='k', converter=BOOLEAN, doc=''), "
            "disk, disk))",
            "must be a `stack`, but `disk` is a `block`",
            6,
        ),
        ("1 / 0", "ZeroDivisionError: division by zero, in `1 / 0`", 6),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'", 6),
        ("raise SystemExit(3)", "raised SystemExit: 3", 6),
        ("exit(", "'(' was never closed", 6),
        ("def f(): f()\nf()", "RecursionError", 6),
        ("print('hello')", "prints", 6),
        ("import sys; sys.stdout.write('hello')", "prints", 6),
        ("import os; os.mkdir('x')", "changes `x`", 6),
        ("import pathlib; pathlib.Path('x').unlink()", "changes `x`", 6),
        ("open('x', 'w')", "writes to `x`", 6),
        ("import os; os.open('x', os.O_CREAT | os.O_WRONLY)", "writes to `x`", 6),
        ("import subprocess; subprocess.run(['true'])", "runs another program", 6),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "uses the network", 6),
        ('Device(name="x", type=A, constructor="no_colon")', "does not name an object", 6),
        ("", "registers 0 programs", 1),
        ('register("a", job(stack)); register("b", job(stack))', "registers 2 programs", 6),
    ],
)
def test_what_is_wrong_is_said_at_its_line(
    tmp_path: Path, line: str, what: str, number: int
) -> None:
    error = failure(tmp_path, HEAD + line + "\n")
    assert what in error.what
    assert str(error.where) == f"config.py:{number}"
    assert error.do


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: No such file or directory"):
        evaluate(tmp_path / "config.py")


@pytest.mark.parametrize("content", [b"\0", b"\xff\xfe", b"x = '\xe9'", b"(" * 500])
def test_bytes_that_are_not_python_are_refused(tmp_path: Path, content: bytes) -> None:
    assert "this is not Python" in failure(tmp_path, content).what


def test_bytecode_of_what_it_imports_may_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "helper_of_a_test.py").write_text("x = 1\n")
    (tmp_path / "config.py").write_text(
        HEAD + "import helper_of_a_test\nregister('a', job(stack))\n"
    )
    assert evaluate(tmp_path / "config.py").name == "a"
    assert list(tmp_path.glob("__pycache__/helper_of_a_test.*.pyc"))


def test_nothing_is_left_behind_of_an_evaluation(tmp_path: Path) -> None:
    failure(tmp_path, "print(1)")
    print("printing works again")
    (tmp_path / "file").write_text("and so does writing")
