"""A chat: the request that is sent, the completion that comes back, and the deltas on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

from callwright._json import JsonObject, JsonValue, encode
from callwright.wire.calls import settled_calls
from callwright.wire.messages import AssistantMessage, Message, ToolCall
from callwright.wire.profile import Profile

__all__ = [
    "CUT",
    "NO_USAGE",
    "CallDelta",
    "ChatRequest",
    "Completion",
    "Delta",
    "Encoded",
    "Timing",
    "ToolChoice",
    "Usage",
]

ToolChoice: TypeAlias = Literal["none", "auto", "required"] | JsonObject
"""How the model may call: not, as it likes, at least once, or `{"type": "function", "function": {"name": ...}}`."""


class Encoded:
    """A JSON value and its bytes, made once; equal by bytes."""

    __slots__ = ("_json", "raw")

    def __init__(self, raw: JsonObject | Sequence[JsonObject]) -> None:
        self.raw = raw
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """The value as JSON."""
        if self._json is None:
            self._json = encode(self.raw)
        return self._json

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that stand for the value."""
        return hashlib.blake2b(self.json, digest_size=8).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Encoded) and self.json == other.json

    def __hash__(self) -> int:
        return hash(self.json)

    def __repr__(self) -> str:
        return f"Encoded({self.raw!r})"


_NO_TOOLS = Encoded(())
_NO_PARAMS = Encoded({})


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a model is asked. Holds neither `model` nor `stream`: both belong to who is asked."""

    messages: Sequence[Message]
    tools: Encoded = _NO_TOOLS
    """The tool entries of the wire."""
    tool_choice: ToolChoice | None = None
    params: Encoded = _NO_PARAMS
    """Checked parameters, see `checked_params`."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Sent with this request only; not part of any record, since they may hold secrets."""

    def body(self, profile: Profile, *, model: str | None, stream: bool) -> bytes:
        """Return the body as JSON, keys always in the same order (the service's caches depend on it).

        Messages, tools and parameters keep their bytes, so that a step costs what it adds.
        """
        parts = [b"{"]
        if model is not None:
            parts += (b'"model":', encode(model), b",")
        parts += (b'"messages":[', b",".join([message.wire(profile) for message in self.messages]), b"]")
        if self.tools.raw:
            parts += (b',"tools":', self.tools.json)
            if self.tool_choice is not None:
                parts += (b',"tool_choice":', encode(self.tool_choice))
        if stream:
            parts.append(b',"stream":true')
        if self.params.raw:
            parts += (b",", self.params.json[1:-1])
        parts.append(b"}")
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one or more requests used; `+` adds. All counts are >= 0."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    """Part of `prompt_tokens`: read from a prompt cache."""
    cache_write_tokens: int = 0
    """Part of `prompt_tokens`: written to a prompt cache."""
    reasoning_tokens: int = 0
    """Part of `completion_tokens`: spent on reasoning."""
    cost: Decimal | None = None
    """In US dollars, as billed; None if the service did not say."""

    @classmethod
    def of_raw(cls, raw: JsonValue) -> Usage:
        """Read a usage object leniently: what is missing, negative or no number counts as not said."""
        if not isinstance(raw, dict):
            return NO_USAGE
        prompt, completion = _count(raw, "prompt_tokens"), _count(raw, "completion_tokens")
        cached, reasoning = raw.get("prompt_tokens_details"), raw.get("completion_tokens_details")
        cached = cached if isinstance(cached, dict) else {}
        return cls(
            prompt,
            completion,
            _count(raw, "total_tokens") or prompt + completion,
            _count(cached, "cached_tokens"),
            _count(cached, "cache_write_tokens"),
            _count(reasoning, "reasoning_tokens") if isinstance(reasoning, dict) else 0,
            _dollars(raw.get("cost")),
        )

    def __add__(self, other: Usage) -> Usage:
        if other is NO_USAGE:
            return self
        if self is NO_USAGE:
            return other
        cost = other.cost if self.cost is None else self.cost if other.cost is None else self.cost + other.cost
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.total_tokens + other.total_tokens,
            self.cached_tokens + other.cached_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            cost,
        )


NO_USAGE = Usage()
"""Nothing was used, or nothing was said."""


def _count(raw: Mapping[str, JsonValue], key: str) -> int:
    value = raw.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and value > 0 else 0


def _dollars(value: JsonValue) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        return None
    # repr is the shortest text that is this float: the digits that the service wrote.
    return Decimal(repr(value))


CUT = frozenset({"length", "content_filter", "error"})
"""Finishes of an answer that ended before the model was done."""


class CallDelta:
    """A piece of a tool call: `name` comes once, `arguments` piece by piece."""

    __slots__ = ("arguments", "id", "index", "name")

    def __init__(
        self,
        index: int,
        name: str | None,
        arguments: str,
        *,
        id: str | None = None,  # noqa: A002 - the wire's word
    ) -> None:
        self.index = index
        """The position of the call in its turn."""
        self.id = id
        self.name = name
        self.arguments = arguments

    def __repr__(self) -> str:
        return f"CallDelta({self.index}, {self.name!r}, {self.arguments!r})"


class Delta:
    """What one chunk of a stream adds, in one form whatever the server: text, reasoning, pieces of calls."""

    __slots__ = ("calls", "finish_reason", "ready", "reasoning", "text")

    def __init__(
        self,
        text: str = "",
        reasoning: str = "",
        *,
        calls: tuple[CallDelta, ...] = (),
        finish_reason: str | None = None,
        ready: tuple[tuple[int, ToolCall], ...] = (),
    ) -> None:
        self.text = text
        self.reasoning = reasoning
        self.calls = calls
        self.finish_reason = finish_reason
        self.ready = ready
        """The calls that this chunk completes, with their positions in the turn; each comes once.

        To be compared with `Completion.tool_calls` before their results count: a server may still add to one, and
        the finish may say that the answer was cut.
        """

    def __repr__(self) -> str:
        return f"Delta({self.text!r}, {self.reasoning!r}, calls={self.calls!r}, finish_reason={self.finish_reason!r})"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a request took, in seconds from when it was sent, waiting in line included."""

    first: float | None
    """To the first token; None if the answer came at once."""
    total: float
    """To the end of the answer."""


