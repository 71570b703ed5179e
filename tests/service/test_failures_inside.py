"""Errors inside of answers, and how long a service asks to wait: each as it was seen, and what becomes of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.service.http_service import ANSWER, Service, chunk, failed, listen, sse

from callwright import Client, Completion, Retry
from callwright.errors import APIStatusError, ProviderError, StreamError
from callwright.wire.profile import OPENROUTER

pytestmark = pytest.mark.anyio

NEVER, AGAIN = 1, 3
"""How many requests are sent."""

ERROR_TYPES = {
    "context_length_exceeded": 400,
    "invalid_prompt": 400,
    "authentication": 401,
    "payment_required": 402,
    "permission_denied": 403,
    "not_found": 404,
    "image_not_found": 404,
    "precondition_failed": 412,
    "payload_too_large": 413,
    "unprocessable": 422,
    "rate_limit_exceeded": 429,
    "server": 500,
    "unmapped": 500,
    "provider_unavailable": 502,
    "provider_overloaded": 503,
    "timeout": 504,
    "never heard of": 502,
}


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(("error_type", "status"), ERROR_TYPES.items())
async def test_an_error_without_a_code_has_the_status_of_its_type(
    error_type: str, status: int, *, streamed: bool
) -> None:
    said = {"error": {"message": "x", "metadata": {"error_type": error_type}}}
    reply = sse(said) if streamed else httpx.Response(200, json=said)

    error, _ = await failed(reply, streamed=streamed)

    assert (error.status, error.error_type) == (status, error_type)


@pytest.mark.parametrize(
    ("body", "partial", "sent"),
    [
        pytest.param({"error": {"code": 502, "message": "x"}}, None, AGAIN, id="only an error"),
        pytest.param({"error": {"code": 400, "message": "x"}}, None, NEVER, id="only an error, final"),
        pytest.param(
            {"id": "g", "choices": [{"error": {"code": 502}, "finish_reason": "error", "message": {"content": "Hel"}}]},
            *("Hel", AGAIN),
            id="an error in the choice",
        ),
        pytest.param(
            {"id": None, "model": None, "choices": None, "error": {"code": 429, "message": "x"}},
            *(None, AGAIN),
            id="an error among nulls",
        ),
        pytest.param({"id": "g", "choices": None}, None, AGAIN, id="choices that are null"),
        pytest.param({"id": "g", "choices": []}, None, AGAIN, id="no choices"),
        pytest.param(
            {"choices": [{"finish_reason": "error", "message": {"content": "Hel"}}]},
            "Hel",
            AGAIN,
            id="a finish that is an error",
        ),
        pytest.param({}, None, AGAIN, id="an empty object"),
    ],
)
async def test_a_200_with_a_problem_is_an_error(body: Any, partial: str | None, sent: int) -> None:
    error, service = await failed(httpx.Response(200, json=body))

    assert isinstance(error, APIStatusError)
    assert len(service.requests) == sent
    assert (error.partial.text if isinstance(error.partial, Completion) else None) == partial
    assert error.maybe_billed is (partial is not None)


async def test_a_whole_answer_inside_of_provider_is_taken() -> None:
    service = Service(httpx.Response(200, json={"id": "x", "provider": ANSWER}))

    assert (await service.client().complete("Hi")).text == "Hello."


async def test_an_answer_without_a_finish_is_taken() -> None:
    service = Service(httpx.Response(200, json={"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}))

    completion = await service.client().complete("Hi")

    assert (completion.text, completion.finish_reason) == ("Hi", None)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_an_empty_answer_that_cost_nothing_is_asked_for_once_more(*, streamed: bool) -> None:
    """A provider that is not ready; but some models have nothing to say, so the second time it is the answer."""
    usage = {"prompt_tokens": 3, "completion_tokens": 0}
    empty = {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": ""}}], "usage": usage}
    events = [chunk(finish="stop"), {"choices": [], "usage": usage}]
    service = Service(*[lambda: sse(*events) if streamed else httpx.Response(200, json=empty)] * 5)

    completion = await service.client().complete("Hi", listen=listen if streamed else None)

    assert (completion.text, len(service.requests)) == ("", 2)


@pytest.mark.parametrize(
    "events",
    [
        [chunk("Hel"), {"error": {"code": 502, "message": "died"}}],
        [
            chunk("Hel"),
            {"error": {"code": 502, "message": "died"}, "choices": [{"delta": {}, "finish_reason": "error"}]},
        ],
        [
            chunk("Hel"),
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "error", "error": {"message": "died"}}]},
        ],
        [chunk("Hel"), {"object": "error", "message": "died", "code": 502}],
        [chunk("Hel", "stop"), {"usage": {}, "choices": [], "error": {"code": 502, "message": "died"}}],
    ],
    ids=["bare", "as documented", "in the choice", "vLLM's", "after the finish"],
)
async def test_an_error_in_a_stream_is_a_stream_error_with_what_had_come(events: list[Any]) -> None:
    error, service = await failed(sse(*events), streamed=True)

    assert isinstance(error, StreamError)
    assert isinstance(error.partial, Completion)
    assert (error.partial.text, error.maybe_billed) == ("Hel", True)
    assert "died" in str(error)
    # Text was heard, and the listener did not say that it can take it back.
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("headers", "said", "seconds"),
    [
        pytest.param({"retry-after": "7"}, {}, 7.0, id="seconds"),
        pytest.param({"retry-after": "Thu, 09 Oct 2025 08:53:31 GMT"}, {}, 11.0, id="a date"),
        pytest.param({"retry-after": "Thu, 09 Oct 2025 08:00:00 GMT"}, {}, 0.0, id="a date in the past"),
        pytest.param({"retry-after": "9", "retry-after-ms": "250"}, {}, 0.25, id="milliseconds first"),
        pytest.param({"retry-after": "3"}, {"availability": {"retry_after": 9}}, 3.0, id="the header first"),
        pytest.param({}, {"availability": {"retry_after": 9}}, 9.0, id="availability"),
        pytest.param({}, {"metadata": {"headers": {"Retry-After": "4"}}}, 4.0, id="a copy of a header"),
        pytest.param({}, {"metadata": {"headers": {"X-RateLimit-Reset": "1760000030000"}}}, 30.0, id="a reset"),
        pytest.param({"x-ratelimit-reset": "1"}, {}, None, id="a reset of another unit"),
        pytest.param({}, {"details": [{"@type": "RetryInfo", "retryDelay": "19s"}]}, 19.0, id="Google's"),
        pytest.param({"retry-after": "soon"}, {}, None, id="junk"),
        pytest.param({"retry-after": "-1"}, {}, None, id="negative"),
        pytest.param({"retry-after": "nan"}, {}, None, id="no number"),
        pytest.param({"retry-after": ""}, {}, None, id="empty"),
    ],
)
async def test_how_long_to_wait_is_taken_from_where_it_stands(
    headers: dict[str, str], said: dict[str, Any], seconds: float | None
) -> None:
    reply = httpx.Response(429, headers=headers, json={"error": {"code": 429, "message": "x", **said}})

    error, service = await failed(reply)

    assert error.retry_after == seconds
    assert service.clock.waits == ([0.5, 1.0] if seconds is None else [seconds] * 2)


@pytest.mark.parametrize(("told", "sent"), [("true", AGAIN), ("false", NEVER)])
async def test_a_header_may_say_whether_to_ask_again(told: str, sent: int) -> None:
    status = 418 if told == "true" else 503

    _, service = await failed(httpx.Response(status, headers={"x-should-retry": told}, json={"error": "x"}))

    assert len(service.requests) == sent


async def test_a_service_that_asks_for_too_long_a_wait_is_not_asked_again() -> None:
    error, service = await failed(httpx.Response(503, headers={"retry-after": "999999"}, json={"error": "x"}))

    assert (error.retry_after, len(service.requests)) == (999_999, 1)


async def test_no_request_begins_after_the_time_for_retries() -> None:
    service = Service(*[lambda: httpx.Response(503, headers={"retry-after": "40"})] * 9)

    with pytest.raises(ProviderError) as caught:
        await service.client(retry=Retry(attempts=9, seconds=100.0)).complete("Hi")

    assert (service.clock.waits, caught.value.attempts) == ([40.0, 40.0], 3)


async def test_what_a_service_says_is_capped_and_can_still_be_read() -> None:
    said = {"code": 502, "message": "m" * 90_000, "metadata": {"raw": "r" * 90_000, "provider_name": "P" * 9_000}}

    error, _ = await failed(httpx.Response(502, json={"error": said}))

    assert len(str(error)) <= 1_000
    assert len(str(error.raw)) <= 8 * 1024
    assert len(str(error.metadata)) < 30_000
    assert len(str(error.body)) <= 64 * 1024


def test_a_client_for_openrouter_is_what_these_tests_ask() -> None:
    assert Client("sk-or-v1-0123456789abcdef").profile is OPENROUTER


async def test_a_server_that_streams_whatever_it_is_asked_for_is_understood() -> None:
    events = [chunk("Hel"), chunk("lo."), chunk(finish="stop")]
    whole, cut = Service(lambda: sse(*events)), [sse(*events[:2], done=False), sse(*events[:2], {"error": "died"})]

    assert (await whole.client().complete("Hi")).text == "Hello."
    for reply in cut:
        error, service = await failed(reply)
        assert isinstance(error, StreamError)
        assert isinstance(error.partial, Completion)
        assert (error.partial.text, len(service.requests)) == ("Hello.", 3)
