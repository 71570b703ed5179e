"""The decoder of server-sent events."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import StreamError
from callwright.wire.sse import SSEDecoder


def payloads(*pieces: bytes) -> list[bytes]:
    decoder = SSEDecoder()
    return [payload for piece in pieces for payload in decoder.feed(piece)] + decoder.end()


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(b"data: a\n\ndata: b\n\n", [b"a", b"b"], id="plain"),
        pytest.param(b"data:a\n\n", [b"a"], id="no blank after the colon"),
        pytest.param(b"data:  a\n\n", [b" a"], id="one blank belongs to the field"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"], id="CRLF"),
        pytest.param(b"data: a\r\rdata: b\r\r", [b"a", b"b"], id="CR"),
        pytest.param(b": OPENROUTER PROCESSING\n\ndata: a\n\n", [b"a"], id="comment event"),
        pytest.param(b": note\ndata: a\n\n", [b"a"], id="comment within an event"),
        pytest.param(b"data: a\ndata: b\n\n", [b"a\nb"], id="several data lines"),
        pytest.param(b"event: ping\nid: 7\nretry: 5\ndata: a\n\n", [b"a"], id="other fields"),
        pytest.param(b"event: error\ndata: a\n\n", [b'{"error":"a"}'], id="an event named error, a word"),
        pytest.param(b'event:error\ndata: {"message":"a"}\n\n', [b'{"error":{"message":"a"}}'], id="an object"),
        pytest.param(b'event: error\ndata: {"error":1}\n\n', [b'{"error":1}'], id="an event named error (Groq)"),
        pytest.param(b"event: error\ndata:\n\n", [b'{"error":"no words"}'], id="an event named error, empty"),
        pytest.param(b'event: error\ndata: "\xff"\n\n', ['{"error":"\\"\ufffd\\""}'.encode()], id="not UTF-8"),
        pytest.param(
            b'data: {"a":1}\ndata: {"b":2}\ndata: [DONE]\n\n', [b'{"a":1}', b'{"b":2}', b"[DONE]"], id="no gap"
        ),
        pytest.param(b'data: {\ndata: "a":1}\n\n', [b'{\n"a":1}'], id="an object over several lines"),
        pytest.param(b'{"error":1}\n\n', [b'{"error":1}'], id="an error without a field"),
        pytest.param(b'{"a":1}\n{"b":2}\n\n', [b'{"a":1}', b'{"b":2}'], id="objects without a field"),
        pytest.param(b"<html>\n\n", [], id="a page"),
        pytest.param(b"data:  [DONE] \n\n", [b"[DONE]"], id="blanks about the end"),
        pytest.param(b"data: a\n\ndata: \xff\n\n", [b"a", b"\xff"], id="not UTF-8, as it is"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", [b"a"], id="byte order mark"),
        pytest.param(b"\n\n\n\ndata: a\n\n\n\n", [b"a"], id="blank lines"),
        pytest.param(b"data: a", [b"a"], id="no final blank line"),
        pytest.param(b"data: a\r\n", [b"a"], id="one final line end"),
        pytest.param("data: a\u2028b\x85c\n\n".encode(), ["a\u2028b\x85c".encode()], id="U+2028 is text"),
        pytest.param(b"data\n\n", [b""], id="data without a colon"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_the_payloads_of_a_stream(stream: bytes, expected: list[bytes]) -> None:
    assert payloads(stream) == expected


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_bytes_that_come_one_by_one_give_the_same_payloads(end: bytes) -> None:
    stream = end.join([b": hi", b"", b"data: \xc3\xa4", b"data: b", b"", b"data: [DONE]", b"", b""])

    assert payloads(*(bytes([byte]) for byte in stream)) == payloads(stream) == [b"\xc3\xa4\nb", b"[DONE]"]


@given(st.binary(), st.lists(st.integers(0, 400), max_size=6))
def test_where_the_network_cuts_the_bytes_does_not_matter(noise: bytes, cuts: list[int]) -> None:
    stream = b"data: first\r\n\r\n" + noise + b"\n\ndata: last\n\n"
    places = [0, *sorted(cuts), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(places)]

    assert payloads(*pieces) == payloads(stream)


def test_an_event_beyond_the_limit_is_refused() -> None:
    decoder = SSEDecoder(limit=100)

    with pytest.raises(StreamError, match="larger than 100 bytes"):
        for _ in range(20):
            decoder.feed(b"data: aaaa")


def test_many_events_below_the_limit_are_no_problem() -> None:
    decoder = SSEDecoder(limit=100)

    assert sum(len(decoder.feed(b"data: aaaa\n\n")) for _ in range(200)) == 200
