"""A database: one SQLite file of runs, as the one thread that has it open reads and writes it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from decimal import Decimal
from hashlib import blake2b
from typing import Final, cast

from callwright.errors import StoreError
from callwright.run.filelock import FileLock
from callwright.run.records import Record
from callwright.run.store import check_place
from callwright.run.summary import RunStatus, RunSummary

__all__ = ["Database", "damaged"]

_APPLICATION = 0x63777274
"""SQLite's field for whose file it is: "cwrt"."""

_RECORDS = (
    "CREATE TABLE record (run TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, body BLOB NOT NULL, "
    "digest BLOB NOT NULL, PRIMARY KEY (run, seq))"
)
_RUNS = (
    "CREATE TABLE run (id TEXT NOT NULL PRIMARY KEY, begun REAL NOT NULL, updated REAL NOT NULL, "
    "status TEXT NOT NULL, records INTEGER NOT NULL, waiting INTEGER NOT NULL, steps INTEGER NOT NULL, "
    "requests INTEGER NOT NULL, tokens INTEGER NOT NULL, cost TEXT, parent TEXT, digest BLOB NOT NULL)"
)
_MIGRATIONS: Final = ((_RECORDS, _RUNS, "CREATE TABLE tally (runs INTEGER NOT NULL)", "INSERT INTO tally VALUES (0)"),)
"""What makes a file of version n + 1 out of one of version n, by n; 0 is an empty file."""

_SUMMARY = "id, begun, updated, status, records, waiting, steps, requests, tokens, cost, parent"

_UPDATE = (
    "UPDATE run SET id = ?, begun = ?, updated = ?, status = ?, records = ?, waiting = ?, steps = ?, requests = ?, "
    "tokens = ?, cost = ?, parent = ?, digest = ? WHERE id = ?"
)

_SETTINGS = (
    # A cell that lies about its size is found before it is read.
    "cell_size_check = ON",
    # What was deleted is overwritten.
    "secure_delete = ON",
    "trusted_schema = OFF",
    # On macOS alone, where an ordinary fsync leaves the bytes in the drive.
    "fullfsync = ON",
    "checkpoint_fullfsync = ON",
)


