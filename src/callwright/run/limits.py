"""Limits of one run, and the budget that several runs share."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal

from callwright.errors import BudgetError, ParameterError
from callwright.model import Price
from callwright.wire.chat import NO_USAGE, Usage

__all__ = ["Budget", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one run may go. None is no limit; 0 lets no request go.

    Raises:
        ParameterError: One of them is out of range.
    """

    steps: int = 50
    """Committed assistant turns, >= 1. At the last one the model is asked for an answer from what it has."""
    tool_calls_per_turn: int = 64
    """Calls beyond these are answered with an error instead of being run; >= 1."""
    tool_concurrency: int = 16
    """Calls of one turn that run at the same time, >= 1."""
    repeats: int | None = 3
    """The same calls with the same results this often in a row, >= 2, alone or in a cycle of two or three turns, are a
    circle: the model is told so once, then tools are withheld, then the run ends. None: circles are not looked for."""
    requests: int | None = None
    """Requests that were answered or failed."""
    tokens: int | None = None
    """Prompt and completion tokens; checked before each request, so that the last one may go beyond."""
    cost: Decimal | float | None = None
    """US dollars. Before each request what it may cost at worst is set aside: the prompt's tokens, of which there are
    at most as many as bytes, and `max_tokens` of answer, at the model's price; `max_tokens` and, at OpenRouter,
    `provider.max_price` are sent for that. What the service bills beyond its own price list is not bounded by it."""
    price: Price | None = None
    """What the model costs, for `cost`. Default: what the service's list says."""
    seconds: float | None = None
    """Since this process took up the run; a request that is not answered by then fails with `APITimeoutError`."""

    def __post_init__(self) -> None:
        for name in ("steps", "tool_calls_per_turn", "tool_concurrency"):
            if getattr(self, name) < 1:
                raise ParameterError(f"Limits.{name}: expected >= 1; got {getattr(self, name)!r}")
        if self.repeats is not None and self.repeats < 2:  # noqa: PLR2004 - once is no repetition
            raise ParameterError(f"Limits.repeats: expected >= 2, or None; got {self.repeats!r}")
        for name in ("requests", "tokens", "cost", "seconds"):
            most: float | Decimal | None = getattr(self, name)
            if most is not None and not most >= 0:
                raise ParameterError(f"Limits.{name}: expected >= 0, or None; got {most!r}")

    def spent(self, *, requests: int, usage: Usage, elapsed: float) -> str | None:
        """Return which limit leaves no room for one more request; None if all do.

        Args:
            requests: Requests so far.
            usage: What they used.
            elapsed: Seconds so far.
        """
        if self.requests is not None and requests >= self.requests:
            return f"requests: {requests} of {self.requests}"
        if self.tokens is not None and usage.total_tokens >= self.tokens:
            return f"tokens: {usage.total_tokens} of {self.tokens}"
        if self.cost is not None and (usage.cost or 0) >= self.cost:
            return f"cost: {usage.cost} of {self.cost} US dollars"
        if self.seconds is not None and elapsed >= self.seconds:
            return f"seconds: {elapsed:.1f} of {self.seconds}"
        return None


class Budget:
    """One ledger for all runs that are given it: what one spends, the others no longer have.

    Args:
        tokens: Prompt and completion tokens; None is no limit.
        cost: US dollars, set aside before each request and booked after it, see `Limits.cost`; None is no limit.
        requests: Requests that were answered or failed; None is no limit.
    """

    __slots__ = ("_cost", "_lock", "_requests", "_reserved", "_tokens", "requests", "usage")

    def __init__(
        self, *, tokens: int | None = None, cost: Decimal | float | None = None, requests: int | None = None
    ) -> None:
        self._tokens = tokens
        self._cost = None if cost is None else Decimal(str(cost))
        self._reserved = Decimal(0)
        # Runs of several event loops, each on its own thread, may share it.
        self._lock = threading.Lock()
        self._requests = requests
        self.requests = 0
        """Requests that were booked."""
        self.usage = NO_USAGE
        """What they used."""

    def admit(self) -> None:
        """Allow one more request.

        Raises:
            BudgetError: Nothing is left.
        """
        limits = Limits(requests=self._requests, tokens=self._tokens, cost=self._cost)
        spent = limits.spent(requests=self.requests, usage=self.usage, elapsed=0.0)
        if spent is not None:
            raise BudgetError(f"the shared budget is used up ({spent}); give it more or stop here")

    def settle(self, usage: Usage) -> None:
        """Book what a request used."""
        with self._lock:
            self.requests += 1
            self.usage += usage

    @property
    def remaining(self) -> Decimal | None:
        """US dollars that are neither spent nor set aside; None if there is no limit in money."""
        return None if self._cost is None else self._cost - (self.usage.cost or 0) - self._reserved

    def reserve(self, amount: Decimal) -> bool:
        """Set `amount` US dollars aside; return whether there is as much."""
        with self._lock:
            remaining = self.remaining
            if remaining is not None and amount > remaining:
                return False
            self._reserved += amount
            return True

    def release(self, amount: Decimal) -> None:
        """Give back what was set aside."""
        with self._lock:
            self._reserved -= amount

    def __repr__(self) -> str:
        return f"Budget(requests={self.requests}, tokens={self.usage.total_tokens}, cost={self.usage.cost})"
