"""The context of a call: what a tool may know about the run that calls it."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Generic, Protocol, Self, TypeAlias, cast, overload

from typing_extensions import TypeVar

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright.model import Ledger
from callwright.wire.chat import NO_USAGE, Usage
from callwright.wire.messages import Message

__all__ = ["NO_SURROUNDINGS", "Progress", "RunContext", "Surroundings"]

D = TypeVar("D", default=None)


@dataclass(frozen=True, slots=True)
class Progress:
    """Something that a running tool has to tell; seen by who watches the run, never by the model."""

    call: str
    """The id of the call."""
    value: object


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run hands on to the runs within it; for callwright's own tools."""

    emit: Callable[[Any], Awaitable[None]] | None = None
    """Sees their events; None if nobody watches."""
    store: Any = None
    """Keeps their records, if they have no store of their own."""
    budget: Ledger | None = None
    """Pays for them, if they have no budget of their own."""
    approve: Any = None
    """Decides about their held calls."""


NO_SURROUNDINGS = Surroundings()
"""Nobody watches, nothing is kept."""


class _Bridge(Protocol):
    """Leads from the thread of a call back to the run; see `Bridge`, which is one."""

    is_left: bool

    def run(self, function: Callable[[], Awaitable[None]]) -> None: ...


_Report: TypeAlias = Callable[[Progress], Awaitable[None]]
_FindResult: TypeAlias = Callable[[str], str | None]


class RunContext(Generic[D]):
    """What a tool, an `instructions` function or a toolset is told about the run.

    A tool gets it by a parameter annotated `RunContext[Deps]`, anywhere in its signature; the model does not see that
    parameter. Tests can make one by hand: `RunContext(deps)`.

    Args:
        deps: What was passed as `deps=` to the run.
        run_id: The run.
        call_id: The call; empty outside a tool. The same when a call is run again after a crash.
        step: The step of the run, from 1.
        messages: The conversation, as it stands when it is read.
        usage: What the run has used so far.
        confidence: How sure the model was of the turn that made the call, in [0, 1]; None if nobody asked.
        report: Where progress goes; None if nobody listens.
        find_result: Gives the whole text of an earlier call that was told only in part, None if there is no such call;
            None if `read_result` is not among the tools.
        clock: Waits between the attempts of a tool that may be run again.
        surroundings: What runs within this one are given.
    """

    __slots__ = (
        *("_booked", "_bridge", "_report", "call_id", "clock", "confidence"),
        *("deps", "find_result", "messages", "run_id", "step", "surroundings", "usage"),
    )

    __callwright_context__: ClassVar[bool] = True

    def __init__(
        self,
        deps: D,
        *,
        run_id: str = "",
        call_id: str = "",
        step: int = 1,
        messages: Sequence[Message] = (),
        usage: Usage = NO_USAGE,
        confidence: float | None = None,
        report: _Report | None = None,
        find_result: _FindResult | None = None,
        clock: Clock = SYSTEM_CLOCK,
        surroundings: Surroundings = NO_SURROUNDINGS,
    ) -> None:
        self.deps = deps
        self.run_id = run_id
        self.call_id = call_id
        self.step = step
        # A list may be the run's own, which a tool must not change, and which grows.
        self.messages: Sequence[Message] = _Messages(messages) if isinstance(messages, list) else messages
        self.usage = usage
        self.confidence = confidence
        self.find_result = find_result
        self.clock = clock
        self.surroundings = surroundings
        self._report = report
        # Appending is safe from any thread, adding up is not.
        self._booked: list[Usage] = []
        self._bridge: _Bridge | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody waits for the call any more; for sync tools, which cannot be stopped but can stop."""
        return self._bridge is not None and self._bridge.is_left

    @property
    def is_watched(self) -> bool:
        """Whether anybody sees progress."""
        return self._report is not None

    @property
    def booked(self) -> Usage:
        """What was booked so far."""
        return sum(self._booked, NO_USAGE)

    def book(self, usage: Usage) -> None:
        """Count `usage`, of a model or service that the tool itself asked, as used by this call.

        Raises:
            TypeError: It is no `Usage`.
        """
        if not _is_usage(usage):
            raise TypeError(f"book: expected a Usage; got {usage!r}")
        self._booked.append(usage)

    async def progress(self, value: object) -> None:
        """Tell who watches the run how far the tool is."""
        if self._report is not None:
            await self._report(Progress(self.call_id, value))

    def progress_sync(self, value: object) -> None:
        """Tell who watches the run how far the tool is, from a plain function; waits until it is told.

        Raises:
            RuntimeError: Nobody waits for the call any more: it was cancelled or took too long. Or it was used in an
                async tool, which awaits `progress`.
        """
        if self._bridge is None:
            if self._report is not None:
                raise RuntimeError("progress_sync is for tools that are plain functions; use: await ctx.progress(...)")
            return
        if self._report is not None or self._bridge.is_left:
            self._bridge.run(partial(self.progress, value))

    def on_thread(self, bridge: _Bridge) -> Self:
        """Return the same context for a call on a thread, which reaches the run by `bridge`."""
        context = copy.copy(self)
        context._bridge = bridge  # noqa: SLF001 - our own
        return context

    def __repr__(self) -> str:
        return f"RunContext(run_id={self.run_id!r}, call_id={self.call_id!r}, step={self.step})"


def _is_usage(value: object) -> bool:
    return isinstance(value, Usage)


class _Messages(Sequence[Message]):
    """Somebody's list of messages, to look at."""

    __slots__ = ("_list",)

    def __init__(self, messages: list[Message]) -> None:
        self._list = messages

    def __len__(self) -> int:
        return len(self._list)

    @overload
    def __getitem__(self, place: int) -> Message: ...
    @overload
    def __getitem__(self, place: slice) -> list[Message]: ...
    def __getitem__(self, place: int | slice) -> Message | list[Message]:
        return self._list[place]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return self._list == list(cast("Sequence[object]", other))

    __hash__ = None  # type: ignore[assignment]  # it changes, as a list does

    def __repr__(self) -> str:
        return repr(self._list)
