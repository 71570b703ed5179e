"""Each deadline ends a request in time, by the clock that was given, and the error says which one it was."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import anyio
import httpx
import pytest
from tests.service.fake_clock import FakeClock
from tests.service.fault_server import Fault, FaultServer, Step, head, until, whole
from tests.service.http_service import ANSWER, KEY, chunk, listen

from callwright import Client, Completion, Retry, Timeouts
from callwright.errors import APITimeoutError
from callwright.model import Scope
from callwright.wire.chat import ChatRequest, Encoded
from callwright.wire.messages import UserMessage

pytestmark = pytest.mark.anyio

REQUEST = ChatRequest((UserMessage("Hi"),), params=Encoded({}))
ONCE = Retry(attempts=1)
EVENTS = {"content-type": "text/event-stream"}
SIGN_OF_LIFE = b": OPENROUTER PROCESSING\n\n"


def event(*chunks: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks)


class Paced(httpx.AsyncByteStream):
    """A body that comes as slowly as it says: bytes, and seconds between them."""

    def __init__(self, clock: FakeClock, *steps: bytes | float) -> None:
        self._clock = clock
        self._steps = steps

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for step in self._steps:
            if isinstance(step, bytes):
                yield step
            else:
                self._clock.advance(step)
                await anyio.lowlevel.checkpoint()


def client_of(clock: FakeClock, *steps: bytes | float, **options: Any) -> Client:
    """Return a client of a service that always streams this."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=EVENTS, stream=Paced(clock, *steps))

    options = {"retry": ONCE, **options}
    return Client(KEY, transport=httpx.MockTransport(answer), clock=clock, **options)


async def late(client: Client, scope: Scope | None = None) -> APITimeoutError:
    with pytest.raises(APITimeoutError) as caught:
        await client.chat("m").complete(REQUEST, scope or Scope(listen))
    return caught.value


HEL, LO, END = event(chunk("Hel")), event(chunk("lo.")), event(chunk(finish="stop"))


@pytest.mark.parametrize(
    ("steps", "timeouts", "which", "seconds", "partial"),
    [
        pytest.param([61.0, HEL], {"first_token": 60}, "first_token", 60, "", id="nothing at all"),
        pytest.param(
            [*[20.0, SIGN_OF_LIFE] * 9, HEL], {"first_token": 60}, "first_token", 60, "", id="only signs of life"
        ),
        pytest.param(
            [*[20.0, event(chunk(""))] * 9, HEL], {"first_token": 60}, "first_token", 60, "", id="only empty chunks"
        ),
        pytest.param([HEL, 31.0, LO], {"between_chunks": 30}, "between_chunks", 30, "Hel", id="a pause"),
        pytest.param(
            [HEL, *[20.0, SIGN_OF_LIFE] * 9, LO], {"between_chunks": 30}, "between_chunks", 30, "Hel", id="comments"
        ),
        pytest.param([*[HEL, 20.0] * 9, END], {"total": 100}, "total", 100, "Hel" * 5, id="too slow in all"),
        pytest.param([HEL, 41.0, LO], {"read": 40}, "read", 40, "Hel", id="silence"),
    ],
)
async def test_what_comes_too_late_is_a_timeout_that_says_which(  # noqa: PLR0917 - a row has as many cells
    steps: Sequence[bytes | float],
    timeouts: dict[str, float],
    which: str,
    seconds: float,
    partial: str,
) -> None:
    error = await late(client_of(FakeClock(), *steps, timeouts=Timeouts(**timeouts)))

    assert (error.which, error.seconds) == (which, seconds)
    assert isinstance(error.partial, Completion)
    assert error.partial.text == partial
    assert error.maybe_billed
    assert f"{seconds} s" in str(error)
    assert "openrouter.ai:443" in str(error)


@pytest.mark.parametrize(
    "adds",
    [
        {"content": "x"},
        {"reasoning": "x"},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "x"}}]},
        {"audio": {"data": "eA=="}},
        {"images": [{"image_url": {"url": "data:"}}]},
    ],
    ids=lambda delta: next(iter(delta)),
)
async def test_whatever_adds_to_an_answer_is_progress(adds: dict[str, Any]) -> None:
    grows = event({"choices": [{"index": 0, "delta": adds}]})
    steps = (*[grows, 20.0] * 9, END)

    completion = await client_of(FakeClock(), *steps, timeouts=Timeouts(between_chunks=30)).complete(
        "Hi", listen=listen
    )

    assert completion.finish_reason == "stop"


async def test_the_deadline_of_a_run_ends_a_request() -> None:
    clock = FakeClock()

    error = await late(client_of(clock, HEL, 61.0, LO), Scope(listen, deadline=clock.monotonic() + 60))

    assert (error.which, error.seconds, error.retryable) == ("run", 60, False)


async def test_a_listener_may_take_its_time() -> None:
    """Whoever reads slowly is no slow service."""
    clock = FakeClock()

    async def slow(_: object) -> None:
        clock.advance(1_000.0)

    client = client_of(clock, HEL, LO, END, timeouts=Timeouts(between_chunks=30, total=None))

    assert (await client.complete("Hi", listen=slow)).text == "Hello."


