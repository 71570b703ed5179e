"""What a member's vote has earned on prompts like this one."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import ParameterError
from callwright.query.settings import StaticWeight, TrainingTableWeight
from callwright.query.tally import Contribution, tally
from callwright.query.weights import Neighbour, dynamic_weight, weight_of

WEIGHT = TrainingTableWeight(base_weight=1.0, min_weight=0.5, max_weight=3.0)


@pytest.mark.parametrize("prior", [0.0, 1.0])
def test_without_rows_the_weight_is_the_base(prior: float):
    nothing = [[], [Neighbour(0.9, None)], [Neighbour(0.0, None)]]

    assert [dynamic_weight(WEIGHT, rows, prior=prior) for rows in nothing] == [1.0] * 3


def test_rows_that_are_not_like_the_prompt_say_nothing():
    assert dynamic_weight(WEIGHT, [Neighbour(0.0, 1.0), Neighbour(-1.0, 1.0)]) == pytest.approx(1.0)
    assert dynamic_weight(WEIGHT, [Neighbour(0.0, 1.0)], prior=0) == 1.0


def test_who_was_never_right_gets_the_least_and_who_always_was_the_most():
    assert dynamic_weight(WEIGHT, [Neighbour(0.4, 0.0)], prior=0) == 0.5
    assert dynamic_weight(WEIGHT, [Neighbour(0.4, 1.0), Neighbour(0.9, 1.0)], prior=0) == 3.0
    assert dynamic_weight(WEIGHT, [Neighbour(1.0, 1.0)] * 10_000) == pytest.approx(3.0, abs=1e-3)
    assert dynamic_weight(WEIGHT, [Neighbour(1.0, 0.0)] * 10_000) == pytest.approx(0.5, abs=1e-3)


def test_the_formula_lies_between():
    """p0 = 0.2; p = (0.8 * 1 + 0.2 * 0.5 + 1 * 0.2) / (0.8 + 0.2 + 1) = 0.55."""
    rows = [Neighbour(0.8, 1.0), Neighbour(0.2, 0.5), Neighbour(0.7, None)]

    assert dynamic_weight(WEIGHT, rows) == pytest.approx(0.5 + 2.5 * 0.55)


def test_only_the_nearest_rows_count():
    rows = [Neighbour(0.1, 0.0)] * 50 + [Neighbour(0.9, 1.0)] * 2

    assert dynamic_weight(WEIGHT, rows, top=2, prior=0) == 3.0


def test_a_weight_without_room_does_not_move():
    assert dynamic_weight(TrainingTableWeight(2.0, 2.0, 2.0), [Neighbour(1.0, 0.0)]) == 2.0


@pytest.mark.parametrize(("top", "prior"), [(0, 1.0), (None, -1.0), (None, math.inf), (None, math.nan)])
def test_what_is_out_of_range_is_refused(top: int | None, prior: float):
    with pytest.raises(ParameterError, match="expected prior >= 0 and top >= 1"):
        dynamic_weight(WEIGHT, [], top=top, prior=prior)


def test_a_static_weight_earns_nothing():
    assert weight_of(StaticWeight(2.0), [Neighbour(1.0, 0.0)]) == 2.0
    assert weight_of(WEIGHT, [Neighbour(1.0, 0.0)], prior=0) == 0.5


rows_of = st.lists(st.builds(Neighbour, st.floats(-1, 1), st.none() | st.floats(0, 1)), max_size=9)


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 9), min_size=3, max_size=3).map(sorted), rows_of, st.floats(0, 5))
def test_a_weight_stays_within_its_bounds(bounds: list[float], rows: list[Neighbour], prior: float):
    least, base, most = bounds

    assert least <= dynamic_weight(TrainingTableWeight(base, least, most), rows, prior=prior) <= most


@settings(deadline=None)
@given(rows_of, st.floats(0.01, 1))
def test_a_right_vote_more_lowers_no_weight(rows: list[Neighbour], similarity: float):
    before = dynamic_weight(WEIGHT, rows)

    assert dynamic_weight(WEIGHT, [*rows, Neighbour(similarity, 1.0)]) >= before - 1e-12


COMPETENCE = [0.9, 0.8, 0.4, 0.4, 0.3]
"""How often each of five voters is right about questions of one kind; about the other kind, the other way round."""


def voted(chance: random.Random, kind: int) -> list[str]:
    right = COMPETENCE if kind else COMPETENCE[::-1]
    return ["right" if chance.random() < p else chance.choice(["x", "y"]) for p in right]


def winner(votes: list[str], weights: list[float]) -> str:
    return tally([Contribution({one: 1.0}, weight) for one, weight in zip(votes, weights, strict=True)]).winner


@pytest.mark.parametrize("seed", range(3))
def test_weights_from_a_table_of_100_rows_are_right_more_often_than_equal_ones(seed: int):
    """Where competences lie closer together than 10 rows can tell, they are as good as equal ones, not better."""
    chance = random.Random(seed)
    table = [(kind, voted(chance, kind)) for kind in (0, 1) for _ in range(50)]
    earned = {
        kind: [
            dynamic_weight(
                TrainingTableWeight(base_weight=1.0, min_weight=0.1, max_weight=3.0),
                [Neighbour(0.9 if row_kind == kind else 0.2, float(row[voter] == "right")) for row_kind, row in table],
                top=10,
            )
            for voter in range(5)
        ]
        for kind in (0, 1)
    }
    questions = [(kind, voted(chance, kind)) for kind in (0, 1) for _ in range(1000)]

    equal = sum(winner(votes, [1.0] * 5) == "right" for _, votes in questions)
    dynamic = sum(winner(votes, earned[kind]) == "right" for kind, votes in questions)

    assert dynamic >= equal
