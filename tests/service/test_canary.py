"""A key that was given to a client is seen nowhere, whatever goes wrong and at whatever stage."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import socket
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.service.fault_server import Fault, FaultServer, Step, chunk, head, whole
from tests.service.http_service import ANSWER

from callwright import Agent, CallwrightError, Client, MemoryStore, Retry, Timeouts

pytestmark = pytest.mark.anyio

KEY = "sk-or-v1-canary0key0that0nobody0may0see"
SECRET = "canary1header1that1nobody1may1see"
ONCE = "canary2header2of2one2request2only"
CANARIES = ("canary0key0", "canary1header1", "canary2header2", "canary3password3")
ECHO = {"error": {"code": 401, "message": f"bad key {KEY}", "metadata": {"raw": {KEY: [f"x{SECRET}"]}, "h": SECRET}}}


def event(raw: object) -> bytes:
    return chunk(b"data: " + json.dumps(raw).encode() + b"\n\n")


STREAM = head("Content-Type: text/event-stream", "Transfer-Encoding: chunked")
HALF = event({"id": "gen-1", "choices": [{"index": 0, "delta": {"content": "Hel"}}]})

STAGES: dict[str, Sequence[Step]] = {
    "hung up": [Fault.CLOSE],
    "reset": [Fault.RESET],
    "silent": [Fault.HANG],
    "head cut": [b"HTTP/1.1 200 OK\r\nContent-", Fault.CLOSE],
    "no http": [b"SSH-2.0-x\r\n\r\n", Fault.CLOSE],
    "body cut": [head("Content-Length: 100"), b"{", Fault.CLOSE],
    "no gzip": [whole(b"plain", "Content-Encoding: gzip")],
    "no JSON": [whole(b"<p>" + KEY.encode())],
    "refused with the key": [whole(json.dumps(ECHO).encode(), status="401 Unauthorized")],
    "refused in a 200": [whole(json.dumps(ECHO).encode())],
    "refused in a header": [whole(b"", f"X-Request-Id: {KEY}", f"X-Generation-Id: {SECRET}", status="500 No")],
    "stream cut": [STREAM, HALF, Fault.CLOSE],
    "stream silent": [STREAM, HALF, Fault.HANG],
    "error in the stream": [STREAM, HALF, event(ECHO), chunk(b"")],
    "no JSON in the stream": [STREAM, chunk(f"data: {{{KEY}\n\n".encode()), chunk(b"")],
    "ends without a finish": [STREAM, HALF, chunk(b"")],
}


def client_of(base_url: str, *, read: float = 0.05, **options: Any) -> Client:
    timeouts = Timeouts(connect=0.2, read=read)
    headers = {"x-api-key": SECRET}
    return Client(KEY, base_url=base_url, headers=headers, timeouts=timeouts, retry=Retry(attempts=1), **options)


def frames_of(error: BaseException) -> str:
    """Return the traceback of an error with all that is local to our functions, and to those below them."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    seen: list[str] = []
    pending: list[traceback.TracebackException | None] = [report]
    while pending:
        one = pending.pop()
        if one is None:
            continue
        # The tests know the key, and so do the frames of the test framework.
        ours = [frame for frame in one.stack if f"{Path('tests')}" not in frame.filename]
        seen += [f"{frame.filename}:{frame.lineno} {frame.locals}" for frame in ours]
        seen += one.format_exception_only()
        pending += [one.__cause__, one.__context__, *(one.exceptions or ())]
    return "\n".join(seen)


def sinks(error: BaseException) -> dict[str, str]:
    """Return everything in which an error may be seen."""
    shown = {"frames": frames_of(error), "traceback": "".join(traceback.format_exception(error)[-1:])}
    one: BaseException | None = error
    while one is not None:
        attributes = {name: getattr(one, name, None) for name in vars(one)}
        shown[f"{type(one).__name__} itself"] = f"{one!r} {one} {vars(one)} {attributes} {one.args}"
        if isinstance(one, CallwrightError):
            bare = copy.copy(one)
            bare.state = None
            shown[f"{type(one).__name__} pickled"] = repr(pickle.dumps(bare))
        one = one.__cause__ or one.__context__
    return shown


def assert_unseen(shown: dict[str, str]) -> None:
    found = [(where, canary) for where, text in shown.items() for canary in CANARIES if canary in text]
    assert found == []


async def listen(_: object) -> None:
    pass


