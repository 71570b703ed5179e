"""Known servers: a row for each statement about them, and which address belongs to whom."""

from __future__ import annotations

import json
from operator import attrgetter
from typing import Any

import pytest

from callwright.errors import ParameterError
from callwright.service import profiles
from callwright.service.profiles import profile_for
from callwright.wire.adapt import adapted, ignored_params
from callwright.wire.chat import ChatRequest, Encoded
from callwright.wire.messages import message_of
from callwright.wire.profile import OPENROUTER_ONLY, Profile

ALL: list[Profile] = [getattr(profiles, name) for name in profiles.__all__ if name.isupper()]
FORCED = {"type": "function", "function": {"name": "f"}}
EMPTY = {"type": "object", "properties": {}}


def tool(name: str, **keys: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": EMPTY, **keys}}


def body(profile: Profile, *messages: dict[str, Any], tools: Any = (), choice: Any = None, **params: Any) -> Any:
    asked = tuple(message_of(message) for message in messages or ({"role": "user", "content": "hi"},))
    request = ChatRequest(asked, Encoded(list(tools)), choice, Encoded(params))
    return json.loads(adapted(request, profile).body(profile, model=None, stream=False))


def assistant(**keys: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, **keys}


def call(call_id: str = "call_1", **keys: Any) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}, **keys}


@pytest.mark.parametrize(
    ("url", "profile"),
    [
        ("https://openrouter.ai/api/v1", profiles.OPENROUTER),
        ("https://api.openai.com/v1", profiles.OPENAI),
        ("https://eu.api.openai.com/v1", profiles.OPENAI),
        ("https://mine.openai.azure.com/openai/v1", profiles.OPENAI),
        ("https://api.groq.com/openai/v1", profiles.GROQ),
        ("https://api.together.xyz/v1", profiles.TOGETHER),
        ("https://api.fireworks.ai/inference/v1", profiles.FIREWORKS),
        ("https://api.deepseek.com", profiles.DEEPSEEK),
        ("https://api.deepseek.com/beta", profiles.DEEPSEEK),
        ("https://api.mistral.ai/v1", profiles.MISTRAL),
        ("https://generativelanguage.googleapis.com/v1beta/openai/", profiles.GEMINI),
        ("https://us-central1-aiplatform.googleapis.com/v1/projects/p/endpoints/openapi", profiles.GEMINI),
        ("https://api.anthropic.com/v1/", profiles.ANTHROPIC),
        ("https://ollama.com/v1", profiles.OLLAMA),
        ("http://localhost:11434/v1", profiles.OLLAMA),
        ("http://[::1]:1234/v1", profiles.LM_STUDIO),
        ("http://127.0.0.1:8080/v1", profiles.LLAMA_CPP),
        ("http://gpu-box:8000/v1", profiles.VLLM),
        ("HTTPS://API.OPENAI.COM/v1", profiles.OPENAI),
        ("https://api.openai.com.:443/v1", profiles.OPENAI),
        ("https://not-openrouter.ai/v1", profiles.COMPATIBLE),
        ("https://api.openai.com.evil.example/v1", profiles.COMPATIBLE),
        ("https://example.com/v1", profiles.COMPATIBLE),
        ("http://localhost:99999/v1", profiles.COMPATIBLE),
        ("http://[broken", profiles.COMPATIBLE),
        ("", profiles.COMPATIBLE),
    ],
)
def test_a_profile_is_found_by_its_address(url: str, profile: Profile) -> None:
    assert profile_for(url) is profile


def test_names_of_profiles_are_unique() -> None:
    assert len({profile.name for profile in ALL}) == len(ALL) == 14


@pytest.mark.parametrize(
    "profile", [profile for profile in ALL if profile is not profiles.OPENROUTER], ids=attrgetter("name")
)
@pytest.mark.parametrize("key", sorted(OPENROUTER_ONLY - {"structured_outputs", "usage"}))
def test_fields_of_openrouter_reach_no_other_server(profile: Profile, key: str) -> None:
    with pytest.raises(ParameterError, match=f"{key}: {profile.name} does not know it"):
        body(profile, **{key: {"some": "value"}})


REASONED = assistant(reasoning="hm", tool_calls=[call()])
KIMI = "functions.f:0"
SIGNED = call(extra_content={"google": {"thought_signature": "s"}})
USER_AFTER_TOOL = [
    assistant(tool_calls=[call("abcdefghi")]),
    {"role": "tool", "tool_call_id": "abcdefghi", "content": "a"},
    {"role": "user", "content": "b"},
]

