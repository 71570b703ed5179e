"""Repair: arguments that are not quite JSON, and what they must have meant."""

from __future__ import annotations

__all__ = ["mended"]


def mended(arguments: str) -> tuple[str, tuple[str, ...]]:
    """Return the JSON object that `arguments` must have meant, and what was repaired.

    Only what cannot mean anything else is repaired; text that is right already comes back as it is.

    Args:
        arguments: As the model wrote them.
    """
    if arguments.startswith("{"):
        return arguments, ()
    stripped = arguments.strip().lstrip("\ufeff")
    if stripped in ("", "null", "None"):
        return "{}", ("no arguments",)
    return arguments, ()
