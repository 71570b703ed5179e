"""The extensions of schemas, and what of an answer counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.query.meaning import Meaning, canonical_text, is_same, split_extensions

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "_confidence": {"type": "string"},
        "reason": {"type": "string", "_confidence": False},
        "tags": {"type": "array", "items": {"type": "string"}},
        "steps": {"type": "array", "_preserveOrder": True, "items": {"$ref": "#/$defs/Step"}},
        "kind": {"enum": ["_confidence"], "default": {"_preserveOrder": 1}},
    },
    "$defs": {"Step": {"anyOf": [{"type": "null"}, {"properties": {"note": {"_confidence": False}, "do": {}}}]}},
}


def test_the_extensions_are_not_sent_and_names_and_data_like_them_are():
    plain, _ = split_extensions(SCHEMA)

    assert plain == {
        "type": "object",
        "properties": {
            "_confidence": {"type": "string"},
            "reason": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "steps": {"type": "array", "items": {"$ref": "#/$defs/Step"}},
            "kind": {"enum": ["_confidence"], "default": {"_preserveOrder": 1}},
        },
        "$defs": {"Step": {"anyOf": [{"type": "null"}, {"properties": {"note": {}, "do": {}}}]}},
    }
    assert "_preserveOrder" in SCHEMA["properties"]["steps"]


SAME = {
    "another reason": ({"reason": "a", "tags": []}, {"tags": [], "reason": "b"}),
    "no reason": ({"reason": "a"}, {}),
    "another order of tags": ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}),
    "another note, behind a reference and a branch": (
        {"steps": [{"do": "x", "note": "1"}]},
        {"steps": [{"note": "2", "do": "x"}]},
    ),
    "a whole number": ({"other": 1.0, "zero": -0.0}, {"other": 1, "zero": 0}),
    "an order that no schema keeps": ({"other": [1, [2, 3]]}, {"other": [[3, 2], 1.0]}),
}
OTHER = {
    "another order of steps": ({"steps": [{"do": "x"}, {"do": "y"}]}, {"steps": [{"do": "y"}, {"do": "x"}]}),
    "true is not 1": ({"other": True}, {"other": 1}),
    "null is not nothing": ({"other": None}, {}),
    "a text is not a number": ({"other": "1"}, {"other": 1}),
    "twice is not once": ({"tags": ["a", "a"]}, {"tags": ["a"]}),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_what_does_not_count_is_no_difference(one: Any, other: Any):
    assert Meaning(SCHEMA).text(one) == Meaning(SCHEMA).text(other)


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_what_counts_is_a_difference(one: Any, other: Any):
    assert Meaning(SCHEMA).text(one) != Meaning(SCHEMA).text(other)


def test_the_items_of_a_tuple_have_places():
    meaning = Meaning({"prefixItems": [{}, {"_confidence": True}]})

    assert meaning.of(["b", "a"]) == ["b", "a"]


def test_the_older_spelling_keeps_the_order_too():
    assert Meaning({"_preserve_order": True}).of([2, 1]) == [2, 1]


def test_a_schema_that_refers_to_itself_ends():
    schema: dict[str, Any] = {"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#"}]}}}

    assert Meaning(schema).of({"x": [2, 1]}) == {"x": [1, 2]}


def test_a_value_that_is_too_deep_is_refused():
    value: Any = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(ValueError, match="too deeply"):
        Meaning().of(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(json_values)
def test_a_meaning_means_itself(value: Any):
    meaning = Meaning()

    assert meaning.of(meaning.of(value)) == meaning.of(value)
    assert is_same(value, value)
    assert canonical_text(value) == canonical_text(value)
