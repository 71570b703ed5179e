"""The assembler: chunks of a stream in, one completion out.

Source of the rules: recorded streams of 13 hosts, and issue threads of the clients that met them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from callwright._json import JsonValue
from callwright._secrets import masked
from callwright.errors import StreamError
from callwright.wire.answer import place_of
from callwright.wire.chat import CUT, CallDelta, Completion, Delta
from callwright.wire.choice import Choice
from callwright.wire.messages import ToolCall

__all__ = ["Assembler", "fold"]

_USUAL = frozenset(
    {
        *("id", "object", "created", "model", "provider", "choices", "system_fingerprint", "service_tier", "usage"),
        *("obfuscation", "p"),
    }
)
"""Keys that most chunks hold: always the same values, `usage` aside, or padding."""
_FIRST = frozenset({"id", "created", "model", "provider"})
"""Of these the first value counts, of all others the last."""
_NOT_HEAD = frozenset({"choices", "object", "usage", "error", "obfuscation", "p"})
_NATIVE = "native_finish_reason"
_USUAL_CHOICE = frozenset({"index", "delta", "finish_reason", _NATIVE, "logprobs"})
_USUAL_DELTA = frozenset({"role", "content"})
_SILENT = _USUAL_DELTA | {"tool_calls"}
"""Keys of a delta that show no reasoning."""
_FINAL_CODES = frozenset(map(str, range(400, 500))) - {"408", "409", "425", "429"}
"""HTTP statuses that the same request will meet again."""


class Assembler:
    """Takes the chunks of one stream and gives the completion that would have come at once."""

    __slots__ = ("_choices", "_error", "_first", "_head", "_usage")

    def __init__(self) -> None:
        self._first = Choice(0)
        self._choices: dict[int, Choice] = {0: self._first}
        self._head: dict[str, JsonValue] = {}
        self._usage: JsonValue = None
        self._error: JsonValue = None

    def push(self, raw: Mapping[str, JsonValue]) -> Delta:
        """Add one chunk; return what it adds to the first choice.

        Raises:
            StreamError: The chunk reports an error; `.partial` holds what had come.
        """
        if "id" not in self._head or not _USUAL.issuperset(raw) or raw.get("usage") is not None:
            self._push_head(raw)
        choices = raw.get("choices")
        delta: Delta | None = None
        if isinstance(choices, list) and choices:
            one = len(choices) == 1
            delta = self._push_choice(choices[0]) if one else _joined(map(self._push_choice, choices))
        if self._error is not None:
            # After the rest of the chunk: what comes beside an error has been paid for, too.
            raise self._reported(self._error)
        return delta or Delta()

    def finish(self) -> Completion:
        """Return the completion of the whole stream.

        Raises:
            StreamError: No finish was seen: the stream was cut; `.partial` holds what had come.
        """
        completion = self.partial()
        if completion.finish_reason is None:
            raise StreamError(
                "the stream ended without a finish_reason; what had come is in .partial", partial=completion
            )
        if completion.finish_reason == "error":
            raise self._reported({"message": "the provider ended the answer with an error"})
        return completion

    def partial(self) -> Completion:
        """Return what has come so far, uncommitted."""
        # A server that numbers from 1 has no choice 0.
        choices = [choice for choice in self._choices.values() if choice is not self._first or self._is_first_there]
        ordered = [choice.raw() for choice in sorted(choices, key=lambda choice: choice.index)]
        raw: dict[str, JsonValue] = {**self._head, "object": "chat.completion", "choices": ordered}
        if self._usage is not None:
            raw["usage"] = self._usage
        return Completion(raw)

    @property
    def _is_first_there(self) -> bool:
        return len(self._choices) == 1 or self._first.finish_reason is not None or not self._first.is_empty

    def _push_head(self, raw: Mapping[str, JsonValue]) -> None:
        """Keep what a chunk says of the whole answer: usage, errors, and all that we do not know."""
        for key, value in raw.items():
            is_late = key in _FIRST and (value == "" or key in self._head)
            if value is not None and key not in _NOT_HEAD and not is_late:
                self._head[key] = value
        usage = raw.get("usage")
        if isinstance(usage, Mapping):
            self._push_usage(usage)
        elif usage is not None and self._usage is None:
            self._usage = usage
        error = raw.get("error")
        if not error and "choices" not in raw:
            # Some servers send the error itself where a chunk should be.
            error = raw if isinstance(raw.get("message"), str) else raw.get("detail")
        self._error = error or None

    def _push_usage(self, usage: Mapping[str, JsonValue]) -> None:
        """Keep the usage: cumulative where it comes with every chunk; a later null takes nothing away."""
        held: Mapping[str, JsonValue] = self._usage if isinstance(self._usage, Mapping) else {}
        self._usage = {**held, **{key: value for key, value in usage.items() if value is not None or key not in held}}

    def _push_choice(self, raw: JsonValue) -> Delta:
        if not isinstance(raw, dict):
            return Delta()
        delta = raw.get("delta")
        if (
            isinstance(delta, dict)
            and _USUAL_CHOICE.issuperset(raw)
            and _USUAL_DELTA.issuperset(delta)
            and not (raw.get("index") or raw.get("finish_reason") or raw.get("logprobs") or raw.get(_NATIVE))
        ):
            # Nearly every chunk is one piece of text.
            content = delta.get("content")
            if isinstance(content, str):
                if content:
                    self._first.content.append(content)
                return Delta(content)
        return self._push_whole(raw)

    def _push_whole(self, raw: dict[str, JsonValue]) -> Delta:
        """Add a choice of any shape."""
        index = raw.get("index")
        choice = self._choice(index) if index else self._first
        delta = raw.get("delta") if _USUAL_CHOICE.issuperset(raw) else self._push_unusual(choice, raw)
        text, reasoning = "", ""
        calls: tuple[CallDelta, ...] = ()
        if isinstance(delta, dict):
            text, reasoning = choice.push_content(delta.get("content"))
            calls = choice.push_delta(delta)
            if not _SILENT.issuperset(delta):
                reasoning += choice.shown(delta)
        logprobs = raw.get("logprobs")
        if isinstance(logprobs, dict):
            choice.push_logprobs(logprobs)
        finish = raw.get("finish_reason")
        if finish and isinstance(finish, str):
            choice.push_finish(finish)
        if finish or raw.get(_NATIVE):
            choice.push_rest(raw)
        if choice is not self._first:
            return Delta()
        ready = self._ready(choice) if (calls or finish) and choice.slots.all else ()
        seen = choice.finish_reason if finish else None
        return Delta(text, reasoning, calls=calls, finish_reason=seen, ready=ready)

    def _push_unusual(self, choice: Choice, raw: dict[str, JsonValue]) -> JsonValue:
        """Keep what we do not know of a choice, and its error; return its delta, which may be under another name."""
        choice.push_rest(raw)
        self._error = self._error or raw.get("error") or None
        delta = raw.get("delta")
        if isinstance(delta, dict):
            return delta
        message = choice.extra.pop("message", None)
        if isinstance(message, dict):
            # A last chunk may hold the whole message again.
            return message if choice.is_empty else None
        text = raw.get("text")
        return {"content": text} if isinstance(text, str) else None

    def _ready(self, choice: Choice) -> tuple[tuple[int, ToolCall], ...]:
        is_over = choice.finish_reason is not None
        if choice.finish_reason in CUT or not choice.slots.is_due(is_over=is_over):
            return ()
        return choice.slots.newly_ready(Completion(self._head).origin, is_over=is_over)

    def _choice(self, index: JsonValue) -> Choice:
        place = place_of(index) or 0
        choice = self._choices.get(place)
        if choice is None:
            choice = self._choices[place] = Choice(place)
        return choice

    def _reported(self, error: JsonValue) -> StreamError:
        said = error if isinstance(error, dict) else {"message": error}
        metadata = said.get("metadata")
        kind = said.get("error_type") or (metadata.get("error_type") if isinstance(metadata, dict) else None)
        code = _capped(said.get("code"), 40)
        return StreamError(
            f"the service reported an error in the stream: {_capped(said.get('message'), 1_000)} (code {code})",
            partial=self.partial(),
            retryable=code not in _FINAL_CODES,
            request_id=_word(self._head.get("id")),
            error_type=_word(kind),
        )


def fold(chunks: Iterable[Mapping[str, JsonValue]]) -> Completion:
    """Return the completion that the chunks of one whole stream amount to.

    Raises:
        StreamError: The stream reports an error, or was cut before its finish.
    """
    assembler = Assembler()
    for chunk in chunks:
        assembler.push(chunk)
    return assembler.finish()


def _joined(deltas: Iterable[Delta]) -> Delta:
    """Return several deltas of one chunk as one."""
    whole = Delta()
    for delta in deltas:
        whole.text += delta.text
        whole.reasoning += delta.reasoning
        whole.calls += delta.calls
        whole.ready += delta.ready
        whole.finish_reason = delta.finish_reason or whole.finish_reason
    return whole


def _capped(said: JsonValue, longest: int) -> str:
    """Return the service's own words, without secrets."""
    return masked(str(said))[:longest]


def _word(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None
