"""The classes of faults F9 to F64: what a service sends, and what is owed for it. F1 to F8 need more than bytes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.service.fault_server import Fault, Step, chunk, head, whole
from tests.service.http_service import ANSWER

from callwright.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InsufficientCreditsError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    RequestTimeoutError,
    StreamError,
)

__all__ = ["CALLS", "FAULTS", "STREAMS", "FaultClass", "calling", "event", "good", "stream"]

DONE = chunk(b"data: [DONE]\n\n") + chunk(b"")
STREAM = head("Content-Type: text/event-stream", "Transfer-Encoding: chunked")
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


@dataclass(frozen=True, slots=True)
class FaultClass:
    """What comes, and what is owed."""

    steps: Sequence[Step]
    owed: type[APIError] | str
    """The class of the error, or the text of the answer."""
    sent: int = 3
    """How many requests are sent while the service goes on like this, of three that may be; 0 if it depends."""


def delta(finish: str | None = None, **added: Any) -> dict[str, Any]:
    return {"id": "gen-1", "choices": [{"index": 0, "delta": added, "finish_reason": finish}]}


def event(*chunks: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks)


def stream(*chunks: Any, done: bool = True) -> Sequence[Step]:
    """Return the answer that streams these; cleanly ended, whether it is done or not."""
    pieces = [chunk(one if isinstance(one, bytes) else event(one)) for one in chunks]
    return [STREAM, *pieces, DONE if done else chunk(b"")]


def calling(name: str = "f", arguments: str = '{"a": 1}', **rest: Any) -> dict[str, Any]:
    piece = {"index": 0, "id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}, **rest}
    return delta(tool_calls=[piece])


def good(*, streamed: bool) -> Sequence[Step]:
    return stream(HEL, LO, END) if streamed else [whole(json.dumps(ANSWER).encode())]


def answer(**message: Any) -> dict[str, Any]:
    return {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", **message}}], "usage": USAGE}


def body(raw: Any, *fields: str, status: str = "200 OK") -> Sequence[Step]:
    return [whole(raw if isinstance(raw, bytes) else json.dumps(raw).encode(), *fields, status=status)]


def refused(status: int, *fields: str, **said: Any) -> Sequence[Step]:
    return body({"error": {"code": status, "message": "no", **said}}, *fields, status=f"{status} No")


HEL, LO, END = delta(content="Hel"), delta(content="lo."), {**delta("stop"), "usage": USAGE}
HELLO = json.dumps(answer(content="Hello.")).encode()
CUT_JSON = HELLO[: len(HELLO) // 2]
DEEP = b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
DIGITS = b'{"choices":[{"finish_reason":"stop","message":{"content":"Hello."}}],"usage":{"cost":%s,"total_tokens":%s}}'
BROKEN, CLOSED = APIConnectionError, Fault.CLOSE

FAULTS: Mapping[str, FaultClass] = {
    "F9 no byte": FaultClass([CLOSED], BROKEN),
    "F10 reset, no byte": FaultClass([Fault.RESET], BROKEN),
    "F11 head cut": FaultClass([b"HTTP/1.1 200 OK\r\nContent-", CLOSED], BROKEN),
    "F12 head of 2 MB": FaultClass([b"HTTP/1.1 200 OK\r\nX: " + b"a" * 2_000_000, CLOSED], BROKEN),
    "F13 20,000 interim answers": FaultClass([head(status="100 Continue") * 20_000, CLOSED], BROKEN),
    "F14 length and chunks": FaultClass(
        [head("Content-Length: 5", "Transfer-Encoding: chunked"), chunk(HELLO) + chunk(b"")], "Hello."
    ),
    "F14 two lengths": FaultClass([head("Content-Length: 3", "Content-Length: 5"), b"12345", CLOSED], BROKEN),
    "F15 redirect": FaultClass(body(b"", "Location: /", status="307 Moved"), BadRequestError, 1),
    "F16 redirect elsewhere": FaultClass(body(b"", "Location: http://127.0.0.9/", status="302 No"), BadRequestError, 1),
    "F17 another protocol": FaultClass(
        [head("Upgrade: x", "Connection: upgrade", status="101 Switching"), CLOSED], BROKEN
    ),
    "F18 shorter than said": FaultClass([head("Content-Length: 9999"), HELLO, CLOSED], BROKEN),
    "F19 JSON cut": FaultClass(body(CUT_JSON), ProviderError),
    "F20 empty": FaultClass(body(b""), ProviderError),
    "F21 HTML": FaultClass(body(b"<html><h1>Sign in</h1></html>", "Content-Type: text/html"), ProviderError),
    "F22 an error in a 200": FaultClass(body({"error": {"code": 402, "message": "no"}}), InsufficientCreditsError, 1),
    "F22 an error in a choice": FaultClass(
        body({"choices": [{"finish_reason": "error", "error": {"code": 502}, "message": {"content": "Hel"}}]}),
        ProviderError,
    ),
    "F23 no UTF-8": FaultClass(body(b'{"choices":[{"message":{"content":"\xff\xfe"}}]}'), ProviderError),
    "F24 no gzip": FaultClass(body(HELLO, "Content-Encoding: gzip"), BROKEN),
    "F25 gzip bomb": FaultClass(body(gzip.compress(bytes(40 << 20)), "Content-Encoding: gzip"), BROKEN, 1),
    "F26 stacked codings": FaultClass(
        body(gzip.compress(gzip.compress(HELLO)), "Content-Encoding: gzip, gzip"), BROKEN, 1
    ),
    "F26 brotli": FaultClass(body(b"\x0b\x02\x80", "Content-Encoding: br"), BROKEN, 1),
    "F27 drips": FaultClass([head("Content-Length: 5000"), *[b" ", 0.005] * 500], APITimeoutError, 0),
    "F28 hangs after half": FaultClass([head("Content-Length: 999"), CUT_JSON, Fault.HANG], APITimeoutError, 2),
    "F28 hangs before": FaultClass([Fault.HANG], APITimeoutError, 2),
    "F29 100,000 deep": FaultClass(body(DEEP), ProviderError),
    "F30 NaN": FaultClass(body(DIGITS % (b"NaN", b"Infinity")), "Hello."),
    "F30 huge numbers": FaultClass(body(DIGITS % (b"1e999", b"9" * 4_000)), "Hello."),
    "F31 equal keys": FaultClass(body(HELLO.replace(b'{"choices"', b'{"choices":[],"choices"', 1)), "Hello."),
    "F32 choices null": FaultClass(body({"choices": None}), ProviderError),
    "F32 no choices": FaultClass(body({"choices": []}), ProviderError),
    "F32 choices of a wrong type": FaultClass(body({"choices": {"a": 1}}), ProviderError),
    "F32 a choice that is a number": FaultClass(body({"choices": [5]}), ProviderError),
    "F33 parts": FaultClass(body(answer(content=[{"type": "text", "text": "Hello."}, {"type": "new"}])), "Hello."),
    "F33 unknown fields": FaultClass(body({**answer(content="Hello.", new=[{}]), "newer": {"a": None}}), "Hello."),
    "F34 BOM": FaultClass(body(b"\xef\xbb\xbf" + HELLO), "Hello."),
    "F35 429, seconds": FaultClass(refused(429, "Retry-After: 7"), RateLimitError),
    "F36 429, a date": FaultClass(refused(429, "Retry-After: Thu, 09 Oct 2025 08:00:00 GMT"), RateLimitError),
    "F36 429, 999999 seconds": FaultClass(refused(429, "Retry-After: 999999"), RateLimitError, 1),
    "F36 429, junk": FaultClass(refused(429, "Retry-After: nan"), RateLimitError),
    "F37 500": FaultClass(refused(500), ProviderError),
    "F37 529": FaultClass(refused(529), ProviderError),
    "F37 524, HTML": FaultClass(body(b"<html>A timeout occurred</html>", status="524 No"), ProviderError),
    "F38 408": FaultClass(refused(408), RequestTimeoutError),
    "F38 409": FaultClass(refused(409), ConflictError),
    "F38 425": FaultClass(refused(425), ConflictError),
    "F39 401": FaultClass(refused(401), AuthenticationError, 1),
    "F39 402": FaultClass(refused(402, availability={"retryable": True}), InsufficientCreditsError, 1),
    "F39 403": FaultClass(refused(403), PermissionDeniedError, 1),
    "F40 503 for good": FaultClass(refused(503, availability={"retryable": False}), ProviderError, 1),
    "F40 404 for now": FaultClass(refused(404, availability={"retryable": True, "retry_after": 1}), NotFoundError),
}
"""Answers to a request of either kind."""

STREAMS: Mapping[str, FaultClass] = {
    "F41 no DONE": FaultClass(stream(HEL, LO, END, done=False), "Hello."),
    "F41 no end of the connection": FaultClass([STREAM, chunk(event(HEL, LO, END)), CLOSED], "Hello."),
    "F42 no finish": FaultClass(stream(HEL, LO, done=False), StreamError, 1),
    "F42 DONE without a finish": FaultClass(stream(HEL, LO), StreamError, 1),
    "F42 nothing": FaultClass(stream(done=False), StreamError),
    "F43 cut in an event": FaultClass([STREAM, chunk(event(HEL) + event(LO)[:40]), chunk(b"")], StreamError, 1),
    "F44 reset": FaultClass([STREAM, chunk(event(HEL)), 0.01, Fault.RESET], StreamError, 1),
    "F45 chunk cut": FaultClass([STREAM, chunk(event(HEL)), b"ff\r\ndata: ", CLOSED], StreamError, 1),
    "F45 chunk without a size": FaultClass([STREAM, chunk(event(HEL)), b"xyz\r\n"], StreamError, 1),
    "F46 stalls": FaultClass([STREAM, chunk(event(HEL)), Fault.HANG], APITimeoutError, 1),
    "F46 stalls before": FaultClass([STREAM, Fault.HANG], APITimeoutError, 2),
    "F47 comments": FaultClass([STREAM, *[chunk(b": alive\n\n"), 0.005] * 500], APITimeoutError, 2),
    "F47 comments in between": FaultClass(
        [STREAM, chunk(event(HEL)), *[chunk(b": alive\n\n"), 0.005] * 500], APITimeoutError, 1
    ),
    "F48 endless content": FaultClass([STREAM, *[chunk(event(HEL) * 500)] * 20, DONE], StreamError, 1),
    "F49 an endless line": FaultClass([STREAM, *[chunk(b"x" * 65_536)] * 20, DONE], StreamError, 1),
    "F50 a flood of empty lines": FaultClass([STREAM, *[chunk(b"\n" * 65_536)] * 4, DONE], StreamError, 1),
    "F51 an error": FaultClass(stream(HEL, {"error": {"code": 502, "message": "died"}}), StreamError, 1),
    "F51 an error first": FaultClass(stream({"error": {"code": 502, "message": "died"}}), StreamError),
    "F51 an error for good": FaultClass(stream({"error": {"code": 401, "message": "no"}}), StreamError, 1),
    "F51 an error by its event": FaultClass(
        stream(b'event: error\ndata: {"error": {"message": "died", "code": "server_error"}}\n\n'), StreamError
    ),
    "F51 an error on the usage": FaultClass(
        stream(HEL, {**delta(), "usage": USAGE, "error": {"code": 400, "message": "Token limit reached"}}),
        StreamError,
        1,
    ),
    "F52 no JSON": FaultClass(stream(HEL, b"data: {oops\n\n"), StreamError, 1),
    "F52 no UTF-8": FaultClass(stream(HEL, b'data: {"a": "\xff"}\n\n'), StreamError, 1),
    "F53 CRLF": FaultClass(stream(event(HEL, LO, END).replace(b"\n", b"\r\n")), "Hello."),
    "F53 CR": FaultClass(stream(event(HEL, LO, END).replace(b"\n", b"\r")), "Hello."),
    "F53 BOM": FaultClass(stream(b"\xef\xbb\xbf" + event(HEL, LO, END)), "Hello."),
    "F53 other ends of lines": FaultClass(
        stream(b'data: {"choices":[{"delta":{"content":"\xe2\x80\xa8\xc2\x85"}}]}\n\n', END), "\u2028\x85"
    ),
    "F54 byte by byte": FaultClass(
        [STREAM, *[chunk(bytes([byte])) for byte in event(delta(content="H\u00e9l"), END)], DONE], "H\u00e9l"
    ),
    "F55 a chunk twice": FaultClass(stream(HEL, HEL, END), "HelHel"),
    "F56 more after DONE": FaultClass(
        [STREAM, chunk(event(HEL, LO, END) + b"data: [DONE]\n\n" + event(HEL)), chunk(b"")], "Hello."
    ),
    "F57 two finishes and usages": FaultClass(
        stream(HEL, LO, END, {**END, "usage": {"prompt_tokens": -1, "total_tokens": 10**30, "cost": "x"}}), "Hello."
    ),
    "F57 choices null": FaultClass(stream({"choices": None}, {"choices": [None]}, HEL, {}, LO, END), "Hello."),
}
"""Answers to a request for a stream."""

CUT_CALL = [HEL, calling(), calling("g", '{"a"', index=1, id="c2")]

CALLS: Mapping[str, tuple[Sequence[Step], int | None]] = {
    "F58 out of order": (stream(calling("f", index=7), calling("f", index=2, id="c2"), delta("tool_calls")), 2),
    "F58 no index": (stream(calling("f", index=None), delta("tool_calls")), 1),
    "F58 a huge index": (stream(calling("f", index=10**9), delta("tool_calls")), 1),
    "F59 no id": (stream(calling("f", id=None), delta("tool_calls")), 1),
    "F59 one id twice": (stream(calling("f"), calling("f", index=1), delta("tool_calls")), 2),
    "F60 the name again": (stream(calling("f", ""), calling("f", '{"a": 1}'), delta("tool_calls")), 1),
    "F61 cut by length": (stream(calling("f", '{"a"'), delta("length")), 0),
    "F62 no object": (stream(calling("f", "[1]"), delta("tool_calls")), 0),
    "F62 a text": (stream(calling("f", "hello"), delta("tool_calls")), 0),
    "F63 unknown": (stream(calling("nobody"), delta("tool_calls")), 0),
    "F63 many": (stream(*[calling("f", index=n, id=f"c{n}") for n in range(200)], delta("tool_calls")), 64),
    "F64 cut after a whole call": ([STREAM, chunk(event(*CUT_CALL)), CLOSED], 0),
    "F64 ended after a whole call": (stream(*CUT_CALL, done=False), 0),
    "F64 an error after a whole call": (stream(*CUT_CALL, {"error": {"code": 502, "message": "died"}}), 0),
    "F64 no finish, one whole call": (stream(calling(), done=False), 0),
}
"""Turns of calls, and how many of the calls may be run."""
