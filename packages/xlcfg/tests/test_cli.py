"""The command, as a shell meets it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from xlcfg.cli import main

GOOD = 'name = "web"\ntype = "pvh"\nkernel = "/k"\nmemory = 64\n'


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    path = tmp_path / "web.xl"
    path.write_text(GOOD)
    return path


def run(*arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "xlcfg", *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)


def test_check(guest: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(guest)]) == 0
    assert capfd.readouterr() == ("", "")
    guest.write_text(GOOD + "vcpus = 0\nhpet = 1\n")
    assert main(["check", str(guest)]) == 1
    lines = capfd.readouterr().out.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["error", "warning"]
    assert lines[0].startswith(f"{guest}:5:9: error: `vcpus` cannot be 0; ")


def test_check_in_json_for_a_version_and_strictly(
    guest: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    guest.write_text(GOOD + 'smbios = ["a=b"]\n')
    assert main(["check", str(guest)]) == 0
    assert main(["check", "--xen", "4.17", "--json", str(guest)]) == 0
    out = capfd.readouterr().out
    (found,) = json.loads(out[out.index("[\n") :])
    assert (found["line"], found["column"], found["rule"]) == (5, 1, "version")
    assert main(["check", "--xen", "4.17", "--strict", str(guest)]) == 1


def test_fmt(guest: Path, capfd: pytest.CaptureFixture[str]) -> None:
    guest.write_text("name='web'\n")
    guest.chmod(0o640)
    assert main(["fmt", "--check", str(guest)]) == 1
    assert guest.read_text() == "name='web'\n"
    assert main(["fmt", str(guest)]) == 0
    assert guest.read_text() == 'name = "web"\n'
    assert stat.S_IMODE(guest.stat().st_mode) == 0o640
    assert main(["fmt", "--check", str(guest)]) == 0
    assert capfd.readouterr().out == f"{guest}\n"


def test_diff(guest: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.xl"
    other.write_text(GOOD.replace(" = ", "=").replace("64", "0x40"))
    assert main(["diff", str(guest), str(other)]) == 0
    other.write_text(GOOD.replace("64", "65"))
    assert main(["diff", str(guest), str(other)]) == 1
    assert capfd.readouterr().out == '- memory = "64"\n+ memory = "65"\n'


def test_get_set_and_unset(guest: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = str(guest)
    assert main(["set", path, "memory", "128"]) == 0
    assert main(["set", path, "name", "it's"]) == 0
    assert main(["set", path, "vif", "--list", "bridge=a", "bridge=b"]) == 0
    assert main(["set", path, "vsnd", "--value", '[["card"], []]']) == 0
    assert main(["unset", path, "type"]) == 0
    assert guest.read_text() == (
        'name = "it\'s"\nkernel = "/k"\nmemory = 128\nvif = ["bridge=a", "bridge=b"]\n'
        'vsnd = [["card"], []]\n'
    )
    assert main(["get", path, "vif"]) == 0
    assert main(["get", path, "memory"]) == 0
    assert main(["get", "--json", path, "vsnd"]) == 0
    assert capfd.readouterr().out == 'bridge=a\nbridge=b\n128\n[["card"], []]\n'
    assert main(["get", path, "type"]) == 1


def test_fill(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    template = tmp_path / "web.xl.in"
    template.write_text("name='@NAME@'\nkernel=@KERNEL@\nmemory=@MEMORY@\n")
    assert main(["fill", "--list", str(template)]) == 0
    assert capfd.readouterr().out == "@NAME@\n@KERNEL@\n@MEMORY@\n"
    output = tmp_path / "web.xl"
    given = ["NAME=web", "KERNEL=/k", "MEMORY=64"]
    assert main(["fill", str(template), "-o", str(output), *given]) == 0
    assert output.read_text() == "name='web'\nkernel=\"/k\"\nmemory=64\n"
    output.unlink()
    assert main(["fill", str(template), "-o", str(output), *given[1:]]) == 1
    assert not output.exists()
    assert "`@NAME@` has no value" in capfd.readouterr().err


def test_a_filled_template_has_to_stand_the_check(tmp_path: Path) -> None:
    template = tmp_path / "web.xl.in"
    template.write_text("name='@NAME@'\n")
    assert main(["fill", str(template), "NAME=web"]) == 1


def test_libvirt(guest: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    xml = str(tmp_path / "web.xml")
    guest.write_text(GOOD + "acpi = 1\n")
    assert main(["to-libvirt", str(guest), "-o", xml]) == 0
    assert main(["from-libvirt", xml]) == 0
    captured = capfd.readouterr()
    assert captured.err == f"{guest}: warning: `acpi` is left out or told in part\n"
    assert captured.out.startswith('name = "web"\n')


def test_standard_input_and_output() -> None:
    done = run("fmt", "-", data=b"name='caf\xe9'\n")
    assert (done.returncode, done.stdout) == (0, b'name = "caf\xe9"\n')
    done = run("check", "-", data=b"a=\n")
    assert done.returncode == 1
    assert done.stdout.startswith(b"<stdin>:1:3: error: ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bake"],
        ["check"],
        ["check", "--xen", "4.1", "x"],
        ["check", "--xen", "new", "x"],
        ["set", "{}", "Name", "x"],
        ["set", "{}", "name", "a", "b"],
        ["set", "{}", "name", "--value", "[1"],
        ["set", "{}", "name", "--value", "1;b=2"],
        ["fill", "{}", "NAME"],
        ["fill", "{}", "NAME=a", "NAME=b"],
    ],
)
def test_a_wrong_command_line(
    guest: Path, arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.format(guest) for argument in arguments]) == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert "error: " in error
    assert guest.read_text() == GOOD


def test_files_that_cannot_be_read_or_written(guest: Path, tmp_path: Path) -> None:
    assert main(["check", str(tmp_path / "none.xl")]) == 1
    assert main(["check", str(tmp_path)]) == 1
    assert main(["to-libvirt", str(guest), "-o", str(tmp_path / "no" / "x")]) == 1


def test_a_link_is_followed_and_stays(guest: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.xl"
    link.symlink_to(guest)
    assert main(["set", str(link), "memory", "65"]) == 0
    assert link.is_symlink()
    assert "memory = 65" in guest.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.xl", "web.xl"]


def test_a_reader_that_goes_away_is_no_failure_to_trace(guest: Path) -> None:
    guest.write_text(GOOD + "vif=[" + "'x=1'," * 900 + "]\n")
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "xlcfg", "check", str(guest)]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.stderr == b""


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    from xlcfg.cli.files import VERSION

    assert version("xlcfg") == VERSION
