"""The store in a file, among event loops, threads and processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import pytest

from callwright._threads import run_in_thread
from callwright.agent import Agent
from callwright.errors import RunConflictError, StoreError
from callwright.run.filelock import FileLock
from callwright.run.limits import Limits
from callwright.run.records import (
    Answered,
    Asked,
    Prompted,
    Record,
    Started,
)
from callwright.run.sqlite import SQLiteStore
from callwright.testing.scripted import FunctionModel, ScriptedModel, calls
from callwright.tools.tool import tool
from callwright.wire.chat import Completion
from callwright.wire.messages import UserMessage

pytestmark = pytest.mark.anyio
STARTED = Started("a", "print")
PROMPTED = Prompted((UserMessage("hi"),))
PATIENCE = 30


async def test_what_waits_together_is_refused_apart(tmp_path: Path) -> None:
    refused: list[str] = []

    async def keep(run_id: str, seq: int) -> None:
        try:
            await store.append(run_id, seq, STARTED)
        except StoreError as error:
            refused.append(f"{type(error).__name__} {run_id}")

    with SQLiteStore(tmp_path / "runs.db") as store:
        await store.append("taken", 0, STARTED)
        async with anyio.create_task_group() as group:
            for run_id, seq in [("a", 0), ("taken", 0), ("gap", 1), ("b", 0), ("c", 0)]:
                group.start_soon(keep, run_id, seq)

        assert sorted(refused) == ["RunConflictError taken", "StoreError gap"]
        assert sorted(await store.runs()) == ["a", "b", "c", "taken"]


async def test_one_store_serves_many_event_loops(tmp_path: Path) -> None:
    async def keep(run_id: str) -> int:
        for seq in range(20):
            await store.append(run_id, seq, STARTED)
        return len(await store.load(run_id))

    with SQLiteStore(tmp_path / "runs.db") as store:
        lengths: list[int] = []

        def elsewhere(number: int) -> None:
            lengths.append(anyio.run(keep, f"loop {number}", backend=("asyncio", "trio")[number % 2]))

        threads = [threading.Thread(target=elsewhere, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        assert await keep("here") == 20
        for thread in threads:
            await run_in_thread(lambda thread=thread: thread.join(PATIENCE))

        assert lengths == [20] * 6
        assert len(await store.runs()) == 7


def test_a_run_goes_on_in_sync_code(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "runs.db") as store:
        agent = Agent(FunctionModel(lambda _: "Fine."), store=store)

        agent.run_sync("?", run_id="a")

        assert agent.run_sync("?", run_id="a").steps == 2


FORKING = """
import os, sys, anyio
from callwright.run.records import Prompted, Started
from callwright.run.sqlite import SQLiteStore

path = sys.argv[1]
store, unused = SQLiteStore(path), SQLiteStore(path + "2")

async def go_on(run_id, count):
    begun = len(await store.load(run_id))
    for seq in range(begun, begun + count):
        await store.append(run_id, seq, Started(run_id, "print"))

anyio.run(go_on, "a", 5)
children = []
for number in range(4):
    child = os.fork()
    if not child:
        assert not any("runs.db" in os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                       if os.path.exists(f"/proc/self/fd/{fd}"))
        anyio.run(go_on, f"child {number}", 20, backend=("asyncio", "trio")[number % 2])
        sys.exit()
    children.append(child)
    anyio.run(go_on, "a", 5)
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
print(sorted([(run.run_id, run.records) for run in anyio.run(store.summaries)]))
"""


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform != "linux", reason="looks into /proc")
def test_no_open_file_goes_through_a_fork(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING, str(tmp_path / "runs.db")]

    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    children = [(f"child {number}", 20) for number in range(4)]
    assert (ran.stderr, ran.stdout.strip()) == ("", str([("a", 25), *children]))


# -- cancellation


async def test_whoever_waits_for_others_can_leave_at_once(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "runs.db") as store:
        await store.append("a", 0, STARTED)
        lock = FileLock(f"{tmp_path / 'runs.db'}-lock")
        assert lock.acquire(PATIENCE)

        with anyio.move_on_after(0.05) as scope:
            await store.append("a", 1, PROMPTED)
        lock.close()

        assert scope.cancelled_caught
        assert list(await store.load("a")) == [STARTED]
        await store.append("a", 1, PROMPTED)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize(
    ("record", "is_kept"), [(Answered(1, Completion({})), True), (Asked(1, "m", "t"), False)], ids=["paid", "free"]
)
async def test_a_task_that_asyncio_cancels_keeps_what_was_paid_for(
    record: Record, *, is_kept: bool, tmp_path: Path
) -> None:
    """No shield of anyio's holds off a cancellation by asyncio itself, and it comes only once."""
    with SQLiteStore(tmp_path / "runs.db") as store:
        await store.append("a", 0, STARTED)
        lock = FileLock(f"{tmp_path / 'runs.db'}-lock")
        assert lock.acquire(PATIENCE)
        task = asyncio.create_task(store.append("a", 1, record))
        await anyio.wait_all_tasks_blocked()

        task.cancel()
        await anyio.wait_all_tasks_blocked()
        lock.close()

        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(await store.load("a")) == [STARTED, *([record] if is_kept else [])]


async def test_a_limited_run_is_listed_as_limited(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "runs.db") as store:
        agent = Agent(
            ScriptedModel(calls("look"), "That is all."), tools=[tool(lambda: "x", name="look")], store=store,
            limits=Limits(steps=2),
        )  # fmt: skip

        result = await agent.run("?", run_id="a")

        (summary,) = await store.summaries()
        assert summary.status == result.status


async def test_another_process_that_goes_on_first_wins(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "runs.db") as store, SQLiteStore(tmp_path / "runs.db") as other:
        agent = Agent(FunctionModel(lambda _: "Fine."), store=store)
        await store.append("a", 0, Started("a", agent.fingerprint))
        await store.append("a", 1, PROMPTED)

        async def meanwhile(_: object) -> str:
            await other.append("a", 3, Answered(1, Completion({})))
            return "Slower."

        with pytest.raises(RunConflictError, match="another process"):
            await Agent(FunctionModel(meanwhile, name="function"), store=store).resume("a")
