"""Each way in which a service says that it failed, row by row: what it becomes, and whether it is asked again.

Source: https://openrouter.ai/docs/api-reference/errors, recorded errors of it, and of the servers named in the rows.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.service.http_service import chunk, failed, sse

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

pytestmark = pytest.mark.anyio

NEVER, AGAIN = 1, 3
"""How many requests are sent."""

STATUSES: list[tuple[int, str, type[APIStatusError], int]] = [
    (400, "invalid_request", BadRequestError, NEVER),
    (400, "context_length_exceeded", ContextLengthError, NEVER),
    (400, "token_limit_exceeded", ContextLengthError, NEVER),
    (400, "max_tokens_exceeded", BadRequestError, NEVER),
    (400, "content_policy_violation", BadRequestError, NEVER),
    (401, "authentication", AuthenticationError, NEVER),
    (402, "payment_required", InsufficientCreditsError, NEVER),
    (403, "permission_denied", PermissionDeniedError, NEVER),
    (404, "not_found", NotFoundError, NEVER),
    (408, "timeout", RequestTimeoutError, AGAIN),
    (409, "conflict", ConflictError, AGAIN),
    (412, "precondition_failed", BadRequestError, NEVER),
    (413, "payload_too_large", BadRequestError, NEVER),
    (422, "unprocessable", BadRequestError, NEVER),
    (425, "too_early", ConflictError, AGAIN),
    (429, "rate_limit_exceeded", RateLimitError, AGAIN),
    (500, "server", ProviderError, AGAIN),
    (502, "provider_unavailable", ProviderError, AGAIN),
    (503, "provider_overloaded", ProviderError, AGAIN),
    (504, "timeout", ProviderError, AGAIN),
    *((status, "unmapped", ProviderError, AGAIN) for status in (520, 521, 522, 523, 524, 529)),
    (501, "unmapped", ProviderError, NEVER),
    (418, "teapot", BadRequestError, NEVER),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(("status", "error_type", "kind", "sent"), STATUSES)
async def test_each_status_has_its_class_and_its_number_of_requests(
    status: int, error_type: str, kind: type[APIStatusError], sent: int, *, streamed: bool
) -> None:
    said = {"code": status, "message": "its words", "metadata": {"error_type": error_type}}

    error, service = await failed(httpx.Response(status, json={"error": said}), streamed=streamed)

    assert (type(error), error.status, error.error_type) == (kind, status, error_type)
    assert (len(service.requests), error.attempts) == (sent, sent)
    assert "its words" in str(error)


@pytest.mark.parametrize("where", ["status", "a 200", "a choice", "a chunk"])
async def test_everything_that_is_said_stands_on_the_error_wherever_it_was_said(where: str) -> None:
    metadata = {"provider_name": "Together", "raw": '{"error":"slow down"}', "error_type": "rate_limit_exceeded"}
    availability = {"code": "capacity_exhausted", "retryable": True, "retry_after": 9, "fallback_models": ["a/b"]}
    said = {"code": 429, "message": "Provider returned error", "metadata": metadata, "availability": availability}
    choice = {"index": 0, "finish_reason": "error", "error": said, "message": {"role": "assistant", "content": "Hel"}}
    headers = {"x-request-id": "req-7", "x-generation-id": "gen-7"}
    reply = {
        "status": httpx.Response(429, headers=headers, json={"error": said}),
        "a 200": httpx.Response(200, headers=headers, json={"error": said}),
        "a choice": httpx.Response(200, headers=headers, json={"id": "gen-1", "choices": [choice]}),
        "a chunk": sse(chunk("Hel"), {"error": said}),
    }[where]
    reply.headers.update(headers)

    error, _ = await failed(reply, streamed=where == "a chunk")

    assert (error.status, error.error_type, error.provider) == (429, "rate_limit_exceeded", "Together")
    assert (error.raw, error.metadata, error.availability) == (metadata["raw"], metadata, availability)
    assert (error.retry_after, error.retryable, error.body) == (9, True, said)
    assert (error.request_id, error.generation_id) == ("req-7", "gen-7")
    assert "Provider returned error" in str(error)
    assert "slow down" in str(error)
    assert "Together" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "kind", "sent", "words"),
    [
        pytest.param(429, {"error": {"message": "free-models-per-day"}}, RateLimitError, NEVER, "day", id="daily"),
        pytest.param(
            429,
            {"error": {"message": "x", "metadata": {"limit_source": "openrouter_free_tier_daily"}}},
            *(RateLimitError, NEVER, "x"),
            id="daily by its source",
        ),
        pytest.param(
            429,
            {"error": {"message": "Daily limit", "availability": {"retryable": True}}},
            *(RateLimitError, NEVER, "Daily"),
            id="daily, whatever else is said",
        ),
        pytest.param(
            402,
            {"error": {"message": "x", "availability": {"retryable": True}}},
            InsufficientCreditsError,
            NEVER,
            "x",
            id="402, whatever else is said",
        ),
        pytest.param(
            503,
            {"error": {"message": "x", "availability": {"retryable": False}}},
            ProviderError,
            NEVER,
            "x",
            id="availability says no",
        ),
        pytest.param(
            404,
            {"error": {"message": "x", "availability": {"retryable": True}}},
            NotFoundError,
            AGAIN,
            "x",
            id="availability says yes",
        ),
        pytest.param(
            429,
            {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}},
            *(InsufficientCreditsError, NEVER, "quota"),
            id="OpenAI's quota",
        ),
        pytest.param(
            400,
            {"error": {"message": "too long", "code": "context_length_exceeded", "type": "invalid_request_error"}},
            *(ContextLengthError, NEVER, "too long"),
            id="OpenAI's context",
        ),
        pytest.param(
            400,
            {"object": "error", "message": "This model's maximum context length is 9", "code": 400},
            *(ContextLengthError, NEVER, "maximum"),
            id="vLLM, no error object",
        ),
        pytest.param(
            400,
            {"error": {"code": 400, "message": "no", "type": "exceed_context_size_error"}},
            *(ContextLengthError, NEVER, "no"),
            id="llama.cpp",
        ),
        pytest.param(404, {"error": "model 'm' not found"}, NotFoundError, NEVER, "model 'm'", id="Ollama, a text"),
        pytest.param(400, {"error": ["a", "b"]}, BadRequestError, NEVER, "a; b", id="Hugging Face, a list"),
        pytest.param(
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            *(ProviderError, AGAIN, "Overloaded"),
            id="Anthropic",
        ),
        pytest.param(
            400,
            [{"error": {"code": 400, "message": "bad", "status": "INVALID_ARGUMENT"}}],
            *(BadRequestError, NEVER, "bad"),
            id="Google, in a list",
        ),
        pytest.param(401, {"detail": "Unauthorized"}, AuthenticationError, NEVER, "Unauthorized", id="Mistral"),
        pytest.param(422, {"detail": [{"loc": ["a"], "msg": "bad"}]}, BadRequestError, NEVER, "bad", id="FastAPI"),
        pytest.param(
            500,
            {"success": False, "errors": [{"code": 7, "message": "cf"}]},
            ProviderError,
            AGAIN,
            "cf",
            id="Cloudflare",
        ),
        pytest.param(502, "<html><h1>Bad gateway</h1></html>", ProviderError, AGAIN, "Bad gateway", id="HTML"),
        pytest.param(524, "", ProviderError, AGAIN, "empty", id="nothing"),
        pytest.param(401, "<html>Sign in</html>", AuthenticationError, NEVER, "Sign in", id="HTML, 401"),
        pytest.param(
            400,
            'event: error\ndata: {"error": {"message": "in an event"}}\n\n',
            BadRequestError,
            NEVER,
            "in an event",
            id="an event",
        ),
        pytest.param(500, {"error": {"code": 500}}, ProviderError, AGAIN, "without a message", id="no words"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_what_is_said_beside_the_status_counts(  # noqa: PLR0917 - a row has as many cells
    status: int, body: Any, kind: type, sent: int, words: str, *, streamed: bool
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)

    error, service = await failed(httpx.Response(status, content=content), streamed=streamed)

    assert (type(error), error.status) == (kind, status)
    assert len(service.requests) == sent
    assert words in str(error)
