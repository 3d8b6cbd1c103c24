"""The target `xen`: what `fata build` writes, and guests on a real Xen host, inside QEMU.

Tests are named after the weaknesses (W1 to W10) of the first generator of such files.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import xlcfg
from fata import lab as labs
from fata.exit_codes import NO_OUTCOME
from fata.image import manifest
from fata.lab import Condition, Forward, Lab
from fata.xen.check import check
from fata.xen.guest import Place, configuration, domain
from fata.xen.toolstack import Condition as Domain
from fata.xen.toolstack import Toolstack
from functoria import UserError
from tests import dom0
from tests.conftest import FATA, ROOT, MakeProject, Project, StartRun
from tests.test_given import CONFIG, JOB

pytestmark = pytest.mark.timeout(1800)
"""Seconds: guests are emulated twice over, and what waits for them says sooner what is missing."""

MACS = {"net": "00:16:3e:fa:7a:01"}


@pytest.fixture
def two(project: MakeProject) -> Project:
    """A program with two disks and two interfaces, declared in another order than used."""
    made = project()
    made.write("config.py", CONFIG)
    made.write("job.py", JOB)
    return made


def listed(built: Project, option: str) -> list[str]:
    name = next(built.output.glob("*.xl"))
    value = xlcfg.values(xlcfg.parse(name.read_text()))[option]
    assert isinstance(value, list)
    return [str(item) for item in value]


@pytest.mark.e2e
def test_w1_w2_w3_what_is_written_is_what_the_guest_is_told(two: Project) -> None:
    two.built("-t", "xen")
    assert sorted(path.name for path in two.output.glob("two.*")) == [
        "two.libvirt.xml",
        "two.xl",
        "two.xl.in",
    ]
    disks = listed(two, "disk")
    assert [disk.split(", ")[1:] for disk in disks] == [
        ["vdev=xvda", "access=rw", f"target={two.directory}/disks/small.img"],
        ["vdev=xvdb", "access=rw", f"target={two.directory}/disks/large.img"],
    ]
    assert len(listed(two, "vif")) == 2
    made = manifest.read(two.output)
    assert made.image is not None
    words = made.image.command_line.split()
    assert {"fata.disk=small,51712", "fata.disk=large,51728", "fata.nics=back,front"} <= {*words}
    assert [(disk.name, disk.vdev) for disk in made.disks] == [("small", "xvda"), ("large", "xvdb")]
    assert two.ok("query", "xl").out == (two.output / "two.xl").read_text()
    assert two.ok("query", "xl-in").out == (two.output / "two.xl.in").read_text()
    assert two.ok("query", "libvirt").out == (two.output / "two.libvirt.xml").read_text()


@pytest.mark.e2e
def test_only_what_this_machine_decides_differs_between_builds(
    two: Project, tmp_path: Path
) -> None:
    other = Project(tmp_path / "elsewhere")
    for name in ("config.py", "job.py"):
        other.write(name, (two.directory / name).read_text())
    first, second = two.built("-t", "xen").output, other.built("-t", "xen").output
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    differing = [
        name for name in names if (first / name).read_bytes() != (second / name).read_bytes()
    ]
    assert differing == ["two.libvirt.xml", "two.xl"]


@pytest.mark.e2e
def test_w9_a_dry_run_writes_nothing_and_clean_leaves_what_others_wrote(two: Project) -> None:
    two.ok("configure", "-t", "xen")
    said = two.ok("build", "--dry-run")
    assert "two.xl.in" in said.out + said.err
    assert not (two.directory / "dist").exists()
    two.ok("build")
    (two.output / "mine.xl").write_text('name = "mine"\n')
    output = two.output
    two.ok("clean")
    assert [path.name for path in output.iterdir()] == ["mine.xl"]


def test_w9_a_description_that_somebody_wrote_is_not_replaced(two: Project) -> None:
    two.write("dist/two-xen/two.xl", 'name = "two"\n')
    two.ok("configure", "-t", "xen")
    result = two.fata("build")
    assert result.code == 1
    assert "two.xl was not generated, and is left as it is" in result.err


@pytest.mark.e2e
def test_w10_a_program_that_only_prints_has_no_vif_and_no_disk(project: MakeProject) -> None:
    hello = project("hello").built("-t", "xen", "--xen-type", "pv")
    values = xlcfg.values(xlcfg.parse((hello.output / "hello.xl").read_text()))
    assert {"vif", "disk"}.isdisjoint(values)
    assert values["type"] == "pv"


def test_a_description_of_another_target_is_refused(project: MakeProject) -> None:
    hello = project("hello")
    result = hello.fata("query", "xl", "-t", "xen")
    assert result.code == 1
    assert "nothing is built here yet" in result.err


@pytest.fixture(scope="module")
def host() -> Iterator[Lab]:
    """A Xen host of our own, ended with the last test."""
    name = "test-xen"
    yield labs.ensure(name)
    labs.reset(name)


def created(host: Lab, built: Project, *arguments: str, **changes: dict[str, str]) -> str:
    """The name of the guest, created as an operator would do it from the files of the build."""
    made = manifest.read(built.output)
    assert made.image is not None
    place = Place(Path("/root"), Path("/root"), **changes)  # type: ignore[arg-type]
    file = built.directory / "guest.xl"
    file.write_text(configuration(made, place, arguments))
    blobs = (made.image.kernel.blob.file, made.image.initramfs.file)
    files = {f"/root/{blob}": built.output / blob for blob in blobs}
    host.copy({**files, f"/root/{made.name}.xl": file})
    check(Toolstack(host), domain(made, place, arguments), kernel_of(built))
    Toolstack(host).create(f"/root/{made.name}.xl")
    return made.name


def kernel_of(built: Project) -> Path:
    made = manifest.read(built.output)
    assert made.image is not None
    return built.output / made.image.kernel.blob.file


def console(host: Lab, name: str) -> str:
    done = host.run(["cat", f"/var/log/xen/console/guest-{name}.log"], check=False)
    return done.out.decode(errors="replace")


def said(host: Lab, name: str, text: str, seconds: float = 300) -> str:
    deadline = time.monotonic() + seconds
    while text not in (found := console(host, name)):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found


def running(host: Lab) -> list[str]:
    domains = json.loads(host.run(["xl", "list", "-l"]).out)
    return [domain["config"]["c_info"].get("name", "Domain-0") for domain in domains]


def gone(host: Lab, name: str) -> None:
    """The guest ended, and nothing of it is left."""
    deadline = time.monotonic() + 300
    while name in running(host) or host.run(["losetup", "-a"]).out:
        assert time.monotonic() < deadline, host.run(["xl", "list"]).out
        time.sleep(0.5)
    domains = host.run(["xenstore-list", "/local/domain"]).out.split()
    assert domains == [b"0"]
    assert b"/local/domain/0/backend/v" not in host.run(["xenstore-ls", "-f"]).out


def fetched(port: int, seconds: float = 300) -> str:
    deadline = time.monotonic() + seconds
    why = ""
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=15) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError) as error:
            why = str(error)
            time.sleep(0.5)
    raise AssertionError(f"no answer over HTTP in {seconds:g} s: {why}")


@pytest.mark.e2e
@pytest.mark.xdist_group("xen")
@pytest.mark.parametrize("kind", ["pvh", "pv"])
def test_a_website_answers_through_the_bridge(host: Lab, project: MakeProject, kind: str) -> None:
    built = project("website").built("-t", "xen", "--xen-type", kind)
    address = "10.0.2.101"
    name = created(host, built, f"--ipv4={address}/24", "--ipv6=none", macs=MACS)
    assert name in running(host)
    said(host, name, "listening on port 80")
    forward = host.publish(Forward(0, address, 80))
    try:
        assert "<html" in fetched(forward.host)
    finally:
        host.withdraw(forward)
    host.run(["xl", "shutdown", name])
    gone(host, name)
    assert console(host, name).splitlines()[-2:][0] == "fata: exit 130 interrupted"
    host.run(["rm", f"/var/log/xen/console/guest-{name}.log"])


@pytest.mark.e2e
@pytest.mark.xdist_group("xen")
def test_w1_w2_two_disks_and_two_interfaces_are_the_right_ones(host: Lab, two: Project) -> None:
    two.built("-t", "xen")
    host.run(["sh", "-c", "truncate -s 64K /root/small.img; truncate -s 1M /root/large.img"])
    host.run(["ip", "link", "add", "xenbr1", "type", "bridge"])
    host.run(["ip", "link", "set", "xenbr1", "up"])
    host.run(["ip", "address", "add", "10.0.3.1/24", "dev", "xenbr1"])
    name = created(
        host,
        two,
        "--front-ipv4=10.0.2.102/24",
        "--back-ipv4=10.0.3.102/24",
        bridges={"back": "xenbr1"},
    )
    said(host, name, "front is 10.0.2.102, back is 10.0.3.102")
    for address, word in (("10.0.2.102", b"front"), ("10.0.3.102", b"back")):
        assert host.run(["busybox", "nc", "-w", "20", address, "80"], limit=120).out == word
    host.run(["xl", "destroy", name])
    gone(host, name)
    for disk in (b"small", b"large"):
        file = f"/root/{disk.decode()}.img"
        assert host.run(["head", "-c", "6", file]).out == disk + b"."
    host.run(["ip", "link", "delete", "xenbr1"])


CRASH = """\
import ctypes

