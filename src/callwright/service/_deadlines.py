"""Deadlines: how long each part of a request may take, and which of them comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import anyio

from callwright._clock import Clock, move_on_after
from callwright.errors import APITimeoutError, Deadline

__all__ = ["Deadlines", "Timeouts"]

_AFTERWARDS = 10.0
"""Seconds for what may follow the finish of an answer: its usage, and the end of the stream."""

_MEANINGS: Mapping[Deadline, str] = {
    "read": "{where} went silent: nothing for {seconds:g} s; stream, or raise Timeouts.read",
    "first_token": "{where} gave no first token within {seconds:g} s; raise Timeouts.first_token",
    "between_chunks": "{where} added nothing to its answer for {seconds:g} s; raise Timeouts.between_chunks",
    "total": "{where} gave no whole answer within {seconds:g} s, retries included; raise Timeouts.total",
    "run": "{where} gave no whole answer before the deadline of the run, {seconds:g} s after it was asked",
}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each part of a request may take, in seconds; None is no limit."""

    connect: float | None = 10.0
    """Looking up the name and connecting, and as much again for the TLS handshake."""
    read: float | None = 600.0
    """Before the first byte of an answer, and between two pieces of it: models think for minutes."""
    write: float | None = 60.0
    """Between two pieces of the request that the service takes."""
    pool: float | None = 600.0
    """Waiting in line while all connections are busy."""
    first_token: float | None = 600.0
    """From the start of an attempt, waiting in line included, to the first word, thought or call of a stream."""
    between_chunks: float | None = 300.0
    """Between two chunks of a stream that add to the answer; comments and other signs of life add nothing."""
    total: float | None = 1800.0
    """From asking to the end of the answer, retries and the waits between them included."""


class Deadlines:
    """The deadlines of one attempt, on a clock.

    Asked for a timeout by `get`, as httpcore asks a dict, they say how long the wait that now begins may take.

    Args:
        timeouts: See `Timeouts`.
        clock: Whose `monotonic` counts.
        began: When the first attempt began; now, if this is the first one.
        run: When the run ends; None if it has all the time in the world.
        is_stream: Whether a first token, and one after another, are waited for.
    """

    __slots__ = (
        *("_between", "_clock", "_due", "_end", "began", "first", "is_due"),
        *("_end_seconds", "_ends_by", "_seconds", "_timeouts", "_which"),
    )

    def __init__(
        self,
        timeouts: Timeouts,
        clock: Clock,
        *,
        began: float | None = None,
        run: float | None = None,
        is_stream: bool = False,
    ) -> None:
        now = clock.monotonic()
        self._clock = clock
        self.began = now
        """When the attempt began."""
        self.first: float | None = None
        """When the first token came; None if none did."""
        self._timeouts = timeouts
        self._between = inf if timeouts.between_chunks is None else timeouts.between_chunks
        start = now if began is None else began
        self._end = inf if timeouts.total is None else start + timeouts.total
        self._ends_by: Deadline = "total"
        if run is not None and run < self._end:
            self._end, self._ends_by = run, "run"
        self._end_seconds = self._end - start
        self._due = self._end
        self.is_due = False
        """Whether the last wait ends with a deadline, and not with the timeout of a part."""
        self._which: Deadline = self._ends_by
        self._seconds = self._end_seconds
        if is_stream and timeouts.first_token is not None:
            self._expect("first_token", timeouts.first_token, now)

    @property
    def end(self) -> float:
        """When all attempts have to end, on the clock; infinite for never."""
        return self._end

    @property
    def elapsed(self) -> float:
        """Seconds since the attempt began."""
        return self._clock.monotonic() - self.began

    def progress(self) -> None:
        """Take note that the answer has grown."""
        now = self._clock.monotonic()
        if self.first is None:
            self.first = now
        self._expect("between_chunks", self._between, now)

    def finished(self) -> None:
        """Take note that the answer is whole: what may still come is not worth a long wait."""
        self._between = min(self._between, _AFTERWARDS)

    def get(self, part: str, default: float | None = None) -> float | None:
        """Return how long to wait now, in seconds: the timeout of that part of the request, or what is left.

        Args:
            part: `connect`, `read`, `write` or `pool`; anything else is the whole of it, which has no timeout.
            default: Where that has none.
        """
        own: float | None = getattr(self._timeouts, part, default)
        left = self._due - self._clock.monotonic()
        self.is_due = left != inf and (own is None or left <= own)
        return max(0.0, left) if self.is_due else own

    def scope(self, part: str) -> anyio.CancelScope:
        """Return a scope that ends when `get(part)` says."""
        return move_on_after(self._clock, self.get(part))

    def check(self, where: str) -> None:
        """Do nothing while there is time.

        Args:
            where: Host and port.

        Raises:
            APITimeoutError: A deadline has passed.
        """
        if self._clock.monotonic() >= self._due:
            self.is_due = True
            raise self.missed(where)

    def missed(self, where: str) -> APITimeoutError:
        """Return the error for what the last wait was too short for.

        Args:
            where: Host and port.
        """
        which: Deadline = self._which if self.is_due else "read"
        seconds = (self._seconds if self.is_due else self._timeouts.read) or 0.0
        return APITimeoutError(
            _MEANINGS[which].format(where=where, seconds=seconds),
            which=which,
            seconds=seconds,
            retryable=which not in {"total", "run"},
            maybe_billed=True,
        )

    def _expect(self, which: Deadline, seconds: float, now: float) -> None:
        due = now + seconds
        if due < self._end:
            self._due, self._which, self._seconds = due, which, seconds
        elif self._which != self._ends_by:
            self._due, self._which, self._seconds = self._end, self._ends_by, self._end_seconds
