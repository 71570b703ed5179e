"""The client of the service that the seed page describes, against an offline one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from callwright.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    ParameterError,
    ProviderError,
)
from callwright.query.compact import ensemble
from callwright.query.config import QueryLLM
from callwright.query.remote import ObjectiveAI, RemoteWarning
from callwright.query.remoteviews import PATHS, QueryLLMInfo
from callwright.query.settings import QueryReasoning, StaticWeight, TrainingTableWeight
from callwright.service.retry import Retry
from callwright.simulator.server import running
from callwright.simulator.transport import SimulatorTransport
from callwright.testing.queryserver import OfflineObjectiveAI, Use

pytestmark = pytest.mark.anyio

NAME = "3ILPmYwxjVJc3Ohdpk8JAy"
"""Of the plainest configuration, as the service's own SDK hashed it."""
LLM = QueryLLM("openai/gpt-4o-mini")
VOTER = QueryLLM(
    "openai/gpt-4o-mini",
    "select_non_thinking_logprobs",
    select_top_logprobs=5,
    temperature=0.0,
    weight=StaticWeight(1.5),
)
MORNING = datetime(2025, 10, 9, 8, tzinfo=UTC)
USES = (
    Use(NAME, MORNING, "key-ann", prompt_tokens=10, completion_tokens=2, cost=Decimal("0.1")),
    Use(NAME, MORNING + timedelta(hours=2), "key-bob", prompt_tokens=5, completion_tokens=1, cost=Decimal("0.2")),
    Use("1ccqd3DXrFCCTsQ1ZvJRPa", MORNING, "key-ann", prompt_tokens=99),
)


def client(service: OfflineObjectiveAI, key: str | None = None, **options: object) -> ObjectiveAI:
    return ObjectiveAI(key, transport=SimulatorTransport(service), **options)


async def test_a_configuration_is_sent_and_comes_back_named():
    service = OfflineObjectiveAI()

    info = await client(service).query_llm(QueryLLM("openai/gpt-4o-mini", temperature=1.0))

    assert (info.name, info.hash_matches, info.llm, info.statistics) == (NAME, True, LLM, None)
    (received,) = service.journal
    assert (received.method, received.path) == ("POST", "/query_llms")
    assert received.body == QueryLLM("openai/gpt-4o-mini", temperature=1.0).to_wire()


async def test_the_golden_ids_are_met():
    service = OfflineObjectiveAI()

    found = [(await client(service).query_llm(llm)).name for llm in (LLM, VOTER)]

    assert found == [NAME, "1ccqd3DXrFCCTsQ1ZvJRPa"]


async def test_an_id_is_asked_for():
    service = OfflineObjectiveAI()
    asking = client(service)
    await asking.query_llm(LLM)

    info = await asking.query_llm(NAME)

    assert (info.llm, info.hash_matches) == (LLM, True)
    assert (service.journal[-1].method, service.journal[-1].path) == ("GET", f"/query_llms/{NAME}")


@pytest.mark.parametrize("text", ["", "openai/gpt-4o-mini", NAME[1:], f"{NAME}/../x"])
async def test_what_is_no_id_is_not_sent(text: str):
    service = OfflineObjectiveAI()

    with pytest.raises(ParameterError, match="an id of 22 letters and digits"):
        await client(service).query_llm(text)

    assert service.journal == []


async def test_an_unknown_id_is_not_found():
    with pytest.raises(NotFoundError, match=r"HTTP 404: 0{22} not found"):
        await client(OfflineObjectiveAI()).query_llm("0" * 22)


async def test_statistics_are_typed():
    info = await client(OfflineObjectiveAI(USES)).query_llm(LLM, metadata=True)

    said = info.statistics
    assert said is not None
    assert (said.requests, said.chat_prompt_tokens, said.chat_completion_tokens) == (2, 15, 3)
    assert (said.chat_cost, said.embedding_cost) == (Decimal("0.3"), Decimal(0))
    assert (said.user_id, said.created) == ("key-ann", MORNING)


async def test_a_window_is_sent_in_utc():
    service = OfflineObjectiveAI(USES)
    asking = client(service)

    info = await asking.query_llm(
        LLM,
        metadata=True,
        from_=datetime(2025, 10, 9, 11, tzinfo=timezone(timedelta(hours=2))),
        to="2025-10-10T00:00:00+02:00",
    )

    assert info.statistics is not None
    assert info.statistics.requests == 1
    assert "from=2025-10-09T09%3A00%3A00Z&to=2025-10-09T22%3A00%3A00Z" in service.journal[0].path


