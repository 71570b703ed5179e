"""Typed dependencies, seen by functions and never by the model. Run `python examples/dependencies.py`."""

from __future__ import annotations

from dataclasses import dataclass

from callwright import Agent, RunContext


@dataclass
class Shop:
    """What the functions work on; a test gives another one."""

    customer: str
    orders: dict[int, str]


def list_orders(ctx: RunContext[Shop]) -> list[int]:
    """List the numbers of the customer's orders."""
    return list(ctx.deps.orders)


def order_status(number: int, ctx: RunContext[Shop]) -> str:
    """Tell the status of an order."""
    return ctx.deps.orders[number]


def greeting(ctx: RunContext[Shop]) -> str:
    """Instruct the model; called once per prompt."""
    return f"You talk to {ctx.deps.customer}. Be brief."


clerk = Agent("openai/gpt-4o-mini", instructions=greeting, tools=[list_orders, order_status], deps_type=Shop)
shop = Shop("Ann Lee", {17: "sent on Monday", 23: "waits for payment"})
print(clerk.run_sync("What is the status of order 23?", deps=shop).output)
