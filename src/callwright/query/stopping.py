"""A stop rule: when the votes that are in make those that are not unnecessary."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from callwright.errors import ParameterError
from callwright.query.candidates import REFUSAL

__all__ = ["Beta", "Exact", "Never", "Share", "Standing", "StopRule", "beta_lead", "is_decided", "stop_rule", "wave"]

_RULE = re.compile(r"(beta|confidence):(0?\.[0-9]+|1(?:\.0*)?)")
_FEWEST = 2
_STEPS = 200
_CLOSE = 1e-12
_TINY = 1e-300
_SAFETY = 1e-9
"""Part of all weight that a lead must exceed: sums of weights are not exact, and shares that close are a tie."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a vote stands."""

    weights: Mapping[str, float]
    """Class id -> weight of the votes that are in; every class."""
    outstanding: float
    """The weight of the voters that have not answered, asked or not."""
    votes: int
    """How many votes are in."""

    @property
    def total(self) -> float:
        """All weight that is in."""
        return math.fsum(self.weights.values())

    @property
    def leader(self) -> str | None:
        """The class that leads; refusals only with more than half of the weight."""
        answers = {class_id: weight for class_id, weight in self.weights.items() if class_id != REFUSAL}
        refused = self.weights.get(REFUSAL, 0.0)
        if refused and 2 * refused > self.total:
            return REFUSAL
        return max(sorted(answers), key=answers.__getitem__, default=None)

    @property
    def two(self) -> tuple[float, float]:
        """The weights of the leader and of the strongest other answer."""
        leader = self.leader
        others = [weight for class_id, weight in self.weights.items() if class_id not in {leader, REFUSAL}]
        return (0.0 if leader is None else self.weights[leader]), max(others, default=0.0)


class StopRule(Protocol):
    """Says when enough votes are in."""

    def reached(self, standing: Standing) -> bool:
        """Whether no further vote is needed."""
        ...


@dataclass(frozen=True, slots=True)
class Never:
    """All vote."""

    def reached(self, standing: Standing) -> bool:
        """See `StopRule`."""
        return standing.outstanding <= 0


@dataclass(frozen=True, slots=True)
class Exact:
    """Until no vote can change the winner."""

    def reached(self, standing: Standing) -> bool:
        """See `StopRule`."""
        return is_decided(standing)


@dataclass(frozen=True, slots=True)
class Beta:
    """Until the leader of the two strongest is, with a probability of `threshold`, the one that most would choose.

    Source: Adaptive-Consistency, Aggarwal et al., arXiv 2305.11860.
    """

    threshold: float
    """0.5 to 1."""

    def reached(self, standing: Standing) -> bool:
        """See `StopRule`."""
        if is_decided(standing):
            return True
        if standing.votes < _FEWEST or not standing.total:
            return False
        # The rule counts votes: a vote is as much weight as one has on average.
        unit = standing.total / standing.votes
        lead, second = standing.two
        return beta_lead(lead / unit, second / unit) >= self.threshold


@dataclass(frozen=True, slots=True)
class Share:
    """Until the leader has a share of `threshold` of two votes or more."""

    threshold: float
    """0 to 1."""

    def reached(self, standing: Standing) -> bool:
        """See `StopRule`."""
        if is_decided(standing):
            return True
        lead, _ = standing.two
        return standing.votes >= _FEWEST and lead >= self.threshold * standing.total > 0


def stop_rule(text: str) -> StopRule:
    """Return the rule that a text names: `none`, `exact`, `beta:0.95` or `confidence:0.9`.

    Raises:
        ParameterError: It names none.
    """
    if text == "none":
        return Never()
    if text == "exact":
        return Exact()
    found = _RULE.fullmatch(text)
    if found is None:
        raise ParameterError(f"stop: expected 'none', 'exact', 'beta:0.95' or 'confidence:0.9'; got {text!r}")
    threshold = float(found[2])
    return Beta(threshold) if found[1] == "beta" else Share(threshold)


def is_decided(standing: Standing) -> bool:
    """Whether the winner stays the winner, whatever those say that have not voted, and whoever of them fails."""
    left = standing.outstanding
    if left <= 0:
        return True
    total, refused = standing.total, standing.weights.get(REFUSAL, 0.0)
    safety = _SAFETY * (total + left)
    if 2 * refused > total:
        return 2 * refused > total + left + safety
    lead, second = standing.two
    can_refuse = REFUSAL in standing.weights and left + safety > total - 2 * refused
    return lead - second > left + safety and not can_refuse


def wave(standing: Standing, pending: Sequence[float]) -> int:
    """Return how many voters to ask next: as few as could decide the vote if all of them were for the leader.

    Args:
        standing: The votes that are in; `outstanding` is the sum of `pending` if none is under way.
        pending: The weights of the voters not asked, in the order in which they are asked.

    Returns:
        At least 1, if there is one; all, if no fewer can decide.
    """
    lead, second = standing.two
    left = math.fsum(pending)
    gained = 0.0
    for count, weight in enumerate(pending, 1):
        gained += weight
        if lead + gained - second > left - gained:
            return count
    return len(pending)


def beta_lead(lead: float, second: float) -> float:
    """Return P(p > 1/2) for p of Beta(lead + 1, second + 1): how likely the leader stays ahead of the second.

    Args:
        lead: Votes for the leader, >= 0; need not be whole.
        second: Votes for the second.
    """
    a, b = second + 1, lead + 1
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) - (a + b) * math.log(2))
    # The fraction converges fast on one side only; the other one is what is left.
    if a > b:
        return front * _fraction(a, b) / a
    return max(0.0, 1 - front * _fraction(b, a) / b)


def _fraction(a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function at 1/2.

    Source: modified Lentz's method, Numerical Recipes 6.4; DLMF 8.17.22.
    """
    x = 0.5
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            c, d = _nonzero(1 + term / c), 1 / _nonzero(1 + term * d)
            value *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
