"""A conversation that is sent shorter than it was: cut between turns, the task kept, the log whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright import (
    Agent,
    AssistantMessage,
    Budget,
    ChatRequest,
    Completion,
    ContextLengthError,
    MemoryStore,
    Message,
    ParameterError,
    ProviderError,
    RunState,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from callwright.run.compaction import Compaction, cut
from callwright.run.records import Compacted
from callwright.testing.scripted import FunctionModel, ScriptedModel, calls

pytestmark = pytest.mark.anyio


def look(what: int) -> str:
    """Look something up."""
    return f"{what} found"


def turn(number: int, tokens: int = 1000) -> Completion:
    function = {"name": "look", "arguments": f'{{"what":{number}}}'}
    call: Any = {"id": f"c{number}", "type": "function", "function": function}
    message: Any = {"role": "assistant", "content": None, "tool_calls": [call]}
    usage: Any = {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens}
    return Completion({"choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}], "usage": usage})


def said(request: ChatRequest) -> list[str]:
    return [f"{message.role}: {message.text}" for message in request.messages]


async def test_a_long_conversation_is_cut_and_the_task_stays() -> None:
    model = ScriptedModel(turn(1, 10), turn(2, 10), turn(3), "Done.")
    agent = Agent(model, tools=[look], instructions="Be brief.", compaction=Compaction(500, keep=1))

    result = await agent.run("Count.")

    assert result.output == "Done."
    assert said(model.requests[3]) == [
        "system: Be brief.",
        "user: (The beginning of this conversation was left out, because it was too long.)",
        "user: Count.",
        "assistant: ",
        "tool: 3 found",
    ]
    assert len(result.messages) == 8


async def test_a_model_may_summarise_what_is_cut_off_and_is_paid_for() -> None:
    usage: Any = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "cost": 0.5}
    message: Any = {"role": "assistant", "content": "Two were found."}
    summariser = ScriptedModel(
        Completion({"choices": [{"index": 0, "finish_reason": "stop", "message": message}], "usage": usage})
    )
    model, budget = ScriptedModel(turn(1, 10), turn(2), "Done."), Budget()
    agent = Agent(model, tools=[look], compaction=Compaction(500, keep=1, model=summariser), budget=budget)

    result = await agent.run("Count.")

    assert said(model.requests[2])[0] == "user: Summary of the conversation so far:\nTwo were found."
    assert said(summariser.requests[0])[1] == (
        'user: user: Count.\n\nassistant: calls look({"what":1})\n\ntool: 1 found'
    )
    assert str(result.cost) == "0.5"
    assert str(budget.usage.cost) == "0.5"


async def test_a_summary_that_fails_leaves_the_conversation_as_it_is() -> None:
    summariser = ScriptedModel(ProviderError("down", status=502))
    model = ScriptedModel(turn(1, 10), turn(2), "Done.")

    result = await Agent(model, tools=[look], compaction=Compaction(500, keep=1, model=summariser)).run("Count.")

    assert result.output == "Done."
    assert len(model.requests[2].messages) == 5


async def test_a_conversation_that_the_service_finds_too_long_is_cut_and_asked_again() -> None:
    too_long = ContextLengthError("too long", status=400)
    model = ScriptedModel(turn(1, 10), turn(2, 10), too_long, "Done.")

    result = await Agent(model, tools=[look], compaction=Compaction(10**6, keep=1)).run("Count.")

    assert result.output == "Done."
    assert len(model.requests[3].messages) == 4


async def test_what_cannot_be_cut_any_more_is_an_error() -> None:
    too_long = ContextLengthError("too long", status=400)

    with pytest.raises(ContextLengthError) as caught:
        await Agent(ScriptedModel(too_long), compaction=Compaction(10**6, keep=1)).run("Count.")

    assert caught.value.state is not None


async def test_a_service_that_counts_nothing_is_estimated() -> None:
    model = ScriptedModel(calls(look, what=1), calls(look, what=2), "Done.")

    await Agent(model, tools=[look], compaction=Compaction(100, keep=1)).run("Count. " * 100)

    assert said(model.requests[2])[0].startswith("user: (The beginning")


async def test_the_view_survives_a_resume_and_the_log_stays_whole() -> None:
    store = MemoryStore()
    model = ScriptedModel(turn(1, 10), turn(2), ProviderError("down", status=502), "Done.")
    agent = Agent(model, tools=[look], compaction=Compaction(500, keep=1), store=store)
    with pytest.raises(ProviderError):
        await agent.run("Count.", run_id="r")

    result = await agent.resume("r")

    records = await store.load("r")
    assert sum(isinstance(record, Compacted) for record in records) == 1
    assert said(model.requests[3]) == said(model.requests[2])
    assert len(result.messages) == 6
    assert RunState.of(records) == result.state


async def test_a_conversation_is_cut_again_when_it_has_grown_again() -> None:
    model = FunctionModel(lambda request: turn(len(model.requests)) if len(model.requests) < 6 else "Done.")

    result = await Agent(model, tools=[look], compaction=Compaction(500, keep=1)).run("Count.")

    assert [len(request.messages) for request in model.requests] == [1, 4, 4, 4, 4, 4]
    assert sum(isinstance(record, Compacted) for record in result.state.records) == 5


@pytest.mark.parametrize(("tokens", "keep"), [(0, 1), (1, 0)])
def test_numbers_out_of_range_are_refused(tokens: int, keep: int) -> None:
    with pytest.raises(ParameterError, match="Compaction"):
        Compaction(tokens, keep=keep)


@st.composite
def conversations(draw: Any) -> list[Message]:
    messages: list[Message] = [UserMessage("?")]
    for number in range(draw(st.integers(0, 8))):
        count = draw(st.integers(0, 3))
        made = [ToolCall(f"c{number}.{index}", "look", "{}") for index in range(count)]
        messages.append(AssistantMessage("text", tool_calls=made))
        messages += [ToolMessage("x", tool_call_id=call.id) for call in made]
        if draw(st.booleans()):
            messages.append(UserMessage("more"))
    return messages


@given(messages=conversations(), keep=st.integers(1, 6))
def test_a_cut_never_parts_a_call_from_its_result(messages: list[Message], keep: int) -> None:
    kept = messages[cut(messages, keep=keep) :]

    open_calls = {call.id for message in kept if isinstance(message, AssistantMessage) for call in message.tool_calls}
    assert {message.tool_call_id for message in kept if isinstance(message, ToolMessage)} == open_calls
    assert sum(not isinstance(message, ToolMessage) for message in kept) <= max(keep, 1)
    assert not isinstance(kept[0], SystemMessage)
