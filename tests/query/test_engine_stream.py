"""A watched query: each candidate, vote and failure as it comes, and the result at the end."""

from __future__ import annotations

import anyio
import pytest
from tests.query.juries import member, voter, writer

from callwright import ProviderError
from callwright.query import (
    CandidateArrived,
    MemberFailed,
    NoQuorumError,
    QueryFinished,
    TallyChanged,
    VoteCast,
    jury,
    query_stream,
    query_stream_sync,
    score_stream,
    score_stream_sync,
)
from callwright.testing import FunctionModel

pytestmark = pytest.mark.anyio


def failing():
    def fail(_):
        raise ProviderError("down", status=503)

    return FunctionModel(fail)


async def test_events_come_in_the_order_in_which_they_happen():
    client = {"x/a": writer("red"), "x/b": writer("blue"), "x/c": voter("blue"), "x/d": failing()}

    async with query_stream("?", "x/a, x/b -> x/c, x/d", client=client, stop="none") as events:
        seen = [event async for event in events]

    kinds = [type(event) for event in seen if not isinstance(event, TallyChanged)]
    assert kinds[:2] == [CandidateArrived, CandidateArrived]
    assert set(kinds[2:4]) == {VoteCast, MemberFailed}
    assert kinds[4:] == [QueryFinished]
    assert seen[-1].result is events.result
    assert events.result.answer == "blue"


async def test_the_tally_is_told_whenever_it_changes():
    client = {"x/a": voter("a"), "x/b": voter("b")}

    async with score_stream("?", jury(["x/a x2", "x/b"]), choices=["a", "b"], client=client, stop="none") as events:
        tallies = [event async for event in events if isinstance(event, TallyChanged)]

    assert [tally.outstanding for tally in tallies] == [2, 1, 0]
    assert all(sum(tally.shares.values()) == pytest.approx(1) for tally in tallies)


async def test_given_choices_arrive_first():
    async with score_stream("?", jury(["x/a"]), choices=["a", "b"], client={"x/a": voter("a")}) as events:
        first = await anext(events)

    assert (type(first), first.slot) == (CandidateArrived, None)


async def test_leaving_early_cancels_the_query():
    begun, left = anyio.Event(), anyio.Event()

    async def wait(_):
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            left.set()

    async with score_stream("?", jury(["x/a"]), choices=["a", "b"], client={"x/a": FunctionModel(wait)}):
        await begun.wait()

    assert left.is_set()


async def test_a_failure_is_raised_where_events_are_read():
    with pytest.raises(NoQuorumError):
        async with score_stream("?", jury(["x/a"]), choices=["a", "b"], client={"x/a": failing()}) as events:
            async for _ in events:
                pass

    with pytest.raises(RuntimeError, match="failed"):
        _ = events.result


async def test_a_failure_that_nobody_read_is_raised_at_the_end():
    failed = anyio.Event()

    def fail(_):
        failed.set()
        raise ProviderError("down", status=503)

    with pytest.raises(NoQuorumError):
        async with score_stream("?", jury(["x/a"]), choices=["a", "b"], client={"x/a": FunctionModel(fail)}):
            await failed.wait()
            await anyio.wait_all_tasks_blocked()


async def test_a_stream_is_read_inside_of_its_block_and_once():
    events = score_stream("?", jury(["x/a"]), choices=["a", "b"], client={"x/a": voter("a")})

    with pytest.raises(RuntimeError, match="has not begun"):
        await anext(events)
    async with events:
        with pytest.raises(RuntimeError, match="goes on"):
            _ = events.result
        async for _ in events:
            pass
    with pytest.raises(RuntimeError, match="once"):
        await events.__aenter__()


def test_streams_for_code_without_an_event_loop():
    client = {"x/a": member("a")}

    with score_stream_sync("?", jury(["x/a"]), choices=["a", "b"], client=client) as events:
        scored = list(events)
    with query_stream_sync("?", "x/a", client=client) as written:
        list(written)

    assert (scored[-1].result.answer, events.result.answer, written.result.answer) == ("a", "a", "a")
