"""The stand-in follows its rules: which tools, which arguments, when to answer, and in which form."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import callwright.testing.standin as standin_module
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


def weather(name: str, /, *, city: str) -> dict[str, Any]:
    return {"city": city, "degrees": 21.5, "sky": "sunny" if name == "get_weather" else "?"}


def music(name: str, /, **arguments: Any) -> Any:
    tracks = {7: {"id": 99, "title": "One"}, 8: {"id": 98, "title": "Two"}}
    match name:
        case "find_artist":
            return {"id": 7 if arguments["name"] == "Queen" else 8, "name": arguments["name"]}
        case "most_expensive_track":
            return tracks[arguments["artist_id"]]
        case _:
            return "Rock" if arguments["track_id"] == 99 else "Jazz"


def test_the_answer_quotes_the_results():
    rounds, answer = converse("What is the weather in Paris and Rome?", [WEATHER], weather)

    assert len(rounds) == 1
    assert answer.startswith("get_weather for Paris says: city Paris, degrees 21.5, sky sunny. get_weather for Rome")


def test_one_call_a_turn_if_parallel_calls_are_forbidden():
    rounds, answer = converse("Weather in Paris, Rome and Oslo?", [WEATHER], weather, parallel_tool_calls=False)

    assert [calls[0][1]["city"] for calls in rounds if len(calls) == 1] == ["Paris", "Rome", "Oslo"]
    assert "Oslo" in answer


def test_a_result_gives_the_id_that_the_next_tool_needs():
    rounds, answer = converse("Which genre is the most expensive track of artist Queen?", [GENRE, TRACK, ARTIST], music)

    assert rounds == [
        [("find_artist", {"name": "Queen"})],
        [("most_expensive_track", {"artist_id": 7})],
        [("genre_of_track", {"track_id": 99})],
    ]
    assert answer.endswith("genre_of_track for 99 says: Rock.")


@pytest.mark.parametrize("parallel", [True, False])
def test_two_results_give_two_dependent_calls(parallel):
    question = "Which genre are the most expensive tracks of the artists Queen and Miles Davis?"
    rounds, _ = converse(question, [ARTIST, TRACK, GENRE], music, parallel_tool_calls=parallel)

    made = [call for calls in rounds for call in calls]
    assert len(rounds) == (3 if parallel else 6)
    assert sorted(arguments["track_id"] for name, arguments in made if name == "genre_of_track") == [98, 99]


@pytest.mark.parametrize(
    "result", [{"customer_id": 7}, {"customerId": 7}, {"id": 7}, 7, [{"id": 7}, {"id": 8}], {"found": {"id": 7}}]
)
def test_an_id_is_found_wherever_a_result_has_it(result):
    rounds, _ = converse("What did Ann Lee order?", [CUSTOMER, ORDERS], lambda name, /, **_: result)

    assert rounds[1][0] == ("list_orders", {"customer_id": 7})


def test_the_result_of_one_sum_goes_into_the_next():
    def calculate(name: str, /, *, a: float, b: float) -> float:
        return a + b if name == "add" else a * b

    rounds, answer = converse("Add 2 and 3, then multiply the result by 4", [MULTIPLY, ADD], calculate)

    assert rounds == [[("add", {"a": 2, "b": 3})], [("multiply", {"a": 5, "b": 4})]]
    assert answer.endswith("20.")


def test_a_missing_result_ends_in_an_answer():
    rounds, answer = converse("What did Ann Lee order?", [CUSTOMER, ORDERS], lambda name, /, **_: "nobody of that name")

    assert len(rounds) == 1
    assert "nobody of that name" in answer


def test_tools_that_feed_each_other_for_ever_are_left_in_the_end():
    person = tool("parent_person", "The parent of a person.", person_id=WHOLE)
    child = tool("child_person", "A child of a person.", person_id=WHOLE)
    ids = iter(range(100))

    rounds, _ = converse(
        "Parent and child of person Ann?",
        [person, child, tool("find_person", "Find a person.", name=TEXT)],
        lambda name, /, **_: {"person_id": next(ids)},
    )
    assert len(rounds) <= 8


def test_a_second_question_is_not_answered_from_the_first():
    first = {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    messages = [
        {"role": "user", "content": "Weather in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [first]},
        {"role": "tool", "tool_call_id": "a", "content": "sunny"},
        {"role": "assistant", "content": "Sunny."},
        {"role": "user", "content": "Weather in Rome?"},
    ]

    assert calls_of(respond({"messages": messages, "tools": [WEATHER]})) == [("get_weather", {"city": "Rome"})]


def one(question: str, **params: Any) -> Any:
    return respond({"messages": [{"role": "user", "content": question}], **params})


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


def test_a_required_call_comes_even_when_all_was_called():
    answered = {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    messages = [
        {"role": "user", "content": "Weather in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [answered]},
        {"role": "tool", "tool_call_id": "a", "content": "sunny"},
    ]

    assert calls_of(respond({"messages": messages, "tools": [WEATHER], "tool_choice": "required"}))


def test_an_output_tool_is_called_last_with_what_the_others_said():
    messages = [
        {"role": "user", "content": "How warm is Rome?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": '{"degrees": 21.5}'},
    ]

    turn = respond({"messages": messages, "tools": [WEATHER, ANSWER], "tool_choice": "required"})
    assert calls_of(turn) == [("final_answer", {"city": "Rome", "degrees": 21.5})]


INVOICE = {
    "title": "Invoice",
    "type": "object",
    "properties": {
        "number": WHOLE,
        "supplier": TEXT,
        "total": NUMBER,
        "currency": TEXT,
        "due": DAY,
    },
    "required": ["number", "supplier", "total", "currency", "due"],
    "additionalProperties": False,
}
PERSON = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "email": {"anyOf": [TEXT, {"type": "null"}]},
        "vip": {"type": "boolean"},
        "tags": {"type": "array", "items": TEXT},
        "level": {"$ref": "#/$defs/Level"},
    },
    "required": ["name", "email", "vip", "tags", "level"],
    "$defs": {"Level": {"type": "string", "enum": ["silver", "gold"]}},
}
PEOPLE = {
    "type": "object",
    "properties": {
        "people": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": TEXT, "age": WHOLE}, "required": ["name", "age"]},
        }
    },
    "required": ["people"],
}
MEETING = {
    "type": "object",
    "properties": {
        "place": {"type": "object", "properties": {"city": TEXT}, "required": ["city"]},
        "when": {"type": "string", "format": "date-time"},
        "kind": {"const": "meeting"},
        "topics": {"type": "array", "items": {"type": "string", "enum": ["budget", "hiring", "travel"]}},
    },
    "required": ["place", "when", "kind", "topics"],
}

READ = {
    "an invoice": (
        INVOICE,
        "Invoice 17 from ACME: total 129.50 EUR due 2026-12-01",
        {"number": 17, "supplier": "ACME", "total": 129.5, "currency": "EUR", "due": "2026-12-01"},
    ),
    "an invoice in another order": (
        INVOICE,
        "Pay 12 USD in total to supplier Fisher & Sons by 2026-01-31, invoice number 4.",
        {"number": 4, "supplier": "Fisher", "total": 12, "currency": "USD", "due": "2026-01-31"},
    ),
    "little": (
        PERSON,
        "Ann Lee is a gold member.",
        {"name": "Ann Lee", "email": None, "vip": False, "tags": [], "level": "gold"},
    ),
    "more": (
        PERSON,
        'Bob Ray (bob@example.org) is vip, tags "new" and "loud", silver',
        {"name": "Bob Ray", "email": "bob@example.org", "vip": True, "tags": ["new", "loud"], "level": "silver"},
    ),
    "several": (
        PEOPLE,
        "Ann Lee is 31 and Bob Ray is 45.",
        {"people": [{"name": "Ann Lee", "age": 31}, {"name": "Bob Ray", "age": 45}]},
    ),
    "nested": (
        MEETING,
        "Travel and budget in Bern, 2026-05-06T10:00:00Z",
        {
            "place": {"city": "Bern"},
            "when": "2026-05-06T10:00:00Z",
            "kind": "meeting",
            "topics": ["budget", "travel"],
        },
    ),
    "nothing": (PEOPLE, "nobody", {"people": []}),
}


@pytest.mark.parametrize(("schema", "text", "expected"), READ.values(), ids=READ)
@pytest.mark.parametrize("mode", ["json_schema", "json_object", "tool"])
def test_a_schema_is_filled_from_the_text(schema, text, expected, mode):
    if mode == "json_schema":
        form = {"type": "json_schema", "json_schema": {"name": "Invoice", "schema": schema}}
        found = json.loads(one(text, response_format=form).message["content"])
    elif mode == "json_object":
        prompt = {"role": "system", "content": f"Answer with one JSON object that fits:\n{json.dumps(schema)}"}
        request = {"messages": [prompt, {"role": "user", "content": text}], "response_format": {"type": "json_object"}}
        found = json.loads(respond(request).message["content"])
    else:
        output = {"type": "function", "function": {"name": "final_invoice", "parameters": schema}}
        ((_, found),) = calls_of(one(text, tools=[output], tool_choice="required"))

    assert list(Draft202012Validator(schema).iter_errors(found)) == []
    assert found == expected


def test_a_json_object_without_a_schema_has_an_answer():
    assert json.loads(one("Hi", response_format={"type": "json_object"}).message["content"]) == {"answer": "Hi"}


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
