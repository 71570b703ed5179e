"""The client's directory: models, endpoints, generations, the key, the balance, embeddings."""

from __future__ import annotations

import base64
import json
import struct
from decimal import Decimal

import anyio
import httpx
import pytest
from tests.service.http_service import KEY, Instant, Service

from callwright import (
    APIStatusError,
    AuthenticationError,
    Client,
    NotFoundError,
    ParameterError,
    ProviderError,
)
from callwright.simulator.transport import SimulatorTransport

pytestmark = pytest.mark.anyio


def ok(body) -> httpx.Response:
    return httpx.Response(200, json=body)


def models(*ids, **links) -> httpx.Response:
    entries = [{"id": name, "supported_parameters": ["tools"] if "tools" in name else []} for name in ids]
    return ok({"data": entries, "total_count": len(ids), "links": links or {"next": None}})


def no(status: int, message: str = "no") -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": status, "message": message}})


def asked(service: Service) -> list[str]:
    return [request.url.raw_path.decode().removeprefix("/api/v1") for request in service.requests]


def offline(**options) -> Client:
    return Client(KEY, transport=SimulatorTransport(), clock=Instant(), **options)


async def test_models_are_fetched_once_an_hour() -> None:
    service = Service(models("a/b"), models("c/d"))
    client = service.client()

    first, again = await client.models(), await client.models()
    service.clock.waits.append(3600.0)
    later = await client.models()

    assert first is not again
    assert [model.id for model in again] == ["a/b"]
    assert [model.id for model in later] == ["c/d"]
    assert asked(service) == ["/models", "/models"]


async def test_models_are_fetched_anew_on_demand() -> None:
    service = Service(models("a/b"), models("c/d"))
    client = service.client()
    await client.models()

    assert [model.id for model in await client.models(max_age=0)] == ["c/d"]


async def test_models_can_be_filtered_by_what_they_take() -> None:
    client = Service(models("a/tools", "a/plain")).client()

    assert [model.id for model in await client.models(supported_parameters="tools")] == ["a/tools"]
    assert [model.id for model in await client.models(supported_parameters=["tools", "seed"])] == []
    assert len(await client.models()) == 2


async def test_models_who_ask_together_send_one_request() -> None:
    service = Service(models("a/b"))
    client = service.client()
    seen = []

    async def ask() -> None:
        seen.append(await client.models())

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)

    assert asked(service) == ["/models"]
    assert len(seen) == 5


async def test_all_pages_of_models_are_read_from_the_same_host() -> None:
    service = Service(models("a/1", next="https://evil.example/models?offset=1&limit=1"), models("a/2"))

    found = await service.client().models()

    assert [model.id for model in found] == ["a/1", "a/2"]
    assert asked(service) == ["/models", "/models?offset=1&limit=1"]
    assert {request.url.host for request in service.requests} == {"openrouter.ai"}


async def test_a_list_whose_next_page_is_itself_ends() -> None:
    service = Service(*[models("a/1", next="/models?offset=1") for _ in range(5)])

    await service.client().models()

    assert len(service.requests) == 2


async def test_models_need_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    client = Service(models("a/b")).client(api_key=None)

    assert len(await client.models()) == 1
    with pytest.raises(AuthenticationError, match="no API key"):
        await client.key()


async def test_failed_questions_are_asked_again_as_the_policy_says() -> None:
    service = Service(no(503), httpx.Response(502, text="<html>bad gateway</html>"), models("a/b"))

    assert len(await service.client().models()) == 1
    assert service.clock.waits == [0.5, 1.0]


@pytest.mark.parametrize(
    "reply",
    [
        no(400),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, text=""),
        ok({"error": {"code": 403, "message": "x"}}),
    ],
    ids=["400", "html", "empty", "200 with an error"],
)
async def test_an_answer_that_is_none_is_a_typed_error(reply) -> None:
    with pytest.raises(APIStatusError) as caught:
        await Service(*[lambda: reply] * 3).client().models()

    assert caught.value.status in (400, 403, 502)


async def test_a_failed_list_is_not_kept() -> None:
    client = Service(no(400), models("a/b")).client()
    with pytest.raises(APIStatusError):
        await client.models()

    assert len(await client.models()) == 1


