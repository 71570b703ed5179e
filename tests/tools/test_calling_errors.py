"""One call: what a tool may raise, and what leaves."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import warnings
from typing import Any

import anyio
import pytest
import trio
from tests.tools.one_call import called

from callwright import RunContext, RunError, Tool, ToolError
from callwright._secrets import remember
from callwright.tools.calling import Performed, Ready, perform

pytestmark = pytest.mark.anyio

both = pytest.mark.parametrize("kind", ["sync", "async"])


async def raised(error: BaseException, kind: str, **options: Any) -> Performed:
    def fail() -> None:
        """Fail."""
        raise error

    async def fail_async() -> None:
        """Fail."""
        raise error

    return await called(Tool(fail if kind == "sync" else fail_async, name="fail", **options))


class OwnError(BaseException):
    pass


class WordlessError(Exception):
    def __str__(self) -> str:
        raise KeyError

    __repr__ = __str__


class LoudError(Exception):
    def __str__(self) -> str:
        return "x" * 10_000_000


@both
@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(ValueError("no"), "ValueError: no", id="Exception"),
        pytest.param(ExceptionGroup("many", [ValueError("a")]), "ExceptionGroup: many (1 sub-exception)", id="group"),
        pytest.param(GeneratorExit("x"), "GeneratorExit: x", id="GeneratorExit"),
        pytest.param(
            BaseExceptionGroup("many", [GeneratorExit(), ValueError("a")]),
            "BaseExceptionGroup: many (2 sub-exceptions)",
            id="BaseExceptionGroup",
        ),
        pytest.param(StopAsyncIteration("x"), "StopAsyncIteration: x", id="StopAsyncIteration"),
        pytest.param(RecursionError("deep"), "RecursionError: deep", id="RecursionError"),
        pytest.param(MemoryError("full"), "MemoryError: full", id="MemoryError"),
        pytest.param(concurrent.futures.CancelledError("x"), "CancelledError: x", id="futures.CancelledError"),
        pytest.param(DeprecationWarning("old"), "DeprecationWarning: old", id="Warning"),
        pytest.param(WordlessError(), "WordlessError: (its message could not be read)", id="no words"),
        pytest.param(LoudError(), f"LoudError: {'x' * 2_000}...", id="10 MB of words"),
        pytest.param(ValueError("a\ud800b"), "ValueError: a\ufffdb", id="surrogate"),
        pytest.param(RunError("inner"), "RunError: inner", id="a run within"),
        pytest.param(type("X" * 1_000, (Exception,), {})("y"), f"{'X' * 100}...: y", id="long name"),
    ],
)
async def test_what_a_tool_raises_is_told(kind: str, error: BaseException, told: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        performed = await raised(error, kind)

    assert (performed.content, performed.is_error) == (f"fail failed: {told}", True)


@both
async def test_a_stop_iteration_is_told_as_python_turns_it(kind: str) -> None:
    """No coroutine can raise it (PEP 479)."""
    assert (await raised(StopIteration(), kind)).content == "fail failed: RuntimeError: coroutine raised StopIteration"


@both
@pytest.mark.parametrize("seconds", [None, 60])
async def test_a_cancellation_of_asyncio_that_nobody_ordered_is_the_tools_error(
    kind: str, seconds: float | None
) -> None:
    """On trio the tool may run asyncio on a thread, or use one of its futures."""
    performed = await raised(asyncio.CancelledError("by hand"), kind, timeout=seconds)

    assert performed.content == "fail failed: CancelledError: by hand"


@both
async def test_a_group_of_such_cancellations_is_the_tools_error(kind: str) -> None:
    group = BaseExceptionGroup("many", [asyncio.CancelledError(), ValueError("x")])

    assert str((await raised(group, kind)).content).startswith("fail failed: BaseExceptionGroup: many")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_cancellation_of_trio_on_a_thread_of_asyncio_is_the_tools_error() -> None:
    def fail() -> None:
        """Fail."""

        async def main() -> None:
            with trio.CancelScope() as scope:
                scope.cancel()
                try:
                    await trio.sleep_forever()
                except trio.Cancelled as error:
                    kept.append(error)

        kept: list[BaseException] = []
        trio.run(main)
        raise kept[0]

    performed = await called(Tool(fail))

    assert str(performed.content).startswith("fail failed: Cancelled")


@both
@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        SystemExit(3),
        OwnError("x"),
        BaseExceptionGroup("many", [ValueError("a"), KeyboardInterrupt()]),
        BaseExceptionGroup("many", [BaseExceptionGroup("more", [SystemExit(3)])]),
    ],
    ids=repr,
)
async def test_what_ends_more_than_the_tool_leaves(kind: str, error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        await raised(error, kind, retries=3, on_error="hide")

    assert caught.value is error


async def test_a_cancellation_that_was_ordered_leaves_whatever_the_tool_makes_of_it() -> None:
    async def stubborn() -> None:
        """Turn the cancellation into a group with an error of its own."""
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class() as error:
            raise BaseExceptionGroup("many", [error, ValueError("x")]) from None

    ended: list[str] = []
    with anyio.CancelScope() as scope:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(called, Tool(stubborn, retries=2))
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        except BaseExceptionGroup:
            ended.append("group")
        ended.append("left")

    assert scope.cancel_called
    assert "left" not in ended


async def test_a_coroutine_that_is_closed_does_not_wait_any_more() -> None:
    """As the interpreter does at its end, with what still runs."""

    async def wait() -> None:
        """Wait."""
        await asyncio.Future()

    async def main() -> None:
        coroutine = perform(Ready(Tool(wait, retries=5), {}), RunContext(None))
        coroutine.send(None)
        coroutine.close()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await anyio.to_thread.run_sync(asyncio.run, main())
        gc.collect()


async def test_secrets_are_in_neither_words_nor_note() -> None:
    remember("correct horse battery")

    error = ValueError("the password is correct horse battery")
    error.__cause__ = KeyError("sk-or-v1-0123456789abcdef")

    performed = await raised(error, "async")

    assert performed.content == "fail failed: ValueError: the password is ***"
    assert "horse" not in str(performed.note)
    assert "0123456789abcdef" not in str(performed.note)
    assert "KeyError" in str(performed.note)


async def test_an_error_chosen_for_the_model_is_masked_and_cut_as_a_result_is() -> None:
    performed = await raised(ToolError("sk-or-v1-fedcba9876543210ffff " + "x" * 100), "async", result_limit=12)

    assert performed.content == "sk-*** xxxxx..."


async def test_the_note_keeps_both_ends_of_a_long_trace() -> None:
    def deeper(depth: int) -> None:
        if depth:
            try:
                deeper(depth - 1)
            except ValueError as error:
                raise ValueError(f"level {depth} {'x' * 300}") from error
        raise ValueError("the very first")

    def fail() -> None:
        """Fail."""
        deeper(30)

    note = str((await called(Tool(fail))).note)

    assert len(note) < 8_100
    assert "the very first" in note
    assert note.rstrip().endswith("x")
    assert "level 30" in note


async def test_the_note_shows_the_innermost_frames() -> None:
    def sink(depth: int) -> None:
        if not depth:
            raise ValueError("bottom")
        if depth % 2:
            sink(depth - 1)
        else:
            sink_on(depth - 1)

    def sink_on(depth: int) -> None:
        sink(depth)

    def fail() -> None:
        """Fail."""
        sink(60)

    assert 'raise ValueError("bottom")' in str((await called(Tool(fail))).note)


@both
async def test_hiding_tells_nothing_and_notes_everything(kind: str) -> None:
    performed = await raised(ValueError("swordfish"), kind, on_error="hide")

    assert performed.content == "fail failed."
    assert "swordfish" in str(performed.note)


@both
async def test_raising_ends_the_run_with_its_cause(kind: str) -> None:
    with pytest.raises(RunError, match="tool 'fail' raised ValueError: gone") as caught:
        await raised(ValueError("gone"), kind, on_error="raise")

    assert isinstance(caught.value.__cause__, ValueError)
