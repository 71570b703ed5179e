"""What comes next: the decision of a run, case by case."""

from __future__ import annotations

import pytest

from callwright.errors import StoreError
from callwright.run.decision import Act, Ask, Done, Exhausted, Finish, Live, Wait
from callwright.run.limits import Limits
from callwright.run.records import (
    Answered,
    Asked,
    CallDecided,
    CallHeld,
    CallReturned,
    CallStarted,
    Failed,
    Prompted,
    Record,
    Rejected,
    Started,
    Stopped,
)
from callwright.run.state import RunState
from callwright.wire.chat import Completion
from callwright.wire.messages import ToolMessage, UserMessage

LIVE = Live(output_tools=frozenset({"final_answer"}))
LIMITS = Limits()
OPENING: tuple[Record, ...] = (Started("r", "print"), Prompted((UserMessage("?"),), tool_choice="required"))


def turn(
    *names: str, ask: int = 1, finish: str = "tool_calls", text: str | None = None, limited: str | None = None
) -> tuple[Record, ...]:
    calls = [
        {"id": f"w{index}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        for index, name in enumerate(names)
    ]
    message = {"role": "assistant", "content": text, "tool_calls": calls}
    raw = {"choices": [{"finish_reason": finish, "message": message}]}
    return Asked(ask, "m", "t", limited=limited), Answered(ask, Completion(raw))


def done(index: int, ask: int = 1) -> CallReturned:
    return CallReturned(f"r:{ask}:{index}", "value", ToolMessage(f"result {index}", tool_call_id=f"w{index}"))


def decide(*records: Record, limits: Limits = LIMITS, live: Live = LIVE) -> object:
    return RunState.of([*OPENING, *records]).decide(limits, live)


def orders(decision: object) -> dict[str, str]:
    assert isinstance(decision, Act)
    return {pending.id: order for pending, order in decision.calls}


def test_a_prompt_is_asked() -> None:
    assert decide() == Ask()


def test_calls_are_run() -> None:
    assert orders(decide(*turn("f", "g"))) == {"r:1:0": "run", "r:1:1": "run"}


def test_only_what_has_not_returned_is_run() -> None:
    assert orders(decide(*turn("f", "g"), done(1))) == {"r:1:0": "run"}


def test_after_all_calls_the_model_is_asked_again() -> None:
    assert decide(*turn("f"), done(0)) == Ask()


def test_results_stand_in_the_order_of_the_calls() -> None:
    state = RunState.of([*OPENING, *turn("f", "g"), done(1), done(0)])

    assert [message.text for message in state.messages[-2:]] == ["result 0", "result 1"]


def test_a_text_finishes() -> None:
    assert isinstance(decide(*turn(finish="stop", text="hi")), Finish)


def test_a_call_of_the_output_finishes_after_the_other_calls() -> None:
    first = decide(*turn("final_answer", "f"))
    second = decide(*turn("final_answer", "f"), done(1))

    assert orders(first) == {"r:1:1": "run"}
    assert isinstance(second, Finish)
    assert second.call is not None
    assert second.call.id == "r:1:0"


def test_an_output_that_was_taken_is_not_asked_for_again_after_a_crash() -> None:
    taken = CallReturned("r:1:0", "output", ToolMessage("Accepted.", tool_call_id="w0"))

    assert isinstance(decide(*turn("final_answer"), taken), Finish)


def test_no_call_of_a_cut_answer_is_run() -> None:
    assert orders(decide(*turn("f", "g", finish="length"))) == {"r:1:0": "cut", "r:1:1": "cut"}


def test_a_cut_call_of_the_output_is_read_so_that_it_can_be_told() -> None:
    assert isinstance(decide(*turn("final_answer", finish="length")), Finish)


def test_calls_beyond_the_limit_of_a_turn_are_not_run() -> None:
    decision = decide(*turn("f", "f", "f"), limits=Limits(tool_calls_per_turn=2))

    assert list(orders(decision).values()) == ["run", "run", "excess"]


@pytest.mark.parametrize(("effect", "order"), [("read", "run"), ("idempotent", "run"), ("write", "hold")])
def test_a_call_that_began_and_never_returned_runs_again_only_if_that_is_safe(effect: str, order: str) -> None:
    started = CallStarted("r:1:0", effect)  # type: ignore[arg-type]

    assert orders(decide(*turn("f"), started)) == {"r:1:0": order}


def test_held_calls_are_waited_for_once_their_siblings_are_done() -> None:
    held = CallHeld("r:1:0", "approval")

    assert orders(decide(*turn("f", "g"), held)) == {"r:1:1": "run"}
    assert isinstance(decide(*turn("f", "g"), held, done(1)), Wait)


@pytest.mark.parametrize(("verdict", "order"), [("approve", "run"), ("deny", "deny"), ("result", "answer")])
def test_a_decision_is_followed(verdict: str, order: str) -> None:
    decided = CallDecided("r:1:0", verdict)  # type: ignore[arg-type]

    assert orders(decide(*turn("f"), CallHeld("r:1:0", "approval"), decided)) == {"r:1:0": order}


def test_a_call_in_doubt_runs_again_only_by_decision() -> None:
    before = [*turn("f"), CallStarted("r:1:0", "write"), CallHeld("r:1:0", "in_doubt")]

    assert orders(decide(*before, CallDecided("r:1:0", "rerun"))) == {"r:1:0": "run"}
    with pytest.raises(StoreError, match="decide by rerun, provide or deny"):
        decide(*before, CallDecided("r:1:0", "approve"))


def test_at_the_last_permitted_step_an_answer_is_asked_for() -> None:
    assert decide(*turn("f"), done(0), limits=Limits(steps=2)) == Ask("steps: 2")
    assert decide(limits=Limits(steps=1), live=Live(has_tools=False)) == Ask()


def test_calls_that_come_although_tools_were_withheld_are_not_run() -> None:
    assert orders(decide(*turn("f", limited="steps: 1"))) == {"r:1:0": "withheld"}


def test_beyond_the_last_step_nothing_is_asked() -> None:
    assert decide(*turn("f"), done(0), limits=Limits(steps=1)) == Exhausted("steps: 1 of 1")


@pytest.mark.parametrize("limits", [Limits(requests=1), Limits(seconds=5.0)], ids=["requests", "seconds"])
def test_other_limits_stop_the_next_request(limits: Limits) -> None:
    live = Live(elapsed=5.0)

    assert isinstance(decide(*turn("f"), done(0), limits=limits, live=live), Exhausted)


def test_a_failed_request_counts_and_is_asked_again() -> None:
    state = RunState.of([*OPENING, Asked(1, "m", "t"), Failed(1, "no")])

    assert (state.requests, state.steps, state.decide(Limits(), LIVE)) == (1, 0, Ask())


def test_a_request_that_never_came_back_is_asked_again() -> None:
    assert decide(Asked(1, "m", "t")) == Ask()


def test_a_rejected_answer_is_asked_for_again() -> None:
    rejected = Rejected(1, ("no",), (UserMessage("again"),))

    assert decide(*turn(finish="stop", text="hi"), rejected) == Ask()


def test_a_stopped_run_is_done() -> None:
    stopped = Stopped("done", None, "hi")

    assert decide(*turn(finish="stop", text="hi"), stopped) == Done(stopped)


def test_a_forced_choice_is_released_after_the_first_answer() -> None:
    fresh, later = RunState.of(OPENING), RunState.of([*OPENING, *turn("f"), done(0)])

    assert (fresh.tool_choice, later.tool_choice) == ("required", "auto")


def test_a_second_prompt_has_the_whole_step_limit_and_its_own_choice() -> None:
    records = [*turn(finish="stop", text="hi"), Stopped("done", None, "hi"), Prompted((UserMessage("and?"),))]
    state = RunState.of([*OPENING, *records])

    assert (state.turns, state.steps, state.tool_choice) == (0, 1, None)
    assert [message.text for message in state.messages] == ["?", "hi", "and?"]


def test_an_empty_turn_does_not_enter_the_conversation() -> None:
    state = RunState.of([*OPENING, *turn(finish="stop", text="")])

    assert [message.text for message in state.messages] == ["?"]
