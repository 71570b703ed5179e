"""Faults: what goes wrong between a request and its answer, by name.

Each fault takes the turn that would have been the answer and returns the reply that comes instead. Some replace it (an
error, a page of HTML), some spoil it (a stream that is cut).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from callwright._json import JsonValue
from callwright.testing.reply import (
    CUT,
    Object,
    Pause,
    Piece,
    Reply,
    error_body,
    error_reply,
    event,
    json_reply,
    stream_reply,
)
from callwright.testing.wireshape import (
    Asked,
    Turn,
    chunks,
    completion,
    completion_chunk,
    rendered,
    usage_of,
)

__all__ = ["FAULTS", "Fault", "FaultSpec", "parse_faults"]

Fault: TypeAlias = Callable[[Turn, Asked, float | None], Reply]
"""The turn that was to come, its request, and the number given with the fault's name, if one was."""


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """A fault as it was asked for."""

    name: str
    """A key of `FAULTS`."""

    value: float | None = None
    """Seconds, as a rule; None: the fault's own."""

    def reply(self, turn: Turn, asked: Asked) -> Reply:
        """Return what comes instead of `turn`."""
        return FAULTS[self.name](turn, asked, self.value)


_UPSTREAM = 500
_SPEC = re.compile(r"([a-z0-9-]+)(?:=(\d+(?:\.\d+)?))?(?:\*(\d+))?")


def parse_faults(text: str) -> tuple[FaultSpec | None, ...]:
    """Return what the tries of a request meet, one after the other and then from the start; None: no fault.

    Args:
        text: Nothing, `NAME`, `NAME=VALUE`, `NAME*TIMES`, or several with commas between. Without times, one name alone
            is met at every try. With times or several names, each is met as often as it says and then comes one try
            without fault.

    Raises:
        ValueError: A name is unknown, or the text has another form.
    """
    if not text:
        return (None,)
    tries: list[FaultSpec | None] = []
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        match = _SPEC.fullmatch(part)
        if match is None or match[1] not in FAULTS:
            raise ValueError(
                f"unknown fault {part!r}; expected NAME[=VALUE][*TIMES] with a name of: {', '.join(FAULTS)}"
            )
        spec = FaultSpec(match[1], None if match[2] is None else float(match[2]))
        if match[3] is None and len(parts) == 1:
            return (spec,)
        tries += [spec] * int(match[3] or 1)
    return (*tries, None)


