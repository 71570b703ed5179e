"""The clock: what time it is and how to wait, so that tests can bring their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, cast

import anyio

__all__ = ["SYSTEM_CLOCK", "Clock", "move_on_after"]


class Clock(Protocol):
    """Anything that tells time and waits. One that has `move_on_after`, as anyio has it, ends waits by its own time."""

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; never goes back."""
        ...

    def wall(self) -> float:
        """Return seconds since 1970-01-01 UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` (>= 0); can be cancelled."""
        ...


class _SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    def move_on_after(self, seconds: float | None) -> anyio.CancelScope:
        return anyio.move_on_after(seconds)


SYSTEM_CLOCK: Clock = _SystemClock()


def move_on_after(clock: Clock, seconds: float | None) -> anyio.CancelScope:
    """Return a scope that is cancelled after `seconds` of the clock, or of the event loop if the clock has no scopes.

    Args:
        clock: Whose seconds count.
        seconds: From now on; None is never.
    """
    own = cast("Callable[[float | None], anyio.CancelScope] | None", getattr(clock, "move_on_after", None))
    return anyio.move_on_after(seconds) if own is None else own(seconds)
