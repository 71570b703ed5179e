"""A run is its records: whatever they are, folding them again gives the same state and the same decision."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright._json import encode
from callwright.errors import StoreError
from callwright.run.decision import Act, Ask, Done, Finish, Live, Wait
from callwright.run.limits import Limits
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
    child_run_id,
    decoded,
    encoded,
)
from callwright.run.state import RunState
from callwright.wire.chat import Completion, Usage
from callwright.wire.messages import AssistantMessage, ToolMessage, UserMessage

LIMITS = Limits(steps=6, tool_calls_per_turn=2)
LIVE = Live(output_tools=frozenset({"final_answer"}))
TEXTS = st.text(max_size=4)


def completion(draw: Any) -> Completion:
    names = draw(st.lists(st.sampled_from(["f", "g", "final_answer"]), max_size=3))
    calls = [
        {
            "id": f"w{index}",
            "type": "function",
            "function": {"name": name, "arguments": draw(st.sampled_from(["{}", "{", '{"a":1}']))},
        }
        for index, name in enumerate(names)
    ]
    message = {"role": "assistant", "content": draw(st.none() | TEXTS), "tool_calls": calls}
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "cost": draw(st.sampled_from([None, 0.25]))}
    finish = draw(st.sampled_from(["stop", "tool_calls", "length"]))
    return Completion({"id": "gen", "choices": [{"finish_reason": finish, "message": message}], "usage": usage})


def next_records(draw: Any, state: RunState) -> list[Record]:  # noqa: PLR0911 - one per decision
    """Return records that may come next, as the loop or the world would write them."""
    if draw(st.integers(0, 9)) == 0 and state.messages:
        return [Compacted(draw(st.integers(0, len(state.messages))), (UserMessage("so far"),), Usage(1, 1, 2))]
    decision = state.decide(LIMITS, LIVE)
    match decision:
        case Ask(limited):
            return asking(draw, state, limited)
        case Act(orders):
            pending, order = draw(st.sampled_from(orders))
            if order in ("run", "hold") and draw(st.booleans()):
                effect = draw(st.sampled_from(["read", "idempotent", "write"]))
                held = CallHeld(pending.id, draw(st.sampled_from(["approval", "external", "in_doubt"])))
                return [CallStarted(pending.id, effect, ("quotes",))] if draw(st.booleans()) else [held]
            return [returned(draw, pending.id, pending.call.id)]
        case Wait(calls):
            is_doubtful = calls[0].held is not None and calls[0].held.why == "in_doubt"
            verdict = draw(st.sampled_from(["deny", "result", "rerun", *([] if is_doubtful else ["approve"])]))
            return [CallDecided(calls[0].id, verdict, draw(st.none() | TEXTS), by="ann")]
        case Finish(_, call):
            if call is not None:
                return [returned(draw, call.id, call.call.id, outcomes=["output", "error"])]
            rejected = Rejected(state.asks, ("no",), (UserMessage("again"),))
            return [Stopped("done", None, {"answer": 1})] if draw(st.booleans()) else [rejected]
        case Done():
            return [Prompted((UserMessage(draw(TEXTS)),))]
        case _:
            return [Steered("stuck", (UserMessage("go on"),)), Stopped("limited", "steps")]


def asking(draw: Any, state: RunState, limited: str | None) -> list[Record]:
    ask = state.asks + 1
    asked = Asked(ask, "m", "t", draw(st.sampled_from([None, "auto", {"type": "function"}])), Decimal("0.1"), limited)
    vote = Voted(ask, "member", completion(draw))
    end = draw(st.sampled_from(["answer", "vote", "fail", "die"]))
    if end == "die":
        return [asked]
    if end == "fail":
        return [asked, Failed(ask, "no", completion(draw) if draw(st.booleans()) else None, Usage(2, 0, 2))]
    return [asked, *([vote] if end == "vote" else []), Answered(ask, completion(draw))]


def returned(
    draw: Any, call: str, wire_id: str, outcomes: Any = ("value", "error", "refused", "denied")
) -> CallReturned:
    message = ToolMessage(draw(TEXTS), tool_call_id=wire_id)
    return CallReturned(call, draw(st.sampled_from(list(outcomes))), message, Usage(cost=Decimal("0.5")), "a note")


@st.composite
def logs(draw: Any) -> list[Record]:
    state = RunState()
    history = (UserMessage("before"), AssistantMessage("yes"))
    parent = draw(st.sampled_from([None, ("up", "up:1:0")]))
    state.apply(Started("run", "print", parent, draw(st.sampled_from([None, ("other", 3)]))))
    state.apply(
        Prompted((UserMessage("?"),), history, "be brief", draw(st.sampled_from([None, "required"])), {"seed": 1})
    )
    for _ in range(draw(st.integers(0, 12))):
        for record in next_records(draw, state):
            state.apply(record)
    return state.records


def derived(state: RunState) -> dict[str, Any]:
    """Return all that a state holds, in a form that can be compared."""
    held = {name: getattr(state, name) for name in RunState.__slots__}
    calls = state.calls.values()
    held["calls"] = [(call.id, call.call, call.held, call.decided, call.started, call.returned) for call in calls]
    return held


@given(log=logs(), data=st.data())
def test_any_log_cut_anywhere_and_passed_through_json_folds_to_the_same_state(log: list[Record], data: Any) -> None:
    cut = log[: data.draw(st.integers(0, len(log)))]
    stored = [decoded(json.loads(encode(encoded(record)))) for record in cut]

    before, after = RunState.of(cut), RunState.of(stored)

    assert before == after
    assert repr(derived(before)) == repr(derived(after))
    if any(isinstance(record, Prompted) for record in cut):
        assert repr(before.decide(LIMITS, LIVE)) == repr(after.decide(LIMITS, LIVE))


@given(log=logs())
def test_deciding_changes_nothing(log: list[Record]) -> None:
    state = RunState.of(log)

    assert repr(state.decide(LIMITS, LIVE)) == repr(state.decide(LIMITS, LIVE))
    assert state.records == log


@given(log=logs())
def test_every_call_is_answered_once_and_in_order(log: list[Record]) -> None:
    """In the conversation, a turn's tool messages follow it directly, one per call, in the order of the calls."""
    messages = RunState.of(log).messages

    for index, message in enumerate(messages):
        if isinstance(message, AssistantMessage) and message.tool_calls:
            ids = [call.id for call in message.tool_calls]
            following = messages[index + 1 : index + 1 + len(ids)]
            if following or index + 1 < len(messages):
                assert [reply.raw["tool_call_id"] for reply in following] == ids