SENT = [
    pytest.param(profiles.OPENAI, {"max_tokens": 9}, {"max_completion_tokens": 9}, id="OpenAI: max_completion_tokens"),
    pytest.param(
        profiles.OPENAI, {"tools": [tool("f", strict=True)]}, {"tools": [tool("f", strict=True)]}, id="strict"
    ),
    pytest.param(
        profiles.OPENAI, {"tools": [{"type": "custom"}]}, {"tools": [{"type": "custom"}]}, id="OpenAI: custom"
    ),
    pytest.param(profiles.VLLM, {"tools": [tool("f")], "choice": FORCED}, {"tool_choice": FORCED}, id="vLLM: a name"),
    pytest.param(profiles.VLLM, {"top_k": 5, "min_p": 0.1}, {"top_k": 5, "min_p": 0.1}, id="vLLM: its samplers"),
    pytest.param(
        profiles.VLLM, {"structured_outputs": {"regex": "a"}}, {"structured_outputs": {"regex": "a"}}, id="own"
    ),
    pytest.param(
        profiles.LLAMA_CPP,
        {"tools": [tool("g"), tool("f")], "choice": FORCED},
        {"tools": [tool("f")], "tool_choice": "required"},
        id="llama.cpp: a forced name is ignored",
    ),
    pytest.param(
        profiles.LLAMA_CPP, {"parallel_tool_calls": True}, {"parallel_tool_calls": True}, id="llama.cpp: parallel asked"
    ),
    pytest.param(
        profiles.OLLAMA,
        {"tools": [tool("g"), tool("f")], "choice": FORCED},
        {"tools": [tool("f")], "tool_choice": "required"},
        id="Ollama: tool_choice is ignored",
    ),
    pytest.param(profiles.OLLAMA, {"tools": [tool("f", strict=True)]}, {"tools": [tool("f")]}, id="Ollama: no strict"),
    pytest.param(
        profiles.LM_STUDIO,
        {"tools": [tool("g"), tool("f")], "choice": FORCED},
        {"tools": [tool("f")], "tool_choice": "required"},
        id="LM Studio: an object is refused",
    ),
    pytest.param(
        profiles.LM_STUDIO,
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
        {"tools": [tool("f")]},
        id="LM Studio: empty parameters are refused",
    ),
    pytest.param(profiles.TOGETHER, {"max_completion_tokens": 9}, {"max_tokens": 9}, id="Together: max_tokens"),
    pytest.param(
        profiles.DEEPSEEK,
        {"tools": [tool("f")], "choice": FORCED},
        {"tool_choice": FORCED, "thinking": {"type": "disabled"}},
        id="DeepSeek: no forced call while thinking",
    ),
    pytest.param(profiles.MISTRAL, {"max_completion_tokens": 9}, {"max_tokens": 9}, id="Mistral: max_tokens"),
    pytest.param(profiles.MISTRAL, {"seed": 9}, {"random_seed": 9}, id="Mistral: random_seed"),
    pytest.param(
        profiles.MISTRAL, {"stream_options": {"include_usage": True}}, {"stream_options": None}, id="Mistral: usage"
    ),
    pytest.param(profiles.GEMINI, {"reasoning": {"effort": "low"}}, {"reasoning_effort": "low"}, id="Gemini: effort"),
    pytest.param(profiles.GEMINI, {"tools": [tool("f", strict=True)]}, {"tools": [tool("f")]}, id="Gemini: no strict"),
    pytest.param(
        profiles.ANTHROPIC, {"tools": [tool("f", strict=True)]}, {"tools": [tool("f")]}, id="Anthropic: strict"
    ),
]


@pytest.mark.parametrize(("profile", "asked", "sent"), SENT)
def test_a_request_is_made_as_the_server_takes_it(profile: Profile, asked: Any, sent: dict[str, Any]) -> None:
    found = body(profile, **asked)

    assert {key: found.get(key) for key in sent} == sent


