"""A stream that broke is asked for anew, within limits, past who broke it, and nothing that was paid is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.service.http_service import ANSWER, Service, chunk, sse

from callwright import Agent, APIError, Budget, Completion, Delta, ProviderError, Restarted, Retried, Retry, StreamError
from callwright.errors import APITimeoutError
from callwright.model import Scope
from callwright.service.routing import ignoring
from callwright.wire.chat import ChatRequest, Encoded, Usage
from callwright.wire.messages import UserMessage

pytestmark = pytest.mark.anyio

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cost": 0.001}


def request(**params: Any) -> ChatRequest:
    return ChatRequest((UserMessage("Hi"),), params=Encoded(params))


def thought(text: str) -> dict[str, Any]:
    return {"id": "gen-1", "provider": "Together", "choices": [{"index": 0, "delta": {"reasoning": text}}]}


def called(arguments: str) -> dict[str, Any]:
    piece = {"index": 0, "id": "c", "function": {"name": "f", "arguments": arguments}}
    return {"id": "gen-1", "provider": "Together", "choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]}


def said(text: str) -> dict[str, Any]:
    return {**chunk(text), "provider": "Together"}


WHOLE = (chunk("All."), chunk(finish="stop"), {"choices": [], "usage": USAGE})


class Ear:
    """Hears what happens, and what failed attempts came to."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.failures: list[tuple[APIError, Completion | None, Usage]] = []

    async def listen(self, event: Delta | Retried | Restarted) -> None:
        self.heard.append(event)

    async def failed(self, error: APIError, partial: Completion | None, usage: Usage) -> None:
        self.failures.append((error, partial, usage))

    def scope(self, **options: Any) -> Scope:
        return Scope(self.listen, failed=self.failed, **options)

    def notices(self) -> list[Any]:
        return [event for event in self.heard if not isinstance(event, Delta)]


@pytest.mark.parametrize("first", [thought("Hm."), called('{"a"')], ids=["thoughts", "half a call"])
async def test_a_stream_that_broke_before_text_is_asked_for_anew(first: dict[str, Any]) -> None:
    service, ear = Service(lambda: sse(first, done=False), lambda: sse(*WHOLE)), Ear()

    completion = await service.client().chat("m").complete(request(), ear.scope())

    assert completion.text == "All."
    kinds = [type(event) for event in ear.heard]
    assert kinds == [Delta, Restarted, Delta, Delta]
    (restarted,) = ear.notices()
    assert (restarted.attempt, restarted.wait, restarted.ignored) == (1, 0.5, "Together")
    assert isinstance(restarted.error, StreamError)
    assert service.clock.waits == [0.5]


async def test_before_anything_was_heard_it_is_a_retry() -> None:
    service, ear = Service(lambda: sse(chunk(), done=False), lambda: sse(*WHOLE)), Ear()

    await service.client().chat("m").complete(request(), ear.scope())

    assert [type(event) for event in ear.notices()] == [Retried]


async def test_after_text_it_is_an_error_with_what_had_come() -> None:
    service, ear = Service(lambda: sse(said("Hel"), {"choices": [], "usage": USAGE}, done=False)), Ear()

    with pytest.raises(StreamError) as caught:
        await service.client().chat("m").complete(request(), ear.scope())

    partial = caught.value.partial
    assert isinstance(partial, Completion)
    assert (partial.text, partial.usage.total_tokens) == ("Hel", 5)
    assert (caught.value.provider, caught.value.generation_id) == ("Together", "gen-1")
    assert (len(service.requests), ear.failures) == (1, [])


async def test_after_text_too_it_is_asked_for_anew_if_the_listener_can_take_it_back() -> None:
    service, ear = Service(lambda: sse(said("Hel"), done=False), lambda: sse(*WHOLE)), Ear()

    completion = await service.client().chat("m").complete(request(), ear.scope(restart=True))

    assert completion.text == "All."
    assert [type(event) for event in ear.notices()] == [Restarted]


