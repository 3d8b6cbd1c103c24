"""Real guests, started, watched, interrupted and cleaned up after."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from fata.qemu.background import background
from fata.qemu.machine import Accelerator, Guest, Machine, UserNic
from fata.qemu.observer import Observer, Stopwatch
from fata.qemu.publish import parse_all
from fata.qemu.supervise import Run, run
from fata.qemu.wait import wait_http
from functoria.error import UserError
from libos.boot.interrupts import TELLS

pytestmark = pytest.mark.e2e

MakeGuest = Callable[..., Guest]
TCG = Accelerator.TCG
LIMIT = 60.0  # a guest that hangs fails its test long before the test's own limit


class Trigger(Observer):
    """An observer that acts once, at the first line with `text` in it."""

    def __init__(self, text: str, act: Callable[[], object]) -> None:
        self.text = text
        self.act: Callable[[], object] | None = act
        self.pid = 0

    def started(self, pid: int, at: float) -> None:
        self.pid = pid

    def line(self, text: str, at: float) -> None:
        if self.text in text and self.act is not None:
            act, self.act = self.act, None
            act()


def gone(pid: int) -> bool:
    """Whether the process has ended, or is only waiting to be reaped by someone else."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("machine", list(Machine))
def test_a_guest_from_start_to_end(guest: MakeGuest, tmp_path: Path, machine: Machine) -> None:
    watch = Stopwatch()
    outcome = run(guest("exit0", machine=machine), TCG, tmp_path / "console", watch, limit=LIMIT)
    assert (outcome.code, outcome.reason, outcome.lost) == (0, None, 0)
    console = outcome.console.read_text()
    assert "hello\nfata: exit 0\n" in console
    texts = [text for _, text in watch.lines]
    assert texts == console.splitlines()
    times = [at for at, _ in watch.lines]
    assert times == sorted(times)
    assert watch.first_byte is not None
    assert 0 < watch.first_byte <= times[0]
    assert times[-1] <= outcome.seconds * 1000


@pytest.mark.parametrize(
    ("what", "code", "reason"),
    [
        ("exit7", 7, "no such volume"),
        ("flood", 0, None),
        ("die", None, "the first process ended with 3 and said nothing of it"),
        ("crash", None, "the first process was killed by signal 11"),
        ("changed-its-mind", None, "the guest ended without an exit code; its last line: "),
    ],
)
def test_how_a_guest_ends(
    guest: MakeGuest, tmp_path: Path, what: str, code: int | None, reason: str | None
) -> None:
    outcome = run(guest(what), TCG, tmp_path / "console", limit=LIMIT)
    assert outcome.code == code
    if reason is None:
        assert outcome.reason is None
    else:
        assert (outcome.reason or "").startswith(reason)


def test_no_program_in_the_image(guest: MakeGuest, tmp_path: Path) -> None:
    outcome = run(guest("", initramfs=None), TCG, tmp_path / "console", limit=LIMIT)
    assert outcome.code is None
    assert (outcome.reason or "").startswith("the kernel found no program to start: ")


def test_a_truncated_initramfs(guest: MakeGuest, tmp_path: Path) -> None:
    whole = guest("").initramfs
    assert whole is not None
    part = tmp_path / "initramfs.cpio"
    part.write_bytes(whole.read_bytes()[:-20_000])
    outcome = run(guest("", initramfs=part), TCG, tmp_path / "console", limit=LIMIT)
    assert outcome.code is None
    assert "initramfs" in (outcome.reason or "") or "no program" in (outcome.reason or "")


def test_a_truncated_kernel_never_starts(guest: MakeGuest, tmp_path: Path) -> None:
    part = tmp_path / "vmlinux"
    part.write_bytes(guest("").kernel.read_bytes()[:-20_000])
    with pytest.raises(UserError, match="the kernel is truncated"):
        run(guest("", kernel=part), TCG, tmp_path / "console", limit=LIMIT)


