"""The two async tools that anyio lacks: a cheap channel, and a task group whose lone error leaves as itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, TypeVar, cast

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint, current_token

__all__ = ["CallSoon", "Channel", "call_soon", "collapsed"]

T = TypeVar("T")

CallSoon = Callable[[Callable[[], object]], object]
"""Has a function called on one event loop, from any thread, and does not wait for it."""


class Channel(Generic[T]):
    """A bounded queue from one producer to one consumer on the same event loop.

    Costs no task, no cancel scope and, while there is room, no turn of the event loop per item.

    Args:
        limit: How many items may wait, >= 1. At the limit the producer waits until the consumer took half of them,
            so that the two change turns once in `limit / 2` items.

    Raises:
        ValueError: The limit is below 1.
    """

    __slots__ = ("_error", "_is_abandoned", "_is_closed", "_items", "_limit", "_low", "_waiter")

    def __init__(self, limit: int = 256) -> None:
        if limit < 1:
            raise ValueError(f"limit must be >= 1, got {limit!r}")
        self._items: deque[T] = deque()
        self._limit = limit
        self._low = limit // 2
        # One event serves both sides: the consumer waits only at empty, the producer only at full.
        self._waiter: anyio.Event | None = None
        self._is_closed = False
        self._is_abandoned = False
        self._error: BaseException | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no item is queued."""
        return not self._items

    async def send(self, item: T) -> None:
        """Queue `item`; wait only if the channel is full.

        Once the consumer left, the item is dropped, and the call is a checkpoint: the producer stays cancellable.

        Raises:
            anyio.ClosedResourceError: The channel was closed before.
        """
        # A channel that was closed or abandoned has no room, so that the common path asks one question only.
        while len(self._items) >= self._limit:
            if self._is_closed:
                raise anyio.ClosedResourceError
            if self._is_abandoned:
                await checkpoint()
                return
            await self._wait()
        self._items.append(item)
        if self._waiter is not None:
            self._wake()

    def close(self, error: BaseException | None = None) -> None:
        """End the iteration after the items that are queued; the first call decides.

        Args:
            error: Raised once by the iteration, in place of its end; never a cancellation.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self._limit = 0
        self._error = error
        self._wake()

    def abandon(self) -> None:
        """Leave, as the consumer: what is queued is dropped, and the producer never waits again."""
        self._is_abandoned = True
        self._limit = 0
        self._items.clear()
        self._wake()

    def __aiter__(self) -> Channel[T]:
        return self

    async def __anext__(self) -> T:
        items = self._items
        while not items:
            if self._is_closed or self._is_abandoned:
                error, self._error = self._error, None
                raise StopAsyncIteration if error is None else error
            await self._wait()
        item = items.popleft()
        if self._waiter is not None and len(items) <= self._low:
            self._wake()
        return item

    async def _wait(self) -> None:
        event = self._waiter = anyio.Event()
        try:
            await event.wait()
        finally:
            # By now the other side may wait on an event of its own.
            if self._waiter is event:
                self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None:
            self._waiter.set()
            self._waiter = None


class collapsed:  # noqa: N801 - used like a function: `async with collapsed() as tasks`
    """A task group out of which a lone error comes as itself, so that users catch what was raised.

    Groups of one are unwrapped at every level, and the error keeps its cause and context. Several errors stay a group.
    A cancellation is an error like any other here: alone it leaves as itself, beside others it stays in their group.
    """

    __slots__ = ("_tasks",)

    async def __aenter__(self) -> TaskGroup:
        self._tasks = anyio.create_task_group()
        return await self._tasks.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        try:
            return await self._tasks.__aexit__(kind, error, traceback)
        except BaseExceptionGroup as group:
            lone = _lone(group)
            if lone is group:
                raise
        if lone is error:
            return False
        context = lone.__context__
        try:
            raise lone
        finally:
            # Raising put the body's error here, which may be no more than the group's own cancellation.
            lone.__context__ = context
            del lone


def _lone(error: BaseException) -> BaseException:
    """Return what is left of `error` when each group of one is replaced by its member."""
    while len(members := _members(error)) == 1:
        error = members[0]
    return error


def _members(error: BaseException) -> tuple[BaseException, ...]:
    if not isinstance(error, BaseExceptionGroup):
        return ()
    return cast("BaseExceptionGroup[BaseException]", error).exceptions


class _TrioToken(Protocol):
    def run_sync_soon(self, function: Callable[[], object], /) -> None: ...


class _Loop(Protocol):
    def call_soon_threadsafe(self, function: Callable[[], object], /) -> object: ...


def call_soon() -> CallSoon:
    """Return what has a function called on the running event loop; it raises RuntimeError once the loop has ended.

    anyio's own way back from a thread waits for the function's result, which costs another wake-up of that thread.
    """
    native = current_token().native_token
    if hasattr(native, "run_sync_soon"):
        return cast("_TrioToken", native).run_sync_soon
    return cast("_Loop", native).call_soon_threadsafe
