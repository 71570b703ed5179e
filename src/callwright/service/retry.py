"""Retrying: whether a failed request is sent again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from callwright.errors import APIError, ParameterError

__all__ = ["Retry"]


@dataclass(frozen=True, slots=True)
class Retry:
    """When to ask again: exponential waits with full jitter; what the service says about waiting wins.

    Source: full jitter, Brooker (2015), "Exponential Backoff and Jitter".
    """

    attempts: int = 3
    """Requests in all, >= 1; 1 is no retry."""
    base: float = 0.5
    """The longest first wait, in seconds; each further one may be twice as long."""
    cap: float = 60.0
    """The longest wait, in seconds; a service that asks for more gets no further request."""
    seconds: float = 900.0
    """From the first request to the start of the last one, at most; there is room for one after ten silent minutes."""
    draw: Callable[[], float] = field(default=random.random, repr=False)
    """Gives numbers in [0, 1); for tests."""

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ParameterError(f"Retry.attempts: expected >= 1; got {self.attempts}")

    def wait(self, error: APIError, *, attempt: int, elapsed: float) -> float | None:
        """Return the seconds to wait before the next request; None if there is to be none.

        Args:
            error: Why the last one failed.
            attempt: How many were sent, >= 1.
            elapsed: Seconds since the first one was sent.
        """
        if not error.retryable or attempt >= self.attempts:
            return None
        longest = min(self.cap, self.base * 2 ** (attempt - 1))
        wait = longest * self.draw() if error.retry_after is None else error.retry_after
        return wait if wait <= self.cap and elapsed + wait <= self.seconds else None
