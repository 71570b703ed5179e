"""Verdicts: what somebody outside the process says about a held call."""

from __future__ import annotations

from callwright._json import clean
from callwright.run.records import CallDecided, CallId
from callwright.tools.calling import result_text

__all__ = ["approve", "deny", "provide", "rerun"]


def approve(call: CallId, *, by: str | None = None) -> CallDecided:
    """Let a held call run."""
    return CallDecided(call, "approve", by=by)


def deny(call: CallId, reason: str = "", *, by: str | None = None) -> CallDecided:
    """Do not let a held call run; the model is told `reason`."""
    return CallDecided(call, "deny", clean(reason), by=by)


def provide(call: CallId, value: object, *, by: str | None = None) -> CallDecided:
    """Give the result of a call that ran elsewhere, or whose outcome was in doubt."""
    return CallDecided(call, "result", result_text(value)[0], by=by)


def rerun(call: CallId, *, by: str | None = None) -> CallDecided:
    """Run a call again whose outcome was in doubt: its effect may happen twice."""
    return CallDecided(call, "rerun", by=by)
