"""Asking: what a run's next request holds, read off its plan and its state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic

from typing_extensions import TypeVar

from callwright._json import JsonObject, JsonValue
from callwright.errors import APIError, SchemaError
from callwright.plan import Plan
from callwright.run.decision import Live
from callwright.run.state import RunState
from callwright.tools.context import RunContext
from callwright.tools.toolset import Offer
from callwright.wire.chat import ChatRequest, Encoded, ToolChoice
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


class Asking(Generic[T]):
    """Makes the requests of a run.

    Args:
        plan: What the run follows.
        state: Where it stands.
        offer: The offer of the plan's own tools, if it was made before.
    """

    __slots__ = ("_params", "_plan", "_state", "_wires", "live", "offer", "output")

    def __init__(self, plan: Plan[T], state: RunState, *, offer: Offer | None) -> None:
        self._plan = plan
        self._state = state
        self.offer: Offer | None = None if plan.toolsets else (offer or Offer(plan.tools))
        """The tools of the newest step; None before the first, if they are chosen at each step."""
        has_tools = bool(plan.tools or plan.toolsets)
        self.output = plan.output.settled(plan.model.profile, has_tools=has_tools)
        """How this run's output is asked for."""
        self.live = Live(output_tools=frozenset(tool.name for tool in self.output.tools), has_tools=has_tools)
        """What a decision must know of the tools."""
        self._note(self.offer)
        self._wires: dict[bool, Encoded] = {}
        self._params: tuple[JsonObject, bool, Encoded, JsonObject] | None = None

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

    def steps_down(self, error: APIError) -> bool:
        """Whether the request that failed is made in another form from now on."""
        del error
        return False

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
        params, added = self._request_params(is_streamed=is_streamed, values=values)
        request = ChatRequest(tuple(self._state.request_messages), tools, choice, params)
        return Question(request, tools.digest, added)

    def _wire(self, offer: Offer, *, only_output: bool) -> Encoded:
        """Return the tool entries of a request, encoded once per run (once per step if tools can change)."""
        if only_output not in self._wires:
            own = [] if only_output else offer.entries
            entries = [*own, *(tool.wire() for tool in self.output.tools)]
            is_plain = not only_output and not self.output.tools
            self._wires[only_output] = offer.encoded if is_plain else Encoded(entries)
        return self._wires[only_output]

    def _choice(self, offer: Offer, *, only_output: bool, limited: str | None) -> ToolChoice | None:
        outputs = self.output.tools
        if only_output or (outputs and not offer.entries):
            one: JsonObject = {"type": "function", "function": {"name": outputs[0].name}}
            return one if len(outputs) == 1 else "required"
        chosen = self._state.tool_choice
        if limited is not None and offer.entries:
            return "none"
        if outputs and chosen in (None, "auto"):
            return "required"
        return chosen

    def _request_params(self, *, is_streamed: bool, values: JsonObject | None) -> tuple[Encoded, JsonObject]:
        """Return the parameters of a request and which of them nobody set; encoded once per prompt."""
        params, kept = self._state.params, self._params
        if kept is None or kept[0] is not params or kept[1] is not is_streamed or values is not None:
            sent: dict[str, JsonValue] = dict(params)
            features = [*(["stream"] if is_streamed else []), *(["cost limit"] if values is not None else [])]
            if self.output.response_format is not None:
                sent.setdefault("response_format", self.output.response_format)
                features.append("structured output")
            added = implied(sent, features=features, profile=self._plan.model.profile, values=values)
            kept = self._params = (params, is_streamed, Encoded({**sent, **added}), added)
        return kept[2], kept[3]
