"""Watching a run: the same run, whoever looks."""

from __future__ import annotations

import contextvars
from typing import Any

import anyio
import pytest

from callwright import Agent, Delta, Progress, ProviderError, RunContext, StreamError
from callwright._concurrency import collapsed
from callwright.model import NO_SCOPE, Restarted, Scope
from callwright.run.records import Answered, Started, Stopped
from callwright.testing.scripted import ScriptedModel, calls
from callwright.wire.chat import ChatRequest, Completion

pytestmark = pytest.mark.anyio


async def weather(city: str, ctx: RunContext) -> str:
    """Tell the weather."""
    await ctx.progress(f"looking at {city}")
    return "sunny"


def agent(*turns: Any) -> Agent[None, str]:
    return Agent(ScriptedModel(*turns), tools=[weather])


async def test_text_comes_as_it_is_written() -> None:
    async with agent("One two three.").stream("?") as run:
        pieces = [piece async for piece in run.text()]

    assert pieces == ["One ", "two ", "three."]
    assert run.result.output == "One two three."


async def test_events_are_deltas_progress_and_records_in_order() -> None:
    async with agent(calls(weather, city="Rome"), "Sunny.").stream("?") as run:
        events = [event async for event in run.events()]

    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Stopped)
    assert [event.value for event in events if isinstance(event, Progress)] == ["looking at Rome"]
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "Sunny."
    assert [event for event in events if not isinstance(event, Delta | Progress)] == run.result.state.records


async def test_a_watched_run_is_the_same_run() -> None:
    turns = (calls(weather, city="Rome"), "Sunny.")
    plain = await agent(*turns).run("?", run_id="r")
    async with agent(*turns).stream("?", run_id="r") as run:
        async for _ in run.events():
            pass

    assert run.result.state == plain.state


async def test_the_result_is_there_only_at_the_end() -> None:
    async with agent("One two.").stream("?") as run:
        with pytest.raises(RuntimeError, match="has not ended"):
            _ = run.result
        async for _ in run.text():
            pass
        assert run.result.output == "One two."


class Endless:
    """A model that writes for ever, and knows when it was cancelled."""

    name = "endless"
    profile = ScriptedModel().profile

    def __init__(self) -> None:
        self.was_cancelled = False

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        try:
            while scope.listen is not None:
                await scope.listen(Delta("on "))
        except anyio.get_cancelled_exc_class():
            self.was_cancelled = True
            raise
        raise AssertionError(request)


async def test_leaving_early_cancels_the_request() -> None:
    model = Endless()
    async with Agent(model).stream("?") as run:
        async for _ in run.text():
            break

    assert model.was_cancelled


async def test_leaving_early_cancels_running_tools() -> None:
    cancelled: list[str] = []
    started = anyio.Event()

    async def wait() -> None:
        """Wait for ever."""
        try:
            started.set()
            await anyio.sleep_forever()
        finally:
            cancelled.append("wait")

    async with Agent(ScriptedModel(calls(wait)), tools=[wait]).stream("?"):
        await started.wait()

    assert cancelled == ["wait"]


async def test_an_error_in_the_block_cancels_the_run_and_leaves_as_itself() -> None:
    model = Endless()
    with pytest.raises(ValueError, match="mine"):
        async with Agent(model).stream("?") as run:
            async for _ in run.text():
                raise ValueError("mine")

    assert model.was_cancelled


async def test_a_failure_comes_after_the_events_before_it() -> None:
    failing = agent(calls(weather, city="Rome"), ProviderError("down", status=502))
    seen: list[object] = []

    async def watch() -> None:
        async with failing.stream("?") as run:
            async for event in run.events():
                seen.append(event)  # noqa: PERF401 - what was seen before the failure matters

    with pytest.raises(ProviderError, match="down") as caught:
        await watch()

    assert any(isinstance(event, Answered) for event in seen)
    assert caught.value.state is not None


async def test_a_failure_that_nobody_read_does_not_pass_unseen() -> None:
    async def watch() -> None:
        async with agent(ProviderError("down", status=502)).stream("?"):
            await anyio.wait_all_tasks_blocked()

    with pytest.raises(ProviderError, match="down"):
        await watch()


async def test_text_that_was_given_cannot_be_taken_back_by_a_restart() -> None:
    class Restarting(Endless):
        async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
            assert scope.listen is not None
            await scope.listen(Delta("half"))
            await scope.listen(Restarted(1, StreamError("cut")))
            return await ScriptedModel("whole").complete(request)

    async def read() -> list[str]:
        async with Agent(Restarting()).stream("?") as run:
            return [piece async for piece in run.text()]

    with pytest.raises(StreamError, match="restarted after text"):
        await read()


