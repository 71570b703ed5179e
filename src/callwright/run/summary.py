"""A summary: what a list of runs shows of one, kept up record by record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, TypeAlias, assert_never

from callwright.run.records import (
    Answered,
    Asked,
    CallDecided,
    CallHeld,
    CallReturned,
    CallStarted,
    Compacted,
    Failed,
    Prompted,
    Record,
    Rejected,
    Started,
    Steered,
    Stopped,
    Voted,
)
from callwright.wire.chat import Usage

__all__ = ["RunStatus", "RunSummary"]

RunStatus: TypeAlias = Literal["open", "paused", "done", "limited"]
"""How a run ended, or that calls of it wait; `open`: it goes on somewhere, or was cut short. A store cannot tell."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run in short."""

    run_id: str
    begun: float
    """When its first record was kept, in seconds since 1970-01-01 UTC."""
    updated: float
    """When its newest record was kept, likewise."""
    status: RunStatus = "open"
    records: int = 0
    waiting: int = 0
    """How many calls wait for somebody's decision."""
    steps: int = 0
    requests: int = 0
    tokens: int = 0
    cost: Decimal | None = None
    """In US dollars; None if the service did not say."""
    parent: str | None = None
    """The run whose call this one answers; None if it is no sub-agent's."""

    def after(self, record: Record, at: float) -> RunSummary:
        """Return the summary with one record more.

        Args:
            record: The next of the run's log.
            at: When it was kept, in seconds since 1970-01-01 UTC.
        """
        return replace(self._changed(record), records=self.records + 1, updated=at)

    def _changed(self, record: Record) -> RunSummary:  # noqa: PLR0911 - one arm per kind of record
        match record:
            case Started():
                return replace(self, parent=None if record.parent is None else record.parent[0])
            case Prompted():
                return replace(self, status="open", waiting=0)
            case Answered():
                answered = replace(self._spent(record.completion.usage), steps=self.steps + 1, waiting=0)
                return replace(answered, requests=self.requests + 1)
            case Failed():
                return replace(self._spent(record.usage), requests=self.requests + 1)
            case CallHeld():
                return replace(self, status="paused", waiting=self.waiting + 1)
            case CallDecided():
                waiting = max(0, self.waiting - 1)
                return replace(self, status="paused" if waiting else "open", waiting=waiting)
            case CallReturned() | Compacted():
                return self._spent(record.usage)
            case Stopped():
                return replace(self, status=record.status, waiting=0)
            case Asked() | Voted() | CallStarted() | Rejected() | Steered():
                return self
            case _ as never:  # pragma: no cover
                assert_never(never)

    def _spent(self, usage: Usage) -> RunSummary:
        cost = self.cost if usage.cost is None else (self.cost or Decimal()) + usage.cost
        return replace(self, tokens=self.tokens + usage.total_tokens, cost=cost)
