"""Where what is in an image comes from: packages of the machine, and distributions of Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fata.build.debian import Package, owners
from fata.build.distributions import distributions, locked_hashes


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_binaries_are_of_packages(tmp_path: Path, cache: Path) -> None:
    own = tmp_path / "own"
    own.write_text("")
    ls = Path(shutil.which("ls") or "/bin/ls")
    found = owners([ls, own, ls, tmp_path / "none"])
    assert set(found) == {ls}
    package = found[ls]
    shown = ["dpkg-query", "--show", "--showformat=${Version} ${Architecture}", "coreutils"]
    version = subprocess.run(shown, capture_output=True, text=True, check=True).stdout.split()
    assert (package.name, package.version, package.architecture) == ("coreutils", *version)
    assert package.source == "coreutils"
    assert any((cache / "fata" / "debian").rglob("*"))
    assert owners([ls, own]) == found


def test_they_are_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ls = Path(shutil.which("ls") or "/bin/ls")
    first = owners([ls])

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(subprocess, "run", refuse)
    assert owners([ls]) == first


def test_a_machine_without_dpkg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert owners([Path(sys.executable)]) == {}


def test_names_as_package_urls() -> None:
    package = Package("libstdc++6", "1:12.2-14+deb12u1", "amd64", "gcc-12")
    assert package.purl.endswith("/libstdc%2B%2B6@1%3A12.2-14%2Bdeb12u1?arch=amd64")


def installed(environment: Path, name: str, metadata: str, *files: str) -> None:
    directory = environment / f"{name}.dist-info"
    directory.mkdir(parents=True)
    (directory / "METADATA").write_text(metadata)
    (directory / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))


def test_distributions_say_their_licences_in_three_ways(tmp_path: Path) -> None:
    installed(
        tmp_path,
        "typing_extensions-4.16",
        "Name: typing_extensions\nVersion: 4.16\nLicense-Expression: PSF-2.0\n"
        "License: ignored\n\nLicense: of the text\n",
        "typing_extensions.py",
    )
    installed(tmp_path, "b-1", "Name: B\nVersion: 1\nLicense: MIT\n", "b/__init__.py", '"b,c.py"')
    installed(
        tmp_path,
        "c-2",
        "Name: c\nVersion: 2\nLicense: A text\n of lines\n"
        "Classifier: License :: OSI Approved\n"
        "Classifier: License :: OSI Approved :: MIT License\n"
        "Classifier: Topic :: Internet\n",
    )
    installed(tmp_path, "d-3", "")
    (tmp_path / "e-4.dist-info").mkdir()
    b, c, d, e, typing_extensions = distributions(tmp_path)
    assert (e.name, e.version, e.files) == ("e", "4", frozenset())
    assert (typing_extensions.name, typing_extensions.expression) == (
        "typing-extensions",
        "PSF-2.0",
    )
    assert typing_extensions.licences == ()
    assert (b.name, b.licences, b.files) == ("b", ("MIT",), {"b/__init__.py", "b,c.py"})
    assert c.licences == ("MIT License",)
    assert (d.name, d.version, d.licences) == ("d", "3", ())
    assert distributions(None) == ()


def test_hashes_of_the_lock() -> None:
    pins = (
        f"Typing_Extensions==4.16 \\\n    --hash=sha256:{'b' * 64} \\\n"
        f"    --hash=sha256:{'a' * 64}\n    # via starlette\n"
        "own @ file:///x.whl\n"
    )
    assert locked_hashes(pins) == {"typing-extensions": ("a" * 64, "b" * 64)}
    assert locked_hashes("") == {}
