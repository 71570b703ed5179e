"""The wire's shape: how OpenRouter writes what an assistant says, whole or in chunks, and its usage.

Source: OpenRouter's OpenAPI document of 2026-08-22, and recorded traffic where the document is silent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import cast

from callwright._json import JsonValue
from callwright.testing.reply import DEFAULT_STYLE, Object, Reply, Style, event, json_reply, stream_reply

__all__ = [
    "COMPLETION_PRICE",
    "PROMPT_PRICE",
    "Asked",
    "Turn",
    "chunks",
    "completion",
    "completion_chunk",
    "rendered",
    "shortened",
    "token",
    "usage_of",
]

PROMPT_PRICE = 0.00000015
"""US dollars per token read; every model of the offline service costs the same."""

COMPLETION_PRICE = 0.0000006
"""US dollars per token written."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ARGUMENT_PIECE = 12
_NATIVE: Mapping[str, Mapping[str, str]] = {
    "Anthropic": {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"},
    "Google": {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS"},
}


@dataclass(frozen=True, slots=True)
class Turn:
    """What the assistant says in one turn."""

    message: Object
    """As on the wire; `role`, the usual nulls and, of each call, `index`, `type` and `id` are added where they are
    missing. An `id` of None is left out."""
    finish_reason: str | None = "stop"
    native: str | None = None
    """The provider's own word for the finish reason; None: the usual one."""

    deltas: tuple[Object, ...] | None = None
    """How the message comes in a stream, if not in the usual way."""

    style: Style | None = None
    """None: the service's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer has to know of its request."""

    id: str
    created: int
    """Seconds since 1970-01-01 UTC."""

    model: str
    provider: str
    """The display name."""

    prompt_tokens: int
    conversation: str
    """A digest that stays the same when the request is sent again."""

    stream: bool = False
    style: Style = DEFAULT_STYLE

    def native(self, turn: Turn) -> str | None:
        """Return the provider's word for the finish reason of `turn`."""
        if turn.native is not None or turn.finish_reason is None:
            return turn.native
        return _NATIVE.get(self.provider, {}).get(turn.finish_reason, turn.finish_reason)

    def call_id(self, index: int) -> str:
        """Return the id of the turn's call number `index`."""
        return f"call_{token(self.conversation, index)}"


def token(*parts: object) -> str:
    """Return 20 letters and digits that depend on `parts` alone."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:20])


def usage_of(turn: Turn, asked: Asked) -> dict[str, JsonValue]:
    """Return the usage of `turn`, at four characters a token."""
    told = {key: value for key, value in turn.message.items() if key not in {"reasoning", "reasoning_details"}}
    reasoning = turn.message.get("reasoning")
    thought = -(-len(reasoning) // 4) if isinstance(reasoning, str) else 0
    written = thought + sum(max(1, len(text) // 4) for text in _texts(told))
    prompt_cost, completion_cost = asked.prompt_tokens * PROMPT_PRICE, written * COMPLETION_PRICE
    return {
        "prompt_tokens": asked.prompt_tokens,
        "completion_tokens": written,
        "total_tokens": asked.prompt_tokens + written,
        "cost": round(prompt_cost + completion_cost, 12),
        "is_byok": False,
        "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": thought},
        "cost_details": {
            "upstream_inference_cost": None,
            "upstream_inference_prompt_cost": round(prompt_cost, 12),
            "upstream_inference_completions_cost": round(completion_cost, 12),
        },
    }


def completion(turn: Turn, asked: Asked) -> dict[str, JsonValue]:
    """Return `turn` as a whole ChatResult."""
    choice: Object = {
        "index": 0,
        "logprobs": None,
        "finish_reason": turn.finish_reason,
        "native_finish_reason": asked.native(turn),
        "message": _message(turn, asked),
    }
    body: dict[str, JsonValue] = {
        "id": asked.id,
        "provider": asked.provider,
        "model": asked.model,
        "object": "chat.completion",
        "created": asked.created,
        "system_fingerprint": None,
        "choices": [choice],
    }
    if _style(turn, asked).usage != "none":
        body["usage"] = usage_of(turn, asked)
    return body


def chunks(turn: Turn, asked: Asked) -> list[dict[str, JsonValue]]:
    """Return `turn` as the ChatStreamChunks of a stream, the one with the usage last."""
    deltas = turn.deltas if turn.deltas is not None else _deltas(turn, asked)
    last: Object = {"content": ""}
    written = [completion_chunk(asked, delta) for delta in deltas]
    written.append(completion_chunk(asked, last, turn.finish_reason, asked.native(turn)))
    closing: Object
    match _style(turn, asked).usage:
        case "finish":
            closing = completion_chunk(asked, last, turn.finish_reason, asked.native(turn))
        case "choice":
            closing = completion_chunk(asked, last)
        case "empty":
            closing = {**completion_chunk(asked, last), "choices": []}
        case "none":
            return written
    return [*written, {**closing, "usage": usage_of(turn, asked)}]


def completion_chunk(
    asked: Asked, delta: Object, finish_reason: str | None = None, native: str | None = None
) -> dict[str, JsonValue]:
    """Return one ChatStreamChunk; role and content stand in every delta."""
    choice: Object = {
        "index": 0,
        "delta": {"role": "assistant", "content": "", **delta},
        "finish_reason": finish_reason,
        "native_finish_reason": native,
        "logprobs": None,
    }
    return {
        "id": asked.id,
        "provider": asked.provider,
        "model": asked.model,
        "object": "chat.completion.chunk",
        "created": asked.created,
        "choices": [choice],
    }


def rendered(turn: Turn, asked: Asked) -> Reply:
    """Return `turn` as the answer to its request, streamed if that was asked for."""
    style = _style(turn, asked)
    if asked.stream:
        return stream_reply([event(chunk) for chunk in chunks(turn, asked)], style, generation=asked.id)
    return json_reply(completion(turn, asked), generation=asked.id, padding=style.padding)


def shortened(turn: Turn, request: Object) -> Turn:
    """Return as much of `turn` as the request's `stop` and `max_tokens` allow, at four characters a token."""
    content, limit = turn.message.get("content"), request.get("max_tokens") or request.get("max_completion_tokens")
    stops = request.get("stop") or ()
    if isinstance(content, str):
        for stop in [stops] if isinstance(stops, str) else cast("Sequence[str]", stops):
            content = content.partition(stop)[0]
    if not isinstance(limit, int):
        return replace(turn, message={**turn.message, "content": content})
    left = 4 * limit
    message: dict[str, JsonValue] = {**turn.message, "content": content[:left] if isinstance(content, str) else content}
    left -= len(content) if isinstance(content, str) else 0
    kept: list[Object] = []
    for call in cast("Sequence[Object]", message.pop("tool_calls", ())):
        function = cast("Object", call["function"])
        arguments = str(function["arguments"])
        if left > 0:
            kept.append({**call, "function": {**function, "arguments": arguments[:left]}})
        left -= len(arguments)
    if kept:
        message["tool_calls"] = kept
    return replace(turn, message=message, finish_reason="length" if left < 0 else turn.finish_reason)


def _style(turn: Turn, asked: Asked) -> Style:
    return turn.style if turn.style is not None else asked.style


def _message(turn: Turn, asked: Asked) -> dict[str, JsonValue]:
    message: dict[str, JsonValue] = {"role": "assistant", "content": None, "refusal": None, "reasoning": None}
    message.update(turn.message)
    if "tool_calls" in message:
        message["tool_calls"] = _calls(turn, asked)
    return message


def _calls(turn: Turn, asked: Asked) -> list[Object]:
    """Return the calls of `turn` with all that the wire needs."""
    given = turn.message.get("tool_calls") or ()
    calls = cast("Sequence[Object]", given)
    whole = [
        {"index": index, "id": asked.call_id(index), "type": "function", **call} for index, call in enumerate(calls)
    ]
    return [{key: value for key, value in call.items() if key != "id" or value is not None} for call in whole]


def _deltas(turn: Turn, asked: Asked) -> Iterator[Object]:
    """Yield the deltas of `turn` in the order in which providers send them: thoughts, text, calls."""
    message = turn.message
    yield from _reasoning_deltas(message)
    content = message.get("content")
    if isinstance(content, str):
        for piece in _words(content):
            yield {"content": piece}
    refusal = message.get("refusal")
    if isinstance(refusal, str):
        for piece in _words(refusal):
            yield {"refusal": piece}
    for key in ("annotations", "images"):
        if message.get(key):
            yield {key: message[key]}
    calls = [list(_call_deltas(call)) for call in _calls(turn, asked)]
    if _style(turn, asked).interleaved:
        in_turns = (delta for row in zip_longest(*calls) for delta in row if delta is not None)
    else:
        in_turns = (delta for row in calls for delta in row)
    for call_delta in in_turns:
        yield {"content": None, "tool_calls": [call_delta]}


def _reasoning_deltas(message: Object) -> Iterator[Object]:
    details = message.get("reasoning_details")
    if details is None:
        reasoning = message.get("reasoning")
        for piece in _words(reasoning) if isinstance(reasoning, str) else ():
            yield {"reasoning": piece}
        return
    for detail in cast("Sequence[Object]", details):
        text = detail.get("text")
        if detail.get("type") != "reasoning.text" or not isinstance(text, str):
            yield {"reasoning_details": [detail]}
            continue
        plain = {key: value for key, value in detail.items() if key not in {"text", "signature"}}
        for piece in _words(text):
            yield {"reasoning": piece, "reasoning_details": [{**plain, "text": piece}]}
        if "signature" in detail:
            # The signature covers the whole text, so it comes after it, alone.
            yield {"reasoning_details": [{**plain, "text": "", "signature": detail["signature"]}]}


def _call_deltas(call: Object) -> Iterator[Object]:
    """Yield the head of a call, then its arguments in pieces."""
    function = cast("Object", call.get("function") or {})
    arguments = function.get("arguments")
    if arguments is None or not isinstance(arguments, str):
        yield call
        return
    yield {**call, "function": {**function, "arguments": ""}}
    for start in range(0, len(arguments), _ARGUMENT_PIECE):
        piece = arguments[start : start + _ARGUMENT_PIECE]
        yield {"index": call["index"], "function": {"arguments": piece}}


def _words(text: str) -> list[str]:
    """Split `text` after its blanks, so that the pieces join to it."""
    pieces = text.split(" ")
    return [*(f"{piece} " for piece in pieces[:-1]), *pieces[-1:]]


def _texts(value: JsonValue) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
        case _:
            return
