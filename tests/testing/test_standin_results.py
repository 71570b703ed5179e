"""The stand-in goes on from what its calls brought, and then it answers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.testing.standin_tools import (
    ADD,
    ANSWER,
    ARTIST,
    CUSTOMER,
    GENRE,
    MULTIPLY,
    ORDERS,
    TEXT,
    TRACK,
    WEATHER,
    WHOLE,
    calls_of,
    converse,
    tool,
)

from callwright.testing.standin import respond


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
