"""Records that a disk has damaged: what runs goes on, and what is known of it comes back."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fata.deploy import changes
from fata.deploy.drivers.driver import State
from fata.deploy.host import Host
from fata.deploy.records.database import BACKUP, FILE
from fata.deploy.records.restore import Restored, are_damaged, are_whole, restore
from fata.deploy.repair import Repairer
from fata.deploy.stages import Stage
from fata.deploy.supervise import supervise
from functoria.error import UserError

from .stub import deployment, image, served, stub_host


def flip(path: Path) -> None:
    """Change bytes in the middle of every page but the first."""
    content = bytearray(path.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 100)


def one_letter(path: Path) -> None:
    """Change what SQLite does not look at: a text in a row."""
    content = path.read_bytes()
    assert b'"program":' in content
    path.write_bytes(content.replace(b'"program":', b'"program";'))


DAMAGES = [flip, truncate, overwrite, one_letter]


def running(host: Host) -> list[str]:
    return [one.name for one in host.driver.list() if one.state is State.RUNNING]


def reopened(host: Host) -> Host:
    """The same host, as another process sees it."""
    return replace(stub_host(host.root), driver=host.driver)


@pytest.mark.parametrize("damage", DAMAGES)
def test_pain_1_the_last_copy_of_damaged_records_is_used(
    host: Host, said: list[str], damage: Callable[[Path], None]
) -> None:
    """The records are backed up, and what they do not know is not destroyed."""
    changes.deploy(host, deployment(image(host, b"1"), text="one"), "ann", said.append)
    changes.deploy(host, deployment(image(host, b"2"), text="two"), "ann", said.append)
    host.records.close()
    damage(host.root / FILE)
    assert are_damaged(host.root)
    assert restore(host.root) is Restored.COPY
    assert restore(host.root) is None
    again = reopened(host)
    Repairer(again, said.append).run()
    assert running(again) == ["hello.production.g2"]
    assert [one.stage for one in again.records.generations()] == [Stage.RETIRED, Stage.LIVE]
    assert served(again) == "two"
    again.records.close()


def test_records_without_a_copy_begin_anew_and_nothing_that_runs_is_killed(
    host: Host, said: list[str]
) -> None:
    changes.deploy(host, deployment(image(host, b"1"), text="one"), "ann", said.append)
    host.records.close()
    overwrite(host.root / FILE)
    (host.root / BACKUP).unlink()
    assert restore(host.root) is Restored.ANEW
    assert not are_whole(host.root)
    again = reopened(host)
    repairer = Repairer(again, said.append)
    repairer.run()
    assert again.records.generations() == ()
    assert running(again) == ["hello.production.g1"]
    assert served(again) == "one", "its port leads to it as before"
    # The next deployment replaces it, as if it were known.
    changes.deploy(again, deployment(image(again, b"2"), text="two"), "ann", said.append)
    repairer.run()
    assert served(again) == "two"
    assert running(again) == ["hello.production.g2"]
    again.records.close()


def test_a_release_that_fails_leaves_one_that_the_records_do_not_know(
    host: Host, said: list[str]
) -> None:
    changes.deploy(host, deployment(image(host, b"1"), text="one"), "ann", said.append)
    host.records.close()
    overwrite(host.root / FILE)
    (host.root / BACKUP).unlink()
    restore(host.root)
    again = reopened(host)
    with pytest.raises(UserError, match="g2 ended before it was healthy"):
        changes.deploy(again, deployment(image(again, b"2"), "crash"), "ann", said.append)
    assert served(again) == "one"
    again.records.close()


@pytest.mark.parametrize("volume", [False, True])
def test_pain_11_what_is_newer_than_the_copy_goes_on_alone(
    host: Host, said: list[str], volume: bool
) -> None:
    """Two must not run that own one volume, whatever the records say."""
    first = deployment(image(host, b"1", volume=volume), text="one")
    changes.deploy(host, first, "ann", said.append)
    older = (host.root / BACKUP).read_bytes()
    changes.deploy(
        host, deployment(image(host, b"2", volume=volume), text="two"), "ann", said.append
    )
    host.records.close()
    overwrite(host.root / FILE)
    (host.root / BACKUP).write_bytes(older)
    assert restore(host.root) is Restored.COPY
    again = reopened(host)
    # Whoever had the lease when the copy was made is over by now; here that is this process.
    again.records.database.execute("DELETE FROM leases")
    repairer = Repairer(again, said.append)
    repairer.run()
    repairer.run()
    assert running(again) == ["hello.production.g2"]
    assert served(again) == "two"
    third = deployment(image(again, b"3", volume=volume), text="three")
    done = changes.deploy(again, third, "ann", said.append)
    assert done is not None
    assert done.number == 3
    repairer.run()
    assert running(again) == ["hello.production.g3"]
    assert served(again) == "three"
    again.records.close()


def test_a_copy_that_is_damaged_too_is_not_used(host: Host, said: list[str]) -> None:
    changes.deploy(host, deployment(image(host)), "ann", said.append)
    host.records.close()
    for name in (FILE, BACKUP):
        overwrite(host.root / name)
    assert restore(host.root) is Restored.ANEW


def test_records_of_a_newer_fata_are_left_alone(tmp_path: Path) -> None:
    """They are refused with what to do, and not taken for damaged."""
    stub_host(tmp_path).records.close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 9")
    connection.execute("ALTER TABLE services RENAME TO things")
    connection.commit()
    connection.close()
    assert restore(tmp_path) is None
    with pytest.raises(UserError, match="of a newer fata: version 9") as caught:
        stub_host(tmp_path)
    assert "update the fata that you run" in str(caught.value.do)


def test_a_supervisor_notices_damage_while_it_runs(
    host: Host, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fata.deploy.supervise._LOOK_TURNS", 1)
    monkeypatch.setattr("fata.deploy.supervise.PAUSE", 0.1)
    changes.deploy(host, deployment(image(host), text="one"), "ann", said.append)
    host.records.close()
    end = threading.Event()
    done = threading.Thread(
        target=supervise, args=(host.root, stub_host, said.append, end.is_set), daemon=True
    )
    done.start()
    wait((host.root / "supervisor.lock").exists)
    time.sleep(0.5)
    for name in (FILE, f"{FILE}-wal"):  # what is in the log would mend the rest
        overwrite(host.root / name)
    wait(lambda: str(Restored.COPY) in said)
    end.set()
    done.join(30)
    again = reopened(host)
    assert [one.stage for one in again.records.generations()] == [Stage.LIVE]
    assert running(again) == ["hello.production.g1"]
    again.records.close()


def test_a_supervisor_that_cannot_begin_tries_again(
    host: Host, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says why, once, and begins as soon as it can."""
    monkeypatch.setattr("fata.deploy.supervise.PAUSE", 0.02)
    changes.deploy(host, deployment(image(host), text="one"), "ann", said.append)
    host.records.close()
    overwrite(host.root / FILE)
    tries = []

    def opened(root: Path) -> Host:
        tries.append(root)
        if len(tries) < 5:
            raise UserError("there is no bridge", "fata0", "make it")
        return stub_host(root)

    supervise(host.root, opened, said.append, lambda: len(tries) == 5)
    assert sum("there is no bridge" in line for line in said) == 1
    assert said.index(str(Restored.COPY)) < said.index("there is no bridge (at fata0); make it")


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
