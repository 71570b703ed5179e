"""A plan: what a run follows, all that does not change while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeVar

from callwright._clock import Clock
from callwright._json import JsonObject
from callwright.model import Ledger, Model
from callwright.output.base import Output
from callwright.run.compaction import Compaction
from callwright.run.limits import Limits
from callwright.run.store import Store
from callwright.tools.toolset import AnyTool, Toolset

__all__ = ["Plan"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """What a run follows."""

    model: Model
    output: Output[T]
    tools: Sequence[AnyTool | JsonObject]
    toolsets: Sequence[Toolset]
    limits: Limits
    clock: Clock
    store: Store | None = None
    budget: Ledger | None = None
    compaction: Compaction | None = None
    """When the conversation that is sent is made shorter."""
    eager: bool = False
    """Whether calls that only read begin while the model is still writing."""
