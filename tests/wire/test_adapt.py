"""Requests and messages adapted to a profile: a row for each switch."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from callwright.errors import ParameterError
from callwright.wire.adapt import adapted, check_forced, ignored_params, portable
from callwright.wire.chat import ChatRequest, Completion, Encoded
from callwright.wire.messages import ToolMessage, UserMessage, message_of
from callwright.wire.profile import COMPATIBLE, OPENROUTER, Profile

IMAGE = {"type": "image_url", "image_url": {"url": "https://x"}}
FORCED = {"type": "function", "function": {"name": "f"}}


def tool(name: str, **keys: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}, **keys}}


def ask(*messages: Any, tools: Any = (), choice: Any = None, **params: Any) -> ChatRequest:
    told = tuple(message_of(message) for message in messages or ({"role": "user", "content": "hi"},))
    return ChatRequest(told, Encoded(list(tools)), choice, Encoded(params))


def body(request: ChatRequest, profile: Profile) -> dict[str, Any]:
    sent = adapted(request, profile).body(profile, model=None, stream=False)
    whole: dict[str, Any] = json.loads(sent)
    return whole


def said(raw: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """Return one message as it goes on the wire."""
    whole: dict[str, Any] = json.loads(message_of(raw).wire(profile))
    return whole


def profile(**switches: Any) -> Profile:
    return replace(COMPATIBLE, **switches)


def test_nothing_changes_for_openrouter() -> None:
    request = ask(
        {"role": "tool", "tool_call_id": "a", "content": [IMAGE]},
        tools=[tool("f", strict=True), {"type": "openrouter:web_search"}],
        choice=FORCED,
        provider={"zdr": True},
        reasoning={"effort": "low"},
        usage={"include": True},
    )

    assert adapted(request, OPENROUTER) is request


def test_a_plain_request_is_the_same_for_every_server() -> None:
    request = ask(tools=[tool("f")], choice="auto", temperature=0)

    assert adapted(request, COMPATIBLE) is request


@pytest.mark.parametrize(
    ("switches", "params", "sent"),
    [
        pytest.param({"renames": {"a": "b"}}, {"a": 1}, {"b": 1}, id="another name"),
        pytest.param({"renames": {"a": "b"}}, {"a": 1, "b": 2}, {"b": 2}, id="the right name wins over the other"),
        pytest.param({}, {"reasoning": {"effort": "low"}}, {"reasoning_effort": "low"}, id="reasoning: effort alone"),
        pytest.param(
            {}, {"reasoning": {"effort": "low"}, "reasoning_effort": "low"}, {"reasoning_effort": "low"}, id="both"
        ),
        pytest.param({"reasoning_object": True}, {"reasoning": {}}, {"reasoning": {}}, id="reasoning: an object"),
        pytest.param({}, {"min_p": 0, "weird": 1}, {"min_p": 0, "weird": 1}, id="what is set is sent"),
        pytest.param({}, {"usage": {"include": True}}, {}, id="a wish that does nothing"),
        pytest.param({}, {"provider": {"require_parameters": True}}, {}, id="implied for another service"),
        pytest.param(
            {"include_usage": False}, {"stream_options": {"include_usage": True}}, {}, id="usage comes by itself"
        ),
    ],
)
def test_parameters_are_adapted(switches: dict[str, Any], params: dict[str, Any], sent: dict[str, Any]) -> None:
    found = body(ask(**params), profile(**switches))

    del found["messages"]
    assert found == sent


@pytest.mark.parametrize(
    ("switches", "params", "words"),
    [
        pytest.param({}, {"provider": {"zdr": True}}, "provider: .*OpenRouter alone", id="only OpenRouter"),
        pytest.param({}, {"models": ["a"], "trace": {}}, "(models|trace): .*; (models|trace): ", id="all at once"),
        pytest.param({"refuses": frozenset({"seed"})}, {"seed": 1}, "seed: compatible does not know it;", id="refused"),
        pytest.param({}, {"reasoning": {"max_tokens": 5}}, "effort alone; got max_tokens", id="reasoning"),
    ],
)
def test_parameters_that_the_server_does_not_know_are_refused_before_sending(
    switches: dict[str, Any], params: dict[str, Any], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        adapted(ask(**params), profile(**switches))


def test_a_request_made_for_openrouter_is_portable() -> None:
    request = ask(provider={"zdr": True}, models=["a"], temperature=1)

    assert body(portable(request, COMPATIBLE), COMPATIBLE)["temperature"] == 1
    assert portable(request, OPENROUTER) is request


def test_parameters_without_effect_are_named() -> None:
    request = ask(seed=1, user="u", temperature=0)

    assert ignored_params(request, profile(ignores=frozenset({"user", "seed", "stop"}))) == ("seed", "user")


@pytest.mark.parametrize(
    ("forcing", "choice", "sent"),
    [
        ("named", FORCED, (["f", "g"], FORCED)),
        ("required", FORCED, (["f"], "required")),
        ("ignored", FORCED, (["f"], "required")),
        ("ignored", "required", (["f", "g"], "required")),
        ("ignored", "none", ([], None)),
        ("required", "none", (["f", "g"], "none")),
    ],
)
def test_a_choice_is_made_of_what_the_server_heeds(forcing: str, choice: Any, sent: Any) -> None:
    found = body(ask(tools=[tool("f"), tool("g")], choice=choice), profile(forcing=forcing))

    names = [entry["function"]["name"] for entry in found.get("tools", [])]
    assert (names, found.get("tool_choice")) == sent


def test_a_forced_call_brings_what_it_needs_unless_the_user_says_otherwise() -> None:
    quiet = profile(forced_params={"thinking": {"type": "disabled"}})
    tools = [tool("f")]

    assert body(ask(tools=tools, choice=FORCED), quiet)["thinking"] == {"type": "disabled"}
    assert body(ask(tools=tools, choice=FORCED, thinking={}), quiet)["thinking"] == {}
    assert "thinking" not in body(ask(tools=tools, choice="auto"), quiet)


@pytest.mark.parametrize(
    ("choice", "names", "problem"),
    [
        pytest.param(FORCED, ["f"], None, id="as forced"),
        pytest.param(FORCED, ["f", "f"], None, id="twice"),
        pytest.param(FORCED, ["g"], "expected a call of 'f'; the model made 'g'", id="another"),
        pytest.param(FORCED, ["f", "g"], "expected a call of 'f'; the model made 'f', 'g'", id="another besides"),
        pytest.param(FORCED, [], "expected a call of 'f'; the model made no call", id="none"),
        pytest.param("required", [], "expected a call of a tool; the model made no call", id="none, any required"),
        pytest.param("required", ["g"], None, id="any"),
        pytest.param("auto", [], None, id="not forced"),
    ],
)
def test_the_name_that_came_back_is_checked(choice: Any, names: list[str], problem: str | None) -> None:
    calls: list[Any] = [{"id": name, "function": {"name": name, "arguments": "{}"}} for name in names]
    answer = Completion({"choices": [{"message": {"role": "assistant", "tool_calls": calls}}]})

    assert check_forced(ask(choice=choice), answer) == problem


@pytest.mark.parametrize(
    ("switches", "entry", "sent"),
    [
        pytest.param({"strict": False}, tool("f", strict=True), tool("f"), id="strict"),
        pytest.param({}, tool("f", strict=True), tool("f", strict=True), id="strict stays"),
        pytest.param({}, {**tool("f"), "cache_control": {}}, tool("f"), id="a mark of the cache"),
        pytest.param({}, {"type": "function", "function": {"name": "f"}}, tool("f"), id="parameters are missing"),
    ],
)
def test_tools_are_adapted(switches: dict[str, Any], entry: dict[str, Any], sent: dict[str, Any]) -> None:
    assert body(ask(tools=[entry]), profile(**switches))["tools"] == [sent]


def test_tools_that_only_one_service_runs_are_refused_elsewhere() -> None:
    with pytest.raises(ParameterError, match="tools: compatible knows function; got 'openrouter:web_search'"):
        adapted(ask(tools=[{"type": "openrouter:web_search"}]), COMPATIBLE)


def test_a_choice_that_is_an_object_of_another_kind_is_refused_where_objects_are_not_heeded() -> None:
    with pytest.raises(ParameterError, match="tool_choice: compatible takes no object"):
        adapted(ask(tools=[tool("f")], choice={"type": "allowed_tools"}), profile(forcing="required"))


def call(**keys: Any) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}, **keys}


def assistant(**keys: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, **keys}


@pytest.mark.parametrize(
    ("switches", "raw", "sent"),
    [
        pytest.param({}, assistant(content="a", sparkle=1), assistant(content="a"), id="unknown keys stay here"),
        pytest.param(
            {"null_content": False},
            assistant(tool_calls=[call()]),
            assistant(content="", tool_calls=[call()]),
            id="null",
        ),
        pytest.param(
            {"call_echo": frozenset()},
            assistant(tool_calls=[call(sparkle=1)]),
            assistant(tool_calls=[call()]),
            id="call",
        ),
        pytest.param(
            {"call_echo": frozenset({"extra_content"})},
            assistant(tool_calls=[call(extra_content={"google": {"thought_signature": "s"}})]),
            assistant(tool_calls=[call(extra_content={"google": {"thought_signature": "s"}})]),
            id="a signature goes back with its call",
        ),
        pytest.param(
            {"object_arguments": True},
            assistant(tool_calls=[call()]),
            assistant(tool_calls=[call(function={"name": "f", "arguments": {"x": 1}})]),
            id="arguments as an object",
        ),
        pytest.param(
            {"reasoning_key": "reasoning_content", "echo": COMPATIBLE.echo | {"reasoning"}},
            assistant(content="a", reasoning="hm"),
            assistant(content="a", reasoning_content="hm"),
            id="reasoning under the key of the server",
        ),
        pytest.param(
            {"reasoning_key": "reasoning_content"},
            assistant(content="a", reasoning_content=""),
            assistant(content="a", reasoning_content=""),
            id="empty reasoning stays",
        ),
        pytest.param(
            {"developer_role": False},
            {"role": "developer", "content": "a"},
            {"role": "system", "content": "a"},
            id="developer",
        ),
        pytest.param(
            {"message_names": False},
            {"role": "user", "content": "a", "name": "n"},
            {"role": "user", "content": "a"},
            id="names",
        ),
        pytest.param(
            {},
            {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]},
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            id="marks of the cache",
        ),
        pytest.param(
            {},
            {
                "role": "tool",
                "tool_call_id": "a",
                "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}],
            },
            {"role": "tool", "tool_call_id": "a", "content": "bc"},
            id="parts of a result that are text",
        ),
        pytest.param(
            {"call_id": "[a-z]{3}"},
            {"role": "tool", "tool_call_id": "abc", "content": "b"},
            {"role": "tool", "tool_call_id": "abc", "content": "b"},
            id="an id that fits",
        ),
    ],
)
def test_a_message_is_fitted(switches: dict[str, Any], raw: dict[str, Any], sent: dict[str, Any]) -> None:
    assert said(raw, profile(**switches)) == sent


def test_a_call_and_its_result_keep_together_under_an_id_that_the_server_takes() -> None:
    nine = profile(call_id=r"[a-zA-Z0-9]{9}")

    asked = said(assistant(tool_calls=[call(), call(id="functions.f:0")]), nine)
    answered = said({"role": "tool", "tool_call_id": "call_1", "content": "b"}, nine)

    first, second = (entry["id"] for entry in asked["tool_calls"])
    assert answered["tool_call_id"] == first != second
    assert len(first) == len(second) == 9
    assert (first + second).isalnum()


@pytest.mark.parametrize(
    ("switches", "roles"),
    [
        pytest.param({}, "user assistant tool tool user user", id="files follow the results"),
        pytest.param({"user_after_tool": False}, "user assistant tool tool assistant user user", id="a word between"),
        pytest.param(
            {"user_after_tool": False, "tool_media": True}, "user assistant tool tool assistant user", id="word only"
        ),
        pytest.param({"tool_media": True}, "user assistant tool tool user", id="as it is"),
    ],
)
def test_what_a_result_cannot_hold_follows_it(switches: dict[str, Any], roles: str) -> None:
    messages = [
        UserMessage("a"),
        message_of(assistant(tool_calls=[call(id="a"), call(id="b")])),
        ToolMessage([{"type": "text", "text": "see"}, IMAGE], tool_call_id="a"),  # type: ignore[list-item]
        ToolMessage("plain", tool_call_id="b"),
        UserMessage("and?"),
    ]

    found = body(ask(*messages), profile(**switches))["messages"]

    assert " ".join(message["role"] for message in found) == roles
    assert sum(str(message).count("https://x") for message in found) == 1


def test_files_of_the_last_result_are_shown_too() -> None:
    last = {"role": "tool", "tool_call_id": "a", "content": [IMAGE]}

    result, shown = body(ask(last), COMPATIBLE)["messages"]

    assert result["content"] == "[a file: see the next message]"
    assert shown["content"] == [{"type": "text", "text": "From the result of the call a:"}, IMAGE]
