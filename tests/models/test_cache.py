"""The cache: equal requests are asked once, whoever asks, and nothing else is mistaken for one."""

from __future__ import annotations

from decimal import Decimal

import anyio
import anyio.lowlevel
import pytest

from callwright import (
    Agent,
    APITimeoutError,
    ChatRequest,
    Completion,
    Delta,
    ProviderError,
    Scope,
    StoreError,
    UserMessage,
)
from callwright.models.answers import MemoryAnswers, SQLiteAnswers
from callwright.models.cache import Cache, is_cached
from callwright.models.fallback import Fallback
from callwright.models.limit import Limit
from callwright.testing import FunctionModel, ScriptedModel, calls
from callwright.wire.chat import Encoded
from callwright.wire.messages import message_of
from callwright.wire.profile import COMPATIBLE

pytestmark = pytest.mark.anyio


def asking(text: str = "Hi", **params) -> ChatRequest:
    return ChatRequest([UserMessage(text)], params=Encoded(params))


def answer(content="ok", finish="stop", **more) -> Completion:
    message = {"role": "assistant", "content": content, **more}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.25}
    return Completion({"id": "gen-1", "choices": [{"message": message, "finish_reason": finish}], "usage": usage})


class Wall:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    return MemoryAnswers() if request.param == "memory" else SQLiteAnswers(tmp_path / "answers.db")


async def test_an_equal_request_is_not_asked_again(store) -> None:
    model = ScriptedModel(answer())
    cache = Cache(model, store)

    first, again = await cache.complete(asking(seed=1)), await cache.complete(asking(seed=1))

    assert (first.text, again.text, again.id) == ("ok", "ok", "gen-1")
    assert len(model.requests) == 1
    assert [is_cached(first), is_cached(again)] == [False, True]


async def test_a_kept_answer_costs_nothing_and_says_what_it_did(store) -> None:
    cache = Cache(ScriptedModel(answer()), store, clock=Wall())
    await cache.complete(asking())

    again = await cache.complete(asking())

    assert (again.usage.total_tokens, again.usage.cost) == (0, Decimal(0))
    assert again.raw["callwright_cached"] == {
        "at": 1000.0,
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.25},
    }


async def test_the_order_of_keys_and_who_streams_make_no_difference() -> None:
    model = ScriptedModel("ok", profile=COMPATIBLE)
    cache = Cache(model)

    await cache.complete(ChatRequest([message_of({"role": "user", "content": "Hi"})], params=Encoded({"a": 1, "b": 2})))
    await cache.complete(
        ChatRequest(
            [message_of({"content": "Hi", "role": "user"})],
            params=Encoded({"b": 2, "a": 1, "stream_options": {"include_usage": True}, "session_id": "s"}),
            headers={"x-any": "1"},
        )
    )

    assert len(model.requests) == 1


@pytest.mark.parametrize(
    "other",
    [
        asking("Ho"),
        asking(temperature=0),
        asking(seed=2),
        ChatRequest([UserMessage("Hi")], tools=Encoded([{"type": "openrouter:datetime"}])),
        ChatRequest([UserMessage("Hi"), UserMessage("Hi")]),
    ],
    ids=["text", "parameter", "seed", "tools", "messages"],
)
async def test_another_request_is_another_question(other) -> None:
    model = ScriptedModel("one", "two")
    cache = Cache(model)
    await cache.complete(asking())

    assert (await cache.complete(other)).text == "two"


async def test_models_and_spaces_do_not_meet_in_one_store() -> None:
    store = MemoryAnswers()

    one = await Cache(ScriptedModel("one", name="a"), store).complete(asking())
    two = await Cache(ScriptedModel("two", name="b"), store).complete(asking())
    three = await Cache(ScriptedModel("three", name="a"), store, space="x").complete(asking())

    assert [one.text, two.text, three.text] == ["one", "two", "three"]


async def test_an_answer_that_is_too_old_is_asked_for_again(store) -> None:
    clock = Wall()
    cache = Cache(ScriptedModel("one", "two"), store, max_age=60, clock=clock)
    await cache.complete(asking())

    clock.now += 60
    same = await cache.complete(asking())
    clock.now += 1
    other = await cache.complete(asking())

    assert (same.text, other.text) == ("one", "two")


async def test_who_streams_hears_a_kept_answer() -> None:
    def look(place: str) -> str:
        """Look."""
        return place

    cache = Cache(ScriptedModel(calls(look, place="box")))
    await cache.complete(asking())
    heard = []

    async def listen(event):
        heard.append(event)

    await cache.complete(asking(), Scope(listen=listen))

    (delta,) = heard
    assert isinstance(delta, Delta)
    assert (delta.calls[0].name, delta.finish_reason, delta.ready[0][1].arguments) == (
        "look",
        "tool_calls",
        '{"place":"box"}',
    )


async def test_an_agent_runs_twice_for_the_price_of_once(store) -> None:
    def look(place: str) -> str:
        """Look."""
        return f"nothing in {place}"

    model = ScriptedModel(calls(look, place="box"), answer("Nothing."))
    agent = Agent(Cache(model, store), tools=[look])

    first, again = await agent.run("Where?"), await agent.run("Where?")
    async with agent.stream("Where?") as run:
        text = "".join([piece async for piece in run.text()])

    assert first.output == again.output == text == "Nothing."
    assert again.usage.total_tokens == 0
    assert len(model.requests) == 2