class Database:
    """An open file. All of it is for one thread.

    SQLite before 3.51.3 can damage a file whose log is started anew by one connection while another writes. Hence
    whatever writes or checkpoints (opening and closing do) holds the lock of a file beside it.
    Source: https://sqlite.org/wal.html#walresetbug

    Args:
        path: Made if it is not there.
        timeout: How long to wait for others that write, in seconds.

    Raises:
        StoreError: It is no file of ours, of a newer version, damaged, or locked.
        OSError: It cannot be opened.
        sqlite3.Error: Likewise.
    """

    __slots__ = ("_identity", "_lock", "_path", "_sqlite", "_timeout")

    def __init__(self, path: str, *, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._lock = FileLock(f"{path}-lock")
        try:
            self._sqlite = sqlite3.connect(path, timeout=timeout, isolation_level=None)
            try:
                with self.locked():
                    self._prepare()
            except BaseException:
                self._sqlite.close()
                raise
            self._identity = _identity(path)
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Put all into the one file, and close it."""
        try:
            # Without the lock it is closed all the same, and the next one to open it tidies up.
            with suppress(StoreError), self.locked():
                self._sqlite.close()
        finally:
            self._sqlite.close()
            self._lock.close()

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still the one that its path names: what is written to a deleted one is lost."""
        try:
            return _identity(self._path) == self._identity
        except OSError:
            return False

    @contextmanager
    def locked(self) -> Generator[None, None, None]:
        """Keep all others from writing.

        Raises:
            StoreError: They have been writing for too long.
            OSError: The file system has no locks.
        """
        if not self._lock.acquire(self._timeout):
            raise StoreError(f"others have been writing to it for {self._timeout:g} s; is one of them stopped?")
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def writing(self, *, lasting: bool) -> Generator[None, None, None]:
        """Write all of the block or nothing; inside `locked`.

        Args:
            lasting: Whether it is to be on the disk, and all that was written before, when the block has ended: it
                outlasts a power failure then. Without it, it outlasts only the end of the process.

        Raises:
            sqlite3.Error: Nothing was written.
        """
        self._sqlite.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
        self._sqlite.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._sqlite.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    @contextmanager
    def reading(self) -> Generator[None, None, None]:
        """See one state of the file in the whole block, whatever others write meanwhile."""
        self._sqlite.execute("BEGIN")
        try:
            yield
        finally:
            self._roll_back()

    def append(self, run_id: str, seq: int, record: Record, *, body: bytes, at: float) -> None:
        """Write a record.

        Args:
            run_id: The run.
            seq: The record's position in its log.
            record: What is counted in the summary.
            body: What is kept.
            at: Now, in seconds since 1970-01-01 UTC.

        Raises:
            StoreError: The position is not the next one, or the file is damaged.
            sqlite3.Error: It could not be written.
        """
        known = self._summary(run_id)
        check_place(run_id, seq, length=0 if known is None else known.records)
        row = (run_id, seq, at, body, _digest(run_id, seq, at, body))
        try:
            self._sqlite.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise damaged(run_id, seq, "it is there, and the run does not know of it") from None
        if known is None:
            known = RunSummary(run_id, at, at)
            self._sqlite.execute("UPDATE tally SET runs = runs + 1")
        self._keep_summary(known.after(record, at), is_new=seq == 0)

    def rows(self, run_id: str) -> list[tuple[float, bytes]]:
        """Return when each record of a run was kept, and what; empty if there is no such run.

        Raises:
            StoreError: The file is damaged.
            sqlite3.Error: It cannot be read.
        """
        known = self._summary(run_id)
        found: list[tuple[float, bytes]] = []
        rows = self._sqlite.execute("SELECT seq, at, body, digest FROM record WHERE run = ? ORDER BY seq", (run_id,))
        for seq, at, body, digest in rows:
            if seq != len(found):
                raise damaged(run_id, len(found), "it is missing")
            if not isinstance(body, bytes) or not isinstance(at, float) or digest != _digest(run_id, seq, at, body):
                raise damaged(run_id, seq, "its checksum does not fit")
            found.append((at, body))
        if len(found) != (0 if known is None else known.records):
            raise damaged(run_id, len(found), f"the run has {known.records if known is not None else 0} records")
        return found

    def summaries(self) -> list[RunSummary]:
        """Return the summaries of all runs, the one with the newest record first.

        Raises:
            StoreError: The file is damaged.
            sqlite3.Error: It cannot be read.
        """
        rows = self._sqlite.execute(f"SELECT {_SUMMARY}, digest FROM run")  # noqa: S608 - our own names
        found = [_summary_of(row) for row in rows]
        tally = self._sqlite.execute("SELECT runs FROM tally").fetchall()
        if tally != [(len(found),)]:
            raise StoreError(f"the file is damaged: {len(found)} runs are found where there should be {tally}")
        return sorted(found, key=lambda summary: summary.updated, reverse=True)

    def delete(self, run_id: str) -> None:
        """Forget a run; nothing happens if there is no such run.

        Raises:
            sqlite3.Error: It could not be written.
        """
        self._sqlite.execute("DELETE FROM record WHERE run = ?", (run_id,))
        gone = self._sqlite.execute("DELETE FROM run WHERE id = ?", (run_id,)).rowcount
        if gone:
            self._sqlite.execute("UPDATE tally SET runs = runs - ?", (gone,))

    def _roll_back(self) -> None:
        # SQLite has done it already where the disk is full or broken.
        with suppress(sqlite3.Error):
            if self._sqlite.in_transaction:
                self._sqlite.execute("ROLLBACK")

    def _prepare(self) -> None:
        """See whose file it is before anything is changed; then bring it to the newest version."""
        version, tables = self._number("user_version"), self._number_of_tables()
        is_new = version == 0 and tables == 0
        if not is_new and self._number("application_id") != _APPLICATION:
            raise StoreError("it is a database of another program; name another file")
        if version > len(_MIGRATIONS):
            known = f"this one knows versions up to {len(_MIGRATIONS)}"
            raise StoreError(f"it was written by a newer callwright, as version {version}; {known}")
        for setting in _SETTINGS:
            self._sqlite.execute(f"PRAGMA {setting}")
        if self._sqlite.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise StoreError("its file system takes no write-ahead log; keep it on a local disk")
        if version < len(_MIGRATIONS):
            self._migrate(version)
        self._check_tables()

    def _migrate(self, version: int) -> None:
        self._sqlite.execute("PRAGMA synchronous = FULL")
        self._sqlite.execute("BEGIN IMMEDIATE")
        try:
            for statement in (statement for step in _MIGRATIONS[version:] for statement in step):
                self._sqlite.execute(statement)
            self._sqlite.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._sqlite.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
            self._sqlite.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _check_tables(self) -> None:
        """Compare the tables with what made them: a flipped bit in a column's type changes what is found."""
        made = {text for step in _MIGRATIONS for text in step if text.startswith("CREATE")}
        found = {text for (text,) in self._sqlite.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        if made != found:
            raise StoreError("the file is damaged: its tables are not those of a store")

    def _number(self, field: str) -> int:
        (number,) = self._sqlite.execute(f"PRAGMA {field}").fetchone()
        return cast("int", number)

    def _number_of_tables(self) -> int:
        (number,) = self._sqlite.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return cast("int", number)

    def _summary(self, run_id: str) -> RunSummary | None:
        query = f"SELECT {_SUMMARY}, digest FROM run WHERE id = ?"  # noqa: S608 - our own names
        row = self._sqlite.execute(query, (run_id,)).fetchone()
        return None if row is None else _summary_of(row)

    def _keep_summary(self, summary: RunSummary, *, is_new: bool) -> None:
        row = _values(summary)
        digest = _summary_digest(row)
        if is_new:
            self._sqlite.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, digest))
        else:
            self._sqlite.execute(_UPDATE, (*row, digest, summary.run_id))


