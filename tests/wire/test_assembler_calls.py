"""The rules by which calls are assembled (3.4 of issue 4's notes): a row for each, under its number."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.wire.assembler import fold
from callwright.wire.calls import UNNAMED


def chunk(delta: Any = None, finish: Any = None, *, index: Any = 0, choice: Any = None, **keys: Any) -> dict[str, Any]:
    whole = {"index": index, "delta": delta or {}, "finish_reason": finish, **(choice or {})}
    return {"id": "gen-1", "model": "m", "choices": [whole], **keys}


def piece(name: str | None = None, arguments: Any = "", **keys: Any) -> dict[str, Any]:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {**keys, "function": function}


END = chunk(finish="stop")


def calls(*pieces: Any, finish: str = "tool_calls") -> list[tuple[str, str]]:
    """Return name and arguments of the calls that the pieces, one chunk each, amount to."""
    chunks = [chunk({"tool_calls": entry if isinstance(entry, list) else [entry]}) for entry in pieces]
    return [(call.name, call.arguments) for call in fold([*chunks, chunk(finish=finish)]).tool_calls]


F, G = ("f", "{}"), ("g", "{}")

CALLS = [
    pytest.param([piece("f", id=None, index=0), piece(None, "{}", index=0)], [F], id="1: null is absent"),
    pytest.param([piece("f", id="", index=0), piece("", "{}", id="", index=0)], [F], id="1: empty is absent"),
    pytest.param([[piece("f", index=0), piece(None, "{", index=0), piece(None, "}", index=0)]], [F], id="1: in order"),
    pytest.param([piece("f", "{", id="a", index=0), piece(None, "}", id="a", index=7)], [F], id="2: the id wins"),
    pytest.param([piece("f", "{}", id="a", index=0), piece("g", "{}", id="a", index=0)], [F, G], id="2: another name"),
    pytest.param(
        [piece("f", '{"n":1}', id="a", index=0), piece("f", '{"n":2}', id="a", index=1)],
        [("f", '{"n":1}'), ("f", '{"n":2}')],
        id="2: one id at two places",
    ),
    pytest.param([piece("f", "{", id="a", index=0), piece("f", "}", id="a", index=0)], [F], id="2: id in each chunk"),
    pytest.param([piece("f", "{", index=0), piece(None, "}", index=1)], [F], id="3: a stray tail"),
    pytest.param([piece("f", "{", index=0), piece(None, "", index=1), piece(None, "}", index=1)], [F], id="3: kept"),
    pytest.param([piece("f", "{}", id="a", index=0), piece("g", "{}", id="b", index=0)], [F, G], id="3: always 0"),
    pytest.param([piece("f", "{}", index=0), piece("g", "{}", index=0)], [F, G], id="3: always 0, no ids"),
    pytest.param(
        [piece("f", "{", id="a", index=0), piece(None, "}", id="b", index=0)],
        [F],
        id="3: a new id in each chunk (vLLM)",
    ),
    pytest.param(
        [piece("f", "{}", id="a", index=0), piece(None, "\n", id="b", index=0)], [("f", "{}\n")], id="3: and blanks"
    ),
    pytest.param([piece("f", "{", index="0"), piece(None, "}", index="0")], [F], id="3: a number as text"),
    pytest.param(
        [piece("f", index="0"), piece("g", index="1"), piece(None, "{}", index="0"), piece(None, "{}", index="1")],
        [F, G],
        id="3: numbers as text, interleaved",
    ),
    pytest.param([piece("f", "{", index=0.0), piece(None, "}", index=0)], [F], id="3: a number with a point"),
    pytest.param([piece("f", "{}"), piece("g", "{}")], [F, G], id="4: neither index nor id"),
    pytest.param([piece("f", "{"), piece(None, "}")], [F], id="4: a tail without anything"),
    pytest.param([piece("f", "{}", id="a"), piece("f", "{}", id="b")], [F, F], id="4: ids alone"),
    pytest.param([piece("f", "{", index=0), piece("f", "}", index=0)], [F], id="5: the name repeated"),
    pytest.param([piece("f", {"x": 1}, index=0)], [("f", '{"x":1}')], id="6: an object"),
    pytest.param([piece("f", None, index=0), piece(None, None, index=0)], [F], id="6: null"),
    pytest.param([piece("f", "{}", index=0), piece("f", "{}", id="a", index=0)], [F], id="6: the whole again"),
    pytest.param([piece("f", "{}{}", index=0)], [F, F], id="7: glued"),
    pytest.param([piece("f", '{} {"a":', index=0)], [("f", '{} {"a":')], id="7: glued, the last one cut"),
    pytest.param([piece("f", " ", index=0)], [F], id="9: blank"),
    pytest.param([{"index": 0, "id": "a", "function": {"name": "f"}}], [F], id="9: no arguments at all"),
    pytest.param([{"index": 0, "id": "a", "name": "f", "arguments": "{}"}], [F], id="9: no function around"),
    pytest.param([piece(None, "{}", index=0)], [(UNNAMED, "{}")], id="10: no name"),
    pytest.param([], [], id="12: no calls"),
    pytest.param([[]], [], id="12: an empty list"),
    pytest.param([None], [], id="1: null in the list"),
]


@pytest.mark.parametrize("finish", ["tool_calls", "stop", "function_call"])
@pytest.mark.parametrize(("pieces", "expected"), CALLS)
def test_calls(pieces: list[Any], expected: list[tuple[str, str]], finish: str) -> None:
    """Rule 11: whatever the finish says, calls count."""
    assert calls(*pieces, finish=finish) == expected


@pytest.mark.parametrize("listed", [None, {}, "x", 5, {"function": {"name": "f", "arguments": "{}"}}], ids=str)
def test_calls_that_are_no_list_are_read_if_they_are_one(listed: Any) -> None:
    completion = fold([chunk({"tool_calls": listed}), END])

    assert [call.name for call in completion.tool_calls] == (["f"] if isinstance(listed, dict) and listed else [])


def test_a_call_in_the_old_form_is_a_call() -> None:
    first, second = {"name": "f", "arguments": ""}, {"arguments": '{"x":1}'}

    (call,) = fold([chunk({"function_call": first}), chunk({"function_call": second}), END]).tool_calls

    assert (call.name, call.arguments) == ("f", '{"x":1}')


def test_what_a_piece_of_a_call_holds_besides_is_kept() -> None:
    signature = {"google": {"thought_signature": "s"}}
    first = {**piece("f", index=0), "extra_content": signature}
    later = {**piece(None, "{}", index=0), "extra_content": None}
    later["function"] |= {"thought": "t"}

    raw = fold([chunk({"tool_calls": [first]}), chunk({"tool_calls": [later]}), END]).message.raw

    assert raw["tool_calls"] == [
        {
            "id": fold([chunk({"tool_calls": [first]}), END]).tool_calls[0].id,
            "type": "function",
            "function": {"name": "f", "arguments": "{}", "thought": "t"},
            "extra_content": signature,
        }
    ]


def test_calls_of_other_choices_stay_with_them() -> None:
    entry = {"tool_calls": [piece("f", "{}", index=0)]}

    completion = fold(
        [chunk(entry, index=1), chunk({"content": "a"}), chunk(finish="stop"), chunk(None, "stop", index=1)]
    )

    assert [len(choice.tool_calls) for choice in completion.choices] == [0, 1]
