"""Typed values out of a text: a model of pydantic, and a choice. Run `python examples/extraction.py`."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from callwright import extract_sync

MAIL = """
Invoice number 2041 from Fisher: total 129.50, currency EUR, due 2027-01-31.
This is the second reminder, so the matter is urgent.
"""


class Invoice(BaseModel):
    """What is to be paid."""

    number: int
    supplier: str
    total: float = Field(gt=0)
    currency: str = Field(pattern="[A-Z]{3}")
    due: date


invoice = extract_sync(Invoice, MAIL, model="openai/gpt-4o-mini")
print(f"{invoice.total:.2f} {invoice.currency} to {invoice.supplier} by {invoice.due:%d %B %Y}")

urgency = extract_sync(Literal["urgent", "normal", "low"], MAIL, model="openai/gpt-4o-mini")
print(urgency)
