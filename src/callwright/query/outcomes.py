"""The outcomes of a query: what each member wrote, how it voted, or why it did neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from callwright.query.candidates import Candidate
from callwright.query.members import Slot
from callwright.query.votes import Vote
from callwright.wire.chat import Completion

__all__ = ["CastVote", "Failure", "Phase", "Written"]

Phase: TypeAlias = Literal["generate", "select"]


@dataclass(frozen=True, slots=True)
class Written:
    """A candidate that a member wrote."""

    slot: Slot
    name: str
    """The member's."""
    draw: int
    """Which of the member's candidates it is, from 0."""
    weight: float
    candidate: Candidate
    completion: Completion
    note: str | None = None
    """What went wrong before it was written."""


@dataclass(frozen=True, slots=True)
class CastVote:
    """A vote that counts."""

    slot: Slot
    name: str
    """The member's."""
    weight: float
    vote: Vote
    completions: tuple[Completion, ...]
    """The replies, one for each ballot of the member."""
    note: str | None = None
    """What went wrong before it was cast, and why it is no distribution if it was to be one."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A member that wrote no candidate, or did not vote."""

    slot: Slot
    name: str
    """The member's."""
    phase: Phase
    weight: float
    reason: str
    code: int
    """As an HTTP status; 400 for a reply that was no vote."""
    error: Exception | None = None
    """None if a reply came."""
    completions: tuple[Completion, ...] = ()
    """What came, and does not count."""
