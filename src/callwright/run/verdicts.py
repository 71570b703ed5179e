"""Verdicts: what somebody says about a held call, from outside the process or within it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from callwright._json import clean, encode
from callwright.errors import ParameterError, RunError
from callwright.run.pending import Pending
from callwright.run.records import CallDecided, CallId

__all__ = ["Approver", "approve", "asked", "deny", "edit", "provide", "rerun"]

Approver: TypeAlias = Callable[[Pending], bool | CallDecided | Awaitable[bool | CallDecided | None] | None]
"""Decides about one held call: True lets it run, False does not, a verdict says more, None leaves it to others."""


def approve(call: CallId, *, by: str | None = None) -> CallDecided:
    """Let a held call run."""
    return CallDecided(call, "approve", by=by)


def edit(call: CallId, arguments: Mapping[str, object], *, by: str | None = None) -> CallDecided:
    """Let a held call run with other arguments; they are validated as the model's own would be.

    Raises:
        ParameterError: They have no JSON form.
    """
    try:
        text = encode(dict(arguments)).decode()
    except ValueError as error:
        raise ParameterError(f"arguments of call {call!r}: expected JSON values; {error}") from error
    return CallDecided(call, "approve", arguments=text, by=by)


def deny(call: CallId, reason: str = "", *, by: str | None = None) -> CallDecided:
    """Do not let a held call run; the model is told `reason`."""
    return CallDecided(call, "deny", clean(reason), by=by)


def provide(call: CallId, value: object, *, by: str | None = None) -> CallDecided:
    """Give the result of a call that ran elsewhere, or whose outcome was in doubt."""
    from callwright.tools.calling import result_text  # noqa: PLC0415 - few bring results by themselves

    return CallDecided(call, "result", result_text(value)[0], by=by)


def rerun(call: CallId, *, by: str | None = None) -> CallDecided:
    """Run a call again whose outcome was in doubt: its effect may happen twice."""
    return CallDecided(call, "rerun", by=by)


async def asked(approver: Approver, pending: Pending) -> CallDecided | None:
    """Return what an approver says about a call; a plain function may block, it is called on a thread.

    Raises:
        RunError: It raised, or said what cannot be said of this call.
    """
    from callwright._threads import run_in_thread  # noqa: PLC0415 - few approve while a run goes on

    try:
        is_async = inspect.iscoroutinefunction(approver)
        answer = approver(pending) if is_async else await run_in_thread(lambda: approver(pending))
        said = await answer if inspect.isawaitable(answer) else answer
    except Exception as error:
        raise RunError(f"approve= raised {type(error).__name__} when asked about {pending.shown}: {error}") from error
    if said is None:
        return None
    if isinstance(said, CallDecided):
        if said.call != pending.id:
            raise RunError(f"approve= was asked about call {pending.id!r} and decided about {said.call!r}")
        return said
    if said is False:
        return deny(pending.id)
    if said is not True or pending.why == "external":
        raise RunError(
            f"approve= was asked about {pending.shown} ({pending.why}): expected a verdict, as of provide(call, 1), "
            f"or None; got {said!r}"
        )
    return rerun(pending.id) if pending.why == "in_doubt" else approve(pending.id)
