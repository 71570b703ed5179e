"""Records as a transcript."""

from __future__ import annotations

from decimal import Decimal

import pytest

from callwright.agent import Agent
from callwright.cli.retelling import transcript
from callwright.cli.transcript import Call, Remark, Said, Step, costs, duration, seen
from callwright.errors import ProviderError
from callwright.run.records import (
    Answered,
    Asked,
    CallDecided,
    CallHeld,
    CallReturned,
    CallStarted,
    Compacted,
    Failed,
    Prompted,
    Record,
    Rejected,
    Started,
    Steered,
    Stopped,
    Voted,
)
from callwright.run.store import MemoryStore
from callwright.run.verdicts import approve, deny
from callwright.testing.scripted import ScriptedModel, Turn, calls
from callwright.tools.tool import tool
from callwright.wire.chat import Completion, Usage
from callwright.wire.messages import AssistantMessage, ToolCall, ToolMessage, UserMessage

pytestmark = pytest.mark.anyio


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool(needs_approval=True)
def pay(amount: int) -> str:
    """Pay."""
    return f"paid {amount}"


async def records_of(*turns: Turn, **options: object) -> list[Record]:
    store = MemoryStore()
    agent = Agent(ScriptedModel(*turns), tools=[add, pay], store=store, instructions="Be brief.")
    await agent.run("go", run_id="r", **options)  # type: ignore[call-overload] - any option of a run
    return list(await store.load("r"))


def completion(text: str | None = "hi", **message: object) -> Completion:
    raw = {"role": "assistant", "content": text, **message}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "cost": 0.5}
    choice = {"index": 0, "finish_reason": "stop", "message": raw}
    return Completion({"id": "g", "model": "m/x", "provider": "P", "choices": [choice], "usage": usage})  # type: ignore[dict-item]


BEGUN = (Started("r", "print"), Prompted((UserMessage("go"),)))
PAY = {"tool_calls": [{"id": "c", "type": "function", "function": {"name": "pay", "arguments": '{"amount": 3}'}}]}


async def test_a_run_is_told_in_the_order_in_which_it_happened() -> None:
    told = transcript(await records_of(calls(add, a=1, b=2), "Three."))

    said = [(item.role, item.text) for item in told.items if isinstance(item, Said)]
    steps = [item for item in told.items if isinstance(item, Step)]
    assert (told.run_id, told.status, told.output, told.records) == ("r", "done", "Three.", 9)
    assert said == [("system", "Be brief."), ("user", "go")]
    assert [(step.number, step.seq, step.text) for step in steps] == [(1, 2, ""), (2, 6, "Three.")]
    assert [(call.id, call.name, call.state, call.result) for call in told.calls] == [("r:1:0", "add", "result", "3")]


async def test_times_and_costs_are_those_of_each_step_and_call() -> None:
    records = [
        *BEGUN,
        Asked(1, "m", ""),
        Answered(1, completion(None, **PAY)),
        CallStarted("r:1:0", "write"),
        CallReturned("r:1:0", "value", ToolMessage("ok", tool_call_id="c"), usage=Usage(cost=Decimal("0.25"))),
    ]

    told = transcript(records, times=[100.0, 100.0, 101.0, 103.5, 104.0, 104.25])

    (step,) = [item for item in told.items if isinstance(item, Step)]
    assert (step.answered_by, step.seconds, step.usage.total_tokens) == ("m/x by P", 2.5, 7)
    assert (step.calls[0].seconds, step.calls[0].usage.cost) == (0.25, Decimal("0.25"))
    assert (told.seconds, told.usage.cost) == (4.25, Decimal("0.75"))


async def test_without_times_nothing_is_said_of_them() -> None:
    told = transcript(await records_of("hi"))

    assert told.seconds is None
    assert [item.seconds for item in told.items if isinstance(item, Step)] == [None]


async def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    told = transcript([*BEGUN, Asked(1, "m", ""), Answered(1, completion())], times=[9.0, 9.0, 9.0, 4.0])

    assert [item.seconds for item in told.items if isinstance(item, Step)] == [0.0]


