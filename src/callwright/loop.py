"""The loop of a run: decide, do, record, until there is nothing left to do."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Generic, assert_never

import anyio
from typing_extensions import TypeVar

from callwright._concurrency import collapsed
from callwright._json import JsonObject
from callwright._secrets import masked
from callwright.acting import Acting
from callwright.ahead import NOTHING_AHEAD, Ahead, Eager
from callwright.asking import Asking, Question
from callwright.errors import APIError, BudgetError, CallwrightError, ContextLengthError, OutputError, StuckError
from callwright.events import Emit, Event, Nested
from callwright.finishing import Finishing
from callwright.model import Restarted, Retried, Scope
from callwright.plan import Plan
from callwright.run.compaction import compacted
from callwright.run.decision import (
    Act,
    Ask,
    Done,
    Exhausted,
    Finish,
    HandOver,
    Order,
    PendingCall,
    Steer,
    Stuck,
    Wait,
)
from callwright.run.pending import pending_of
from callwright.run.records import (
    Answered,
    Asked,
    CallReturned,
    Failed,
    Record,
    Steered,
    Voted,
    call_id,
)
from callwright.run.result import RunResult
from callwright.run.state import RunState
from callwright.run.verdicts import Approver, asked
from callwright.spending import Allowance, Paid, Spending
from callwright.tools.context import RunContext, Surroundings
from callwright.tools.toolset import Offer
from callwright.wire.answer import confidence_of
from callwright.wire.chat import NO_USAGE, ChatRequest, Completion, Delta, Usage
from callwright.wire.messages import UserMessage

__all__ = ["Emit", "Event", "Loop", "Nested"]

T = TypeVar("T")


_log = logging.getLogger("callwright")

_STEERING = (
    "You keep making the same calls and get the same results: {}. Do not repeat them: use what you have, try something "
    "else, or say what is missing."
)
"""What the model is told when it goes in circles."""

_NO_VALUES: JsonObject = {"max_tokens": 0, "max_price": {}}
"""Stands in a request that is only drafted, to see what it may cost."""

_READER = "read_result"
"""The tool by which a model reads on in a result that it was told in part."""

_HAPPENED = (Answered, Failed, CallReturned, Voted)
"""Records of what was paid for or done before they are written."""


class Loop(Generic[T]):
    """Drives one run. Every change of its state is one record: stored, applied, then shown.

    Args:
        plan: What it follows.
        state: Where it stands; changed in place.
        deps: For tools.
        emit: Sees what happens; None if nobody does.
        offer: The offer of the plan's own tools, if it was made before.
        approve: Decides about held calls; None if the run pauses for them.
    """

    def __init__(
        self,
        plan: Plan[T],
        state: RunState,
        *,
        deps: Any,  # noqa: ANN401 - the user's own type, typed at Agent
        emit: Emit | None,
        offer: Offer | None = None,
        approve: Approver | None = None,
    ) -> None:
        self.state = state
        """Where the run stands."""
        self._plan = plan
        self._deps = deps
        self._emit = emit
        self._approve = approve
        self._started = plan.clock.monotonic()
        self._deadline = None if plan.limits.seconds is None else self._started + float(plan.limits.seconds)
        # A cancellation by asyncio itself, which no scope shields from, finds no wait before what was paid for is kept.
        self._lock = anyio.Lock(fast_acquire=True) if plan.store is not None else None
        self._asking = Asking(plan, state, offer=offer)
        self._surroundings = Surroundings(emit, plan.store, plan.budget, approve)
        self._acting = Acting(state, plan.limits, plan.clock, self.record, self._context)
        self._spending = Spending(plan, state)
        self._allowance: Allowance | None = None
        self._finishing = Finishing(self._asking, state, record=self.record, acting=self._acting, context=self._context)

    async def run(self) -> RunResult[T]:
        """Go on until the run is done, paused or out of limits.

        Raises:
            APIError: Asking the model failed.
            RunError: The run stopped without output.
            StoreError: A record could not be kept.
        """
        limits = self._plan.limits
        try:
            while True:
                live = self._asking.live
                if limits.seconds is not None:
                    live = replace(live, elapsed=self._plan.clock.monotonic() - self._started)
                decision = self.state.decide(limits, live)
                if isinstance(decision, Wait) and await self._decided(decision.calls):
                    continue
                if isinstance(decision, Wait | Done | Exhausted | Stuck):
                    return self._ended(decision)
                await self._do(decision)
        except CallwrightError as error:
            # Also where it has one: the error of a run within this one, or an instance that was raised before.
            error.state = self.state
            raise

    async def _decided(self, calls: Sequence[PendingCall]) -> bool:
        """Ask who is there to decide about held calls; return whether anything was decided."""
        approve, count = self._approve, len(self.state.records)
        if approve is None:
            return False
        # What a sub-agent asks was asked of the same one within its run.
        own = [pending for call in calls for pending in pending_of(call) if pending.id == call.id]
        for pending in own:
            verdict = await asked(approve, pending)
            if verdict is not None:
                await self.record(verdict)
        return len(self.state.records) > count

    async def _do(self, decision: Ask | Act | Finish | HandOver | Steer) -> None:
        match decision:
            case Ask(limited):
                await self._ask(limited)
            case Act(calls):
                await self._act(calls, NOTHING_AHEAD)
            case Finish(completion, call):
                await self._finishing.finish(completion, call)
            case HandOver(returned):
                await self._finishing.hand_over(returned)
            case Steer(circle):
                await self.record(Steered("circle", (UserMessage(_STEERING.format(circle)),)))
            case _ as never:  # pragma: no cover
                assert_never(never)

    def _ended(self, decision: Wait | Done | Exhausted | Stuck) -> RunResult[T]:
        match decision:
            case Wait():
                return RunResult(self.state)
            case Done(stopped):
                return self._finishing.result(stopped)
            case Exhausted(limit):
                raise self._exhausted(limit)
            case Stuck(circle):
                raise StuckError(f"the run goes in circles: {circle}", state=self.state)
            case _ as never:  # pragma: no cover
                assert_never(never)

    def _exhausted(self, limit: str) -> CallwrightError:
        if self.state.rejections:
            return OutputError(f"no valid output within the limit of {limit}", state=self.state)
        return BudgetError(f"the run's limit is reached ({limit}); resume it with a wider one", state=self.state)

    async def record(self, record: Record) -> None:
        """Store, apply and show a record.

        Raises:
            StoreError: It could not be kept, or another process went on with the run.
        """
        if self._lock is None:
            self.state.apply(record)
        else:
            # What has happened is recorded also if the run is cancelled in this very moment.
            with anyio.CancelScope(shield=isinstance(record, _HAPPENED)):
                async with self._lock:
                    # A record that cannot stand here would make the stored log unreadable for ever.
                    self.state.check(record)
                    await self._keep(record)
                    self.state.apply(record)
        if self._emit is not None:
            await self._emit(record)

    async def _keep(self, record: Record) -> None:
        if self._plan.store is not None:
            run_id = self.state.run_id or getattr(record, "run_id", "")
            await self._plan.store.append(run_id, len(self.state.records), record)

    # -- asking

    async def _ask(self, limited: str | None) -> None:
        state, model = self.state, self._plan.model
        offer = await self._asking.current_offer(self._context)
        if self._plan.compaction is not None and self._plan.compaction.is_due(state):
            await self._compact()
        is_eager = self._plan.eager and not self._asking.are_tools_withheld(limited)
        question, limited, allowance = await self._afforded(offer, limited, is_streamed=is_eager or bool(self._emit))
        request, ask, budget = question.request, state.asks + 1, self._plan.budget
        is_eager = is_eager and not self._asking.are_tools_withheld(limited)
        reserved = None if allowance is None else allowance.reserved
        choice, implied, mode = request.tool_choice, question.implied, question.mode
        await self.record(Asked(ask, model.name, question.tools, choice, reserved, limited, implied, mode))
        memo, safe = Paid(state, ask, self.record), offer.safe | self._asking.live.output_tools
        scope = Scope(
            self._emit,
            state.run_id,
            state.steps + 1,
            deadline=self._deadline,
            budget=budget,
            memo=memo,
            # Text that was given cannot be taken back; whoever reads events sees what happened.
            restart=not getattr(self._emit, "is_text", False),
            failed=self._retried,
            safe=safe,
        )
        try:
            if is_eager:
                await self._answered_eagerly(ask, request, scope, offer)
            else:
                await self._answered(ask, request, scope)
        finally:
            self._allowance = None
            if allowance is not None:
                self._spending.release(allowance)

    async def _afforded(
        self, offer: Offer, limited: str | None, *, is_streamed: bool
    ) -> tuple[Question, str | None, Allowance | None]:
        """Return the next request, the limit because of which it has no tools, and what is set aside for it.

        Raises:
            BudgetError: There is not enough left for any request.
            ParameterError: Nobody knows what the model costs.
        """
        spending, asking = self._spending, self._asking
        if self._plan.budget is not None:
            self._plan.budget.admit()
        if not spending.is_limited:
            return asking.question(offer, limited=limited, is_streamed=is_streamed), limited, None
        price = await spending.price()
        for reason in dict.fromkeys((limited, limited or "cost")):
            draft = asking.question(offer, limited=reason, is_streamed=is_streamed, values=_NO_VALUES)
            allowance = spending.reserve(draft.request, price, final=reason is not None)
            if allowance is not None:
                self._allowance, values = allowance, allowance.values
                return asking.question(offer, limited=reason, is_streamed=is_streamed, values=values), reason, allowance
        raise self._exhausted("cost: not enough is left for another answer")

    async def _answered_eagerly(self, ask: int, request: ChatRequest, scope: Scope, offer: Offer) -> None:
        """Ask, begin what only reads while the answer comes, and see to its calls."""
        is_serial = self.state.params.get("parallel_tool_calls") is False
        most = 1 if is_serial else self._plan.limits.tool_concurrency
        async with collapsed() as group:
            eager = Eager(group, tools=offer.by_name, context=self._context, most=most)

            async def listen(event: Delta | Retried | Restarted) -> None:
                if isinstance(event, Delta):
                    for position, call in event.ready:
                        await eager.begin(call_id(self.state.run_id, ask, position), call)
                elif isinstance(event, Restarted):
                    eager.forget()
                if self._emit is not None:
                    await self._emit(event)

            await self._answered(ask, request, replace(scope, listen=listen))
            # Calls of tools that write begin while the early ones still run.
            decision = self.state.decide(self._plan.limits, self._asking.live)
            if isinstance(decision, Act):
                await self._act(decision.calls, eager)
            eager.forget()

    async def _answered(self, ask: int, request: ChatRequest, scope: Scope) -> None:
        try:
            completion = await self._plan.model.complete(request, scope)
        except APIError as error:
            partial = getattr(error, "partial", None)
            partial = partial if isinstance(partial, Completion) else None
            usage = NO_USAGE if partial is None else partial.usage
            self._book(usage, failure=error)
            await self.record(Failed(ask, _told(error), partial, usage))
            # Asked in another form, or for less, the model may answer.
            if self._asking.steps_down(error) or (isinstance(error, ContextLengthError) and await self._compact()):
                return
            raise
        self._book(completion.usage)
        unfit = self._asking.unfit(request, completion, deps=self._deps)
        if unfit is None:
            timing = completion.timing
            first, total = (None, None) if timing is None else (timing.first, timing.total)
            await self.record(Answered(ask, completion, first, total))
            return
        await self.record(Failed(ask, _told(unfit), completion, completion.usage))
        if not self._asking.steps_down(unfit):
            raise unfit

    def _book(self, usage: Usage, failure: APIError | None = None) -> None:
        """Count what a request used against the limits in money, and the shared budget."""
        is_free = failure is not None and not failure.maybe_billed and usage == NO_USAGE
        billed = usage if is_free else self._spending.billed(usage, self._allowance)
        self._spending.book(billed)
        if self._plan.budget is not None:
            self._plan.budget.settle(billed)

    async def _retried(self, error: APIError, partial: Completion | None, usage: Usage) -> None:
        """Book and record an attempt that came to nothing, and is followed by another."""
        self._book(usage, failure=error)
        await self.record(Failed(self.state.asks, _told(error), partial, usage, again=True))

    async def _compact(self) -> bool:
        """Make the conversation that is sent shorter; return whether that was possible."""
        budget = self._plan.budget
        if self._plan.compaction is None:
            return False
        try:
            record = await compacted(self._plan.compaction, self.state, Scope(run_id=self.state.run_id))
        except APIError as error:
            _log.warning("the conversation could not be summarised and stays as it is: %s", type(error).__name__)
            return False
        if record is None:
            return False
        if budget is not None and record.usage != NO_USAGE:
            budget.settle(record.usage)
        await self.record(record)
        return True

    # -- acting

    async def _act(self, orders: Sequence[tuple[PendingCall, Order]], ahead: Ahead) -> None:
        offer = self._asking.offer or await self._asking.current_offer(self._context)
        await self._acting.act(orders, tools=offer.by_name, ahead=ahead)

    def _context(self, call: str = "") -> RunContext[Any]:
        state = self.state
        return RunContext(
            self._deps,
            run_id=state.run_id,
            call_id=call,
            step=state.steps if call else state.steps + 1,
            messages=state.messages,
            usage=state.usage,
            confidence=None if state.completion is None else confidence_of(state.completion.raw),
            report=self._emit,
            find_result=self._rest if _READER in (self._asking.offer.by_name if self._asking.offer else ()) else None,
            clock=self._plan.clock,
            surroundings=self._surroundings,
        )

    def _rest(self, call: str) -> str | None:
        """Return the whole text of a result that was told in part."""
        returned = (record for record in self.state.records if isinstance(record, CallReturned))
        return next((record.rest for record in returned if record.call == call), None)


def _told(error: CallwrightError) -> str:
    return f"{type(error).__name__}: {masked(str(error))}"
