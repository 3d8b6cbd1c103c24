"""Running: ports, outcomes, interrupts, and no QEMU left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from fata.qemu.wait import wait_http
from tests.conftest import FATA, MakeProject, Project, StartRun, gone
from tests.test_interrupts import PYTHONS_OWN

pytestmark = pytest.mark.e2e

CONFIG = """\
from fata.dsl import main, register

register("job", main("job:start"))
"""


def job(project: Project, body: str) -> Project:
    project.write("config.py", CONFIG)
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    project.write("job.py", f"import os, sys, asyncio\n\nasync def start():\n{indented}")
    return project.built()


def test_an_uncaught_exception_shows_its_traceback_and_has_its_own_code(
    project: MakeProject,
) -> None:
    result = job(project(), "await asyncio.sleep(0)\nraise ValueError('no such thing')").fata("run")
    assert result.code == 70
    shown = result.out[result.out.index("Traceback") :].splitlines()
    assert shown[:4] == [
        "Traceback (most recent call last):",
        '  File "config.py", line 3, in job',
        '  File "job.py", line 5, in start',
        "ValueError: no such thing",
    ]
    assert "exit code 70: uncaught ValueError: no such thing, at job.py:5" in result.err
    assert "Kernel panic" not in result.out


def test_the_programs_own_exit_code_is_passed_through(project: MakeProject) -> None:
    assert job(project(), "sys.exit(3)").fata("run").code == 3


def test_a_module_that_was_left_out_says_what_to_do(project: MakeProject) -> None:
    result = job(project(), "__import__('sql' + 'ite3')").fata("run")
    assert result.code == 70
    assert 'add include=["sqlite3"] to its job in config.py' in result.out


def test_orphans_are_reaped_and_children_keep_their_status(project: MakeProject) -> None:
    body = """\
child = os.fork()
if child == 0:
    grandchild = os.fork()
    os._exit(0 if grandchild else 0)
assert os.waitpid(child, 0)[1] == 0
await asyncio.sleep(6)
child = os.fork()
if child == 0:
    os._exit(4)
