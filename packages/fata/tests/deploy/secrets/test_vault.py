"""Secrets on a host: encrypted where they lie, counted, and never shown."""

from __future__ import annotations

import errno
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy.secrets.names import check_secret
from fata.deploy.secrets.vault import Entry, Vault
from functoria import UsageError, UserError

VALUE = b"postgres://u:hunter2@db/web\n\x00\xff"
WEB = ("website", "production")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


def put(vault: Vault, name: str, value: bytes = VALUE, by: str = "alice") -> int:
    return vault.set(*WEB, name, value, by=by, now=1700000000.5)


def test_a_secret_is_listed_without_its_value_and_counted(vault: Vault) -> None:
    assert vault.version(*WEB) == 0
    assert vault.list(*WEB) == ()
    assert put(vault, "database-url") == 1
    assert put(vault, "api-key", by="bob") == 2
    assert put(vault, "database-url", b"other", by="bob") == 3
    assert vault.list(*WEB) == (
        Entry("api-key", 2, 1700000000, "bob"),
        Entry("database-url", 3, 1700000000, "bob"),
    )
    assert vault.remove(*WEB, "api-key") == 4
    assert [entry.name for entry in vault.list(*WEB)] == ["database-url"]
    assert vault.version(*WEB) == 4
    assert vault.version("website", "staging") == 0


def test_what_lies_on_the_disk_says_nothing(vault: Vault, tmp_path: Path) -> None:
    put(vault, "database-url")
    encrypted = tmp_path / "secrets" / "website" / "production.age"
    assert encrypted.read_bytes().startswith(b"age-encryption.org/v1")
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert file.stat().st_mode & 0o077 == 0, file
            assert b"hunter2" not in file.read_bytes()
            assert b"database-url" not in file.read_bytes()
    for directory in ("secrets", "secrets/website", "keys"):
        assert (tmp_path / directory).stat().st_mode & 0o077 == 0
    identity = tmp_path / "keys" / "identity.age"
    words = ["age", "--decrypt", "--identity", str(identity), str(encrypted)]
    assert b'"version":1' in subprocess.run(words, capture_output=True, check=True).stdout


def test_the_value_is_in_no_argument(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(vault, "database-url")
    spy = tmp_path / "bin" / "age"
    spy.parent.mkdir()
    seen = tmp_path / "seen"
    spy.write_text(f'#!/bin/sh\necho "$@" >>{seen}\nenv >>{seen}\nexec /usr/bin/age "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}:{os.environ['PATH']}")
    put(vault, "api-key")
    assert "--encrypt" in seen.read_text()
    assert "hunter2" not in seen.read_text()


def test_many_at_once_lose_nothing(vault: Vault) -> None:
    names = [f"key-{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(lambda name: put(vault, name), names))
    assert sorted(versions) == list(range(1, 9))
    assert [entry.name for entry in vault.list(*WEB)] == names


def test_a_missing_secret_is_refused_before_anything_starts(vault: Vault) -> None:
    put(vault, "api-key")
    with pytest.raises(UserError, match="needs the secret `database-url`") as caught:
        vault.disk(*WEB, ("api-key", "database-url"))
    assert caught.value.do.startswith("set it with `fata secrets set database-url --app website")


def test_what_cannot_be_removed(vault: Vault) -> None:
    with pytest.raises(UserError, match="no secret `api-key`") as caught:
        vault.remove(*WEB, "api-key")
    assert caught.value.do == "it has none at all"
    put(vault, "database-url")
    with pytest.raises(UserError, match="no secret") as caught:
        vault.remove(*WEB, "api-key")
    assert caught.value.do == "its secrets are `database-url`"


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_file_is_said_and_left_alone(
    vault: Vault, tmp_path: Path, damage: bytes | None
) -> None:
    put(vault, "database-url")
    file = tmp_path / "secrets" / "website" / "production.age"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    changed = bytes(content) if damage is None else damage
    file.write_bytes(changed)
    for look in (vault.list, vault.version):
        with pytest.raises(UserError, match="cannot be decrypted") as caught:
            look(*WEB)
        assert "hunter2" not in str(caught.value)
    with pytest.raises(UserError, match="cannot be decrypted"):
        put(vault, "api-key")
    assert file.read_bytes() == changed


def test_a_file_that_another_wrote_for_us(vault: Vault, tmp_path: Path) -> None:
    put(vault, "database-url")
    file = tmp_path / "secrets" / "website" / "production.age"
    identity = tmp_path / "keys" / "identity.age"
    public = subprocess.run(
        ["age-keygen", "-y", str(identity)], capture_output=True, check=True
    ).stdout.strip()
    words = ["age", "-r", public.decode(), "-o", str(file)]
    subprocess.run(words, input=b'{"version": "hunter2"}', check=True)
    with pytest.raises(UserError, match="the secrets are damaged") as caught:
        vault.list(*WEB)
    assert "hunter2" not in str(caught.value)


def test_a_disk_that_refuses_leaves_what_was(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(vault, "database-url")

    def refuse(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", refuse)
        with pytest.raises(UserError, match="cannot be changed: no space left on device"):
            put(vault, "api-key")
        with pytest.raises(UserError, match="identity cannot be used: no space left"):
            put(Vault(tmp_path / "other"), "api-key")
    assert [entry.name for entry in vault.list(*WEB)] == ["database-url"]
    assert sorted(path.name for path in (tmp_path / "secrets" / "website").iterdir()) == [
        "production.age",
        "production.lock",
    ]
    assert put(Vault(tmp_path / "other"), "api-key") == 1


def test_another_identity(vault: Vault, tmp_path: Path) -> None:
    put(vault, "database-url")
    identity = tmp_path / "keys" / "identity.age"
    identity.unlink()
    with pytest.raises(UserError, match="cannot be decrypted") as caught:
        vault.list(*WEB)
    assert str(identity) in caught.value.do
    identity.write_text("nonsense")
    with pytest.raises(UserError, match="does not say its public key"):
        Vault(tmp_path).set("other", "production", "a", b"b", by="x", now=0)


@pytest.mark.parametrize(
    ("app", "environment"),
    [("../x", "production"), ("website", ".."), ("", "production"), ("Web", "a"), ("w", "a/b")],
)
def test_places_that_are_none(vault: Vault, app: str, environment: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        vault.set(app, environment, "name", b"value", by="alice", now=0)


@given(st.text())
def test_names_of_secrets_are_names_of_files(name: str) -> None:
    try:
        check_secret(name)
    except UsageError:
        return
    assert name == Path(name).name
    assert not name.startswith(".")


@pytest.mark.parametrize("value", [b"", bytes((1 << 20) + 1)])
def test_values_that_are_none(vault: Vault, value: bytes) -> None:
    with pytest.raises(UsageError, match="the value of `name`"):
        put(vault, "name", value)


def test_there_is_an_end(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fata.deploy.secrets.vault.MOST", 1)
    put(vault, "one")
    assert put(vault, "one", b"again") == 2
    with pytest.raises(UserError, match="has 1 secrets in `production` already"):
        put(vault, "two")


def test_a_host_without_age(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UserError, match="`age-keygen` is not installed on the host") as caught:
        put(vault, "database-url")
    assert "apt install age" in caught.value.do
