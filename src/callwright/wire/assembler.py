"""The assembler: chunks of a stream in, one completion out.

Source of the rules: recorded streams of 13 hosts, and issue threads of the clients that met them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from callwright._json import JsonValue
from callwright._secrets import masked
from callwright.errors import StreamError
from callwright.wire.chat import CUT, CallDelta, Completion, Delta
from callwright.wire.messages import ToolCall
from callwright.wire.slots import Slots

__all__ = ["Assembler", "fold"]

_HEAD_KEYS = ("id", "model", "provider", "created", "system_fingerprint", "service_tier", "openrouter_metadata")
_TEXT_KEYS = ("content", "reasoning", "reasoning_content", "refusal")
_LIST_KEYS = ("annotations", "images")
_FINAL_CODES = frozenset(map(str, range(400, 500))) - {"408", "409", "429"}
"""HTTP statuses that the same request will meet again."""


class _Choice:
    """One choice under assembly."""

    __slots__ = (
        *("audio", "delta_extra", "details", "extra", "finish_reason", "index", "lists", "logprobs", "slots", "sounds"),
        *("texts", "thoughts"),
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.texts: dict[str, list[str]] = {}
        self.lists: dict[str, list[JsonValue]] = {}
        self.details: list[dict[str, JsonValue]] | None = None
        self.thoughts: list[str] = []
        self.audio: dict[str, JsonValue] = {}
        self.sounds: dict[str, list[str]] = {}
        self.slots = Slots()
        self.logprobs: list[JsonValue] = []
        self.finish_reason: str | None = None
        self.extra: dict[str, JsonValue] = {}
        self.delta_extra: dict[str, JsonValue] = {}

    def push_delta(self, delta: dict[str, JsonValue]) -> tuple[CallDelta, ...]:
        """Add everything of a delta but its text; return the pieces of calls."""
        calls: tuple[CallDelta, ...] = ()
        for key, value in delta.items():
            if value is None or key in ("role", "content"):
                continue
            if key in _TEXT_KEYS:
                if isinstance(value, str) and value:
                    self.texts.setdefault(key, []).append(value)
            elif key == "tool_calls":
                pieces = value if isinstance(value, list) else ()
                calls = tuple([self.slots.push(piece) for piece in pieces if isinstance(piece, dict)])
            elif key == "reasoning_details":
                self._push_details(value)
            elif key in _LIST_KEYS:
                self.lists.setdefault(key, []).extend(value if isinstance(value, list) else ())
            elif key == "audio":
                self._push_audio(value)
            else:
                self.delta_extra[key] = value
        return calls

    def _push_details(self, value: JsonValue) -> None:
        """Add reasoning blocks: pieces of text that follow each other are one block, all else stands alone."""
        if not isinstance(value, list):
            return
        self.details = self.details or []
        for item in value:
            if not isinstance(item, dict):
                continue
            last = self.details[-1] if self.details else None
            if last and item.get("type") == "reasoning.text" == last.get("type"):
                self.thoughts.append(str(item.get("text") or ""))
                for key in item.keys() - {"text"}:
                    last[key] = last.get(key) or item[key]
            else:
                self._join_thoughts()
                self.details.append(dict(item))
                self.thoughts = [str(item.get("text") or "")]

    def _join_thoughts(self) -> None:
        # Kept in pieces until somebody looks: adding to a text copies it, and there are thousands of pieces.
        if self.details and len(self.thoughts) > 1:
            self.details[-1]["text"] = "".join(self.thoughts)
            self.thoughts = [str(self.details[-1]["text"])]

    def _push_audio(self, value: JsonValue) -> None:
        for key, part in value.items() if isinstance(value, dict) else ():
            if key in ("data", "transcript") and isinstance(part, str):
                self.sounds.setdefault(key, []).append(part)
            else:
                self.audio[key] = part

    def raw(self) -> dict[str, JsonValue]:
        """Return the choice in the shape of an answer that came at once."""
        message: dict[str, JsonValue] = {"role": "assistant", "content": None}
        message.update({key: "".join(pieces) for key, pieces in self.texts.items()})
        message.update(self.lists)
        message.update(self.delta_extra)
        if self.audio or self.sounds:
            message["audio"] = {**self.audio, **{key: "".join(parts) for key, parts in self.sounds.items()}}
        self._join_thoughts()
        if self.details is not None:
            message["reasoning_details"] = self.details
        if self.slots.all:
            message["tool_calls"] = [slot.raw() for slot in self.slots.all]
        choice: dict[str, JsonValue] = {"index": self.index, "finish_reason": self.finish_reason, "message": message}
        if self.logprobs:
            choice["logprobs"] = {"content": self.logprobs}
        return {**choice, **self.extra}


class Assembler:
    """Takes the chunks of one stream and gives the completion that would have come at once."""

    __slots__ = ("_choices", "_first", "_head", "_seen", "_usage")

    def __init__(self) -> None:
        self._first = _Choice(0)
        self._choices: dict[int, _Choice] = {0: self._first}
        self._head: dict[str, JsonValue] = {}
        self._usage: JsonValue = None
        self._seen = False

    def push(self, raw: Mapping[str, JsonValue]) -> Delta:
        """Add one chunk; return what it adds to the first choice.

        Raises:
            StreamError: The chunk reports an error; `.partial` holds what had come.
        """
        if not self._seen:
            self._seen = True
            self._head = {key: raw[key] for key in _HEAD_KEYS if raw.get(key) is not None}
        usage = raw.get("usage")
        if usage is not None:
            self._usage = usage
            self._head.update({key: raw[key] for key in _HEAD_KEYS if raw.get(key) is not None})
        error = raw.get("error")
        if error:
            raise self._reported(error)
        choices = raw.get("choices")
        if not isinstance(choices, list) or not choices:
            return Delta()
        if len(choices) == 1:
            return self._push_choice(choices[0])
        deltas = [(choice, self._push_choice(choice)) for choice in choices]
        firsts = (delta for choice, delta in deltas if isinstance(choice, dict) and not choice.get("index"))
        return next(firsts, Delta())

    def finish(self) -> Completion:
        """Return the completion of the whole stream.

        Raises:
            StreamError: No finish was seen: the stream was cut; `.partial` holds what had come.
        """
        if self._first.finish_reason is None:
            raise StreamError(
                "the stream ended without a finish_reason; what had come is in .partial", partial=self.partial()
            )
        return self.partial()

    def partial(self) -> Completion:
        """Return what has come so far, uncommitted."""
        choices = [self._choices[index].raw() for index in sorted(self._choices)]
        raw: dict[str, JsonValue] = {**self._head, "object": "chat.completion", "choices": choices}
        if self._usage is not None:
            raw["usage"] = self._usage
        return Completion(raw)

    def _push_choice(self, raw: JsonValue) -> Delta:
        if not isinstance(raw, dict):
            return Delta()
        index = raw.get("index")
        choice = self._first if not index else self._choice(index)
        delta = raw.get("delta")
        text, reasoning = "", ""
        calls: tuple[CallDelta, ...] = ()
        if isinstance(delta, dict):
            content = delta.get("content")
            if isinstance(content, str):
                if content:
                    text = content
                    choice.texts.setdefault("content", []).append(content)
            elif content:
                text = _push_parts(choice, content)
            if len(delta) > ("role" in delta) + ("content" in delta):
                calls = choice.push_delta(delta)
                shown = delta.get("reasoning") or delta.get("reasoning_content")
                reasoning = shown if isinstance(shown, str) else ""
        finish = raw.get("finish_reason")
        if isinstance(finish, str) and finish:
            choice.finish_reason = choice.finish_reason or finish
            choice.extra.update(_rest(raw))
        logprobs = raw.get("logprobs")
        if isinstance(logprobs, dict) and isinstance(content := logprobs.get("content"), list):
            choice.logprobs.extend(content)
        if (calls or finish) and choice is self._first and choice.slots.all:
            ready = self._ready(choice)
            return Delta(
                text, reasoning, calls=calls, finish_reason=choice.finish_reason if finish else None, ready=ready
            )
        return Delta(text, reasoning, calls=calls, finish_reason=choice.finish_reason if finish else None)

    def _ready(self, choice: _Choice) -> tuple[tuple[int, ToolCall], ...]:
        if choice.finish_reason in CUT:
            return ()
        return choice.slots.newly_ready(_word(self._head.get("id")) or "", is_over=choice.finish_reason is not None)

    def _choice(self, index: JsonValue) -> _Choice:
        number = index if isinstance(index, int) else 0
        return self._choices.setdefault(number, _Choice(number))

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


def _capped(said: JsonValue, longest: int) -> str:
    """Return the service's own words, without secrets."""
    return masked(str(said))[:longest]


def _word(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _rest(choice: dict[str, JsonValue]) -> dict[str, JsonValue]:
    known = ("index", "delta", "finish_reason", "logprobs")
    return {key: value for key, value in choice.items() if key not in known}


def _push_parts(choice: _Choice, content: JsonValue) -> str:
    """Add content that came as a list of parts (Mistral); return its text."""
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    text = "".join([str(part.get("text") or "") for part in parts if part.get("type") == "text"])
    if text:
        choice.texts.setdefault("content", []).append(text)
    return text
