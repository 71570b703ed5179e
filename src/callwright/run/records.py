"""The records of a run: all that is stored, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Literal, TypeAlias, cast

from callwright._json import JsonObject, JsonValue
from callwright.errors import StoreError
from callwright.wire.chat import NO_USAGE, Completion, ToolChoice, Usage
from callwright.wire.messages import Message, ToolMessage, wrapped

__all__ = [
    "Answered",
    "Asked",
    "CallDecided",
    "CallHeld",
    "CallId",
    "CallReturned",
    "CallStarted",
    "Compacted",
    "Effect",
    "Failed",
    "Outcome",
    "Prompted",
    "Record",
    "Rejected",
    "Started",
    "Steered",
    "Stopped",
    "Voted",
    "call_id",
    "child_run_id",
    "decoded",
    "encoded",
]

CallId: TypeAlias = str
"""`run:ask:index`, ours; wire ids may repeat within a run."""

Effect: TypeAlias = Literal["read", "idempotent", "write"]
"""What running a call again would do: nothing, the same, or the thing twice."""

Outcome: TypeAlias = Literal["value", "error", "refused", "denied", "output"]
"""How a call ended: a value, an error told to the model, not run, not allowed, or taken as the run's output."""


@dataclass(frozen=True, slots=True)
class Started:
    """A run began."""

    run_id: str
    agent: str
    """The fingerprint of the agent: says when its model, tools, instructions or output have changed."""
    parent: tuple[str, CallId] | None = None
    """The run and the call in it that this run answers."""
    forked: tuple[str, int] | None = None
    """The run and the position in its log from which this one was forked."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """Somebody asked something. One log may hold several prompts: a conversation."""

    messages: tuple[Message, ...]
    history: tuple[Message, ...] = ()
    """What was said elsewhere before; not part of the run's new messages."""
    instructions: str | None = None
    """As rendered for this prompt."""
    tool_choice: ToolChoice | None = None
    params: JsonObject = field(default_factory=dict[str, JsonValue])
    notes: tuple[str, ...] = ()
    """What had to be repaired in the history."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A model is being asked."""

    ask: int
    """Counts from 1 within the run."""
    model: str
    tools: str
    """The digest of the tools that were offered."""
    tool_choice: ToolChoice | None = None
    reserved: Decimal | None = None
    """US dollars set aside for the answer."""
    limited: str | None = None
    """The limit because of which tools were withheld; None if they were not."""
    implied: JsonObject = field(default_factory=dict[str, JsonValue])
    """The parameters that were sent although nobody set them, see `wire.params.IMPLIED`."""
    mode: str | None = None
    """How the model was made to answer in the form of the output, see `Mode`; None for text."""


@dataclass(frozen=True, slots=True)
class Voted:
    """A paid part of an ask came back."""

    ask: int
    key: str
    completion: Completion


@dataclass(frozen=True, slots=True)
class Failed:
    """An ask, or one attempt of it, came to nothing: it may have been paid for, but is not part of the conversation."""

    ask: int
    error: str
    partial: Completion | None = None
    usage: Usage = NO_USAGE
    again: bool = False
    """Whether the model is being asked the same once more, within this ask."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A model answered: one step."""

    ask: int
    completion: Completion
    first_token: float | None = field(default=None, compare=False)
    """Seconds to the first token; None if the answer came at once, or the model did not say."""
    seconds: float | None = field(default=None, compare=False)
    """Seconds to the end of the answer, retries included; None if the model did not say."""


@dataclass(frozen=True, slots=True)
class CallHeld:
    """A call waits for somebody outside the process."""

    call: CallId
    why: Literal["approval", "external", "in_doubt", "child"]
    arguments: str | None = None
    """What the tool would get, as JSON; None if it is what the model wrote."""
    waiting: tuple[tuple[CallId, str, str, str], ...] = ()
    """What waits within the sub-agent that the call runs, for `child`: id, name, arguments and why of each call."""


@dataclass(frozen=True, slots=True)
class CallDecided:
    """Somebody decided about a held call."""

    call: CallId
    verdict: Literal["approve", "deny", "result", "rerun"]
    reason: str | None = None
    """For `deny`: told to the model. For `result`: the result's text."""
    arguments: str | None = None
    """Other arguments to run the call with, as JSON."""
    by: str | None = None


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A tool is about to run."""

    call: CallId
    effect: Effect
    repairs: tuple[str, ...] = ()
    """What had to be repaired in the arguments."""


@dataclass(frozen=True, slots=True)
class CallReturned:
    """A call has its message."""

    call: CallId
    outcome: Outcome
    message: ToolMessage
    usage: Usage = NO_USAGE
    """What a sub-agent used."""
    note: str | None = None
    """For people: a traceback, what could not be serialised. Never sent."""
    artifact: JsonValue = None
    """For the app, beside what the model reads. Never sent."""
    rest: str | None = None
    """The whole text, if the model was told only its beginning."""
    direct: bool = False
    """Whether it is the run's output, without asking the model again."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An answer was no valid output."""

    ask: int
    problems: tuple[str, ...]
    messages: tuple[Message, ...] = ()
    """What the model is told."""
    salvaged: JsonValue = None
    """The part of the answer that was valid; None if there was none."""


