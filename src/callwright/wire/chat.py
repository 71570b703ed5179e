"""A chat: the request that is sent, the completion that comes back, and the deltas on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

from callwright._json import JsonObject, JsonValue, encode
from callwright.wire.answer import choices_of, count_of, dollars_of, extra_of, said_in, usage_of
from callwright.wire.calls import settled_calls
from callwright.wire.messages import AssistantMessage, Message, ToolCall, wired
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
        parts += (b'"messages":[', b",".join(wired(self.messages, profile, model=model)), b"]")
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
        """Read a usage object leniently: what is missing, negative or no number counts as not said.

        The names are those of OpenAI, then those of DeepSeek, Moonshot and Anthropic for the same counts.
        """
        if not isinstance(raw, Mapping):
            return NO_USAGE
        prompt = count_of(raw, "prompt_tokens", "input_tokens")
        completion = count_of(raw, "completion_tokens", "output_tokens")
        cached, reasoning = _details(raw, "prompt_tokens_details"), _details(raw, "completion_tokens_details")
        return cls(
            prompt,
            completion,
            count_of(raw, "total_tokens") or prompt + completion,
            count_of(cached, "cached_tokens")
            or count_of(raw, "prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"),
            count_of(cached, "cache_write_tokens") or count_of(raw, "cache_creation_input_tokens"),
            count_of(reasoning, "reasoning_tokens") or count_of(raw, "reasoning_tokens"),
            dollars_of(raw.get("cost")),
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


def _details(raw: Mapping[str, JsonValue], key: str) -> Mapping[str, JsonValue]:
    details = raw.get(key)
    return details if isinstance(details, Mapping) else {}


CUT = frozenset(
    {
        *("length", "content_filter", "error"),
        # Of Mistral, Gemini, DeepSeek, GLM and vLLM, where they are not translated.
        *("model_length", "max_tokens", "MAX_TOKENS", "SAFETY", "insufficient_system_resource", "sensitive"),
        *("network_error", "abort"),
    }
)
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

    __slots__ = ("_first", "_message", "_usage", "raw", "timing")

    def __init__(self, raw: JsonObject) -> None:
        self.raw = raw
        self.timing: Timing | None = None
        """Measured by who asked; no part of what came, and not kept with it."""
        self._first: JsonObject | None = None
        self._message: AssistantMessage | None = None
        self._usage: Usage | None = None

    @property
    def message(self) -> AssistantMessage:
        """The assistant message of the first choice, of the form that servers take back: calls named, ids unique."""
        if self._message is None:
            self._message = AssistantMessage.of_raw(settled_calls(said_in(self._choice), origin=self.origin))
        return self._message

    @property
    def choices(self) -> tuple[Completion, ...]:
        """One completion for each choice, by index, if several were asked for (`n`); the usage is that of all."""
        return tuple([Completion({**self.raw, "choices": [choice]}) for choice in choices_of(self.raw)])

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
            self._usage = Usage.of_raw(usage_of(self.raw))
        return self._usage

    @property
    def upstream_cost(self) -> Decimal | None:
        """What the provider charged, in US dollars, if your own key of it was used; None if the service did not say."""
        return dollars_of(self._usage_details("cost_details").get("upstream_inference_cost"))

    @property
    def is_byok(self) -> bool:
        """Whether your own key of the provider was used."""
        usage = usage_of(self.raw)
        return isinstance(usage, Mapping) and usage.get("is_byok") is True

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
    def created(self) -> int | None:
        """When it was made, in seconds since 1970."""
        return count_of(self.raw, "created") or None

    @property
    def native_finish_reason(self) -> str | None:
        """The finish in the provider's own word, such as `end_turn`."""
        return self._text_of(self._choice, "native_finish_reason")

    @property
    def refusal(self) -> str | None:
        """Why the model refused; None if it did not."""
        return self.message.refusal

    @property
    def annotations(self) -> Sequence[JsonObject]:
        """Sources and parsed files: `{"type": "url_citation", "url_citation": {...}}`, `{"type": "file", ...}`."""
        return self._objects("annotations")

    @property
    def images(self) -> Sequence[JsonObject]:
        """Images that the model made: `{"type": "image_url", "image_url": {"url": "data:..."}}`."""
        return self._objects("images")

    @property
    def audio(self) -> JsonObject | None:
        """Sound that the model made: `id`, `data` (base64), `transcript`, `expires_at`."""
        audio = self.message.raw.get("audio")
        return audio if isinstance(audio, Mapping) else None

    @property
    def logprobs(self) -> JsonObject | None:
        """Log probabilities, if they were asked for: of `content` and of `refusal`, a list by token each."""
        logprobs = self._choice.get("logprobs")
        return logprobs if isinstance(logprobs, Mapping) else None

    @property
    def extra(self) -> dict[str, JsonValue]:
        """What models around the model noted, such as `votes`; kept with the answer, never sent."""
        return extra_of(self.raw)

    @property
    def origin(self) -> str:
        """What the ids of calls are made from that came without one: the same for a stream and an answer at once."""
        return self.id or str(self.created or "")

    @property
    def _choice(self) -> JsonObject:
        if self._first is None:
            choices = choices_of(self.raw)
            self._first = choices[0] if choices else {}
        return self._first

    def _objects(self, key: str) -> Sequence[JsonObject]:
        items = self.message.raw.get(key)
        return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list | tuple) else []

    def _usage_details(self, key: str) -> Mapping[str, JsonValue]:
        usage = usage_of(self.raw)
        return _details(usage, key) if isinstance(usage, Mapping) else {}

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