async def test_repairs_of_arguments_are_told_with_their_call() -> None:
    told = transcript(await records_of(calls("add", raw_arguments="{'a': 1, 'b': 2,}"), "3"))

    assert told.calls[0].repairs == ("single quotes", "a trailing comma")
    assert told.calls[0].arguments == "{'a': 1, 'b': 2,}"


async def test_attempts_that_failed_are_told_with_the_step_that_they_led_to() -> None:
    records = [
        *BEGUN,
        Asked(1, "m", ""),
        Failed(1, "APIConnectionError: refused", usage=Usage(total_tokens=3), again=True),
        Failed(1, "ProviderError: down", again=True),
        Answered(1, completion()),
        Stopped("done", None, "hi"),
    ]

    told = transcript(records)

    (step,) = [item for item in told.items if isinstance(item, Step)]
    assert [retry.error for retry in step.retries] == ["APIConnectionError: refused", "ProviderError: down"]
    assert (step.error, step.number, told.requests, told.usage.total_tokens) == (None, 1, 3, 10)


async def test_a_request_that_failed_says_why() -> None:
    store = MemoryStore()
    agent = Agent(ScriptedModel(ProviderError("down", status=502, retryable=True)), store=store)
    with pytest.raises(ProviderError):
        await agent.run("go", run_id="r")

    told = transcript(await store.load("r"))

    (step,) = [item for item in told.items if isinstance(item, Step)]
    assert (step.number, step.error, step.is_open, told.status) == (None, "ProviderError: down", False, "open")


async def test_a_request_that_was_cut_off_is_open() -> None:
    (step,) = [item for item in transcript([*BEGUN, Asked(1, "m", "")]).items if isinstance(item, Step)]

    assert step.is_open


async def test_a_held_call_waits_and_tells_what_was_decided_by_whom_and_when() -> None:
    records = [
        *BEGUN,
        Asked(1, "m", ""),
        Answered(1, completion(None, **PAY)),
        CallHeld("r:1:0", "approval", '{"amount":3}'),
    ]
    held = transcript(records)

    records += [CallDecided("r:1:0", "approve", arguments='{"amount":2}', by="ann"), CallStarted("r:1:0", "write")]
    decided = transcript(records, times=[0.0, 0.0, 0.0, 0.0, 0.0, 7200.0, 7200.0])

    assert held.waiting == [("r:1:0", "pay", '{"amount":3}', "approval")]
    assert (held.status, held.calls[0].state) == ("paused", "waits for approval")
    assert decided.waiting == []
    assert decided.calls[0].holds[0].verdict == 'allowed by ann, with other arguments: {"amount":2}, after 2 h 0 min'
    assert decided.calls[0].state == "begun; no result was recorded; whether it was done is in doubt"


async def test_a_denied_call_says_why() -> None:
    store = MemoryStore()
    agent = Agent(ScriptedModel(calls(pay, amount=1), "No."), tools=[pay], store=store)
    paused = await agent.run("go", run_id="r")
    await agent.resume("r", deny(paused.pending[0].id, "too much", by="bob"))

    (call,) = transcript(await store.load("r")).calls

    assert (call.state, call.holds[0].verdict) == ("denied", "denied by bob: too much")


async def test_what_waits_within_a_sub_agent_is_told_as_its_own() -> None:
    store = MemoryStore()
    inner = Agent(ScriptedModel(calls(pay, amount=1), "Paid."), tools=[pay])
    asks = inner.as_tool(name="ask", description="Ask.")
    outer = Agent(ScriptedModel(calls(asks, prompt="pay"), "Done."), tools=[asks], store=store)
    paused = await outer.run("go", run_id="r")

    child = transcript(await store.load("r/1:0"))
    told = transcript(await store.load("r"), children={"r:1:0": child})

    assert told.waiting == [("r/1:0:1:0", "pay", '{"amount":1}', "approval")]
    assert told.calls[0].child is child
    await outer.resume("r", approve(paused.pending[0].id))
    assert transcript(await store.load("r")).status == "done"


