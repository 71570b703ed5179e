"""A tally: what the votes of an ensemble add up to."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from callwright.errors import ParameterError, QuorumError
from callwright.query.candidates import REFUSAL

__all__ = ["QUORUM", "Contribution", "Tally", "failure_code", "generator_weights", "log_pool", "tally"]

QUORUM = 0.5
_DIGITS = 9
"""Shares that differ less are a tie: weights such as 0.1 do not add up exactly."""
_LEAST = 1e-3
_CLIENT, _SERVER = 400, 500


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one answer adds to the tally: a candidate that was written, or a vote."""

    shares: Mapping[str, float]
    """Class id -> share; they sum to 1."""
    weight: float = 1.0
    """>= 0."""
    kind: Literal["generate", "select"] = "select"
    family: str = ""
    """Whose model it is; a tie goes to the class that more of them prefer."""
    logprob: float | None = None
    """The mean log probability of a candidate's tokens, if it is known."""

    @property
    def favourite(self) -> str | None:
        """The class with the greatest share; None if two have it."""
        most = max(self.shares.values(), default=0.0)
        best = [class_id for class_id, share in self.shares.items() if share == most]
        return best[0] if len(best) == 1 else None


@dataclass(frozen=True, slots=True)
class Tally:
    """What the votes add up to."""

    weights: Mapping[str, float]
    """Class id -> weight, of every class, in the order of the ranking."""
    is_tie: bool
    """Whether the winner has no greater share than the one behind it."""
    valid_weight_fraction: float
    """How much of the weight that was asked for a vote gave one, 0 to 1."""
    total: float = field(init=False)
    """All of the weight, > 0."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", math.fsum(self.weights.values()))

    @property
    def shares(self) -> dict[str, float]:
        """Class id -> its part of all weight; they sum to 1."""
        return {class_id: weight / self.total for class_id, weight in self.weights.items()}

    @property
    def ranking(self) -> tuple[str, ...]:
        """The class ids, the winner first."""
        return tuple(self.weights)

    @property
    def winner(self) -> str:
        """The class id that won."""
        return self.ranking[0]

    @property
    def confidence(self) -> float:
        """The winner's share: how much of the weight is for it, not how likely it is right."""
        return self.weights[self.winner] / self.total

    @property
    def margin(self) -> float:
        """The winner's share less the greatest other one; less than 0 if refusals have more."""
        others = [weight for class_id, weight in self.weights.items() if class_id != self.winner]
        return (self.weights[self.winner] - max(others, default=0.0)) / self.total

    @property
    def entropy(self) -> float:
        """How far the shares are spread, in bits: 0 if all are for one."""
        return abs(math.fsum(share * math.log2(share) for share in self.shares.values() if share > 0))

    def confidence_of(self, shares: Mapping[str, float]) -> float:
        """Return how much of the weight is for what a vote is for: the confidence of its choice on the wire."""
        return math.fsum(share * self.weights.get(class_id, 0.0) for class_id, share in shares.items()) / self.total

    def check_quorum(self, quorum: float = QUORUM) -> None:
        """Refuse a result that too few voted for.

        Args:
            quorum: The least part of the weight that must have voted, 0 to 1.

        Raises:
            QuorumError: Less did.
        """
        if self.valid_weight_fraction < quorum:
            raise QuorumError(
                f"expected votes of {quorum:.0%} of the weight; got {self.valid_weight_fraction:.0%}: ask more voters, "
                "or take less for enough"
            )


