"""The client: what goes to which service, and what its answers become."""

from __future__ import annotations

import asyncio

import anyio
import httpx
import pytest
from tests.service.http_service import ANSWER, KEY, Service, chunk, sse

from callwright import (
    Agent,
    APIConnectionError,
    AuthenticationError,
    Client,
    ParameterError,
    Retry,
)
from callwright.service.client import default_client
from callwright.service.profiles import GROQ
from callwright.simulator.server import running
from callwright.wire.profile import COMPATIBLE, OPENROUTER

pytestmark = pytest.mark.anyio


def weather(city: str) -> str:
    """Tell the weather."""
    return city


async def test_a_plain_request() -> None:
    service = Service()

    completion = await service.client().complete("Hi", model="openai/gpt-4o-mini", temperature=0.5)

    assert completion.text == "Hello."
    assert str(service.requests[0].url) == "https://openrouter.ai/api/v1/chat/completions"
    assert service.body == {
        "model": "openai/gpt-4o-mini",
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.5,
    }


def test_a_plain_request_without_an_event_loop() -> None:
    assert Service().client().complete_sync([{"role": "user", "content": "Hi"}]).text == "Hello."


async def test_the_model_may_be_left_out() -> None:
    service = Service()

    await service.client().complete("Hi")

    assert "model" not in service.body


async def test_tools_are_described_and_one_can_be_chosen_by_its_function() -> None:
    service = Service()

    await service.client().complete("Hi", tools=[weather, {"type": "openrouter:datetime"}], tool_choice=weather)

    assert [entry["type"] for entry in service.body["tools"]] == ["function", "openrouter:datetime"]
    assert service.body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}


async def test_the_app_is_named_in_the_headers() -> None:
    service = Service()

    await service.client(app_url="https://app.example", app_title="App", headers={"X-Own": "1"}).complete(
        "Hi", headers={"X-Once": "2"}
    )

    headers = service.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["http-referer"] == "https://app.example"
    assert (headers["x-title"], headers["x-openrouter-title"]) == ("App", "App")
    assert (headers["x-own"], headers["x-once"]) == ("1", "2")


async def test_the_key_of_the_environment_goes_to_openrouter_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    monkeypatch.delenv("CALLWRIGHT_BASE_URL", raising=False)
    service = Service()

    await service.client(api_key=None).complete("Hi")
    await service.client(api_key=None, base_url="https://openrouter.ai/api/v1").complete("Hi")
    await service.client(api_key=None, base_url="http://localhost:8080/v1").complete("Hi")

    assert [request.headers.get("authorization") for request in service.requests] == [f"Bearer {KEY}"] * 2 + [None]


async def test_the_address_of_the_environment_stands_for_openrouter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLWRIGHT_BASE_URL", "http://127.0.0.1:9/api/v1")
    service = Service()
    client = service.client()

    await client.complete("Hi")

    assert service.requests[0].url.port == 9
    assert client.profile is OPENROUTER


async def test_other_servers_get_what_every_compatible_server_takes() -> None:
    service = Service(sse(chunk("Hel"), chunk("lo.", "stop")))
    client = service.client(base_url="https://llm.example/v1")

    async def ignore(_: object) -> None:
        pass

    await client.complete("Hi", listen=ignore)

    assert client.profile is COMPATIBLE
    assert service.body["stream_options"] == {"include_usage": True}


def test_a_known_server_is_known_by_its_address() -> None:
    assert Service().client(base_url="https://api.groq.com/openai/v1").profile is GROQ
    assert Service().client(base_url="https://api.groq.com/openai/v1", profile=COMPATIBLE).profile is COMPATIBLE


async def test_without_a_key_nothing_is_sent_and_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    service = Service()

    with pytest.raises(AuthenticationError, match="set the variable OPENROUTER_API_KEY") as caught:
        await Agent("m", client=service.client(api_key=None)).run("Hi")

    assert service.requests == []
    assert caught.value.state is not None


