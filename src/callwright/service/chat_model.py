"""A chat model: one model of a service, asked over HTTP; the only place that retries."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright.errors import (
    APIError,
    AuthenticationError,
    BudgetError,
    NotFoundError,
    ProviderError,
    ReportedError,
)
from callwright.model import NO_SCOPE, Price, Restarted, Retried, Scope
from callwright.service._address import checked_headers
from callwright.service._http import Http, Reply
from callwright.service.answers import Delivered, completion_of, streamed
from callwright.service.dialects import spoken
from callwright.service.retry import Retry
from callwright.service.routing import ignoring
from callwright.wire.adapt import adapted
from callwright.wire.chat import NO_USAGE, ChatRequest, Completion, Encoded, Timing
from callwright.wire.profile import Profile

__all__ = ["ChatModel"]

_PATH = "/chat/completions"
_OK = 200
_log = logging.getLogger("callwright")


class ChatModel:
    """One model of a service. Made by `Client.chat`.

    Args:
        http: The way to the service.
        slug: The model, such as `openai/gpt-4o-mini`; None for the account's default.
        profile: The service's profile.
        retry: When to ask again.
        clock: Waits between retries, and says when a deadline has passed.
        problem: Why nothing can be asked; raised at the first request.
        check: Sees each request before it is sent; may warn, or refuse it with a `ParameterError`.
        find_price: Gives what the model costs, None if that is not known.
    """

    __slots__ = ("_check", "_clock", "_find_price", "_http", "_problem", "_retry", "_slug", "profile")

    def __init__(
        self,
        http: Http,
        slug: str | None,
        *,
        profile: Profile,
        retry: Retry,
        clock: Clock = SYSTEM_CLOCK,
        problem: str | None = None,
        check: Callable[[ChatRequest], None] | None = None,
        find_price: Callable[[], Awaitable[Price | None]] | None = None,
    ) -> None:
        self._http = http
        self._slug = slug
        self.profile = profile
        self._retry = retry
        self._clock = clock
        self._problem = problem
        self._check = check
        self._find_price = find_price

    async def price(self) -> Price | None:
        """Return what the model costs, from the service's list; None if that is not known.

        Raises:
            APIError: The list could not be had.
        """
        return None if self._find_price is None else await self._find_price()

    @property
    def supported_parameters(self) -> frozenset[str] | None:
        """The parameters that the model takes, by the list of models if that is at hand; None if not. Asks nobody."""
        found: frozenset[str] | None = getattr(self._check, "supported_parameters", None)
        return found

    @property
    def name(self) -> str:
        """The slug; `default` for the account's default model."""
        return self._slug or "default"

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """Return the answer to `request`; streams if somebody listens.

        A failed request is sent again as the retry policy says. A stream that broke is asked for anew, by another
        provider where that can be chosen: the listener hears `Restarted` first if it had heard anything. Once text was
        heard that happens only if the scope says that the listener understands it.

        Raises:
            APIError: Asking failed; `.attempts` says how often, `.partial` what had come of the last attempt.
            ParameterError: The check refused the request, or it cannot be sent; nothing was.
        """
        if self._problem is not None:
            raise AuthenticationError(self._problem, status=401)
        if self._check is not None:
            self._check(request)
        asking = _Asking(self._http, self._slug, request, scope, profile=self.profile, clock=self._clock)
        return await asking.completion(self._retry)

    def __repr__(self) -> str:
        return f"ChatModel({self.name!r}, profile={self.profile.name!r})"


