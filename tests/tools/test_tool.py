"""Tools: by a schema of their own, with options that override what was read, and with what is wrapped around them."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, get_type_hints

import anyio
import pytest
from pydantic_core import ValidationError

from callwright import Agent, ParameterError, RunContext, SchemaError, Tool, tool
from callwright.testing.scripted import ScriptedModel, calls
from callwright.tools.options import CallOptions, ToolOptions

pytestmark = pytest.mark.anyio

_NUMBER = {"type": "number"}
ADD = {"type": "object", "properties": {"a": _NUMBER, "b": _NUMBER}, "required": ["a"], "additionalProperties": False}


def add(arguments: dict[str, Any]) -> object:
    """Add numbers."""
    return arguments["a"] + arguments.get("b", 0)


async def told(one: Tool[..., Any], arguments: str) -> str:
    """Return what a model that calls a tool is told."""
    model = ScriptedModel(calls(one.name, raw_arguments=arguments), "ok")
    await Agent(model, tools=[one]).run("?")
    return model.requests[1].messages[-1].text


# -- tools of a schema


async def test_a_function_gets_all_arguments_as_one_dict_of_json_values() -> None:
    got: list[object] = []

    def keep(arguments: dict[str, Any]) -> None:
        got.append(arguments)

    one = Tool.of_schema(keep, {"properties": {"when": {"type": "string", "format": "date", "default": "x"}}})
    await told(one, '{"when": "2026-01-02", "more": [1, 2.0]}')
    await told(one, "{}")

    assert got == [{"when": "2026-01-02", "more": [1, 2.0]}, {}]


async def test_the_model_is_told_the_schema_and_what_does_not_fit_it() -> None:
    one = Tool.of_schema(add, ADD, name="sum", description="Sum up.")

    assert one.wire() == {
        "type": "function",
        "function": {"name": "sum", "description": "Sum up.", "parameters": ADD},
    }
    assert await told(one, '{"a": 1, "b": 2}') == "3"
    assert "- a: Input should be a number; got 'x'" in await told(one, '{"a": "x"}')
    assert "- a: Field required" in await told(one, "{}")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ('```json\n{"a": 1, "b": 2}\n```', "3"),
        ("{'a': 1, 'b': 2,}", "3"),
        ('{"A": 1, "B": 2}', "3"),
        ('{"arguments": {"a": 1, "b": 2}}', "3"),
        ('"{\\"a\\": 1}"', "1"),
        ('{"a": "1", "b": "2.5"}', "3.5"),
    ],
    ids=["fence", "python", "case", "wrapper", "twice", "strings"],
)
async def test_arguments_are_repaired_as_those_of_functions_are(arguments: str, answer: str) -> None:
    assert await told(Tool.of_schema(add, ADD), arguments) == answer


@pytest.mark.parametrize("arguments", ['{"a": NaN}', '{"a": 1e400}', "[1]", '{"a": 1'])
async def test_what_is_no_object_of_json_is_not_read(arguments: str) -> None:
    with pytest.raises(ValidationError):
        Tool.of_schema(add, ADD).shape.arguments.read(arguments)


async def test_a_lone_surrogate_is_no_reason_to_ask_again() -> None:
    one = Tool.of_schema(lambda arguments: arguments["s"], {"properties": {"s": {"type": "string"}}}, name="say")

    assert one.shape.arguments.read(r'{"s": "a\ud800"}') == {"s": "a\ufffd"}
    assert await told(one, r'{"s": "\ud83d\ude00"}') == "\U0001f600"


async def _awaited(arguments: dict[str, Any]) -> object:
    await anyio.lowlevel.checkpoint()
    return arguments["a"]


async def _with_context(ctx: RunContext[None], arguments: dict[str, Any]) -> object:
    return f"{ctx.call_id != ''} {arguments['a']}"


def _context_last(arguments: dict[str, Any], /, times: int = 2, *, ctx: RunContext[None]) -> object:
    return f"{ctx.call_id != ''} {arguments['a'] * times}"


def _context_first(ctx: RunContext[None], arguments: Mapping[str, Any], /) -> object:
    return f"{ctx.call_id != ''} {arguments['a']}"


def _bare(arguments, verbose=False):  # type: ignore[no-untyped-def]  # noqa: FBT002
    return [arguments["a"], verbose]


def _unknown(arguments: dict[str, NotImported]) -> object:  # type: ignore[name-defined]  # noqa: F821
    return arguments["a"]


def _yielding(arguments: dict[str, Any]) -> Iterator[object]:
    yield arguments["a"]


async def _ticking(arguments: dict[str, Any]) -> AsyncIterator[object]:
    yield arguments["a"]


class _Server:
    def call(self, name: str, arguments: dict[str, Any]) -> str:
        return f"{name} {arguments['a']}"

    def look(self, arguments: dict[str, Any]) -> object:
        return arguments["a"]

    def __call__(self, arguments: dict[str, Any]) -> object:
        return arguments["a"]


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        (_awaited, "7"),
        (_with_context, "True 7"),
        (_context_last, "True 14"),
        (_context_first, "True 7"),
        (_bare, "[7,false]"),
        (_unknown, "7"),
        (lambda arguments: arguments["a"], "7"),
        (_yielding, "7"),
        (_ticking, "7"),
        (functools.partial(_Server().call, "x"), "x 7"),
        (_Server().look, "7"),
        (_Server(), "7"),
    ],
)
async def test_any_kind_of_function_can_take_the_dict(function: Any, answer: str) -> None:
    one = Tool.of_schema(function, ADD, name="one")

    assert (await told(one, '{"a": 7}')).strip("[]") == answer.strip("[]")


@pytest.mark.parametrize(
    "function", [lambda: 1, lambda a, b: 1, lambda **more: 1, lambda *more: 1], ids=["none", "two", "named", "rest"]
)
def test_a_function_that_cannot_take_a_dict_is_refused(function: Any) -> None:
    with pytest.raises(SchemaError, match="needs one parameter for that"):
        Agent(ScriptedModel(), tools=[Tool.of_schema(function, ADD, name="f")])


def test_a_malformed_schema_is_refused_at_the_definition() -> None:
    with pytest.raises(SchemaError, match=r"tool 'add': parameters\.properties\.a: expected a schema"):
        Tool.of_schema(add, {"properties": {"a": 3}})


async def test_each_attempt_gets_a_dict_of_its_own() -> None:
    got: list[Any] = []

    def spoil(arguments: dict[str, Any]) -> str:
        got.append(dict(arguments))
        arguments.clear()
        if len(got) == 1:
            raise ValueError("again")
        return "done"

    assert await told(Tool.of_schema(spoil, ADD, retries=1), '{"a": 1}') == "done"
    assert got == [{"a": 1}, {"a": 1}]


def test_values_are_written_and_read_back() -> None:
    arguments = Tool.of_schema(add, ADD).shape.arguments

    values = arguments.read('{"a": "1"}')

    assert arguments.dump(values) == {"a": 1}
    assert arguments.read_object(arguments.dump(values)) == values


# -- overriding


def weather(city: str, days: int = 1) -> str:
    """Tell the weather."""
    return f"{city!r} {days!r}"


async def test_parameters_are_told_instead_and_values_read_by_the_annotations() -> None:
    schema = {"properties": {"city": {"enum": ["Rome", "Paris"]}, "days": {}}, "required": ["city"]}
    one = tool(parameters=schema)(weather)

    assert one.wire()["function"]["parameters"] == {"type": "object", **schema}  # type: ignore[index,call-overload]
    assert await told(one, '{"city": "Rome", "days": "2"}') == "'Rome' 2"
    assert await told(one, '{"city": "Rome"}') == "'Rome' 1"
    assert 'city: Input should be one of "Rome", "Paris"' in await told(one, '{"city": "Oslo"}')
    assert "days: Input should be a valid integer" in await told(one, '{"city": "Rome", "days": "x"}')
    assert one("Oslo") == "'Oslo' 1"


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"properties": {"city": {}, "town": {}}}, "parameters tells of town, which the function has not"),
        ({"properties": {"days": {}}}, "parameters does not tell of city, which must be given"),
        ({}, "parameters does not tell of city, which must be given"),
    ],
)
def test_parameters_that_the_function_does_not_have_are_refused_when_the_agent_is_made(
    schema: Any, message: str
) -> None:
    with pytest.raises(SchemaError, match=message):
        Agent(ScriptedModel(), tools=[Tool(weather, parameters=schema)])


async def test_parameters_may_be_told_by_reference() -> None:
    city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

    one = Tool(weather, parameters={"$ref": "#/$defs/City", "$defs": {"City": city}})

    assert await told(one, '{"city": "Rome"}') == "'Rome' 1"


async def test_with_parameters_given_a_function_needs_no_annotations() -> None:
    @tool(parameters={"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a"]})
    def show(a, ctx: RunContext[None], *, b="x"):  # type: ignore[no-untyped-def]
        """Show."""
        return f"{a} {b} {ctx.call_id != ''}"

    assert await told(show, '{"a": "3"}') == "3 x True"


async def test_others_can_be_told_too() -> None:
    @tool(parameters={"properties": {"a": {"type": "integer"}}, "additionalProperties": False})
    def show(**values: int) -> str:
        return str(values)

    assert await told(show, '{"a": "3"}') == "{'a': 3}"


async def test_a_decorated_function_whose_one_parameter_takes_a_dict_gets_them_all() -> None:
    @tool(parameters=ADD)
    def total(ctx: RunContext[None], values: dict[str, float]) -> float:
        """Sum up."""
        return sum(values.values())

    assert await told(total, '{"a": 1, "b": 2}') == "3"


async def test_a_parameter_that_is_told_takes_its_own_value_though_it_is_a_dict() -> None:
    @tool(parameters={"properties": {"values": {"type": "object"}}, "required": ["values"]})
    def total(values: dict[str, float]) -> float:
        """Sum up."""
        return sum(values.values())

    assert await told(total, '{"values": {"a": 1}}') == "1.0"


async def test_a_method_can_be_a_tool_of_a_schema() -> None:
    class Shop:
        factor = 2

        @tool(parameters=ADD, name="price")
        def of(self, arguments: dict[str, Any]) -> object:
            """Tell a price."""
            return arguments["a"] * self.factor

    assert await told(Shop().of, '{"a": 4}') == "8"
    assert Shop().of({"a": 4}) == 8


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "é", "a.b", 3])
def test_a_name_that_services_do_not_take_is_refused(name: Any) -> None:
    with pytest.raises(SchemaError, match="a tool's name is 1 to 64 of A-Z"):
        Tool(weather, name=name)


@pytest.mark.parametrize("options", [{"description": 3}, {"strict": "yes"}, {"nam": "x"}, {"timeout": 0}])
def test_an_option_that_is_none_is_refused(options: Any) -> None:
    with pytest.raises(ParameterError, match="tool"):
        Tool(weather, **options)


def test_a_replaced_tool_differs_in_what_is_given_only() -> None:
    one = Tool(weather, name="one", timeout=3, description="First.")
    two = one.replace(name="two", description=None, read_only=True)

    assert (one.name, one.effect, one.description.description) == ("one", "write", "First.")
    assert (two.name, two.effect, two.timeout) == ("two", "read", 3)
    assert two.description.description == "Tell the weather."
    assert two("Rome") == "'Rome' 1"
    assert two.replace(name=None).name == "weather"


def test_a_tool_of_a_schema_stays_one() -> None:
    one = Tool.of_schema(add, ADD).replace(name="other").replace(parameters={"properties": {"c": {}}})

    assert one.shape.arguments.read('{"c": 1}') == {"c": 1}
    assert one.name == "other"


def test_every_option_says_what_it_is_by_default() -> None:
    """A key that is set reaches the tool, False and None included."""
    assert set(get_type_hints(CallOptions)) < set(get_type_hints(ToolOptions))
    assert Tool(weather, strict=False).options == {"strict": False}


# -- strict


def test_a_strict_tool_is_told_the_strict_schema() -> None:
    one = Tool(weather, strict=True).wire()["function"]

    assert one["strict"] is True  # type: ignore[index,call-overload]
    assert one["parameters"]["required"] == ["city", "days"]  # type: ignore[index,call-overload]


async def test_a_null_for_what_was_not_given_is_taken_out_of_strict_arguments() -> None:
    assert await told(Tool(weather, strict=True), '{"city": "Rome", "days": null}') == "'Rome' 1"
    assert await told(Tool(weather, strict="auto"), '{"city": "Rome", "days": null}') == "'Rome' 1"


async def test_a_strict_tool_of_a_schema_takes_nulls_out_too() -> None:
    one = Tool.of_schema(json.dumps, ADD, name="f", strict=True)

    assert await told(one, '{"a": 1, "b": null}') == '{"a": 1}'


def anything(values: dict[str, int]) -> str:
    """Take anything."""
    return str(values)


def test_a_tool_that_cannot_be_strict_is_refused_when_the_agent_is_made() -> None:
    one = Tool(anything, strict=True)

    with pytest.raises(SchemaError, match=r"tool 'anything'.*values"):
        Agent(ScriptedModel(), tools=[one])


@pytest.mark.parametrize(
    ("strict", "sent"), [("auto", None), (False, False), (None, None)], ids=["auto", "false", "none"]
)
def test_a_tool_that_need_not_be_strict_is_told_as_it_is(strict: Any, sent: object) -> None:
    wire: Any = Tool(anything, strict=strict).wire()

    assert wire["function"].get("strict") is sent
    assert ("strict" in wire["function"]) is (sent is not None)
    assert wire["function"]["parameters"] == Tool(anything).wire()["function"]["parameters"]  # type: ignore[index,call-overload]


def test_a_name_derived_from_a_function_is_cleaned() -> None:
    assert Tool.of_schema(lambda arguments: arguments, {}).name == "_lambda_"


def test_most_tools_load_no_reader_of_schemas() -> None:
    assert "callwright.tools.tool" in sys.modules
    assert not {"fitting", "strict"} & vars(sys.modules["callwright.tools.tool"]).keys()