async def main() -> None:
    print("about to fault", flush=True)
    ctypes.string_at(0)
"""


@pytest.fixture
def faulty(project: MakeProject) -> Project:
    """A program that kills the first process of its guest, and so the guest's kernel."""
    made = project()
    program = 'register("faulty", program("faulty:main"))'
    made.write("config.py", f"from fata.dsl import program, register\n\n{program}\n")
    made.write("faulty.py", CRASH)
    return made


@pytest.mark.e2e
@pytest.mark.xdist_group("xen")
@pytest.mark.parametrize("kind", ["pvh", "pv"])
def test_a_guest_that_crashes_leaves_its_console_and_the_reason(
    host: Lab, faulty: Project, kind: str
) -> None:
    name = created(host, faulty.built("-t", "xen", "--xen-type", kind))
    text = said(
        host, name, "Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b"
    )
    assert "about to fault" in text
    deadline = time.monotonic() + 300
    while (found := Toolstack(host).find(name)) and found.condition is not Domain.CRASHED:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    assert found is not None
    assert b"reason code 3" in host.run(["cat", f"/var/log/xen/xl-{name}.log"]).out
    with pytest.raises(UserError, match=f"the name `{name}` is in use by a guest, which has crash"):
        created(host, faulty)
    host.run(["xl", "destroy", name])
    gone(host, name)
    host.run(["rm", f"/var/log/xen/console/guest-{name}.log", f"/var/log/xen/xl-{name}.log"])


