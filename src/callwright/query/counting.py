"""A count: what has been said in a query so far, whether that is enough, and what it amounts to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from callwright.query.agreement import medoid
from callwright.query.asked import Query
from callwright.query.callclasses import ANSWER, shape_of
from callwright.query.candidates import Candidate, distinct
from callwright.query.config import QueryLLM
from callwright.query.members import Slot
from callwright.query.outcomes import CastVote, Failure, Phase, Written
from callwright.query.stopping import Never, Standing, StopRule
from callwright.query.tally import Contribution, Tally, generator_weights, tally
from callwright.query.trail import Lost, Said
from callwright.query.votes import mean_vote

__all__ = ["Count", "least"]

_HALF = 0.5
_NOBODY = ""
"""Stands for the class of votes that nobody has seen yet."""


class Count:
    """Adds up what the members of a query say.

    Args:
        query: What is asked.
        weights: Of the members, by slot.
    """

    __slots__ = ("_query", "_shapes", "failures", "left", "votes", "weights", "written")

    def __init__(self, query: Query, weights: Sequence[float]) -> None:
        self._query = query
        self._shapes = {candidate.class_id: ANSWER for candidate in query.choices}
        self.weights = weights
        self.written: list[Written] = []
        self.votes: list[CastVote] = []
        self.failures: list[Failure] = []
        self.left: dict[tuple[Phase, Slot], float] = {
            **{("generate", slot): weights[slot] for slot, _ in query.writers},
            **{("select", slot): weights[slot] for slot, _ in query.voters},
        }
        """The weight of who has said nothing yet."""

    # -- what comes in

    def write(self, slot: Slot, llm: QueryLLM, draws: Sequence[Said | Lost]) -> tuple[list[Written], list[Failure]]:
        """Add what a member wrote, and return it."""
        split = self._query.policy.split
        valid = [(draw, said) for draw, said in enumerate(draws) if isinstance(said, Said)]
        weights = generator_weights(self.weights[slot], len(valid), style=split)
        written: list[Written] = []
        for (draw, said), weight in zip(valid, weights, strict=True):
            if said.candidate is None:  # pragma: no cover - a writer's word is a candidate
                continue
            self._shapes[said.candidate.class_id] = shape_of(said.candidate, said.completion.tool_calls)
            written.append(Written(slot, llm.name, draw, weight, said.candidate, said.completion, said.note))
        lost = [said for said in draws if isinstance(said, Lost)]
        # Who wrote at least one candidate spoke with all of its weight.
        each = self.weights[slot] if split == "objectiveai" else 0.0 if valid else self.weights[slot] / len(draws)
        failures = [self._failure(slot, llm, one, phase="generate", weight=each) for one in lost]
        self.written += written
        self.failures += failures
        self.left.pop(("generate", slot), None)
        return written, failures

    def vote(self, slot: Slot, llm: QueryLLM, replies: Sequence[Said | Lost]) -> CastVote | Failure:
        """Add what a member voted on its ballots, and return it."""
        said = [reply for reply in replies if isinstance(reply, Said)]
        votes = [reply.vote for reply in said if reply.vote is not None]
        self.left.pop(("select", slot), None)
        if not votes:
            lost = [reply for reply in replies if isinstance(reply, Lost)]
            failure = self._failure(slot, llm, lost[0], phase="select", weight=self.weights[slot])
            self.failures.append(failure)
            return failure
        note = "; ".join(dict.fromkeys(reply.note for reply in said if reply.note)) or None
        completions = tuple([reply.completion for reply in said])
        cast = CastVote(slot, llm.name, self.weights[slot], mean_vote(votes), completions, note)
        self.votes.append(cast)
        return cast

    def _failure(self, slot: Slot, llm: QueryLLM, lost: Lost, *, phase: Phase, weight: float) -> Failure:
        return Failure(slot, llm.name, phase, weight, lost.reason, lost.code, lost.error, lost.completions)

    def reweigh(self, weights: Sequence[float]) -> None:
        """Take other weights, before anybody has said anything."""
        self.weights = weights
        self.left = {key: weights[key[1]] for key in self.left}

    def excuse_voters(self) -> None:
        """Note that nobody is asked to vote, since there is nothing to vote on."""
        self.left = {key: weight for key, weight in self.left.items() if key[0] == "generate"}

    # -- whether it is enough

    @property
    def classes(self) -> dict[str, Candidate]:
        """One candidate of each class, by class id; the order does not depend on which came first."""
        return distinct([*self._query.choices, *(one.candidate for one in self.written)])

    @property
    def outstanding(self) -> float:
        """The weight of who has said nothing yet."""
        return math.fsum(self.left.values())

    def standing(self, outstanding: float) -> Standing:
        """Return where the vote stands."""
        counted = [*self._of_writers(), *self._of_voters()]
        return Standing(_weights(counted, self._shapes), outstanding, len(counted))

    def is_written(self) -> bool:
        """Whether no further candidate is needed."""
        policy, voters = self._query.policy, math.fsum(self.left[key] for key in self.left if key[0] == "select")
        if isinstance(policy.stop, Never):
            return False
        if not policy.by_shape:
            return policy.stop.reached(self.standing(self.outstanding))
        writers = self.outstanding - voters
        shape = Standing(self._shape_weights(), writers, len(self.written))
        if not policy.stop.reached(shape):
            return False
        within = {one: weight for one, weight in self._class_weights().items() if self._shapes[one] == shape.leader}
        most, total = max(within.values(), default=0.0), math.fsum(within.values())
        # A majority is not put to the vote.
        if 2 * most > total + writers:
            return True
        return not voters and policy.stop.reached(Standing(within, writers, len(self.written)))

    def is_voted(self) -> bool:
        """Whether no further vote is needed."""
        counted = self._of_contest(set(self.contest()))
        return self._query.policy.stop.reached(
            Standing(_weights(counted, self.contest()), self.outstanding, len(counted))
        )

    def contest(self) -> list[str]:
        """Return the classes that are put to the vote: all, or those of the shape that most wrote."""
        classes = list(self.classes)
        if not self._query.policy.by_shape or not self.written:
            return classes
        shapes = self._shape_tally()
        first = shapes.weights[shapes.winner]
        best = {
            shape
            for shape, weight in shapes.weights.items()
            if shape == shapes.winner or (shapes.is_tie and math.isclose(weight, first, rel_tol=1e-9))
        }
        return [class_id for class_id in classes if self._shapes[class_id] in best]

    @property
    def needs_votes(self) -> bool:
        """Whether there is anything to vote on."""
        contest = self.contest()
        if len(contest) < 2:  # noqa: PLR2004 - nothing to choose
            return False
        if not self._query.policy.by_shape or not self.written:
            return True
        return tally(self._of_contest(set(contest)), classes=contest).confidence <= _HALF

    # -- what it amounts to

    @property
    def has_said(self) -> bool:
        """Whether anybody said anything that counts."""
        return bool(self.written or self.votes)

    def tally(self) -> tuple[Tally, float | None]:
        """Return what was said in sum, and the share of the winner's shape, if shapes were voted on first.

        Raises:
            QuorumError: Nothing was said that counts.
        """
        asked = math.fsum(failure.weight for failure in self.failures)
        counted = [*self._of_writers(), *self._of_voters()]
        asked += math.fsum(contribution.weight for contribution in counted)
        classes = list(self.classes)
        if not counted and len(classes) == 1:
            return Tally({classes[0]: 1.0}, is_tie=False, valid_weight_fraction=0.0), None
        whole = tally(counted, classes=classes, asked_weight=asked)
        if not self._query.policy.by_shape or not self.written:
            return whole, None
        return self._shaped(whole)

    def _shaped(self, whole: Tally) -> tuple[Tally, float]:
        """Return the tally in which the arguments count only within the shape that most wrote."""
        contest, shapes = self.contest(), self._shape_tally()
        inner = tally(self._of_contest(set(contest)), classes=contest)
        order = list(inner.ranking)
        if inner.is_tie and not self.votes:
            order = self._by_agreement(order, inner)
        of_shapes, written = shapes.shares, self._class_weights()
        reach = math.fsum(of_shapes[shape] for shape in {self._shapes[class_id] for class_id in contest})
        total = math.fsum(written.values())
        shares = {class_id: reach * inner.shares[class_id] for class_id in order}
        others = [class_id for class_id in whole.ranking if class_id not in shares]
        shares |= {class_id: written.get(class_id, 0.0) / total for class_id in others}
        made = Tally(
            {class_id: share * whole.total for class_id, share in shares.items()},
            is_tie=inner.is_tie or (shapes.is_tie and not self.votes),
            valid_weight_fraction=whole.valid_weight_fraction,
        )
        return made, of_shapes[self._shapes[made.winner]]

    def _by_agreement(self, order: Sequence[str], inner: Tally) -> list[str]:
        """Put that one of the equals first that agrees best with all."""
        first = inner.weights[order[0]]
        equals = [class_id for class_id in order if math.isclose(inner.weights[class_id], first, rel_tol=1e-9)]
        classes = self.classes
        best = medoid([classes[class_id] for class_id in equals], [classes[class_id] for class_id in order])
        return [best.class_id, *(class_id for class_id in order if class_id != best.class_id)]

    def _of_writers(self) -> list[Contribution]:
        models = self._query.model.models
        return [
            Contribution({one.candidate.class_id: 1.0}, one.weight, "generate", models[one.slot].family)
            for one in self.written
        ]

    def _of_voters(self) -> list[Contribution]:
        models = self._query.model.models
        return [Contribution(cast.vote.shares, cast.weight, "select", models[cast.slot].family) for cast in self.votes]

    def _of_contest(self, contest: set[str]) -> list[Contribution]:
        return [*(one for one in self._of_writers() if contest.issuperset(one.shares)), *self._of_voters()]

    def _class_weights(self) -> dict[str, float]:
        return _weights(self._of_writers(), ())

    def _shape_weights(self) -> dict[str, float]:
        return _weights(self._of_shapes(), ())

    def _of_shapes(self) -> list[Contribution]:
        return [
            replace(one, shares={self._shapes[class_id]: share for class_id, share in one.shares.items()})
            for one in self._of_writers()
        ]

    def _shape_tally(self) -> Tally:
        return tally(self._of_shapes())


def least(rule: StopRule, standing: Standing, weights: Sequence[float]) -> int:
    """Return how many of those that have not spoken could decide, if all of them were for the leader.

    Args:
        rule: When enough votes are in.
        standing: Where the vote stands; `outstanding` is all that may still come.
        weights: Of who has not spoken, in the order in which they are asked.

    Returns:
        At least 1, if there is one; all, if no fewer can decide.
    """
    leader, gained = standing.leader or _NOBODY, 0.0
    for count, weight in enumerate(weights, 1):
        gained += weight
        hoped = {**standing.weights, leader: standing.weights.get(leader, 0.0) + gained}
        if rule.reached(Standing(hoped, standing.outstanding - gained, standing.votes + count)):
            return count
    return len(weights)


def _weights(contributions: Iterable[Contribution], classes: Iterable[str] | Mapping[str, object]) -> dict[str, float]:
    """Return the weight of each class."""
    weights = dict.fromkeys(classes, 0.0)
    for one in contributions:
        for class_id, share in one.shares.items():
            weights[class_id] = weights.get(class_id, 0.0) + one.weight * share
    return weights
