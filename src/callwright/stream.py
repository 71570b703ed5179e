"""A watched run: the same loop, with a channel between it and who watches."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Generic, Self, TypeAlias

from anyio.abc import TaskGroup
from typing_extensions import TypeVar

from callwright._concurrency import Channel, collapsed
from callwright.drafting import Drafting, Strings
from callwright.errors import StreamError
from callwright.events import Emit, Event
from callwright.model import Restarted
from callwright.output.output import Output
from callwright.run.result import RunResult
from callwright.wire.chat import Completion, Delta

__all__ = ["RunStream", "SyncRunStream"]

E = TypeVar("E")
T = TypeVar("T")

_Start: TypeAlias = Callable[[Emit], Awaitable[RunResult[T]]]


class _Events(AsyncIterator[Event]):
    """The events of a run. No async generator: one that is left early would be closed by chance, in another task."""

    __slots__ = ("_next",)

    def __init__(self, following: Callable[[], Awaitable[Event]]) -> None:
        self._next = following

    async def __anext__(self) -> Event:
        return await self._next()


class _Reader:
    """Takes the text from events, and knows whether it gave any."""

    __slots__ = ("_given",)

    def __init__(self) -> None:
        self._given = False

    def text_of(self, event: Event) -> str:
        """Return the text of an event; empty if it has none."""
        if type(event) is Delta:
            self._given = self._given or bool(event.text)
            return event.text
        if type(event) is Restarted and self._given:
            told = "the stream was restarted after text had been given; watch events() to follow it"
            partial = getattr(event.error, "partial", None)
            raise StreamError(told, partial=partial if isinstance(partial, Completion) else None)
        return ""


class _Texts(AsyncIterator[str]):
    """The text among the events of a run."""

    __slots__ = ("_next", "_text_of")

    def __init__(self, following: Callable[[], Awaitable[Event]]) -> None:
        self._next = following
        self._text_of = _Reader().text_of

    async def __anext__(self) -> str:
        while not (text := self._text_of(await self._next())):
            pass
        return text


class _Drafts(AsyncIterator[T]):
    """What is drafted of a run's output."""

    __slots__ = ("_end", "_news", "_next", "_ready")

    def __init__(
        self, following: Callable[[], Awaitable[Event]], news: Callable[[], Sequence[T]], end: Callable[[], Sequence[T]]
    ) -> None:
        self._next = following
        self._news = news
        self._end = end
        self._ready: deque[T] = deque()

    async def __anext__(self) -> T:
        while not self._ready:
            try:
                await self._next()
            except StopAsyncIteration:
                self._ready.extend(self._end())
                if not self._ready:
                    raise
            else:
                self._ready.extend(self._news())
        return self._ready.popleft()


class _Sender:
    """Sends events into a channel, and tells the loop whether they are read as text, which cannot be taken back."""

    __slots__ = ("_channel", "is_text")

    def __init__(self, channel: Channel[Event]) -> None:
        self._channel = channel
        self.is_text = False

    def __call__(self, event: Event) -> Awaitable[None]:
        return self._channel.send(event)


