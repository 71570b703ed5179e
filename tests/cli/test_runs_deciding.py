"""The commands `runs resume`, `approve` and `deny`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Invoke, Screen

from callwright.agent import Agent
from callwright.cli.exits import FAILED, INTERRUPTED, LIMITED, PAUSED, UNREACHED, USAGE
from callwright.run.records import CallDecided
from callwright.run.sqlite import SQLiteStore
from callwright.testing.scripted import ScriptedModel, Turn, calls
from callwright.tools.tool import tool

SHOP = '''
"""A shop, as its owner wrote it."""

from __future__ import annotations

import anyio
from pydantic import BaseModel

from callwright import Agent, Limits, ProviderError, RunContext, tool
from callwright.testing.scripted import ScriptedModel, calls
from callwright.wire.chat import Completion


class Receipt(BaseModel):
    amount: int


class Till:
    def __init__(self) -> None:
        self.amount = 7


@tool(needs_approval=True)
def pay(amount: int) -> str:
    """Pay."""
    return f"paid {amount}"


@tool(external=True)
def deliver(parcel: int) -> str:
    """Deliver."""
    raise NotImplementedError


@tool
def ship(parcel: int) -> str:
    """Ship."""
    return f"shipped {parcel}"


async def wait() -> str:
    """Wait."""
    await anyio.sleep_forever()
    return ""


def count(ctx: RunContext[Till]) -> str:
    """Count what is in the till."""
    return str(ctx.deps.amount)


TOOLS = [pay, deliver, ship, wait]
CUT = {"choices": [{"finish_reason": "length", "message": {"role": "assistant", "content": "Half"}}]}
agent = Agent(ScriptedModel("All is\\nsettled."), tools=TOOLS)
typed = Agent(ScriptedModel(calls("final_answer", amount=3)), tools=TOOLS, output=Receipt)
down = Agent(ScriptedModel(ProviderError("down", status=502)), tools=TOOLS)
cut = Agent(ScriptedModel(Completion(CUT)), tools=TOOLS)
waiting = Agent(ScriptedModel(calls(wait)), tools=TOOLS)
changed = Agent(ScriptedModel("Fine."), tools=[pay])
spent = Agent(ScriptedModel("Fine."), tools=TOOLS, limits=Limits(requests=1))
counting = Agent(ScriptedModel(calls(count), "Counted."), tools=[*TOOLS, count])
number = 7


def make() -> Agent:
    return agent


def fail() -> Agent:
    raise ValueError("no shop today")
'''


@tool(needs_approval=True)
def pay(amount: int) -> str:
    """Pay."""
    return f"paid {amount}"


@tool(external=True)
def deliver(parcel: int) -> str:
    """Deliver."""
    raise NotImplementedError


@tool
def ship(parcel: int) -> str:
    """Ship."""
    return f"shipped {parcel}"


async def wait() -> str:
    """Wait."""
    return ""


class Shop:
    """A shop with a run in its store, and the commands of its owner."""

    def __init__(self, folder: Path, invoke: Invoke) -> None:
        self.file = folder / "shop.py"
        self.file.write_text(SHOP, encoding="utf-8")
        self.store = folder / "runs.db"
        self._invoke = invoke

    def begin(self, *turns: Turn, cut: int | None = None) -> None:
        """Run until something waits; with `cut`, as if the process had died after so many records."""
        with SQLiteStore(self.store) as store:
            agent = Agent(ScriptedModel(*turns), tools=[pay, deliver, ship, wait], store=store)
            agent.run_sync("Go.", run_id="whole" if cut else "r")
            if cut:
                agent.fork_sync("whole", at=cut, run_id="r")

    def do(self, command: str, *arguments: str, agent: str = "agent") -> tuple[int, str, list[str]]:
        """Return the exit code, what was printed, and the lines of standard error."""
        result = self._invoke("runs", command, f"{self.file}:{agent}", "r", *arguments, "--store", self.store)
        return result.exit_code, result.stdout, result.stderr.splitlines()

    def decisions(self) -> list[CallDecided]:
        with SQLiteStore(self.store) as store:
            import anyio  # noqa: PLC0415 - a portal for one line

            records = anyio.run(store.load, "r")
        return [record for record in records if isinstance(record, CallDecided)]


@pytest.fixture
def shop(tmp_path: Path, invoke: Invoke) -> Shop:
    return Shop(tmp_path, invoke)


def test_the_one_call_that_waits_is_approved_and_the_run_goes_on(shop: Shop):
    shop.begin(calls(pay, amount=3))

    code, output, told = shop.do("approve", "--by", "ann")

    assert (code, output) == (0, "All is\nsettled.\n")
    assert told[:3] == ["result   pay: paid 3", "answer   All is", "         settled."]
    assert [(one.verdict, one.by) for one in shop.decisions()] == [("approve", "ann")]


def test_a_call_is_approved_with_other_arguments(shop: Shop):
    shop.begin(calls(pay, amount=3))

    code, _, told = shop.do("approve", "--edit", '{"amount": 2}')

    assert (code, told[0]) == (0, "result   pay: paid 2")


def test_arguments_that_the_tool_refuses_are_told_to_the_model(shop: Shop):
    shop.begin(calls(pay, amount=3))

    code, _, told = shop.do("approve", "--edit", '{"amount": "much"}')

    assert code == 0
    assert told[0].startswith("error    pay: ")


def test_a_call_is_denied_and_the_model_is_told_why(shop: Shop):
    shop.begin(calls(pay, amount=3))

    code, _, told = shop.do("deny", "--why", "too much")

    assert (code, told[0]) == (0, "error    pay: Not run: it was not allowed. too much")


def test_of_several_calls_one_is_named_and_the_others_go_on_waiting(shop: Shop):
    shop.begin(calls(pay, amount=1) + calls(pay, amount=2))

    code, output, told = shop.do("approve", "r:1:1")

    assert (code, output) == (PAUSED, "")
    assert told[:2] == ["result   pay: paid 2", 'waiting  r:1:0 pay({"amount":1}): runs approve or runs deny']
    assert shop.do("deny", "r:1:0")[0] == 0


def test_all_calls_can_be_decided_about_at_once(shop: Shop):
    shop.begin(calls(pay, amount=1) + calls(pay, amount=2))

    assert shop.do("approve", "--all")[0] == 0
    assert [one.call for one in shop.decisions()] == ["r:1:0", "r:1:1"]


def test_the_result_of_a_call_that_ran_elsewhere_is_given(shop: Shop):
    shop.begin(calls(deliver, parcel=1))

    code, _, told = shop.do("approve", "--result", '{"left at": "door"}')

    assert (code, told[0]) == (0, 'result   deliver: {"left at": "door"}')


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--rerun"], "result   ship: shipped 1"),
        (["--result", "it was shipped"], "result   ship: it was shipped"),
    ],
)
def test_what_may_have_been_done_is_run_again_or_its_result_given(options: list[str], told: str, shop: Shop):
    shop.begin(calls(ship, parcel=1), "Done.", cut=5)
    assert shop.do("resume")[0] == PAUSED

    code, _, lines = shop.do("approve", *options)

    assert (code, lines[0]) == (0, told)


def test_a_run_that_was_cut_short_is_resumed(shop: Shop):
    shop.begin(calls(ship, parcel=1), "Done.", cut=4)

    code, output, told = shop.do("resume")

    assert (code, output) == (0, "All is\nsettled.\n")
    assert told[0] == "result   ship: shipped 1"


def test_a_run_that_is_done_gives_its_output_again(shop: Shop):
    shop.begin("Done.")

    assert shop.do("resume")[:2] == (0, "Done.\n")


def test_an_output_that_is_no_text_is_json(shop: Shop):
    shop.begin(calls(pay, amount=3))

    code, output, told = shop.do("approve", "--accept-changes", agent="typed")

    assert (code, output, told[-1][:5]) == (0, '{"amount": 3}\n', "usage")


def test_an_agent_may_be_what_a_function_returns(shop: Shop):
    shop.begin(calls(pay, amount=3))

    assert shop.do("approve", agent="make")[0] == 0


def test_dependencies_are_given_by_their_place(shop: Shop):
    shop.begin(calls(pay, amount=3))

    code, _, told = shop.do("approve", "--accept-changes", "--deps", f"{shop.file}:Till", agent="counting")

    assert (code, told[2]) == (0, "result   count: 7")


@pytest.mark.parametrize(
    ("agent", "options", "code", "complaint"),
    [
        ("number", [], USAGE, "expected an Agent, or a function that returns one; got 7"),
        ("nobody", [], USAGE, "has no 'nobody'"),
        ("fail", [], USAGE, "calling it without arguments failed: ValueError: no shop today"),
        ("changed", [], FAILED, "was begun by another agent"),
        ("down", [], UNREACHED, "down (ProviderError)"),
        ("spent", [], LIMITED, "the run's limit is reached"),
        ("agent", ["r:9:9"], USAGE, "call 'r:9:9' does not wait; name one of these, or --all: r:1:0 pay("),
        ("agent", ["--edit", "[1]"], USAGE, "--edit: expected a JSON object; got '[1]'"),
        ("agent", ["--rerun"], USAGE, "(approval): decide by runs approve or runs deny"),
        ("agent", ["--deps", "nowhere"], USAGE, "the name is missing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value)[:20],
)
def test_what_is_wrong_is_said_in_one_line(  # noqa: PLR0917 - as parametrised
    agent: str, options: list[str], code: int, complaint: str, shop: Shop
):
    shop.begin(calls(pay, amount=3))

    ended, output, told = shop.do("approve", *options, agent=agent)

    assert (ended, output) == (code, "")
    assert told[-1].startswith("callwright: ")
    assert complaint in told[-1]


@pytest.mark.parametrize(
    ("turn", "cut", "options", "complaint"),
    [
        (calls(deliver, parcel=1), None, [], "(external): decide by runs approve --result, or runs deny"),
        (calls(ship, parcel=1), 5, [], "(in_doubt): decide by runs approve --rerun or --result, or runs deny"),
        (calls(ship, parcel=1), 5, ["--edit", "{}"], "(in_doubt): decide by"),
        (calls(pay, amount=1) + calls(pay, amount=2), None, [], "several calls wait; name one of these, or --all"),
        (calls(pay, amount=1) + calls(pay, amount=2), None, ["--all", "--result", "1"], "expected for one call; got 2"),
        ("Done.", None, [], "no call waits for a decision"),
    ],
    ids=["external", "in doubt", "edit in doubt", "several", "one result for all", "none"],
)
def test_a_decision_that_does_not_fit_is_refused_before_anything_is_done(  # noqa: PLR0917 - as parametrised
    turn: Turn, cut: int | None, options: list[str], complaint: str, shop: Shop
):
    shop.begin(turn, "Done.", cut=cut)
    if cut:
        shop.do("resume")

    code, _, told = shop.do("approve", *options)

    assert code == USAGE
    assert complaint in told[-1]
    assert shop.decisions() == []


def test_a_limit_that_cut_the_answer_is_an_exit_code(shop: Shop):
    shop.begin(calls(pay, amount=3))

    code, output, told = shop.do("approve", agent="cut")

    assert (code, output) == (LIMITED, "Half\n")
    assert told[-1] == "limit    length"


def test_a_run_of_no_one_is_refused(shop: Shop):
    shop.begin("Done.")

    result = shop._invoke("runs", "resume", f"{shop.file}:agent", "nobody", "--store", shop.store)

    assert result.exit_code == USAGE


def test_ctrl_c_keeps_what_was_done(shop: Shop, screen: Callable[..., Screen], invoke: Invoke):
    shop.begin(calls(pay, amount=3))
    shown = screen("runs", "approve", f"{shop.file}:waiting", "r", "--store", shop.store)
    shown.expect("wait")

    shown.interrupt()
    shown.expect("interrupted; what was done is kept, and resume goes on from there")

    assert shown.end() == INTERRUPTED
    records = json.loads(invoke("runs", "show", "r", "--json", "--store", shop.store).stdout)
    kinds = [record["kind"] for record in records]
    assert kinds[-3:] == ["Asked", "Answered", "CallStarted"]
    assert "CallReturned" in kinds


def test_an_answer_is_seen_once_on_a_terminal(shop: Shop, screen: Callable[..., Screen]):
    shop.begin(calls(pay, amount=3))
    shown = screen("runs", "approve", f"{shop.file}:agent", "r", "--store", shop.store)

    assert shown.end() == 0
    assert shown.seen.count("settled.") == 1
