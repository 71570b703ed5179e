"""Drafting: what a run's output looks like so far, read off the run's events."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Generic, Literal, TypeAlias, cast

from typing_extensions import TypeVar

from callwright.errors import OutputError, RunPausedError, StreamError
from callwright.events import Event
from callwright.model import Restarted
from callwright.output.base import Output
from callwright.output.form import MISSING
from callwright.output.partial import Partial
from callwright.run.records import Asked
from callwright.run.result import RunResult
from callwright.wire.chat import Delta

__all__ = ["Drafting", "Strings"]

E = TypeVar("E")
T = TypeVar("T")

Strings: TypeAlias = Literal["growing", "complete"]
"""Whether a text is shown from its first letter on, or when it is finished."""

_ITEMS_PER_CHARACTER = 64
"""A draft that copies more items than this must wait for another character, and so on: so the work stays linear."""
_DIFFERS = "the answer differs from what was given of it: it was begun anew, or changed at its end"
_GROWTH = 50
"""While more of the answer is there to be read, a draft is worth it only when a fiftieth was added to the answer."""


class Drafting(Generic[T]):
    """Follows the answer that is being written.

    Args:
        output: What is asked for.
    """

    __slots__ = (
        "_call",
        "_given",
        "_has_ended",
        "_has_news",
        "_names",
        "_output",
        "_partial",
        "_passed",
        "_since",
        "_total",
    )

    def __init__(self, output: Output[T]) -> None:
        self._output = output
        self._names = output.names
        self._given: list[object] = []
        self._has_ended = False
        self._begin(None)

    def _begin(self, partial: Partial | None, call: int | None = None) -> None:
        self._partial = partial
        self._call = call
        self._has_news = False
        # Characters: since the last draft, and in all.
        self._since = self._total = 0
        # Elements of this answer that are among those given.
        self._passed = 0

    def see(self, event: Event) -> None:
        """Take an event of the run."""
        if type(event) is Delta:
            if event.text and self._call is None:
                self._feed(event.text)
            for call in event.calls:
                if self._call is None and call.name in self._names:
                    self._begin(self._output.partial(call.name), call.index)
                if call.index == self._call:
                    self._feed(call.arguments)
        elif isinstance(event, Asked | Restarted):
            self._begin(self._output.partial(None))

    def _feed(self, piece: str) -> None:
        if self._partial is not None and self._partial.feed(piece):
            self._has_news = True
        self._since += len(piece)

    def drafts(self, strings: Strings, *, is_behind: bool = False) -> Sequence[T]:
        """Return the newest draft, unless it was given before or is due later.

        Args:
            strings: How texts are shown.
            is_behind: Whether more events are there to be seen.
        """
        partial, since = self._partial, self._since
        if partial is None or not self._has_news:
            return ()
        if since * _GROWTH < self._total + since and (is_behind or since * _ITEMS_PER_CHARACTER < partial.weight):
            return ()
        self._has_news = False
        self._total += since
        self._since = 0
        value = partial.value(grows=strings == "growing")
        return () if value is MISSING else (cast("T", value),)  # in part

    def last(self, result: RunResult[T] | None) -> Sequence[T]:
        """Return the output as the last draft, once; nothing if the run has none."""
        if self._has_ended or result is None:
            return ()
        self._has_ended = True
        with suppress(OutputError, RunPausedError):
            return (result.output,)
        return ()

    def items(self) -> Sequence[Any]:
        """Return the elements that were finished since they were last asked for.

        Raises:
            StreamError: One of them stands where another one was given.
        """
        if self._partial is None or not self._has_news:
            return ()
        return self._added(self._partial.finished(self._passed))

    def last_items(self, result: RunResult[Any] | None) -> Sequence[Any]:
        """Return the elements of the output that were not given yet; nothing if the run has none.

        Raises:
            StreamError: See `items`.
            TypeError: The output is no list.
        """
        if result is None:
            return ()
        with suppress(OutputError, RunPausedError):
            output: object = result.output
            if not isinstance(output, list | tuple):
                raise TypeError(f"items(): expected an output that is a list; got {type(output).__name__}")
            self._passed = 0
            elements = cast("Sequence[object]", output)
            if len(elements) < len(self._given):
                raise StreamError(_DIFFERS)
            return self._added(elements)
        return ()

    def _added(self, elements: Sequence[object]) -> Sequence[object]:
        again = self._given[self._passed : self._passed + len(elements)]
        if list(elements[: len(again)]) != again:
            raise StreamError(_DIFFERS)
        self._passed += len(elements)
        self._given += elements[len(again) :]
        return elements[len(again) :]
