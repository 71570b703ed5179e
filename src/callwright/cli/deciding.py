"""Deciding: the commands `runs resume`, `approve` and `deny`, which let a stored run go on with its agent."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, cast

from rich.console import Console

from callwright._json import decode
from callwright._sync import run_sync
from callwright.agent import Agent
from callwright.cli.exits import LIMITED, PAUSED, CommandError, one_line
from callwright.cli.loading import load_value
from callwright.cli.showing import Transcript, usage_text
from callwright.cli.stored import check_known, stored
from callwright.cli.terminal import Flow, line, open_console
from callwright.options import AnyResumeOptions
from callwright.run.pending import Pending
from callwright.run.records import Answered, CallDecided
from callwright.run.result import RunResult
from callwright.run.sqlite import SQLiteStore
from callwright.run.state import RunState
from callwright.run.verdicts import approve, deny, edit, provide, rerun

__all__ = ["Going", "Verdict", "decide", "resume_run"]

_HOW = {
    "approval": "runs approve or runs deny",
    "external": "runs approve --result, or runs deny",
    "in_doubt": "runs approve --rerun or --result, or runs deny",
}
"""Why a call waits -> what decides about it."""


@dataclass(frozen=True, slots=True)
class Going:
    """Which run goes on, and how."""

    place: str
    """Of the agent: `module:name` or `file.py:name`."""
    run_id: str
    store: Path | None = None
    """Of the file; None: as CALLWRIGHT_STORE says. It takes the place of the agent's own store."""
    deps: str | None = None
    """The place of the agent's dependencies."""
    accepts_changes: bool = False
    """Whether it goes on although the agent has changed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of calls that wait."""

    calls: tuple[str, ...] = ()
    """Their ids; none: the one that waits."""
    is_for_all: bool = False
    """Whether it is said of all that wait."""
    by: str | None = None
    """Who says it."""
    edit: str | None = None
    """Other arguments, as JSON."""
    result: str | None = None
    """The result, as JSON; what is no JSON is a text."""
    reruns: bool = False
    """Whether what may have been done already is to be run again."""
    deny: str | None = None
    """Why not."""


def resume_run(going: Going) -> None:
    """Let a run go on, show what it does, and print its output.

    Raises:
        CommandError: There is no such store, run or agent.
        SystemExit: A limit ended it, or calls wait for decisions.
        CallwrightError: It failed.
    """
    with stored(going.store) as store:
        state = _state(store, going.run_id)
        _go_on(_agent(going), going, state, store=store, verdicts=())


def decide(going: Going, verdict: Verdict) -> None:
    """Decide about calls of a run, and let it go on; see `resume_run`.

    Raises:
        CommandError: See `resume_run`; or no such call waits, or it does not wait for this.
        SystemExit: See `resume_run`.
        CallwrightError: See `resume_run`.
    """
    with stored(going.store) as store:
        state = _state(store, going.run_id)
        chosen = _chosen(RunResult[Any](state).pending, verdict, going.run_id)
        decided = [_decided(pending, verdict) for pending in chosen]
        _go_on(_agent(going), going, state, store=store, verdicts=decided)


def _state(store: SQLiteStore, run_id: str) -> RunState:
    check_known(run_id, {summary.run_id: summary for summary in run_sync(store.summaries)})
    return RunState.of(run_sync(store.load, run_id))


def _agent(going: Going) -> Agent[Any, Any]:
    value = _made(going.place)
    if not _is_agent(value):
        raise CommandError(f"{going.place!r}: expected an Agent, or a function that returns one; got {value!r:.200}")
    return value


def _is_agent(value: object) -> TypeGuard[Agent[Any, Any]]:
    return isinstance(value, Agent)


def _made(place: str) -> object:
    """Return what is at a place; what a function or class there gives, called without arguments."""
    value = load_value(place)
    if not inspect.isroutine(value) and not inspect.isclass(value):
        return value
    try:
        return value()
    except Exception as error:
        raise CommandError(f"{place!r}: calling it without arguments failed: {one_line(error)}") from error


