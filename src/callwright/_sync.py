"""The bridge from sync code: a call, an iterator or a context manager that runs on the portal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, TypeVar, TypeVarTuple

import anyio

from callwright._portal import SLICE, Job, result_of, submit

__all__ = ["AHEAD", "SyncContext", "enter_sync", "iterate_sync", "run_sync"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

AHEAD = 32
"""How many items an iterator may be ahead of the thread that reads it."""


def run_sync(function: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
    """Return what `function(*args)` gives when awaited on the portal, in a copy of the caller's context variables.

    Works where an event loop runs already, as in a notebook: the portal has a thread of its own.

    Raises:
        BaseException: What the coroutine raised, as itself.
        KeyboardInterrupt: Ctrl-C was pressed; the coroutine was cancelled and had a second to unwind.
        RuntimeError: Called from the portal's own thread, which would wait for itself for ever.
    """
    job = Job(partial(function, *args))
    try:
        submit(job, getattr(function, "__qualname__", repr(function)))
        return result_of(job.outcome)
    except BaseException:
        job.leave()
        raise


def iterate_sync(iterator: AsyncIterator[T]) -> Iterator[T]:
    """Yield the items of `iterator`, which runs in one task on the portal, at most `AHEAD` items ahead.

    Leaving early cancels the task and closes the iterator.

    Raises:
        BaseException: What the iterator raised, as itself, after the items before it.
        RuntimeError: See `run_sync`.
    """
    pump = _Pump(iterator)
    job = Job(pump.run)
    job.outcome.add_done_callback(pump.end)
    try:
        submit(job, "async for")
        yield from pump.read(job)
        result_of(job.outcome)
    finally:
        job.leave()


def enter_sync(manager: AbstractAsyncContextManager[T, bool | None]) -> SyncContext[T]:
    """Return `manager` as a sync context manager; it is entered and left by one task on the portal."""
    return SyncContext(manager)


class SyncContext(AbstractContextManager[T, bool]):
    """An async context manager for a `with` statement, once.

    Args:
        manager: Entered and left by one and the same task, as cancel scopes and task groups demand.
    """

    __slots__ = ("_entered", "_error", "_job", "_leave", "_manager")

    _leave: anyio.Event

    def __init__(self, manager: AbstractAsyncContextManager[T, bool | None]) -> None:
        self._manager = manager
        self._entered: Future[T] = Future()
        self._error: BaseException | None = None
        self._job = Job(self._stay)

    def __enter__(self) -> T:
        self._job.outcome.add_done_callback(self._fail_entering)
        try:
            submit(self._job, "async with")
            return result_of(self._entered)
        except BaseException:
            self._job.leave()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._error = error
        try:
            self._job.call_soon(self._leave.set)
            is_swallowed = result_of(self._job.outcome)
        except BaseException:
            self._job.leave()
            raise
        finally:
            # The error travelled through the portal; the caller shall see only its own frames.
            if error is not None:
                error.__traceback__ = traceback
            self._error = None
        return is_swallowed

    async def _stay(self) -> bool:
        """Enter, wait, leave; return whether the manager swallowed the error of the `with` block."""
        self._leave = anyio.Event()
        try:
            async with self._manager as value:
                self._entered.set_result(value)
                await self._leave.wait()
                if self._error is not None:
                    raise self._error  # noqa: TRY301 - into the manager, which is to see it
                return False
        except BaseException as error:
            # A StopIteration would not get out of this coroutine as itself; the block raises it again anyway.
            if error is not self._error:
                raise
            return False
        return True

    def _fail_entering(self, outcome: Future[bool]) -> None:
        if not self._entered.done():
            self._entered.set_exception(outcome.exception() or RuntimeError("the context manager was cancelled"))


class _Pump(Generic[T]):
    """Carries items from an async iterator to a thread, a bounded number ahead."""

    __slots__ = ("_credit", "_items", "_iterator", "_room")

    def __init__(self, iterator: AsyncIterator[T]) -> None:
        self._iterator = iterator
        self._items: SimpleQueue[tuple[T] | None] = SimpleQueue()
        self._credit = AHEAD
        self._room: anyio.Event | None = None

    async def run(self) -> None:
        try:
            async for item in self._iterator:
                self._items.put((item,))
                self._credit -= 1
                while self._credit <= 0:
                    self._room = anyio.Event()
                    await self._room.wait()
        finally:
            close = getattr(self._iterator, "aclose", None)
            if close is not None:
                with anyio.CancelScope(shield=True):
                    await close()

    def end(self, _: Future[None]) -> None:
        self._items.put(None)

    def read(self, job: Job[None]) -> Iterator[T]:
        """Yield on the reading thread, telling the loop of the room twice per `AHEAD` items."""
        taken = 0
        while True:
            try:
                held = self._items.get(timeout=SLICE)
            except Empty:
                continue
            if held is None:
                return
            taken += 1
            if taken == AHEAD // 2:
                job.call_soon(self._grant)
                taken = 0
            yield held[0]

    def _grant(self) -> None:
        self._credit += AHEAD // 2
        if self._room is not None:
            self._room.set()
