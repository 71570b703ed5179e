"""A medium: the bytes or the address of an image, a sound, a file or a video, and what kind of thing they are."""

from __future__ import annotations

import base64
import binascii
import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias, cast
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from callwright.errors import ParameterError
from callwright.wire.ranges import shown

__all__ = ["MOST_BYTES", "Medium", "Source", "detected", "medium_of"]

MOST_BYTES = 20 * 2**20
"""How large an embedded medium may be unless its `limit` says otherwise: 20 MiB. Providers have limits of their own,
from 5 MB an image (Anthropic) to 50 MB a request (OpenAI)."""

Source: TypeAlias = str | bytes | os.PathLike[str]
"""What a medium is made of: a URL (https, http or data) as a string, the bytes themselves, or the path of a file.

A string is never taken for a path: `Path("cat.png")` is a file, `"cat.png"` is an error.
"""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"ADIF", "audio/aac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
)
_CONTAINERS = {
    (b"RIFF", b"WEBP"): "image/webp",
    (b"RIFF", b"WAVE"): "audio/wav",
    (b"RIFF", b"AVI "): "video/x-msvideo",
    (b"FORM", b"AIFF"): "audio/aiff",
    (b"FORM", b"AIFC"): "audio/aiff",
}
_BRANDS = {
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    b"qt  ": "video/quicktime",
}
_SYNC, _LAYERS = 0xE0, {0: "audio/aac", 1: "audio/mpeg"}
_PDF_WITHIN = 1024
"""A PDF may begin with so many bytes of something else. Source: ISO 32000-1, implementation note 13."""
_DATA = re.compile(r"data:(?P<type>[^;,]*)(?:;[^;,]*?)*?(?P<base64>;\s*base64)?\s*,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Medium:
    """A medium that is embedded, or the address of one that is elsewhere."""

    url: str | None
    """Where it is; None if it is embedded."""
    content: bytes = b""
    media_type: str | None = None
    """By its content, else by its name; None if neither says."""
    name: str | None = None
    """The last part of its path."""

    def data_url(self, media_type: str) -> str:
        """Return the medium as a URL that holds it, or its address."""
        return self.url or f"data:{media_type};base64,{self.base64}"

    @property
    def base64(self) -> str:
        """The content in base64."""
        return base64.b64encode(self.content).decode("ascii")


def medium_of(source: Source, *, kind: str, limit: int = MOST_BYTES) -> Medium:
    """Return the medium that `source` names; a file is read at once, which blocks.

    Args:
        source: See `Source`.
        kind: The word for it in errors.
        limit: Bytes that may be embedded.

    Raises:
        ParameterError: It is no URL, cannot be read, is empty, or is larger than `limit`.
    """
    given = cast("object", source)  # not everybody checks types
    match given:
        case str():
            return _of_address(given.strip(), kind, limit)
        case bytes() | bytearray():
            return _of_bytes(bytes(given), kind, limit)
        case memoryview():
            return _of_bytes(given.tobytes(), kind, limit)
        case os.PathLike():
            return _of_file(cast("os.PathLike[str]", given), kind, limit)
        case _:
            raise ParameterError(f"{kind}: expected a URL, bytes, or a Path; got a {type(given).__name__}")


def detected(content: bytes) -> str | None:
    """Return the media type that the first bytes of a content show; None if they show none.

    Source: the IANA registrations of the types, and https://mimesniff.spec.whatwg.org for images.
    """
    head = content[:_PDF_WITHIN]
    container = _CONTAINERS.get((head[:4], head[8:12]))
    if container is not None:
        return container
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    for start, media_type in _STARTS:
        if head.startswith(start):
            return media_type
    if b"%PDF-" in head:
        return "application/pdf"
    if head.startswith(b"\xff") and len(head) > 1 and head[1] & _SYNC == _SYNC:
        # A frame of MPEG audio; two bits say the layer.
        return _LAYERS.get((head[1] >> 1) & 3)
    return None


def _of_address(url: str, kind: str, limit: int) -> Medium:
    head = _DATA.match(url)
    if head is not None:
        return _of_data_url(url, head, kind, limit)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ParameterError(f"{kind}: expected a URL; got {shown(url)} ({error})") from error
    if parts.scheme not in ("https", "http") or not parts.netloc or not url.isprintable() or " " in url:
        raise ParameterError(
            f"{kind}: expected a URL that begins with https://, http:// or data:; got {shown(url)}; "
            "a file is given as a Path, content as bytes"
        )
    name = PurePosixPath(unquote(parts.path)).name
    return Medium(url, media_type=_by_name(name), name=name or None)


def _of_bytes(content: bytes, kind: str, limit: int) -> Medium:
    return Medium(None, _sized(content, kind, limit), detected(content))


def _of_data_url(url: str, head: re.Match[str], kind: str, limit: int) -> Medium:
    body = url[head.end() :]
    try:
        # Base64 from a mail or a file has line ends in it.
        content = base64.b64decode("".join(body.split()), validate=True) if head["base64"] else unquote_to_bytes(body)
    except (binascii.Error, ValueError) as error:
        raise ParameterError(f"{kind}: expected base64 in the data URL {shown(url[:60])}; {error}") from error
    declared = head["type"].strip().lower() or None
    return Medium(None, _sized(content, kind, limit), detected(content) or declared)


def _of_file(path: os.PathLike[str], kind: str, limit: int) -> Medium:
    try:
        with open(path, "rb") as opened:  # noqa: PTH123 - a PathLike need not be a Path
            # One byte more tells a file that is too large from one that fits, even if it never ends.
            content = opened.read(limit + 1)
    except OSError as error:
        raise ParameterError(f"{kind}: cannot read {shown(os.fspath(path))}: {error.strerror or error}") from error
    name = os.path.basename(os.fspath(path))  # noqa: PTH119 - a PathLike need not be a Path
    return Medium(None, _sized(content, f"{kind} {name!r}", limit), detected(content) or _by_name(name), name)


def _sized(content: bytes, kind: str, limit: int) -> bytes:
    if not content:
        raise ParameterError(f"{kind}: expected content; got none")
    if len(content) > limit:
        raise ParameterError(
            f"{kind}: expected at most {limit:,} bytes; got {len(content):,} or more; "
            "make it smaller, give its https URL, or raise limit= if the provider takes more"
        )
    return content


def _by_name(name: str) -> str | None:
    import mimetypes  # noqa: PLC0415 - reads the system's tables; most programs send no media

    return mimetypes.guess_type(name)[0]
