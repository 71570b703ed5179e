"""Functions whose annotations name what only type checkers import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Callable, Sequence
    from decimal import Decimal as Money

    from nowhere import Nothing

__all__ = ["lost", "misspelt", "pay", "plan"]


def pay(amount: Money, on: dt.date, ids: Sequence[uuid.UUID] = ()) -> object:
    """Pay."""
    return amount, on, ids


def plan(day: dt.date | None = None, then: Callable[[], None] | int | None = None, *, check: Nothing = None) -> object:
    """Plan.

    Args:
        check (bool): Whether to.
    """
    return day, then, check


def lost(thing: Nothing, **more: Nothing) -> object:
    """Lose."""
    return thing, more


def misspelt(day: dt.date | Nowhere) -> object:  # noqa: F821 - that is what is tested
    """Misspell."""
    return day
