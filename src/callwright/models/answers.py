"""Answers: where a cache keeps them, in memory or in a file."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from callwright._threads import run_in_thread
from callwright.errors import ParameterError, StoreError

__all__ = ["Answers", "MemoryAnswers", "SQLiteAnswers"]

T = TypeVar("T")

_BUSY = 10.0
"""Seconds that a process waits for another one to be done with the file."""
_PRIVATE = 0o600


class Answers(Protocol):
    """Keeps answers by the digests of their requests. Used from any event loop and thread."""

    async def get(self, key: str) -> bytes | None:
        """Return what is kept under `key`; None if nothing is.

        Raises:
            StoreError: It cannot be read.
        """
        ...

    async def put(self, key: str, answer: bytes) -> None:
        """Keep an answer, in place of an older one.

        Raises:
            StoreError: It cannot be kept.
        """
        ...


class MemoryAnswers:
    """Keeps the answers that were used last, in this process.

    Args:
        most: How many, >= 1.

    Raises:
        ParameterError: `most` is below 1.
    """

    __slots__ = ("_kept", "_lock", "_most")

    def __init__(self, most: int = 1000) -> None:
        if most < 1:
            raise ParameterError(f"MemoryAnswers: expected most >= 1; got {most!r}")
        self._most = most
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    async def get(self, key: str) -> bytes | None:
        """See `Answers.get`."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    async def put(self, key: str, answer: bytes) -> None:
        """See `Answers.put`."""
        with self._lock:
            self._kept[key] = answer
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def __repr__(self) -> str:
        return f"MemoryAnswers({len(self._kept)} of {self._most})"


class SQLiteAnswers:
    """Keeps answers in an SQLite file, which any number of processes may share. Nothing is ever thrown away.

    The file holds what was said in the clear; only its owner can read it.

    Args:
        path: Made if it is not there; its folder must be.

    Raises:
        ParameterError: `path` is `:memory:`, for which there is `MemoryAnswers`.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if str(path) == ":memory:":
            raise ParameterError("SQLiteAnswers: expected a file; MemoryAnswers keeps answers in memory")
        self._path = Path(path)

    async def get(self, key: str) -> bytes | None:
        """See `Answers.get`."""
        row = await self._run(lambda file: file.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone())
        return None if row is None else bytes(row[0])

    async def put(self, key: str, answer: bytes) -> None:
        """See `Answers.put`."""
        await self._run(lambda file: file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer)))

    async def clear(self) -> None:
        """Forget all answers.

        Raises:
            StoreError: The file cannot be written.
        """
        await self._run(lambda file: file.execute("DELETE FROM answers"))

    async def _run(self, act: Callable[[sqlite3.Connection], T]) -> T:
        return await run_in_thread(partial(self._acted, act))

    def _acted(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `act` gives on a connection of its own, which no thread and no fork can share."""
        try:
            if not self._path.exists():
                os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, _PRIVATE))
            with closing(sqlite3.connect(self._path, timeout=_BUSY)) as file, file:
                file.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer BLOB) WITHOUT ROWID")
                return act(file)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the answers in {self._path} cannot be used: {error}") from error

    def __repr__(self) -> str:
        return f"SQLiteAnswers({str(self._path)!r})"
