"""The stand-in follows its rules: which tools, which arguments, when to answer, and in which form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.testing.standin_tools import (
    ADD,
    AVERAGE,
    CONVERT,
    CUSTOMER,
    EMAIL,
    FLIGHT,
    ITEMS,
    LIGHT,
    MULTIPLY,
    NOW,
    ORDERS,
    SEARCH,
    STATUS,
    TIME,
    WEATHER,
    Calls,
    calls_of,
    one,
)

import callwright.testing.standin as standin_module
from callwright.testing.standin import respond

FIRST_TURN: dict[str, tuple[str, list[Any], Calls]] = {
    "a name": ("What is the weather in Paris?", [WEATHER, TIME], [("get_weather", {"city": "Paris"})]),
    "a name of two words": ("Weather in New York?", [WEATHER], [("get_weather", {"city": "New York"})]),
    "a name at the start": ("Paris weather, please", [WEATHER], [("get_weather", {"city": "Paris"})]),
    "a name beyond ASCII": ("Weather in Zürich?", [WEATHER], [("get_weather", {"city": "Zürich"})]),
    "no capitals": ("what's the weather in paris?", [WEATHER], [("get_weather", {"city": "paris"})]),
    "quoted words": ('Weather in "the old town"?', [WEATHER], [("get_weather", {"city": "the old town"})]),
    "two names": (
        "What is the weather in Paris and Rome?",
        [WEATHER],
        [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})],
    ),
    "three names": (
        "Compare the weather in Paris, Rome and Oslo.",
        [WEATHER],
        [("get_weather", {"city": city}) for city in ("Paris", "Rome", "Oslo")],
    ),
    "two tools": (
        "What is the weather in Paris and the time in Rome?",
        [WEATHER, TIME],
        [("get_weather", {"city": "Paris"}), ("get_time", {"city": "Rome"})],
    ),
    "two tools, one name": (
        "What are the weather and the time in Oslo?",
        [WEATHER, TIME],
        [("get_weather", {"city": "Oslo"}), ("get_time", {"city": "Oslo"})],
    ),
    "a related word": ("Is it warm in Rome?", [WEATHER, TIME], [("get_weather", {"city": "Rome"})]),
    "numbers": ("Add 2 and 3", [ADD, MULTIPLY], [("add", {"a": 2, "b": 3})]),
    "negative and broken numbers": ("Multiply -2 by 0.5", [ADD, MULTIPLY], [("multiply", {"a": -2, "b": 0.5})]),
    "a sign": ("What is 17 * 23?", [ADD, MULTIPLY], [("multiply", {"a": 17, "b": 23})]),
    "a word for a sign": ("What is 17 plus 23?", [ADD, MULTIPLY], [("add", {"a": 17, "b": 23})]),
    "a list of numbers": ("What is the average of 3, 4.5 and 5?", [AVERAGE], [("average", {"numbers": [3, 4.5, 5]})]),
    "two clauses": (
        "First add 2 and 3, then multiply 4 by 5",
        [ADD, MULTIPLY],
        [("add", {"a": 2, "b": 3}), ("multiply", {"a": 4, "b": 5})],
    ),
    "codes": ("Convert 100 USD to EUR", [CONVERT], [("convert_currency", {"amount": 100, "from": "USD", "to": "EUR"})]),
    "prepositions": (
        "Convert to EUR 12.50 from CHF",
        [CONVERT],
        [("convert_currency", {"amount": 12.5, "from": "CHF", "to": "EUR"})],
    ),
    "members of enums": ("Turn off the kitchen light", [LIGHT], [("set_light", {"room": "kitchen", "state": "off"})]),
    "a member of two words": (
        "Turn the light in the living room on",
        [LIGHT],
        [("set_light", {"room": "living_room", "state": "on"})],
    ),
    "many kinds": (
        "Book a refundable flight from Basel to Bern on 2026-03-04 for 2 adults",
        [FLIGHT],
        [
            (
                "book_flight",
                {"origin": "Basel", "destination": "Bern", "date": "2026-03-04", "adults": 2, "refundable": True},
            )
        ],
    ),
    "something denied, something left out": (
        "Book a flight to Bern from Basel on 2026-03-04, not refundable",
        [FLIGHT],
        [("book_flight", {"origin": "Basel", "destination": "Bern", "date": "2026-03-04", "refundable": False})],
    ),
    "a topic": ("Search for cheap flights to Oslo.", [SEARCH], [("search", {"query": "cheap flights to Oslo"})]),
    "a quoted topic": ('Search "retry policy" please', [SEARCH], [("search", {"query": "retry policy"})]),
    "an address": (
        'Send "Hello Bob" to bob@example.org',
        [EMAIL],
        [("send_email", {"to": "bob@example.org", "body": "Hello Bob"})],
    ),
    "no parameters": ("What time is it now?", [NOW, WEATHER], [("now", {})]),
    "a labelled id": ("What is the status of order 17?", [STATUS, ITEMS], [("order_status", {"order_id": 17})]),
    "two labelled ids": (
        "Status of order 17 and order 18?",
        [STATUS],
        [("order_status", {"order_id": 17}), ("order_status", {"order_id": 18})],
    ),
    "the closer of two tools": ("List the items of order 5", [STATUS, ITEMS], [("order_items", {"order_id": 5})]),
    "an id that must be found first": (
        "What did Ann Lee order?",
        [CUSTOMER, ORDERS],
        [("find_customer", {"name": "Ann Lee"})],
    ),
    "a number that is no id": (
        "The last 5 orders of Ann Lee?",
        [CUSTOMER, ORDERS],
        [("find_customer", {"name": "Ann Lee"})],
    ),
    "nothing that fits": ("Hello there", [WEATHER, ADD], []),
    "a tool without what it needs": ("How is the weather?", [WEATHER], []),
    "no name but a word that opens": (
        "Tell me about the weather in Oslo",
        [WEATHER],
        [("get_weather", {"city": "Oslo"})],
    ),
}


@pytest.mark.parametrize(("question", "tools", "expected"), FIRST_TURN.values(), ids=FIRST_TURN)
def test_a_question_becomes_calls(question, tools, expected):
    turn = respond({"messages": [{"role": "user", "content": question}], "tools": tools})

    assert calls_of(turn) == expected
    assert turn.finish_reason == ("tool_calls" if expected else "stop")


@pytest.mark.parametrize(
    ("choice", "question", "expected"),
    [
        ("none", "Weather in Paris?", []),
        ("auto", "Weather in Paris?", [("get_weather", {"city": "Paris"})]),
        ("required", "Weather in Paris?", [("get_weather", {"city": "Paris"})]),
        ("required", "Hello", [("add", {"a": 0, "b": 0})]),
        ("get_weather", "How is Rome?", [("get_weather", {"city": "Rome"})]),
        ("get_weather", "Hello", [("get_weather", {"city": "unknown"})]),
        ("add", "Weather in Paris, 7 and 8 degrees?", [("add", {"a": 7, "b": 8})]),
        ("add", "Only 7", [("add", {"a": 7, "b": 0})]),
    ],
)
def test_the_tool_choice_is_kept(choice, question, expected):
    named = {"type": "function", "function": {"name": choice}}
    given = choice if choice in {"none", "auto", "required"} else named

    assert calls_of(one(question, tools=[WEATHER, ADD], tool_choice=given)) == expected


@pytest.mark.parametrize(("limit", "finish"), [({"max_tokens": 3}, "length"), ({"max_completion_tokens": 500}, "stop")])
def test_a_text_keeps_to_the_limit(limit, finish):
    turn = one("Hello", **limit)

    assert turn.finish_reason == finish
    assert len(turn.message["content"]) == 12 or finish == "stop"


def test_a_call_keeps_to_the_limit():
    turn = one("Weather in Llanfairpwllgwyngyll?", tools=[WEATHER], max_tokens=3)

    (call,) = turn.message["tool_calls"]
    assert (call["function"]["arguments"], turn.finish_reason) == ('{"city":"Lla', "length")


@pytest.mark.parametrize("stop", ["stand-in", ["nowhere", "stand-in"]])
def test_a_text_ends_before_a_stop(stop):
    turn = one("Hello", stop=stop)

    assert (turn.message["content"], turn.finish_reason) == ("I am the offline ", "stop")


def test_it_says_what_it_is():
    assert "no language model" in one("Who are you?").message["content"]
    assert "NO language model" in (standin_module.__doc__ or "")


def test_it_stays_small():
    assert len(Path(standin_module.__file__).read_text(encoding="utf-8").splitlines()) <= 250


def test_parts_of_a_message_are_read():
    parts = [{"type": "text", "text": "Weather in Oslo?"}, {"type": "image_url", "image_url": {"url": "https://x.org"}}]
    turn = respond({"messages": [{"role": "user", "content": parts}], "tools": [WEATHER]})

    assert calls_of(turn) == [("get_weather", {"city": "Oslo"})]


def test_a_conversation_without_a_question_gets_a_text():
    turn = respond({"messages": [{"role": "system", "content": "Be brief."}], "tools": [WEATHER]})

    assert turn.message["content"]
