"""An event: something that can be seen of a run while it goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from callwright.model import Restarted, Retried
from callwright.run.records import CallId, Record
from callwright.tools.context import Progress
from callwright.wire.chat import Delta

__all__ = ["Emit", "Event", "Nested"]


@dataclass(frozen=True, slots=True)
class Nested:
    """Something that happened in the run of a sub-agent."""

    call: CallId
    """The call that the sub-agent answers."""
    event: Event


Event: TypeAlias = Delta | Retried | Restarted | Progress | Record | Nested
"""What can be seen of a run: pieces of answers, retries, progress of tools, every record, events of sub-agents."""

Emit: TypeAlias = Callable[[Event], Awaitable[None]]
