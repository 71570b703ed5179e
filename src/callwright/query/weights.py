"""A member's weight: the number that it was given, or what it has earned on prompts like this one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nlargest

from callwright.errors import ParameterError
from callwright.query.settings import LLMWeight, StaticWeight, TrainingTableWeight

__all__ = ["PRIOR", "Neighbour", "dynamic_weight", "weight_of"]

PRIOR = 1.0


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A marked row of the training table, as one member and one prompt see it."""

    similarity: float
    """Of the row's prompt to this one, -1 to 1; less than 0 counts as 0."""
    matched: float | None
    """The share that the member gave the right class, 0 to 1; None if it did not vote there."""


def dynamic_weight(
    weight: TrainingTableWeight, rows: Iterable[Neighbour], *, top: int | None = None, prior: float = PRIOR
) -> float:
    """Return the weight that a member has earned: `base` without rows, to `min` if it was never right, `max` if always.

    ```
    p0 = (base - min) / (max - min)
    p  = (sum of similarity * matched + prior * p0) / (sum of similarity + prior)
    weight = min + (max - min) * p
    ```

    Inferred: that those are the ends is documented, not what lies between. With `prior=0` the ends are met exactly,
    otherwise they are approached as rows add up.

    Args:
        weight: The bounds.
        rows: Marked rows; those where the member did not vote are left out.
        top: How many of the most similar rows count; None is all of them.
        prior: How many rows at the base weight are added to those that were found, >= 0.

    Raises:
        ParameterError: `prior` or `top` is out of range.

    Source: competence on the nearest labelled points, Ko et al. (2008).
    """
    if not 0 <= prior < math.inf or (top is not None and top < 1):
        raise ParameterError(f"dynamic_weight: expected prior >= 0 and top >= 1; got {prior!r} and {top!r}")
    least, most = weight.min_weight, weight.max_weight
    near = list(rows) if top is None else nlargest(top, rows, key=lambda row: row.similarity)
    voted = [(max(row.similarity, 0.0), row.matched) for row in near if row.matched is not None]
    nearness = math.fsum(similarity for similarity, _ in voted) + prior
    if most == least or not nearness > 0:
        return weight.base_weight
    neutral = (weight.base_weight - least) / (most - least)
    matched = math.fsum(similarity * share for similarity, share in voted) + prior * neutral
    return min(max(least + (most - least) * matched / nearness, least), most)


def weight_of(
    weight: LLMWeight, rows: Iterable[Neighbour] = (), *, top: int | None = None, prior: float = PRIOR
) -> float:
    """Return the weight of a member; rows count only where its weight is dynamic.

    Raises:
        ParameterError: See `dynamic_weight`.
    """
    return weight.weight if isinstance(weight, StaticWeight) else dynamic_weight(weight, rows, top=top, prior=prior)
