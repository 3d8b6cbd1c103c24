"""What was pushed is apart from the host, in each of the ways that builds are run."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.own_systemd import needs_root, own_systemd

HERE = Path(__file__).parent
TENANT, BUILDER = 64200, "daemon"
OUTSIDE = [Path(place, "of-the-host") for place in ("/dev/shm", "/tmp", "/var/tmp")]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes other users"),
]


class Host:
    """`Host(home, way)` has keys, secrets and apps, all of whom builds run as.

    So nothing but the way in which they run keeps them from that.
    """

    def __init__(self, home: Path, way: str, path: str = os.environ["PATH"]) -> None:
        self.home = home
        self.root = home / ".local/share/fata"
        self.way = way
        self._path = path
        self.files = {
            self.root / "keys/signing": "a key",
            self.root / "identity.age": "an identity",
            self.root / "records/one": "a record",
            self.root / "build/other/work/theirs": "another app",
            self.root / "allowed_signers": "ann",
            home / ".ssh/id_ed25519": "the user's key",
        }
        for file, content in self.files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        number = TENANT if way == "-" else pwd.getpwnam(BUILDER).pw_uid
        for each in (home, *home.rglob("*")):
            os.chown(each, number, number)

    def build(self, script: Path, limits: str = "{}") -> list[str]:
        """What is said of a build of that script."""
        who = (f"--reuid={TENANT}", f"--regid={TENANT}", "--clear-groups")
        own = ("setpriv", *who) if self.way == "-" else ()
        words = (sys.executable, HERE / "attempt.py", self.root, self.way, limits, script)
        environment = {**os.environ, "HOME": str(self.home), "PATH": self._path}
        done = subprocess.run(
            (*own, *words), env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()


@pytest.fixture(params=["-", BUILDER, pytest.param(f"systemd:{BUILDER}", marks=needs_root)])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host without root, one without systemd, and one with it."""
    # Not in /tmp, which is covered whole.
    with tempfile.TemporaryDirectory(prefix="fata-test-", dir="/var/lib") as directory:
        Path(directory).chmod(0o755)
        home = Path(directory, "home")
        home.mkdir()
        if not request.param.startswith("systemd"):
            yield Host(home, request.param)
            return
        with own_systemd(tmp_path) as programs:
            yield Host(home, request.param, f"{programs}:{os.environ['PATH']}")


@pytest.fixture
def outside() -> Iterator[list[Path]]:
    """What there is of others where everyone may write."""
    for path in OUTSIDE:
        path.write_text("x")
        path.chmod(0o666)
    yield OUTSIDE
    for path in OUTSIDE:
        path.unlink()
        path.with_name("from-the-build").unlink(missing_ok=True)


def test_the_host_is_out_of_reach(host: Host, outside: list[Path]) -> None:
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(host.home / "bus"))
        bus.listen()
        (host.home / "bus").chmod(0o666)
        said = host.build(HERE / "attack.py")
    processes = next((line for line in said if line.startswith("processes ")), "none")
    assert processes != "none", said
    assert str(os.getpid()) not in processes
    said.remove(processes)
    assert said == [
        "/dev/shm []",
        "/tmp []",
        "/var/tmp []",
        "networks ['lo']",
        "a child",
        "exit code 0",
        "nothing is put where the first build has made a link",
    ]
    for file, content in host.files.items():
        assert file.read_text() == content
    left = [path for path in host.home.rglob("from-the-build") if "app" not in path.parts]
    left += [path.with_name("from-the-build") for path in outside]
    assert not [path for path in left if path.exists()]
    assert (host.root / "build/app/cache/kept").exists()


SPAWN = "import subprocess; [subprocess.Popen(['sleep', '60']) for _ in range(40)]"
FILL = "import time; open('/tmp/f', 'wb').write(bytes(70 << 20)); time.sleep(60)"
GROW = """\
import time
for number in range(99):
    open(f"f{number}", "wb").write(bytes(range(256)) * 4096)
    time.sleep(0.1)
"""
HOLD = """\
import subprocess, sys
words = [sys.executable, "-c", "import time; held = b'x' * (60 << 20); time.sleep(5)"]
for child in [subprocess.Popen(words) for _ in range(4)]:
    print(child.wait())
"""
UNIT = f"systemd:{BUILDER}"
EACH = [BUILDER, pytest.param(UNIT, marks=needs_root)]
WITH = [pytest.param(UNIT, marks=needs_root)]


@pytest.mark.parametrize(
    ("script", "limits", "what"),
    [
        ("import time; time.sleep(60)", "{'seconds': 2}", "the build took longer than 2 s"),
        (GROW, "{'disk': 40}", "the build wrote more than 40 MiB"),
        ("open('f', 'wb').write(bytes(64 << 20))", "{'disk': 48}", "File too large"),
        (FILL, "{'memory': 256}", "No space left on device"),
        (SPAWN, "{'processes': 20}", "Resource temporarily unavailable"),
    ],
)
@pytest.mark.parametrize("host", EACH, indirect=True)
def test_a_build_that_takes_too_much(host: Host, script: str, limits: str, what: str) -> None:
    file = host.root / "build/script.py"
    file.write_text(script)
    said = host.build(file, limits)
    assert any(what in line for line in said), said


@pytest.mark.parametrize("host", WITH, indirect=True)
def test_memory_is_counted_for_all_processes_of_a_build(host: Host) -> None:
    """No process has more than it may; two of the four have, together."""
    file = host.root / "build/script.py"
    file.write_text(HOLD)
    said = host.build(file, "{'memory': 128, 'seconds': 60}")
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        assert any("the build needed more than 128 MiB of memory" in line for line in said), said
    else:  # of groups of the first version systemd does not hear what the kernel has ended
        assert "-9" in said
