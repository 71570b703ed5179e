"""Probabilities of fields, by the tokens that a model wrote them with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from callwright import Agent, Completion, output_of
from callwright.output.probabilities import field_probabilities
from callwright.testing.scripted import ScriptedModel

pytestmark = pytest.mark.anyio

Tokens = Sequence[tuple[str, float]]


def completion(tokens: Tokens, *, text: str | None = None, message: dict[str, Any] | None = None) -> Completion:
    said = "".join(token for token, _ in tokens) if text is None else text
    content = [
        {"token": token, "logprob": math.log(chance) if chance else -9999.0, "bytes": list(token.encode())}
        for token, chance in tokens
    ]
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": said, **(message or {})},
        "logprobs": {"content": content, "refusal": None},
    }
    return Completion({"id": "gen-1", "choices": [choice]})


def told(tokens: Tokens, output: Any = None) -> dict[str, float]:
    answer = completion(tokens)
    return {path: round(chance, 6) for path, chance in field_probabilities(answer, answer.text, output).items()}


def test_a_leaf_has_the_product_of_the_tokens_that_it_stands_in() -> None:
    tokens = [('{"', 1), ("city", 0.9), ('":', 1), (' "', 0.9), ("Ro", 0.5), ("me", 0.8), ('",', 0.5), (' "n": ', 0.1)]

    assert told([*tokens, ("4", 0.5), ("2", 0.25), ("}", 0.5)]) == {"city": 0.18, "n": 0.125}


def test_paths_lead_through_objects_and_lists_to_leaves() -> None:
    text = '{"a": [{"b": 1}, {}, [], null], "c": {"d": {"e": true}, "f.g": "x"}}'

    assert list(told([(letter, 1) for letter in text])) == ["a.0.b", "a.1", "a.2", "a.3", "c.d.e", "c.f.g"]


def test_a_token_that_reaches_beyond_its_leaf_counts_as_a_whole() -> None:
    assert told([("[1, 2", 0.5), (", 3]", 0.25)]) == {"0": 0.5, "1": 0.5, "2": 0.25}


def test_letters_may_be_split_between_tokens() -> None:
    pieces = [b'{"\xc3', b'\xa9": "\xf0\x9f', b'\x98\x80"', b"}"]
    content = [{"token": "\ufffd", "logprob": math.log(0.5), "bytes": list(piece)} for piece in pieces]
    answer = Completion(
        {
            "choices": [
                {"message": {"content": '{"é": "😀"}'}, "finish_reason": "stop", "logprobs": {"content": content}}
            ]
        }
    )

    assert field_probabilities(answer, answer.text, None) == {"é": pytest.approx(0.25)}


def test_escapes_in_keys_and_texts_are_read() -> None:
    assert told([('{"a\\"b\\u00e9": ', 1), ('"x\\"}"', 0.5), ("}", 1)]) == {'a"bé': 0.5}


def test_prose_and_fences_are_passed_over() -> None:
    assert told([("Sure [1]:\n```json\n", 0.1), ('{"a": ', 0.9), ("1", 0.5), ("}\n```", 0.2)]) == {"a": 0.5}


@pytest.mark.parametrize(
    ("text", "output", "paths"),
    [
        ('{"value": [1, 2]}', [1, 2], ["0", "1"]),
        ('{"value": 5}', 5, [""]),
        ('{"value": 5}', {"value": 5}, ["value"]),
        ('{"value": {"value": 5}}', {"value": 5}, ["value"]),
        ('{"value": "2026-01-31"}', "2026-01-31T00:00:00", [""]),
        ('{"value": {"a": 1}}', {"type": "final_answer", "value": {"a": 1}}, ["a"]),
    ],
)
def test_the_object_around_a_value_is_no_part_of_its_path(text: str, output: Any, paths: list[str]) -> None:
    assert list(told([(text, 0.5)], output)) == paths


def test_what_was_impossible_is_0_and_nothing_is_above_1() -> None:
    assert told([("[", 1), ("7", 0), ("]", 1)]) == {"0": 0}
    answer = completion([("[", 1), ("7", 1), ("]", 1)])
    answer.raw["choices"][0]["logprobs"]["content"][1]["logprob"] = 1e-9  # type: ignore[index, call-overload]

    assert field_probabilities(answer, answer.text, None) == {"0": 1.0}


@pytest.mark.parametrize(
    "entry", [None, 5, {}, {"token": "7"}, {"token": "7", "logprob": None}, {"token": "7", "logprob": math.nan}]
)
def test_a_leaf_of_which_a_token_is_not_told_is_left_out(entry: Any) -> None:
    content = [{"token": "[", "logprob": 0.0}, entry, {"token": ", 8]", "logprob": 0.0}]
    answer = Completion({"choices": [{"message": {"content": "[7, 8]"}, "logprobs": {"content": content}}]})

    assert field_probabilities(answer, answer.text, None) in ({"1": 1.0}, {})


@pytest.mark.parametrize("logprobs", [None, {}, {"content": None}, {"content": []}, {"content": "x"}])
def test_without_tokens_there_is_nothing_to_tell(logprobs: Any) -> None:
    answer = Completion({"choices": [{"message": {"content": "[7]"}, "logprobs": logprobs}]})

    assert field_probabilities(answer, answer.text, None) == {}


@pytest.mark.parametrize("said", ["", "no json", "[1", "{'a': 1}", "[" * 5_000])
def test_a_text_that_holds_no_json_has_no_leaves(said: str) -> None:
    assert field_probabilities(completion([(said, 0.5)]), said, None) == {}


class Place(BaseModel):
    city: str
    people: int


TOKENS: Tokens = [('{"city": "', 1), ("Rome", 0.5), ('", "people": ', 1), ("3", 0.25), ("}", 1)]


async def test_a_result_tells_them_of_its_output() -> None:
    model = ScriptedModel("no", completion(TOKENS))

    result = await Agent(model, output=output_of(Place, mode="json_schema")).run("?", logprobs=True)

    assert result.output == Place(city="Rome", people=3)
    assert result.field_probabilities == {"city": pytest.approx(0.5), "people": pytest.approx(0.25)}


async def test_a_server_that_tells_of_calls_is_understood() -> None:
    arguments = "".join(token for token, _ in TOKENS)
    call = {"id": "c", "type": "function", "function": {"name": "final_answer", "arguments": arguments}}
    answer = completion(TOKENS, text="", message={"tool_calls": [call]})

    result = await Agent(ScriptedModel(answer), output=output_of(Place, mode="tool")).run("?", logprobs=True)

    assert result.field_probabilities == {"city": pytest.approx(0.5), "people": pytest.approx(0.25)}


async def test_a_result_without_them_tells_nothing() -> None:
    result = await Agent(ScriptedModel('{"city": "Rome", "people": 3}'), output=Place).run("?")

    assert result.field_probabilities == {}
