"""A subject: one way to do the work, as the worker sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

__all__ = ["Call", "FirstText", "Run", "Shape", "Subject", "Tool"]

Tool = Callable[..., Awaitable[str]]
Run = Callable[[str], Awaitable[str]]
Call = Callable[[str], Awaitable[object]]
FirstText = Callable[[], None]
Shape = type[Any]
"""A pydantic model; `shapes.Report`. Handed in, so that only the measures that need pydantic load it."""


class Subject(Protocol):
    """What a candidate can do; one that lacks a method is left out of that measure.

    A subject keeps one HTTP client (or what its library calls so) for its whole life, retries nothing, and leaves all
    else at the library's defaults.
    """

    def __init__(self, base_url: str) -> None:
        """Prepare to ask the server at `base_url`."""
        ...

    def runner(self, model: str, tools: Sequence[Tool]) -> Run:
        """Return a function that runs a prompt to its final answer."""
        ...

    async def read_text(self, model: str, first: FirstText) -> tuple[str, int]:
        """Read a streamed text; return it and the number of pieces it came in. Call `first` at the first one."""
        ...

    async def read_object(self, model: str, shape: Shape) -> tuple[dict[str, Any], int]:
        """Read a streamed object; return it and the number of partial objects that were seen on the way."""
        ...

    async def answer(self, model: str, shape: Shape) -> dict[str, Any]:
        """Ask for one structured answer and return it."""
        ...

    def build(self, tools: Sequence[Tool]) -> object:
        """Define an agent with these tools, their schemas included."""
        ...

    def schema(self, tool: Tool) -> dict[str, Any]:
        """Return the JSON Schema of the arguments of a function."""
        ...

    def caller(self, tool: Tool) -> Call:
        """Return what reads the arguments of one call, calls the function and gives what the model is told."""
        ...

    def repair(self, text: str) -> object:
        """Read arguments that are not quite JSON, of a tool with one parameter `entries`, a list of objects."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...
