"""The model for tests that votes."""

from __future__ import annotations

import pytest

from callwright import Agent
from callwright.query import jury, query, score
from callwright.testing import VotingModel

pytestmark = pytest.mark.anyio

CHOICES = ["green tea", "coffee"]


@pytest.mark.parametrize("channel", ["json_schema", "tool", "plain"])
async def test_it_votes_in_the_form_that_is_asked_for(channel):
    model = VotingModel("tea")

    result = await score("?", jury(["x/a"]), choices=CHOICES, client={"x/a": model}, channel=channel)

    assert result.answer == "green tea"
    assert sorted(model.ballots[0].values()) == sorted(CHOICES)


async def test_it_may_choose_by_what_there_is():
    result = await score("?", jury(["x/a"]), choices=CHOICES, client={"x/a": VotingModel(min)})

    assert result.answer == "coffee"


async def test_it_writes_what_it_prefers_or_what_it_is_told_to():
    client = {"x/a": VotingModel("tea"), "x/b": VotingModel("tea", says="milk")}

    result = await query("?", "x/a, x/b -> x/b", client=client, stop="none")

    assert [(ranked.candidate.text, ranked.weight) for ranked in result.ranking] == [("tea", 2), ("milk", 1)]
    assert (await Agent(VotingModel("tea")).run("?")).output == "tea"


async def test_who_prefers_what_is_not_there_says_so():
    with pytest.raises(AssertionError, match="expected 'milk' among the choices"):
        await score("?", jury(["x/a"]), choices=CHOICES, client={"x/a": VotingModel("milk")})
