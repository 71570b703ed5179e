"""What the tests of the stand-in share: tools, and a conversation with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from callwright.testing.contract import problem_of
from callwright.testing.standin import respond

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
DAY = {"type": "string", "format": "date"}


def tool(name: str, description: str, /, required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    needed = list(properties) if required is None else required
    parameters = {"type": "object", "properties": properties, "required": needed}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


WEATHER = tool("get_weather", "Get the current weather of a city.", city=TEXT)
TIME = tool("get_time", "Tell the local time in a city.", city=TEXT)
ADD = tool("add", "Add two numbers.", a=WHOLE, b=WHOLE)
MULTIPLY = tool("multiply", "Multiply two numbers.", a=NUMBER, b=NUMBER)
CONVERT = tool("convert_currency", "Convert an amount of money.", **{"amount": NUMBER, "from": TEXT, "to": TEXT})
LIGHT = tool(
    "set_light",
    "Turn a light on or off.",
    room={"type": "string", "enum": ["kitchen", "living_room"]},
    state={"type": "string", "enum": ["on", "off"]},
)
FLIGHT = tool(
    "book_flight",
    "Book a flight.",
    ["origin", "destination", "date"],
    origin=TEXT,
    destination=TEXT,
    date=DAY,
    adults=WHOLE,
    refundable={"type": "boolean"},
)
SEARCH = tool("search", "Search the documents.", query=TEXT)
EMAIL = tool("send_email", "Send an email.", to={"type": "string", "format": "email"}, body=TEXT)
AVERAGE = tool("average", "The average of numbers.", numbers={"type": "array", "items": NUMBER})
NOW = tool("now", "Tell the time of day.")
STATUS = tool("order_status", "Tell the status of an order.", order_id=WHOLE)
ITEMS = tool("order_items", "List the items of an order.", order_id=WHOLE)
CUSTOMER = tool("find_customer", "Find a customer by name.", name=TEXT)
ORDERS = tool("list_orders", "List the orders of a customer.", customer_id=WHOLE)
ARTIST = tool("find_artist", "Find an artist by name.", name=TEXT)
TRACK = tool("most_expensive_track", "The most expensive track of an artist.", artist_id=WHOLE)
GENRE = tool("genre_of_track", "Tell the genre of a track.", track_id=WHOLE)
ANSWER = tool("final_answer", "Give the final answer.", city=TEXT, degrees=NUMBER)

Calls = list[tuple[str, dict[str, Any]]]


def calls_of(turn: Any) -> Calls:
    made = turn.message.get("tool_calls", ())
    return [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in made]


def converse(
    question: str, tools: list[Any], run: Callable[..., Any] = lambda name, /, **arguments: "done", **params: Any
) -> tuple[list[Calls], str]:
    """Return the calls of each turn, and the answer; the tools are `run`."""
    messages: list[Any] = [{"role": "user", "content": question}]
    rounds: list[Calls] = []
    for turn_number in range(20):
        request = {"messages": messages, "tools": tools, **params}
        assert problem_of(request) is None
        turn = respond(request)
        calls = calls_of(turn)
        if not calls:
            return rounds, turn.message["content"]
        rounds.append(calls)
        made = [
            {"id": f"{turn_number}.{place}", "type": "function", **call}
            for place, call in enumerate(turn.message["tool_calls"])
        ]
        messages.append({"role": "assistant", "content": None, "tool_calls": made})
        for call, (name, arguments) in zip(made, calls, strict=True):
            content = run(name, **arguments)
            messages.append(
                {
                    "role": "tool",
                    "tool_call_id": call["id"],
                    "content": content if isinstance(content, str) else json.dumps(content),
                }
            )
    pytest.fail("the stand-in never answered")


def one(question: str, **params: Any) -> Any:
    return respond({"messages": [{"role": "user", "content": question}], **params})
