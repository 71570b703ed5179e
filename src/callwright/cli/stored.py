"""Stored runs: the commands `runs list`, `show`, `fork` and `rm`, over the file of a store."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from callwright._json import JsonValue
from callwright._secrets import masked
from callwright._sync import run_sync
from callwright.cli.exits import FAILED, CommandError, one_line
from callwright.cli.page import page
from callwright.cli.retelling import transcript
from callwright.cli.telling import UNFOLDED, moment, tell
from callwright.cli.terminal import STYLES, open_console
from callwright.cli.transcript import RunTranscript
from callwright.errors import StoreError
from callwright.run.forking import fork
from callwright.run.pending import visible
from callwright.run.records import Prompted, child_run_id, encoded
from callwright.run.sqlite import SQLiteStore
from callwright.run.summary import RunSummary

__all__ = ["Wanted", "check_known", "delete_runs", "fork_run", "list_runs", "show_run", "stored"]

_VARIABLE = "CALLWRIGHT_STORE"
_PROMPT_LENGTH = 60
_STATUSES = ("open", "paused", "done", "limited")
_FIRST_NUMBER = 3
"""The first column of the list that is aligned to the right."""
_NARROW = 100
"""Columns below which a run takes two lines of the list."""
_SPAN = re.compile(r"(\d+)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_STYLES = {"done": "green", "paused": "yellow", "limited": "yellow", "open": "dim"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs are listed."""

    statuses: tuple[str, ...] = ()
    """None: all."""
    match: str = ""
    """Part of the id."""
    since: str | None = None
    """A span such as `90m`, `12h`, `7d`, or a date: only runs that changed after it."""
    limit: int = 50
    """At most so many, the newest; 0: all."""
    has_children: bool = False
    """Whether runs of sub-agents are listed, too."""


@contextmanager
def stored(path: Path | None) -> Generator[SQLiteStore, None, None]:
    """Open the store of a command, and close it again.

    Args:
        path: Of its file; None: as the variable CALLWRIGHT_STORE says.

    Raises:
        CommandError: Nobody said which file, or it is not there: a store would make an empty one.
    """
    given = path or (Path(os.environ[_VARIABLE]) if os.environ.get(_VARIABLE) else None)
    if given is None:
        raise CommandError(f"which store? give --store runs.db, or set {_VARIABLE}")
    if not given.is_file():
        raise CommandError(f"there is no file {str(given)!r}")
    with SQLiteStore(given) as store:
        yield store


def list_runs(path: Path | None, wanted: Wanted, *, is_json: bool = False) -> None:
    """Print the runs of a store, the one that changed last first.

    Raises:
        CommandError: There is no such store, or the filters make no sense.
        StoreError: It cannot be read.
    """
    _check(wanted)
    with stored(path) as store:
        found = _filtered(run_sync(store.summaries), wanted)
        prompts = [_prompt_of(store, summary.run_id) for summary in found]
    if is_json:
        rows = [_row(summary, prompt) for summary, prompt in zip(found, prompts, strict=True)]
        _print_json(rows)
        return
    console = open_console()
    if not console.is_terminal:
        console.width = UNFOLDED
    if not found:
        open_console(stderr=True).print("no runs")
        return
    printer = _print_stacked if console.width < _NARROW else _print_table
    printer(console, found, prompts)


def show_run(
    path: Path | None, run_id: str, *, html: Path | None = None, is_json: bool = False, is_full: bool = False
) -> None:
    """Print one run as a transcript; or its records, or a page.

    Args:
        path: Of the store.
        run_id: The run.
        html: Where the page is to be written; `-` is standard output.
        is_json: Whether its records are printed instead.
        is_full: Whether long texts are printed whole.

    Raises:
        CommandError: There is no such store or run, or the page cannot be written.
        StoreError: The run cannot be read.
    """
    with stored(path) as store:
        known = _known(store, run_id)
        if is_json:
            _print_json(_records(store, run_id))
            return
        told = _told(store, run_id, known)
    if html is None:
        console = open_console()
        if not console.is_terminal:
            console.width = UNFOLDED
        tell(console, told, is_full=is_full)
    elif str(html) == "-":
        sys.stdout.write(page(told))
    else:
        _write(html, page(told))
        open_console(stderr=True).print(Text(f"written to {visible(str(html))}"), soft_wrap=True)


