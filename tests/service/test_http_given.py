"""A given transport or client of httpx is used as it is, and what mocks httpcore mocks us."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable

import httpcore
import httpx
import pytest
import respx
from tests.service.fault_server import Fault, FaultServer, chunk, client_sockets, head

from callwright.errors import APIConnectionError, APITimeoutError
from callwright.service._http import Http, Timeouts
from callwright.service._httpx import LeasedTransport

pytestmark = pytest.mark.anyio

MakeHttp = Callable[..., Http]
URL = "https://api.example/v1"


async def test_a_mock_transport_gets_the_whole_request() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"a": 1}, headers={"X-Id": "7"})

    http = Http(URL, {"Authorization": "Bearer key"}, transport=httpx.MockTransport(answer))
    reply = await http.post("/chat/completions", b'{"b":2}', {"x-one": "1"})

    assert (reply.status, reply.body, reply.headers["x-id"]) == (201, b'{"a":1}', "7")
    assert str(seen[0].url) == f"{URL}/chat/completions"
    assert seen[0].content == b'{"b":2}'
    assert [seen[0].headers[name] for name in ("authorization", "x-one", "accept-encoding")] == [
        "Bearer key",
        "1",
        "identity",
    ]
    await http.aclose()


async def test_a_mock_transport_can_stream() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        yield b"data: 2\n\n"

    http = Http(URL, {}, transport=httpx.MockTransport(lambda _: httpx.Response(200, content=pieces())))

    async with http.stream("/x", b"{}") as reply:
        came = [piece async for piece in reply.chunks()]

    assert came == [b"data: 1\n\n", b"data: 2\n\n"]


async def pieces_of(body: bytes) -> AsyncIterator[bytes]:
    yield body[:9]
    yield body[9:]


@pytest.mark.parametrize("shaped", [bytes, pieces_of], ids=["as bytes", "as a stream"])
async def test_a_compressed_answer_of_a_given_transport_is_decompressed_once(
    shaped: Callable[[bytes], bytes | AsyncIterator[bytes]],
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        body = shaped(gzip.compress(b"hello"))
        return httpx.Response(200, content=body, headers={"content-encoding": "gzip"})

    reply = await Http(URL, {}, transport=httpx.MockTransport(answer)).get("/x")

    assert reply.body == b"hello"


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ConnectTimeout(""), APITimeoutError),
        (httpx.PoolTimeout(""), APITimeoutError),
        (httpx.ReadTimeout(""), APITimeoutError),
        (httpx.WriteTimeout(""), APITimeoutError),
        (httpx.ConnectError("x"), APIConnectionError),
        (httpx.RemoteProtocolError("x"), APIConnectionError),
        (httpx.ReadError("x"), APIConnectionError),
        (httpx.DecodingError("x"), APIConnectionError),
        (httpx.UnsupportedProtocol("x"), APIConnectionError),
        (ConnectionResetError("x"), APIConnectionError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_whatever_a_given_transport_raises_is_put_into_our_words(
    failure: Exception, kind: type[APIConnectionError]
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    with pytest.raises(APIConnectionError, match=r"api\.example:443") as caught:
        await Http(URL, {}, transport=httpx.MockTransport(fail)).post("/x", b"{}")

    assert type(caught.value) is kind


async def test_a_given_client_keeps_its_own_headers_and_hooks_and_stays_open(
    server: FaultServer, http_to: MakeHttp
) -> None:
    hooked: list[str] = []

    async def hook(request: httpx.Request) -> None:
        hooked.append(request.url.path)

    async with httpx.AsyncClient(headers={"x-own": "1"}, event_hooks={"request": [hook]}) as client:
        http = http_to(http_client=client)
        await http.post("/x", b"{}")
        await http.aclose()
        await client.get(server.url("/still"))

    assert server.requests[0].headers["x-own"] == "1"
    assert server.requests[0].headers["user-agent"] == "callwright"
    assert hooked == ["/x", "/still"]


async def test_a_given_client_that_follows_redirects_does_not_for_us() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": "https://elsewhere.example"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), follow_redirects=True) as client:
        reply = await Http(URL, {}, http_client=client).post("/x", b"{}")

    assert reply.status == 302


@pytest.mark.parametrize(("own", "message"), [(0.05, "went silent"), (None, "went silent")], ids=["its own", "ours"])
async def test_a_given_client_keeps_its_timeouts_if_it_has_any(
    own: float | None, message: str, server: FaultServer, http_to: MakeHttp
) -> None:
    """httpx's default of 5 s is no wish of the user, and no model answers in it."""
    server.script("/x", [Fault.HANG])
    options = {} if own is None else {"timeout": own}
    ours = Timeouts(read=0.05 if own is None else 60)

    async with httpx.AsyncClient(**options) as client:
        with pytest.raises(APITimeoutError, match=message):
            await http_to(http_client=client, timeouts=ours).post("/x", b"{}")


