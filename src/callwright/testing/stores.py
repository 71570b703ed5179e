"""The conformance suite of stores: what every store promises, as tests that anybody's store can be put to."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

import anyio

from callwright.agent import Agent
from callwright.errors import RunConflictError, StoreError
from callwright.run.records import (
    Answered,
    Asked,
    CallDecided,
    CallHeld,
    CallReturned,
    CallStarted,
    Compacted,
    Failed,
    Prompted,
    Record,
    Rejected,
    Started,
    Steered,
    Stopped,
    Voted,
)
from callwright.run.result import RunResult
from callwright.run.store import Store
from callwright.testing.scripted import ScriptedModel, calls
from callwright.tools.tool import tool
from callwright.wire.chat import Completion, Usage
from callwright.wire.messages import AssistantMessage, ToolMessage, UserMessage

__all__ = ["StoreConformance"]

_STARTED = Started("a", "print")
_PROMPTED = Prompted((UserMessage("hi"),))
_HOSTILE = (
    "a",
    "A",
    "a ",
    "a/1:0",
    "a/1:0/2:1",
    "../a",
    "..",
    "%",
    "_",
    "'; DROP TABLE run; --",
    '"',
    "a\nb",
    "a\tb",
    "caf\u00e9",
    "cafe\u0301",
    "\u202ea",
    "\U0001f600",
    "CON",
    "x" * 200,
)
"""Ids of different runs, each of which is some store's special case."""
_TEXT = "caf\u00e9 \u202e \U0001f600 \u2028 \x00 \x7f ' \" \\ %s {} \r\n\t"


