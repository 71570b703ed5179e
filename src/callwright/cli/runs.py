"""The commands of stored runs, their arguments and options; what they do is loaded when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from callwright.cli.exits import reporting

__all__ = ["runs"]

runs = typer.Typer(
    help="List, show, resume, decide about, fork and delete the runs of a store.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_Store: TypeAlias = Annotated[
    Path | None, typer.Option("--store", metavar="FILE", help="The file of the store. Default: CALLWRIGHT_STORE.")
]
_Run: TypeAlias = Annotated[str, typer.Argument(metavar="RUN", help="The id of the run.")]
_Agent: TypeAlias = Annotated[str, typer.Argument(metavar="AGENT", help="module:agent, or file.py:agent.")]
_Calls: TypeAlias = Annotated[
    list[str] | None, typer.Argument(metavar="[CALL]...", help="The ids of calls. Default: the one that waits.")
]
_All: TypeAlias = Annotated[bool, typer.Option("--all", help="All calls that wait.")]
_By: TypeAlias = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who decides; it is recorded.")]
_Deps: TypeAlias = Annotated[
    str | None, typer.Option("--deps", metavar="PLACE", help="The agent's dependencies, or a function that gives them.")
]
_Changes: TypeAlias = Annotated[
    bool, typer.Option("--accept-changes", help="Go on although the agent is not what it was.")
]


@runs.command("list")
def _list(
    *,
    store: _Store = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="STATUS", help="open, paused, done or limited. Repeatable."),
    ] = None,
    match: Annotated[str, typer.Option("--match", metavar="TEXT", help="Part of the id.")] = "",
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Changed within 90m, 12h, 7d, or after a date.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many; 0: all.")] = 50,
    children: Annotated[bool, typer.Option("--children", help="Also the runs of sub-agents.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """List runs, the one that changed last first."""
    with reporting():
        from callwright.cli.stored import Wanted, list_runs  # noqa: PLC0415 - see the module's docstring

        wanted = Wanted(tuple(status or ()), match, since, limit, has_children=children)
        list_runs(store, wanted, is_json=as_json)


@runs.command("show")
def _show(
    run: _Run,
    *,
    store: _Store = None,
    full: Annotated[bool, typer.Option("--full", help="Print long texts whole.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page instead; - is standard output.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the records instead.")] = False,
) -> None:
    """Show one run, step by step."""
    with reporting():
        from callwright.cli.stored import show_run  # noqa: PLC0415 - see the module's docstring

        show_run(store, run, html=html, is_json=as_json, is_full=full)


@runs.command("resume")
def _resume(
    agent: _Agent, run: _Run, *, store: _Store = None, deps: _Deps = None, accept_changes: _Changes = False
) -> None:
    """Let a run go on that was cut short; print its output."""
    with reporting():
        from callwright.cli.deciding import Going, resume_run  # noqa: PLC0415 - see the module's docstring

        resume_run(Going(agent, run, store, deps, accepts_changes=accept_changes))


@runs.command("approve")
def _approve(
    agent: _Agent,
    run: _Run,
    calls: _Calls = None,
    *,
    all_calls: _All = False,
    edit: Annotated[
        str | None, typer.Option("--edit", metavar="JSON", help="Run it with these arguments instead.")
    ] = None,
    result: Annotated[
        str | None, typer.Option("--result", metavar="JSON", help="Do not run it: this is its result.")
    ] = None,
    again: Annotated[bool, typer.Option("--rerun", help="Run what may have been done already.")] = False,
    by: _By = None,
    store: _Store = None,
    deps: _Deps = None,
    accept_changes: _Changes = False,
) -> None:
    """Let calls run that wait, or give their result; the run goes on."""
    with reporting():
        from callwright.cli.deciding import Going, Verdict, decide  # noqa: PLC0415 - see the module's docstring

        verdict = Verdict(tuple(calls or ()), all_calls, by, edit, result, again)
        decide(Going(agent, run, store, deps, accepts_changes=accept_changes), verdict)


@runs.command("deny")
def _deny(
    agent: _Agent,
    run: _Run,
    calls: _Calls = None,
    *,
    all_calls: _All = False,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Told to the model.")] = "",
    by: _By = None,
    store: _Store = None,
    deps: _Deps = None,
    accept_changes: _Changes = False,
) -> None:
    """Do not let calls run that wait; the run goes on."""
    with reporting():
        from callwright.cli.deciding import Going, Verdict, decide  # noqa: PLC0415 - see the module's docstring

        verdict = Verdict(tuple(calls or ()), all_calls, by, deny=why)
        decide(Going(agent, run, store, deps, accepts_changes=accept_changes), verdict)


@runs.command("fork")
def _fork(
    run: _Run,
    *,
    store: _Store = None,
    at: Annotated[
        int | None, typer.Option("--at", metavar="N", min=1, help="Take the first N records. Default: all.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="ID", help="The new run's id. Default: a random one.")
    ] = None,
) -> None:
    """Begin another run as one began; print its id."""
    with reporting():
        from callwright.cli.stored import fork_run  # noqa: PLC0415 - see the module's docstring

        fork_run(store, run, at=at, to=to)


@runs.command("rm")
def _rm(
    run: Annotated[list[str], typer.Argument(metavar="RUN...", help="The ids of runs.")],
    *,
    store: _Store = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete runs, and those of their sub-agents."""
    with reporting():
        from callwright.cli.stored import delete_runs  # noqa: PLC0415 - see the module's docstring

        delete_runs(store, run, is_sure=yes)
