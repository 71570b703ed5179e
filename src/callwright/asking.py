"""Asking: what a run's next request holds, read off its plan and its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Generic, cast

from typing_extensions import TypeVar

from callwright._json import JsonObject, JsonValue
from callwright.errors import APIError, OutputError, SchemaError
from callwright.output.base import Conditions, Mode, Problems, Refusable
from callwright.output.modes import Rung, refusals, refused_part, remember
from callwright.plan import Plan
from callwright.restating import Restating
from callwright.run.decision import Live
from callwright.run.state import RunState
from callwright.tools.context import RunContext
from callwright.tools.toolset import Offer, entry_name
from callwright.wire.adapt import forced_name
from callwright.wire.chat import ChatRequest, Completion, Encoded, ToolChoice
from callwright.wire.messages import Message, SystemMessage
from callwright.wire.params import implied

__all__ = ["Asking", "Question"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """One request, and what is recorded of it."""

    request: ChatRequest
    tools: str
    """The digest of the tools in it."""
    implied: JsonObject
    """The parameters in it that nobody set."""
    mode: Mode | None = None
    """How the output is asked for; None for text."""


class Asking(Generic[T]):
    """Makes the requests of a run.

    Args:
        plan: What the run follows.
        state: Where it stands.
        offer: The offer of the plan's own tools, if it was made before.
    """

    __slots__ = (
        *("_conditions", "_params", "_plan", "_restating", "_state", "_system", "_wires", "live", "offer", "output"),
    )

    def __init__(self, plan: Plan[T], state: RunState, *, offer: Offer | None) -> None:
        self._plan = plan
        self._state = state
        self.offer: Offer | None = None if plan.toolsets else (offer or Offer(plan.tools))
        """The tools of the newest step; None before the first, if they are chosen at each step."""
        has_tools = bool(plan.tools or plan.toolsets)
        model = plan.model
        self._conditions = Conditions(
            model.profile, has_tools, _supported(model), refusals(model.name, model.profile.name)
        )
        self.output = plan.output.settled(self._conditions)
        """How this run's output is asked for."""
        self._restating = Restating(state)
        self.live = Live(output_tools=self.output.names, has_tools=has_tools)
        """What a decision must know of the tools."""
        self._note(self.offer)
        self._wires: dict[bool, Encoded] = {}
        self._params: tuple[JsonObject, bool, Encoded, JsonObject] | None = None
        self._system: tuple[Message | None, SystemMessage] | None = None

    async def current_offer(self, context: Callable[[], RunContext[Any]]) -> Offer:
        """Return the tools of this step.

        Raises:
            SchemaError: Two tools have the same name, or one has that of the output.
        """
        if self._plan.toolsets:
            self.offer = await Offer.of_step(self._plan.tools, self._plan.toolsets, context())
            if taken := self.live.output_tools & self.offer.names.keys():
                raise SchemaError(f"tool {min(taken)!r}: the name is taken by the output; give it another")
            self._note(self.offer)
            self._wires.clear()
        return self.offer or Offer(())

    def _note(self, offer: Offer | None) -> None:
        polling = frozenset(name for name, tool in (offer.by_name if offer else {}).items() if tool.polls)
        if polling != self.live.polling:
            self.live = replace(self.live, polling=polling)

    def unfit(self, request: ChatRequest, completion: Completion, *, deps: object) -> OutputError | None:
        """Return why an answer must not become part of the conversation; None if it may.

        Args:
            request: What was asked.
            completion: The answer.
            deps: For validators.
        """
        if completion.is_cut:
            return self._restating.cut(completion, self._cut(completion, deps), self.output.raise_cap)
        return self._restating.unheeded(request, completion) if self._is_checkable() else None

    def _is_checkable(self) -> bool:
        """Whether a forced call can only be one that we see: those of the service's own tools it sees to by itself."""
        offer, name = self.offer, forced_name(self._state.tool_choice)
        if offer is None:
            return False
        return name in offer.by_name if name is not None else len(offer.by_name) == len(offer.entries)

    def _cut(self, completion: Completion, deps: object) -> Problems | None:
        """Return what is wrong with an answer that was cut; None if it is of use, or the run goes on behind it."""
        calls = {call.name for call in completion.tool_calls}
        if self.output.schema is None or (calls and not calls & self.output.names):
            return None
        read = self.output.read(completion, None, rejections=self._state.rejections, deps=deps)
        return read if isinstance(read, Problems) and read.flaw == "cut" else None

    def steps_down(self, error: APIError | OutputError) -> bool:
        """Whether the request that came to nothing is made in another form from now on."""
        if isinstance(error, OutputError):
            return self._restating.restates(error, self.output.raise_cap)
        mode = self.output.mode
        if mode is None or mode == "auto" or self._restating.is_forced:
            return False
        rung = Rung(mode, self.output.is_forced)
        has_tools, is_strict = self._conditions.has_tools, _is_strict(self.output.response_format)
        part = refused_part(error, rung, has_tools=has_tools, is_strict=is_strict)
        return part is not None and self._resettles(part)

    def _resettles(self, part: Refusable) -> bool:
        """Whether there is another form without what the service refused; it is remembered then."""
        model, refused = self._plan.model, self._conditions.refused | {part}
        conditions = replace(self._conditions, refused=refused)
        lower = self._plan.output.settled(conditions)
        if part in self._conditions.refused or _asked(lower) == _asked(self.output):
            return False
        remember(model.name, model.profile.name, part)
        self._conditions, self.output = conditions, lower
        self._wires.clear()
        self._params = self._system = None
        return True

    def are_tools_withheld(self, limited: str | None) -> bool:
        """Whether the model can call nothing but the output's own tools, if any."""
        state = self._state
        return bool(limited or state.tool_choice == "none" or (self.output.tools and state.rejections))

    def question(
        self, offer: Offer, *, limited: str | None, is_streamed: bool, values: JsonObject | None = None
    ) -> Question:
        """Return the next request.

        Args:
            offer: The tools of this step.
            limited: The limit because of which tools are withheld.
            is_streamed: Whether the answer is to come in pieces.
            values: `max_tokens` and `max_price`, if the request may cost only so much.
        """
        only_output = bool(self.output.tools) and self.are_tools_withheld(limited)
        tools = self._wire(offer, only_output=only_output)
        choice = self._choice(offer, only_output=only_output, limited=limited)
        if self._restating.is_pressed and (name := forced_name(choice)) is not None:
            # A server that does not heed names can call nothing else now.
            tools, choice = _only(tools, name), "required"
        params, added = self._request_params(is_streamed=is_streamed, values=values)
        request = ChatRequest(self._messages(), tools, choice, params)
        return Question(request, tools.digest, added, self.output.mode)

    def _messages(self) -> tuple[Message, ...]:
        """Return the conversation, with what the output adds to the instructions, and its examples."""
        messages = self._state.request_messages
        said, examples = self.output.instructions, self.output.preamble
        if said is None and not examples:
            return tuple(messages)
        prompt = self._state.prompt
        own = messages[0] if prompt is not None and prompt.instructions is not None else None
        rest = messages if own is None else messages[1:]
        system: tuple[Message, ...] = () if own is None else (own,)
        if said is not None:
            if self._system is None or self._system[0] is not own:
                # Kept, so that it is encoded once.
                self._system = own, SystemMessage(said if own is None else f"{own.text}\n\n{said}")
            system = (self._system[1],)
        return (*system, *examples, *rest)

    def _wire(self, offer: Offer, *, only_output: bool) -> Encoded:
        """Return the tool entries of a request, encoded once per run (once per step if tools can change)."""
        if only_output not in self._wires:
            own = [] if only_output else offer.entries
            entries = [*own, *(tool.wire() for tool in self.output.tools)]
            is_plain = not only_output and not self.output.tools
            self._wires[only_output] = offer.encoded if is_plain else Encoded(entries)
        return self._wires[only_output]

    def _choice(self, offer: Offer, *, only_output: bool, limited: str | None) -> ToolChoice | None:
        outputs, is_forced = self.output.tools, self.output.is_forced
        chosen = self._state.tool_choice
        if only_output or (outputs and not offer.entries):
            one: JsonObject = {"type": "function", "function": {"name": outputs[0].name}}
            return (one if len(outputs) == 1 else "required") if is_forced else self._unforced()
        if limited is not None and offer.entries:
            return "none"
        if outputs and chosen in (None, "auto"):
            return "required" if is_forced else self._unforced()
        return chosen

    def _unforced(self) -> ToolChoice | None:
        """Return the choice that leaves the model free; nothing is sent to a service that refuses all choices."""
        return None if "forced" in self._conditions.refused else "auto"

    def _request_params(self, *, is_streamed: bool, values: JsonObject | None) -> tuple[Encoded, JsonObject]:
        """Return the parameters of a request and which of them nobody set; encoded once per prompt."""
        params, kept = self._state.params, self._params
        raised = self._restating.raised(self.output.raise_cap)
        is_usual = values is None and not raised
        if kept is None or kept[0] is not params or kept[1] is not is_streamed or not is_usual:
            sent: dict[str, JsonValue] = {**params, **raised}
            features = [*(["stream"] if is_streamed else []), *(["cost limit"] if values is not None else [])]
            if self.output.response_format is not None:
                sent.setdefault("response_format", self.output.response_format)
                features.append("structured output")
            added = {**raised, **implied(sent, features=features, profile=self._plan.model.profile, values=values)}
            kept = (params, is_streamed, Encoded({**sent, **added}), added)
            self._params = kept if is_usual else None
        return kept[2], kept[3]


def _supported(model: object) -> frozenset[str] | None:
    """Return the parameters that a model takes; None if it does not say."""
    found = cast("object", getattr(model, "supported_parameters", None))
    return frozenset(cast("Iterable[str]", found)) if isinstance(found, set | frozenset | list | tuple) else None


def _asked(output: Any) -> tuple[object, ...]:  # noqa: ANN401 - an output of anything
    return (output.mode, output.is_forced, output.response_format, output.instructions, list(output.tools))


def _is_strict(response_format: JsonObject | None) -> bool:
    described = (response_format or {}).get("json_schema")
    return cast("JsonObject", described).get("strict") is True if described is not None else False


def _only(tools: Encoded, name: str) -> Encoded:
    """Return the one tool of that name; all of them if there is none."""
    entries = () if isinstance(tools.raw, dict) else cast("Iterable[JsonObject]", tools.raw)
    chosen = [entry for entry in entries if entry_name(entry) == name]
    return Encoded(chosen) if chosen else tools
