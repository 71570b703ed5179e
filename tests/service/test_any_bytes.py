"""Whatever bytes come, however they are cut: an answer or a typed error."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator

import anyio
import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.service.fault_classes import END, HEL, LO, calling, event
from tests.service.http_service import KEY, listen

from callwright import APIError, Client, Completion, Retry

BODY = event(HEL, calling(), calling(arguments=""), LO, END) + b"data: [DONE]\n\n"
WHOLE = json.dumps({"choices": [{"finish_reason": "stop", "message": {"content": "Hello."}}]}).encode()


class Cut(httpx.AsyncByteStream):
    """A body in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._pieces:
            raise StopAsyncIteration
        return self._pieces.pop(0)


def came(kind: str, *pieces: bytes, streamed: bool = True) -> Completion | APIError:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": kind}, stream=Cut(*pieces))

    async def ask() -> Completion | APIError:
        client = Client(KEY, transport=httpx.MockTransport(answer), retry=Retry(attempts=1))
        try:
            return await client.complete("Hi", listen=listen if streamed else None)
        except APIError as error:
            return error

    return anyio.run(ask)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "text/event-stream", ""]))
@example(body=b'{"choices":[{"message":', kind="application/json")
@example(body=b"data: null\n\ndata: []\n\ndata: {}", kind="text/event-stream")
def test_any_bytes_at_all(body: bytes, kind: str, *, streamed: bool) -> None:
    assert isinstance(came(kind, body, streamed=streamed), Completion | APIError)


@settings(max_examples=150, deadline=None)
@given(cuts=st.lists(st.integers(0, len(BODY)), max_size=12))
def test_a_stream_cut_into_any_pieces_is_the_same_answer(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(BODY)]

    outcome = came("text/event-stream", *[BODY[a:b] for a, b in itertools.pairwise(places)])

    assert isinstance(outcome, Completion)
    assert outcome.raw == came("text/event-stream", BODY).raw  # type: ignore[union-attr]


@pytest.mark.parametrize("good", [BODY, WHOLE], ids=["a stream", "a body"])
@settings(max_examples=200, deadline=None)
@given(place=st.floats(0, 1), taken=st.integers(0, 40), put=st.binary(max_size=12))
def test_an_answer_that_is_spoilt_at_any_place(good: bytes, place: float, taken: int, put: bytes) -> None:
    at = int(place * len(good))
    kind = "text/event-stream" if good is BODY else "application/json"

    assert isinstance(came(kind, good[:at] + put + good[at + taken :]), Completion | APIError)
