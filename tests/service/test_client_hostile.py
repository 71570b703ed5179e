"""What a hostile or broken server may answer: each is an answer or a typed error, soon, whatever it is."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest
from tests.service.http_service import KEY, Service, sse

from callwright import Agent, APIError, APIStatusError, Client, Limits, Retry, RunError, StreamError
from callwright.run.result import RunResult

pytestmark = pytest.mark.anyio

SOON = 3.0
"""Seconds in which each is over, on a slow machine; what is quadratic takes many times as long."""


def weather(city: str = "Rome") -> str:
    """Tell the weather."""
    return city


def answer(*, finish: Any = "stop", **message: Any) -> dict[str, Any]:
    return {"id": "g", "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}]}


def call(name: Any = "weather", arguments: Any = "{}", *, id: Any = "c") -> dict[str, Any]:  # noqa: A002 - the wire's word
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def chunk(finish: Any = None, **delta: Any) -> dict[str, Any]:
    return {"id": "g", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def piece(name: Any = "weather", arguments: Any = "{}", **rest: Any) -> dict[str, Any]:
    return chunk(tool_calls=[{"function": {"name": name, "arguments": arguments}, **rest}])


END = chunk("stop")


def client(response: httpx.Response) -> Client:
    return Client(KEY, transport=httpx.MockTransport(lambda _: response), retry=Retry(attempts=1))


def plain(body: Any, status: int = 200, **headers: str) -> Client:
    content = body if isinstance(body, bytes) else json.dumps(body)
    return client(httpx.Response(status, content=content, headers={"content-type": "application/json", **headers}))


async def came(asked: Client, *, streamed: bool = False) -> RunResult[str] | APIError | RunError:
    """Run an agent with a tool against the server and return what came of it, in time."""
    agent = Agent("m", client=asked, tools=[weather], limits=Limits(steps=2))
    began = time.perf_counter()
    try:
        if streamed:
            async with agent.stream("?") as run:
                async for _ in run.events():
                    pass
            result = run.result
        else:
            result = await agent.run("?")
    except (APIError, RunError) as error:
        return error
    else:
        return result
    finally:
        assert time.perf_counter() - began < SOON


HUGE = "9" * 400


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(b'{"code": "\xc2\xb2", "message": "x"}', 502, id="a code that is a digit and no number"),
        pytest.param(json.dumps({"code": "9" * 6000, "message": "x"}).encode(), 502, id="a code of 6,000 digits"),
        pytest.param(b'{"code": [], "message": [1]}', 502, id="a code that is a list"),
        pytest.param(b'{"code": "404", "message": {"a": 1}}', 404, id="a code that is a text"),
        pytest.param(f'{{"code": 429, "availability": {{"retry_after": {HUGE}}}}}'.encode(), 429, id="a huge wait"),
        pytest.param(b'{"metadata": [1], "availability": 5, "error_type": {}}', 502, id="no objects"),
        pytest.param(b'"down"', 502, id="a text"),
        pytest.param(b"5", 502, id="a number"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_an_error_of_any_shape_is_typed(error: bytes, status: int, *, streamed: bool) -> None:
    came_of_it = await came(plain(b'{"error": %s}' % error), streamed=streamed)

    assert isinstance(came_of_it, APIStatusError)
    assert came_of_it.status == status


@pytest.mark.parametrize(
    "body", [b"<script" * 9_000, b"<" * 65_536, b"<style>.</" * 6_000], ids=["scripts", "brackets", "styles"]
)
async def test_a_page_is_read_in_linear_time(body: bytes) -> None:
    came_of_it = await came(plain(body, 500))

    assert isinstance(came_of_it, APIStatusError)
    assert came_of_it.status == 500


@pytest.mark.parametrize("status", [204, 302, 307])
async def test_a_status_that_is_no_error_and_no_answer_is_named_and_not_asked_again(status: int) -> None:
    came_of_it = await came(plain(b"<p>moved</p>", status, location="https://elsewhere.test"))

    assert isinstance(came_of_it, APIStatusError)
    assert (came_of_it.status, came_of_it.retryable) == (status, False)


async def test_the_body_of_an_error_is_kept_without_the_key_and_capped() -> None:
    service = Service(httpx.Response(401, json={"error": {"code": 401, "message": "no", "seen": [{"key": KEY}]}}))
    with pytest.raises(APIStatusError) as short:
        await service.client().complete("?")
    with pytest.raises(APIStatusError) as long:
        await plain({"error": {"code": 400, "message": "no", "echo": "x" * 200_000}}, 400).complete("?")

    assert short.value.body == {"code": 401, "message": "no", "seen": [{"key": "***"}]}
    assert KEY not in repr(vars(short.value))
    assert len(str(long.value.body)) <= 64 * 1024


@pytest.mark.parametrize(
    "error", [{"code": [], "message": "x"}, {"code": {"a": 1}}, [1], "down", 5], ids=["list", "object", "a list", *"tn"]
)
async def test_an_error_of_any_shape_inside_a_stream_is_typed(error: Any) -> None:
    came_of_it = await came(client(sse(chunk(content="Hel"), {"error": error})), streamed=True)

    assert isinstance(came_of_it, StreamError)
    assert came_of_it.partial is not None


@pytest.mark.parametrize(("code", "retryable"), [(401, False), ("401", False), (429, True), ("502", True)])
async def test_an_error_inside_a_stream_is_final_by_its_code(code: Any, *, retryable: bool) -> None:
    came_of_it = await came(client(sse({"error": {"code": code, "message": "no"}})), streamed=True)

    assert isinstance(came_of_it, StreamError)
    assert came_of_it.retryable is retryable


async def test_an_error_inside_a_stream_does_not_show_the_key_and_is_capped() -> None:
    came_of_it = await came(
        client(sse({"error": {"code": 401, "message": f"bad key {KEY} {'x' * 90_000}"}})), streamed=True
    )

    assert isinstance(came_of_it, StreamError)
    assert KEY not in str(came_of_it)
    assert len(str(came_of_it)) < 2_000
