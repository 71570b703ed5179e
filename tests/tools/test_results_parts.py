"""Results that are cut, that are images and files, and the tool that reads on."""

from __future__ import annotations

import base64
import json
from datetime import date

import pytest

from callwright import Agent, RunContext, ToolError, tool
from callwright.testing.scripted import ScriptedModel, calls
from callwright.tools.results import ToolResult, read_result, told

PNG = b"\x89PNG\r\n\x1a\nrest"


class Mute:
    def __str__(self) -> str:
        raise MemoryError


def test_a_long_result_is_cut_and_kept_whole() -> None:
    made = told("0123456789" * 3, limit=12)

    assert made.content == "012345678901\n(cut: the result has 30 characters)"
    assert made.rest == "0123456789" * 3
    assert made.note == "cut from 30 to 12 characters"


def test_the_cut_says_how_to_read_on() -> None:
    made = told("0123456789" * 3, limit=12, call_id="run:1:0", can_read_on=True)

    assert str(made.content).endswith(
        '\n(cut: the result has 30 characters; go on with read_result(call_id="run:1:0", start=12))'
    )


def test_a_result_at_the_limit_is_whole() -> None:
    assert told("x" * 12, limit=12) == told("x" * 12)


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        pytest.param("e\u0301e\u0301", 1, "e\u0301e\u0301"[:1], id="nothing smaller"),
        pytest.param("ae\u0301b", 2, "a", id="accent"),
        pytest.param("ab\U0001f468\u200d\U0001f469c", 3, "ab", id="joined, before"),
        pytest.param("ab\U0001f468\u200d\U0001f469c", 4, "ab", id="joined, after"),
        pytest.param("a" + "\u0301" * 100, 60, "a" + "\u0301" * 59, id="endless accents"),
    ],
)
def test_a_cut_leaves_characters_whole(text: str, limit: int, kept: str) -> None:
    assert str(told(text, limit=limit).content).split("\n")[0] == kept


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
FAR = {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}}
FILE = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
TEXT = {"type": "text", "text": "hi"}


class Picture:
    def _repr_png_(self) -> bytes:
        return PNG


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        pytest.param(IMAGE, (IMAGE,), id="image"),
        pytest.param(FILE, (FILE,), id="file"),
        pytest.param(SOUND, (SOUND,), id="sound"),
        pytest.param([TEXT, IMAGE], (TEXT, IMAGE), id="several"),
        pytest.param(["hi", IMAGE], (TEXT, IMAGE), id="with strings"),
        pytest.param(("hi", FILE), (TEXT, FILE), id="tuple"),
        pytest.param(ToolResult(FAR), (FAR,), id="elsewhere"),
        pytest.param(ToolResult(["hi", FAR]), (TEXT, FAR), id="several elsewhere"),
    ],
)
def test_parts_are_sent_as_parts(value: object, parts: object) -> None:
    assert told(value).content == parts


def test_an_image_object_is_sent_as_an_image() -> None:
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"

    assert told(["a chart", Picture()]).content == (
        {"type": "text", "text": "a chart"},
        {"type": "image_url", "image_url": {"url": url}},
    )


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(FAR, id="leads elsewhere"),
        pytest.param(["look", FAR], id="leads elsewhere, with strings"),
        pytest.param({**IMAGE, "more": 1}, id="more keys"),
        pytest.param({"type": "image_url", "image_url": "data:x"}, id="other shape"),
        pytest.param({"type": "image_url"}, id="no content"),
        pytest.param({"type": "text", "text": 3}, id="no text"),
        pytest.param([IMAGE, 3], id="among others"),
        pytest.param({"images": [IMAGE]}, id="within"),
        pytest.param(["a", "b"], id="strings only"),
        pytest.param([], id="empty"),
    ],
)
def test_what_only_looks_like_parts_stays_data(value: object) -> None:
    content = told(value).content

    assert isinstance(content, str)
    assert json.loads(content) == value


def test_an_image_that_no_service_takes_is_left_out() -> None:
    huge = {"type": "image_url", "image_url": {"url": "data:" + "x" * 40_000_000}}

    made = told(huge)

    assert made.content == ({"type": "text", "text": "(left out: it has 40000005 characters, too many to send)"},)


def test_the_text_of_parts_is_cut_images_are_not() -> None:
    made = told(["0123456789", IMAGE, "0123456789"], limit=12)

    assert made.content == (
        {"type": "text", "text": "0123456789"},
        IMAGE,
        {"type": "text", "text": "01"},
        {"type": "text", "text": "(cut: the result has 20 characters)"},
    )
    assert made.rest == "01234567890123456789"


def test_an_artifact_is_kept_as_json_beside_the_text() -> None:
    made = told(ToolResult("short", artifact={"rows": {2, 1}, "at": date(2026, 1, 1)}))

    assert (made.content, made.artifact) == ("short", {"rows": [1, 2], "at": "2026-01-01"})


def test_what_an_artifact_loses_is_noted() -> None:
    assert (told(ToolResult("x", artifact=Mute())).note or "").startswith("artifact: a value of type Mute")


def context_with(text: str) -> RunContext[None]:
    return RunContext(None, find_result={"run:1:0": text}.get)


def test_reading_on_gives_the_next_piece_and_where_it_ends() -> None:
    ctx = context_with("0123456789")

    assert read_result(ctx, "run:1:0", 4, 3) == "456\n(characters 4 to 7 of 10; go on with start=7)"
    assert read_result(ctx, "run:1:0", 7, 30) == "789\n(characters 7 to 10 of 10)"


def test_reading_every_piece_gives_the_whole() -> None:
    text = "ab\U0001f468\u200d\U0001f469e\u0301" * 50
    ctx, pieces, start = context_with(text), list[str](), 0

    while start < len(text):
        piece = read_result(ctx, "run:1:0", start, 40).rpartition("\n(characters ")[0]
        pieces.append(piece)
        start += len(piece)

    assert "".join(pieces) == text


@pytest.mark.parametrize(
    ("call", "start", "told_so"),
    [
        ("run:9:9", 0, "There is no cut result of a call 'run:9:9'."),
        ("run:1:0", 10, "That result has 10 characters: start is 0 to 9, not 10."),
        ("run:1:0", -1, "That result has 10 characters: start is 0 to 9, not -1."),
    ],
)
def test_reading_what_is_not_there_is_told(call: str, start: int, told_so: str) -> None:
    with pytest.raises(ToolError) as caught:
        read_result(context_with("0123456789"), call, start)

    assert str(caught.value) == told_so


@pytest.mark.parametrize("length", [0, -5])
def test_at_least_one_character_is_read(length: int) -> None:
    assert read_result(context_with("0123456789"), "run:1:0", 0, length).startswith("0\n")


def test_no_more_is_read_than_fits() -> None:
    assert len(read_result(context_with("x" * 300_000), "run:1:0", 0, 10**9)) < 100_100


@pytest.mark.anyio
async def test_a_model_reads_on_in_a_run() -> None:
    @tool(result_limit=4)
    def find() -> str:
        """Find."""
        return "0123456789"

    model = ScriptedModel(calls(find), calls(read_result, call_id="r:1:0", start=4), "ok")

    await Agent(model, tools=[find, read_result]).run("?", run_id="r")

    assert 'go on with read_result(call_id="r:1:0", start=4)' in model.requests[1].messages[-1].text
    assert model.requests[2].messages[-1].text == "456789\n(characters 4 to 10 of 10)"
