"""An output: what a run is asked for, how the model is told, and how its answer becomes a value."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeGuard, cast, overload

from typing_extensions import TypeForm, TypeVar

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.errors import ParameterError
from callwright.tools.calling import MOST_LISTED
from callwright.tools.schema import FunctionDescription
from callwright.wire.chat import Completion
from callwright.wire.messages import ToolCall
from callwright.wire.profile import Profile

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = [
    "OUTPUT_TOOL",
    "Mode",
    "ObjectOutput",
    "Output",
    "Problems",
    "SchemaOutput",
    "Taken",
    "TextOutput",
    "ToolOutput",
    "output_of",
]

T = TypeVar("T")

Mode: TypeAlias = Literal["auto", "tool", "json_schema", "json_object"]
"""How a model is made to answer in a form: by a forced call, a response format with the schema, or one without."""

OUTPUT_TOOL = "final_answer"
"""The name of the function whose call is the output."""


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """The answer holds a valid output."""

    value: T


@dataclass(frozen=True, slots=True)
class Problems:
    """The answer holds no valid output, and why; told to the model."""

    problems: tuple[str, ...]
    is_final: bool = False
    """Whether asking again is pointless: the model refused, or the answer was cut."""


class Output(ABC, Generic[T]):
    """How one kind of output is asked for and read.

    Args:
        attempts: How often an answer may be no valid output before the run fails, >= 1.
    """

    __slots__ = ("attempts",)

    def __init__(self, *, attempts: int = 3) -> None:
        if attempts < 1:
            raise ParameterError(f"attempts: expected >= 1; got {attempts}")
        self.attempts = attempts

    tools: Sequence[FunctionDescription] = ()
    """The functions whose call is the output."""

    response_format: JsonObject | None = None
    """Sent with each request, if set."""

    schema: JsonObject | None = None
    """The JSON Schema of the object that the model writes; None for text."""

    instructions: str | None = None
    """Added to the system message, if set."""

    def settled(self, profile: Profile, *, has_tools: bool) -> Output[T]:
        """Return the strategy for a server, where it depends on it."""
        del profile, has_tools
        return self

    @abstractmethod
    def read(self, completion: Completion, call: ToolCall | None, *, rejections: int) -> Taken[T] | Problems:
        """Return the output that an answer holds, or why it holds none.

        Args:
            completion: The answer.
            call: The call of one of `tools` in it; None if there is none.
            rejections: How many answers were rejected before.
        """

    @abstractmethod
    def dump(self, value: T) -> JsonValue:
        """Return the value as JSON, for the record."""

    @abstractmethod
    def load(self, value: JsonValue) -> T:
        """Return the value that `dump` wrote."""


class TextOutput(Output[str]):
    """The answer's text."""

    __slots__ = ()

    def read(self, completion: Completion, call: ToolCall | None, *, rejections: int) -> Taken[str] | Problems:
        """Take any text; an empty answer is asked for once more and then taken as it is.

        Models end with nothing after a tool has done all there was to do, and providers do when they start cold.
        """
        del call
        text = completion.text or completion.message.refusal or ""
        if text.strip() or rejections or completion.is_cut:
            return Taken(text)
        return Problems(("your answer was empty; answer the question, or say that there is nothing to add",))

    def dump(self, value: str) -> JsonValue:
        """Return the text."""
        return value

    def load(self, value: JsonValue) -> str:
        """Return the text."""
        return str(value)


