"""An ensemble among models: what it costs, what it is told, how it fails, and that what was paid for is not lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.query.juries import People, by_slug, member, said, writer

from callwright import (
    Agent,
    BadRequestError,
    Budget,
    ContextLengthError,
    Limits,
    MemoryStore,
    Price,
    ProviderError,
    RateLimitError,
)
from callwright.query import EnsembleModel, ensemble, self_consistency
from callwright.run.records import Failed, Voted
from callwright.service.profiles import GROQ
from callwright.testing import FunctionModel

pytestmark = pytest.mark.anyio

DOWN = ProviderError("HTTP 503: down", status=503)


class DyingError(BaseException):
    """The end of the process."""


class Priced(FunctionModel):
    """A model that knows what it costs."""

    async def price(self):
        return Price(Decimal("0.000001"), Decimal("0.00001"))


async def test_usage_is_that_of_all_members_and_the_context_that_of_the_answer():
    people = People(lambda slug, request: said("yes", tokens=100, cost=0.01))
    budget = Budget()

    result = await Agent(self_consistency("x/a", 3), client=people, budget=budget).run("?")

    assert (result.usage.total_tokens, float(result.cost), result.state.context_tokens) == (303, 0.03, 101)
    assert (budget.usage.total_tokens, float(budget.usage.cost)) == (303, 0.03)


async def test_what_a_failed_member_used_is_counted_once():
    error = ProviderError("broke", status=502, partial=said("half", tokens=50), maybe_billed=True)
    people = People(lambda slug, request: error if slug == "x/a" else said("yes", tokens=100))

    result = await Agent(ensemble("x/a, x/b x2"), client=people).run("?")

    assert result.usage.total_tokens == 51 + 2 * 101
    assert [record.again for record in result.state.records if isinstance(record, Failed)] == [True]


async def test_an_error_of_all_members_is_that_error():
    people = People(lambda slug, request: RateLimitError("slow down", status=429, retry_after=3))

    with pytest.raises(RateLimitError) as caught:
        await Agent(ensemble("x/a, x/b"), client=people).run("?")

    assert caught.value.retry_after == 3
    assert caught.value.state.records[-1].error.startswith("RateLimitError")


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ((DOWN, RateLimitError("no", status=429)), ProviderError),
        ((ContextLengthError("long", status=400), RateLimitError("no", status=429)), BadRequestError),
    ],
    ids=["5xx among them", "all 4xx"],
)
async def test_different_errors_are_one_with_the_common_code(errors, kind):
    people = People(lambda slug, request: errors[slug == "x/b"])

    with pytest.raises(kind, match="no candidate was written"):
        await Agent(ensemble("x/a, x/b"), client=people).run("?")


async def test_the_profile_is_what_all_members_understand():
    model = EnsembleModel("x/a, x/b", client={"x/a": FunctionModel(str), "x/b": FunctionModel(str, profile=GROQ)})

    assert model.profile is model.profile
    assert model.profile.json_schema is GROQ.json_schema


async def test_the_agents_own_service_is_asked_unless_the_ensemble_has_one():
    own, others = by_slug({"x/a": "mine"}), by_slug({"x/a": "yours"})

    bound = await Agent(ensemble("x/a"), client=others).run("?")
    given = await Agent(EnsembleModel("x/a", client=own), client=others).run("?")

    assert (bound.output, given.output) == ("yours", "mine")
    assert await Agent(EnsembleModel("x/a")).replace(client=own).run("?")


async def test_members_hear_the_parameters_of_the_run_under_their_own():
    people = by_slug({"x/a": "yes", "x/b": "yes"})

    model = ensemble("x/a(temperature=0.2), x/b")
    await Agent(model, client=people, params={"temperature": 1.5, "top_p": 0.5}).run("?", seed=5)

    sent = {slug: request.params.raw for slug, request in people.asked}
    assert (sent["x/a"]["temperature"], sent["x/b"]["temperature"]) == (0.2, 1.5)
    assert {params["seed"] for params in sent.values()} == {5, 6}
    assert all(params["top_p"] == 0.5 for params in sent.values())


async def test_who_watches_hears_the_answer_once_it_is_chosen():
    people = by_slug({"x/a": "yes", "x/b": "yes"})

    async with Agent(ensemble("x/a, x/b"), client=people).stream("?") as run:
        text = [piece async for piece in run.text()]

    assert text == ["yes"]
    assert all("stream_options" not in request.params.raw for _, request in people.asked)


async def test_a_cost_limit_sets_aside_what_all_members_may_cost():
    models = {"x/a": Priced(lambda _: said("yes", cost=0.001)), "x/b": Priced(lambda _: said("no", cost=0.001))}
    model = EnsembleModel("x/a x2 -> x/b", client=models)

    price = await model.price()
    result = await Agent(model, limits=Limits(cost=1)).run("?")

    assert price.completion == Decimal("0.00001") * 4 + Decimal("0.000001") * 4
    assert price.prompt == Decimal("0.000001") * 4
    assert result.state.records[2].reserved > 0
    assert models["x/a"].requests[0].params.raw["max_tokens"] == 8192


async def test_paid_votes_survive_a_crash():
    """The process dies at the third of five; resumed, only those are asked for that nobody has paid for."""
    count = [0]

    def answer(slug, request):
        count[0] += 1
        if count[0] == 3:
            raise DyingError
        return said("yes" if count[0] % 2 else "no", tokens=9)

    store, people = MemoryStore(), People(answer)
    agent = Agent(EnsembleModel("x/a x5", concurrency=1), client=people, store=store)
    with pytest.raises(DyingError):
        await agent.run("?", run_id="r")
    kept = [record for record in await store.load("r") if isinstance(record, Voted)]

    result = await agent.resume("r")

    assert 2 <= len(kept) < 5
    assert count[0] == 1 + 5, "none is paid for twice"
    assert result.usage.total_tokens == 5 * 10
    assert result.state.votes == {}


async def test_a_member_can_be_an_ensemble_itself():
    inner = EnsembleModel("x/a, x/b", client={"x/a": writer("yes"), "x/b": writer("yes")})

    result = await Agent(EnsembleModel("y/inner, y/other", client={"y/inner": inner, "y/other": member("yes")})).run(
        "?"
    )

    assert (result.output, result.confidence) == ("yes", 1)
