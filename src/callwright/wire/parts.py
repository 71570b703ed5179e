"""The parts of a message's content: what makes texts, images, sounds, files and videos, and what is wrong with one.

Formats: what OpenRouter documents; https://openrouter.ai/docs/guides/overview/multimodal/overview, and its OpenAPI
document of 2026-08-22.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeVar, cast

from callwright.errors import ParameterError
from callwright.wire.content import (
    AudioPart,
    CacheBreakpoint,
    CacheControl,
    FileContent,
    FilePart,
    ImagePart,
    ImageURL,
    InputAudio,
    Part,
    TextPart,
    VideoPart,
    VideoURL,
)
from callwright.wire.media import MOST_BYTES, Medium, Source, medium_of
from callwright.wire.ranges import STRING, Range, nearest, one_of, shown, string
from callwright.wire.shapes import Fields, Maybe

__all__ = [
    "AudioPart",
    "CacheBreakpoint",
    "CacheControl",
    "FileContent",
    "FilePart",
    "ImagePart",
    "ImageURL",
    "InputAudio",
    "Part",
    "TextPart",
    "VideoPart",
    "VideoURL",
    "audio",
    "content_problems",
    "file",
    "image",
    "text",
    "video",
]

T = TypeVar("T")


def text(content: str, *, cache: bool | Literal["5m", "1h"] = False) -> TextPart:
    """Return a text part.

    Args:
        content: The text.
        cache: Whether the prompt is kept up to the end of this part, and for how long if the service's default of five
            minutes is not meant.

    Raises:
        ParameterError: `content` is no string, or `cache` no duration there is.
    """
    part: TextPart = {"type": "text", "text": content}
    if cache is True:
        part["cache_control"] = {"type": "ephemeral"}
    elif cache is not False:
        part["cache_control"] = {"type": "ephemeral", "ttl": cache}
    return _checked(part)


def image(
    source: Source,
    *,
    detail: Literal["auto", "low", "high", "original"] | None = None,
    media_type: str | None = None,
    limit: int = MOST_BYTES,
) -> ImagePart:
    """Return an image part: PNG, JPEG, WebP or GIF.

    Args:
        source: A URL, the bytes, or a `Path`, which is read at once; in async code read large files in a thread.
        detail: How closely the model looks. Service default: auto.
        media_type: Such as `image/heic`, for a model that takes more. Default: what the content shows, else what the
            name says.
        limit: Bytes that may be embedded.

    Raises:
        ParameterError: It cannot be read, is empty or too large, or is no image that models take.
    """
    medium = medium_of(source, kind="image", limit=limit)
    where: ImageURL = {"url": _url(medium, "image", media_type, _IMAGES)}
    if detail is not None:
        where["detail"] = detail
    part: ImagePart = {"type": "image_url", "image_url": where}
    return _checked(part)


def audio(source: Source, *, format: str | None = None, limit: int = MOST_BYTES) -> AudioPart:  # noqa: A002
    """Return a sound part; the sound is embedded, since no provider fetches one.

    Args:
        source: The bytes, a `Path`, or a data URL.
        format: `wav`, `mp3`, `flac`, `m4a`, `ogg`, `aiff`, `aac`, `pcm16` or `pcm24`. Default: what the content shows,
            else what the name says; raw PCM shows nothing.
        limit: Bytes that may be embedded.

    Raises:
        ParameterError: It is a web address, cannot be read, is empty or too large, or its format is not one of these or
            not the one that is given.
    """
    medium = medium_of(source, kind="audio", limit=limit)
    if medium.url is not None:
        raise ParameterError(
            "audio: expected bytes, a Path or a data URL; got a web address, which models do not fetch"
        )
    shows = _SOUNDS.get(medium.media_type or "")
    if format is None and shows is None:
        raise ParameterError(
            f"audio: expected {', '.join(_FORMATS)}; got {medium.media_type or 'content of no known format'}; "
            "give format= if it is one of these"
        )
    if format is not None and format not in _FORMATS:
        near = nearest(format, _FORMATS)
        hint = f"; did you mean {near!r}?" if near else ""
        raise ParameterError(f"audio: expected format to be one of {', '.join(_FORMATS)}; got {shown(format)}{hint}")
    if format is not None and shows is not None and format != shows:
        raise ParameterError(f"audio: expected {format}, as format= says; the content is {shows}")
    return {"type": "input_audio", "input_audio": {"data": medium.base64, "format": cast("str", format or shows)}}


def file(
    source: Source, *, filename: str | None = None, media_type: str | None = None, limit: int = MOST_BYTES
) -> FilePart:
    """Return a file part, such as a PDF.

    Args:
        source: A URL, the bytes, or a `Path`, which is read at once.
        filename: What the model and the parser are told. Default: the name of the path or URL, else one of the type.
        media_type: Default: what the content shows, else what the name says, else plain text if it is UTF-8.
        limit: Bytes that may be embedded.

    Raises:
        ParameterError: It cannot be read, is empty or too large, or nothing says what it is.
    """
    medium = medium_of(source, kind="file", limit=limit)
    shows = media_type or medium.media_type or ("text/plain" if _is_text(medium.content) else None)
    if medium.url is None and shows is None:
        raise ParameterError("file: expected a file whose content or name says what it is; give media_type=")
    where: FileContent = {"file_data": medium.data_url(shows or "")}
    name = filename or medium.name or (_named_by(shows) if medium.url is None else None)
    if name is not None:
        where["filename"] = name
    part: FilePart = {"type": "file", "file": where}
    return _checked(part)


def video(source: Source, *, media_type: str | None = None, limit: int = MOST_BYTES) -> VideoPart:
    """Return a video part: MP4, MPEG, QuickTime or WebM.

    Args:
        source: A URL, the bytes, or a `Path`, which is read at once.
        media_type: Default: what the content shows, else what the name says.
        limit: Bytes that may be embedded.

    Raises:
        ParameterError: It cannot be read, is empty or too large, or is no video that models take.
    """
    medium = medium_of(source, kind="video", limit=limit)
    return {"type": "video_url", "video_url": {"url": _url(medium, "video", media_type, _VIDEOS)}}


_IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_VIDEOS = ("video/mp4", "video/mpeg", "video/quicktime", "video/webm")
_FORMATS = ("wav", "mp3", "flac", "m4a", "ogg", "aiff", "aac", "pcm16", "pcm24")
_SOUNDS = {
    **dict.fromkeys(("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"), "wav"),
    **dict.fromkeys(("audio/mpeg", "audio/mp3"), "mp3"),
    **dict.fromkeys(("audio/flac", "audio/x-flac"), "flac"),
    **dict.fromkeys(("audio/mp4", "audio/x-m4a", "audio/m4a", "audio/mp4a-latm"), "m4a"),
    **dict.fromkeys(("audio/ogg", "audio/opus"), "ogg"),
    **dict.fromkeys(("audio/aiff", "audio/x-aiff"), "aiff"),
    **dict.fromkeys(("audio/aac", "audio/x-aac", "audio/vnd.dlna.adts"), "aac"),
}


def _url(medium: Medium, kind: str, media_type: str | None, known: Sequence[str]) -> str:
    if media_type is not None and not media_type.startswith(f"{kind}/"):
        raise ParameterError(f"{kind}: expected media_type to begin with {kind}/; got {shown(media_type)}")
    shows = media_type or medium.media_type
    if medium.url is None and media_type is None and shows not in known:
        raise ParameterError(
            f"{kind}: expected {', '.join(known)}; got {shows or 'content of no known type'}; "
            "give media_type= if the model takes it all the same"
        )
    return medium.data_url(shows or "")


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def _named_by(media_type: str | None) -> str:
    import mimetypes  # noqa: PLC0415 - reads the system's tables; most programs send no files

    return f"file{mimetypes.guess_extension(media_type or '') or ''}"


_CACHED = Fields({"type": one_of("ephemeral"), "ttl": one_of("5m", "1h")}, frozenset({"type"}), is_open=True)
_CACHE_KEYS: Mapping[str, Range] = {
    "cache_control": _CACHED,
    "prompt_cache_breakpoint": Maybe(Fields({"mode": one_of("explicit")}, frozenset({"mode"}), is_open=True)),
}
_URL = Fields({"url": string(shortest=1)}, frozenset({"url"}), is_open=True)
_KINDS: Mapping[str, Fields] = {
    "text": Fields({"text": STRING, **_CACHE_KEYS}, frozenset({"text"}), is_open=True),
    "image_url": Fields(
        {
            "image_url": Fields(
                {"url": string(shortest=1), "detail": one_of("auto", "low", "high", "original")},
                frozenset({"url"}),
                is_open=True,
            )
        },
        frozenset({"image_url"}),
        is_open=True,
    ),
    "input_audio": Fields(
        {
            "input_audio": Fields(
                {"data": string(shortest=1), "format": string(shortest=1)}, frozenset({"data", "format"}), is_open=True
            )
        },
        frozenset({"input_audio"}),
        is_open=True,
    ),
    "file": Fields(
        {
            "file": Fields(
                {"filename": STRING, "file_data": string(shortest=1), "file_id": string(shortest=1)},
                is_open=True,
                some_of=("file_data", "file_id"),
            )
        },
        frozenset({"file"}),
        is_open=True,
    ),
    "video_url": Fields({"video_url": _URL}, frozenset({"video_url"}), is_open=True),
    "input_video": Fields({"video_url": _URL}, frozenset({"video_url"}), is_open=True),
}
_ELSEWHERE = frozenset({"audio_url", "document_url", "image_embeds", "reference", "refusal", "thinking"})
"""Parts of other servers of the API (vLLM, Mistral, OpenAI), which go as they are."""
_MEANT = {
    **dict.fromkeys(("image", "input_image"), "image_url"),
    **dict.fromkeys(("input_text", "output_text", "string"), "text"),
    **dict.fromkeys(("document", "input_file", "pdf"), "file"),
    **dict.fromkeys(("audio", "sound"), "input_audio"),
    "video": "video_url",
}
"""Names of other APIs for the same."""


def content_problems(content: object, path: str, *, only_text: bool = False) -> Iterator[str]:
    """Yield all that is wrong with the content of a message: neither a text nor a list of parts, or a part is wrong.

    Args:
        content: As on the wire.
        path: Where it stands, for the problems.
        only_text: Whether the role takes text parts only, as `system` and `developer` do.
    """
    if isinstance(content, str):
        return
    if not isinstance(content, Sequence) or isinstance(content, bytes):
        yield f"{path}: expected a string or a list of parts; got {shown(content)}"
        return
    for place, part in enumerate(cast("Sequence[object]", content)):
        where = f"{path}[{place}]"
        if not isinstance(part, Mapping):
            yield f"{where}: expected a part, such as {{'type': 'text', 'text': ...}}; got {shown(part)}"
            continue
        kind = cast("Mapping[str, object]", part).get("type")
        if only_text and kind != "text":
            yield f"{where}.type: expected 'text', the only kind that instructions take; got {shown(kind)}"
        elif isinstance(kind, str) and kind in _KINDS:
            yield from _KINDS[kind].problems(cast("object", part), where)
        elif kind not in _ELSEWHERE:
            near = _MEANT.get(str(kind)) or nearest(kind, _KINDS)
            hint = f"; did you mean {near!r}?" if near else ""
            yield f"{where}.type: expected one of {', '.join(_KINDS)}; got {shown(kind)}{hint}"


def _checked(part: T) -> T:
    problems = list(content_problems([part], "part"))
    if problems:
        raise ParameterError("; ".join(problems))
    return part
