"""The records' file: SQLite with a write-ahead log, one transaction for each change."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from functoria.error import UserError

FILE = "records.sqlite"
BACKUP = "records.backup.sqlite"
VERSION = 1
BUSY_SECONDS = 30.0

_TABLES = """
CREATE TABLE services (
    app TEXT NOT NULL, environment TEXT NOT NULL, wanted TEXT NOT NULL,
    PRIMARY KEY (app, environment)
) STRICT;
CREATE TABLE generations (
    app TEXT NOT NULL, environment TEXT NOT NULL, number INTEGER NOT NULL,
    stage TEXT NOT NULL, slot TEXT NOT NULL, driver TEXT NOT NULL, release TEXT NOT NULL,
    author TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL, reason TEXT NOT NULL,
    restarts INTEGER NOT NULL, healthy INTEGER, said TEXT NOT NULL, probed REAL,
    PRIMARY KEY (app, environment, number)
) STRICT;
CREATE TABLE addresses (
    app TEXT NOT NULL, environment TEXT NOT NULL, nic TEXT NOT NULL, slot TEXT NOT NULL,
    address TEXT NOT NULL UNIQUE,
    PRIMARY KEY (app, environment, nic, slot)
) STRICT;
CREATE TABLE leases (
    app TEXT NOT NULL, environment TEXT NOT NULL, token TEXT NOT NULL,
    pid INTEGER NOT NULL, start INTEGER NOT NULL, boot TEXT NOT NULL,
    owner TEXT NOT NULL, purpose TEXT NOT NULL, since REAL NOT NULL, renewed REAL NOT NULL,
    PRIMARY KEY (app, environment)
) STRICT;
CREATE TABLE events (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, app TEXT NOT NULL, environment TEXT NOT NULL,
    generation INTEGER, what TEXT NOT NULL
) STRICT;
CREATE TABLE samples (
    at REAL NOT NULL, app TEXT NOT NULL, environment TEXT NOT NULL, generation INTEGER NOT NULL,
    cpu REAL NOT NULL, memory INTEGER NOT NULL, received INTEGER, sent INTEGER, read INTEGER,
    written INTEGER, PRIMARY KEY (app, environment, at)
) STRICT;
"""


class Database:
    """`Database(root)` is the file `records.sqlite` there, made where it is missing.

    Raises `UserError`: where it cannot be read or written, and where a newer fata wrote it.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / FILE
        with self._explained():
            self._connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None
            )
            # Nobody but its owner reads it; the log and its index are made with the same mode.
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(0o600)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._prepare()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """`rows(query, *values)` is what the query finds."""
        with self._explained():
            return self._connection.execute(query, values).fetchall()

    def execute(self, statement: str, *values: object) -> int:
        """`execute(statement, *values)` is how many rows the statement has changed."""
        with self._explained():
            return self._connection.execute(statement, values).rowcount

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block is written, on the disk when it ends, or nothing of it."""
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with self._explained():
                self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def back_up(self) -> None:
        """Copy the whole beside it, for the case that a disk damages the file.

        What one who was killed has left of a copy goes.
        """
        temporary = self.path.with_name(f".{BACKUP}.new")
        with self._explained(), _locked(self.path.parent):
            for left in sorted(self.path.parent.glob(f".{BACKUP}.*")):
                left.unlink(missing_ok=True)
            try:
                with contextlib.closing(sqlite3.connect(temporary)) as copy:
                    temporary.chmod(0o600)
                    copy.execute("PRAGMA journal_mode = OFF")
                    self._connection.backup(copy)
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
                temporary.replace(self.path.with_name(BACKUP))
            finally:
                temporary.unlink(missing_ok=True)

    def _prepare(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise UserError(
                f"the host's records are of a newer fata: version {version}, and this one reads "
                f"{VERSION}",
                str(self.path),
                "update the fata that you run, or use that of whoever deployed here last",
            )
        if version == VERSION:
            return
        with self.transaction():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                for statement in filter(str.strip, _TABLES.split(";")):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UserError(
                f"the host's records cannot be used: {reason}",
                str(self.path),
                "make room on the host's disk, and see that the agent may write there; where the "
                "file is damaged, the supervisor takes its last copy: try again in a minute",
            ) from None


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Within this context nobody else copies the records there."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
