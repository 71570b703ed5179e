"""The store in a file: runs that outlast the process, in one SQLite database."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright._json import decode, encode
from callwright.errors import ParameterError, StoreError
from callwright.run.database import Database, damaged
from callwright.run.records import (
    Answered,
    CallDecided,
    CallId,
    CallReturned,
    CallStarted,
    Compacted,
    Failed,
    Record,
    Voted,
    decoded,
    encoded,
)
from callwright.run.summary import RunSummary
from callwright.run.worker import Worker

__all__ = ["SQLiteStore"]

_FACTS = (Answered, Voted, Failed, CallReturned, CallDecided, Compacted)
"""Records of what was paid for, done or said by a person before they are written: they cannot be made again for
nothing."""


class SQLiteStore:
    """Keeps runs in a file, for as many threads, event loops and processes of a machine as like.

    A record is kept when `append` returns, whatever then kills the process. On the disk, where a power failure does not
    reach it, is by then what could not be had again for nothing: answers, results and decisions, and before a tool that
    does something is run, that it is. The rest follows with the next of those; without it a run goes on as if it had
    died a moment earlier.

    The file is opened when it is first used, closed after half a minute of nothing to do, at the end of the process,
    around a fork, and by `close`; then it is one file. While it is open, two more are beside it (`-wal`, `-shm`); the
    empty `-lock` stays. It has to be on a local disk.

    Args:
        path: Of the file; made if it is not there, in a folder that is.
        timeout: How long to wait for other processes that write, in seconds, > 0.
        clock: Tells when a record is kept.

    Raises:
        ParameterError: The path is `:memory:` or empty, or the timeout is not above 0.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 10.0, clock: Clock = SYSTEM_CLOCK) -> None:
        name = os.fspath(path)
        if not name or name == ":memory:":
            raise ParameterError(
                f"path: expected that of a file; got {name!r}: what ends with the process is MemoryStore"
            )
        if not timeout > 0:
            raise ParameterError(f"timeout: expected seconds > 0; got {timeout!r}")
        # Relative to where the program stood; and one file has one lock, by whatever link it is reached.
        self._path = os.path.realpath(name)
        self._clock = clock
        self._reading: set[CallId] = set()
        self._worker = Worker(self._path, timeout=timeout)

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        """See `Store.append`."""
        _check_text(run_id)
        body, at = encode(encoded(record)), float(self._clock.wall())

        def write(database: Database) -> None:
            database.append(run_id, seq, record, body=body, at=at)

        is_certain = isinstance(record, _FACTS)
        await self._worker.write(write, is_lasting=self._is_lasting(record), is_certain=is_certain)

    async def load(self, run_id: str) -> Sequence[Record]:
        """See `Store.load`."""
        _check_text(run_id)

        def read(database: Database) -> list[Record]:
            return [_record(run_id, seq, body) for seq, (_, body) in enumerate(database.rows(run_id))]

        return await self._worker.read(read)

    async def runs(self) -> Sequence[str]:
        """See `Store.runs`."""
        return [summary.run_id for summary in await self.summaries()]

    async def delete(self, run_id: str) -> None:
        """See `Store.delete`; what the run held is overwritten in the file."""
        _check_text(run_id)
        await self._worker.write(lambda database: database.delete(run_id), is_lasting=True)

    async def summaries(self) -> Sequence[RunSummary]:
        """Return what is to be known of each run without reading its log, the one with the newest record first.

        Raises:
            StoreError: The file cannot be read.
        """
        return await self._worker.read(Database.summaries)

    async def times(self, run_id: str) -> Sequence[float]:
        """Return when each record of a run was kept, in seconds since 1970-01-01 UTC; empty if there is no such run.

        Raises:
            StoreError: The file cannot be read.
        """
        _check_text(run_id)
        return await self._worker.read(lambda database: [at for at, _ in database.rows(run_id)])

    def close(self) -> None:
        """Close the file, and wait for that; a store that is used again opens it again."""
        self._worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SQLiteStore({self._path!r})"

    def _is_lasting(self, record: Record) -> bool:
        """Return whether a record must be on the disk before anything else is done.

        An idempotent tool does something too: if its start were lost, and with it the answer that asked for it, another
        answer could take its place, and its call the same id. What only reads is run again for nothing, as is its
        result.
        """
        match record:
            case CallStarted(call, "read"):
                self._reading.add(call)
                return False
            case CallReturned(call) if call in self._reading:
                self._reading.discard(call)
                return False
            case _:
                return isinstance(record, (CallStarted, *_FACTS))


def _check_text(run_id: str) -> None:
    try:
        run_id.encode()
    except UnicodeEncodeError as error:
        raise StoreError(f"run id {run_id!r}: expected text; got half of a character") from error


def _record(run_id: str, seq: int, body: bytes) -> Record:
    """Return a record as it was kept.

    Raises:
        StoreError: It cannot be read.
    """
    try:
        raw = decode(body)
        if not isinstance(raw, dict):
            raise damaged(run_id, seq, "it is no object")
        return decoded(raw)
    except (StoreError, ValueError) as error:
        raise StoreError(f"run {run_id!r}, record {seq}: {error}") from error
