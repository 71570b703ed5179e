"""Over TLS nothing is different: bodies, errors, reuse, and what a cancelled handshake leaves, which is nothing."""

from __future__ import annotations

import ssl

import anyio
import httpcore
import pytest
import trustme
from tests.service.fault_server import Fault, FaultServer, chunk, client_sockets, head, running, whole

from callwright.errors import APIConnectionError, APITimeoutError
from callwright.service import _straight
from callwright.service._http import Http, Timeouts

pytestmark = pytest.mark.anyio


@pytest.fixture
def http(tls_server: FaultServer, trust: ssl.SSLContext) -> Http:
    return Http(tls_server.url(scheme="https"), {}, verify=trust)


async def test_bodies_large_and_small_pass_both_ways(http: Http, tls_server: FaultServer) -> None:
    large = bytes(range(256)) * 10_000
    tls_server.script("/large", [whole(large)])

    for _ in range(2):
        assert (await http.post("/large", large)).body == large
        assert (await http.post("/small", b"{}")).body == b"{}"

    assert [request.body for request in tls_server.requests] == [large, b"{}"] * 2
    assert tls_server.connections == 1
    await http.aclose()


async def test_a_stream_comes_piece_by_piece(http: Http, tls_server: FaultServer) -> None:
    tls_server.script("/x", [head("Transfer-Encoding: chunked"), chunk(b"a"), 0.1, chunk(b"b"), chunk(b"")])

    async with http.stream("/x", b"{}") as reply:
        pieces = [piece async for piece in reply.chunks()]

    assert pieces == [b"a", b"b"]
    await http.aclose()


async def test_a_body_cut_without_a_goodbye_is_an_error(http: Http, tls_server: FaultServer) -> None:
    tls_server.script("/x", [head("Content-Length: 100"), b"0123", 0.02, Fault.RESET])

    with pytest.raises(APIConnectionError):
        await http.post("/x", b"{}")


async def test_a_dead_connection_costs_one_silent_reconnect(http: Http, tls_server: FaultServer) -> None:
    """The goodbye of TLS is bytes, but no byte of an answer."""
    tls_server.script("/x", [whole(b"{}")], [Fault.CLOSE], [whole(b"again")])

    await http.post("/x", b"{}")
    reply = await http.post("/x", b"{}")

    assert reply.body == b"again"
    assert [request.connection for request in tls_server.requests] == [1, 1, 2]
    await http.aclose()


async def test_an_unknown_authority_is_refused_for_good_with_advice(tls_server: FaultServer) -> None:
    http = Http(tls_server.url(scheme="https"), {})

    with pytest.raises(APIConnectionError, match=r"certificate of .* is not trusted: .*verify=") as caught:
        await http.post("/x", b"{}")

    assert not caught.value.retryable
    assert tls_server.requests == []
    assert client_sockets(tls_server.port) == 0


async def test_a_certificate_of_another_host_is_refused(authority: trustme.CA, trust: ssl.SSLContext) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(context)

    with running(context) as server:
        with pytest.raises(APIConnectionError, match="not trusted"):
            await Http(server.url(scheme="https"), {}, verify=trust).post("/x", b"{}")

        assert server.requests == []


async def test_a_server_without_tls_is_a_connection_error(server: FaultServer, trust: ssl.SSLContext) -> None:
    with pytest.raises(APIConnectionError, match="cannot connect"):
        await Http(server.url(scheme="https"), {}, verify=trust, timeouts=Timeouts(connect=0.1)).post("/x", b"{}")

    assert client_sockets(server.port) == 0


async def silent_listener() -> anyio.abc.SocketListener:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    return listener.listeners[0]


async def test_a_handshake_that_hangs_is_a_timeout(trust: ssl.SSLContext) -> None:
    async with await silent_listener() as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        http = Http(f"https://127.0.0.1:{port}", {}, verify=trust, timeouts=Timeouts(connect=0.05))

        with pytest.raises(APITimeoutError, match="no TLS handshake within"):
            await http.post("/x", b"{}")

        assert client_sockets(port) == 0


async def test_cancelled_handshakes_leave_no_socket(trust: ssl.SSLContext) -> None:
    """httpx leaves all thirty open until they are collected."""
    async with await silent_listener() as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        http = Http(f"https://127.0.0.1:{port}", {}, verify=trust)

        async with anyio.create_task_group() as group:
            for _ in range(30):
                group.start_soon(http.post, "/x", b"{}")
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()

        assert client_sockets(port) == 0


async def test_all_clients_share_one_default_context_that_plain_http_never_makes(
    server: FaultServer, tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ssl.SSLContext] = []
    original = httpcore.default_ssl_context

    def count() -> ssl.SSLContext:
        made.append(original())
        return made[-1]

    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setattr(httpcore, "default_ssl_context", count)
    _straight._default_tls.cache_clear()

    await Http(server.url(), {}).post("/x", b"{}")
    assert made == []
    for _ in range(2):
        with pytest.raises(APIConnectionError):
            await Http(tls_server.url(scheme="https"), {}).post("/x", b"{}")

    assert len(made) == 1
    _straight._default_tls.cache_clear()
