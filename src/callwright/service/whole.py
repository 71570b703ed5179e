"""A whole answer, told as a stream would have been: in one delta."""

from __future__ import annotations

from callwright.model import Listener
from callwright.wire.chat import CallDelta, Completion, Delta

__all__ = ["tell_whole"]


async def tell_whole(completion: Completion, listen: Listener | None) -> None:
    """Tell a listener of an answer that came at once.

    Args:
        completion: The answer.
        listen: None if nobody listens.
    """
    if listen is None:
        return
    calls = tuple(enumerate(completion.tool_calls))
    delta = Delta(
        completion.text,
        completion.message.reasoning,
        calls=tuple(CallDelta(index, call.name, call.arguments, id=call.id) for index, call in calls),
        finish_reason=completion.finish_reason,
        ready=() if completion.is_cut else calls,
    )
    await listen(delta)
