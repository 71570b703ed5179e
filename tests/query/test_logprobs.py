"""How the mass of a voter spreads over the keys, read off its tokens."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.query.keys import KeyTree
from callwright.query.votes import Reply, Vote, read_vote

TREE = KeyTree({"B": "b", "C": "c", "D": "d"}, 1)
DEEP = KeyTree({"SN": "sn", "SB": "sb", "KN": "kn", "KB": "kb"}, 2)


def token(
    text: str, mass: float | None = 1.0, /, others: dict[str, float] | None = None, **more: Any
) -> dict[str, Any]:
    """Return a token of the wire; `others`: what else could have stood there, with its probability."""
    alternatives = [{"token": other, "logprob": math.log(p) if p else -9999} for other, p in (others or {}).items()]
    logprob = None if mass is None else math.log(mass) if mass else -9999.0
    return {"token": text, "logprob": logprob, "top_logprobs": alternatives, **more}


def vote(text: str, *tokens: dict[str, Any], tree: KeyTree = TREE, **more: Any) -> Vote:
    found = read_vote(Reply(text, logprobs={"content": list(tokens)}), tree, wants_logprobs=True, **more)
    assert isinstance(found, Vote)
    return found


PLAIN = {"B": 0.6, "C": 0.3, "D": 0.1}

SPREADS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "a letter alone": ("B", [token("B", 0.6, PLAIN)]),
    "between ticks": ("`B`", [token("`"), token("B", 0.6, PLAIN), token("`")]),
    "merged with a tick": ("`B`", [token("`B", 0.6, {"`B": 0.6, "`C": 0.3, "`D": 0.1}), token("`")]),
    "merged with the tick behind": ("`B`", [token("`"), token("B`", 0.6, {"B`": 0.6, "C`": 0.3, "D`": 0.1})]),
    "some with ticks": ("`B`", [token("`B`", 0.6, {"`B`": 0.4, "B": 0.2, " `C": 0.3, "D`\n": 0.1})]),
    "with a blank": ("**B**", [token("**"), token(" B", 0.6, {" B": 0.6, "C": 0.3, "\u2581D": 0.1}), token("**")]),
    "in json": (
        '{"response_key":"B"}',
        [token('{"'), token('response_key":'), token('"B', 0.6, {'"B': 0.6, '"C': 0.3, '"D': 0.1}), token('"}')],
    ),
    "behind reasons that name it": (
        '{"_think":"B or D","response_key":"B"}',
        [
            *(token('{"_think":"'), token("B", 0.9, {"B": 0.9, "C": 0.1}), token(' or D","response_key":"')),
            *(token("B", 0.6, PLAIN), token('"}')),
        ],
    ),
    "behind characters of several bytes": (
        "“é” `B`",
        [
            token("\ufffd", bytes=[0xE2, 0x80]),
            token("\ufffd\ufffd", bytes=[0x9C, 0xC3]),
            token("\ufffd", bytes=[0xA9]),
            *(token("” `", bytes=None), token("B", 0.6, PLAIN), token("`")),
        ],
    ),
    "small": ("b", [token("b", 0.6, {"b": 0.6, "c": 0.3, "D": 0.1})]),
    "the token itself is left out": ("B", [token("B", 0.6, {"C": 0.3, "D": 0.1})]),
    "words are no keys": ("B", [token("B", 0.06, {"B": 0.06, "Based": 0.5, "C": 0.03, "Didn't": 0.2, "D": 0.01})]),
    "letters that are no keys": ("B", [token("B", 0.3, {"B": 0.3, "Q": 0.4, "C": 0.15, "": 0.1, "D": 0.05})]),
    "values that are none": (
        "B",
        [{**token("B", 0.6, PLAIN), "top_logprobs": [*token("B", 1, PLAIN)["top_logprobs"], {"token": "C"}, None, 7]}],
    ),
}


@pytest.mark.parametrize(("text", "tokens"), SPREADS.values(), ids=SPREADS)
def test_the_mass_of_each_letter_is_read_where_the_key_stands(text: str, tokens: list[dict[str, Any]]):
    found = vote(text, *tokens)

    assert found.method == "logprobs"
    assert found.shares == pytest.approx({"b": 0.6, "c": 0.3, "d": 0.1})
    assert not found.is_approximate


def test_coverage_says_how_much_of_the_mass_was_on_keys():
    full = vote("B", token("B", 0.6, PLAIN))
    thin = vote("B", token("B", 0.01, {"B": 0.01, "Based": 0.9, "C": 0.01}))

    assert full.coverage == pytest.approx(1)
    assert thin.coverage == pytest.approx(0.02)
    assert thin.is_doubtful
    assert thin.shares == pytest.approx({"b": 0.5, "c": 0.5, "d": 0.0})


def test_a_floor_keeps_what_the_list_left_out():
    found = vote("B", token("B", 0.9, {"B": 0.9}), floor=0.05)

    assert found.shares == pytest.approx({"b": 0.9, "c": 0.05, "d": 0.05})


USELESS: dict[str, tuple[Any, str]] = {
    "none": (None, "no logprobs came"),
    "null": ({"content": None}, "no logprobs came"),
    "empty": ({"content": []}, "no logprobs came"),
    "no list": ({"content": "B"}, "no logprobs came"),
    "no objects": ({"content": [1, None]}, "no logprobs came"),
    "other tokens": ({"content": [token("Paris", 1.0, {"Paris": 1.0})]}, "the tokens do not spell the key"),
    "a letter of a word": ({"content": [token("Bob", 1.0, {"Bob": 1.0})]}, "the tokens do not spell the key"),
    "no alternatives": ({"content": [token("B")]}, "no alternatives came"),
    "alternatives are null": ({"content": [{**token("B"), "top_logprobs": None}]}, "no alternatives came"),
    "all 0": ({"content": [token("B", 1.0, {"B": 1.0}), token("\n")]}, "all logprobs are 0"),
    "-9999": ({"content": [token("B", 0.0, {"C": 0.5})]}, "the logprob -9999 is none"),
    "above 0": ({"content": [{**token("B", 1.0, PLAIN), "logprob": 3}]}, "the logprob 3 is none"),
    "every one certain": ({"content": [token("B", 1.0, {"B": 1.0, "C": 1.0})]}, "the probabilities sum to more than 1"),
    "no mass of its own": ({"content": [token("B", None, {"C": 0.5})]}, "the key itself has no mass"),
    "not a number": (
        {"content": [{**token("B", None, {"C": 0.5}), "logprob": math.nan}]},
        "the key itself has no mass",
    ),
}


@pytest.mark.parametrize(("logprobs", "why"), USELESS.values(), ids=USELESS)
def test_a_voter_without_usable_logprobs_gives_all_to_its_key_and_says_why(logprobs: Any, why: str):
    found = read_vote(Reply("B", logprobs=logprobs), TREE, wants_logprobs=True)

    assert found == Vote({"b": 1.0, "c": 0.0, "d": 0.0}, "B", note=why)


def test_logprobs_that_were_not_asked_for_are_not_read():
    found = read_vote(Reply("B", logprobs={"content": [token("B", 0.6, PLAIN)]}), TREE)

    assert found == Vote({"b": 1.0, "c": 0.0, "d": 0.0}, "B")


DEEP_TOKENS = [token("`"), token("S", 0.8, {"S": 0.8, "K": 0.2}), token("``"), token("N", 0.75, {"N": 0.75, "B": 0.25})]


def test_the_mass_of_another_branch_is_spread_evenly_over_its_choices():
    found = vote("`S``N`", *DEEP_TOKENS, token("`"), tree=DEEP)

    assert found.shares == pytest.approx({"sn": 0.6, "sb": 0.2, "kn": 0.1, "kb": 0.1})
    assert found.is_approximate


def test_the_choices_of_another_branch_get_nothing_if_that_is_wished():
    found = vote("`S``N`", *DEEP_TOKENS, token("`"), tree=DEEP, branches="sampled")

    assert found.shares == pytest.approx({"sn": 0.75, "sb": 0.25, "kn": 0.0, "kb": 0.0})


def test_a_key_of_one_token_weighs_both_letters():
    found = vote('"SN"', token('"'), token("SN", 0.6, {"SN": 0.6, "SB": 0.2, "KN": 0.2}), token('"'), tree=DEEP)

    assert found.shares == pytest.approx({"sn": 0.6, "sb": 0.2, "kn": 0.1, "kb": 0.1})


def test_a_level_without_logprobs_makes_all_of_it_useless():
    found = vote(
        "`S``N`", token("`"), token("S", 0.8, {"S": 0.8, "K": 0.2}), token("``"), token("N"), token("`"), tree=DEEP
    )

    assert (found.method, found.note) == ("onehot", "no alternatives came")


masses = st.lists(st.floats(0.0001, 1), min_size=2, max_size=20)


@settings(deadline=None)
@given(masses, st.lists(st.sampled_from(["", "`", " ", '"']), min_size=20, max_size=20))
def test_the_shares_of_any_distribution_sum_to_1(parts: list[float], marks: list[str]):
    letters = "BCDEFGHJKLMNOPQRSTAI"[: len(parts)]
    tree = KeyTree({letter: letter.lower() for letter in letters}, 1)
    total = sum(parts) * 1.1
    others = {mark + letter: part / total for letter, part, mark in zip(letters, parts, marks, strict=False)}
    first = next(iter(others))

    found = vote("B", token(first, others[first], others), tree=tree)

    assert math.fsum(found.shares.values()) == pytest.approx(1)
    assert found.shares == pytest.approx(
        {letter.lower(): part / sum(parts) for letter, part in zip(letters, parts, strict=True)}
    )
