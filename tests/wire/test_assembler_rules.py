"""The rules by which a stream is assembled: a row for each, under the number that it has in issue 4's notes."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import pytest

from callwright.errors import StreamError
from callwright.wire.assembler import Assembler, fold
from callwright.wire.chat import Completion


def chunk(delta: Any = None, finish: Any = None, *, index: Any = 0, choice: Any = None, **keys: Any) -> dict[str, Any]:
    whole = {"index": index, "delta": delta or {}, "finish_reason": finish, **(choice or {})}
    return {"id": "gen-1", "model": "m", "choices": [whole], **keys}


def piece(name: str | None = None, arguments: Any = "", **keys: Any) -> dict[str, Any]:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {**keys, "function": function}


END = chunk(finish="stop")


HEARD = [
    pytest.param(
        [chunk({"role": "assistant", "content": ""})] * 3, {"content": None}, id="3.3: role and empty content"
    ),
    pytest.param([chunk({"content": None}), chunk({"content": "a"})], {"content": "a"}, id="3.3: null content first"),
    pytest.param([chunk({"refusal": "I "}), chunk({"refusal": "won't"})], {"refusal": "I won't"}, id="3.3: refusal"),
    pytest.param([chunk({"reasoning": "a"}), chunk({"reasoning": "b"})], {"reasoning": "ab"}, id="3.3: reasoning"),
    pytest.param([chunk({"reasoning_content": "a"})], {"reasoning_content": "a"}, id="3.3: reasoning_content"),
    pytest.param([chunk({"thinking": "a"}), chunk({"thinking": "b"})], {"thinking": "ab"}, id="3.3: thinking"),
    pytest.param(
        [chunk({"images": [{"n": 1}]}), chunk({"images": [{"n": 1}]})], {"images": [{"n": 1}] * 2}, id="images"
    ),
    pytest.param([chunk({"images": {"n": 1}})], {"images": [{"n": 1}]}, id="2.2: an image that is no list"),
    pytest.param(
        [chunk({"annotations": [{"n": 1}]}), chunk({"annotations": [{"n": 1}, {"n": 2}]})],
        {"annotations": [{"n": 1}, {"n": 2}]},
        id="2.2: annotations, all of them again",
    ),
    pytest.param(
        [chunk({"audio": {"id": "x", "data": "QQ=="}}), chunk({"audio": {"data": "Qg==", "transcript": "a"}})],
        {"audio": {"id": "x", "data": base64.b64encode(b"AB").decode(), "transcript": "a"}},
        id="2.2: audio, each piece encoded by itself",
    ),
    pytest.param(
        [chunk({"audio": {"data": "QU", "id": None}}), chunk({"audio": {"data": "I=", "expires_at": 5}})],
        {"audio": {"id": None, "data": "QUI=", "expires_at": 5}},
        id="2.2: audio, cut anywhere",
    ),
    pytest.param([chunk({"sparkle": [1]}), chunk({"sparkle": [2]})], {"sparkle": [1, 2]}, id="unknown lists grow"),
    pytest.param(
        [chunk({"sparkle": {"a": 1}}), chunk({"sparkle": {"b": 2}})], {"sparkle": {"a": 1, "b": 2}}, id="objects"
    ),
    pytest.param([chunk({"sparkle": 1}), chunk({"sparkle": None})], {"sparkle": 1}, id="null takes nothing away"),
    pytest.param(
        [chunk({"content": "a"}), chunk({"content": [{"type": "text", "text": "b"}]}), chunk({"content": ["c"]})],
        {"content": "abc"},
        id="parts that are text",
    ),
    pytest.param(
        [chunk({"content": {"type": "text", "text": "a"}}), chunk({"content": [{"text": "b"}]})],
        {"content": "ab"},
        id="a part without a list, one without a type",
    ),
    pytest.param(
        [chunk({"content": "a"}), chunk({"content": [{"type": "image_url", "n": 1}]}), chunk({"content": "b"})],
        {"content": [{"type": "text", "text": "a"}, {"type": "image_url", "n": 1}, {"type": "text", "text": "b"}]},
        id="parts that are no text keep their place",
    ),
    pytest.param(
        [
            chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]}),
            chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "m"}]}]}),
            chunk({"content": "a"}),
        ],
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "a"},
            ]
        },
        id="parts that think are one (Mistral)",
    ),
    pytest.param([chunk({"content": 5}), chunk({"content": True})], {"content": None}, id="content that is none"),
]


@pytest.mark.parametrize(("chunks", "message"), HEARD)
def test_what_deltas_hold_adds_up(chunks: list[Any], message: dict[str, Any]) -> None:
    assert fold([*chunks, END]).raw["choices"][0]["message"] == {"role": "assistant", "content": None, **message}  # type: ignore[index, call-overload]


def test_a_chunk_shows_the_reasoning_once_whichever_key_it_comes_under() -> None:
    detail = {"type": "reasoning.text", "text": "a"}
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "c"}]}
    deltas: list[dict[str, Any]] = [
        {"reasoning_details": [detail]},
        {"reasoning": "a", "reasoning_content": "a", "reasoning_details": [detail]},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]},
        {"content": [thinking, {"type": "text", "text": "d"}]},
    ]
    assembler = Assembler()

    shown = [assembler.push(chunk(delta)) for delta in deltas]

    assert [(delta.reasoning, delta.text) for delta in shown] == [("a", ""), ("a", ""), ("", ""), ("c", "d")]


@pytest.mark.parametrize(
    ("finishes", "finish"),
    [
        pytest.param(["stop", "stop"], "stop", id="3.3: twice"),
        pytest.param(["tool_calls", "stop"], "tool_calls", id="3.3: the first counts"),
        pytest.param(["stop", "length"], "length", id="a later one that says that it was cut"),
        pytest.param(["length", "stop"], "length", id="cut stays cut"),
        pytest.param(["", None, 5, "stop"], "stop", id="what is no word"),
        pytest.param(["eos"], "eos", id="a word of the server"),
    ],
)
def test_the_finish(finishes: list[Any], finish: str) -> None:
    completion = fold([chunk(finish=word, choice={"native_finish_reason": word}) for word in finishes])

    assert completion.finish_reason == finish
    assert completion.native_finish_reason is not None


def test_a_finish_that_is_an_error_is_no_answer() -> None:
    with pytest.raises(StreamError, match="ended the answer with an error") as caught:
        fold([chunk({"content": "a"}), chunk(finish="error")])

    assert isinstance(caught.value.partial, Completion)
    assert caught.value.partial.text == "a"


ERROR = {"code": 502, "message": "died"}


@pytest.mark.parametrize(
    "last",
    [
        pytest.param({"error": ERROR}, id="3.3: alone"),
        pytest.param(chunk({"content": "b"}, "error", error=ERROR), id="3.3: beside a choice"),
        pytest.param(chunk({"content": "b"}, choice={"error": ERROR}), id="4: in the choice"),
        pytest.param(chunk(usage={"prompt_tokens": 1}, error=ERROR), id="3.3: on the usage chunk"),
        pytest.param({"error": ERROR, "id": None, "choices": None, "model": None}, id="4: padded with null"),
        pytest.param({"object": "error", "message": "died", "code": 502}, id="the error itself (vLLM)"),
        pytest.param({"detail": "died"}, id="a detail (FastAPI)"),
        pytest.param({"error": "died"}, id="a text"),
    ],
)
def test_an_error_keeps_what_came_before_and_beside_it(last: dict[str, Any]) -> None:
    with pytest.raises(StreamError, match="died") as caught:
        fold([chunk({"content": "a"}), last])

    partial = caught.value.partial
    assert isinstance(partial, Completion)
    assert partial.text == ("ab" if "'b'" in str(last) else "a")


@pytest.mark.parametrize("nothing", [None, "", False, [], {}], ids=str)
def test_an_error_that_is_nothing_is_none(nothing: Any) -> None:
    assert fold([chunk({"content": "a"}, error=nothing, choice={"error": nothing}), END]).text == "a"


USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cost": 0.5}


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([chunk(usage=USAGE), END], id="before the finish"),
        pytest.param([END, chunk(usage=USAGE)], id="after the finish, with a choice"),
        pytest.param([END, {"choices": [], "usage": USAGE}], id="after the finish, without a choice"),
        pytest.param([chunk(usage=None), chunk(usage=None), chunk(finish="stop", usage=USAGE)], id="null before"),
        pytest.param([chunk(finish="stop", usage=USAGE), chunk(usage=None)], id="null after"),
        pytest.param(
            [chunk(usage={"prompt_tokens": 3, "completion_tokens": 1}), chunk(finish="stop", usage=USAGE)],
            id="cumulative",
        ),
        pytest.param(
            [
                chunk(usage={"prompt_tokens": 3, "cost": 0.5, "completion_tokens": None}),
                chunk(finish="stop", usage={"completion_tokens": 2, "total_tokens": 5, "prompt_tokens": None}),
            ],
            id="in two halves",
        ),
        pytest.param([chunk(finish="stop", usage=USAGE), chunk(usage=3)], id="a number after"),
        pytest.param([chunk(finish="stop", x_groq={"id": "r", "usage": USAGE})], id="Groq's place"),
        pytest.param([chunk(finish="stop", choice={"usage": USAGE})], id="Moonshot's place"),
    ],
)
def test_usage_is_found(chunks: list[Any]) -> None:
    usage = fold(chunks).usage

    assert (usage.prompt_tokens, usage.completion_tokens, usage.cost) == (3, 2, Decimal("0.5"))


def test_unknown_keys_of_chunks_and_choices_are_kept_wherever_they_come() -> None:
    completion = fold(
        [
            {"id": "", "choices": [], "prompt_filter_results": [1]},
            chunk({"content": "a"}, provider="P", sparkle=1, choice={"seed": 5}),
            chunk({"content": "b"}, provider="Q", sparkle=2, choice={"native_finish_reason": "eos"}),
            chunk(finish="stop", choice={"native_finish_reason": None}),
            {"choices": [], "openrouter_metadata": {"attempt": 1}, "sparkle": None, "obfuscation": "xyz"},
        ]
    )

    kept = {key: value for key, value in completion.raw.items() if key not in ("choices", "object")}
    assert kept == {
        "id": "gen-1",
        "model": "m",
        "provider": "P",
        "prompt_filter_results": [1],
        "sparkle": 2,
        "openrouter_metadata": {"attempt": 1},
    }
    assert completion.raw["choices"][0]["seed"] == 5  # type: ignore[index, call-overload]
    assert completion.native_finish_reason == "eos"


def test_log_probabilities_of_content_and_refusal_add_up() -> None:
    completion = fold(
        [
            chunk({"content": "a"}, choice={"logprobs": {"content": [{"token": "a"}], "refusal": None}}),
            chunk({"content": "b"}, choice={"logprobs": {"content": [{"token": "b"}], "refusal": [{"token": "r"}]}}),
            chunk(finish="stop", choice={"logprobs": None}),
        ]
    )

    assert completion.logprobs == {"content": [{"token": "a"}, {"token": "b"}], "refusal": [{"token": "r"}]}


@pytest.mark.parametrize(
    ("chunks", "texts"),
    [
        pytest.param(
            [chunk({"content": "b"}, index=1), chunk({"content": "a"}), END, chunk(None, "stop", index=1)],
            ["a", "b"],
            id="n",
        ),
        pytest.param([chunk({"content": "a"}, index=None), END], ["a"], id="an index that is null"),
        pytest.param([chunk({"content": "a"}, index="0"), END], ["a"], id="an index that is a text"),
        pytest.param([chunk({"content": "a"}, index=1), chunk(None, "stop", index=1)], ["a"], id="counted from 1"),
        pytest.param([chunk({"content": "a"}, index=-1), END], ["a"], id="an index below 0"),
        pytest.param(
            [{"choices": [*chunk({"content": "a"})["choices"], *chunk({"content": "b"}, index=1)["choices"]]}, END],
            ["a", "b"],
            id="both in one chunk",
        ),
        pytest.param(
            [chunk({"content": "a"}), END, chunk({"content": "b"})], ["ab"], id="text after the finish (LiteLLM)"
        ),
    ],
)
def test_choices_are_told_apart(chunks: list[Any], texts: list[str]) -> None:
    assert [choice.text for choice in fold(chunks).choices] == texts


def test_pieces_of_one_choice_in_one_chunk_are_one_delta() -> None:
    both = chunk({"content": "a"})["choices"] + chunk({"content": "b"}, "stop")["choices"]

    delta = Assembler().push({"choices": both})

    assert (delta.text, delta.finish_reason) == ("ab", "stop")


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        pytest.param([{"message": {"content": "ab"}, "finish_reason": "stop"}], "ab", id="a message for a delta"),
        pytest.param(
            [{"delta": {"content": "ab"}}, {"message": {"content": "ab"}, "finish_reason": "stop"}],
            "ab",
            id="the whole message at the end",
        ),
        pytest.param([{"text": "a"}, {"text": "b", "finish_reason": "stop"}], "ab", id="the older form"),
        pytest.param(
            [
                {"delta": {"content": "a"}, "text": "a"},
                {"delta": {"content": "b"}, "text": "b", "finish_reason": "stop"},
            ],
            "ab",
            id="both forms (Together)",
        ),
        pytest.param(
            [{"delta": None}, {"delta": "x"}, {"delta": {"content": "ab"}, "finish_reason": "stop"}], "ab", id="null"
        ),
    ],
)
def test_a_choice_of_another_form_is_read(choices: list[Any], text: str) -> None:
    chunks = [{"choices": [choice]} for choice in choices]

    assert fold(chunks).text == text


def test_made_up_ids_differ_between_answers_without_an_id() -> None:
    """Gemini's endpoint gives neither ids of calls nor of answers; a history must not hold one id twice."""
    answers = [
        fold([{"created": at, "choices": chunk({"tool_calls": [piece("f")]}, "stop")["choices"]}]) for at in (1, 2, 2)
    ]

    first, second, again = (answer.tool_calls[0].id for answer in answers)
    assert first != second == again


@pytest.mark.parametrize("partial_asked", [False, True])
def test_asking_for_what_has_come_changes_nothing(*, partial_asked: bool) -> None:
    assembler = Assembler()
    chunks = [
        chunk({"reasoning_details": [{"type": "reasoning.text", "text": "a"}], "content": "x", "sparkle": [1]}),
        chunk({"reasoning_details": [{"type": "reasoning.text", "text": "b"}], "content": "y", "sparkle": [2]}),
        END,
    ]
    seen: list[Completion] = []

    for raw in chunks:
        assembler.push(raw)
        seen += [assembler.partial()] if partial_asked else []

    assert assembler.finish() == fold(chunks)
    assert [completion.text for completion in seen] == ["x", "xy", "xy"][: len(seen)]
    assert all(completion.raw != seen[-1].raw for completion in seen[:-1])
