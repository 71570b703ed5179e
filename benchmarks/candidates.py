"""The candidates: who is measured, in which environment, by which class."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.subject import Subject

__all__ = ["CANDIDATES", "ROOT", "Candidate", "environment"]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Candidate:
    """One library, at one version."""

    module: str
    """The module of its subject, below `benchmarks`."""

    subject: str
    """The name of the subject's class."""

    imports: str
    """Statements that import what a program needs before it can define an agent."""

    ready: str
    """Statements that then define a client and an agent with the tool `get_weather`."""

    packages: tuple[str, ...] = ()
    """What its own environment holds, as pip takes it; empty for those that live in ours."""

    distribution: str = ""
    """Whose installed size is reported; empty for none."""

    extras: tuple[str, ...] = ()
    """Extras of the distribution that the work needs."""

    only: frozenset[str] = frozenset()
    """The kinds of measures it joins; empty for all that its subject can do."""

    ease: int = 1
    """What the repetitions are divided by, for slow ones."""

    def load(self) -> type[Subject]:
        """Import the class of the subject."""
        subject: type[Subject] = getattr(importlib.import_module(f"benchmarks.{self.module}"), self.subject)
        return subject


_STREAMS = frozenset({"text", "first"})
_RUNS = frozenset({"run", "wave"})

CANDIDATES = {
    "floor": Candidate("floor", "Floor", "import httpx", "client = httpx.AsyncClient()", distribution="httpx"),
    "floor-bytes": Candidate("floor", "BytesFloor", "", "", only=_STREAMS),
    "floor-httpx2": Candidate(
        "floor", "Floor2", "import httpx2", "client = httpx2.AsyncClient()", distribution="httpx2"
    ),
    "callwright": Candidate(
        "ours",
        "Callwright",
        "from callwright import Agent, Client",
        "client = Client(api_key='none'); agent = Agent('bench/model', tools=[get_weather], client=client)",
        distribution="callwright",
    ),
    "callwright-httpx2": Candidate("otherways", "OverHttpx2", "", "", only=frozenset({"run", "text"})),
    "callwright-fast": Candidate("otherways", "OverAiohttp", "", "", only=frozenset({"run", "text"})),
    "callwright-memory": Candidate("kept", "InMemory", "", "", only=_RUNS),
    "callwright-file": Candidate("kept", "InFile", "", "", only=_RUNS),
    "floor-no-sniffio": Candidate("floor", "Floor", "", "", ("httpx==0.28.1",), only=_STREAMS | _RUNS),
    "openai": Candidate(
        "peers.openai_sdk",
        "OpenAISDK",
        "from openai import AsyncOpenAI",
        "client = AsyncOpenAI(api_key='none')",
        ("openai==3.52.0",),
        "openai",
        ease=4,
    ),
    "openai-agents": Candidate(
        "peers.openai_agents",
        "OpenAIAgents",
        "from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool\nfrom openai import AsyncOpenAI",
        "model = OpenAIChatCompletionsModel('bench/model', AsyncOpenAI(api_key='none'))\n"
        "agent = Agent(name='bench', model=model, tools=[function_tool(get_weather)])",
        ("openai-agents==0.24.0",),
        "openai-agents",
        ease=8,
    ),
    "pydantic-ai": Candidate(
        "peers.pydantic_ai",
        "PydanticAI",
        "from pydantic_ai import Agent\nfrom pydantic_ai.models.openai import OpenAIChatModel",
        "from pydantic_ai.providers.openai import OpenAIProvider\n"
        "model = OpenAIChatModel('bench/model', provider=OpenAIProvider(api_key='none'))\n"
        "agent = Agent(model, tools=[get_weather])",
        ("pydantic-ai-slim[openai]==2.68.0",),
        "pydantic-ai-slim",
        ("openai",),
        ease=8,
    ),
}
"""By name, in the order of a round: the floors first. Those with packages of their own are the peers."""


def environment(name: str) -> Path:
    """Return the Python of a candidate's environment, making it first if need be.

    Raises:
        subprocess.CalledProcessError: pip could not install the packages.
    """
    packages = CANDIDATES[name].packages
    if not packages:
        return Path(sys.executable)
    folder = ROOT / f".venv-bench-{name}"
    stamp = folder / "packages.txt"
    python = folder / "bin" / "python"
    wanted = "\n".join(packages)
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        base = Path(sys.base_prefix) / "bin" / "python3"
        subprocess.run([str(base), "-m", "venv", str(folder)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True
        )
        stamp.write_text(wanted, encoding="utf-8")
    return python
