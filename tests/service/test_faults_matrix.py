"""Whatever goes wrong between a request and its answer ends in that answer or in one typed error, soon, and no more.

Each class of faults over real sockets: asked for an answer, for a stream, and in the middle of a run with tools.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import anyio
import pytest
import trustme
from tests.service.fake_clock import FakeClock
from tests.service.fault_classes import CALLS, FAULTS, STREAMS, FaultClass, calling, event, good, stream
from tests.service.fault_server import Fault, FaultServer, Step, client_sockets, running, until, whole
from tests.service.http_service import KEY, listen

from callwright import Agent, APIError, Client, Completion, Limits, Retry, RunError, Timeouts
from callwright.errors import APIConnectionError, APITimeoutError, StreamError
from callwright.run.result import RunResult
from callwright.service._body import Caps

pytestmark = pytest.mark.anyio

PATH = "/chat/completions"
MEGABYTE = 1 << 20
CAPS = Caps(body=4 * MEGABYTE, event=MEGABYTE // 2, stream=MEGABYTE, events=10_000, lines=100_000)
RETRY = Retry(draw=lambda: 0.0)

Mode: TypeAlias = Literal["plain", "streamed", "loop"]
Outcome: TypeAlias = Completion | RunResult[str] | APIError | RunError
MODES: tuple[Mode, ...] = ("plain", "streamed", "loop")
each_mode = pytest.mark.parametrize("mode", MODES)


class Asking:
    """Asks a service in one of three ways, and keeps what came of it."""

    def __init__(self, base_url: str, mode: Mode, **options: Any) -> None:
        self.clock = FakeClock()
        options = {"retry": RETRY, "caps": CAPS, "timeouts": Timeouts(read=700, first_token=600), **options}
        self.client = Client(KEY, base_url=base_url, clock=self.clock, **options)
        self.mode = mode
        self.ran: list[int] = []
        self.outcome: Outcome | None = None

    async def once(self) -> Outcome:
        try:
            match self.mode:
                case "plain":
                    return await self.client.complete("Hi", model="m")
                case "streamed":
                    return await self.client.complete("Hi", model="m", listen=listen)
                case "loop":
                    return await self.run()
        except (APIError, RunError) as error:
            return error

    async def run(self) -> RunResult[str]:
        def f(a: int) -> int:
            """Count."""
            self.ran.append(a)
            return a

        agent = Agent("m", client=self.client, tools=[f], limits=Limits(steps=3))
        async with agent.stream("Hi") as run:
            async for _ in run.events():
                pass
        return run.result

    async def __call__(self, is_slow: Callable[[], object] = bool) -> Outcome:
        """Ask once; let hours pass while the service is slow."""

        async def ask() -> None:
            self.outcome = await self.once()

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                while self.outcome is None:
                    await anyio.sleep(0.001)
                    if is_slow():
                        self.clock.advance(20.0)
        assert self.outcome is not None
        return self.outcome


async def settled(asking: Asking, port: int) -> None:
    """See that nothing is left behind, and that the client can go on."""
    await asking.client.aclose()
    await until(lambda: client_sockets(port) == 0)


def check(outcome: Outcome, owed: type[APIError] | str) -> None:
    if isinstance(owed, str):
        assert not isinstance(outcome, Exception), repr(outcome)
        assert (outcome.text if isinstance(outcome, Completion) else outcome.output) == owed
        return
    assert isinstance(outcome, owed), repr(outcome)
    assert KEY not in f"{outcome!r} {vars(outcome)}"
    assert outcome.message
    if isinstance(outcome, StreamError):
        assert outcome.partial is None or isinstance(outcome.partial, Completion)


def scripted(server: FaultServer, mode: Mode, *answers: Sequence[Step]) -> int:
    """Let the service answer this, in a run after its first step; return how many requests come before."""
    before = [stream(calling(), event({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}))]
    server.script(PATH, *(before if mode == "loop" else ()), *answers)
    return int(mode == "loop")


@each_mode
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_fault_that_lasts_is_one_typed_error(fault: FaultClass, mode: Mode, server: FaultServer) -> None:
    before = scripted(server, mode, fault.steps)
    asking = Asking(server.url(), mode)

    outcome = await asking(lambda: server.silent)

    check(outcome, fault.owed)
    if not isinstance(fault.owed, str):
        assert isinstance(outcome, APIError)
        # Time that is moved on before the longest wait has begun leaves room for one more attempt.
        spare = int(isinstance(outcome, APITimeoutError))
        assert fault.sent <= outcome.attempts <= fault.sent + spare or not fault.sent
        # One more if a kept connection brought no byte: it may have been closed before the request came.
        assert len(server.requests) - before - outcome.attempts <= (before if outcome.maybe_billed else 0)
    assert asking.ran == [1] * before
    await settled(asking, server.port)


@each_mode
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_fault_that_passes_is_got_over_if_it_can_be(fault: FaultClass, mode: Mode, server: FaultServer) -> None:
    before = scripted(server, mode, fault.steps, good(streamed=mode != "plain"))
    asking = Asking(server.url(), mode)

    outcome = await asking(lambda: server.silent)

    is_got_over = fault.sent > 1 or isinstance(outcome, Completion | RunResult)
    check(outcome, "Hello." if is_got_over else fault.owed)
    assert len(server.requests) - before == (2 if is_got_over and not isinstance(fault.owed, str) else 1)
    await settled(asking, server.port)


@pytest.mark.parametrize("fault", STREAMS.values(), ids=STREAMS)
async def test_a_stream_that_goes_wrong_is_an_answer_or_a_typed_error(fault: FaultClass, server: FaultServer) -> None:
    server.script(PATH, fault.steps)
    asking = Asking(server.url(), "streamed")

    outcome = await asking(lambda: server.silent)

    check(outcome, fault.owed)
    if isinstance(outcome, APIError):
        spare = int(isinstance(outcome, APITimeoutError))
        assert len(server.requests) == outcome.attempts
        assert fault.sent <= outcome.attempts <= fault.sent + spare
    await settled(asking, server.port)


@pytest.mark.parametrize("fault", STREAMS.values(), ids=STREAMS)
async def test_a_stream_that_goes_wrong_in_a_run_runs_no_tool_again(fault: FaultClass, server: FaultServer) -> None:
    before = scripted(server, "loop", fault.steps)
    asking = Asking(server.url(), "loop")

    outcome = await asking(lambda: server.silent)

    check(outcome, fault.owed)
    assert asking.ran == [1] * before
    assert len(server.requests) <= before + 3
    await settled(asking, server.port)


@pytest.mark.parametrize("fault", STREAMS.values(), ids=STREAMS)
async def test_a_stream_that_nobody_asked_for_is_an_answer_or_a_typed_error(
    fault: FaultClass, server: FaultServer
) -> None:
    server.script(PATH, fault.steps)
    asking = Asking(server.url(), "plain")

    outcome = await asking(lambda: server.silent)

    check(outcome, APIError if isinstance(outcome, APIError) else str(fault.owed))
    await settled(asking, server.port)


@pytest.mark.parametrize(("steps", "runs"), CALLS.values(), ids=CALLS)
async def test_only_calls_of_a_whole_turn_are_run(steps: Sequence[Step], runs: int, server: FaultServer) -> None:
    server.script(PATH, steps, steps, steps, good(streamed=True))
    asking = Asking(server.url(), "loop", retry=Retry(attempts=1))

    outcome = await asking()

    assert isinstance(outcome, RunResult | APIError | RunError)
    assert len(asking.ran) in {0, runs, 2 * runs, 3 * runs}
    assert bool(asking.ran) is bool(runs)
    await settled(asking, server.port)


# -- F1 to F8: before anything is answered


async def unreachable(asking: Asking, is_slow: Callable[[], object] = bool) -> APIConnectionError:
    outcome = await asking(is_slow)
    assert isinstance(outcome, APIConnectionError), repr(outcome)
    assert not outcome.maybe_billed
    assert asking.ran == []
    return outcome


@each_mode
async def test_f1_refused(mode: Mode) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        error = await unreachable(Asking("http://127.0.0.1:{1}".format(*taken.getsockname()), mode))

    assert (type(error), error.attempts) == (APIConnectionError, 3)


@each_mode
async def test_f2_an_unknown_name(mode: Mode) -> None:
    assert (await unreachable(Asking("http://no-such-host.invalid", mode))).attempts == 3


@each_mode
async def test_f3_a_name_that_is_looked_up_for_ever(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anyio, "getaddrinfo", lambda *_, **__: anyio.sleep_forever())

    error = await unreachable(Asking("http://slow.example", mode), lambda: True)

    assert isinstance(error, APITimeoutError)
    assert (error.which, error.attempts) == ("connect", 3)


@each_mode
async def test_f4_an_address_that_takes_nothing(mode: Mode) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())

        error = await unreachable(Asking("http://127.0.0.1:{1}".format(*full.getsockname()), mode), lambda: True)

    assert isinstance(error, APITimeoutError)
    assert (error.which, error.attempts) == ("connect", 3)


@each_mode
async def test_f5_a_certificate_that_nobody_vouches_for(mode: Mode, tls_server: FaultServer) -> None:
    error = await unreachable(Asking(tls_server.url(scheme="https"), mode))

    assert (error.attempts, error.retryable, tls_server.requests) == (1, False, [])


@each_mode
async def test_f6_a_handshake_that_is_cut(mode: Mode) -> None:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:

        async def hang_up(client: anyio.abc.SocketStream) -> None:
            async with client:
                await client.receive()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, hang_up)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            error = await unreachable(Asking(f"https://127.0.0.1:{port}", mode))
            tasks.cancel_scope.cancel()

    assert error.attempts == 3


@each_mode
async def test_f7_a_proxy_that_refuses(mode: Mode, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.script("service.example:443", [whole(b"", status="407 Proxy Authentication Required")])
    monkeypatch.setenv("HTTPS_PROXY", server.url())

    error = await unreachable(Asking("https://service.example", mode))

    assert (error.attempts, error.retryable) == (1, False)
    assert "proxy" in str(error)


@each_mode
async def test_f8_a_kept_connection_that_was_closed_costs_no_attempt(mode: Mode, server: FaultServer) -> None:
    server.script("/warm", [whole(b"{}"), Fault.CLOSE])
    asking = Asking(server.url(), mode)
    await asking.client._http.post("/warm", b"{}")
    await until(lambda: server.closed == 1)
    scripted(server, mode, good(streamed=mode != "plain"))

    check(await asking(), "Hello.")

    assert [request.path for request in server.requests].count(PATH) == (2 if mode == "loop" else 1)


@pytest.mark.slow
@each_mode
@pytest.mark.parametrize("kind", [FAULTS, STREAMS], ids=["answers", "streams"])
async def test_one_client_gets_over_every_fault_over_tls_one_after_another(
    kind: dict[str, FaultClass], mode: Mode, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    monkeypatch.setattr("callwright.service._straight._default_tls", lambda: trusted)

    with running(context) as server:
        asking = Asking(server.url(scheme="https"), mode, max_connections=2)
        for fault in kind.values():
            scripted(server, mode, fault.steps)
            asking.outcome = None
            outcome = await asking(lambda: server.silent)
            check(outcome, APIError if isinstance(outcome, APIError) else str(fault.owed))
            scripted(server, mode, good(streamed=mode != "plain"))
            asking.outcome = None
            check(await asking(), "Hello.")
        await settled(asking, server.port)