class _TypedOutput(Output[T]):
    """A value of a type that pydantic can validate."""

    __slots__ = ("_adapter", "_is_wrapped", "_type", "instructions", "response_format", "schema", "tools")

    def __init__(self, kind: TypeForm[T], *, attempts: int = 3) -> None:
        # The larger half of our import time; text needs none of it.
        from pydantic import TypeAdapter  # noqa: PLC0415

        super().__init__(attempts=attempts)
        self._type = kind
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)
        schema = cast("JsonObject", self._adapter.json_schema())
        self._is_wrapped = schema.get("type") != "object"
        if self._is_wrapped:
            inner = {key: value for key, value in schema.items() if key != "$defs"}
            schema = {
                "type": "object",
                "properties": {"value": inner},
                "required": ["value"],
                **({"$defs": schema["$defs"]} if "$defs" in schema else {}),
            }
        self.schema: JsonObject = cast("JsonObject", _closed(schema))
        self.response_format = None
        self.instructions = None
        self.tools = ()

    def dump(self, value: T) -> JsonValue:
        """Return the value as JSON, in the form that it is validated from; what has none is written as its `str()`."""
        return decode(self._adapter.dump_json(value, by_alias=True, round_trip=True, fallback=str, warnings=False))

    def load(self, value: JsonValue) -> T:
        """Return the value that `dump` wrote.

        Raises:
            ValueError: It is no value of the type, which may have changed since.
        """
        return self._adapter.validate_json(encode(value))

    def _validated(self, text: str) -> Taken[T] | Problems:
        from pydantic import ValidationError  # noqa: PLC0415 - see above

        try:
            if self._is_wrapped:
                whole = decode(text)
                if not isinstance(whole, Mapping) or "value" not in whole:
                    return Problems((f'expected an object with the one key "value"; got {text[:200]!r}',))
                text = encode(whole["value"]).decode()
            return Taken(self._adapter.validate_json(text))
        except ValidationError as error:
            if error.error_count() > MOST_LISTED:
                return Problems((f"{error.error_count()} values do not fit the schema",))
            return Problems(tuple(_problem(dict(detail)) for detail in error.errors(include_url=False)[:20]))
        except ValueError as error:
            return Problems((f"expected JSON; {error}",))
        except Exception as error:  # noqa: BLE001 - the edge of user code: a validator of the type's own
            return Problems((f"the answer could not be validated; {type(error).__name__}: {error}",))


class ToolOutput(_TypedOutput[T]):
    """A value as the arguments of a forced call."""

    __slots__ = ()

    def __init__(self, kind: TypeForm[T], *, attempts: int = 3) -> None:
        super().__init__(kind, attempts=attempts)
        description = self.schema.get("description")
        text = description if isinstance(description, str) else "Give the final answer; call this once, at the end."
        schema = {key: value for key, value in self.schema.items() if key not in ("title", "description")}
        self.tools = (FunctionDescription(OUTPUT_TOOL, text, schema),)

    def read(self, completion: Completion, call: ToolCall | None, *, rejections: int) -> Taken[T] | Problems:
        """Validate the arguments of the call."""
        del rejections
        refused = _refused(completion)
        call = call or next((call for call in completion.tool_calls if call.name == OUTPUT_TOOL), None)
        if call is not None and refused is None:
            return self._validated(call.arguments)
        return refused or Problems((f"give the answer as a call of {OUTPUT_TOOL}, not as text",))


class SchemaOutput(_TypedOutput[T]):
    """A value as JSON text, by a response format that holds its schema."""

    __slots__ = ()

    def __init__(self, kind: TypeForm[T], *, attempts: int = 3) -> None:
        super().__init__(kind, attempts=attempts)
        title = self.schema.get("title")
        name = re.sub(r"[^A-Za-z0-9_-]", "_", title)[:64] if isinstance(title, str) else "answer"
        described: dict[str, JsonValue] = {"name": name, "schema": self.schema}
        if _is_strict(self.schema):
            described["strict"] = True
        self.response_format = {"type": "json_schema", "json_schema": described}

    def read(self, completion: Completion, call: ToolCall | None, *, rejections: int) -> Taken[T] | Problems:
        """Validate the text."""
        del call, rejections
        return _refused(completion) or self._validated(completion.text)


class ObjectOutput(_TypedOutput[T]):
    """A value as JSON text, the schema told in the instructions."""

    __slots__ = ()

    def __init__(self, kind: TypeForm[T], *, attempts: int = 3) -> None:
        super().__init__(kind, attempts=attempts)
        self.response_format = {"type": "json_object"}
        self.instructions = (
            f"Answer with one JSON object that fits this JSON Schema, and nothing else:\n{encode(self.schema).decode()}"
        )

    def read(self, completion: Completion, call: ToolCall | None, *, rejections: int) -> Taken[T] | Problems:
        """Validate the text."""
        del call, rejections
        return _refused(completion) or self._validated(completion.text)


