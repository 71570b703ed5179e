"""When enough votes are in."""

from __future__ import annotations

import random
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import ParameterError
from callwright.query.candidates import REFUSAL
from callwright.query.stopping import (
    Beta,
    Exact,
    Never,
    Share,
    Standing,
    StopRule,
    beta_lead,
    is_decided,
    stop_rule,
    wave,
)
from callwright.query.tally import Contribution, tally

Ballots = list[tuple[str, float]]


def standing(votes: Ballots, pending: Ballots, classes: str | list[str] = "abc") -> Standing:
    weights = {class_id: sum(weight for one, weight in votes if one == class_id) for class_id in classes}
    return Standing(weights, sum(weight for _, weight in pending), len(votes))


def winner(votes: Ballots, classes: str | list[str] = "abc") -> str:
    return tally([Contribution({one: 1.0}, weight) for one, weight in votes], classes=list(classes)).winner


def asked(votes: Ballots, rule: StopRule) -> int:
    """Return how many votes are taken one by one until the rule stops."""
    return next(count for count in range(len(votes) + 1) if rule.reached(standing(votes[:count], votes[count:])))


def simulated(chance: random.Random, voters: int) -> Ballots:
    """Return the votes of a jury on one question: how hard it is, all of them feel; the heaviest vote first."""
    ease = chance.betavariate(4, 1.5)
    weights = sorted((chance.uniform(0.5, 2) for _ in range(voters)), reverse=True)
    return [("a" if chance.random() < ease else chance.choice("bc"), weight) for weight in weights]


def test_the_exact_rule_never_changes_the_winner_and_saves_a_fifth_of_the_calls():
    chance, runs, voters, calls = random.Random(7), 10_000, 8, 0

    for _ in range(runs):
        votes = simulated(chance, voters)
        count = asked(votes, Exact())
        calls += count
        assert winner(votes[:count]) == winner(votes)

    assert calls / (runs * voters) <= 0.8


def test_the_beta_rule_saves_more_and_errs_seldom():
    chance, runs, voters, calls, changed = random.Random(8), 2000, 8, 0, 0

    for _ in range(runs):
        votes = simulated(chance, voters)
        count = asked(votes, Beta(0.9))
        calls += count
        changed += winner(votes[:count]) != winner(votes)

    assert calls / (runs * voters) < 0.7
    assert changed / runs < 0.05


votes_of = st.lists(
    st.tuples(st.sampled_from(["a", "b", REFUSAL]), st.sampled_from([0.1, 0.2, 0.3, 1.0, 2.0])), max_size=7
)


@settings(deadline=None)
@given(votes_of.filter(bool), votes_of, st.lists(st.booleans(), min_size=7, max_size=7))
def test_what_is_decided_stays_so_whoever_votes_and_whoever_fails(votes: Ballots, rest: Ballots, fails: list[bool]):
    classes = ["a", "b", REFUSAL]
    answered = [vote for vote, has_failed in zip(rest, fails, strict=False) if not has_failed]

    if is_decided(standing(votes, rest, classes)) and rest:
        assert winner(votes + answered, classes) == winner(votes, classes)


DECIDED = {
    "more than is left": ([("a", 3.0), ("b", 1.0)], [("", 1.9)], True),
    "as much as is left": ([("a", 3.0), ("b", 1.0)], [("", 2.0)], False),
    "nothing is left": ([("a", 1.0), ("b", 1.0)], [], True),
    "none has voted": ([], [("", 1.0)], False),
    "a class nobody voted for may still win": ([("a", 1.0)], [("", 1.0)], False),
    "refusals may still win": ([("a", 2.0), (REFUSAL, 2.0)], [("", 0.5)], False),
    "refusals cannot win any more": ([("a", 3.0), (REFUSAL, 1.0)], [("", 1.0)], True),
    "refusals have won": ([("a", 1.0), (REFUSAL, 3.0)], [("", 1.0)], True),
    "refusals may still lose": ([("a", 1.0), (REFUSAL, 3.0)], [("", 2.0)], False),
}


@pytest.mark.parametrize(("votes", "rest", "is_so"), DECIDED.values(), ids=DECIDED)
def test_a_vote_is_decided_when_no_other_can_win(votes: Ballots, rest: Ballots, is_so: bool):  # noqa: FBT001 - a table
    assert is_decided(standing(votes, rest, ["a", "b", REFUSAL])) is is_so


def test_all_vote_if_nothing_stops_them():
    assert asked([("a", 1.0)] * 5, Never()) == 5


def test_a_share_of_two_votes_is_the_least():
    assert asked([("a", 1.0)] * 9, Share(0.9)) == 2
    assert asked([("a", 1.0), ("b", 1.0), *[("a", 1.0)] * 9], Share(0.75)) == 4


def test_the_beta_rule_wants_two_votes_and_counts_them_by_their_mean_weight():
    assert asked([("a", 1.0)] * 9, Beta(0.5)) == 2
    assert asked([("a", 5.0)] * 9, Beta(0.95)) == asked([("a", 1.0)] * 9, Beta(0.95)) == 4


@pytest.mark.parametrize(("lead", "second"), [(0, 0), (1, 0), (3, 1), (5, 4), (1, 5), (40, 20), (0, 9), (200, 199)])
def test_the_lead_of_whole_votes_is_the_binomials(lead: int, second: int):
    """P(Beta(l+1, s+1) > 1/2) is the chance that a fair coin falls head at most l times in l+s+1."""
    n = lead + second + 1
    expected = sum(comb(n, heads) for heads in range(lead + 1)) / 2**n

    assert beta_lead(lead, second) == pytest.approx(expected, rel=1e-8)


@settings(deadline=None)
@given(st.floats(0, 500), st.floats(0, 500))
def test_a_lead_and_its_reverse_are_all_there_is(lead: float, second: float):
    assert beta_lead(lead, second) + beta_lead(second, lead) == pytest.approx(1)
    assert 0 <= beta_lead(lead, second) <= 1 + 1e-9


WAVES = {
    "equal weights": ([], [1.0] * 8, 5),
    "two equal": ([], [1.0, 1.0], 2),
    "a heavy one": ([], [5.0, 1.0, 1.0], 1),
    "some are in": ([("a", 1.0), ("a", 1.0), ("b", 1.0)], [1.0] * 5, 3),
    "none is left": ([("a", 1.0)], [], 0),
    "no fewer can decide": ([("a", 1.0), ("b", 1.0)], [0.0], 1),
}


@pytest.mark.parametrize(("votes", "pending", "count"), WAVES.values(), ids=WAVES)
def test_as_few_are_asked_as_could_decide(votes: Ballots, pending: list[float], count: int):
    assert wave(standing(votes, [("", weight) for weight in pending]), pending) == count


RULES = {"none": Never(), "exact": Exact(), "beta:0.95": Beta(0.95), "beta:.8": Beta(0.8), "confidence:1": Share(1.0)}


@pytest.mark.parametrize(("text", "rule"), RULES.items(), ids=RULES)
def test_a_rule_is_named_by_a_text(text: str, rule: StopRule):
    assert stop_rule(text) == rule


@pytest.mark.parametrize("text", ["", "beta", "beta:2", "beta:-1", "confidence:nan", "Exact", "exact "])
def test_a_text_that_names_no_rule_is_refused(text: str):
    with pytest.raises(ParameterError, match="stop: expected 'none', 'exact'"):
        stop_rule(text)
