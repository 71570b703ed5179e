"""A trail: what was tried to have a member say something, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from callwright.errors import APIStatusError, APITimeoutError, ParameterError, StreamError
from callwright.query.candidates import Candidate
from callwright.query.votes import Vote
from callwright.wire.chat import Completion

__all__ = ["Lost", "Said", "Trail"]

_INVALID, _TIMEOUT, _SERVER_ERROR = 400, 408, 500


@dataclass(frozen=True, slots=True)
class Said:
    """A candidate or a vote."""

    completion: Completion
    candidate: Candidate | None = None
    vote: Vote | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """Why there is none."""

    reason: str
    code: int
    error: Exception | None = None
    completions: tuple[Completion, ...] = ()


@dataclass(slots=True)
class Trail:
    """What was tried."""

    notes: list[str] = field(default_factory=list[str])
    """What went wrong, in words."""
    completions: list[Completion] = field(default_factory=list[Completion])
    """What came, whole or broken."""
    error: Exception | None = None
    """Why the newest try failed; None if it did not."""

    @property
    def note(self) -> str | None:
        """What went wrong, in one text; None if nothing did."""
        return "; ".join(dict.fromkeys(self.notes)) or None

    @property
    def partial(self) -> Completion | None:
        """What had come when the newest try failed."""
        partial = getattr(self.error, "partial", None)
        return partial if isinstance(partial, Completion) else None

    def failed(self, slug: str, error: Exception) -> None:
        """Note that a model failed."""
        self.error = error
        self.notes.append(f"{slug}: {type(error).__name__}: {error}")
        if self.partial is not None:
            self.completions.append(self.partial)

    def lost(self) -> Lost:
        """Return that nothing came of it."""
        code = _SERVER_ERROR
        if isinstance(self.error, APIStatusError | StreamError):
            code = self.error.status or _SERVER_ERROR
        elif isinstance(self.error, APITimeoutError):
            code = _TIMEOUT
        elif isinstance(self.error, ParameterError):
            code = _INVALID
        return Lost(self.note or "nothing came", code, self.error, tuple(self.completions))
