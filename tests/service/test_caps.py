"""What is endless or huge ends in a typed error, in bounded memory and time."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from tests.service.http_service import KEY, chunk, listen

from callwright import APIError, Client, ParameterError, Retry, StreamError
from callwright.errors import APIConnectionError, APIStatusError
from callwright.service._body import Caps

pytestmark = pytest.mark.anyio

PIECE = 65_536
MEGABYTE = 1 << 20
EVENTS = {"content-type": "text/event-stream"}


class Endless(httpx.AsyncByteStream):
    """A body that goes on for as long as anybody reads it."""

    def __init__(self, *start: bytes, then: bytes) -> None:
        self._start = list(start)
        self._then = then * (PIECE // len(then))
        self.read = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._start:
            return self._start.pop(0)
        self.read += len(self._then)
        return self._then


def client_of(body: httpx.AsyncByteStream, headers: dict[str, str] | None = None, **options: Any) -> Client:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=EVENTS if headers is None else headers, stream=body)

    options = {"retry": Retry(attempts=1), **options}
    return Client(KEY, transport=httpx.MockTransport(answer), **options)


async def refusal(client: Client, *, streamed: bool = True) -> tuple[APIError, int]:
    """Return the error that ends the request, and how many bytes were held at most."""
    tracemalloc.start()
    began = time.perf_counter()
    try:
        with pytest.raises(APIError) as caught:
            await client.complete("Hi", listen=listen if streamed else None)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - began < 10
    return caught.value, most


EVENT = b"data: " + json.dumps(chunk("word " * 200)).encode() + b"\n\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(lambda: Endless(then=b"x"), "larger than", id="a line without an end"),
        pytest.param(lambda: Endless(b"data: ", then=b"x"), "larger than", id="data without an end"),
        pytest.param(lambda: Endless(then=b"data: x\n"), "without an event", id="an event of many lines"),
        pytest.param(lambda: Endless(then=b"\n"), "without an event", id="empty lines"),
        pytest.param(lambda: Endless(then=b"\r"), "without an event", id="empty lines, CR"),
        pytest.param(lambda: Endless(then=b": still here\n\n"), "without an event", id="comments"),
        pytest.param(lambda: Endless(then=EVENT * 9), "longer than", id="content without an end"),
        pytest.param(lambda: Endless(then=b"data: {}\n\n"), "more than 50000 events", id="events that hold nothing"),
        pytest.param(lambda: Endless(then=b"data: 5\n\n"), "more than 50000 events", id="events that are no chunks"),
    ],
)
async def test_an_endless_stream_is_left(body: Callable[[], Endless], words: str) -> None:
    endless = body()
    caps = Caps(event=MEGABYTE, stream=4 * MEGABYTE, events=50_000)

    error, most = await refusal(client_of(endless, caps=caps))

    assert isinstance(error, StreamError)
    assert words in str(error)
    assert not error.retryable
    assert endless.read <= 5 * MEGABYTE
    assert most < 40 * MEGABYTE


@pytest.mark.parametrize("then", [b"x", b"\n", b": still here\n\n"], ids=["a line", "empty lines", "comments"])
async def test_what_is_read_by_default_is_bounded(then: bytes) -> None:
    endless = Endless(then=then)

    error, most = await refusal(client_of(endless))

    assert not error.retryable
    assert endless.read <= Caps().event + 6 * PIECE
    assert most < 3 * Caps().event


async def test_an_endless_body_is_left_and_was_never_whole_in_memory() -> None:
    endless = Endless(b"{", then=b" ")

    error, most = await refusal(
        client_of(endless, headers={"content-type": "application/json"}, caps=Caps(body=MEGABYTE)), streamed=False
    )

    assert isinstance(error, APIConnectionError)
    assert (error.retryable, error.maybe_billed) == (False, True)
    assert "Caps.body" in str(error)
    assert most < 6 * MEGABYTE


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_a_gzip_bomb_is_left_while_it_is_small(*, streamed: bool) -> None:
    bomb = gzip.compress(bytes(100 * MEGABYTE))

    kind = "text/event-stream" if streamed else "application/json"
    headers = {"content-type": kind, "content-encoding": "gzip"}
    caps = Caps(body=MEGABYTE, event=MEGABYTE)

    error, most = await refusal(client_of(Endless(bomb, then=bomb), headers=headers, caps=caps), streamed=streamed)

    assert not error.retryable
    assert most < 8 * MEGABYTE


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip"])
async def test_a_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    error, _ = await refusal(client_of(Endless(then=b"x"), headers={"content-encoding": coding}), streamed=False)

    assert isinstance(error, APIConnectionError)
    assert "gzip" in str(error)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_json_that_is_nested_too_deeply_is_refused(*, streamed: bool) -> None:
    deep = b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

    def answer(_: httpx.Request) -> httpx.Response:
        body = b"data: " + deep + b"\n\n" if streamed else deep
        return httpx.Response(200, headers=EVENTS if streamed else {}, content=body)

    client = Client(KEY, transport=httpx.MockTransport(answer), retry=Retry(attempts=1))

    error, _ = await refusal(client, streamed=streamed)

    assert isinstance(error, StreamError if streamed else APIStatusError)


@pytest.mark.parametrize("cap", ["body", "event", "stream", "events", "lines"])
def test_a_cap_that_lets_nothing_through_is_refused(cap: str) -> None:
    with pytest.raises(ParameterError, match=rf"Caps\.{cap}: expected >= 1"):
        Caps(**{cap: 0})
