"""Whatever a server does wrong becomes one of two errors that say where and what, and never hold the key."""

from __future__ import annotations

import gzip
import socket
import threading
import traceback
from collections.abc import Callable, Sequence

import httpx
import pytest
from tests.service.fault_server import Fault, FaultServer, Step, chunk, head, whole

from callwright.errors import APIConnectionError, APITimeoutError
from callwright.service._body import Caps
from callwright.service._http import Http, Timeouts

pytestmark = pytest.mark.anyio

MakeHttp = Callable[..., Http]

BROKEN: dict[str, Sequence[Step]] = {
    "hung up without a byte": [Fault.CLOSE],
    "reset without a byte": [Fault.RESET],
    "head cut": [b"HTTP/1.1 200 OK\r\nContent-", Fault.CLOSE],
    "no http": [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Fault.CLOSE],
    "head of 2 MB": [b"HTTP/1.1 200 OK\r\nX: " + b"a" * 2_000_000, Fault.CLOSE],
    "20,000 interim answers": [head(status="100 Continue") * 20_000, Fault.CLOSE],
    "another protocol": [head("Upgrade: websocket", "Connection: upgrade", status="101 Switching Protocols")],
    "body shorter than said": [head("Content-Length: 100"), b"0123456789", Fault.CLOSE],
    "body reset": [head("Content-Length: 100"), b"0123456789", 0.02, Fault.RESET],
    "chunk cut": [head("Transfer-Encoding: chunked"), b"ff\r\nabc", Fault.CLOSE],
    "chunks without end": [head("Transfer-Encoding: chunked"), chunk(b"abc"), Fault.CLOSE],
    "chunk of no size": [head("Transfer-Encoding: chunked"), b"xyz\r\nabc\r\n", Fault.CLOSE],
    "two lengths": [head("Content-Length: 3", "Content-Length: 5"), b"12345", Fault.CLOSE],
    "no gzip": [whole(b"plain text", "Content-Encoding: gzip")],
    "gzip cut": [whole(gzip.compress(b"a" * 10_000)[:-9], "Content-Encoding: gzip")],
    "coding not asked for": [whole(b"xx", "Content-Encoding: br")],
    "stacked codings": [whole(gzip.compress(gzip.compress(b"a")), "Content-Encoding: gzip, gzip")],
}


@pytest.mark.parametrize("steps", BROKEN.values(), ids=BROKEN)
async def test_a_broken_answer_is_a_connection_error_that_says_where(
    steps: Sequence[Step], server: FaultServer, http_to: MakeHttp
) -> None:
    server.script("/x", steps)
    http = http_to()

    with pytest.raises(APIConnectionError) as caught:
        await http.post("/x", b"{}")

    assert not isinstance(caught.value, APITimeoutError)
    assert (
        f"127.0.0.1:{server.port}" in caught.value.message
        or "compressed" in caught.value.message
        or "gzip" in caught.value.message
    )
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    await http.aclose()


async def test_after_every_broken_answer_the_next_request_is_answered(server: FaultServer, http_to: MakeHttp) -> None:
    for number, steps in enumerate(BROKEN.values()):
        server.script(f"/{number}", steps)
    http = http_to(max_connections=1)

    for number in range(len(BROKEN)):
        with pytest.raises(APIConnectionError):
            await http.post(f"/{number}", b"{}")
    reply = await http.post("/fine", b"{}")

    assert reply.status == 200
    await http.aclose()


