"""What is in the store, whatever happens while it is written: before each effect, after each effect, and no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest

from callwright import (
    Agent,
    CallwrightError,
    Limits,
    MemoryStore,
    ProviderError,
    RunConflictError,
    RunError,
    StoreError,
    tool,
)
from callwright.run.records import Answered, Record
from callwright.testing.scripted import FunctionModel, ScriptedModel, calls
from callwright.wire.chat import ChatRequest, Completion

pytestmark = pytest.mark.anyio


class Watched(MemoryStore):
    """A store that does something before it keeps a record of one kind."""

    def __init__(self, kind: str, act: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._kind = kind
        self._act = act

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        if type(record).__name__ == self._kind:
            await self._act()
        await super().append(run_id, seq, record)

    async def kinds(self, run_id: str = "r") -> list[str]:
        return [type(record).__name__ for record in await self.load(run_id)]


async def nothing() -> None:
    """Do nothing."""


async def refuse() -> None:
    raise RunConflictError("another process was here")


def agent(*turns: Any, **options: Any) -> Agent[None, str]:
    return Agent(ScriptedModel(*turns), **options)


async def test_the_request_and_the_call_are_recorded_before_they_happen() -> None:
    store = Watched("", nothing)
    seen: list[list[str]] = []

    async def book() -> str:
        """Book."""
        seen.append(await store.kinds())
        return "booked"

    async def turn(request: ChatRequest) -> Any:
        seen.append(await store.kinds())
        return calls(book) if len(request.messages) == 1 else "done"

    await Agent(FunctionModel(turn), tools=[book], store=store).run("?", run_id="r")

    assert [kinds[-1] for kinds in seen] == ["Asked", "CallStarted", "Asked"]


@pytest.mark.parametrize(
    ("kind", "turn"), [("Answered", "Hello."), ("Failed", ProviderError("down", status=502))], ids=["answer", "failure"]
)
async def test_what_was_paid_for_is_recorded_even_if_the_run_is_cancelled_in_that_moment(kind: str, turn: Any) -> None:
    async def cancel() -> None:
        group.cancel_scope.cancel()
        await anyio.lowlevel.checkpoint()

    store = Watched(kind, cancel)

    async with anyio.create_task_group() as group:
        with suppress(ProviderError):
            await agent(turn, store=store).run("?", run_id="r")

    assert (await store.kinds())[-1] == kind


async def test_an_effect_that_could_not_be_announced_does_not_happen() -> None:
    effects: list[str] = []

    def book() -> None:
        """Book."""
        effects.append("booked")

    store = Watched("CallStarted", refuse)

    with pytest.raises(RunConflictError) as caught:
        await agent(calls(book) + calls(book), tools=[book], store=store).run("?", run_id="r")

    assert effects == []
    assert caught.value.state is not None


async def test_a_store_that_fails_while_calls_run_together_is_one_error_with_its_state() -> None:
    async def look() -> str:
        """Look."""
        await anyio.lowlevel.checkpoint()
        return "seen"

    store = Watched("CallReturned", refuse)

    with pytest.raises(RunConflictError) as caught:
        await agent(calls(look) + calls(look) + calls(look), tools=[look], store=store).run("?", run_id="r")

    assert caught.value.state is not None


async def test_a_run_that_died_before_its_prompt_was_recorded_can_be_prompted() -> None:
    store = MemoryStore()
    moods = iter([KeyError("no mood"), "Be kind."])

    def instructions(_: object) -> str:
        mood = next(moods)
        if isinstance(mood, KeyError):
            raise mood
        return mood

    made = agent("Hello.", instructions=instructions, store=store)
    with pytest.raises(KeyError):
        await made.run("?", run_id="r")

    with pytest.raises(StoreError, match="before it was asked anything"):
        await made.resume("r")
    assert (await made.run("?", run_id="r")).output == "Hello."


async def test_an_answer_that_is_nested_too_deeply_to_be_read_again_is_a_typed_error() -> None:
    deep: Any = "x"
    for _ in range(199):
        deep = [deep]
    store = MemoryStore()
    turn = Completion({"choices": [{"finish_reason": "stop", "message": {"content": "ok"}}], "x": deep})

    await agent(turn, store=store).run("?", run_id="r")

    with pytest.raises(StoreError, match="cannot be read"):
        await store.load("r")


async def test_a_tool_that_ends_the_run_leaves_its_siblings_results() -> None:
    @tool(on_error="raise")
    async def fail() -> None:
        """Fail."""
        raise ValueError("no")

    async def slow() -> str:
        """Take a while."""
        await anyio.lowlevel.checkpoint()
        return "slow done"

    store = MemoryStore()

    with pytest.raises(RunError, match="ValueError: no"):
        await agent(calls(fail) + calls(slow), tools=[fail, slow], store=store).run("?", run_id="r")
    result = await agent(tools=[fail, slow], store=store).resume("r")

    assert [(call.name, call.why) for call in result.pending] == [("fail", "in_doubt")]


async def test_calls_are_run_one_by_one_whatever_the_server_sent() -> None:
    running: list[int] = [0]
    most: list[int] = []

    async def look() -> None:
        """Look."""
        running[0] += 1
        most.append(running[0])
        await anyio.lowlevel.checkpoint()
        running[0] -= 1

    turns = (calls(look) + calls(look) + calls(look), "done")

    await agent(*turns, tools=[look]).run("?", parallel_tool_calls=False)

    assert most == [1, 1, 1]


@pytest.mark.parametrize("error", [CallwrightError, StoreError], ids=["any", "store"])
async def test_an_error_of_ours_inside_a_tool_is_an_error_of_the_tool(error: type[Exception]) -> None:
    async def nested() -> str:
        """Ask another run."""
        raise error("inner")

    result = await agent(calls(nested) + calls(nested), "done", tools=[nested]).run("?")

    assert [message.text for message in result.messages[2:4]] == [f"nested failed: {error.__name__}: inner"] * 2


async def test_limits_hold_for_each_prompt_of_a_conversation() -> None:
    store = MemoryStore()
    made = agent("a", "b", store=store, limits=Limits(steps=1))

    await made.run("?", run_id="r")
    await made.run("?", run_id="r")

    assert len([record for record in await store.load("r") if isinstance(record, Answered)]) == 2
