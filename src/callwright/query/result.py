"""The result of a query: what won, by how much, who said what, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from callwright._json import JsonObject, JsonValue
from callwright.errors import QuorumError
from callwright.query.candidates import Candidate
from callwright.query.members import QueryModel
from callwright.query.outcomes import CastVote, Failure, Written
from callwright.query.tally import Tally
from callwright.query.wireresult import usage_wire, wire_choices
from callwright.wire.chat import NO_USAGE, Completion, Usage

__all__ = ["NoQuorumError", "QueryResult", "Ranked"]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate and what was for it."""

    candidate: Candidate
    weight: float
    confidence: float
    """Its share of all weight."""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What came of a query."""

    id: str
    """The same for the same request to the same ensemble."""
    created: int
    """Seconds since 1970."""
    model: QueryModel
    candidates: Mapping[str, Candidate]
    """One of each class, by class id."""
    tally: Tally
    written: tuple[Written, ...] = ()
    """By slot."""
    votes: tuple[CastVote, ...] = ()
    """By slot."""
    failures: tuple[Failure, ...] = ()
    """Who failed, and why."""
    usage: Usage = NO_USAGE
    """Of all requests, failed ones included; what a cancelled request used is not known."""
    requests: int = 0
    """How many were answered or failed."""
    cancelled: int = 0
    """How many members were under way when their answers were no longer needed."""
    stopped_reason: str | None = None
    """Why not all were asked: the stop rule, `budget` or `deadline`; None if all were."""
    outstanding: float = 0.0
    """The weight of who was not asked, or not waited for."""
    shape_confidence: float | None = None
    """The share of what kind of turn it is (which tools are called, or an answer), if that was voted on first."""
    answers: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Class id -> the choice as it was given."""
    training_table_data: JsonObject | None = None

    @property
    def winner(self) -> Candidate:
        """The candidate that won; one that was written in the first slot of those that say the same."""
        class_id = self.tally.winner
        first = self.winning
        return self.candidates[class_id] if first is None else first.candidate

    @property
    def winning(self) -> Written | None:
        """The winner as it was written; None if nobody wrote it, since it was given."""
        return next((one for one in self.written if one.candidate.class_id == self.tally.winner), None)

    @property
    def answer(self) -> JsonValue:
        """The winner: a choice as it was given, JSON if that was asked for, else text."""
        winner = self.winner
        if winner.class_id in self.answers:
            return self.answers[winner.class_id]
        return winner.text if winner.value is None and winner.text != "null" else winner.value

    @property
    def completion(self) -> Completion | None:
        """The completion that the winner was taken from; None if it was given."""
        return None if self.winning is None else self.winning.completion

    @property
    def ranking(self) -> tuple[Ranked, ...]:
        """All candidates, the winner first."""
        shares = self.tally.shares
        return tuple([Ranked(self.candidates[one], self.tally.weights[one], shares[one]) for one in self.tally.ranking])

    @property
    def shares(self) -> dict[str, float]:
        """Text of a candidate -> its share; they sum to 1."""
        return {ranked.candidate.text: ranked.confidence for ranked in self.ranking}

    @property
    def confidence(self) -> float:
        """The winner's share of all weight, in (0, 1]: a share of votes, not how likely the winner is right."""
        return self.tally.confidence

    @property
    def confidence_bounds(self) -> tuple[float, float]:
        """Between what the winner's share lies if all had been asked: the share itself, unless it stopped early."""
        weight, total = self.tally.weights[self.tally.winner], self.tally.total
        if self.outstanding <= 0:
            return self.confidence, self.confidence
        return weight / (total + self.outstanding), (weight + self.outstanding) / (total + self.outstanding)

    @property
    def margin(self) -> float:
        """The winner's share less the next one."""
        return self.tally.margin

    @property
    def entropy(self) -> float:
        """How far the shares are spread, in bits: 0 if all are for one."""
        return self.tally.entropy

    @property
    def is_tie(self) -> bool:
        """Whether the winner has no greater share than the next one: `ranking` says by which rule it is first."""
        return self.tally.is_tie

    @property
    def valid_weight_fraction(self) -> float:
        """How much of the weight that was asked said something that counts, 0 to 1."""
        return self.tally.valid_weight_fraction

    @property
    def cost(self) -> Decimal | None:
        """In US dollars, as billed; None if the service did not say."""
        return self.usage.cost

    def to_dict(self) -> dict[str, JsonValue]:
        """Return the result as ObjectiveAI's service answered in October 2025: the winner is the first choice.

        Source: https://github.com/ObjectiveAI/objective_ai_js, types of `POST /query/completions`.
        """
        choices = wire_choices(
            self.tally, self.candidates, written=self.written, votes=self.votes, failures=self.failures
        )
        wire: dict[str, JsonValue] = {
            "id": f"qrycpl-{self.id}-{self.created}",
            "object": "chat.completion",
            "created": self.created,
            "model": self.model.name,
            "choices": choices,
            "usage": usage_wire(self.usage),
        }
        return wire if self.training_table_data is None else {**wire, "training_table_data": self.training_table_data}

    def summary(self) -> dict[str, JsonValue]:
        """Return what is kept beside an answer that was chosen by vote: its least share, and all votes."""
        return {
            "confidence": self.confidence_bounds[0],
            "shape_confidence": self.shape_confidence,
            "margin": self.margin,
            "entropy": self.entropy,
            "valid_weight_fraction": self.valid_weight_fraction,
            "is_tie": self.is_tie,
            "stopped": self.stopped_reason,
            "completion": self.to_dict(),
        }

    def __repr__(self) -> str:
        said = f"winner={self.winner.text[:60]!r}, confidence={self.confidence:.3f}"
        return f"QueryResult({said}, votes={len(self.votes)}, failures={len(self.failures)})"


class NoQuorumError(QuorumError):
    """Too few members of an ensemble said anything that counts.

    Args:
        message: How few, and why the others failed.
        result: What came of it; None if that is nothing.
        code: What the failures have in common, as an HTTP status.
    """

    def __init__(self, message: str, *, result: QueryResult | None = None, code: int = 500) -> None:
        super().__init__(message)
        self.result = result
        self.code = code