@respx.mock
async def test_respx_mocks_the_default_connections() -> None:
    route = respx.post(f"{URL}/chat/completions").respond(200, json={"mocked": True})

    http = Http(URL, {"authorization": "Bearer key"})
    reply = await http.post("/chat/completions", b'{"a":1}')
    async with http.stream("/chat/completions", b'{"a":2}') as stream:
        streamed = await stream.read()

    assert reply.body == streamed == b'{"mocked":true}'
    assert [call.request.content for call in route.calls] == [b'{"a":1}', b'{"a":2}']
    assert route.calls[0].request.headers["authorization"] == "Bearer key"
    await http.aclose()


async def test_respx_mocks_a_client_that_already_has_connections(server: FaultServer, http_to: MakeHttp) -> None:
    http = http_to()
    await http.post("/x", b"{}")

    with respx.mock:
        respx.post(server.url("/x")).mock(side_effect=httpx.ReadTimeout)
        respx.get(server.url("/y")).respond(404)
        with pytest.raises(APITimeoutError):
            await http.post("/x", b"{}")
        mocked = await http.get("/y")
    real = await http.post("/x", b"{}")

    assert (mocked.status, real.status) == (404, 200)
    assert [request.path for request in server.requests] == ["/x", "/x"]
    assert server.connections == 1
    await http.aclose()


@respx.mock
async def test_what_respx_lets_pass_is_sent(server: FaultServer, http_to: MakeHttp) -> None:
    respx.route(host="127.0.0.1").pass_through()
    http = http_to(max_connections=1)

    for _ in range(3):
        assert (await http.post("/x", b"{}")).status == 200

    assert len(server.requests) == 3
    await http.aclose()
    assert client_sockets(server.port) == 0


def test_respx_finds_what_it_patches() -> None:
    """Our connections step aside for whoever replaced this method; if it moves, they must follow."""
    assert callable(httpcore.AsyncHTTPConnection.handle_async_request)


async def test_the_leased_transport_serves_a_client_of_httpx(server: FaultServer) -> None:
    server.script("/x", [head("Transfer-Encoding: chunked"), chunk(b"a"), 0.005, chunk(b"b"), chunk(b"")])

    async with httpx.AsyncClient(transport=LeasedTransport()) as client:
        replies = [await client.post(server.url("/x"), content=b"{}") for _ in range(3)]

    assert [reply.content for reply in replies] == [b"ab"] * 3
    assert replies[0].http_version == "HTTP/1.1"
    assert replies[0].reason_phrase == "OK"
    assert server.connections == 1
    assert client_sockets(server.port) == 0


async def test_the_leased_transport_sends_a_generator_once(server: FaultServer) -> None:
    """What was read from it is gone, so a dead connection is an error here."""
    server.script("/x", [Fault.CLOSE])

    async def body() -> AsyncIterator[bytes]:
        yield b"12"
        yield b"34"

    async with httpx.AsyncClient(transport=LeasedTransport()) as client:
        await client.post(server.url("/fine"), content=b"{}")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(server.url("/x"), content=body(), headers={"content-length": "4"})

    assert [request.body for request in server.requests] == [b"{}", b"1234"]


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([Fault.CLOSE], httpx.RemoteProtocolError),
        ([Fault.HANG], httpx.ReadTimeout),
        ([head("Content-Length: 9"), b"1", Fault.CLOSE], httpx.RemoteProtocolError),
        ([head("Content-Length: 9"), b"1", 0.02, Fault.RESET], httpx.ReadError),
    ],
    ids=["hung up", "silent", "short", "reset"],
)
async def test_the_leased_transport_raises_what_httpx_raises(
    steps: list[bytes | float | Fault], kind: type[httpx.TransportError], server: FaultServer
) -> None:
    server.script("/x", steps)

    async with httpx.AsyncClient(transport=LeasedTransport(), timeout=0.1) as client:
        with pytest.raises(kind):
            await client.post(server.url("/x"), content=b"{}")