@pytest.mark.parametrize("key", ["", " ", "with blank", "new\nline", "schlüssel"], ids=repr)
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", key)
    if not key:
        assert Client().chat("m").name == "m"  # an empty variable is no key
        return

    with pytest.raises(ParameterError, match="not shown") as caught:
        Client(key)

    assert key.strip() == "" or key.strip() not in str(caught.value)


@pytest.mark.parametrize("url", ["https://ann:swordfish@host/v1", "ftp://host/v1", "host/v1", ""], ids=repr)
def test_an_address_that_cannot_be_one_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not url:
        monkeypatch.setenv("CALLWRIGHT_BASE_URL", "nonsense")
    with pytest.raises(ParameterError, match="base_url") as caught:
        Client(KEY, base_url=url or None)

    assert "swordfish" not in str(caught.value)


async def test_a_key_in_a_header_is_hidden_too() -> None:
    def service() -> Service:
        said = "keys own-header-key-1 and per-request-key-2 are wrong in production"
        return Service(httpx.Response(401, json={"error": {"code": 401, "message": said}}))

    with pytest.raises(AuthenticationError) as caught:
        await (
            service()
            .client(headers={"X-Api-Key": "own-header-key-1", "X-Stage": "production"})
            .complete("Hi", headers={"Authorization": "Bearer per-request-key-2"})
        )

    assert caught.value.message == "HTTP 401: keys *** and *** are wrong in production"
    assert "header-key" not in repr(vars(caught.value))
    assert "request-key" not in repr(vars(caught.value))


def test_the_key_is_never_shown() -> None:
    client = Service().client()

    shown = repr(client) + repr(client.chat("m")) + str(getattr(client, "__dict__", ""))
    assert KEY not in shown


async def test_an_unreachable_host_is_named() -> None:
    with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1"):
        await Client(KEY, base_url="http://127.0.0.1:9/v1", retry=Retry(attempts=1)).complete("Hi")


async def test_parameters_are_checked_before_anything_is_sent() -> None:
    service = Service()

    with pytest.raises(ParameterError, match="temperature"):
        await service.client().complete("Hi", temperature=3)

    assert service.requests == []


async def test_a_wrong_key_is_told_in_the_services_own_words() -> None:
    with running() as url:
        client = Client("sk-or-wrong-0123456789", base_url=url)

        with pytest.raises(AuthenticationError) as caught:
            await Agent("openai/gpt-4o-mini", client=client).run("Hi")

    assert caught.value.status == 401
    assert "sk-or-wrong" not in str(caught.value)
    assert caught.value.state is not None


def test_one_client_serves_many_event_loops() -> None:
    async def ask() -> str:
        return (await client.complete("Hello there", model="openai/gpt-4o-mini")).text

    with running() as url:
        client = Client(KEY, base_url=url)
        answers = [
            asyncio.run(ask()),
            anyio.run(ask, backend="trio"),
            asyncio.run(ask()),
            client.complete_sync("Hello there", model="openai/gpt-4o-mini").text,
        ]

    assert all(answers)


async def test_a_client_can_be_closed() -> None:
    async with Service().client() as client:
        await client.complete("Hi")

    assert "Client(" in repr(client)


def test_there_is_one_default_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callwright.service.client._default", None)
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)

    assert default_client() is default_client()


async def test_one_line_is_logged_per_request_and_per_tool_and_no_content(caplog: pytest.LogCaptureFixture) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Atlantis"}'}}
    first = {
        **ANSWER,
        "choices": [{"finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [call]}}],
    }
    service = Service(httpx.Response(200, json=first))
    caplog.set_level("INFO", logger="callwright")

    await Agent("m", tools=[weather], client=service.client()).run("Where is Atlantis?")

    ours = [record.getMessage() for record in caplog.records if record.name == "callwright"]
    assert [line.split()[0] for line in ours] == ["m", "tool", "m"]
    assert "Atlantis" not in " ".join(ours)
