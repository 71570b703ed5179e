"""Extraction in bulk."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from typing import Annotated, Any

import anyio
import pytest
from pydantic import AfterValidator, BaseModel, ValidationInfo

from callwright import Budget, BudgetError, ChatRequest, Completion, Limits, MemoryStore, OutputError, ParameterError
from callwright.bulk import extract_many, extract_many_sync
from callwright.testing.scripted import FunctionModel, Turn

pytestmark = pytest.mark.anyio


class City(BaseModel):
    name: str
    people: int


def read(request: ChatRequest) -> Turn:
    text = request.messages[-1].text
    found = re.search(r"(\w+) has (\d+)", text)
    return "I do not know." if found is None else f'{{"name": "{found[1]}", "people": {found[2]}}}'


TEXTS = [f"City{number} has {number}" for number in range(20)]


async def test_every_text_has_its_value_in_order() -> None:
    async with extract_many(City, TEXTS, model=FunctionModel(read), concurrency=4, ordered=True) as found:
        cities = [finished.get() async for finished in found]

    assert cities == [City(name=f"City{number}", people=number) for number in range(20)]
    assert (found.started, found.finished, found.failed) == (20, 20, 0)


async def test_values_come_as_they_finish() -> None:
    gate = anyio.Event()

    async def slow(request: ChatRequest) -> Turn:
        if "City0 " in request.messages[-1].text:
            await gate.wait()
        return read(request)

    order: list[int] = []
    async with extract_many(City, TEXTS[:3], model=FunctionModel(slow)) as found:
        async for finished in found:
            order.append(finished.index)
            if len(order) == 2:
                gate.set()

    assert sorted(order[:2]) == [1, 2]
    assert order[2] == 0


async def test_an_error_is_a_value_and_the_others_go_on() -> None:
    texts = [TEXTS[0], "nothing", TEXTS[1]]
    async with extract_many(City, texts, model=FunctionModel(read), attempts=2, ordered=True) as found:
        outcomes = [(finished.item, finished.error) async for finished in found]

    assert [type(error) for _, error in outcomes] == [type(None), OutputError, type(None)]
    assert found.failed == 1


async def test_they_share_a_budget_and_keep_to_limits() -> None:
    budget = Budget(requests=5)
    async with extract_many(City, TEXTS[:8], model=FunctionModel(read), budget=budget, concurrency=1) as found:
        errors = [finished.error async for finished in found if finished.error is not None]
    limits = Limits(requests=1)
    async with extract_many(City, ["nothing"], model=FunctionModel(read), limits=limits) as limited:
        [stopped] = [finished.error async for finished in limited]

    assert [type(error) for error in errors] == [BudgetError] * 3
    assert isinstance(stopped, OutputError)


async def test_a_job_that_is_started_again_pays_for_nothing_twice() -> None:
    store, model = MemoryStore(), FunctionModel(read)
    options: Any = {"model": model, "store": store, "job": "cities", "concurrency": 2}
    async with extract_many(City, TEXTS, **options) as found:
        async for _ in found:
            if found.finished == 8:
                break
    async with extract_many(City, TEXTS, ordered=True, **options) as again:
        cities = [finished.get() async for finished in again]
    paid = len(model.requests)

    async with extract_many(City, TEXTS, ordered=True, **options) as once_more:
        assert [finished.get() async for finished in once_more] == cities

    assert cities == [City(name=f"City{number}", people=number) for number in range(20)]
    assert len(model.requests) == paid <= 20 + 2


async def test_a_text_that_stands_twice_in_a_job_is_paid_for_once() -> None:
    model = FunctionModel(read)
    async with extract_many(City, [TEXTS[3]] * 10, model=model, store=MemoryStore(), job="same") as found:
        cities = {finished.get().people async for finished in found}

    assert cities == {3}
    assert len(model.requests) == 1


async def test_what_was_used_is_summed_up() -> None:
    def billed(request: ChatRequest) -> Turn:
        choice = {"message": {"role": "assistant", "content": str(read(request))}, "finish_reason": "stop"}
        return Completion({"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.25}})

    async with extract_many(City, [*TEXTS[:3], "nothing"], model=FunctionModel(billed), attempts=2) as found:
        async for _ in found:
            pass

    assert found.usage.cost == Decimal("1.25")
    assert found.usage.completion_tokens == 25


async def test_prompts_may_come_one_by_one_and_without_end() -> None:
    taken: list[int] = []

    async def endless() -> Any:
        number = 0
        while True:
            taken.append(number)
            yield f"City has {number}"
            number += 1

    async with extract_many(City, endless(), model=FunctionModel(read), concurrency=3) as found:
        async for _ in found:
            if found.finished == 10:
                break

    assert len(taken) < 30


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"concurrency": 0}, "concurrency: expected >= 1"),
        ({"job": "j"}, "only a store"),
        ({"temprature": 1}, "did you mean 'temperature'"),
        ({"mode": "yaml"}, "mode: expected one of"),
        ({"temperature": 99}, "temperature"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(options: Any, told: str) -> None:
    for function in (extract_many, extract_many_sync):
        with pytest.raises(ParameterError, match=told):
            function(City, TEXTS, **{"model": FunctionModel(read), **options})


def test_one_text_is_not_taken_for_many() -> None:
    with pytest.raises(ParameterError, match="one text"):
        extract_many(City, "City has 5")


def test_they_can_be_run_without_a_loop() -> None:
    found = extract_many_sync(City, TEXTS[:3], model=FunctionModel(read), ordered=True)

    assert [finished.get().people for finished in found] == [0, 1, 2]


def test_a_bar_is_left_out_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    found = extract_many_sync(City, TEXTS[:3], model=FunctionModel(read), progress=True)

    assert len(list(found)) == 3
    assert capsys.readouterr().err == ""


def test_a_bar_shows_what_is_done_and_what_failed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")

    list(extract_many_sync(City, [*TEXTS[:3], "nothing"], model=FunctionModel(read), progress=True, attempts=1))

    told = capsys.readouterr().err
    assert "4/4" in told
    assert "1 failed" in told


def test_a_bar_without_its_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)

    with pytest.raises(ParameterError, match="needs the package 'rich'"):
        extract_many(City, TEXTS, model=FunctionModel(read), progress=True)


async def test_validators_get_the_dependencies() -> None:
    def scaled(value: int, info: ValidationInfo) -> int:
        return value * info.context

    output = Annotated[int, AfterValidator(scaled)]
    model = FunctionModel(lambda _: '{"value": 2}')
    async with extract_many(output, ["a", "b"], model=model, deps=10) as found:
        assert [finished.get() async for finished in found] == [20, 20]
