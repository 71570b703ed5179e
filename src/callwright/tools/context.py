"""The context of a call: what a tool may know about the run that calls it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeAlias

from typing_extensions import TypeVar

from callwright.wire.chat import NO_USAGE, Usage
from callwright.wire.messages import Message

__all__ = ["Progress", "RunContext"]

D = TypeVar("D", default=None)


@dataclass(frozen=True, slots=True)
class Progress:
    """Something that a running tool has to tell; seen by who watches the run, never by the model."""

    call: str
    """The id of the call."""
    value: object


_Report: TypeAlias = Callable[[Progress], Awaitable[None]]


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
        report: Where progress goes; None if nobody listens.
    """

    __slots__ = ("_report", "call_id", "deps", "messages", "run_id", "step", "usage")

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
        report: _Report | None = None,
    ) -> None:
        self.deps = deps
        self.run_id = run_id
        self.call_id = call_id
        self.step = step
        self.messages = messages
        self.usage = usage
        self._report = report

    async def progress(self, value: object) -> None:
        """Tell who watches the run how far the tool is."""
        if self._report is not None:
            await self._report(Progress(self.call_id, value))

    def __repr__(self) -> str:
        return f"RunContext(run_id={self.run_id!r}, call_id={self.call_id!r}, step={self.step})"
