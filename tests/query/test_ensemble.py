"""An ensemble as a model: an agent that chooses each answer and each call by vote."""

from __future__ import annotations

import pytest
from tests.query.juries import People, by_slug, has_results, options_in
from typing_extensions import TypedDict

from callwright import (
    Agent,
    Limits,
    ParameterError,
    tool,
)
from callwright.query import EnsembleModel, QueryModel, ensemble, jury
from callwright.run.records import Answered
from callwright.testing import ScriptedModel, calls

pytestmark = pytest.mark.anyio


@tool(read_only=True)
def look(city: str) -> str:
    """Look at the weather."""
    return f"{city}: sun"


@tool
def pay(amount: int, reason: str = "") -> str:
    """Pay."""
    return f"paid {amount} {reason}"


class Out(TypedDict):
    """An output."""

    a: int


def answers_in(result):
    return [record.completion for record in result.state.records if isinstance(record, Answered)]


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


def test_an_ensemble_is_as_good_as_its_configuration():
    made = ensemble("x/a, x/b -> x/c")

    assert made == ensemble("x/b, x/a -> x/c") == QueryModel.from_wire(made.to_wire())
    assert repr(EnsembleModel(made)).startswith("EnsembleModel('")
