"""Capability: what of a request a model cannot do, found before it is sent.

Routing drops a parameter that no endpoint takes without a word: the answer then looks like any other.

Source: https://openrouter.ai/docs (models: `supported_parameters` is the union over a model's endpoints).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping

from callwright._json import JsonObject, JsonValue
from callwright.errors import ParameterError
from callwright.service.catalogue import ModelInfo
from callwright.service.views import count, object_of, words
from callwright.wire.chat import ChatRequest, ToolChoice
from callwright.wire.messages import Message

__all__ = ["CapabilityWarning", "Check", "modalities_of", "unsupported"]

_ALONE = (
    *("temperature", "top_p", "top_k", "min_p", "top_a", "frequency_penalty", "presence_penalty"),
    *("repetition_penalty", "seed", "stop", "logit_bias", "logprobs", "top_logprobs", "prediction"),
    *("structured_outputs", "web_search_options", "verbosity"),
)
_LENGTHS = ("max_tokens", "max_completion_tokens")
_MODALITIES: Mapping[JsonValue, str] = {
    "image_url": "image",
    "input_audio": "audio",
    "video_url": "video",
    "input_video": "video",
}
"""Parts that a model must see by itself; of a file the service can read out the text for any model."""


class CapabilityWarning(UserWarning):
    """A request asks for what the model cannot do, by what the service says of it."""


class Check:
    """Looks at each request to one model; does nothing as long as nothing is known of it.

    Args:
        find: Gives what is known of the model, without asking anybody.
        strict: Whether to refuse a request rather than to warn.
    """

    __slots__ = ("_find", "_strict")

    def __init__(self, find: Callable[[], ModelInfo | None], *, strict: bool) -> None:
        self._find = find
        self._strict = strict

    @property
    def supported_parameters(self) -> frozenset[str] | None:
        """The parameters that the model takes; None if that is not known."""
        info = self._find()
        return None if info is None else info.supported_parameters

    def __call__(self, request: ChatRequest) -> None:
        """Warn of what the model cannot do, or refuse it.

        Raises:
            ParameterError: There is something, and the check is strict.
        """
        info = self._find()
        if info is None:
            return
        params = request.params.raw
        problems = unsupported(
            info,
            params if isinstance(params, Mapping) else {},
            has_tools=bool(request.tools.raw),
            tool_choice=request.tool_choice,
            modalities=modalities_of(request.messages),
        )
        if problems and self._strict:
            raise ParameterError("; ".join(problems))
        for problem in problems:
            warnings.warn(problem, CapabilityWarning, stacklevel=3)


def unsupported(
    info: ModelInfo,
    params: JsonObject,
    *,
    has_tools: bool = False,
    tool_choice: ToolChoice | None = None,
    modalities: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return what of a request the model cannot do, a sentence each; nothing where the service did not say.

    Args:
        info: What the service says of the model.
        params: Checked parameters; what is null, or switches something off, asks for nothing.
        has_tools: Whether tools are offered.
        tool_choice: As sent. `auto` and `none` ask for nothing more than tools.
        modalities: What the messages hold beside text, see `modalities_of`.
    """
    supported = info.supported_parameters
    missing = [] if supported is None else _missing(supported, params, has_tools=has_tools, tool_choice=tool_choice)
    problems = [f"{name}: {info.id} does not take it; it would be dropped without a word" for name in missing]
    return (*problems, *_beyond(info, params), *_modal(info, params, modalities))


def modalities_of(messages: Iterable[Message]) -> frozenset[str]:
    """Return what messages hold that a model must be able to see or hear: `image`, `audio`, `video`."""
    found: set[str] = set()
    for message in messages:
        content = message.content
        if isinstance(content, list | tuple):
            found.update(_MODALITIES.get(object_of(part).get("type"), "text") for part in content)
    return frozenset(found - {"text"})


def _missing(
    supported: frozenset[str], params: JsonObject, *, has_tools: bool, tool_choice: ToolChoice | None
) -> list[str]:
    missing = [name for name in _ALONE if _asks(params.get(name)) and name not in supported]
    missing += [name for name in _LENGTHS if _asks(params.get(name)) and supported.isdisjoint(_LENGTHS)]
    if _wants_reasoning(params) and supported.isdisjoint(("reasoning", "reasoning_effort", "include_reasoning")):
        missing += [name for name in ("reasoning", "reasoning_effort") if name in params]
    form = object_of(params.get("response_format")).get("type")
    if form == "json_schema" and "structured_outputs" not in supported:
        missing.append("response_format of type json_schema")
    elif form not in (None, "text") and supported.isdisjoint(("response_format", "structured_outputs")):
        missing.append("response_format")
    if has_tools and "tools" not in supported:
        missing.append("tools")
    elif has_tools and tool_choice not in (None, "auto", "none") and "tool_choice" not in supported:
        missing.append("tool_choice")
    if has_tools and params.get("parallel_tool_calls") is False and "parallel_tool_calls" not in supported:
        missing.append("parallel_tool_calls")
    return missing


def _asks(value: JsonValue) -> bool:
    return value is not None and value is not False


def _wants_reasoning(params: JsonObject) -> bool:
    """Whether the model is to reason: a wish not to is met by a model that cannot."""
    wishes = object_of(params.get("reasoning"))
    effort = wishes.get("effort") or params.get("reasoning_effort")
    asks = effort is not None or wishes.get("max_tokens") is not None or wishes.get("enabled") is True
    return asks and effort != "none" and wishes.get("enabled") is not False


def _beyond(info: ModelInfo, params: JsonObject) -> list[str]:
    """Return which values the model does not take."""
    problems: list[str] = []
    for name in _LENGTHS:
        asked, most = count(params.get(name)), info.context_length
        if asked is not None and most and asked > most:
            problems.append(f"{name}: {asked} is more than the {most} tokens of {info.id}'s context")
    wishes = object_of(params.get("reasoning"))
    effort = wishes.get("effort") or params.get("reasoning_effort")
    efforts = words(info.reasoning.get("supported_efforts"))
    if effort == "none" or wishes.get("enabled") is False:
        if info.reasoning.get("mandatory") is True:
            problems.append(f"reasoning: {info.id} always reasons; it cannot be turned off")
    elif isinstance(effort, str) and efforts and effort not in efforts:
        problems.append(f"reasoning.effort: {info.id} takes {', '.join(sorted(efforts))}; got {effort!r}")
    return problems


def _modal(info: ModelInfo, params: JsonObject, modalities: Iterable[str]) -> list[str]:
    problems: list[str] = []
    if info.input_modalities is not None:
        blind = sorted(set(modalities) - info.input_modalities)
        problems += [f"messages: {info.id} cannot read {name}" for name in blind]
    wanted = words(params.get("modalities"))
    if wanted and info.output_modalities is not None:
        problems += [f"modalities: {info.id} cannot make {name}" for name in sorted(wanted - info.output_modalities)]
    return problems
