"""Partials: what can be shown of a value while its text grows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.output.form import MISSING, Form, TextForm
from callwright.output.forms import ANY
from callwright.output.jsonpartial import JsonPartial
from callwright.output.partial import TextPartial
from callwright.output.variants import WrappedForm

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)
CONTAINERS = st.lists(VALUES, max_size=4) | st.dictionaries(st.text(max_size=5), VALUES, min_size=1, max_size=4)


def drafts(text: str, form: Form = ANY, *, step: int = 1, grows: bool = True) -> Iterator[Any]:
    partial = JsonPartial(form)
    for place in range(0, len(text), step):
        if partial.feed(text[place : place + step]):
            value = partial.value(grows=grows)
            if value is not MISSING:
                yield value


def agrees(part: object, whole: object) -> bool:
    """Whether a part can still become the whole by adding to it."""
    match whole:
        case dict():
            whole = cast("Mapping[str, object]", whole)
            return isinstance(part, dict) and all(
                key in whole and agrees(value, whole[key]) for key, value in cast("Mapping[str, object]", part).items()
            )
        case list():
            whole = cast("Sequence[object]", whole)
            if not isinstance(part, list):
                return False
            listed = cast("Sequence[object]", part)
            return len(listed) <= len(whole) and all(map(agrees, listed, whole[: len(listed)]))
        case str():
            return isinstance(part, str) and whole.startswith(part)
        case _:
            return type(part) is type(whole) and part == whole


@settings(max_examples=80, deadline=None)
@given(value=CONTAINERS, is_ascii=st.booleans(), indent=st.none() | st.just(1), cuts=st.randoms(use_true_random=False))
def test_no_prefix_of_any_json_contradicts_its_value(value: Any, is_ascii: Any, indent: Any, cuts: Any) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii, indent=indent)
    partial, last, place = JsonPartial(ANY), cast("object", MISSING), 0

    while place < len(text):
        size = cuts.randint(1, 5)
        partial.feed(text[place : place + size])
        place += size
        last = partial.value(grows=True)
        whole = partial.value(grows=False)
        assert last is MISSING or agrees(last, value)
        assert whole is MISSING or agrees(whole, value)

    # A list that a text begins with, such as `[]`, may be prose.
    assert last == value or text.strip() in ("[]", "[ ]")


@settings(max_examples=50, deadline=None)
@given(value=CONTAINERS, noise=st.text(alphabet=' {}[]",:\\tfn01u', max_size=30))
def test_no_text_at_all_breaks_the_reading(value: Any, noise: str) -> None:
    for text in (noise, json.dumps(value) + noise, noise + json.dumps(value), json.dumps(value)[1:] + noise):
        list(drafts(text, step=3))


@pytest.mark.parametrize("grows", [True, False])
def test_each_draft_holds_the_one_before_it(grows: Any) -> None:
    value = {"a": 'text \U0001f600 \\ "q" \n', "b": [1, -2.5e3, True, None, {"c": [[], {}]}], "d": {}}
    shown = list(drafts(json.dumps(value), grows=grows))

    assert shown[-1] == value
    assert all(agrees(*pair) for pair in pairwise(shown))


def test_a_number_is_shown_once_it_cannot_go_on() -> None:
    assert list(drafts('{"n": 12, "m": -1.5}'))[:3] == [{}, {"n": 12}, {"n": 12, "m": -1.5}]


def test_a_text_grows_or_is_shown_whole() -> None:
    text = '{"a": "xyz"}'

    assert list(drafts(text)) == [{}, {"a": "x"}, {"a": "xy"}, *[{"a": "xyz"}] * 3]
    assert list(drafts(text, grows=False)) == [*[{}] * 4, *[{"a": "xyz"}] * 2]


def test_half_of_a_character_is_never_shown() -> None:
    """An escape may be cut anywhere, and a character beyond the basic plane is two of them."""
    shown = [value[0] for value in drafts(r'["é😀\\ud83d x"]') if value]

    assert all("é😀\\ud83d x".startswith(text) for text in shown)
    assert shown[-1] == "é😀\\ud83d x"


@pytest.mark.parametrize("step", [1, 2, 5, 50])
def test_a_lone_surrogate_is_replaced_as_in_the_answer(step: int) -> None:
    assert list(drafts(r'["a\ud83d", "\ude00b", "\ud83d\ud83d\ude00"]', step=step))[-1] == ["a�", "�b", "�\U0001f600"]


@pytest.mark.parametrize(
    "text",
    ["{'a': 1}", '{"a": 1 "b": 2}', '{"a": True}', "[1, 2}", '{"a": 01}', '{"a": "\\x"}', '{"a" 1}', "[1,, 2]", '["a]'],
)
def test_what_is_no_json_is_not_read_on(text: str) -> None:
    full = list(drafts(text + ' {"z": 1}'))

    assert all(value in ({}, [], {"a": 1}, [1], [1, 2], {"z": 1}) or isinstance(value, list) for value in full)
    assert {"a": 1, "b": 2} not in full


def test_a_comma_too_many_is_forgiven() -> None:
    assert list(drafts('{"a": [1, 2,],}'))[-1] == {"a": [1, 2]}


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"a": 1}\n```',
        'Sure {that is it}: {"a": 1} Anything else?',
        'I looked at { x } and [the rest], hence {"a": 1}{"a": 2}',
        '<think>{no, [this]}</think>\n\n {"a": 1}',
    ],
)
@pytest.mark.parametrize("step", [1, 4, 100])
def test_the_value_may_stand_in_prose(text: str, step: int) -> None:
    assert list(drafts(text, step=step))[-1] == {"a": 1}


def test_the_first_key_tells_the_answer_from_other_objects() -> None:
    text = 'An example: {"other": {"value": 0}} and [1]. {"value": [1, 2]}'

    assert list(drafts('{"other": 1} {"value": 5}', WrappedForm(ANY)))[-1] == 5
    assert next(drafts(text, WrappedForm(ANY))) in ([], 0)


def test_prose_that_looks_like_json_for_long_costs_no_more_than_its_length() -> None:
    partial = JsonPartial(WrappedForm(TextForm()))

    for _ in range(2_000):
        partial.feed('{"a": [1, [[{{{' + "[" * 20)
    partial.feed('{"value": "a"}')

    assert partial.value(grows=True) == "a"


def test_nesting_has_an_end() -> None:
    assert list(drafts("[" * 1_000 + '{"a": 1}', step=7))[-1] == {"a": 1}


def test_a_plain_text_is_its_own_draft() -> None:
    partial = TextPartial()

    assert [partial.feed(piece) for piece in ("ab", "", "c")] == [True, False, True]
    assert partial.value(grows=True) == "abc"
    assert partial.value(grows=False) is MISSING


def test_reading_is_linear_in_the_length() -> None:
    """Counted, not timed: what a draft copies is weighed, and no text is read twice."""
    partial = JsonPartial(ANY)
    partial.feed('{"rows": [')

    weights = [partial.feed(f'{{"n": {number}}},') and partial.weight for number in range(1_000)]

    assert weights[-1] - weights[0] == 999
