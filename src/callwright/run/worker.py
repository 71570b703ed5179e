"""A worker: the one thread of a process that has a store's file open, and what it is given to do."""

from __future__ import annotations

import atexit
import math
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar
from weakref import WeakSet

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from callwright._concurrency import call_soon
from callwright.errors import StoreError
from callwright.run.database import Database

__all__ = ["IDLE", "Worker"]

T = TypeVar("T")

IDLE = 30.0
"""After how many seconds without work the file is closed; the next piece of work opens it again."""


class Worker:
    """Does one thing after the other with a file, for any number of event loops and threads.

    What waits to be written while something else is, is written together afterwards: a hundred runs that each wait for
    the disk wait for it once.

    Args:
        path: Of the file.
        timeout: How long to wait for other processes that write, in seconds.
    """

    def __init__(self, path: str, *, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._changed = threading.Condition(threading.Lock())
        self._jobs: deque[_Job[Any]] = deque()
        self._thread: threading.Thread | None = None
        self._is_closing = False
        with _forking:
            _workers.add(self)

    async def read(self, work: Callable[[Database], T]) -> T:
        """Return what `work` returns when it sees one state of the file.

        Raises:
            StoreError: The file cannot be read.
        """
        job = _Job(work, is_writing=False)
        await self._done(job, is_certain=False)
        return job.result(self._path)

    async def write(
        self, work: Callable[[Database], None], *, is_lasting: bool = False, is_certain: bool = False
    ) -> None:
        """Have `work` write to the file; it is written when this returns.

        When cancelled before the work has begun, it is not done, and the cancellation is raised. After that its end is
        awaited; if it is written then, this returns all the same, so that the caller knows. Only where a task was
        cancelled by the event loop itself, not by a scope, the cancellation is raised also then: it comes only once.

        Args:
            work: All of it is written, or nothing.
            is_lasting: Whether it has to outlast a power failure.
            is_certain: Whether it is to be done even if the caller is cancelled.

        Raises:
            StoreError: Nothing was written.
        """
        job = _Job(work, is_writing=True, is_lasting=is_lasting)
        await self._done(job, is_certain=is_certain)
        job.result(self._path)

    def close(self) -> None:
        """Finish what waits, and close the file."""
        with self._changed:
            while self._thread is not None:
                self._is_closing = True
                self._changed.notify_all()
                self._changed.wait()

    async def _done(self, job: _Job[Any], *, is_certain: bool) -> None:
        await checkpoint_if_cancelled()
        self._give(job)
        try:
            await job.bell.wait()
        except anyio.get_cancelled_exc_class():
            # A scope says so again at the next wait. Asyncio's own cancellation is never said twice.
            is_repeated = anyio.current_effective_deadline() == -math.inf
            if not is_certain and self._take_back(job):
                raise
            if job.is_writing:
                await _outlast(job.bell)
            if job.error is not None or not (is_repeated and job.is_writing):
                raise

    def _give(self, job: _Job[Any]) -> None:
        with self._changed:
            self._jobs.append(job)
            if self._thread is None:
                self._start()
            self._changed.notify_all()

    def _start(self) -> None:
        self._is_closing = False
        self._thread = threading.Thread(target=self._live, name="callwright store", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            self._thread = None
            self._jobs.clear()
            raise StoreError(f"store {self._path!r}: {error}") from error

    def _take_back(self, job: _Job[Any]) -> bool:
        """Forget a job; return False if it has begun."""
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)
                return True
        return False

    # -- on the thread

    def _live(self) -> None:
        while True:
            self._serve()
            with self._changed:
                if not self._jobs:
                    self._thread = None
                    self._changed.notify_all()
                    return

    def _serve(self) -> None:
        """Do what there is to do until there is nothing for a while."""
        database: Database | None = None
        try:
            while self._has_work():
                database = self._worked(database)
        finally:
            _close(database)

    def _has_work(self) -> bool:
        """Wait for work; return False if none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._is_closing, timeout=IDLE)
            return bool(self._jobs)

    def _worked(self, database: Database | None) -> Database | None:
        """Do all that waits; return the file, or None if it has to be opened anew."""
        if database is not None and not database.is_in_place:
            _close(database)
            database = None
        try:
            database = database or Database(self._path, timeout=self._timeout)
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            for job in [*self._taken(is_writing=False), *self._taken(is_writing=True)]:
                job.end(error)
            return None
        reading = self._taken(is_writing=False)
        fine = [*(_read(database, job) for job in reading), self._write_all(database)]
        if all(fine):
            return database
        _close(database)
        return None

    def _write_all(self, database: Database) -> bool:
        """Write what waits to be written; return whether the file is fine."""
        with self._changed:
            if not any(job.is_writing for job in self._jobs):
                return True
        try:
            with database.locked():
                # Only now: who is cancelled while others write has written nothing.
                return self._written(database, self._taken(is_writing=True))
        except (StoreError, OSError) as error:
            for job in self._taken(is_writing=True):
                job.end(error)
            return isinstance(error, StoreError)

    def _taken(self, *, is_writing: bool) -> list[_Job[Any]]:
        with self._changed:
            taken = [job for job in self._jobs if job.is_writing is is_writing]
            left = [job for job in self._jobs if job.is_writing is not is_writing]
            self._jobs = deque(left)
            return taken

    def _written(self, database: Database, jobs: list[_Job[Any]]) -> bool:
        """Write jobs together, or each by itself if one of them cannot be; return whether the file is fine."""
        if not jobs:
            return True
        error = _write(database, jobs)
        if error is None or _is_busy(error) or len(jobs) == 1:
            for job in jobs:
                job.end(error)
            return error is None or _is_busy(error)
        fine = [self._written(database, [job]) for job in jobs]
        return all(fine)

    # -- around a fork

    def pause(self) -> None:
        """Close the file and let nobody open it until `go_on`: SQLite must not be taken through a fork."""
        self._changed.acquire()
        while self._thread is not None:
            self._is_closing = True
            self._changed.notify_all()
            self._changed.wait()

    def go_on(self) -> None:
        """Let the file be opened again."""
        self._changed.release()


class _Job(Generic[T]):
    """One thing to do, and the way back to whoever waits for it."""

    __slots__ = ("_soon", "_value", "_work", "bell", "error", "is_lasting", "is_writing")

    _value: T

    def __init__(self, work: Callable[[Database], T], *, is_writing: bool, is_lasting: bool = False) -> None:
        self._work = work
        self._soon = call_soon()
        self.is_writing = is_writing
        self.is_lasting = is_lasting
        self.bell = anyio.Event()
        """Rings on the caller's event loop when the job is over."""
        self.error: BaseException | None = None

    def do(self, database: Database) -> None:
        """Do it, or refuse it because of what is in the file.

        Raises:
            sqlite3.Error: It could not be done.
        """
        self.error = None
        try:
            self._value = self._work(database)
        except StoreError as error:
            self.error = error

    def end(self, error: BaseException | None) -> None:
        """Tell whoever waits."""
        self.error = self.error or error
        # The event loop may be gone, and with it whoever waited.
        with suppress(RuntimeError):
            self._soon(self.bell.set)

    def result(self, path: str) -> T:
        match self.error:
            case None:
                return self._value
            case StoreError() as error:
                raise type(error)(f"store {path!r}: {error}")
            case sqlite3.Error() as error:
                name = getattr(error, "sqlite_errorname", type(error).__name__)
                raise StoreError(f"store {path!r}: {error} ({name})") from error
            case OSError() as error:
                raise StoreError(f"store {path!r}: {error.strerror or error} ({error.filename or path})") from error
            case other:
                raise other


def _write(database: Database, jobs: list[_Job[Any]]) -> BaseException | None:
    """Write jobs; return why nothing was written, None if it was. A job that is refused keeps its own error."""
    try:
        with database.writing(lasting=any(job.is_lasting for job in jobs)):
            for job in jobs:
                job.do(database)
    except BaseException as error:  # noqa: BLE001 - raised where it is awaited
        return error
    return None


def _is_busy(error: BaseException) -> bool:
    """Return whether a program that is not ours and takes no lock of ours writes."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


def _read(database: Database, job: _Job[Any]) -> bool:
    """Do a job that reads; return whether the file is fine."""
    try:
        with database.reading():
            job.do(database)
    except BaseException as error:  # noqa: BLE001 - raised where it is awaited
        job.end(error)
        return False
    job.end(None)
    return True


def _close(database: Database | None) -> None:
    # What was written is in the log beside the file, and whoever opens it next puts it in its place.
    with suppress(sqlite3.Error, OSError):
        if database is not None:
            database.close()


async def _outlast(bell: anyio.Event) -> None:
    """Wait, however often the task is cancelled meanwhile."""
    with anyio.CancelScope(shield=True):
        while not bell.is_set():
            with suppress(anyio.get_cancelled_exc_class()):
                await bell.wait()


_workers: WeakSet[Worker] = WeakSet()
_forking = threading.Lock()
_paused: list[Worker] = []


@atexit.register
def _close_files() -> None:
    for worker in list(_workers):
        worker.close()


def _pause_all() -> None:
    _forking.acquire()
    for worker in sorted(_workers, key=id):
        worker.pause()
        _paused.append(worker)


def _let_all_go_on() -> None:
    while _paused:
        _paused.pop().go_on()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_pause_all, after_in_parent=_let_all_go_on, after_in_child=_let_all_go_on)