async def test_what_a_broken_stream_cost_is_told() -> None:
    broken = (said("Hel"), {"choices": [], "usage": USAGE})
    service, ear = Service(lambda: sse(*broken, done=False), lambda: sse(*WHOLE)), Ear()

    await service.client().chat("m").complete(request(), ear.scope(restart=True))

    ((error, partial, usage),) = ear.failures
    assert isinstance(error, StreamError)
    assert partial is not None
    assert (partial.text, usage.total_tokens, str(usage.cost)) == ("Hel", 5, "0.001")


async def test_a_refusal_that_cost_nothing_is_no_cost() -> None:
    service, ear = Service(httpx.Response(429), lambda: sse(*WHOLE)), Ear()

    await service.client().chat("m").complete(request(), ear.scope())

    assert ear.failures == []


async def test_an_error_beside_half_an_answer_is_told_in_plain_mode_as_well() -> None:
    half = {"id": "g", "provider": "Together", "usage": USAGE}
    choice = {"finish_reason": "error", "error": {"code": 502, "message": "x"}, "message": {"content": "Hel"}}
    service, ear = Service(httpx.Response(200, json={**half, "choices": [choice]})), Ear()

    completion = await service.client().chat("m").complete(request(), Scope(failed=ear.failed))

    assert completion.text == "Hello."
    ((_, partial, usage),) = ear.failures
    assert partial is not None
    assert (partial.text, usage.total_tokens) == ("Hel", 5)
    assert service.body["provider"] == {"ignore": ["Together"]}


async def test_attempts_are_bounded_and_the_last_error_says_how_many_there_were() -> None:
    service, ear = Service(*[lambda: sse(thought("Hm."), done=False)] * 9), Ear()

    with pytest.raises(StreamError) as caught:
        await service.client(retry=Retry(attempts=4, draw=lambda: 1.0)).chat("m").complete(request(), ear.scope())

    assert (len(service.requests), caught.value.attempts) == (4, 4)
    assert service.clock.waits == [0.5, 1.0, 2.0]
    assert [event.attempt for event in ear.notices()] == [1, 2, 3]
    assert len(ear.failures) == 3


async def test_the_next_attempt_leads_past_every_provider_that_broke() -> None:
    def broken_by(name: str) -> Callable[[], httpx.Response]:
        return lambda: sse({**thought("Hm."), "provider": name}, done=False)

    service, ear = Service(broken_by("Together"), broken_by("DeepInfra"), lambda: sse(*WHOLE)), Ear()
    wishes = {"sort": "price", "ignore": ["Azure"]}

    await service.client().chat("m").complete(request(provider=wishes, seed=1), ear.scope())

    sent = [json.loads(one.content) for one in service.requests]
    assert [one["provider"] for one in sent] == [
        wishes,
        {"sort": "price", "ignore": ["Azure", "Together"]},
        {"sort": "price", "ignore": ["Azure", "Together", "DeepInfra"]},
    ]
    assert {one["seed"] for one in sent} == {1}
    assert [event.ignored for event in ear.notices()] == ["Together", "DeepInfra"]


async def test_if_nobody_else_serves_the_model_the_same_provider_is_asked_again() -> None:
    nobody = httpx.Response(404, json={"error": {"code": 404, "message": "All providers have been ignored."}})
    service, ear = Service(lambda: sse(thought("Hm."), done=False), nobody, lambda: sse(*WHOLE)), Ear()

    completion = await service.client().chat("m").complete(request(), ear.scope())

    assert completion.text == "All."
    assert ["provider" in json.loads(one.content) for one in service.requests] == [False, True, False]


