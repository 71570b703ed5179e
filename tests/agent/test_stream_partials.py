"""Watching an output grow: drafts of it, and the elements of a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import anyio
import pytest
from pydantic import BaseModel

from callwright import (
    Agent,
    CallwrightError,
    ChatRequest,
    Completion,
    Delta,
    Output,
    OutputError,
    StreamError,
    output_of,
)
from callwright.model import NO_SCOPE, Restarted, Scope
from callwright.output.checked import Checked
from callwright.output.schema import Schema
from callwright.testing.scripted import Calls, ScriptedModel, Turn, calls
from callwright.wire.chat import CallDelta

pytestmark = pytest.mark.anyio


class Row(BaseModel):
    name: str
    amount: int = 0


class Table(BaseModel):
    title: str
    rows: list[Row] = []


class Spelling(ScriptedModel):
    """Streams its turns letter by letter, arguments of calls too, and is read as it writes."""

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        completion = await super().complete(request, Scope())
        if scope.listen is not None:
            for delta in spelled(completion):
                await scope.listen(delta)
                await anyio.lowlevel.checkpoint()
        return completion


def spelled(completion: Completion) -> Iterator[Delta]:
    yield from map(Delta, completion.text)
    for index, call in enumerate(completion.tool_calls):
        yield Delta(calls=(CallDelta(index, call.name, "", id=call.id),))
        yield from (Delta(calls=(CallDelta(index, None, letter),)) for letter in call.arguments)
    yield Delta(finish_reason=completion.finish_reason)


TABLE = '{"title": "Tea", "rows": [{"name": "a", "amount": 12}, {"name": "b"}]}'
VALUE = Table(title="Tea", rows=[Row(name="a", amount=12), Row(name="b")])
ROWS = '{"value": [{"name": "a", "amount": 12}, {"name": "b"}]}'

CALL = calls("final_answer", raw_arguments=TABLE)


def lookup() -> str:
    """Look something up."""
    return '{"title": "not this"}'


@pytest.mark.parametrize(
    ("mode", "turn"),
    [
        ("tool", CALL),
        ("tool", Calls(CALL.calls, 'I will say: {"title": "Wrong"} now')),
        ("json_schema", TABLE),
        ("json_object", f"```json\n{TABLE}\n```"),
        ("prompt", f"Here it is: {TABLE} Enjoy!"),
        ("auto", TABLE),
        ("auto", CALL),
    ],
)
async def test_an_output_grows_in_every_mode(mode: Any, turn: Turn) -> None:
    async with Agent(Spelling(turn), output=output_of(Table, mode=mode)).stream("?") as run:
        drafts = [draft async for draft in run.partials()]

    titles = [draft.title for draft in drafts if draft.title.startswith("T")]
    assert {"T", "Te", "Tea"} == set(titles)
    assert max(len(draft.rows) for draft in drafts) == 2
    assert drafts[-1] == VALUE
    assert drafts[-1] is run.result.output


async def test_texts_may_come_whole() -> None:
    async with Agent(Spelling(TABLE), output=Table).stream("?") as run:
        titles = {draft.title async for draft in run.partials(strings="complete")}

    assert titles == {None, "Tea"}


async def test_plain_values_come_when_they_are_finished() -> None:
    async with Agent(Spelling('{"value": 1234}'), output=int).stream("?") as run:
        assert {number async for number in run.partials()} == {1234}


async def test_a_plain_text_grows_step_by_step() -> None:
    async with Agent(Spelling("Hello"), output=str).stream("?") as run:
        assert [text async for text in run.partials()] == ["H", "He", "Hel", "Hell", "Hello", "Hello"]


async def test_steps_with_tools_are_no_part_of_it() -> None:
    model = Spelling(Calls((("lookup", "{}"),), 'Looking at {"title": 5}'), CALL)
    async with Agent(model, tools=[lookup], output=Table).stream("?") as run:
        drafts = [draft async for draft in run.partials()]

    assert {draft.title for draft in drafts} == {"", "T", "Te", "Tea"}


class Cat(BaseModel):
    kind: Literal["cat"]
    name: str


class Dog(BaseModel):
    kind: Literal["dog"]
    legs: int


async def test_of_a_union_the_function_called_tells_which_one() -> None:
    output: Output[Cat | Dog] = output_of(Cat | Dog, mode="tool")
    name = next(name for name in output.names if "Cat" in name)
    model = Spelling(calls(name, kind="cat", name="Tom"))
    async with Agent(model, output=output).stream("?") as run:
        drafts = [draft async for draft in run.partials()]

    assert {type(draft) for draft in drafts} == {Cat}
    assert [draft.name for draft in drafts if isinstance(draft, Cat)][-3:] == ["Tom", "Tom", "Tom"]


async def test_a_schema_gives_plain_dicts() -> None:
    schema = Schema({"type": "object", "properties": {"n": {"type": "integer"}, "t": {"type": "string"}}})
    async with Agent(Spelling('{"n": 12, "t": "ab"}'), output=schema).stream("?") as run:
        drafts = [draft async for draft in run.partials()]

    assert drafts[0] == {}
    assert {"n": 12, "t": "a"} in drafts


def twice(text: str) -> int:
    """Count letters twice."""
    return 2 * len(text)


async def test_what_a_function_makes_of_the_answer_comes_at_the_end() -> None:
    async with Agent(Spelling(calls(twice, text="abc")), output=twice).stream("?") as run:
        assert [number async for number in run.partials()] == [6]


async def test_a_checked_output_grows_and_ends_as_the_check_gives_it() -> None:
    def shout(table: Table) -> Table:
        return table.model_copy(update={"title": table.title.upper()})

    async with Agent(Spelling(TABLE), output=Checked(Table, shout)).stream("?") as run:
        titles = [draft.title async for draft in run.partials()]

    assert titles[-2:] == ["Tea", "TEA"]


async def test_a_rejected_answer_is_forgotten() -> None:
    model = Spelling('{"title": "Bad", "rows": 5}', TABLE)
    async with Agent(model, output=Table).stream("?") as run:
        titles = [draft.title async for draft in run.partials()]

    assert titles.index("Bad") < titles.index("T")
    assert titles[-1] == "Tea"


class Breaking(Spelling):
    """Breaks once in the middle of its answer, and begins anew."""

    def __init__(self, begun: str, *turns: Turn) -> None:
        super().__init__(*turns)
        self._begun = begun

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        if scope.listen is not None and scope.restart:
            for letter in self._begun:
                await scope.listen(Delta(letter))
                await anyio.lowlevel.checkpoint()
            await scope.listen(Restarted(1, StreamError("cut")))
        return await super().complete(request, scope)


async def test_a_stream_that_broke_begins_anew() -> None:
    async with Agent(Breaking('{"title": "Coffee', TABLE), output=Table).stream("?") as run:
        titles = [draft.title async for draft in run.partials()]

    assert "Coffee" in titles
    assert titles[-1] == "Tea"


@pytest.mark.parametrize("turn", [ROWS, f"Sure:\n{ROWS}", calls("final_answer", raw_arguments=ROWS)])
async def test_each_element_comes_once_when_it_is_finished(turn: Turn) -> None:
    async with Agent(Spelling(turn), output=list[Row]).stream("?") as run:
        seen = [(row, run._has_ended) async for row in run.items()]

    assert [row for row, _ in seen] == run.result.output == [Row(name="a", amount=12), Row(name="b")]
    assert not seen[0][1]


async def test_elements_that_had_to_be_repaired_come_at_the_end() -> None:
    async with Agent(Spelling("{'value': [1, 2,]}"), output=list[int]).stream("?") as run:
        assert [number async for number in run.items()] == [1, 2]


async def test_a_second_attempt_goes_on_behind_the_elements_that_were_given() -> None:
    model = Spelling('{"value": [1, 2, "x", 4]}', '{"value": [1, 2, 3, 4]}')
    async with Agent(model, output=list[int]).stream("?") as run:
        assert [number async for number in run.items()] == [1, 2, 3, 4]


@pytest.mark.parametrize("second", ['{"value": [1, 5, 3]}', '{"value": [1]}'])
async def test_an_element_that_was_given_cannot_be_taken_back(second: str) -> None:
    async with Agent(Spelling('{"value": [1, 2, "x"]}', second), output=list[int]).stream("?") as run:
        items = run.items()
        given = [await anext(items), await anext(items)]

        with pytest.raises(StreamError, match="differs from what was given"):
            await anext(items)

    assert given == [1, 2]


async def test_elements_need_a_list() -> None:
    with pytest.raises(TypeError, match="a list"):
        async with Agent(Spelling(TABLE), output=Table).stream("?") as run:
            _ = [row async for row in run.items()]  # type: ignore[misc]


async def test_a_failure_comes_after_the_drafts_before_it() -> None:
    titles: list[str] = []

    with pytest.raises(OutputError):
        async with Agent(Spelling("{'no"), output=output_of(Table, attempts=1)).stream("?") as run:
            titles += [draft.title async for draft in run.partials()]

    assert titles == []


async def test_drafts_and_events_are_read_from_one_stream() -> None:
    async with Agent(Spelling(TABLE), output=Table).stream("?") as run:
        async for draft in run.partials():
            if draft.title == "Te":
                break
        letters = [event.text async for event in run.events() if isinstance(event, Delta)]
        last = [draft async for draft in run.partials()]

    assert "".join(letters) == TABLE[TABLE.index('a"') :]
    assert last == [VALUE]


async def test_a_reader_that_is_behind_is_given_fewer_drafts_and_the_last_one() -> None:
    text = '{"title": "' + "x" * 5_000 + '"}'
    async with Agent(ScriptedModel(" ".join(text)), output=Table).stream("?") as run:
        lengths = [len(draft.title) async for draft in run.partials()]

    assert lengths == sorted(lengths)
    assert len(lengths) < 400


async def test_the_drafts_of_a_long_answer_are_few_enough_to_be_linear() -> None:
    """Work is counted in copied elements: it grows with the answer, not with its square."""

    async def copied(count: int) -> int:
        text = '{"value": [' + ", ".join(["1"] * count) + "]}"
        async with Agent(Spelling(text), output=list[int]).stream("?") as run:
            return sum([len(draft) async for draft in run.partials()])

    assert await copied(4_000) < 6 * await copied(1_000)


def test_drafts_and_elements_come_without_an_event_loop() -> None:
    with Agent(Spelling(TABLE), output=Table).stream_sync("?") as run:
        titles = {draft.title for draft in run.partials()}
    with Agent(Spelling(ROWS), output=list[Row]).stream_sync("?") as rows:
        names = [row.name for row in rows.items()]

    assert titles == {"", "T", "Te", "Tea"}
    assert names == ["a", "b"]


def test_a_failure_comes_without_an_event_loop() -> None:
    with (
        pytest.raises(CallwrightError),
        Agent(Spelling("no"), output=output_of(Table, attempts=1)).stream_sync("?") as run,
    ):
        list(run.partials())
