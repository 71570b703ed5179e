"""Capability: what a model cannot do is said before anything is sent, and nothing else is."""

from __future__ import annotations

import warnings

import pytest
from tests.service.http_service import Service

from callwright import Agent, ChatRequest, ParameterError, UserMessage
from callwright.service.capability import CapabilityWarning, Check, modalities_of, unsupported
from callwright.service.catalogue import ModelInfo
from callwright.wire.chat import Encoded

pytestmark = pytest.mark.anyio


def model(*supported: str, **said) -> ModelInfo:
    return ModelInfo({"id": "a/b", "supported_parameters": list(supported), **said})


@pytest.mark.parametrize(
    ("info", "params", "named"),
    [
        (model("temperature"), {"temperature": 1, "top_k": 40}, ["top_k"]),
        (model(), {"temperature": None, "logprobs": False}, []),
        (model(), {"temperature": 0, "seed": 0}, ["temperature", "seed"]),
        (model("max_tokens"), {"max_completion_tokens": 10}, []),
        (model("max_completion_tokens"), {"max_tokens": 10}, []),
        (model(), {"max_tokens": 10}, ["max_tokens"]),
        (model("reasoning"), {"reasoning_effort": "low"}, []),
        (model(), {"reasoning_effort": "low"}, ["reasoning_effort"]),
        (model(), {"reasoning_effort": "none"}, []),
        (model(), {"reasoning": {"enabled": False}}, []),
        (model(), {"reasoning": {"exclude": True}}, []),
        (model(), {"reasoning": {"max_tokens": 10}}, ["reasoning"]),
        (model(), {"response_format": {"type": "text"}}, []),
        (model("response_format"), {"response_format": {"type": "json_object"}}, []),
        (model("response_format"), {"response_format": {"type": "json_schema"}}, ["response_format"]),
        (model("structured_outputs"), {"response_format": {"type": "json_schema"}}, []),
        (model("structured_outputs"), {"structured_outputs": True}, []),
        (model(), {"provider": {"order": ["x"]}, "models": ["c/d"], "user": "u", "of_a_provider": 1}, []),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_a_model_does_not_take_is_named(info, params, named) -> None:
    problems = unsupported(info, params)

    assert [problem.split(":")[0].split(" ")[0] for problem in problems] == named
    assert all("a/b" in problem for problem in problems)


@pytest.mark.parametrize(
    ("supported", "choice", "params", "named"),
    [
        ((), None, {}, ["tools"]),
        (("tools",), "auto", {}, []),
        (("tools",), "none", {}, []),
        (("tools",), "required", {}, ["tool_choice"]),
        (("tools", "tool_choice"), {"type": "function"}, {}, []),
        (("tools",), None, {"parallel_tool_calls": False}, ["parallel_tool_calls"]),
        (("tools",), None, {"parallel_tool_calls": True}, []),
    ],
)
def test_tools_that_a_model_does_not_take_are_named(supported, choice, params, named) -> None:
    problems = unsupported(model(*supported), params, has_tools=True, tool_choice=choice)

    assert [problem.split(":")[0] for problem in problems] == named


def test_without_tools_nothing_about_them_is_asked() -> None:
    assert unsupported(model(), {"parallel_tool_calls": False}) == ()


def test_a_model_of_which_nothing_is_said_is_taken_to_do_everything() -> None:
    problems = unsupported(ModelInfo({"id": "local"}), {"top_k": 1}, has_tools=True, modalities={"image"})

    assert problems == ()


@pytest.mark.parametrize(
    ("said", "params", "named"),
    [
        ({"context_length": 100}, {"max_tokens": 101}, "max_tokens: 101 is more than the 100"),
        ({"reasoning": {"mandatory": True}}, {"reasoning": {"effort": "none"}}, "cannot be turned off"),
        ({"reasoning": {"mandatory": True}}, {"reasoning": {"enabled": False}}, "cannot be turned off"),
        ({"reasoning": {"supported_efforts": ["high", "low"]}}, {"reasoning_effort": "max"}, "takes high, low"),
        ({"architecture": {"output_modalities": ["text"]}}, {"modalities": ["text", "image"]}, "cannot make image"),
    ],
)
def test_values_beyond_a_model_are_named(said, params, named) -> None:
    problems = unsupported(model("max_tokens", "reasoning", **said), params)

    assert len(problems) == 1
    assert named in problems[0]


def test_what_a_model_cannot_see_is_named() -> None:
    parts = [
        {"type": "text", "text": "?"},
        {"type": "image_url", "image_url": {"url": "https://x"}},
        {"type": "file", "file": {"file_data": "https://y"}},
    ]
    seen = modalities_of([UserMessage("Hi"), UserMessage(parts)])

    problems = unsupported(model(architecture={"input_modalities": ["text", "file"]}), {}, modalities=seen)

    assert seen == {"image"}
    assert problems == ("messages: a/b cannot read image",)


def test_a_check_without_knowledge_says_nothing() -> None:
    Check(lambda: None, strict=True)(ChatRequest((), params=Encoded({"top_k": 1})))


def listing(*replies):
    entry = {"id": "a/b", "supported_parameters": ["temperature"]}
    return Service(_json({"data": [entry]}), *replies)


def _json(body):
    import httpx  # noqa: PLC0415

    return httpx.Response(200, json=body)


async def test_without_the_list_nothing_is_checked_and_nothing_is_fetched() -> None:
    service = Service()

    await service.client(strict=True).complete("Hi", model="a/b", top_k=4)

    assert [request.method for request in service.requests] == ["POST"]


async def test_with_the_list_at_hand_a_user_is_warned_and_the_request_is_sent() -> None:
    service = listing()
    client = service.client()
    await client.models()

    with pytest.warns(CapabilityWarning, match="top_k: a/b does not take it"):
        await client.complete("Hi", model="a/b:nitro", top_k=4)

    assert service.body["top_k"] == 4


@pytest.mark.parametrize("place", ["client", "call"])
async def test_a_strict_client_or_call_refuses_and_sends_nothing(place) -> None:
    service = listing()
    client = service.client(strict=place == "client")
    await client.models()

    with pytest.raises(ParameterError, match="top_k"):
        await client.complete("Hi", model="a/b", top_k=4, **({"strict": True} if place == "call" else {}))

    assert len(service.requests) == 1


async def test_a_call_may_be_less_strict_than_its_client() -> None:
    service = listing()
    client = service.client(strict=True)
    await client.models()

    with pytest.warns(CapabilityWarning):
        await client.complete("Hi", model="a/b", top_k=4, strict=False)


async def test_what_the_model_can_do_passes_without_a_word() -> None:
    service = listing()
    client = service.client(strict=True)
    await client.models()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await client.complete("Hi", model="a/b", temperature=1)
        await client.complete("Hi", model="of/unknown-abilities", top_k=4)
        await client.complete("Hi", top_k=4)


async def test_the_runs_of_an_agent_are_checked_too() -> None:
    def look(place: str) -> str:
        """Look somewhere."""
        return place

    service = listing()
    client = service.client(strict=True)
    await client.models()

    with pytest.raises(ParameterError, match="tools: a/b") as caught:
        await Agent("a/b", tools=[look], client=client).run("Hi")

    assert caught.value.state is not None
    assert len(service.requests) == 1
