"""The stand-in fills schemas from a text, as a response format or as the arguments of an output tool."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from tests.testing.standin_tools import DAY, NUMBER, TEXT, WHOLE, calls_of, one

from callwright.testing.standin import respond

INVOICE = {
    "title": "Invoice",
    "type": "object",
    "properties": {
        "number": WHOLE,
        "supplier": TEXT,
        "total": NUMBER,
        "currency": TEXT,
        "due": DAY,
    },
    "required": ["number", "supplier", "total", "currency", "due"],
    "additionalProperties": False,
}
PERSON = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "email": {"anyOf": [TEXT, {"type": "null"}]},
        "vip": {"type": "boolean"},
        "tags": {"type": "array", "items": TEXT},
        "level": {"$ref": "#/$defs/Level"},
    },
    "required": ["name", "email", "vip", "tags", "level"],
    "$defs": {"Level": {"type": "string", "enum": ["silver", "gold"]}},
}
PEOPLE = {
    "type": "object",
    "properties": {
        "people": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": TEXT, "age": WHOLE}, "required": ["name", "age"]},
        }
    },
    "required": ["people"],
}
MEETING = {
    "type": "object",
    "properties": {
        "place": {"type": "object", "properties": {"city": TEXT}, "required": ["city"]},
        "when": {"type": "string", "format": "date-time"},
        "kind": {"const": "meeting"},
        "topics": {"type": "array", "items": {"type": "string", "enum": ["budget", "hiring", "travel"]}},
    },
    "required": ["place", "when", "kind", "topics"],
}

READ = {
    "an invoice": (
        INVOICE,
        "Invoice 17 from ACME: total 129.50 EUR due 2026-12-01",
        {"number": 17, "supplier": "ACME", "total": 129.5, "currency": "EUR", "due": "2026-12-01"},
    ),
    "an invoice in another order": (
        INVOICE,
        "Pay 12 USD in total to supplier Fisher & Sons by 2026-01-31, invoice number 4.",
        {"number": 4, "supplier": "Fisher", "total": 12, "currency": "USD", "due": "2026-01-31"},
    ),
    "little": (
        PERSON,
        "Ann Lee is a gold member.",
        {"name": "Ann Lee", "email": None, "vip": False, "tags": [], "level": "gold"},
    ),
    "more": (
        PERSON,
        'Bob Ray (bob@example.org) is vip, tags "new" and "loud", silver',
        {"name": "Bob Ray", "email": "bob@example.org", "vip": True, "tags": ["new", "loud"], "level": "silver"},
    ),
    "several": (
        PEOPLE,
        "Ann Lee is 31 and Bob Ray is 45.",
        {"people": [{"name": "Ann Lee", "age": 31}, {"name": "Bob Ray", "age": 45}]},
    ),
    "nested": (
        MEETING,
        "Travel and budget in Bern, 2026-05-06T10:00:00Z",
        {
            "place": {"city": "Bern"},
            "when": "2026-05-06T10:00:00Z",
            "kind": "meeting",
            "topics": ["budget", "travel"],
        },
    ),
    "nothing": (PEOPLE, "nobody", {"people": []}),
}


@pytest.mark.parametrize(("schema", "text", "expected"), READ.values(), ids=READ)
@pytest.mark.parametrize("mode", ["json_schema", "json_object", "tool"])
def test_a_schema_is_filled_from_the_text(schema, text, expected, mode):
    if mode == "json_schema":
        form = {"type": "json_schema", "json_schema": {"name": "Invoice", "schema": schema}}
        found = json.loads(one(text, response_format=form).message["content"])
    elif mode == "json_object":
        prompt = {"role": "system", "content": f"Answer with one JSON object that fits:\n{json.dumps(schema)}"}
        request = {"messages": [prompt, {"role": "user", "content": text}], "response_format": {"type": "json_object"}}
        found = json.loads(respond(request).message["content"])
    else:
        output = {"type": "function", "function": {"name": "final_invoice", "parameters": schema}}
        ((_, found),) = calls_of(one(text, tools=[output], tool_choice="required"))

    assert list(Draft202012Validator(schema).iter_errors(found)) == []
    assert found == expected


def test_a_json_object_without_a_schema_has_an_answer():
    assert json.loads(one("Hi", response_format={"type": "json_object"}).message["content"]) == {"answer": "Hi"}
