"""The command `extract`: a value out of each of many files, as lines of JSON."""

from __future__ import annotations

import hashlib
import sys
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from callwright._bulk import Finished
from callwright._json import decode, encode
from callwright._sync import enter_sync, iterate_sync
from callwright.bulk import Extraction, ExtractManyOptions, extract_many
from callwright.cli.exits import FAILED, CommandError, exit_code, one_line
from callwright.cli.inputs import STANDARD_INPUT, prompt_of
from callwright.cli.loading import load_value
from callwright.cli.rows import Rows
from callwright.cli.service import Address, client_of
from callwright.cli.terminal import line, open_console
from callwright.errors import (
    AuthenticationError,
    BudgetError,
    InsufficientCreditsError,
    NotFoundError,
    ParameterError,
    SchemaError,
)
from callwright.output.base import Output
from callwright.output.schema import Schema
from callwright.run.limits import Budget
from callwright.run.sqlite import SQLiteStore
from callwright.wire.chat import NO_USAGE
from callwright.wire.messages import Prompt

__all__ = ["ExtractSettings", "extract"]

_HOPELESS = (AuthenticationError, InsufficientCreditsError, NotFoundError, BudgetError, SchemaError)
"""Errors that every further input would meet, too."""
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class ExtractSettings:
    """What the command was told."""

    place: str
    """Of the type, see `load_value`."""
    inputs: tuple[str, ...]
    """Paths, or `STANDARD_INPUT`."""
    output: Path | None = None
    """Where to; None is standard output."""
    slug: str | None = None
    """The model; None is the account's default."""
    mode: str = "auto"
    system: str | None = None
    """The instructions."""
    concurrency: int = 16
    budget: float | None = None
    """US dollars."""
    store: Path | None = None
    """Of runs."""
    is_list: bool = False
    """Whether each input may hold several values."""
    address: Address = Address()  # noqa: RUF009 - frozen


def extract(settings: ExtractSettings) -> None:
    """Extract from all inputs that have no row yet.

    Raises:
        CommandError: The settings make no sense, there is no key, or a file is missing.
        CallwrightError: Every further input would fail, too; those that are left have no row.
        SystemExit: Some inputs failed.
        KeyboardInterrupt: Ctrl-C; what was finished has its row.
    """
    kind, names = _kind(settings), _checked(settings.inputs, settings.output)
    rows = Rows(settings.output)
    left = [name for name in names if name not in rows.done]
    work = _Work(rows, _Reading(left), done=len(names) - len(left))
    try:
        if left:
            with client_of(settings.address) as client, _store(settings) as store, rows:
                options = cast("ExtractManyOptions", {"client": client, "store": store, **_options(settings, kind)})
                work.do(extract_many(kind, work.reading, **options))
    finally:
        if work.has_begun or not left:
            work.tell(open_console(stderr=True), is_kept=settings.output is not None)
    if work.failures:
        # A file that cannot be read is a failure among others, not a command that was not understood.
        codes = {FAILED if isinstance(error, ParameterError) else exit_code(error) for _, error in work.failures}
        raise SystemExit(codes.pop() if len(codes) == 1 else FAILED)


class _Reading:
    """The prompts of files, each read when it is its turn.

    Args:
        names: Of the files.
    """

    __slots__ = ("_names", "broken", "read")

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self.read: list[str] = []
        """Those that were read, in the order of their prompts."""
        self.broken: deque[tuple[str, Exception]] = deque()
        """Those that could not be."""

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[Prompt]:
        for name in self._names:
            try:
                prompt = prompt_of(name)
            except ParameterError as error:
                self.broken.append((name, error))
                continue
            self.read.append(name)
            yield prompt


