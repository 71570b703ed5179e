"""A vote: how one voter's weight spreads over the choices, read from its reply."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from callwright.errors import QuorumError
from callwright.query.keys import KeyTree
from callwright.query.logprobs import Branches, Spread, spread
from callwright.query.replies import Ambiguous, Invalid, Reply, read_key

__all__ = ["LOW_COVERAGE", "Invalid", "Reply", "Vote", "mean_vote", "read_vote"]

LOW_COVERAGE = 0.5


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote that counts."""

    shares: Mapping[str, float]
    """Class id -> share; they sum to 1."""
    key: str
    """The key that was named; of several ballots, all of them."""
    method: Literal["onehot", "logprobs"] = "onehot"
    """Whether all goes to the key that was named, or to each as probable as it was."""
    coverage: float | None = None
    """How much of the voter's mass was on keys of the ballot; None without logprobs."""
    is_approximate: bool = False
    """Whether some shares are an even part of what was read."""
    note: str | None = None
    """Why a vote that was to be a distribution is none."""

    @property
    def is_doubtful(self) -> bool:
        """Whether most of the voter's mass was on no key at all."""
        return self.coverage is not None and self.coverage < LOW_COVERAGE


def read_vote(
    reply: Reply,
    tree: KeyTree,
    *,
    wants_logprobs: bool = False,
    ambiguous: Ambiguous = "refuse",
    branches: Branches = "spread",
    floor: float = 0.0,
) -> Vote | Invalid:
    """Return the vote that a reply is, or why it is none.

    Args:
        reply: What the voter said.
        tree: The keys of its ballot.
        wants_logprobs: Whether a distribution was asked for; where none came, all goes to the key that was named, and
            `note` says why.
        ambiguous: See `Ambiguous`.
        branches: See `Branches`.
        floor: The least mass that a key gets, so that one that is left out of the alternatives does not get nothing.
    """
    spelled = read_key(reply, tree, ambiguous=ambiguous)
    if isinstance(spelled, Invalid):
        return spelled
    onehot = {class_id: float(key == spelled.key) for key, class_id in tree.leaves.items()}
    if not wants_logprobs:
        return Vote(onehot, spelled.key)
    match spread(reply.logprobs, spelled, tree, branches=branches, floor=floor):
        case Spread(shares, coverage, is_approximate):
            return Vote(shares, spelled.key, "logprobs", coverage, is_approximate)
        case reason:
            return Vote(onehot, spelled.key, note=reason)


def mean_vote(votes: Sequence[Vote]) -> Vote:
    """Return the mean of one voter's votes on several ballots: what it prefers by letter or place cancels out.

    Raises:
        QuorumError: There is no vote.

    Source: permutation self-consistency, Tang et al., arXiv 2310.07712.
    """
    if not votes:
        raise QuorumError("mean_vote: expected a vote at least; got none")
    if len(votes) == 1:
        return votes[0]
    class_ids = dict.fromkeys(class_id for vote in votes for class_id in vote.shares)
    shares = {one: math.fsum(vote.shares.get(one, 0.0) for vote in votes) / len(votes) for one in class_ids}
    total = math.fsum(shares.values())
    coverages = [vote.coverage for vote in votes if vote.coverage is not None]
    return Vote(
        {class_id: share / total for class_id, share in shares.items()},
        " ".join(vote.key for vote in votes),
        "logprobs" if coverages else "onehot",
        min(coverages, default=None),
        any(vote.is_approximate for vote in votes),
        "; ".join(dict.fromkeys(vote.note for vote in votes if vote.note)) or None,
    )
