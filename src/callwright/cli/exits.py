"""Exit codes: what a command tells the shell, and the one line that it tells people."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import TextIO

from callwright._secrets import masked
from callwright.errors import APIError, BudgetError, CallwrightError, ParameterError, SchemaError

__all__ = [
    "BROKEN_PIPE",
    "FAILED",
    "INTERRUPTED",
    "LIMITED",
    "PAUSED",
    "UNREACHED",
    "USAGE",
    "CommandError",
    "exit_code",
    "missing_extra",
    "one_line",
    "reporting",
]

FAILED = 1
"""The run failed."""
USAGE = 2
"""The command was not understood, or something that it needs is missing; nothing was sent."""
LIMITED = 3
"""A limit or a budget ended the run."""
UNREACHED = 4
"""The service or the network failed."""
PAUSED = 5
"""The run waits for somebody's decision."""
INTERRUPTED = 130
"""Ctrl-C: 128 and the number of SIGINT."""
BROKEN_PIPE = 141
"""Nobody reads the output any more: 128 and the number of SIGPIPE."""

_EXTRAS: Mapping[str, str] = {
    **dict.fromkeys(("rich", "shellingham", "starlette", "typer", "uvicorn"), "cli"),
    **dict.fromkeys(("numpy", "xxhash"), "query"),
}
"""Package -> the extra that it is of."""
_LONGEST = 600


class CommandError(Exception):
    """A command cannot go on.

    Args:
        message: What was expected, what came, what to do.
        code: The exit code.
    """

    def __init__(self, message: str, *, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def reporting() -> Generator[None, None, None]:
    """End the process as the shell expects if the block fails: one line on stderr, an exit code, no traceback.

    Raises:
        SystemExit: The block failed for a reason that is not a bug.
    """
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        _abandon_output()
        raise SystemExit(BROKEN_PIPE) from None
    except (CallwrightError, CommandError) as error:
        _complain(one_line(error))
        raise SystemExit(exit_code(error)) from None
    except ModuleNotFoundError as error:
        hint = missing_extra(error)
        if hint is None:
            raise
        _complain(hint)
        raise SystemExit(USAGE) from None


def exit_code(error: Exception) -> int:
    """Return the exit code of a command that `error` ended."""
    match error:
        case CommandError():
            return error.code
        case APIError():
            return UNREACHED
        case BudgetError():
            return LIMITED
        case ParameterError() | SchemaError():
            return USAGE
        case _:
            return FAILED


def one_line(error: BaseException) -> str:
    """Return what an error says, in one line and without secrets; one that is not our own is named by its type."""
    words = " ".join(masked(str(error)).split())
    said = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    match error:
        case APIError():
            return f"{said} ({type(error).__name__})"
        case CallwrightError() | CommandError():
            return said or type(error).__name__
        case _:
            return f"{type(error).__name__}: {said}" if said else type(error).__name__


def missing_extra(error: ModuleNotFoundError) -> str | None:
    """Return what to do if `error` is about a package of one of our extras; None if it is about another one."""
    package = (error.name or "").partition(".")[0]
    extra = _EXTRAS.get(package)
    if extra is None:
        return None
    return f"the command line needs {package!r}, which is not installed; install callwright with its extra {extra!r}"


def _complain(line: str) -> None:
    with suppress(BrokenPipeError):
        print(f"callwright: {line}", file=sys.stderr, flush=True)  # noqa: T201 - rich may be what is missing


def _abandon_output() -> None:
    """Let what is still unwritten go nowhere, or the interpreter would complain of it at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            _redirect_to_nowhere(stream)


def _redirect_to_nowhere(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