Ask = Callable[[Client], Any]
ASKS: dict[str, Ask] = {
    "plain": lambda client: client.complete("Hi", model="m", headers={"x-secret-token": ONCE}),
    "streamed": lambda client: client.complete("Hi", model="m", headers={"x-secret-token": ONCE}, listen=listen),
    "run": lambda client: Agent("m", client=client, store=MemoryStore()).run("Hi"),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("steps", STAGES.values(), ids=STAGES)
async def test_the_key_is_nowhere_to_be_seen(
    steps: Sequence[Step], ask: Ask, server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.script("/chat/completions", steps)

    with caplog.at_level(logging.DEBUG), pytest.raises(CallwrightError) as caught:
        await ask(client_of(server.url()))

    assert KEY in server.requests[0].headers["authorization"]
    assert_unseen({**sinks(caught.value), "logs": caplog.text, "log records": repr([vars(r) for r in caplog.records])})


@pytest.mark.parametrize("given", ["http_client", "transport"])
async def test_nor_where_httpx_is_between(given: str, server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    server.script("/chat/completions", [Fault.CLOSE])

    async with httpx.AsyncHTTPTransport() as transport, httpx.AsyncClient(transport=transport) as own:
        asked = client_of(server.url(), **{given: own if given == "http_client" else transport})
        with caplog.at_level(logging.DEBUG), pytest.raises(CallwrightError) as caught:
            await ASKS["plain"](asked)

    assert_unseen({**sinks(caught.value), "logs": caplog.text})


async def test_nor_if_nobody_listens_at_the_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        with pytest.raises(CallwrightError) as caught:
            await ASKS["plain"](client_of("http://127.0.0.1:{1}".format(*taken.getsockname())))

    assert_unseen(sinks(caught.value))


async def test_nor_if_the_request_is_cancelled(server: FaultServer) -> None:
    """What a cancelled task was doing is shown by whoever turns the cancellation into an error."""
    server.script("/chat/completions", [head("Content-Length: 5"), Fault.HANG])
    errors: list[BaseException] = []

    with anyio.move_on_after(0.05):
        try:
            await ASKS["plain"](client_of(server.url(), read=60.0))
        except BaseException as error:
            errors.append(error)
            raise

    assert_unseen(sinks(errors[0]))


@pytest.mark.parametrize(
    "arguments",
    [
        {"api_key": f"{KEY} with blanks"},
        {"api_key": KEY, "base_url": "ftp://nowhere"},
        {"api_key": KEY, "base_url": "http://[::1"},
        {"api_key": KEY, "base_url": "https://user:canary3password3@host"},
        {"api_key": KEY, "headers": {"x-token": f"{SECRET}\r\nx: y"}},
        {"api_key": KEY, "headers": {f"x token {SECRET}": "a"}},
        {"api_key": KEY, "app_title": "tab\x00"},
    ],
    ids=["a key with blanks", "ftp", "half an address", "a password", "a value", "a name", "a title"],
)
def test_nor_if_no_client_can_be_made(arguments: dict[str, Any]) -> None:
    with pytest.raises(CallwrightError) as caught:
        Client(**arguments)

    if "name" not in str(caught.value):
        assert_unseen(sinks(caught.value))


def test_nor_if_the_proxy_of_the_environment_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://user:canary3password3@proxy:1")

    with pytest.raises(CallwrightError) as caught:
        Client(KEY)

    assert_unseen(sinks(caught.value))


def test_nor_in_what_a_client_looks_like() -> None:
    client = Client(KEY, headers={"x-token": SECRET})

    assert_unseen({"repr": f"{client!r} {client} {client.chat('m')!r} {client._http!r} {client._http._sender!r}"})


async def test_nor_in_the_header_of_one_request_that_cannot_be_sent(server: FaultServer) -> None:
    with pytest.raises(CallwrightError) as caught:
        await client_of(server.url()).complete("Hi", headers={"x-token": f"{ONCE}\n"[:-1] + "\u00e4"})

    assert_unseen(sinks(caught.value))
    assert server.requests == []


async def test_an_answer_that_comes_is_taken_with_the_key_in_place(server: FaultServer) -> None:
    server.script("/chat/completions", [whole(json.dumps(ANSWER).encode())])

    await ASKS["plain"](client_of(server.url()))

    headers = server.requests[0].headers
    assert (headers["authorization"], headers["x-api-key"], headers["x-secret-token"]) == (
        f"Bearer {KEY}",
        SECRET,
        ONCE,
    )
