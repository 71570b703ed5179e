"""The assembler of streams, rule by rule."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright._json import encode
from callwright.errors import StreamError
from callwright.wire.assembler import Assembler, fold
from callwright.wire.calls import UNNAMED, Arguments, is_complete
from callwright.wire.chat import Completion


def chunk(finish: str | None = None, *, index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"id": "gen-1", "model": "m", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def piece(**keys: Any) -> dict[str, Any]:
    """A piece of a call; `name` and `arguments` go into its function."""
    function = {key: keys.pop(key) for key in ("name", "arguments") if key in keys}
    return {**keys, "function": function} if function else keys


def assembled(*pieces: dict[str, Any] | list[dict[str, Any]], finish: str = "tool_calls") -> list[tuple[str, str]]:
    """Return name and arguments of each call that the pieces, one chunk each, amount to."""
    chunks = [chunk(tool_calls=entry if isinstance(entry, list) else [entry]) for entry in pieces]
    return [(call.name, call.arguments) for call in fold([*chunks, chunk(finish)]).tool_calls]


HEAD = piece(index=0, id="a", name="f", arguments="")


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param(
            [HEAD, piece(index=0, arguments='{"x"'), piece(index=0, arguments=":1}")],
            [("f", '{"x":1}')],
            id="head, then pieces",
        ),
        pytest.param(
            [
                HEAD,
                piece(index=1, id="b", name="g", arguments=""),
                piece(index=0, arguments="{}"),
                piece(index=1, arguments='{"y":2}'),
            ],
            [("f", "{}"), ("g", '{"y":2}')],
            id="interleaved",
        ),
        pytest.param([[HEAD, piece(index=0, arguments="{}")]], [("f", "{}")], id="two pieces of one call in one chunk"),
        pytest.param(
            [piece(index=0, id="a", name="f", arguments="{"), piece(index=3, id="a", arguments="}")],
            [("f", "{}")],
            id="a known id wins over the index",
        ),
        pytest.param(
            [piece(index=0, id="a", name="f", arguments="{}"), piece(index=0, id="a", name="g", arguments="{}")],
            [("f", "{}"), ("g", "{}")],
            id="one id for two calls",
        ),
        pytest.param(
            [piece(index=0, id="a", name="f", arguments="{"), piece(index=1, arguments="}")],
            [("f", "{}")],
            id="a stray tail at a new index",
        ),
        pytest.param(
            [piece(index=0, id="a", name="f", arguments="{}"), piece(index=0, id="b", name="g", arguments="{}")],
            [("f", "{}"), ("g", "{}")],
            id="index always 0 (Ollama)",
        ),
        pytest.param(
            [piece(index=0, name="f", arguments='{"x":1}'), piece(index=0, name="f", arguments='{"x":2}')],
            [("f", '{"x":1}'), ("f", '{"x":2}')],
            id="index always 0 without ids",
        ),
        pytest.param(
            [piece(id="a", name="f", arguments="{}"), piece(id="b", name="g", arguments="{}")],
            [("f", "{}"), ("g", "{}")],
            id="no index, ids",
        ),
        pytest.param(
            [piece(name="f", arguments="{}"), piece(name="g", arguments="{}")],
            [("f", "{}"), ("g", "{}")],
            id="no index, no ids (Gemini)",
        ),
        pytest.param([piece(name="f", arguments="{"), piece(arguments="}")], [("f", "{}")], id="no index, a tail"),
        pytest.param(
            [HEAD, piece(index=0, name="f", arguments="{"), piece(index=0, name="", arguments="}")],
            [("f", "{}")],
            id="a repeated name is not doubled",
        ),
        pytest.param(
            [piece(index=0, id="a", name="f", arguments={"x": 1})],
            [("f", '{"x":1}')],
            id="arguments as an object (llama.cpp)",
        ),
        pytest.param([piece(index=0, id="a", name="f", arguments=None)], [("f", "{}")], id="arguments null"),
        pytest.param(
            [HEAD, piece(index=0, arguments='{"x":1}'), piece(index=0, id="a", name="f", arguments='{"x":1}')],
            [("f", '{"x":1}')],
            id="a last chunk that repeats the arguments (LiteLLM)",
        ),
        pytest.param([HEAD, piece(index=0, arguments="{}{}")], [("f", "{}"), ("f", "{}")], id="glued objects"),
        pytest.param(
            [HEAD, piece(index=0, arguments="{} trailing")], [("f", "{} trailing")], id="garbage stays as it came"
        ),
        pytest.param([HEAD], [("f", "{}")], id="no arguments at all"),
        pytest.param([HEAD, piece(index=0, arguments=[1])], [("f", "[1]")], id="arguments that are a list"),
        pytest.param([piece(index=0, id="a", arguments="{}")], [(UNNAMED, "{}")], id="no name"),
        pytest.param([piece(index=0, id="a", name=5, arguments="{}")], [(UNNAMED, "{}")], id="a name that is a number"),
        pytest.param([HEAD, piece(index=0, arguments="{}" * 999)], [("f", "{}" * 999)], id="too many glued objects"),
        pytest.param([HEAD, piece(index=0, arguments=" \n ")], [("f", "{}")], id="blank arguments"),
        pytest.param([[None, "x", 7, HEAD]], [("f", "{}")], id="elements that are no objects"),  # type: ignore[list-item]
        pytest.param([piece(index=10**9, id="a", name="f", arguments="{}")], [("f", "{}")], id="a huge index"),
    ],
)
def test_calls_are_assembled(pieces: Sequence[Any], expected: list[tuple[str, str]]) -> None:
    assert assembled(*pieces) == expected


@given(
    whole=st.sampled_from(
        ['{"a": "}{\\"", "b": [{}, []]}', ' {"x":1} \n', "{}{}", "{} x", "[]", "{]", '{"a":"', "nope", "{}"]
    ),
    cuts=st.lists(st.integers(0, 30), max_size=6),
)
def test_arguments_are_complete_when_they_are_one_object_whatever_the_pieces(whole: str, cuts: list[int]) -> None:
    """Asked after every piece, the answer is that of reading the whole anew."""
    edges = [0, *sorted(cuts), len(whole)]
    arguments = Arguments()

    for begin, end in pairwise(edges):
        arguments.append(whole[begin:end])

        assert arguments.is_complete == is_complete(arguments.text)


def test_calls_count_whatever_the_finish_says() -> None:
    assert assembled(piece(index=0, id="a", name="f", arguments="{}"), finish="stop") == [("f", "{}")]


def test_missing_and_repeated_ids_are_made_up_the_same_way_each_time() -> None:
    calls = [piece(index=0, name="f", arguments="{}"), piece(index=1, id="x", name="g", arguments="{}")]
    chunks = [chunk(tool_calls=[*calls, piece(index=2, id="x", name="h", arguments="{}")]), chunk("tool_calls")]

    first, second = (fold(copy.deepcopy(chunks)).tool_calls for _ in range(2))

    assert [call.id for call in first] == [call.id for call in second]
    assert first[1].id == "x"
    assert len({call.id for call in first}) == 3


@pytest.mark.parametrize(
    "usage_chunk",
    [
        pytest.param({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}, id="an empty delta"),
        pytest.param({"choices": []}, id="no choices"),
        pytest.param({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, id="the finish again"),
        pytest.param({"choices": None}, id="choices null"),
        pytest.param({}, id="choices missing"),
    ],
)
def test_usage_is_read_from_every_shape_of_its_chunk(usage_chunk: dict[str, Any]) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cost": 0.00125}

    completion = fold([chunk(content="hi"), chunk("stop", content=""), {**usage_chunk, "usage": usage}])

    assert (completion.text, completion.finish_reason) == ("hi", "stop")
    assert str(completion.usage.cost) == "0.00125"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            {"code": 502, "message": "upstream died", "metadata": {"error_type": "provider_unavailable"}},
            id="documented",
        ),
        pytest.param({"code": "server_error", "message": "upstream died"}, id="a word as code"),
        pytest.param("upstream died", id="a string"),
    ],
)
def test_an_error_in_a_chunk_ends_the_stream_and_keeps_what_had_come(error: Any) -> None:
    with pytest.raises(StreamError, match="upstream died") as caught:
        fold([chunk(content="half an ans"), {"error": error}])

    partial = caught.value.partial
    assert isinstance(partial, Completion)
    assert partial.text == "half an ans"


def test_a_stream_without_a_finish_was_cut() -> None:
    with pytest.raises(StreamError, match="without a finish_reason") as caught:
        fold([chunk(content="hello"), chunk(tool_calls=[piece(index=0, id="a", name="f", arguments="{}")])])

    assert isinstance(caught.value.partial, Completion)


def test_reasoning_details_are_merged_only_where_they_follow_each_other() -> None:
    text = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
    secret = {"type": "reasoning.encrypted", "data": "x", "index": 0}

    completion = fold(
        [
            chunk(reasoning="a", reasoning_details=[{**text, "text": "a"}]),
            chunk(reasoning="b", reasoning_details=[{**text, "text": "b"}]),
            chunk(reasoning_details=[{**text, "text": "", "signature": "sig"}]),
            chunk(reasoning_details=[secret]),
            chunk(reasoning_details=[{**text, "text": "c"}]),
            chunk("stop", content="done"),
        ]
    )

    assert completion.message.raw["reasoning_details"] == [
        {**text, "text": "ab", "signature": "sig"},
        secret,
        {**text, "text": "c"},
    ]
    assert completion.message.reasoning == "ab"


def test_an_explicit_empty_list_of_reasoning_details_is_kept() -> None:
    assert fold([chunk("stop", content="a", reasoning_details=[])]).message.raw["reasoning_details"] == []


def test_other_choices_do_not_mix_with_the_first() -> None:
    completion = fold([chunk("stop", index=1, content="other"), chunk("stop", content="first")])

    choices = completion.raw["choices"]
    assert completion.text == "first"
    assert isinstance(choices, list)
    assert choices[1]["message"]["content"] == "other"


def test_unknown_keys_of_a_delta_are_kept() -> None:
    completion = fold([chunk("stop", content="a", annotations=[{"type": "url_citation"}], sparkle=1)])

    assert completion.message.raw["annotations"] == [{"type": "url_citation"}]
    assert completion.message.raw["sparkle"] == 1


def test_content_as_a_list_of_parts_is_text() -> None:
    assert fold([chunk("stop", content=[{"type": "text", "text": "hi"}])]).text == "hi"


@pytest.mark.parametrize("junk", [{"choices": [None]}, {"choices": [{"delta": None}]}, {"choices": "x"}, {"usage": 3}])
def test_malformed_chunks_add_nothing(junk: dict[str, Any]) -> None:
    assert fold([chunk(content="a"), junk, chunk("stop")]).text == "a"


def ready(*chunks: dict[str, Any]) -> list[list[tuple[int, str, str]]]:
    """Return position, name and arguments of the calls that each chunk completes."""
    assembler = Assembler()
    deltas = [assembler.push(raw) for raw in chunks]
    return [[(position, call.name, call.arguments) for position, call in delta.ready] for delta in deltas]


def head(index: int | None, arguments: str = "") -> dict[str, Any]:
    place = {} if index is None else {"index": index}
    return chunk(tool_calls=[piece(**place, id=f"c{index}", name="f", arguments=arguments)])


def tail(index: int, arguments: str) -> dict[str, Any]:
    return chunk(tool_calls=[piece(index=index, arguments=arguments)])


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param(
            [head(0, "{}"), head(1, "{}"), chunk("tool_calls")],
            [[], [(0, "f", "{}")], [(1, "f", "{}")]],
            id="when the next begins, and at the finish",
        ),
        pytest.param(
            [head(0, "{}"), tail(0, " "), chunk(content="x"), chunk("tool_calls"), chunk("tool_calls")],
            [[], [], [], [(0, "f", "{} ")], []],
            id="not because it parses, and once",
        ),
        pytest.param([head(0, '{"x"'), chunk("tool_calls")], [[], []], id="never with half of its arguments"),
        pytest.param([head(0), chunk("stop")], [[], [(0, "f", "{}")]], id="without arguments at the finish"),
        pytest.param([head(0, "{}"), chunk("length")], [[], []], id="not when the answer was cut"),
        pytest.param(
            [head(0), head(1), tail(0, '{"x":1}'), tail(1, '{"x":2}'), chunk("tool_calls")],
            [[], [], [], [], [(0, "f", '{"x":1}'), (1, "f", '{"x":2}')]],
            id="interleaved",
        ),
        pytest.param(
            [head(0, "{}{}"), head(1, "{}"), chunk("tool_calls")],
            [[], [], [(2, "f", "{}")]],
            id="behind two glued together",
        ),
        pytest.param(
            [chunk(tool_calls=[piece(index=0, arguments="{}")]), head(1, "{}"), chunk("tool_calls")],
            [[], [], [(1, "f", "{}")]],
            id="not without a name",
        ),
        pytest.param(
            [chunk("tool_calls", tool_calls=[piece(index=0, name="f", arguments={"x": 1})])],
            [[(0, "f", '{"x":1}')]],
            id="whole and finished in one chunk",
        ),
        pytest.param([chunk("stop", index=1, tool_calls=[piece(name="f")])], [[]], id="not of other choices"),
    ],
)
def test_a_call_is_ready(chunks: list[dict[str, Any]], expected: list[list[tuple[int, str, str]]]) -> None:
    assert ready(*chunks) == expected


@pytest.mark.parametrize("ids", [["a", "b", "c"], ["a", "a", None], [None, None, None]])
def test_ready_calls_are_those_of_the_completion(ids: list[str | None]) -> None:
    calls = [
        chunk(tool_calls=[piece(index=index, id=wire_id, name="f", arguments=f'{{"n":{index}}}')])
        for index, wire_id in enumerate(ids)
    ]
    assembler = Assembler()

    found = dict(entry for raw in [*calls, chunk("stop")] for entry in assembler.push(raw).ready)

    assert found == dict(enumerate(assembler.finish().tool_calls))


words = st.text(max_size=5)
call_arguments = st.dictionaries(words, st.one_of(st.integers(), words), max_size=3)


@given(
    text=words,
    reasoning=words,
    calls=st.lists(st.tuples(st.sampled_from(["f", "g"]), call_arguments), max_size=3),
    seed=st.randoms(use_true_random=False),
)
def test_any_chunking_of_an_answer_gives_the_same_completion(
    text: str, reasoning: str, calls: list[tuple[str, dict[str, Any]]], seed: Any
) -> None:
    deltas: list[dict[str, Any]] = [{"content": character} for character in text]
    deltas += [{"reasoning": character} for character in reasoning]
    for index, (name, arguments) in enumerate(calls):
        deltas.append({"tool_calls": [piece(index=index, id=f"c{index}", name=name, arguments="")]})
        deltas += [{"tool_calls": [piece(index=index, arguments=letter)]} for letter in encode(arguments).decode()]
    fine = [chunk(**delta) for delta in deltas]
    coarse = [chunk(**delta) for delta in _joined(deltas, seed)]

    assert fold([*fine, chunk("stop")]) == fold([*coarse, chunk("stop")])


def _joined(deltas: list[dict[str, Any]], seed: Any) -> list[dict[str, Any]]:
    """Join some neighbours of the same kind into one delta."""
    joined: list[dict[str, Any]] = []
    for delta in deltas:
        last = joined[-1] if joined else {}
        (key,) = delta
        if key in last and seed.random() < 0.5:
            joined[-1] = {key: last[key] + delta[key]}
        else:
            joined.append(delta)
    return joined
