"""Finishing: an answer becomes the run's output, or the model is told why it cannot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic

from typing_extensions import TypeVar

from callwright._json import decode
from callwright.acting import Acting
from callwright.errors import OutputError
from callwright.output.output import Output, Problems, Taken, TextOutput
from callwright.run.decision import PendingCall
from callwright.run.records import CallReturned, Record, Rejected, Stopped
from callwright.run.result import NOTHING, RunResult
from callwright.run.state import RunState
from callwright.tools.context import RunContext
from callwright.wire.chat import Completion
from callwright.wire.messages import UserMessage

__all__ = ["Finishing"]

T = TypeVar("T")


class Finishing(Generic[T]):
    """Takes the output of a run.

    Args:
        output: How it is asked for and read.
        state: Where the run stands.
        record: Keeps what happened.
        acting: Answers the calls of the last turn.
        context: Makes a context, for what checks the output.
    """

    __slots__ = ("_acting", "_context", "_output", "_record", "_state", "_value")

    def __init__(
        self,
        output: Output[T],
        state: RunState,
        *,
        record: Callable[[Record], Awaitable[None]],
        acting: Acting,
        context: Callable[[], RunContext[Any]],
    ) -> None:
        self._output = output
        self._state = state
        self._record = record
        self._acting = acting
        self._context = context
        self._value: T | object = NOTHING

    async def finish(self, completion: Completion, call: PendingCall | None) -> None:
        """Read the output off an answer; stop with it, or reject it.

        Raises:
            OutputError: It is no valid output, and asking again is pointless or was done often enough.
        """
        read = self._output.read(completion, None if call is None else call.call, rejections=self._state.rejections)
        if isinstance(read, Problems):
            await self._reject(read, call)
            return
        for pending in tuple(self._state.calls.values()):
            if pending is call:
                await self._acting.close(pending, "Accepted.", outcome="output")
            elif pending.returned is None:
                await self._acting.close(pending, "Not read: the answer was given already.", outcome="refused")
        await self._stop(completion, read)

    async def hand_over(self, returned: CallReturned) -> None:
        """Make a result the output: its text, or the value that it is the JSON of.

        Raises:
            OutputError: It is no value of the output's type.
        """
        text = returned.message.text
        try:
            self._value = self._loaded(text)
        except ValueError as error:
            told = f"call {returned.call!r} is the run's output (return_direct), and does not fit: {error}"
            raise OutputError(told, state=self._state) from error
        await self._record(Stopped("done", None, self._output.dump(self._value)))

    def _loaded(self, text: str) -> T:
        """Return the value of a result's text: JSON, or a text that stands for itself, such as a date."""
        output = self._output
        if not isinstance(output, TextOutput):
            with suppress(ValueError):
                return output.load(decode(text))
        return output.load(text)

    def result(self, stopped: Stopped) -> RunResult[T]:
        """Return the result of a run that has stopped.

        Raises:
            OutputError: What was stored as its output is no valid one any more.
        """
        if self._value is NOTHING and (stopped.status == "done" or stopped.output is not None):
            try:
                self._value = self._output.load(stopped.output)
            except ValueError as error:
                raise OutputError(f"the stored output is not valid any more: {error}", state=self._state) from error
        return RunResult(self._state, self._value)  # type: ignore[arg-type]  # a T, or NOTHING

    async def _stop(self, completion: Completion, taken: Taken[T]) -> None:
        reason = completion.finish_reason if completion.is_cut else self._state.limited
        self._value = taken.value
        output = self._output.dump(taken.value)
        await self._record(Stopped("done" if reason is None else "limited", reason, output))

    async def _reject(self, read: Problems, call: PendingCall | None) -> None:
        """Record that an answer is no output; tell the model, or give up."""
        told = "Your answer is not valid:\n" + "\n".join(f"- {problem}" for problem in read.problems)
        ask = self._state.asks
        if call is not None:
            await self._acting.close(call, f"{told}\nCall it again.", outcome="error")
            if self._state.calls:
                return
        messages = () if call is not None else (UserMessage(f"{told}\nAnswer again."),)
        await self._record(Rejected(ask, read.problems, messages))
        if read.is_final or self._state.rejections >= self._output.attempts:
            raise OutputError(f"no valid output: {'; '.join(read.problems)}", state=self._state)
