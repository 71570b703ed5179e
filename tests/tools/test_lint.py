"""Tests of what is found in what models are told of tools."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from tests.tools.random_schemas import JUNK_SCHEMAS, Schema, of, parameters

from callwright.errors import SchemaError
from callwright.tools.lint import Finding, linted, size_of
from callwright.tools.schema import FunctionDescription, describe

GOOD = FunctionDescription(
    "find_orders",
    "List what a customer has bought.",
    of(customer={"type": "string", "description": "The customer's number."}),
)


def tool(name: str = "find_orders", text: str = "List what a customer has bought.", /, **properties: Any) -> Any:
    return FunctionDescription(name, text, of(**properties))


def found(*descriptions: FunctionDescription) -> list[tuple[str, str, str, str]]:
    """Return all findings but those about services."""
    findings = linted(descriptions, dialects=())
    return [(one.tool, one.path, one.rule, one.severity) for one in findings if one.rule != "not-strict"]


def test_a_tool_that_is_well_described_has_no_findings():
    assert linted([GOOD]) == []


def test_findings_come_by_tool_and_say_what_to_do():
    assert linted([GOOD, FunctionDescription("send", "", of(x={"type": "string"}))]) == [
        Finding("send", "", "no-description", "warning", "no description, by which models choose; write a docstring"),
        Finding(
            "send",
            "parameters.x",
            "vague-name",
            "warning",
            "'x' says nothing, and neither does a description; write one, or name it better",
        ),
    ]


TEXT = {"description": "It."}
TOOLS = [
    pytest.param(tool("with space"), "", "bad-name", "error", id="name"),
    pytest.param(tool("x" * 65), "", "bad-name", "error", id="long name"),
    pytest.param(tool("2nd_order"), "", "bad-name", "warning", id="name that gemini refuses"),
    pytest.param(tool("find_orders", ""), "", "no-description", "warning", id="no description"),
    pytest.param(tool("find_orders", "Find the order."), "", "empty-description", "note", id="the name again"),
    pytest.param(tool("find_orders", "x " * 600), "", "long-description", "warning", id="long description"),
    pytest.param(tool("f", "Do.\n\nArgs:\n    x: Y."), "", "docstring-section", "warning", id="Google section"),
    pytest.param(tool("f", "Do it.\n:param x: Y."), "", "docstring-section", "warning", id="reST field"),
    pytest.param(tool(city={"type": "string"}), "parameters.city", "no-description", "warning", id="parameter"),
    pytest.param(tool(arg1={"type": "string"}), "parameters.arg1", "vague-name", "warning", id="vague parameter"),
    pytest.param(
        tool(of={**of(city={"type": "string"}), **TEXT}), "parameters.of.city", "no-description", "note", id="field"
    ),
    pytest.param(
        tool(a={"type": "string", **TEXT}, b={"type": "string", **TEXT}),
        "parameters.b",
        "same-description",
        "warning",
        id="two parameters of the same words",
    ),
    pytest.param(tool(x={"type": "object", **TEXT}), "parameters.x", "free-dict", "warning", id="dict"),
    pytest.param(
        tool(x={"type": "object", "additionalProperties": {"type": "string"}, **TEXT}),
        "parameters.x",
        "free-dict",
        "note",
        id="dict of texts",
    ),
    pytest.param(tool(x={"type": "array", "items": {}, **TEXT}), "parameters.x", "any", "warning", id="list"),
    pytest.param(tool(x=TEXT), "parameters.x", "any", "warning", id="Any"),
    pytest.param(tool(x={"enum": [*range(101)], **TEXT}), "parameters.x", "large-enum", "warning", id="large enum"),
    pytest.param(tool(x={"type": "strnig", **TEXT}), "parameters.x", "bad-schema", "error", id="unknown type"),
    pytest.param(tool(x={"$ref": "#/$defs/P", **TEXT}), "parameters.x", "bad-schema", "error", id="dangling reference"),
    pytest.param(
        tool(x={"$ref": "https://example.org/p", **TEXT}), "parameters.x", "bad-schema", "error", id="remote reference"
    ),
    pytest.param(
        FunctionDescription("f", "Do it.", {**of(), "required": ["y"]}),
        "parameters",
        "bad-schema",
        "error",
        id="required",
    ),
    pytest.param(FunctionDescription("f", "Do it.", {"type": "array"}), "parameters", "no-object", "error", id="array"),
    pytest.param(
        tool(**{f"p{n}": {"type": "string", "description": f"{n}"} for n in range(21)}),
        "parameters",
        "too-many-properties",
        "warning",
        id="many parameters",
    ),
    pytest.param(
        tool(text={"enum": [f"{n:0400}" for n in range(30)], **TEXT}), "", "size", "warning", id="large in all"
    ),
]


@pytest.mark.parametrize(("description", "path", "rule", "severity"), TOOLS)
def test_a_fault_of_one_tool_is_found(description: FunctionDescription, path: str, rule: str, severity: str):
    assert found(description) == [(description.name, path, rule, severity)] or (
        (description.name, path, rule, severity) in found(description) and rule in ("no-object", "any")
    )


def test_objects_deep_within_each_other_are_found_at_the_deepest():
    schema: Schema = {"type": "string", **TEXT}
    for _ in range(6):
        schema = {**of(inner=schema), **TEXT}

    assert found(FunctionDescription("f", "Do it.", schema)) == [
        ("f", "parameters" + 5 * ".inner", "too-deep", "warning")
    ]


def test_a_schema_that_holds_itself_is_an_error():
    own: dict[str, Any] = {"type": "object"}
    own["properties"] = {"x": own}

    assert found(FunctionDescription("f", "Do it.", own)) == [("f", "parameters", "too-deep", "error")]


TOGETHER = [
    pytest.param(["get_order", "get_order"], "duplicate-name", "error", id="same"),
    pytest.param(["get_order", "get_orders"], "similar-name", "warning", id="plural"),
    pytest.param(["get_order", "GetOrder"], "similar-name", "warning", id="case"),
    pytest.param(["get_order", "order_get"], "similar-name", "warning", id="order of words"),
]


@pytest.mark.parametrize(("names", "rule", "severity"), TOGETHER)
def test_names_that_a_model_cannot_tell_apart_are_found(names: list[str], rule: str, severity: str):
    descriptions = [tool(name, f"Do {number} things.") for number, name in enumerate(names)]

    assert found(*descriptions) == [(names[1], "", rule, severity)]


def test_different_names_are_left_alone():
    names = ["get_order", "get_orders_of_customer", "get_address", "process", "address_book", "search_1", "search_2"]

    assert found(*[tool(name, f"Do {number} things.") for number, name in enumerate(names)]) == []


def test_tools_described_in_the_same_words_are_found():
    assert found(tool("send", "Send a  letter."), tool("post", "send a letter")) == [
        ("post", "", "same-description", "warning")
    ]


def test_too_many_tools_are_a_note_and_then_an_error():
    tools = [tool(f"tool_{number}", f"Do {number} things.") for number in range(129)]

    assert found(*tools[:20]) == []
    assert found(*tools[:21]) == [("", "", "too-many-tools", "note")]
    assert found(*tools) == [("", "", "too-many-tools", "error")]


def test_what_strict_mode_and_services_cannot_be_told_is_noted():
    described = FunctionDescription("f", "Do it.", of(x={"type": "array", "prefixItems": [{"const": 1}, {}], **TEXT}))

    notes = [(one.rule, one.path, one.message) for one in linted([described]) if one.severity == "note"]

    assert notes == [
        (
            "not-strict",
            "parameters.x",
            "strict mode cannot hold a tuple of several types; make it a class with a field for each",
        ),
        (
            "dialect-gemini",
            "parameters.x",
            "gemini cannot be told: which item has which type; enum at parameters.x[](anyOf 0)",
        ),
        (
            "dialect-moonshot",
            "parameters.x",
            "moonshot cannot be told: which item has which type",
        ),
    ]
    assert [one.rule for one in linted([described], dialects=["moonshot"])][-1] == "dialect-moonshot"
    with pytest.raises(SchemaError, match="dialect: expected one of"):
        linted([described], dialects=["nobody"])


def test_a_size_is_that_of_the_entry_in_a_request():
    size = size_of(describe(lambda: None, name="now", description="Tell the time."))

    assert size == (152, 38)


def test_documented_functions_have_no_warnings():
    def book(city: str, nights: int = 1, kind: Literal["single", "double"] = "single") -> str:
        """Book a room.

        Args:
            city: Where.
            nights: How many.
            kind: Of room.
        """
        return city

    def cancel(booking: Annotated[str, "As `book` gives it."], reason: Annotated[str | None, "Why."] = None) -> None:
        """Take a booking back."""

    assert linted([describe(book), describe(cancel)]) == []


@settings(max_examples=150, deadline=None)
@given(schema=JUNK_SCHEMAS | parameters())
def test_no_schema_breaks_it(schema: Schema):
    linted([FunctionDescription("f", "Do it.", schema), FunctionDescription("f", "", schema)])
