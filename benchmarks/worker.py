"""The worker: one candidate at one measure, in a process of its own; prints its figures as one line of JSON.

Run as `python -m benchmarks.worker callwright steps-10x1 http://127.0.0.1:PORT/v1`, also under a profiler.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import os
import resource
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from benchmarks import work
from benchmarks.candidates import CANDIDATES
from benchmarks.measures import MEASURES, Measure
from benchmarks.subject import Subject, Tool

__all__ = ["UndoneError", "main"]

Figures = dict[str, float]
T = TypeVar("T")

WARM_UP = 5
"""Repetitions that are not counted, at most."""


class UndoneError(Exception):
    """The work was not done, so its cost means nothing."""


def _cpu() -> float:
    """Return the CPU seconds of this process so far: user and system, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory(field: str) -> int:
    """Return `VmRSS` or its peak `VmHWM`, in KiB.

    `ru_maxrss` does not do: on Linux a child inherits the peak of the process that started it.
    """
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise UndoneError(f"no {field} on this system")


def _expect(what: str, expected: object, came: object) -> None:
    if expected != came:
        raise UndoneError(f"{what}: expected {str(expected)[:80]}, came {str(came)[:80]}")


STARTED = _cpu()
"""CPU seconds of the interpreter and of this module's imports, which are the same for all."""


async def _repeated(repeat: int, once: Callable[[], Awaitable[T]]) -> tuple[float, list[T]]:
    """Return the CPU seconds of one repetition, and all outcomes."""
    started = _cpu()
    outcomes = [await once() for _ in range(repeat)]
    return (_cpu() - started) / repeat, outcomes


async def _run(subject: Subject, measure: Measure, repeat: int) -> Figures:
    run = subject.runner(measure.model, [work.get_weather])
    warm = min(repeat, WARM_UP)
    for _ in range(warm):
        await run(work.PROMPT)
    work.tally.calls = 0
    began = time.perf_counter()
    cost, outcomes = await _repeated(repeat, lambda: run(work.PROMPT))
    wall = (time.perf_counter() - began) / repeat
    _expect("answers", {work.FINAL}, set(outcomes))
    _expect("tool calls", measure.calls * repeat, work.tally.calls)
    return {"cpu": cost * 1e3, "wall": wall * 1e3, "requests": (warm + repeat) * measure.requests}


async def _cold(subject: Subject, measure: Measure, repeat: int) -> Figures:
    del repeat
    _expect("answer", work.FINAL, await subject.runner(measure.model, [work.get_weather])(work.PROMPT))
    return {"cpu": (_cpu() - STARTED) * 1e3, "requests": measure.requests}


async def _wave(subject: Subject, measure: Measure, repeat: int) -> Figures:
    run = subject.runner(measure.model, [work.get_weather])
    await run(work.PROMPT)
    walls: list[float] = []

    async def timed() -> str:
        started = time.perf_counter()
        outcome = await run(work.PROMPT)
        walls.append(time.perf_counter() - started)
        return outcome

    work.tally.calls = 0
    total = repeat * measure.size
    before, began, started = _memory("VmRSS"), time.perf_counter(), _cpu()
    outcomes: list[object] = []
    for _ in range(repeat):
        outcomes += await asyncio.gather(*(timed() for _ in range(measure.size)), return_exceptions=True)
    cost, wall = _cpu() - started, time.perf_counter() - began
    lost = [outcome for outcome in outcomes if outcome != work.FINAL]
    if lost:
        raise UndoneError(f"{len(lost)} of {total} runs lost, such as {lost[0]!r}"[:200])
    _expect("tool calls", measure.calls * total, work.tally.calls)
    return {
        "cpu": cost / total * 1e3,
        "speed": total / wall,
        "p99": sorted(walls)[max(0, round(len(walls) * 0.99) - 1)] * 1e3,
        "memory": (_memory("VmHWM") - before) / measure.size,
        "requests": (total + 1) * measure.requests,
    }


async def _text(subject: Subject, measure: Measure, repeat: int) -> Figures:
    await subject.read_text("bench/text-200", _nothing)
    cost, outcomes = await _repeated(repeat, lambda: subject.read_text(measure.model, _nothing))
    expected = "".join(work.text_pieces(measure.size))
    for text, _ in outcomes:
        _expect("text", expected, text)
    return {"cpu": cost / measure.size * 1e6, "pieces": outcomes[-1][1], "requests": repeat + 1}


async def _first(subject: Subject, measure: Measure, repeat: int) -> Figures:
    total, moment = 0.0, 0.0

    def first() -> None:
        nonlocal moment
        moment = _cpu()

    for turn in range(repeat + WARM_UP):
        started = moment = _cpu()
        text, _ = await subject.read_text(measure.model, first)
        _expect("text", "".join(work.text_pieces(20)), text)
        total += moment - started if turn >= WARM_UP else 0.0
    return {"cpu": total / repeat * 1e3, "requests": repeat + WARM_UP}


