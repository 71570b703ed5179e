"""Answers that came at once, in every form that servers write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from callwright.wire.calls import UNNAMED
from callwright.wire.chat import CUT, Completion, Usage


def answer(message: Any = None, **keys: Any) -> Completion:
    return Completion({"id": "gen-1", "choices": [{"index": 0, "message": message, **keys}]})


def call(name: Any = "f", arguments: Any = "{}", **keys: Any) -> dict[str, Any]:
    return {"id": "a", "type": "function", "function": {"name": name, "arguments": arguments}, **keys}


IMAGE: dict[str, Any] = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        pytest.param({"message": {"role": "assistant", "content": "a"}}, "a", id="text"),
        pytest.param({"message": {"content": [{"type": "text", "text": "a"}, IMAGE, "b"]}}, "ab", id="parts"),
        pytest.param({"message": {"content": {"type": "text", "text": "a"}}}, "a", id="one part"),
        pytest.param({"message": {"content": [{"text": "a"}]}}, "a", id="a part without a type"),
        pytest.param({"message": {"content": None}}, "", id="null"),
        pytest.param({"message": {}}, "", id="an empty message"),
        pytest.param({"message": "a"}, "a", id="a message that is a text"),
        pytest.param({"message": None, "delta": {"content": "a"}}, "a", id="a delta"),
        pytest.param({"text": "a"}, "a", id="the older form"),
        pytest.param({}, "", id="nothing"),
    ],
)
def test_the_text(choice: dict[str, Any], text: str) -> None:
    assert Completion({"choices": [choice]}).text == text


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        pytest.param({"tool_calls": [call()]}, [("f", "{}")], id="a list"),
        pytest.param({"tool_calls": call()}, [("f", "{}")], id="no list"),
        pytest.param({"tool_calls": None}, [], id="null"),
        pytest.param({"tool_calls": []}, [], id="empty"),
        pytest.param({"tool_calls": [call(name=None)]}, [(UNNAMED, "{}")], id="no name"),
        pytest.param({"tool_calls": [call(arguments={"x": 1})]}, [("f", '{"x":1}')], id="an object"),
        pytest.param({"tool_calls": [call(arguments=None)]}, [("f", "{}")], id="no arguments"),
        pytest.param({"tool_calls": [{"function": {"name": "f"}}]}, [("f", "{}")], id="a name alone"),
        pytest.param({"tool_calls": [{"id": "a", "name": "f", "arguments": "{}"}]}, [("f", "{}")], id="no function"),
        pytest.param({"tool_calls": [call(), call()]}, [("f", "{}")] * 2, id="one id twice"),
        pytest.param({"tool_calls": [None, 5, {}, call()]}, [("f", "{}")], id="entries that are none"),
        pytest.param({"function_call": {"name": "f", "arguments": "{}"}}, [("f", "{}")], id="the old form"),
        pytest.param(
            {"function_call": {"name": "f", "arguments": "{}"}, "tool_calls": [call()]}, [("f", "{}")], id="both forms"
        ),
        pytest.param({"function_call": None}, [], id="the old form, null"),
    ],
)
@pytest.mark.parametrize("finish", ["tool_calls", "stop", None])
def test_the_calls(message: dict[str, Any], calls: list[tuple[str, str]], finish: str | None) -> None:
    completion = answer({"role": "assistant", "content": None, **message}, finish_reason=finish)

    assert [(made.name, made.arguments) for made in completion.tool_calls] == calls
    assert len({made.id for made in completion.tool_calls}) == len(calls)


def test_everything_of_an_answer_has_a_name() -> None:
    logprobs: dict[str, Any] = {"content": [{"token": "a", "logprob": -0.1}], "refusal": None}
    audio: dict[str, Any] = {"id": "x", "data": "AA==", "transcript": "a"}
    citation: dict[str, Any] = {"type": "url_citation", "url_citation": {"url": "https://x"}}

    completion = Completion(
        {
            "id": "gen-1",
            "created": 1760000000,
            "model": "m",
            "provider": "P",
            "choices": [
                {
                    "finish_reason": "stop",
                    "native_finish_reason": "end_turn",
                    "logprobs": logprobs,
                    "message": {
                        "role": "assistant",
                        "content": "a",
                        "refusal": "no",
                        "images": [IMAGE],
                        "annotations": [citation],
                        "audio": audio,
                    },
                }
            ],
            "usage": {"cost": 0.1, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.25}},
        }
    )

    assert (completion.id, completion.created, completion.model) == ("gen-1", 1760000000, "m")
    assert (completion.provider, completion.native_finish_reason) == ("P", "end_turn")
    assert (completion.refusal, completion.audio, completion.logprobs) == ("no", audio, logprobs)
    assert (completion.images, completion.annotations) == ([IMAGE], [citation])
    assert (completion.usage.cost, completion.upstream_cost, completion.is_byok) == (
        Decimal("0.1"),
        Decimal("0.25"),
        True,
    )


def test_what_an_answer_does_not_say_is_none() -> None:
    completion = Completion({})

    assert (completion.created, completion.native_finish_reason, completion.refusal) == (None, None, None)
    assert (completion.audio, completion.logprobs, completion.upstream_cost) == (None, None, None)
    assert ([*completion.images, *completion.annotations], completion.is_byok) == ([], False)


@pytest.mark.parametrize(
    ("indexes", "order"),
    [([1, 0], "ba"), ([0, 1], "ab"), ([None, None], "ab"), (["1", "0"], "ba"), ([0, 0], "ab"), ([5, 3], "ba")],
    ids=str,
)
def test_choices_come_by_index(indexes: list[Any], order: str) -> None:
    texts = zip(indexes, "ab", strict=True)
    completion = Completion({"choices": [{"index": index, "message": {"content": text}} for index, text in texts]})

    assert "".join(choice.text for choice in completion.choices) == order
    assert completion.text == order[0]


@pytest.mark.parametrize("finish", [None, "stop", "tool_calls", "eos", "end_turn", "STOP"])
def test_an_answer_with_such_a_finish_is_whole(finish: str | None) -> None:
    assert not answer({"content": "a"}, finish_reason=finish).is_cut


@pytest.mark.parametrize("finish", sorted(CUT))
def test_an_answer_with_such_a_finish_is_cut(finish: str) -> None:
    assert answer({"content": "a"}, finish_reason=finish).is_cut


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        pytest.param({"input_tokens": 2, "output_tokens": 3}, Usage(2, 3, 5), id="Anthropic's names"),
        pytest.param({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}, Usage(9, 0, 9, 4), id="DeepSeek's cache"),
        pytest.param({"prompt_tokens": 9, "cached_tokens": 4}, Usage(9, 0, 9, 4), id="Moonshot's cache"),
        pytest.param({"completion_tokens": 9, "reasoning_tokens": 4}, Usage(0, 9, 9, 0, 0, 4), id="reasoning"),
        pytest.param({"prompt_tokens": True, "cost": True}, Usage(), id="no numbers"),
        pytest.param({"prompt_tokens": 10**30, "completion_tokens": 1e300}, Usage(), id="absurd"),
        pytest.param({"prompt_tokens": float("inf"), "cost": float("inf")}, Usage(), id="infinite"),
        pytest.param({"cost": "0.0012"}, Usage(cost=Decimal("0.0012")), id="a cost as text"),
        pytest.param({"cost": "free"}, Usage(), id="a cost that is a word"),
        pytest.param({"cost": 1e30}, Usage(), id="a cost beyond all"),
        pytest.param({"cost": 0}, Usage(cost=Decimal(0)), id="free"),
    ],
)
def test_usage_of_other_servers_is_read(raw: dict[str, Any], usage: Usage) -> None:
    assert Completion({"usage": raw}).usage == usage


@pytest.mark.parametrize(
    "raw",
    [
        {"x_groq": {"usage": {"prompt_tokens": 3}}},
        {"choices": [{"usage": {"prompt_tokens": 3}}]},
        {"usage": None, "choices": [{"usage": {"prompt_tokens": 3}}]},
    ],
    ids=str,
)
def test_usage_in_another_place_is_found(raw: dict[str, Any]) -> None:
    assert Completion(raw).usage.prompt_tokens == 3
