"""The requests of a query: what a member is sent to write a candidate, or to vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from callwright._json import JsonObject, JsonValue
from callwright.query.asked import Query
from callwright.query.ballot import TOOL_NAME, Ballot, Channel
from callwright.query.config import QueryLLM
from callwright.query.settings import QueryProvider, QueryReasoning
from callwright.wire.chat import ChatRequest, Completion, Encoded, ToolChoice
from callwright.wire.messages import AssistantMessage, DeveloperMessage, Message, SystemMessage, UserMessage

__all__ = ["Form", "again_request", "ballot_request", "forms_of", "written_request"]

_SHARED = frozenset(
    {
        *("max_completion_tokens", "max_tokens", "metadata", "prompt_cache_key", "provider", "service_tier"),
        *("session_id", "trace", "usage", "user"),
    }
)
"""Parameters of the request that hold for voters as well; the others say what an answer is to be."""
_NOT_WHOLE = frozenset({"stream_options"})
"""Parameters of a streamed request; members are asked for whole answers."""
_RIVALS: Mapping[str, str] = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
    "reasoning": "reasoning_effort",
    "reasoning_effort": "reasoning",
}
"""Parameter of a member -> the parameter of the request that says the same, and gives way."""
_MOST_ECHOED = 2_000


@dataclass(frozen=True, slots=True)
class Form:
    """One way to ask for a vote."""

    channel: Channel
    logprobs: bool
    """Whether the probabilities of all keys are asked for."""


def forms_of(query: Query, llm: QueryLLM, *, has_schema: bool) -> list[Form]:
    """Return the ways to ask a member for a vote, the strictest first.

    Arguments of forced calls often come without log probabilities: who wants them is not asked for a call. Where no
    provider gives any, the last form does without.

    Args:
        query: May name the one channel.
        llm: The member.
        has_schema: Whether the server understands structured outputs.
    """
    given = query.policy.channel
    schema: list[Channel] = ["json_schema"] if has_schema else []
    call: list[Channel] = [] if llm.wants_logprobs else ["tool"]
    channels: list[Channel] = [given] if given else [*schema, *call, "plain"]
    forms = [Form(channel, llm.wants_logprobs) for channel in channels]
    return [*forms, Form(channels[-1], logprobs=False)] if llm.wants_logprobs else forms


def written_request(query: Query, llm: QueryLLM, place: int) -> ChatRequest:
    """Return the request for a candidate: the query's own, with nothing added.

    Args:
        query: What is asked.
        llm: Who is asked.
        place: Which candidate among all of the query; decides the seed.
    """
    params = _merged({key: value for key, value in query.params.items() if key not in _NOT_WHOLE}, llm)
    if query.response_format is not None:
        params["response_format"] = query.response_format
    sent = _seeded(params, query, place)
    return ChatRequest(query.messages, query.sent_tools, query.tool_choice, sent, query.headers)


def ballot_request(query: Query, llm: QueryLLM, ballot: Ballot, form: Form, *, place: int) -> ChatRequest:
    """Return the request for a vote: the conversation, then the ballot.

    Args:
        query: What is asked.
        llm: Who is asked.
        ballot: What it is shown.
        form: How it is to answer.
        place: Which ballot among all of the query; decides the seed.
    """
    thinks = llm.thinks and not _reasons(llm)
    params = _merged({key: value for key, value in query.params.items() if key in _SHARED}, llm)
    if llm.wants_logprobs and not form.logprobs:
        _drop_logprobs(params, llm)
    # Tools are shown, since the conversation may hold calls of them; what the service runs by itself is not.
    shown = [entry for entry in cast("Sequence[JsonObject]", query.sent_tools.raw) if "function" in entry]
    choice: ToolChoice | None = "none" if shown else None
    if form.channel == "json_schema":
        params["response_format"] = ballot.response_format(thinks=thinks)
    elif form.channel == "tool":
        shown.append(ballot.tool(thinks=thinks))
        choice = {"type": "function", "function": {"name": TOOL_NAME}}
    messages = _asking(query.messages, ballot.prompt(form.channel, thinks=thinks))
    return ChatRequest(messages, Encoded(shown), choice, _seeded(params, query, place), query.headers)


def again_request(request: ChatRequest, reply: Completion, ballot: Ballot, form: Form) -> ChatRequest:
    """Return the request that tells a voter why its reply was no vote."""
    said = "\n".join(filter(None, [reply.text, *(call.arguments for call in reply.tool_calls)]))[:_MOST_ECHOED]
    echo = [AssistantMessage(said)] if said.strip() else []
    return replace(request, messages=(*request.messages, *echo, UserMessage(ballot.repair(form.channel))))


def _merged(base: JsonObject, llm: QueryLLM) -> dict[str, JsonValue]:
    """Return the parameters of the request under those of a member."""
    own = llm.chat_params()
    rivals = {_RIVALS[key] for key in own if key in _RIVALS}
    params = {**{key: value for key, value in base.items() if key not in rivals}, **own}
    providers = [wishes for wishes in (base.get("provider"), own.get("provider")) if isinstance(wishes, Mapping)]
    if providers:
        params["provider"] = {key: value for wishes in providers for key, value in wishes.items()}
    return params


def _drop_logprobs(params: dict[str, JsonValue], llm: QueryLLM) -> None:
    """Take out what asks for log probabilities, and for providers that give them."""
    params.pop("logprobs", None)
    params.pop("top_logprobs", None)
    wishes = params.get("provider")
    if isinstance(wishes, Mapping) and (llm.provider or QueryProvider()).require_parameters is None:
        kept = {key: value for key, value in wishes.items() if key != "require_parameters"}
        params.pop("provider")
        params |= {"provider": kept} if kept else {}


def _reasons(llm: QueryLLM) -> bool:
    """Whether a member is configured to reason by itself, so that it need not be asked for reasons."""
    reasoning = llm.reasoning or QueryReasoning()
    is_asked = bool(reasoning.effort or reasoning.max_tokens or reasoning.enabled or llm.reasoning_effort)
    return is_asked and reasoning.enabled is not False


def _seeded(params: dict[str, JsonValue], query: Query, place: int) -> Encoded:
    # With one seed for all, equal members would say the same.
    seed = query.policy.seed
    return Encoded(params if seed is None else {**params, "seed": seed + place})


def _asking(messages: Sequence[Message], text: str) -> tuple[Message, ...]:
    """Return the conversation with the ballot behind it.

    It is a user's turn: late system messages are refused by several providers. Only where the conversation ends with
    one, the ballot is its end.
    """
    last = messages[-1]
    if isinstance(last, SystemMessage | DeveloperMessage):
        return (*messages[:-1], type(last)(f"{last.text}\n\n{text}"))
    return (*messages, UserMessage(text))
