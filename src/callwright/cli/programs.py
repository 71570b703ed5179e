"""The programs of the demo: what a user of callwright would write."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

from callwright.agent import Agent
from callwright.extraction import ForcedCall, extract_sync, force_sync
from callwright.model import Model
from callwright.stream import SyncRunStream

__all__ = [
    "TOOLS",
    "Invoice",
    "assistant",
    "extraction",
    "find_customer",
    "forced_call",
    "get_weather",
    "list_orders",
    "split_bill",
]


def find_customer(name: str) -> int:
    """Find a customer's id by name."""
    return {"Ann Lee": 7, "Bo Berg": 8}[name]


def list_orders(customer_id: int) -> list[str]:
    """List what a customer has ordered."""
    return {7: ["kettle", "teapot"], 8: ["teapot"]}[customer_id]


def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return {"Oslo": "rain, 9 degrees", "Rome": "sunny, 24 degrees"}.get(city, "cloudy, 15 degrees")


TOOLS = (find_customer, list_orders, get_weather)
"""What the assistant may call."""


def assistant(model: Model) -> SyncRunStream[str]:
    """Watch an assistant call functions, and use what they return."""
    question = "What has Ann Lee ordered, and what is the weather in Oslo?"
    return Agent(model, tools=TOOLS).stream_sync(question)


class Invoice(BaseModel):
    """What an invoice says."""

    number: str
    customer: str
    total: float
    due: date


def extraction(model: Model) -> Invoice:
    """Read a typed value out of a text."""
    text = "Invoice A-117 for Bo Berg. The total is 129.50, due 2026-01-31."
    return extract_sync(Invoice, text, model=model)


def split_bill(total: float, people: int) -> float:
    """Say what each person pays of a bill."""
    return round(total / people, 2)


def forced_call(model: Model) -> ForcedCall[float]:
    """Have a model fill in the arguments of one function."""
    prompt = "Dinner was 86.00 for 4 people. What does each of us pay?"
    return force_sync(split_bill, prompt, model=model)
