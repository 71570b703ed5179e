"""Reports: what a service says of an error, read out of whatever shape its body has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import cast

from callwright._json import JsonObject, JsonValue

__all__ = ["StatedError", "retry_after", "shown_page", "stated", "status_of", "word"]

_CODE = re.compile(r"[45][0-9][0-9]")
_DAY = 86_400.0
_STATUSES: Mapping[str, int] = {
    # OpenRouter's `error_type`, and the codes of its `availability`.
    **dict.fromkeys(
        (
            *("context_length_exceeded", "max_tokens_exceeded", "token_limit_exceeded", "string_too_long"),
            *("invalid_request", "invalid_prompt", "content_policy_violation", "refusal", "invalid_image"),
            *("image_too_large", "image_too_small", "unsupported_image_format", "image_download_failed"),
            *("model_not_found", "wrong_endpoint", "invalid_request_error", "exceed_context_size_error"),
            *("INVALID_ARGUMENT", "FAILED_PRECONDITION"),
        ),
        400,
    ),
    **dict.fromkeys(("authentication", "authentication_error", "invalid_api_key", "UNAUTHENTICATED"), 401),
    **dict.fromkeys(("payment_required", "billing_error"), 402),
    **dict.fromkeys(("permission_denied", "permission_error", "region_restricted", "PERMISSION_DENIED"), 403),
    **dict.fromkeys(
        (
            *("not_found", "not_found_error", "image_not_found", "no_endpoints", "model_deprecated", "NOT_FOUND"),
            *("model_unavailable_upstream", "privacy_restricted", "constraint_filtered", "free_variant_ended"),
        ),
        404,
    ),
    "precondition_failed": 412,
    **dict.fromkeys(("payload_too_large", "request_too_large"), 413),
    "unprocessable": 422,
    **dict.fromkeys(
        (
            *("rate_limit_exceeded", "rate_limit_error", "capacity_exhausted", "insufficient_quota"),
            *("RESOURCE_EXHAUSTED", "rate_limited"),
        ),
        429,
    ),
    **dict.fromkeys(("server", "unmapped", "server_error", "api_error", "INTERNAL"), 500),
    "provider_unavailable": 502,
    **dict.fromkeys(("provider_overloaded", "temporarily_unavailable", "UNAVAILABLE", "overloaded"), 503),
    **dict.fromkeys(("timeout", "timeout_error", "DEADLINE_EXCEEDED"), 504),
    "overloaded_error": 529,
}
"""Classes of errors, of OpenRouter, OpenAI, Anthropic and Google, and the HTTP status of each: for errors that come
inside of a 200 or of a stream and name none."""

# No pattern here looks further than to the next bracket: pages may be written to make a search quadratic.
_TAG = re.compile(r"<[^<>]*>")
_UNREAD = re.compile(r"<(?:script|style)\b[^<>]*>", re.IGNORECASE)
_READ = re.compile(r"</(?:script|style)", re.IGNORECASE)


class StatedError:
    """An error as a service states it.

    Args:
        error: The error object.
        generation: The id that stands beside it.
    """

    def __init__(self, error: JsonObject, generation: JsonValue) -> None:
        self.error = error
        self.generation = generation
        self.metadata = _object(error.get("metadata"))
        self.availability = _object(error.get("availability"))
        self.code = error.get("code")

    @property
    def message(self) -> str:
        """What it says to people; all of it if it has no words."""
        told = [self.error[key] for key in ("message", "detail", "error") if self.error.get(key) is not None]
        return str(told[0]) if told else f"an error without a message: {str(dict(self.error))[:500]}"

    @property
    def error_type(self) -> str | None:
        """Its own class of the error."""
        places = (self.error.get("error_type"), self.metadata.get("error_type"), self.error.get("type"), self.code)
        return next((said for place in places if (said := word(place)) and not said.isdecimal()), None)

    @property
    def provider(self) -> str | None:
        """Who failed upstream."""
        return word(self.metadata.get("provider_name")) or word(self.error.get("provider"))

    @cached_property
    def types(self) -> dict[str, None]:
        """Every word that may be a class of errors, the service's own first; a dict to keep their order."""
        places = (
            *(self.error.get("error_type"), self.metadata.get("error_type"), self.error.get("type")),
            *(self.error.get("status"), self.availability.get("code"), self.code),
        )
        return dict.fromkeys([said for place in places if (said := word(place))])


