"""The way from bytes to a completion holds whatever the bytes are."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright._json import decode, encode
from callwright.errors import CallwrightError, StreamError
from callwright.wire.assembler import Assembler
from callwright.wire.chat import Completion
from callwright.wire.profile import COMPATIBLE, OPENROUTER
from callwright.wire.sse import DONE, SSEDecoder


def read(*pieces: bytes) -> Completion:
    """Return the completion of a stream, as the model layer reads it."""
    decoder, assembler = SSEDecoder(limit=1 << 16), Assembler()
    payloads = [payload for piece in pieces for payload in decoder.feed(piece)] + decoder.end()
    for payload in payloads:
        if payload == DONE:
            break
        try:
            chunk = decode(payload)
        except ValueError as error:
            raise StreamError("no JSON") from error
        assembler.push(chunk if isinstance(chunk, dict) else {})
    return assembler.finish()


def outcome(*pieces: bytes) -> Any:
    """Return what a stream amounts to, as one value that can be compared."""
    try:
        return read(*pieces).raw
    except CallwrightError as error:
        partial = getattr(error, "partial", None)
        return str(error), partial.raw if isinstance(partial, Completion) else None


def looked_at(completion: Completion) -> None:
    """Use all that a completion offers."""
    for name in dir(Completion):
        if not name.startswith("_"):
            getattr(completion, name)
    for one in (completion, *completion.choices):
        one.message.wire(OPENROUTER)
        one.message.wire(COMPATIBLE)
        assert len({call.id for call in one.tool_calls}) == len(one.tool_calls)
        assert all(call.id and call.name for call in one.tool_calls)
    assert hash(completion) == hash(Completion(completion.raw))
    assert completion == Completion(completion.raw)
    assert repr(completion)
    encode(completion.raw)
    pickle.dumps(completion.raw)


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2, 0.0, 1.5, 1e300, float("inf"), 10**40, -(10**40)]),
    st.sampled_from(["", "a", "{", "}", "{}", '{"x":1}', "{}{}", "0", "stop", "length", "error", "function", "\u2028"]),
    st.sampled_from(["assistant", "text", "thinking", "reasoning.text", "call_1", " "]),
)
KEYS = [
    *("id", "model", "choices", "usage", "error", "index", "delta", "message", "finish_reason", "logprobs", "content"),
    *("role", "tool_calls", "function_call", "function", "name", "arguments", "type", "text", "thinking", "reasoning"),
    *("reasoning_details", "reasoning_content", "images", "annotations", "audio", "data", "transcript", "refusal"),
    *("prompt_tokens", "completion_tokens", "cost", "prompt_tokens_details", "cached_tokens", "created", "provider"),
    *(
        "native_finish_reason",
        "x_groq",
        "detail",
        "code",
        "metadata",
        "cost_details",
        "upstream_inference_cost",
        "is_byok",
    ),
]
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=12,
)
pieces = st.fixed_dictionaries(
    {},
    optional={
        "index": leaves,
        "id": leaves,
        "type": leaves,
        "function": st.one_of(values, st.fixed_dictionaries({}, optional={"name": leaves, "arguments": values})),
        "extra_content": values,
    },
)
deltas = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("content", "reasoning", "reasoning_details", "audio", "images", "annotations"), values),
        "role": leaves,
        "tool_calls": st.one_of(values, st.lists(st.one_of(pieces, leaves), max_size=4)),
        "function_call": values,
        "refusal": leaves,
        "sparkle": values,
    },
)
choices = st.fixed_dictionaries(
    {},
    optional={
        "index": leaves,
        "delta": st.one_of(values, deltas),
        "message": st.one_of(values, deltas),
        "finish_reason": leaves,
        "native_finish_reason": leaves,
        "logprobs": values,
        "usage": values,
        "text": leaves,
    },
)
chunks = st.fixed_dictionaries(
    {"choices": st.one_of(st.lists(st.one_of(choices, leaves), max_size=3), values)},
    optional={"id": leaves, "created": leaves, "model": leaves, "usage": values, "x_groq": values, "sparkle": values},
)


@given(st.lists(st.one_of(chunks, values.filter(lambda value: isinstance(value, dict))), max_size=6))
@settings(max_examples=150)
def test_any_chunks_give_a_completion_or_an_error_of_ours(raws: list[Any]) -> None:
    assembler = Assembler()

    try:
        for raw in raws:
            assembler.push(raw)
        completion = assembler.finish()
    except StreamError:
        completion = assembler.partial()

    looked_at(completion)


@given(st.one_of(chunks, values.filter(lambda value: isinstance(value, dict))))
@settings(max_examples=150)
def test_any_object_can_be_read_as_an_answer(raw: Any) -> None:
    looked_at(Completion(raw))


@given(st.lists(chunks, max_size=4), st.randoms(use_true_random=False))
def test_asking_in_between_changes_nothing(raws: list[Any], random: Any) -> None:
    quiet, asked = Assembler(), Assembler()

    for raw in raws:
        for assembler in (quiet, asked):
            with suppress(StreamError):
                assembler.push(json.loads(json.dumps(raw)))
        if random.random() < 0.5:
            asked.partial()

    assert repr(asked.partial().raw) == repr(quiet.partial().raw)


GOOD = [
    b": OPENROUTER PROCESSING",
    b"",
    b'data: {"id":"gen-1","choices":[{"index":0,"delta":{"content":"\xc3\xa4\xe2\x80\xa8\xc2\x85"}}]}',
    b"",
    b"event: message",
    b'data: {"id":"gen-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a",',
    b'data: "function":{"name":"f","arguments":"{}"}}]}}]}',
    b"",
    b'data: {"id":"gen-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}',
    b"",
    b"data: [DONE]",
    b"",
    b"",
]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(place, len(stream)) for place in places), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(edges)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
@given(places=st.lists(st.integers(0, 600), max_size=20))
def test_any_cut_of_a_stream_gives_the_same_completion(end: bytes, mark: bytes, places: list[int]) -> None:
    stream = mark + end.join(GOOD)

    completion = read(*cut(stream, places))

    assert completion.text == "ä\u2028\x85"
    assert [(call.id, call.name, call.arguments) for call in completion.tool_calls] == [("a", "f", "{}")]
    assert completion.usage.prompt_tokens == 1


@given(
    noise=st.lists(
        st.one_of(
            st.binary(max_size=20),
            st.sampled_from([b"data:", b"data: ", b"\n", b"\n\n", b"\r", b"event: error\n", b"[DONE]", b": x"]),
            st.builds(lambda raw: b"data: " + encode(raw) + b"\n\n", chunks),
            st.builds(encode, values),
        ),
        max_size=8,
    ).map(b"".join),
    places=st.lists(st.integers(0, 200), max_size=5),
)
@settings(max_examples=150)
def test_any_bytes_give_a_completion_or_an_error_of_ours_wherever_they_are_cut(noise: bytes, places: list[int]) -> None:
    assert repr(outcome(*cut(noise, places))) == repr(outcome(noise))