@pytest.mark.e2e
@pytest.mark.xdist_group("xen")
def test_what_keeps_a_guest_from_starting_is_told_by_a_real_host(host: Lab, two: Project) -> None:
    made = manifest.read(two.built("-t", "xen").output)
    kernel, good = kernel_of(two), Place(Path("/root"), Path("/root"))
    for place, what in (
        (replace(good, bridge="nobr0"), "there is no bridge `nobr0`"),
        (replace(good, memory=1 << 20), f"the guest needs {(1 << 20) + 8} MiB of memory"),
    ):
        with pytest.raises(UserError, match=what):
            check(Toolstack(host), domain(made, place), kernel, placed=False)
    nowhere = replace(good, disks=Path("/nowhere"), output=Path("/etc"))
    with pytest.raises(UserError, match="the file of the kernel is not there"):
        check(Toolstack(host), domain(made, nowhere), kernel)
    with pytest.raises(UserError, match="the kernel is no kernel"):
        check(Toolstack(host), domain(made, good), two.directory / "config.py")
    check(Toolstack(host), domain(made, good), kernel, placed=False)


@pytest.mark.e2e
@pytest.mark.xdist_group("xen")
def test_a_host_that_refuses_the_key_is_told(host: Lab, tmp_path: Path) -> None:
    """Whoever has another key, or has lost this one, is not let in."""
    settings = host.place.ssh_config
    whole = settings.read_text()
    kept = [line for line in whole.splitlines() if "Control" not in line and "Identit" not in line]
    try:
        settings.write_text("\n".join([*kept, "    IdentityFile /nonexistent", ""]))
        with pytest.raises(UserError, match="does not accept the key") as raised:
            host.run(["true"])
        assert raised.value.do == "make it and its keys anew: `fata lab reset --name test-xen`"
    finally:
        settings.write_text(whole)


