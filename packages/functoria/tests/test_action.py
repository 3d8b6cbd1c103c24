"""Effects are data: shown, or done; and a file of the user's is never touched."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functoria import UserError
from functoria.action import (
    Action,
    RemoveDirectory,
    RemoveFile,
    WriteFile,
    check,
    needed,
    run,
    shown,
)

MARK = b"made by a test"


def test_a_plan_says_what_it_will_do(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    assert shown(WriteFile(path, b"12345")) == f"write {path} (5 bytes)"
    assert shown(RemoveFile(path)) == f"remove {path}"


def test_writing_what_is_there_already_does_nothing(tmp_path: Path) -> None:
    plan = [WriteFile(tmp_path / "deep" / "file", MARK, MARK)]
    assert run(plan) == tuple(plan)
    assert needed(plan) == run(plan) == ()


def test_a_file_that_was_not_generated_is_never_overwritten_or_removed(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    mine.write_text("by hand")
    for action in (WriteFile(mine, MARK, MARK), RemoveFile(mine, MARK)):
        with pytest.raises(UserError, match="was not generated, and is left as it is"):
            run([WriteFile(other, b"x"), action])
    assert mine.read_text() == "by hand"
    assert not other.exists()  # everything is checked before anything is done


def test_cleaning_leaves_what_the_user_put_there(tmp_path: Path) -> None:
    made = tmp_path / "made"
    run([WriteFile(made / "generated", MARK, MARK)])
    (made / "notes").write_text("mine")
    run([RemoveFile(made / "generated", MARK), RemoveDirectory(made)])
    assert [path.name for path in made.iterdir()] == ["notes"]
    (made / "notes").unlink()
    run([RemoveDirectory(made)])
    assert not made.exists()


def test_a_directory_in_the_way_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file" / "inside").mkdir(parents=True)
    with pytest.raises(UserError, match="cannot write"):
        run([WriteFile(tmp_path / "file", b"x")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@given(st.dictionaries(st.sampled_from("abc"), st.binary(max_size=20), max_size=3))
def test_a_plan_that_was_run_has_nothing_left_to_do(
    tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes]
) -> None:
    directory = tmp_path_factory.mktemp("plan")
    plan = [WriteFile(directory / name, MARK + data, MARK) for name, data in contents.items()]
    run(plan)
    assert needed(plan) == ()
    run([RemoveFile(action.path, MARK) for action in plan])
    assert list(directory.iterdir()) == []


NAMES = st.sampled_from(["a", "b", "deep/a", "deep/er/a"])
CONTENTS = st.sampled_from([b"by hand", MARK + b" 1", MARK + b" 2"])
STATES = st.dictionaries(NAMES, CONTENTS)
PLANS = st.lists(
    st.tuples(st.just("write"), NAMES, CONTENTS, st.sampled_from([MARK, None]))
    | st.tuples(st.just("remove"), NAMES, st.none(), st.sampled_from([MARK, None]))
    | st.tuples(st.just("remove directory"), st.sampled_from(["deep", "deep/er"])),
    unique_by=lambda step: step[1],
)


def state(directory: Path) -> dict[str, bytes]:
    """What there is below the directory: files with their content, and directories."""
    return {
        path.relative_to(directory).as_posix(): b"/" if path.is_dir() else path.read_bytes()
        for path in sorted(directory.rglob("*"))
    }


def made(directory: Path, steps: list[tuple[str, ...]]) -> list[Action]:
    found: list[Action] = []
    for step in steps:
        match step:
            case "write", name, content, mark:
                found.append(WriteFile(directory / name, content, mark))  # type: ignore[arg-type]
            case "remove", name, _, mark:
                found.append(RemoveFile(directory / name, mark))  # type: ignore[arg-type]
            case _, name:
                found.append(RemoveDirectory(directory / name))
    return found


def predicted(before: dict[str, bytes], plan: list[Action], directory: Path) -> dict[str, bytes]:
    """What the plan says there will be."""
    after = dict(before)
    for action in plan:
        name = action.path.relative_to(directory).as_posix()
        match action:
            case WriteFile():
                after[name] = action.content
                folders = list(Path(name).parents)[:-1]
                after.update((folder.as_posix(), b"/") for folder in folders)
            case RemoveFile():
                after.pop(name, None)
            case RemoveDirectory() if not any(other.startswith(f"{name}/") for other in after):
                after.pop(name, None)
    return after


@given(STATES, PLANS)
def test_a_dry_run_changes_nothing_and_a_run_does_what_it_said(
    tmp_path_factory: pytest.TempPathFactory, begin: dict[str, bytes], steps: list[tuple[str, ...]]
) -> None:
    directory = tmp_path_factory.mktemp("plan")
    run([WriteFile(directory / name, content) for name, content in begin.items()])
    before, plan = state(directory), made(directory, steps)
    try:
        check(plan)
        told = needed(plan)
        assert all(shown(action) for action in told)
        refused = False
    except UserError:
        refused = True
    assert state(directory) == before
    if refused:
        with pytest.raises(UserError):
            run(plan)
        assert state(directory) == before
        return
    done = run(plan)
    assert state(directory) == predicted(before, plan, directory)
    assert done == told
