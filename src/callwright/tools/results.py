"""A result: what the model reads of what a tool returned."""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from callwright._json import JsonValue, clean, encode
from callwright.errors import ToolError
from callwright.tools.context import RunContext
from callwright.tools.plain import kind_of, leaves, plain, shown, text_of_bytes, words
from callwright.tools.tool import RESULT_LIMIT, tool
from callwright.wire.messages import Part

__all__ = ["Told", "ToolResult", "read_result", "result_text", "told"]

_MOST_READ = 100_000
_MOST_PART = 32 * 1024 * 1024
"""The longest image or file that is sent on, in characters of its part: services refuse longer requests for ever."""
_PNG = b"\x89PNG\r\n\x1a\n"

_PAYLOADS = {"image_url": "url", "input_audio": "data", "file": "file_data", "video_url": "url"}
"""The type of a part, which is also the key of its object -> in there the key of its URL or content."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool may return to say more than a value: parts for the model, something for the app."""

    content: object
    """For the model: any value that a tool may return; a part (`ImagePart`, `FilePart`, ...), or a list of parts and
    strings. Only here may the URL of a part lead anywhere: a part returned without `ToolResult` may come from a
    stranger, and brings its content along or is told as the JSON that it is."""
    artifact: object = None
    """For the app: it stands in the record of the call, as JSON, and is never sent."""


@dataclass(frozen=True, slots=True)
class Told:
    """A result in words."""

    content: str | tuple[Part, ...]
    """What the model reads."""
    note: str | None = None
    """For people: what was lost on the way."""
    artifact: JsonValue = None
    """For the app."""
    rest: str | None = None
    """The whole text, if the model is told only its beginning."""


def told(value: object, *, limit: int = RESULT_LIMIT, call_id: str = "", can_read_on: bool = False) -> Told:
    """Return what the model reads of a result. Raises nothing but `KeyboardInterrupt` and `SystemExit`.

    A text stays as it is, bytes in UTF-8 become text, images (whatever has `_repr_png_`, as Pillow's do) become parts,
    everything else becomes JSON, without quotes if it is one string (a date, a path).

    Args:
        value: What the tool returned.
        limit: How many characters the model is told, >= 1; images and files apart.
        call_id: The id of the call, by which the rest can be asked for.
        can_read_on: Whether the model can ask for the rest, by `read_result`.
    """
    if type(value) is str and len(value) <= limit:
        return Told(clean(value))
    try:
        notes: list[str] = []
        artifact: JsonValue = None
        # Not `isinstance`, which asks the value what it is.
        is_own = issubclass(type(value), ToolResult)
        if is_own:
            value = cast("ToolResult", value)
            artifact = _artifact(value.artifact, notes)
            value = value.content
        parts = _parts(value, notes, is_own=is_own)
        whole = _text(value, notes) if parts is None else "".join(_text_of(part) for part in parts)
        rest = None
        content: str | tuple[Part, ...] = whole if parts is None else parts
        if len(whole) > limit:
            end = _border(whole, limit)
            how = f'; go on with read_result(call_id="{call_id}", start={end})' if can_read_on else ""
            mark = f"\n(cut: the result has {len(whole)} characters{how})"
            content = whole[:end] + mark if parts is None else _cut(parts, end, mark)
            notes.append(f"cut from {len(whole)} to {end} characters")
            rest = whole
        return Told(content, "; ".join(notes) or None, artifact, rest)
    except BaseException as error:
        if leaves(error):
            raise
        note = f"a result of type {kind_of(value)} could not be told: {kind_of(error)}: {words(error)}"
        return Told(shown(value)[:limit], note)


def result_text(value: object) -> tuple[str, str | None]:
    """Return the text of a result, and a note for people if something was lost. Never raises."""
    made = told(value)
    return made.content if isinstance(made.content, str) else "".join(map(_text_of, made.content)), made.note


@tool(read_only=True)
def read_result(ctx: RunContext[Any], call_id: str, start: int = 0, length: int = 20_000) -> str:
    """Read on in a result that was too long to be shown whole.

    Args:
        ctx: The run.
        call_id: The id that was given where the result was cut.
        start: The position of the first character to read, from 0.
        length: How many characters to read, at most 100000.

    Raises:
        ToolError: There is no such result, or nothing at that position.
    """
    text = None if ctx.find_result is None else ctx.find_result(call_id)
    if text is None:
        raise ToolError(f"There is no cut result of a call {call_id[:100]!r}.")
    if not 0 <= start < len(text):
        raise ToolError(f"That result has {len(text)} characters: start is 0 to {len(text) - 1}, not {start}.")
    end = _border(text, start + max(1, min(length, _MOST_READ)))
    more = f"; go on with start={end}" if end < len(text) else ""
    return f"{text[start:end]}\n(characters {start} to {end} of {len(text)}{more})"


