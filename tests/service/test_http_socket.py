"""A name with several addresses is reached by the first one that answers, and the others leave no socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import anyio
import pytest
from tests.service.fault_server import FaultServer, client_sockets

from callwright.errors import APIConnectionError, APITimeoutError
from callwright.service import _socket
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


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Return the sockets that are opened from now on, in order.

    The descriptors of the whole process are no measure: what earlier tests left to the garbage collector is closed at
    any moment, and servers on other threads hang up when they like.
    """
    kept: list[socket.socket] = []

    class Kept(_socket._QuietSocket):
        def __init__(self, family: int, kind: int, protocol: int) -> None:
            super().__init__(family, kind, protocol)
            kept.append(self)

    monkeypatch.setattr(_socket, "_QuietSocket", Kept)
    return kept


def still_open(sockets: list[socket.socket]) -> int:
    return sum(opened.fileno() >= 0 for opened in sockets)


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
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, opened: list[socket.socket]
) -> None:
    resolving(monkeypatch, DEAF, HERE)
    http = Http(server.url(host="two.example"), {})

    assert (await http.post("/x", b"{}")).status == 200

    assert (len(opened), still_open(opened)) == (2, 1)
    await http.aclose()


@pytest.mark.usefixtures("deaf")
async def test_when_no_address_answers_all_sockets_are_closed(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, opened: list[socket.socket]
) -> None:
    resolving(monkeypatch, DEAF, NOBODY)
    http = Http(server.url(host="two.example"), {}, timeouts=Timeouts(connect=0.4))

    with pytest.raises(APITimeoutError):
        await http.post("/x", b"{}")

    assert (len(opened), still_open(opened)) == (2, 0)


async def test_when_all_addresses_refuse_the_first_refusal_is_told(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, opened: list[socket.socket]
) -> None:
    resolving(monkeypatch, NOBODY, DEAF)

    with pytest.raises(APIConnectionError, match="refused"):
        await Http(server.url(host="two.example"), {}).post("/x", b"{}")

    assert (len(opened), still_open(opened)) == (2, 0)


@pytest.mark.usefixtures("deaf")
async def test_a_race_that_is_cancelled_leaves_no_socket(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, opened: list[socket.socket]
) -> None:
    resolving(monkeypatch, DEAF, DEAF)
    http = Http(server.url(host="two.example"), {})

    with anyio.move_on_after(0.3) as scope:
        await http.post("/x", b"{}")

    assert scope.cancelled_caught
    assert opened
    assert still_open(opened) == 0