async def test_a_result_is_whole_also_where_the_model_was_told_its_beginning() -> None:
    returned = CallReturned("r:1:0", "value", ToolMessage("beg", tool_call_id="c"), rest="beginning and end")
    told = transcript([*BEGUN, Asked(1, "m", ""), Answered(1, completion(None, **PAY)), returned])

    assert (told.calls[0].result, told.calls[0].is_told_in_part) == ("beginning and end", True)


async def test_what_the_loop_puts_in_is_told() -> None:
    records = [
        *BEGUN,
        Asked(1, "m", "", limited="steps: 1"),
        Voted(1, "a", completion()),
        Answered(1, completion("?", reasoning="Hm.")),
        Rejected(1, ("no number",), (UserMessage("Again."),)),
        Steered("circle", (UserMessage("Stop."),)),
        Compacted(1, (UserMessage("In short."),), Usage(total_tokens=4)),
        Stopped("limited", "steps: 1"),
        Prompted(
            (UserMessage("next"),), (AssistantMessage("old", tool_calls=(ToolCall("1", "f", "{}"),)),), notes=("cut",)
        ),
    ]

    told = transcript(records)

    (step,) = [item for item in told.items if isinstance(item, Step)]
    assert (step.limited, step.votes, step.reasoning, step.problems) == ("steps: 1", 1, "Hm.", ("no number",))
    said = [(item.role, item.text, item.is_history) for item in told.items if isinstance(item, Said)][1:]
    assert said == [
        ("user", "Again.", False),
        ("user", "Stop.", False),
        ("user", "In short.", False),
        ("assistant", "old\nf({})", True),
        ("user", "next", False),
    ]
    assert [item.label for item in told.items if isinstance(item, Remark)] == ["steered", "compacted", "repaired"]
    assert (told.status, told.reason, told.usage.total_tokens) == ("open", None, 11)


async def test_images_and_files_are_words_beside_the_text() -> None:
    parts = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
    ]
    told = transcript([Started("r", "p"), Prompted((UserMessage(parts),))])  # type: ignore[arg-type] - as written by hand

    (said,) = [item for item in told.items if isinstance(item, Said)]
    assert said.text == "look\n[image]\n[image: https://x.example/a.png]\n[file: a.pdf]\n[audio]"
    assert said.images == ("data:image/png;base64,AA==", "https://x.example/a.png")


async def test_a_log_that_makes_no_sense_is_told_as_far_as_it_does() -> None:
    """Whoever looks at a damaged log wants to see it."""
    told = transcript(
        [
            Answered(3, completion()),
            CallReturned("x:1:0", "value", ToolMessage("", tool_call_id="c")),
            CallDecided("y:1:0", "deny"),
            Stopped("done"),
        ]
    )

    assert (told.run_id, told.status, told.items) == ("", "done", [])
    assert transcript([]).items == []


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        *[(-1.0, "0 ms"), (0.0424, "42 ms"), (0.0999, "0.1 s"), (1.25, "1.2 s"), (59.96, "1 min 0 s")],
        *[(125.4, "2 min 5 s"), (3599.0, "1 h 0 min"), (7260.0, "2 h 1 min"), (93600.0, "1 d 2 h")],
    ],
)
def test_a_span_is_told_in_two_units(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_costs_say_only_what_is_known() -> None:
    assert costs(Usage()) == []
    assert costs(Usage(1200, 34, 1234, 900, cost=Decimal("0.01")), 2.0) == [
        "2.0 s",
        "1,200 (900 cached) + 34 tokens",
        "$0.010000",
    ]


def test_keys_are_not_shown() -> None:
    assert seen("a\r\nsk-or-v1-abcdef0123456789") == "a\nsk-***"


def test_states_of_a_call() -> None:
    call = Call("r:1:0", "f", "{}")
    assert call.state == "not begun"
    call.effect = "read"
    assert call.state == "begun; no result was recorded"
