"""Every scenario of the offline OpenRouter, plain and streamed: the same run, and nothing that breaks the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from callwright import Agent, CallwrightError, Client, Limits, Retry, StreamError
from callwright.run.decision import Live
from callwright.run.records import Answered, CallReturned, CallStarted, Record, encoded
from callwright.run.state import RunState
from callwright.simulator.transport import SimulatorTransport
from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.scenarios import SCENARIOS
from callwright.wire.profile import OPENROUTER

pytestmark = pytest.mark.anyio
SPEC = json.loads((Path(__file__).parents[1] / "data" / "openrouter.schemas.json").read_text())
REQUEST = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/ChatRequest", **SPEC})
LIVE = Live()
KEY = "sk-or-v1-canary-0123456789abcdef"


def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


def find_customer(name: str) -> dict[str, Any]:
    """Find a customer's id by name."""
    return {"customer_id": 17, "name": name}


def list_orders(customer_id: int) -> list[str]:
    """List the orders of a customer."""
    return [f"order of {customer_id}"]


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def now() -> str:
    """Tell the time."""
    return "noon"


TOOLS = (get_weather, find_customer, list_orders, add, now)


class Instant:
    """A clock on which waiting takes no time."""

    def monotonic(self) -> float:
        return 0.0

    def wall(self) -> float:
        return 1_760_000_000.0

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0


async def ended(name: str, *, streamed: bool) -> tuple[RunState, CallwrightError | None, OfflineOpenRouter]:
    """Run a scenario against a new service; return the state, the error that ended it, and the service."""
    service = OfflineOpenRouter()
    client = Client(
        KEY,
        base_url="http://offline/api/v1",
        profile=OPENROUTER,
        transport=SimulatorTransport(service),
        retry=Retry(draw=lambda: 0.0),
        clock=Instant(),
    )
    agent = Agent(f"scripted/{name}", tools=TOOLS, client=client, limits=Limits(steps=6))
    try:
        if not streamed:
            return (await agent.run("Go on.", run_id="r")).state, None, service
        async with agent.stream("Go on.", run_id="r") as run:
            async for _ in run.events():
                pass
    except CallwrightError as error:
        return RunState.of(error.state.records), error, service  # type: ignore[union-attr]
    return run.result.state, None, service


WHOLE_ONLY_WHEN_PLAIN = {"always-no-finish"}
"""A body that came whole needs no finish_reason; a stream without one was cut."""


def by_call(state: RunState) -> list[object]:
    """Return the records in a form that does not depend on chance.

    Tools end in any order, so their records are put into the order of the calls. The offline service makes its ids of
    the bytes it is sent, and a streamed block of reasoning may have its keys in another order: the id is left out.
    """
    records: list[Record | tuple[object, ...]] = [
        (record.ask, record.completion.message, record.completion.finish_reason, record.completion.usage)
        if isinstance(record, Answered)
        else record
        for record in state.records
    ]
    slots = [index for index, record in enumerate(records) if isinstance(record, CallStarted | CallReturned)]
    calls = [record for record in records if isinstance(record, CallStarted | CallReturned)]
    for index, record in zip(slots, sorted(calls, key=lambda record: (record.call, repr(type(record)))), strict=True):
        records[index] = record
    return records


@pytest.mark.parametrize("name", SCENARIOS)
async def test_plain_and_streamed_runs_end_in_the_same_state(name: str) -> None:
    plain, plain_error, _ = await ended(name, streamed=False)
    streamed, streamed_error, _ = await ended(name, streamed=True)

    if name in WHOLE_ONLY_WHEN_PLAIN:
        assert (plain_error, type(streamed_error)) == (None, StreamError)
    elif plain_error is None and streamed_error is None:
        assert by_call(plain) == by_call(streamed)
        assert plain.messages == streamed.messages
        assert plain.usage == streamed.usage
    else:
        assert plain_error is not None
        assert streamed_error is not None
        assert plain.messages == streamed.messages
        assert plain.decide(Limits(), LIVE) == streamed.decide(Limits(), LIVE)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("name", SCENARIOS)
async def test_all_that_is_sent_fits_the_contract(name: str, *, streamed: bool) -> None:
    *_, service = await ended(name, streamed=streamed)

    assert service.requests
    for request in service.requests:
        REQUEST.validate(request)
        assert set(request) <= {"model", "messages", "tools", "tool_choice", "stream", "provider"}
        # Sent only after an answer broke, and only to lead past whoever gave it.
        assert request.get("provider", {}).keys() <= {"ignore"}


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("name", SCENARIOS)
async def test_every_call_is_answered_once_and_only_whole_turns_run(name: str, *, streamed: bool) -> None:
    state, _, service = await ended(name, streamed=streamed)

    returned = [record.call for record in state.records if isinstance(record, CallReturned)]
    committed = {
        f"r:{record.ask}:{index}"
        for record in state.records
        if isinstance(record, Answered)
        for index in range(len(record.completion.tool_calls))
    }
    started = {record.call for record in state.records if isinstance(record, CallStarted)}
    assert len(returned) == len(set(returned))
    assert set(returned) == committed
    assert started <= committed
    for request in service.requests:
        answered_in_order(request["messages"])


def answered_in_order(messages: Any) -> None:
    for index, message in enumerate(messages):
        ids = [call["id"] for call in message.get("tool_calls", ())]
        replies = messages[index + 1 : index + 1 + len(ids)]
        assert [reply.get("tool_call_id") for reply in replies] == ids


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name.startswith("always-")])
async def test_no_failure_shows_the_key(name: str, caplog: pytest.LogCaptureFixture, *, streamed: bool) -> None:
    caplog.set_level("DEBUG")

    state, error, _ = await ended(name, streamed=streamed)

    shown = [repr(error), str(error), str(getattr(error, "__dict__", "")), caplog.text]
    assert all(KEY not in text for text in [*shown, *(str(encoded(record)) for record in state.records)])
