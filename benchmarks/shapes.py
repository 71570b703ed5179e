"""The shape of the structured answers, for candidates that take a pydantic model."""

from __future__ import annotations

from pydantic import BaseModel

__all__ = ["Report", "Row"]


class Row(BaseModel):
    """One line of a report."""

    name: str
    amount: int
    note: str


class Report(BaseModel):
    """A report with its rows."""

    title: str
    rows: list[Row]
    summary: str
