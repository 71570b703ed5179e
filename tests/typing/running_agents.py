"""What type checkers infer of a run and ask of it: results are of the agent's output, dependencies must be given."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import assert_type

from shapes import Db, Invoice, Person, Postgres, Repository
from typing_extensions import TypeVar

from callwright import (
    Agent,
    APIError,
    Event,
    Message,
    OutputError,
    RunContext,
    RunError,
    RunResult,
    RunState,
    RunStream,
    Usage,
    UserMessage,
    approve,
    deny,
)
from callwright.errors import Unfinished
from callwright.stream import SyncRunStream
from callwright.testing.scripted import ScriptedModel

D = TypeVar("D")
T = TypeVar("T")

plain = Agent("x")
typed = Agent("x", output=Invoice)
either = Agent("x", output=Invoice | str)
with_db = Agent("x", deps_type=Db)
whole = Agent("x", deps_type=Db, output=list[Invoice])
loose = Agent("x", deps_type=Db | None)
abstract = Agent("x", deps_type=Repository)


def lookup(name: str, ctx: RunContext[Db]) -> str:
    """Look a row up."""
    return ctx.deps.rows[int(name)]


async def results() -> None:
    assert_type(await plain.run("?"), RunResult[str])
    assert_type(await typed.run("?"), RunResult[Invoice])
    assert_type(await either.run("?"), RunResult[Invoice | str])
    assert_type(await with_db.run("?", deps=Db()), RunResult[str])
    assert_type(await whole.run("?", deps=Db()), RunResult[list[Invoice]])
    assert_type((await whole.run("?", deps=Db())).output, list[Invoice])
    assert_type(await plain.resume("run"), RunResult[str])
    assert_type(await typed.resume("run", approve("run:1:0"), deny("run:1:1")), RunResult[Invoice])
    assert_type(await whole.resume("run", deps=Db()), RunResult[list[Invoice]])


def results_without_a_loop() -> None:
    assert_type(plain.run_sync("?"), RunResult[str])
    assert_type(plain.run_sync("?").output, str)
    assert_type(typed.run_sync("?").output, Invoice)
    assert_type(either.run_sync("?").output, Invoice | str)
    assert_type(whole.run_sync("?", deps=Db()).output, list[Invoice])
    assert_type(whole.run_sync("?", deps=Postgres()).output, list[Invoice])
    assert_type(loose.run_sync("?", deps=None).output, str)
    assert_type(plain.resume_sync("run"), RunResult[str])
    assert_type(whole.resume_sync("run", approve("run:1:0"), deps=Db()).output, list[Invoice])


async def streams() -> None:
    assert_type(plain.stream("?"), RunStream[str])
    assert_type(whole.stream("?", deps=Db()), RunStream[list[Invoice]])
    async with whole.stream("?", deps=Db(), temperature=0) as run:
        assert_type(run, RunStream[list[Invoice]])
        assert_type(run.text(), AsyncIterator[str])
        assert_type(run.events(), AsyncIterator[Event])
    assert_type(run.result, RunResult[list[Invoice]])


def streams_without_a_loop() -> None:
    assert_type(plain.stream_sync("?"), SyncRunStream[str])
    assert_type(whole.stream_sync("?", deps=Db()), SyncRunStream[list[Invoice]])
    with typed.stream_sync("?") as run:
        assert_type(run.text(), Iterator[str])
        assert_type(run.events(), Iterator[Event])
    assert_type(run.result.output, Invoice)


async def dependencies_are_required_where_they_are_declared() -> None:
    await with_db.run("?")  # type: ignore[call-arg]
    await whole.run("?", temperature=0)  # type: ignore[call-arg]
    with_db.run_sync("?")  # type: ignore[call-arg]
    with_db.stream("?")  # type: ignore[call-arg]
    with_db.stream_sync("?")  # type: ignore[call-arg]
    loose.run_sync("?")  # type: ignore[call-arg]
    await with_db.resume("run")  # type: ignore[call-arg]
    with_db.resume_sync("run", approve("run:1:0"))  # type: ignore[call-arg]


async def dependencies_are_of_the_declared_type() -> None:
    await with_db.run("?", deps=None)  # type: ignore[arg-type]
    with_db.run_sync("?", deps="db")  # type: ignore[arg-type]
    with_db.stream("?", deps=Db)  # type: ignore[arg-type]
    whole.stream_sync("?", deps=Person("Ann"))  # type: ignore[arg-type]
    abstract.run_sync("?", deps=Db())  # type: ignore[arg-type]
    await with_db.resume("run", deps="db")  # type: ignore[arg-type]
    with_db.resume_sync("run", deps=Person("Ann"))  # type: ignore[arg-type]


def nothing_is_given_where_none_is_declared() -> None:
    plain.run_sync("?", deps=None)
    plain.run_sync("?", deps=Db())  # type: ignore[call-overload]
    plain.resume_sync("run", deps=Db())  # type: ignore[call-overload]


def options_are_known_by_name_and_type() -> None:
    plain.run_sync("?", temperature=0, max_tokens=10, seed=1, provider={"sort": "price"}, reasoning={"effort": "low"})
    plain.run_sync("?", model="y", run_id="a", tool_choice=lookup, history=[])
    plain.run_sync("?", model=ScriptedModel(), tool_choice="required")
    plain.run_sync("?", tool_choice={"type": "function", "function": {"name": "lookup"}})
    with_db.run_sync("?", deps=Db(), temperature=0, tool_choice=lookup)
    plain.run_sync("?", temprature=0)  # type: ignore[call-overload]
    with_db.run_sync("?", deps=Db(), temprature=0)  # type: ignore[call-arg]
    plain.run_sync("?", temperature="hot")  # type: ignore[call-overload]
    plain.run_sync("?", reasoning={"effort": "huge"})  # type: ignore[call-overload]
    plain.run_sync("?", provider={"sorted": "price"})  # type: ignore[call-overload]
    plain.run_sync("?", tool_choice=3)  # type: ignore[call-overload]
    plain.run_sync("?", model=3)  # type: ignore[call-overload]
    plain.run_sync("?", stream=True)  # type: ignore[call-overload]
    plain.run_sync()  # type: ignore[call-overload]


def prompts_have_three_forms() -> None:
    plain.run_sync("a text")
    plain.run_sync([{"type": "text", "text": "a part"}])
    plain.run_sync([UserMessage("a message"), {"role": "user", "content": "a wire dict"}])
    plain.run_sync(history=plain.run_sync("?").messages, prompt="And then?")
    plain.run_sync(3)  # type: ignore[call-overload]
    plain.run_sync([3])  # type: ignore[list-item]


def a_result_says_what_happened(result: RunResult[Invoice]) -> None:
    assert_type(result.output.total, float)
    assert_type(result.messages, tuple[Message, ...])
    assert_type(result.new_messages, tuple[Message, ...])
    assert_type(result.usage, Usage)
    assert_type(result.cost, Decimal | None)
    assert_type(result.steps, int)
    assert_type(result.state, RunState)
    typed.resume_sync(result.state)
    result.output = Invoice(total=1)  # type: ignore[misc]


def an_error_says_where_to_go_on() -> RunResult[Invoice]:
    try:
        return typed.run_sync("?")
    except APIError as error:
        assert_type(error.state, Unfinished | None)
        assert_type(error.retryable, bool)
        raise
    except OutputError as error:
        assert_type(error.state, Unfinished | None)
        if error.state is None:
            raise
        return typed.resume_sync(error.state)
    except RunError as error:
        typed.resume_sync(error.state)  # type: ignore[arg-type]
        raise


async def generic_functions_lose_nothing(agent: Agent[D, T], deps: D, simple: Agent[None, T]) -> tuple[T, T]:
    assert_type(await agent.run("?", deps=deps), RunResult[T])
    assert_type(await simple.run("?"), RunResult[T])
    return (await agent.run("?", deps=deps)).output, simple.run_sync("?").output


async def an_output_grows_as_its_own_type() -> None:
    async with Agent("x", output=Invoice).stream("?") as run:
        async for draft in run.partials(strings="complete"):
            assert_type(draft, Invoice)
    async with Agent("x", output=list[Invoice]).stream("?") as rows:
        async for row in rows.items():
            assert_type(row, Invoice)
    with Agent("x", output=list[Invoice]).stream_sync("?") as sync_rows:
        for row in sync_rows.items():
            assert_type(row, Invoice)
    run.items()  # type: ignore[misc]
