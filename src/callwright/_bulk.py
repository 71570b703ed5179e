"""A bulk: the same job for many items, so many at a time, its outcomes as they come or in order."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar, cast

import anyio
from anyio.abc import TaskGroup

from callwright._concurrency import collapsed

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

__all__ = ["Bulk", "Finished"]

P = TypeVar("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finished(Generic[P, T]):
    """What came of one item of a bulk."""

    index: int
    """The item's place among all, from 0."""
    item: P
    value: T | None
    """None if there is an error."""
    error: Exception | None = None

    def get(self) -> T:
        """Return the value.

        Raises:
            Exception: What the item failed with.
        """
        if self.error is not None:
            raise self.error
        return cast("T", self.value)


class Bulk(Generic[P, T]):
    """Jobs that run side by side, to be iterated over inside of `async with`; leaving the block early cancels them.

    Items are taken when there is room for them: a long, even endless, list is never held as a whole, and a slow reader
    slows the jobs down.

    Args:
        job: Run for each item; what it raises becomes a value.
        items: A list, a generator, an async generator.
        concurrency: How many jobs run at the same time, >= 1.
        ordered: Whether outcomes come in the order of the items, rather than as they finish.

    Raises:
        ValueError: `concurrency` is below 1.
    """

    __slots__ = (
        *("_concurrency", "_early", "_group", "_items", "_job", "_manager", "_next", "_ordered", "_reader", "_room"),
        *("_running", "_writer", "failed", "finished", "started"),
    )

    def __init__(
        self,
        job: Callable[[P], Awaitable[T]],
        items: Iterable[P] | AsyncIterable[P],
        *,
        concurrency: int = 16,
        ordered: bool = False,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency: expected >= 1; got {concurrency!r}")
        self.started = 0
        """Items that were taken so far."""
        self.finished = 0
        """Outcomes that were given so far."""
        self.failed = 0
        """Those of them that are errors."""
        self._job = job
        self._items = items
        self._concurrency = concurrency
        self._ordered = ordered
        self._early: dict[int, Finished[P, T]] = {}
        self._next = 0
        self._manager: AbstractAsyncContextManager[TaskGroup] = collapsed()
        self._group: TaskGroup | None = None
        self._writer: MemoryObjectSendStream[Finished[P, T]]
        self._reader: MemoryObjectReceiveStream[Finished[P, T]]

    async def __aenter__(self) -> Self:
        if self._group is not None:
            raise RuntimeError("a bulk is run once; make another")
        # Twice as many as run: while the reader is at one, the next ones finish.
        self._room = anyio.Semaphore(2 * self._concurrency)
        self._running = anyio.Semaphore(self._concurrency)
        self._writer, self._reader = anyio.create_memory_object_stream[Finished[P, T]](2 * self._concurrency)
        self._group = await self._manager.__aenter__()
        self._group.start_soon(self._feed)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if self._group is not None:
            self._group.cancel_scope.cancel()
        try:
            return await self._manager.__aexit__(kind, error, trace)
        finally:
            self._writer.close()
            self._reader.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Finished[P, T]:
        if self._group is None:
            raise RuntimeError("the jobs have not begun: iterate inside of `async with`")
        if not self._ordered:
            return self._given(await self._taken())
        while self._next not in self._early:
            finished = await self._taken()
            self._early[finished.index] = finished
        self._next += 1
        return self._given(self._early.pop(self._next - 1))

    def _given(self, finished: Finished[P, T]) -> Finished[P, T]:
        self._room.release()
        self.finished += 1
        self.failed += finished.error is not None
        return finished

    async def _taken(self) -> Finished[P, T]:
        try:
            return await self._reader.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def _feed(self) -> None:
        """Take an item whenever there is room for one more job."""
        items = self._items
        async with self._writer, collapsed() as jobs:
            if not isinstance(items, AsyncIterable):
                for item in items:
                    await self._begin(jobs, item)
                return
            iterator = aiter(items)
            try:
                async for item in iterator:
                    await self._begin(jobs, item)
            finally:
                close = getattr(iterator, "aclose", None)
                if close is not None:
                    with anyio.CancelScope(shield=True):
                        await close()

    async def _begin(self, jobs: TaskGroup, item: P) -> None:
        await self._room.acquire()
        await self._running.acquire()
        jobs.start_soon(self._run, self.started, item)
        self.started += 1

    async def _run(self, index: int, item: P) -> None:
        finished: Finished[P, T]
        try:
            finished = Finished(index, item, await self._job(item))
        except Exception as error:  # noqa: BLE001 - an error is an outcome here, and the other jobs go on
            finished = Finished(index, item, None, error)
        finally:
            self._running.release()
        await self._writer.send(finished)
