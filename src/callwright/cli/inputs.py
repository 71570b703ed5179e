"""Inputs: files that a command is given, as what a model is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from callwright.errors import ParameterError
from callwright.wire.media import MOST_BYTES, detected
from callwright.wire.messages import Prompt
from callwright.wire.parts import Part, audio, file, image, video

__all__ = ["STANDARD_INPUT", "prompt_of"]

STANDARD_INPUT = "-"
"""Stands for what comes through a pipe."""

_PARTS: Mapping[str, Callable[[Path], Part]] = {
    "application": file,
    "audio": audio,
    "image": image,
    "video": video,
}


def prompt_of(name: str) -> Prompt:
    """Return what a file holds: its text, or an image, a sound, a video or a document as a part.

    Args:
        name: Its path, or `STANDARD_INPUT`.

    Raises:
        ParameterError: It cannot be read, is empty or too large, or is none of these.
    """
    if name == STANDARD_INPUT:
        return _text(sys.stdin.buffer.read(), "standard input")
    path = Path(name)
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise ParameterError(f"cannot read {name!r}: {error.strerror or error}") from error
    media_type = detected(content)
    if media_type is not None:
        return [_PARTS[media_type.partition("/")[0]](path)]
    return _text(content, name)


def _text(content: bytes, name: str) -> str:
    if len(content) > MOST_BYTES:
        raise ParameterError(f"{name!r}: expected at most {MOST_BYTES:,} bytes; got more")
    try:
        # A mark of the byte order is no part of the text.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParameterError(f"{name!r}: expected text in UTF-8, an image, a sound, a video or a PDF") from error
    if not text.strip() or "\0" in text:
        raise ParameterError(f"{name!r}: expected text; got {'bytes that are none' if text.strip() else 'none'}")
    return text
