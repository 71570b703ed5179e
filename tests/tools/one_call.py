"""One call of a tool, without a run around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import anyio
import anyio.lowlevel

from callwright import RunContext, Tool
from callwright._clock import SYSTEM_CLOCK
from callwright.tools.calling import Performed, Ready, perform

__all__ = ["QuickClock", "called", "until"]


class QuickClock:
    """Waits no time, and remembers for how long it was asked to."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return SYSTEM_CLOCK.monotonic()

    def wall(self) -> float:
        return SYSTEM_CLOCK.wall()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await anyio.lowlevel.checkpoint()


async def called(
    made: Tool[..., Any], context: RunContext[Any] | None = None, arguments: Mapping[str, object] | None = None
) -> Performed:
    return await perform(Ready(made, arguments or {}), context or RunContext(None, clock=QuickClock()))


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():
            # Not an event: what changes, changes on another thread.
            await anyio.lowlevel.checkpoint()
