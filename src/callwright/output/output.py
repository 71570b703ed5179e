"""An output of anything: how a type, a JSON Schema or a function is asked for and read."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast, get_origin, overload

from typing_extensions import TypeForm, TypeIs, TypeVar, Unpack

from callwright.errors import ParameterError
from callwright.output.base import Mode, Output, TextOutput
from callwright.output.options import OutputOptions, check_options
from callwright.tools.tool import Tool

__all__ = ["Mode", "Output", "output_of"]

T = TypeVar("T")
R = TypeVar("R")

_TEXT = TextOutput()


@overload
def output_of(kind: type[T], **options: Unpack[OutputOptions[T]]) -> Output[T]: ...
@overload
def output_of(kind: TypeForm[T], **options: Unpack[OutputOptions[T]]) -> Output[T]: ...
@overload
def output_of(kind: Output[T]) -> Output[T]: ...
@overload
def output_of(
    kind: Tool[..., Awaitable[R]] | Callable[..., Awaitable[R]], **options: Unpack[OutputOptions[Any]]
) -> Output[R]: ...
@overload
def output_of(kind: Tool[..., R] | Callable[..., R], **options: Unpack[OutputOptions[Any]]) -> Output[R]: ...
def output_of(kind: object, **options: Unpack[OutputOptions[Any]]) -> Output[Any]:
    """Return how a type, or what a function returns, is asked for and read.

    Args:
        kind: `str` for the plain text; anything pydantic can validate: a model, a dataclass, a TypedDict, `list[T]`, a
            union, a Literal; or a function, which is called with the answer and returns the output. An `Output` comes
            back as it is. Validators get the run's `deps` as their context (`info.context`).
        options: See `OutputOptions`.

    Raises:
        ParameterError: An option is unknown or out of range, or pydantic cannot validate the type.
        SchemaError: The function cannot be a tool, or the output must be strict and cannot.
    """
    if _is_output(kind) and not options:
        return kind
    check_options(options)
    if _is_output(kind):
        raise ParameterError(f"output: give {', '.join(options)} to the output itself; got an Output and options")
    if kind is str:
        is_plain = options.keys() <= {"mode"}
        made = TextOutput(attempts=options.get("attempts", 3), raise_cap=options.get("raise_cap"))
        return _TEXT if is_plain else made
    # Most agents answer in text, and need none of this.
    if _is_function(kind):
        from callwright.output.functions import FunctionOutput  # noqa: PLC0415

        return FunctionOutput(kind, options)
    from callwright.output.choice import Choice  # noqa: PLC0415
    from callwright.output.kinds import TypeKind  # noqa: PLC0415
    from callwright.output.typed import TypedOutput  # noqa: PLC0415
    from callwright.output.unions import members_of  # noqa: PLC0415

    whole: TypeKind[Any] = TypeKind(cast("Any", kind))
    return TypedOutput(whole, Choice(whole, members_of(kind)), options)


def _is_output(kind: object) -> TypeIs[Output[Any]]:
    return isinstance(kind, Output)


def _is_function(kind: object) -> TypeIs[Callable[..., Any]]:
    """Whether it is called rather than validated: no class, no generic alias, and no special form of `typing`."""
    if isinstance(kind, type) or get_origin(kind) is not None or not callable(kind):
        return False
    return isinstance(kind, Tool) or inspect.isroutine(kind) or type(kind).__module__ not in _TYPING


_TYPING = frozenset({"typing", "typing_extensions", "types"})
