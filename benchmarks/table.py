"""The table: the joined figures as Markdown, with the targets and whether they are met."""

from __future__ import annotations

from benchmarks.measures import FIGURES, TARGETS, Figure, Target
from benchmarks.rounds import Results

__all__ = ["OURS", "markdown", "verdict"]

OURS = "callwright"
_FLOOR = "floor"
_SHORT = {"floor": "F", "floor-httpx2": "F2", "pydantic-ai": "P"}


def markdown(results: Results, candidates: list[str]) -> str:
    """Return the table: a row per figure, a column per candidate, and the targets at the end."""
    turns = [numbers for turn in results.rounds for numbers in turn.values()]
    present = [name for name in candidates if any(name in numbers for numbers in turns)]
    lines = [
        "| " + " | ".join(["measure", "unit", *present, "target", ""]) + " |",
        "|---|---|" + "---:|" * len(present) + "---|---|",
    ]
    for name, figure in FIGURES.items():
        cells = [_cell(results, name, figure, candidate) for candidate in present]
        if any(cells):
            targets = [target for target in TARGETS if target.figure == name]
            wanted, met = ", ".join(map(_wanted, targets)), ", ".join(verdict(results, target) for target in targets)
            lines.append("| " + " | ".join([figure.title, figure.unit, *cells, wanted, met]) + " |")
    legend = "F: floor; F2: floor-httpx2; P: pydantic-ai. In brackets: ratio to F, same round."
    lines += ["", f"{len(results.rounds)} rounds. {legend}"]
    if results.refused:
        lines += ["", "Refused, as the work was not done:", "", *(f"- {reason}" for reason in results.refused)]
    return "\n".join(lines)


def verdict(results: Results, target: Target) -> str:
    """Return `met` or `missed` with what came, or a dash if it was not measured."""
    figure, against = target.figure, target.against
    came = results.ratio(figure, OURS, against) if against else results.figure(figure, OURS)
    if came is None:
        return "-"
    met = came >= target.limit if target.at_least else came <= target.limit
    return f"{'met' if met else '**missed**'} ({_amount(came, target)})"


def _wanted(target: Target) -> str:
    return f"{'>=' if target.at_least else '<='} {_amount(target.limit, target)}"


def _amount(number: float, target: Target) -> str:
    """Return `0.85 F`, `P/9`, or the bare number."""
    if not target.against:
        return f"{number:.3g}"
    against = _SHORT[target.against]
    return f"{against}/{1 / number:.3g}" if number < 1 and against == "P" else f"{number:.3g} {against}"


def _cell(results: Results, name: str, figure: Figure, candidate: str) -> str:
    number = results.figure(name, candidate)
    if number is None:
        return ""
    shown = f"{number:,.{figure.digits}f}"
    ratio = None if candidate == _FLOOR else results.ratio(name, candidate, _FLOOR)
    return shown if ratio is None or figure.unit in {"exponent", "ratio a chunk"} else f"{shown} ({ratio:.2f})"
