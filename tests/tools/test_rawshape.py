"""Functions that are told of by a given schema, and read by their own annotations."""

from __future__ import annotations

from pydantic import BaseModel

from callwright import tool


class Order(BaseModel):
    item: str
    count: int = 1


def test_a_lone_model_may_be_told_of_by_its_name() -> None:
    inner = {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]}

    @tool(parameters={"type": "object", "properties": {"order": inner}, "required": ["order"]})
    def buy(order: Order) -> str:
        """Buy."""
        return order.item

    assert buy.shape.arguments.read('{"order": {"item": "tea"}}') == {"order": Order(item="tea")}


def test_a_lone_model_may_be_told_of_by_its_fields() -> None:
    @tool(parameters={"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]})
    def buy(order: Order) -> str:
        """Buy."""
        return order.item

    assert buy.shape.arguments.read('{"item": "tea"}') == {"order": Order(item="tea")}
