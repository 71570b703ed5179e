"""The content of a message: the parts that it can have, as the wire has them.

Formats: what OpenRouter documents; https://openrouter.ai/docs/guides/overview/multimodal/overview, and its OpenAPI
document of 2026-08-22.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

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
]


class CacheControl(TypedDict):
    """A breakpoint of the prompt cache: what stands before and in the part is kept."""

    type: Literal["ephemeral"]
    ttl: NotRequired[Literal["5m", "1h"]]
    """How long. Service default: 5m."""


class CacheBreakpoint(TypedDict):
    """A breakpoint in OpenAI's form (GPT-5.6 and newer); OpenRouter translates between the two."""

    mode: Literal["explicit"]


class TextPart(TypedDict):
    """A piece of text."""

    type: Literal["text"]
    text: str
    cache_control: NotRequired[CacheControl]
    """A breakpoint of the prompt cache; Anthropic takes at most 4 in a request."""
    prompt_cache_breakpoint: NotRequired[CacheBreakpoint | None]


class ImageURL(TypedDict):
    """Where an image is."""

    url: str
    """https, or a data URL."""
    detail: NotRequired[Literal["auto", "low", "high", "original"]]
    """How closely the model looks. Service default: auto."""


class ImagePart(TypedDict):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageURL


class InputAudio(TypedDict):
    """A sound."""

    data: str
    """In base64, without `data:` before it."""
    format: str
    """Such as `wav` or `mp3`."""


class AudioPart(TypedDict):
    """A sound, always embedded."""

    type: Literal["input_audio"]
    input_audio: InputAudio


class FileContent(TypedDict, total=False):
    """A file: either embedded, or somewhere, or uploaded before."""

    filename: str
    file_data: str
    """https, or a data URL."""
    file_id: str
    """Of a file that the service has."""


class FilePart(TypedDict):
    """A file, such as a PDF."""

    type: Literal["file"]
    file: FileContent


class VideoURL(TypedDict):
    """Where a video is."""

    url: str
    """https, or a data URL."""


class VideoPart(TypedDict):
    """A video."""

    type: Literal["video_url"]
    video_url: VideoURL


Part: TypeAlias = TextPart | ImagePart | AudioPart | FilePart | VideoPart
"""A piece of a message's content."""
