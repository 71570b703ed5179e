"""A wrapping: what runs around the function of a tool."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from callwright.tools.context import RunContext
from callwright.tools.options import ToolOptions

__all__ = ["Around", "Invocation", "Proceed", "surrounded"]

Proceed: TypeAlias = Callable[[Mapping[str, object]], Awaitable[object]]
"""Calls the function with arguments, in whatever way suits it."""


class Invocation:
    """A call on its way to the function of a tool, seen by what is wrapped around it.

    Args:
        name: What the model calls the tool.
        options: The tool's.
        arguments: Validated.
        proceed: Goes on with other arguments.
    """

    __slots__ = ("_proceed", "arguments", "name", "options")

    def __init__(self, name: str, options: ToolOptions, arguments: Mapping[str, object], *, proceed: Proceed) -> None:
        self.name = name
        self.options = options
        """Those that were given to the tool; not to be changed."""
        self.arguments = arguments
        """Parameter name -> value, of the annotated types; what the model left out is not in it."""
        self._proceed = proceed

    async def proceed(self, arguments: Mapping[str, object] | None = None) -> object:
        """Call the function, by way of what is wrapped further in, and return what it returns.

        Args:
            arguments: Given instead of those of the model; they are not validated again.

        Raises:
            Exception: Whatever the function, or what is wrapped further in, raises.
        """
        return await self._proceed(self.arguments if arguments is None else arguments)

    def __repr__(self) -> str:
        return f"Invocation({self.name!r}, {dict(self.arguments)!r})"


Around: TypeAlias = Callable[[RunContext[Any], Invocation], Awaitable[object]]
"""Runs in place of a tool's function, and may call it: see `Tool.wrap`."""


async def surrounded(arounds: Sequence[Around], context: RunContext[Any], invocation: Invocation) -> object:
    """Return what comes of an invocation behind `arounds`, the outermost first.

    Raises:
        Exception: Whatever any of them, or the function, raises.
    """
    if not arounds:
        return await invocation.proceed()
    around, *inner = arounds

    async def proceed(arguments: Mapping[str, object]) -> object:
        further = Invocation(invocation.name, invocation.options, arguments, proceed=invocation.proceed)
        return await surrounded(inner, context, further)

    found: object = around(
        context, Invocation(invocation.name, invocation.options, invocation.arguments, proceed=proceed)
    )
    return await found if inspect.isawaitable(found) else found