def _chosen(waiting: Sequence[Pending], verdict: Verdict, run_id: str) -> list[Pending]:
    """Return the calls that a verdict is about."""
    by_id = {pending.id: pending for pending in waiting}
    if not by_id:
        raise CommandError(f"run {run_id!r}: no call waits for a decision")
    unknown = [call for call in verdict.calls if call not in by_id]
    is_unclear = not verdict.calls and len(by_id) > 1 and not verdict.is_for_all
    if unknown or is_unclear:
        found = f"call {unknown[0]!r} does not wait" if unknown else "several calls wait"
        told = "; ".join([f"{pending.id} {pending.shown}" for pending in waiting])
        raise CommandError(f"{found}; name one of these, or --all: {told}")
    chosen = [by_id[call] for call in dict.fromkeys(verdict.calls)] or list(waiting)
    if len(chosen) > 1 and (verdict.edit is not None or verdict.result is not None):
        raise CommandError(f"--edit and --result: expected for one call; got {len(chosen)}")
    return chosen


def _decided(pending: Pending, verdict: Verdict) -> CallDecided:
    if verdict.deny is not None:
        return deny(pending.id, verdict.deny, by=verdict.by)
    if verdict.result is not None:
        return provide(pending.id, _value(verdict.result), by=verdict.by)
    if verdict.reruns and pending.why == "in_doubt":
        return rerun(pending.id, by=verdict.by)
    if verdict.reruns or pending.why != "approval":
        raise CommandError(f"call {pending.id} {pending.shown} ({pending.why}): decide by {_HOW[pending.why]}")
    if verdict.edit is None:
        return approve(pending.id, by=verdict.by)
    arguments = _value(verdict.edit)
    if not isinstance(arguments, dict):
        raise CommandError(f"--edit: expected a JSON object; got {verdict.edit!r:.200}")
    return edit(pending.id, cast("dict[str, object]", arguments), by=verdict.by)


def _value(text: str) -> object:
    try:
        return decode(text)
    except ValueError:
        return text


def _go_on(
    agent: Agent[Any, Any], going: Going, state: RunState, *, store: SQLiteStore, verdicts: Sequence[CallDecided]
) -> None:
    out, err = open_console(), open_console(stderr=True)
    options: AnyResumeOptions = {"accept_changes": going.accepts_changes}
    if going.deps is not None:
        options["deps"] = _made(going.deps)
    transcript = Transcript(err, Flow(err, "answer"))
    transcript.know([pending.call for pending in state.calls.values()])
    said: str | None = None
    try:
        with agent.replace(store=store).resume_stream_sync(going.run_id, *verdicts, **options) as run:
            for event in run.events():
                transcript.show(event)
                said = event.completion.text if isinstance(event, Answered) else said
    except KeyboardInterrupt:
        transcript.end()
        line(err, "note", "interrupted; what was done is kept, and resume goes on from there")
        raise
    finally:
        transcript.end()
    _conclude(run.result, out, err, seen=said if out.is_terminal else None)


def _conclude(result: RunResult[Any], out: Console, err: Console, *, seen: str | None) -> None:
    """Print the output unless it was seen, and say what it cost or what is missing.

    Raises:
        SystemExit: A limit ended the run, or calls wait.
    """
    for pending in result.pending:
        line(err, "waiting", f"{pending.id} {pending.shown}: {_HOW[pending.why]}")
    line(err, "usage", usage_text(result.usage, len(result.requests)))
    output = None if result.state.stopped is None else result.state.stopped.output
    if output is not None and output != seen:
        out.out(output if isinstance(output, str) else json.dumps(output, ensure_ascii=False), highlight=False)
    if result.status == "paused":
        raise SystemExit(PAUSED)
    if result.status == "limited":
        line(err, "limit", str(result.reason))
        raise SystemExit(LIMITED)
