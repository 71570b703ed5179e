"""A meter: how far a bulk is, as a bar on the terminal."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from callwright.errors import ParameterError

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Meter"]


class Meter:
    """A bar with counts of what was done and what failed, and what it cost; on standard error, if a terminal is there.

    Args:
        total: Of how many, >= 0; None if that is not known.

    Raises:
        ParameterError: The package `rich` is not installed.
    """

    __slots__ = ("_failed", "_progress", "_task")

    def __init__(self, total: int | None) -> None:
        self._progress = _opened()
        self._failed = 0
        self._task = self._progress.add_task("", total=total, told="")

    def start(self) -> None:
        """Show the bar."""
        if self._progress.console.is_terminal:
            self._progress.start()

    def count(self, cost: Decimal | None, *, is_failed: bool = False) -> None:
        """Count one more that is done.

        Args:
            cost: Of all so far, in US dollars; None if that is not known.
            is_failed: Whether it failed.
        """
        self._failed += is_failed
        told = " ".join([*([f"{self._failed} failed"] if self._failed else []), *([f"${cost:.4f}"] if cost else [])])
        self._progress.update(self._task, advance=1, told=told)

    def stop(self) -> None:
        """Leave the bar as it is."""
        if self._progress.console.is_terminal:
            self._progress.stop()


def _opened() -> Progress:
    try:
        from rich.console import Console  # noqa: PLC0415 - not every installation has it
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ParameterError("progress: needs the package 'rich'; install it, or leave progress= out") from None
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[told]}"))
    return Progress(*columns, console=Console(stderr=True))
