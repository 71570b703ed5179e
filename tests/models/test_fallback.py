"""The fallback: the next model answers where the first one fails, and nobody is misled about it."""

from __future__ import annotations

import pytest

from callwright import (
    OPENROUTER,
    Agent,
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    Budget,
    BudgetError,
    ChatRequest,
    Completion,
    ContextLengthError,
    Delta,
    ParameterError,
    ProviderError,
    RateLimitError,
    Restarted,
    Retried,
    Scope,
    StreamError,
    UserMessage,
)
from callwright.models.fallback import Fallback
from callwright.service.profiles import GROQ
from callwright.testing import ScriptedModel, calls
from callwright.wire.chat import Encoded, Usage
from callwright.wire.profile import COMPATIBLE, Profile

pytestmark = pytest.mark.anyio

REQUEST = ChatRequest([UserMessage("Hi")])
DOWN = ProviderError("HTTP 503: down", status=503)


def spent(tokens: int) -> Completion:
    return Completion({"usage": {"prompt_tokens": tokens}})


class Breaking(ScriptedModel):
    """A model whose stream breaks after a word."""

    async def complete(self, request, scope):
        self.requests.append(request)
        await scope.listen(Delta("Hel"))
        raise StreamError("the stream broke", partial=spent(7))


async def heard_from(model, request=REQUEST, **scope):
    events = []

    async def listen(event):
        events.append(event)

    completion = await model.complete(request, Scope(listen=listen, **scope))
    return completion, events


async def test_the_first_model_that_answers_is_the_only_one_asked() -> None:
    first, second = ScriptedModel("one", name="a"), ScriptedModel("two", name="b")

    completion = await Fallback(first, second).complete(REQUEST)

    assert completion.text == "one"
    assert second.requests == []


