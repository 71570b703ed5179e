"""A chat model: streams, retries, and the failures of both."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.service.http_service import ANSWER, Service, chunk, sse

from callwright import (
    APIError,
    AuthenticationError,
    Delta,
    ProviderError,
    RateLimitError,
    Retry,
    StreamError,
)
from callwright.model import Retried

pytestmark = pytest.mark.anyio


async def test_a_stream_is_heard_delta_by_delta() -> None:
    service = Service(
        sse(chunk("Hel"), chunk(), chunk("lo."), chunk(finish="stop"), {"usage": ANSWER["usage"], "choices": []})
    )
    heard: list[Any] = []

    async def listen(event: object) -> None:
        heard.append(event)

    completion = await service.client().complete("Hi", listen=listen)

    assert service.body["stream"] is True
    assert [event.text for event in heard] == ["Hel", "lo.", ""]
    assert (completion.text, completion.usage.total_tokens) == ("Hello.", 5)


async def test_a_server_that_answers_a_stream_at_once_is_understood() -> None:
    heard: list[Any] = []

    async def listen(event: object) -> None:
        heard.append(event)

    completion = await Service(httpx.Response(200, json=ANSWER)).client().complete("Hi", listen=listen)

    assert isinstance(heard[0], Delta)
    assert (heard[0].text, completion.text) == ("Hello.", "Hello.")


async def test_a_failed_request_is_sent_again_as_the_service_says() -> None:
    slow = httpx.Response(429, headers={"retry-after": "7"}, json={"error": {"code": 429, "message": "slow down"}})
    service = Service(slow, httpx.Response(502, text="<html>bad gateway</html>"))

    completion = await service.client().complete("Hi")

    assert completion.text == "Hello."
    assert service.clock.waits == [7.0, 1.0]


async def test_retries_are_heard() -> None:
    heard: list[Any] = []

    async def listen(event: object) -> None:
        heard.append(event)

    await Service(httpx.Response(503), sse(chunk("ok", "stop"))).client().complete("Hi", listen=listen)

    assert isinstance(heard[0], Retried)
    assert (heard[0].attempt, heard[0].wait, type(heard[0].error)) == (1, 0.5, ProviderError)


@pytest.mark.parametrize(
    ("reply", "kind", "sent"),
    [
        (httpx.Response(503), ProviderError, 3),
        (httpx.Response(401, json={"error": {"code": 401, "message": "User not found."}}), AuthenticationError, 1),
        (httpx.Response(429, headers={"retry-after": "3600"}), RateLimitError, 1),
    ],
    ids=["until the attempts are used up", "never", "not when it would take too long"],
)
async def test_what_is_not_sent_again_leaves_as_its_error(
    reply: httpx.Response, kind: type[APIError], sent: int
) -> None:
    service = Service(*[lambda: httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)] * 3)

    with pytest.raises(kind):
        await service.client().complete("Hi")

    assert len(service.requests) == sent


async def test_nothing_is_sent_again_after_a_delta_was_delivered() -> None:
    service = Service(sse(chunk("half"), done=False))

    async def listen(_: object) -> None:
        pass

    with pytest.raises(StreamError, match="without a finish_reason"):
        await service.client().complete("Hi", listen=listen)

    assert len(service.requests) == 1


async def test_an_event_that_is_no_json_breaks_the_stream() -> None:
    reply = httpx.Response(200, headers={"content-type": "text/event-stream"}, content="data: {oops\n\n")

    async def listen(_: object) -> None:
        pass

    with pytest.raises(StreamError, match="no JSON"):
        await Service(reply).client(retry=Retry(attempts=1)).complete("Hi", listen=listen)
