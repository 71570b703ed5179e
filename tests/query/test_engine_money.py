"""Money and time: a budget bounds a query, what was paid for is not paid again, and nothing outlives its query."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import anyio
import pytest
from tests.query.juries import is_ballot, said, vote, voter, writer

from callwright import Budget, BudgetError, ParameterError, Price, ProviderError
from callwright.query import NoQuorumError, generate, jury, query, score, self_consistency
from callwright.testing import FunctionModel

pytestmark = pytest.mark.anyio

CHOICES = ["tea", "coffee"]


class Remembering(dict):
    """A memo that is a dict."""

    async def put(self, key, completion):
        self[key] = completion


class Priced(FunctionModel):
    """A model that knows what it costs."""

    async def price(self):
        return Price(Decimal("0.000001"), Decimal("0.00001"))


class Waiting(FunctionModel):
    """A model that never answers, and tells when it was left."""

    def __init__(self):
        super().__init__(self._wait)
        self.left = 0

    async def _wait(self, _):
        try:
            await anyio.sleep_forever()
        finally:
            self.left += 1


def paid(choice, cost=0.01):
    return FunctionModel(lambda request: said(vote(request, choice), cost=cost))


async def test_usage_and_cost_are_those_of_all_requests():
    result = await score("?", jury(["x/a x3"]), choices=CHOICES, client={"x/a": paid("tea")}, stop="none")

    assert (result.usage.total_tokens, result.cost, result.requests) == (33, Decimal("0.03"), 3)


async def test_each_request_is_booked():
    budget = Budget(requests=10)

    await score("?", jury(["x/a x3"]), choices=CHOICES, client={"x/a": paid("tea")}, budget=budget, stop="none")

    assert (budget.requests, budget.usage.cost) == (3, Decimal("0.03"))


async def test_a_used_up_budget_leaves_a_result_of_what_came():
    budget = Budget(requests=2)
    model = jury(["x/a x5"])

    result = await score(
        "?", model, choices=CHOICES, client={"x/a": paid("tea")}, budget=budget, concurrency=1, stop="none"
    )

    assert (result.answer, result.stopped_reason, len(result.votes), result.outstanding) == ("tea", "budget", 2, 3)
    assert result.confidence_bounds == (pytest.approx(0.4), 1)


async def test_a_budget_that_pays_for_nothing_is_an_error():
    model = paid("tea")

    with pytest.raises(BudgetError, match="nothing was said that counts"):
        await score("?", jury(["x/a"]), choices=CHOICES, client={"x/a": model}, budget=Budget(requests=0))

    assert not model.requests


async def test_money_is_set_aside_before_a_request_is_sent():
    """Two of five could be paid for at worst at the same time; all five are, as each gives back what it did not use."""
    model = Priced(lambda request: said(vote(request, "tea"), cost=0.001))
    budget = Budget(cost=Decimal("0.2"))

    result = await score("?", jury(["x/a x5"]), choices=CHOICES, client={"x/a": model}, budget=budget, concurrency=1)

    assert (result.answer, budget.remaining) == ("tea", Decimal("0.2") - result.cost)
    assert model.requests[0].params.raw["max_tokens"] == 8192
    assert model.requests[0].params.raw["provider"]["max_price"] == {"prompt": "1", "completion": "10"}


async def test_no_request_is_sent_that_may_cost_more_than_is_left():
    model = Priced(lambda request: said(vote(request, "tea"), cost=0.001))
    budget = Budget(cost=Decimal("0.01"))

    with pytest.raises(BudgetError, match="may cost"):
        await score("?", jury(["x/a x5"]), choices=CHOICES, client={"x/a": model}, budget=budget)

    assert (len(model.requests), budget.remaining) == (0, Decimal("0.01"))


async def test_a_budget_in_money_needs_to_know_prices():
    with pytest.raises(NoQuorumError, match="price of 'function'"):
        await score("?", jury(["x/a"]), choices=CHOICES, client={"x/a": voter("tea")}, budget=Budget(cost=1))


async def test_what_a_failure_used_is_counted():
    error = ProviderError("broke", status=502, partial=said("half", cost=0.02), maybe_billed=True)

    def answer(request):
        if len(model.requests) == 1:
            raise error
        return said(vote(request, "tea"), cost=0.01)

    model = FunctionModel(answer)
    budget = Budget()

    result = await score("?", jury(["x/a x3"]), choices=CHOICES, client={"x/a": model}, budget=budget, stop="none")

    assert (result.cost, budget.usage.cost, budget.requests) == (Decimal("0.04"), Decimal("0.04"), 3)


async def test_paid_replies_are_remembered():
    memo, model = Remembering(), paid("tea")

    first = await score("?", jury(["x/a x3"]), choices=CHOICES, client={"x/a": model}, memo=memo)
    again = await score("?", jury(["x/a x3"]), choices=CHOICES, client={"x/a": model}, memo=memo)
    other = await score("??", jury(["x/a x3"]), choices=CHOICES, client={"x/a": model}, memo=memo)

    assert (first.answer, again.answer, other.answer) == ("tea",) * 3
    assert (len(model.requests), len(memo)) == (4, 4)
    assert again.cost == first.cost, "it was paid for, if not now"


async def test_a_query_that_was_cut_short_asks_for_what_is_missing():
    memo, fails = Remembering(), [True]

    def answer(request):
        if not is_ballot(request):
            return said(f"answer {len(model.requests)}", cost=0.01)
        if fails.pop() if fails else False:
            raise RuntimeError("the process dies")
        return said(vote(request, "answer 1"), cost=0.01)

    model = FunctionModel(answer)
    ask = {"client": {"x/a": model}, "memo": memo, "stop": "none", "concurrency": 1}
    with pytest.raises(RuntimeError):
        await query("?", "x/a x2 -> x/a", **ask)

    result = await query("?", "x/a x2 -> x/a", **ask)

    assert result.answer == "answer 1"
    assert [is_ballot(request) for request in model.requests] == [False, False, True, True]


async def test_who_cannot_change_the_winner_is_not_waited_for():
    waiting = Waiting()
    client = {"x/a": voter("tea"), "x/b": waiting}

    result = await score("?", jury(["x/a x3", "x/b x2"]), choices=CHOICES, client=client, waves=False)

    assert (result.answer, result.stopped_reason, result.cancelled, result.outstanding) == ("tea", "exact", 2, 2)
    assert waiting.left == len(waiting.requests)


async def test_waves_ask_no_more_than_could_decide():
    model = voter("tea")

    result = await score("?", jury(["x/a x8"]), choices=CHOICES, client={"x/a": model})

    assert (len(model.requests), result.stopped_reason, result.outstanding) == (5, "exact", 3)


async def test_writing_stops_as_soon_as_it_is_decided():
    model = writer("42")

    result = await query("?", self_consistency("x/a", 40), client={"x/a": model}, stop="beta:0.95")

    assert (result.answer, len(model.requests), result.stopped_reason) == ("42", 4, "beta:0.95")


async def test_generate_asks_all():
    model = writer("42")

    result = await generate("?", self_consistency("x/a", 9), client={"x/a": model})

    assert (len(model.requests), result.stopped_reason) == (9, None)


async def test_a_lead_that_no_voter_can_take_needs_no_votes():
    client = {"x/a": writer("red"), "x/b": writer("blue"), "x/c": voter("blue")}

    result = await query("?", "x/a@5, x/b -> x/c", client=client)

    assert (result.answer, result.stopped_reason, result.votes) == ("red", "exact", ())


async def test_after_its_time_a_query_is_made_of_what_has_come():
    client = {"x/a": voter("tea"), "x/b": Waiting()}

    result = await score("?", jury(["x/a", "x/b x3"]), choices=CHOICES, client=client, seconds=0.05, waves=False)

    assert (result.answer, result.stopped_reason, result.outstanding) == ("tea", "deadline", 3)
    assert client["x/b"].left == 3


async def test_in_no_time_there_is_no_result():
    with pytest.raises(NoQuorumError, match="in time") as caught:
        await score("?", jury(["x/a"]), choices=CHOICES, client={"x/a": Waiting()}, seconds=0.01)

    assert caught.value.code == 408


async def test_a_query_that_is_left_leaves_nothing_behind():
    waiting = Waiting()

    async with anyio.create_task_group() as group:
        ask = partial(score, "?", jury(["x/a x3"]), choices=CHOICES, client={"x/a": waiting})
        group.start_soon(ask)
        while len(waiting.requests) < 2:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()

    assert waiting.left == len(waiting.requests) == 2


async def test_no_more_requests_are_under_way_than_allowed():
    most = under_way = 0

    async def answer(request):
        nonlocal most, under_way
        under_way += 1
        most = max(most, under_way)
        await anyio.lowlevel.checkpoint()
        under_way -= 1
        return vote(request, "tea")

    await score(
        "?", jury(["x/a x9"]), choices=CHOICES, client={"x/a": FunctionModel(answer)}, concurrency=3, stop="none"
    )

    assert most == 3


async def test_an_error_of_our_own_is_not_taken_for_a_vote():
    def broken(_):
        raise ZeroDivisionError

    # As itself, although two members fail at the same time.
    with pytest.raises(ZeroDivisionError):
        await score("?", jury(["x/a x3"]), choices=CHOICES, client={"x/a": FunctionModel(broken)})


async def test_unknown_options_are_named():
    with pytest.raises(ParameterError, match="temperature: expected one of"):
        await query("?", "x/a", client={"x/a": writer("x")}, temperature=1)
