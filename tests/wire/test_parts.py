"""Parts of content: made from paths, bytes and URLs, and checked where they come as dicts."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from tests.testing.openrouter_wire import complaints

from callwright.errors import ParameterError
from callwright.wire import media
from callwright.wire.messages import DeveloperMessage, SystemMessage, ToolMessage, UserMessage, message_of
from callwright.wire.parts import audio, content_problems, file, image, text, video

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
JPEG = b"\xff\xd8\xff\xe0" + bytes(8)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "
MP3 = b"\xff\xfb\x90\x64" + bytes(8)
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(8)
PDF = b"%PDF-1.7\n"


def data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


CONTENTS: dict[str, tuple[bytes, str | None]] = {
    "png": (PNG, "image/png"),
    "jpeg": (JPEG, "image/jpeg"),
    "gif 87": (b"GIF87a..", "image/gif"),
    "gif 89": (b"GIF89a..", "image/gif"),
    "webp": (b"RIFF....WEBPVP8 ", "image/webp"),
    "tiff": (b"II*\x00....", "image/tiff"),
    "heic": (b"\x00\x00\x00\x18ftypheic....", "image/heic"),
    "avif": (b"\x00\x00\x00\x18ftypavif....", "image/avif"),
    "wav": (WAV, "audio/wav"),
    "mp3 with tags": (b"ID3\x04....", "audio/mpeg"),
    "mp3 without": (MP3, "audio/mpeg"),
    "mp3 of mpeg 2": (b"\xff\xf3\x90\x64", "audio/mpeg"),
    "aac": (b"\xff\xf1\x50\x80", "audio/aac"),
    "flac": (b"fLaC....", "audio/flac"),
    "ogg": (b"OggS....", "audio/ogg"),
    "aiff": (b"FORM....AIFFCOMM", "audio/aiff"),
    "m4a": (b"\x00\x00\x00\x20ftypM4A ....", "audio/mp4"),
    "mp4": (MP4, "video/mp4"),
    "mov": (b"\x00\x00\x00\x14ftypqt  ....", "video/quicktime"),
    "webm": (b"\x1aE\xdf\xa3....", "video/webm"),
    "mpeg": (b"\x00\x00\x01\xba....", "video/mpeg"),
    "avi": (b"RIFF....AVI LIST", "video/x-msvideo"),
    "pdf": (PDF, "application/pdf"),
    "pdf behind something": (b"\n\nx" + PDF, "application/pdf"),
    "text": (b"Hello.", None),
    "text in UTF-16": (b"\xff\xfeH\x00", None),
    "one byte": (b"\xff", None),
    "nothing": (b"", None),
}


@pytest.mark.parametrize(("content", "media_type"), CONTENTS.values(), ids=CONTENTS)
def test_a_content_shows_what_it_is(content: bytes, media_type: str | None) -> None:
    assert media.detected(content) == media_type


# -- text


def test_a_text_may_be_a_breakpoint_of_the_cache() -> None:
    assert text("x") == {"type": "text", "text": "x"}
    assert text("x", cache=True) == {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    assert text("x", cache="1h") == {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}


def test_a_text_of_another_kind_or_for_another_time_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"part\[0\].text: expected a string; got 3"):
        text(3)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"cache_control.ttl: expected 5m or 1h; got '2h'"):
        text("x", cache="2h")  # type: ignore[arg-type]


# -- images


def test_an_image_is_embedded_with_the_type_that_its_content_shows(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(PNG)
    embedded = {"type": "image_url", "image_url": {"url": data_url("image/png", PNG)}}

    assert image(path) == embedded
    assert image(PNG) == embedded
    assert image(bytearray(PNG)) == embedded  # type: ignore[arg-type]
    assert image(memoryview(PNG)) == embedded  # type: ignore[arg-type]
    assert image(data_url("image/jpeg", PNG)) == embedded


def test_an_image_somewhere_stays_there() -> None:
    assert image("https://example.org/a.png?x=1", detail="high") == {
        "type": "image_url",
        "image_url": {"url": "https://example.org/a.png?x=1", "detail": "high"},
    }


def test_the_name_says_what_the_content_does_not(tmp_path: Path) -> None:
    path = tmp_path / "drawing.webp"
    path.write_bytes(b"not a known beginning")

    assert image(path)["image_url"]["url"].startswith("data:image/webp;base64,")


def test_what_is_given_as_media_type_holds() -> None:
    assert image(b"whatever", media_type="image/heic")["image_url"]["url"].startswith("data:image/heic;base64,")


@pytest.mark.parametrize(
    ("source", "options", "problem"),
    [
        ("cat.png", {}, r"image: expected a URL that begins with https://.*; got 'cat.png'; a file is given as a Path"),
        ("file:///etc/passwd", {}, "image: expected a URL that begins with"),
        ("https://", {}, "image: expected a URL that begins with"),
        ("https://[", {}, "image: expected a URL; got"),
        ("https://x/a b", {}, "image: expected a URL that begins with"),
        (b"", {}, "image: expected content; got none"),
        (b"plain text", {}, "image: expected image/png, .*; got content of no known type; give media_type="),
        (PDF, {}, "image: expected image/png, .*; got application/pdf"),
        (b"II*\x00", {}, "got image/tiff; give media_type="),
        (PNG, {"limit": 15}, "image: expected at most 15 bytes; got 16 or more"),
        (PNG, {"detail": "huge"}, r"image_url.detail: expected auto, low, high or original; got 'huge'"),
        (PNG, {"media_type": "text/plain"}, "image: expected media_type to begin with image/"),
        ("data:image/png;base64,%%%", {}, "image: expected base64 in the data URL"),
        (3, {}, "image: expected a URL, bytes, or a Path; got a int"),
        (None, {}, "image: expected a URL, bytes, or a Path; got a NoneType"),
        (Path("/nowhere/cat.png"), {}, "image: cannot read '/nowhere/cat.png': No such file"),
        (Path("/"), {}, "image: cannot read '/': Is a directory"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_image_is_refused(source: Any, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ParameterError, match=problem):
        image(source, **options)


def test_a_file_that_never_ends_is_read_to_the_limit_only() -> None:
    if not os.path.exists("/dev/zero"):  # noqa: PTH110 - no regular file
        pytest.skip("there is no file that never ends")

    with pytest.raises(ParameterError, match="expected at most 1,000 bytes"):
        image(Path("/dev/zero"), limit=1_000)


def test_a_data_url_without_base64_is_read() -> None:
    part = file("data:text/plain,Hello%20there")

    assert part["file"]["file_data"] == data_url("text/plain", b"Hello there")


def test_line_ends_in_base64_do_no_harm() -> None:
    split = data_url("image/png", PNG).replace("AAAA", "AA\r\nAA", 1)

    assert image(split) == image(PNG)


# -- sounds


def test_a_sound_is_embedded_in_its_format(tmp_path: Path) -> None:
    path = tmp_path / "voice.bin"
    path.write_bytes(MP3)

    assert audio(WAV) == {
        "type": "input_audio",
        "input_audio": {"data": base64.b64encode(WAV).decode(), "format": "wav"},
    }
    assert audio(path)["input_audio"]["format"] == "mp3"
    assert audio(data_url("audio/x-m4a", b"unknown"))["input_audio"]["format"] == "m4a"
    assert audio(b"\x00\x01", format="pcm16")["input_audio"]["format"] == "pcm16"


@pytest.mark.parametrize(
    ("source", "options", "problem"),
    [
        ("https://example.org/a.wav", {}, "audio: expected bytes, a Path or a data URL; got a web address"),
        (b"\x00\x01", {}, "audio: expected wav, mp3, .*; got content of no known format; give format="),
        (PNG, {}, "got image/png"),
        (WAV, {"format": "mp3"}, "audio: expected mp3, as format= says; the content is wav"),
        (WAV, {"format": "wave"}, "format to be one of wav, .*; got 'wave'; did you mean 'wav'"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_sound_is_refused(source: Any, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ParameterError, match=problem):
        audio(source, **options)


# -- files and videos


def test_a_file_keeps_its_name(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(PDF)

    assert file(path) == {
        "type": "file",
        "file": {"file_data": data_url("application/pdf", PDF), "filename": "report.pdf"},
    }
    assert file("https://example.org/a/report%201.pdf")["file"] == {
        "file_data": "https://example.org/a/report%201.pdf",
        "filename": "report 1.pdf",
    }
    assert file(PDF)["file"]["filename"] == "file.pdf"
    assert file(PDF, filename="x.pdf")["file"]["filename"] == "x.pdf"


def test_a_file_of_text_is_one_and_others_must_say_what_they_are() -> None:
    assert file("Grüße".encode())["file"]["file_data"].startswith("data:text/plain;base64,")
    with pytest.raises(ParameterError, match="file: expected a file whose content or name says what it is"):
        file(b"\x00\x01\xfe")
    assert file(b"\x00\x01\xfe", media_type="application/x-thing")["file"]["filename"] == "file"


def test_a_video_is_embedded_or_somewhere() -> None:
    assert video(MP4) == {"type": "video_url", "video_url": {"url": data_url("video/mp4", MP4)}}
    assert video("https://example.org/v")["video_url"]["url"] == "https://example.org/v"
    with pytest.raises(ParameterError, match=r"video: expected video/mp4, .*; got image/png"):
        video(PNG)


def test_every_part_is_one_of_the_service() -> None:
    parts = [
        *(text("a", cache="5m"), image(PNG, detail="original"), audio(WAV), file(PDF), video(MP4)),
        {"type": "input_video", "video_url": {"url": "https://x"}},
    ]

    assert complaints({"messages": [{"role": "user", "content": parts}]}, "ChatRequest") == []
    assert list(content_problems(parts, "content")) == []


# -- parts that come as dicts


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("hi", "content[0]: expected a part, such as {'type': 'text', 'text': ...}; got 'hi'"),
        ({}, "content[0].type: expected one of text, image_url"),
        ({"type": "text"}, "content[0].text: expected a string; it is missing"),
        ({"type": "text", "text": None}, "content[0].text: expected a string; got None"),
        ({"type": "text", "text": "x", "cache_control": {"type": "x"}}, "content[0].cache_control.type: expected"),
        ({"type": "image_url", "image_url": "https://x"}, "content[0].image_url: expected an object; got 'https://x'"),
        ({"type": "image_url", "image_url": {"url": ""}}, "content[0].image_url.url: expected a string that is not"),
        ({"type": "image"}, "got 'image'; did you mean 'image_url'?"),
        ({"type": "input_text", "text": "x"}, "got 'input_text'; did you mean 'text'?"),
        ({"type": "input_audio", "input_audio": {"data": "eA=="}}, "content[0].input_audio.format: expected a string"),
        ({"type": "file", "file": {"filename": "x"}}, "content[0].file: expected file_data or file_id"),
        ({"type": "video_url"}, "content[0].video_url: expected an object; it is missing"),
    ],
    ids=str,
)
def test_a_wrong_part_is_named(part: Any, problem: str) -> None:
    assert any(problem in found for found in content_problems([part], "content")), list(
        content_problems([part], "content")
    )


@pytest.mark.parametrize(
    "part",
    [
        {"type": "document_url", "document_url": "https://x"},
        {"type": "audio_url", "audio_url": {"url": "https://x"}},
        {"type": "text", "text": "x", "yours": 1},
        {"type": "file", "file": {"file_id": "file-1"}},
    ],
    ids=str,
)
def test_parts_and_keys_of_other_servers_pass(part: Any) -> None:
    assert message_of({"role": "user", "content": [part]}).raw["content"] == [part]


@pytest.mark.parametrize("kind", [SystemMessage, DeveloperMessage])
def test_instructions_take_text_only(kind: type[SystemMessage]) -> None:
    assert kind([text("Be brief.", cache=True)]).text == "Be brief."
    with pytest.raises(ParameterError, match=r"content\[0\].type: expected 'text', the only kind"):
        kind([image("https://x")])


def test_messages_refuse_wrong_parts_all_at_once() -> None:
    with pytest.raises(ParameterError, match=r"user content\[0\].*; user content\[1\]"):
        UserMessage([{"type": "text"}, {"type": "image_url"}])  # type: ignore[typeddict-item]
    with pytest.raises(ParameterError, match="tool content: expected a string or a list of parts; got 5"):
        ToolMessage(5, tool_call_id="a")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"user content\[1\]"):
        message_of({"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "smell"}]})
