"""What a hostile or broken server may answer: each is an answer or a typed error, soon, whatever it is."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.service.http_service import KEY, Service, sse

from callwright import (
    Agent,
    APIError,
    APIStatusError,
    AssistantMessage,
    Client,
    Limits,
    MemoryStore,
    Retry,
    RunError,
    StreamError,
)
from callwright.run.result import RunResult
from callwright.run.state import RunState
from callwright.wire.chat import NO_USAGE
from callwright.wire.profile import OPENROUTER

pytestmark = pytest.mark.anyio

SOON = 3.0
"""Seconds in which each is over, on a slow machine; what is quadratic takes many times as long."""


def weather(city: str = "Rome") -> str:
    """Tell the weather."""
    return city


def add(numbers: list[int]) -> int:
    """Add numbers."""
    return sum(numbers)


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
    agent = Agent("m", client=asked, tools=[weather, add], limits=Limits(steps=2))
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


@pytest.mark.parametrize(
    "called",
    [
        pytest.param([call(id=f"c{number}") for number in range(10_000)], id="10,000 calls"),
        pytest.param([call()] * 10_000, id="10,000 calls of one id"),
        pytest.param([call(arguments="{}" * 1_000_000)], id="a million glued objects"),
        pytest.param([call(arguments=json.dumps({"city": "x" * 10_000_000}))], id="arguments of 10 MB"),
        pytest.param([call(arguments="{" * 10_000_000)], id="brackets of 10 MB"),
        pytest.param([call(arguments='{"city":' + "[" * 100_000 + "]" * 100_000 + "}")], id="100,000 deep"),
        pytest.param([call(arguments=[1])], id="arguments that are a list"),
        pytest.param([call("add", '{"numbers":["a"' + ',"a"' * 500_000 + "]}")], id="half a million wrong values"),
        pytest.param([call(5), call(None), call(""), call([])], id="names that are none"),
        pytest.param([call("x" * 5_000_000)], id="a name of 5 MB"),
        pytest.param([call(id="x" * 10_000), call(id=5), call(id=None)], id="ids of any kind"),
        pytest.param([5, None, "x", {}, {"function": []}, call()], id="what is no call"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_calls_of_any_shape_are_answered_soon(called: list[Any], *, streamed: bool) -> None:
    reply = sse(chunk(tool_calls=called), END) if streamed else httpx.Response(200, json=answer(tool_calls=called))

    came_of_it = await came(client(reply), streamed=streamed)

    assert isinstance(came_of_it, RunError)
    state = came_of_it.state
    assert isinstance(state, RunState)
    told = [message for message in state.messages if message.role == "tool"]
    assert {message.wire(OPENROUTER)[:1] for message in state.messages} == {b"{"}
    asked = [call for message in state.messages if isinstance(message, AssistantMessage) for call in message.tool_calls]
    assert [message.raw["tool_call_id"] for message in told] == [call.id for call in asked]
    assert all(len(message.text) < 300 for message in told[-1:])


async def test_a_call_without_a_name_goes_back_with_one() -> None:
    service = Service(httpx.Response(200, json=answer(tool_calls=[call(5)])))

    await Agent("m", client=service.client(), tools=[weather]).run("?")

    _, said, told = service.body["messages"]
    assert isinstance(said["tool_calls"][0]["function"]["name"], str)
    assert told["content"].startswith("There is no tool named")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"content": 5}, id="content that is a number"),
        pytest.param({"content": {"a": 1}}, id="content that is an object"),
        pytest.param({"content": [1, {"type": "text", "text": 5}]}, id="parts that are none"),
        pytest.param({"role": 5, "content": "x"}, id="a role that is a number"),
        pytest.param({"tool_calls": {"a": 1}}, id="calls that are an object"),
        pytest.param({"content": None, "reasoning_details": 5, "audio": [], "images": 7}, id="lists that are none"),
    ],
)
async def test_what_is_no_message_is_not_sent_back(said: dict[str, Any]) -> None:
    service = Service(httpx.Response(200, json=answer(**said)), httpx.Response(200, json=answer(content="ok")))

    result = await Agent("m", client=service.client(), store=MemoryStore()).run("?")
    second = await Agent("m", client=service.client()).run("?", history=result.messages)

    assert second.output in ("ok", "Hello.")
    for message in service.body["messages"]:
        assert message["role"] in ("user", "assistant")
        assert isinstance(message["content"], str | list)


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([piece(index=i, id=f"c{i}") for i in range(10_000)], id="10,000 calls"),
        pytest.param([piece(arguments="}", index=0)] * 20_000, id="a name in every piece"),
        pytest.param(
            [piece(arguments='{"a":"', index=0, id="c"), *[piece("fg"[i % 2], "}", id="c") for i in range(20_000)]],
            id="another name in every piece",
        ),
        pytest.param(
            [chunk(reasoning_details=[{"type": "reasoning.text", "text": "x" * 40}])] * 40_000, id="long reasoning"
        ),
        pytest.param([chunk(audio={"data": "x" * 1_000})] * 20_000, id="a long sound"),
        pytest.param([{"choices": [{"index": i, "delta": {"content": "x"}}]} for i in range(20_000)], id="choices"),
        pytest.param([chunk(images=[{"image_url": {"url": "x" * 3_000_000}}])], id="an image of 3 MB"),
        pytest.param([{"choices": [{"index": [1], "delta": [1]}, 5], "usage": [1], "id": 5}], id="what is no chunk"),
        pytest.param(
            [piece(index="a", id=5), piece(index=-1), piece(index=10**30), piece(5, index=True)], id="indexes"
        ),
        pytest.param([{"choices": [{"index": 0, "delta": {}, "logprobs": 5}]}], id="log probabilities"),
    ],
)
async def test_chunks_of_any_shape_are_read_soon(chunks: list[Any]) -> None:
    came_of_it = await came(client(sse(*chunks, chunk(content="x"), END)), streamed=True)

    assert isinstance(came_of_it, RunResult | RunError)


class Pieces(httpx.AsyncByteStream):
    """A body that comes as a socket gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 65_536):
            yield self._body[start : start + 65_536]


async def test_an_image_that_comes_in_one_large_event_is_taken() -> None:
    whole = sse(chunk(content="x", images=[{"image_url": {"url": "x" * 3_000_000}}]), END)
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Pieces(whole.content))

    came_of_it = await came(client(response), streamed=True)

    assert isinstance(came_of_it, RunResult)
    assert came_of_it.output == "x"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 100_000, id="100,000 deep"),
        pytest.param(b'{"choices":[{"message":{"content":"x"}}],"usage":{"cost":%s}}' % (b"9" * 5_000), id="digits"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"choices":"abc"}', id="choices that are a text"),
        pytest.param(b'{"choices":[5]}', id="a choice that is a number"),
        pytest.param(b'{"choices":{}}', id="choices that are an object"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_what_is_no_answer_is_a_typed_error(body: bytes, *, streamed: bool) -> None:
    event = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=b"data: %s\n\n" % body)

    came_of_it = await came(client(event) if streamed else plain(body), streamed=streamed)

    assert isinstance(came_of_it, APIError)
    assert came_of_it.state is not None


async def test_of_two_equal_keys_the_last_counts_and_odd_kinds_are_not_said() -> None:
    body = b'{"id":5,"choices":[],"choices":[{"finish_reason":5,"message":{"content":"a","content":"b"}}],"usage":[1]}'

    completion = await plain(body).complete("?")

    assert (completion.text, completion.finish_reason, completion.id) == ("b", None, None)
    assert completion.usage == NO_USAGE