async def test_a_model_is_found_in_the_list() -> None:
    service = Service(models("a/b", "a/c"))
    client = service.client()

    assert (await client.model_info("a/b:nitro")).id == "a/b"
    assert (await client.model_info("a/c")).id == "a/c"
    assert asked(service) == ["/models"]


async def test_a_model_that_is_not_listed_is_asked_for() -> None:
    service = Service(models("a/b"), ok({"data": {"id": "private/model"}}))

    assert (await service.client().model_info("private/model:floor")).id == "private/model"
    assert asked(service) == ["/models", "/model/private/model"]


@pytest.mark.parametrize("status", [400, 404, 405])
async def test_an_unknown_model_is_not_found_and_its_neighbours_are_named(status) -> None:
    service = Service(models("openai/gpt-4o-mini"), no(status))

    with pytest.raises(NotFoundError, match="did you mean 'openai/gpt-4o-mini'") as caught:
        await service.client().model_info("openai/gpt-4o-mni")

    assert caught.value.status == 404


@pytest.mark.parametrize("slug", ["gpt-4o", "../key", "a/../../key", "a/..", "@preset/x", "", "a b/c", "a/b/c"])
async def test_what_cannot_be_a_slug_is_never_put_into_a_path(slug) -> None:
    service = Service(models("a/b"))
    client = service.client()

    with pytest.raises(NotFoundError):
        await client.model_info(slug)
    with pytest.raises(ParameterError):
        await client.endpoints(slug)

    assert asked(service) == ["/models"]


async def test_another_servers_models_are_found_by_their_ids() -> None:
    service = Service(ok({"object": "list", "data": [{"id": "qwen3:8b", "owned_by": "library"}]}))

    info = await service.client(base_url="http://localhost:11434/v1").model_info("qwen3:8b")

    assert info.owned_by == "library"


async def test_endpoints_of_a_model() -> None:
    (endpoint,) = await offline().endpoints("openai/gpt-4o-mini:nitro")

    assert (endpoint.provider_name, endpoint.tag, endpoint.status) == ("OpenAI", "openai", 0)
    assert endpoint.pricing.prompt == Decimal("0.00000015")


async def test_a_generation_is_asked_for_until_the_service_knows_it() -> None:
    service = Service(no(404), no(404), ok({"data": {"id": "gen-1", "total_cost": 0.5}}))

    generation = await service.client().generation("gen-1")

    assert generation.total_cost == Decimal("0.5")
    assert service.clock.waits == [1.0, 1.0]
    assert asked(service)[0] == "/generation?id=gen-1"


async def test_a_generation_that_never_comes_is_not_found_in_the_end() -> None:
    service = Service(*[no(404)] * 10)

    with pytest.raises(NotFoundError):
        await service.client().generation("gen-1", patience=3)

    assert service.clock.waits == [1.0, 1.0, 1.0]


async def test_the_audit_of_an_answer() -> None:
    client = offline()
    completion = await client.complete("Hi", model="openai/gpt-4o-mini")

    generation = await client.generation(completion.id or "")

    assert generation.total_cost == completion.usage.cost
    assert (await client.key()).usage == completion.usage.cost
    assert (await client.credits()).total_usage == completion.usage.cost


def test_everything_can_be_asked_without_an_event_loop() -> None:
    client = offline()

    assert client.models_sync(supported_parameters="tools")
    assert client.model_info_sync("openai/gpt-4o-mini").supports("tools")
    assert client.endpoints_sync("openai/gpt-4o-mini")
    answer = client.complete_sync("Hi")
    assert client.generation_sync(answer.id or "").model == "openai/gpt-4o-mini"
    assert client.key_sync().is_free_tier is False
    assert client.credits_sync().remaining is not None
    assert len(client.embeddings_sync(["a", "b"], model="a/e")) == 2


def vectors(*pairs, **more) -> httpx.Response:
    entries = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in pairs]
    return ok({"object": "list", "data": entries, "model": "a/e", **more})


