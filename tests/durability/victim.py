"""The victim: a program whose run is killed, and resumed by its next life, until it is done.

Started as a process of its own, it imports everything once and then forks a child for each life, so that a life costs
milliseconds. A child shares nothing with its parent but code: it opens its own file, connections and event loop.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from callwright import Agent, Client, RunConflictError, RunContext, StoreError, approve, provide, rerun, tool
from callwright.run.pending import Pending
from callwright.run.records import CallDecided, Prompted, Record
from callwright.run.sqlite import SQLiteStore
from callwright.run.store import Store

PROMPT = "See to the order."
STUCK = 30.0
"""After how many seconds a life counts as stuck."""


@dataclass(frozen=True)
class Life:
    """What one life is told."""

    url: str
    store: str
    ledger: str
    case: str
    """The run's id."""
    title: str
    """Sent with every request, as the app's."""
    kill_at: str = ""
    """The named point at which the life ends, such as `before record 7` or `after effect 2`."""
    kill_after: float | None = None
    """In how many seconds the life ends, wherever it is; None for its natural end."""
    backend: str = "asyncio"
    race: tuple[str, int] = ("", 0)
    """A folder in which so many lives wait for each other once each has loaded the run."""


class Ledger:
    """What was done in the world: a file to which tools append, beside all that callwright knows."""

    def __init__(self, path: str, reach: Callable[[str], None]) -> None:
        self._path = path
        self._reach = reach
        self._effects = 0

    def write(self, call: str, what: str) -> str:
        """Do something, once and for all."""
        self._effects += 1
        number = self._effects
        self._reach(f"before effect {number}")
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(file, f"{call} {what}\n".encode())
        os.fsync(file)
        os.close(file)
        self._reach(f"after effect {number}")
        return f"done: {what}"

    def result_of(self, call: str) -> str | None:
        """Return what a call did; None if it did nothing."""
        done = dict(line.split(" ", 1) for line in lines_of(Path(self._path)))
        return f"done: {done[call]}" if call in done else None


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def line_up(folder: str) -> None:
    Path(folder, str(os.getpid())).touch()


def at_the_line(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


class Trap:
    """A store around which named points are."""

    def __init__(self, store: Store, reach: Callable[[str], None], race: tuple[str, int]) -> None:
        self._store = store
        self._reach = reach
        self._race = race
        self._records = 0

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        self._records += 1
        number = self._records
        self._reach(f"before record {number}")
        await self._store.append(run_id, seq, record)
        self._reach(f"after record {number}")

    async def load(self, run_id: str) -> Sequence[Record]:
        records = await self._store.load(run_id)
        folder, runners = self._race
        if folder:
            self._race = "", 0
            line_up(folder)
            while at_the_line(folder) < runners:  # noqa: ASYNC110 - processes wait for each other
                await anyio.sleep(0.0005)
        return records

    async def runs(self) -> Sequence[str]:
        return await self._store.runs()

    async def delete(self, run_id: str) -> None:
        await self._store.delete(run_id)


def agent_of(life: Life, ledger: Ledger, store: Store) -> Agent[None, str]:
    """Return the agent, the same in each life; its tools are of every kind."""
    client = Client("sk-or-offline", base_url=life.url, app_title=life.title)

    @tool(read_only=True)
    async def look(item: str) -> str:
        """Look something up."""
        return f"{item} is there"

    @tool(idempotent=True)
    async def reserve(ctx: RunContext[None], item: str) -> str:
        """Reserve something; once per call, however often it is asked."""
        return ledger.write(ctx.call_id, f"reserve {item}")

    @tool
    def charge(ctx: RunContext[None], item: str) -> str:
        """Charge for something: blocks, on a thread."""
        return ledger.write(ctx.call_id, f"charge {item}")

    @tool(needs_approval=True)
    async def refund(ctx: RunContext[None], item: str) -> str:
        """Pay something back."""
        return ledger.write(ctx.call_id, f"refund {item}")

    helper = Agent("scripted/helper", tools=[look, reserve, charge], client=client)
    ask_helper = helper.as_tool(name="ask_helper", description="Have somebody else do it.")
    return Agent("scripted/order", tools=[look, reserve, charge, refund, ask_helper], client=client, store=store)


def decide(pending: Pending, ledger: Ledger) -> CallDecided:
    """Decide as a human would who reads the ledger."""
    if pending.why == "approval":
        return approve(pending.id)
    done = ledger.result_of(pending.id)
    return rerun(pending.id) if done is None else provide(pending.id, done)


async def live(life: Life, reach: Callable[[str], None]) -> dict[str, Any]:
    """Go on with the run until it is done, or until this life ends."""
    ledger = Ledger(life.ledger, reach)
    doubtful: list[str] = []
    with SQLiteStore(life.store) as file:
        agent = agent_of(life, ledger, Trap(file, reach, life.race))
        begun = any(isinstance(record, Prompted) for record in await file.load(life.case))
        try:
            result = await (agent.resume(life.case) if begun else agent.run(PROMPT, run_id=life.case))
            while result.status == "paused":
                doubtful += [pending.id for pending in result.pending if pending.why == "in_doubt"]
                result = await agent.resume(life.case, *[decide(pending, ledger) for pending in result.pending])
        except StoreError as error:
            # Either the place of a record was taken, or somebody else has decided about the call meanwhile.
            if not isinstance(error, RunConflictError) and "is not open" not in str(error):
                raise
            return {"conflict": str(error), "doubtful": doubtful}
    messages = [dict(message.raw) for message in result.messages]
    return {"output": result.output, "messages": messages, "doubtful": doubtful}


def reaching(life: Life) -> Callable[[str], None]:
    def reach(point: str) -> None:
        if point == life.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


def child(life: Life, report: int) -> None:
    """Live, report, and end without what an interpreter does at its end."""
    status = 1
    try:
        outcome = anyio.run(partial(live, life, reaching(life)), backend=life.backend)
        os.write(report, json.dumps(outcome).encode())
        status = 0
    except BaseException as error:  # noqa: BLE001 - told to the test
        os.write(report, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
    finally:
        os._exit(status)


def lived(life: Life) -> dict[str, Any]:
    """Fork a child, kill it if and when it is told, and return its report; `died` if there is none."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        child(life, writing)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], STUCK if life.kill_after is None else life.kill_after)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    if not ready and life.kill_after is None:
        return {"error": "stuck"}
    return json.loads(text) if text else {"died": True}


def main() -> None:
    """Read lives from stdin, a line each, and print what became of them."""
    # Whatever the first use of an agent loads is loaded here, once for all lives.
    warm = Life("http://127.0.0.1:9/api/v1", "unused", "unused", "warm", "warm")
    assert agent_of(warm, Ledger("unused", reaching(warm)), SQLiteStore("unused")).fingerprint
    for line in sys.stdin:
        told = json.loads(line)
        print(json.dumps(lived(Life(**{**told, "race": tuple(told["race"])}))), flush=True)  # noqa: T201 - its answer


def as_line(life: Life) -> str:
    return json.dumps(asdict(life)) + "\n"


if __name__ == "__main__":
    main()
