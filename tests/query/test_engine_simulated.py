"""Juries whose competence is known: votes add up as probability says, and stopping early changes no winner."""

from __future__ import annotations

import random
from collections.abc import Callable

import anyio
import httpx
import pytest
from tests.query.juries import vote

from callwright import Agent, Client
from callwright.query import EnsembleModel, ensemble, jury, query, score
from callwright.query.asked import asked
from callwright.query.ballot import ballot
from callwright.simulator.transport import SimulatorTransport
from callwright.testing import FunctionModel
from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.scenario import Scenario, call, calls, say

pytestmark = pytest.mark.anyio

RIGHT, WRONG = "right", "wrong"


@pytest.fixture
def anyio_backend() -> str:
    """Return the one event loop that these long tests run on; the engine itself is tested on both."""
    return "asyncio"


def competent(draw: random.Random, p: float) -> FunctionModel:
    """Return a member that is right with a probability of `p`, whatever the others say."""
    return FunctionModel(lambda request: vote(request, RIGHT if draw.random() < p else WRONG))


async def many(questions: int, ask: Callable[[int], object]) -> None:
    """Ask questions side by side."""
    room = anyio.Semaphore(20)

    async def one(number: int) -> None:
        async with room:
            await ask(number)

    async with anyio.create_task_group() as group:
        for number in range(questions):
            group.start_soon(one, number)


@pytest.mark.parametrize(("voters", "expected"), [(5, 0.683), (9, 0.733), (15, 0.787)])
async def test_a_majority_of_independent_voters_is_as_often_right_as_the_binomial_says(voters, expected):
    """With p = 0.6; within four standard errors of 400 questions."""
    questions, right = 400, [0]
    client = {"x/a": competent(random.Random(voters), 0.6)}

    async def ask(number: int) -> None:
        result = await score(f"Question {number}?", jury([f"x/a x{voters}"]), choices=[RIGHT, WRONG], client=client)
        right[0] += result.answer == RIGHT

    await many(questions, ask)

    assert right[0] / questions == pytest.approx(expected, abs=4 * (expected * (1 - expected) / questions) ** 0.5)


async def stopped(questions: int) -> tuple[int, float]:
    """Return for how many questions of 8 voters the exact stop gave the winner of all votes, and its share of calls."""
    same = requests = 0
    votes: dict[tuple[int, int], str] = {}
    choices = [f"choice {place}" for place in range(5)]

    def vote_of(request) -> str:
        number = int(request.messages[0].text)
        place = request.params.raw["seed"]
        # The same for a voter and a question, however many are asked.
        draw = random.Random(number * 1000 + place)
        return votes.setdefault((number, place), draw.choices(choices, [4, 3, 2, 1, 1])[0])

    client = {"x/a": FunctionModel(lambda request: vote(request, vote_of(request)))}
    model = jury(["x/a x8"])

    async def ask(number: int) -> None:
        nonlocal same, requests
        early = await score(str(number), model, choices=choices, client=client, seed=0)
        whole = await score(str(number), model, choices=choices, client=client, seed=0, stop="none")
        same += early.answer == whole.answer
        requests += early.requests

    await many(questions, ask)
    return same, requests / (8 * questions)


async def test_stopping_when_it_is_decided_gives_the_same_winner():
    same, _ = await stopped(150)

    assert same == 150


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_stopping_when_it_is_decided_gives_the_same_winner_a_thousand_times():
    same, _ = await stopped(1_000)

    assert same == 1_000


async def test_voters_that_are_mostly_right_decide_with_four_calls_of_five():
    """Eight voters of two choices, p = 0.8: at most 80 % of the calls are needed."""
    client = {"x/a": competent(random.Random(8), 0.8)}
    requests = [0]

    async def ask(number: int) -> None:
        result = await score(str(number), jury(["x/a x8"]), choices=[RIGHT, WRONG], client=client)
        requests[0] += result.requests

    await many(300, ask)

    assert requests[0] / (8 * 300) <= 0.8


async def test_permuting_the_voters_changes_nothing():
    client = {f"x/{name}": FunctionModel(lambda request, name=name: vote(request, name)) for name in "abc"}
    ways = [["x/a@2", "x/b", "x/c"], ["x/c", "x/a@2", "x/b"], ["x/b", "x/c", "x/a@2"]]

    results = [await score("?", jury(way), choices=["a", "b", "c"], client=client, stop="none") for way in ways]

    assert len({result.id for result in results}) == 1
    assert all(result.shares == results[0].shares for result in results)


def offline(scenarios: dict[str, Scenario]) -> tuple[Client, OfflineOpenRouter]:
    service = OfflineOpenRouter(scenarios)
    transport = SimulatorTransport(service)
    http = httpx.AsyncClient(transport=transport)
    return Client(api_key="sk-or-v1-test", http_client=http), service


async def test_a_service_is_asked_for_votes_over_http():
    """What a voter is shown can be computed before: the same query has the same ballots."""
    model, choices = jury(["scripted/v0", "scripted/v1", "scripted/v2"]), ["tea", "coffee", "water"]
    made = asked("Which?", model, {}, writes=False, votes=True, choices=choices)
    texts = {candidate.class_id: candidate.text for candidate in made.choices}
    scenarios = {}
    for turn, (_, llm) in enumerate(made.voters):
        shown = ballot(texts, root=made.root, name=llm.name, turn=turn)
        wanted = "water" if turn else "tea"
        key = next(key for key, class_id in shown.tree.leaves.items() if texts[class_id] == wanted)
        scenarios[llm.id.partition("/")[2]] = Scenario("A voter.", (say(f'{{"response_key": "{key}"}}'),))
    client, service = offline(scenarios)

    async with client:
        result = await score("Which?", model, choices=choices, client=client, stop="none")

    assert (result.answer, result.confidence) == ("water", pytest.approx(2 / 3))
    assert result.cost > 0
    assert all(body["response_format"]["json_schema"]["strict"] for body in service.requests)


async def test_an_agent_on_a_service_votes_over_http():
    def pay(amount: int) -> str:
        """Pay."""
        return f"paid {amount}"

    scenarios = {
        name: Scenario("A member.", (calls(call("pay", {"amount": amount})), say("Done.")))
        for name, amount in (("a", 5), ("b", 6), ("c", 5))
    }
    client, service = offline(scenarios)

    async with client:
        agent = Agent(EnsembleModel("scripted/a, scripted/b, scripted/c", stop="none"), tools=[pay], client=client)
        async with agent.stream("Pay 5.") as run:
            text = [piece async for piece in run.text()]

    assert (text, run.result.output) == (["Done."], "Done.")
    assert run.result.confidence == pytest.approx(2 / 3)
    assert run.result.cost is not None
    assert len(service.requests) == 6
    assert not any("callwright" in str(body) for body in service.requests), "what is noted beside answers is never sent"


async def test_candidates_and_votes_over_http():
    client, service = offline({"w": Scenario("A writer.", (say("Hello."),))})

    async with client:
        result = await query("Greet.", ensemble("scripted/w x3 -> scripted/w"), client=client)

    assert (result.answer, result.confidence, len(service.requests)) == ("Hello.", 1, 3)