async def test_ones_own_use_alone():
    info = await client(OfflineObjectiveAI(USES), "key-bob").query_llm(LLM, metadata=True, me=True)

    assert info.statistics is not None
    assert info.statistics.requests == 1


async def test_ones_own_use_needs_a_key_and_nothing_is_sent_without():
    service = OfflineObjectiveAI(USES)
    asking = client(service)

    for refused in (
        asking.query_llm(LLM, metadata=True, me=True),
        asking.query_llm(LLM, me=True),
        asking.query_models(me=True),
        asking.count_query_models(me=True),
        asking.mark("qrycpl-1", "c"),
        asking.unmark("qrycpl-1"),
    ):
        with pytest.raises(AuthenticationError, match="OBJECTIVEAI_API_KEY") as error:
            await refused
        assert error.value.status == 401

    assert service.journal == []


async def test_a_key_of_the_environment_goes_to_its_own_address_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OBJECTIVEAI_API_KEY", "key-ann")
    service = OfflineObjectiveAI(USES)

    assert (await client(service).query_llm(LLM, metadata=True, me=True)).statistics is not None
    with pytest.raises(AuthenticationError):
        await client(service, base_url="https://elsewhere.example").query_llm(LLM, metadata=True, me=True)


async def test_what_the_service_would_ignore_is_warned_about_and_not_sent():
    service = OfflineObjectiveAI(USES)

    with pytest.warns(RemoteWarning, match="me, from: ignored without metadata=True"):
        await client(service, "key-ann").query_llm(LLM, me=False, from_=MORNING)

    assert service.journal[0].path == "/query_llms"


@pytest.mark.parametrize("moment", [datetime(2025, 10, 9), "2025-10-09T08:00:00", "yesterday", "2025-10-09", 7])  # noqa: DTZ001
async def test_a_moment_without_a_time_zone_is_refused(moment: datetime):
    service = OfflineObjectiveAI()

    for window in ({"from_": moment}, {"to": moment}):
        with pytest.raises(ParameterError, match="expected a moment with its time zone, or one in RFC 3339"):
            await client(service).query_llm(LLM, metadata=True, **window)

    assert service.journal == []


async def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(ParameterError, match="from_: expected a moment before `to`"):
        await client(OfflineObjectiveAI()).query_llm(LLM, metadata=True, from_=MORNING, to=MORNING - timedelta(hours=1))


async def test_another_id_than_the_content_has_is_warned_about():
    service = OfflineObjectiveAI(id_of=lambda _: "0" * 22)

    with pytest.warns(RemoteWarning, match=f"the service names it 0{{22}}; by its content it is {NAME}"):
        info = await client(service).query_llm(LLM)

    assert info.hash_matches is False


async def test_another_content_than_the_id_has_is_warned_about():
    service = OfflineObjectiveAI()
    asking = client(service)
    await asking.query_llm(LLM)
    service._known[NAME] = VOTER
    service._id_of = lambda _: NAME

    with pytest.warns(RemoteWarning, match="the service names it"):
        assert (await asking.query_llm(NAME)).hash_matches is False


async def test_an_id_that_was_hashed_as_the_sdk_did_is_fine():
    """It forgot `effort`."""
    llm = QueryLLM("openai/o3", reasoning=QueryReasoning(effort="low"))
    service = OfflineObjectiveAI(id_of=lambda _: QueryLLM("openai/o3").name)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        info = await client(service).query_llm(llm)

    assert (info.hash_matches, info.name == llm.name) == (True, False)


def test_an_answer_that_we_cannot_read_is_kept():
    raw = {"model": "openai/gpt-5", "id": NAME, "output_mode": "json_schema"}

    info = QueryLLMInfo(raw, NAME)

    assert (info.raw, info.name, info.llm, info.hash_matches) == (raw, NAME, None, True)
    assert QueryLLMInfo({"id": "openai/gpt-5"}, NAME).hash_matches is None


async def test_a_training_table_name_is_told():
    llm = QueryLLM("openai/gpt-4o-mini", "select_thinking", weight=TrainingTableWeight(1, 0.5, 2))

    info = await client(OfflineObjectiveAI()).query_llm(llm)

    assert info.training_table_name == llm.training_table_name


async def test_ensembles_are_sent_asked_for_listed_and_counted():
    service = OfflineObjectiveAI()
    asking = client(service)
    models = [ensemble("openai/gpt-4o-mini x2"), ensemble("openai/gpt-4o-mini -> openai/gpt-4o:select")]
    for model in models:
        info = await asking.query_model(model)
        assert (info.name, info.model, info.hash_matches) == (model.name, model, True)

    assert (await asking.query_model(models[0].name)).model == models[0]
    assert await asking.query_models() == (models[0].name, models[1].name)
    assert await asking.query_models(count=1, offset=1, sort="cost") == (models[1].name,)
    assert await asking.count_query_models() == 2
    assert "count=1&offset=1&sort=cost" in service.journal[-2].path