def fork_run(path: Path | None, run_id: str, *, at: int | None, to: str | None) -> None:
    """Begin another run as a stored one began, and print its id.

    Raises:
        CommandError: There is no such store or run.
        StoreError: The run has fewer records, or the other id is taken.
    """
    other = to or f"run_{secrets.token_hex(12)}"
    with stored(path) as store:
        _known(store, run_id)

        async def forked() -> None:
            await fork(store, run_id, at=at, to=other)

        run_sync(forked)
    print(other)  # noqa: T201 - a result, for a program


def delete_runs(path: Path | None, run_ids: Sequence[str], *, is_sure: bool = False) -> None:
    """Delete runs and those of their sub-agents; ask first.

    Raises:
        CommandError: There is no such store or run, or nobody is there to be asked; or the answer was no (code 1).
        StoreError: A run could not be deleted.
    """
    with stored(path) as store:
        summaries = {summary.run_id: summary for summary in run_sync(store.summaries)}
        for run_id in run_ids:
            check_known(run_id, summaries)
        doomed = _with_children(run_ids, summaries)
        if not is_sure:
            _ask([summaries[run_id] for run_id in doomed])
        for run_id in doomed:
            run_sync(store.delete, run_id)
    open_console(stderr=True).print(f"deleted {len(doomed)} run{'' if len(doomed) == 1 else 's'}")


