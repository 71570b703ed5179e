"""Acting: seeing to the calls of a turn, each of which is refused, held or run, and recorded at every change."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import anyio
from typing_extensions import TypeIs

from callwright._clock import Clock
from callwright._concurrency import collapsed
from callwright._json import encode
from callwright.ahead import NOTHING_AHEAD, Ahead
from callwright.errors import CallwrightError
from callwright.run.decision import Order, PendingCall
from callwright.run.limits import Limits
from callwright.run.records import CallHeld, CallId, CallReturned, CallStarted, Outcome, Record
from callwright.run.result import RunResult
from callwright.run.state import RunState
from callwright.tools.calling import Performed, Ready, Refused, perform, prepare
from callwright.tools.context import RunContext
from callwright.tools.toolset import AnyTool
from callwright.wire.messages import ToolMessage

__all__ = ["Acting"]

_log = logging.getLogger("callwright")

_REFUSALS: dict[Order, str] = {
    "cut": "Not run: your answer was cut before this call was whole. Call it again, with shorter arguments.",
    "excess": "Not run: too many calls in one turn. Call it again in the next turn if it is still needed.",
    "withheld": "Not run: no tools are available any more. Answer from what you have.",
}
"""What the model is told about calls that are answered without being run."""

_Run: TypeAlias = tuple[PendingCall, Ready]


@dataclass(frozen=True, slots=True)
class Acting:
    """Sees to the calls of a run."""

    state: RunState
    limits: Limits
    clock: Clock
    record: Callable[[Record], Awaitable[None]]
    context: Callable[[str], RunContext[Any]]
    """Makes the context of a call."""
    values: dict[CallId, object] = field(default_factory=dict[CallId, object])
    """What calls returned that are the run's output, as this process has it."""

    async def act(
        self, orders: Sequence[tuple[PendingCall, Order]], *, tools: Mapping[str, AnyTool], ahead: Ahead = NOTHING_AHEAD
    ) -> None:
        """Carry out the orders; calls that are run are run together.

        Args:
            orders: What to do with each open call.
            tools: Those on offer, by name.
            ahead: Calls that were begun before the answer was whole.

        Raises:
            RunError: A tool raised and was declared `on_error="raise"`; after the others have finished.
            StoreError: A record could not be kept.
        """
        runnable: list[_Run] = []
        for pending, order in orders:
            if order == "hold":
                await self.record(CallHeld(pending.id, "in_doubt"))
            elif order != "run":
                await self._answer(pending, order)
            elif (ready := await self._admitted(pending, tools)) is not None:
                runnable.append((pending, ready))
        if len(runnable) == 1 or self.state.params.get("parallel_tool_calls") is False:
            for pending, ready in runnable:
                await self._call(pending, ready, ahead)
        elif runnable:
            await self._call_together(runnable, ahead)

    async def close(self, pending: PendingCall, told: str, *, outcome: Outcome) -> None:
        """Answer a call in words of our own."""
        await self._return(pending, Performed(told), outcome=outcome)

    async def _answer(self, pending: PendingCall, order: Order) -> None:
        """Answer a call that is not run."""
        reason = None if pending.decided is None else pending.decided.reason
        if order == "answer":
            await self.close(pending, reason or "", outcome="value")
        elif order == "deny":
            await self.close(pending, f"Not run: it was not allowed. {reason or ''}".strip(), outcome="denied")
        else:
            await self.close(pending, _REFUSALS[order], outcome="refused")

    async def _admitted(self, pending: PendingCall, tools: Mapping[str, AnyTool]) -> Ready | None:
        """Return the call ready to run; None if it was refused, or waits for somebody outside."""
        call, decided = pending.call, pending.decided
        if pending.arguments is not None:
            call = replace(call, arguments=pending.arguments)
        ready = prepare(tools, call)
        if isinstance(ready, Refused):
            await self.close(pending, ready.text, outcome="refused")
            return None
        if decided is None and pending.started is None:
            if ready.tool.is_external:
                await self.record(CallHeld(pending.id, "external", _told(ready)))
                return None
            if await self._needs_approval(pending, ready):
                await self.record(CallHeld(pending.id, "approval", _told(ready)))
                return None
        return ready

    async def _needs_approval(self, pending: PendingCall, ready: Ready) -> bool:
        asks = ready.tool.needs_approval
        if isinstance(asks, bool):
            return asks
        try:
            answer = asks(self.context(pending.id), ready.arguments)
            return bool(await answer if inspect.isawaitable(answer) else answer)
        except Exception:  # noqa: BLE001 - the edge of user code
            # Whoever cannot say whether it is safe has not said that it is.
            _log.exception("needs_approval of tool %s raised; the call waits for approval", ready.tool.name)
            return True

    async def _call_together(self, runnable: Sequence[_Run], ahead: Ahead) -> None:
        """Run calls at the same time; if one ends the run, the others are still let finish."""
        most = self.limits.tool_concurrency
        room = anyio.Semaphore(most) if len(runnable) > most else nullcontext()
        failures: list[CallwrightError] = []

        async def call(pending: PendingCall, ready: Ready) -> None:
            async with room:
                try:
                    await self._call(pending, ready, ahead)
                except CallwrightError as error:
                    failures.append(error)

        async with collapsed() as group:
            for pending, ready in runnable:
                group.start_soon(call, pending, ready)
        if failures:
            raise failures[0]

    async def _call(self, pending: PendingCall, ready: Ready, ahead: Ahead) -> None:
        await self.record(CallStarted(pending.id, ready.tool.effect, ready.repairs))
        started = self.clock.monotonic()
        performed = await ahead.take(pending) or await perform(ready, self.context(pending.id))
        value = performed.value
        if _is_result(value) and value.status == "paused":
            await self.record(CallHeld(pending.id, "child", waiting=_waiting(value)))
            return
        outcome: Outcome = "error" if performed.is_error else "value"
        if _log.isEnabledFor(logging.INFO):
            _log.info("tool %s: %s in %.3f s", pending.call.name, outcome, self.clock.monotonic() - started)
        is_direct = ready.tool.returns_directly and not performed.is_error
        if is_direct:
            self.values[pending.id] = value
        await self._return(pending, performed, outcome=outcome, direct=is_direct)

    async def _return(
        self, pending: PendingCall, performed: Performed, *, outcome: Outcome, direct: bool = False
    ) -> None:
        returned = CallReturned(
            pending.id,
            outcome,
            ToolMessage(performed.content, tool_call_id=pending.call.id),
            usage=performed.usage,
            note=performed.note,
            artifact=performed.artifact,
            rest=performed.rest,
            direct=direct,
        )
        await self.record(returned)


def _is_result(value: object) -> TypeIs[RunResult[Any]]:
    return isinstance(value, RunResult)


def _waiting(result: RunResult[Any]) -> tuple[tuple[CallId, str, str, str], ...]:
    return tuple([(call.id, call.name, call.arguments, call.why) for call in result.pending])


def _told(ready: Ready) -> str:
    """Return the arguments as the tool would get them."""
    return encode(ready.tool.shape.arguments.dump(ready.arguments)).decode()
