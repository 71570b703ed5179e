"""One line for one answer: a typed value out of a text, or a function's call forced from it."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast, overload

from typing_extensions import TypeForm, TypeVar, Unpack

from callwright._sync import run_sync
from callwright.agent import Agent
from callwright.forcing import FORCE_KEYS, ForcedCall, ForceOptions, force, force_sync
from callwright.output.base import Mode, Output
from callwright.output.options import OutputOptions
from callwright.output.output import output_of
from callwright.tools.tool import Tool
from callwright.wire.messages import Prompt
from callwright.wire.params import ChatParams

__all__ = ["ExtractOptions", "ForceOptions", "ForcedCall", "extract", "extract_sync", "force", "force_sync"]

R = TypeVar("R")
T = TypeVar("T")


class ExtractOptions(ForceOptions, total=False):
    """What can be said of an extraction, beside the request parameters."""

    mode: Mode
    """How the model is made to answer in the form. Default: `auto`, by model and server."""
    attempts: int
    """How often an answer may be invalid before the extraction fails, >= 1. Default: 3."""
    examples: Any
    """Pairs of a prompt and the value that is right for it, sent before the prompt. Default: none."""
    raise_cap: int | None
    """To how many tokens `max_tokens` is raised, once, if it cut the answer, >= 1. Default: it is not."""
    strict: bool | None
    """Whether the provider must hold the model to the schema. Default: it may, where nothing in it has to change."""
    deps: Any
    """For validators (`info.context`), checks and the function, if one is called. Default: None."""


_OUTPUT_KEYS = frozenset(OutputOptions.__annotations__)
_OPTION_KEYS = FORCE_KEYS | _OUTPUT_KEYS | {"deps"}


# pyright makes no `TypeForm[T]` of a `type[T]`, so that both are said.
@overload
async def extract(kind: type[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T: ...
@overload
async def extract(kind: TypeForm[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T: ...
@overload
async def extract(kind: Output[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T: ...
@overload
async def extract(
    kind: Callable[..., Awaitable[R]] | Tool[..., Awaitable[R]], prompt: Prompt, **options: Unpack[ExtractOptions]
) -> R: ...
@overload
async def extract(kind: Callable[..., R] | Tool[..., R], prompt: Prompt, **options: Unpack[ExtractOptions]) -> R: ...
async def extract(kind: object, prompt: Prompt, **options: Unpack[ExtractOptions]) -> Any:
    """Return what `prompt` says, as a validated value of type `kind`.

    An answer that is not valid is repaired if it can have meant one thing alone; else it is shown to the model with
    what is wrong, and asked for again.

    Args:
        kind: Anything that pydantic can validate: a model, a dataclass, a TypedDict, `list[T]`, a union, an enum; a
            function, which is called with the answer and returns the value; or an `Output`.
        prompt: A text, the parts of one user message (images, PDFs, sounds), or messages.
        options: See `ExtractOptions` and `ChatParams`.

    Raises:
        ParameterError: An option or parameter is wrong; nothing was sent.
        RefusalError: The model, or a filter, refused.
        TruncatedError: The answer was cut.
        OutputError: No valid answer came; `.attempts` are those that did, `.partial` is what of them was valid.
        APIError: Asking the model failed.
    """
    params: dict[str, Any] = {key: value for key, value in options.items() if key not in _OPTION_KEYS}
    deps = options.get("deps")
    if deps is not None:
        params["deps"] = deps
    agent: Agent[Any, Any] = Agent(
        options.get("model"),
        output=_output(kind, {key: value for key, value in options.items() if key in _OUTPUT_KEYS}),
        instructions=options.get("instructions"),
        client=options.get("client"),
    )
    return (await agent.run(prompt, **cast("ChatParams", params))).output


@overload
def extract_sync(kind: type[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T: ...
@overload
def extract_sync(kind: TypeForm[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T: ...
@overload
def extract_sync(kind: Output[T], prompt: Prompt, **options: Unpack[ExtractOptions]) -> T: ...
@overload
def extract_sync(
    kind: Callable[..., Awaitable[R]] | Tool[..., Awaitable[R]], prompt: Prompt, **options: Unpack[ExtractOptions]
) -> R: ...
@overload
def extract_sync(kind: Callable[..., R] | Tool[..., R], prompt: Prompt, **options: Unpack[ExtractOptions]) -> R: ...
def extract_sync(kind: object, prompt: Prompt, **options: Unpack[ExtractOptions]) -> Any:
    """See `extract`."""

    async def run() -> Any:  # noqa: ANN401 - of the kind
        return await cast("Callable[..., Awaitable[Any]]", extract)(kind, prompt, **options)

    return run_sync(run)


@functools.lru_cache(maxsize=256)
def _cached_output(kind: Any, options: frozenset[tuple[str, Any]]) -> Output[Any]:  # noqa: ANN401 - any type form
    return _made(kind, dict(options))


def _output(kind: object, options: Mapping[str, Any]) -> Output[Any]:
    """Return the output of a type; building one costs more than asking, so they are kept."""
    try:
        return _cached_output(kind, frozenset(options.items()))
    except TypeError:  # an annotation that holds something unhashable, or examples that do
        return _made(kind, options)


def _made(kind: object, options: Mapping[str, Any]) -> Output[Any]:
    return cast("Callable[..., Output[Any]]", output_of)(kind, **options)