def test_a_port_in_use(guest: MakeGuest, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        nic = UserNic("52:54:00:00:00:01", parse_all([f"{port}:80"]))
        with pytest.raises(UserError, match=f"port `127.0.0.1:{port}/tcp` is already in use by"):
            run(guest("", nics=(nic,)), TCG, tmp_path / "console", limit=LIMIT)


def test_a_port_taken_at_the_last_moment(guest: MakeGuest, tmp_path: Path) -> None:
    """Between the check and QEMU's own attempt: QEMU's complaint becomes the same error."""
    with socket.socket() as server:

        class Thief(Observer):
            def starting(self, guest: Guest) -> None:
                nic = guest.nics[0]
                assert isinstance(nic, UserNic)
                server.bind((nic.publish[0].address, nic.publish[0].host))
                server.listen()

        nic = UserNic("52:54:00:00:00:01", parse_all(["0:80"]))
        with pytest.raises(UserError, match=f"is already in use by .*process {os.getpid()}"):
            run(guest("", nics=(nic,)), TCG, tmp_path / "console", Thief(), limit=LIMIT)


def test_a_chosen_port_is_reported(guest: MakeGuest, tmp_path: Path) -> None:
    nic = UserNic("52:54:00:00:00:01", parse_all(["0:80", "0:53/udp"]))
    with background(guest("wait", nics=(nic,)), TCG, tmp_path / "console", limit=LIMIT) as running:
        (found,) = running.guest.nics
        assert isinstance(found, UserNic)
        assert all(port.host for port in found.publish)
        assert not running.ended


def test_more_memory_than_there_is(guest: MakeGuest, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no 1000000000 MiB of memory"):
        run(
            guest("", memory=1_000_000_000, machine=Machine.Q35),
            TCG,
            tmp_path / "console",
            limit=LIMIT,
        )


def test_no_qemu(guest: MakeGuest, tmp_path: Path) -> None:
    with (
        Run(guest(""), TCG, tmp_path / "console", program="qemu-system-none") as running,
        pytest.raises(UserError, match="QEMU is not installed: there is no `qemu-system-none`"),
    ):
        running.start()


def test_ctrl_c_lets_the_guest_shut_down(guest: MakeGuest, tmp_path: Path) -> None:
    trigger = Trigger("waiting", lambda: signal.raise_signal(signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)
    outcome = run(guest("wait"), TCG, tmp_path / "console", trigger, grace=30, limit=LIMIT)
    assert (outcome.code, outcome.reason) == (130, "interrupted")
    assert "shutting down" in outcome.console.read_text()
    assert signal.getsignal(signal.SIGINT) == before


def test_sigterm_does_the_same(guest: MakeGuest, tmp_path: Path) -> None:
    trigger = Trigger("waiting", lambda: os.kill(os.getpid(), signal.SIGTERM))
    outcome = run(guest("wait"), TCG, tmp_path / "console", trigger, grace=30, limit=LIMIT)
    assert outcome.code == 130


def test_a_guest_that_does_not_listen_is_ended(guest: MakeGuest, tmp_path: Path) -> None:
    trigger = Trigger("waiting", lambda: signal.raise_signal(signal.SIGINT))
    outcome = run(guest("deaf"), TCG, tmp_path / "console", trigger, grace=0.2, limit=LIMIT)
    assert outcome.code is None
    assert outcome.reason == "stopped before it ended by itself"
    assert gone(trigger.pid)


def test_a_second_ctrl_c_ends_it_at_once(guest: MakeGuest, tmp_path: Path) -> None:
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    trigger = Trigger("waiting", twice)
    began = time.monotonic()
    outcome = run(guest("deaf"), TCG, tmp_path / "console", trigger, grace=1000, limit=LIMIT)
    assert outcome.code is None
    assert time.monotonic() - began < LIMIT


@pytest.mark.parametrize("machine", list(Machine))
def test_a_guest_that_tells_hears_ctrl_c_once_it_is_ready(
    guest: MakeGuest, tmp_path: Path, machine: Machine
) -> None:
    trigger = Trigger("waiting", lambda: signal.raise_signal(signal.SIGINT))
    wanted = guest(f"ready {TELLS}", machine=machine)
    outcome = run(wanted, TCG, tmp_path / "console", trigger, grace=30, limit=LIMIT)
    assert (outcome.code, outcome.reason) == (130, "interrupted")


@pytest.mark.parametrize("machine", list(Machine))
def test_before_that_it_is_ended_without_being_asked(
    guest: MakeGuest, tmp_path: Path, machine: Machine
) -> None:
    trigger = Trigger("waiting", lambda: signal.raise_signal(signal.SIGINT))
    wanted = guest(f"wait {TELLS}", machine=machine)
    outcome = run(wanted, TCG, tmp_path / "console", trigger, grace=1000, limit=LIMIT)
    assert (outcome.code, outcome.reason) == (None, "before its program began")
    assert outcome.interrupted
    assert gone(trigger.pid)


def test_whoever_has_the_qmp_session_keeps_it(guest: MakeGuest, tmp_path: Path) -> None:
    """The guest is then asked without a look at it."""
    with Run(guest(f"wait {TELLS}"), TCG, tmp_path / "console", grace=0.2) as running:
        running.start()
        with running.qmp() as qmp:
            assert qmp.status() == "running"
            running.interrupt()
            outcome = running.wait()
    assert outcome.reason == "stopped before it ended by itself"


def test_a_limit(guest: MakeGuest, tmp_path: Path) -> None:
    trigger = Trigger("", lambda: None)
    outcome = run(guest("deaf"), TCG, tmp_path / "console", trigger, limit=0.3)
    assert (outcome.code, outcome.reason) == (None, "not finished after 0.3 s")
    assert gone(trigger.pid)


def test_a_limit_to_silence(guest: MakeGuest, tmp_path: Path) -> None:
    silent = Run(guest("deaf"), TCG, tmp_path / "console", limit=LIMIT, silence=5)
    with silent as running:
        running.start()
        outcome = running.wait()
    assert (outcome.code, outcome.reason) == (None, "silent for 5 s")


def test_qemu_killed_by_someone_else(guest: MakeGuest, tmp_path: Path) -> None:
    trigger = Trigger("waiting", lambda: os.kill(trigger.pid, signal.SIGKILL))
    outcome = run(guest("wait"), TCG, tmp_path / "console", trigger, limit=LIMIT)
    assert outcome.code is None
    assert (outcome.reason or "").startswith("QEMU was killed by SIGKILL")


def test_an_observer_that_fails_leaves_nothing(guest: MakeGuest, tmp_path: Path) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    trigger = Trigger("waiting", fail)
    with pytest.raises(ZeroDivisionError):
        run(guest("wait"), TCG, tmp_path / "console", trigger, limit=LIMIT)
    assert gone(trigger.pid)


def test_nothing_stays_open(guest: MakeGuest, tmp_path: Path) -> None:
    before = sorted(path.name for path in Path("/proc/self/fd").iterdir())
    run(guest("exit0"), TCG, tmp_path / "console", limit=LIMIT)
    assert sorted(path.name for path in Path("/proc/self/fd").iterdir()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["console"]


def test_a_disk_that_fills_up_is_counted(guest: MakeGuest, tmp_path: Path) -> None:
    """`/dev/full` in the place of the console file, after the check: every write fails."""

    class Fill(Observer):
        def starting(self, guest: Guest) -> None:
            (tmp_path / "console").unlink()
            (tmp_path / "console").symlink_to("/dev/full")

    outcome = run(guest("exit0"), TCG, tmp_path / "console", Fill(), limit=LIMIT)
    assert outcome.code == 0
    assert outcome.lost > 0


PARENT = """
import sys
from pathlib import Path
from fata.qemu.machine import Accelerator, Guest
from fata.qemu.observer import Observer
from fata.qemu.supervise import run

class Tell(Observer):
    def started(self, pid, at):
        print(pid, flush=True)
    def line(self, text, at):
        print(text, flush=True)

kernel, initramfs, what, log = sys.argv[1:]
guest = Guest(Path(kernel), Path(initramfs), f"console=ttyS0 reboot=t panic=-1 quiet do={what}")
print(run(guest, Accelerator.TCG, Path(log), Tell()).code)
"""


def parent(guest: Guest, what: str, log: Path) -> subprocess.Popen[str]:
    """Another Python that runs a guest, in a session of its own as under a terminal."""
    words = (sys.executable, "-c", PARENT, guest.kernel, guest.initramfs or "", what, log)
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_no_qemu_survives_a_killed_parent(guest: MakeGuest, tmp_path: Path) -> None:
    with parent(guest(""), "wait", tmp_path / "console") as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert os.getsid(pid) == pid
        while "waiting" not in process.stdout.readline():
            pass
        process.kill()
    assert gone(pid)
    assert "waiting" in (tmp_path / "console").read_text()


def test_ctrl_c_of_a_terminal_reaches_the_guest_only_as_a_character(
    guest: MakeGuest, tmp_path: Path
) -> None:
    with parent(guest(""), "wait", tmp_path / "console") as process:
        assert process.stdout is not None
        while "waiting" not in process.stdout.readline():
            pass
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.read().splitlines()[-1] == "130"
    assert process.returncode == 0


def test_guests_at_the_same_time(guest: MakeGuest, tmp_path: Path) -> None:
    guests = [guest(what) for what in ("exit0", "exit7", "die")]
    with ThreadPoolExecutor(len(guests)) as executor:
        outcomes = [
            executor.submit(run, each, TCG, tmp_path / f"console{number}", limit=LIMIT)
            for number, each in enumerate(guests)
        ]
        assert [outcome.result().code for outcome in outcomes] == [0, 7, None]


def test_in_the_background(guest: MakeGuest, tmp_path: Path) -> None:
    waiting = threading.Event()
    trigger = Trigger("waiting", waiting.set)
    with background(guest("wait"), TCG, tmp_path / "console", trigger, limit=LIMIT) as running:
        assert waiting.wait(LIMIT)
        running.interrupt()
        assert running.outcome(LIMIT).code == 130
    with background(guest("deaf"), TCG, tmp_path / "other", trigger) as running:
        pass
    assert running.outcome(0).code is None
    assert gone(trigger.pid)


@pytest.mark.parametrize("restrict", [False, True])
@pytest.mark.parametrize("machine", list(Machine))
def test_a_published_port_leads_to_the_guest(
    guest: MakeGuest, tmp_path: Path, machine: Machine, restrict: bool
) -> None:
    nic = UserNic("52:54:00:00:00:01", parse_all(["0:80"]), restrict)
    watch = Stopwatch()
    wanted = guest("serve", nics=(nic,), machine=machine)
    with background(wanted, TCG, tmp_path / "console", watch, limit=LIMIT) as running:
        (found,) = running.guest.nics
        assert isinstance(found, UserNic)
        reply = wait_http(found.publish[0].host, "/", LIMIT, alive=lambda: not running.ended)
    assert (reply.status, reply.body) == (200, b"hello")
    listening = next(at for at, text in watch.lines if text == "listening")
    assert listening <= reply.milliseconds + 100


def test_an_emulated_guest_has_fine_timers(guest: MakeGuest, tmp_path: Path) -> None:
    """A hundred naps of 2 ms; with timers as coarse as a tick they would take a second."""
    watch = Stopwatch()
    assert run(guest("doze"), TCG, tmp_path / "console", watch, limit=LIMIT).code == 0
    times = {text: at for at, text in watch.lines}
    assert 200 <= times["fata: exit 0"] - times["dozing"] < 1000


def test_qmp_pauses_resumes_and_ends_a_guest(guest: MakeGuest, tmp_path: Path) -> None:
    with Run(guest("wait"), TCG, tmp_path / "console", limit=LIMIT) as running:
        running.start()
        with running.qmp() as qmp:
            assert qmp.status() == "running"
            qmp.stop()
            assert qmp.status() == "paused"
            qmp.resume()
            qmp.powerdown()
            qmp.quit()
        outcome = running.wait()
    assert outcome.code is None
    assert outcome.reason


def test_a_guest_without_a_sandbox(guest: MakeGuest, tmp_path: Path) -> None:
    unprotected = replace(guest("exit0"), sandbox=False)
    assert run(unprotected, TCG, tmp_path / "console", limit=LIMIT).code == 0
