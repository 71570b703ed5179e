"""What type checkers know of a tool: it keeps its signature, and an agent takes all that can be called."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, assert_type

from shapes import Db, Person

from callwright import Agent, FunctionDescription, RunContext, Tool, Toolset, describe, tool
from callwright.testing.scripted import Calls, calls


def plain(city: str, days: int = 1) -> Person:
    """Find a person."""
    return Person(city * days)


async def later(city: str) -> Person:
    """Find a person later."""
    return Person(city)


@tool
def bare(city: str, days: int = 1) -> Person:
    """Find a person."""
    return Person(city * days)


@tool(name="search", description="Search.", read_only=True, timeout=1.5, on_error="hide", strict=True, idempotent=True)
def optioned(city: str, days: int = 1) -> Person:
    """Find a person."""
    return Person(city * days)


@tool(read_only=True)
async def optioned_later(city: str, *, days: int = 1) -> Person:
    """Find a person later."""
    return Person(city * days)


@tool
def with_db(name: str, ctx: RunContext[Db]) -> str:
    """Look a row up."""
    assert_type(ctx.deps, Db)
    return ctx.deps.rows[int(name)]


class Desk:
    """Something with methods."""

    def plain(self, city: str) -> Person:
        """Find a person."""
        return Person(city)

    @tool
    def decorated(self, city: str) -> Person:
        """Find a person."""
        return Person(city)

    @tool(read_only=True)
    async def decorated_later(self, city: str) -> Person:
        """Find a person later."""
        return Person(city)


def a_decorated_function_is_called_as_before() -> None:
    assert_type(bare("Rome"), Person)
    assert_type(bare("Rome", days=2), Person)
    assert_type(optioned("Rome", 2), Person)
    assert_type(Tool(plain)("Rome", days=2), Person)
    assert_type(tool(plain)("Rome"), Person)
    assert_type(tool(read_only=True)(plain)("Rome"), Person)
    bare()  # type: ignore[call-arg]
    bare(3)  # type: ignore[arg-type]
    bare("Rome", day=2)  # type: ignore[call-arg]
    optioned("Rome", days="2")  # type: ignore[arg-type]
    Tool(plain)(3)  # type: ignore[arg-type]


async def a_decorated_coroutine_function_is_awaited_as_before() -> None:
    assert_type(await optioned_later("Rome", days=2), Person)
    assert_type(await Tool(later)("Rome"), Person)
    await optioned_later("Rome", 2)  # type: ignore[call-arg]


def a_function_of_a_context_is_called_with_one() -> None:
    assert_type(with_db("1", RunContext(Db())), str)
    with_db("1")  # type: ignore[call-arg]
    with_db("1", RunContext("db"))  # type: ignore[arg-type]


async def a_decorated_method_is_bound() -> None:
    desk = Desk()
    assert_type(desk.decorated("Rome"), Person)
    assert_type(await desk.decorated_later("Rome"), Person)
    assert_type(Desk.decorated(desk, "Rome"), Person)
    desk.decorated(3)  # type: ignore[arg-type]
    desk.decorated("Rome", "Oslo")  # type: ignore[call-arg]
    await desk.decorated_later()  # type: ignore[call-arg]


def options_are_known_by_name_and_type() -> None:
    tool(nam="search")  # type: ignore[call-overload]
    tool(timeout="1 s")  # type: ignore[call-overload]
    tool(on_error="ignore")  # type: ignore[call-overload]
    tool(read_only="yes")  # type: ignore[call-overload]
    Tool(plain, nam="search")  # type: ignore[call-arg]
    Tool("plain")  # type: ignore[arg-type]


def an_agent_takes_whatever_can_be_called(desk: Desk, toolset: Toolset) -> None:
    Agent("x", tools=[plain, later, bare, optioned, optioned_later, desk.plain, desk.decorated, toolset])
    Agent("x", tools=(plain, {"type": "openrouter:web_search"}))
    Agent("x", tools=[lambda: 3])
    Agent("x", tools=[with_db], deps_type=Db)
    Agent("x", tools=["plain"])  # type: ignore[list-item]
    Agent("x", tools=plain)  # type: ignore[call-overload]


class Mine:
    """A toolset of the user's own."""

    async def tools(self, ctx: RunContext[Any]) -> Sequence[Tool[..., Any]]:
        return [bare, Tool(plain)] if ctx.step == 1 else []


class OfDb:
    """A toolset that knows the dependencies."""

    async def tools(self, ctx: RunContext[Db]) -> list[Tool[..., str]]:
        return [with_db] if ctx.deps.rows else []


class NoToolset:
    """What is called `tools` is no method that can be awaited."""

    def tools(self, ctx: RunContext[Any]) -> Sequence[Tool[..., Any]]:
        return [bare] if ctx.step == 1 else []


def a_toolset_is_whatever_gives_tools() -> None:
    mine: Toolset = Mine()
    of_db: Toolset = OfDb()
    Agent("x", tools=[mine, of_db, Mine(), OfDb(), plain])
    wrong: Toolset = NoToolset()  # type: ignore[assignment]
    Agent("x", tools=[wrong, NoToolset()])  # type: ignore[list-item]


def a_tool_says_what_it_is() -> None:
    assert_type(bare.name, str)
    assert_type(bare.description, FunctionDescription)
    assert_type(bare.timeout, float | None)
    assert_type(describe(plain), FunctionDescription)
    assert_type(calls(bare, city="Rome") + calls("later", city="Oslo"), Calls)


def awaitable_results_stay(given: Tool[[str], Awaitable[int]]) -> Awaitable[int]:
    return given("Rome")