async def test_vectors_come_in_the_order_of_the_inputs() -> None:
    usage = {"prompt_tokens": 4, "total_tokens": 4, "cost": 0.00002}
    service = Service(vectors((1, [0.5, 1]), (0, [0.25, 2.0]), usage=usage))

    made = await service.client().embeddings(["x", "y"], model="a/e")

    assert list(made) == [[0.25, 2.0], [0.5, 1.0]]
    assert (made.usage.prompt_tokens, made.usage.cost, made.model) == (4, Decimal("0.00002"), "a/e")
    assert service.body == {"model": "a/e", "input": ["x", "y"]}


async def test_vectors_in_base64_are_read() -> None:
    packed = base64.b64encode(struct.pack("<3f", 0.5, -1.0, 2.0)).decode()
    service = Service(vectors((0, packed)))

    made = await service.client().embeddings("x", model="a/e", encoding_format="base64", dimensions=3)

    assert made[0] == [0.5, -1.0, 2.0]
    assert service.body == {"model": "a/e", "input": "x", "dimensions": 3, "encoding_format": "base64"}


async def test_both_forms_give_the_same_vectors() -> None:
    client = offline()

    plain = await client.embeddings(["one", "two"], model="a/e")
    packed = await client.embeddings(["one", "two"], model="a/e", encoding_format="base64")

    assert len(plain[1]) == 64
    assert packed[1] == pytest.approx(plain[1], abs=1e-6)


async def test_many_inputs_go_in_batches_whose_usage_adds_up() -> None:
    service = Service(
        vectors((0, [1.0]), (1, [2.0]), usage={"prompt_tokens": 2}), vectors((0, [3.0]), usage={"prompt_tokens": 1})
    )

    made = await service.client().embeddings([[1], [2], [3]], model="a/e", batch_size=2)

    assert list(made) == [[1.0], [2.0], [3.0]]
    assert made.usage.prompt_tokens == 3
    assert [json.loads(request.content)["input"] for request in service.requests] == [[[1], [2]], [[3]]]


async def test_tokens_of_one_text_are_one_input() -> None:
    service = Service(vectors((0, [1.0])))

    assert len(await service.client().embeddings([1, 2, 3], model="a/e", batch_size=1)) == 1


async def test_a_batch_that_fails_says_what_was_paid_before() -> None:
    service = Service(vectors((0, [1.0])), no(402))

    with pytest.raises(APIStatusError) as caught:
        await service.client().embeddings(["a", "b"], model="a/e", batch_size=1)

    assert caught.value.__notes__ == ["1 inputs were embedded before; their vectors are lost"]


@pytest.mark.parametrize(
    "reply",
    [
        vectors((0, [1.0])),
        vectors((0, [1.0]), (0, [2.0])),
        vectors((0, [1.0]), (7, [2.0])),
        vectors((0, [1.0]), (1, ["x"])),
        vectors((0, [1.0]), (1, "no base64!")),
        vectors((0, [1.0]), (1, "YWJj")),
        vectors((0, [1.0]), (1, None)),
        ok({"object": "list"}),
    ],
    ids=["too few", "doubled", "beyond", "no numbers", "no base64", "half a float", "null", "none"],
)
async def test_vectors_that_are_wrong_are_a_typed_error(reply) -> None:
    with pytest.raises(ProviderError, match="asked for 2"):
        await Service(reply).client().embeddings(["a", "b"], model="a/e")


@pytest.mark.parametrize(
    ("inputs", "params"),
    [
        ([], {}),
        ("", {}),
        (["a", ""], {}),
        (["a", 1], {}),
        ([["a"]], {}),
        ([None], {}),
        ("a", {"dimensions": 0}),
        ("a", {"encoding_format": "hex"}),
        ("a", {"batch_size": 0}),
        ("a", {"dimension": 3}),
        ([{"x": print}], {}),
    ],
    ids=str,
)
async def test_wrong_inputs_are_refused_before_anything_is_sent(inputs, params) -> None:
    service = Service()

    with pytest.raises(ParameterError):
        await service.client().embeddings(inputs, model="a/e", **params)

    assert service.requests == []


async def test_what_only_one_provider_knows_is_sent() -> None:
    service = Service(vectors((0, [1.0])))

    await service.client().embeddings("x", model="a/e", provider={"order": ["x"]}, extra_body={"truncate": "END"})

    assert service.body == {"model": "a/e", "input": "x", "provider": {"order": ["x"]}, "truncate": "END"}