def check_known(run_id: str, summaries: Mapping[str, RunSummary]) -> None:
    """Do nothing if there is such a run.

    Raises:
        CommandError: There is none.
    """
    if run_id not in summaries:
        near = get_close_matches(run_id, summaries, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; `callwright runs list` tells which there are"
        raise CommandError(f"there is no run {run_id!r}{hint}")


def _check(wanted: Wanted) -> None:
    for status in wanted.statuses:
        if status not in _STATUSES:
            raise CommandError(f"--status: expected one of {', '.join(_STATUSES)}; got {status!r}")
    if wanted.since is not None:
        _moment_of(wanted.since)


def _filtered(summaries: Sequence[RunSummary], wanted: Wanted) -> list[RunSummary]:
    after = 0.0 if wanted.since is None else _moment_of(wanted.since)
    found = [
        summary
        for summary in summaries
        if (wanted.has_children or summary.parent is None)
        and (not wanted.statuses or summary.status in wanted.statuses)
        and wanted.match.casefold() in summary.run_id.casefold()
        and summary.updated >= after
    ]
    return found[: wanted.limit] if wanted.limit else found


def _moment_of(since: str) -> float:
    """Return a span before now, or a date, in seconds since 1970."""
    span = _SPAN.fullmatch(since.strip())
    if span is not None:
        return time.time() - int(span[1]) * _SECONDS[span[2]]
    try:
        return datetime.fromisoformat(since).timestamp()
    except ValueError as error:
        raise CommandError(f"--since: expected a span such as 90m, 12h or 7d, or a date; got {since!r}") from error


def _prompt_of(store: SQLiteStore, run_id: str) -> str:
    """Return the first words of a run's first prompt; what is wrong with its log if it cannot be read."""
    try:
        records = run_sync(store.load, run_id)
    except StoreError as error:
        return f"({one_line(error)})"
    first = next((record for record in records if isinstance(record, Prompted)), None)
    if first is None:
        return ""
    said = " ".join(" ".join([message.text for message in first.messages]).split())
    shown = visible(masked(said))
    return shown if len(shown) <= _PROMPT_LENGTH else f"{shown[: _PROMPT_LENGTH - 1]}…"


def _row(summary: RunSummary, prompt: str) -> dict[str, JsonValue]:
    return {
        "run_id": summary.run_id,
        "status": summary.status,
        "begun": _iso(summary.begun),
        "updated": _iso(summary.updated),
        "records": summary.records,
        "waiting": summary.waiting,
        "steps": summary.steps,
        "requests": summary.requests,
        "tokens": summary.tokens,
        "cost": None if summary.cost is None else float(summary.cost),
        "parent": summary.parent,
        "prompt": prompt,
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _print_table(console: Console, summaries: Sequence[RunSummary], prompts: Sequence[str]) -> None:
    rows = [("run", "status", "begun", "steps", "tokens", "cost")]
    rows += [
        (
            visible(summary.run_id),
            _status(summary),
            moment(summary.begun),
            f"{summary.steps:,}",
            f"{summary.tokens:,}",
            _cost(summary),
        )
        for summary in summaries
    ]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    styles = ["bold", *[_STYLES[summary.status] for summary in summaries]]
    for row, style, prompt in zip(rows, styles, ("prompt", *prompts), strict=True):
        cells = [
            f"{' ' * gap}{cell}" if column >= _FIRST_NUMBER else f"{cell}{' ' * gap}"
            for column, cell in enumerate(row)
            for gap in [widths[column] - cell_len(cell)]
        ]
        is_head = style == "bold"
        text = Text.assemble((cells[0], style if is_head else ""), "  ", (cells[1], style))
        text.append(f"  {'  '.join([*cells[2:], prompt])}", "bold" if is_head else "")
        text.truncate(console.width, overflow="ellipsis")
        text.rstrip()
        console.print(text, soft_wrap=True)


def _print_stacked(console: Console, summaries: Sequence[RunSummary], prompts: Sequence[str]) -> None:
    """Print runs where a table has no room: an id is never cut, since it is what one copies."""
    for summary, prompt in zip(summaries, prompts, strict=True):
        status = (_status(summary), _STYLES[summary.status])
        console.print(Text.assemble((visible(summary.run_id), "bold"), "  ", status), soft_wrap=True)
        steps = f"{summary.steps:,} step{'' if summary.steps == 1 else 's'}"
        facts = [moment(summary.begun), steps, f"{summary.tokens:,} tokens", _cost(summary)]
        for row in Text(" · ".join(filter(None, facts)), STYLES["usage"]).wrap(console, console.width - 2):
            console.print(Text.assemble("  ", row), soft_wrap=True)
        words = Text(f"  {prompt}")
        words.truncate(console.width, overflow="ellipsis")
        console.print(words, soft_wrap=True)


def _status(summary: RunSummary) -> str:
    return f"{summary.status} ({summary.waiting})" if summary.waiting else summary.status


def _cost(summary: RunSummary) -> str:
    return "" if summary.cost is None else f"${summary.cost:.6f}"


def _records(store: SQLiteStore, run_id: str) -> list[dict[str, JsonValue]]:
    records, times = run_sync(store.load, run_id), run_sync(store.times, run_id)
    # A record that is written between the two has no time yet, and is left out.
    return [
        {"seq": seq, "at": _iso(at), **encoded(record)}
        for seq, (record, at) in enumerate(zip(records, times, strict=False))
    ]


def _told(store: SQLiteStore, run_id: str, known: Mapping[str, RunSummary]) -> RunTranscript:
    """Return the transcript of a run with those of its sub-agents in it."""
    records, times = run_sync(store.load, run_id), run_sync(store.times, run_id)
    told = transcript(records, times=times)
    for call in told.calls:
        child = child_run_id(call.id)
        if child in known:
            call.child = _told(store, child, known)
    return told


def _known(store: SQLiteStore, run_id: str) -> dict[str, RunSummary]:
    """Return all summaries, by run; see that there is this one."""
    summaries = {summary.run_id: summary for summary in run_sync(store.summaries)}
    check_known(run_id, summaries)
    return summaries


def _with_children(run_ids: Sequence[str], summaries: Mapping[str, RunSummary]) -> list[str]:
    found = list(dict.fromkeys(run_ids))
    for run_id in found:
        found += [child for child, summary in summaries.items() if summary.parent == run_id and child not in found]
    return found


def _ask(doomed: Sequence[RunSummary]) -> None:
    """Return if somebody at the terminal says yes.

    Raises:
        CommandError: Somebody said no, or nobody is there.
    """
    names = ", ".join(
        [f"{visible(summary.run_id)} ({summary.status}, {summary.records} records)" for summary in doomed]
    )
    if not sys.stdin.isatty():
        raise CommandError(f"rm: expected --yes, since nobody can be asked; it would delete {names}")
    console = open_console(stderr=True)
    console.print(Text(f"Delete {names}? What was paid for and done is forgotten. [y/N] "), end="", soft_wrap=True)
    try:
        answer = input()
    except EOFError:
        answer = ""
    if answer.strip().casefold() not in ("y", "yes"):
        raise CommandError("nothing was deleted", code=FAILED)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))  # noqa: T201 - for a program


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{str(path)!r} cannot be written: {error.strerror}") from error
