"""A sub-agent: an agent whose run answers a call of another run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from typing_extensions import TypeVar

from callwright.errors import RunError
from callwright.events import Emit, Event, Nested
from callwright.loop import Loop
from callwright.plan import Plan
from callwright.run.decision import PendingCall
from callwright.run.records import CallDecided, CallHeld, CallId, Prompted, Record, Started, child_run_id
from callwright.run.result import RunResult
from callwright.run.state import RunState
from callwright.run.store import Store
from callwright.tools.context import RunContext
from callwright.tools.toolset import Offer

__all__ = ["pass_on", "run_within"]

T = TypeVar("T")


async def run_within(
    plan: Plan[T],
    ctx: RunContext[Any],
    *,
    offer: Offer,
    fingerprint: str,
    prompted: Callable[[RunState], Awaitable[Prompted]],
) -> RunResult[T]:
    """Run an agent for the call of `ctx`, or go on with its run if it was cut short.

    Its log is a log of its own. What the agent has not of itself, store and budget, it shares with the run around it.

    Args:
        plan: What the run follows.
        ctx: Of the call; what the run uses is booked in it.
        offer: The agent's own tools.
        fingerprint: The agent's.
        prompted: Gives the record of the prompt.

    Raises:
        CallwrightError: The run failed, or waits for decisions and nothing keeps it until then.
    """
    around = ctx.surroundings
    plan = replace(plan, store=plan.store or around.store, budget=plan.budget or around.budget)
    run_id = child_run_id(ctx.call_id)
    state = RunState.of(await plan.store.load(run_id) if plan.store is not None else ())
    emit = None if around.emit is None else _nested(around.emit, ctx.call_id)
    loop = Loop(plan, state, deps=ctx.deps, emit=emit, offer=offer, approve=around.approve)
    try:
        if not state.records:
            await loop.record(Started(run_id, fingerprint, parent=(ctx.run_id, ctx.call_id)))
        if state.prompt is None:
            await loop.record(await prompted(state))
        result = await loop.run()
    finally:
        ctx.book(state.usage)
    if result.status == "paused" and plan.store is None:
        waiting = ", ".join([pending.shown for pending in result.pending])
        raise RunError(f"it waits for decisions on {waiting}, and no store keeps it until then", state=state)
    return result


def _nested(emit: Emit, call: CallId) -> Emit:
    async def emit_nested(event: Event) -> None:
        await emit(Nested(call, event))

    return emit_nested


async def pass_on(store: Store | None, state: RunState, decision: CallDecided) -> CallDecided:
    """Record a decision about a call of a sub-agent in that one's log; return the decision that lets it go on.

    If a process died when it had recorded one there and not yet in the run's own log, the call waits still, for all
    that anybody can see; then what is said last counts.

    Args:
        store: Keeps the logs of the run and of its sub-agents.
        state: The run's.
        decision: About a call of its own, which comes back as it is, or about one of a sub-agent below it.

    Raises:
        StoreError: No such call waits, or the record could not be kept.
    """
    return await _passed_on(store, state, decision, is_waiting=False)


async def _passed_on(store: Store | None, state: RunState, decision: CallDecided, *, is_waiting: bool) -> CallDecided:
    """Pass a decision on, for a run above which calls wait for it, or not."""
    held = _holder(state, decision.call)
    if store is None or held is None:
        return decision
    is_waiting = is_waiting or held.is_waiting
    child = RunState.of(await store.load(child_run_id(held.id)))
    inner = await _passed_on(store, child, decision, is_waiting=is_waiting)
    for record in _to_tell(child, inner, is_own=inner is decision, is_waiting=is_waiting):
        child.check(record)
        await store.append(child.run_id, len(child.records), record)
        child.apply(record)
    return CallDecided(held.id, "approve", by=decision.by)


def _to_tell(child: RunState, decision: CallDecided, *, is_own: bool, is_waiting: bool) -> Sequence[Record]:
    """Return what a sub-agent's log does not say yet of a decision about one of its calls."""
    pending = child.calls.get(decision.call)
    if pending is None or pending.is_waiting:
        return [decision]
    # Two decisions about calls of one sub-agent let it go on once.
    if not is_own or (is_waiting and pending.decided == decision):
        return []
    return [_held(child, decision.call), decision] if is_waiting and pending.decided is not None else [decision]


def _held(state: RunState, call: CallId) -> CallHeld:
    """Return the newest record that holds a call."""
    return next(held for held in reversed(state.records) if isinstance(held, CallHeld) and held.call == call)


def _holder(state: RunState, call: CallId) -> PendingCall | None:
    """Return the call whose sub-agent made `call`; None if the run itself did, or nobody."""
    for pending in state.calls.values():
        if call.startswith((f"{child_run_id(pending.id)}:", f"{child_run_id(pending.id)}/")):
            return pending
    return None
