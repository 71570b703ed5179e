"""Proxies are taken from the environment, when the client is made, by the rules of curl."""

from __future__ import annotations

import base64
import importlib.util
import ssl

import anyio
import pytest
import trustme
from tests.service.fault_server import Fault, FaultServer, client_sockets, head, running, until, whole

from callwright._secrets import Hidden
from callwright.errors import APIConnectionError, ParameterError
from callwright.service._address import Address, environment_proxy, proxy_at
from callwright.service._http import Http
from callwright.service._httpx import LeasedTransport

pytestmark = pytest.mark.anyio


def via(monkeypatch: pytest.MonkeyPatch, **proxies: str) -> None:
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("base_url", "environment", "expected"),
    [
        ("https://a.example", {}, None),
        ("https://a.example", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://a.example", {"https_proxy": "http://p:1"}, "http://p:1"),
        ("https://a.example", {"HTTPS_PROXY": "p:1"}, "http://p:1"),
        ("https://a.example", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://a.example", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("https://a.example", {"ALL_PROXY": "socks5://p:1"}, "socks5://p:1"),
        ("https://a.example", {"ALL_PROXY": "http://p:1", "HTTPS_PROXY": "http://q:1"}, "http://q:1"),
        ("https://a.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example"}, None),
        ("https://a.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x, .example"}, None),
        ("https://a.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ("https://a.example:8443", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example:8443"}, None),
        ("https://a.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "b.example"}, "http://p:1"),
        ("https://ba.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example"}, "http://p:1"),
        ("http://127.0.0.1:99", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "127.0.0.1"}, None),
        ("http://[::1]:99", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "::1"}, None),
    ],
)
def test_the_environment_names_the_proxy(
    base_url: str, environment: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    via(monkeypatch, **environment)

    proxy = environment_proxy(Address.of(base_url))

    assert (None if proxy is None else proxy.value) == expected


async def test_plain_http_goes_to_the_proxy_with_the_whole_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as proxy:
        via(monkeypatch, HTTP_PROXY=f"http://us%40er:p%3Aw@127.0.0.1:{proxy.port}")
        proxy.script("http://a.example:80/v1/x", [whole(b"proxied")])
        http = Http("http://a.example/v1", {})

        replies = [await http.post("/x", b"{}") for _ in range(3)]

        assert [reply.body for reply in replies] == [b"proxied"] * 3
        sent = proxy.requests[0].headers["proxy-authorization"]
        assert base64.b64decode(sent.removeprefix("Basic ")) == b"us@er:p:w"
        assert proxy.connections == 1
        await http.aclose()


async def test_https_goes_through_a_tunnel(
    tls_server: FaultServer, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as proxy:
        via(monkeypatch, HTTPS_PROXY=f"http://user:password@127.0.0.1:{proxy.port}")
        proxy.script(f"127.0.0.1:{tls_server.port}", [Fault.TUNNEL])
        http = Http(tls_server.url(scheme="https"), {"authorization": "Bearer key"}, verify=trust)

        for _ in range(3):
            assert (await http.post("/x", b"{}")).status == 200

        assert [request.line.split(" ")[0] for request in proxy.requests] == ["CONNECT"]
        assert "authorization" not in proxy.requests[0].headers
        assert "proxy-authorization" not in tls_server.requests[0].headers
        assert tls_server.connections == 1
        await http.aclose()
        assert client_sockets(proxy.port) == 0


async def test_https_goes_through_a_tunnel_that_is_itself_reached_by_tls(
    tls_server: FaultServer, authority: trustme.CA, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with running(context) as proxy:
        via(monkeypatch, HTTPS_PROXY=f"https://127.0.0.1:{proxy.port}")
        proxy.script(f"127.0.0.1:{tls_server.port}", [Fault.TUNNEL])
        http = Http(tls_server.url(scheme="https"), {}, verify=trust)

        assert (await http.post("/x", b"a" * 100_000)).status == 200

        assert tls_server.requests[0].body == b"a" * 100_000
        await http.aclose()


async def test_a_proxy_that_refuses_is_an_error_that_names_the_variables(
    trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as proxy:
        via(monkeypatch, HTTPS_PROXY=f"http://user:password@127.0.0.1:{proxy.port}")
        proxy.script("a.example:443", [head(status="407 Proxy Authentication Required")])

        with pytest.raises(APIConnectionError, match="407 Proxy Authentication Required; check HTTPS_PROXY") as caught:
            await Http("https://a.example", {}, verify=trust).post("/x", b"{}")

        assert not caught.value.retryable
        assert "password" not in caught.value.message
        assert client_sockets(proxy.port) == 0


async def test_a_dead_proxy_is_a_connection_error_that_says_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    via(monkeypatch, HTTPS_PROXY="http://127.0.0.1:1")

    with pytest.raises(APIConnectionError, match=r"a\.example:443 by the proxy of the environment"):
        await Http("https://a.example", {}).post("/x", b"{}")


async def test_tunnels_that_are_cancelled_half_way_leave_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as proxy:
        via(monkeypatch, HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
        proxy.script("a.example:443", [Fault.HANG])
        http = Http("https://a.example", {})

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(http.post, "/x", b"{}")
            await until(lambda: len(proxy.requests) == 10)
            group.cancel_scope.cancel()

        assert client_sockets(proxy.port) == 0


async def test_a_given_transport_knows_no_environment(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    via(monkeypatch, HTTP_PROXY="http://127.0.0.1:1")

    reply = await Http(server.url(), {}, transport=LeasedTransport()).post("/x", b"{}")

    assert reply.status == 200


@pytest.mark.parametrize("url", ["ftp://p:1", "http://", "http://user:secret@p:notaport", "http://user:secret@/"])
def test_a_proxy_that_cannot_be_one_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ParameterError) as caught:
        proxy_at(Hidden(url))

    assert "HTTPS_PROXY" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_socks_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("socksio") is not None:
        pytest.skip("socksio is installed")
    via(monkeypatch, ALL_PROXY="socks5://127.0.0.1:1")

    with pytest.raises(ParameterError, match=r"httpx\[socks\]"):
        Http("https://a.example", {})
