"""The events of a query: what can be seen of it while it goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from callwright.query.candidates import Candidate
from callwright.query.outcomes import CastVote, Failure
from callwright.query.result import QueryResult

__all__ = [
    "CandidateArrived",
    "EmitQuery",
    "MemberFailed",
    "QueryEvent",
    "QueryFinished",
    "TallyChanged",
    "VoteCast",
]


@dataclass(frozen=True, slots=True)
class CandidateArrived:
    """A candidate was given, or written by a member."""

    candidate: Candidate
    slot: int | None
    """The member that wrote it; None if it was given."""


@dataclass(frozen=True, slots=True)
class VoteCast:
    """A member voted."""

    vote: CastVote


@dataclass(frozen=True, slots=True)
class MemberFailed:
    """A member wrote nothing that can be voted for, or its reply was no vote."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class TallyChanged:
    """The shares of the candidates so far."""

    shares: Mapping[str, float]
    """Class id -> share; they sum to 1."""
    outstanding: float
    """The weight that has not spoken yet."""


@dataclass(frozen=True, slots=True)
class QueryFinished:
    """The query has its result."""

    result: QueryResult


QueryEvent: TypeAlias = CandidateArrived | VoteCast | MemberFailed | TallyChanged | QueryFinished

EmitQuery: TypeAlias = Callable[[QueryEvent], Awaitable[None]]
"""Takes what happens in a query."""
