"""One client serves many event loops and threads, and leaves nothing behind in any of them."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable

import anyio
import httpx
import pytest
import trio
from tests.service.fault_server import Fault, FaultServer, chunk, client_sockets, head, until, whole

from callwright.service._http import Http
from callwright.service._httpx import LeasedTransport

MakeHttp = Callable[..., Http]


async def ask_twice(http: Http) -> None:
    for _ in range(2):
        assert (await http.post("/x", b"{}")).status == 200


def test_a_client_serves_one_event_loop_after_another(server: FaultServer, http_to: MakeHttp) -> None:
    http = http_to()

    for _ in range(25):
        asyncio.run(ask_twice(http))
        trio.run(ask_twice, http)

    assert server.connections == 50
    assert client_sockets(server.port) == 0


def test_a_client_serves_event_loops_in_many_threads_at_once(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [0.005, whole(b"{}")])
    http = http_to()
    backends = ["asyncio", "trio"] * 4
    threads = [threading.Thread(target=anyio.run, args=(ask_twice, http), kwargs={"backend": b}) for b in backends]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(server.requests) == 16
    assert server.connections == 8
    assert client_sockets(server.port) == 0


def test_a_loop_that_was_closed_roughly_is_forgotten_at_the_next_one(server: FaultServer, http_to: MakeHttp) -> None:
    """A loop may be closed without ending its generators."""
    http = http_to()
    rough = asyncio.new_event_loop()
    rough.run_until_complete(ask_twice(http))
    rough.close()

    asyncio.run(ask_twice(http))

    assert client_sockets(server.port) == 0


@pytest.mark.anyio
async def test_clients_that_are_dropped_leave_no_socket(server: FaultServer, http_to: MakeHttp) -> None:
    for _ in range(60):
        http = http_to()
        await ask_twice(http)
        del http

    gc.collect()
    assert client_sockets(server.port) == 0


def drop(things: list[httpx.Response]) -> None:
    things.clear()
    gc.collect()


@pytest.mark.anyio
async def test_a_response_that_was_never_closed_warns_and_frees_its_place(server: FaultServer) -> None:
    server.script("/stream", [head("Transfer-Encoding: chunked"), chunk(b"a"), Fault.HANG])
    client = httpx.AsyncClient(transport=LeasedTransport(max_connections=1))
    responses = [await client.send(client.build_request("GET", server.url("/stream")), stream=True)]
    answered: list[int] = []

    async def wait_in_line() -> None:
        answered.append((await client.get(server.url("/fine"))).status_code)

    async with anyio.create_task_group() as group:
        group.start_soon(wait_in_line)
        await anyio.wait_all_tasks_blocked()
        with pytest.warns(ResourceWarning, match=rf"response of http://127\.0\.0\.1:{server.port} was never closed"):
            drop(responses)
        await until(lambda: bool(answered))

    assert answered == [200]
    assert client_sockets(server.port) == 1
    await client.aclose()


@pytest.mark.anyio
async def test_a_stream_whose_task_was_cancelled_in_the_middle_leaves_no_socket(
    server: FaultServer, http_to: MakeHttp
) -> None:
    server.script("/stream", [head("Transfer-Encoding: chunked"), chunk(b"a"), Fault.HANG])
    http = http_to()

    with anyio.CancelScope() as scope:
        async with http.stream("/stream", b"{}") as reply:
            async for _ in reply.chunks():
                scope.cancel()

    assert scope.cancelled_caught
    assert client_sockets(server.port) == 0


def test_a_process_with_a_forgotten_client_and_an_open_stream_exits(server: FaultServer) -> None:
    server.script("/stream", [head("Transfer-Encoding: chunked"), chunk(b"a"), Fault.HANG])
    program = f"""
        import asyncio
        from callwright.service._http import Http

        http = Http({server.url()!r}, {{}})

        async def main():
            await http.post("/x", b"{{}}")
            stream = http.stream("/stream", b"{{}}")
            reply = await stream.__aenter__()
            await anext(reply.chunks())

        asyncio.run(main())
        print("done")
    """

    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=20, check=True
    )

    assert ended.stdout == "done\n"
    assert "Traceback" not in ended.stderr
