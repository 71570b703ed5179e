"""A program with a run in it that waits at a named point, to be interrupted there by a signal."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import anyio

from callwright import Agent, tool
from callwright.run.sqlite import SQLiteStore
from callwright.testing.scripted import FunctionModel, Turn, calls
from callwright.wire.chat import ChatRequest
from callwright.wire.messages import AssistantMessage

PROMPT = "Book it."


def made(folder: Path, point: str = "") -> Agent[None, str]:
    """Return the agent.

    Args:
        folder: Where its store is, and the ledger of what was done.
        point: Where it waits for ever, after it has said so: `model`, `async tool`, `sync tool`; empty: nowhere.
    """

    def reach(here: str) -> bool:
        if here == point:
            print("ready", flush=True)  # noqa: T201 - to whoever started it
        return here == point

    async def answer(request: ChatRequest) -> Turn:
        turn = sum(isinstance(message, AssistantMessage) for message in request.messages)
        if turn == 1 and reach("model"):
            await anyio.sleep_forever()
        second = {"async tool": "call", "sync tool": "wire"}.get(point, "book")
        return [calls("book", what="train"), calls(second, what="hotel"), "Booked."][turn]

    @tool
    def book(what: str) -> str:
        """Book something."""
        ledger = os.open(folder / "ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(ledger, f"{what}\n".encode())
        os.fsync(ledger)
        os.close(ledger)
        return f"{what} booked"

    @tool
    async def call(what: str) -> str:
        """Book something by telephone."""
        if reach("async tool"):
            await anyio.sleep_forever()
        return what

    @tool
    def wire(what: str) -> str:
        """Book something by telegram."""
        if reach("sync tool"):
            threading.Event().wait()
        return what

    return Agent(FunctionModel(answer), tools=[book, call, wire], store=SQLiteStore(folder / "runs.db"))


async def run(agent: Agent[None, str]) -> None:
    await agent.run(PROMPT, run_id="r")


async def run_until_told(agent: Agent[None, str]) -> None:
    """Run, and stop in order when somebody says so."""
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async with anyio.create_task_group() as group:
            group.start_soon(run, agent)
            async for _ in signals:
                group.cancel_scope.cancel()
                break


def leave(number: int, _: object) -> None:
    sys.exit(128 + number)


def main(folder: str, point: str, how: str) -> None:
    agent = made(Path(folder), point)
    match how.split():
        case ["run_sync", *rest]:
            if rest:
                signal.signal(signal.SIGTERM, leave)
            agent.run_sync(PROMPT, run_id="r")
        case ["stream_sync"]:
            with agent.stream_sync(PROMPT, run_id="r") as watched:
                for _ in watched.events():
                    pass
        case ["asyncio" | "trio" as backend, *rest]:
            if rest == ["exit"]:
                signal.signal(signal.SIGTERM, leave)
            anyio.run(run_until_told if rest == ["receiver"] else run, agent, backend=backend)


if __name__ == "__main__":
    main(*sys.argv[1:])
