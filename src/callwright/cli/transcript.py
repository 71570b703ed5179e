"""A transcript: what happened in a run, step by step, as people read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from callwright._json import JsonValue
from callwright._secrets import masked
from callwright.run.records import CallDecided, CallId, Effect, Outcome
from callwright.run.summary import RunStatus
from callwright.wire.chat import NO_USAGE, ToolChoice, Usage

__all__ = ["Call", "Hold", "Item", "Remark", "Retry", "RunTranscript", "Said", "Step", "costs", "duration", "seen"]

_REASONS = {
    "approval": "approval",
    "external": "a result from elsewhere",
    "in_doubt": "a decision whether it was done: it was begun, and no result was recorded",
    "child": "decisions within its sub-agent",
}
_ENDS = {
    "value": "result",
    "error": "error",
    "refused": "refused",
    "denied": "denied",
    "output": "taken as the answer",
}


@dataclass(slots=True)
class Said:
    """A message that no request of this run brought."""

    role: str
    text: str
    images: tuple[str, ...]
    seq: int
    at: float | None
    is_history: bool = False


@dataclass(slots=True)
class Remark:
    """Something that the loop, or the history, gave cause to note."""

    label: str
    text: str
    seq: int
    at: float | None


@dataclass(slots=True)
class Retry:
    """An attempt that came to nothing and was followed by another."""

    error: str
    usage: Usage
    at: float | None


@dataclass(slots=True)
class Hold:
    """A wait for somebody outside the process."""

    why: str
    arguments: str | None
    """What was to be decided about; None: what the model wrote."""
    waiting: tuple[tuple[CallId, str, str, str], ...]
    """What waits within the sub-agent."""
    at: float | None
    seconds: float | None = None
    """How long it took to decide; None if nobody has, or the times are not known."""
    decided: CallDecided | None = None

    @property
    def reason(self) -> str:
        """What is waited for, in words."""
        return _REASONS.get(self.why, self.why)

    @property
    def verdict(self) -> str:
        """What was decided, by whom and how late, in words; empty if nobody has."""
        if self.decided is None:
            return ""
        verdict, by, arguments = self.decided.verdict, self.decided.by, self.decided.arguments
        words = {"approve": "allowed", "deny": "denied", "result": "result given", "rerun": "to be run again"}[verdict]
        parts = [
            f"{words} by {by}" if by else words,
            "" if arguments is None else f"with other arguments: {arguments}",
            "" if self.seconds is None else f"after {duration(self.seconds)}",
        ]
        told = ", ".join(filter(None, parts))
        return f"{told}: {self.decided.reason}" if verdict == "deny" and self.decided.reason else told


@dataclass(slots=True)
class Call:
    """A call, and what came of it."""

    id: CallId
    name: str
    arguments: str
    """As the model wrote them."""
    repairs: tuple[str, ...] = ()
    holds: list[Hold] = field(default_factory=list[Hold])
    effect: Effect | None = None
    """None if it was not started."""
    begun: float | None = None
    seconds: float | None = None
    """How long it ran; None if it did not, or the times are not known."""
    outcome: Outcome | None = None
    """None if it has not returned."""
    result: str = ""
    """Whole, also where the model was told only its beginning."""
    images: tuple[str, ...] = ()
    is_told_in_part: bool = False
    note: str | None = None
    usage: Usage = NO_USAGE
    """Of the sub-agent."""
    child: RunTranscript | None = None
    """The run of the sub-agent."""

    @property
    def waits(self) -> Hold | None:
        """What it waits for; None if it does not."""
        last = self.holds[-1] if self.holds else None
        return last if last is not None and last.decided is None and self.outcome is None else None

    @property
    def state(self) -> str:
        """Where it stands, in words."""
        if self.outcome is not None:
            return _ENDS[self.outcome]
        if self.waits is not None:
            return f"waits for {self.waits.reason}"
        if self.effect is None:
            return "not begun"
        return "begun; no result was recorded" + ("; whether it was done is in doubt" if self.effect == "write" else "")


@dataclass(slots=True)
class Step:
    """One request to a model, and what was done with the answer."""

    ask: int
    """Counts requests from 1."""
    model: str
    seq: int
    """The place of the request in the log; a fork at it asks anew."""
    at: float | None
    tool_choice: ToolChoice | None = None
    limited: str | None = None
    """The limit because of which tools were withheld."""
    number: int | None = None
    """Counts answers from 1; None without an answer."""
    answered_by: str = ""
    """Model and provider, as the service named them."""
    seconds: float | None = None
    usage: Usage = NO_USAGE
    retries: list[Retry] = field(default_factory=list[Retry])
    votes: int = 0
    error: str | None = None
    """Why there was no answer."""
    reasoning: str = ""
    text: str = ""
    images: tuple[str, ...] = ()
    refusal: str | None = None
    cut: str | None = None
    """The finish of an answer that ended before the model was done."""
    calls: list[Call] = field(default_factory=list[Call])
    problems: tuple[str, ...] = ()
    """Why the answer was no valid output."""

    @property
    def is_open(self) -> bool:
        """Whether neither an answer nor a failure was recorded."""
        return self.number is None and self.error is None


Item: TypeAlias = Said | Step | Remark


@dataclass(slots=True)
class RunTranscript:
    """One run, in order."""

    run_id: str
    status: RunStatus
    reason: str | None = None
    """Which limit, if the status is `limited`."""
    output: JsonValue = None
    begun: float | None = None
    ended: float | None = None
    """When the newest record was kept, in seconds since 1970-01-01 UTC."""
    parent: tuple[str, CallId] | None = None
    forked: tuple[str, int] | None = None
    agent: str = ""
    instructions: str | None = None
    records: int = 0
    steps: int = 0
    requests: int = 0
    usage: Usage = NO_USAGE
    """Of all requests, those of sub-agents included."""
    items: list[Item] = field(default_factory=list[Item])

    @property
    def calls(self) -> list[Call]:
        """All calls of the run itself, in order."""
        return [call for item in self.items if isinstance(item, Step) for call in item.calls]

    @property
    def waiting(self) -> list[tuple[CallId, str, str, str]]:
        """The calls that wait for decisions, those of sub-agents included: id, name, arguments and why of each."""
        found: list[tuple[CallId, str, str, str]] = []
        for call in self.calls:
            hold = call.waits
            if hold is not None and hold.why == "child":
                found += hold.waiting
            elif hold is not None:
                found.append((call.id, call.name, hold.arguments or call.arguments, hold.why))
        return found

    @property
    def seconds(self) -> float | None:
        """From the first record to the newest, waits included; None if the times are not known."""
        return None if self.begun is None or self.ended is None else self.ended - self.begun


def duration(seconds: float) -> str:
    """Return a time span in the two units that say most of it."""
    if seconds < 0.0995:  # noqa: PLR2004 - below, three digits are milliseconds
        return f"{max(seconds, 0.0) * 1000:.0f} ms"
    if seconds < 59.95:  # noqa: PLR2004 - what rounds to 60.0 is a minute
        return f"{seconds:.1f} s"
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if minutes < 60:  # noqa: PLR2004 - minutes
        whole = round(seconds)
        return f"{whole // 60} min {whole % 60} s"
    return f"{minutes // 60} h {minutes % 60} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"  # noqa: PLR2004


def costs(usage: Usage, seconds: float | None = None) -> list[str]:
    """Return what something took and used, a word for each; empty if nothing is known."""
    words = [] if seconds is None else [duration(seconds)]
    if usage.total_tokens:
        cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens else ""
        words.append(f"{usage.prompt_tokens:,}{cached} + {usage.completion_tokens:,} tokens")
    if usage.cost is not None:
        words.append(f"${usage.cost:.6f}")
    return words


def seen(text: str) -> str:
    """Return a text as people may see it: without secrets, its lines ended one way."""
    return masked(text).replace("\r\n", "\n")
