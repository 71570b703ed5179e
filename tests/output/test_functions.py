"""Functions as output: the call is the answer, what it returns is the output, and it runs once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from callwright import (
    OPENROUTER,
    Agent,
    ChatRequest,
    MemoryStore,
    OutputError,
    ParameterError,
    RunContext,
    ToolError,
    approve,
    deny,
    extract,
    output_of,
    provide,
    rerun,
    tool,
)
from callwright.errors import TruncatedError
from callwright.run.records import Answered, CallReturned, CallStarted
from callwright.run.state import RunState
from callwright.testing.scripted import ScriptedModel, calls
from callwright.wire.chat import Completion

pytestmark = pytest.mark.anyio


class Receipt(BaseModel):
    item: str
    total: int


@dataclass
class Shop:
    sold: list[str]


def submit(item: str, count: int = 1) -> Receipt:
    """Submit an order.

    Args:
        item: What to order.
        count: How many.
    """
    if item == "gold":
        raise ToolError("we have no gold")
    return Receipt(item=item, total=count * 3)


async def sell(item: str, ctx: RunContext[Shop]) -> int:
    """Sell something."""
    ctx.deps.sold.append(item)
    return len(ctx.deps.sold)


def look(item: str) -> str:
    """Look for an item."""
    return f"{item} is there"


def body(request: ChatRequest) -> Any:
    return json.loads(request.body(OPENROUTER, model="m", stream=False))


async def test_the_call_is_the_answer_and_what_it_returns_the_output() -> None:
    model = ScriptedModel(calls(submit, item="tea", count=2))

    result = await Agent(model, output=submit).run("Two tea.")

    sent = body(model.requests[0])
    assert result.output == Receipt(item="tea", total=6)
    assert sent["tools"][0]["function"]["description"] == "Submit an order."
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "submit"}}


async def test_the_output_is_the_very_object_that_was_returned() -> None:
    made: list[object] = []

    def make(name: str) -> object:
        """Make something that has no JSON form."""
        made.append(object())
        return made[0]

    result = await Agent(ScriptedModel(calls(make, name="x")), output=make).run("?")

    assert result.output is made[0]


async def test_it_follows_tools_and_gets_the_context() -> None:
    shop = Shop([])
    model = ScriptedModel(calls(look, item="tea"), calls(sell, item="tea"))

    result = await Agent(model, tools=[look], output=sell, deps_type=Shop).run("?", deps=shop)

    assert (result.output, shop.sold) == (1, ["tea"])


async def test_extraction_calls_a_function_with_what_it_read() -> None:
    assert await extract(submit, "One tea.", model=ScriptedModel(calls(submit, item="tea"))) == Receipt(
        item="tea", total=3
    )


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (calls(submit, count=2), "item: Field required"),
        (calls(submit, item="gold"), "we have no gold"),
        ("I would rather talk.", "give the answer as a call of submit, not as text"),
    ],
    ids=["invalid", "raised", "text"],
)
async def test_what_is_wrong_is_told_and_asked_for_again(first: Any, told: str) -> None:
    model = ScriptedModel(first, calls(submit, item="tea"))

    result = await Agent(model, output=submit).run("?")

    assert result.output == Receipt(item="tea", total=3)
    assert told in model.requests[1].messages[-1].text
    assert told in result.attempts[0].problems[0]


async def test_it_is_asked_for_only_so_often() -> None:
    model = ScriptedModel(*[calls(submit, item="gold")] * 2)

    with pytest.raises(OutputError, match="we have no gold") as caught:
        await Agent(model, output=output_of(submit, attempts=2)).run("?")

    assert len(caught.value.attempts) == 2


async def test_of_two_calls_one_is_run() -> None:
    shop = Shop([])
    model = ScriptedModel(calls(sell, item="tea") + calls(sell, item="salt"))

    result = await Agent(model, output=sell, deps_type=Shop).run("?", deps=shop)

    assert (result.output, shop.sold) == (1, ["tea"])
    assert [message.text for message in result.messages[-2:]] == ["1", "Not read: the answer was given already."]


async def test_a_cut_call_is_not_run() -> None:
    shop = Shop([])
    function = {"name": "sell", "arguments": '{"item": "tea"}'}
    message = {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": function}]}
    cut = Completion({"choices": [{"finish_reason": "length", "message": message}]})

    with pytest.raises(TruncatedError):
        await Agent(ScriptedModel(cut), output=sell, deps_type=Shop).run("?", deps=shop)

    assert shop.sold == []


@pytest.mark.parametrize("mode", ["json_schema", "json_object", "prompt"])
async def test_arguments_come_as_text_where_calls_do_not(mode: Any) -> None:
    model = ScriptedModel('{"count": 2}', '{"item": "gold"}', '{"item": "tea"}')

    result = await Agent(model, output=output_of(submit, mode=mode)).run("?")

    assert result.output == Receipt(item="tea", total=3)
    assert [attempt.problems[0] for attempt in result.attempts] == ["item: Field required", "we have no gold"]


# -- runs that were cut short


async def stored_until(kind: type, mode: Any) -> tuple[MemoryStore, Shop]:
    """Return a store as a process leaves it that dies right after the first record of a kind."""
    shop, whole, store = Shop([]), MemoryStore(), MemoryStore()
    answer = calls(sell, item="tea") if mode == "tool" else '{"item": "tea"}'
    agent = Agent(ScriptedModel(answer), output=output_of(sell, mode=mode), deps_type=Shop, store=whole)
    await agent.run("?", deps=shop, run_id="r")
    for at, record in enumerate(await whole.load("r")):
        await store.append("r", at, record)
        if isinstance(record, kind):
            break
    return store, shop


async def test_a_call_that_had_returned_is_not_run_again() -> None:
    store, shop = await stored_until(CallReturned, "tool")
    agent = Agent(ScriptedModel(), output=output_of(sell, mode="tool"), deps_type=Shop, store=store)

    result = await agent.resume("r", deps=shop)

    assert (result.output, shop.sold) == (1, ["tea"])


async def test_a_call_that_may_have_run_waits_for_somebody() -> None:
    store, shop = await stored_until(CallStarted, "tool")
    agent = Agent(ScriptedModel(), output=output_of(sell, mode="tool"), deps_type=Shop)

    paused = await agent.resume(RunState.of(await store.load("r")), deps=shop)
    provided = await agent.resume(RunState.of(paused.state.records), provide(paused.pending[0].id, "1"), deps=shop)
    run_again = await agent.resume(RunState.of(paused.state.records), rerun(paused.pending[0].id), deps=shop)

    assert (paused.status, paused.pending[0].why) == ("paused", "in_doubt")
    assert (provided.output, run_again.output, shop.sold) == (1, 2, ["tea", "tea"])


async def test_arguments_as_text_that_may_have_been_used_are_not_used_again() -> None:
    store, shop = await stored_until(Answered, "json_object")
    agent = Agent(ScriptedModel(), output=output_of(sell, mode="json_object"), deps_type=Shop, store=store)

    with pytest.raises(OutputError, match="may have run already"):
        await agent.resume("r", deps=shop)

    assert shop.sold == ["tea"]


async def test_a_stored_output_is_the_functions_again() -> None:
    store = MemoryStore()
    agent = Agent(ScriptedModel(calls(submit, item="tea")), output=submit, store=store)
    await agent.run("?", run_id="r")

    assert (await agent.resume("r")).output == Receipt(item="tea", total=3)


# -- tools that wait


async def test_a_function_may_wait_for_approval() -> None:
    ran: list[str] = []

    @tool(needs_approval=True)
    def refund(order: str) -> str:
        """Refund an order."""
        ran.append(order)
        return f"refunded {order}"

    agent = Agent(ScriptedModel(calls(refund, order="17")), output=refund)

    paused = await agent.run("?")
    result = await agent.resume(paused, approve(paused.pending[0].id))

    assert (paused.status, result.output, ran) == ("paused", "refunded 17", ["17"])


async def test_a_function_that_was_not_allowed_is_asked_for_again() -> None:
    @tool(needs_approval=True)
    def refund(order: str) -> str:
        """Refund an order."""
        return order

    model = ScriptedModel(calls(refund, order="17"), calls(refund, order="18"))
    agent = Agent(model, output=refund)
    paused = await agent.run("?")

    again = await agent.resume(paused, deny(paused.pending[0].id, reason="too old"))

    assert again.status == "paused"
    assert "too old" in model.requests[1].messages[-1].text


def test_what_waits_needs_a_call() -> None:
    @tool(needs_approval=True)
    def refund(order: str) -> str:
        """Refund an order."""
        return order

    with pytest.raises(ParameterError, match="only a call can wait"):
        output_of(refund, mode="json_schema")


def test_methods_and_partials_are_functions_and_classes_are_types() -> None:
    class Desk:
        def sell(self, item: str) -> str:
            """Sell."""
            return item

    assert output_of(Desk().sell).function is not None
    assert output_of(Receipt).function is None
