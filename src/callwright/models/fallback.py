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
from callwright.model import NO_SCOPE, Model, Restarted, Retried, Scope
from callwright.wire.adapt import portable
from callwright.wire.chat import NO_USAGE, ChatRequest, Completion, Delta
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
    as `Retried` if nothing of an answer was delivered, else as `Restarted`, so that no text is silently replaced. Text
    that was delivered to who cannot forget it (`Scope.restart`) is final: then the error is raised. What a failed
    request used is booked, and each further one has to be admitted by the budget.

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
            watch = _Watch(scope)
            asked = request if attempt == 1 else portable(request, model.profile)
            try:
                return await model.complete(asked, watch.scope)
            except CallwrightError as error:
                is_last = attempt == len(self._models)
                if is_last or not isinstance(error, self._on) or _is_too_late(error) or watch.forbids(error):
                    _note(error, told)
                    raise
                failure = error
            told.append(f"{model.name}: {type(failure).__name__}: {failure}")
            _log.info("%s failed: %s; asking %s", model.name, type(failure).__name__, self._models[attempt].name)
            await _book(failure, scope)
            await watch.tell(failure, attempt)
        raise AssertionError("unreachable: the last model answers or raises")  # pragma: no cover

    def __repr__(self) -> str:
        return f"Fallback({', '.join(map(repr, self._models))})"


class _Watch:
    """Hands events on, and knows what a listener holds that it will have to forget.

    Args:
        scope: What surrounds the ask.
    """

    __slots__ = ("_failure", "_has_delivered", "_has_text", "_listen", "_may_restart", "scope")

    def __init__(self, scope: Scope) -> None:
        self._listen = scope.listen
        self._may_restart = scope.restart
        self._has_delivered = False
        self._has_text = False
        self._failure: CallwrightError | None = None
        self.scope = scope if scope.listen is None else replace(scope, listen=self._hear)
        """What surrounds the ask of one model."""

    async def _hear(self, event: Delta | Retried | Restarted) -> None:
        if isinstance(event, Delta):
            self._has_delivered = True
            self._has_text = self._has_text or bool(event.text)
        elif isinstance(event, Restarted):
            self._has_delivered = self._has_text = False
        if self._listen is not None:
            try:
                await self._listen(event)
            except CallwrightError as error:
                self._failure = error
                raise

    def forbids(self, error: CallwrightError) -> bool:
        """Whether no other model may be asked: text cannot be taken back, or the listener itself failed."""
        return error is self._failure or (self._has_text and not self._may_restart)

    async def tell(self, failure: CallwrightError, attempt: int) -> None:
        """Tell the listener that another model is asked."""
        if self._listen is None:
            return
        error = failure if isinstance(failure, APIError) else APIError(str(failure))
        await self._listen(Restarted(attempt, error) if self._has_delivered else Retried(attempt, 0.0, error))


async def _book(failure: CallwrightError, scope: Scope) -> None:
    """Book what failed, and have one more request admitted.

    Raises:
        BudgetError: Nothing is left.
    """
    partial = failure.partial if isinstance(failure, APIError) else None
    partial = partial if isinstance(partial, Completion) else None
    usage = NO_USAGE if partial is None else partial.usage
    if scope.failed is not None and isinstance(failure, APIError) and (failure.maybe_billed or partial is not None):
        await scope.failed(failure, partial, usage)
    elif scope.budget is not None:
        scope.budget.settle(usage)
    if scope.budget is not None:
        scope.budget.admit()


def _is_too_late(error: CallwrightError) -> bool:
    """Whether the run itself has no more time."""
    return isinstance(error, APITimeoutError) and error.which == "run"


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
