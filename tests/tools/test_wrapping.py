"""Wrappings: what runs around the function of a tool."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from callwright import Agent, ParameterError, Progress, RunContext, Tool, ToolError, tool
from callwright.run.records import CallReturned
from callwright.testing.scripted import ScriptedModel, calls
from callwright.tools.results import ToolResult
from callwright.tools.wrapping import Invocation

pytestmark = pytest.mark.anyio


async def told(one: Tool[..., Any], arguments: str) -> str:
    """Return what a model that calls a tool is told."""
    model = ScriptedModel(calls(one.name, raw_arguments=arguments), "ok")
    await Agent(model, tools=[one]).run("?")
    return model.requests[1].messages[-1].text


async def shouting(ctx: RunContext[Any], call: Invocation) -> object:
    assert ctx.call_id
    return str(await call.proceed()).upper()


async def later(city: str) -> str:
    """Tell the weather."""
    await anyio.lowlevel.checkpoint()
    return f"sunny in {city}"


def sooner(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


def forecast(city: str, days: int) -> str:
    """Tell the weather to come."""
    return f"sunny in {city} for {days} days"


def stepping(city: str) -> Iterator[str]:
    """Tell the weather."""
    yield f"sunny in {city}"


@pytest.mark.parametrize("function", [later, sooner])
async def test_a_result_can_be_changed_of_async_and_plain_functions(function: Any) -> None:
    assert await told(Tool(function, name="w").wrap(shouting), '{"city": "Rome"}') == "SUNNY IN ROME"


@pytest.mark.parametrize("function", [later, sooner])
async def test_arguments_can_be_changed(function: Any) -> None:
    async def home(ctx: RunContext[Any], call: Invocation) -> object:
        assert call.arguments == {"city": "here"}
        return await call.proceed({**call.arguments, "city": "Rome"})

    assert await told(Tool(function, name="w").wrap(home), '{"city": "here"}') == "sunny in Rome"


async def test_a_call_can_be_refused_in_words_for_the_model() -> None:
    ran: list[str] = []

    def note(text: str) -> None:
        """Write down."""
        ran.append(text)

    async def refuse(ctx: RunContext[Any], call: Invocation) -> object:
        raise ToolError(f"not {call.name}")

    assert await told(Tool(note).wrap(refuse), '{"text": "a"}') == "not note"
    assert ran == []


async def test_what_is_wrapped_last_is_run_first() -> None:
    def mark(word: str) -> Any:
        async def around(ctx: RunContext[Any], call: Invocation) -> object:
            return f"{word}({await call.proceed({'city': call.arguments['city'] + word})})"

        return around

    one = Tool(sooner).wrap(mark("a")).wrap(mark("b")).wrap(mark("c"))

    assert await told(one, '{"city": "-"}') == "c(b(a(sunny in -cba)))"


async def test_a_function_can_be_run_again_from_around_it() -> None:
    tries: list[int] = []

    def shaky(ctx: RunContext[None]) -> str:
        """Fail at first."""
        tries.append(1)
        ctx.progress_sync(len(tries))
        if len(tries) < 3:
            raise ValueError("not yet")
        return "at last"

    async def again(ctx: RunContext[Any], call: Invocation) -> object:
        while True:
            try:
                return await call.proceed()
            except ValueError:
                continue

    assert await told(Tool(shaky, lock="one", timeout=30).wrap(again), "{}") == "at last"


async def test_the_time_a_call_may_take_holds_for_what_is_around_it() -> None:
    async def forever(ctx: RunContext[Any], call: Invocation) -> object:
        await anyio.sleep_forever()

    assert "did not return within 0.01 seconds" in await told(
        Tool(sooner, timeout=0.01).wrap(forever), '{"city": "Rome"}'
    )


@pytest.mark.parametrize("function", [later, sooner, stepping])
def test_a_wrapped_tool_keeps_shape_texts_and_options(function: Any) -> None:
    one = Tool(function, timeout=3, name="w")
    two = one.wrap(shouting)

    assert two.shape is one.shape
    assert two.wire() == one.wire()
    assert two.options == one.options
    assert two.__doc__ == one.__doc__
    assert two.function is function


async def test_a_wrapped_method_stays_wrapped() -> None:
    class Town:
        def __init__(self, name: str) -> None:
            self.name = name

        @tool
        def weather(self) -> str:
            """Tell the weather."""
            return f"sunny in {self.name}"

        loud = weather.wrap(shouting)

    assert await told(Town("Rome").loud, "{}") == "SUNNY IN ROME"


async def test_what_is_around_gets_values_of_the_annotated_types() -> None:
    seen: list[object] = []

    async def look(ctx: RunContext[Any], call: Invocation) -> object:
        seen.append((call.name, dict(call.arguments), call.options.get("read_only")))
        return await call.proceed()

    await told(Tool(forecast, read_only=True).wrap(look), '{"city": "Rome", "days": "3"}')

    assert seen == [("forecast", {"city": "Rome", "days": 3}, True)]


async def test_a_plain_function_around_is_taken_too() -> None:
    def pass_on(ctx: RunContext[Any], call: Invocation) -> Any:
        return call.proceed()

    assert await told(Tool(sooner).wrap(pass_on), '{"city": "Rome"}') == "sunny in Rome"


def test_what_is_no_function_cannot_be_wrapped_around() -> None:
    with pytest.raises(ParameterError, match="expected an async function"):
        Tool(sooner).wrap(3)  # type: ignore[arg-type]


async def test_a_content_with_an_artifact_is_passed_on_whole() -> None:
    def draw() -> ToolResult:
        """Draw."""
        return ToolResult("a circle", artifact={"radius": 3})

    async def passing(ctx: RunContext[Any], call: Invocation) -> object:
        return await call.proceed()

    result = await Agent(ScriptedModel(calls("draw"), "ok"), tools=[Tool(draw).wrap(passing)]).run("?")

    returned = [record for record in result.state.records if isinstance(record, CallReturned)]
    assert [(record.message.text, record.artifact) for record in returned] == [("a circle", {"radius": 3})]


async def test_a_generator_tells_its_progress_through_what_is_around_it() -> None:
    async def passing(ctx: RunContext[Any], call: Invocation) -> object:
        return await call.proceed()

    model = ScriptedModel(calls("stepping", city="Rome"), "ok")
    async with Agent(model, tools=[Tool(stepping).wrap(passing)]).stream("?") as run:
        seen = [event.value async for event in run.events() if isinstance(event, Progress)]

    assert seen == ["sunny in Rome"]


async def test_a_lock_is_held_over_every_time_the_function_runs() -> None:
    inside: list[int] = []
    most: list[int] = []

    def busy() -> str:
        """Work."""
        inside.append(1)
        most.append(len(inside))
        inside.pop()
        return "done"

    async def twice(ctx: RunContext[Any], call: Invocation) -> object:
        await call.proceed()
        return await call.proceed()

    model = ScriptedModel(calls("busy") + calls("busy") + calls("busy"), "ok")
    await Agent(model, tools=[Tool(busy, lock="one of its kind").wrap(twice)]).run("?")

    assert most == [1] * 6