@pytest.mark.parametrize("name", ["body shorter than said", "chunk cut", "chunks without end", "body reset"])
async def test_a_stream_gives_what_came_before_it_breaks(name: str, server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", BROKEN[name])
    came = b""

    with pytest.raises(APIConnectionError):
        async with http_to().stream("/x", b"{}") as reply:
            async for piece in reply.chunks():
                came += piece

    assert came in {b"0123456789", b"abc"}


async def test_a_body_longer_than_said_ends_where_it_should_and_the_rest_is_nobodys_answer(
    server: FaultServer, http_to: MakeHttp
) -> None:
    """Bytes behind the end must not become the answer to the next request."""
    server.script("/long", [head("Content-Length: 5"), b"12345" + whole(b"smuggled")])
    http = http_to()

    first = await http.post("/long", b"{}")
    second = await http.post("/fine", b"{}")

    assert (first.body, second.body) == (b"12345", b"{}")
    assert [request.connection for request in server.requests] == [1, 2]
    await http.aclose()


async def test_a_refused_connection_is_a_connection_error_and_can_be_retried() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        with pytest.raises(APIConnectionError, match=rf"cannot connect to 127\.0\.0\.1:{port}: .*refused") as caught:
            await Http(f"http://127.0.0.1:{port}", {}).post("/x", b"{}")

    assert caught.value.retryable
    assert isinstance(caught.value.__cause__, Exception)


async def test_an_unknown_name_is_a_connection_error() -> None:
    with pytest.raises(APIConnectionError, match=r"cannot connect to no-such-host\.invalid:443"):
        await Http("https://no-such-host.invalid", {}).post("/x", b"{}")


async def test_an_address_that_does_not_answer_is_a_timeout() -> None:
    """A full backlog drops what comes: the connection hangs, as behind a firewall."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        http = Http("http://127.0.0.1:{1}".format(*full.getsockname()), {}, timeouts=Timeouts(connect=0.1))

        with pytest.raises(APITimeoutError, match=r"raise Timeouts\.connect"):
            await http.post("/x", b"{}")


@pytest.mark.parametrize(
    "steps",
    [[Fault.HANG], [b"HTTP/1.1 200", Fault.HANG], [head("Content-Length: 9"), b"123", Fault.HANG]],
    ids=["no byte", "half a head", "half a body"],
)
async def test_a_server_that_goes_silent_is_a_timeout(
    steps: Sequence[Step], server: FaultServer, http_to: MakeHttp
) -> None:
    server.script("/x", steps)

    with pytest.raises(APITimeoutError, match="went silent") as caught:
        await http_to(timeouts=Timeouts(read=0.05)).post("/x", b"{}")

    assert caught.value.retryable


async def test_a_server_that_takes_nothing_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        http = Http("http://127.0.0.1:{1}".format(*deaf.getsockname()), {}, timeouts=Timeouts(write=0.05))

        with pytest.raises(APITimeoutError, match="stopped taking the request"):
            await http.post("/x", b"a" * 20_000_000)


async def test_a_refusal_before_the_whole_request_was_sent_is_read(server: FaultServer) -> None:
    """A service may answer 413 and hang up while the body is still on its way."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(whole(b"too long", status="413 Content Too Large"))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 20):
                    pass

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        http = Http("http://127.0.0.1:{1}".format(*listener.getsockname()), {})

        reply = await http.post("/x", b"a" * 5_000_000)

    assert (reply.status, reply.body) == (413, b"too long")


async def test_a_body_over_the_limit_is_refused_for_good(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [whole(b"a" * 100_001)])

    with pytest.raises(APIConnectionError, match="longer than 100000 bytes") as caught:
        await http_to(caps=Caps(body=100_000)).post("/x", b"{}")

    assert not caught.value.retryable


async def test_a_gzip_bomb_is_refused_while_it_is_small(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [whole(gzip.compress(bytes(40_000_000)), "Content-Encoding: gzip")])

    with pytest.raises(APIConnectionError, match="longer than"):
        await http_to().post("/x", b"{}")


@pytest.mark.parametrize("status", ["200 OK", "502 Bad Gateway"])
async def test_an_html_page_comes_through_as_bytes(status: str, server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [whole(b"<html>no", "Content-Type: text/html", status=status)])

    reply = await http_to().post("/x", b"{}")

    assert (reply.status, reply.headers["content-type"], reply.body) == (int(status[:3]), "text/html", b"<html>no")


async def test_a_redirect_is_not_followed(server: FaultServer, http_to: MakeHttp) -> None:
    """The key must not go to wherever an answer points."""
    server.script("/x", [whole(b"", "Location: /elsewhere", status="307 Temporary Redirect")])

    reply = await http_to().post("/x", b"{}")

    assert (reply.status, reply.headers["location"]) == (307, "/elsewhere")
    assert [request.path for request in server.requests] == ["/x"]


@pytest.mark.parametrize("steps", [[Fault.CLOSE], [head("Content-Length: 9"), b"1", Fault.CLOSE]])
async def test_an_error_holds_no_request_and_no_key(
    steps: Sequence[Step], server: FaultServer, http_to: MakeHttp
) -> None:
    server.script("/x", steps)
    async with httpx.AsyncClient() as client:
        for http in (http_to(), http_to(http_client=client)):
            with pytest.raises(APIConnectionError) as caught:
                await http.post("/x", b"{}")

            error: BaseException | None = caught.value
            while error is not None:
                assert not hasattr(error, "_request")
                error = error.__cause__ or error.__context__
            await http.aclose()
