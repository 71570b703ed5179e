"""What a model is offered: tools, toolsets, wire entries, and the choice among them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callwright import (
    Agent,
    Limits,
    ParameterError,
    RunContext,
    SchemaError,
    Tool,
    tool,
)
from callwright.testing.scripted import ScriptedModel, calls
from callwright.tools.toolsets import filtered, prefixed, toolset, wrapped
from callwright.tools.wrapping import Invocation
from callwright.wire.chat import ChatRequest
from callwright.wire.profile import OPENROUTER

pytestmark = pytest.mark.anyio


def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


async def temperature(city: str) -> float:
    """Tell the temperature of a city, in degrees Celsius."""
    return 21.5 if city == "Rome" else 12.0


def body(request: ChatRequest) -> Any:
    return json.loads(request.body(OPENROUTER, model="m", stream=False))


def sent(model: ScriptedModel) -> list[Any]:
    """Return the tools of the first request."""
    tools: list[Any] = body(model.requests[0])["tools"]
    return tools


def replies(request: ChatRequest) -> list[str]:
    """Return what the tools answered last."""
    return [message.text for message in request.messages if message.role == "tool"]


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("weather", {"type": "function", "function": {"name": "weather"}}),
        (weather, {"type": "function", "function": {"name": "weather"}}),
        ({"type": "function", "function": {"name": "x"}}, {"type": "function", "function": {"name": "x"}}),
    ],
    ids=["auto", "none", "required", "name", "function", "wire"],
)
async def test_a_tool_choice_is_sent_and_a_forced_one_released_after_the_first_step(choice: Any, wire: Any) -> None:
    model = ScriptedModel(calls(weather, city="Rome"), "ok")

    await Agent(model, tools=[weather]).run("?", tool_choice=choice)

    released = wire if wire in ("auto", "none") else "auto"
    assert [body(request)["tool_choice"] for request in model.requests] == [wire, released]


@pytest.mark.parametrize("choice", ["wether", temperature], ids=["name", "function"])
async def test_a_choice_of_a_tool_that_is_not_there_is_refused(choice: Any) -> None:
    with pytest.raises(ParameterError, match="one of weather"):
        await Agent(ScriptedModel(), tools=[weather]).run("?", tool_choice=choice)


async def test_at_the_step_limit_one_answer_is_asked_for_without_tools() -> None:
    model = ScriptedModel(calls(weather, city="Rome"), "As far as I got: sunny.")

    result = await Agent(model, tools=[weather], limits=Limits(steps=2)).run("?")

    assert (result.output, result.status, result.reason) == ("As far as I got: sunny.", "limited", "steps: 2")
    assert body(model.requests[1])["tool_choice"] == "none"
    assert "tools" in body(model.requests[1])


async def test_a_model_that_calls_on_although_it_may_not_gets_no_tool_and_the_run_fails_with_its_state() -> None:
    ran: list[str] = []

    def note(text: str) -> None:
        """Write something down."""
        ran.append(text)

    model = ScriptedModel(calls(note, text="a"), calls(note, text="b"))
    with pytest.raises(Exception, match="steps: 2 of 2") as caught:
        await Agent(model, tools=[note], limits=Limits(steps=2)).run("?")

    assert ran == ["a"]
    assert caught.value.state is not None  # type: ignore[attr-defined]


@pytest.mark.parametrize("choice", ["required", "weather", weather], ids=["required", "name", "function"])
async def test_a_choice_may_name_what_a_toolset_will_offer(choice: Any) -> None:
    class Set:
        async def tools(self, ctx: RunContext[Any]) -> list[Any]:
            return [tool(weather)]

    model = ScriptedModel(calls(weather, city="Rome"), "ok")

    await Agent(model, tools=[Set()]).run("?", tool_choice=choice)

    assert model.requests[0].tool_choice in ("required", {"type": "function", "function": {"name": "weather"}})
    assert model.requests[1].tool_choice == "auto"


async def test_a_function_among_the_wire_entries_can_be_chosen_by_its_name() -> None:
    model = ScriptedModel("ok")
    entry = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}

    await Agent(model, tools=[entry]).run("?", tool_choice="look")

    assert model.requests[0].tool_choice == {"type": "function", "function": {"name": "look"}}


async def test_a_wire_object_is_a_choice_and_a_copy_is_kept() -> None:
    model = ScriptedModel("ok")
    choice: dict[str, Any] = {"type": "allowed_tools", "mode": "auto", "tools": []}

    result = await Agent(model, tools=[weather]).run("?", tool_choice=choice)
    choice["tools"].append(object())

    assert model.requests[0].tool_choice == {"type": "allowed_tools", "mode": "auto", "tools": []}
    assert result.requests[0].tool_choice == model.requests[0].tool_choice


@pytest.mark.parametrize("choice", [5, 1.5, {"type": object()}, ["weather"]], ids=["int", "float", "object", "list"])
async def test_what_is_no_choice_is_refused(choice: Any) -> None:
    with pytest.raises(ParameterError, match="tool_choice: expected"):
        await Agent(ScriptedModel(), tools=[weather]).run("?", tool_choice=choice)


async def test_a_tool_that_is_named_like_a_word_of_the_wire_is_chosen_by_its_function() -> None:
    def none() -> None:
        """Do nothing."""

    model = ScriptedModel(calls(none), "ok")

    await Agent(model, tools=[none]).run("?", tool_choice=none)

    assert model.requests[0].tool_choice == {"type": "function", "function": {"name": "none"}}


async def test_one_tool_given_twice_is_offered_once() -> None:
    model, one = ScriptedModel("ok"), tool(weather)

    await Agent(model, tools=[one, one]).run("?")

    assert len(model.requests[0].tools.raw) == 1


async def test_a_toolset_may_not_take_the_name_of_the_output() -> None:
    def final_answer() -> None:
        """Answer."""

    class Set:
        async def tools(self, ctx: RunContext[Any]) -> list[Any]:
            return [tool(final_answer)]

    with pytest.raises(SchemaError, match="taken by the output"):
        await Agent(ScriptedModel(), tools=[Set()], output=int).run("?")


async def test_two_tools_of_one_name_are_refused_with_both_origins() -> None:
    with pytest.raises(SchemaError, match=r"test_offers\.weather.*test_offers\.temperature"):
        Agent(ScriptedModel(), tools=[weather, Tool(temperature, name="weather")])


async def test_what_is_no_tool_is_refused() -> None:
    with pytest.raises(SchemaError, match="expected functions"):
        Agent(ScriptedModel(), tools=[3])  # type: ignore[list-item]


async def test_wire_entries_are_offered_as_they_are() -> None:
    model = ScriptedModel("ok")

    await Agent(model, tools=[{"type": "openrouter:web_search"}, weather]).run("?")

    assert body(model.requests[0])["tools"][0] == {"type": "openrouter:web_search"}


async def test_a_toolset_may_offer_other_tools_at_each_step() -> None:
    class Unlocking:
        async def tools(self, ctx: RunContext[Any]) -> list[Tool[..., Any]]:
            return [Tool(weather)] if ctx.messages[-1].role == "user" else [Tool(temperature)]

    model = ScriptedModel(calls(weather, city="Rome"), calls(temperature, city="Rome"), "ok")
    await Agent(model, tools=[Unlocking()]).run("?")

    offered = [[entry["function"]["name"] for entry in body(request)["tools"]] for request in model.requests]
    assert offered == [["weather"], ["temperature"], ["temperature"]]
    assert replies(model.requests[2]) == ["sunny in Rome", "21.5"]


async def test_a_function_that_chooses_tools_may_offer_functions_and_wire_entries() -> None:
    @toolset
    async def unlocking(ctx: RunContext[str]) -> list[Any]:
        return [weather, {"type": "openrouter:web_search"}] if ctx.deps == "guest" else [weather, temperature]

    model = ScriptedModel(calls(weather, city="Rome"), "ok")
    await Agent(model, tools=[unlocking], deps_type=str).run("?", deps="guest")

    assert sent(model)[0]["function"]["name"] == "weather"
    assert sent(model)[1] == {"type": "openrouter:web_search"}
    assert replies(model.requests[1]) == ["sunny in Rome"]


async def test_toolsets_of_toolsets_are_offered_and_called() -> None:
    seen: list[str] = []

    async def watching(ctx: RunContext[Any], call: Invocation) -> object:
        seen.append(call.name)
        return await call.proceed()

    model = ScriptedModel(calls("eu_weather", city="Rome") + calls("eu_temperature", city="Rome"), "ok")
    chosen = filtered([weather, temperature], lambda ctx, one: one.name != "temperature")
    await Agent(model, tools=[prefixed(wrapped(chosen, watching), "eu_")]).run("?")

    assert [entry["function"]["name"] for entry in sent(model)] == ["eu_weather"]
    assert seen == ["eu_weather"]
    assert replies(model.requests[1])[0] == "sunny in Rome"


async def test_a_renamed_function_can_be_chosen_by_itself() -> None:
    model = ScriptedModel(calls("eu_weather", city="Rome"), "ok")

    await Agent(model, tools=[Tool(weather, name="eu_weather"), temperature]).run("?", tool_choice=weather)

    assert model.requests[0].tool_choice == {"type": "function", "function": {"name": "eu_weather"}}


async def test_one_function_given_twice_is_offered_once() -> None:
    model = ScriptedModel("ok")

    await Agent(model, tools=[weather, weather]).run("?")

    assert len(model.requests[0].tools.raw) == 1
