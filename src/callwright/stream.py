"""A watched run: the same loop, with a channel between it and who watches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Generic, Self, TypeAlias

from anyio.abc import TaskGroup
from typing_extensions import TypeVar

from callwright._concurrency import Channel, collapsed
from callwright._sync import enter_sync, iterate_sync
from callwright.errors import StreamError
from callwright.loop import Emit, Event
from callwright.model import Restarted
from callwright.run.result import RunResult
from callwright.wire.chat import Delta

__all__ = ["RunStream", "SyncRunStream"]

T = TypeVar("T")

_Start: TypeAlias = Callable[[Emit], Awaitable[RunResult[T]]]


class _Events(AsyncIterator[Event]):
    """The events of a run. No async generator: one that is left early would be closed by chance, in another task."""

    __slots__ = ("_next",)

    def __init__(self, following: Callable[[], Awaitable[Event]]) -> None:
        self._next = following

    async def __anext__(self) -> Event:
        return await self._next()


class _Texts(AsyncIterator[str]):
    """The text among the events of a run."""

    __slots__ = ("_given", "_next")

    def __init__(self, following: Callable[[], Awaitable[Event]]) -> None:
        self._next = following
        self._given = False

    async def __anext__(self) -> str:
        while True:
            event = await self._next()
            if type(event) is Delta:
                if event.text:
                    self._given = True
                    return event.text
            elif type(event) is Restarted and self._given:
                raise StreamError("the stream was restarted after text had been given; watch events() to follow it")


class RunStream(Generic[T]):
    """A run that is watched while it goes on. Made by `Agent.stream`.

    The run starts with the block and is as fast as its watcher: it waits when the watcher lags far behind. Leaving the
    block before the run has ended cancels it, its request and its tools.

    Args:
        start: Runs the loop, given where its events go.
    """

    __slots__ = ("_channel", "_error", "_group", "_has_ended", "_manager", "_result", "_start")

    def __init__(self, start: _Start[T]) -> None:
        self._start = start
        self._channel: Channel[Event] = Channel()
        self._manager: AbstractAsyncContextManager[TaskGroup] = collapsed()
        self._group: TaskGroup | None = None
        self._result: RunResult[T] | None = None
        self._has_ended = False
        self._error: Exception | None = None

    @property
    def result(self) -> RunResult[T]:
        """The result, once the events have ended.

        Raises:
            RuntimeError: The run goes on; read its events to the end first.
        """
        if self._result is None:
            raise RuntimeError("the run has not ended; iterate over text() or events() to the end, then read result")
        return self._result

    def events(self) -> AsyncIterator[Event]:
        """Give everything that happens, in order: deltas, retries, progress of tools, records.

        Raises:
            CallwrightError: The run failed; after the events that came before.
        """
        return _Events(self._next)

    def text(self) -> AsyncIterator[str]:
        """Give the text as it is written, of all steps.

        Raises:
            StreamError: A stream was restarted after text had been given: it cannot be taken back.
            CallwrightError: The run failed.
        """
        return _Texts(self._next)

    async def _next(self) -> Event:
        try:
            return await self._channel.__anext__()
        except StopAsyncIteration:
            raise
        except Exception:
            self._error = None  # The watcher has it now.
            raise

    async def __aenter__(self) -> Self:
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
        if kind is None and self._error is not None:
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


class SyncRunStream(Generic[T]):
    """A `RunStream` for code without an event loop. Made by `Agent.stream_sync`."""

    __slots__ = ("_context", "_run")

    def __init__(self, run: RunStream[T]) -> None:
        self._run = run
        self._context: AbstractContextManager[RunStream[T]] = enter_sync(run)

    @property
    def result(self) -> RunResult[T]:
        """See `RunStream.result`."""
        return self._run.result

    def events(self) -> Iterator[Event]:
        """See `RunStream.events`."""
        return iterate_sync(self._run.events())

    def text(self) -> Iterator[str]:
        """See `RunStream.text`."""
        return iterate_sync(self._run.text())

    def __enter__(self) -> Self:
        self._context.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._context.__exit__(kind, error, trace)
