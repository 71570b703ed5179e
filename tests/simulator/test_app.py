"""The application runs in any ASGI server."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from callwright.simulator.app import AbortedError, application
from callwright.testing.openrouter import OfflineOpenRouter

pytestmark = pytest.mark.anyio

URL = "http://simulator/api/v1/chat/completions"
KEY = {"Authorization": "Bearer sk-or-v1-test"}


def request(model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "Hello?"}]}


async def test_it_answers_behind_another_server():
    transport = httpx.ASGITransport(application(OfflineOpenRouter()))
    async with httpx.AsyncClient(transport=transport) as client:
        response = await client.post(URL, json=request("scripted/text"), headers=KEY)

    assert response.json()["provider"] == "Offline"


@pytest.mark.parametrize("fault", ["cut", "no-answer"])
async def test_a_server_that_cannot_abort_sees_an_error(fault):
    transport = httpx.ASGITransport(application(OfflineOpenRouter()))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(AbortedError):
            await client.post(URL, json=request(f"scripted/always-{fault}"), headers=KEY)


async def test_other_protocols_are_refused():
    async def nothing(*_: object) -> Any:
        pytest.fail("nothing is received or sent")

    with pytest.raises(NotImplementedError, match="'websocket'"):
        await application(OfflineOpenRouter())({"type": "websocket"}, nothing, nothing)