def stated(raw: JsonValue) -> StatedError | None:
    """Return the error that a body or chunk states, whatever shape the server gave it; None if it states none.

    Understood besides the common object: a text or list as `error`, an object without `error` (vLLM, FastAPI), a list
    of one (Google), a list `errors` (Cloudflare), and an error inside of the first choice.
    """
    if isinstance(raw, list) and raw and isinstance(raw[0], dict):
        raw = raw[0]
    if not isinstance(raw, dict):
        return None
    error = raw.get("error")
    if not error:
        error = _of_choice(raw.get("choices")) or error
    errors = raw.get("errors")
    if not error and isinstance(errors, list) and errors:
        error = errors[0]
    identity = raw.get("id")
    if isinstance(error, dict):
        return StatedError(error, identity)
    if error:
        rest = {key: raw[key] for key in ("code", "status", "error_type", "type") if key in raw}
        return StatedError({**rest, "message": _plain(error)}, identity)
    if raw.get("detail") is not None or raw.get("message") is not None:
        return StatedError(raw, identity)
    if "choices" in raw:
        return StatedError(_no_choices(raw["choices"]), identity)
    return None


def status_of(status: int | None, said: StatedError | None) -> int:
    """Return the HTTP status; for a 200 or a stream the one that the error names, 502 if it names none.

    Args:
        status: The HTTP status; None for a chunk of a stream.
        said: None if the service said nothing that can be read.
    """
    if status is not None and status != 200:  # noqa: PLR2004 - HTTP
        return status
    if said is None:
        return 502
    for key in ("code", "http_status", "status"):
        code = said.error.get(key)
        if isinstance(code, str) and _CODE.fullmatch(code):
            return int(code)
        if isinstance(code, int) and 400 <= code < 600:  # noqa: PLR2004 - HTTP
            return code
    return next((_STATUSES[kind] for kind in said.types if kind in _STATUSES), 502)


def retry_after(headers: Mapping[str, str], said: StatedError, now: float) -> float | None:
    """Return how long the service asks to wait, in seconds, from the first source that makes sense; None if none does.

    Args:
        headers: With lower-case names.
        said: May hold a copy of an upstream's headers.
        now: Seconds since 1970.
    """
    copied = {key.lower(): value for key, value in _object(said.metadata.get("headers")).items()}
    for place in (headers, copied):
        seconds = _asked(place, now)
        if seconds is not None:
            return seconds
    for told in (said.availability, said.error, said.metadata):
        seconds = _seconds(told.get("retry_after"))
        if seconds is not None:
            return seconds
    return _delay(said.error.get("details")) or _reset(headers, now) or _reset(copied, now)


def shown_page(body: bytes) -> str:
    """Return the text that a reader of a page would see: without tags, scripts and styles."""
    page = body.decode(errors="replace")
    pieces: list[str] = []
    start = 0
    for tag in _UNREAD.finditer(page):
        if tag.start() < start:
            continue
        pieces.append(page[start : tag.start()])
        end = _READ.search(page, tag.end())
        start = len(page) if end is None else end.start()
    return " ".join(_TAG.sub(" ", "".join([*pieces, page[start:]])).split())


def word(value: JsonValue) -> str | None:
    """Return `value` if it is a text that says something."""
    return value if isinstance(value, str) and value else None


def _of_choice(choices: JsonValue) -> JsonValue:
    """Return the error that ended the first choice."""
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict):
        return None
    error: JsonValue = first.get("error")
    if error:
        return error
    if first.get("finish_reason") == "error":
        return {"message": "the provider ended the answer with an error", "code": 502}
    return None


def _no_choices(choices: JsonValue) -> JsonObject:
    return {"message": f"the answer holds no choices (choices: {str(choices)[:100]})", "code": 502}


def _plain(error: JsonValue) -> JsonValue:
    """Return a message for an error that is no object."""
    return "; ".join(map(str, error))[:1000] if isinstance(error, list) else error


def _asked(headers: Mapping[str, JsonValue], now: float) -> float | None:
    """Return what `Retry-After` says, in either form, or its cousin in milliseconds."""
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    seconds = _seconds(said)
    if seconds is None and isinstance(said, str) and said:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - most waits are numbers

        try:
            seconds = max(0.0, parsedate_to_datetime(said).timestamp() - now)
        except (ValueError, OverflowError, TypeError):
            seconds = None
    return seconds


def _reset(headers: Mapping[str, JsonValue], now: float) -> float | None:
    """Return how long it is until the limit begins anew: a moment within a day, in milliseconds since 1970."""
    moment = _seconds(headers.get("x-ratelimit-reset"))
    wait = None if moment is None else moment / 1000 - now
    return wait if wait is not None and 0 < wait < _DAY else None


def _delay(details: JsonValue) -> float | None:
    """Return what Google's `RetryInfo` says, such as `"19s"`."""
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str):
            return _seconds(delay.removesuffix("s"))
    return None


def _seconds(value: JsonValue) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        seconds = float(cast("str", value))
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
