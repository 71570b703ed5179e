"""The rounds: each candidate at each measure in turn, one process at a time, the order reversed on odd rounds."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log2
from pathlib import Path

from benchmarks.candidates import CANDIDATES, ROOT
from benchmarks.cold import imported, installed
from benchmarks.measures import FIGURES, Measure

__all__ = ["Results", "Service", "play", "serving"]

TIME_LIMIT = 900
"""Seconds after which a worker is given up."""

LONG_ROUNDS = 2
"""Rounds in which measures that take long are played."""


@dataclass(slots=True)
class Results:
    """What came out, round by round."""

    rounds: list[dict[str, dict[str, float]]] = field(default_factory=list)
    """Per round: `measure/figure` -> candidate -> number."""

    refused: list[str] = field(default_factory=list)
    """What did not pass the work check, with the reason."""

    def figure(self, name: str, candidate: str) -> float | None:
        """Return a figure joined over the rounds: the median, or the best for wall-clock figures."""
        numbers = [turn[name][candidate] for turn in self.rounds if candidate in turn.get(name, {})]
        if not numbers:
            return None
        match FIGURES[name].best:
            case "max":
                return max(numbers)
            case "min":
                return min(numbers)
            case "median":
                return statistics.median(numbers)

    def ratio(self, name: str, candidate: str, against: str) -> float | None:
        """Return the median of the ratios of the rounds; of the joined figures where no round has both."""
        turns = [turn[name] for turn in self.rounds if name in turn]
        ratios = [turn[candidate] / turn[against] for turn in turns if candidate in turn and turn.get(against)]
        if ratios:
            return statistics.median(ratios)
        ours, theirs = self.figure(name, candidate), self.figure(name, against)
        return ours / theirs if ours is not None and theirs else None


class Service:
    """The fake service in its process, and its counts."""

    __slots__ = ("_root",)

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"

    @property
    def url(self) -> str:
        """Where the chat completions are."""
        return f"{self._root}/v1"

    def requests(self) -> int:
        """Return how many requests came so far."""
        with urllib.request.urlopen(f"{self._root}/stats", timeout=10) as response:
            return int(json.load(response)["requests"])


@contextlib.contextmanager
def serving() -> Iterator[Service]:
    """Run the fake service while the block lasts."""
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Service(int(process.stdout.readline()))
        finally:
            process.terminate()


def play(
    measures: Sequence[Measure], pythons: Mapping[str, Path], *, rounds: int, tell: Callable[[str], None]
) -> Results:
    """Measure everything `rounds` times.

    Args:
        measures: What to measure, in this order.
        pythons: Candidate -> the interpreter of its environment, in the order of the even rounds.
        rounds: How often, >= 1.
        tell: Is told what is being measured.
    """
    results = Results()
    with serving() as service:
        for number in range(rounds):
            turn: dict[str, dict[str, float]] = {}
            names = [*pythons]
            if number % 2:
                names.reverse()
            for measure in measures:
                for name in names if number < LONG_ROUNDS or not measure.thorough else ():
                    tell(f"round {number + 1}/{rounds}  {measure.name:16} {name}")
                    figures = _measured(measure, name, python=pythons[name], service=service, refused=results.refused)
                    for figure, value in figures.items():
                        turn.setdefault(f"{measure.name}/{figure}", {})[name] = value
            _derive(turn)
            results.rounds.append(turn)
    return results


def _measured(measure: Measure, name: str, *, python: Path, service: Service, refused: list[str]) -> dict[str, float]:
    candidate = CANDIDATES[name]
    if candidate.only and measure.kind not in candidate.only:
        return {}
    try:
        match measure.kind:
            case "import":
                return imported(python, candidate.imports, candidate.ready if measure.name == "ready" else "")
            case "installed":
                return installed(python, candidate.distribution, [*candidate.extras])
            case _:
                repeat = max(1, measure.repeat // candidate.ease)
                return _worked(measure, name, python=python, service=service, repeat=repeat)
    except subprocess.TimeoutExpired:
        refused.append(f"{name}, {measure.name}: not done in {TIME_LIMIT} s")
    except subprocess.CalledProcessError as error:
        refused.append(f"{name}, {measure.name}: {(error.stderr or '').strip().splitlines()[-1:]}")
    except LookupError as error:
        refused.append(f"{name}, {measure.name}: {error}")
    return {}


def _worked(measure: Measure, name: str, *, python: Path, service: Service, repeat: int) -> dict[str, float]:
    """Return the figures of one worker, after checking that it made the requests that the work takes.

    Raises:
        LookupError: The work was not done.
    """
    before = service.requests()
    command = [str(python), "-m", "benchmarks.worker", name, measure.name, service.url, "--repeat", str(repeat)]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=TIME_LIMIT)
    outcome = json.loads(ran.stdout.splitlines()[-1])
    if "refused" in outcome:
        raise LookupError(outcome["refused"])
    figures: dict[str, float] = outcome.get("figures", {})
    expected, came = figures.pop("requests", 0), service.requests() - before
    if expected != came:
        raise LookupError(f"made {came} requests, the work takes {expected:.0f}")
    return figures


def _derive(turn: dict[str, dict[str, float]]) -> None:
    """Add the figures that compare two measures of one candidate."""

    def derive(name: str, first: str, second: str, of: Callable[[float, float], float]) -> None:
        one, two = turn.get(first, {}), turn.get(second, {})
        both = {candidate: of(one[candidate], two[candidate]) for candidate in one if candidate in two}
        if both:
            turn[name] = both

    derive("step/cpu", "steps-1x1/cpu", "steps-10x1/cpu", lambda one, ten: (ten - one) / 9 * 1e3)
    derive("step/wall", "steps-1x1/wall", "steps-10x1/wall", lambda one, ten: (ten - one) / 9 * 1e3)
    derive("growth/exponent", "steps-100x1/cpu", "steps-200x1/cpu", lambda half, whole: log2(whole / half))
    derive("flatness/cpu", "object-1000/cpu", "object-8000/cpu", lambda short, long: long / short)
