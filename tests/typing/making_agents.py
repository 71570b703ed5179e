"""What type checkers infer of an agent from how it is made: its dependencies and its output."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import Annotated, Any, Literal, assert_type

from pydantic import Field
from shapes import Clock, Color, Db, Invoice, Person, Place, Postgres, Repository
from typing_extensions import TypeForm, TypeVar

from callwright import Agent, Client, Limits, MemoryStore, Output, RunContext, output_of
from callwright.testing.scripted import ScriptedModel

T = TypeVar("T")

# The output is text, unless it is said to be something else.
assert_type(Agent(), Agent[None, str])
assert_type(Agent("x"), Agent[None, str])
assert_type(Agent(None), Agent[None, str])
assert_type(Agent(model="x"), Agent[None, str])
assert_type(Agent(ScriptedModel()), Agent[None, str])
assert_type(Agent("x", output=str), Agent[None, str])
assert_type(Agent("x", output=int), Agent[None, int])
assert_type(Agent("x", output=Invoice), Agent[None, Invoice])
assert_type(Agent("x", output=Person), Agent[None, Person])
assert_type(Agent("x", output=Place), Agent[None, Place])
assert_type(Agent("x", output=Color), Agent[None, Color])
assert_type(Agent("x", output=Invoice | str), Agent[None, Invoice | str])
assert_type(Agent("x", output=Invoice | Person | None), Agent[None, Invoice | Person | None])
assert_type(Agent("x", output=list[Invoice]), Agent[None, list[Invoice]])
assert_type(Agent("x", output=dict[str, list[int]]), Agent[None, dict[str, list[int]]])
assert_type(Agent("x", output=tuple[int, str]), Agent[None, tuple[int, str]])
assert_type(Agent("x", output=Literal["yes", "no"]), Agent[None, Literal["yes", "no"]])
assert_type(Agent("x", output=Annotated[int, Field(ge=0)]), Agent[None, int])
assert_type(Agent("x", output=output_of(Invoice)), Agent[None, Invoice])

# An output strategy.
assert_type(output_of(str), Output[str])
assert_type(output_of(list[Invoice]), Output[list[Invoice]])
assert_type(output_of(Invoice | str, mode="tool", attempts=2), Output[Invoice | str])
assert_type(output_of(output_of(Invoice)), Output[Invoice])
output_of(Invoice, mode="yaml")  # type: ignore[call-overload]

# The dependencies are none, unless their type is given, or an instructions function says it.
assert_type(Agent("x", deps_type=Db), Agent[Db, str])
assert_type(Agent("x", deps_type=Db, output=Invoice), Agent[Db, Invoice])
assert_type(Agent("x", deps_type=Db, output=Invoice | str), Agent[Db, Invoice | str])
assert_type(Agent("x", deps_type=Db, output=output_of(Invoice)), Agent[Db, Invoice])
assert_type(Agent("x", deps_type=dict[str, int]), Agent[dict[str, int], str])
assert_type(Agent("x", deps_type=Db | None), Agent[Db | None, str])
assert_type(Agent("x", deps_type=Repository), Agent[Repository, str])
assert_type(Agent("x", deps_type=Clock), Agent[Clock, str])


def of_db(ctx: RunContext[Db]) -> str:
    return f"There are {len(ctx.deps.rows)} rows."


async def of_db_later(ctx: RunContext[Db]) -> str:
    return of_db(ctx)


def of_nothing(ctx: RunContext) -> str:
    assert_type(ctx.deps, None)
    return ctx.run_id


Agent("x", instructions="Be brief.")
Agent("x", instructions=None)
Agent("x", instructions=of_nothing)
Agent("x", instructions=lambda ctx: ctx.run_id)
Agent("x", deps_type=Db, instructions=of_db)
Agent("x", deps_type=Db, instructions=of_db_later, output=Invoice)
Agent("x", deps_type=Db, instructions=lambda ctx: ctx.deps.rows[0])
Agent("x", deps_type=Postgres, instructions=lambda ctx: str(ctx.deps.port))
assert_type(Agent("x", instructions=of_db), Agent[Db, str])
assert_type(Agent("x", instructions=of_db_later, output=Invoice), Agent[Db, Invoice])
Agent("x", deps_type=Person, instructions=of_db)  # type: ignore[arg-type]
Agent("x", deps_type=Db, instructions=lambda ctx: ctx.deps.port)  # type: ignore[attr-defined]
Agent("x", deps_type=Db, instructions=lambda ctx: len(ctx.deps.rows))  # type: ignore[arg-type, return-value]

# Options are known by name and type.
Agent("x", limits=Limits(steps=3), store=MemoryStore(), client=Client(), params={"temperature": 0})
Agent("x", instructons="Be brief.")  # type: ignore[call-overload]
Agent("x", output=Invoice, stor=MemoryStore())  # type: ignore[call-overload]
Agent("x", temperature=0)  # type: ignore[call-overload]
Agent("x", params={"temprature": 0})  # type: ignore[call-overload]
Agent("x", params={"temperature": "hot"})  # type: ignore[call-overload]
Agent("x", limits=3)  # type: ignore[call-overload]
Agent("x", tools=3)  # type: ignore[call-overload]
Agent("x", tools=[3])  # type: ignore[list-item]
Agent(3)  # type: ignore[call-overload]

# What a declaration says is checked.
declared: Agent = Agent("x")
assert_type(declared, Agent[None, str])
as_declared: Agent[Db, Invoice] = Agent("x", output=Invoice)
wrong: Agent[None, int] = Agent("x")  # type: ignore[assignment]
wrong = Agent("x", output=str)  # type: ignore[arg-type]

# `replace` keeps both.
assert_type(Agent("x", deps_type=Db, output=Invoice).replace("y"), Agent[Db, Invoice])
assert_type(Agent("x", deps_type=Db).replace(instructions=of_db, limits=Limits(steps=1)), Agent[Db, str])
Agent("x").replace(output=int)  # type: ignore[call-arg]
Agent("x").replace(instructions=of_db)  # type: ignore[arg-type]


def agent_for(kind: type[T]) -> Agent[None, T]:
    """A function of the user's that is generic itself loses nothing."""
    assert_type(output_of(kind), Output[T])
    return Agent("x", output=kind)


def agent_for_form(kind: TypeForm[T]) -> Agent[None, T]:
    assert_type(output_of(kind), Output[T])
    return Agent("x", output=kind)


def agent_for_anything(kind: Any) -> Agent[None, Any]:
    return Agent("x", output=kind)


assert_type(agent_for(Invoice), Agent[None, Invoice])
assert_type(agent_for_form(Invoice | str), Agent[None, Invoice | str])
