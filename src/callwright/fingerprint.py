"""A fingerprint: what an agent was when a run began, so that a change is seen before the run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from callwright._json import JsonObject, JsonValue, encode

__all__ = ["changes", "fingerprint"]

_TOOL = "tool "


def fingerprint(
    *, model: str | None, instructions: str | None, output: JsonValue, tools: Iterable[tuple[str, JsonObject]]
) -> str:
    """Return a line that says what an agent is: `model=...;instructions=...;output=...;tool look=...`.

    Args:
        model: Its name; None for the account's default.
        instructions: The text, or the name of the function that gives it.
        output: How the output is asked for.
        tools: The name and the wire entry of each tool.
    """
    parts = {"model": _digest(model), "instructions": _digest(instructions), "output": _digest(output)}
    parts |= {f"{_TOOL}{name}": _digest(entry) for name, entry in sorted(tools, key=lambda tool: tool[0])}
    return ";".join([f"{name}={digest}" for name, digest in parts.items()])


def changes(before: str, now: str) -> tuple[str, ...]:
    """Return what differs between two fingerprints, in words; empty if nothing does."""
    if before == now:
        return ()
    old, new = _parts(before), _parts(now)
    if old is None or new is None:
        return ("the fingerprint was written by another version of callwright",)
    found: list[str] = []
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            found.append(f"{name!r} is gone" if name.startswith(_TOOL) else f"no {name} any more")
        elif name not in old:
            found.append(f"{name!r} is new")
        elif old[name] != new[name]:
            found.append(f"{name!r} has changed" if name.startswith(_TOOL) else f"other {name}")
    return tuple(found)


def _parts(line: str) -> Mapping[str, str] | None:
    pairs: Sequence[str] = line.split(";")
    parts = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    return parts if "model" in parts and len(parts) == len(pairs) else None


def _digest(value: object) -> str:
    return hashlib.blake2b(encode(value), digest_size=6).hexdigest()
