"""Connections are lent to one request each, kept for the next one, bounded, and given out in the order of asking."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest
from tests.service.fault_server import Fault, FaultServer, Step, chunk, client_sockets, head, running, until, whole

from callwright._clock import SYSTEM_CLOCK
from callwright.errors import APIConnectionError, APITimeoutError
from callwright.service._address import Address, Head
from callwright.service._deadlines import Deadlines
from callwright.service._http import Http, Timeouts
from callwright.service._lease import Leases
from callwright.service._straight import Straight

pytestmark = pytest.mark.anyio

DEADLINES = Deadlines(Timeouts(), SYSTEM_CLOCK)

MakeHttp = Callable[..., Http]
CHUNKED = head("Transfer-Encoding: chunked")


async def test_requests_one_after_another_share_a_connection(server: FaultServer, http_to: MakeHttp) -> None:
    http = http_to()

    for _ in range(5):
        await http.post("/x", b"{}")

    assert server.connections == 1
    await http.aclose()


async def test_every_connection_of_a_burst_is_used_again(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [0.02, whole(b"{}")])
    http = http_to()

    for _ in range(3):
        async with anyio.create_task_group() as burst:
            for _ in range(10):
                burst.start_soon(http.post, "/x", b"{}")

    # Fewer, if the machine is so busy that the first was answered before the last was sent.
    assert server.connections <= 10
    await http.aclose()


async def test_a_stream_that_was_read_to_its_end_leaves_its_connection(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [CHUNKED, chunk(b"a"), 0.01, chunk(b"b"), chunk(b"")])
    http = http_to()

    for _ in range(3):
        async with http.stream("/x", b"{}") as reply:
            pieces = [piece async for piece in reply.chunks()]

    assert b"".join(pieces) == b"ab"
    assert server.connections == 1
    await http.aclose()


async def test_a_stream_that_was_left_early_takes_its_connection_along(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [CHUNKED, chunk(b"a"), Fault.HANG])
    http = http_to()

    async with http.stream("/x", b"{}") as reply:
        async for _ in reply.chunks():
            break
    await http.post("/fine", b"{}")

    assert server.connections == 2
    assert client_sockets(server.port) == 1
    await http.aclose()


async def test_a_second_loop_over_the_chunks_goes_on_where_the_first_one_stopped(
    server: FaultServer, http_to: MakeHttp
) -> None:
    server.script("/x", [CHUNKED, chunk(b"a"), 0.01, chunk(b"b"), 0.01, chunk(b"c"), chunk(b"")])
    http = http_to()

    async with http.stream("/x", b"{}") as reply:
        first = await anext(reply.chunks())
        rest = await reply.read()

    # On a busy machine the pieces may have come together.
    assert first.startswith(b"a")
    assert first + rest == b"abc"
    assert client_sockets(server.port) == 1
    await http.aclose()


async def test_what_the_service_announces_to_close_is_not_kept(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [whole(b"{}", "Connection: close")])
    http = http_to()

    await http.post("/x", b"{}")
    await http.post("/x", b"{}")

    assert server.connections == 2
    await http.aclose()


async def test_a_body_that_ends_with_its_connection_is_whole(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [head("Connection: close"), b"to the ", b"end", Fault.CLOSE])
    http = http_to()

    reply = await http.post("/x", b"{}")

    assert reply.body == b"to the end"


async def test_a_kept_connection_that_was_closed_meanwhile_is_not_used(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [whole(b"{}"), Fault.CLOSE])
    http = http_to(reconnect=False)

    for _ in range(3):
        await http.post("/x", b"{}")
        await until(lambda: server.closed == server.connections)

    assert server.connections == 3
    await http.aclose()


async def test_a_dead_connection_costs_one_silent_reconnect_if_no_byte_came(
    server: FaultServer, http_to: MakeHttp
) -> None:
    """The service may hang up at the very moment at which the next request arrives."""
    server.script("/x", [whole(b"{}")], [Fault.CLOSE], [whole(b"again")])
    http = http_to()

    await http.post("/x", b"{}")
    reply = await http.post("/x", b'{"a":1}')

    assert reply.body == b"again"
    assert [request.connection for request in server.requests] == [1, 1, 2]
    assert [request.body for request in server.requests] == [b"{}", b'{"a":1}', b'{"a":1}']
    await http.aclose()


@pytest.mark.parametrize(
    ("second", "options", "sent"),
    [
        ([Fault.CLOSE], {}, 3),
        ([Fault.CLOSE], {"reconnect": False}, 2),
        ([b"HTTP/1.1 2", Fault.CLOSE], {}, 2),
    ],
    ids=["dead again", "switched off", "a byte came"],
)
async def test_there_is_no_further_reconnect(
    second: list[Step], options: dict[str, bool], sent: int, *, server: FaultServer, http_to: MakeHttp
) -> None:
    server.script("/x", [whole(b"{}")], second)
    http = http_to(**options)
    await http.post("/x", b"{}")

    with pytest.raises(APIConnectionError):
        await http.post("/x", b"{}")

    assert len(server.requests) == sent
    await http.aclose()


async def test_a_fresh_connection_that_fails_is_not_tried_again(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [Fault.CLOSE])

    with pytest.raises(APIConnectionError):
        await http_to().post("/x", b"{}")

    assert len(server.requests) == 1


def straight(server: FaultServer, *, limit: int = 10, expiry: float = 50.0) -> Straight:
    leases = Leases(limit=limit, expiry=expiry, tls=_no_tls)
    return Straight(leases, Address.of(server.url()), headers=Head({}), timeouts=Timeouts())


def _no_tls() -> None:
    raise AssertionError("plain http needs no context")


async def test_a_connection_that_lay_too_long_is_closed(server: FaultServer) -> None:
    sender = straight(server, expiry=0.0)

    for _ in range(3):
        answer = await sender.send("POST", "/x", body=b"{}", headers=Head({}), deadlines=DEADLINES)
        assert [piece async for piece in answer] == [b"{}"]
        await answer.aclose()

    assert server.connections == 3
    sender.close()


async def test_connections_that_lay_too_long_are_swept_when_another_comes_back(server: FaultServer) -> None:
    sender = straight(server, expiry=0.05)
    answers = [await sender.send("POST", "/x", body=b"{}", headers=Head({}), deadlines=DEADLINES) for _ in range(5)]
    for answer in answers[1:]:
        assert [piece async for piece in answer] == [b"{}"]
        await answer.aclose()
    longest = time.monotonic() + 0.05
    await until(lambda: time.monotonic() > longest)

    assert [piece async for piece in answers[0]] == [b"{}"]
    await answers[0].aclose()

    assert client_sockets(server.port) == 1
    sender.close()


async def test_no_more_connections_than_the_limit_are_open(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [0.005, whole(b"{}")])
    http = http_to(max_connections=3)
    seen: list[int] = []

    async def ask() -> None:
        await http.post("/x", b"{}")
        seen.append(client_sockets(server.port))

    async with anyio.create_task_group() as burst:
        for _ in range(30):
            burst.start_soon(ask)

    assert max(seen) == 3
    assert server.connections == 3
    await http.aclose()


async def test_those_who_wait_are_served_in_the_order_of_asking(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [0.003, whole(b"{}")])
    http = http_to(max_connections=1)

    async with anyio.create_task_group() as burst:
        for number in range(20):
            burst.start_soon(http.post, "/x", b"%d" % number)
            await anyio.lowlevel.checkpoint()

    assert [int(request.body) for request in server.requests] == list(range(20))
    await http.aclose()


async def test_waiting_in_line_has_a_deadline(server: FaultServer, http_to: MakeHttp) -> None:
    server.script("/x", [CHUNKED, chunk(b"a"), Fault.HANG])
    http = http_to(max_connections=1, timeouts=Timeouts(pool=0.05))

    async with http.stream("/x", b"{}"):
        with pytest.raises(APITimeoutError, match=r"raise max_connections or Timeouts\.pool"):
            await http.post("/fine", b"{}")

    assert (await http.post("/fine", b"{}")).status == 200
    await http.aclose()


async def test_another_host_takes_the_place_of_what_lies_idle() -> None:
    """The limit counts sockets, whatever host they lead to."""
    with running() as one, running() as other:
        leases = Leases(limit=2, expiry=50.0, tls=_no_tls)
        senders = [Straight(leases, Address.of(s.url()), headers=Head({}), timeouts=Timeouts()) for s in (one, other)]

        for sender in [*senders, *senders]:
            answers = [
                await sender.send("POST", "/x", body=b"{}", headers=Head({}), deadlines=DEADLINES) for _ in range(2)
            ]
            for answer in answers:
                assert [piece async for piece in answer] == [b"{}"]
                await answer.aclose()
            assert client_sockets(one.port) + client_sockets(other.port) <= 2

        assert (one.connections, other.connections) == (4, 4)
        leases.close()


async def test_closing_with_an_answer_open_lets_it_be_read_and_then_closes_it(
    server: FaultServer, http_to: MakeHttp
) -> None:
    server.script("/x", [CHUNKED, chunk(b"a"), 0.01, chunk(b"b"), chunk(b"")])
    http = http_to()

    async with http.stream("/x", b"{}") as reply:
        await http.aclose()
        body = await reply.read()

    assert body == b"ab"
    assert client_sockets(server.port) == 0


async def test_a_closed_client_opens_a_new_connection_when_asked(server: FaultServer, http_to: MakeHttp) -> None:
    http = http_to()
    await http.post("/x", b"{}")

    await http.aclose()
    await http.post("/x", b"{}")

    assert server.connections == 2
    await http.aclose()
    assert client_sockets(server.port) == 0


async def test_head_and_body_arrive_as_they_were_given(server: FaultServer, http_to: MakeHttp) -> None:
    http = http_to()

    await http.post("/chat/completions", b'{"a":1}', {"X-Title": "mine", "Authorization": "Bearer other"})
    await http.get("/models/a b?c", {"q": "x y&z"})

    post, get = server.requests
    assert (post.line, post.body) == ("POST /chat/completions HTTP/1.1", b'{"a":1}')
    assert post.headers == {
        "host": f"127.0.0.1:{server.port}",
        "accept": "*/*",
        "accept-encoding": "identity",
        "user-agent": "callwright",
        "authorization": "Bearer other",
        "content-type": "application/json",
        "x-title": "mine",
        "content-length": "7",
    }
    assert (get.line, get.body) == ("GET /models/a%20b%3Fc?q=x+y%26z HTTP/1.1", b"")
    assert get.headers["accept-encoding"] == "gzip"
    await http.aclose()


async def test_a_long_body_arrives_whole(server: FaultServer, http_to: MakeHttp) -> None:
    body = bytes(range(256)) * 20_000
    http = http_to()

    await http.post("/x", body)

    assert server.requests[0].body == body
    await http.aclose()


async def test_an_answer_in_many_pieces_is_joined_and_a_repeated_header_too(
    server: FaultServer, http_to: MakeHttp
) -> None:
    big = bytes(range(256)) * 4_000
    server.script("/x", [head(f"Content-Length: {len(big)}", "X-Two: a", "x-two: b"), big[:70_000], 0.01, big[70_000:]])
    http = http_to()

    reply = await http.post("/x", b"{}")

    assert reply.body == big
    assert reply.headers["x-two"] == "a, b"
    await http.aclose()