@pytest.mark.parametrize(
    ("profile", "messages", "sent"),
    [
        pytest.param(profiles.OPENAI, [REASONED], [assistant(tool_calls=[call()])], id="OpenAI: no reasoning"),
        pytest.param(profiles.OLLAMA, [REASONED], [REASONED], id="Ollama: reasoning"),
        pytest.param(profiles.VLLM, [REASONED], [REASONED], id="vLLM: reasoning"),
        pytest.param(
            profiles.DEEPSEEK,
            [REASONED],
            [assistant(tool_calls=[call()], reasoning_content="hm")],
            id="DeepSeek: reasoning_content goes back",
        ),
        pytest.param(profiles.GROQ, [assistant(content="a", name="n")], [assistant(content="a")], id="Groq: no name"),
        pytest.param(
            profiles.GROQ,
            [{"role": "user", "content": "a", "name": "n"}],
            [{"role": "user", "content": "a"}],
            id="Groq: no name of a user",
        ),
        pytest.param(
            profiles.GEMINI,
            [assistant(tool_calls=[SIGNED])],
            [assistant(tool_calls=[SIGNED])],
            id="Gemini: thought_signature",
        ),
        pytest.param(
            profiles.GROQ,
            [assistant(tool_calls=[SIGNED])],
            [assistant(tool_calls=[call()])],
            id="Groq: no keys of others",
        ),
        pytest.param(
            profiles.VLLM,
            [assistant(tool_calls=[call(KIMI)])],
            [assistant(tool_calls=[call(KIMI)])],
            id="Kimi: exact ids",
        ),
        pytest.param(
            profiles.OLLAMA,
            [{"role": "developer", "content": "a"}],
            [{"role": "system", "content": "a"}],
            id="Ollama: no developer",
        ),
        pytest.param(
            profiles.MISTRAL,
            USER_AFTER_TOOL,
            [*USER_AFTER_TOOL[:2], {"role": "assistant", "content": "I have the result."}, USER_AFTER_TOOL[2]],
            id="Mistral: no user after tool",
        ),
    ],
)
def test_a_history_goes_back_as_the_server_takes_it(profile: Profile, messages: list[Any], sent: list[Any]) -> None:
    assert body(profile, *messages)["messages"] == sent


@pytest.mark.parametrize(
    ("profile", "call_id", "length"),
    [
        (profiles.MISTRAL, "call_1", 9),
        (profiles.MISTRAL, "abcdefghi", 9),
        (profiles.OPENAI, "x" * 41, 9),
        (profiles.OPENAI, "x" * 40, 40),
    ],
)
def test_ids_have_the_form_of_the_server(profile: Profile, call_id: str, length: int) -> None:
    (message,) = body(profile, assistant(tool_calls=[call(call_id)]))["messages"]

    assert len(message["tool_calls"][0]["id"]) == length


@pytest.mark.parametrize(
    ("profile", "params"),
    [
        pytest.param(profiles.OPENAI, {"top_k": 5}, id="OpenAI"),
        pytest.param(profiles.GROQ, {"logprobs": True}, id="Groq: logprobs"),
        pytest.param(profiles.GROQ, {"logit_bias": {"1": 1}}, id="Groq: logit_bias"),
        pytest.param(profiles.MISTRAL, {"user": "u"}, id="Mistral: extra inputs"),
        pytest.param(profiles.GEMINI, {"repetition_penalty": 1}, id="Gemini: unknown names"),
        pytest.param(profiles.DEEPSEEK, {"min_p": 0.1}, id="DeepSeek"),
        pytest.param(profiles.GROQ, {"reasoning": {"exclude": True}}, id="reasoning beyond its effort"),
    ],
)
def test_what_a_server_would_refuse_is_refused_before_sending(profile: Profile, params: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=profile.name):
        body(profile, **params)


def test_what_a_server_does_not_heed_is_known() -> None:
    request = ChatRequest((), params=Encoded({"seed": 1, "temperature": 0}))

    assert ignored_params(request, profiles.ANTHROPIC) == ("seed",)


@pytest.mark.parametrize("profile", ALL, ids=attrgetter("name"))
def test_the_switches_of_the_loop_are_those_of_the_server(profile: Profile) -> None:
    assert profile.include_usage == (profile not in (profiles.OPENROUTER, profiles.MISTRAL, profiles.FIREWORKS))
    assert profile.json_schema == (profile not in (profiles.DEEPSEEK, profiles.ANTHROPIC))
    assert not profile.refuses & profile.ignores
    assert {"role", "content", "tool_calls"} <= profile.echo
