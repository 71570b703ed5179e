"""Restating: an answer that was not what was asked for, and how the same is asked once more."""

from __future__ import annotations

from dataclasses import replace

from callwright._json import JsonObject
from callwright.attempts import Attempt
from callwright.errors import OutputError, TruncatedError
from callwright.output.base import Problems
from callwright.output.endings import is_out_of_room
from callwright.run.records import Failed, Prompted
from callwright.run.result import attempts_of, said_in
from callwright.run.state import RunState
from callwright.wire.adapt import check_forced
from callwright.wire.chat import ChatRequest, Completion

__all__ = ["Restating"]

_CAPS = ("max_completion_tokens", "max_tokens")


class Restating:
    """Knows what was asked for twice already in a run; the records say so, also after a crash.

    Args:
        state: Where the run stands.
    """

    __slots__ = ("_done", "_prompt", "_state")

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._prompt: Prompted | None = None
        self._done: set[type[OutputError]] = set()

    @property
    def is_forced(self) -> bool:
        """Whether the user forced a call, and it is due now."""
        chosen = self._state.tool_choice
        return chosen not in (None, "auto", "none") and self._state.turns == 0

    @property
    def is_pressed(self) -> bool:
        """Whether a forced call was not heeded, so that nothing else is offered now."""
        return self.is_forced and OutputError in self._asked_again()

    def raised(self, cap: int | None) -> JsonObject:
        """Return the parameter that raises the cap of an answer; empty if none was cut."""
        if cap is None or TruncatedError not in self._asked_again():
            return {}
        return {next((name for name in _CAPS if name in self._state.params), "max_tokens"): cap}

    def cut(self, completion: Completion, problems: Problems | None, cap: int | None) -> TruncatedError | None:
        """Return why an answer that was cut is not taken; None if it is.

        Args:
            completion: The answer.
            problems: Why it is no output; None if it is one, or the run can go on behind it.
            cap: To how many tokens the cap may be raised.
        """
        if problems is None and not (self._can_raise(cap) and is_out_of_room(completion)):
            return None
        told = problems.problems if problems is not None else (f"the answer was cut ({completion.finish_reason})",)
        partial = None if problems is None else problems.salvaged
        attempt = Attempt(self._state.asks, said_in(completion), told, partial)
        return TruncatedError("; ".join(told), attempts=(*attempts_of(self._state), attempt))

    def unheeded(self, request: ChatRequest, completion: Completion) -> OutputError | None:
        """Return that a call was not made which the user forced; None if it was, or none was."""
        if not self.is_forced or self._state.limited is not None:
            return None
        # As it was chosen: what is sent the second time leaves no choice in another way.
        problem = check_forced(replace(request, tool_choice=self._state.tool_choice), completion)
        if problem is None:
            return None
        attempt = Attempt(self._state.asks, said_in(completion), (problem,))
        return OutputError(problem, attempts=(*attempts_of(self._state), attempt))

    def restates(self, error: OutputError, cap: int | None) -> bool:
        """Whether the same is asked once more after this, in another way; once for each kind of error.

        Args:
            error: Why an answer was not taken.
            cap: To how many tokens the cap may be raised.
        """
        is_cut = isinstance(error, TruncatedError)
        kind = TruncatedError if is_cut else OutputError
        if kind in self._asked_again() or (is_cut and not self._can_raise(cap)):
            return False
        self._done.add(kind)
        return True

    def _can_raise(self, cap: int | None) -> bool:
        known = [self._state.params[name] for name in _CAPS if name in self._state.params]
        least = min((count for count in known if isinstance(count, int)), default=0)
        return cap is not None and least < cap and TruncatedError not in self._asked_again()

    def _asked_again(self) -> set[type[OutputError]]:
        """Return after which errors the newest prompt was asked again."""
        state = self._state
        if self._prompt is not state.prompt:
            self._prompt = state.prompt
            self._done = _asked_again(state)
        return self._done


def _asked_again(state: RunState) -> set[type[OutputError]]:
    found: set[type[OutputError]] = set()
    for record in reversed(state.records):
        if isinstance(record, Prompted):
            break
        if isinstance(record, Failed):
            name = record.error.partition(":")[0]
            found |= {kind for kind in (OutputError, TruncatedError) if kind.__name__ == name}
    return found
