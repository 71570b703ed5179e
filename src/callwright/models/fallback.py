"""A fallback: several models, asked one after the other until one answers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from callwright.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    CallwrightError,
    ConflictError,
    ContextLengthError,
    InsufficientCreditsError,
    NotFoundError,
    ParameterError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    StreamError,
)
from callwright.model import NO_SCOPE, Listener, Model, Restarted, Retried, Scope
from callwright.wire.adapt import portable
from callwright.wire.chat import NO_USAGE, ChatRequest, Completion, Delta, Usage
from callwright.wire.profile import Profile

__all__ = ["FALLBACK_ERRORS", "Fallback"]

FALLBACK_ERRORS: tuple[type[CallwrightError], ...] = (
    APIConnectionError,
    ConflictError,
    ContextLengthError,
    InsufficientCreditsError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    StreamError,
)
"""What another model may do better. A request that is wrong, and a key that is, stay so whoever is asked."""

_log = logging.getLogger("callwright")


class Fallback:
    """Asks the first model; if that fails in a way that another may not, the next one, and so on.

    Each model tries as often as its own retry policy says before it counts as failed. A failure is told to who listens:
    as `Retried` if nothing of an answer was delivered, else as `Restarted`, so that no text is silently replaced. What
    a failed request used is booked to the budget, and each further one has to be admitted.

    Args:
        models: Asked in this order, at least one.
        on: Which errors make the next one asked.

    Raises:
        ParameterError: There is no model, or one of them is none, such as a bare slug.
    """

    __slots__ = ("_models", "_on", "_profile")

    def __init__(self, *models: Model, on: Sequence[type[CallwrightError]] = FALLBACK_ERRORS) -> None:
        if not models:
            raise ParameterError("Fallback: expected at least one model; got none")
        for model in models:
            if isinstance(model, str):
                raise ParameterError(f"Fallback: expected models; make one of a slug by client.chat({model!r})")
        self._models = models
        self._on = tuple(on)
        self._profile = _common(tuple(model.profile for model in models))

    @property
    def name(self) -> str:
        """The names of the models, in order."""
        return " | ".join(model.name for model in self._models)

    @property
    def profile(self) -> Profile:
        """The first model's, without what one of the others does not understand."""
        return self._profile

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """Return the answer of the first model that gives one; `Completion.model` says which it was.

        Raises:
            APIError: The last model failed, or one in a way that ends the search; notes tell of those before it.
            BudgetError: Nothing is left for a further request.
        """
        told: list[str] = []
        for attempt, model in enumerate(self._models, 1):
            watch = None if scope.listen is None else _Watch(scope.listen)
            asked = request if attempt == 1 else portable(request, model.profile)
            try:
                return await model.complete(asked, scope if watch is None else replace(scope, listen=watch))
            except self._on as error:
                if attempt == len(self._models) or _is_too_late(error):
                    _note(error, told)
                    raise
                told.append(f"{model.name}: {type(error).__name__}: {error}")
                failure = error
            except CallwrightError as error:
                _note(error, told)
                raise
            _log.info("%s failed: %s; asking %s", model.name, type(failure).__name__, self._models[attempt].name)
            if scope.budget is not None:
                scope.budget.settle(_usage_of(failure))
                scope.budget.admit()
            await _tell(failure, watch, attempt=attempt)
        raise AssertionError("unreachable: the last model answers or raises")  # pragma: no cover

    def __repr__(self) -> str:
        return f"Fallback({', '.join(map(repr, self._models))})"


class _Watch:
    """Hands events on, and knows whether who listens holds deltas that will have to be forgotten."""

    __slots__ = ("_listen", "has_delivered")

    def __init__(self, listen: Listener) -> None:
        self._listen = listen
        self.has_delivered = False

    async def __call__(self, event: Delta | Retried | Restarted) -> None:
        if isinstance(event, Delta):
            self.has_delivered = True
        elif isinstance(event, Restarted):
            self.has_delivered = False
        await self._listen(event)


async def _tell(failure: CallwrightError, watch: _Watch | None, *, attempt: int) -> None:
    if watch is None:
        return
    error = failure if isinstance(failure, APIError) else APIError(str(failure))
    await watch(Restarted(attempt, error) if watch.has_delivered else Retried(attempt, 0.0, error))


def _is_too_late(error: CallwrightError) -> bool:
    """Whether the run itself has no more time."""
    return isinstance(error, APITimeoutError) and error.which == "run"


def _usage_of(failure: CallwrightError) -> Usage:
    partial = failure.partial if isinstance(failure, APIError) else None
    return partial.usage if isinstance(partial, Completion) else NO_USAGE


def _note(error: CallwrightError, told: Sequence[str]) -> None:
    for text in told:
        error.add_note(f"asked before: {text}")


def _common(profiles: Sequence[Profile]) -> Profile:
    """Return the first profile, with what is asked for by it being understood by all."""
    first = profiles[0]
    json_schema = all(profile.json_schema for profile in profiles)
    include_usage = any(profile.include_usage for profile in profiles)
    if (json_schema, include_usage) == (first.json_schema, first.include_usage):
        return first
    return replace(first, json_schema=json_schema, include_usage=include_usage)
