"""A manner: what of a request makes a model answer in a mode."""

from __future__ import annotations

from dataclasses import dataclass, replace

from callwright._json import JsonObject, JsonValue, encode
from callwright.output.base import SettledMode
from callwright.output.described import is_strict
from callwright.output.modes import Rung
from callwright.tools.description import FunctionDescription
from callwright.tools.dialect import cleaned, dialect_named
from callwright.tools.strict import strict, strict_or_none
from callwright.wire.profile import Profile

__all__ = ["Manner", "Subject", "manner_of"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked for, in any mode."""

    name: str
    schema: JsonObject
    """Of the object that the model writes as text."""
    tools: tuple[FunctionDescription, ...]
    """The functions whose call is the answer."""
    takes_text: bool = False
    """Whether a plain text is an answer, too."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a subject is asked for in one mode."""

    mode: SettledMode
    tools: tuple[FunctionDescription, ...] = ()
    response_format: JsonObject | None = None
    instructions: str | None = None
    is_forced: bool = True
    is_strict: bool = False
    """Whether the provider is told to hold the model to the schema."""
    has_fillers: bool = False
    """Whether nulls may come in place of nothing, since strict mode wants every key."""


def manner_of(subject: Subject, rung: Rung, profile: Profile, *, is_held: bool | None = None) -> Manner:
    """Return how a subject is asked for.

    Args:
        subject: What is asked for.
        rung: The mode.
        profile: Of the server; its dialect of JSON Schema is kept to.
        is_held: Whether the provider must hold the model to the schema; None if it may where nothing has to change.

    Raises:
        SchemaError: It must, and strict mode cannot hold the schema.
    """
    wants_strict = is_held is not False and rung.may_be_strict
    match rung.mode:
        case "tool":
            return _by_call(subject, rung, profile, is_held=bool(is_held) and wants_strict)
        case "json_schema":
            return _by_schema(subject, profile, is_held=is_held if wants_strict else False)
        case "json_object":
            return Manner(rung.mode, response_format={"type": "json_object"}, instructions=_in_words(subject))
        case "prompt":
            words = f"{_in_words(subject)}\nNo words before or after it, and no code fence around it."
            return Manner(rung.mode, instructions=words)


def _by_call(subject: Subject, rung: Rung, profile: Profile, *, is_held: bool) -> Manner:
    tools = subject.tools
    if is_held:
        tools = tuple([replace(one, parameters=strict(one.parameters, name=one.name), strict=True) for one in tools])
    tools = tuple([replace(one, parameters=_in_dialect(one.parameters, profile)) for one in tools])
    names = " or ".join(one.name for one in tools)
    # Where a call must be made and cannot be forced, words have to do.
    said = None if rung.is_forced or subject.takes_text else f"When you have the answer, give it by calling {names}."
    return Manner("tool", tools, instructions=said, is_forced=rung.is_forced, is_strict=is_held, has_fillers=is_held)


def _by_schema(subject: Subject, profile: Profile, *, is_held: bool | None) -> Manner:
    schema, is_whole = subject.schema, is_strict(subject.schema)
    has_fillers = bool(is_held) and not is_whole
    if has_fillers:
        schema = strict(schema, name=subject.name)
    elif is_whole and is_held is None and strict_or_none(schema) is None:
        # Something else in it is refused: a keyword, or its size.
        is_whole = False
    described: dict[str, JsonValue] = {"name": subject.name, "schema": _in_dialect(schema, profile)}
    is_sent_strict = is_held is not False and (is_whole or has_fillers)
    if is_sent_strict:
        described["strict"] = True
    made: JsonObject = {"type": "json_schema", "json_schema": described}
    return Manner("json_schema", response_format=made, is_strict=is_sent_strict, has_fillers=has_fillers)


def _in_words(subject: Subject) -> str:
    return (
        f"Answer with one JSON object that fits this JSON Schema, and nothing else:\n{encode(subject.schema).decode()}"
    )


def _in_dialect(schema: JsonObject, profile: Profile) -> JsonObject:
    if profile.schema == "full":
        return schema
    return cleaned(schema, dialect_named(profile.schema))