async def _object(subject: Subject, measure: Measure, repeat: int) -> Figures:
    shape = importlib.import_module("benchmarks.shapes").Report
    await subject.read_object("bench/object-200", shape)
    cost, outcomes = await _repeated(repeat, lambda: subject.read_object(measure.model, shape))
    expected = json.loads("".join(work.object_pieces(measure.size)))
    for value, _ in outcomes:
        _expect("object", expected, value)
    return {"cpu": cost / measure.size * 1e6, "partials": outcomes[-1][1], "requests": repeat + 1}


async def _answer(subject: Subject, measure: Measure, repeat: int) -> Figures:
    shape = importlib.import_module("benchmarks.shapes").Report
    for _ in range(WARM_UP):
        await subject.answer(measure.model, shape)
    cost, outcomes = await _repeated(repeat, lambda: subject.answer(measure.model, shape))
    for outcome in outcomes:
        _expect("answer", work.answer_value(), outcome)
    return {"cpu": cost * 1e3, "requests": repeat + WARM_UP}


def _functions(count: int) -> list[Tool]:
    """Return functions that nobody has seen yet: each with a name and words of its own."""
    functions: list[Tool] = []
    for _ in range(count):
        work.tally.calls += 1
        scope: dict[str, Any] = {"__name__": "benchmarks.made"}
        exec(compile(work.tool_source(work.tally.calls), "<made>", "exec", dont_inherit=True), scope)
        functions.append(scope[f"tool_{work.tally.calls}"])
    return functions


async def _build(subject: Subject, measure: Measure, repeat: int) -> Figures:
    subject.build(_functions(1))
    sets = [_functions(measure.size) for _ in range(repeat)]
    started = _cpu()
    kept = [subject.build(functions) for functions in sets]
    cost = (_cpu() - started) / repeat
    fresh = _functions(measure.size)
    gc.collect()
    tracemalloc.start()
    kept.append(subject.build(fresh))
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return {"cpu": cost * 1e3, "memory": size / 1024 / measure.size, "requests": 0}


async def _schema(subject: Subject, measure: Measure, repeat: int) -> Figures:
    del measure
    subject.schema(_functions(1)[0])
    functions = _functions(repeat)
    started = _cpu()
    schemas = [subject.schema(function) for function in functions]
    cost = (_cpu() - started) / repeat
    for schema in schemas:
        _expect("arguments", 6, len(schema["properties"]))
        _expect("documented arguments", 1, json.dumps(schema).count("Ids of the stations"))
    return {"cpu": cost * 1e3, "requests": 0}


async def _call(subject: Subject, measure: Measure, repeat: int) -> Figures:
    del measure
    call = subject.caller(_functions(1)[0])
    arguments = json.dumps({"city": "Rome", "days": 3, "units": "metric", "stations": ["a", "b"]})
    await call(arguments)
    started = _cpu()
    for _ in range(repeat):
        await call(arguments)
    return {"cpu": (_cpu() - started) / repeat * 1e6, "requests": 0}


async def _repair(subject: Subject, measure: Measure, repeat: int) -> Figures:
    # A trailing comma, single quotes and a Python literal in each entry.
    entry = "{'name': 'station \u00e9 in the north', 'is_open': True, 'height': 412,},"
    text = "{'entries': [" + entry * (measure.size * 1000 // len(entry)) + "]}"
    subject.repair(text)
    started = _cpu()
    for _ in range(repeat):
        subject.repair(text)
    return {"cpu": (_cpu() - started) / repeat * 1e3 / measure.size, "requests": 0}


def _nothing() -> None:
    pass


_KINDS: dict[str, tuple[str, Callable[[Subject, Measure, int], Awaitable[Figures]]]] = {
    "run": ("runner", _run),
    "cold": ("runner", _cold),
    "wave": ("runner", _wave),
    "text": ("read_text", _text),
    "first": ("read_text", _first),
    "object": ("read_object", _object),
    "answer": ("answer", _answer),
    "build": ("build", _build),
    "schema": ("schema", _schema),
    "call": ("caller", _call),
    "repair": ("repair", _repair),
}


async def _measured(candidate: str, measure: Measure, url: str, repeat: int) -> dict[str, Any]:
    made = CANDIDATES[candidate].load()
    needed, timed = _KINDS[measure.kind]
    if not hasattr(made, needed):
        return {"skipped": True}
    subject = made(url)
    try:
        return {"figures": await timed(subject, measure, repeat)}
    except UndoneError as refusal:
        return {"refused": str(refusal)}
    finally:
        await subject.aclose()


def main() -> None:
    """Measure what the command line names, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("candidate", choices=CANDIDATES)
    parser.add_argument("measure", choices=[measure.name for measure in MEASURES])
    parser.add_argument("url")
    parser.add_argument("--repeat", type=int)
    options = parser.parse_args()
    os.environ.setdefault("OPENAI_API_KEY", "none")
    measure = next(measure for measure in MEASURES if measure.name == options.measure)
    outcome = asyncio.run(_measured(options.candidate, measure, options.url, options.repeat or measure.repeat))
    print(json.dumps(outcome), flush=True)
    # Some peers leave threads that take seconds to end; the measure is over.
    os._exit(0)


if __name__ == "__main__":
    main()
