"""Agreement: how much of two candidates is the same, to find the one that says what most say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from callwright._json import JsonValue
from callwright.query.candidates import Candidate
from callwright.query.meaning import canonical_text

__all__ = ["agreement", "medoid"]

_WORDS = 3


def medoid(among: Sequence[Candidate], all_of: Sequence[Candidate]) -> Candidate:
    """Return the candidate that agrees best with all; the first one, if several do.

    Args:
        among: Those that can be chosen, at least one.
        all_of: Those that it is to agree with.
    """
    parts = {candidate.class_id: _parts(candidate) for candidate in (*among, *all_of)}

    def agrees(candidate: Candidate) -> float:
        return sum(_overlap(parts[candidate.class_id], parts[other.class_id]) for other in all_of)

    return max(among, key=agrees)


def agreement(one: Candidate, other: Candidate) -> float:
    """Return how much of two candidates is the same, 0 to 1: of their values, or of their words three by three."""
    return _overlap(_parts(one), _parts(other))


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0


def _parts(candidate: Candidate) -> frozenset[str]:
    if candidate.value is not None:
        return frozenset(_leaves(candidate.value, ""))
    words = candidate.text.casefold().split()
    return frozenset(" ".join(words[place : place + _WORDS]) for place in range(max(1, len(words) - _WORDS + 1)))


def _leaves(value: JsonValue, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, f"{path}/*")
    else:
        yield f"{path}={canonical_text(value)}"
