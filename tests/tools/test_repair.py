"""Tests of the repair of arguments: what holds for any text, and where it ends."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright import Agent
from callwright._json import JsonObject, clean
from callwright.run.records import CallStarted
from callwright.testing import ScriptedModel, calls
from callwright.tools.calling import Ready, Refused, prepare
from callwright.tools.lenient import UnreadableError, read_objects, written
from callwright.tools.repair import REPAIR_LIMIT, Repaired, repaired
from callwright.tools.tool import Tool
from callwright.wire.messages import ToolCall

ANYTHING: JsonObject = {"type": "object", "additionalProperties": True}
LIMIT = REPAIR_LIMIT - 100

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))
objects = st.dictionaries(texts, values, max_size=5)
names = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
scraps = st.sampled_from([*"{}[](),:'\"\\/#*`“”0a \n", '{"a": ', "'b': ", "True", "```", "null", "\\u00", '"a"', "1"])


def is_json(text: str) -> bool:
    return isinstance(json.loads(text), dict)


def repair(text: str) -> Repaired | None:
    return repaired(text, is_json, ANYTHING)


def prepared(arguments: str) -> Ready | Refused:
    def weather(city: str, days: int = 1) -> str:
        """Tell the weather."""
        return f"{city} {days}"

    return prepare({"weather": Tool(weather)}, ToolCall("a", "weather", arguments))


@given(objects)
def test_json_is_read_as_json_and_is_no_repair(value: dict[str, Any]) -> None:
    text = json.dumps(value)

    [found] = read_objects(text)

    assert found.repairs == ()
    assert json.loads(written(found.value)) == value
    assert repair(text) is None


@given(objects, st.sampled_from(["{}", "{},", "```json\n{}\n```", "Here it is: {}", "<call>{}</call>", "// so\n{}"]))
def test_what_is_wrapped_around_an_object_leaves_it_as_it_is(value: dict[str, Any], around: str) -> None:
    text = around.replace("{}", json.dumps(value))

    found = repair(text)

    assert found is None or json.loads(found.text) == value
    assert (found is None) == (around in ("{}", "{},"))


@given(objects)
def test_an_object_that_python_wrote_is_the_same_object(value: dict[str, Any]) -> None:
    text = repr(value)

    found = repair(text)

    # What Python escapes by `\x00` has no such escape in JSON, and is not guessed.
    assert found is None or json.loads(found.text) == value
    assert found is not None or "\\" in text or is_json(text)


@given(objects)
def test_an_object_encoded_twice_is_the_same_object(value: dict[str, Any]) -> None:
    found = repair(json.dumps(json.dumps(value)))

    assert found is not None
    assert json.loads(found.text) == value


@given(objects.filter(bool), st.data())
def test_of_a_cut_object_only_brackets_are_made_up(value: dict[str, Any], data: st.DataObject) -> None:
    whole = json.dumps(value)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]

    found = repair(cut) if cut else None

    if found is not None:
        assert found.repairs == ("the closing brackets",)
        assert json.loads(found.text) == json.loads(cut + closers(cut))


def closers(cut: str) -> str:
    """Return the brackets that are open at the end of a text."""
    open_ones: list[str] = []
    inside = escaped = False
    for char in cut:
        if inside:
            inside = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            inside = True
        elif char in "{[":
            open_ones.append("}" if char == "{" else "]")
        elif char in "}]":
            open_ones.pop()
    assert not inside
    return "".join(reversed(open_ones))


@given(st.lists(scraps | texts, max_size=30).map("".join))
def test_any_text_is_repaired_to_one_json_object_or_not_at_all(text: str) -> None:
    found = repair(text)

    assert found is None or (is_json(found.text) and found.repairs)


@given(st.text(max_size=60))
def test_no_text_is_read_as_something_that_is_not_in_it(text: str) -> None:
    try:
        found = read_objects("{'a': " + text)
    except UnreadableError:
        return

    for reading in found:
        assert is_json(clean(written(reading.value)))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a": ' * 20_000,
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "{" * LIMIT,
        "{}" * (LIMIT // 2),
        "{'a': 1} " * (LIMIT // 9),
        '{"a": "' + "x" * (LIMIT - 10),
        '{"a": "' + "\\" * (LIMIT - 10),
        '{\\"' * (LIMIT // 4),
        "{" + "\\u005c" * (LIMIT // 6 - 2),
        "/*" * (LIMIT // 2),
        '{"a": /*' + "*" * (LIMIT - 20),
        '{"a": ' * 60 + '""' + "]" * (LIMIT - 500) + "x",
        "```{" * (LIMIT // 4),
        "{'a': (" + "('a')," * (LIMIT // 7),
        "\u00a0" * LIMIT,
        "x" * 10_000_000,
        "{'a': '" + "x" * 10_000_000 + "'}",
    ],
    ids=lambda text: f"{text[:12]!r}-{len(text)}",
)
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()

    found = repair(text)

    assert found is None
    assert time.process_time() - start < 3.0


def test_the_largest_object_is_repaired_in_linear_time() -> None:
    members = ", ".join(f"'key_{number}': ['value', {number}, True]" for number in range(20_000))
    start = time.process_time()

    found = repair("{" + members + "}")

    assert found is not None
    assert len(json.loads(found.text)) == 20_000
    assert time.process_time() - start < 6.0


def test_digits_stay_as_they_were_written() -> None:
    found = repair("{'a': 0.10000000000000000001, 'b': 123456789012345678901234567890, 'c': 1E2}")

    assert found is not None
    assert found.text == '{"a":0.10000000000000000001,"b":123456789012345678901234567890,"c":1E2}'


def test_every_repair_is_named() -> None:
    found = repair('```json\n{\'a\': True, b: 1, /* c */ "d": "x\ny",}\n```')

    assert found is not None
    assert found.repairs == (
        "a code fence",
        "single quotes",
        "Python literals",
        "an unquoted key",
        "a comment",
        "raw control characters in a string",
        "a trailing comma",
    )


def test_two_objects_that_fit_are_one_too_many() -> None:
    one = repaired("{'a': 1}{'b': 2}", lambda text: "a" in text, ANYTHING)
    two = repaired("{'a': 1}{'b': 2}", lambda _text: True, ANYTHING)

    assert one is not None
    assert one.text == '{"a":1}'
    assert two is None


def test_valid_arguments_are_never_repaired() -> None:
    ready = prepared('{"city": "Rome", "city": "Bern"}')

    assert isinstance(ready, Ready)
    assert ready.arguments == {"city": "Bern"}
    assert ready.repairs == ()


def test_repaired_arguments_are_validated_and_the_repairs_kept() -> None:
    ready = prepared("{'City': 'Rome', 'days': '2',}")

    assert isinstance(ready, Ready)
    assert ready.arguments == {"city": "Rome", "days": 2}
    assert ready.repairs == ("single quotes", "a trailing comma", "the key 'City' for 'city'")


def test_what_cannot_be_repaired_is_refused_in_the_words_of_the_strict_reading() -> None:
    refused = prepared('{"city": "Rome", "days": "some",}')

    assert isinstance(refused, Refused)
    assert "Invalid JSON" in refused.text


@pytest.mark.anyio
async def test_a_run_records_what_was_repaired() -> None:
    def weather(city: str) -> str:
        """Tell the weather."""
        return f"sunny in {city}"

    model = ScriptedModel(calls(weather, raw_arguments="{city: 'Rome'}"), "ok")

    result = await Agent(model, tools=[weather]).run("?")

    started = [record for record in result.state.records if isinstance(record, CallStarted)]
    assert [record.repairs for record in started] == [("an unquoted key", "single quotes")]
