"""A name with several addresses is reached by the first one that answers, and the others leave no socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import anyio
import pytest
from tests.service.fault_server import FaultServer, client_sockets, descriptors

from callwright.errors import APIConnectionError, APITimeoutError
from callwright.service._http import Http, Timeouts

pytestmark = pytest.mark.anyio

HERE, DEAF, NOBODY = "127.0.0.1", "127.0.0.2", "127.0.0.3"


@pytest.fixture
def deaf(server: FaultServer) -> Iterator[None]:
    """Listen at another address of this machine without ever taking a connection: the line is full."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind((DEAF, server.port))
        full.listen(0)
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        yield


def resolving(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Let every name have these addresses."""

    async def addresses(_: str, port: int, **__: object) -> list[tuple[object, ...]]:
        await anyio.lowlevel.checkpoint()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]

    monkeypatch.setattr(anyio, "getaddrinfo", addresses)


async def test_a_name_that_is_this_machine_is_reached(server: FaultServer) -> None:
    """`localhost` is mostly `::1` first, where nobody listens."""
    http = Http(server.url(host="localhost"), {})

    assert (await http.post("/x", b"{}")).status == 200
    await http.aclose()


async def test_an_address_that_refuses_gives_way_at_once(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, NOBODY, HERE)
    monkeypatch.setattr("callwright.service._socket._STAGGER", 30.0)
    http = Http(server.url(host="two.example"), {})
    began = time.monotonic()

    assert (await http.post("/x", b"{}")).status == 200

    assert time.monotonic() - began < 10
    assert client_sockets(server.port) == 1
    await http.aclose()


@pytest.mark.usefixtures("deaf")
async def test_an_address_that_hangs_is_overtaken_and_its_socket_closed(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, DEAF, HERE)
    http = Http(server.url(host="two.example"), {})
    before = len(descriptors())

    assert (await http.post("/x", b"{}")).status == 200

    # One socket here, one at the server.
    assert len(descriptors()) == before + 2
    await http.aclose()


@pytest.mark.usefixtures("deaf")
async def test_when_no_address_answers_all_sockets_are_closed(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, DEAF, NOBODY)
    http = Http(server.url(host="two.example"), {}, timeouts=Timeouts(connect=0.4))
    before = len(descriptors())

    with pytest.raises(APITimeoutError):
        await http.post("/x", b"{}")

    assert len(descriptors()) == before


async def test_when_all_addresses_refuse_the_first_refusal_is_told(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, NOBODY, DEAF)
    before = len(descriptors())

    with pytest.raises(APIConnectionError, match="refused"):
        await Http(server.url(host="two.example"), {}).post("/x", b"{}")

    assert len(descriptors()) == before


@pytest.mark.usefixtures("deaf")
async def test_a_race_that_is_cancelled_leaves_no_socket(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, DEAF, DEAF)
    http = Http(server.url(host="two.example"), {})
    before = len(descriptors())

    with anyio.move_on_after(0.3) as scope:
        await http.post("/x", b"{}")

    assert scope.cancelled_caught
    assert len(descriptors()) == before
