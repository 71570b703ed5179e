"""Limits of a run, and the budget that runs share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from callwright.errors import BudgetError, ParameterError
from callwright.run.limits import Budget, Limits
from callwright.wire.chat import Usage


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"tool_calls_per_turn": 0}, {"tool_concurrency": -1}], ids=str)
def test_limits_below_one_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="expected >= 1"):
        Limits(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"requests": -1}, {"tokens": -5}, {"cost": Decimal(-1)}, {"cost": float("nan")}, {"seconds": -0.1}],
    ids=str,
)
def test_limits_below_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="expected >= 0, or None"):
        Limits(**wrong)


@pytest.mark.parametrize(
    ("limits", "spent"),
    [
        (Limits(), None),
        (Limits(requests=3), None),
        (Limits(requests=2), "requests: 2 of 2"),
        (Limits(tokens=10), "tokens: 10 of 10"),
        (Limits(cost=0.5), "cost: 0.5"),
        (Limits(cost=Decimal("0.6")), None),
        (Limits(seconds=9), "seconds: 9.0 of 9"),
    ],
    ids=str,
)
def test_a_limit_is_reached_when_nothing_is_left(limits: Limits, spent: str | None) -> None:
    reached = limits.spent(requests=2, usage=Usage(8, 2, 10, cost=Decimal("0.5")), elapsed=9.0)

    assert reached is spent if spent is None else (reached or "").startswith(spent)


def test_a_budget_admits_until_it_is_used_up() -> None:
    budget = Budget(tokens=10)

    budget.admit()
    budget.settle(Usage(8, 2, 10))

    with pytest.raises(BudgetError, match="tokens: 10 of 10"):
        budget.admit()
    assert (budget.requests, budget.usage.total_tokens) == (1, 10)
