"""A watched query: the same one, with a channel between it and who watches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Self, TypeAlias

from anyio.abc import TaskGroup

from callwright._concurrency import Channel, collapsed
from callwright._sync import enter_sync, iterate_sync
from callwright.query.events import EmitQuery, QueryEvent
from callwright.query.result import QueryResult

__all__ = ["QueryStream", "SyncQueryStream"]

_Start: TypeAlias = Callable[[EmitQuery], Awaitable[QueryResult]]


class QueryStream(AsyncIterator[QueryEvent]):
    """A query that is watched: `async with query_stream(...) as events`, then iterate.

    The query starts with the block and waits when its watcher lags far behind. Leaving the block before the query has
    ended cancels it and its requests.

    Args:
        start: Runs the query, given where its events go.
    """

    __slots__ = ("_channel", "_error", "_group", "_has_ended", "_is_error_seen", "_manager", "_result", "_start")

    def __init__(self, start: _Start) -> None:
        self._start = start
        self._channel: Channel[QueryEvent] = Channel()
        self._manager: AbstractAsyncContextManager[TaskGroup] = collapsed()
        self._group: TaskGroup | None = None
        self._result: QueryResult | None = None
        self._error: Exception | None = None
        self._is_error_seen = False
        self._has_ended = False

    @property
    def result(self) -> QueryResult:
        """The result, once the events have ended.

        Raises:
            RuntimeError: The query goes on; or it failed, and its error is the cause.
        """
        if self._result is None:
            what = "goes on; iterate to the end, then read result" if self._error is None else "failed"
            raise RuntimeError(f"the query {what}") from self._error
        return self._result

    async def __anext__(self) -> QueryEvent:
        if self._group is None:
            raise RuntimeError("the query has not begun: iterate inside of `async with query_stream(...) as events`")
        try:
            return await self._channel.__anext__()
        except StopAsyncIteration:
            raise
        except Exception:
            self._is_error_seen = True
            raise

    async def __aenter__(self) -> Self:
        if self._group is not None:
            raise RuntimeError("a query is watched once; make another for another")
        self._group = await self._manager.__aenter__()
        self._group.start_soon(self._drive)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if self._group is not None and not self._has_ended:
            self._group.cancel_scope.cancel()
        self._channel.abandon()
        suppressed = await self._manager.__aexit__(kind, error, trace)
        if kind is None and self._error is not None and not self._is_error_seen:
            # Nobody read the events to their end: a failure must not pass unseen.
            raise self._error
        return suppressed

    async def _drive(self) -> None:
        try:
            self._result = await self._start(self._channel.send)
        except Exception as error:  # noqa: BLE001 - handed to the watcher, who is in another task
            self._error = error
        self._has_ended = True
        self._channel.close(self._error)


class SyncQueryStream:
    """A `QueryStream` for code without an event loop: `with query_stream_sync(...) as events`, then iterate."""

    __slots__ = ("_context", "_events", "_stream")

    def __init__(self, stream: QueryStream) -> None:
        self._stream = stream
        self._context: AbstractContextManager[QueryStream] = enter_sync(stream)
        self._events = self._read()

    @property
    def result(self) -> QueryResult:
        """See `QueryStream.result`."""
        return self._stream.result

    def __iter__(self) -> Iterator[QueryEvent]:
        return self._events

    def _read(self) -> Generator[QueryEvent, None, None]:
        yield from iterate_sync(self._stream)

    def __enter__(self) -> Self:
        self._context.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return self._context.__exit__(kind, error, trace)
        finally:
            self._events.close()
