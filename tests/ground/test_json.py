"""Tests of the encoder and the decoder that no string can break."""

from __future__ import annotations

import math
from collections import UserList
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright._json import JsonValue, clean, decode, encode

LONE = "\ud800"
TEXTS = st.text(st.characters(exclude_categories=()))
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@dataclass
class Place:
    """A value with a JSON form."""

    name: str


@given(VALUES)
def test_what_is_encoded_is_decoded_as_its_clean_form(value: JsonValue) -> None:
    assert decode(encode(value)) == clean(value)


@given(VALUES)
def test_cleaning_twice_changes_nothing_more(value: JsonValue) -> None:
    once = clean(value)

    assert clean(once) is once


@pytest.mark.parametrize("value", ["plain", "zürich 😀", ["a", {"b": "c"}], {"k": ("x", 1.5, None, True)}, math.inf])
def test_a_clean_value_is_the_very_same_object(value: JsonValue) -> None:
    assert clean(value) is value


def test_cleaning_reaches_keys_and_nested_strings() -> None:
    value = {"a" + LONE: [("b", LONE + "é")], "kept": 1}

    assert clean(value) == {"a\ufffd": [["b", "\ufffdé"]], "kept": 1}


def test_cleaning_copies_only_what_changed() -> None:
    kept = ["untouched"]

    assert clean({"kept": kept, "broken": LONE})["kept"] is kept


def test_two_halves_of_one_character_are_joined() -> None:
    assert clean("\ud83d\ude00") == "😀"


def test_nan_and_infinities_are_encoded_as_null() -> None:
    assert encode([math.nan, math.inf, -math.inf]) == b"[null,null,null]"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(Place("x"), b'{"name":"x"}', id="dataclass"),
        pytest.param(Place(LONE), '{"name":"\ufffd"}'.encode(), id="dataclass with a lone surrogate"),
        pytest.param({LONE: date(2026, 1, 2)}, '{"\ufffd":"2026-01-02"}'.encode(), id="date beside a lone surrogate"),
        pytest.param(MappingProxyType({"a": 1}), b'{"a":1}', id="read-only mapping"),
        pytest.param(UserList([1, range(2)]), b"[1,[0,1]]", id="own sequences"),
    ],
)
def test_values_with_a_json_form_are_encoded(value: object, text: bytes) -> None:
    assert encode(value) == text


def _nested(depth: int) -> list[JsonValue]:
    value: list[JsonValue] = []
    for _ in range(depth):
        value = [value]
    return value


def _ring() -> list[object]:
    ring: list[object] = []
    ring.append(ring)
    return ring


@pytest.mark.parametrize("value", [object(), _ring(), _nested(100_000)], ids=["no JSON form", "ring", "deep"])
def test_a_value_that_cannot_be_encoded_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode(value)


@pytest.mark.parametrize("value", [_ring(), _nested(100_000)], ids=["ring", "deep"])
def test_a_value_too_deep_to_clean_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError, match="too deeply"):
        clean(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(rb'"\ud83d\ude00"', "😀", id="pair of escapes"),
        pytest.param(rb'"a\ud83d"', "a\ufffd", id="high half"),
        pytest.param(rb'"\uDE00a"', "\ufffda", id="low half"),
        pytest.param(rb'"\ud83d\ud83d\ude00"', "\ufffd😀", id="half before a pair"),
        pytest.param(rb'["\ud800", "\\ud800", "\\\ud800"]', ["\ufffd", r"\ud800", "\\\ufffd"], id="escaped backslash"),
        pytest.param(f'"{LONE}"', "\ufffd", id="half as a character"),
        pytest.param('"\ud83d\ude00"', "😀", id="pair of halves as characters"),
        pytest.param('{"a": 1, "a": 2}', {"a": 2}, id="equal keys"),
    ],
)
def test_texts_are_decoded(text: bytes | str, value: JsonValue) -> None:
    assert decode(text) == value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[1,]", id="trailing comma"),
        pytest.param(b"{} x", id="trailing text"),
        pytest.param(b'"\xff"', id="not UTF-8"),
        pytest.param(b"\xef\xbb\xbf1", id="byte order mark"),
        pytest.param(rb'["\ud800",]', id="trailing comma beside a lone surrogate"),
        pytest.param(rb'"\ud8"', id="cut escape"),
        pytest.param(f'{{"{LONE}": }}', id="missing value beside a lone surrogate"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(rb'"\ud800"' + b"[" * 100_000, id="deep behind a lone surrogate"),
        pytest.param(b"1" * 5_000, id="too many digits"),
    ],
)
def test_a_text_that_is_not_json_is_a_value_error(text: bytes | str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text)
