"""The limit: requests begin as fast as allowed and no faster, in order, wherever they come from."""

from __future__ import annotations

import threading

import anyio
import anyio.lowlevel
import pytest

from callwright import (
    Agent,
    APITimeoutError,
    ChatRequest,
    Completion,
    ParameterError,
    ProviderError,
    Scope,
    UserMessage,
)
from callwright.models.limit import Limit
from callwright.testing import FunctionModel, ScriptedModel
from callwright.wire.chat import Encoded

pytestmark = pytest.mark.anyio

REQUEST = ChatRequest([UserMessage("Hi")])


class Manual:
    """A clock on which whoever sleeps moves time on, one after the other."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.now += seconds


class Noting(FunctionModel):
    """A model that notes when it is asked."""

    def __init__(self, clock: Manual, tokens: int = 0) -> None:
        super().__init__(self._answer)
        self.clock = clock
        self.tokens = tokens
        self.times: list[float] = []

    def _answer(self, request: ChatRequest) -> Completion:
        self.times.append(self.clock.now - 1000)
        usage = {"prompt_tokens": self.tokens}
        message = {"role": "assistant", "content": "ok"}
        return Completion({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage})


async def test_no_more_requests_begin_in_any_minute() -> None:
    clock = Manual()
    model = Noting(clock)
    limit = Limit(model, requests_per_minute=2, clock=clock)

    for _ in range(3):
        await limit.complete(REQUEST)
    clock.now += 30
    for _ in range(2):
        await limit.complete(REQUEST)

    assert model.times == [0, 0, 60, 90, 120]


async def test_requests_go_in_the_order_in_which_they_came() -> None:
    clock = Manual()
    model = Noting(clock)
    limit = Limit(model, requests_per_minute=1, clock=clock)

    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(limit.complete, ChatRequest([UserMessage(str(number))]))
            await anyio.lowlevel.checkpoint()

    assert [request.messages[0].text for request in model.requests] == list("01234")
    assert model.times == [0, 60, 120, 180, 240]


async def test_who_gives_up_takes_no_place() -> None:
    class Stopped(Manual):
        async def sleep(self, seconds: float) -> None:
            if seconds > 50:
                await anyio.sleep_forever()
            await super().sleep(seconds)

    clock = Stopped()
    model = Noting(clock)
    limit = Limit(model, requests_per_minute=1, clock=clock)
    await limit.complete(REQUEST)

    for _ in range(5):
        with anyio.move_on_after(0.001):
            await limit.complete(REQUEST)
    clock.now += 59
    await limit.complete(REQUEST)

    assert model.times == [0, 60]


async def test_tokens_are_those_of_the_answers() -> None:
    clock = Manual()
    model = Noting(clock, tokens=60)
    limit = Limit(model, tokens_per_minute=100, clock=clock)

    for _ in range(4):
        await limit.complete(REQUEST)

    assert model.times == [0, 0, 60, 60]


async def test_until_an_answer_says_more_tokens_are_guessed() -> None:
    clock = Manual()
    model = Noting(clock)
    limit = Limit(model, tokens_per_minute=100, clock=clock)

    for _ in range(3):
        await limit.complete(ChatRequest([UserMessage("x" * 40)], params=Encoded({"max_tokens": 50})))

    assert model.times == [0, 60, 120]


async def test_a_request_larger_than_the_limit_goes_alone() -> None:
    clock = Manual()
    model = Noting(clock)
    limit = Limit(model, tokens_per_minute=10, clock=clock)

    for _ in range(2):
        await limit.complete(ChatRequest([UserMessage("x" * 4000)]))

    assert model.times == [0, 60]


async def test_what_failed_without_being_billed_used_no_tokens() -> None:
    clock = Manual()
    limit = Limit(
        ScriptedModel(ProviderError("down", status=503), "ok"), tokens_per_minute=10, requests_per_minute=9, clock=clock
    )

    with pytest.raises(ProviderError):
        await limit.complete(ChatRequest([UserMessage("x" * 40)]))
    await limit.complete(REQUEST)

    assert clock.now == 1000


async def test_who_cannot_begin_before_the_runs_deadline_is_told_at_once() -> None:
    clock = Manual()
    limit = Limit(Noting(clock), requests_per_minute=1, clock=clock)
    await limit.complete(REQUEST)

    with pytest.raises(APITimeoutError, match=r"60\.0 s") as caught:
        await limit.complete(REQUEST, Scope(deadline=1030))

    assert caught.value.which == "run"
    assert clock.now == 1000


async def test_so_many_are_under_way_at_the_same_time() -> None:
    inside, most = 0, 0

    async def answer(request: ChatRequest) -> str:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await anyio.lowlevel.checkpoint()
        inside -= 1
        return "ok"

    limit = Limit(FunctionModel(answer), concurrency=3)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(limit.complete, REQUEST)

    assert most == 3


def test_one_limit_holds_in_all_event_loops() -> None:
    inside, most, lock = 0, 0, threading.Lock()

    async def answer(request: ChatRequest) -> str:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        await anyio.sleep(0.001)
        with lock:
            inside -= 1
        return "ok"

    limit = Limit(FunctionModel(answer), concurrency=2, requests_per_minute=1000)

    async def ask() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(limit.complete, REQUEST)

    threads = [threading.Thread(target=anyio.run, args=(ask,), kwargs={"backend": name}) for name in _BACKENDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 2
    assert inside == 0


_BACKENDS = ["asyncio", "trio", "asyncio"]


@pytest.mark.parametrize(
    "limits", [{}, {"requests_per_minute": 0}, {"tokens_per_minute": -1}, {"concurrency": 0}], ids=str
)
def test_a_limit_limits_something(limits) -> None:
    with pytest.raises(ParameterError):
        Limit(ScriptedModel(), **limits)


async def test_an_agent_runs_within_a_limit() -> None:
    model = ScriptedModel("ok", name="a")
    limit = Limit(model, concurrency=1)

    assert (await Agent(limit).run("Hi")).output == "ok"
    assert (limit.name, limit.profile) == ("a", model.profile)
