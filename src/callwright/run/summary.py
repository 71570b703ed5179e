"""A summary: what a list of runs shows of one, kept up record by record."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from callwright.run.records import (
    Answered,
    CallDecided,
    CallHeld,
    CallReturned,
    Compacted,
    Failed,
    Prompted,
    Record,
    Started,
    Stopped,
)
from callwright.wire.chat import NO_USAGE, Usage

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
        status, waiting = self._standing(record)
        usage = _used(record)
        return RunSummary(
            self.run_id,
            self.begun,
            at,
            status,
            self.records + 1,
            waiting,
            self.steps + isinstance(record, Answered),
            self.requests + isinstance(record, Answered | Failed),
            self.tokens + usage.total_tokens,
            self.cost if usage.cost is None else (self.cost or Decimal()) + usage.cost,
            record.parent[0] if isinstance(record, Started) and record.parent is not None else self.parent,
        )

    def _standing(self, record: Record) -> tuple[RunStatus, int]:
        """Return how the run stands after a record, and how many calls of it wait."""
        match record:
            case Prompted() | Answered():
                return "open", 0
            case CallHeld():
                return "paused", self.waiting + 1
            case CallDecided():
                waiting = max(0, self.waiting - 1)
                return "paused" if waiting else "open", waiting
            case Stopped():
                return record.status, 0
            case _:
                return self.status, self.waiting


def _used(record: Record) -> Usage:
    match record:
        case Answered():
            return record.completion.usage
        case Failed() | CallReturned() | Compacted():
            return record.usage
        case _:
            return NO_USAGE
