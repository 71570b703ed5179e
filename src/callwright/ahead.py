"""Ahead: calls of tools that only read, begun while the model is still writing the rest of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import anyio
from anyio.abc import TaskGroup

from callwright.errors import CallwrightError
from callwright.run.decision import PendingCall
from callwright.run.records import CallId
from callwright.tools.calling import Performed, Ready, perform, prepare
from callwright.tools.context import RunContext
from callwright.tools.toolset import AnyTool
from callwright.wire.messages import ToolCall

__all__ = ["NOTHING_AHEAD", "Ahead", "Eager"]


class Ahead:
    """Calls that were begun early, by their id; none here."""

    __slots__ = ()

    async def take(self, pending: PendingCall) -> Performed | None:
        """Return what came of the call, waiting for it; None if it was not begun."""
        del pending
        return None


NOTHING_AHEAD = Ahead()
"""No call was begun early."""


class Eager(Ahead):
    """Begins calls as soon as they are whole.

    What comes of them stays in memory until the answer is committed: a restart of the stream throws it away. Only tools
    that were declared `read_only` are begun, since nobody can tell yet whether the answer will stand.

    Args:
        group: Runs the calls.
        tools: Those on offer, by name.
        context: Makes the context of a call.
        most: How many run at the same time, >= 1.
    """

    __slots__ = ("_begun", "_context", "_group", "_room", "_tools")

    def __init__(
        self,
        group: TaskGroup,
        *,
        tools: Mapping[str, AnyTool],
        context: Callable[[str], RunContext[Any]],
        most: int,
    ) -> None:
        self._group = group
        self._tools = tools
        self._context = context
        self._room = anyio.Semaphore(most)
        self._begun: dict[CallId, _Early] = {}

    async def begin(self, place: CallId, call: ToolCall) -> None:
        """Begin a call whose arguments are whole, if its tool only reads and nobody must allow it."""
        if place in self._begun:
            return
        ready = prepare(self._tools, call)
        if isinstance(ready, Ready) and ready.tool.effect == "read" and _is_free(ready.tool):
            early = self._begun[place] = _Early(call, ready)
            self._group.start_soon(early.run, self._room, self._context(place))

    def forget(self) -> None:
        """Throw away what was begun: the answer that asked for it will not stand."""
        for early in self._begun.values():
            early.scope.cancel()
        self._begun = {}

    async def take(self, pending: PendingCall) -> Performed | None:
        """Return what came of the call, waiting for it; None if it was not begun, or as another call.

        Raises:
            CallwrightError: The tool raised and was declared `on_error="raise"`.
        """
        early = self._begun.pop(pending.id, None)
        if early is None or (early.call.name, early.call.arguments) != (pending.call.name, pending.call.arguments):
            return None
        return await early.result()


class _Early:
    """One call that was begun early."""

    __slots__ = ("_error", "_finished", "_performed", "_ready", "call", "scope")

    def __init__(self, call: ToolCall, ready: Ready) -> None:
        self.call = call
        self.scope = anyio.CancelScope()
        self._ready = ready
        self._finished = anyio.Event()
        self._performed: Performed | None = None
        self._error: CallwrightError | None = None

    async def run(self, room: anyio.Semaphore, context: RunContext[Any]) -> None:
        with self.scope:
            async with room:
                try:
                    self._performed = await perform(self._ready, context)
                except CallwrightError as error:
                    self._error = error
        self._finished.set()

    async def result(self) -> Performed | None:
        await self._finished.wait()
        if self._error is not None:
            raise self._error
        return self._performed


def _is_free(tool: AnyTool) -> bool:
    return tool.needs_approval is False and not tool.is_external