@pytest.mark.e2e
def test_the_commands_of_the_page(project: MakeProject) -> None:
    made = project("website")
    # On a rented machine they are typed by the test of one that is made here, in packages/fata.
    page = (ROOT / "docs" / "xen.md").read_text().partition("## On a rented machine\n")[0]
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    lines = [line.partition(" #")[0] for block in blocks for line in block.splitlines()]
    commands = [shlex.split(part) for line in lines for part in line.split("&&")]
    assert len(commands) > 5
    for program, *arguments in commands:
        subprocess.run(
            [Path(FATA).parent / program, *arguments], cwd=made.directory, check=True, timeout=600
        )
    values = xlcfg.values(xlcfg.parse((made.directory / "web-1.xl").read_text()))
    assert (values["name"], values["vif"]) == ("web-1", ["bridge=br7"])
    assert str(values["cmdline"]).endswith(" /app/init fata.arg=--port=8080")


@pytest.fixture
def default_lab() -> Iterator[None]:
    """The lab that `fata run` takes, ended with the test if it was not running before."""
    before = labs.status(labs.DEFAULT).condition
    yield
    if before is not Condition.RUNNING:
        labs.down()


@pytest.mark.e2e
@pytest.mark.xdist_group("xen")
@pytest.mark.usefixtures("default_lab")
def test_fata_run_is_on_the_lab(project: MakeProject, faulty: Project, running: StartRun) -> None:
    """It shows the console, keeps the disks, publishes ports, and ends with the exit code."""
    crashed = faulty.built("-t", "xen").fata("run")
    assert crashed.code == NO_OUTCOME
    assert "the first process was killed by signal 11" in crashed.err
    (console,) = re.findall(r"at: (.*console.*\.log)", crashed.err)
    assert "Kernel panic" in Path(console).read_text()
    # Paravirtualized guests start sooner where Xen itself is emulated.
    lottery = project("disk-lottery").built("-t", "xen", "--xen-type", "pv")
    for number in ("1", "2"):
        result = lottery.ok("run")
        assert "using the lab" in result.err
        assert f"ticket {number}" in result.out
    run = running(project("website").built("-t", "xen", "--xen-type", "pv"), "-p", "0:80")
    assert "<html" in fetched(run.port(80))
    assert run.interrupt() == 130
    assert "exit code 130: interrupted" in run.text


@pytest.fixture
def fata_in_dom0(host: Lab, tmp_path: Path) -> None:
    """The control domain, as a machine on which somebody installed fata."""
    # What other tests copied there takes its memory, in which there is no room for both.
    host.run(["sh", "-c", "rm -rf /root/*"])
    dom0.install(host, tmp_path)


@pytest.mark.e2e
@pytest.mark.xdist_group("xen")
@pytest.mark.usefixtures("fata_in_dom0")
def test_fata_run_on_a_xen_host_drives_its_own_toolstack(
    host: Lab, project: MakeProject, tmp_path: Path
) -> None:
    """The disk is used where it is, the bridge is the host's, and no port is published."""
    lottery = project("disk-lottery").built("-t", "xen", "--xen-type", "pv")
    archive = tmp_path / "project.tar"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(lottery.directory, "/root/lottery")
    dom0.unpack(host, archive)
    run = f"cd /root/lottery && exec {dom0.FATA} run"
    refused = host.run(["sh", "-c", f"{run} -p 8080:80"], check=False)
    assert (refused.code, b"no port of this machine leads to it" in refused.err) == (2, True)
    done = host.run(["sh", "-c", run], check=False)
    assert done.code == 0, done.err + done.out
    assert b"ticket 1" in done.out
    assert b"using the lab" not in done.err
    assert host.run(["head", "-c", "512", "/root/lottery/disks/lottery.img"]).out.strip(b"\0")
    missing = host.run(["sh", "-c", f"{run} --disk lottery=/nowhere"], check=False)
    assert (missing.code, b"the file for the disk `lottery` is missing" in missing.err) == (1, True)
    assert Toolstack(host).domains() == ()