class _AutoOutput(_TypedOutput[T]):
    """A typed value, in the form that suits the server and the agent."""

    __slots__ = ("_settled",)

    def __init__(self, kind: TypeForm[T], *, attempts: int = 3) -> None:
        super().__init__(kind, attempts=attempts)
        self._settled: dict[str, Output[T]] = {}

    def settled(self, profile: Profile, *, has_tools: bool) -> Output[T]:
        """Return a schema output where the server knows it and no tools compete with it, else a tool output."""
        mode: Mode = "json_schema" if profile.json_schema and not has_tools else "tool"
        if mode not in self._settled:
            self._settled[mode] = output_of(self._type, mode=mode, attempts=self.attempts)
        return self._settled[mode]

    def read(self, completion: Completion, call: ToolCall | None, *, rejections: int) -> Taken[T] | Problems:
        """Read by either form: a run may be resumed against another server."""
        del rejections
        return _refused(completion) or self._validated(call.arguments if call else completion.text)


_TEXT = TextOutput()


@overload
def output_of(kind: type[T], *, mode: Mode = "auto", attempts: int = 3) -> Output[T]: ...
@overload
def output_of(kind: TypeForm[T], *, mode: Mode = "auto", attempts: int = 3) -> Output[T]: ...
@overload
def output_of(kind: Output[T], *, mode: Mode = "auto", attempts: int = 3) -> Output[T]: ...
def output_of(kind: object, *, mode: Mode = "auto", attempts: int = 3) -> Output[Any]:
    """Return how a type is asked for and read.

    Args:
        kind: `str` for the plain text, or anything pydantic can validate: a model, a dataclass, a TypedDict, `list[T]`,
            a union, a Literal; an `Output` comes back as it is.
        mode: How the model is made to answer in that form; `auto` picks by server and tools.
        attempts: How often an answer may be no valid output before the run fails, >= 1.

    Raises:
        ParameterError: The mode is unknown, or pydantic cannot validate the type.
    """
    if _is_output(kind):
        return kind
    if kind is str:
        return _TEXT if attempts == _TEXT.attempts else TextOutput(attempts=attempts)
    forms: Mapping[str, type[_TypedOutput[Any]]] = {
        "auto": _AutoOutput,
        "tool": ToolOutput,
        "json_schema": SchemaOutput,
        "json_object": ObjectOutput,
    }
    if mode not in forms:
        raise ParameterError(f"mode: expected one of {', '.join(forms)}; got {mode!r}")
    from pydantic.errors import PydanticUserError  # noqa: PLC0415 - see above

    try:
        return cast("Callable[..., Output[Any]]", forms[mode])(kind, attempts=attempts)
    except PydanticUserError as error:
        raise ParameterError(f"output {kind!r}: pydantic cannot validate it: {error.message}") from error


def _is_output(kind: object) -> TypeGuard[Output[Any]]:
    return isinstance(kind, Output)


def _refused(completion: Completion) -> Problems | None:
    refusal = completion.message.refusal
    if refusal is not None and not completion.text:
        return Problems((f"the model refused: {refusal}",), is_final=True)
    if completion.is_cut:
        return Problems((f"the answer was cut ({completion.finish_reason}); raise max_tokens",), is_final=True)
    return None


def _problem(detail: Mapping[str, object]) -> str:
    """Return one validation error as path, reason and what came."""
    path = ".".join(str(step) for step in cast("tuple[object, ...]", detail["loc"])) or "the answer"
    return f"{path}: {detail['msg']}; got {str(detail['input'])[:100]!r}"


def _closed(schema: JsonValue) -> JsonValue:
    """Return the schema with every object closed that does not say itself what else it may hold."""
    if isinstance(schema, list | tuple):
        return [_closed(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if closed.get("type") == "object" and "properties" in closed and "additionalProperties" not in closed:
        closed["additionalProperties"] = False
    return closed


def _is_strict(schema: JsonValue) -> bool:
    """Whether OpenAI's strict mode takes the schema as it is: every object closed, every key required."""
    if isinstance(schema, list | tuple):
        return all(_is_strict(item) for item in schema)
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object":
        properties, required = schema.get("properties"), schema.get("required")
        names = set(properties) if isinstance(properties, Mapping) else set[str]()
        if schema.get("additionalProperties") is not False or names != set(cast("list[str]", required or [])):
            return False
    return "default" not in schema and all(_is_strict(value) for value in schema.values())
