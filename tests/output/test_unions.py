"""Unions: which functions there are for their members, and what is read, stored and taken for text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field, Tag
from typing_extensions import TypeAliasType, TypedDict

from callwright import OPENROUTER, Agent, ChatRequest, MemoryStore, SchemaError, output_of
from callwright.output.unions import Members, members_of
from callwright.testing.scripted import ScriptedModel, calls

pytestmark = pytest.mark.anyio


class Left(BaseModel):
    """Go left."""

    size: int


class Right(BaseModel):
    size: int


@dataclass
class Ahead:
    size: int


class Back(TypedDict):
    size: int


Either = TypeAliasType("Either", Left | Right)


def body(request: ChatRequest) -> Any:
    return json.loads(request.body(OPENROUTER, model="m", stream=False))


@pytest.mark.parametrize(
    ("kind", "names", "takes_text"),
    [
        (Left | Right, ["_Left", "_Right"], False),
        (Left | Right | None, ["_Left", "_Right", "_None"], False),
        (Left | (Right | Left), ["_Left", "_Right"], False),
        (Either, ["_Left", "_Right"], False),
        (Either | Ahead, ["_Left", "_Right", "_Ahead"], False),
        (Left | str, [""], True),
        (Left | Right | str, ["_Left", "_Right"], True),
        (Left | str | None, [""], True),
        (int | str, [""], True),
        (Left | int | bool, ["_Left", "_value"], False),
        (list[Left] | list[Right], ["_list_Left", "_list_Right"], False),
        (list[Left] | Left, ["_list_Left", "_Left"], False),
        (Annotated[Left | Back, Field(description="Where")], ["_Left", "_Back"], False),
        (Annotated[Left, Tag("l")] | Annotated[Right, Tag("r")], ["_Left", "_Right"], False),
        (dict[str, int] | Left, ["_dict_str_int", "_Left"], False),
    ],
    ids=str,
)
def test_each_member_is_a_function(kind: Any, names: list[str], takes_text: bool) -> None:  # noqa: FBT001 - a column
    members = members_of(kind)

    assert members is not None
    assert list(members.kinds) == [f"final_answer{name}" for name in names]
    assert members.takes_text is takes_text


@pytest.mark.parametrize(
    "kind",
    [
        Left,
        Left | None,
        str | None,
        int | None,
        int | float | Literal["none"],
        list[Left | Right],
        Annotated[Left | Right, AfterValidator(id)],
        Any,
    ],
    ids=str,
)
def test_what_leaves_no_choice_has_one_function(kind: Any) -> None:
    assert members_of(kind) is None


def test_names_of_members_are_clean_and_differ() -> None:
    one = type("Ünï côde!" + "x" * 80, (BaseModel,), {"__annotations__": {"a": int}})
    two = type("Ünï côde!" + "x" * 80, (BaseModel,), {"__annotations__": {"b": int}})

    members = members_of(one | two)

    assert isinstance(members, Members)
    assert len(members.kinds) == 2
    assert all(len(name) <= 64 and name.isascii() for name in members.kinds)


async def test_the_model_is_told_of_each_member() -> None:
    model = ScriptedModel(calls("final_answer_Right", size=1))

    await Agent(model, output=output_of(Left | Right, mode="tool")).run("?")

    sent = body(model.requests[0])
    assert [tool["function"]["description"] for tool in sent["tools"]] == [
        "Go left.",
        "Give the final answer; call this once, at the end.",
    ]
    assert sent["tool_choice"] == "required"


@pytest.mark.parametrize("member", [Left, Right, Ahead, Back], ids=lambda member: member.__name__)
async def test_members_that_look_alike_are_told_apart_also_when_they_are_stored(member: Any) -> None:
    store = MemoryStore()
    model = ScriptedModel(calls(f"final_answer_{member.__name__}", size=1))
    agent = Agent(model, output=output_of(Left | Right | Ahead | Back, mode="tool"), store=store)

    first = await agent.run("?", run_id="r")

    again = await agent.resume("r")
    assert first.output == again.output == member(size=1)
    assert type(first.output) is type(again.output) is type(member(size=1))


async def test_the_text_is_the_answer_where_a_text_may_be() -> None:
    store, model = MemoryStore(), ScriptedModel("Neither; it is closed.")
    agent = Agent(model, output=Left | str, store=store)

    first = await agent.run("?", run_id="r")

    assert first.output == "Neither; it is closed."
    assert (await agent.resume("r")).output == first.output
    assert body(model.requests[0])["tool_choice"] == "auto"


async def test_after_tools_the_answer_may_be_a_text_or_a_call() -> None:
    def look(where: str) -> str:
        """Look."""
        return f"{where} is free"

    called = ScriptedModel(calls(look, where="left"), calls("final_answer", size=1))
    said = ScriptedModel(calls(look, where="left"), "Left.")

    assert (await Agent(called, tools=[look], output=Left | str).run("?")).output == Left(size=1)
    assert (await Agent(said, tools=[look], output=Left | str).run("?")).output == "Left."
    assert [request.tool_choice for request in said.requests] == ["auto", "auto"]


async def test_a_text_that_is_empty_is_no_answer() -> None:
    model = ScriptedModel("", calls("final_answer", size=1))

    assert (await Agent(model, output=Left | str).run("?")).output == Left(size=1)


async def test_an_invalid_member_is_asked_for_again_by_its_name() -> None:
    model = ScriptedModel(calls("final_answer_Left", size="far"), calls("final_answer_Right", size=2))

    result = await Agent(model, output=output_of(Left | Right, mode="tool")).run("?")

    assert result.output == Right(size=2)
    assert "size: Input should be a valid integer" in model.requests[1].messages[-1].text


def test_a_tool_with_the_name_of_a_member_is_refused() -> None:
    def final_answer_Left() -> str:  # noqa: N802 - the name is the point
        """Answer."""
        return ""

    with pytest.raises(SchemaError, match=r"final_answer_Left.*taken by the output"):
        Agent(ScriptedModel(), tools=[final_answer_Left], output=Left | Right)
