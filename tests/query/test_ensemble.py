"""An ensemble as a model: an agent that chooses each answer and each call by vote."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.query.juries import is_ballot, member, options_in, said, vote, writer
from typing_extensions import TypedDict

from callwright import (
    Agent,
    BadRequestError,
    Budget,
    ContextLengthError,
    Limits,
    MemoryStore,
    ParameterError,
    Price,
    ProviderError,
    RateLimitError,
    tool,
)
from callwright.query import EnsembleModel, QueryModel, ensemble, jury, self_consistency
from callwright.run.records import Answered, Failed, Voted
from callwright.service.profiles import GROQ
from callwright.testing import FunctionModel, ScriptedModel, calls

pytestmark = pytest.mark.anyio

DOWN = ProviderError("HTTP 503: down", status=503)


class People:
    """A service whose models are functions of slug and request."""

    def __init__(self, answer):
        self.asked = []
        self._answer = answer

    def chat(self, slug=None):
        def answer(request):
            self.asked.append((slug, request))
            turn = self._answer(slug, request)
            if isinstance(turn, Exception):
                raise turn
            return turn

        return FunctionModel(answer, name=slug)


@tool(read_only=True)
def look(city: str) -> str:
    """Look at the weather."""
    return f"{city}: sun"


@tool
def pay(amount: int, reason: str = "") -> str:
    """Pay."""
    return f"paid {amount} {reason}"


class DyingError(BaseException):
    """The end of the process."""


class Out(TypedDict):
    """An output."""

    a: int


class Priced(FunctionModel):
    """A model that knows what it costs."""

    async def price(self):
        return Price(Decimal("0.000001"), Decimal("0.00001"))


def answers_in(result):
    return [record.completion for record in result.state.records if isinstance(record, Answered)]


def has_results(request):
    return any(message.role == "tool" for message in request.messages)


def by_slug(turns, final="done", choice=None):
    """Return what members do: their own turn, then the same final text; votes go to `choice`."""

    def answer(slug, request):
        if is_ballot(request):
            options = options_in(request)
            wanted = next((text for text in options.values() if choice and choice in text), None)
            return vote(request, wanted or min(options.values()))
        return final if has_results(request) else turns[slug]

    return People(answer)


async def test_a_jury_is_a_model():
    people = by_slug({"x/a": "yes", "x/b": "no", "x/c": "yes"})

    result = await Agent(jury(["x/a", "x/b", "x/c"]), client=people).run("?")

    assert (result.output, result.confidence) == ("yes", pytest.approx(2 / 3))
    assert result.state.records[2].model == jury(["x/a", "x/b", "x/c"]).name


async def test_the_call_that_most_wrote_is_made_and_the_others_leave_no_trace_in_the_conversation():
    turns = {"x/a": calls(pay, amount=5), "x/b": calls(pay, amount=6), "x/c": calls(pay, amount=5)}
    people = by_slug(turns)

    result = await Agent(jury(["x/a", "x/b", "x/c"]), tools=[pay], client=people).run("Pay")

    assert [message.text for message in result.messages if message.role == "tool"] == ["paid 5 "]
    assert "6" not in str([message.raw for message in result.messages])
    answered = answers_in(result)[0]
    votes = answered.extra["votes"]
    assert (votes["confidence"], votes["shape_confidence"]) == (pytest.approx(2 / 3), 1)
    assert len(votes["completion"]["choices"]) == 3


async def test_first_the_tools_are_chosen_then_the_arguments():
    """Two of five say the same text, but three would call, if each with other arguments."""
    turns = {
        "x/a": "I am done.",
        "x/b": "I am done.",
        "x/c": calls(pay, amount=1),
        "x/d": calls(pay, amount=2),
        "x/e": calls(pay, amount=2, reason="late"),
    }
    people = by_slug(turns, choice='"amount":2')

    model = EnsembleModel("x/a, x/b, x/c, x/d, x/e -> x/f", client=people)
    result = await Agent(model, tools=[pay], limits=Limits(steps=2)).run("Pay")

    answered = answers_in(result)[0]
    votes = answered.extra["votes"]
    assert answered.tool_calls[0].name == "pay"
    assert votes["shape_confidence"] == pytest.approx(3 / 5)
    ballots = [request for slug, request in people.asked if slug == "x/f"]
    assert all("done" not in text for text in options_in(ballots[0]).values()), "only calls are put to the vote"
    assert votes["confidence"] == pytest.approx(3 / 5 * 2 / 4)


async def test_without_voters_the_call_wins_that_agrees_best_with_the_others():
    turns = {
        "x/a": calls(pay, amount=1, reason="rent"),
        "x/b": calls(pay, amount=2, reason="rent"),
        "x/c": calls(pay, amount=2, reason="late"),
    }
    people = by_slug(turns)

    result = await Agent(ensemble("x/a, x/b, x/c"), tools=[pay], client=people).run("Pay")

    assert [message.text for message in result.messages if message.role == "tool"] == ["paid 2 rent"]


async def test_defaults_and_spellings_make_no_other_call():
    turns = {
        "x/a": calls("pay", raw_arguments='{"amount": 5}'),
        "x/b": calls("pay", raw_arguments='{"reason": "", "amount": 5}'),
        "x/c": calls("pay", raw_arguments='{"amount": "5"}'),
    }

    result = await Agent(ensemble("x/a, x/b, x/c"), tools=[pay], client=by_slug(turns)).run("Pay")

    assert result.confidence == 1


async def test_calls_that_cannot_be_run_are_no_candidates():
    turns = {
        "x/a": calls("nothing", a=1),
        "x/b": calls("pay", raw_arguments='{"amount": "much"}'),
        "x/c": calls("pay", amount=5),
    }

    model = EnsembleModel("x/a, x/b, x/c", quorum=0.2, client=by_slug(turns))
    result = await Agent(model, tools=[pay]).run("Pay")

    votes = answers_in(result)[0].extra["votes"]
    errors = [choice["error"]["message"] for choice in votes["completion"]["choices"] if "error" in choice]
    assert sorted(errors)[1] == "there is no tool 'nothing'"
    assert [message.text for message in result.messages if message.role == "tool"] == ["paid 5 "]


async def test_where_no_call_can_be_run_the_run_says_so_to_the_model():
    people = by_slug({"x/a": calls("nothing", a=1)})

    result = await Agent(ensemble("x/a x2"), tools=[pay], client=people).run("Pay")

    assert result.output == "done"
    assert "nothing" in next(message.text for message in result.messages if message.role == "tool")


async def test_confidence_is_the_least_of_the_run():
    turns = {"x/a": calls(look, city="Rome"), "x/b": calls(look, city="Rome"), "x/c": calls(look, city="Paris")}

    result = await Agent(ensemble("x/a, x/b, x/c"), tools=[look], client=by_slug(turns)).run("?")

    shares = [
        record.completion.extra["votes"]["confidence"]
        for record in result.state.records
        if isinstance(record, Answered)
    ]
    assert (result.confidence, shares) == (pytest.approx(2 / 3), [pytest.approx(2 / 3), 1])


async def test_who_stops_early_is_only_as_sure_as_can_be_known():
    people = by_slug({"x/a": "yes"})

    result = await Agent(EnsembleModel("x/a x5", stop="exact"), client=people).run("?")

    assert (result.confidence, len(people.asked)) == (pytest.approx(3 / 5), 3)


async def test_without_votes_there_is_no_confidence():
    assert (await Agent(ScriptedModel("x")).run("?")).confidence is None


async def test_approval_can_depend_on_the_votes():
    asked = []

    def is_doubtful(ctx, amount):
        asked.append((amount, ctx.confidence))
        return ctx.confidence < 0.8

    @tool(needs_approval=is_doubtful)
    def send(amount: int) -> str:
        """Send."""
        return f"sent {amount}"

    doubted = {"x/a": calls(send, amount=1), "x/b": calls(send, amount=1), "x/c": calls(send, amount=2)}
    agreed = dict.fromkeys(doubted, calls(send, amount=1))

    paused = await Agent(ensemble("x/a, x/b, x/c"), tools=[send], client=by_slug(doubted)).run("?")
    done = await Agent(ensemble("x/a, x/b, x/c"), tools=[send], client=by_slug(agreed)).run("?")

    assert (paused.status, done.status) == ("paused", "done")
    assert [share for _, share in asked] == [pytest.approx(2 / 3), 1]


async def test_only_what_is_unsafe_is_voted_on():
    turns = {"x/a": calls(look, city="Rome"), "x/b": calls(look, city="Oslo"), "x/c": calls(look, city="Oslo")}
    people = by_slug(turns)

    result = await Agent(EnsembleModel("x/a, x/b@3, x/c", when="unsafe"), tools=[look, pay], client=people).run("?")

    assert [slug for slug, _ in people.asked] == ["x/b", "x/b"], "the heaviest member answers alone"
    assert result.confidence is None


async def test_a_call_that_changes_something_is_voted_on_and_the_first_one_counts():
    turns = {"x/a": calls(pay, amount=5), "x/b": calls(pay, amount=6), "x/c": calls(pay, amount=5)}
    people = by_slug(turns)

    result = await Agent(EnsembleModel("x/a, x/b, x/c", when="unsafe"), tools=[look, pay], client=people).run("?")

    assert sorted(slug for slug, request in people.asked if not has_results(request)) == ["x/a", "x/b", "x/c"]
    assert [message.text for message in result.messages if message.role == "tool"] == ["paid 5 "]
    assert result.confidence == pytest.approx(2 / 3)


async def test_when_is_one_of_two():
    with pytest.raises(ParameterError, match="when: expected"):
        EnsembleModel("x/a", when="never")


async def test_output_types_are_voted_on_as_calls_are():
    turns = {"x/a": '{"a": 1}', "x/b": '{"a":1}', "x/c": '{"a": 2}'}
    structured = {slug: calls("final_result", a=2 if slug == "x/c" else 1) for slug in turns}

    def answer(slug, request):
        return turns[slug] if not request.tools.raw else structured[slug]

    result = await Agent(ensemble("x/a, x/b, x/c"), output=Out, client=People(answer)).run("?")

    assert (result.output, result.confidence) == ({"a": 1}, pytest.approx(2 / 3))


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


def test_an_ensemble_is_as_good_as_its_configuration():
    made = ensemble("x/a, x/b -> x/c")

    assert made == ensemble("x/b, x/a -> x/c") == QueryModel.from_wire(made.to_wire())
    assert repr(EnsembleModel(made)).startswith("EnsembleModel('")
