"""A reply: an HTTP answer in pieces, with the pauses and the cut that may lie between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from callwright._json import JsonValue, encode

__all__ = [
    "CUT",
    "DEFAULT_STYLE",
    "Cut",
    "Object",
    "Pause",
    "Piece",
    "Reply",
    "Style",
    "error_body",
    "error_reply",
    "event",
    "json_reply",
    "stream_reply",
]

Object: TypeAlias = Mapping[str, JsonValue]
"""A JSON object."""

_COMMENT = b": OPENROUTER PROCESSING\n\n"
_PADDING = b"\n" + b" " * 9
_DONE = b"data: [DONE]\n\n"
_JSON = ("content-type", "application/json")
_EVENT_STREAM = ("content-type", "text/event-stream")
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for a while."""

    seconds: float
    """>= 0."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is aborted; nothing follows."""


CUT = Cut()

Piece: TypeAlias = bytes | Pause | Cut


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer: a status, headers, and a body in pieces.

    The head goes out with the first bytes: pauses before them hold it back, and a cut before them means that no answer
    comes at all. An empty `bytes` sends the head alone.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    pieces: tuple[Piece, ...]

    @property
    def body(self) -> bytes:
        """The bytes of all pieces, as far as they come."""
        return b"".join(piece for piece in self.pieces if isinstance(piece, bytes))

    @property
    def generation(self) -> str | None:
        """The id under which the service remembers what it generated; None if it generated nothing."""
        return dict(self.headers).get("x-generation-id")


@dataclass(frozen=True, slots=True)
class Style:
    """What differs between recordings of one and the same service."""

    usage: Literal["finish", "empty", "choice", "none"] = "finish"
    """The `choices` of the chunk with the usage: one that repeats the finish reason (since June 2026), none at all
    (March 2026), one without finish reason (before); or no usage."""
    padding: bool = True
    """Blanks before a JSON body, sent to keep the connection alive."""
    comments: bool = True
    """`: OPENROUTER PROCESSING` before and between the chunks of a stream."""
    done: bool = True
    """Whether `data: [DONE]` ends a stream."""
    interleaved: bool = False
    """Whether the arguments of parallel calls come in turns instead of one after the other."""
    newline: bytes = b"\n"
    """How the lines of a stream end."""
    split: int | None = None
    """Bytes per network chunk of a stream, so that events and characters are torn; None: an event each."""
    pace: float = 0.0
    """Seconds between two events of a stream."""


DEFAULT_STYLE = Style()
"""As OpenRouter writes today."""


def json_reply(body: JsonValue, *, status: int = 200, generation: str | None = None, padding: bool = False) -> Reply:
    """Return a JSON body, after blanks if `padding`."""
    headers = (_JSON,) if generation is None else (_JSON, ("x-generation-id", generation))
    return Reply(status, headers, (*((_PADDING,) * 3 if padding else ()), encode(body)))


def error_reply(
    status: int, message: str, *, metadata: Object | None = None, headers: tuple[tuple[str, str], ...] = ()
) -> Reply:
    """Return an error that came before any answer: a real status and a JSON body, also if a stream was asked for."""
    return Reply(status, (_JSON, *headers), (encode(error_body(status, message, metadata=metadata)),))


def error_body(code: int, message: str, *, metadata: Object | None = None) -> dict[str, JsonValue]:
    """Return an error as OpenRouter writes it."""
    error: dict[str, JsonValue] = {"message": message, "code": code}
    if metadata is not None:
        error["metadata"] = metadata
    # Whoever sent no valid key has no account.
    return {"error": error} if code == _UNAUTHORIZED else {"error": error, "user_id": "user_offline"}


def event(chunk: JsonValue) -> bytes:
    """Return `chunk` as a server-sent event."""
    return b"data: " + encode(chunk) + b"\n\n"


def stream_reply(events: Sequence[Piece], style: Style, *, generation: str | None = None) -> Reply:
    """Return `events` as the pieces of an event stream in the given style; after a cut nothing follows."""
    written: list[Piece] = [_COMMENT] * 2 if style.comments else [b""]
    for number, piece in enumerate(events):
        if style.comments and number == len(events) // 2:
            written.append(_COMMENT)
        if style.pace and number:
            written.append(Pause(style.pace))
        written.append(piece)
    if style.done and CUT not in written:
        written.append(_DONE)
    headers = (_EVENT_STREAM, ("cache-control", "no-cache"))
    marked = headers if generation is None else (*headers, ("x-generation-id", generation))
    return Reply(200, marked, tuple(part for piece in written for part in _torn(piece, style)))


def _torn(piece: Piece, style: Style) -> Sequence[Piece]:
    """Return `piece` with the line ends of the style, in parts of its size."""
    if not isinstance(piece, bytes):
        return (piece,)
    text = piece.replace(b"\n", style.newline)
    size = style.split or max(len(text), 1)
    return [text[start : start + size] for start in range(0, len(text), size)] or [b""]
