"""The engine: asks the members of an ensemble until it is decided, and makes the result of what they said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import anyio

from callwright._clock import move_on_after
from callwright._concurrency import collapsed
from callwright.errors import BudgetError, QuorumError
from callwright.query.asked import Query
from callwright.query.asker import Asker
from callwright.query.ballot import Ballot, ballot
from callwright.query.config import QueryLLM
from callwright.query.counting import Count, least
from callwright.query.events import (
    CandidateArrived,
    EmitQuery,
    MemberFailed,
    QueryEvent,
    QueryFinished,
    TallyChanged,
    VoteCast,
)
from callwright.query.ids import content_id
from callwright.query.members import Slot
from callwright.query.modelmap import Models
from callwright.query.outcomes import CastVote, Failure, Written
from callwright.query.policy import Table
from callwright.query.result import NoQuorumError, QueryResult
from callwright.query.stopping import Never
from callwright.query.tally import failure_code
from callwright.query.till import Till
from callwright.query.trail import Lost, Said
from callwright.query.weights import weight_of

__all__ = ["Poll"]

_Member: TypeAlias = tuple[Slot, QueryLLM]
_Replies: TypeAlias = Sequence[Said | Lost]
_Job: TypeAlias = Callable[[Slot, QueryLLM], Awaitable[_Replies]]
_Add: TypeAlias = Callable[[Slot, QueryLLM, _Replies], list[QueryEvent]]
_TIMEOUT = 408


class Poll:
    """Carries out one query.

    Args:
        query: What is asked.
        models: Gives the members' models.
        till: Pays.
        emit: Sees what happens; None if nobody does.
        table: Gives the weights of members whose weight is dynamic.
    """

    __slots__ = ("_asker", "_broke", "_cancelled", "_count", "_emit", "_late", "_query", "_stopped", "_table", "_till")

    def __init__(
        self,
        query: Query,
        models: Models,
        till: Till,
        *,
        emit: EmitQuery | None = None,
        table: Table | None = None,
    ) -> None:
        self._query = query
        self._till = till
        self._asker = Asker(query, models, till)
        self._emit = emit
        self._table = table
        self._count = Count(query, [weight_of(llm.weight) for llm in query.model.models])
        self._stopped: str | None = None
        self._broke: BudgetError | None = None
        self._cancelled = 0
        self._late: list[QueryEvent] = []

    @property
    def failures(self) -> Sequence[Failure]:
        """Who failed so far."""
        return self._count.failures

    async def first(self) -> Written | Failure | None:
        """Have the heaviest writer write one candidate, which then counts as its first; None if it cannot be paid for.

        Raises:
            StoreError: The answer could not be remembered.
        """
        weights = self._count.weights
        slot, llm = max(self._query.writers, key=lambda member: weights[member[0]])
        said = await self._writing(slot, llm)
        if not said:
            return None
        written, failures = self._count.write(slot, llm, said)
        return written[0] if written else failures[0]

    async def run(self, *, seconds: float | None = None) -> QueryResult:
        """Ask until it is decided.

        Args:
            seconds: After so many the result is made of what has come.

        Raises:
            NoQuorumError: Too few said anything that counts.
            BudgetError: There was too little to come to any result.
            ParameterError: There are more than 400 candidates, or nobody knows what a model costs.
            StoreError: An answer could not be remembered.
        """
        with move_on_after(self._query.policy.clock, seconds) as scope:
            await self._asked()
        if scope.cancelled_caught:
            self._stopped = "deadline"
        result = self._result()
        for event in (*self._late, QueryFinished(result)):
            await self._tell(event)
        if self._table is not None:
            await self._table.remember(result)
        return result

    async def _asked(self) -> None:
        query, count = self._query, self._count
        if self._table is not None:
            count.reweigh(await self._table.weights(query.model, query.messages, query.response_format))
        for candidate in query.choices:
            await self._tell(CandidateArrived(candidate, None))
        writers = [member for member in query.writers if ("generate", member[0]) in count.left]
        await self._round(writers, self._writing, self._add_writing, is_enough=count.is_written)
        if not count.needs_votes:
            count.excuse_voters()
        elif self._stopped is None and count.is_written():
            self._stopped = query.policy.stop_name
        elif self._stopped is None:
            await self._round(query.voters, self._voting, self._add_vote, is_enough=count.is_voted)

    # -- rounds

    async def _round(self, members: Sequence[_Member], job: _Job, add: _Add, *, is_enough: Callable[[], bool]) -> None:
        """Have members do a job, so many at a time as could decide, and add what comes until it is enough."""
        pending, under_way, arrived = list(members), dict[Slot, float](), _Arrived()
        try:
            async with collapsed() as group:
                while pending or under_way:
                    if self._stopped is None and is_enough():
                        self._stopped = self._query.policy.stop_name
                        group.cancel_scope.cancel()
                        break
                    for slot, llm in self._next(pending, under_way):
                        under_way[slot] = self._count.weights[slot]
                        group.start_soon(arrived.run, job, slot, llm)
                    if not under_way:
                        break
                    for slot, llm, said in await arrived.wait():
                        del under_way[slot]
                        for event in add(slot, llm, said):
                            await self._tell(event)
        finally:
            # What came in the very moment of the end was paid for, and counts.
            for slot, llm, said in arrived.taken():
                del under_way[slot]
                self._late += add(slot, llm, said)
            self._cancelled += len(under_way)

    def _next(self, pending: list[_Member], under_way: Mapping[Slot, float]) -> list[_Member]:
        """Take from `pending` who is asked now."""
        policy, weights = self._query.policy, self._count.weights
        count = len(pending)
        if self._stopped is not None:
            count = 0
        elif policy.waves and not isinstance(policy.stop, Never):
            standing = self._count.standing(self._count.outstanding)
            order = [*under_way.values(), *(weights[slot] for slot, _ in pending)]
            count = max(least(policy.stop, standing, order) - len(under_way), 0 if under_way else 1)
        taken = pending[:count]
        del pending[:count]
        return taken

    def _add_writing(self, slot: Slot, llm: QueryLLM, said: _Replies) -> list[QueryEvent]:
        if not said:
            return []
        written, failures = self._count.write(slot, llm, said)
        arrived = [CandidateArrived(one.candidate, slot) for one in written]
        return [*arrived, *map(MemberFailed, failures), *self._changed()]

    def _add_vote(self, slot: Slot, llm: QueryLLM, said: _Replies) -> list[QueryEvent]:
        if not said:
            return []
        cast = self._count.vote(slot, llm, said)
        return [VoteCast(cast) if isinstance(cast, CastVote) else MemberFailed(cast), *self._changed()]

    def _changed(self) -> list[QueryEvent]:
        if self._emit is None or not self._count.has_said:
            return []
        return [TallyChanged(self._count.tally()[0].shares, self._count.outstanding)]

    async def _tell(self, event: QueryEvent) -> None:
        if self._emit is not None:
            await self._emit(event)

    # -- members

    def _place(self, slot: Slot) -> int:
        """Return the place of a writer's first candidate among all."""
        return [other for other, _ in self._query.writers].index(slot) * self._query.policy.n

    async def _writing(self, slot: Slot, llm: QueryLLM) -> _Replies:
        place = self._place(slot)
        asks = [partial(self._asker.write, slot, llm, draw, place=place + draw) for draw in range(self._query.policy.n)]
        return await self._gathered(asks)

    async def _voting(self, slot: Slot, llm: QueryLLM) -> _Replies:
        query = self._query
        turns = query.policy.replicates
        first = [other for other, _ in query.voters].index(slot) * turns
        texts = self._shown(llm)
        return await self._gathered(
            [
                partial(self._asker.vote, slot, llm, self._ballot(llm, texts, turn), place=turn)
                for turn in range(first, first + turns)
            ]
        )

    async def _gathered(self, asks: Sequence[Callable[[], Awaitable[Said | Lost]]]) -> _Replies:
        """Return what came of each, side by side; fewer, if not all could be paid for."""
        replies: dict[int, Said | Lost] = {}

        async def ask(index: int) -> None:
            try:
                replies[index] = await asks[index]()
            except BudgetError as error:
                self._stopped, self._broke = "budget", error

        if len(asks) == 1:
            await ask(0)
        else:
            async with collapsed() as group:
                for index in range(len(asks)):
                    group.start_soon(ask, index)
        return [replies[index] for index in sorted(replies)]

    def _ballot(self, llm: QueryLLM, texts: Mapping[str, str], turn: int) -> Ballot:
        query, policy = self._query, self._query.policy
        return ballot(
            texts,
            root=query.root,
            name=llm.name,
            turn=turn,
            width=llm.width,
            salt=policy.salt,
            most_chars=policy.most_chars,
        )

    def _shown(self, llm: QueryLLM) -> dict[str, str]:
        """Return the texts that a voter chooses from."""
        count = self._count
        classes = count.classes
        texts = {class_id: classes[class_id].text for class_id in count.contest()}
        if not self._query.policy.exclude_self:
            return texts
        models = self._query.model.models
        own = {one.candidate.class_id for one in count.written if models[one.slot].generator_name == llm.generator_name}
        others = {class_id: text for class_id, text in texts.items() if class_id not in own}
        return others if len(others) > 1 else texts

    # -- the result

    def _result(self) -> QueryResult:
        """Return what it amounts to.

        Raises:
            NoQuorumError: See `run`.
            BudgetError: See `run`.
        """
        count, query = self._count, self._query
        if not count.classes or (not count.has_said and len(count.classes) > 1):
            raise self._nothing()
        counted, shape_confidence = count.tally()
        result = QueryResult(
            id=content_id(query.root),
            created=int(query.policy.clock.wall()),
            model=query.model,
            candidates=count.classes,
            tally=counted,
            written=tuple(sorted(count.written, key=lambda one: (one.slot, one.draw))),
            votes=tuple(sorted(count.votes, key=lambda one: one.slot)),
            failures=tuple(sorted(count.failures, key=lambda one: (one.phase, one.slot))),
            usage=self._till.usage,
            requests=self._till.requests,
            cancelled=self._cancelled,
            stopped_reason=self._stopped,
            outstanding=count.outstanding,
            shape_confidence=shape_confidence,
            answers=query.answers,
        )
        if count.has_said and not query.policy.partial_ok:
            try:
                counted.check_quorum(query.policy.quorum)
            except QuorumError as error:
                raise NoQuorumError(f"{error}{_told(count.failures)}", result=result, code=self._code()) from None
        return result

    def _nothing(self) -> Exception:
        """Return the error of a query to which nobody said anything that counts."""
        if self._stopped == "budget":
            return BudgetError(f"nothing was said that counts before the budget was used up: {self._broke}")
        if self._stopped == "deadline":
            return NoQuorumError("nothing was said that counts in time", code=_TIMEOUT)
        what = "no vote counts" if self._count.classes else "no candidate was written"
        return NoQuorumError(f"{what}{_told(self._count.failures)}", code=self._code())

    def _code(self) -> int:
        return failure_code(failure.code for failure in self._count.failures)


