"""Calls that begin while the model is still writing."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from callwright import (
    Agent,
    ChatRequest,
    Completion,
    Delta,
    Limits,
    ProviderError,
    Restarted,
    RunError,
    Scope,
    StreamError,
    ToolCall,
    tool,
)
from callwright.model import NO_SCOPE
from callwright.run.records import Answered, CallReturned, CallStarted
from callwright.testing.scripted import ScriptedModel, calls
from callwright.wire.profile import OPENROUTER

pytestmark = pytest.mark.anyio


class Watch:
    """Tools that say when they run."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.begun = anyio.Event()

    @tool(read_only=True)
    async def look(self, what: str) -> str:
        """Look."""
        self.log.append(f"look {what}")
        self.begun.set()
        return f"{what} found"

    @tool
    async def book(self, what: str) -> str:
        """Book."""
        self.log.append(f"book {what}")
        return f"{what} booked"


def answer(*pairs: tuple[str, str], finish: str = "tool_calls") -> Completion:
    entries = [
        {"id": f"c{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for index, (name, arguments) in enumerate(pairs)
    ]
    message: Any = {"role": "assistant", "content": None, "tool_calls": entries}
    return Completion({"choices": [{"index": 0, "finish_reason": finish, "message": message}]})


class Streaming:
    """A model that streams its calls, and waits in between for what it is told to."""

    name, profile = "streaming", OPENROUTER

    def __init__(self, watch: Watch, *, then: Exception | None = None, restarted: bool = False) -> None:
        self.watch = watch
        self.then = then
        self.restarted = restarted
        self.asked = 0

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        del request
        self.asked += 1
        if self.asked > 1:
            message: Any = {"role": "assistant", "content": "Done."}
            return Completion({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]})
        assert scope.listen is not None
        await scope.listen(Delta(ready=((0, ToolCall("c0", "look", '{"what":"a"}')),)))
        await self.watch.begun.wait()
        self.watch.log.append("still writing")
        if self.then is not None:
            raise self.then
        if self.restarted:
            await scope.listen(Restarted(1, ProviderError("broke", status=502)))
            return answer(("look", '{"what":"b"}'))
        return answer(("look", '{"what":"a"}'), ("book", '{"what":"b"}'))


async def test_a_tool_that_only_reads_runs_while_the_answer_is_written() -> None:
    watch = Watch()

    with anyio.fail_after(5):
        result = await Agent(Streaming(watch), tools=[watch.look, watch.book], eager=True).run("?")

    assert result.output == "Done."
    assert watch.log == ["look a", "still writing", "book b"]
    assert [message.text for message in result.messages[2:4]] == ["a found", "b booked"]


async def test_its_records_come_after_the_answer() -> None:
    watch = Watch()

    result = await Agent(Streaming(watch), tools=[watch.look, watch.book], eager=True).run("?")

    kinds = [type(record) for record in result.state.records]
    assert kinds.index(Answered) < kinds.index(CallStarted) < kinds.index(CallReturned)
    assert kinds.count(CallStarted) == kinds.count(CallReturned) == 2


async def test_a_restart_throws_away_what_was_begun() -> None:
    watch = Watch()

    result = await Agent(Streaming(watch, restarted=True), tools=[watch.look], eager=True).run("?")

    assert watch.log == ["look a", "still writing", "look b"]
    assert [message.text for message in result.messages[2:3]] == ["b found"]


async def test_a_failure_leaves_nothing_of_it() -> None:
    watch = Watch()
    model = Streaming(watch, then=StreamError("broke"))

    with pytest.raises(StreamError) as caught:
        await Agent(model, tools=[watch.look], eager=True).run("?")

    assert caught.value.state is not None
    assert watch.log == ["look a", "still writing"]


async def test_tools_that_write_or_need_approval_are_not_begun() -> None:
    log: list[str] = []

    @tool
    def write() -> str:
        """Write."""
        log.append("write")
        return "written"

    @tool(read_only=True, needs_approval=True)
    def secret() -> str:
        """Read a secret."""
        log.append("secret")
        return "s"

    turn = calls(write) + calls(secret)
    result = await Agent(ScriptedModel(turn), tools=[write, secret], eager=True).run("?")

    assert result.status == "paused"
    assert log == ["write"]


async def test_eager_and_patient_runs_end_alike() -> None:
    watch = Watch()
    turns = (calls("look", what="a") + calls("book", what="b") + calls("look", what="c"), "Done.")

    eager = await Agent(ScriptedModel(*turns), tools=[watch.look, watch.book], eager=True).run("?")
    patient = await Agent(ScriptedModel(*turns), tools=[watch.look, watch.book]).run("?")

    assert [message.raw for message in eager.messages] == [message.raw for message in patient.messages]
    assert watch.log.count("look a") == 2


async def test_one_at_a_time_stays_one_at_a_time() -> None:
    running, most = 0, 0

    @tool(read_only=True)
    async def slow(number: int) -> int:
        """Take a while."""
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.lowlevel.checkpoint()
        running -= 1
        return number

    turn = calls(slow, number=1) + calls(slow, number=2) + calls(slow, number=3)
    agent = Agent(ScriptedModel(turn, "Done."), tools=[slow], eager=True)
    await agent.run("?", parallel_tool_calls=False)

    assert most == 1


async def test_a_tool_that_ends_the_run_does_so_once_the_answer_stands() -> None:
    @tool(read_only=True, on_error="raise")
    async def broken() -> str:
        """Break."""
        raise ValueError("no")

    with pytest.raises(RunError, match="no") as caught:
        await Agent(ScriptedModel(calls(broken)), tools=[broken], eager=True).run("?")

    assert any(isinstance(record, Answered) for record in caught.value.state.records)  # type: ignore[union-attr]


async def test_leaving_early_cancels_what_was_begun() -> None:
    begun, cancelled = anyio.Event(), anyio.Event()

    @tool(read_only=True)
    async def endless(what: str) -> str:
        """Never return."""
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()
        return what

    class Waiting(Streaming):
        async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
            del request
            assert scope.listen is not None
            await scope.listen(Delta(ready=((0, ToolCall("c0", "endless", '{"what":"a"}')),)))
            await begun.wait()
            await scope.listen(Delta("text"))
            await anyio.sleep_forever()
            raise AssertionError

    async with Agent(Waiting(Watch()), tools=[endless], eager=True).stream("?") as run:
        async for text in run.text():
            assert text == "text"
            break

    assert cancelled.is_set()


async def test_withheld_tools_are_not_begun() -> None:
    watch = Watch()
    agent = Agent(ScriptedModel(calls("look", what="a")), tools=[watch.look], eager=True, limits=Limits(steps=1))

    with pytest.raises(RunError):
        await agent.run("?")

    assert watch.log == []
