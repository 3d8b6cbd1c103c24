"""Keepers that outlive us: units of systemd's, or processes on their own; and control groups."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fata.deploy.drivers import cgroup
from fata.deploy.drivers.launch import Detached, Units, default_python, launcher, unit
from fata.deploy.drivers.qemu import Qemu
from fata.deploy.drivers.spec import GuestSpec, Limits
from functoria.error import UserError

from .conftest import Built
from .test_qemu import QemuBench

NAME = "website.production.g7"
SPEC = GuestSpec(
    NAME,
    Path("/var/lib/fata/guests") / NAME,
    Path("/kernel"),
    None,
    "quiet",
    64,
    limits=Limits(0.5, 256),
)

_RUN = """\
#!/bin/sh
# Stands in for systemd-run: notes its options and starts what follows them.
while [ "$1" != "--" ]; do
    echo "$1" >>"$0.log"
    case $1 in --setenv=*) export "${1#--setenv=}" ;; esac
    shift
done
shift
INVOCATION_ID=1 setsid --fork "$@" </dev/null >/dev/null 2>&1
"""


def test_a_unit_has_the_limits_of_its_guest() -> None:
    command = Units(("keeper",), {"PATH": "/bin"}).command(SPEC)
    assert command == [
        "systemd-run",
        "--quiet",
        "--collect",
        "--unit=" + unit(SPEC.directory),
        "--property=Type=exec",
        f"--property=Description=fata guest {NAME}",
        "--property=KillMode=mixed",
        "--property=TimeoutStopSec=10",
        "--property=OOMPolicy=continue",
        "--property=Slice=fata.slice",
        "--property=CPUQuota=50%",
        "--property=MemoryMax=304M",
        "--setenv=PATH=/bin",
        "--",
    ]
    assert unit(SPEC.directory).startswith(f"fata-guest-{NAME}-")


def test_without_systemd_keepers_are_processes(tmp_path: Path) -> None:
    assert isinstance(launcher(("keeper",), tmp_path / "nowhere"), Detached)


@pytest.mark.e2e
@pytest.mark.skipif(os.geteuid() != 0, reason="systemd's own units are root's")
def test_a_guest_under_systemd(
    tmp_path: Path, build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for `systemd-run`, which does as that does for our purposes."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("systemd-run", _RUN), ("systemctl", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    bench = QemuBench(tmp_path / "guests", build("-t", "virtio"))
    driver = Qemu(bench.guests)
    module = ("-m", "fata.deploy.drivers.keeper")
    monkeypatch.setattr(driver, "_launcher", launcher((*default_python(), *module), programs))
    spec = replace(bench.spec(NAME, "--do=exit", "--number=4"), limits=Limits(cpu=0.9))
    driver.start(spec)
    assert not cgroup.exists(spec.directory)
    deadline = time.monotonic() + 120
    while (outcome := driver.outcome(NAME)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert outcome.code == 4
    driver.destroy(NAME)
    assert "--property=CPUQuota=90%" in (programs / "systemd-run.log").read_text()


def test_a_keeper_that_does_not_begin_is_told_of(tmp_path: Path) -> None:
    spec = replace(SPEC, directory=tmp_path / NAME)
    with pytest.raises(UserError, match="keeper of the guest cannot be started"):
        Detached(("keeper",), {}).launch(spec, "label")


# -- control groups, in a file system that stands in for the kernel's ------------------------------


def test_the_unified_hierarchy(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory io\n")
    (tmp_path / "cgroup.subtree_control").touch()
    assert cgroup.enforceable(tmp_path) == {"cpu", "memory"}
    made = cgroup.make(SPEC.directory, Limits(0.2, 128), tmp_path)
    assert made is not None
    (folder,) = made.folders
    assert folder.parent == tmp_path / "fata"
    assert (folder / "cpu.max").read_text() == "20000 100000"
    assert (folder / "memory.max").read_text() == str(128 << 20)
    assert cgroup.exists(SPEC.directory, tmp_path)


def test_the_hierarchies_of_old(tmp_path: Path) -> None:
    for name in ("cpu", "memory"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    assert cgroup.enforceable(tmp_path) == {"cpu", "memory"}
    made = cgroup.make(SPEC.directory, Limits(cpu=0.2), tmp_path)
    assert made is not None
    (folder,) = made.folders
    assert (folder / "cpu.cfs_quota_us").read_text() == "20000"


def test_without_control_groups_nothing_can_be_enforced(tmp_path: Path) -> None:
    assert cgroup.enforceable(tmp_path) == frozenset()
    assert cgroup.make(SPEC.directory, Limits(), tmp_path) is None
    cgroup.group(SPEC.directory, tmp_path).remove()
