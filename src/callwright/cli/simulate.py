"""The command `simulate`: the offline OpenRouter on a port, with a line for each request."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.text import Text

from callwright._json import decode
from callwright.cli.exits import FAILED, CommandError
from callwright.cli.terminal import clear_text, open_console
from callwright.simulator.server import base_url, listening, running, serve
from callwright.testing.faults import parse_faults
from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.reply import Cut, Pause, Reply
from callwright.testing.scenario import Scenario, parse_scenarios

__all__ = ["LoggedOpenRouter", "beside", "simulate"]

_REFUSED, _BROKEN = 400, 500


def simulate(*, host: str, port: int, scenarios: Path | None = None, fault: str = "") -> None:
    """Serve until Ctrl-C.

    Args:
        host: An address of this machine.
        port: 0 takes a free one.
        scenarios: A JSON file, see `parse_scenarios`.
        fault: What every request meets that does not ask for a fault itself, see `parse_faults`.

    Raises:
        CommandError: The file or the fault makes no sense, or the port is taken.
        KeyboardInterrupt: Ctrl-C; the connections are closed.
    """
    console = open_console(stderr=True)
    service = LoggedOpenRouter(console, _read(scenarios), fault=_checked(fault))
    try:
        listener = listening(port, host=host)
    except OSError as error:
        # The message of a server socket repeats the address; a name that is not known has a code of its own, below 0.
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise CommandError(f"cannot listen on {host}, port {port}: {why}; try --port 0", code=FAILED) from error
    url = base_url(listener)
    question = '{"messages": [{"role": "user", "content": "Hello"}]}'
    for text in (
        "The offline OpenRouter: scenarios and a rule-based stand-in, no language model.",
        Text.assemble("Listening on ", (url, "bold"), "; Ctrl-C ends it. Any key will do:"),
        f"curl {url}/chat/completions -H 'Authorization: Bearer any' -d '{question}'",
    ):
        console.print(text, soft_wrap=True)
    serve(listener, service)


@contextmanager
def beside(service: OfflineOpenRouter | None = None) -> Generator[str, None, None]:
    """Serve in this process while the block runs, and give the base URL.

    Clients that are made in the block reach it straight: a proxy that the environment names would look for it on its
    own loopback.

    Args:
        service: None: a new one.
    """
    before = os.environ.get("no_proxy")
    exempt = before or os.environ.get("NO_PROXY", "")
    with running(service) as url:
        # In lower case it wins. An asterisk exempts all, but only by itself.
        os.environ["no_proxy"] = "*" if exempt.strip() == "*" else f"{exempt},127.0.0.1".strip(",")
        try:
            yield url
        finally:
            if before is None:
                del os.environ["no_proxy"]
            else:
                os.environ["no_proxy"] = before


class LoggedOpenRouter(OfflineOpenRouter):
    """The offline OpenRouter that prints a line for each request.

    Args:
        console: Where the lines go.
        scenarios: Besides the built-in ones.
        fault: See `simulate`.
    """

    def __init__(self, console: Console, scenarios: Mapping[str, Scenario] | None = None, *, fault: str = "") -> None:
        super().__init__(scenarios)
        self._console = console
        self._fault = {"x-simulate-fault": fault} if fault else {}

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """See `OfflineOpenRouter.answer`. The line is printed before the answer is sent, and says how long it takes."""
        started = perf_counter()
        reply = super().answer(method, path, {**self._fault, **headers}, body)
        seconds = perf_counter() - started + sum(piece.seconds for piece in reply.pieces if isinstance(piece, Pause))
        style = "green" if reply.status < _REFUSED else "yellow" if reply.status < _BROKEN else "red"
        cut = " cut" if any(isinstance(piece, Cut) for piece in reply.pieces) else ""
        asked = clear_text(f"{method} {path} {_model(body)}".rstrip())
        self._log(Text.assemble(f"{asked} ", (f"{reply.status}{cut}", style), f" {seconds * 1000:.0f} ms"))
        return reply

    def hung_up(self, reply: Reply) -> None:
        """See `OfflineOpenRouter.hung_up`."""
        super().hung_up(reply)
        self._log(Text(f"the client left before the end of {reply.generation or 'an answer'}"))

    def _log(self, line: Text) -> None:
        # A request is answered, also when nobody reads the log any more.
        with suppress(BrokenPipeError):
            self._console.print(line, soft_wrap=True)


def _model(body: bytes) -> str:
    """Return the model that a request names; empty if it names none."""
    try:
        content = decode(body) if body else None
    except ValueError:
        return ""
    return str(content.get("model", "")) if isinstance(content, Mapping) else ""


def _read(path: Path | None) -> Mapping[str, Scenario]:
    if path is None:
        return {}
    try:
        return parse_scenarios(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except ValueError as error:
        raise CommandError(f"{str(path)!r}: {error}") from error


def _checked(fault: str) -> str:
    try:
        parse_faults(fault)
    except ValueError as error:
        raise CommandError(f"--fault: {error}") from error
    return fault
