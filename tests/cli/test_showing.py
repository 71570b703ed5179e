"""A run as lines."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from rich.console import Console

from callwright.agent import Agent
from callwright.cli.showing import Transcript, call_text, readable, request_text, usage_text
from callwright.cli.terminal import Flow
from callwright.errors import APIConnectionError, StreamError
from callwright.model import Restarted, Retried
from callwright.testing.scripted import ScriptedModel, Turn, calls
from callwright.tools.context import Progress
from callwright.wire.chat import Delta, Usage
from callwright.wire.messages import AssistantMessage, ToolCall, UserMessage


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def fail(why: str) -> None:
    """Fail."""
    raise ValueError(why)


class Paper:
    """A console that is read, and a transcript on it."""

    def __init__(self, *, tools: list[str] | None = None, thinks: bool = False) -> None:
        self._written = io.StringIO()
        console = Console(file=self._written, width=80, color_system=None)
        thought = Flow(console, "thought") if thinks else None
        self.transcript = Transcript(console, Flow(console, "answer"), thought=thought, tools=tools)

    @property
    def lines(self) -> list[str]:
        self.transcript.end()
        return [line.rstrip() for line in self._written.getvalue().splitlines()]


def watched(*turns: Turn, **options: object) -> list[str]:
    """Run an agent, and return what is seen of it."""
    paper = Paper(tools=["add", "fail"])
    agent = Agent(ScriptedModel(*turns), tools=[add, fail])
    with agent.stream_sync("go", **options) as run:  # type: ignore[call-overload] - any option of a run
        for event in run.events():
            paper.transcript.show(event)
    return paper.lines


def test_a_run_is_shown_step_by_step():
    lines = watched(calls(add, a=1, b=2) + calls("fail", why="no"), "Three, and no.", parallel_tool_calls=False)

    assert lines == [
        "request  1 message; 2 tools: add, fail",
        "call     add(a=1, b=2)",
        'call     fail(why="no")',
        "result   add: 3",
        "error    fail: fail failed: ValueError: no",
        "request  4 messages; 2 tools: add, fail",
        "answer   Three, and no.",
    ]


def test_a_text_beside_calls_ends_before_them():
    turn = {
        "content": "Let me see.",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}}],
    }

    assert watched(turn, "3")[1:3] == ["answer   Let me see.", "call     add(a=1, b=2)"]


def test_a_forced_function_is_told():
    assert "request  1 message; 2 tools: add, fail; tool_choice: add" in watched(
        calls(add, a=1, b=2), "3", tool_choice=add
    )


def test_the_history_counts_as_messages():
    history = [UserMessage("before"), AssistantMessage("yes")]

    assert watched("Hello.", history=history)[0] == "request  3 messages; 2 tools: add, fail"


def test_calls_that_share_an_id_are_told_apart_by_turn():
    def turn(name: str, arguments: str) -> dict[str, object]:
        function = {"name": name, "arguments": arguments}
        return {"content": None, "tool_calls": [{"id": "same", "type": "function", "function": function}]}

    lines = watched(turn("add", '{"a": 1, "b": 2}'), turn("fail", '{"why": "no"}'), "Done.")

    assert "result   add: 3" in lines
    assert "error    fail: fail failed: ValueError: no" in lines


def test_retries_and_progress_are_shown():
    paper = Paper()
    error = APIConnectionError("refused")

    paper.transcript.show(Delta("Half an"))
    paper.transcript.show(Restarted(1, StreamError("cut")))
    paper.transcript.show(Retried(2, 1.25, error))
    paper.transcript.show(Progress("run:1:0", "half way"))

    assert paper.lines == [
        "answer   Half an",
        "retry    cut (StreamError); the answer starts over",
        "retry    refused (APIConnectionError); attempt 3 in 1.2 s",
        "progress half way",
    ]


@pytest.mark.parametrize(("thinks", "seen"), [(True, ["thought  Hm.", "answer   Yes."]), (False, ["answer   Yes."])])
def test_reasoning_is_shown_where_it_is_wanted(thinks: bool, seen: list[str]):  # noqa: FBT001
    paper = Paper(thinks=thinks)

    paper.transcript.show(Delta("", "Hm."))
    paper.transcript.show(Delta("Yes."))

    assert paper.lines == seen


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ('{"city": "Rome", "days": 2, "warm": true, "to": null}', 'f(city="Rome", days=2, warm=True, to=None)'),
        ("{}", "f()"),
        ('{"city": "Ro', 'f({"city": "Ro)'),
        ("[1]", "f([1])"),
        ('{"a": "\\u001b[2J"}', 'f(a="\\u001b[2J")'),
    ],
)
def test_a_call_is_written_as_python_would(arguments: str, written: str):
    assert call_text(ToolCall("1", "f", arguments)).plain == written


def test_a_request_is_told_in_words():
    assert request_text(2, []).plain == "2 messages"
    assert (
        request_text(1, ["f"], form="Invoice").plain == "1 message; 1 tool: f; answer as JSON by the schema 'Invoice'"
    )


def test_usage_is_told_with_its_cost_if_there_is_one():
    assert usage_text(Usage(1200, 34), 2) == "2 requests, 1,200 + 34 tokens"
    assert usage_text(Usage(12, 3, cost=Decimal("0.0000123")), 1) == "1 request, 12 + 3 tokens, $0.000012"


def test_json_gets_blanks_where_a_line_may_end():
    assert readable('{"a":[1,"ö"]}') == '{"a": [1, "ö"]}'
    assert readable("plain: text") == "plain: text"
    assert readable("7") == "7"
