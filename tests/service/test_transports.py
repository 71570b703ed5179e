"""The clients and transports of others do what our connections do: httpx, httpx2, and aiohttp under httpx."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Self

import anyio
import httpx
import httpx2
import httpx_aiohttp
import pytest
from tests.service.fake_clock import FakeClock
from tests.service.fault_classes import FAULTS, STREAMS, FaultClass, good
from tests.service.fault_server import Fault, FaultServer, chunk, client_sockets, head, until, whole
from tests.service.http_service import ANSWER, KEY, listen
from tests.service.test_canary import assert_unseen, sinks

from callwright import APIError, Client, Completion, ParameterError, Retry, Timeouts
from callwright.errors import APIConnectionError
from callwright.service._body import Caps

pytestmark = pytest.mark.anyio

PATH = "/chat/completions"
CAPS = Caps(body=4 << 20, event=1 << 19, stream=1 << 20, events=10_000)

# No certificates: to load them takes longer than a test.
KINDS: Mapping[str, Callable[[], Any]] = {
    "httpx, its client": lambda: httpx.AsyncClient(verify=False),
    "httpx, its transport": lambda: httpx.AsyncHTTPTransport(verify=False),
    "httpx2, its client": lambda: httpx2.AsyncClient(verify=False),
    "httpx2, its transport": lambda: httpx2.AsyncHTTPTransport(verify=False),
    "aiohttp, its client": lambda: httpx_aiohttp.HttpxAiohttpClient(verify=False),
    "aiohttp, its transport": lambda: httpx_aiohttp.AiohttpTransport(verify=False),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, anyio_backend_name: str) -> str:
    """Return a way to the service; aiohttp runs on asyncio alone."""
    name: str = request.param
    if name.startswith("aiohttp") and anyio_backend_name == "trio":
        pytest.skip("aiohttp knows no trio")
    return name


class Way:
    """A client that goes another way, and that way, to be closed in the end."""

    def __init__(self, kind: str, base_url: str, **options: Any) -> None:
        self.given = KINDS[kind]()
        self.clock = FakeClock()
        place = "http_client" if kind.endswith("client") else "transport"
        options = {"retry": Retry(draw=lambda: 0.0), "caps": CAPS, "clock": self.clock, **options}
        options.setdefault("timeouts", Timeouts(read=700))
        self.client = Client(KEY, base_url=base_url, **{place: self.given}, **options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            await self.given.aclose()

    async def ask(self, server: FaultServer, *, streamed: bool = True) -> Completion | APIError:
        """Ask; let hours pass while the service is silent."""
        outcome: list[Completion | APIError] = []

        async def once() -> None:
            try:
                outcome.append(await self.client.complete("Hi", model="m", listen=listen if streamed else None))
            except APIError as error:
                outcome.append(error)

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(once)
                while not outcome:
                    await anyio.sleep(0.001)
                    if server.silent:
                        self.clock.advance(20.0)
        return outcome[0]


SOME = (
    *("F9 no byte", "F10 reset, no byte", "F18 shorter than said", "F24 no gzip", "F28 hangs before", "F39 401"),
    *("F42 no finish", "F44 reset", "F46 stalls", "F48 endless content"),
)
ALL = {**FAULTS, **STREAMS}


async def check(fault: FaultClass, kind: str, server: FaultServer) -> None:
    server.script(PATH, fault.steps)
    async with Way(kind, server.url()) as way:
        outcome = await way.ask(server)
        server.script(PATH, good(streamed=True))
        after = await way.ask(server)

    if isinstance(outcome, Completion):
        assert outcome.text == fault.owed
    else:
        # aiohttp reads ahead, and gives up before the first piece of what breaks later; some it takes for an answer.
        is_exact = isinstance(fault.owed, type) and not kind.startswith("aiohttp")
        assert isinstance(outcome, fault.owed if is_exact else APIError)
        assert_unseen(sinks(outcome))
    assert isinstance(after, Completion)
    assert after.text == "Hello."
    await until(lambda: client_sockets(server.port) == 0)


@pytest.mark.parametrize("name", SOME)
async def test_what_goes_wrong_is_typed_and_got_over(name: str, kind: str, server: FaultServer) -> None:
    await check(ALL[name], kind, server)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ALL if name not in SOME])
async def test_so_is_everything_else(name: str, kind: str, server: FaultServer) -> None:
    await check(ALL[name], kind, server)


async def test_a_service_that_hangs_up_may_have_billed_the_request(kind: str, server: FaultServer) -> None:
    """httpx-aiohttp calls it a timeout while connecting, after which nothing would have been sent."""
    server.script(PATH, [Fault.CLOSE])

    async with Way(kind, server.url(), retry=Retry(attempts=1)) as way:
        outcome = await way.ask(server)

    assert isinstance(outcome, APIConnectionError)
    assert outcome.maybe_billed
    assert "connect to" not in str(outcome)


async def test_connections_are_used_again(kind: str, server: FaultServer) -> None:
    server.script(PATH, good(streamed=True))

    async with Way(kind, server.url()) as way:
        for _ in range(3):
            assert isinstance(await way.ask(server), Completion)

    assert server.connections == 1


async def test_headers_arrive_and_a_redirect_is_not_followed(kind: str, server: FaultServer) -> None:
    server.script(PATH, [whole(b"", "Location: /elsewhere", status="307 Moved")])

    async with Way(kind, server.url()) as way:
        outcome = await way.ask(server, streamed=False)

    assert isinstance(outcome, APIError)
    assert [request.path for request in server.requests] == [PATH]
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_a_compressed_answer_is_read(kind: str, server: FaultServer) -> None:
    import gzip  # noqa: PLC0415 - here alone

    server.script(PATH, [whole(gzip.compress(json.dumps(ANSWER).encode()), "Content-Encoding: gzip")])

    async with Way(kind, server.url()) as way:
        outcome = await way.ask(server, streamed=False)

    assert isinstance(outcome, Completion)
    assert outcome.text == "Hello."


# The libraries leave generators of their own behind when they are cancelled while they send, and trio says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
async def test_a_client_outlives_a_storm_of_cancelled_streams(kind: str, server: FaultServer) -> None:
    """httpx 0.28 loses connections when requests are cancelled that wait in line for one; here nobody does."""
    slow = [head("Content-Type: text/event-stream", "Transfer-Encoding: chunked"), chunk(b": alive\n\n"), 5.0]
    server.script("/slow/chat/completions", slow)
    server.script(PATH, good(streamed=True))

    async with Way(kind, server.url("/slow")) as way:
        for wait in (0.0, 0.002, 0.005, 0.01, 0.02):
            with anyio.move_on_after(wait):
                async with anyio.create_task_group() as tasks:
                    for _ in range(8):
                        tasks.start_soon(way.ask, server)
        server.script("/slow/chat/completions", good(streamed=True))
        outcome = await way.ask(server)

    assert isinstance(outcome, Completion)
    await until(lambda: client_sockets(server.port) == 0)


def test_what_is_no_transport_is_refused() -> None:
    with pytest.raises(ParameterError, match="expected an AsyncBaseTransport of httpx or httpx2; got object"):
        Client(KEY, transport=object())  # type: ignore[arg-type]
