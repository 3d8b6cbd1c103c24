"""fata.lock, and the environment that is installed from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fata.closure import Interpreter
from fata.requirements import Lock, Requirement, environment, lock
from functoria.error import Position, UserError

Wheel = Callable[..., str]


class Steps(list[str]):
    """What was reported, in order."""

    def __call__(self, step: str) -> None:
        self.append(step)


def test_no_requirements_need_nothing(project: Path, python: Interpreter) -> None:
    steps = Steps()
    made = lock((), python, project / "fata.lock", steps)
    assert made.pins == ""
    assert environment(made, python, steps) is None
    assert (steps, list(project.iterdir())) == ([], [])


def test_a_lock_is_made_once_and_read_again(
    project: Path, python: Interpreter, wheel: Wheel
) -> None:
    steps = Steps()
    wanted = [Requirement(wheel("alpha")), Requirement(wheel("beta"))]
    first = lock(wanted, python, project / "fata.lock", steps)
    text = (project / "fata.lock").read_text()
    assert lock(wanted[::-1], python, project / "fata.lock", steps) == first
    assert steps == ["resolving 2 requirements"]
    assert (project / "fata.lock").read_text() == text
    assert text.count("--hash=sha256:") == 2
    assert str(project) not in text
    assert first.packages == ("./alpha-1-py3-none-any.whl", "./beta-1-py3-none-any.whl")


def test_the_environment_is_installed_once(
    project: Path, python: Interpreter, wheel: Wheel
) -> None:
    steps = Steps()
    made = lock([Requirement(wheel("alpha", text="x = 1\n"))], python, project / "fata.lock", steps)
    first = environment(made, python, steps)
    assert first is not None
    assert (first / "alpha.py").read_text() == "x = 1\n"
    assert not list(first.rglob("*.pyc"))
    assert environment(made, python, steps) == first
    assert steps == ["resolving 1 requirement", "installing 1 package"]


def test_other_contents_are_another_environment(
    project: Path, python: Interpreter, wheel: Wheel
) -> None:
    path, file = wheel("alpha", text="x = 1\n"), project / "fata.lock"
    first = environment(lock([Requirement(path)], python, file, Steps()), python, Steps())
    wheel("alpha", text="x = 2\n")
    second = environment(lock([Requirement(path)], python, file, Steps()), python, Steps())
    assert first != second
    assert second is not None
    assert (second / "alpha.py").read_text() == "x = 2\n"


def test_a_lock_edited_by_hand_is_refused(project: Path, python: Interpreter, wheel: Wheel) -> None:
    wanted, file = [Requirement(wheel("alpha"))], project / "fata.lock"
    lock(wanted, python, file, Steps())
    for damage in (lambda t: t + "beta==1\n", lambda t: "<<<<<<< HEAD\n" + t, lambda _: ""):
        text = file.read_text()
        file.write_text(damage(text))
        with pytest.raises(UserError, match="is not as fata wrote it") as caught:
            lock(wanted, python, file, Steps())
        assert caught.value.where == str(file)
        file.write_text(text)


def test_a_download_with_another_hash_is_refused(
    project: Path, python: Interpreter, wheel: Wheel
) -> None:
    wanted = [Requirement(wheel("alpha", text="honest = 1\n"))]
    made = lock(wanted, python, project / "fata.lock", Steps())
    wheel("alpha", text="honest = 0\n")
    with pytest.raises(UserError, match="is not the one that was locked") as caught:
        environment(made, python, Steps())
    assert caught.value.where == str(project / "fata.lock")


def test_what_cannot_be_met_is_said_where_it_was_asked(
    project: Path, python: Interpreter, wheel: Wheel
) -> None:
    where = Position("config.py", 7)
    wheel("alpha", "1")
    wanted = [Requirement(wheel("beta", requires="alpha>=2")), Requirement("alpha>=2", where)]
    with pytest.raises(UserError) as caught:
        lock(wanted, python, project / "fata.lock", Steps())
    assert "alpha" in caught.value.what
    assert not (project / "fata.lock").exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("star lette", "`star lette` is not a requirement"),
        ("starlette=1", "`starlette=1` is not a requirement"),
        ("--index-url=x", "`--index-url=x` is not a requirement"),
        ("", "`` is not a requirement"),
        ("./gone.whl", "names a file that does not exist"),
        ("./", "is a directory"),
        ("x @ file:///nowhere/x.whl", "names a file that does not exist"),
    ],
)
def test_malformed_requirements(
    project: Path, python: Interpreter, text: str, complaint: str
) -> None:
    where = Position("config.py", 4)
    with pytest.raises(UserError) as caught:
        lock([Requirement(text, where)], python, project / "fata.lock", Steps())
    assert complaint in caught.value.what
    assert caught.value.where == where


def test_an_interrupted_installation_leaves_nothing_behind(
    project: Path, python: Interpreter, own_cache: Path
) -> None:
    broken = Lock(project / "fata.lock", "alpha==1 --hash=sha256:" + "0" * 64 + "\n", "0")
    with pytest.raises(UserError):
        environment(broken, python, Steps())
    left = [path.name for path in (own_cache / "fata/environments").iterdir()]
    assert [name for name in left if not name.endswith(".lock")] == []