class RunStream(Generic[T]):
    """A run that is watched while it goes on. Made by `Agent.stream`.

    The run starts with the block and is as fast as its watcher: it waits when the watcher lags far behind. Leaving the
    block before the run has ended cancels it, its request and its tools.

    Args:
        start: Runs the loop, given where its events go.
        output: What is asked for.
    """

    __slots__ = (
        *("_channel", "_drafting", "_error", "_group", "_has_ended", "_is_being_read", "_is_error_seen", "_manager"),
        *("_result", "_sender", "_start", "output"),
    )

    def __init__(self, start: _Start[T], output: Output[T]) -> None:
        self.output = output
        """What is asked for, before it is known how."""
        self._start = start
        self._drafting: Drafting[T] | None = None
        self._channel: Channel[Event] = Channel()
        self._sender = _Sender(self._channel)
        self._manager: AbstractAsyncContextManager[TaskGroup] = collapsed()
        self._group: TaskGroup | None = None
        self._result: RunResult[T] | None = None
        self._has_ended = False
        self._error: Exception | None = None
        self._is_error_seen = False
        self._is_being_read = False

    @property
    def result(self) -> RunResult[T]:
        """The result, once the events have ended.

        Raises:
            RuntimeError: The run goes on, read its events to the end first; or it failed, and its error is the cause.
        """
        if self._result is None and self._error is not None:
            raise RuntimeError(f"the run failed and has no result: {type(self._error).__name__}") from self._error
        if self._result is None:
            raise RuntimeError("the run has not ended; iterate over text() or events() to the end, then read result")
        return self._result

    def events(self) -> AsyncIterator[Event]:
        """Give everything that happens, in order: deltas, retries, progress of tools, records.

        A further call, and `text`, go on where the last one was left: each event is given once.

        Raises:
            CallwrightError: The run failed; after the events that came before.
            RuntimeError: The block was not entered, or two tasks read at the same time.
        """
        return _Events(self._next)

    def text(self) -> AsyncIterator[str]:
        """Give the text as it is written, of all steps; see `events`.

        Raises:
            StreamError: A stream broke after text had been given, which cannot be taken back; `.partial` is what had
                come. Whoever reads events, or values, sees `Restarted` instead, and the run goes on.
            CallwrightError: The run failed.
            RuntimeError: See `events`.
        """
        self.reads_text()
        return _Texts(self._next)

    def partials(self, *, strings: Strings = "growing") -> AsyncIterator[T]:
        """Give the output as it grows, and at last the output itself.

        Each is of the output's type and holds what the model has written so far of its newest answer: fields that have
        not come are None, or empty if they are texts, lists, dicts or records (`model_fields_set` of a model names
        those that have come; a TypedDict has no key for the others). Numbers, booleans, enums, dates and the like come
        when they are finished. What is whole has been validated; validators of what is not have not run.

        After a restart or a rejected answer the next one begins anew. See `events` for what else can be read.

        Args:
            strings: `growing` shows a text from its first letter on, `complete` when it is finished.

        Raises:
            CallwrightError: The run failed.
            RuntimeError: See `events`.
        """
        drafting = self._drafted()
        waiting = self._channel
        news = lambda: drafting.drafts(strings, is_behind=not waiting.is_empty)  # noqa: E731
        return _Drafts(self._next, news, lambda: drafting.last(self._result))

    def items(self: RunStream[list[E]]) -> AsyncIterator[E]:
        """Give each element of an output that is a list, once, as soon as it is finished and valid.

        Raises:
            StreamError: An answer was begun anew, and it differs in an element that had been given already.
            CallwrightError: The run failed.
            TypeError: The output is no list.
            RuntimeError: See `events`.
        """
        drafting = self._drafted()
        return _Drafts(self._next, drafting.items, lambda: drafting.last_items(self._result))

    def _drafted(self) -> Drafting[T]:
        if self._drafting is None:
            self._drafting = Drafting(self.output)
        return self._drafting

    def ahead(self) -> AsyncIterator[Event]:
        """Give the events to a reader that runs ahead of its user, and says with `saw_error` what the user saw."""
        return _Events(self._following)

    def reads_text(self) -> None:
        """Take note that the user reads text: a stream that breaks after some is not begun anew."""
        self._sender.is_text = True

    def saw_error(self) -> None:
        """Take note that the failure of the run has reached its user."""
        self._is_error_seen = True

    async def _next(self) -> Event:
        try:
            event = await self._following()
        except StopAsyncIteration:
            raise
        except Exception:
            self._is_error_seen = True
            raise
        if self._drafting is not None:
            self._drafting.see(event)
        return event

    async def _following(self) -> Event:
        if self._group is None:
            raise RuntimeError("the run has not begun: read it inside of `with agent.stream(...) as run` (async with)")
        if self._is_being_read:
            # One of the two would wait for ever: the channel wakes one.
            raise RuntimeError("two tasks read one run at the same time; let one read, and hand on what it reads")
        self._is_being_read = True
        try:
            return await self._channel.__anext__()
        finally:
            self._is_being_read = False

    async def __aenter__(self) -> Self:
        if self._group is not None:
            raise RuntimeError("a run is watched once; call stream() again for another")
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
            self._result = await self._start(self._sender)
        except Exception as error:  # noqa: BLE001 - handed to the watcher, who is in another task
            self._error = error
        self._has_ended = True
        self._channel.close(self._error)


class SyncRunStream(Generic[T]):
    """A `RunStream` for code without an event loop. Made by `Agent.stream_sync`."""

    __slots__ = ("_context", "_drafting", "_events", "_run")

    def __init__(self, run: RunStream[T]) -> None:
        from callwright._sync import enter_sync  # noqa: PLC0415 - a thread with a loop comes with the first sync run

        self._run = run
        self._context: AbstractContextManager[RunStream[T]] = enter_sync(run)
        # One for all loops: each runs ahead of its reader, and what it read would be lost to the next.
        self._events = self._read()
        # Not that of the run, which is ahead of its reader, on another thread.
        self._drafting: Drafting[T] | None = None

    @property
    def result(self) -> RunResult[T]:
        """See `RunStream.result`."""
        return self._run.result

    def events(self) -> Iterator[Event]:
        """See `RunStream.events`."""
        return self._events

    def text(self) -> Iterator[str]:
        """See `RunStream.text`."""
        text_of = _Reader().text_of
        self._run.reads_text()
        return (text for event in self._events if (text := text_of(event)))

    def partials(self, *, strings: Strings = "growing") -> Iterator[T]:
        """See `RunStream.partials`."""
        drafting = self._drafted()
        for _ in self._events:
            yield from drafting.drafts(strings)
        yield from drafting.last(self._run.result)

    def items(self: SyncRunStream[list[E]]) -> Iterator[E]:
        """See `RunStream.items`."""
        drafting = self._drafted()
        for _ in self._events:
            yield from drafting.items()
        yield from drafting.last_items(self._run.result)

    def _drafted(self) -> Drafting[T]:
        if self._drafting is None:
            self._drafting = Drafting(self._run.output)
        return self._drafting

    def _read(self) -> Generator[Event, None, None]:
        from callwright._sync import iterate_sync  # noqa: PLC0415 - see `__init__`

        run = self._run
        try:
            for event in iterate_sync(run.ahead()):
                if self._drafting is not None:
                    self._drafting.see(event)
                yield event
        except Exception:
            run.saw_error()
            raise

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
