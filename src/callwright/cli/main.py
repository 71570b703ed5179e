"""The program `callwright`: its entry point, which also works when the extra `cli` is not installed."""

from __future__ import annotations

import io
import sys

from callwright.cli.exits import reporting

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments name.

    Raises:
        SystemExit: Always; the codes are those of `callwright.cli.exits`.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # A character that a terminal cannot show, or bytes that are none, must not end a run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with reporting():
        # Not at the top: what it imports may be missing, which is to be said in one line.
        from callwright.cli.app import app  # noqa: PLC0415

        app(prog_name="callwright")
