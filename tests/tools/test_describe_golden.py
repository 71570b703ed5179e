"""What a model is told of functions as people write them, compared with files: `golden/<name>.json`.

`REWRITE_GOLDEN=1 pytest tests/tools/test_describe_golden.py` writes the files anew; read the difference.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field
from typing_extensions import Doc, TypedDict

from callwright.tools.context import RunContext
from callwright.tools.schema import describe

GOLDEN = Path(__file__).parent / "golden"


class Cabin(Enum):
    """Where one sits."""

    ECONOMY = "economy"
    BUSINESS = "business"


class Address(BaseModel):
    """Where a thing is sent."""

    street: str = Field(description="Street and number")
    city: str
    country: Literal["AT", "CH", "DE"] = "DE"


class Item(BaseModel):
    sku: str = Field(pattern=r"^[A-Z]{2}\d+$")
    count: int = Field(default=1, ge=1, le=99)


class Comment(BaseModel):
    text: str
    replies: list[Comment] = []


class Circle(BaseModel):
    kind: Literal["circle"]
    radius: float


class Square(BaseModel):
    kind: Literal["square"]
    side: float


class Filter(TypedDict, total=False):
    """What to leave out."""

    before: date
    tags: list[str]


@dataclass
class Database:
    url: str


def search_flights(
    origin: str,
    destination: str,
    day: date,
    *,
    seats: int = 1,
    cabin: Cabin = Cabin.ECONOMY,
    flexible: bool = False,
) -> list[str]:
    """Search flights between two airports.

    Only direct flights are considered, and only those that can be booked today.

    Args:
        origin: IATA code of the airport of departure.
        destination (str): IATA code of the airport of arrival,
            or of a city with several airports.
        day: Day of departure.
        seats: How many seats are needed:
            - 1 to 9 for everybody,
            - more for groups.
        cabin: Class of travel.
        flexible: Whether a day earlier or later would do. Defaults to False.

    Returns:
        The flights, cheapest first.

    Raises:
        ValueError: There is no such airport.

    Example:
        >>> search_flights("VIE", "FCO", date(2026, 1, 2))
        ['OS503']

    Note:
        Prices are in euros.
    """
    return [f"{origin}-{destination} {day} {seats} {cabin} {flexible}"]


def moving_average(values: Sequence[float], window: int = 3, weights: list[float] | None = None) -> list[float]:
    """Return the moving average of a series.

    Parameters
    ----------
    values : sequence of float
        The series, oldest first.
    window : int, optional
        How many values each average takes.
    weights : list of float, default None
        One for each value of the window.

    Returns
    -------
    list of float
        One value less than ``window`` shorter.

    See Also
    --------
    median : Robust against outliers.

    Notes
    -----
    The first averages take what there is.
    """
    return [sum(values[:window]), *(weights or [])]


def send_mail(to: list[str], subject: str, body: str, *, urgent: bool = False) -> str:
    """Send a mail to one or more people.

    :param to: The addresses of those who get it.
    :type to: list[str]
    :param str subject: The line that is shown in a list of mails.
    :param body: The text. Plain text only:
        no markup is understood.
    :keyword urgent: Whether it is marked.
    :returns: The id of the mail.
    :rtype: str
    :raises ConnectionError: The server cannot be reached.
    """
    return f"{to} {subject} {body} {urgent}"


def convert(amount: float, source: Literal["EUR", "USD", "CHF"], target: Literal["EUR", "USD", "CHF"]) -> float:
    """
    Convert an amount of money.

    @param amount: How much.
    @type amount: float
    @param source: The currency it is in.
    @param target: The currency it shall be in.
    @return: The amount in the other currency.
    """
    return amount if source == target else -amount


def now() -> str:
    return "12:00"


async def place_order(
    ctx: RunContext[Database],
    items: Annotated[list[Item], Field(min_length=1, description="What is bought")],
    ship_to: Address,
    bill_to: Address | None = None,
) -> str:
    """Place an order.

    Args:
        ctx: The run.
        items: Overridden by the annotation.
        ship_to: Where it goes.
        bill_to: Where the bill goes; to `ship_to` if absent.
    """
    return f"{ctx.deps.url} {items} {ship_to} {bill_to}"


def annotate(
    text: Annotated[str, "The text, as it is"],
    language: Annotated[str, Doc("Two letters, as in ISO 639")] = "en",
    limit: Annotated[int, Field(description="At most so many", gt=0)] = 10,
    kind: Annotated[str, "What to look for"] | None = None,
) -> str:
    """Mark the names in a text."""
    return f"{text} {language} {limit} {kind}"


def post(comment: Comment, area: Annotated[Circle | Square, Field(discriminator="kind")], leave_out: Filter) -> str:
    """Post a comment near a place."""
    return f"{comment} {area} {leave_out}"


def sum_up(first: int, /, *more: int, start: int = 0, **labels: str) -> int:
    """Add numbers.

    Args:
        first: The one that there must be.
        *more: All others.
        start: Where to begin.
        **labels: Notes by any name.
    """
    return first + sum(more) + start + len(labels)


def hostile(
    self: str, cls: int, func: str, ctx: str, *, args: list[str], kwargs: dict[str, Any],
    name: str, json: str, copy: bool, model_config: str, return_: str,
) -> str:  # fmt: skip
    """Take every name that could be in the way.

    Args:
        self: Not an instance.
        cls: Not a class.
        kwargs: Not keywords.
        return_: Not a statement.
    """
    return f"{self} {cls} {func} {ctx} {args} {kwargs} {name} {json} {copy} {model_config} {return_}"


def loose(data: dict, options: Mapping[str, int | None], parts: list, anything: Any = None) -> object:
    """Take nearly anything.
    Args:
      data - whatever there is
      options (Dict[str, "Optional[int]"], optional): Numbers by name: or nothing.
    """
    return data, options, parts, anything


class Thermostat:
    """Keeps a room warm."""

    def __init__(self, room: str) -> None:
        self.room = room

    def set_temperature(self, celsius: float, until: date | None = None) -> str:
        """Set the temperature of the room.

        Args:
            celsius: Between 5 and 30.
            until: The last day; for ever if absent.
        """
        return f"{self.room} {celsius} {until}"


def query(sql: str, key: str, rows: int = 100) -> str:
    """Run a query.

    Args:
        sql: One SELECT.
        key: The secret one.
        rows: At most.
    """
    return f"{sql} {key} {rows}"


FUNCTIONS: list[Callable[..., Any]] = [
    search_flights,
    moving_average,
    send_mail,
    convert,
    now,
    place_order,
    annotate,
    post,
    sum_up,
    hostile,
    loose,
    Thermostat("hall").set_temperature,
    functools.partial(query, key="secret"),
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: describe(function).name)
def test_what_a_model_is_told(function: Callable[..., Any]) -> None:
    described = describe(function)
    path = GOLDEN / f"{described.name}.json"
    told = json.dumps(described.wire(), indent=2, ensure_ascii=False) + "\n"

    if os.environ.get("REWRITE_GOLDEN"):
        path.write_text(told, encoding="utf-8")

    assert told == path.read_text(encoding="utf-8")
    Draft202012Validator.check_schema(described.parameters)


def test_every_file_has_its_function() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == {describe(function).name for function in FUNCTIONS}
