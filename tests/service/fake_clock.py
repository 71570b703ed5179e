"""A clock that stands still until it is told to go on, and then ends the waits that are over."""

from __future__ import annotations

import anyio

__all__ = ["FakeClock"]


class FakeClock:
    """Time for tests: `sleep` takes no time but moves the clock; deadlines pass when the clock is moved beyond them."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.waits: list[float] = []
        """What was slept, in seconds."""
        self._scopes: list[tuple[float, anyio.CancelScope]] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_760_000_000.0

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await anyio.lowlevel.checkpoint()
        self.advance(seconds)

    def move_on_after(self, seconds: float | None) -> anyio.CancelScope:
        scope = anyio.CancelScope()
        if seconds is not None:
            self._scopes.append((self.now + seconds, scope))
        return scope

    @property
    def next(self) -> float | None:
        """Seconds to the next deadline that somebody waits for; None if nobody waits for one."""
        return min((at for at, _ in self._scopes if at > self.now), default=self.now) - self.now or None

    def advance(self, seconds: float) -> None:
        """Let time pass, on the event loop of those who wait."""
        self.now += seconds
        over = [scope for at, scope in self._scopes if at <= self.now]
        self._scopes = [(at, scope) for at, scope in self._scopes if at > self.now]
        for scope in over:
            scope.cancel()
