"""What type checkers infer of an extraction and of a forced call."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal, assert_type

from pydantic import Field
from shapes import Color, Db, Invoice, Person, Place
from typing_extensions import TypeVar

from callwright import (
    Agent,
    Client,
    Completion,
    ForcedCall,
    Output,
    RunContext,
    RunResult,
    ToolCall,
    extract,
    extract_sync,
    force,
    force_sync,
    output_of,
    tool,
)
from callwright.output.checked import Checked
from callwright.output.schema import Schema
from callwright.testing.scripted import ScriptedModel

T = TypeVar("T")
R = TypeVar("R")


def plain(city: str) -> Person:
    """Find a person."""
    return Person(city)


async def later(city: str) -> Person:
    """Find a person later."""
    return Person(city)


@tool(read_only=True)
def decorated(city: str) -> list[Person]:
    """Find persons."""
    return [Person(city)]


@tool
async def decorated_later(city: str) -> list[Person]:
    """Find persons later."""
    return [Person(city)]


def with_db(name: str, ctx: RunContext[Db]) -> str:
    """Look a row up."""
    return ctx.deps.rows[int(name)]


class Desk:
    """Something with methods."""

    def plain(self, city: str) -> Person:
        """Find a person."""
        return Person(city)

    async def later(self, city: str) -> Person:
        """Find a person later."""
        return Person(city)


async def an_extraction_is_of_the_kind_asked_for() -> None:
    assert_type(await extract(Invoice, "?"), Invoice)
    assert_type(await extract(Person, "?"), Person)
    assert_type(await extract(Place, "?"), Place)
    assert_type(await extract(Color, "?"), Color)
    assert_type(await extract(bool, "?"), bool)
    assert_type(await extract(Invoice | Person | None, "?"), Invoice | Person | None)
    assert_type(await extract(list[Invoice], "?"), list[Invoice])
    assert_type(await extract(Literal["yes", "no"], "?"), Literal["yes", "no"])
    assert_type(await extract(Annotated[int, Field(ge=0)], "?"), int)
    assert_type(extract_sync(Invoice, "?"), Invoice)
    assert_type(extract_sync(Invoice | str, "?"), Invoice | str)
    assert_type(extract_sync(dict[str, Invoice], "?"), dict[str, Invoice])
    assert_type(extract_sync(Literal[1, 2, 3], "?"), Literal[1, 2, 3])


def options_of_an_extraction_are_known() -> None:
    extract_sync(Invoice, "?", model="x", mode="tool", attempts=2, instructions="Dates are American.", temperature=0)
    extract_sync(Invoice, "?", model=ScriptedModel(), client=Client())
    extract_sync(Invoice, [{"role": "user", "content": "?"}])
    extract_sync(Invoice, "?", mode="yaml")  # type: ignore[call-overload]
    extract_sync(Invoice, "?", modle="x")  # type: ignore[call-overload]
    extract_sync(Invoice, "?", temperature="hot")  # type: ignore[call-overload]
    extract_sync(Invoice)  # type: ignore[call-overload]


async def a_generic_function_loses_nothing(kind: type[T], prompts: list[str]) -> list[T]:
    assert_type(extract_sync(kind, "?"), T)
    return [await extract(kind, prompt) for prompt in prompts]


async def a_forced_call_gives_what_the_function_returns(desk: Desk) -> None:
    assert_type(await force(plain, "?"), ForcedCall[Person])
    assert_type(await (await force(plain, "?")).run(), Person)
    assert_type((await force(plain, "?")).run_sync(), Person)
    assert_type(await force(later, "?"), ForcedCall[Person])
    assert_type(await (await force(later, "?")).run(), Person)
    assert_type(await force(decorated, "?"), ForcedCall[list[Person]])
    assert_type(await force(decorated_later, "?"), ForcedCall[list[Person]])
    assert_type(await force(desk.plain, "?"), ForcedCall[Person])
    assert_type(await force(desk.later, "?"), ForcedCall[Person])
    assert_type(await (await force(with_db, "?")).run(deps=Db()), str)


def a_forced_call_without_a_loop() -> None:
    assert_type(force_sync(plain, "?").run_sync(), Person)
    assert_type(force_sync(later, "?").run_sync(), Person)
    assert_type(force_sync(decorated, "?").run_sync(), list[Person])
    assert_type(force_sync(decorated_later, "?").run_sync(), list[Person])
    assert_type(force_sync(partial(plain, "Rome"), "?").run_sync(), Person)
    assert_type(force_sync(Person, "?").run_sync(), Person)


def a_forced_call_says_what_it_is(call: ForcedCall[Person]) -> None:
    assert_type(call.name, str)
    assert_type(call.arguments, Mapping[str, object])
    assert_type(call.call, ToolCall)
    assert_type(call.completion, Completion)


async def of_several_functions_the_call_is_a_union() -> None:
    call = await force((plain, decorated), "?")
    assert_type(call, ForcedCall[Person] | ForcedCall[list[Person]])
    assert_type(await call.run(), Person | list[Person])
    three = await force((plain, later, with_db), "?")
    assert_type(await three.run(deps=Db()), Person | str)
    four = force_sync((plain, decorated, with_db, later), "?")
    assert_type(four.run_sync(deps=Db()), Person | list[Person] | str)
    assert_type(await (await force([plain, plain], "?")).run(), Person)


async def a_function_gives_what_it_returns() -> None:
    assert_type(await extract(plain, "?"), Person)
    assert_type(await extract(later, "?"), Person)
    assert_type(await extract(decorated, "?"), list[Person])
    assert_type(await extract(decorated_later, "?"), list[Person])
    assert_type(extract_sync(with_db, "?", deps=Db()), str)
    assert_type(output_of(plain), Output[Person])
    assert_type(output_of(later), Output[Person])
    assert_type(Agent(output=output_of(later)).run_sync("?").output, Person)
    assert_type(Agent(output=plain).run_sync("?").output, Person)
    assert_type(Agent("x", output=later, tools=[plain]).run_sync("?").output, Person)
    assert_type(Agent(output=decorated_later).run_sync("?").output, list[Person])
    assert_type(Agent(output=with_db, deps_type=Db).run_sync("?", deps=Db()).output, str)


def no_invoice(invoice: Invoice) -> Invoice:
    """Check an invoice."""
    return invoice


async def no_person(person: Person, ctx: RunContext[Db]) -> None:
    """Check a person."""


def a_checked_value_is_of_its_kind() -> None:
    assert_type(Checked(Invoice, no_invoice), Checked[Invoice])
    assert_type(Agent(output=Checked(Invoice, no_invoice)).run_sync("?").output, Invoice)
    assert_type(extract_sync(Checked(Person, no_person), "?"), Person)
    assert_type(extract_sync(Checked(int, lambda number: number + 1), "?"), int)
    Checked(Person, no_invoice)  # type: ignore[arg-type]


def a_schema_gives_plain_objects() -> None:
    assert_type(extract_sync(Schema({"type": "object"}), "?"), dict[str, Any])
    assert_type(Agent(output=Schema({"type": "object"})).run_sync("?").output, dict[str, Any])


def options_of_outputs_are_known() -> None:
    output_of(Person, mode="prompt", attempts=2, examples=[("?", Person("Ann"))], raise_cap=100, strict=True)
    output_of(Person, mode="yaml")  # type: ignore[call-overload]
    output_of(Person, modes="tool")  # type: ignore[call-overload]


def options_of_a_forced_call_are_known() -> None:
    force_sync(plain, "?", model="x", instructions="Be exact.", client=Client(), temperature=0)
    force_sync(plain, "?", mode="tool")  # type: ignore[call-overload]
    force_sync(plain, "?", temprature=0)  # type: ignore[call-overload]
    force_sync("plain", "?")  # type: ignore[arg-type]
    force_sync(plain)  # type: ignore[call-overload]


async def a_generic_function_forces_calls(function: Callable[..., R], coroutine: Callable[..., Awaitable[R]]) -> None:
    assert_type(await (await force(coroutine, "?")).run(), R)
    assert_type(function(), R)


def the_function_itself_can_be_chosen() -> None:
    agent = Agent("x", tools=[plain, later, decorated])
    assert_type(agent.run_sync("?", tool_choice=plain), RunResult[str])
    agent.run_sync("?", tool_choice=later)
    agent.run_sync("?", tool_choice=decorated)
    agent.run_sync("?", tool_choice="plain")
