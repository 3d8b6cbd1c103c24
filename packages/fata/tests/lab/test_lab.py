"""A lab from its first start to its end, with a real Xen in it.

One lab serves all tests of this file, in their order: starts are what takes long.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fata import lab
from fata.cache import cache_directory
from fata.lab import Condition, Forward
from fata.lab.place import Place
from functoria.error import UserError

FATA = str(Path(sys.executable).parent / "fata")

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600), pytest.mark.xdist_group("lab")]


def fata(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FATA, "lab", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


@pytest.fixture(scope="module", autouse=True)
def _own_labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Labs of our own, but the user's Xen hosts: making one is a download."""
    hosts = cache_directory() / "xen-hosts"
    hosts.mkdir(parents=True, exist_ok=True)
    directory = tmp_path_factory.mktemp("cache")
    (directory / "fata").mkdir()
    (directory / "fata" / "xen-hosts").symlink_to(hosts)
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(directory)
    yield
    for each in lab.all_labs():
        lab.reset(each.name)
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


def test_the_first_start() -> None:
    done = fata("up")
    assert done.returncode == 0, done.stderr
    assert "its state is saved for the next start" in done.stderr
    assert re.search(r"the lab `default` is up after [0-9.]+ s, from nothing", done.stderr)
    assert lab.find().record.restored is False


def test_xen_answers() -> None:
    done = fata("ssh", "--", "xl", "info")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^xen_version +: 4\.", done.stdout, re.MULTILINE)
    assert re.search(r"^virt_caps +: pv hvm hap", done.stdout, re.MULTILINE)
    assert fata("ssh", "--", "sh", "-c", "exit 7").returncode == 7
    assert "fata lab: xen up" in fata("logs").stdout.splitlines()


def test_the_python_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    exec(_block("python"), {})  # noqa: S102 - it is ours
    assert "Domain-0" in capsys.readouterr().out


