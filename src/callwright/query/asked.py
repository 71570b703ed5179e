"""A query: what an ensemble is asked, who answers it, and by which rules it is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from callwright._json import JsonObject, JsonValue, encode
from callwright.errors import ParameterError
from callwright.query.ballot import request_root
from callwright.query.callclasses import plain_tools
from callwright.query.candidates import Candidate, choice_candidate, distinct
from callwright.query.compact import ensemble
from callwright.query.config import QueryLLM
from callwright.query.finite import outputs, outputs_of
from callwright.query.meaning import Meaning, split_extensions
from callwright.query.members import QueryModel, Slot
from callwright.query.policy import Policy, QueryOptions
from callwright.tools.toolset import offered
from callwright.wire.chat import Encoded, ToolChoice
from callwright.wire.messages import Message, Prompt, prompt_messages

__all__ = ["Choices", "Query", "asked", "format_meaning", "root_of"]

Choices: TypeAlias = Sequence[JsonValue] | type[Any]
"""Texts or JSON values; or a type of which there are so many values only: `bool`, a `Literal`, an enumeration."""

_NO_TOOLS = Encoded(())


@dataclass(frozen=True, slots=True)
class Query:
    """What an ensemble is asked."""

    model: QueryModel
    messages: tuple[Message, ...]
    policy: Policy
    writers: tuple[tuple[Slot, QueryLLM], ...]
    """Who writes candidates."""
    voters: tuple[tuple[Slot, QueryLLM], ...]
    choices: tuple[Candidate, ...] = ()
    """Candidates that were given."""
    answers: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Class id -> the choice as it was given."""
    tools: Encoded = _NO_TOOLS
    """With the extensions of their schemas."""
    tool_choice: ToolChoice | None = None
    params: JsonObject = field(default_factory=dict[str, JsonValue])
    """Sent to every member, under its own."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    response_format: JsonObject | None = None
    """As it is sent."""
    meaning: Meaning | None = None
    """What counts of an answer."""
    root: str = ""
    """Decides all that is drawn."""

    @property
    def sent_tools(self) -> Encoded:
        """The tools as they are sent."""
        return plain_tools(self.tools) if self.tools.raw else self.tools


def asked(
    prompt: Prompt,
    model: QueryModel | str,
    options: QueryOptions,
    *,
    writes: bool,
    votes: bool,
    choices: Choices | None = None,
) -> Query:
    """Return the query that a prompt is.

    Args:
        prompt: See `Prompt`.
        model: An ensemble, or its text form.
        options: See `QueryOptions`.
        writes: Whether members write candidates.
        votes: Whether members vote.
        choices: Candidates that are given.

    Raises:
        ParameterError: An option is unknown or out of range, there is nobody to write or vote, or nothing to choose.
    """
    members = ensemble(model) if isinstance(model, str) else model
    messages = prompt_messages(prompt)
    given = _format_of(options.get("response_format"))
    sent, meaning = format_meaning(given)
    values = _values(choices, given if options.get("select_deterministic") else None)
    candidates = [choice_candidate(value, None if choices is not None else meaning) for value in values]
    writers = members.generators if writes else ()
    voters = members.selectors if votes else ()
    _check_members(writers, voters, writes=writes, votes=votes, has_choices=bool(values))
    tools = offered(options.get("tools", ())).encoded
    return Query(
        model=members,
        messages=messages,
        policy=Policy.of(options, by_shape=bool(tools.raw), stop="exact" if votes else "none"),
        writers=writers,
        voters=voters,
        choices=tuple(distinct(candidates).values()),
        answers={one.class_id: value for one, value in reversed([*zip(candidates, values, strict=True)])},
        tools=tools,
        response_format=sent,
        meaning=meaning,
        root=root_of(members, messages, given, seed=options.get("seed")),
    )


def root_of(
    model: QueryModel, messages: Sequence[Message], response_format: JsonObject | None, *, seed: int | None
) -> str:
    """Return what decides all that is drawn for a request."""
    said = encode([message.raw for message in messages])
    shape = b"" if response_format is None else encode(response_format)
    return request_root(model.name, said, shape, seed=seed)


def format_meaning(response_format: JsonObject | None) -> tuple[JsonObject | None, Meaning | None]:
    """Return a response format as it is sent, and what counts of an answer to it."""
    if response_format is None or response_format.get("type") not in ("json_schema", "json_object"):
        return response_format, None
    inner = response_format.get("json_schema")
    schema = inner.get("schema") if isinstance(inner, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(schema, Mapping):
        return response_format, Meaning()
    plain, meaning = split_extensions(schema)
    return {**response_format, "json_schema": {**inner, "schema": plain}}, meaning


def _format_of(given: JsonObject | type[Any] | None) -> JsonObject | None:
    """Return a response format as on the wire.

    Raises:
        ParameterError: A type has no JSON Schema.
    """
    if given is None or isinstance(given, Mapping):
        return given
    try:
        schema: JsonObject = TypeAdapter[object](given).json_schema()
    except PydanticUserError as error:
        raise ParameterError(f"response_format: expected a type with a JSON Schema; got {given!r}") from error
    name = getattr(given, "__name__", "answer")
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}


def _values(choices: Choices | None, response_format: JsonObject | None) -> Sequence[JsonValue]:
    """Return the choices that are given, or that a response format allows.

    Raises:
        ParameterError: There are none, or there is no end of them.
    """
    if choices is None:
        return () if response_format is None else outputs(_schema_in(response_format))
    is_list = isinstance(choices, Sequence)
    values = choices if is_list else outputs_of(choices)
    if isinstance(choices, str) or not values:
        raise ParameterError(f"choices: expected texts, JSON values or a type of few values; got {choices!r}")
    return cast("Sequence[JsonValue]", values)


def _schema_in(response_format: JsonObject) -> JsonObject:
    inner = response_format.get("json_schema")
    schema = inner.get("schema") if isinstance(inner, Mapping) else None
    if not isinstance(schema, Mapping):
        raise ParameterError(
            f"select_deterministic: expected a json_schema as response_format; got {response_format!r}"
        )
    return schema


def _check_members(
    writers: Sequence[object], voters: Sequence[object], *, writes: bool, votes: bool, has_choices: bool
) -> None:
    """Refuse an ensemble that cannot do what is asked.

    Raises:
        ParameterError: Nobody writes candidates, or nobody votes.
    """
    if writes and not writers and not has_choices:
        raise ParameterError(
            "expected members in the mode 'generate'; there are none: add some, or score given choices"
        )
    if votes and not writes and not voters:
        raise ParameterError("score: expected members in a 'select' mode; there are none: `jury([...])` makes some")
    if has_choices and not voters and not writers:
        raise ParameterError("select_deterministic: expected members that vote or write; there are none")
