"""Runs of an agent, against scripted models: what is sent, what is run, what comes out."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from callwright import (
    Agent,
    AssistantMessage,
    Limits,
    OutputError,
    ParameterError,
    RunContext,
    UserMessage,
    tool,
)
from callwright.run.result import RunResult
from callwright.run.state import RunState
from callwright.testing.scripted import FunctionModel, ScriptedModel, calls
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


def replies(request: ChatRequest) -> list[str]:
    """Return what the tools answered last."""
    return [message.text for message in request.messages if message.role == "tool"]


async def test_a_text_is_the_answer() -> None:
    result = await Agent(ScriptedModel("Hello.")).run("Hi")

    assert (result.output, result.status, result.steps) == ("Hello.", "done", 1)
    assert result.messages == (UserMessage("Hi"), AssistantMessage("Hello."))


async def test_nothing_is_sent_that_was_not_set() -> None:
    model = ScriptedModel("Hello.")

    await Agent(model).run("Hi")

    assert body(model.requests[0]) == {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


async def test_calls_are_run_and_their_results_go_back_in_the_order_of_the_calls() -> None:
    model = ScriptedModel(calls(weather, city="Rome") + calls(temperature, city="Rome"), "Warm.")

    result = await Agent(model, tools=[weather, temperature]).run("Rome?")

    assert result.output == "Warm."
    assert replies(model.requests[1]) == ["sunny in Rome", "21.5"]
    assert [message.role for message in result.new_messages] == ["user", "assistant", "tool", "tool", "assistant"]


async def test_tools_are_offered_in_every_request() -> None:
    model = ScriptedModel(calls(weather, city="Rome"), "Warm.")

    await Agent(model, tools=[weather]).run("Rome?")

    assert [[entry["function"]["name"] for entry in body(request)["tools"]] for request in model.requests] == [
        ["weather"]
    ] * 2


async def test_calls_of_one_turn_run_together() -> None:
    both = anyio.Event()
    waiting: list[str] = []

    async def meet(name: str) -> str:
        """Wait for the other."""
        waiting.append(name)
        if len(waiting) == 2:
            both.set()
        await both.wait()
        return name

    result = await Agent(ScriptedModel(calls(meet, name="a") + calls(meet, name="b"), "ok"), tools=[meet]).run("?")

    assert result.output == "ok"


@pytest.mark.parametrize(
    ("options", "most"),
    [({}, 3), ({"limits": Limits(tool_concurrency=2)}, 2), ({"params": {"parallel_tool_calls": False}}, 1)],
    ids=str,
)
async def test_how_many_calls_run_at_once_is_limited(options: Any, most: int) -> None:
    running, highest = 0, 0

    async def count(number: int) -> int:
        """Count how many run at once."""
        nonlocal running, highest
        running += 1
        highest = max(highest, running)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        running -= 1
        return number

    turn = calls(count, number=1) + calls(count, number=2) + calls(count, number=3)
    model = ScriptedModel(turn, "ok")
    await Agent(model, tools=[count], **options).run("?")

    assert highest == most
    assert replies(model.requests[1]) == ["1", "2", "3"]


async def test_instructions_are_the_system_message_and_not_part_of_the_conversation() -> None:
    model = ScriptedModel("ok")

    result = await Agent(model, instructions="Be brief.").run("Hi")

    assert body(model.requests[0])["messages"][0] == {"role": "system", "content": "Be brief."}
    assert [message.role for message in result.messages] == ["user", "assistant"]


async def test_instructions_may_depend_on_the_run_and_are_rendered_once_per_prompt() -> None:
    rendered: list[str] = []

    async def instructions(ctx: RunContext[str]) -> str:
        rendered.append(ctx.deps)
        return f"Serve {ctx.deps}."

    model = ScriptedModel(calls(weather, city="Rome"), "ok")
    agent = Agent(model, tools=[weather], instructions=instructions, deps_type=str)
    await agent.run("Hi", deps="Ann")

    assert rendered == ["Ann"]
    assert [request.messages[0].text for request in model.requests] == ["Serve Ann.", "Serve Ann."]


async def test_a_history_goes_before_the_prompt_and_is_not_new() -> None:
    first = await Agent(ScriptedModel("I am Ann.")).run("Who are you?")
    model = ScriptedModel("Ann.")

    second = await Agent(model).run("Again?", history=[*first.messages, {"role": "user", "content": "hm"}])

    assert [message.text for message in model.requests[0].messages] == ["Who are you?", "I am Ann.", "hm", "Again?"]
    assert [message.text for message in second.new_messages] == ["Again?", "Ann."]


async def test_dependencies_reach_tools_and_are_hidden_from_the_model() -> None:
    def greet(name: str, ctx: RunContext[dict[str, str]]) -> str:
        """Greet somebody."""
        return f"{ctx.deps['greeting']}, {name} ({ctx.call_id}, step {ctx.step})"

    model = ScriptedModel(calls(greet, name="Bo"), "ok")
    await Agent(model, tools=[greet], deps_type=dict[str, str]).run("?", deps={"greeting": "Hej"}, run_id="r")

    assert replies(model.requests[1]) == ["Hej, Bo (r:1:0, step 1)"]
    assert list(body(model.requests[0])["tools"][0]["function"]["parameters"]["properties"]) == ["name"]


async def test_bound_methods_and_callables_are_tools() -> None:
    class Counter:
        def __init__(self) -> None:
            self.count = 0

        def add(self, amount: int) -> int:
            """Add to the counter."""
            self.count += amount
            return self.count

        @tool(name="reset", read_only=False)
        def clear(self) -> str:
            """Set the counter to nought."""
            self.count = 0
            return "done"

    counter = Counter()
    model = ScriptedModel(calls("add", amount=2) + calls("reset"), "ok")
    await Agent(model, tools=[counter.add, counter.clear], params={"parallel_tool_calls": False}).run("?")

    assert replies(model.requests[1]) == ["2", "done"]
    assert counter.count == 0


async def test_an_unknown_tool_is_answered_with_the_names_there_are() -> None:
    model = ScriptedModel(calls("wether", city="Rome"), "ok")

    await Agent(model, tools=[weather]).run("?")

    assert replies(model.requests[1]) == ["There is no tool named 'wether'. The tools are: weather."]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"city": 3}, "city: Input should be a valid string; got 3"),
        ({}, "city: Field required"),
        ({"city": "Rome", "country": "Italy"}, "country"),
        ({"raw_arguments": "{city: Rome}"}, "Invalid JSON"),
        ({"raw_arguments": "[1]"}, "arguments"),
    ],
    ids=str,
)
async def test_bad_arguments_are_answered_with_what_is_wrong(arguments: dict[str, Any], said: str) -> None:
    model = ScriptedModel(calls(weather, **arguments), calls(weather, city="Rome"), "ok")

    result = await Agent(model, tools=[weather]).run("?")

    assert said in replies(model.requests[1])[0]
    assert replies(model.requests[2])[1] == "sunny in Rome"
    assert result.output == "ok"


async def test_blank_arguments_are_no_arguments() -> None:
    def now() -> str:
        """Tell the time."""
        return "noon"

    model = ScriptedModel(calls(now, raw_arguments="") + calls(now, raw_arguments="null"), "ok")
    await Agent(model, tools=[now]).run("?")

    assert replies(model.requests[1]) == ["noon", "noon"]


async def test_a_cut_turn_runs_nothing() -> None:
    ran: list[str] = []

    def write(text: str) -> None:
        """Write something."""
        ran.append(text)

    cut = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "write", "arguments": '{"text":"a"}'}}],
    }
    completion = ScriptedModel(cut)
    whole = await completion.complete(ChatRequest([UserMessage("?")]))
    choices: Any = whole.raw["choices"]
    choices[0]["finish_reason"] = "length"
    model = ScriptedModel(whole, "ok")

    await Agent(model, tools=[write]).run("?")

    assert ran == []
    assert "was cut" in replies(model.requests[1])[0]


async def test_an_empty_answer_is_asked_for_once_more_and_then_taken() -> None:
    model = ScriptedModel("", "")

    result = await Agent(model).run("?")

    assert (result.output, result.steps) == ("", 2)
    assert "empty" in model.requests[1].messages[-1].text


async def test_parameters_of_the_run_win_over_those_of_the_agent() -> None:
    model = ScriptedModel("ok")

    await Agent(model, params={"temperature": 1, "seed": 7}).run("?", temperature=0.0)

    sent = body(model.requests[0])
    assert (sent["temperature"], sent["seed"]) == (0.0, 7)


@pytest.mark.parametrize("wrong", [{"temprature": 1}, {"temperature": 3}], ids=str)
async def test_wrong_parameters_are_refused_before_anything_is_sent(wrong: dict[str, Any]) -> None:
    model = ScriptedModel("ok")

    with pytest.raises(ParameterError, match="temperature"):
        await Agent(model).run("?", **wrong)

    assert model.requests == []


async def test_unknown_options_of_an_agent_are_refused() -> None:
    with pytest.raises(ParameterError, match="instructons"):
        Agent(ScriptedModel(), instructons="x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


async def test_a_run_can_ask_another_model() -> None:
    other = ScriptedModel("other")

    assert (await Agent(ScriptedModel("own")).run("?", model=other)).output == "other"


async def test_an_agent_is_replaced_not_changed() -> None:
    agent = Agent(ScriptedModel("a", "b"), instructions="old", tools=[weather])
    changed = agent.replace(instructions="new")
    model = ScriptedModel("c")

    await changed.run("?", model=model)

    assert model.requests[0].messages[0].text == "new"
    assert agent.fingerprint != changed.fingerprint
    assert agent.fingerprint == agent.replace().fingerprint


async def test_replacing_loses_nothing_and_lists_that_change_later_change_nothing() -> None:
    tools, stops = [weather], {"stop": ["END"]}
    agent = Agent(ScriptedModel("a"), tools=(entry for entry in tools), params={**stops}, limits=Limits(steps=1))
    same = Agent(ScriptedModel("a"), tools=tools)
    tools.append(print)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    model = ScriptedModel("b")

    await agent.replace(instructions="new").run("?", model=model)

    assert body(model.requests[0])["stop"] == ["END"]
    assert [tool["function"]["name"] for tool in body(model.requests[0])["tools"]] == ["weather"]
    assert model.requests[0].tool_choice == "none"
    assert same.replace().fingerprint == same.fingerprint


async def test_what_was_asked_can_be_looked_at() -> None:
    result = await Agent(ScriptedModel(calls(weather, city="Rome"), "ok"), tools=[weather]).run(
        "?", tool_choice="required"
    )

    assert [(request.ask, request.tool_choice, request.error) for request in result.requests] == [
        (1, "required", None),
        (2, "auto", None),
    ]
    assert result.requests[1].completion is not None
    assert result.requests[1].completion.text == "ok"


async def test_parts_and_messages_are_prompts() -> None:
    model = FunctionModel(lambda request: request.messages[-1].text)

    assert (await Agent(model).run([{"type": "text", "text": "parts"}])).output == "parts"
    assert (await Agent(model).run([UserMessage("message")])).output == "message"


async def test_a_result_shows_what_it_came_to() -> None:
    result = await Agent(ScriptedModel("ok")).run("?", run_id="r")

    assert repr(result) == "RunResult(run_id='r', status='done', steps=1, output='ok')"
    assert result.pending == ()
    assert result.confidence is None


async def test_a_limited_result_without_output_says_so() -> None:
    state = RunState()
    result: RunResult[str] = RunResult(state)

    assert result.status == "paused"
    with pytest.raises(OutputError.__mro__[1], match="waits for decisions"):
        _ = result.output