class StoreConformance:
    """Tests of a store; each takes an empty one.

    With pytest, subclass it under a name that is collected, say how the store is made, and mark it as any other async
    test. Without, `await YourConformance().check()`.

    ```
    @pytest.mark.anyio
    class TestMyStore(StoreConformance):
        async def make_store(self) -> Store:
            return MyStore(...)
    ```
    """

    async def make_store(self) -> Store:
        """Return a store without runs; called once by each test."""
        raise NotImplementedError

    async def another(self, store: Store) -> Store:
        """Return a store that has the same runs as another process would: one that was opened anew.

        The default is for stores that end with the process: `store` itself.
        """
        return store

    async def drop_store(self, store: Store) -> None:
        """Close a store, one of `make_store` or `another`; called at the end of each test."""

    @asynccontextmanager
    async def stores(self, count: int = 1) -> AsyncGenerator[list[Store], None]:
        """Open the same new store for so many processes, and close it at the end."""
        opened = [await self.make_store()]
        try:
            while len(opened) < count:
                opened.append(await self.another(opened[0]))
            yield opened
        finally:
            for number, store in enumerate(opened):
                if not any(store is earlier for earlier in opened[:number]):
                    await self.drop_store(store)

    async def check(self) -> None:
        """Run all tests, one after the other.

        Raises:
            AssertionError: The store does not keep a promise.
        """
        for name in dir(self):
            if name.startswith("test_"):
                await getattr(self, name)()

    async def test_a_run_that_nobody_began_is_empty(self) -> None:
        """Neither an error, nor listed because somebody asked for it."""
        async with self.stores() as [store]:
            await _expect_log(store, "a", [])

            await _expect_runs(store, [])

    async def test_records_come_back_equal_and_in_order(self) -> None:
        """Every kind, with texts that no file format likes."""
        async with self.stores() as [store]:
            for seq, record in enumerate(_EVERY_KIND):
                await store.append("a", seq, record)

            await _expect_log(store, "a", _EVERY_KIND)
            await _expect_runs(store, ["a"])

    async def test_a_large_record_comes_back_whole(self) -> None:
        """A tool may return megabytes."""
        async with self.stores() as [store]:
            large = Prompted((UserMessage("0123456789abcdef" * 65_536),))

            await store.append("a", 0, _STARTED)
            await store.append("a", 1, large)

            await _expect_log(store, "a", [_STARTED, large])

    async def test_what_was_appended_is_seen_by_another_process_at_once(self) -> None:
        """`append` returns when the record is kept, not when it will be."""
        async with self.stores(2) as [store, other]:
            await store.append("a", 0, _STARTED)
            await _expect_log(other, "a", [_STARTED])

            await other.append("a", 1, _PROMPTED)
            await _expect_log(store, "a", [_STARTED, _PROMPTED])

    async def test_a_place_that_is_taken_is_refused(self) -> None:
        """Whoever has it: also by the very same record, and in another process."""
        async with self.stores(2) as [store, other]:
            await store.append("a", 0, _STARTED)
            await store.append("a", 1, _PROMPTED)

            for seq, record in ((0, _STARTED), (1, _PROMPTED), (1, Asked(1, "m", "t"))):
                await _expect_refused(store, seq, record, error=RunConflictError)
                await _expect_refused(other, seq, record, error=RunConflictError)

            await _expect_log(store, "a", [_STARTED, _PROMPTED])

    async def test_a_gap_is_refused(self) -> None:
        """It is no conflict: nobody else went on with the run, something was lost."""
        async with self.stores() as [store]:
            await _expect_refused(store, 1, _PROMPTED, error=StoreError)
            await _expect_runs(store, [])

            await store.append("a", 0, _STARTED)
            await _expect_refused(store, 2, _PROMPTED, error=StoreError)

            await _expect_log(store, "a", [_STARTED])

    async def test_runs_are_told_apart_by_every_character(self) -> None:
        """The runs of sub-agents have slashes in their ids; users put anything into theirs."""
        async with self.stores() as [store]:
            for run_id in _HOSTILE:
                await store.append(run_id, 0, Started(run_id, "print"))

            for run_id in _HOSTILE:
                await _expect_log(store, run_id, [Started(run_id, "print")])
            await _expect_runs(store, _HOSTILE)

    async def test_a_deleted_run_is_gone_and_can_be_begun_anew(self) -> None:
        """And nothing else is gone with it."""
        async with self.stores() as [store]:
            for run_id in ("a", "a/1:0", "b"):
                await store.append(run_id, 0, Started(run_id, "print"))

            await store.delete("a")
            await store.delete("a")
            await store.delete("never begun")

            await _expect_log(store, "a", [])
            await _expect_runs(store, ["a/1:0", "b"])
            await store.append("a", 0, _STARTED)
            await _expect_log(store, "a", [_STARTED])

    async def test_a_loaded_log_does_not_change(self) -> None:
        """Neither by what is appended later, nor does the store by what is done to it."""
        async with self.stores() as [store]:
            await store.append("a", 0, _STARTED)
            loaded = await store.load("a")

            await store.append("a", 1, _PROMPTED)
            _expect(list(loaded) == [_STARTED], "a loaded log grew by what was appended later")
            if isinstance(loaded, list):
                loaded.clear()

            await _expect_log(store, "a", [_STARTED, _PROMPTED])

    async def test_one_of_those_that_want_a_place_gets_it(self) -> None:
        """However many processes resume a run, one goes on."""
        won: list[Record] = []
        lost: list[Record] = []

        async def race(runner: Store, record: Record) -> None:
            try:
                await runner.append("a", 1, record)
                won.append(record)
            except RunConflictError:
                lost.append(record)

        async with self.stores(2) as [store, other]:
            await store.append("a", 0, _STARTED)
            async with anyio.create_task_group() as group:
                for number in range(10):
                    group.start_soon(race, (store, other)[number % 2], Prompted((UserMessage(f"runner {number}"),)))

            _expect((len(won), len(lost)) == (1, 9), f"{len(won)} of 10 got the place, {len(lost)} a RunConflictError")
            await _expect_log(other, "a", [_STARTED, *won])

    async def test_runs_go_on_side_by_side(self) -> None:
        """Each log is whole and in order."""
        logs = {f"run {number}": [_STARTED, _PROMPTED, *_asks(number)] for number in range(20)}

        async def keep(store: Store, run_id: str, log: Sequence[Record]) -> None:
            for seq, record in enumerate(log):
                await store.append(run_id, seq, record)

        async with self.stores(2) as [store, other]:
            async with anyio.create_task_group() as group:
                for number, (run_id, log) in enumerate(logs.items()):
                    group.start_soon(keep, (store, other)[number % 2], run_id, log)

            for run_id, log in logs.items():
                await _expect_log(store, run_id, log)

    async def test_whoever_is_cancelled_knows_whether_the_record_was_kept(self) -> None:
        """It was if `append` returned, and was not if it raised the cancellation."""
        log: list[Record] = []
        async with self.stores() as [store]:
            for delay in (-math.inf, *(number * 0.0001 for number in range(20))):
                record = Started("a", f"after {delay} s")

                with anyio.CancelScope(deadline=anyio.current_time() + delay):
                    await store.append("a", len(log), record)
                    log.append(record)

                await _expect_log(store, "a", log)

    async def test_a_run_that_was_cut_anywhere_ends_the_same(self) -> None:
        """What an agent needs of a store: the log up to any record, and a run that goes on from there."""
        async with self.stores(2) as [store, other]:
            whole = await _agent(store, turns=3).run("How is the weather?", run_id="whole")
            records = await store.load("whole")

            for size in range(2, len(records) + 1):
                run_id = f"cut after {size}"
                left = 3 - sum(isinstance(record, Answered) for record in records[:size])
                await _agent(store, turns=left).fork("whole", at=size, run_id=run_id)
                result = await _agent(other, turns=left).resume(run_id)

                told, expected = _texts(result), _texts(whole)
                _expect(told == expected, f"cut after {size} records, a run ended as {told!r}, not {expected!r}")