def damaged(run_id: str, seq: int, why: str) -> StoreError:
    """Return the error that says which record of which run is not what was written."""
    return StoreError(f"run {run_id!r}, record {seq}: the file is damaged: {why}")


def _identity(path: str) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116 - once per write
    return status.st_dev, status.st_ino


def _digest(run_id: str, seq: int, at: float, body: bytes) -> bytes:
    place = f"{len(run_id)}:{run_id}:{seq}:{at.hex()}:".encode()
    return blake2b(place + body, digest_size=8).digest()


def _values(summary: RunSummary) -> tuple[object, ...]:
    """Return a summary as its row, without the digest."""
    cost = None if summary.cost is None else str(summary.cost)
    counts = (summary.records, summary.waiting, summary.steps, summary.requests, summary.tokens)
    return (summary.run_id, summary.begun, summary.updated, summary.status, *counts, cost, summary.parent)


def _summary_digest(row: tuple[object, ...]) -> bytes:
    return blake2b(repr(row).encode(), digest_size=8).digest()


def _summary_of(row: tuple[object, ...]) -> RunSummary:
    *values, cost, parent, digest = row
    if digest != _summary_digest(row[:-1]):
        raise StoreError(f"run {values[0]!r}: the file is damaged: its summary's checksum does not fit")
    known = cast("tuple[str, float, float, RunStatus]", tuple(values))
    return RunSummary(
        *known, cost=None if cost is None else Decimal(cast("str", cost)), parent=cast("str | None", parent)
    )