@pytest.mark.parametrize("options", [{"count": 0}, {"offset": -1}, {"count": True}, {"sort": "best"}])
async def test_a_page_out_of_range_is_refused(options: dict[str, int]):
    with pytest.raises(ParameterError, match=f"{next(iter(options))}: expected"):
        await client(OfflineObjectiveAI()).query_models(**options)


async def test_an_answer_of_a_completion_is_marked_and_unmarked():
    service = OfflineObjectiveAI()
    asking = client(service, "key-ann")

    await asking.mark("qrycpl-1", "class")
    marked = dict(service.marks)
    await asking.unmark("qrycpl-1")

    assert (marked, service.marks) == ({"qrycpl-1": "class"}, {})
    assert [one.path for one in service.journal] == ["/query/completions/qrycpl-1/training_table"] * 2


@pytest.mark.parametrize("name", ["score", "ensemble"])
async def test_paths_can_be_those_of_later_versions(name: str):
    service = OfflineObjectiveAI(paths=PATHS[name])

    for paths in (name, PATHS[name]):
        await client(service, paths=paths).query_llm(LLM)

    assert [one.path for one in service.journal] == [PATHS[name].llms] * 2
    with pytest.raises(ParameterError, match="paths: expected one of query, score, ensemble or RemotePaths; got 'x'"):
        client(service, paths="x")


def answering(*replies: httpx.Response) -> tuple[ObjectiveAI, list[httpx.Request]]:
    left, seen = list(replies), list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return left.pop(0)

    return ObjectiveAI(transport=httpx.MockTransport(answer), retry=Retry(base=0.0)), seen


async def test_errors_are_those_of_any_service():
    asking, _ = answering(httpx.Response(400, json={"code": 400, "message": {"field": "temperature"}}))

    with pytest.raises(BadRequestError, match="temperature") as error:
        await asking.query_llm(LLM)

    assert (error.value.status, error.value.body) == (400, {"code": 400, "message": {"field": "temperature"}})


async def test_an_error_inside_of_a_200_is_one():
    asking, _ = answering(*[httpx.Response(200, json={"code": 502, "message": "upstream"})] * 3)

    with pytest.raises(ProviderError, match="upstream") as error:
        await asking.query_llm(LLM)

    assert (error.value.status, error.value.attempts) == (502, 3)


async def test_what_may_pass_is_asked_again():
    fine = {**LLM.to_wire(), "name": NAME}
    asking, seen = answering(
        httpx.Response(429, headers={"retry-after": "0"}), httpx.Response(503), httpx.Response(200, json=fine)
    )

    assert (await asking.query_llm(LLM)).name == NAME
    assert len(seen) == 3


@pytest.mark.parametrize(
    "reply", [httpx.Response(200, text="<html>"), httpx.Response(200, json="text"), httpx.Response(301)]
)
async def test_what_is_no_answer_is_an_error(reply: httpx.Response):
    asking, _ = answering(*[reply] * 3)

    with pytest.raises(APIStatusError):
        await asking.query_llm(LLM)


async def test_a_count_that_is_none_is_an_error():
    asking, _ = answering(httpx.Response(200, json={"count": "many"}))

    with pytest.raises(ProviderError):
        await asking.count_query_models()


def each_sync() -> list[Callable[[ObjectiveAI], object]]:
    model = ensemble("openai/gpt-4o-mini")
    return [
        lambda asking: asking.query_llm_sync(LLM, metadata=True).name == NAME,
        lambda asking: asking.query_model_sync(model).name == model.name,
        lambda asking: asking.query_models_sync() == (model.name,),
        lambda asking: asking.count_query_models_sync() == 1,
        lambda asking: asking.mark_sync("qrycpl-1", "class") is None,
        lambda asking: asking.unmark_sync("qrycpl-1") is None,
    ]


def test_it_works_over_a_socket_and_without_an_event_loop(tmp_path: Path):
    with running(OfflineObjectiveAI()) as url:
        asking = ObjectiveAI("key-ann", base_url=url.removesuffix("/api/v1"))

        assert [call(asking) for call in each_sync()] == [True] * 6


def test_neither_key_nor_address_is_shown():
    assert "key-ann" not in repr(client(OfflineObjectiveAI(), "key-ann"))