def test_streaming_works_without_an_event_loop() -> None:
    with agent(calls(weather, city="Rome"), "One two.").stream_sync("?") as run:
        pieces = list(run.text())

    assert pieces == ["One ", "two."]
    assert run.result.status == "done"


def test_leaving_a_stream_early_works_without_an_event_loop() -> None:
    model = Endless()
    with Agent(model).stream_sync("?") as run:
        for _ in run.text():
            break

    assert model.was_cancelled


def test_a_failure_of_a_stream_comes_without_an_event_loop() -> None:
    with (
        pytest.raises(ProviderError, match="down"),
        agent(ProviderError("down", status=502)).stream_sync("?") as run,
    ):
        list(run.events())


@pytest.mark.parametrize("kind", ["stream", "stream_sync"])
async def test_a_run_that_was_not_entered_is_not_waited_for(kind: str) -> None:
    if kind == "stream":
        with anyio.fail_after(5), pytest.raises(RuntimeError, match="has not begun"):
            await anext(agent("Hello.").stream("?").text())
    else:
        with pytest.raises(RuntimeError, match="has not begun"):
            next(agent("Hello.").stream_sync("?").text())


async def test_a_run_is_entered_once() -> None:
    stream = agent("Hello.").stream("?")
    async with stream:
        pass

    with pytest.raises(RuntimeError, match="watched once"):
        await stream.__aenter__()


async def test_two_tasks_that_read_one_run_are_told() -> None:
    async def wait() -> None:
        """Wait for ever."""
        await anyio.sleep_forever()

    async def read() -> None:
        async for _ in run.events():
            pass

    waiting = Agent(ScriptedModel(calls(wait)), tools=[wait])

    with anyio.fail_after(5), pytest.raises(RuntimeError, match="two tasks read one run"):
        async with waiting.stream("?") as run, collapsed() as group:
            group.start_soon(read)
            group.start_soon(read)


async def test_a_loop_goes_on_where_the_last_one_was_left() -> None:
    async with agent("One two three.").stream("?") as run:
        first = await anext(run.text())
        second = await anext(run.events())
        rest = [piece async for piece in run.text()]
        again = [event async for event in run.events()]

    assert isinstance(second, Delta)
    assert (first, second.text, rest, again) == ("One ", "two ", ["three."], [])
    assert run.result.output == "One two three."


def test_a_loop_without_an_event_loop_goes_on_where_the_last_one_was_left() -> None:
    with agent("One two three.").stream_sync("?") as run:
        first = next(run.text())
        second = next(run.events())
        rest = list(run.text())
        again = list(run.events())

    assert isinstance(second, Delta)
    assert (first, second.text, rest, again) == ("One ", "two ", ["three."], [])
    assert run.result.output == "One two three."


async def test_a_failed_run_has_no_result_and_names_its_failure() -> None:
    async with agent(ProviderError("down", status=502)).stream("?") as run:
        with pytest.raises(ProviderError):
            assert [event async for event in run.events()] == []
        with pytest.raises(RuntimeError, match="failed and has no result: ProviderError") as caught:
            _ = run.result

    assert isinstance(caught.value.__cause__, ProviderError)


def test_a_failure_that_was_read_ahead_of_the_loop_does_not_pass_unseen() -> None:
    def watch() -> None:
        with agent(ProviderError("down", status=502)).stream_sync("?") as run:
            next(run.events())
            while not run._run._has_ended:
                pass

    with pytest.raises(ProviderError, match="down"):
        watch()


async def test_the_error_of_the_block_wins_over_that_of_the_run() -> None:
    async def watch() -> None:
        async with agent(ProviderError("down", status=502)).stream("?"):
            await anyio.wait_all_tasks_blocked()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await watch()


async def test_a_cancellation_around_a_watched_run_leaves_and_cancels_the_request() -> None:
    model = Endless()
    with anyio.move_on_after(0.01) as scope:
        async with Agent(model).stream("?") as run:
            async for _ in run.events():
                pass

    assert scope.cancelled_caught
    assert model.was_cancelled


async def test_run_sync_works_inside_a_running_event_loop() -> None:
    """As in a notebook, where a loop runs already."""
    assert agent("ok").run_sync("?").output == "ok"


def test_context_variables_reach_tools_of_a_run_without_an_event_loop() -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")

    async def read() -> str:
        """Read it."""
        return variable.get()

    model = ScriptedModel(calls(read), "ok")
    Agent(model, tools=[read]).run_sync("?")

    assert model.requests[1].messages[-1].text == "set"