class _Arrived:
    """What members said, until somebody takes it."""

    __slots__ = ("_error", "_event", "_items")

    def __init__(self) -> None:
        self._items: list[tuple[Slot, QueryLLM, _Replies]] = []
        self._event = anyio.Event()
        self._error: Exception | None = None

    async def run(self, job: _Job, slot: Slot, llm: QueryLLM) -> None:
        """Have a member do its job."""
        try:
            said = await job(slot, llm)
            self._items.append((slot, llm, said))
        except Exception as error:  # noqa: BLE001 - of a user's model; handed to who waits, who raises one of several
            self._error = error
        self._event.set()

    async def wait(self) -> list[tuple[Slot, QueryLLM, _Replies]]:
        """Return what has come, as soon as anything has.

        Raises:
            Exception: A member's job failed in a way that no query can go on with.
        """
        if not self._items and self._error is None:
            self._event = anyio.Event()
            await self._event.wait()
        if self._error is not None:
            raise self._error
        return self.taken()

    def taken(self) -> list[tuple[Slot, QueryLLM, _Replies]]:
        """Return what has come."""
        items, self._items = self._items, []
        return items


def _told(failures: Sequence[Failure]) -> str:
    """Return why members failed, in words."""
    reasons = Counter(f"{failure.reason[:200]}" for failure in failures)
    told = "; ".join(f"{reason} ({times}x)" if times > 1 else reason for reason, times in reasons.most_common(3))
    return f": {told}" if told else ""
