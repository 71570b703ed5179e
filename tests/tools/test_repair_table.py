"""The table of malformed arguments: what each is read as, or that it goes back to the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic_core import ValidationError

from callwright.tools.repair import repaired
from callwright.tools.schema import shape

REFUSED = None


@dataclass
class Place:
    name: str
    zip_code: int = 0


def weather(city: str, days: int = 1, *, alerts: bool = False, note: str | None = None) -> None:
    """Tell the weather."""


def search(tags: list[str], limits: list[int] | None = None, place: Place | None = None) -> None:
    """Search."""


def visit(places: list[Place]) -> None:
    """Visit places."""


def now(zone: str = "UTC") -> None:
    """Tell the time."""


def pick(level: Literal[1, 2], ratio: float = 0.5) -> None:
    """Pick."""


def send(input: str, max_count: int = 1) -> None:  # noqa: A002
    """Send."""


def count(**numbers: int) -> None:
    """Count."""


def move(place: Place, days: int = 1) -> None:
    """Move."""


def twins(user_id: int = 0, userId: int = 0) -> None:  # noqa: N803
    """Have two parameters of nearly one name."""


ROME: dict[str, Any] = {"city": "Rome"}
ROME_2: dict[str, Any] = {"city": "Rome", "days": 2}

CASES: list[tuple[Callable[..., Any], str, dict[str, Any] | None]] = [
    # Fences and prose.
    (weather, '```json\n{"city": "Rome"}\n```', ROME),
    (weather, '```\n{"city": "Rome"}\n```\n', ROME),
    (weather, '```json\n{"city": "Rome"}', ROME),
    (weather, '```json\n{"city": "Rome"\n```', ROME),
    (weather, '```json\n{"city": "Rome"', REFUSED),
    (weather, '{"note": "```sh\\nls\\n```", "city": "Rome",}', {"note": "```sh\nls\n```", "city": "Rome"}),
    (weather, 'Here are the arguments: {"city": "Rome"}', ROME),
    (weather, '{"city": "Rome"}\nThis tells the weather.', ROME),
    (weather, 'Sure!\n```json\n{"city": "Rome"}\n```\nI hope it helps.', ROME),
    (weather, '<tool_call>{"city": "Rome"}</tool_call>', ROME),
    (weather, 'weather({"city": "Rome"})', ROME),
    (weather, 'args = {"city": "Rome"};', ROME),
    (weather, 'city: Rome, {"days": 2}', REFUSED),
    (weather, '{"city": "Rome"}, "days": 2}', REFUSED),
    (weather, '{"city": "Rome"} "days": 2}', REFUSED),
    (weather, "{city: 'Rome'} days: 2", REFUSED),
    (weather, '"days": 2, {"city": "Rome"}', REFUSED),
    (weather, 'Either {"city": "Rome"} or {"city": "Bern"}', REFUSED),
    (weather, 'I use {city} here: {"city": "Rome"}', REFUSED),
    (weather, "the weather in Rome", REFUSED),
    (weather, "Rome", REFUSED),
    # Glued objects: only one of them may fit, or all must be equal.
    (weather, '{"city": "Rome",}{"city": "Rome"}', ROME),
    (weather, "{}{'city': 'Rome'}", ROME),
    (weather, "{'city': 'Rome'}{'city': 'Bern'}", REFUSED),
    (weather, '[{"city": "Rome"}]', ROME),
    (weather, '[{"city": "Rome"}, {"city": "Bern"}]', REFUSED),
    # Quotes.
    (weather, "{'city': 'Rome'}", ROME),
    (weather, "{'city': 'L\\'Aquila'}", {"city": "L'Aquila"}),
    (weather, '{"city": "L\\\'Aquila"}', {"city": "L'Aquila"}),
    (weather, "{'city': 'the \"eternal\" one'}", {"city": 'the "eternal" one'}),
    (weather, "{'city': 'L'Aquila'}", REFUSED),
    (weather, '{"city": "the "eternal" one"}', REFUSED),
    (weather, "{“city”: “Rome”}", ROME),
    (weather, "{\u2018city\u2019: \u2018Rome\u2019}", ROME),
    (weather, '{"city": “Rome", "note": "x”}', REFUSED),
    (weather, '{\\"city\\": \\"Rome\\"}', ROME),
    (weather, '{\\"city\\": "Rome"}', REFUSED),
    (weather, '{"city": "Rome}', REFUSED),
    (weather, '{"city": "a\\d"}', REFUSED),
    (weather, "{`city`: `Rome`}", REFUSED),
    # Literals and numbers.
    (weather, '{"city": "Rome", "alerts": True, "note": None}', {"city": "Rome", "alerts": True, "note": None}),
    (weather, "{'city': 'Rome', 'alerts': False}", {"city": "Rome", "alerts": False}),
    (search, "{'tags': ('a', 'b')}", {"tags": ["a", "b"]}),
    (search, "{'tags': ('a',)}", {"tags": ["a"]}),
    (search, "{'tags': ()}", {"tags": []}),
    (search, "{'tags': ('a')}", REFUSED),
    (search, "{'tags': {'a', 'b'}}", REFUSED),
    (weather, '{"city": "Rome", "days": +2}', ROME_2),
    (weather, '{"city": "Rome", "days": 2.}', ROME_2),
    (pick, '{"level": 1, "ratio": .25}', {"level": 1, "ratio": 0.25}),
    (pick, '{"level": "1"}', {"level": 1}),
    (pick, '{"level": "3"}', REFUSED),
    (pick, '{"level": 1, "ratio": NaN}', REFUSED),
    (pick, '{"level": 1, "ratio": -Infinity,}', REFUSED),
    (weather, '{"city": "Rome", "days": 007}', REFUSED),
    (weather, '{"city": "Rome", "days": 0x2}', REFUSED),
    (weather, '{"city": "Rome", "days": undefined}', REFUSED),
    (weather, "{'city': 'Rome', 'days': '2'}", ROME_2),
    (weather, '{"city": "Rome", "days": "1,000"}', REFUSED),
    (weather, '{"city": "Rome", "days": "two"}', REFUSED),
    (weather, '{"city": 3}', REFUSED),
    # Commas.
    (weather, '{"city": "Rome",}', ROME),
    (search, '{"tags": ["a", "b",],}', {"tags": ["a", "b"]}),
    (weather, '{"city": "Rome",,}', REFUSED),
    (weather, '{,"city": "Rome"}', REFUSED),
    (weather, '{"city": "Rome" "days": 2}', REFUSED),
    # Closing brackets.
    (weather, '{"city": "Rome"', ROME),
    (weather, '{"city": "Rome", "days": 2 ', ROME_2),
    (weather, '{"city": "Rome", "days": 2', REFUSED),
    (weather, '{"city": "Rome", "alerts": true', {"city": "Rome", "alerts": True}),
    (weather, '{"city": "Rome", "alerts": tru', REFUSED),
    (weather, '{"city": "Rome"}}', ROME),
    (weather, '{"city": "Rome"]', ROME),
    (search, '{"tags": ["a", "b"]', {"tags": ["a", "b"]}),
    (search, '{"tags": ["a", "b"', {"tags": ["a", "b"]}),
    (search, '{"tags": ["a", "b"}', {"tags": ["a", "b"]}),
    (search, '{"tags": ["a", "b"}, "limits": [1]}', REFUSED),
    (search, '{"tags": ["a", "b"}]', {"tags": ["a", "b"]}),
    (search, '{"tags": ["a",', REFUSED),
    (weather, '{"city": "Ro', REFUSED),
    (weather, '{"city": ', REFUSED),
    (weather, '{"city"', REFUSED),
    (weather, '{"city": "Rome",', REFUSED),
    (weather, '{"city": "Rome", "da', REFUSED),
    (weather, '{"city": "Rome", "days"', REFUSED),
    (now, "{", REFUSED),
    (weather, '"city": "Rome"}', REFUSED),
    (weather, '"city": "Rome"', REFUSED),
    (move, '{"place": {"name": "a", "zip_code": 1}', {"place": {"name": "a", "zip_code": 1}}),
    (move, '{"place": {"name": "a"', {"place": {"name": "a"}}),
    (move, '{"place": {"name": "a", "days": 2}', REFUSED),
    (weather, '{"arguments": {"city": "Rome", "days": 2}', ROME_2),
    # Keys.
    (weather, '{city: "Rome", days: 2}', ROME_2),
    (weather, "{city: Rome}", REFUSED),
    (weather, '{city = "Rome"}', REFUSED),
    (weather, '{"City": "Rome", "DAYS": 2}', ROME_2),
    (send, '{"input": "a", "maxCount": 2}', {"input": "a", "max_count": 2}),
    (send, '{"input": "a", "Max-Count": 2}', {"input": "a", "max_count": 2}),
    (search, '{"tags": [], "place": {"Name": "a", "zipCode": 1}}', {"tags": [], "place": {"name": "a", "zip_code": 1}}),
    (weather, '{"city": "Rome", "City": "Rome"}', REFUSED),
    (weather, '{"City": "Rome", "CITY": "Bern"}', REFUSED),
    (twins, '{"USER_ID": 1}', REFUSED),
    (weather, '{"town": "Rome"}', REFUSED),
    (weather, '{"city": "Rome", "country": "Italy",}', REFUSED),
    (weather, "{'city': 'Rome', 'city': 'Rome'}", ROME),
    (weather, "{'city': 'Rome', 'city': 'Bern'}", REFUSED),
    (count, "{1: 2}", {"1": 2}),
    # Blanks, control characters and comments.
    (weather, '{"city": "Ro\nme\t!"}', {"city": "Ro\nme\t!"}),
    (weather, '{"city": "Ro\x00\x1fme"}', {"city": "Ro\x00\x1fme"}),
    (weather, '\ufeff{"city": "Rome"}', ROME),
    (weather, '{\u00a0"city":\u00a0"Rome"}', ROME),
    (weather, '{"city": "Rome" // where\n, "days": 2}', ROME_2),
    (weather, '{"city": "Rome", /* how\nlong */ "days": 2}', ROME_2),
    (weather, '{"city": "Rome", # where\n "days": 2}', ROME_2),
    (weather, '// the call\n{"city": "Rome"}', ROME),
    (weather, '{"city": "http://a/#b"} // a page', {"city": "http://a/#b"}),
    (weather, '{"city": "Rome" // where, "days": 2}', REFUSED),
    (weather, '{"city": "Rome" /* where', REFUSED),
    # Encoded twice, wrapped, or not in their list.
    (weather, '"{\\"city\\": \\"Rome\\"}"', ROME),
    (weather, '\'{"city": "Rome"}\'', ROME),
    (weather, '"{\\"city\\": \\"Ro"', REFUSED),
    (search, '{"tags": "[\\"a\\", \\"b\\"]"}', {"tags": ["a", "b"]}),
    (search, "{\"tags\": \"['a', 'b']\"}", {"tags": ["a", "b"]}),
    (search, '{"tags": "[a"}', REFUSED),
    (search, '{"tags": [], "place": "{\\"name\\": \\"a\\"}"}', {"tags": [], "place": {"name": "a"}}),
    (search, '{"tags": "a"}', {"tags": ["a"]}),
    (search, '{"tags": "a, b"}', REFUSED),
    (search, '{"tags": ""}', REFUSED),
    (search, '{"tags": null}', REFUSED),
    (search, '{"tags": [], "limits": 3}', {"tags": [], "limits": [3]}),
    (visit, '{"places": {"name": "a"}}', {"places": [{"name": "a"}]}),
    (visit, '{"places": [{"Name": "a"}]}', {"places": [{"name": "a"}]}),
    (weather, '{"arguments": {"city": "Rome"}}', ROME),
    (weather, '{"parameters": {"City": "Rome"}}', ROME),
    (weather, '{"input": "{\\"city\\": \\"Rome\\"}"}', ROME),
    (weather, '{"arguments": {"city": "Rome"}, "id": 1}', REFUSED),
    (weather, '{"call": {"city": "Rome"}}', REFUSED),
    (send, '{"input": {"input": "a"}}', REFUSED),
    # No arguments.
    *((now, text, {}) for text in ("", " \n", "null", "None", '"null"', '""', "\ufeff")),
    *((weather, text, REFUSED) for text in ("", "null", "None")),
    (now, "[]", REFUSED),
    (now, "nothing", REFUSED),
]


def fits(function: Callable[..., Any]) -> Callable[[str], bool]:
    """Return whether a text is valid for a function; one that is no plain JSON object is a mistake of the repair."""

    def fit(text: str) -> bool:
        assert isinstance(json.loads(text), dict)
        try:
            shape(function).arguments.read(text)
        except ValidationError:
            return False
        return True

    return fit


@pytest.mark.parametrize(
    ("function", "arguments", "meant"), CASES, ids=[f"{case[0].__name__}-{case[1]}" for case in CASES]
)
def test_malformed_arguments_are_what_they_must_have_meant_or_refused(
    function: Callable[..., Any], arguments: str, meant: dict[str, Any] | None
) -> None:
    with pytest.raises(ValidationError):
        shape(function).arguments.read(arguments)

    found = repaired(arguments, fits(function), shape(function).arguments.parameters)

    if meant is REFUSED:
        assert found is None
    else:
        assert found is not None
        assert found.repairs
        read = shape(function).arguments.read
        assert read(found.text) == read(json.dumps(meant))


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 60
