"""callwright with a store: what it costs that a run can be gone on with, in memory and in a file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.subject import Run, Tool
from callwright import Agent, Client, Limits, MemoryStore, Store
from callwright.run.sqlite import SQLiteStore

__all__ = ["InFile", "InMemory"]


class InMemory:
    """Keeps every record of every run as JSON; the runs are never forgotten."""

    def __init__(self, base_url: str) -> None:
        self._client = Client(base_url=base_url, api_key="none")
        self._store: Store = MemoryStore()

    def runner(self, model: str, tools: Sequence[Tool]) -> Run:
        """Return `Agent.run`, reduced to its output."""
        limits = Limits(steps=1000)
        agent = Agent(model, tools=tools, client=self._client, limits=limits, store=self._store)

        async def run(prompt: str) -> str:
            return (await agent.run(prompt)).output

        return run

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()


class InFile(InMemory):
    """Keeps them in a file on the disk; its tool is one that does something, so that its start is synced as well."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self._folder = tempfile.mkdtemp(dir=Path.home())
        self._file = SQLiteStore(Path(self._folder, "runs.db"))
        self._store = self._file

    async def aclose(self) -> None:
        """Close and remove the file."""
        await super().aclose()
        self._file.close()
        shutil.rmtree(self._folder)
