"""Failures: the typed error that a reply, or a chunk of a stream, amounts to, in the service's own words.

Source: https://openrouter.ai/docs/api-reference/errors, and what recorded answers, also of other servers, hold beyond.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright._secrets import masked
from callwright.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ContextLengthError,
    InsufficientCreditsError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    Report,
    RequestTimeoutError,
    StreamError,
)
from callwright.service.reports import StatedError, retry_after, shown_page, stated, status_of, word

__all__ = ["shown_id", "status_error", "stream_error"]

_BODY_LIMIT = 64 * 1024
_VALUE_LIMIT = 8 * 1024
_VALUES = 64
_WORDS_LIMIT = 1_000
_ID_LIMIT = 200
_RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, *range(520, 525), 529})
_NEVER = frozenset({401, 402, 403})
"""Whatever else the service says: the same key and balance meet the same answer."""
_KINDS: Mapping[int, type[APIStatusError]] = {
    401: AuthenticationError,
    402: InsufficientCreditsError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: RequestTimeoutError,
    409: ConflictError,
    425: ConflictError,
    429: RateLimitError,
}
_CONTEXT_TYPES = frozenset({"context_length_exceeded", "exceed_context_size_error", "token_limit_exceeded"})
_CONTEXT = re.compile(
    r"maximum context length|context.?length.?exceeded|prompt is too long|exceeds the context", re.IGNORECASE
)
"""Of servers that have no class for it."""
_QUOTA_TYPES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "payment_required"})
_EVENT = re.compile(rb"\s*(?:event:[^\n]*\n)?data:([^\n]*)")
_DAILY = re.compile(r"per[-_ ]day|\bdaily\b", re.IGNORECASE)


def status_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    raw: JsonValue = None,
    partial: object = None,
) -> APIStatusError:
    """Return the error that a reply amounts to.

    Args:
        status: The HTTP status.
        headers: With lower-case names.
        body: JSON, HTML, text or nothing; never hides the status.
        now: Seconds since 1970.
        raw: The decoded body, if it was decoded already.
        partial: The `Completion` of what had come beside the error; None if nothing had.
    """
    raw = _decoded(body) if raw is None else raw
    said = stated(raw)
    effective = status_of(status, said)
    if said is None:
        text = shown_page(body[:_BODY_LIMIT])
        what = "is no JSON" if raw is None else "holds no answer"
        seen = f"the body {what}: {text[:200]}" if text else "the body is empty"
        words = masked(f"HTTP {status}: {seen}; is base_url the address of a chat-completions API?")
        kept: JsonValue = masked(body[:_BODY_LIMIT].decode(errors="replace"))
        said = StatedError({}, None)
    else:
        words = _words(f"HTTP {status}", said)
        kept = _kept(said.error)
    return _kind(effective, said)(
        words,
        status=effective,
        retryable=_is_retryable(effective, said, headers),
        **_report(said, headers, now, body=kept, partial=partial),
    )


def stream_error(raw: JsonObject, headers: Mapping[str, str], *, now: float, partial: object) -> StreamError:
    """Return the error that a chunk of a stream reports.

    Args:
        raw: The chunk.
        headers: Of the stream's reply, with lower-case names.
        now: Seconds since 1970.
        partial: The `Completion` of what had come.
    """
    said = stated(raw) or StatedError({}, None)
    status = status_of(None, said)
    code = f" (code {masked(str(said.code))[:40]})" if said.code is not None else ""
    return StreamError(
        _words("the service reported an error in the stream", said) + code,
        status=status,
        retryable=_is_retryable(status, said, headers),
        **_report(said, headers, now, body=_kept(said.error), partial=partial),
    )


def shown_id(value: JsonValue) -> str | None:
    """Return an id as an error may hold it; None if there is none."""
    said = word(value)
    return None if said is None else masked(said)[:_ID_LIMIT]


def _report(said: StatedError, headers: Mapping[str, str], now: float, *, body: JsonValue, partial: object) -> Report:
    generation = shown_id(headers.get("x-generation-id") or said.generation)
    request = shown_id(headers.get("x-request-id") or headers.get("request-id") or said.error.get("request_id"))
    return Report(
        body=body,
        partial=partial,
        # What failed before it generated anything is not charged for.
        maybe_billed=partial is not None,
        error_type=shown_id(said.error_type),
        provider=shown_id(said.provider),
        raw=_capped(said.metadata.get("raw")),
        metadata=_all_capped(said.metadata),
        availability=_all_capped(said.availability),
        retry_after=retry_after(headers, said, now),
        generation_id=generation,
        request_id=request or generation or shown_id(headers.get("cf-ray")),
    )


def _is_retryable(status: int, said: StatedError, headers: Mapping[str, str]) -> bool:
    """Return whether the same request may be answered soon: what the service says of it beats its status."""
    if status in _NEVER or _QUOTA_TYPES & said.types.keys() or (status == 429 and _is_daily(said)):  # noqa: PLR2004 - HTTP
        return False
    told = said.availability.get("retryable")
    if isinstance(told, bool):
        return told
    should = headers.get("x-should-retry")
    return should == "true" if should in {"true", "false"} else status in _RETRYABLE


def _is_daily(said: StatedError) -> bool:
    """Return whether the limit lasts until tomorrow, so that waiting is pointless."""
    return bool(_DAILY.search(said.message)) or "daily" in str(said.metadata.get("limit_source"))


def _kind(status: int, said: StatedError) -> type[APIStatusError]:
    is_request = 400 <= status < 500  # noqa: PLR2004 - HTTP
    if _CONTEXT_TYPES & said.types.keys() or (status in {400, 413} and _CONTEXT.search(said.message[:_WORDS_LIMIT])):
        return ContextLengthError
    if is_request and _QUOTA_TYPES & said.types.keys():
        return InsufficientCreditsError
    if status in _KINDS:
        return _KINDS[status]
    return ProviderError if status >= 500 else BadRequestError  # noqa: PLR2004 - HTTP


def _words(what: str, said: StatedError) -> str:
    """Return the service's own words: its message, and the provider's beneath it."""
    cause = said.metadata.get("raw")
    beneath = f" ({cause if isinstance(cause, str) else _short(cause)})" if cause else ""
    source = f" [{said.provider}]" if said.provider else ""
    # Hidden before it is cut: half a key is still half a key.
    return masked(f"{what}{source}: {said.message}{beneath}")[:_WORDS_LIMIT]


def _kept(value: JsonValue) -> JsonValue:
    """Return the value for the error to hold: without secrets, as text if it is too long."""
    text = _text(value)
    shown = masked(text)
    if len(shown) > _BODY_LIMIT:
        return shown[:_BODY_LIMIT]
    return value if shown == text else decode(shown)


def _capped(value: JsonValue) -> JsonValue:
    """Return a part of it for the error to hold, so long as the others fit as well."""
    if value is None or isinstance(value, bool | int | float):
        return value
    kept = _kept(value)
    text = kept if isinstance(kept, str) else _text(kept)
    return kept if len(text) <= _VALUE_LIMIT else text[:_VALUE_LIMIT]


def _all_capped(values: JsonObject) -> dict[str, JsonValue]:
    return {masked(key[:200]): _capped(value) for key, value in list(values.items())[:_VALUES]}


def _decoded(body: bytes) -> JsonValue:
    # Asked for a stream, some servers put even the error that comes instead into an event.
    event = _EVENT.match(body)
    try:
        return decode(event[1] if event else body)
    except ValueError:
        return None


def _text(value: JsonValue) -> str:
    return encode(value).decode()


def _short(value: JsonValue) -> str:
    return str(value)[:500]
