"""Options: what can be said of how an output is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic

from typing_extensions import TypedDict, TypeVar

from callwright.errors import ParameterError
from callwright.output.base import Mode
from callwright.wire.messages import Prompt

__all__ = ["MODES", "OutputOptions", "check_options"]

T = TypeVar("T")

MODES: tuple[Mode, ...] = ("auto", "tool", "json_schema", "json_object", "prompt")
"""All modes."""


class OutputOptions(TypedDict, Generic[T], total=False):
    """What can be said of how an output is asked for."""

    mode: Mode
    """How the model is made to answer in the form. Default: `auto`, by model, server and tools."""
    attempts: int
    """How often an answer may be no valid output before the run fails, >= 1. Default: 3."""
    examples: Sequence[tuple[Prompt, T]]
    """Prompts with the values that are right for them; sent before the conversation, in the form of the mode."""
    raise_cap: int | None
    """To how many tokens `max_tokens` is raised, once, if it cut the answer, >= 1. Default: it is not."""
    strict: bool | None
    """Whether the provider must hold the model to the schema. Default: it may, where nothing in it has to change."""


def check_options(options: OutputOptions[Any]) -> None:
    """Refuse options that are unknown.

    Raises:
        ParameterError: One is, or the mode is.
    """
    unknown = options.keys() - OutputOptions.__annotations__.keys()
    if unknown:
        raise ParameterError(f"output: expected some of {', '.join(OutputOptions.__annotations__)}; got {min(unknown)}")
    mode = options.get("mode", "auto")
    if mode not in MODES:
        raise ParameterError(f"mode: expected one of {', '.join(MODES)}; got {mode!r}")
