"""Every kind of output in every mode, from every kind of answer: the right value or a typed error, never another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.output.kinds_table import KINDS, Kind
from tests.output.played import Played, client_of

from callwright import OPENROUTER, Agent, Client, Retry, RunResult
from callwright.errors import OutputError, RefusalError, TruncatedError
from callwright.run.records import CallStarted
from callwright.simulator.server import running
from callwright.testing.scenario import call, calls, say
from callwright.testing.wireshape import Turn

pytestmark = pytest.mark.anyio

MODES = ("tool", "json_schema", "json_object", "prompt")
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
each_mode = pytest.mark.parametrize("mode", MODES)
WAYS = ("plain", "streamed")


@pytest.fixture
def anyio_backend() -> str:
    """One event loop is enough for a table; the tests of the loop run on both."""
    return "asyncio"


def turn(kind: Kind, mode: str, text: str, finish: str | None = None) -> Turn:
    """Return the turn in which a model answers with this text, as the mode has it."""
    if mode == "tool":
        return calls(call(kind.tool, text), finish_reason=finish or "tool_calls")
    return say(text, finish_reason=finish or "stop")


def clean(kind: Kind, mode: str) -> Turn:
    return turn(kind, mode, kind.text(mode))


def fenced(kind: Kind, mode: str) -> Turn:
    return turn(kind, mode, f"```json\n{kind.text(mode)}\n```")


def chatty(kind: Kind, mode: str) -> Turn:
    return turn(kind, mode, f"Sure, here it is:\n\n{kind.text(mode)}\n\nLet me know if you need anything else.")


def thoughtful(kind: Kind, mode: str) -> Turn:
    """Servers that do not know a model's thoughts leave them in the text."""
    thoughts = '<think>\nPerhaps {"x": 1}?\n</think>\n\n'
    if mode == "tool":
        return calls(call(kind.tool, kind.text(mode)), content=thoughts)
    return turn(kind, mode, f"{thoughts}{kind.text(mode)}")


def malformed(kind: Kind, mode: str) -> Turn:
    return turn(kind, mode, f"{kind.text(mode)[:-1]},}}")


def wrong(kind: Kind, mode: str) -> Turn:
    return turn(kind, mode, kind.text(mode, kind.wrong))


