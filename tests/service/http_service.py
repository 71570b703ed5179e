"""An HTTP service for tests of the client, over `httpx.MockTransport`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from callwright import Client, Retry
from callwright.errors import ReportedError

KEY = "sk-or-v1-0123456789abcdef"
ANSWER = {
    "id": "gen-1",
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hello."}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cost": 0.001},
}


class Instant:
    """A clock on which waiting takes no time, but is remembered."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return sum(self.waits)

    def wall(self) -> float:
        return 1_760_000_000.0

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


class Service:
    """An HTTP service that answers what it is told to, and keeps what it was asked."""

    def __init__(self, *replies: httpx.Response | Callable[[], httpx.Response]) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.clock = Instant()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if self.replies else httpx.Response(200, json=ANSWER)
        return reply() if callable(reply) else reply

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)

    def client(self, **options: Any) -> Client:
        options = {"api_key": KEY, "retry": Retry(draw=lambda: 1.0), **options}
        return Client(transport=httpx.MockTransport(self), clock=self.clock, **options)


def sse(*chunks: Any, done: bool = True) -> httpx.Response:
    events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + (["data: [DONE]\n\n"] if done else [])
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content="".join(events))


def chunk(text: str = "", finish: str | None = None) -> dict[str, Any]:
    return {"id": "gen-1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


async def listen(_: object) -> None:
    """Listen without a word."""


async def failed(reply: httpx.Response, *, streamed: bool = False) -> tuple[ReportedError, Service]:
    """Ask a service that always answers this; return the error, and what the service saw."""
    content, headers, status = reply.content, reply.headers, reply.status_code
    service = Service(*[lambda: httpx.Response(status, headers=headers, content=content)] * 5)
    with pytest.raises(ReportedError) as caught:
        await service.client().complete("Hi", model="m", listen=listen if streamed else None)
    return caught.value, service
