"""The command: `python -m benchmarks`, or `scripts/bench`, which brings its own environment."""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.candidates import CANDIDATES, environment
from benchmarks.measures import MEASURES, Measure
from benchmarks.rounds import Results, play
from benchmarks.table import OURS, markdown

__all__ = ["main"]


def main() -> int:
    """Measure, print the table, and return 1 if callwright did not do its work."""
    options = _options()
    measures = [measure.shortened() if options.quick else measure for measure in MEASURES if _wanted(measure, options)]
    names = [name for name in CANDIDATES if _joins(name, options)]
    if not measures or not names:
        sys.stderr.write(f"nothing to measure; measures: {', '.join(measure.name for measure in MEASURES)}; ")
        sys.stderr.write(f"candidates: {', '.join(CANDIDATES)}\n")
        return 2
    # Installers write byte code; with this set, a checkout would be compiled anew in each process that is timed.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    pythons = {}
    for name in names:
        _tell(f"environment of {name}")
        pythons[name] = environment(name)
    results = play(measures, pythons, rounds=options.rounds or (1 if options.quick else 5), tell=_tell)
    _tell("")
    print(_machine(), markdown(results, names), sep="\n\n")
    if options.json is not None:
        _write(options.json, results)
    # Peers lose runs on a loaded machine; that is their result and no failure of ours.
    return int(any(reason.startswith(f"{OURS},") for reason in results.refused))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measure what callwright costs a client, in CPU time."
    )
    parser.add_argument("--quick", action="store_true", help="one round with few repetitions, in about a minute")
    parser.add_argument(
        "--peers", action="store_true", help="also measure other libraries, in environments of their own"
    )
    parser.add_argument("--only", default="*", metavar="PATTERN", help="measures to take, such as 'steps-*'")
    parser.add_argument("--candidates", metavar="NAMES", help="just these, separated by commas")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often everything is measured (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures of all rounds there")
    return parser.parse_args()


def _wanted(measure: Measure, options: argparse.Namespace) -> bool:
    if options.only != "*":
        return any(fnmatch.fnmatchcase(measure.name, pattern) for pattern in options.only.split(","))
    return not (options.quick and measure.thorough)


def _joins(name: str, options: argparse.Namespace) -> bool:
    if options.candidates is not None:
        return name in options.candidates.split(",")
    return options.peers or not CANDIDATES[name].packages


def _tell(what: str) -> None:
    """Show what is going on in one line of the terminal; stay silent where there is none."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}")
        sys.stderr.flush()


def _machine() -> str:
    python = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    packages = ", ".join(f"{name} {version(name)}" for name in ("httpx", "httpcore", "anyio", "pydantic"))
    return f"{python}; {packages}."


def _write(path: Path, results: Results) -> None:
    whole = {"machine": _machine(), **dataclasses.asdict(results)}
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
