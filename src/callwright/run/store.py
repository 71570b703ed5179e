"""A store: where the records of runs are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from callwright._json import JsonObject, decode, encode
from callwright.errors import RunConflictError, StoreError
from callwright.run.records import Record, decoded, encoded

__all__ = ["MemoryStore", "Store", "check_place"]


class Store(Protocol):
    """Keeps logs of records, one per run."""

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        """Keep a record at position `seq` of a run's log; it is kept when this returns.

        When cancelled, it has kept the record and returns, or has not and raises the cancellation.

        Args:
            run_id: The run.
            seq: The position, from 0; always the log's length.
            record: The record.

        Raises:
            RunConflictError: The position is taken: another process went on with the run.
            StoreError: The record could not be kept.
        """
        ...

    async def load(self, run_id: str) -> Sequence[Record]:
        """Return a run's log; empty if there is no such run.

        Raises:
            StoreError: The log cannot be read.
        """
        ...

    async def runs(self) -> Sequence[str]:
        """Return the ids of all runs, in no certain order."""
        ...

    async def delete(self, run_id: str) -> None:
        """Forget a run; nothing happens if there is no such run."""
        ...


class MemoryStore:
    """Keeps runs as JSON in this process; they end with it."""

    __slots__ = ("_logs",)

    def __init__(self) -> None:
        self._logs: dict[str, list[bytes]] = {}

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        """See `Store.append`."""
        log = self._logs.get(run_id, [])
        check_place(run_id, seq, length=len(log))
        log.append(encode(encoded(record)))
        self._logs[run_id] = log

    async def load(self, run_id: str) -> Sequence[Record]:
        """See `Store.load`."""
        return [decoded(_object(line)) for line in self._logs.get(run_id, ())]

    async def runs(self) -> Sequence[str]:
        """See `Store.runs`."""
        return list(self._logs)

    async def delete(self, run_id: str) -> None:
        """See `Store.delete`."""
        self._logs.pop(run_id, None)


def check_place(run_id: str, seq: int, *, length: int) -> None:
    """Do nothing if `seq` is the next position of a log with `length` records.

    Raises:
        RunConflictError: The position is taken: another process went on with the run.
        StoreError: It would leave a gap.
    """
    if seq < length:
        raise RunConflictError(f"run {run_id!r}: record {seq} is there already; another process went on with it")
    if seq > length:
        raise StoreError(f"run {run_id!r}: expected record {length}; got {seq}")


def _object(line: bytes) -> JsonObject:
    try:
        value = decode(line)
    except ValueError as error:
        raise StoreError(f"a stored record cannot be read: {error}") from error
    if not isinstance(value, dict):  # pragma: no cover - a record encodes to an object
        raise StoreError(f"a stored record is an object; got {type(value).__name__}")
    return value
