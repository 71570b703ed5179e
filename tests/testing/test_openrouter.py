"""The offline OpenRouter keeps the wire, the routes and the memory of the real one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.testing.openrouter_wire import CHAT, KEY, WEATHER, ask, chunks_of, complaints, deltas_of

from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.reply import Cut, Pause, Style
from callwright.testing.scenario import Scenario, say


@pytest.fixture
def service() -> OfflineOpenRouter:
    return OfflineOpenRouter()


def test_a_completion_carries_what_openrouter_adds(service):
    body = json.loads(ask(service, "anthropic/claude-sonnet-4.5").body)

    assert body["id"].startswith("gen-1760000000-")
    assert body["provider"] == "Anthropic"
    assert body["choices"][0]["native_finish_reason"] == "end_turn"
    assert body["usage"]["cost"] > 0
    assert body["usage"]["completion_tokens_details"] == {"reasoning_tokens": 0}


def test_the_generation_id_stands_in_a_header(service):
    reply = ask(service, "scripted/text")

    assert dict(reply.headers)["x-generation-id"] == json.loads(reply.body)["id"] == reply.generation


def test_blanks_come_before_a_json_body(service):
    assert ask(service, "scripted/text").body.startswith(b"\n   ")


def test_a_stream_begins_with_comments_and_ends_with_done(service):
    body = ask(service, "scripted/text", stream=True).body

    assert body.startswith(b": OPENROUTER PROCESSING\n\n")
    assert body.endswith(b"data: [DONE]\n\n")


def test_role_and_content_stand_in_every_delta(service):
    deltas = deltas_of(ask(service, "scripted/one-call", stream=True))

    assert all(delta["role"] == "assistant" and "content" in delta for delta in deltas)


def test_a_call_comes_as_a_head_and_then_its_arguments(service):
    deltas = deltas_of(ask(service, "scripted/one-call", stream=True))
    head, *rest = [call for delta in deltas for call in delta.get("tool_calls", ())]

    assert head["function"] == {"name": "get_weather", "arguments": ""}
    assert head["id"].startswith("call_")
    assert all(set(call) == {"index", "function"} for call in rest)
    assert "".join(call["function"]["arguments"] for call in rest) == '{"city":"Paris"}'


@pytest.mark.parametrize(
    ("scenario", "choices"),
    [("usage-finish", ["stop"]), ("usage-empty", []), ("usage-choice", [None]), ("no-usage", None)],
)
def test_the_chunk_with_the_usage_has_one_of_three_shapes(service, scenario, choices):
    *_, last = chunks_of(ask(service, f"scripted/{scenario}", stream=True))

    found = [choice["finish_reason"] for choice in last["choices"]] if "usage" in last else None
    assert found == choices


def test_plain_and_streamed_answers_say_the_same(service):
    plain = json.loads(ask(service, "scripted/reasoning").body)["choices"][0]["message"]
    deltas = deltas_of(ask(service, "scripted/reasoning", stream=True))

    assert "".join(delta.get("reasoning") or "" for delta in deltas) == plain["reasoning"]
    details = [detail for delta in deltas for detail in delta.get("reasoning_details", ())]
    assert "".join(detail["text"] for detail in details) == plain["reasoning_details"][0]["text"]
    assert details[-1]["signature"] == plain["reasoning_details"][0]["signature"]
    assert (
        next(delta["tool_calls"][0]["id"] for delta in deltas if "tool_calls" in delta) == plain["tool_calls"][0]["id"]
    )


def test_equal_seeds_give_equal_answers():
    first, second, other = (
        [ask(OfflineOpenRouter(seed=seed), "scripted/one-call", stream=stream).body for stream in (False, True)]
        for seed in (0, 0, 1)
    )

    assert first == second
    assert first[0] != other[0]


def test_the_same_request_again_is_a_new_generation_with_the_same_calls(service):
    first, second = (json.loads(ask(service, "scripted/one-call").body) for _ in range(2))

    assert first["id"] != second["id"]
    assert first["choices"] == second["choices"]


def test_time_can_be_brought_in():
    service = OfflineOpenRouter(now=lambda: 1_800_000_000.5)

    assert json.loads(ask(service, "scripted/text").body)["created"] == 1_800_000_000


def test_the_pace_of_a_style_lies_between_the_events():
    reply = ask(OfflineOpenRouter(style=Style(pace=0.5)), "scripted/text", stream=True)

    assert [piece for piece in reply.pieces if isinstance(piece, Pause)] == [Pause(0.5)] * (len(chunks_of(reply)) - 1)


def test_own_scenarios_stand_beside_the_built_in_ones():
    service = OfflineOpenRouter({"mine": Scenario("Mine.", (say("Hi."),)), "text": Scenario("Mine.", (say("Ho."),))})

    answers = [json.loads(ask(service, f"scripted/{name}").body) for name in ("mine", "text", "refusal")]
    assert [answer["choices"][0]["message"]["content"] for answer in answers] == ["Hi.", "Ho.", None]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Missing Authentication header"),
        ({"Authorization": "Bearer "}, "Missing Authentication header"),
        ({"Authorization": "Bearer sk-or-wrong-1"}, "User not found."),
    ],
    ids=["none", "blank", "wrong"],
)
def test_a_key_is_needed(service, headers, message):
    reply = service.answer("POST", CHAT, headers, b"{}")

    assert reply.status == 401
    assert json.loads(reply.body) == {"error": {"message": message, "code": 401}}


def test_the_journal_keeps_requests_without_the_key(service):
    ask(service, "scripted/text", headers={"HTTP-Referer": "https://example.org"})

    (entry,) = service.journal
    assert (entry.method, entry.path, entry.status) == ("POST", CHAT, 200)
    assert entry.headers == {"http-referer": "https://example.org"}
    assert entry.body["model"] == "scripted/text"
    assert service.requests == [entry.body]
    assert complaints(entry.body, "ChatRequest") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"], ids=["none", "cut", "array", "bytes"])
def test_a_body_that_is_no_object_is_refused(service, body):
    assert service.answer("POST", CHAT, KEY, body).status == 400


@pytest.mark.parametrize(
    ("method", "path"), [("GET", CHAT), ("POST", "/api/v1/models"), ("GET", "/"), ("GET", "/v1/models")]
)
def test_other_routes_are_not_found(service, method, path):
    reply = service.answer(method, path, KEY)

    assert reply.status == 404
    assert complaints(json.loads(reply.body), "BadRequestResponse") == []


@pytest.mark.parametrize(
    ("model", "status"),
    [("gpt-4o", 400), ("/", 400), ("scripted/nothing", 404), ("unknown/model", 404), ("openai/gpt-4o:nitro", 200)],
)
def test_a_model_must_exist(service, model, status):
    assert ask(service, model).status == status


def test_without_a_model_the_default_answers(service):
    reply = service.answer("POST", CHAT, KEY, b'{"messages": [{"role": "user", "content": "Hi"}]}')

    assert json.loads(reply.body)["model"] == "openai/gpt-4o-mini"


def test_a_prompt_stands_for_one_user_message(service):
    reply = service.answer("POST", CHAT, KEY, b'{"model": "scripted/text", "prompt": "Hi"}')

    assert reply.status == 200


def test_the_next_model_answers_when_the_first_fails(service):
    reply = ask(service, "scripted/always-503", models=["unknown/model", "scripted/text"])

    assert json.loads(reply.body)["model"] == "scripted/text"


def test_without_a_model_that_works_the_last_error_comes(service):
    assert ask(service, "scripted/always-503", models=["scripted/always-402"]).status == 402


def test_the_models_are_listed_as_the_document_says(service):
    listed = json.loads(service.answer("GET", "/api/v1/models", {}).body)

    assert complaints(listed, "ModelsListResponse") == []
    assert {"openai/gpt-4o-mini", "scripted/text"} <= {model["id"] for model in listed["data"]}


def test_one_model_can_be_looked_up(service):
    found = json.loads(service.answer("GET", "/api/v1/model/scripted/text", KEY).body)["data"]

    assert complaints(found, "Model") == []
    assert found["pricing"] == {"prompt": "0.00000015", "completion": "0.00000060", "request": "0"}
    assert service.answer("GET", "/api/v1/model/unknown/model", KEY).status == 404


def test_a_generation_can_be_audited(service):
    answer = json.loads(ask(service, "scripted/text", stream=False).body)

    audit = json.loads(service.answer("GET", f"/api/v1/generation?id={answer['id']}", KEY).body)
    assert complaints(audit, "GenerationResponse") == []
    assert audit["data"]["total_cost"] == answer["usage"]["cost"]
    assert audit["data"]["cancelled"] is False
    assert service.answer("GET", "/api/v1/generation?id=gen-0", KEY).status == 404


def test_a_generation_whose_client_left_is_cancelled(service):
    reply = ask(service, "scripted/text", stream=True)
    service.hung_up(reply)

    audit = json.loads(service.answer("GET", f"/api/v1/generation?id={reply.generation}", KEY).body)
    assert audit["data"]["cancelled"] is True


def test_the_key_knows_what_was_spent(service):
    answers = [json.loads(ask(service, "scripted/text").body) for _ in range(2)]

    status = json.loads(service.answer("GET", "/api/v1/key", KEY).body)["data"]
    assert status["usage"] == pytest.approx(sum(answer["usage"]["cost"] for answer in answers))
    assert service.answer("GET", "/api/v1/key", {}).status == 401


def test_the_account_knows_what_was_spent(service):
    answer = json.loads(ask(service, "scripted/text").body)

    balance = json.loads(service.answer("GET", "/api/v1/credits", KEY).body)["data"]
    assert balance == {"total_credits": 100.0, "total_usage": answer["usage"]["cost"]}
    assert service.answer("GET", "/api/v1/credits", {}).status == 401


def test_a_model_has_an_endpoint(service):
    found = json.loads(service.answer("GET", "/api/v1/models/openai/gpt-4o-mini:nitro/endpoints", {}).body)["data"]

    assert [endpoint["tag"] for endpoint in found["endpoints"]] == ["openai"]
    assert service.answer("GET", "/api/v1/models/unknown/model/endpoints", {}).status == 404


def embed(service, **request):
    return service.answer("POST", "/api/v1/embeddings", KEY, json.dumps({"model": "a/b", **request}).encode())


def test_texts_that_share_words_have_near_vectors(service):
    answer = json.loads(embed(service, input=["the red fox", "a red fox", "tax law of 1913"]).body)

    red, fox, law = (entry["embedding"] for entry in answer["data"])
    assert sum(map(float.__mul__, red, fox)) > 0.5 > sum(map(float.__mul__, red, law))
    assert answer["usage"]["prompt_tokens"] == 7


@pytest.mark.parametrize(
    "request_",
    [{}, {"input": []}, {"input": [""]}, {"input": "a", "dimensions": 0}, {"input": "a", "encoding_format": "hex"}],
    ids=str,
)
def test_a_wrong_request_for_vectors_is_refused(service, request_):
    assert embed(service, **request_).status == 400


def test_an_unknown_fault_is_a_bad_request_that_names_the_known_ones(service):
    reply = ask(service, "scripted/text", headers={"X-Simulate-Fault": "flood"})

    assert reply.status == 400
    assert "flood" in json.loads(reply.body)["error"]["message"]
    assert "cut" in json.loads(reply.body)["error"]["message"]


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ("503", [503, 503, 503]),
        ("503*1", [503, 200, 503]),
        ("503*2", [503, 503, 200]),
        ("429=7, 502*2", [429, 502, 502, 200]),
    ],
)
@pytest.mark.parametrize("place", ["header", "model"])
def test_faults_are_met_try_by_try(service, fault, statuses, place):
    def one() -> int:
        if place == "header":
            return ask(service, "a/b", headers={"X-Simulate-Fault": fault}).status
        return ask(service, f"a/b:fault-{fault}").status

    assert [one() for _ in statuses] == statuses


def test_a_rate_limit_says_when_to_come_back(service):
    reply = ask(service, "a/b", headers={"X-Simulate-Fault": "429=7"})

    assert dict(reply.headers)["retry-after"] == "7"
    assert json.loads(reply.body)["error"]["metadata"]["error_type"] == "rate_limit_exceeded"


def test_tries_are_counted_for_each_conversation(service):
    statuses = [ask(service, "scripted/503-then-ok", {"role": "user", "content": text}).status for text in "abab"]

    assert statuses == [503, 503, 200, 200]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_cut_answer_breaks_off_before_its_end(service, stream):
    reply = ask(service, "scripted/always-cut", stream=stream)

    assert isinstance(reply.pieces[-1], Cut)
    assert b'"usage"' not in reply.body


def test_a_fault_spoils_the_turn_that_the_scenario_has(service):
    reply = ask(service, "scripted/one-call", headers={"X-Simulate-Fault": "malformed-arguments"})

    (call,) = json.loads(reply.body)["choices"][0]["message"]["tool_calls"]
    assert call["function"] == {"name": "get_weather", "arguments": '{"city":"Paris'}


def test_a_slow_answer_pauses_before_it_begins(service):
    reply = ask(service, "a/b", headers={"X-Simulate-Fault": "slow=0.25"})

    assert reply.pieces[0] == Pause(0.25)


def test_endless_calls_end_when_calls_are_forbidden(service):
    def finish(**params: Any) -> str:
        question = {"role": "user", "content": "?"}
        return json.loads(ask(service, "scripted/endless-calls", question, **params).body)["choices"][0][
            "finish_reason"
        ]

    assert finish(tools=[WEATHER]) == "tool_calls"
    assert finish(tools=[WEATHER], tool_choice="none") == "stop"
    assert finish() == "stop"