def tally(
    contributions: Iterable[Contribution], *, classes: Sequence[str] = (), asked_weight: float | None = None
) -> Tally:
    """Return what contributions add up to: a class's weight is the sum of each weight times the share it gave.

    The order of the contributions changes nothing, to the last bit. A tie goes to the class that models of more
    families prefer, then to the one that more generators wrote, then to the likelier text, then to the smallest id.
    Refusals, one class of their own, win only with more than half of the weight.

    Args:
        contributions: Answers that count; those that failed are left out, and so weigh nothing.
        classes: All that could have been voted for; those without a vote get 0.
        asked_weight: The weight of all that were asked, failed ones too; what counts, if it is not given.

    Raises:
        QuorumError: Nothing was contributed.
        ParameterError: A weight is less than 0, or not finite.

    Source: linear opinion pool, Stone (1961).
    """
    counted = [contribution for contribution in contributions if contribution.weight != 0]
    for contribution in counted:
        if not 0 < contribution.weight < math.inf:
            raise ParameterError(f"tally: expected weights >= 0; got {contribution.weight!r}")
    if not counted:
        raise QuorumError("no vote counts: every voter failed, or has the weight 0")
    terms: dict[str, list[float]] = {class_id: [] for class_id in classes}
    for contribution in counted:
        for class_id, share in contribution.shares.items():
            terms.setdefault(class_id, []).append(contribution.weight * share)
    weights = {class_id: math.fsum(parts) for class_id, parts in terms.items()}
    total = math.fsum(weights.values())
    order = _ranking({class_id: round(weight / total, _DIGITS) for class_id, weight in weights.items()}, counted)
    valid = math.fsum(contribution.weight for contribution in counted)
    asked = max(asked_weight or 0.0, valid)
    first, *others = (round(weights[class_id] / total, _DIGITS) for class_id in order[:2])
    return Tally({class_id: weights[class_id] for class_id in order}, first in others, valid / asked)


def _ranking(shares: Mapping[str, float], counted: Sequence[Contribution]) -> list[str]:
    families: dict[str | None, set[str]] = defaultdict(set)
    support: dict[str, list[float]] = defaultdict(list)
    logprobs: dict[str, list[float]] = defaultdict(list)
    for one in counted:
        families[one.favourite].add(one.family)
        if one.kind == "generate" and one.favourite is not None:
            support[one.favourite].append(one.weight)
            logprobs[one.favourite] += [one.logprob] if one.logprob is not None else []

    def place(class_id: str) -> tuple[bool, float, int, float, float, str]:
        is_held_back = class_id == REFUSAL and shares[class_id] <= 0.5  # noqa: PLR2004 - half
        known = logprobs[class_id]
        likelihood = math.fsum(known) / len(known) if known else -math.inf
        support_of = math.fsum(support[class_id])
        return is_held_back, -shares[class_id], -len(families[class_id]), -support_of, -likelihood, class_id

    return sorted(shares, key=place)


def generator_weights(
    weight: float, choices: int, *, style: Literal["shared", "objectiveai"] = "shared"
) -> tuple[float, ...]:
    """Return what each valid choice of one generator weighs.

    Inferred: whether `n` buys as many votes is not documented. `shared`: all choices of a generator weigh as much as
    one; `objectiveai`: each has the full weight.

    Args:
        weight: The generator's.
        choices: How many of its choices are valid, >= 0.
        style: See above.
    """
    return (weight / choices if style == "shared" else weight,) * choices if choices else ()


def log_pool(votes: Iterable[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    """Return the shares of a logarithmic pool: sharper than the linear one, and in need of fitted temperatures.

    Args:
        votes: Shares and temperature, > 0, of each; a share less than 0.001 counts as that, or one voter could veto.

    Raises:
        QuorumError: There is no vote.

    Source: Genest and Zidek (1986).
    """
    pairs = list(votes)
    class_ids = dict.fromkeys(class_id for shares, _ in pairs for class_id in shares)
    logs = {
        one: math.fsum(temperature * math.log(max(shares.get(one, 0.0), _LEAST)) for shares, temperature in pairs)
        for one in class_ids
    }
    if not logs:
        raise QuorumError("log_pool: expected a vote at least; got none")
    most = max(logs.values())
    masses = {class_id: math.exp(value - most) for class_id, value in logs.items()}
    total = math.fsum(masses.values())
    return {class_id: mass / total for class_id, mass in masses.items()}


def failure_code(codes: Iterable[int]) -> int:
    """Return the code of an ensemble all of whose votes failed.

    Args:
        codes: HTTP codes, one for each voter.

    Source: ObjectiveAI's engine: the common code; else 400 if all are 4xx, else 500.
    """
    given = set(codes)
    if len(given) == 1:
        return given.pop()
    return _CLIENT if given and all(_CLIENT <= code < _SERVER for code in given) else _SERVER