def _rate_limited(turn: Turn, asked: Asked, value: float | None) -> Reply:
    del turn
    seconds = f"{1.0 if value is None else value:g}"
    limits = {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{asked.created}000"}
    headers = (("retry-after", seconds), *((name.lower(), text) for name, text in limits.items()))
    metadata: Object = {"error_type": "rate_limit_exceeded", "headers": {**limits, "Retry-After": seconds}}
    return error_reply(429, "Rate limit exceeded: free-models-per-min. ", metadata=metadata, headers=headers)


def _daily_limit(turn: Turn, asked: Asked, value: float | None) -> Reply:
    del turn, asked, value
    metadata: Object = {
        "error_type": "rate_limit_exceeded",
        "limit_source": "openrouter_free_tier_daily",
        "headers": {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0"},
    }
    message = "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day"
    return error_reply(429, message, metadata=metadata)


def _status(status: int, message: str, error_type: str, **metadata: JsonValue) -> Fault:
    """Return the fault that answers with this error."""

    def fault(turn: Turn, asked: Asked, value: float | None) -> Reply:
        del turn
        upstream: Object = {"provider_name": asked.provider} if status >= _UPSTREAM else {}
        headers = () if value is None else (("retry-after", f"{value:g}"),)
        return error_reply(
            status, message, metadata={"error_type": error_type, **upstream, **metadata}, headers=headers
        )

    return fault


def _html(turn: Turn, asked: Asked, value: float | None) -> Reply:
    del turn, asked
    status = 502 if value is None else int(value)
    page = (
        f"<!DOCTYPE html>\n<html><head><title>openrouter.ai | {status}: Bad gateway</title></head>"
        f"<body><h1>Bad gateway</h1><p>Error code {status}</p></body></html>\n"
    )
    return Reply(status, (("content-type", "text/html; charset=UTF-8"),), (page.encode(),))


def _empty(turn: Turn, asked: Asked, value: float | None) -> Reply:
    del turn, asked
    return Reply(200 if value is None else int(value), (("content-type", "application/json"),), (b"",))


def _error_in_200(turn: Turn, asked: Asked, value: float | None) -> Reply:
    del turn
    code = 502 if value is None else int(value)
    metadata: Object = {
        "provider_name": asked.provider,
        "raw": "upstream gave up",
        "error_type": "provider_unavailable",
    }
    return json_reply(error_body(code, "Provider returned error", metadata=metadata), padding=asked.style.padding)


def _padded_error(turn: Turn, asked: Asked, value: float | None) -> Reply:
    del turn, value
    body: JsonValue = {"id": None, "choices": None, "model": None, "error": {"code": 502, "message": "Upstream error"}}
    return json_reply(body, padding=asked.style.padding)


def _choice_error(turn: Turn, asked: Asked, value: float | None) -> Reply:
    """An error beside what was generated until then; in a stream, the chunk that the documents describe."""
    if asked.stream:
        return _mid_stream_error(turn, asked, value)
    whole = completion(replace(turn, message=_half(turn), finish_reason="error"), asked)
    (choice,) = cast("Sequence[Object]", whole["choices"])
    error: Object = {
        "code": 502,
        "message": "Provider disconnected",
        "metadata": {"error_type": "provider_unavailable"},
    }
    return json_reply({**whole, "choices": [{**choice, "error": error}]}, generation=asked.id)


def _mid_stream_error(turn: Turn, asked: Asked, value: float | None) -> Reply:
    if not asked.stream:
        return _choice_error(turn, asked, value)
    code = 502 if value is None else int(value)
    error: Object = {
        "code": code,
        "message": "Provider disconnected",
        "metadata": {"error_type": "provider_unavailable"},
    }
    last = {**completion_chunk(asked, {}, "error", "error"), "error": error}
    return _streamed([*_first_half(turn, asked), event(last)], asked, done=False)


def _late_error(turn: Turn, asked: Asked, value: float | None) -> Reply:
    """The error stands on the chunk with the usage, the finish reason is null, and `[DONE]` follows."""
    if not asked.stream:
        return _choice_error(turn, asked, value)
    error: Object = {"code": 400, "message": "Token limit reached"}
    last = {**completion_chunk(asked, {}), "usage": usage_of(turn, asked), "error": error}
    return _streamed([*_first_half(turn, asked), event(last)], asked)


def _bare_stream_error(turn: Turn, asked: Asked, value: float | None) -> Reply:
    if not asked.stream:
        return _error_in_200(turn, asked, value)
    error: Object = {"error": {"code": 502, "message": "Provider returned error"}}
    return _streamed([*_first_half(turn, asked), event(error)], asked, done=False)


def _cut(turn: Turn, asked: Asked, value: float | None) -> Reply:
    """The connection breaks in the middle of the answer."""
    del value
    if asked.stream:
        return _streamed([*_first_half(turn, asked), CUT], asked)
    whole = rendered(turn, asked)
    return replace(whole, pieces=(whole.body[: len(whole.body) // 2], CUT))


def _cut_late(turn: Turn, asked: Asked, value: float | None) -> Reply:
    """The connection breaks when all has been said, but before the finish reason."""
    if not asked.stream:
        return _cut(turn, asked, value)
    said = [event(chunk) for chunk in chunks(turn, asked)]
    return _streamed([*said[: _deltas_of(turn, asked)], CUT], asked)


def _no_answer(turn: Turn, asked: Asked, value: float | None) -> Reply:
    del turn, asked, value
    return Reply(200, (), (CUT,))


def _no_finish(turn: Turn, asked: Asked, value: float | None) -> Reply:
    """The answer ends cleanly, but nothing says that it is whole."""
    del value
    if asked.stream:
        said = [event(chunk) for chunk in chunks(turn, asked)]
        return _streamed(said[: _deltas_of(turn, asked)], asked, done=False)
    return rendered(replace(turn, finish_reason=None, native=None), asked)


def _no_done(turn: Turn, asked: Asked, value: float | None) -> Reply:
    del value
    return rendered(replace(turn, style=replace(turn.style or asked.style, done=False)), asked)


def _choices_null(turn: Turn, asked: Asked, value: float | None) -> Reply:
    del value
    if asked.stream:
        nothing: list[Piece] = [event({**completion_chunk(asked, {}), "choices": None})]
        return _streamed(nothing, asked)
    return json_reply({**completion(turn, asked), "choices": None}, padding=asked.style.padding)


def _no_choices(turn: Turn, asked: Asked, value: float | None) -> Reply:
    del value
    if asked.stream:
        nothing: list[Piece] = [event({**completion_chunk(asked, {}), "choices": []})]
        return _streamed(nothing, asked)
    return json_reply({**completion(turn, asked), "choices": []}, padding=asked.style.padding)


def _malformed_arguments(turn: Turn, asked: Asked, value: float | None) -> Reply:
    """The last characters of every call's arguments are lost, under a normal finish reason."""
    del value
    calls = cast("Sequence[Object]", turn.message.get("tool_calls") or ())
    spoilt = [{**call, "function": _shorter(cast("Object", call["function"]))} for call in calls]
    return rendered(replace(turn, message={**turn.message, "tool_calls": spoilt}) if spoilt else turn, asked)


def _slow(turn: Turn, asked: Asked, value: float | None) -> Reply:
    """A pause comes before the answer and, in a stream, between its chunks."""
    seconds = 0.05 if value is None else value
    style = replace(turn.style or asked.style, pace=seconds)
    reply = rendered(replace(turn, style=style), asked)
    return replace(reply, pieces=(Pause(seconds), *reply.pieces))


def _stalled(turn: Turn, asked: Asked, value: float | None) -> Reply:
    """The answer begins and then does not go on for long: an hour, unless a value is given."""
    silence = Pause(3600.0 if value is None else value)
    if asked.stream:
        return _streamed([*_first_half(turn, asked), silence], asked, done=False)
    whole = rendered(turn, asked)
    return replace(whole, pieces=(b"\n" * 10, silence, whole.body))


def _streamed(events: Sequence[Piece], asked: Asked, *, done: bool = True) -> Reply:
    return stream_reply(events, replace(asked.style, done=done and asked.style.done), generation=asked.id)


def _half(turn: Turn) -> Object:
    content = turn.message.get("content")
    return {"content": content[: len(content) // 2] if isinstance(content, str) else None}


def _deltas_of(turn: Turn, asked: Asked) -> int:
    """Return how many chunks come before the one that says the finish reason."""
    usage = (turn.style or asked.style).usage
    return len(chunks(turn, asked)) - (1 if usage == "none" else 2)


def _first_half(turn: Turn, asked: Asked) -> list[Piece]:
    """Return the events of the first half of what was to be said; at least one of two."""
    count = _deltas_of(turn, asked)
    return [event(chunk) for chunk in chunks(turn, asked)[: (count + 1) // 2]]


def _shorter(function: Object) -> Object:
    arguments = function.get("arguments")
    return {**function, "arguments": arguments[:-2] or "{" if isinstance(arguments, str) else arguments}


FAULTS: Mapping[str, Fault] = {
    "400": _status(400, "Provider returned error", "invalid_request", raw='{"error":"bad tool schema"}'),
    "context-length": _status(
        400,
        "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens.",
        "context_length_exceeded",
    ),
    "402": _status(
        402,
        "This request requires more credits, or fewer max_tokens. "
        "You requested up to 16384 tokens, but can only afford 1200",
        "payment_required",
    ),
    "403": _status(
        403,
        "Input was flagged by moderation",
        "permission_denied",
        reasons=["violence"],
        flagged_input="...",
        provider_name="OpenAI",
        model_slug="openai/gpt-4o-mini",
    ),
    "404": _status(404, "No endpoints found that support tool use", "not_found"),
    "408": _status(408, "Request timed out", "timeout"),
    "429": _rate_limited,
    "daily-limit": _daily_limit,
    "500": _status(500, "Internal Server Error", "server"),
    "502": _status(502, "Provider returned error", "provider_unavailable", raw="upstream closed the connection"),
    "503": _status(503, "No available model provider meets your routing requirements", "provider_overloaded"),
    "524": _status(524, "Provider timed out", "timeout"),
    "529": _status(529, "Provider is overloaded", "provider_overloaded"),
    "html": _html,
    "empty": _empty,
    "error-in-200": _error_in_200,
    "padded-error": _padded_error,
    "choice-error": _choice_error,
    "mid-stream-error": _mid_stream_error,
    "late-error": _late_error,
    "bare-stream-error": _bare_stream_error,
    "cut": _cut,
    "cut-late": _cut_late,
    "no-answer": _no_answer,
    "no-finish": _no_finish,
    "no-done": _no_done,
    "choices-null": _choices_null,
    "no-choices": _no_choices,
    "malformed-arguments": _malformed_arguments,
    "slow": _slow,
    "stalled": _stalled,
}
"""Name -> fault."""