async def test_another_server_is_told_nothing_of_providers() -> None:
    service, ear = Service(lambda: sse(thought("Hm."), done=False), lambda: sse(*WHOLE)), Ear()
    client = service.client(base_url="http://127.0.0.1:1/v1", api_key="other-key")

    await client.chat("m").complete(request(), ear.scope())

    assert "provider" not in service.body


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (None, {"ignore": ["A"]}),
        ({"sort": "price"}, {"sort": "price", "ignore": ["A"]}),
        ({"order": ["a"]}, {"order": ["a"], "ignore": ["A"]}),
        (
            {"order": ["a", "b"], "allow_fallbacks": False},
            {"order": ["a", "b"], "allow_fallbacks": False, "ignore": ["A"]},
        ),
        ({"only": ["a", "b"]}, {"only": ["a", "b"], "ignore": ["A"]}),
        ({"only": ["a"]}, None),
        ({"only": ["a", "b"], "ignore": ["b"]}, None),
        ({"order": ["a"], "allow_fallbacks": False}, None),
        ({"allow_fallbacks": False}, None),
        ({"ignore": ["A"]}, None),
    ],
)
def test_what_the_user_says_of_providers_stands(wishes: Any, expected: Any) -> None:
    rerouted = ignoring({"seed": 1} if wishes is None else {"seed": 1, "provider": wishes}, "A")

    assert rerouted == (None if expected is None else {"seed": 1, "provider": expected})


async def test_no_attempt_begins_that_could_not_end_before_the_run_does() -> None:
    service, ear = Service(httpx.Response(503, headers={"retry-after": "10"})), Ear()
    deadline = service.clock.monotonic() + 10.0

    with pytest.raises(ProviderError):
        await service.client().chat("m").complete(request(), ear.scope(deadline=deadline))

    assert (len(service.requests), service.clock.waits) == (1, [])


async def test_each_further_attempt_is_admitted_by_the_budget() -> None:
    service, ear = Service(*[httpx.Response(503)] * 9), Ear()
    budget = Budget(requests=1)
    budget.settle(Usage())

    with pytest.raises(ProviderError):
        await service.client().chat("m").complete(request(), ear.scope(budget=budget))

    assert len(service.requests) == 1


async def test_without_anybody_to_tell_a_broken_attempt_is_booked() -> None:
    broken = (said("Hel"), {"choices": [], "usage": USAGE})
    service, budget = Service(lambda: sse(*broken, done=False), lambda: sse(*WHOLE)), Budget()

    await service.client().chat("m").complete(request(), Scope(Ear().listen, budget=budget, restart=True))

    assert budget.usage.total_tokens == 5


async def test_what_the_listener_raises_is_not_the_services_failure() -> None:
    service = Service(lambda: sse(*WHOLE))

    async def listen(_: object) -> None:
        raise APITimeoutError("another model was too slow", retryable=True)

    with pytest.raises(APITimeoutError, match="another model"):
        await service.client().complete("Hi", listen=listen)

    assert len(service.requests) == 1


async def test_a_stream_that_breaks_after_its_finish_is_whole() -> None:
    """What could still come is the usage; to pay for the answer twice would be worse."""

    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield sse(chunk("All."), chunk(finish="stop"), done=False).content
            raise httpx.ReadError("reset")

    service = Service(httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Cut()))

    completion = await service.client().chat("m").complete(request(), Ear().scope())

    assert (completion.text, len(service.requests)) == ("All.", 1)


async def test_an_answer_says_how_long_it_took() -> None:
    plain = await Service().client().complete("Hi")
    streamed = await Service(lambda: sse(*WHOLE)).client().chat("m").complete(request(), Ear().scope())

    assert plain.timing is not None
    assert (plain.timing.first, plain.timing.total) == (None, 0.0)
    assert streamed.timing is not None
    assert streamed.timing.first == 0.0
    assert plain.raw == ANSWER


async def test_a_run_goes_on_after_a_stream_broke_in_a_call() -> None:
    def f(a: int) -> int:
        """Count."""
        return a

    call = {**called('{"a": 1}'), "usage": USAGE}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    service = Service(lambda: sse(call, done=False), lambda: sse(call, end), lambda: sse(*WHOLE))

    async with Agent("m", client=service.client(), tools=[f]).stream("Hi") as run:
        events = [event async for event in run.events()]

    assert run.result.output == "All."
    assert [type(event) for event in events if isinstance(event, Restarted | Retried)] == [Restarted]
    assert run.result.usage.total_tokens == 15
    assert len(service.requests) == 3
