"""The measures: which work is timed, how often, what is reported of it, and what is aimed at.

The targets are ratios to the floor (hand-written httpx loop, sniffio installed), to the same loop on httpx2, or to
pydantic-ai, always of the same round; or absolute sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["FIGURES", "MEASURES", "TARGETS", "Figure", "Kind", "Measure", "Target"]

Kind = Literal[
    "run",
    "cold",
    "wave",
    "text",
    "first",
    "object",
    "answer",
    "build",
    "schema",
    "call",
    "repair",
    "import",
    "installed",
]


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that each candidate does in a process of its own."""

    name: str
    kind: Kind
    size: int = 1
    """Concurrent runs, chunks, tools: what the cost is divided by, or multiplied with."""

    model: str = ""
    """The task, by its model name; see `work.Task`."""

    requests: int = 1
    """Requests that one repetition must make."""

    calls: int = 0
    """Tool calls that one repetition must make."""

    repeat: int = 1
    """Repetitions in one process after the warm-up."""

    thorough: bool = False
    """Long: left out by `--quick`, and played in the first two rounds only."""

    def shortened(self) -> Measure:
        """Return the same with a sixth of the repetitions."""
        return replace(self, repeat=max(1, self.repeat // 6))


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that a measure yields."""

    title: str
    unit: str
    best: Literal["median", "max", "min"] = "median"
    """How rounds are joined: CPU by the median; wall-clock figures by the best, as the machine is shared."""

    digits: int = 2


@dataclass(frozen=True, slots=True)
class Target:
    """What callwright aims at in one figure."""

    figure: str
    """`measure/figure`."""

    limit: float
    against: str = ""
    """The candidate whose figure the limit is a multiple of; empty for an absolute limit."""

    at_least: bool = False
    """Whether more is better."""


def _steps(steps: int, width: int, repeat: int, *, thorough: bool = False) -> Measure:
    return Measure(
        name=f"steps-{steps}x{width}",
        kind="run",
        size=steps,
        model=f"bench/steps-{steps}x{width}",
        requests=steps + 1,
        calls=steps * width,
        repeat=repeat,
        thorough=thorough,
    )


def _wave(runs: int, repeat: int, *, thorough: bool = False) -> Measure:
    return Measure(
        name=f"concurrent-{runs}",
        kind="wave",
        size=runs,
        model="bench/slow-3x1",
        requests=4,
        calls=3,
        repeat=repeat,
        thorough=thorough,
    )


MEASURES = (
    _steps(1, 1, 400),
    _steps(10, 1, 60),
    _steps(1, 8, 300),
    _steps(50, 1, 10),
    _steps(100, 1, 5),
    _steps(200, 1, 3, thorough=True),
    _wave(100, 3),
    _wave(1000, 1, thorough=True),
    Measure("text-20000", "text", size=20_000, model="bench/text-20000", repeat=3),
    Measure("paced-1000", "text", size=1_000, model="bench/paced-1000", repeat=1),
    Measure("first-text", "first", model="bench/text-20", repeat=300),
    Measure("object-1000", "object", size=1_000, model="bench/object-1000", repeat=20),
    Measure("object-8000", "object", size=8_000, model="bench/object-8000", repeat=3),
    Measure("answer", "answer", model="bench/answer-1", repeat=300),
    Measure("build-1", "build", size=1, repeat=30),
    Measure("build-10", "build", size=10, repeat=10),
    Measure("build-100", "build", size=100, repeat=3),
    Measure("schema-6", "schema", repeat=50),
    Measure("call", "call", repeat=2000),
    Measure("repair-1", "repair", size=1, repeat=100),
    Measure("repair-100", "repair", size=100, repeat=5),
    Measure("cold-run", "cold", model="bench/steps-1x1", requests=2, calls=1),
    Measure("import", "import"),
    Measure("ready", "import"),
    Measure("installed", "installed"),
)

FIGURES = {
    "steps-1x1/cpu": Figure("1 step, 1 tool", "CPU ms a run", digits=3),
    "steps-10x1/cpu": Figure("10 steps, 1 tool each", "CPU ms a run"),
    "step/cpu": Figure("marginal step (1 to 10 steps)", "CPU us", digits=0),
    "step/wall": Figure("", "wall us", "min", 0),
    "steps-1x8/cpu": Figure("1 step, 8 parallel tools", "CPU ms a run", digits=3),
    "steps-50x1/cpu": Figure("50 steps", "CPU ms a run", digits=1),
    "steps-100x1/cpu": Figure("100 steps", "CPU ms a run", digits=1),
    "steps-200x1/cpu": Figure("200 steps", "CPU ms a run", digits=1),
    "growth/exponent": Figure("growth, 100 to 200 steps", "exponent"),
    "concurrent-100/cpu": Figure("100 concurrent runs", "CPU ms a run"),
    "concurrent-100/speed": Figure("", "runs/s", "max", 0),
    "concurrent-100/p99": Figure("", "p99 ms", "min", 0),
    "concurrent-100/memory": Figure("", "KiB a run", digits=1),
    "concurrent-1000/cpu": Figure("1,000 concurrent runs", "CPU ms a run"),
    "concurrent-1000/speed": Figure("", "runs/s", "max", 0),
    "concurrent-1000/p99": Figure("", "p99 ms", "min", 0),
    "concurrent-1000/memory": Figure("", "KiB a run", digits=1),
    "text-20000/cpu": Figure("text stream of 20,000 chunks", "CPU us a chunk"),
    "paced-1000/cpu": Figure("1,000 chunks, 1 ms apart", "CPU us a chunk", digits=0),
    "first-text/cpu": Figure("first text of a stream", "CPU ms", digits=3),
    "object-1000/cpu": Figure("object stream of 1,000 chunks", "CPU us a chunk"),
    "object-8000/cpu": Figure("object stream of 8,000 chunks", "CPU us a chunk"),
    "object-8000/partials": Figure("", "partial objects", digits=0),
    "flatness/cpu": Figure("object stream, 8,000 to 1,000 chunks", "ratio a chunk"),
    "answer/cpu": Figure("one structured answer", "CPU ms", digits=3),
    "build-1/cpu": Figure("agent with 1 tool", "CPU ms", digits=3),
    "build-10/cpu": Figure("agent with 10 tools", "CPU ms"),
    "build-100/cpu": Figure("agent with 100 tools", "CPU ms"),
    "build-100/memory": Figure("", "KiB a tool", digits=1),
    "schema-6/cpu": Figure("schema of a six-argument function", "CPU ms", digits=3),
    "call/cpu": Figure("one call of an async tool, read to told", "CPU us"),
    "repair-1/cpu": Figure("repair of 1 kB of arguments", "CPU ms a kB", digits=3),
    "repair-100/cpu": Figure("repair of 100 kB of arguments", "CPU ms a kB", digits=3),
    "cold-run/cpu": Figure("cold import and the first run (1 step)", "CPU ms", digits=0),
    "import/cpu": Figure("cold import", "CPU ms", digits=0),
    "import/modules": Figure("", "modules", digits=0),
    "import/memory": Figure("", "RSS MiB", digits=0),
    "ready/cpu": Figure("cold import, client and agent defined", "CPU ms", digits=0),
    "ready/modules": Figure("", "modules", digits=0),
    "ready/memory": Figure("", "RSS MiB", digits=0),
    "installed/distributions": Figure("installed", "distributions", digits=0),
    "installed/size": Figure("", "MB", digits=0),
}
"""What the table shows, in its order: `measure/figure` -> how. An empty title continues the line above."""

TARGETS = (
    Target("steps-1x1/cpu", 1.0, "floor"),
    Target("steps-1x1/cpu", 1 / 6, "pydantic-ai"),
    Target("step/cpu", 1.0, "floor"),
    Target("step/cpu", 1 / 9, "pydantic-ai"),
    Target("steps-1x8/cpu", 1.0, "floor"),
    Target("steps-1x8/cpu", 1 / 7.5, "pydantic-ai"),
    Target("steps-200x1/cpu", 0.85, "floor"),
    Target("steps-200x1/cpu", 1 / 50, "pydantic-ai"),
    Target("growth/exponent", 1.10),
    Target("concurrent-100/cpu", 0.7, "floor-httpx2"),
    Target("concurrent-100/cpu", 1 / 10, "pydantic-ai"),
    Target("concurrent-1000/speed", 12, "pydantic-ai", at_least=True),
    Target("concurrent-1000/memory", 45),
    Target("text-20000/cpu", 1.0, "floor"),
    Target("text-20000/cpu", 1 / 17, "pydantic-ai"),
    Target("paced-1000/cpu", 1.0, "floor"),
    Target("first-text/cpu", 1.0, "floor"),
    Target("first-text/cpu", 1 / 3.3, "pydantic-ai"),
    Target("object-8000/cpu", 16),
    Target("object-8000/cpu", 1 / 150, "pydantic-ai"),
    Target("flatness/cpu", 1.10),
    Target("answer/cpu", 1.0, "floor"),
    Target("answer/cpu", 1 / 6, "pydantic-ai"),
    Target("build-100/cpu", 15),
    Target("build-100/memory", 5),
    Target("schema-6/cpu", 0.15),
    Target("import/cpu", 1.7, "floor"),
    Target("import/cpu", 1 / 8, "pydantic-ai"),
    Target("import/modules", 230),
    Target("import/memory", 32),
    Target("ready/cpu", 1.7, "floor"),
    Target("ready/modules", 230),
    Target("ready/memory", 32),
    Target("installed/distributions", 14),
    Target("installed/size", 15),
)
