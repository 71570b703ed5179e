"""Failures: what an HTTP reply of the service amounts to, a completion or a typed error in the service's own words.

Source: https://openrouter.ai/docs/api-reference/errors, and what recorded answers hold beyond it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright._secrets import masked
from callwright.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ContextLengthError,
    InsufficientCreditsError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
)
from callwright.wire.chat import Completion

__all__ = ["completion_of", "status_error"]

_BODY_LIMIT = 64 * 1024
_WORDS_LIMIT = 1_000
_RETRYABLE = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_KINDS: Mapping[int, type[APIStatusError]] = {
    401: AuthenticationError,
    402: InsufficientCreditsError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
}
_CONTEXT_TYPES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
# No pattern here looks further than to the next bracket: pages may be written to make a search quadratic.
_TAG = re.compile(r"<[^<>]*>")
_CODE = re.compile(r"[45][0-9][0-9]")
_UNREAD = re.compile(r"<(?:script|style)\b[^<>]*>", re.IGNORECASE)
_READ = re.compile(r"</(?:script|style)", re.IGNORECASE)


def completion_of(headers: Mapping[str, str], body: bytes, *, now: float) -> Completion:
    """Return the completion in the body of a 200; 200 alone is no success.

    Args:
        headers: With lower-case names.
        body: May begin with blanks that kept the connection alive.
        now: Seconds since 1970, for a `Retry-After` that is a date.

    Raises:
        APIStatusError: The body reports an error, or holds no answer.
    """
    try:
        raw = decode(body)
    except ValueError:
        raise status_error(200, headers, body, now=now) from None
    if isinstance(raw, dict) and not raw.get("error"):
        choices = raw.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            error = choices[0].get("error")
            if not error and choices[0].get("finish_reason") != "error":
                return Completion(raw)
            raw = {**raw, "error": error or {"message": "the provider ended the answer with an error", "code": 502}}
    raise status_error(200, headers, body, now=now, raw=raw)


def status_error(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float, raw: JsonValue = None
) -> APIStatusError:
    """Return the error that a reply amounts to.

    Args:
        status: The HTTP status.
        headers: With lower-case names.
        body: JSON, HTML, text or nothing; never hides the status.
        now: Seconds since 1970.
        raw: The decoded body, if it was decoded already.
    """
    said = _said(raw if raw is not None else _decoded(body))
    metadata = _object(said.get("metadata"))
    availability = _object(said.get("availability"))
    effective = _status(status, said)
    error_type = _word(said.get("error_type")) or _word(metadata.get("error_type")) or _word(said.get("type"))
    provider = _word(metadata.get("provider_name"))
    retryable = availability.get("retryable")
    if not isinstance(retryable, bool):
        retryable = effective in _RETRYABLE and not _is_daily_cap(said, metadata)
    kind = _kind(effective, error_type)
    return kind(
        _message(status, said, metadata, body),
        status=effective,
        error_type=error_type,
        provider=provider,
        body=_kept(said, body),
        retryable=retryable,
        retry_after=_retry_after(headers, availability, now),
        request_id=headers.get("x-generation-id") or headers.get("x-request-id"),
    )


def _kept(said: JsonObject, body: bytes) -> JsonValue:
    """Return the body for the error to hold: without secrets, capped."""
    if not said:
        return masked(body.decode(errors="replace"))[:_BODY_LIMIT]
    text = encode(said).decode()
    shown = masked(text)
    if len(shown) > _BODY_LIMIT:
        return shown[:_BODY_LIMIT]
    return said if shown == text else decode(shown)


def _said(raw: JsonValue) -> JsonObject:
    """Return the error object of a body, whatever shape the server gave it."""
    if not isinstance(raw, dict):
        return {}
    error = raw.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str):
        return {"message": error}
    detail = raw.get("detail") or raw.get("message")
    if detail is not None:
        return {"message": detail}
    if "choices" in raw:
        return {"message": f"the answer holds no choices (choices: {raw['choices']!r})", "code": 502}
    return {}


def _decoded(body: bytes) -> JsonValue:
    try:
        return decode(body)
    except ValueError:
        return None


def _status(status: int, said: JsonObject) -> int:
    """Return the HTTP status, or for a 200 the one that the body names."""
    if status != 200:  # noqa: PLR2004 - HTTP
        return status
    for key in ("code", "http_status", "status"):
        code = said.get(key)
        if isinstance(code, str) and _CODE.fullmatch(code):
            return int(code)
        if isinstance(code, int) and 400 <= code < 600:  # noqa: PLR2004 - HTTP
            return code
    return 502


def _kind(status: int, error_type: str | None) -> type[APIStatusError]:
    if error_type in _CONTEXT_TYPES:
        return ContextLengthError
    if status in _KINDS:
        return _KINDS[status]
    if status >= 500:  # noqa: PLR2004 - HTTP
        return ProviderError
    return BadRequestError


def _message(status: int, said: JsonObject, metadata: JsonObject, body: bytes) -> str:
    """Return the service's own words: its message, and the provider's beneath it."""
    words = said.get("message")
    if words is None:
        text = " ".join(_TAG.sub(" ", _readable(body[:_BODY_LIMIT].decode(errors="replace"))).split())
        shown = f"the body is no JSON: {text[:200]}" if text else "the body is empty"
        return masked(f"HTTP {status}: {shown}; is base_url the address of a chat-completions API?")
    cause = metadata.get("raw")
    beneath = f" ({cause if isinstance(cause, str) else _short(cause)})" if cause else ""
    provider = _word(metadata.get("provider_name"))
    source = f" [{provider}]" if provider else ""
    # Hidden before it is cut: half a key is still half a key.
    return masked(f"HTTP {status}{source}: {words}{beneath}")[:_WORDS_LIMIT]


def _readable(page: str) -> str:
    """Return the page without its scripts and styles."""
    pieces: list[str] = []
    start = 0
    for tag in _UNREAD.finditer(page):
        if tag.start() < start:
            continue
        pieces.append(page[start : tag.start()])
        end = _READ.search(page, tag.end())
        start = len(page) if end is None else end.start()
    return "".join([*pieces, page[start:]])


def _retry_after(headers: Mapping[str, str], availability: JsonObject, now: float) -> float | None:
    """Return how long the service asks to wait, in seconds, from the first source that makes sense."""
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    seconds = _seconds(said)
    if seconds is None and said:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - most waits are numbers

        try:
            seconds = max(0.0, parsedate_to_datetime(said).timestamp() - now)
        except (ValueError, OverflowError, TypeError):
            seconds = None
    return seconds if seconds is not None else _seconds(availability.get("retry_after"))


def _seconds(value: JsonValue) -> float | None:
    try:
        seconds = float(cast("str", value))
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _is_daily_cap(said: JsonObject, metadata: JsonObject) -> bool:
    """Whether the limit lasts until tomorrow, so that waiting is pointless."""
    return "per-day" in str(said.get("message")) or "daily" in str(metadata.get("limit_source"))


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _word(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _short(value: JsonValue) -> str:
    return str(value)[:500]
