"""Streams that break after text: what each kind of reader sees."""

from __future__ import annotations

from typing import Any

import pytest

from callwright import Agent, Budget, ChatRequest, Completion, Delta, Limits, Restarted, Scope, StreamError
from callwright.model import NO_SCOPE
from callwright.run.records import Answered, Failed
from callwright.wire.chat import NO_USAGE, Usage
from callwright.wire.profile import OPENROUTER

pytestmark = pytest.mark.anyio


def whole(text: str) -> Completion:
    message: Any = {"role": "assistant", "content": text}
    return Completion({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]})


class Breaking:
    """A model whose stream breaks after text, and that begins anew if the scope lets it."""

    name, profile = "breaking", OPENROUTER

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        del request
        error = StreamError("broke", partial=whole("Half an"))
        if scope.listen is not None:
            await scope.listen(Delta("Half an"))
            if not scope.restart:
                raise error
            assert scope.failed is not None
            await scope.failed(error, error.partial, Usage(3, 2, 5))
            await scope.listen(Restarted(1, error))
            await scope.listen(Delta("A whole answer."))
        return whole("A whole answer.")


async def test_who_reads_text_gets_an_error_with_what_had_come() -> None:
    texts: list[str] = []

    async with Agent(Breaking()).stream("?") as run:
        with pytest.raises(StreamError) as caught:
            async for text in run.text():
                texts.append(text)  # noqa: PERF401 - an error in the middle is to leave what came before

    assert texts == ["Half an"]
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Half an"
    assert caught.value.state is not None


def test_who_reads_text_without_a_loop_gets_it_too() -> None:
    with Agent(Breaking()).stream_sync("?") as run, pytest.raises(StreamError):
        list(run.text())


async def test_who_reads_events_sees_the_restart_and_the_run_goes_on() -> None:
    async with Agent(Breaking()).stream("?") as run:
        events = [event async for event in run.events()]

    assert any(isinstance(event, Restarted) for event in events)
    assert run.result.output == "A whole answer."


async def test_what_was_paid_for_is_recorded_and_counted() -> None:
    async with Agent(Breaking()).stream("?") as run:
        async for _ in run.events():
            pass

    records = run.result.state.records
    failed = next(record for record in records if isinstance(record, Failed))
    assert failed.again
    assert failed.partial is not None
    assert run.result.usage == Usage(3, 2, 5) + NO_USAGE
    assert isinstance(records[-2], Answered)
    assert len(run.result.requests) == 1


async def test_a_shared_budget_books_each_attempt_once() -> None:
    budget = Budget()

    async with Agent(Breaking(), budget=budget).stream("?") as run:
        async for _ in run.events():
            pass

    assert budget.usage.total_tokens == 5
    assert budget.requests == 2


async def test_a_request_knows_when_the_run_must_end() -> None:
    seen: list[float | None] = []

    class Asking(Breaking):
        async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
            seen.append(scope.deadline)
            return await super().complete(request, scope)

    await Agent(Asking()).run("?")
    await Agent(Asking(), limits=Limits(seconds=60)).run("?")

    assert seen[0] is None
    assert seen[1] is not None