class _Work:
    """What there is to do, and what came of it.

    Args:
        rows: Where to.
        reading: What is asked.
        done: How many inputs were done before.
    """

    __slots__ = ("_done", "_found", "_rows", "_usage", "failures", "has_begun", "reading")

    def __init__(self, rows: Rows, reading: _Reading, *, done: int) -> None:
        self._rows = rows
        self._done = done
        self._found = 0
        self._usage = NO_USAGE
        self.reading = reading
        self.has_begun = False
        self.failures: list[tuple[str, Exception]] = []

    def do(self, extraction: Extraction[Any]) -> None:
        """Write a row for each input.

        Raises:
            Exception: What every further input would fail with, too.
        """
        self.has_begun, broken = True, self.reading.broken
        with enter_sync(extraction) as found:
            for finished in iterate_sync(found):
                self._usage = found.usage
                name = self.reading.read[finished.index]
                if isinstance(finished.error, _HOPELESS):
                    raise finished.error
                self._add(name, finished)
                while broken:
                    self._fail(*broken.popleft())
            while broken:
                self._fail(*broken.popleft())

    def _add(self, name: str, finished: Finished[Prompt, Any]) -> None:
        if finished.error is not None:
            self._fail(name, finished.error)
            return
        try:
            value = decode(encode(finished.value))
        except ValueError as error:
            self._fail(name, error)
            return
        self._rows.add(name, output=value)
        self._found += 1

    def _fail(self, name: str, error: Exception) -> None:
        self._rows.add(name, error=one_line(error))
        self.failures.append((name, error))

    def tell(self, console: Console, *, is_kept: bool) -> None:
        """Say what was done, what failed, and what it cost."""
        for name, error in self.failures[:_MOST_TOLD]:
            line(console, "error", f"{name}: {one_line(error)}")
        if len(self.failures) > _MOST_TOLD:
            line(console, "error", f"and {len(self.failures) - _MOST_TOLD} more")
        left = len(self.reading) - self._found - len(self.failures)
        said = [f"{self._found} done"]
        said += [f"{self._done} done before"] if self._done else []
        said += [f"{len(self.failures)} failed"] if self.failures else []
        said += [f"{left} left"] if left else []
        said += [f"{self._usage.total_tokens:,} tokens"] if self._usage.total_tokens else []
        said += [f"${self._usage.cost:.6f}"] if self._usage.cost else []
        line(console, "usage", ", ".join(said))
        if is_kept and (left or self.failures):
            line(console, "note", "the same command goes on with what is left and what failed")


def _kind(settings: ExtractSettings) -> Any:  # noqa: ANN401 - of the user's own
    """Return the type, the function or the output at the place of a command."""
    place = settings.place
    try:
        is_schema = place.endswith(".json")
        found: object = decode(Path(place).read_bytes()) if is_schema else load_value(place)
    except (OSError, ValueError) as error:
        raise CommandError(f"{place!r}: expected a file with a JSON Schema; {error}") from error
    if isinstance(found, Mapping):
        found = Schema(cast("Mapping[str, object]", found))
    if not settings.is_list and (settings.mode == "auto" or not isinstance(found, Output)):
        return found
    if not isinstance(found, type):
        given = "--list" if settings.is_list else "--mode"
        raise CommandError(f"{place!r}: expected a type with {given}; got {found!r:.100}")
    return list[found] if settings.is_list else found  # type: ignore[valid-type]  # known at run time alone


def _checked(inputs: Sequence[str], output: Path | None) -> list[str]:
    """Return the inputs, each once."""
    if not inputs:
        if sys.stdin.isatty():
            raise CommandError("expected files to extract from, or a text through a pipe")
        return [STANDARD_INPUT]
    for name in inputs:
        if name != STANDARD_INPUT and not Path(name).is_file():
            why = "is a folder; name the files in it" if Path(name).is_dir() else "is no file"
            raise CommandError(f"{name!r} {why}; nothing was sent")
        if name != STANDARD_INPUT and output is not None and output.exists() and output.samefile(name):
            raise CommandError(f"{name!r}: expected another file for the rows than those that are read")
    return list(dict.fromkeys(inputs))


@contextmanager
def _store(settings: ExtractSettings) -> Generator[SQLiteStore | None, None, None]:
    if settings.store is None:
        yield None
        return
    with SQLiteStore(settings.store) as store:
        yield store


def _options(settings: ExtractSettings, kind: object) -> dict[str, object]:
    options: dict[str, object] = {
        "model": settings.slug,
        "instructions": settings.system,
        "concurrency": settings.concurrency,
        "budget": None if settings.budget is None else Budget(cost=settings.budget),
        # The rows would run through the bar.
        "progress": settings.output is not None or not sys.stdout.isatty(),
    }
    if not isinstance(kind, Output):
        options["mode"] = settings.mode
    if settings.store is not None:
        told = [settings.place, settings.slug, settings.mode, settings.system, settings.is_list]
        options["job"] = f"extract-{hashlib.blake2b(encode(told), digest_size=6).hexdigest()}"
    return options