async def test_after_the_finish_nothing_is_waited_for_long() -> None:
    clock = FakeClock()

    completion = await client_of(clock, HEL, END, 11.0, SIGN_OF_LIFE).complete("Hi", listen=listen)

    assert completion.text == "Hel"


async def test_a_service_that_is_late_is_asked_again_within_the_total() -> None:
    clock = FakeClock()
    client = client_of(clock, 61.0, HEL, retry=Retry(draw=lambda: 1.0), timeouts=Timeouts(first_token=60, total=150))

    error = await late(client)

    # 61 s, 0.5 s of waiting, 61 s, 1 s of waiting; the third attempt has no 60 s left.
    assert (error.which, error.seconds, error.attempts) == ("total", 150, 3)


async def test_time_to_the_first_token_and_in_all_is_measured() -> None:
    completion = await client_of(FakeClock(), 2.0, HEL, 3.0, LO, END, 1.0).complete("Hi", listen=listen)

    assert completion.timing is not None
    assert (completion.timing.first, completion.timing.total) == (2.0, 6.0)


# -- over sockets: what hangs there is waited for by the clock that was given


SILENT: dict[str, tuple[Sequence[Step], str]] = {
    "no byte": ([Fault.HANG], "read"),
    "half a head": ([b"HTTP/1.1 200", Fault.HANG], "read"),
    "half a body": ([head("Content-Length: 9"), b"{", Fault.HANG], "read"),
    "a stream without a word": ([head("Content-Type: text/event-stream"), Fault.HANG], "first_token"),
    "a stream that stops": ([head("Content-Type: text/event-stream"), HEL, Fault.HANG], "between_chunks"),
}


async def ended(clock: FakeClock, ask: Callable[[], Any], hangs: Callable[[], bool]) -> APITimeoutError:
    """Ask, and let an hour pass once the service hangs."""
    caught: list[APITimeoutError] = []

    async def asking() -> None:
        with pytest.raises(APITimeoutError) as error:
            await ask()
        caught.append(error.value)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(asking)
            await until(hangs)
            # What was sent has to come in first.
            for _ in range(200):
                if caught:
                    break
                await anyio.sleep(0.001)
                clock.advance(36.0)
    return caught[0]


@pytest.mark.parametrize(("steps", "which"), SILENT.values(), ids=SILENT)
async def test_a_socket_that_hangs_is_given_up_by_the_clock(
    steps: Sequence[Step], which: str, server: FaultServer
) -> None:
    clock = FakeClock()
    server.script("/chat/completions", steps)
    streams = which != "read"
    timeouts = Timeouts(read=7_000, total=7_000) if streams else Timeouts()
    client = Client(KEY, base_url=server.url(), clock=clock, retry=ONCE, timeouts=timeouts)

    error = await ended(
        clock,
        lambda: client.complete("Hi", model="m", listen=listen if streams else None),
        lambda: bool(server.requests),
    )

    assert error.which == which
    assert error.seconds == {"read": 600, "first_token": 600, "between_chunks": 300}[which]


async def test_an_address_that_does_not_answer_is_given_up_by_the_clock() -> None:
    clock = FakeClock()
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        client = Client(KEY, base_url="http://127.0.0.1:{1}".format(*full.getsockname()), clock=clock, retry=ONCE)

        error = await ended(clock, lambda: client.complete("Hi"), lambda: True)

    assert (error.which, error.seconds, error.maybe_billed) == ("connect", 10, False)


async def test_a_body_that_drips_is_given_up_in_all(server: FaultServer) -> None:
    """Each byte comes in time; there is no end."""
    clock = FakeClock()
    server.script("/chat/completions", [head("Content-Length: 5000"), *[b" ", 0.002] * 2000])
    client = Client(KEY, base_url=server.url(), clock=clock, retry=ONCE)

    error = await ended(clock, lambda: client.complete("Hi"), lambda: bool(server.requests))

    assert (error.which, error.seconds) == ("total", 1800)


async def test_waiting_in_line_ends_by_the_clock(server: FaultServer) -> None:
    clock = FakeClock()
    server.script("/chat/completions", [Fault.HANG])
    timeouts = Timeouts(pool=60, read=100_000, total=100_000)
    client = Client(KEY, base_url=server.url(), clock=clock, retry=ONCE, timeouts=timeouts, max_connections=1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.complete, "first")
        await until(lambda: bool(server.requests))
        error = await ended(clock, lambda: client.complete("second"), lambda: True)
        tasks.cancel_scope.cancel()

    assert (error.which, error.seconds) == ("pool", 60)


async def test_the_next_request_is_answered_after_all_that(server: FaultServer) -> None:
    clock = FakeClock()
    server.script("/chat/completions", [Fault.HANG], [whole(json.dumps(ANSWER).encode())])
    client = Client(KEY, base_url=server.url(), clock=clock, retry=ONCE, max_connections=1)

    await ended(clock, lambda: client.complete("Hi"), lambda: bool(server.requests))

    assert (await client.complete("Hi")).text == "Hello."
