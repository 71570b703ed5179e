"""Streams as known servers write them: a row for each way in which one differs."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.wire.assembler import Assembler, fold
from callwright.wire.chat import Completion


def chunk(delta: Any = None, finish: str | None = None, **keys: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **keys}


def part(name: str | None = None, arguments: Any = None, **keys: Any) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {"tool_calls": [{**keys, "type": "function", "function": function}]}


USAGE = {"prompt_tokens": 7, "completion_tokens": 2}
ALONE = {"id": "c", "choices": [], "usage": USAGE}

STREAMS = [
    pytest.param(
        [
            chunk({"role": "assistant", "content": None}, usage=None, obfuscation="a"),
            chunk(part("f", "", index=0, id="call_1"), usage=None, obfuscation="bc"),
            chunk(part(None, "{}", index=0), usage=None, obfuscation="d"),
            chunk({}, "stop", usage=None),
            ALONE,
        ],
        id="OpenAI: a forced name ends with stop, usage alone, padding",
    ),
    pytest.param(
        [
            {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
            chunk(None),
            chunk(part("f", "{}", index=0, id="call_1"), content_filter_results={}),
            chunk({}, "tool_calls"),
            ALONE,
        ],
        id="Azure: a first chunk without choices, a delta that is null",
    ),
    pytest.param(
        [
            chunk({"role": "assistant", "reasoning_content": "hm", "reasoning": "hm"}),
            chunk(part("f", "", index=0, id="chatcmpl-tool-1")),
            chunk(part(None, "{", index=0, id="chatcmpl-tool-2")),
            chunk(part(None, "}", index=0, id="chatcmpl-tool-3")),
            {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls", "stop_reason": None}]},
            ALONE,
        ],
        id="vLLM: a new id in each chunk",
    ),
    pytest.param(
        [chunk(part("f", "{}", index=0)), chunk({"tool_calls": []}, "tool_calls"), ALONE],
        id="vLLM: no id, an empty list at the end",
    ),
    pytest.param(
        [
            chunk({"role": "assistant", "content": None}),
            chunk(part("f", {}, index=0, id="s4nAASHK0dWrBXwM")),
            chunk({}, "tool_calls", timings={"predicted_ms": 5}),
            ALONE,
        ],
        id="llama.cpp: arguments as an object",
    ),
    pytest.param([chunk(part("f", "{}", id="call_x")), chunk({"content": ""}, "stop"), ALONE], id="Ollama: no index"),
    pytest.param([chunk(part("f", "{}")), chunk({"content": ""}, "stop"), ALONE], id="Ollama: neither index nor id"),
    pytest.param(
        [chunk(part("f", "{}", index=0, id="a")), chunk({}, "tool_calls", x_groq={"id": "r", "usage": USAGE})],
        id="Groq: no content, usage in a place of its own",
    ),
    pytest.param(
        [
            {"id": "c", "choices": [{"index": 0, "delta": part("f", "{}", index=0, id="a"), "seed": 5, "text": ""}]},
            {
                "id": "c",
                "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls", "seed": 5}],
                "usage": USAGE,
            },
        ],
        id="Together: a seed and a text beside",
    ),
    pytest.param(
        [chunk(part("f", "{}", index=0, id="a")), chunk({}, "tool_calls", usage=USAGE)],
        id="Fireworks: usage at the finish",
    ),
    pytest.param(
        [
            chunk({"role": "assistant", "content": None, "reasoning_content": ""}, usage=None),
            chunk({"content": None, "reasoning_content": "hm"}, usage=None),
            chunk(part("f", "{}", index=0, id="a"), usage=None),
            chunk({"content": "", "reasoning_content": None}, "tool_calls", usage=USAGE),
        ],
        id="DeepSeek: reasoning_content, null usage",
    ),
    pytest.param(
        [
            chunk({"role": "assistant", "content": "", "tool_calls": None}, p="ab"),
            {
                "id": "c",
                "choices": [
                    {
                        "index": 0,
                        "delta": {"tool_calls": [{"id": "abcdefghi", "function": {"name": "f", "arguments": "{}"}}]},
                        "finish_reason": "tool_calls",
                    }
                ],
                "usage": USAGE,
                "p": "abcd",
            },
        ],
        id="Mistral: no type, no index, all in one chunk",
    ),
    pytest.param(
        [
            {
                "created": 1,
                "choices": [
                    {"index": 0, "delta": {"role": "assistant", **part("f", "{}", id="")}, "finish_reason": "stop"}
                ],
                "usage": USAGE,
            }
        ],
        id="Gemini: no ids at all, stop with calls",
    ),
    pytest.param(
        [
            chunk({"role": "assistant"}, usage={"prompt_tokens": 7, "completion_tokens": 0}),
            chunk(part("f", "{}", index=0, id="a"), usage={"prompt_tokens": 7, "completion_tokens": 1}),
            chunk({"role": "assistant"}, "tool_calls", usage=USAGE),
        ],
        id="xAI: cumulative usage, deltas with a role alone",
    ),
    pytest.param(
        [chunk({"name": "x", **part("f", "{}", index=0, id="a")}), chunk({"name": "x"}, "stop", usage=USAGE)],
        id="HF router: a name in the delta",
    ),
    pytest.param(
        [
            chunk(part("f", "", index=0, id="a")),
            chunk(part(None, "{}", index=0)),
            chunk({"content": ""}, "tool_calls"),
            ALONE,
        ],
        id="Databricks: empty arguments first",
    ),
    pytest.param(
        [
            chunk(part("f", "", index=0, id="functions.f:0")),
            chunk(part(None, "{}", index=0)),
            {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls", "usage": USAGE}]},
        ],
        id="Kimi: ids with a name, usage in the choice",
    ),
    pytest.param(
        [
            chunk(part("f", "", index=0, id="a")),
            chunk(part(None, "{", index=0, id="")),
            chunk(part(None, "}", index=0, id=None)),
            chunk({}, "tool_calls", usage=USAGE),
        ],
        id="GLM: an id on the first chunk only",
    ),
    pytest.param(
        [
            chunk(part("f", "{", index=0, id="a")),
            chunk(part("f", "}", index=0, id="a")),
            chunk(part("f", "{}", index=0, id="a")),
            {"id": "c", "choices": [{"delta": {}}], "usage": USAGE},
            chunk({}, "tool_calls"),
        ],
        id="LiteLLM: the id on each chunk, the whole again",
    ),
    pytest.param(
        [chunk({"content": None, **part("f", "{}", index=0, id="call-1")}), chunk({}, "tool_calls", usage=USAGE)],
        id="GPUStack: no [DONE], null content",
    ),
    pytest.param(
        [
            chunk({"role": "assistant", "content": None}),
            {
                "choices": [
                    {"delta": None, "message": {"content": None, **part("f", "{}", id="a")}, "finish_reason": "stop"}
                ]
            },
            ALONE,
        ],
        id="MiniMax: a message at the end",
    ),
]


@pytest.mark.parametrize("chunks", STREAMS)
def test_a_stream_of_a_known_server_is_one_call_with_its_usage(chunks: list[Any]) -> None:
    completion = fold(chunks)

    (call,) = completion.tool_calls
    assert (call.name, call.arguments, completion.message.content) == ("f", "{}", None)
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (7, 2)
    assert not completion.is_cut


@pytest.mark.parametrize("chunks", STREAMS)
def test_each_call_of_a_known_server_is_ready_once_and_as_it_is_at_the_end(chunks: list[Any]) -> None:
    assembler = Assembler()

    ready = [entry for raw in chunks for entry in assembler.push(raw).ready]

    assert ready == [(0, assembler.finish().tool_calls[0])]


@pytest.mark.parametrize("chunks", STREAMS)
def test_a_stored_answer_is_the_same_when_it_is_read_again(chunks: list[Any]) -> None:
    completion = fold(chunks)

    assert Completion(completion.raw) == completion
    assert Completion({**completion.raw, "choices": tuple(completion.raw["choices"])}) == completion  # type: ignore[arg-type]
