"""The store in a file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from callwright._threads import run_in_thread
from callwright.agent import Agent
from callwright.errors import ParameterError, StoreError
from callwright.run import database, worker
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
from callwright.run.sqlite import SQLiteStore
from callwright.run.store import Store
from callwright.run.verdicts import deny
from callwright.testing.scripted import ScriptedModel, calls
from callwright.testing.stores import StoreConformance
from callwright.tools.tool import tool
from callwright.wire.chat import Completion, Usage
from callwright.wire.messages import ToolMessage, UserMessage

pytestmark = pytest.mark.anyio
STARTED = Started("a", "print")
PROMPTED = Prompted((UserMessage("hi"),))
PATIENCE = 30


class TestSQLiteStore(StoreConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "runs.db"

    async def make_store(self) -> Store:
        return SQLiteStore(self.path)

    async def another(self, store: Store) -> Store:
        return SQLiteStore(self.path)

    async def drop_store(self, store: Store) -> None:
        assert isinstance(store, SQLiteStore)
        store.close()


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@tool(needs_approval=True)
def pay(francs: int) -> str:
    """Pay."""
    return f"{francs} paid"


def turn(text: str, cost: float) -> Completion:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "cost": cost}
    return Completion({"id": "gen", "choices": [{"finish_reason": "stop", "message": message}], "usage": usage})


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- the file


async def test_a_store_at_rest_is_one_file(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "runs.db") as store:
        await store.append("a", 0, STARTED)
        assert (tmp_path / "runs.db-wal").stat().st_size > 0

    assert names_in(tmp_path) == ["runs.db", "runs.db-lock"]
    assert (tmp_path / "runs.db-lock").stat().st_size == 0


async def test_a_closed_store_opens_the_file_again(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "runs.db")
    await store.append("a", 0, STARTED)
    store.close()
    store.close()

    await store.append("a", 1, PROMPTED)

    assert list(await store.load("a")) == [STARTED, PROMPTED]
    store.close()


async def test_a_file_that_nobody_uses_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "IDLE", 0.01)
    store = SQLiteStore(tmp_path / "runs.db")
    await store.append("a", 0, STARTED)

    for thread in [thread for thread in threading.enumerate() if thread.name == "callwright store"]:
        await run_in_thread(lambda thread=thread: thread.join(PATIENCE))

    assert not (tmp_path / "runs.db-wal").exists()
    await store.append("a", 1, PROMPTED)
    assert list(await store.load("a")) == [STARTED, PROMPTED]
    store.close()


async def test_a_relative_path_is_of_where_the_program_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = SQLiteStore("runs.db")

    monkeypatch.chdir("/")
    await store.append("a", 0, STARTED)

    store.close()
    assert (tmp_path / "runs.db").exists()


async def test_two_names_of_one_file_have_one_lock(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "runs.db")
    with SQLiteStore(tmp_path / "runs.db") as store, SQLiteStore(tmp_path / "link.db") as other:
        await store.append("a", 0, STARTED)
        await other.append("a", 1, PROMPTED)

    assert not (tmp_path / "link.db-lock").exists()


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_store_that_would_not_last_is_refused(path: str) -> None:
    with pytest.raises(ParameterError, match="MemoryStore"):
        SQLiteStore(path)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_wait_that_is_none_is_refused(timeout: float) -> None:
    with pytest.raises(ParameterError, match="timeout"):
        SQLiteStore("runs.db", timeout=timeout)


async def test_an_id_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "runs.db") as store, pytest.raises(StoreError, match="half of a character"):
        await store.append("\ud800", 0, STARTED)


def test_importing_callwright_and_making_an_agent_loads_no_database() -> None:
    script = (
        "import callwright, sys; callwright.Agent('m', store=callwright.MemoryStore()); print('sqlite3' in sys.modules)"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=PATIENCE)

    assert ran.stdout.strip() == "False"


# -- versions


async def test_an_older_file_is_brought_to_the_newest_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SQLiteStore(tmp_path / "runs.db") as store:
        await store.append("a", 0, STARTED)
    step = ("CREATE TABLE note (text TEXT)", "INSERT INTO note VALUES ('migrated')")
    monkeypatch.setattr(database, "_MIGRATIONS", (*database._MIGRATIONS, step))

    with SQLiteStore(tmp_path / "runs.db") as store:
        await store.append("a", 1, PROMPTED)
        assert list(await store.load("a")) == [STARTED, PROMPTED]

    with sqlite3.connect(tmp_path / "runs.db") as connection:
        assert connection.execute("SELECT text FROM note").fetchall() == [("migrated",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


async def test_a_newer_file_is_refused_and_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(database, "_MIGRATIONS", (*database._MIGRATIONS, ("CREATE TABLE note (text TEXT)",)))
        with SQLiteStore(tmp_path / "runs.db") as store:
            await store.append("a", 0, STARTED)
    before = (tmp_path / "runs.db").read_bytes()

    with SQLiteStore(tmp_path / "runs.db") as store, pytest.raises(StoreError, match="newer callwright, as version 2"):
        await store.load("a")

    assert (tmp_path / "runs.db").read_bytes() == before


# -- what a list shows


async def test_a_summary_is_what_the_run_says_of_itself(tmp_path: Path) -> None:
    clock = Clock()
    with SQLiteStore(tmp_path / "runs.db", clock=clock) as store:
        agent = Agent(ScriptedModel(turn("One.", 0.1), turn("Two.", 0.2)), store=store)
        await agent.run("?", run_id="a")
        clock.now = 2_000.0
        result = await agent.run("And?", run_id="a")

        (summary,) = await store.summaries()
        times = await store.times("a")

    assert (summary.run_id, summary.status, summary.parent) == ("a", "done", None)
    assert (summary.steps, summary.requests, summary.tokens) == (result.steps, len(result.requests), 20)
    assert summary.cost == result.cost == Decimal("0.3")
    assert summary.records == len(result.state.records) == len(times)
    assert (summary.begun, summary.updated) == (times[0], times[-1]) == (1_000.0, 2_000.0)


async def test_a_summary_says_how_a_run_stands(tmp_path: Path) -> None:
    script = ScriptedModel(calls(pay, francs=1) + calls(pay, francs=2), "Paid once.")
    with SQLiteStore(tmp_path / "runs.db") as store:
        agent = Agent(script, tools=[pay], store=store)

        paused = await agent.run("Pay.", run_id="a")
        first, second = paused.pending
        (summary,) = await store.summaries()
        assert (summary.status, summary.waiting) == ("paused", 2)

        await agent.resume("a", deny(first.id))
        (summary,) = await store.summaries()
        assert (summary.status, summary.waiting) == ("paused", 1)

        await agent.resume("a", deny(second.id))
        (summary,) = await store.summaries()
        assert (summary.status, summary.waiting) == ("done", 0)


async def test_a_summary_counts_what_failed_and_what_sub_agents_used(tmp_path: Path) -> None:
    records: list[tuple[Record, str, Decimal | None]] = [
        (Started("a/1:0", "p", parent=("a", "a:1:0")), "open", None),
        (PROMPTED, "open", None),
        (Asked(1, "m", "t"), "open", None),
        (Failed(1, "no", None, Usage(1, 1, 2, cost=Decimal("0.1"))), "open", Decimal("0.1")),
        (
            CallReturned("c", "value", ToolMessage("x", tool_call_id="w"), Usage(cost=Decimal(1))),
            "open",
            Decimal("1.1"),
        ),
        (Compacted(0, (), Usage(cost=Decimal(1))), "open", Decimal("2.1")),
        (Stopped("limited", "steps"), "limited", Decimal("2.1")),
    ]
    with SQLiteStore(tmp_path / "runs.db") as store:
        for seq, (record, status, cost) in enumerate(records):
            await store.append("a/1:0", seq, record)

            (summary,) = await store.summaries()
            assert (summary.status, summary.cost, summary.parent) == (status, cost, "a")

    assert (summary.requests, summary.steps, summary.tokens) == (1, 0, 2)


async def test_the_run_that_went_on_last_is_first_in_the_list(tmp_path: Path) -> None:
    clock = Clock()
    with SQLiteStore(tmp_path / "runs.db", clock=clock) as store:
        for run_id, seq, now in [("a", 0, 1.0), ("b", 0, 2.0), ("c", 0, 3.0), ("b", 1, 4.0)]:
            clock.now = now
            await store.append(run_id, seq, STARTED if seq == 0 else PROMPTED)

        assert [summary.run_id for summary in await store.summaries()] == ["b", "c", "a"]
        assert list(await store.runs()) == ["b", "c", "a"]
        assert list(await store.times("nobody")) == []


# -- what has to be on the disk

MESSAGE = ToolMessage("x", tool_call_id="w")


@pytest.mark.parametrize(
    ("record", "lasts"),
    [
        (STARTED, False),
        (PROMPTED, False),
        (Asked(1, "m", "t"), False),
        (Voted(1, "k", Completion({})), True),
        (Failed(1, "no"), True),
        (Answered(1, Completion({})), True),
        (CallHeld("c", "approval"), False),
        (CallDecided("c", "approve"), True),
        (CallStarted("c", "read"), False),
        (CallStarted("c", "idempotent"), True),
        (CallStarted("c", "write"), True),
        (CallReturned("c", "value", MESSAGE), True),
        (Rejected(1, ()), False),
        (Steered("circle", ()), False),
        (Compacted(0, ()), True),
        (Stopped("done"), False),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, bool) else "",
)
def test_what_cannot_be_had_again_for_nothing_is_synced(
    record: Record,
    *,
    lasts: bool,
    tmp_path: Path,
) -> None:
    assert SQLiteStore(tmp_path / "runs.db")._is_lasting(record) is lasts


def test_the_result_of_a_tool_that_reads_is_not_synced(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "runs.db")

    store._is_lasting(CallStarted("c", "read"))

    assert not store._is_lasting(CallReturned("c", "value", MESSAGE))
    assert not store._reading