@pytest.mark.parametrize(
    "bad",
    [answer(finish="content_filter"), answer(finish=None), answer(""), answer(None)],
    ids=["filtered", "unfinished", "empty", "null"],
)
async def test_an_answer_that_may_be_better_next_time_is_not_kept(bad) -> None:
    cache = Cache(ScriptedModel(bad, "better"))

    assert await cache.complete(asking()) is bad
    assert (await cache.complete(asking())).text == "better"


@pytest.mark.parametrize(
    "good", [answer(finish="length"), answer(None, images=[{"type": "image_url"}])], ids=["length", "image"]
)
async def test_an_answer_need_not_be_a_whole_text_to_be_kept(good) -> None:
    cache = Cache(ScriptedModel(good))
    await cache.complete(asking())

    assert is_cached(await cache.complete(asking()))


async def test_errors_are_not_kept() -> None:
    cache = Cache(ScriptedModel(ProviderError("down", status=503), "ok"))
    with pytest.raises(ProviderError):
        await cache.complete(asking())

    assert (await cache.complete(asking())).text == "ok"


class Waiting(FunctionModel):
    """A model that answers when it is let."""

    def __init__(self, *turns) -> None:
        super().__init__(self._answer)
        self.turns = list(turns)
        self.open = anyio.Event()

    async def _answer(self, request):
        await self.open.wait()
        return self.turns.pop(0)


async def together(cache, model, count=5, **scope):
    """Ask the same thing so many times at once; return what came of each."""
    outcomes = []

    async def ask() -> None:
        try:
            outcomes.append(await cache.complete(asking(), Scope(**scope)))
        except ProviderError as error:
            outcomes.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        model.open.set()
    return outcomes


async def test_equal_requests_at_the_same_time_are_asked_once() -> None:
    model = Waiting(answer())

    outcomes = await together(Cache(model), model)

    assert len(model.requests) == 1
    assert sorted(map(is_cached, outcomes)) == [False, True, True, True, True]
    assert sum(outcome.usage.total_tokens for outcome in outcomes) == 7


async def test_if_the_one_who_asks_fails_all_who_wait_fail_and_the_next_asks_anew() -> None:
    model = Waiting(ProviderError("down", status=503, partial=answer()), "ok")
    cache = Cache(model)

    outcomes = await together(cache, model)
    later = await cache.complete(asking())

    assert [type(outcome) for outcome in outcomes] == [ProviderError] * 5
    assert len({id(outcome) for outcome in outcomes}) == 5
    assert sum(outcome.partial is not None for outcome in outcomes) == 1
    assert later.text == "ok"
    assert len(model.requests) == 2


async def test_the_deadline_of_one_run_is_not_that_of_the_others() -> None:
    cache = Cache(ScriptedModel(APITimeoutError("late", which="run"), "ok"))
    outcomes = []

    async def ask() -> None:
        try:
            outcomes.append((await cache.complete(asking())).text)
        except APITimeoutError:
            outcomes.append("late")

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)

    assert sorted(outcomes) == ["late", "ok"]


async def test_if_the_one_who_asks_is_cancelled_the_next_one_asks() -> None:
    model = Waiting("ok")
    cache = Cache(model)
    answers = []

    async def ask() -> None:
        answers.append((await cache.complete(asking())).text)

    async with anyio.create_task_group() as group:
        async with anyio.create_task_group() as first:
            first.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            first.cancel_scope.cancel()
        model.open.set()

    assert answers == ["ok"]
    assert len(model.requests) == 2


async def test_who_comes_while_an_answer_is_being_kept_does_not_ask_again() -> None:
    class Slow(MemoryAnswers):
        async def put(self, key: str, answer: bytes) -> None:
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
            group.start_soon(ask)
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
            await super().put(key, answer)

    model = ScriptedModel("ok")
    cache = Cache(model, Slow())
    answers = []

    async def ask() -> None:
        answers.append((await cache.complete(asking())).text)

    async with anyio.create_task_group() as group:
        group.start_soon(ask)

    assert answers == ["ok", "ok"]


class Broken:
    """A store that fails."""

    def __init__(self, *, reads: bool) -> None:
        self.reads = reads

    async def get(self, key: str) -> None:
        if not self.reads:
            raise StoreError("the disk is gone")

    async def put(self, key: str, answer: bytes) -> None:
        raise StoreError("the disk is full")


async def test_an_answer_that_cannot_be_kept_is_not_lost(caplog) -> None:
    assert (await Cache(ScriptedModel("ok"), Broken(reads=True)).complete(asking())).text == "ok"
    assert "the disk is full" in caplog.text


async def test_a_store_that_cannot_be_read_is_an_error_before_anything_is_paid() -> None:
    model = ScriptedModel("ok")

    with pytest.raises(StoreError):
        await Cache(model, Broken(reads=False)).complete(asking())

    assert model.requests == []


@pytest.mark.parametrize("kept", [b"", b"{", b"[]", b'{"at": 1}', b'{"at": "x", "answer": {}}', b"\xff"], ids=repr)
async def test_what_cannot_be_read_as_an_answer_is_asked_for(kept, store) -> None:
    class Odd(MemoryAnswers):
        async def get(self, key: str) -> bytes | None:
            return kept

    assert (await Cache(ScriptedModel("ok"), Odd()).complete(asking())).text == "ok"


async def test_models_around_models_compose_in_any_order() -> None:
    down = ProviderError("down", status=503)
    inside = Cache(Fallback(Limit(ScriptedModel(down), concurrency=1), ScriptedModel("two")))
    outside = Limit(Fallback(Cache(ScriptedModel(down)), Cache(ScriptedModel("two"))), concurrency=1)

    for model in (inside, outside):
        assert [(await model.complete(asking())).text for _ in range(1)] == ["two"]
    assert is_cached(await inside.complete(asking()))
