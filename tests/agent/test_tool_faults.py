"""The tool faults T1 to T24 of the plan, each alone and beside three siblings, sync and async, on asyncio and trio.

The run goes on, and the model is told, or it stops as documented; what siblings did is kept, and nothing is leaked.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio

from callwright import Agent, MemoryStore, RunContext, Tool
from callwright._threads import abandoned
from callwright.run.records import CallReturned, Record
from callwright.testing.scripted import ScriptedModel, calls

HUGE = "x" * 100_000_000
MANY = {f"key{number}": number for number in range(1_000_000)}


class WatchingStore(MemoryStore):
    """A store that says when so many results are kept."""

    def __init__(self, awaited: int) -> None:
        super().__init__()
        self.results: list[str] = []
        self.are_kept = threading.Event()
        self._awaited = awaited

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        await super().append(run_id, seq, record)
        if isinstance(record, CallReturned):
            self.results.append(record.message.text)
        if len(self.results) >= self._awaited:
            self.are_kept.set()


@dataclass
class Scene:
    """What a fault may use."""

    backend: str
    context: RunContext[Any]
    store: WatchingStore
    release: threading.Event = field(default_factory=threading.Event)
    """Set when the run is over."""


Fault = Callable[[Scene], Any]


class OwnError(BaseException):
    pass


class Mute:
    def __str__(self) -> str:
        raise ValueError("mute")

    __repr__ = __str__


class WordlessError(Exception):
    def __str__(self) -> str:
        raise ValueError("mute")


def raising(error: type[BaseException], *arguments: Any) -> Fault:
    def fault(scene: Scene) -> None:
        raise error(*arguments)

    return fault


def giving(value: object) -> Fault:
    return lambda _: value


def recurse(scene: Scene) -> None:
    recurse(scene)


def coroutine(scene: Scene) -> Any:
    async def answer() -> str:
        await anyio.lowlevel.checkpoint()
        return "awaited"

    return answer()


def generator(scene: Scene) -> Iterator[int]:
    yield from (1, 2)


async def async_generator(scene: Scene) -> AsyncIterator[int]:
    yield 1
    yield 2


def ring(scene: Scene) -> Any:
    made: dict[str, Any] = {}
    made["self"] = made
    return made


def block(scene: Scene) -> str:
    time.sleep(0.005)
    return "unblocked"


def hang(scene: Scene) -> str:
    scene.release.wait(20)
    return "too late"


async def hang_async(scene: Scene) -> None:
    await anyio.sleep_forever()


async def swallow(scene: Scene) -> str:
    with contextlib.suppress(BaseException):
        await anyio.sleep_forever()
    return "swallowed"


def orphan(scene: Scene) -> str:
    threading.Thread(target=scene.release.wait, args=(20,), daemon=True).start()
    return "an orphan thread"


async def orphan_async(scene: Scene) -> str:
    async def stay() -> None:
        while not scene.release.is_set():  # noqa: ASYNC110 - it is set outside of the event loop
            await anyio.sleep(0.001)

    if scene.backend == "trio":
        trio.lowlevel.spawn_system_task(stay)
    else:
        ORPHANS.append(asyncio.get_running_loop().create_task(stay()))
    return "an orphan task"


ORPHANS: list[Any] = []


def meddle(scene: Scene) -> str:
    with contextlib.suppress(AttributeError, TypeError):
        scene.context.messages.clear()  # type: ignore[attr-defined]
    scene.context.step = 99
    scene.context.run_id = "another"
    return f"saw {len(scene.context.messages)} messages"


def chatter(scene: Scene) -> str:
    print("to stdout")  # noqa: T201 - that is the fault
    return "said"


def reenter(scene: Scene) -> str:
    return Agent(ScriptedModel("inner answer")).run_sync("?").output


async def reenter_async(scene: Scene) -> str:
    return (await Agent(ScriptedModel("inner answer")).run("?")).output


def lie(scene: Scene) -> Any:
    def other(missing: int) -> int:
        return missing

    return other()  # type: ignore[call-arg]


HUNG = "fault did not return within 0.02 seconds."

TOLD: dict[str, tuple[Fault, Fault | None, str]] = {
    "T01 Exception": (raising(ValueError, "no"), None, "fault failed: ValueError: no"),
    "T05 CancelledError": (raising(asyncio.CancelledError, "x"), None, "fault failed: CancelledError: x"),
    "T06 StopIteration": (raising(StopIteration), None, "fault failed: RuntimeError: coroutine raised StopIteration"),
    "T07 GeneratorExit": (raising(GeneratorExit, "x"), None, "fault failed: GeneratorExit: x"),
    "T08 ExceptionGroup": (
        raising(ExceptionGroup, "many", [ValueError("a")]),
        None,
        "fault failed: ExceptionGroup: many (1 sub-exception)",
    ),
    "T09 RecursionError": (recurse, None, "fault failed: RecursionError: maximum recursion depth exceeded"),
    "T10 str raises": (giving(Mute()), None, "(a Mute that cannot be shown)"),
    "T10 error without words": (
        raising(WordlessError),
        None,
        "fault failed: WordlessError: (its message could not be read)",
    ),
    "T11 object": (giving(object()), None, "<object object at 0x"),
    "T12 coroutine": (coroutine, None, "awaited"),
    "T13 generator": (generator, None, "[1,2]"),
    "T14 async generator": (async_generator, None, "[1,2]"),
    "T15 cyclic": (ring, None, '{"self":"(holds itself)"}'),
    "T16 NaN": (giving(float("nan")), None, "null"),
    "T16 bytes": (giving(b"\xff"), None, "/w=="),
    "T16 surrogate": (giving("a\ud800b"), None, "a\ufffdb"),
    "T16 None": (giving(None), None, "null"),
    "T17 100 MB": (giving(HUGE), None, "xxxxxxxx"),
    "T17 a million keys": (giving(MANY), None, '{"key0":0,"key1":1,'),
    "T18 blocks the loop": (block, None, "unblocked"),
    "T19 never returns": (hang, hang_async, HUNG),
    "T20 swallows cancellation": (hang, swallow, ""),
    "T21 orphan": (orphan, orphan_async, "an orphan t"),
    "T22 meddles": (meddle, None, "saw 2 messages"),
    "T23 prints": (chatter, None, "said"),
    "T23 re-enters": (reenter, reenter_async, "inner answer"),
    "T24 wrong arity": (lie, None, "fault failed: TypeError: lie.<locals>.other() missing 1 required"),
}
"""A fault, its other form in an async tool, and what the model is told, from the beginning."""

LEAVING: dict[str, type[BaseException]] = {
    "T02 BaseException": OwnError,
    "T03 SystemExit": SystemExit,
    "T04 KeyboardInterrupt": KeyboardInterrupt,
}

kinds = pytest.mark.parametrize("kind", ["sync", "async"])
siblings = pytest.mark.parametrize("others", [0, 3], ids=["alone", "with siblings"])


def faulty(fault: Fault, kind: str, scenes: list[Scene], make: Callable[[RunContext[Any]], Scene]) -> Tool[..., Any]:
    """Return the tool that has the fault."""

    def plain(ctx: RunContext[Any]) -> Any:
        """Have a fault."""
        scenes.append(make(ctx))
        return fault(scenes[-1])

    async def waiting(ctx: RunContext[Any]) -> Any:
        """Have a fault."""
        scenes.append(make(ctx))
        found = fault(scenes[-1])
        # A coroutine function's own; what the fault itself returns comes back as it is.
        return await found if getattr(fault, "__code__", None) and fault.__code__.co_flags & 0x80 else found

    return Tool(plain if kind == "sync" else waiting, name="fault", timeout=0.02 if "hang" in fault.__name__ else None)


def sibling(number: int) -> Tool[..., Any]:
    def plain() -> str:
        """Stand by."""
        return f"sibling {number}"

    async def waiting() -> str:
        """Stand by."""
        await anyio.lowlevel.checkpoint()
        return f"sibling {number}"

    return Tool(plain if number % 2 else waiting, name=f"sibling_{number}")


def tasks_alive(backend: str) -> int:
    if backend == "trio":
        return trio.lowlevel.current_statistics().tasks_living
    return len([task for task in asyncio.all_tasks() if not task.done()])


async def nothing_left() -> None:
    with anyio.fail_after(10):
        while abandoned():
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("name", TOLD)
@kinds
@siblings
def test_the_run_goes_on_and_the_model_is_told(name: str, kind: str, others: int, anyio_backend: str) -> None:
    fault, other_form, told = TOLD[name]
    fault = (other_form or fault) if kind == "async" else fault
    store, scenes = WatchingStore(others), list[Scene]()
    broken = faulty(fault, kind, scenes, lambda ctx: Scene(anyio_backend, ctx, store))
    if fault is swallow:
        broken = Tool(broken.function, name="fault", timeout=0.02)
    tools = [broken, *(sibling(number) for number in range(others))]

    async def main() -> None:
        turn = calls(broken)
        for other in tools[1:]:
            turn += calls(other)
        model = ScriptedModel(turn, "ok")
        before = tasks_alive(anyio_backend)

        with anyio.fail_after(20):
            result = await Agent(model, tools=tools).run("?")
        after = tasks_alive(anyio_backend)
        scenes[-1].release.set()
        await nothing_left()

        answers = [message.text for message in model.requests[1].messages[-len(tools) :]]
        assert result.output == "ok"
        assert answers[0].startswith(told)
        assert answers[1:] == [f"sibling {number}" for number in range(others)]
        assert after - before == (fault is orphan_async)

    anyio.run(main, backend=anyio_backend)


@pytest.mark.parametrize("name", LEAVING)
@kinds
@siblings
def test_the_run_stops_and_what_siblings_did_is_kept(name: str, kind: str, others: int, anyio_backend: str) -> None:
    error, store = LEAVING[name], WatchingStore(others)

    def plain() -> None:
        """End it all."""
        assert others == 0 or store.are_kept.wait(10)
        raise error("the end")

    async def waiting() -> None:
        """End it all."""
        while others and not store.are_kept.is_set():
            await anyio.lowlevel.checkpoint()
        raise error("the end")

    ending = Tool(plain if kind == "sync" else waiting, name="ending")
    tools = [ending, *(sibling(number) for number in range(others))]

    async def main() -> None:
        turn = calls(ending)
        for other in tools[1:]:
            turn += calls(other)
        with anyio.fail_after(20):
            await Agent(ScriptedModel(turn), tools=tools, store=store).run("?")

    with pytest.raises(error):
        anyio.run(main, backend=anyio_backend)

    assert sorted(store.results) == [f"sibling {number}" for number in range(others)]
    anyio.run(nothing_left)


@kinds
def test_a_cancelled_run_leaves_no_task_and_no_thread_that_goes_on(kind: str, anyio_backend: str) -> None:
    release, started, ended = threading.Event(), threading.Event(), list[int]()

    def plain() -> None:
        """Wait."""
        started.set()
        release.wait(20)
        ended.append(1)

    async def waiting() -> None:
        """Wait."""
        started.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(1)

    stuck = Tool(plain if kind == "sync" else waiting, name="stuck")

    async def main() -> None:
        turn = calls(stuck) + calls(stuck) + calls(stuck)
        before = tasks_alive(anyio_backend)
        async with anyio.create_task_group() as group:
            group.start_soon(Agent(ScriptedModel(turn), tools=[stuck]).run, "?")
            while not started.is_set():  # noqa: ASYNC110 - it is set on a thread
                await anyio.sleep(0.001)
            group.cancel_scope.cancel()

        assert tasks_alive(anyio_backend) == before
        release.set()
        await nothing_left()

    anyio.run(main, backend=anyio_backend)

    assert 1 <= len(ended) <= 3
