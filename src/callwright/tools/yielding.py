"""Yielding: a tool that is a generator, whose values are told as they come and are its result together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any, cast

import anyio
from anyio.lowlevel import checkpoint

from callwright.tools.context import RunContext
from callwright.tools.plain import MOST_DRAWN
from callwright.tools.results import ToolResult

__all__ = ["drained", "driven"]

_MOST_TAKEN = 64 * 1024 * 1024
"""How much text is taken from a generator, in characters."""
_CLOSING = 1.0
"""How long an async generator may take to close, in seconds."""


def driven(generator: Generator[object, Any, object], context: RunContext[Any]) -> tuple[object, str | None]:
    """Return what a generator gives, telling every value; it is closed, come what may."""
    taken = _Taken()
    try:
        while taken.has_room:
            try:
                value = next(generator)
            except StopIteration as stop:
                return taken.result(stop.value), None
            taken.add(value)
            context.progress_sync(value)
    finally:
        generator.close()
    return taken.result(), taken.note


async def drained(values: AsyncIterator[object], context: RunContext[Any]) -> tuple[object, str | None]:
    """Return what an async generator gives, telling every value; it is closed, come what may."""
    taken = _Taken()
    try:
        async for value in values:
            taken.add(value)
            await context.progress(value)
            # It may never wait for anything, and must still be cancelled.
            await checkpoint()
            if not taken.has_room:
                break
    finally:
        close = getattr(values, "aclose", None)
        if close is not None:
            with anyio.move_on_after(_CLOSING, shield=True):
                await close()
    return taken.result(), None if taken.has_room else taken.note


class _Taken:
    """The values that a generator gave so far."""

    __slots__ = ("_room", "_values")

    def __init__(self) -> None:
        self._values: list[object] = []
        self._room = _MOST_TAKEN

    @property
    def has_room(self) -> bool:
        return self._room > 0 and len(self._values) < MOST_DRAWN

    @property
    def note(self) -> str:
        return f"cut: the generator was closed after {len(self._values)} values"

    def add(self, value: object) -> None:
        self._values.append(value)
        if type(value) in (str, bytes):
            self._room -= len(cast("str | bytes", value))

    def result(self, returned: object = None) -> object:
        """Return what the generator returned, else the `ToolResult` that came last, else all values."""
        if returned is not None:
            return returned
        is_own = bool(self._values) and issubclass(type(self._values[-1]), ToolResult)
        return self._values[-1] if is_own else self._values
