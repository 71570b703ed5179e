"""The command `demo`: three programs through the public API over real HTTP, each step shown."""

from __future__ import annotations

import inspect
import os
import textwrap
from collections.abc import Callable, Mapping

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from callwright._json import JsonObject
from callwright.cli import programs
from callwright.cli.exits import CommandError
from callwright.cli.showing import Transcript, call_text, readable, request_text, usage_text
from callwright.cli.simulate import beside
from callwright.cli.terminal import Flow, line, open_console
from callwright.model import NO_SCOPE, Model, Scope
from callwright.service.client import OPENROUTER_URL, Client
from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.reply import Style
from callwright.wire.chat import NO_USAGE, ChatRequest, Completion, Usage
from callwright.wire.profile import OPENROUTER, Profile

__all__ = ["DEFAULT_MODEL", "Watched", "demo"]

DEFAULT_MODEL = "openai/gpt-4o-mini"
_PACE = 0.02
"""Seconds between two pieces of an offline answer on a terminal, so that one sees it stream."""


def demo(*, slug: str = DEFAULT_MODEL, is_live: bool = False) -> None:
    """Show the three programs, offline or, if `is_live`, with a real model.

    Raises:
        CommandError: Live, but there is no key.
        CallwrightError: A program failed.
    """
    console = open_console()
    if is_live:
        _show_live(console, slug)
        return
    service = OfflineOpenRouter(style=Style(pace=_PACE if console.is_terminal else 0.0))
    with beside(service) as url:
        _say(
            console,
            f"callwright demo: three programs, over real HTTP, against the offline OpenRouter at {url}. "
            "The answers come from its stand-in, a rule-based program and no language model; "
            "with --live they come from a real one.",
        )
        _show_programs(console, Client("sk-or-offline", base_url=url, profile=OPENROUTER).chat(slug))


def _show_live(console: Console, slug: str) -> None:
    if not os.environ.get("OPENROUTER_API_KEY"):
        raise CommandError("--live needs the variable OPENROUTER_API_KEY; keys are made at openrouter.ai/keys")
    client = Client(app_title="callwright demo")
    url = os.environ.get("CALLWRIGHT_BASE_URL") or OPENROUTER_URL
    _say(
        console,
        f"callwright demo: three programs, over HTTP, with the model {slug} at {url}. "
        "Its answers differ from time to time, and they are billed.",
    )
    _show_programs(console, client.chat(slug))


def _show_programs(console: Console, model: Model) -> None:
    _title(console, "1. An assistant that calls functions")
    _code(console, programs.assistant)
    used, requests = _show_assistant(console, model)
    watched = Watched(model, console)
    _title(console, "2. A typed value")
    _code(console, programs.Invoice, programs.extraction)
    line(console, "output", repr(programs.extraction(watched)))
    _title(console, "3. A forced call")
    _code(console, programs.split_bill, programs.forced_call)
    call = programs.forced_call(watched)
    line(console, "output", f"call.run_sync() gives {call.run_sync()!r}")
    line(console, "total", usage_text(used + watched.usage, requests + watched.requests))


def _show_assistant(console: Console, model: Model) -> tuple[Usage, int]:
    """Run the assistant and show it; return what it used in how many requests."""
    names = [tool.__name__ for tool in programs.TOOLS]
    transcript = Transcript(console, Flow(console, "answer"), tools=names)
    with programs.assistant(model) as run:
        for event in run.events():
            transcript.show(event)
        transcript.end()
    result = run.result
    if result.reason is not None:
        line(console, "limit", result.reason)
    line(console, "usage", usage_text(result.usage, len(result.requests)))
    return result.usage, len(result.requests)


class Watched:
    """A model around a model that shows what is asked and answered.

    Args:
        model: Who is asked.
        console: Where it is shown.
    """

    def __init__(self, model: Model, console: Console) -> None:
        self._model = model
        self._console = console
        self.usage: Usage = NO_USAGE
        """Of all requests."""
        self.requests = 0
        """How many were answered."""

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._model.name

    @property
    def profile(self) -> Profile:
        """The profile of the model."""
        return self._model.profile

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """Return the model's answer.

        Raises:
            APIError: Asking failed.
        """
        names = [_function_name(entry) for entry in request.tools.raw if isinstance(entry, Mapping)]
        said = request_text(len(request.messages), names, choice=request.tool_choice, form=_form(request))
        line(self._console, "request", said)
        completion = await self._model.complete(request, scope)
        self.usage += completion.usage
        self.requests += 1
        if completion.text:
            line(self._console, "answer", readable(completion.text))
        for call in completion.tool_calls:
            line(self._console, "call", call_text(call))
        line(self._console, "usage", usage_text(completion.usage, 1))
        return completion


def _function_name(entry: JsonObject) -> str:
    function = entry.get("function")
    return str(function.get("name")) if isinstance(function, Mapping) else str(entry.get("type"))


def _form(request: ChatRequest) -> str:
    """Return the name of the schema of the answer; empty if none is asked for."""
    params = request.params.raw
    form = params.get("response_format") if isinstance(params, Mapping) else None
    schema = form.get("json_schema") if isinstance(form, Mapping) else None
    return str(schema.get("name")) if isinstance(schema, Mapping) else ""


def _say(console: Console, text: str) -> None:
    for row in Text(text).wrap(console, console.width):
        row.rstrip()
        console.print(row, soft_wrap=True)


def _title(console: Console, title: str) -> None:
    console.print()
    console.rule(Text(title, "bold"), align="left", style="dim")


def _code(console: Console, *parts: Callable[..., object]) -> None:
    """Show functions and classes as they stand."""
    text = "\n".join(inspect.getsource(part) for part in parts)
    shown = Syntax("", "python", theme="ansi_dark").highlight(textwrap.indent(text, "    "))
    shown.rstrip()
    console.print(shown, soft_wrap=True)
    console.print()
