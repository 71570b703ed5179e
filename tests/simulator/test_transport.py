"""The simulator inside an httpx client, on asyncio and trio."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from callwright.simulator.transport import SimulatorTransport
from callwright.testing.openrouter import OfflineOpenRouter

pytestmark = pytest.mark.anyio

KEY = {"Authorization": "Bearer sk-or-v1-test"}
CHAT = "/chat/completions"


def client_of(service: OfflineOpenRouter | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=SimulatorTransport(service), base_url="https://openrouter.ai/api/v1", headers=KEY, timeout=5
    )


def request(model: str, **params: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "Hello?"}], **params}


async def test_a_request_is_answered_in_process():
    service = OfflineOpenRouter()
    async with client_of(service) as client:
        response = await client.post(CHAT, json=request("scripted/text"))

    assert response.json()["choices"][0]["message"]["content"] == "Hello from the script."
    assert service.requests == [request("scripted/text")]


async def test_a_query_comes_through():
    async with client_of() as client:
        generation = (await client.post(CHAT, json=request("scripted/text"))).json()["id"]
        found = await client.get("/generation", params={"id": generation})

    assert found.json()["data"]["id"] == generation


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_the_pieces_are_those_of_the_pure_half(stream):
    body = request("scripted/unicode", stream=stream)
    expected = OfflineOpenRouter().answer("POST", f"/api/v1{CHAT}", KEY, json.dumps(body).encode())

    async with client_of() as client, client.stream("POST", CHAT, json=body) as response:
        pieces = [piece async for piece in response.aiter_raw()]
    assert tuple(pieces) == expected.pieces


async def test_a_cut_ends_in_the_error_of_a_real_cut():
    async with client_of() as client:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            await client.post(CHAT, json=request("scripted/always-cut", stream=True))


async def test_no_answer_ends_in_the_error_of_a_closed_connection():
    async with client_of() as client:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            await client.post(CHAT, json=request("scripted/always-no-answer"))


async def test_a_pause_longer_than_the_client_waits_is_a_timeout():
    started = time.perf_counter()
    async with client_of() as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(CHAT, json=request("a/b:fault-slow=60"), timeout=0.05)

    assert time.perf_counter() - started < 5


async def test_a_pause_is_kept():
    started = time.perf_counter()
    async with client_of() as client:
        response = await client.post(CHAT, json=request("a/b:fault-slow=0.02"))

    assert response.status_code == 200
    assert time.perf_counter() - started >= 0.02


@pytest.mark.parametrize("read", [True, False], ids=["whole", "left"])
async def test_leaving_a_stream_early_cancels_its_generation(read):
    service = OfflineOpenRouter()
    async with (
        client_of(service) as client,
        client.stream("POST", CHAT, json=request("scripted/text", stream=True)) as response,
    ):
        if read:
            await response.aread()
        generation = response.headers["x-generation-id"]

    audit = service.answer("GET", f"/api/v1/generation?id={generation}", KEY)
    assert json.loads(audit.body)["data"]["cancelled"] is not read