def _expect(is_so: bool, told: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not is_so:
        raise AssertionError(told)


async def _expect_log(store: Store, run_id: str, log: Sequence[Record]) -> None:
    found = list(await store.load(run_id))
    _expect(found == list(log), f"run {run_id!r}: expected {log!r}; loaded {found!r}")


async def _expect_runs(store: Store, run_ids: Sequence[str]) -> None:
    found = sorted(await store.runs())
    _expect(found == sorted(run_ids), f"expected each of the runs {sorted(run_ids)} once; listed are {found}")


async def _expect_refused(store: Store, seq: int, record: Record, *, error: type[StoreError]) -> None:
    try:
        await store.append("a", seq, record)
    except StoreError as refusal:
        _expect(type(refusal) is error, f"record {seq}: expected a refusal by {error.__name__}; got {refusal!r}")
    else:
        raise AssertionError(f"record {seq}: expected a refusal by {error.__name__}; it was taken")


def _asks(number: int) -> list[Record]:
    return [Asked(ask, f"model {number}", "t") for ask in range(1, 11)]


def _texts(result: RunResult[str]) -> list[str]:
    return [message.text for message in result.messages]


def _agent(store: Store, *, turns: int) -> Agent:
    """Return an agent whose model takes the last so many of its three turns."""
    script = (calls(_weather, city="Paris") + calls(_weather, city="Rome"), calls(_weather, city="Oslo"), "Fine.")
    return Agent(ScriptedModel(*script[len(script) - turns :]), tools=[_weather], store=store)


@tool(read_only=True)
def _weather(city: str) -> str:
    """Look up the weather."""
    return f"{city}: {_TEXT}"


_TURN = Completion(
    {
        "id": "gen-1",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": _TEXT}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4, "cost": 0.000123},
    }
)
_SPENT = Usage(3, 1, 4, cost=Decimal("0.000123"))
_SAID = AssistantMessage(_TEXT)

_EVERY_KIND: Sequence[Record] = (
    Started("a", "print", parent=("up", "up:1:0"), forked=("other", 3)),
    Prompted((UserMessage(_TEXT),), (UserMessage("before"), _SAID), _TEXT, "required", {"seed": 1, "stop": [_TEXT]}),
    Asked(1, "m", "t", {"type": "function"}, Decimal("0.10"), "steps: 3", {"usage": {"include": True}}),
    Voted(1, "member", _TURN),
    Failed(1, _TEXT, _TURN, _SPENT),
    Answered(2, _TURN),
    CallHeld("a:2:0", "child", "{}", (("a/2:0:1:0", "pay", _TEXT, "approval"),)),
    CallDecided("a:2:0", "approve", _TEXT, "{}", "ann"),
    CallStarted("a:2:0", "write", ("quotes", _TEXT)),
    CallReturned(
        "a:2:0",
        "value",
        ToolMessage(_TEXT, tool_call_id="w"),
        _SPENT,
        "note",
        {"deep": [1, None, 1e300]},
        _TEXT,
        direct=True,
    ),
    Rejected(2, (_TEXT,), (UserMessage("again"),)),
    Steered("circle", (UserMessage(_TEXT),)),
    Compacted(2, (UserMessage("so far"),), _SPENT),
    Stopped("done", None, {"answer": [_TEXT, 1, 0.5, True, None]}),
)
"""Not a log that could be folded: a store keeps records, and does not judge them."""
