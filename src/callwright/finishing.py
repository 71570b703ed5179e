"""Finishing: an answer becomes the run's output, or the model is told why it cannot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, cast

from typing_extensions import TypeVar

from callwright.acting import Acting
from callwright.asking import Asking
from callwright.errors import OutputError, RefusalError, TruncatedError
from callwright.output.base import Flaw, Problems, Taken
from callwright.run.decision import Order, PendingCall
from callwright.run.records import CallReturned, Record, Rejected, Stopped
from callwright.run.result import NOTHING, RunResult, attempts_of
from callwright.run.state import RunState
from callwright.tools.calling import Ready, perform
from callwright.tools.context import RunContext
from callwright.tools.toolset import AnyTool
from callwright.wire.chat import Completion
from callwright.wire.messages import ToolMessage, UserMessage

__all__ = ["Finishing"]

T = TypeVar("T")

_ERRORS: Mapping[Flaw, type[OutputError]] = {"refused": RefusalError, "cut": TruncatedError}
_UNREAD = "Not read: the answer was given already."


class Finishing(Generic[T]):
    """Takes the output of a run.

    Args:
        asking: Knows how it is asked for and read.
        state: Where the run stands.
        record: Keeps what happened.
        acting: Answers the calls of the last turn.
        context: Makes a context, for what checks the output.
    """

    __slots__ = ("_acting", "_asking", "_context", "_found", "_record", "_state", "_value")

    def __init__(
        self,
        asking: Asking[T],
        state: RunState,
        *,
        record: Callable[[Record], Awaitable[None]],
        acting: Acting,
        context: Callable[[], RunContext[Any]],
    ) -> None:
        self._asking = asking
        self._state = state
        self._record = record
        self._acting = acting
        self._context = context
        self._value: T | object = NOTHING
        self._found = state.completion
        """The answer that a process before this one had, and may have finished with."""

    async def finish(self, completion: Completion, call: PendingCall | None) -> None:
        """Read the output off an answer; stop with it, or reject it.

        Raises:
            OutputError: It is no valid output, and asking again is pointless or was done often enough.
            RunError: What the user's own function raised ended the run.
        """
        output = self._asking.output
        if output.function is not None and call is not None:
            await self._call(output.function, completion, call)
            return
        said = None if call is None else call.call
        read = output.read(completion, said, rejections=self._state.rejections, deps=self._context().deps)
        if isinstance(read, Taken) and output.function is not None:
            read = await self._performed(output.function, completion, read)
        elif isinstance(read, Taken):
            read = await output.settle(read, self._context)
        if isinstance(read, Problems):
            await self._reject(read, call)
            return
        await self._close(call, "Accepted." if read.reason is None else f"Accepted: {read.reason}.")
        reason = read.reason or self._state.limited
        self._value = read.value
        await self._record(Stopped("done" if reason is None else "limited", reason, read.stored, read.repairs))

    async def _close(self, call: PendingCall | None, told: str) -> None:
        """Answer the calls that are still open: the one that was the answer, and those beside it."""
        for pending in tuple(self._state.calls.values()):
            if pending is call:
                await self._acting.close(pending, told, outcome="output")
            elif pending.returned is None:
                await self._acting.close(pending, _UNREAD, outcome="refused")

    async def _call(self, tool: AnyTool, completion: Completion, call: PendingCall) -> None:
        """See to the call of the function whose result is the output, as to any call: it may wait, and runs once."""
        if any(one.returned is not None and one.returned.direct for one in self._state.calls.values()):
            await self._close(None, _UNREAD)
            return
        order = _order(tool, completion, call)
        if order == "answer":
            reason = "" if call.decided is None else call.decided.reason or ""
            message = ToolMessage(reason, tool_call_id=call.call.id)
            await self._record(CallReturned(call.id, "value", message, direct=True))
        else:
            await self._acting.act([(call, order)], tools={call.call.name: tool})
        returned = call.returned
        if returned is None or returned.direct:
            return
        if not self._state.calls:
            await self._count(Problems((returned.message.text,), "cut" if order == "cut" else "invalid"), ())

    async def _performed(self, tool: AnyTool, completion: Completion, taken: Taken[Any]) -> Taken[Any] | Problems:
        """Call the function with arguments that came as text, of which nothing is recorded before it has run.

        Raises:
            OutputError: It may have run already, in a process before this one.
        """
        if completion is self._found and tool.effect == "write":
            told = f"{tool.name!r} may have run already with this answer, before the process ended; see to it by hand"
            raise OutputError(told, state=self._state)
        arguments = cast("Mapping[str, object]", taken.value)
        performed = await perform(Ready(tool, arguments, taken.repairs), self._context())
        if performed.is_error:
            return Problems((str(performed.content),), salvaged=taken.stored)
        stored = self._asking.output.dump(cast("T", performed.value))
        return Taken(performed.value, stored, taken.repairs, taken.reason)

    async def hand_over(self, returned: CallReturned) -> None:
        """Make a result the output: its text, or the value that it is the JSON of.

        Raises:
            OutputError: It is no value of the output's type.
        """
        output, deps = self._asking.output, self._context().deps
        kept = self._acting.values.get(returned.call, NOTHING)
        try:
            if output.function is not None and kept is not NOTHING:
                self._value = kept
            else:
                self._value = output.of_result(returned.rest or returned.message.text, deps=deps)
        except ValueError as error:
            told = f"call {returned.call!r} is the run's output (return_direct), and does not fit: {error}"
            raise OutputError(told, state=self._state) from error
        await self._record(Stopped("done", None, output.dump(cast("T", self._value))))

    def result(self, stopped: Stopped) -> RunResult[T]:
        """Return the result of a run that has stopped.

        Raises:
            OutputError: What was stored as its output is no valid one any more.
        """
        if self._value is NOTHING and (stopped.status == "done" or stopped.output is not None):
            try:
                self._value = self._asking.output.load(stopped.output, deps=self._context().deps)
            except ValueError as error:
                raise OutputError(f"the stored output is not valid any more: {error}", state=self._state) from error
        return RunResult(self._state, self._value)  # type: ignore[arg-type]  # a T, or NOTHING

    async def _reject(self, read: Problems, call: PendingCall | None) -> None:
        """Record that an answer is no output; tell the model, or give up."""
        told = "Your answer is not valid:\n" + "\n".join(f"- {problem}" for problem in read.problems)
        if call is not None:
            await self._acting.close(call, f"{told}\nCall it again.", outcome="error")
            if self._state.calls:
                return
        await self._count(read, () if call is not None else (UserMessage(f"{told}\nAnswer again."),))

    async def _count(self, read: Problems, messages: tuple[UserMessage, ...]) -> None:
        """Record a rejection.

        Raises:
            OutputError: Asking again is pointless, or was done often enough.
        """
        await self._record(Rejected(self._state.asks, read.problems, messages, read.salvaged))
        if read.is_final or self._state.rejections >= self._asking.output.attempts:
            told = f"no valid output: {'; '.join(read.problems)}"
            raise _ERRORS.get(read.flaw, OutputError)(told, state=self._state, attempts=attempts_of(self._state))


def _order(tool: AnyTool, completion: Completion, call: PendingCall) -> Order:
    """Return what to do with the call of the function whose result is the output."""
    decided = call.decided
    verdict = None if decided is None else decided.verdict
    if completion.is_cut:
        return "cut"
    if verdict == "deny":
        return "deny"
    if verdict == "result":
        return "answer"
    is_doubtful = call.started is not None and tool.effect == "write" and verdict != "rerun"
    return "hold" if is_doubtful else "run"
