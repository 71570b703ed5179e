"""Showing: a run as lines on a terminal, each event when it comes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from callwright._json import JsonValue, decode, encode
from callwright.cli.exits import one_line
from callwright.cli.terminal import Flow, clear_text, line, shortened
from callwright.loop import Event
from callwright.model import Restarted, Retried
from callwright.run.records import Answered, Asked, CallReturned, Prompted, Rejected, Steered
from callwright.tools.context import Progress
from callwright.wire.chat import Delta, ToolChoice, Usage
from callwright.wire.messages import ToolCall

__all__ = ["Transcript", "call_text", "readable", "request_text", "usage_text"]


class Transcript:
    """Shows one run.

    Args:
        console: Where calls, results and retries go.
        answer: Where the text of the answer goes.
        thought: Where the model's reasoning goes; None: nowhere.
        tools: The names of the tools, to be told with each request; None: requests are not shown.
    """

    def __init__(
        self, console: Console, answer: Flow, *, thought: Flow | None = None, tools: Sequence[str] | None = None
    ) -> None:
        self._console = console
        self._answer = answer
        self._thought = thought
        self._tools = tools
        self._messages = 0
        self._names: dict[str, str] = {}

    def know(self, calls: Iterable[ToolCall]) -> None:
        """Take note of calls that were made before the transcript began, so that their results have names."""
        self._names.update({call.id: call.name for call in calls})

    def show(self, event: Event) -> None:
        """Show an event; most records say nothing that is not seen anyway."""
        match event:
            case Delta():
                self._write(event)
            case Prompted():
                self._messages += len(event.history) + len(event.messages) + (event.instructions is not None)
            case Asked():
                self._ask(event)
            case Answered():
                self._messages += 1
                self._show_calls(event)
            case CallReturned():
                self._messages += 1
                self._show_result(event)
            case Rejected():
                self._messages += len(event.messages)
                self._line("retry", f"the answer is not valid: {shortened('; '.join(event.problems))}")
            case Steered():
                self._messages += len(event.messages)
            case _:
                self._show_trouble(event)

    def end(self) -> None:
        """End the line of the text, if one is open."""
        for flow in (self._thought, self._answer):
            if flow is not None:
                flow.end()

    def _line(self, label: str, said: str | Text) -> None:
        self.end()
        line(self._console, label, said)

    def _write(self, delta: Delta) -> None:
        if delta.reasoning and self._thought is not None:
            self._thought.write(delta.reasoning)
        if delta.text:
            if self._thought is not None:
                self._thought.end()
            self._answer.write(delta.text)

    def _ask(self, asked: Asked) -> None:
        if self._tools is not None:
            self._line("request", request_text(self._messages, self._tools, choice=asked.tool_choice))
        elif asked.limited is not None:
            self._line("limit", f"{asked.limited}; asking for an answer from what there is")

    def _show_calls(self, answered: Answered) -> None:
        self.end()
        for call in answered.completion.tool_calls:
            self._names[call.id] = call.name
            self._line("call", call_text(call))

    def _show_result(self, returned: CallReturned) -> None:
        message = returned.message
        label = "result" if returned.outcome in ("value", "output") else "error"
        name = clear_text(self._names.get(message.tool_call_id, ""))
        said = clear_text(shortened(readable(message.text)))
        self._line(label, Text.assemble((name, "bold"), f": {said}"))

    def _show_trouble(self, event: Event) -> None:
        match event:
            case Retried():
                self._line("retry", f"{one_line(event.error)}; attempt {event.attempt + 1} in {event.wait:.1f} s")
            case Restarted():
                self._line("retry", f"{one_line(event.error)}; the answer starts over")
            case Progress():
                self._line("progress", shortened(str(event.value)))
            case _:
                pass


def request_text(messages: int, tools: Sequence[str], *, choice: ToolChoice | None = None, form: str = "") -> Text:
    """Return what a request holds, in words.

    Args:
        messages: How many.
        tools: Their names.
        choice: As the request has it.
        form: The name of the form in which the answer is asked for; empty if it is free.
    """
    parts = [f"{messages} message{'' if messages == 1 else 's'}"]
    if tools:
        parts.append(f"{len(tools)} tool{'' if len(tools) == 1 else 's'}: {', '.join(tools)}")
    if choice is not None:
        parts.append(f"tool_choice: {_choice_text(choice)}")
    if form:
        parts.append(f"answer as JSON by the schema {form!r}")
    return Text(clear_text("; ".join(parts)))


def call_text(call: ToolCall) -> Text:
    """Return a call as Python would write it; arguments that are no JSON object as the model wrote them."""
    try:
        arguments = decode(call.arguments)
    except ValueError:
        arguments = None
    if isinstance(arguments, Mapping):
        written = ", ".join(f"{name}={_literal(value)}" for name, value in arguments.items())
    else:
        written = call.arguments
    return Text.assemble((clear_text(call.name), "bold"), f"({clear_text(shortened(written))})")


def readable(text: str) -> str:
    """Return `text` with blanks where a line may end, if it is a JSON object or array; else as it is."""
    try:
        value = decode(text)
    except ValueError:
        return text
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list) else text


def usage_text(usage: Usage, requests: int) -> str:
    """Return what `requests` requests used: tokens and, if the service said, US dollars."""
    cost = "" if usage.cost is None else f", ${usage.cost:.6f}"
    plural = "" if requests == 1 else "s"
    return f"{requests} request{plural}, {usage.prompt_tokens:,} + {usage.completion_tokens:,} tokens{cost}"


def _choice_text(choice: ToolChoice) -> str:
    if isinstance(choice, str):
        return choice
    function = choice.get("function")
    return str(function.get("name")) if isinstance(function, Mapping) else encode(choice).decode()


def _literal(value: JsonValue) -> str:
    """Return a JSON value as Python would write it, but for its quotes."""
    match value:
        case True | False | None:
            return str(value)
        case _:
            return encode(value).decode()
