"""Every scenario, plain and streamed, is valid by OpenRouter's own document; what is broken on purpose is listed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.testing.openrouter_wire import ask, chunks_of, complaints

from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.scenario import Faulty, Tries, parse_scenarios
from callwright.testing.scenarios import SCENARIOS, TOOLS

BROKEN_ALWAYS = {
    "object-arguments": "is not of type 'string'",
    "always-choices-null": "None is not of type 'array'",
    "choices-null-then-ok": "None is not of type 'array'",
    "error-as-text": "is not of type 'object'",
}
"""Scenarios that break the document on purpose -> its complaint."""

BROKEN_PLAIN = {
    "missing-arguments": "'arguments' is a required property",
    "missing-ids": "'id' is a required property",
}
"""Those that do so only in plain answers."""

BROKEN_STREAM = {"no-index": "'index' is a required property"}
"""Those that do so only in streams."""

NO_JSON = {"always-html", "html-then-ok", "always-empty", "empty-then-ok", "always-no-answer", "no-answer-then-ok"}
"""What has no JSON in its body at some try."""


def tries_of(name: str) -> int:
    steps = SCENARIOS[name].steps
    return max(len(step.steps) if isinstance(step, Tries) else 1 for step in steps)


def conversation(name: str, **params: Any) -> list[tuple[int, Any]]:
    """Return each answer of a scenario, every try of every step, as its status and its body or chunks."""
    service = OfflineOpenRouter()
    answers: list[tuple[int, Any]] = []
    messages: list[Any] = [{"role": "user", "content": "?"}]
    for _ in SCENARIOS[name].steps:
        for _ in range(tries_of(name)):
            reply = ask(service, f"scripted/{name}", *messages, tools=list(TOOLS), **params)
            is_stream = dict(reply.headers).get("content-type") == "text/event-stream"
            answers.append((reply.status, chunks_of(reply) if is_stream else reply.body))
        messages += [{"role": "assistant", "content": "before"}, {"role": "user", "content": "go on"}]
    return answers


def is_unreadable(name: str, body: bytes) -> bool:
    """Whether a body is no JSON, on purpose."""
    faults = [step.fault.name for step in SCENARIOS[name].steps if isinstance(step, Faulty)]
    return bool({"cut", "cut-late"} & set(faults)) or (name in NO_JSON and not body.lstrip().startswith(b"{"))


def complaints_of_body(name: str, status: int, body: bytes) -> list[str]:
    if is_unreadable(name, body):
        return []
    decoded = json.loads(body)
    return complaints(decoded, "BadRequestResponse" if status != 200 or decoded.get("error") else "ChatResult")


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_plain_answers_are_valid_by_the_document(name):
    found = [complaint for status, body in conversation(name) for complaint in complaints_of_body(name, status, body)]

    expected = BROKEN_PLAIN.get(name) or BROKEN_ALWAYS.get(name)
    assert expected in " ".join(found) if expected else found == []


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_streams_are_valid_by_the_document(name):
    found: list[str] = []
    for status, answer in conversation(name, stream=True):
        if isinstance(answer, bytes):
            found += complaints_of_body(name, status, answer)
        else:
            for chunk in answer:
                found += complaints(chunk, "ChatStreamChunk" if "id" in chunk else "BadRequestResponse")

    expected = BROKEN_STREAM.get(name) or BROKEN_ALWAYS.get(name)
    assert expected in " ".join(found) if expected else found == []


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_conversation_longer_than_the_script_starts_over(name):
    service = OfflineOpenRouter()
    length = len(SCENARIOS[name].steps)
    turns = [{"role": "assistant", "content": "before"}, {"role": "user", "content": "go on"}] * length

    again = ask(service, f"scripted/{name}", {"role": "user", "content": "?"}, *turns, tools=list(TOOLS))
    first = ask(service, f"scripted/{name}", {"role": "user", "content": "?"}, tools=list(TOOLS))
    assert (again.status, len(again.pieces)) == (first.status, len(first.pieces))


FILE = """{
  "greeting": [{"text": "Hello."}],
  "search": [
    {"calls": [{"name": "get_weather", "arguments": {"city": "Bern"}}], "text": "One moment."},
    {"tries": [
      {"fault": "503=0"},
      {"error": {"code": 402, "message": "No money."}},
      {"text": "Rain.", "finish_reason": "length"}
    ]}
  ],
  "raw": [{"message": {"content": "x", "refusal": "no"}}, {"fault": "cut*1", "text": "Never whole."}]
}"""


def test_scenarios_can_come_from_a_file():
    service = OfflineOpenRouter(parse_scenarios(FILE))
    history = [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": "x"},
        {"role": "user", "content": "?"},
    ]

    greeting = json.loads(ask(service, "scripted/greeting").body)
    calls = json.loads(ask(service, "scripted/search").body)["choices"][0]
    statuses = [ask(service, "scripted/search", *history).status for _ in range(3)]
    assert greeting["choices"][0]["message"]["content"] == "Hello."
    assert calls["message"]["content"] == "One moment."
    assert json.loads(calls["message"]["tool_calls"][0]["function"]["arguments"]) == {"city": "Bern"}
    assert statuses == [503, 402, 200]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "expected an object of scenarios"),
        ('{"a": []}', "scenario 'a': expected a list of at least one step"),
        ('{"a": [{"say": "x"}]}', "scenario 'a', step 0: expected one of text"),
        ('{"a": [3]}', "scenario 'a', step 0: expected an object, got 3"),
        ('{"a": [{"calls": [{"arguments": {}}]}]}', "expected a call with a name"),
        ('{"a": [{"fault": "flood"}]}', "unknown fault 'flood'"),
        ('{"a": [{"text": "x", "finish_reason": 3}]}', "finish_reason, got 3"),
        ('{"a": [{"tries": [{"fault": "503*2"}]}]}', "without a number of times"),
        ("{", "EOF"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_its_place(text, complaint):
    with pytest.raises(ValueError, match=complaint.replace("(", "\\(")):
        parse_scenarios(text)
