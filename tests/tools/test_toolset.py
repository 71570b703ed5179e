"""Toolsets: what an agent's tools amount to at a step, and which of them is meant."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from callwright import ParameterError, RunContext, SchemaError, Tool, tool
from callwright.tools.toolset import FixedToolset, Offer, Toolset, chosen, gathered, offered, parted

pytestmark = pytest.mark.anyio

CTX: RunContext[None] = RunContext(None)
SEARCH = {"type": "openrouter:web_search"}
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


def temperature(city: str) -> float:
    """Tell the temperature."""
    return 21.5


class Town:
    def weather(self, city: str) -> str:
        """Tell the weather."""
        return city


class Giving:
    """Offers what it was given."""

    def __init__(self, *given: Any) -> None:
        self.given = given

    async def tools(self, ctx: RunContext[Any]) -> Any:
        return self.given


def names(tools: Any) -> list[str]:
    return [one.name if isinstance(one, Tool) else str(one["type"]) for one in tools]


async def test_a_toolset_may_give_functions_tools_entries_and_toolsets() -> None:
    inner = Giving(temperature, FixedToolset([SEARCH]))

    found = await gathered([weather, Giving(tool(name="w")(weather), inner, LOOK)], CTX)

    assert names(found) == ["weather", "w", "temperature", "openrouter:web_search", "function"]


async def test_a_toolset_may_be_no_coroutine_and_give_any_iterable() -> None:
    class Plain:
        def tools(self, ctx: RunContext[Any]) -> Any:
            return (function for function in (weather, temperature))

    assert names(await gathered([Plain()], CTX)) == ["weather", "temperature"]  # type: ignore[list-item]


@pytest.mark.parametrize("given", [None, "weather", 3, SEARCH], ids=["none", "string", "number", "entry"])
async def test_what_is_no_list_of_tools_is_refused(given: Any) -> None:
    class Wrong:
        async def tools(self, ctx: RunContext[Any]) -> Any:
            return given

    with pytest.raises(SchemaError, match=r"toolset .*Wrong.*: expected a list of tools; got"):
        await gathered([Wrong()], CTX)


async def test_a_toolset_that_offers_itself_is_refused() -> None:
    endless = Giving()
    endless.given = (endless,)

    with pytest.raises(SchemaError, match="does one offer itself"):
        await gathered([endless], CTX)


async def test_what_a_toolset_raises_leaves_as_it_is() -> None:
    class Failing:
        async def tools(self, ctx: RunContext[Any]) -> Any:
            raise ConnectionError("no server")

    with pytest.raises(ConnectionError, match="no server"):
        await gathered([Failing()], CTX)


def test_tools_that_are_always_the_same_are_told_from_toolsets() -> None:
    giving = Giving()

    fixed, toolsets = parted([weather, FixedToolset([temperature, SEARCH]), giving, LOOK])

    assert names(fixed) == ["weather", "temperature", "openrouter:web_search", "function"]
    assert toolsets == [giving]


async def test_a_fixed_toolset_is_a_toolset() -> None:
    fixed = FixedToolset([weather, LOOK, SEARCH])

    assert isinstance(fixed, Toolset)
    assert await fixed.tools(CTX) is fixed.fixed
    assert repr(fixed) == "FixedToolset(weather, look, openrouter:web_search)"


async def test_the_offer_of_a_step_holds_fixed_tools_first() -> None:
    offer = await Offer.of_step([Tool(weather)], [Giving(temperature), Giving(SEARCH)], CTX)

    assert list(offer.by_name) == ["weather", "temperature"]
    assert offer.entries[2] == SEARCH


def test_an_offer_takes_functions_and_entries_as_they_are() -> None:
    offer = Offer([weather, SEARCH])

    assert list(offer.by_name) == ["weather"]
    assert offer.entries[1] == SEARCH


@pytest.mark.parametrize(
    "make",
    [
        lambda: [weather, weather],
        lambda: [Tool(weather), Tool(weather)],
        lambda: [(town := Town()).weather, town.weather],
        lambda: [Tool(weather, timeout=3), Tool(weather).replace(timeout=3)],
        lambda: [{**LOOK}, {**LOOK}],
    ],
    ids=["function", "tool", "method", "options", "entry"],
)
def test_the_same_tool_from_two_places_is_offered_once(make: Any) -> None:
    assert len(Offer(make()).entries) == 1


async def around(ctx: RunContext[Any], call: Any) -> object:
    return await call.proceed()


@pytest.mark.parametrize(
    "make",
    [
        lambda: [weather, Tool(temperature, name="weather")],
        lambda: [weather, Tool(weather, read_only=True)],
        lambda: [Tool(weather), Tool(weather).wrap(around)],
        lambda: [Town().weather, Town().weather],
        lambda: [Tool(weather, name="look"), LOOK],
        lambda: [LOOK, {**LOOK, "x": 1}],
    ],
    ids=["function", "options", "wrapping", "object", "entry", "entries"],
)
def test_two_tools_of_one_name_that_differ_are_refused(make: Any) -> None:
    with pytest.raises(SchemaError, match=r"two tools are named '(weather|look)': .* and .*; give one another name"):
        Offer(make())


class Calling:
    def __call__(self, city: str) -> str:
        return city


@pytest.mark.parametrize(
    ("function", "origin"),
    [
        (weather, r"test_toolset\.weather \(.*test_toolset\.py:\d+\)"),
        (functools.partial(temperature), r"test_toolset\.temperature \(.*test_toolset\.py:\d+\)"),
        (Town().weather, r"test_toolset\.Town\.weather \(.*test_toolset\.py:\d+\)"),
        (lambda city="x": city, r"<lambda> \(.*test_toolset\.py:\d+\)"),
        (Calling(), r"test_toolset\.Calling"),
    ],
    ids=["function", "partial", "method", "lambda", "object"],
)
def test_of_two_tools_with_one_name_both_origins_are_told(function: Any, origin: str) -> None:
    taken = {"type": "function", "function": {"name": "taken"}}
    one = Tool(function, name="taken", parameters={"properties": {"city": {}}})

    with pytest.raises(SchemaError, match=rf"{origin} and a wire entry"):
        Offer([one, taken])


def test_a_function_is_chosen_under_the_name_that_it_is_offered_by() -> None:
    offer = offered([Tool(weather, name="fs_weather"), temperature])

    assert chosen(weather, offer) == {"type": "function", "function": {"name": "fs_weather"}}


def test_a_function_that_is_offered_twice_must_be_chosen_by_name() -> None:
    offer = offered([Tool(weather, name="a"), Tool(weather, name="b")])

    with pytest.raises(ParameterError, match="one of a, b"):
        chosen(weather, offer)


def test_a_fixed_toolset_can_be_offered() -> None:
    assert list(offered([FixedToolset([weather])]).by_name) == ["weather"]  # type: ignore[list-item]
