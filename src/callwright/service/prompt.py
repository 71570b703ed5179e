"""A prompt: the older text form of a request, in which one text stands in place of the messages."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from callwright._json import clean, encode
from callwright.service.views import object_of, objects
from callwright.wire.chat import ChatRequest, Completion
from callwright.wire.profile import Profile

__all__ = ["PromptRequest", "answered"]


@dataclass(frozen=True, slots=True)
class PromptRequest(ChatRequest):
    """What a model is asked in the older form: a text to go on with; `messages` is empty."""

    prompt: str = ""

    @classmethod
    def of(cls, request: ChatRequest, prompt: str) -> PromptRequest:
        """Return `request` with a text in place of its messages."""
        # By whatever fields a request has: an option that is copied by hand is lost one day.
        kept: dict[str, Any] = {entry.name: getattr(request, entry.name) for entry in fields(ChatRequest)}
        kept |= {"messages": (), "prompt": prompt}
        return cls(**kept)

    def body(self, profile: Profile, *, model: str | None, stream: bool) -> bytes:
        """Return the body as JSON; see `ChatRequest.body`."""
        whole = ChatRequest.body(self, profile, model=model, stream=stream)
        # A model's name cannot hold this: inside of a string the quotes are escaped.
        return whole.replace(b'"messages":[]', b'"prompt":' + encode(clean(self.prompt)), 1)


def answered(completion: Completion) -> Completion:
    """Return the answer with a message, whether it came as one or as the bare `text` of the older form."""
    choices = objects(completion.raw.get("choices"))
    if not choices or "message" in choices[0] or not isinstance(choices[0].get("text"), str):
        return completion
    spoken = [
        {**choice, "message": {"role": "assistant", "content": choice.get("text"), **object_of(choice.get("message"))}}
        for choice in choices
    ]
    return Completion({**completion.raw, "choices": spoken})
