"""Telling: a listener is called on the thread of its caller, while what it listens to runs on the portal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeAlias, TypeVar

from callwright.model import Listener, Restarted, Retried
from callwright.wire.chat import Delta

__all__ = ["SyncListener", "told_sync"]

T = TypeVar("T")

_Event: TypeAlias = Delta | Retried | Restarted

SyncListener: TypeAlias = Callable[[_Event], object]
"""Takes what happens while a model answers, for code without an event loop."""


def told_sync(call: Callable[[Listener], Awaitable[T]], listen: SyncListener) -> T:
    """Return what `call` gives when awaited on the portal; meanwhile `listen` hears what it tells, here.

    Raises:
        BaseException: What the call or the listener raised, as itself; the listener's cancels the call.
        RuntimeError: See `run_sync`.
    """
    from callwright._portal import SLICE, Job, result_of, submit  # noqa: PLC0415 - comes with the first sync call

    events: SimpleQueue[_Event | None] = SimpleQueue()

    async def tell(event: _Event) -> None:
        events.put(event)

    job = Job(partial(call, tell))
    job.outcome.add_done_callback(lambda _: events.put(None))
    try:
        submit(job, "complete")
        while (event := _next(events, SLICE)) is not None:
            listen(event)
        return result_of(job.outcome)
    except BaseException:
        job.leave()
        raise


def _next(events: SimpleQueue[_Event | None], seconds: float) -> _Event | None:
    while True:
        try:
            return events.get(timeout=seconds)
        except Empty:
            # Once more: Ctrl-C is heard between two waits.
            continue
