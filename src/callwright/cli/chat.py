"""The command `chat`: a conversation on the terminal, or one question out of a pipe."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from callwright.agent import Agent
from callwright.cli.exits import LIMITED, CommandError, one_line
from callwright.cli.loading import load_tools, name_of
from callwright.cli.service import Address, client_of
from callwright.cli.showing import Transcript, usage_text
from callwright.cli.terminal import Flow, clear_text, line, open_console
from callwright.run.result import RunResult
from callwright.wire.messages import Message

__all__ = ["ChatSettings", "Conversation", "chat"]

_PROMPT = "you> "
_OPENROUTER = Address()


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What the command was told."""

    slug: str | None = None
    """The model; None is the account's default."""
    places: tuple[str, ...] = ()
    """Of tools, see `load_tools`."""
    system: str | None = None
    """The instructions."""
    address: Address = _OPENROUTER
    """Whom to ask."""


def chat(settings: ChatSettings) -> None:
    """Talk until `/quit` or the end of input; with a pipe as input, ask what it holds and stop.

    Raises:
        CommandError: The settings make no sense, there is no key, or nothing came through the pipe.
        SystemExit: A limit cut the only answer short.
        CallwrightError: The only answer failed.
        KeyboardInterrupt: Ctrl-C where no answer was under way.
    """
    tools = [tool for place in settings.places for tool in load_tools(place)]
    out, err = open_console(), open_console(stderr=True)
    with client_of(settings.address) as client:
        agent = Agent(settings.slug, tools=tools, instructions=settings.system, client=client)
        conversation = Conversation(agent, out, err)
        if sys.stdin.isatty():
            _greet(err, settings, [name_of(tool) for tool in tools])
            _converse(conversation, err)
            return
        question = sys.stdin.read().strip()
        if not question:
            raise CommandError("nothing to ask: standard input is empty")
        if conversation.ask(question).status == "limited":
            raise SystemExit(LIMITED)


class Conversation:
    """An agent and what was said to it so far.

    Args:
        agent: Who is asked.
        out: Where answers go.
        err: Where everything else goes.
    """

    def __init__(self, agent: Agent[None, str], out: Console, err: Console) -> None:
        self._agent = agent
        self._out = out
        self._err = err
        self.history: Sequence[Message] = ()
        """What was said; an exchange that failed or was cancelled is not in it."""

    def ask(self, question: str) -> RunResult[str]:
        """Ask, and show the answer as it comes.

        Raises:
            CallwrightError: Asking failed.
            KeyboardInterrupt: Ctrl-C; the request and its tools are cancelled.
        """
        thought = Flow(self._err, "thought") if self._err.is_terminal else None
        transcript = Transcript(self._err, Flow(self._out), thought=thought)
        try:
            with self._agent.stream_sync(question, history=self.history) as run:
                for event in run.events():
                    transcript.show(event)
        finally:
            transcript.end()
        result = run.result
        self.history = result.messages
        if result.reason is not None:
            line(self._err, "limit", f"the answer is not whole: {result.reason}")
        line(self._err, "usage", usage_text(result.usage, len(result.requests)))
        return result


def _greet(console: Console, settings: ChatSettings, tools: Sequence[str]) -> None:
    if settings.address.is_offline:
        whom = "the offline stand-in: a rule-based program, no language model"
    else:
        whom = settings.slug or "the default model"
    console.print(Text.assemble(("callwright chat", "bold"), clear_text(f" with {whom}")), soft_wrap=True)
    console.print(Text(clear_text(f"Tools: {', '.join(tools) or 'none'}")), soft_wrap=True)
    console.print("Ctrl-C cancels an answer; /quit or Ctrl-D ends.", soft_wrap=True)


def _converse(conversation: Conversation, console: Console) -> None:
    with suppress(ImportError):
        # Gives `input` its line editing and history, where there is one.
        importlib.import_module("readline")
    while True:
        question = _read(console)
        match question:
            case None | "/quit":
                return
            case "":
                continue
            case command if command.startswith("/"):
                line(console, "error", f"there is no command {command!r}; /quit ends")
            case _:
                _exchange(conversation, question, console)


def _exchange(conversation: Conversation, question: str, console: Console) -> None:
    """Ask, and say so if it fails: the conversation goes on."""
    try:
        conversation.ask(question)
    except KeyboardInterrupt:
        # The terminal has written ^C where the cursor was.
        console.print()
        line(console, "note", "cancelled; the question is forgotten, too")
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of user code: a toolset may raise anything
        line(console, "error", one_line(error))


def _read(console: Console) -> str | None:
    """Return the next line; None at the end of input.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    try:
        if sys.stdout.isatty():
            return input(_PROMPT).strip()
        # The prompt must not get into the results.
        console.out(_PROMPT, end="")
        console.file.flush()
        return input().strip()
    except EOFError:
        console.print()
        return None
    except KeyboardInterrupt:
        console.print()
        raise
