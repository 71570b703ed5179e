"""A function call made out of a sentence: checked first, run when you say so. Run `python examples/forced_call.py`."""

from __future__ import annotations

from datetime import date
from typing import Literal

from callwright import force_sync


def book_table(day: date, guests: int, place: Literal["inside", "outside"] = "inside") -> str:
    """Book a table at the restaurant.

    Args:
        day: The day of the visit.
        guests: How many people come.
        place: Where they want to sit.
    """
    return f"A table for {guests} {place}, on {day:%d %B %Y}."


request = "We are 4 guests and would like to sit outside on 2027-06-19."
call = force_sync(book_table, request, model="openai/gpt-4o-mini")
print(call.name, dict(call.arguments))
print(call.run_sync())
