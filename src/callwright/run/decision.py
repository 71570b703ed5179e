"""A decision: what a run does next, and what it needs to know for that beside its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from callwright.run.records import CallDecided, CallHeld, CallId, CallReturned, CallStarted, Stopped
from callwright.wire.chat import Completion
from callwright.wire.messages import ToolCall

__all__ = [
    "Act",
    "Ask",
    "Decision",
    "Done",
    "Exhausted",
    "Finish",
    "HandOver",
    "Live",
    "Order",
    "PendingCall",
    "Steer",
    "Stuck",
    "Wait",
]

Order: TypeAlias = Literal["run", "hold", "cut", "excess", "withheld", "deny", "answer"]
"""What to do with a call: run it; hold it in doubt; or answer it without running it, because the turn was cut, it is
one too many, tools were withheld, somebody denied it, or somebody brought its result."""


class PendingCall:
    """One call of the newest turn, and what has happened to it."""

    __slots__ = ("arguments", "call", "decided", "held", "id", "returned", "started")

    def __init__(self, id: CallId, call: ToolCall) -> None:  # noqa: A002 - the field's word
        self.id = id
        self.call = call
        self.held: CallHeld | None = None
        """Why it waits; None if it does not or no longer does."""
        self.decided: CallDecided | None = None
        """What was said of it and not acted on yet."""
        self.arguments: str | None = None
        """What it is run with instead of what the model wrote, as JSON; None if nobody has edited it."""
        self.started: CallStarted | None = None
        self.returned: CallReturned | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether nobody has decided about it yet."""
        return self.held is not None and self.returned is None

    def __repr__(self) -> str:
        return f"PendingCall({self.id!r}, {self.call.name!r})"


@dataclass(frozen=True, slots=True)
class Live:
    """What only this process knows about a run."""

    elapsed: float = 0.0
    """Seconds since this process took up the run."""
    output_tools: frozenset[str] = frozenset()
    """Names whose call is the output."""
    has_tools: bool = True
    """Whether the agent offers tools besides those of its output."""
    polling: frozenset[str] = frozenset()
    """Names of tools whose repeated calls are no sign of a circle."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the model; `limited` names the limit if this is the last permitted step."""

    limited: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """See to these calls."""

    calls: tuple[tuple[PendingCall, Order], ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done until somebody decides about these calls."""

    calls: tuple[PendingCall, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """Read the output off this answer: from the call, if there is one, else from the text."""

    completion: Completion
    call: PendingCall | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """Make the result of this call the output, without asking again."""

    returned: CallReturned


@dataclass(frozen=True, slots=True)
class Steer:
    """Tell the model that it goes in circles."""

    circle: str
    """What repeats itself."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """The model went on in circles although it was told, and although tools were withheld."""

    circle: str


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A limit leaves no room for what would come next."""

    limit: str


@dataclass(frozen=True, slots=True)
class Done:
    """The run has stopped."""

    stopped: Stopped


Decision: TypeAlias = Ask | Act | Wait | Finish | HandOver | Steer | Stuck | Exhausted | Done
