"""Options: what can be said of a tool beyond its function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeAlias, cast

from typing_extensions import TypedDict

from callwright.errors import ParameterError, SchemaError
from callwright.tools.context import RunContext

__all__ = ["RESULT_LIMIT", "CallOptions", "NeedsApproval", "OnError", "Strict", "ToolOptions", "check_options"]

RESULT_LIMIT = 256 * 1024
"""The longest result that the model is told unless a tool says otherwise, in characters."""

OnError: TypeAlias = Literal["tell", "hide", "raise"]
"""What the model is told when a tool raises: type and message, only that it failed, or nothing: the run ends."""

Strict: TypeAlias = bool | Literal["auto"] | None
"""Whether the provider holds arguments to the schema."""

NeedsApproval: TypeAlias = bool | Callable[[RunContext[Any], Mapping[str, Any]], bool | Awaitable[bool]]
"""Whether somebody must allow a call: always, never, or as a function of context and validated arguments says."""


class CallOptions(TypedDict, total=False):
    """What can be said of how a tool is called."""

    read_only: bool
    """Running it changes nothing: it may be run again after a crash, and ahead of time. Default: False."""
    idempotent: bool
    """Twice with the same `ctx.call_id` does the thing once: it may be run again after a crash. Default: False."""
    timeout: float | None
    """Seconds, > 0; None is no limit. An async tool is cancelled; a sync one is left behind on its thread."""
    on_error: OnError
    """What the model is told when it raises. Default: `tell`."""
    retries: int
    """How often it is run again when it raises anything but a `ToolError`, >= 0. Default: 0."""
    lock: str | None
    """Calls of tools with the same key never overlap, in the whole process. Default: none."""
    concurrency: int | None
    """How many calls of it run at the same time in the whole process, >= 1. Default: no limit but the run's."""
    needs_approval: NeedsApproval
    """Whether a call waits for somebody to allow it. Default: False."""
    external: bool
    """Every call waits for its result from outside the process; the function is never run. Default: False."""
    return_direct: bool
    """What it returns is the run's output; the model is not asked again. Default: False."""
    polls: bool
    """The same call with the same result, again and again, is how it is used: no sign of a circle. Default: False."""
    result_limit: int
    """The longest result that the model is told, in characters, >= 1. Default: 256 KiB."""
    strict: Strict
    """Have the provider hold arguments to the schema: if it cannot, refuse the tool (True), or do without (`auto`);
    say that it need not (False). Default: nothing is said."""


class ToolOptions(CallOptions, total=False):
    """What can be said of a tool beyond its function."""

    name: str | None
    """What the model calls it. Default: the function's own name."""
    description: str | None
    """What the model is told. Default: the docstring's."""
    parameters: Mapping[str, object] | None
    """The JSON Schema of the arguments that the model is told. Default: the function's own. Arguments are checked
    against it first, and then read by the function's annotations; where it has none, values come as they are in JSON.
    A function whose one parameter takes a dict, and is not named in the schema, is given all arguments as that dict."""


def check_options(options: ToolOptions) -> None:
    """Refuse options that are unknown or out of range.

    Raises:
        SchemaError: The name is none that services take.
        ParameterError: See there.
    """
    unknown = options.keys() - ToolOptions.__annotations__.keys()
    if unknown:
        known = ", ".join(ToolOptions.__annotations__)
        raise ParameterError(f"tool options: expected some of {known}; got {', '.join(sorted(unknown))}")
    _check_words(options)
    timeout, on_error = options.get("timeout"), options.get("on_error", "tell")
    if timeout is not None and not timeout > 0:
        raise ParameterError(f"tool timeout: expected seconds > 0, or None; got {timeout!r}")
    if on_error not in ("tell", "hide", "raise"):
        raise ParameterError(f"tool on_error: expected 'tell', 'hide' or 'raise'; got {on_error!r}")
    for name, least in (("retries", 0), ("concurrency", 1), ("result_limit", 1)):
        number = cast("Mapping[str, object]", options).get(name)
        if number is not None and not (isinstance(number, int) and number >= least):
            raise ParameterError(f"tool {name}: expected a whole number >= {least}; got {number!r}")
    asks = options.get("needs_approval", False)
    if not isinstance(asks, bool) and not callable(asks):
        raise ParameterError(f"tool needs_approval: expected a bool or a function; got {asks!r}")


def _check_words(options: ToolOptions) -> None:
    name, description, strict = map(cast("Mapping[str, object]", options).get, ("name", "description", "strict"))
    if name is not None and not (isinstance(name, str) and _is_wire_name(name)):
        raise SchemaError(f"a tool's name is 1 to 64 of A-Z a-z 0-9 _ -; got {name!r}")
    if not isinstance(description, str | None):
        raise ParameterError(f"tool description: expected a string, or None; got {description!r}")
    if strict not in (True, False, None, "auto"):
        raise ParameterError(f"tool strict: expected True, False, 'auto' or None; got {strict!r}")


def _is_wire_name(name: str) -> bool:
    from callwright.tools.outline import is_wire_name  # noqa: PLC0415 - comes with the first function

    return is_wire_name(name)