def test_only_ssh_listens_and_only_for_this_machine() -> None:
    record = lab.find().record
    links = [str(link.readlink()) for link in Path(f"/proc/{record.qemu.pid}/fd").iterdir()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    listening = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            # The state of a TCP socket that listens is 0A (proc(5)).
            if columns[9] in inodes and (columns[3] == "0A" or table.startswith("udp")):
                listening.append((table, columns[1]))
    assert listening == [("tcp", f"0100007F:{record.port:04X}")]
    assert record.port < 32768


def test_files_arrive_whole_one_copy_after_the_other(tmp_path: Path) -> None:
    found, path = lab.find(), tmp_path / "file"
    for content in (os.urandom(3_000_001), b"", b"short"):
        path.write_bytes(content)
        path.chmod(0o750)
        found.copy({"/root/some where/a": path, "/root/b": path})
        script = "cat /root/b && cmp /root/b '/root/some where/a' && stat -c %a /root/b >&2"
        done = found.run(["sh", "-c", script])
        assert done.out == content
        assert done.err == b"750\n"
    with pytest.raises(UserError, match="could not be copied to the lab: mkdir"):
        found.copy({"/proc/none/file": path})


def test_a_command_that_fails_says_so() -> None:
    with pytest.raises(UserError, match=r"`cat /none` failed with exit code 1: .*No such file"):
        lab.find().run(["cat", "/none"])
    assert lab.find().run(["cat"], given=b"to cat").out == b"to cat"


def test_a_port_is_published_while_it_runs() -> None:
    done = fata("publish", "0:10.0.2.10:22")
    match = re.fullmatch(r"127\.0\.0\.1:(\d+) leads to 10\.0\.2\.10:22/tcp\n", done.stdout)
    assert match, done.stderr
    port = int(match[1])
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.settimeout(30)
        assert connection.recv(8) == b"SSH-2.0-"
    taken = fata("publish", f"{port}:10.0.2.10:22")
    assert taken.returncode == 1
    assert f"port `127.0.0.1:{port}/tcp` is already in use" in taken.stderr
    assert f"127.0.0.1:{port} leads to" in fata("status").stdout
    found = lab.find()
    found.withdraw(Forward(port, "10.0.2.10", 22))
    assert lab.find().record.forwards == ()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_lab_that_runs_is_not_started_again() -> None:
    again = fata("up")
    assert again.returncode == 1
    assert "the lab `default` is running already" in again.stderr
    assert lab.ensure().record == lab.find().record


def test_a_second_lab_beside_it_ends_with_a_starter_that_is_killed() -> None:
    starter = subprocess.Popen(
        [FATA, "lab", "up", "--name", "other", "--memory", "768"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    console = Place("other").console
    deadline = time.monotonic() + 120
    while not (console.exists() and console.stat().st_size) and time.monotonic() < deadline:
        assert starter.poll() is None
        time.sleep(0.05)
    running = _processes(str(console))
    assert len(running) == 2  # QEMU and its supervisor
    assert lab.status("other").condition is Condition.BUSY
    starter.kill()
    starter.wait()
    while _processes(str(console)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _processes(str(console)) == []
    assert lab.status("other").condition is Condition.STOPPED
    assert lab.find().run(["xl", "list"]).code == 0


def test_down_and_up_again_from_the_saved_state() -> None:
    record = lab.find().record
    lab.find().run(["touch", "/root/left"])
    assert fata("down").returncode == 0
    assert not record.qemu.alive
    assert not record.supervisor.alive
    down = fata("ssh", "--", "true")
    assert down.returncode == 1
    assert "the lab `default` is not running" in down.stderr
    done = fata("up")
    assert "from its saved state" in done.stderr, done.stderr
    found = lab.find()
    assert found.record.restored
    out = found.run(["sh", "-c", "date +%s; ls /root; xl list; dmesg"]).out.decode()
    assert abs(int(out.split()[0]) - time.time()) < 60
    assert "left" not in out
    assert "Domain-0" in out
    assert "crng reseeded due to virtual machine fork" in out


def test_a_qemu_that_is_killed_is_noticed() -> None:
    record = lab.find().record
    record.qemu.send(signal.SIGKILL)
    assert record.supervisor.wait(60)
    done = fata("status", "--name", "default")
    assert done.returncode == 1
    assert "ended: QEMU was killed by SIGKILL" in done.stdout
    with pytest.raises(UserError, match="is not running: QEMU was killed by SIGKILL"):
        lab.find().run(["true"])


def test_the_commands_of_the_page_and_two_labs_at_once(tmp_path: Path) -> None:
    for line in _block("sh").splitlines():
        words = shlex.split(line, comments=True)
        done = fata(*words[2:])
        assert done.returncode == 0, done.stderr
        if words[3:5] == ["--name", "other"] and words[2] == "up":
            _check_two(tmp_path)
        if words[2] == "up" and len(words) == 3:
            assert "from its saved state" in done.stderr
    assert lab.all_labs() == ()
    assert list((cache_directory() / "labs").glob("[!.]*")) == []
    assert "never started" in fata("logs").stderr


def _check_two(tmp_path: Path) -> None:
    first, second = lab.find(), lab.find("other")
    assert first.record.port != second.record.port
    assert [each.run(["hostname"]).out for each in (first, second)] == [b"default\n", b"other\n"]
    # The key of one does not open the other.
    config = second.place.ssh_config.read_text()
    swapped = tmp_path / "ssh_config"
    swapped.write_text(config.replace("other/id_ed25519", "default/id_ed25519"))
    command = ["ssh", "-F", str(swapped), "-o", "ControlPath=none", "lab", "true"]
    refused = subprocess.run(command, capture_output=True, check=False)
    assert b"Permission denied" in refused.stderr


def _block(language: str) -> str:
    """The example of a language in the page's section on the lab."""
    page = (Path(__file__).parents[4] / "docs" / "xen.md").read_text()
    section = page.partition("\n## The lab\n")[2]
    match = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert match
    return match[1]


def _processes(word: str) -> list[int]:
    """The processes that have a word in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word in path.read_text(errors="replace"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return sorted(found)