class Completion:
    """An answer of a model. `raw` is what came, whole; the rest reads it.

    Equal completions hold the same id, message, finish and usage, whether they came at once or as a stream.
    """

    __slots__ = ("_message", "_usage", "raw", "timing")

    def __init__(self, raw: JsonObject) -> None:
        self.raw = raw
        self.timing: Timing | None = None
        """Measured by who asked; no part of what came, and not kept with it."""
        self._message: AssistantMessage | None = None
        self._usage: Usage | None = None

    @property
    def message(self) -> AssistantMessage:
        """The assistant message of the first choice, of the form that servers take back: calls named, ids unique."""
        if self._message is None:
            said = _said(self._choice.get("message"))
            self._message = AssistantMessage.of_raw(settled_calls(said, origin=self.id or ""))
        return self._message

    @property
    def text(self) -> str:
        """The text of the message."""
        return self.message.text

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls of the message; they count, whatever `finish_reason` says."""
        return self.message.tool_calls

    @property
    def finish_reason(self) -> str | None:
        """`tool_calls`, `stop`, `length`, `content_filter`, `error`, another word of the server, or None."""
        return self._text_of(self._choice, "finish_reason")

    @property
    def is_cut(self) -> bool:
        """Whether the answer ended before the model was done, so that its last call or word may be half."""
        return self.finish_reason in CUT

    @property
    def usage(self) -> Usage:
        """What the request used."""
        if self._usage is None:
            self._usage = Usage.of_raw(self.raw.get("usage"))
        return self._usage

    @property
    def id(self) -> str | None:
        """The service's id of the generation."""
        return self._text_of(self.raw, "id")

    @property
    def model(self) -> str | None:
        """The model that answered; may be spelled otherwise than the one that was asked."""
        return self._text_of(self.raw, "model")

    @property
    def provider(self) -> str | None:
        """The provider that served the request."""
        return self._text_of(self.raw, "provider")

    @property
    def _choice(self) -> Mapping[str, JsonValue]:
        choices = self.raw.get("choices")
        first = choices[0] if isinstance(choices, list | tuple) and choices else None
        return first if isinstance(first, dict) else {}

    @staticmethod
    def _text_of(raw: Mapping[str, JsonValue], key: str) -> str | None:
        value = raw.get(key)
        return value if isinstance(value, str) else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Completion):
            return NotImplemented
        mine = (self.id, self.finish_reason, self.model, self.usage, self.message)
        return mine == (other.id, other.finish_reason, other.model, other.usage, other.message)

    def __hash__(self) -> int:
        return hash((self.id, self.finish_reason))

    def __repr__(self) -> str:
        calls = [call.name for call in self.tool_calls]
        said = f"text={self.text[:60]!r}, calls={calls}"
        return f"Completion(id={self.id!r}, finish_reason={self.finish_reason!r}, {said})"


_FORMS: Mapping[str, type | tuple[type, ...]] = {
    "content": (str, list, tuple),
    **dict.fromkeys(("reasoning", "reasoning_content", "refusal"), str),
    **dict.fromkeys(("annotations", "images", "reasoning_details", "tool_calls"), (list, tuple)),
    "audio": dict,
}


def _said(raw: JsonValue) -> JsonObject:
    """Return the message without what no server would take back; the same object if all of it is well formed."""
    said = raw if isinstance(raw, dict) else {}
    wrong = [key for key, form in _FORMS.items() if said.get(key) is not None and not isinstance(said[key], form)]
    content = said.get("content")
    parts = content if isinstance(content, list) else ()
    if said.get("role") == "assistant" and not wrong and all(isinstance(part, dict) for part in parts):
        return said
    kept: dict[str, JsonValue] = {key: value for key, value in said.items() if key not in wrong}
    if parts:
        kept["content"] = [part for part in parts if isinstance(part, dict)]
    return {"content": None, **kept, "role": "assistant"}
