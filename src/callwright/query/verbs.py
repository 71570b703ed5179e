"""The verbs of a query: `generate` has candidates written, `score` has given ones voted on, `query` does both."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from typing_extensions import Unpack

from callwright._sync import run_sync
from callwright.query.asked import Choices, Query, asked
from callwright.query.engine import Poll
from callwright.query.events import EmitQuery
from callwright.query.members import QueryModel
from callwright.query.modelmap import Models, slugs_of
from callwright.query.policy import QueryOptions
from callwright.query.result import QueryResult
from callwright.query.stream import QueryStream, SyncQueryStream
from callwright.query.till import Till
from callwright.wire.messages import Prompt

__all__ = [
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
]


async def query(prompt: Prompt, model: QueryModel | str, **options: Unpack[QueryOptions]) -> QueryResult:
    """Have candidates written by the members that generate, and voted on by those that select.

    Args:
        prompt: A text, the parts of one user message, or messages.
        model: An ensemble, or its text form, such as `"openai/gpt-4o-mini x3 -> google/gemini-2.5-flash:logprobs"`.
        options: See `QueryOptions`.

    Returns:
        What won, and by how much. One candidate needs no votes: its confidence is 1, and `valid_weight_fraction` says
        how many of those who were asked are behind it.

    Raises:
        ParameterError: An option or the ensemble is wrong; nothing was sent.
        NoQuorumError: Too few members said anything that counts.
        BudgetError: There was too little to come to any result.
    """
    return await _carried_out(partial(asked, prompt, model, options, writes=True, votes=True), options)


def query_sync(prompt: Prompt, model: QueryModel | str, **options: Unpack[QueryOptions]) -> QueryResult:
    """See `query`."""
    return run_sync(partial(query, prompt, model, **options))


async def generate(prompt: Prompt, model: QueryModel | str, **options: Unpack[QueryOptions]) -> QueryResult:
    """Have candidates written, and counted: equal ones are one class. Nobody votes, and all are asked to write.

    Args:
        prompt: See `query`.
        model: See `query`; its members that select are not asked.
        options: See `QueryOptions`.

    Raises:
        ParameterError: See `query`.
        NoQuorumError: See `query`.
        BudgetError: See `query`.
    """
    return await _carried_out(partial(asked, prompt, model, options, writes=True, votes=False), options)


def generate_sync(prompt: Prompt, model: QueryModel | str, **options: Unpack[QueryOptions]) -> QueryResult:
    """See `generate`."""
    return run_sync(partial(generate, prompt, model, **options))


async def score(
    prompt: Prompt, model: QueryModel | str, *, choices: Choices, **options: Unpack[QueryOptions]
) -> QueryResult:
    """Have given candidates voted on by the members that select.

    Args:
        prompt: See `query`.
        model: See `query`; its members that generate are not asked.
        choices: Texts or JSON values, at most 400 that differ; or a type of which there are so few: `bool`, a
            `Literal`, an enumeration.
        options: See `QueryOptions`.

    Raises:
        ParameterError: See `query`.
        NoQuorumError: See `query`.
        BudgetError: See `query`.
    """
    return await _carried_out(partial(_scored, prompt, model, choices, options), options)


def score_sync(
    prompt: Prompt, model: QueryModel | str, *, choices: Choices, **options: Unpack[QueryOptions]
) -> QueryResult:
    """See `score`."""
    return run_sync(partial(score, prompt, model, choices=choices, **options))


def query_stream(prompt: Prompt, model: QueryModel | str, **options: Unpack[QueryOptions]) -> QueryStream:
    """Return the same query to be watched; see `query` and `QueryStream`."""
    return _watched(partial(asked, prompt, model, options, writes=True, votes=True), options)


def query_stream_sync(prompt: Prompt, model: QueryModel | str, **options: Unpack[QueryOptions]) -> SyncQueryStream:
    """See `query_stream`."""
    return SyncQueryStream(query_stream(prompt, model, **options))


def score_stream(
    prompt: Prompt, model: QueryModel | str, *, choices: Choices, **options: Unpack[QueryOptions]
) -> QueryStream:
    """Return the same vote to be watched; see `score` and `QueryStream`."""
    return _watched(partial(_scored, prompt, model, choices, options), options)


def score_stream_sync(
    prompt: Prompt, model: QueryModel | str, *, choices: Choices, **options: Unpack[QueryOptions]
) -> SyncQueryStream:
    """See `score_stream`."""
    return SyncQueryStream(score_stream(prompt, model, choices=choices, **options))


def _scored(prompt: Prompt, model: QueryModel | str, choices: Choices, options: QueryOptions) -> Query:
    return asked(prompt, model, options, writes=False, votes=True, choices=choices)


def _watched(ask: Callable[[], Query], options: QueryOptions) -> QueryStream:
    async def start(emit: EmitQuery) -> QueryResult:
        return await _carried_out(ask, options, emit)

    return QueryStream(start)


async def _carried_out(ask: Callable[[], Query], options: QueryOptions, emit: EmitQuery | None = None) -> QueryResult:
    made = ask()
    till = Till(budget=options.get("budget"), memo=options.get("memo"), concurrency=made.policy.concurrency)
    models = Models(options.get("client"), slugs_of(made.model))
    poll = Poll(made, models, till, emit=emit, table=options.get("table"))
    return await poll.run(seconds=options.get("seconds"))
