"""A checked output: a value that a function of the user's has the last word on."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeAlias, cast, overload

from typing_extensions import TypeForm, TypeVar, Unpack

from callwright.errors import ParameterError, ToolError
from callwright.output.around import Around
from callwright.output.base import Output, Problems, Taken
from callwright.output.options import OutputOptions
from callwright.output.output import output_of
from callwright.tools.context import RunContext

__all__ = ["Check", "Checked"]

T = TypeVar("T")

_Given: TypeAlias = T | Awaitable[T] | Awaitable[None] | None

Check: TypeAlias = Callable[[T], _Given[T]] | Callable[[T, RunContext[Any]], _Given[T]]
"""Takes the value, and the run's context if it has a second parameter; returns the value to take, or None for the one
that it was given. What it raises as `ValueError`, `AssertionError` or `ToolError` is told to the model."""


class Checked(Around[T]):
    """A value that must pass a check, beside what its type says.

    Args:
        kind: As for `output_of`.
        check: See `Check`; plain or async. A plain one should not wait for anything.
        options: See `OutputOptions`.

    Raises:
        ParameterError: An option is out of range, or the check is no function of a value.

    >>> def check(number: int) -> int:
    ...     if number % 2:
    ...         raise ValueError("the number must be even")
    ...     return number
    >>> Checked(int, check)
    Checked(check)
    """

    __slots__ = ("_check", "_takes_context")

    @overload
    def __init__(self, kind: type[T], check: Check[T], **options: Unpack[OutputOptions[T]]) -> None: ...
    @overload
    def __init__(self, kind: TypeForm[T], check: Check[T], **options: Unpack[OutputOptions[T]]) -> None: ...
    @overload
    def __init__(self, kind: Output[T], check: Check[T]) -> None: ...
    def __init__(self, kind: Any, check: Check[T], **options: Unpack[OutputOptions[T]]) -> None:
        if isinstance(kind, Output) and options:
            raise ParameterError(f"Checked: give {', '.join(options)} to the output itself")
        super().__init__(cast("Callable[..., Output[T]]", output_of)(kind, **options))
        self._check = check
        self._takes_context = _takes_context(check)

    async def settle(self, taken: Taken[T], context: Callable[[], RunContext[Any]]) -> Taken[T] | Problems:
        """Return what the check makes of the value, or what it says against it.

        Raises:
            Exception: What the check raises that is not about the value.
        """
        settled = await self.inner.settle(taken, context)
        if isinstance(settled, Problems):
            return settled
        before = self.dump(settled.value)
        try:
            value = await self._checked(settled.value, context)
        except (ValueError, AssertionError, ToolError) as error:
            said = str(error) or f"it did not pass the check ({type(error).__name__})"
            return Problems((said,), salvaged=before)
        after = self.dump(value)
        return settled if value is settled.value and after == before else replace(settled, value=value, stored=after)

    async def _checked(self, value: T, context: Callable[[], RunContext[Any]]) -> T:
        check = cast("Callable[..., Any]", self._check)
        given = check(value, context()) if self._takes_context else check(value)
        if inspect.isawaitable(given):
            given = await given
        return value if given is None else cast("T", given)

    def __repr__(self) -> str:
        return f"Checked({getattr(self._check, '__name__', self._check)})"


def _takes_context(check: Callable[..., Any]) -> bool:
    """Whether a check has a second parameter that must be, or is meant to be, given.

    Raises:
        ParameterError: It takes no value, or needs more than two.
    """
    if not callable(check):
        raise ParameterError(f"check: expected a function of the value; got {check!r}")
    try:
        parameters = list(inspect.signature(check).parameters.values())
    except ValueError:
        return False  # a function of C: it takes what it takes
    placed = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    needed = [one for one in placed if one.default is one.empty]
    takes_any = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    if (not placed and not takes_any) or len(needed) > 2:  # noqa: PLR2004 - the value and the context
        raise ParameterError("check: expected a function of the value, and perhaps of a RunContext")
    return len(needed) == 2 or any("RunContext" in str(one.annotation) for one in placed[1:2])  # noqa: PLR2004 - see above