@given(log=logs(), data=st.data())
def test_an_impossible_record_is_refused_and_changes_nothing(log: list[Record], data: Any) -> None:
    state = RunState.of(log)
    before = repr(derived(state))
    stray = data.draw(
        st.sampled_from(
            [
                Started("again", "print"),
                Answered(99, Completion({})),
                Asked(99, "m", "t"),
                Failed(99, "no"),
                CallStarted("run:99:0", "read"),
                CallReturned("run:99:0", "value", ToolMessage("x", tool_call_id="w")),
                CallDecided("run:99:0", "approve"),
                Compacted(10**6, ()),
            ]
        )
    )

    with pytest.raises(StoreError):
        state.apply(stray)

    assert repr(derived(state)) == before


@pytest.mark.parametrize(
    "raw",
    [
        {"kind": "Wish", "v": 1},
        {"kind": "Started", "v": 2, "run_id": "a", "agent": "b"},
        {"kind": "Started", "v": 1},
        {"kind": "Answered", "v": 1, "ask": 1, "completion": None, "x": 1},
        {"kind": "CallReturned", "v": 1, "call": "a", "outcome": "value", "message": {"role": "robot"}},
        {"kind": "Asked", "v": 1, "ask": 1, "model": "m", "tools": "t", "reserved": "much"},
        {"__class__": "os.system", "lc": 1},
    ],
    ids=str,
)
def test_a_stored_record_that_is_not_ours_is_refused(raw: dict[str, Any]) -> None:
    if raw.get("kind") == "Answered":
        assert isinstance(decoded(raw), Answered)  # unknown keys are ignored, so that newer minor versions can be read
        return
    with pytest.raises(StoreError):
        decoded(raw)


def test_the_id_of_a_child_run_names_its_parent_and_call() -> None:
    assert child_run_id("ticket:17:2:0") == "ticket:17/2:0"
