"""Query LLMs: ensembles of models that vote, and say how sure they are.

A name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callwright.query.candidates import Candidate
    from callwright.query.compact import text_of
    from callwright.query.config import QueryLLM
    from callwright.query.ensemblemodel import EnsembleModel, QueryModel, ensemble, jury, self_consistency
    from callwright.query.events import (
        CandidateArrived,
        MemberFailed,
        QueryEvent,
        QueryFinished,
        TallyChanged,
        VoteCast,
    )
    from callwright.query.outcomes import CastVote, Failure, Written
    from callwright.query.policy import QueryOptions, Table, VoteOptions
    from callwright.query.result import NoQuorumError, QueryResult, Ranked
    from callwright.query.settings import (
        QueryProvider,
        QueryReasoning,
        StaticWeight,
        StaticWeights,
        TrainingTableWeight,
        TrainingTableWeights,
    )
    from callwright.query.stream import QueryStream, SyncQueryStream
    from callwright.query.verbs import (
        generate,
        generate_sync,
        query,
        query_stream,
        query_stream_sync,
        query_sync,
        score,
        score_stream,
        score_stream_sync,
        score_sync,
    )
    from callwright.query.votes import Vote

__all__ = [
    "Candidate",
    "CandidateArrived",
    "CastVote",
    "EnsembleModel",
    "Failure",
    "MemberFailed",
    "NoQuorumError",
    "QueryEvent",
    "QueryFinished",
    "QueryLLM",
    "QueryModel",
    "QueryOptions",
    "QueryProvider",
    "QueryReasoning",
    "QueryResult",
    "QueryStream",
    "Ranked",
    "StaticWeight",
    "StaticWeights",
    "SyncQueryStream",
    "Table",
    "TallyChanged",
    "TrainingTableWeight",
    "TrainingTableWeights",
    "Vote",
    "VoteCast",
    "VoteOptions",
    "Written",
    "ensemble",
    "generate",
    "generate_sync",
    "jury",
    "query",
    "query_stream",
    "query_stream_sync",
    "query_sync",
    "score",
    "score_stream",
    "score_stream_sync",
    "score_sync",
    "self_consistency",
    "text_of",
]

_HOMES = {
    "candidates": ("Candidate",),
    "compact": ("text_of",),
    "config": ("QueryLLM",),
    "ensemblemodel": ("EnsembleModel", "QueryModel", "ensemble", "jury", "self_consistency"),
    "events": ("CandidateArrived", "MemberFailed", "QueryEvent", "QueryFinished", "TallyChanged", "VoteCast"),
    "outcomes": ("CastVote", "Failure", "Written"),
    "policy": ("QueryOptions", "Table", "VoteOptions"),
    "result": ("NoQuorumError", "QueryResult", "Ranked"),
    "settings": (
        "QueryProvider",
        "QueryReasoning",
        "StaticWeight",
        "StaticWeights",
        "TrainingTableWeight",
        "TrainingTableWeights",
    ),
    "stream": ("QueryStream", "SyncQueryStream"),
    "verbs": (
        "generate",
        "generate_sync",
        "query",
        "query_stream",
        "query_stream_sync",
        "query_sync",
        "score",
        "score_stream",
        "score_stream_sync",
        "score_sync",
    ),
    "votes": ("Vote",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name from its module and keep it here.

    Raises:
        AttributeError: There is no such name.
    """
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*globals(), *__all__})