class _Asking:
    """One question with all its attempts."""

    __slots__ = (
        *("_attempt", "_began", "_body", "_clock", "_headers", "_http", "_is_rerouted", "_is_settled", "_profile"),
        *("_params", "_request", "_scope", "_slug", "_was_empty"),
    )

    def __init__(
        self,
        http: Http,
        slug: str | None,
        request: ChatRequest,
        scope: Scope,
        *,
        profile: Profile,
        clock: Clock,
    ) -> None:
        self._http = http
        self._slug = slug
        self._request = request
        self._params = request.params.raw
        self._scope = scope
        self._profile = profile
        self._clock = clock
        self._headers = checked_headers(request.headers) if request.headers else None
        self._body = self._encoded(request)
        self._began = clock.monotonic()
        self._attempt = 0
        self._is_rerouted = False
        # Whether leading past a provider left nobody who could answer.
        self._is_settled = False
        self._was_empty = False

    async def completion(self, retry: Retry) -> Completion:
        """Return the answer, asking as often as `retry` allows.

        Raises:
            APIError: No attempt brought one.
        """
        while True:
            self._attempt += 1
            completion: Completion | None = None
            delivered = Delivered(self._scope.listen)
            try:
                completion = await self._once(delivered)
            except APIError as error:
                if error is delivered.failure:
                    raise
                failure: APIError = error
            else:
                if not self._is_suspicious(completion):
                    self._log_answer(completion)
                    return completion
                failure = ProviderError("the answer is empty", status=502, retryable=True, partial=completion)
            failure.attempts = self._attempt
            wait = self._wait(failure, retry, delivered)
            self._log_failure(failure, wait)
            if wait is None:
                if completion is None:
                    raise failure
                return completion
            await self._again(failure, wait, delivered)

    async def _once(self, delivered: Delivered) -> Completion:
        """Send the request once.

        Raises:
            APIError: It failed.
        """
        http, now = self._http, self._clock.wall()
        is_stream = delivered.listen is not None
        deadlines = http.deadlines(began=self._began, run=self._scope.deadline, is_stream=is_stream)
        if not is_stream:
            reply = await http.post(_PATH, self._body, self._headers, deadlines=deadlines)
            completion = completion_of(reply, now=now)
        else:
            async with http.stream(_PATH, self._body, self._headers, deadlines=deadlines) as stream:
                is_events = stream.headers.get("content-type", "").startswith("text/event-stream")
                if stream.status == _OK and is_events:
                    completion = await streamed(stream, delivered, deadlines, caps=http.caps, now=now)
                else:
                    # Asked for a stream, some servers answer at once, and errors come as plain JSON anyway.
                    reply = Reply(stream.status, stream.headers, await stream.read())
                    completion = completion_of(reply, now=now)
                    await delivered.whole(completion)
        first = None if deadlines.first is None else deadlines.first - deadlines.began
        completion.timing = Timing(first, deadlines.elapsed)
        return completion

    def _is_suspicious(self, completion: Completion) -> bool:
        """Return whether an answer says nothing and cost nothing, for the first time: a provider that is not ready."""
        usage = completion.raw.get("usage")
        if not isinstance(usage, Mapping) or usage.get("completion_tokens") != 0 or self._was_empty:
            return False
        message = completion.message.raw
        says = any(message.get(key) for key in message if key != "role")
        self._was_empty = not says and completion.finish_reason in {"stop", None}
        return self._was_empty

    def _wait(self, failure: APIError, retry: Retry, delivered: Delivered) -> float | None:
        """Return the seconds to wait before the next attempt; None if there is to be none."""
        scope = self._scope
        if delivered.text and not scope.restart:
            return None
        now = self._clock.monotonic()
        wait = retry.wait(failure, attempt=self._attempt, elapsed=now - self._began)
        if wait is None and self._is_dead_end(failure) and self._attempt < retry.attempts:
            wait = 0.0
        if wait is None or now + wait >= self._http.deadlines(began=self._began, run=scope.deadline).end:
            return None
        if scope.budget is not None:
            try:
                scope.budget.admit()
            except BudgetError:
                return None
        return wait

    def _is_dead_end(self, failure: APIError) -> bool:
        """Return whether nobody is left who could answer, since a provider is led past."""
        return isinstance(failure, NotFoundError) and self._is_rerouted and not self._is_settled

    async def _again(self, failure: APIError, wait: float, delivered: Delivered) -> None:
        """Tell who must know that the request is sent again, and wait."""
        scope = self._scope
        partial = failure.partial if isinstance(failure.partial, Completion) else None
        if failure.maybe_billed or partial is not None:
            usage = NO_USAGE if partial is None else partial.usage
            if scope.failed is not None:
                await scope.failed(failure, partial, usage)
            elif scope.budget is not None:
                scope.budget.settle(usage)
        ignored = self._rerouted(failure, partial)
        if scope.listen is not None:
            is_begun = delivered.anything
            await scope.listen(
                Restarted(self._attempt, failure, wait, ignored) if is_begun else Retried(self._attempt, wait, failure)
            )
        await self._clock.sleep(wait)

    def _rerouted(self, failure: APIError, partial: Completion | None) -> str | None:
        """Lead the next attempt past the provider whose answer broke; return its name."""
        if self._is_dead_end(failure):
            self._is_settled = True
            self._body = self._encoded(self._request)
        # An error before the first word is left to the service, which then asks the next provider by itself.
        provider = failure.provider if isinstance(failure, ReportedError) else None
        provider = provider or (None if partial is None else partial.provider)
        if self._is_settled or partial is None or provider is None or not self._profile.require_parameters:
            return None
        params = self._params if isinstance(self._params, Mapping) else {}
        rerouted = ignoring(params, provider)
        if rerouted is None:
            return None
        self._params = rerouted
        self._is_rerouted = True
        self._body = self._encoded(replace(self._request, params=Encoded(rerouted)))
        return provider

    def _encoded(self, request: ChatRequest) -> bytes:
        profile, is_stream = self._profile, self._scope.listen is not None
        return spoken(adapted(request, profile), profile).body(profile, model=self._slug, stream=is_stream)

    def _log_answer(self, completion: Completion) -> None:
        if _log.isEnabledFor(logging.INFO):
            usage = completion.usage
            _log.info(
                "%s answered in %.2f s: %s, %d + %d tokens, id %s",
                *(self._name, self._clock.monotonic() - self._began, completion.finish_reason, usage.prompt_tokens),
                *(usage.completion_tokens, completion.id),
            )

    def _log_failure(self, failure: APIError, wait: float | None) -> None:
        after = "giving up" if wait is None else f"again in {wait:.2f} s"
        status = getattr(failure, "status", None)
        said = type(failure).__name__ if status is None else f"{type(failure).__name__} {status}"
        _log.info("%s failed (attempt %d, %s): %s; %s", self._name, self._attempt, said, failure.request_id, after)

    @property
    def _name(self) -> str:
        return self._slug or "default"
