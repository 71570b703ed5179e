"""What votes add up to."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import ParameterError, QuorumError
from callwright.query.candidates import REFUSAL
from callwright.query.tally import Contribution, Tally, failure_code, generator_weights, log_pool, tally


def one(class_id: str, weight: float = 1.0, **more: object) -> Contribution:
    return Contribution({class_id: 1.0}, weight, **more)  # type: ignore[arg-type]


def test_two_of_three_generators_are_two_thirds():
    found = tally([one("a", kind="generate"), one("a", kind="generate"), one("b", kind="generate")])

    assert (found.winner, found.confidence) == ("a", pytest.approx(2 / 3))
    assert found.shares == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    assert found.margin == pytest.approx(1 / 3)
    assert found.entropy == pytest.approx(0.9182958)


def test_weights_and_distributions_are_multiplied():
    found = tally([one("a", 2.0), Contribution({"a": 0.25, "b": 0.75}, 4.0)], classes=["a", "b", "c"])

    assert found.weights == pytest.approx({"a": 3.0, "b": 3.0, "c": 0.0})
    assert found.ranking == ("b", "a", "c") or found.is_tie
    assert found.confidence_of({"a": 0.25, "b": 0.75}) == pytest.approx(0.5)


def test_one_class_is_certain():
    found = tally([one("a")])

    assert (found.confidence, found.margin, found.entropy, found.is_tie) == (1.0, 1.0, 0.0, False)


TIES = {
    "more families": (
        [one("a", family="x"), one("a", family="x"), one("b", family="x"), one("b", family="y")],
        "b",
    ),
    "more generators": (
        [one("a", family="x"), one("b", family="x", kind="generate")],
        "b",
    ),
    "likelier": (
        [one("a", kind="generate", logprob=-2.0), one("b", kind="generate", logprob=-1.0)],
        "b",
    ),
    "a known likelihood": ([one("a", kind="generate"), one("b", kind="generate", logprob=-9.0)], "b"),
    "the smaller id": ([one("b"), one("a")], "a"),
    "weights that do not add up exactly": (
        [one("b", 0.1, family="x"), one("b", 0.2, family="y"), one("a", 0.3, family="z")],
        "b",
    ),
}


@pytest.mark.parametrize(("contributions", "winner"), TIES.values(), ids=TIES)
def test_a_tie_is_broken_in_one_way_and_told(contributions: list[Contribution], winner: str):
    assert tally(contributions).winner == winner
    assert tally(contributions[::-1]).winner == winner
    assert tally(contributions).is_tie


def test_refusals_win_only_with_more_than_half():
    half = tally([one(REFUSAL, 2.0), one("a"), one("b")])
    more = tally([one(REFUSAL, 2.1), one("a"), one("b")])

    assert half.winner == "a"
    assert half.margin == pytest.approx(-0.25)
    assert more.winner == REFUSAL


def test_the_weight_of_those_who_failed_lowers_the_fraction_and_not_the_shares():
    found = tally([one("a"), one("a"), one("b")], asked_weight=6.0)

    assert found.valid_weight_fraction == 0.5
    assert found.confidence == pytest.approx(2 / 3)
    found.check_quorum()
    with pytest.raises(QuorumError, match="expected votes of 60% of the weight; got 50%"):
        found.check_quorum(0.6)


@pytest.mark.parametrize("contributions", [[], [one("a", 0.0)]], ids=["none", "no weight"])
def test_no_vote_is_no_tally(contributions: list[Contribution]):
    with pytest.raises(QuorumError, match="no vote counts"):
        tally(contributions, classes=["a", "b"])


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_a_weight_is_a_number_from_0(weight: float):
    with pytest.raises(ParameterError, match="expected weights >= 0"):
        tally([one("a", weight)])


distributions = st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda parts: sum(parts) > 0.01)
contributions = st.lists(
    st.builds(
        Contribution,
        distributions.map(lambda parts: {name: part / sum(parts) for name, part in zip("abcd", parts, strict=True)}),
        st.floats(0.01, 100),
        st.sampled_from(["generate", "select"]),
        st.sampled_from(["x", "y"]),
        st.none() | st.floats(-10, 0),
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None)
@given(contributions)
def test_confidences_sum_to_1(votes: list[Contribution]):
    found = tally(votes, classes="abcde")

    assert math.fsum(found.shares.values()) == pytest.approx(1)
    assert set(found.ranking) == set("abcde")
    assert 0 <= found.margin <= found.confidence <= 1
    assert 0 <= found.entropy <= math.log2(5)


@settings(deadline=None)
@given(contributions, st.randoms(use_true_random=False))
def test_the_order_of_the_voters_changes_nothing(votes: list[Contribution], chance: random.Random):
    shuffled = list(votes)
    chance.shuffle(shuffled)

    one, other = tally(votes, classes="abcd"), tally(shuffled, classes="dcba")

    assert (one, one.ranking) == (other, other.ranking)


def majority(voters: int, runs: int, chance: random.Random) -> float:
    """Return how often the majority of independent voters, each right in 60 of 100 cases, is right."""

    def wins() -> bool:
        return tally([one("right" if chance.random() < 0.6 else "wrong") for _ in range(voters)]).winner == "right"

    return sum(wins() for _ in range(runs)) / runs


@pytest.mark.parametrize(("voters", "expected"), [(5, 0.683), (9, 0.733), (15, 0.787)])
def test_a_majority_is_right_as_often_as_the_binomial_says(voters: int, expected: float):
    runs = 6000

    found = majority(voters, runs, random.Random(voters))

    assert found == pytest.approx(expected, abs=3 * math.sqrt(expected * (1 - expected) / runs))


def test_the_choices_of_one_generator_share_its_weight():
    assert generator_weights(2.0, 4) == (0.5,) * 4
    assert generator_weights(2.0, 3, style="objectiveai") == (2.0,) * 3
    assert generator_weights(2.0, 0) == ()


def test_a_logarithmic_pool_is_sharper_than_a_linear_one():
    votes = [{"a": 0.8, "b": 0.2}, {"a": 0.8, "b": 0.2}]

    pool = log_pool((vote, 1.0) for vote in votes)

    assert pool == pytest.approx({"a": 16 / 17, "b": 1 / 17})
    assert log_pool((vote, 0.5) for vote in votes) == pytest.approx(votes[0])


def test_one_voter_cannot_veto_in_a_logarithmic_pool():
    pool = log_pool([({"a": 0.0, "b": 1.0}, 1.0), *[({"a": 0.99, "b": 0.01}, 1.0)] * 2])

    assert pool["a"] > 0.9
    with pytest.raises(QuorumError):
        log_pool([])


@pytest.mark.parametrize(
    ("codes", "code"), [([429, 429], 429), ([401, 429], 400), ([429, 502], 500), ([503], 503), ([], 500)]
)
def test_the_code_of_a_vote_that_failed_sums_up_its_voters(codes: list[int], code: int):
    assert failure_code(codes) == code


def test_a_tally_can_be_compared():
    assert tally([one("a")]) == Tally({"a": 1.0}, is_tie=False, valid_weight_fraction=1.0)
