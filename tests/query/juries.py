"""Members of ensembles for tests: they read the ballot as a model would, and choose by a function."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping

from callwright import ChatRequest, Completion
from callwright.testing import FunctionModel

_OPTIONS = re.compile(r"\{\n.*?\n\}", re.DOTALL)


def is_ballot(request: ChatRequest) -> bool:
    """Whether a request is for a vote."""
    return any("These are the choices" in message.text for message in request.messages)


def options_in(request: ChatRequest) -> dict[str, str]:
    """Return the choices of a ballot: key -> text."""
    text = next(message.text for message in reversed(request.messages) if "These are the choices" in message.text)
    keys = {key.replace("`", ""): choice for key, choice in json.loads(_OPTIONS.search(text)[0]).items()}
    return dict(keys)


def vote(request: ChatRequest, choice: str) -> str:
    """Return the reply that votes for the choice of that text, in the form that is asked for."""
    key = next(key for key, text in options_in(request).items() if text == choice)
    if "response_format" in request.params.raw:
        return json.dumps({"response_key": key})
    return "".join(f"`{letter}`" for letter in key)


def voter(choice: str | Callable[[ChatRequest], str]) -> FunctionModel:
    """Return a member that votes for one text, or for what a function of the request says."""
    return FunctionModel(lambda request: vote(request, choice if isinstance(choice, str) else choice(request)))


def writer(turn: object) -> FunctionModel:
    """Return a member that always writes the same."""
    return FunctionModel(lambda _: turn)


def member(turn: object, choice: str | None = None) -> FunctionModel:
    """Return a member that writes one turn, and votes for one text (else for what it wrote)."""
    return FunctionModel(lambda request: vote(request, choice or str(turn)) if is_ballot(request) else turn)


def said(text: str, *, cost: float | None = None, tokens: int = 10, **message: object) -> Completion:
    """Return a completion with usage."""
    usage: dict[str, object] = {"prompt_tokens": tokens, "completion_tokens": 1, "total_tokens": tokens + 1}
    if cost is not None:
        usage["cost"] = cost
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text, **message}}
    return Completion({"id": "gen-1", "model": "m", "choices": [choice], "usage": usage})


def with_logprobs(request: ChatRequest, shares: Mapping[str, float]) -> Completion:
    """Return a vote with the probabilities of the choices of those texts; the likeliest is what is said."""
    keys = {text: key for key, text in options_in(request).items()}
    first = max(shares, key=shares.__getitem__)
    top = [{"token": keys[text], "logprob": math.log(share)} for text, share in shares.items()]
    told = {**next(entry for entry in top if entry["token"] == keys[first]), "top_logprobs": top}
    prefix = [{"token": part, "logprob": -0.001, "top_logprobs": []} for part in ('{"response_key": "',)]
    content = [*prefix, told, {"token": '"}', "logprob": -0.001, "top_logprobs": []}]
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": json.dumps({"response_key": keys[first]})},
        "logprobs": {"content": content},
    }
    return Completion({"id": "gen-l", "model": "m", "choices": [choice]})


class People:
    """A service whose models are functions of slug and request."""

    def __init__(self, answer):
        self.asked = []
        self._answer = answer

    def chat(self, slug=None):
        def answer(request):
            self.asked.append((slug, request))
            turn = self._answer(slug, request)
            if isinstance(turn, Exception):
                raise turn
            return turn

        return FunctionModel(answer, name=slug)


def has_results(request):
    return any(message.role == "tool" for message in request.messages)


def by_slug(turns, final="done", choice=None):
    """Return what members do: their own turn, then the same final text; votes go to `choice`."""

    def answer(slug, request):
        if is_ballot(request):
            options = options_in(request)
            wanted = next((text for text in options.values() if choice and choice in text), None)
            return vote(request, wanted or min(options.values()))
        return final if has_results(request) else turns[slug]

    return People(answer)
