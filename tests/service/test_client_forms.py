"""Forms of a plain request: a prompt in place of messages, headers of OpenRouter, a listener without an event loop."""

from __future__ import annotations

import threading

import httpx
import pytest
from tests.service.http_service import Service, chunk, sse

from callwright import Client, Delta, ParameterError, RateLimitError, Retried
from callwright.service.headers import openrouter_headers
from callwright.simulator.transport import SimulatorTransport

pytestmark = pytest.mark.anyio


async def test_a_prompt_stands_in_place_of_messages() -> None:
    service = Service(httpx.Response(200, json={"choices": [{"text": " world", "finish_reason": "stop"}]}))

    completion = await service.client().complete(prompt='Hello "messages":[]', model='odd"messages":[]', top_k=1)

    assert service.body == {"model": 'odd"messages":[]', "prompt": 'Hello "messages":[]', "top_k": 1}
    assert (completion.text, completion.finish_reason) == (" world", "stop")


async def test_a_prompt_may_be_answered_by_a_message() -> None:
    assert (await Service().client().complete(prompt="Hi")).text == "Hello."


async def test_a_prompt_is_taken_by_the_service() -> None:
    client = Client("sk-or-v1-0123456789", transport=SimulatorTransport())

    assert (await client.complete(prompt="Hello", model="scripted/text")).text


@pytest.mark.parametrize("given", [{}, {"messages": "Hi", "prompt": "Hi"}], ids=["neither", "both"])
async def test_exactly_one_of_messages_and_prompt_is_given(given) -> None:
    service = Service()

    with pytest.raises(ParameterError, match="either messages or prompt="):
        await service.client().complete(**given)

    assert service.requests == []


async def test_who_listens_to_a_prompt_hears_the_answer_at_once() -> None:
    service = Service()
    heard = []

    async def listen(event: object) -> None:
        heard.append(event)

    await service.client().complete(prompt="Hi", listen=listen)

    assert [(delta.text, delta.finish_reason) for delta in heard] == [("Hello.", "stop")]
    assert "stream" not in service.body


def test_a_plain_function_listens_on_its_own_thread() -> None:
    service = Service(httpx.Response(429, headers={"retry-after": "1"}), sse(chunk("Hel"), chunk("lo.", "stop")))
    heard = []

    completion = service.client().complete_sync(
        "Hi", listen=lambda event: heard.append((type(event), threading.current_thread()))
    )

    assert completion.text == "Hello."
    assert heard[0] == (Retried, threading.current_thread())
    assert {kind for kind, _ in heard[1:]} == {Delta}
    assert {thread for _, thread in heard} == {threading.current_thread()}


def test_what_a_listener_raises_ends_the_request() -> None:
    def refuse(event: object) -> None:
        raise LookupError(event)

    with pytest.raises(LookupError):
        Service(sse(chunk("Hel"), chunk("lo.", "stop"))).client().complete_sync("Hi", listen=refuse)


def test_what_the_request_raises_comes_after_what_was_heard() -> None:
    heard = []
    service = Service(*[httpx.Response(429, json={"error": {"message": "slow"}})] * 3)

    with pytest.raises(RateLimitError):
        service.client().complete_sync("Hi", listen=heard.append)

    assert [type(event) for event in heard] == [Retried, Retried]


def test_headers_that_are_not_set_are_not_sent() -> None:
    assert openrouter_headers() == {}


def test_headers_are_spelled_as_the_service_has_them() -> None:
    headers = openrouter_headers(
        cache=False,
        cache_ttl=60,
        cache_clear=True,
        metadata=True,
        session_id="s",
        anthropic_beta=["interleaved-thinking-2025-05-14", "b"],
    )

    assert headers == {
        "x-openrouter-cache": "false",
        "x-openrouter-cache-ttl": "60",
        "x-openrouter-cache-clear": "true",
        "x-openrouter-metadata": "enabled",
        "x-session-id": "s",
        "x-anthropic-beta": "interleaved-thinking-2025-05-14,b",
    }


@pytest.mark.parametrize("wrong", [{"cache_ttl": 0}, {"cache_ttl": 86_401}, {"session_id": "x" * 257}], ids=str)
def test_headers_out_of_range_are_refused(wrong) -> None:
    with pytest.raises(ParameterError):
        openrouter_headers(**wrong)


async def test_headers_go_with_one_request_only() -> None:
    service = Service()
    client = service.client()

    await client.complete("Hi", headers=openrouter_headers(cache=True))
    await client.complete("Hi")

    assert [request.headers.get("x-openrouter-cache") for request in service.requests] == ["true", None]
