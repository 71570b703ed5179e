"""What a reply of the service amounts to: a completion, or a typed error in its own words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callwright._secrets import masked, remember
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
    RequestTimeoutError,
)
from callwright.service._http import Reply
from callwright.service.answers import completion_of
from callwright.service.failures import status_error

GOOD = {"id": "gen-1", "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}]}
NOW = 1_800_000_000.0


def error(status: int, body: Any = None, **headers: str) -> APIStatusError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    return status_error(status, {key.replace("_", "-"): value for key, value in headers.items()}, raw, now=NOW)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, BadRequestError, False),
        (401, AuthenticationError, False),
        (402, InsufficientCreditsError, False),
        (403, PermissionDeniedError, False),
        (404, NotFoundError, False),
        (408, RequestTimeoutError, True),
        (409, ConflictError, True),
        (413, BadRequestError, False),
        (422, BadRequestError, False),
        (429, RateLimitError, True),
        (500, ProviderError, True),
        (501, ProviderError, False),
        (502, ProviderError, True),
        (503, ProviderError, True),
        (504, ProviderError, True),
        (524, ProviderError, True),
        (529, ProviderError, True),
    ],
)
def test_each_status_is_a_class_and_may_be_worth_another_try(status: int, kind: type, *, retryable: bool) -> None:
    failure = error(status, {"error": {"code": status, "message": "the words of the service"}})

    assert type(failure) is kind
    assert (failure.status, failure.retryable) == (status, retryable)
    assert "the words of the service" in str(failure)


def test_everything_the_service_says_is_kept() -> None:
    metadata = {
        "provider_name": "Together",
        "raw": '{"error":"slow down"}',
        "error_type": "rate_limit_exceeded",
        "provider_code": "rate_limited",
    }
    said = {"code": 429, "message": "Provider returned error", "metadata": metadata}

    failure = error(429, {"error": said}, x_generation_id="gen-7", retry_after="3")

    assert (failure.provider, failure.error_type, failure.request_id) == ("Together", "rate_limit_exceeded", "gen-7")
    assert failure.retry_after == 3
    assert failure.body == said
    assert "slow down" in str(failure)


@pytest.mark.parametrize(
    ("headers", "availability", "seconds"),
    [
        ({"retry_after": "2"}, None, 2.0),
        ({"retry_after": "0.5"}, None, 0.5),
        ({"retry_after_ms": "250", "retry_after": "9"}, None, 0.25),
        ({"retry_after": "Fri, 15 Jan 2027 08:00:10 GMT"}, None, 10.0),
        ({"retry_after": "Thu, 14 Jan 2027 08:00:10 GMT"}, None, 0.0),
        ({"retry_after": "soon"}, None, None),
        ({"retry_after": "-3"}, None, None),
        ({"retry_after": "nan"}, None, None),
        ({"retry_after": "inf"}, None, None),
        ({}, {"retry_after": 4}, 4.0),
        ({}, None, None),
    ],
    ids=str,
)
def test_how_long_to_wait_is_read_from_every_form(
    headers: dict[str, str], availability: Any, seconds: float | None
) -> None:
    failure = error(429, {"error": {"message": "slow", "availability": availability}}, **headers)

    assert failure.retry_after == seconds


def test_availability_says_whether_to_try_again() -> None:
    assert error(404, {"error": {"message": "x", "availability": {"retryable": True}}}).retryable
    assert not error(503, {"error": {"message": "x", "availability": {"retryable": False}}}).retryable


@pytest.mark.parametrize(
    "said",
    [
        {"message": "Rate limit exceeded: free-models-per-day"},
        {"message": "x", "metadata": {"limit_source": "openrouter_free_tier_daily"}},
    ],
    ids=str,
)
def test_a_daily_cap_is_not_tried_again(said: dict[str, Any]) -> None:
    assert not error(429, {"error": said}).retryable


def test_an_error_that_names_its_status_only_inside_is_read() -> None:
    assert error(200, {"error": {"http_status": 404, "error_type": "not_found", "message": "x"}}).status == 404
    assert type(error(200, {"error": {"code": "401", "message": "x"}})) is AuthenticationError


def test_a_context_that_is_too_long_has_a_class_of_its_own() -> None:
    openrouter = error(400, {"error": {"message": "long", "metadata": {"error_type": "context_length_exceeded"}}})
    llama = error(400, {"error": {"message": "long", "type": "exceed_context_size_error"}})

    assert type(openrouter) is type(llama) is ContextLengthError


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><head><style>p{}</style></head><body><h1>502 Bad Gateway</h1></body></html>", "502 Bad Gateway"),
        (b"", "the body is empty"),
        (b"upstream connect error", "upstream connect error"),
        (b'{"detail": "Unauthorized"}', "Unauthorized"),
        (b'{"error": "a plain string"}', "a plain string"),
        (b'{"truncated', "truncated"),
        (b"\xff\xfe", "no JSON"),
    ],
    ids=str,
)
def test_bodies_of_any_kind_never_hide_the_status(body: bytes, words: str) -> None:
    failure = error(502, body)

    assert failure.status == 502
    assert words in str(failure)
    assert "p{}" not in str(failure)


def test_a_completion_may_be_padded_by_keep_alives() -> None:
    body = b"\n         \n        " + json.dumps(GOOD).encode()

    assert completion_of(Reply(200, {}, body), now=NOW).text == "hi"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"code": 402, "message": "no credits"}}, InsufficientCreditsError),
        ({"id": None, "choices": None, "error": {"code": 429, "message": "slow"}}, RateLimitError),
        ({"choices": [{"error": {"code": 502, "message": "died"}, "finish_reason": "error"}]}, ProviderError),
        ({"choices": [{"finish_reason": "error", "message": {"content": "half"}}]}, ProviderError),
        ({"choices": None}, ProviderError),
        ({"choices": []}, ProviderError),
        ({}, ProviderError),
        ([], ProviderError),
        (b"", ProviderError),
        (b"<html>Sign in</html>", ProviderError),
        (b'{"id": "gen', ProviderError),
    ],
    ids=str,
)
def test_200_alone_is_no_success(body: Any, kind: type[APIStatusError]) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    with pytest.raises(kind):
        completion_of(Reply(200, {}, raw), now=NOW)


def test_a_key_that_begins_like_another_is_hidden_whole() -> None:
    remember("canary-of-eight")
    remember("canary-of-eight-and-more")

    assert masked("a canary-of-eight-and-more, a canary-of-eight") == "a ***, a ***"


def test_keys_in_an_error_are_masked() -> None:
    failure = error(401, {"error": {"message": "bad key sk-or-v1-0123456789abcdef"}})

    assert "0123456789" not in str(failure)
