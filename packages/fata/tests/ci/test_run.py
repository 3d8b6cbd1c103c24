"""`fata ci run` on real repositories."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .test_checkout import git

FATA = str(Path(sys.executable).parent / "fata")

CONFIG = """\
from fata.dsl import main, register

register("counter", main("counter:start"))
"""
STAMPED = """\
import time
from fata.dsl import STRING, argument, program, register

made = argument("made", STRING, time.ctime(), "when it was built")
register("counter", program("counter:start", made=made))
"""
PROGRAM = "def start():\n    return 0\n"
TESTS = """\
import os, unittest
import counter


class Counts(unittest.TestCase):
    def test_it_counts(self):
        self.assertEqual(counter.start(), 0)

    def test_no_secret_is_seen(self):
        self.assertNotIn("FATA_DEPLOY_KEY", os.environ)
        self.assertNotIn("SSH_AUTH_SOCK", os.environ)
"""
TOML = """\
[pipeline]
setup = ["python -m pip --version"]
test = ["python -m unittest -q test_counter"]
targets = ["virtio"]

[environments.production]
host = "root@box.invalid"
"""


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    project = tmp_path / "repository" / "counter"
    project.mkdir(parents=True)
    for name, text in (
        ("config.py", CONFIG),
        ("counter.py", PROGRAM),
        ("test_counter.py", TESTS),
        ("fata.toml", TOML),
        (".gitignore", "_fata/\ndist/\n__pycache__/\n"),
    ):
        (project / name).write_text(text)
    git(project.parent, "init", "-q", "-b", "main")
    commit(project)
    (tmp_path / "tmp").mkdir()
    return project


def commit(project: Path) -> None:
    git(project, "add", ".")
    git(project, "commit", "-qm", "change")


def environment(project: Path) -> dict[str, str]:
    """All temporary files below one directory, so that it shows what is left."""
    temporary = str(project.parent.parent / "tmp")
    return {**os.environ, "TMPDIR": temporary, "FATA_DEPLOY_KEY": "secret", "SSH_AUTH_SOCK": "/x"}


def ci(project: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [FATA, "ci", *words],
        cwd=project,
        env=environment(project),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert list((project.parent.parent / "tmp").iterdir()) == []
    return done.returncode, done.stdout


@pytest.mark.e2e
def test_a_project_passes(counter: Path) -> None:
    (counter / "counter.py").write_text("what is not committed is not run")
    code, said = ci(counter, "run")
    assert code == 0, said
    for stage in ("checkout", "set-up", "test", "build", "verify", "publish"):
        assert f"  {stage}" in said
    assert "files that are not committed as they are: 1" in said
    assert "every stage passed" in said
    assert "deploy" not in said
    assert not (counter / "dist").exists()


@pytest.mark.e2e
def test_a_failing_test_fails_with_its_code_and_nothing_more_is_run(counter: Path) -> None:
    (counter / "fata.toml").write_text(
        TOML.replace("python -m unittest -q test_counter", "python -c 'raise SystemExit(7)'")
    )
    commit(counter)
    code, said = ci(counter, "run")
    assert code == 7
    assert "test failed after" in said
    assert "`python -c 'raise SystemExit(7)'` ended with 7" in said
    assert "build-virtio" not in said


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("line", "code"),
    [("no-such-program", 127), ("./counter.py", 126), ("sh -c 'kill -9 $$'", 137)],
)
def test_exit_codes_of_what_does_not_exit(counter: Path, line: str, code: int) -> None:
    (counter / "fata.toml").write_text(f'[pipeline]\ntest = ["{line}"]\n')
    commit(counter)
    assert ci(counter, "run", "--stage", "test")[0] == code


@pytest.mark.e2e
def test_a_time_stamp_in_a_program_is_found(counter: Path) -> None:
    (counter / "config.py").write_text(STAMPED)
    (counter / "counter.py").write_text("async def start(made):\n    print(made)\n")
    commit(counter)
    code, said = ci(counter, "run", "--stage", "verify")
    assert code == 1
    assert "two builds of the same commit are not the same: `" in said
    assert "`app/fata_main.pyc` in the image differs" in said


@pytest.mark.e2e
def test_a_stage_and_its_checkout(counter: Path) -> None:
    code, said = ci(counter, "run", "--stage", "test")
    assert code == 0, said
    assert "build-virtio" not in said
    assert ci(counter, "run", "--stage", "tset")[0] == 2
    code, said = ci(counter, "run", "--list")
    assert said.splitlines()[-1].split() == ["deploy-production", "to", "root@box.invalid"]


@pytest.mark.e2e
def test_the_file_of_a_provider_lies_at_the_root(counter: Path) -> None:
    code, said = ci(counter, "init", "github", "--dry-run")
    assert (code, said.split()[0]) == (0, "write")
    code, said = ci(counter, "init", "github")
    assert "set the secret FATA_DEPLOY_KEY" in said
    written = (counter.parent / ".github/workflows/fata.yml").read_text()
    assert "working-directory: counter" in written
    assert ci(counter, "init", "github")[0] == 0
    (counter.parent / ".gitlab-ci.yml").write_text("mine: {}\n")
    code, said = ci(counter, "init", "gitlab")
    assert code == 1
    assert "was not generated, and is left as it is" in said


@pytest.mark.e2e
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_killed_half_way_nothing_is_left(counter: Path, number: signal.Signals) -> None:
    (counter / "fata.toml").write_text("[pipeline]\ntest = [\"sh -c 'setsid sleep 987 & wait'\"]")
    commit(counter)
    words = [FATA, "ci", "run"]
    temporary = counter.parent.parent / "tmp"
    with subprocess.Popen(
        words, cwd=counter, env=environment(counter), stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if "$ sh -c" in line:
                break
        (place,) = temporary.iterdir()
        try:
            wait_until(lambda: len(processes_in(place)) == 2)
        finally:
            os.kill(run.pid, number)
    wait_until(lambda: not place.exists())
    assert processes_in(place) == []
    assert list(temporary.iterdir()) == []


def processes_in(directory: Path) -> list[int]:
    """Processes that were started with a home in the directory."""
    words = f"HOME={directory}/home".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if words in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def wait_until(condition: object, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.02)
    assert condition()  # type: ignore[operator]
