"""The cancel storm: streams that are cancelled at any moment must cost no slot, no socket and no descriptor.

1,500 streams in bursts of 20 over five connections, each cancelled after 0 to 30 ms. Pools that share connections lose
slots here for good, or sockets in the middle of a TLS handshake.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable

import anyio
import pytest
from tests.service.fault_server import FaultServer, chunk, client_sockets, descriptors, head, until, whole

from callwright.service._http import Http

LIMIT = 5
BURST = 20
STREAM = [
    head("Transfer-Encoding: chunked"),
    *[step for _ in range(8) for step in (chunk(b"data: x\n\n"), 0.002)],
    chunk(b""),
]
FULL = pytest.mark.slow

Cancel = Callable[[Callable[[], Awaitable[None]], float], Awaitable[None]]


async def by_scope(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    with anyio.move_on_after(seconds):
        await work()


async def natively(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    await _cancelled(work, seconds, times=1)


async def natively_three_times(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    """A task that is cancelled again while it cleans up does not get to wait for anything."""
    await _cancelled(work, seconds, times=3)


async def _cancelled(work: Callable[[], Awaitable[None]], seconds: float, *, times: int) -> None:
    task = asyncio.ensure_future(work())
    await asyncio.wait([task], timeout=seconds)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([task])


async def storm(http: Http, server: FaultServer, *, streams: int, cancel: Cancel, seed: int) -> int:
    """Return how many sockets were open at most."""
    moments = random.Random(seed)
    most = 0

    async def read() -> None:
        nonlocal most
        try:
            async with http.stream("/stream", b"{}") as reply:
                most = max(most, client_sockets(server.port))
                async for _ in reply.chunks():
                    pass
        finally:
            # On a busy machine no handshake may end before its stream is cancelled; the others' sockets are open.
            most = max(most, client_sockets(server.port))

    for _ in range(streams // BURST):
        async with anyio.create_task_group() as burst:
            for _ in range(BURST):
                burst.start_soon(cancel, read, moments.uniform(0, 0.03))
    return most


async def survive(http: Http, server: FaultServer, *, streams: int, cancel: Cancel, seed: int = 1) -> None:
    server.script("/stream", STREAM)
    server.script("/fine", [whole(b"{}")])
    await http.post("/fine", b"{}")
    await http.aclose()
    before = len(descriptors())

    most = await storm(http, server, streams=streams, cancel=cancel, seed=seed)
    with anyio.fail_after(10):
        replies = [await http.post("/fine", b"{}") for _ in range(10)]

    assert [reply.status for reply in replies] == [200] * 10
    assert 0 < most <= LIMIT
    assert client_sockets(server.port) <= LIMIT
    await http.aclose()
    assert client_sockets(server.port) == 0
    # The server's own ends close in its own time.
    await until(lambda: len(descriptors()) <= before)


@pytest.mark.anyio
async def test_a_storm_of_scopes_leaves_all_connections_usable(server: FaultServer) -> None:
    http = Http(server.url(), {}, max_connections=LIMIT)

    await survive(http, server, streams=1_500, cancel=by_scope)


@pytest.mark.anyio
@pytest.mark.parametrize("streams", [200, pytest.param(1_500, marks=FULL)])
async def test_a_storm_of_scopes_over_tls_leaves_all_connections_usable(
    streams: int, tls_server: FaultServer, trust: ssl.SSLContext
) -> None:
    http = Http(tls_server.url(scheme="https"), {}, max_connections=LIMIT, verify=trust)

    await survive(http, tls_server, streams=streams, cancel=by_scope)


@pytest.mark.parametrize("cancel", [natively, natively_three_times])
@pytest.mark.parametrize("streams", [200, pytest.param(1_500, marks=FULL)])
def test_a_storm_of_native_cancels_leaves_all_connections_usable(
    streams: int, cancel: Cancel, server: FaultServer
) -> None:
    http = Http(server.url(), {}, max_connections=LIMIT)

    asyncio.run(survive(http, server, streams=streams, cancel=cancel))


@pytest.mark.parametrize("cancel", [natively, natively_three_times])
@pytest.mark.parametrize("streams", [200, pytest.param(1_500, marks=FULL)])
def test_a_storm_of_native_cancels_over_tls_leaves_all_connections_usable(
    streams: int, cancel: Cancel, tls_server: FaultServer, trust: ssl.SSLContext
) -> None:
    http = Http(tls_server.url(scheme="https"), {}, max_connections=LIMIT, verify=trust)

    asyncio.run(survive(http, tls_server, streams=streams, cancel=cancel))


@FULL
@pytest.mark.timeout(300)
@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(2, 12))
async def test_ten_more_storms_pass_as_the_first_did(seed: int, server: FaultServer) -> None:
    http = Http(server.url(), {}, max_connections=LIMIT)

    await survive(http, server, streams=1_500, cancel=by_scope, seed=seed)