def truncated(kind: Kind, mode: str) -> Turn:
    text = kind.text(mode)
    return turn(kind, mode, text[: len(text) * 2 // 3], "length")


def refused(kind: Kind, mode: str) -> Turn:
    return Turn({"content": None, "refusal": "I must not."})


def empty(kind: Kind, mode: str) -> Turn:
    return say("")


async def asked(kind: Kind, mode: str, client: Client, way: str) -> RunResult[Any]:
    agent = Agent("some/model", output=kind.output(mode), client=client)
    if way == "plain":
        return await agent.run("?")
    async with agent.stream("?") as run:
        async for _ in run.events():
            pass
    return run.result


async def right(kind: Kind, mode: str, *turns: Turn) -> RunResult[Any]:
    """Return the result of both ways, which is the right one."""
    results: list[RunResult[Any]] = []
    for way in WAYS:
        service = Played(*turns)

        result = await asked(kind, mode, client_of(service), way)

        assert (result.output, type(result.output)) == (kind.value, type(kind.value))
        assert len(service.sent) == len(turns)
        assert [request.mode for request in result.requests] == [mode] * len(turns)
        results.append(result)
    plain, streamed = results
    assert (plain.repairs, plain.attempts) == (streamed.repairs, streamed.attempts)
    return plain


@each_kind
@each_mode
async def test_a_clean_answer_is_taken_as_it_is(kind: Kind, mode: str) -> None:
    result = await right(kind, mode, clean(kind, mode))

    assert (result.status, result.repairs, result.attempts) == ("done", (), ())


@each_kind
@each_mode
@pytest.mark.parametrize("flawed", [fenced, chatty, thoughtful, malformed], ids=lambda flaw: flaw.__name__)
async def test_what_can_be_read_is_not_asked_for_again(
    kind: Kind, mode: str, flawed: Callable[[Kind, str], Turn]
) -> None:
    result = await right(kind, mode, flawed(kind, mode))

    started = [record.repairs for record in result.state.records if isinstance(record, CallStarted)]
    is_called = mode == "tool" and flawed is thoughtful
    assert bool(result.repairs or any(started)) is not is_called


@each_kind
@each_mode
async def test_a_wrong_answer_is_asked_for_again(kind: Kind, mode: str) -> None:
    result = await right(kind, mode, wrong(kind, mode), clean(kind, mode))

    assert len(result.attempts) == 1
    assert result.attempts[0].problems


@each_kind
@each_mode
async def test_an_empty_answer_is_asked_for_again(kind: Kind, mode: str) -> None:
    result = await right(kind, mode, empty(kind, mode), clean(kind, mode))

    assert result.attempts[0].problems[0].startswith(("your answer was empty", "give the answer as a call"))


@each_kind
@each_mode
@pytest.mark.parametrize("way", WAYS)
async def test_a_wrong_answer_that_stays_wrong_is_an_error(kind: Kind, mode: str, way: str) -> None:
    service = Played(*[wrong(kind, mode)] * 3)

    with pytest.raises(OutputError) as caught:
        await asked(kind, mode, client_of(service), way)

    assert (len(service.sent), len(caught.value.attempts)) == (3, 3)


@each_kind
@each_mode
@pytest.mark.parametrize("way", WAYS)
async def test_a_cut_answer_is_never_taken_for_a_whole_one(kind: Kind, mode: str, way: str) -> None:
    service = Played(truncated(kind, mode))

    if kind.kept is None:
        with pytest.raises(TruncatedError, match="raise max_tokens"):
            await asked(kind, mode, client_of(service), way)
    else:
        result = await asked(kind, mode, client_of(service), way)

        assert (result.output, result.status) == (kind.kept, "limited")
        assert result.reason == f"length: the answer was cut; its {len(kind.kept)} finished items are kept"

    assert len(service.sent) == 1


@each_kind
@each_mode
@pytest.mark.parametrize("way", WAYS)
async def test_a_refusal_is_an_error_of_its_own(kind: Kind, mode: str, way: str) -> None:
    service = Played(refused(kind, mode))

    with pytest.raises(RefusalError, match="the model refused: I must not"):
        await asked(kind, mode, client_of(service), way)

    assert len(service.sent) == 1


@each_kind
async def test_the_text_that_comes_in_place_of_a_call_is_read(kind: Kind) -> None:
    """A server that does not heed a forced call answers in JSON, as a rule."""
    service = Played(say(kind.text("json_object")))

    result = await asked(kind, "tool", client_of(service), "plain")

    is_text = kind is KINDS["answer or text"]
    assert result.output == (kind.text("json_object") if is_text else kind.value)
    assert result.repairs == (() if is_text else ("text in place of a call",))


@pytest.mark.slow
@each_mode
async def test_over_real_sockets_it_is_the_same(mode: str) -> None:
    flaws = {clean: 1, fenced: 1, chatty: 1, thoughtful: 1, malformed: 1, wrong: 2, empty: 2}
    asks = [(kind, flawed, way) for kind in KINDS.values() for flawed in flaws for way in WAYS]
    played = [(flawed(kind, mode), clean(kind, mode))[: flaws[flawed]] for kind, flawed, _ in asks]
    service = Played(*[step for steps in played for step in steps])

    with running(service) as url:
        async with Client("sk-or-played", base_url=url, profile=OPENROUTER, retry=Retry(attempts=1)) as client:
            results = [await asked(kind, mode, client, way) for kind, _, way in asks]

    assert [result.output for result in results] == [kind.value for kind, _, _ in asks]
    assert [len(result.requests) for result in results] == [flaws[flawed] for _, flawed, _ in asks]
