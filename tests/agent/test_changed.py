"""Going on with a run whose agent has changed since, and watching a run that goes on."""

from __future__ import annotations

from typing import Any

import pytest

from callwright import Agent, MemoryStore, ProviderError, StoreError, approve, tool
from callwright.fingerprint import changes
from callwright.testing.scripted import ScriptedModel, Turn, calls

pytestmark = pytest.mark.anyio


@tool(needs_approval=True)
def pay(amount: int) -> str:
    """Pay."""
    return f"paid {amount}"


def look() -> str:
    """Look."""
    return "seen"


async def paused(store: MemoryStore, **options: Any) -> None:
    await agent(calls(pay, amount=3), store=store, **options).run("?", run_id="r")


def agent(*turns: Turn, tools: Any = (pay, look), **options: Any) -> Agent[None, Any]:
    return Agent(ScriptedModel(*turns), tools=tools, **options)


def repriced(amount: int, currency: str = "EUR") -> str:
    """Pay."""
    return f"paid {amount} {currency}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tools": (pay,)}, "'tool look' is gone"),
        ({"tools": (pay, look, repriced)}, "'tool repriced' is new"),
        ({"tools": (tool(name="pay")(repriced), look)}, "'tool pay' has changed"),
        ({"instructions": "Be kind."}, "other instructions"),
        ({"output": int}, "other output"),
    ],
)
async def test_a_changed_agent_is_refused_before_anything_is_sent(options: dict[str, Any], said: str) -> None:
    store = MemoryStore()
    await paused(store)
    before = await store.load("r")
    other = agent("Done.", store=store, **options)

    with pytest.raises(StoreError, match=f"begun by another agent .*{said}") as caught:
        await other.resume("r", approve("r:1:0"))

    assert caught.value.state is not None
    assert await store.load("r") == before


async def test_a_changed_agent_may_be_accepted() -> None:
    store = MemoryStore()
    await paused(store)

    result = await agent("Done.", store=store, instructions="Be kind.").resume(
        "r", approve("r:1:0"), accept_changes=True
    )

    assert result.output == "Done."


async def test_the_same_agent_is_taken_whatever_the_order_of_its_tools() -> None:
    store = MemoryStore()
    await paused(store)

    result = await agent("Done.", tools=(look, pay), store=store).resume("r", approve("r:1:0"))

    assert result.output == "Done."


async def test_a_run_that_has_ended_is_read_by_any_agent_of_its_output() -> None:
    store = MemoryStore()
    await agent("Done.", store=store).run("?", run_id="r")

    result = await agent(store=store, instructions="Be kind.").resume("r")

    assert result.output == "Done."


def test_a_fingerprint_of_another_version_counts_as_changed() -> None:
    assert changes("0123456789abcdef", agent().fingerprint) != ()
    assert changes(agent().fingerprint, agent().fingerprint) == ()


async def test_a_run_that_goes_on_can_be_watched() -> None:
    failing = agent(ProviderError("down", status=502), "Now it works.")
    with pytest.raises(ProviderError) as caught:
        await failing.run("?")

    async with failing.resume_stream(caught.value) as run:
        # The script goes on with its second turn.
        texts = [text async for text in run.text()]

    assert "".join(texts) == "Now it works."
    assert run.result.output == "Now it works."


def test_a_run_that_goes_on_can_be_watched_without_a_loop() -> None:
    failing = agent(ProviderError("down", status=502), "Now it works.")
    with pytest.raises(ProviderError) as caught:
        failing.run_sync("?")

    with failing.resume_stream_sync(caught.value) as run:
        texts = list(run.text())

    assert "".join(texts) == "Now it works."