print("exit status", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
for _ in range(100):
    states = [open(f"/proc/{p}/stat").read().rpartition(")")[2].split()[0]
              for p in os.listdir("/proc") if p.isdigit()]
    if "Z" not in states:
        break
    await asyncio.sleep(0.1)
print("zombies", states.count("Z"))
"""
    result = job(project(), body).ok("run")
    assert "exit status 4" in result.out
    assert "zombies 0" in result.out


def test_the_root_cannot_be_written_and_tmp_can(project: MakeProject) -> None:
    body = """\
open("/tmp/x", "w").write("ok")
try:
    open("/app/x", "w")
except OSError as error:
    print("refused:", error.strerror)
"""
    assert "refused: Read-only file system" in job(project(), body).ok("run").out


def test_arguments_reach_the_program_whatever_is_in_them(project: MakeProject) -> None:
    made = project()
    made.write(
        "config.py",
        "from fata.dsl import STRING, argument, main, register\n"
        "text = argument('text', STRING, 'nothing', 'what to say')\n"
        "register('job', main('job:start', text=text))\n",
    )
    made.write("job.py", "async def start(text):\n    print('said', ascii(text))\n")
    made.built()
    value = "two words, \"quotes\" -- 100% 'true' \u00e9 a=b"
    assert f"said {value!a}" in made.ok("run", "--", f"--text={value}").out
    wrong = made.fata("run", "--", "--txt=x")
    assert wrong.code == 64
    assert "there is no boot argument `--txt`" in wrong.err
    assert "did you mean `--text`?" in wrong.err


TYPES = """\
from fata.dsl import main, register
from functoria import Converter, Key, Stage
from functoria.converter import BOOLEAN, DURATION, IPV4, NETWORK6, PORT, SIZE, STRING, list_of

even = Converter("even", int, str, lambda value: isinstance(value, int), reference="job:even")

def boot(name, converter, **more):
    return Key(name=name, converter=converter, doc="for the test", stage=Stage.BOOT, **more)

register("job", main(
    "job:start",
    token=boot("token", STRING, required=True, short="k"),
    dry=boot("dry", BOOLEAN, flag=True, short="n"),
    peers=boot("peer", IPV4, repeated=True),
    net=boot("net", NETWORK6),
    ports=boot("ports", list_of(PORT), default=(80, 443)),
    room=boot("room", SIZE, default=1 << 20),
    wait=boot("wait", DURATION),
    pairs=boot("pairs", list_of(even)),
))
"""


@pytest.mark.parametrize("target", ["unix", "virtio"])
def test_arguments_of_every_type(project: MakeProject, target: str) -> None:
    made = project()
    made.write("config.py", TYPES)
    made.write(
        "job.py",
        "def even(text):\n"
        "    if int(text) % 2:\n"
        "        raise ValueError(f'`{text}` is not even')\n"
        "    return int(text)\n\n"
        "async def start(**given):\n"
        "    for name, value in given.items():\n"
        "        print(name, repr(value))\n",
    )
    made.built("-t", target)
    words = "-nk secret --peer 10.0.0.1 --peer=10.0.0.2 --net fd00::/64 --wait=1m30s --pairs=2,4"
    said = made.ok("run", "--", *words.split()).out.splitlines()
    for line in (
        "token 'secret'",
        "dry True",
        "peers (IPv4Address('10.0.0.1'), IPv4Address('10.0.0.2'))",
        "net IPv6Network('fd00::/64')",
        "ports (80, 443)",
        "room 1048576",
        "wait 90.0",
        "pairs (2, 4)",
    ):
        assert line in said
    missing = made.fata("run")
    assert missing.code == 64
    assert "error: boot argument `--token` must be given" in missing.err
    odd = made.fata("run", "--", "--token=x", "--pairs=2,3")
    assert odd.code == 64
    assert "boot argument `--pairs`: `3` is not even, declared at config.py:8" in odd.err


def test_what_compiled_extensions_import_is_in_the_image(project: MakeProject) -> None:
    made = project()
    config = 'main("job:start", requires=["orjson>=3,<4"])'
    made.write("config.py", f"from fata.dsl import main, register\nregister('job', {config})\n")
    body = "    print(orjson.dumps({'a': 1}), zoneinfo.ZoneInfo)\n"
    made.write("job.py", f"import orjson, zoneinfo\n\nasync def start():\n{body}")
    assert "b'{\"a\":1}'" in made.built().ok("run").out


def test_levels_of_logs_that_are_none_are_a_bad_argument(project: MakeProject) -> None:
    result = project("hello").built().fata("run", "--", "--logs=loud")
    assert result.code == 64
    assert "boot argument `--logs`: `loud` is not" in result.err


def test_a_bad_argument_is_refused_before_anything_boots(project: MakeProject) -> None:
    echo = project("echo").built()
    result = echo.fata("run", "--", "--port=http")
    assert (result.code, result.out) == (64, "")
    assert "error: boot argument `--port`: `http` is not a whole number\n   at: config.py:3\n" in (
        result.err
    )
    told = echo.fata("run", "--kernel-word", "fata.arg=--port=http")  # as another host might
    assert told.code == 64
    assert "boot argument `--port`: `http` is not a whole number, declared at config.py:3" in (
        told.err
    )


def test_the_table_of_arguments_needs_no_boot(project: MakeProject) -> None:
    result = project("echo").built().ok("run", "--", "--help")
    assert "--port=PORT" in result.out
    assert all(len(line) < 80 for line in result.out.splitlines())
    assert "fata: exit" not in result.out


def test_a_device_that_does_not_start_is_named_with_its_path_and_line(
    project: MakeProject,
) -> None:
    made = project()
    made.write(
        "config.py",
        """\
from fata.dsl import JOB, Device, Type, main, register

LAMP = Type("lamp")
lamp = Device(name="lamp", type=LAMP, constructor="lamps:Lamp")
register("house", main("job:start", LAMP >> JOB)(lamp))
""",
    )
    made.write("job.py", "async def start(lamp): ...\n")
    made.write(
        "lamps.py", "class Lamp:\n    async def start(self):\n        raise OSError('dark')\n"
    )
    for target in ("virtio", "unix"):
        result = made.built("-t", target).fata("run")
        assert result.code == 71
        assert "device `job > lamp` of config.py:4 did not start: dark, at lamps.py:3" in result.err
        assert 'File "config.py", line 4, in job > lamp' in result.out + result.err


def test_a_port_in_use_ends_a_process_with_the_remedy(project: MakeProject) -> None:
    website = project("website").built("-t", "unix")
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = website.fata("run", "--", "--port", str(port))
    assert result.code == 71
    assert result.err.splitlines()[-1] == (
        f"fata: exit 71 port {port} is in use by another program; choose another with `--port=`, "
        "declared at config.py:5"
    )
    assert "Traceback" not in result.err


def test_two_guests_of_one_project_have_a_console_each(
    project: MakeProject, running: StartRun
) -> None:
    website = project("website").built()
    first = running(website, "-p", "0:80")
    assert wait_http(first.port(80), "/", 120).status == 200
    assert website.ok("run", "--", "--help").code == 0
    other = job_beside(website)
    assert "the other one" in other.ok("run").out
    assert first.interrupt() == 130
    consoles = [path.read_text() for path in sorted(website.output.glob("console-*.log"))]
    assert "fata: exit 130" in consoles[0]
    assert "the other one" in consoles[1]
    assert (website.output / "console.log").resolve().name == "console-2.log"
    website.ok("clean")
    assert not website.directory.joinpath("dist").exists()


def job_beside(website: Project) -> Project:
    """Another build of the same project, in the same directory."""
    website.write("config.py", CONFIG.replace('"job"', '"website"', 1))
    website.write("job.py", "async def start():\n    print('the other one')\n")
    website.ok("build")
    return website


def test_a_second_interrupt_ends_a_guest_that_does_not_end(
    project: MakeProject, running: StartRun
) -> None:
    body = """\
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("deaf")
time.sleep(100)
"""
    run = running(job(project(), body))
    run.said("deaf")
    run.process.send_signal(signal.SIGINT)
    time.sleep(0.3)  # two at once would be one signal
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(4) == 130
    assert "interrupted: stopped before it ended by itself" in run.text


def test_an_interrupt_shows_no_traceback_however_early(project: MakeProject) -> None:
    hello = project("hello").built("-t", "unix")
    (launcher,) = hello.output.glob("launch-*.py")
    for command in ([FATA, "describe"], [str(launcher)]):
        for milliseconds in range(40, 200, 8):
            with subprocess.Popen(
                command, cwd=hello.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ) as process:
                time.sleep(milliseconds / 1000)
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=120)
            if any(words.encode() in err for words in PYTHONS_OWN):
                continue  # this machine was so busy that Python itself had not begun
            assert b"Traceback" not in err
            assert process.returncode in (0, 130, -signal.SIGINT)


def test_sources_that_have_changed_since_are_said(project: MakeProject) -> None:
    hello = project("hello").built()
    assert "built from other sources" not in hello.ok("run", "--", "--help").err
    assert "built from other sources" not in hello.ok("run").err
    text = (hello.directory / "hello.py").read_text()
    hello.write("hello.py", text)
    assert "built from other sources" not in hello.ok("run").err
    hello.write("hello.py", text + "\n")
    assert "built from other sources (`hello.py` changed): run `fata build`" in hello.ok("run").err
    hello.ok("configure", "-t", "virtio", "--memory", "96")
    assert "(`--memory`, `hello.py` changed)" in hello.ok("run").err


def test_a_port_in_use_is_named_before_anything_starts(project: MakeProject) -> None:
    website = project("website").built()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = website.fata("run", "-p", f"{taken.getsockname()[1]}:80")
    assert (result.code, result.out) == (1, "")
    assert "in use" in result.err


def test_the_console_is_in_a_file_from_the_first_byte(project: MakeProject) -> None:
    hello = project("hello").built()
    result = hello.ok("run", "--console", "kept.log")
    kept = (hello.directory / "kept.log").read_text(errors="replace").replace("\r\n", "\n")
    assert "reboot: Restarting system" in kept
    assert "reboot" not in result.out
    assert result.out in kept
    everything = hello.ok("run", "-v").out
    assert "reboot: Restarting system" in everything


def test_no_qemu_is_left_when_fata_is_killed(project: MakeProject, running: StartRun) -> None:
    run = running(project("website").built(), "-p", "0:80")
    assert wait_http(run.port(80), "/", 120).status == 200
    (qemu,) = run.children
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait()
    assert gone(qemu)


def test_a_terminate_signal_ends_the_guest_in_order(
    project: MakeProject, running: StartRun
) -> None:
    run = running(project("website").built(), "-p", "0:80")
    assert wait_http(run.port(80), "/", 120).status == 200
    run.process.terminate()
    assert run.process.wait(30) == 130
    assert "fata: exit 130 interrupted" in run.text


@pytest.mark.parametrize("part", ["kernel", "initramfs"])
@pytest.mark.parametrize("damage", ["truncated", "changed", "missing"])
def test_a_damaged_image_is_refused_and_named(project: MakeProject, part: str, damage: str) -> None:
    hello = project("hello").built()
    (path,) = hello.output.glob(f"{part}-*")
    content = path.read_bytes()
    path.unlink()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    result = hello.fata("run")
    assert (result.code, result.out) == (1, "")
    assert part in result.err
    assert "fata build" in result.err


@pytest.mark.parametrize("part", ["main", "launch"])
def test_a_damaged_process_is_refused_and_named(project: MakeProject, part: str) -> None:
    hello = project("hello").built("-t", "unix")
    (path,) = hello.output.glob(f"{part}-*")
    path.unlink()
    result = hello.fata("run")
    assert (result.code, result.out) == (1, "")
    assert f"error: `{path.name}` does not exist" in result.err
    assert "fata build" in result.err


def test_without_qemu_the_message_says_what_to_install(
    project: MakeProject, tmp_path: Path
) -> None:
    hello = project("hello").built()
    (tmp_path / "bin").mkdir()
    result = hello.fata("run", PATH=str(tmp_path / "bin"))
    assert result.code == 1
    assert "qemu-system-x86" in result.err
    doctor = hello.fata("doctor", PATH=str(tmp_path / "bin"))
    assert doctor.code == 1
    assert "fail qemu" in doctor.out
    assert "apt-get install qemu-system-x86" in doctor.out


def test_a_machine_that_the_kernel_does_not_know_is_refused(project: MakeProject) -> None:
    result = project("hello").built("--kernel", "debian").fata("run", "--machine", "microvm")
    assert result.code == 2
    assert "choose one of `q35`" in result.err


def test_a_guest_that_panics_is_told_from_one_that_ends(project: MakeProject) -> None:
    body = "import ctypes\nctypes.string_at(0)"
    result = job(project(), body).fata("run")
    assert result.code == 125
    assert "the guest ended without an outcome" in result.err
    assert "console-1.log" in result.err