def _text(value: object, notes: list[str]) -> str:
    match value:
        case str():
            return clean(str.__str__(value))
        case bytes() | bytearray():
            text, note = text_of_bytes(value)
            if note is not None:
                notes.append(note)
            return text
        case _:
            made, losses = plain(value)
            notes += losses
            return clean(made) if isinstance(made, str) else encode(made).decode()


def _artifact(value: object, notes: list[str]) -> JsonValue:
    made, losses = plain(value)
    notes += [f"artifact: {loss}" for loss in losses]
    return clean(made)


def _parts(value: object, notes: list[str], *, is_own: bool) -> tuple[Part, ...] | None:
    """Return the parts that a value is; None if it is none."""
    one = _part(value, notes, is_own=is_own)
    if one is not None:
        return (one,)
    if type(value) not in (list, tuple):
        return None
    parts: list[Part] = []
    are_texts = True
    for item in cast("Sequence[object]", value):
        part = _part(item, notes, is_own=is_own)
        are_texts = are_texts and part is None
        if part is None and not issubclass(type(item), str):
            return None
        parts.append(_text_part(clean(str.__str__(cast("str", item)))) if part is None else part)
    return None if are_texts else tuple(parts)


def _part(value: object, notes: list[str], *, is_own: bool) -> Part | None:
    """Return the part that a value is; None if it is none, or one that a stranger may have written."""
    if type(value) is not dict:
        return _image(value)
    raw = cast("dict[object, object]", value)
    kind = raw.get("type")
    if kind == "text":
        is_part = isinstance(raw.get("text"), str) and len(raw) == 2 + ("cache_control" in raw)
        return cast("Part", clean(plain(raw).value)) if is_part else None
    address = _address(raw, kind) if isinstance(kind, str) else None
    if address is None:
        return None
    if not is_own and kind != "input_audio" and not address.startswith("data:"):
        notes.append(f"a part whose content is elsewhere ({address[:100]}) is told as JSON; a ToolResult sends it on")
        return None
    if len(address) > _MOST_PART:
        notes.append(f"a part of {len(address)} characters was left out")
        return _text_part(f"(left out: it has {len(address)} characters, too many to send)")
    return cast("Part", clean(plain(raw).value))


def _address(raw: Mapping[object, object], kind: str) -> str | None:
    """Return the URL or content of a part that is no text; None if it is no part."""
    held = raw.get(kind)
    if kind not in _PAYLOADS or len(raw) != len(("type", kind)) or not isinstance(held, dict):
        return None
    found = cast("dict[object, object]", held).get(_PAYLOADS[kind])
    return found if isinstance(found, str) else None


def _image(value: object) -> Part | None:
    """Return the image that a value shows itself as, in a notebook, say; None if it does not."""
    show = getattr(type(value), "_repr_png_", None)
    if show is None or isinstance(value, type):
        return None
    png: object = show(value)
    if not isinstance(png, bytes) or not png.startswith(_PNG) or len(png) > _MOST_PART // 2:
        return None
    url = f"data:image/png;base64,{b64encode(png).decode()}"
    return cast("Part", {"type": "image_url", "image_url": {"url": url}})


def _text_part(text: str) -> Part:
    return cast("Part", {"type": "text", "text": text})


def _text_of(part: Part) -> str:
    return part["text"] if part["type"] == "text" else ""


def _cut(parts: tuple[Part, ...], end: int, mark: str) -> tuple[Part, ...]:
    """Return the parts with the first `end` characters of their text, and what was said of the cut."""
    kept: list[Part] = []
    for part in parts:
        if part["type"] != "text":
            kept.append(part)
        elif end > 0:
            kept.append(cast("Part", {**part, "text": part["text"][:end]}))
            end -= len(part["text"])
    return (*kept, _text_part(mark.lstrip()))


def _border(text: str, end: int) -> int:
    """Return the last place up to `end` where no character is cut from its accents, or a family into its members."""
    if end >= len(text):
        return len(text)
    for place in range(end, max(end - 32, 0), -1):
        if not _is_joined(text[place]) and text[place - 1] != "\u200d":
            return place
    return end


def _is_joined(character: str) -> bool:
    return character in "\u200d\ufe0f\ufe0e" or bool(unicodedata.combining(character))