@pytest.mark.parametrize(
    "error",
    [
        DOWN,
        RateLimitError("slow", status=429),
        APIConnectionError("cut"),
        APITimeoutError("late", which="total"),
        ContextLengthError("long", status=400),
        StreamError("broke"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_the_next_one_answers_if_the_first_fails(error) -> None:
    model = Fallback(ScriptedModel(error), ScriptedModel("two"))

    assert (await model.complete(REQUEST)).text == "two"


@pytest.mark.parametrize(
    "error",
    [
        BadRequestError("wrong", status=400),
        AuthenticationError("key", status=401),
        APITimeoutError("late", which="run"),
        ParameterError("top_k"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_error_that_no_other_model_mends_is_raised_at_once(error) -> None:
    second = ScriptedModel("two")

    with pytest.raises(type(error)):
        await Fallback(ScriptedModel(error), second).complete(REQUEST)

    assert second.requests == []


async def test_the_user_says_on_which_errors() -> None:
    only_limits = [RateLimitError]

    assert (
        await Fallback(ScriptedModel(RateLimitError("", status=429)), ScriptedModel("two"), on=only_limits).complete(
            REQUEST
        )
    ).text == "two"
    with pytest.raises(ProviderError):
        await Fallback(ScriptedModel(DOWN), ScriptedModel("two"), on=only_limits).complete(REQUEST)


async def test_if_all_fail_the_last_error_tells_of_the_others() -> None:
    model = Fallback(ScriptedModel(DOWN, name="a"), ScriptedModel(RateLimitError("slow", status=429), name="b"))

    with pytest.raises(RateLimitError) as caught:
        await model.complete(REQUEST)

    assert caught.value.__notes__ == ["asked before: a: ProviderError: HTTP 503: down"]


async def test_who_listens_is_told_that_another_try_follows() -> None:
    completion, events = await heard_from(Fallback(ScriptedModel(DOWN), ScriptedModel("two")))

    assert completion.text == "two"
    assert [type(event) for event in events] == [Retried, Delta, Delta]
    assert (events[0].attempt, events[0].wait, events[0].error) == (1, 0.0, DOWN)


async def test_text_that_was_delivered_is_not_silently_replaced() -> None:
    _, events = await heard_from(Fallback(Breaking(), ScriptedModel("two")), restart=True)

    assert [type(event) for event in events] == [Delta, Restarted, Delta, Delta]


async def test_text_that_cannot_be_forgotten_is_final() -> None:
    second = ScriptedModel("two")

    with pytest.raises(StreamError):
        await heard_from(Fallback(Breaking(), second))

    assert second.requests == []


async def test_a_reader_of_text_learns_that_it_broke() -> None:
    async with Agent(Fallback(Breaking(), ScriptedModel("two"))).stream("Hi") as run:
        with pytest.raises(StreamError):
            async for _ in run.text():
                pass


async def test_what_the_listener_raises_is_no_failure_of_the_model() -> None:
    second = ScriptedModel("two")

    async def listen(event):
        raise DOWN

    with pytest.raises(ProviderError):
        await Fallback(ScriptedModel("one"), second).complete(REQUEST, Scope(listen=listen))

    assert second.requests == []


async def test_what_failed_is_booked_and_each_further_request_admitted() -> None:
    budget = Budget(requests=2)

    await heard_from(Fallback(Breaking(), ScriptedModel("two")), budget=budget, restart=True)

    assert budget.requests == 1
    assert budget.usage == Usage(7, 0, 7)


async def test_what_was_paid_for_is_told_to_who_asks() -> None:
    lost = []

    async def failed(error, partial, usage):
        lost.append((error, partial, usage))

    await heard_from(Fallback(Breaking(), ScriptedModel(DOWN), ScriptedModel("three")), failed=failed, restart=True)

    ((error, partial, usage),) = lost
    assert error.partial is partial
    assert usage.prompt_tokens == 7


async def test_without_budget_the_next_one_is_not_asked() -> None:
    second = ScriptedModel("two")

    with pytest.raises(BudgetError):
        await Fallback(ScriptedModel(DOWN), second).complete(REQUEST, Scope(budget=Budget(requests=1)))

    assert second.requests == []


async def test_an_agent_runs_on_whoever_answers_each_time() -> None:
    def look(place: str) -> str:
        """Look."""
        return f"nothing in {place}"

    first = ScriptedModel(DOWN, "Nothing there.", name="a")
    second = ScriptedModel(calls(look, place="box"), name="b")

    result = await Agent(Fallback(first, second), tools=[look]).run("Where?")

    assert result.output == "Nothing there."
    assert Fallback(first, second).name == "a | b"


async def test_what_only_openrouter_knows_is_not_sent_elsewhere() -> None:
    first, second = ScriptedModel(DOWN), ScriptedModel("two", profile=GROQ)
    request = ChatRequest([UserMessage("Hi")], params=Encoded({"provider": {"order": ["x"]}, "seed": 1}))

    await Fallback(first, second).complete(request)

    assert first.requests[0].params.raw == {"provider": {"order": ["x"]}, "seed": 1}
    assert second.requests[0].params.raw == {"seed": 1}


def test_the_profile_promises_what_all_can_keep() -> None:
    old = Profile(json_schema=False)

    assert Fallback(ScriptedModel(), ScriptedModel()).profile is OPENROUTER
    mixed = Fallback(ScriptedModel(), ScriptedModel(profile=old)).profile
    assert (mixed.json_schema, mixed.include_usage, mixed.require_parameters) == (False, True, True)
    assert Fallback(ScriptedModel(profile=COMPATIBLE), ScriptedModel()).profile is COMPATIBLE


@pytest.mark.parametrize(("models", "says"), [((), "at least one"), (("openai/x",), "client.chat")], ids=str)
def test_only_models_can_be_fallen_back_to(models, says) -> None:
    with pytest.raises(ParameterError, match=says):
        Fallback(*models)


async def test_fallbacks_nest() -> None:
    inner = Fallback(ScriptedModel(DOWN), ScriptedModel(DOWN))

    assert (await Fallback(inner, ScriptedModel("three")).complete(REQUEST)).text == "three"
