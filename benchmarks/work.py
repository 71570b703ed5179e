"""The work: what every candidate is asked to do, and what must come out; known to the server and to the clients alike.

Imports the standard library only, so that it adds the same nothing to each candidate.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

__all__ = [
    "FINAL",
    "PROMPT",
    "Task",
    "answer_text",
    "answer_value",
    "get_weather",
    "object_pieces",
    "tally",
    "task_of",
    "text_pieces",
    "tool_arguments",
    "tool_source",
]

PROMPT = "How will the weather in Paris be on the next days? Look up each day."
FINAL = "It will stay sunny and warm in Paris, so no umbrella is needed."

_TASK = re.compile(rb'"bench/(steps|slow|text|paced|object|answer)-(\d+)(?:x(\d+))?"')
_WORDS = ("rain", "sun", "wind", "mild", "cloud", "storm", "warm", "frost")
_NOTE = "measured at noon; "


class Task(NamedTuple):
    """What a model name asks of the server."""

    kind: str
    """`steps` (tool calls, then a text), `slow` (the same, 50 ms an answer), `text`, `paced`, `object`, `answer`."""

    size: int
    """Steps, or chunks of a stream."""

    width: int
    """Tool calls in one step; 1 if it does not apply."""


class _Tally:
    """How often the tools of this process were called."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        self.calls = 0


tally = _Tally()


async def get_weather(city: str, day: int) -> str:
    """Look up the forecast of one day.

    Args:
        city: Name of the city.
        day: Days from today, 0 to 14.
    """
    tally.calls += 1
    return f"{city}, day {day}: sunny, 24 degrees, wind 3 m/s"


def task_of(body: bytes) -> Task:
    """Return the task that the model name in a request names, such as `bench/steps-10x1`.

    Raises:
        ValueError: No such name is in the body.
    """
    found = _TASK.search(body)
    if found is None:
        raise ValueError(f"expected a model name such as 'bench/steps-10x1', came {body[:80]!r}")
    return Task(found[1].decode(), int(found[2]), int(found[3] or 1))


def tool_arguments(step: int, place: int) -> str:
    """Return the arguments of the call at a place in a step, as a model writes them."""
    return json.dumps({"city": "Paris", "day": (step + place) % 15})


def text_pieces(size: int) -> list[str]:
    """Return the texts of a stream of `size` chunks, about five characters each."""
    return [_WORDS[place % 8] + " " for place in range(size)]


def answer_value() -> dict[str, Any]:
    """Return the small object that is asked for in one structured answer."""
    rows = [{"name": f"{word} gauge", "amount": 10 * place, "note": _NOTE} for place, word in enumerate(_WORDS[:3])]
    return {"title": "Weather of Paris", "rows": rows, "summary": "Mild, with some sun."}


def answer_text() -> str:
    """Return the small object as a model writes it."""
    return json.dumps(answer_value())


def object_pieces(size: int) -> list[str]:
    """Return an object of `size` (>= 50) chunks of four characters, as a model streams it."""
    rows = [
        {"name": f"{_WORDS[place % 8]} gauge", "amount": place, "note": _NOTE * 2}
        for place in range((size * 4 - 80) // 90)
    ]
    bare = json.dumps({"title": "Weather of Paris", "rows": rows, "summary": ""})
    whole = bare[:-2] + "." * (size * 4 - len(bare)) + bare[-2:]
    return [whole[place : place + 4] for place in range(0, len(whole), 4)]


def tool_source(number: int) -> str:
    """Return the source of a documented function of six arguments that no cache can know yet."""
    return f'''
from typing import Literal

async def tool_{number}(
    city: str,
    days: int,
    units: Literal["metric", "imperial"] = "metric",
    detailed: bool = False,
    stations: list[str] | None = None,
    threshold: float = 0.5,
) -> str:
    """Look up forecast {number} for a city.

    Args:
        city: Name of city {number}, in English.
        days: How many days ahead, 1 to 14.
        units: System of units of the answer.
        detailed: Whether wind and rain are included.
        stations: Ids of the stations to ask; all if left out.
        threshold: Chance of rain in [0, 1] from which a day counts as wet.
    """
    return city
'''