@dataclass(frozen=True, slots=True)
class Steered:
    """The loop put in a word."""

    reason: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Compacted:
    """From here on requests hold `messages` instead of all that stood before `keep_from`. The log stays whole."""

    keep_from: int
    """A position in the run's messages."""
    messages: tuple[Message, ...]
    usage: Usage = NO_USAGE


@dataclass(frozen=True, slots=True)
class Stopped:
    """The prompt is answered, or a limit ended it."""

    status: Literal["done", "limited"]
    reason: str | None = None
    output: JsonValue = None
    repairs: tuple[str, ...] = ()
    """What had to be repaired to read the output."""


Record: TypeAlias = (
    Started
    | Prompted
    | Asked
    | Voted
    | Failed
    | Answered
    | CallHeld
    | CallDecided
    | CallStarted
    | CallReturned
    | Rejected
    | Steered
    | Compacted
    | Stopped
)

_KINDS: Mapping[str, type[Record]] = {
    kind.__name__: kind
    for kind in (
        *(Started, Prompted, Asked, Voted, Failed, Answered, CallHeld, CallDecided),
        *(CallStarted, CallReturned, Rejected, Steered, Compacted, Stopped),
    )
}
_VERSION = 1


def call_id(run_id: str, ask: int, index: int) -> CallId:
    """Return the id of the `index`-th call (from 0) of an ask."""
    return f"{run_id}:{ask}:{index}"


def child_run_id(call: CallId) -> str:
    """Return the id of the run that answers a call."""
    run_id, ask, index = call.rsplit(":", 2)
    return f"{run_id}/{ask}:{index}"


def encoded(record: Record) -> dict[str, JsonValue]:
    """Return the record as plain JSON values: `{"kind", "v": 1, ...}`."""
    raw: dict[str, JsonValue] = {"kind": type(record).__name__, "v": _VERSION}
    for item in fields(record):
        value: object = getattr(record, item.name)
        writer = _WRITERS.get(item.name, _plain)
        raw[item.name] = None if value is None else writer(value)
    return raw


def decoded(raw: JsonObject) -> Record:
    """Return the record that `encoded` wrote.

    Raises:
        StoreError: The kind or version is unknown, or a part is missing or malformed.
    """
    kind = _KINDS.get(str(raw.get("kind")))
    if kind is None or raw.get("v") != _VERSION:
        raise StoreError(f"record of kind {raw.get('kind')!r}, version {raw.get('v')!r}: not known to this callwright")
    values: dict[str, object] = {item.name: raw[item.name] for item in fields(kind) if item.name in raw}
    try:
        for name, value in values.items():
            if value is not None and name in _READERS:
                values[name] = _READERS[name](value)
        return cast("Callable[..., Record]", kind)(**values)
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise StoreError(f"record of kind {kind.__name__} is malformed: {error}") from error


def _plain(value: object) -> JsonValue:
    return cast("JsonValue", list(cast("tuple[JsonValue, ...]", value)) if isinstance(value, tuple) else value)


def _messages(value: object) -> tuple[Message, ...]:
    return tuple([wrapped(raw) for raw in cast("list[JsonObject]", value)])


def _raws(value: object) -> list[JsonValue]:
    return [message.raw for message in cast("tuple[Message, ...]", value)]


def _usage_raw(value: object) -> JsonObject:
    usage = cast("Usage", value)
    raw = {item.name: getattr(usage, item.name) for item in fields(usage)}
    return {**raw, "cost": None if usage.cost is None else str(usage.cost)}


def _usage(value: object) -> Usage:
    raw = cast("dict[str, int | str | None]", value)
    if not any(raw.values()):
        return NO_USAGE
    cost = raw["cost"]
    counts = {key: int(count or 0) for key, count in raw.items() if key != "cost"}
    return Usage(**counts, cost=None if cost is None else Decimal(cost))


def _raw(value: object) -> JsonValue:
    return cast("Message | Completion", value).raw


def _completion(value: object) -> Completion:
    return Completion(cast("JsonObject", value))


def _tuple(value: object) -> object:
    return tuple(cast("list[object]", value))


_WRITERS: Mapping[str, Callable[[object], JsonValue]] = {
    "messages": _raws,
    "history": _raws,
    "message": _raw,
    "completion": _raw,
    "partial": _raw,
    "usage": _usage_raw,
    "reserved": str,
}
_READERS: Mapping[str, Callable[[object], object]] = {
    "messages": _messages,
    "history": _messages,
    "message": lambda value: wrapped(cast("JsonObject", value)),
    "completion": _completion,
    "partial": _completion,
    "usage": _usage,
    "reserved": lambda value: Decimal(cast("str", value)),
    "parent": _tuple,
    "forked": _tuple,
    "problems": _tuple,
    "repairs": _tuple,
    "notes": _tuple,
    "waiting": lambda value: tuple([_tuple(item) for item in cast("list[object]", value)]),
}
