"""A call that was cut short again and again: what was decided about it holds for one start, what was edited for all."""

from __future__ import annotations

import pytest

from callwright import Agent, MemoryStore, RunResult, edit, rerun, tool
from callwright.run.pending import Pending
from callwright.testing.scripted import ScriptedModel, calls

pytestmark = pytest.mark.anyio


class PowerCutError(BaseException):
    """Ends the process, as far as the run can tell."""


class Desk:
    """An agent whose tool is cut short so many times."""

    def __init__(self, *, cuts: int) -> None:
        self.charged: list[int] = []
        self._cuts = cuts
        charge = tool(self.charge, needs_approval=True)
        self.agent = Agent(ScriptedModel(calls("charge", francs=1000), "Charged."), tools=[charge], store=MemoryStore())

    async def charge(self, francs: int) -> str:
        """Charge."""
        self.charged.append(francs)
        if len(self.charged) <= self._cuts:
            raise PowerCutError
        return f"{francs} charged"

    async def cut_short(self, *decisions: object) -> None:
        with pytest.raises(BaseException) as caught:  # noqa: PT011 - trio may wrap it
            await self.agent.resume("a", *decisions)  # type: ignore[arg-type]
        assert caught.group_contains(PowerCutError) if isinstance(caught.value, BaseExceptionGroup) else True
        assert isinstance(caught.value, PowerCutError | BaseExceptionGroup)


def only(result: RunResult[str]) -> Pending:
    assert result.status == "paused"
    (pending,) = result.pending
    return pending


async def test_a_decision_to_run_it_again_holds_for_one_start() -> None:
    """Else a second crash would run it a third time, and nobody would be told."""
    desk = Desk(cuts=2)
    first = only(await desk.agent.run("Charge.", run_id="a"))
    await desk.cut_short(edit(first.id, {"francs": 10}))
    second = only(await desk.agent.resume("a"))
    await desk.cut_short(rerun(second.id))

    third = only(await desk.agent.resume("a"))

    assert third.why == "in_doubt"
    assert len(desk.charged) == 2


async def test_what_was_edited_stays_edited_when_the_call_is_run_again() -> None:
    desk = Desk(cuts=2)
    first = only(await desk.agent.run("Charge.", run_id="a"))
    await desk.cut_short(edit(first.id, {"francs": 10}))
    second = only(await desk.agent.resume("a"))
    assert (second.why, second.arguments) == ("in_doubt", '{"francs":10}')
    await desk.cut_short(rerun(second.id))

    third = only(await desk.agent.resume("a"))
    assert third.arguments == '{"francs":10}'
    done = await desk.agent.resume("a", rerun(third.id))

    assert done.output == "Charged."
    assert desk.charged == [10, 10, 10]
