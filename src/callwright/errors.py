"""Every error that callwright raises, as one tree.

```
CallwrightError
├─ APIError                       asking a model failed
│  ├─ APIConnectionError          no answer came (retried)
│  │  └─ APITimeoutError          not in time (retried)
│  └─ ReportedError               what the service says: .error_type .provider .raw .metadata .availability .body
│     ├─ APIStatusError           the service refused: .status
│     │  ├─ BadRequestError       400, 413, 422 and the like
│     │  │  └─ ContextLengthError    the messages do not fit the model
│     │  ├─ AuthenticationError   401
│     │  ├─ InsufficientCreditsError 402, or a quota that is used up
│     │  ├─ PermissionDeniedError 403
│     │  ├─ NotFoundError         404
│     │  ├─ RequestTimeoutError   408 (retried); an APITimeoutError as well
│     │  ├─ ConflictError         409, 425 (retried)
│     │  ├─ RateLimitError        429, .retry_after (retried, but no daily cap)
│     │  └─ ProviderError         5xx (retried)
│     └─ StreamError              a stream broke or reported an error; .partial
├─ RunError                       a run stopped without output
│  ├─ BudgetError                 a limit or a shared budget is used up
│  ├─ OutputError                 the answer never became a valid output: .attempts .partial
│  │  ├─ RefusalError             the model, or a filter, refused to answer
│  │  └─ TruncatedError           `max_tokens` cut the answer
│  ├─ StuckError                  the run went in circles
│  └─ RunPausedError              `.output` of a paused run was read
├─ ParameterError                 a request parameter is unknown or out of range; nothing was sent
├─ SchemaError                    a function cannot be a tool
├─ StoreError                     a store could not keep or give a record
│  └─ RunConflictError            another process went on with the run
└─ QuorumError                    too few voters answered

ToolError                         raised BY tools, read by the model
```

An error that ends a run carries `.state`, so that the run can be resumed. Names are those of openai-python where it has
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias, TypedDict, Unpack

from callwright.attempts import Attempt

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "Attempt",
    "AuthenticationError",
    "BadRequestError",
    "BudgetError",
    "CallwrightError",
    "ConflictError",
    "ContextLengthError",
    "Deadline",
    "InsufficientCreditsError",
    "NotFoundError",
    "OutputError",
    "ParameterError",
    "PermissionDeniedError",
    "ProviderError",
    "QuorumError",
    "RateLimitError",
    "RefusalError",
    "Report",
    "ReportedError",
    "RequestTimeoutError",
    "RunConflictError",
    "RunError",
    "RunPausedError",
    "SchemaError",
    "StoreError",
    "StreamError",
    "StuckError",
    "ToolError",
    "TruncatedError",
    "Unfinished",
]


class Unfinished(Protocol):
    """What a failed run leaves behind; pass it to `Agent.resume`."""

    @property
    def run_id(self) -> str:
        """The id under which the run's records are stored."""
        ...


class CallwrightError(Exception):
    """The root of every error that callwright raises by itself. Can be copied and pickled, as process pools demand."""

    state: Unfinished | None = None
    """The state of the run that this error ended; None outside a run."""

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[CallwrightError], args: tuple[object, ...], attributes: dict[str, object]) -> CallwrightError:
    """Return an error as it was, past an `__init__` that takes other arguments than `args`."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


Deadline: TypeAlias = Literal["pool", "connect", "write", "read", "first_token", "between_chunks", "total", "run"]
"""What was not in time: a field of `Timeouts`, or `run`, the deadline of the run."""


class APIError(CallwrightError):
    """Asking a model failed.

    Args:
        message: What happened, in the service's own words where it gave any. Holds no key.
        retryable: Whether the same request may succeed later.
        retry_after: Seconds that the service asked to wait, >= 0; None if it did not say.
        request_id: The service's id of the request; of the generation if it gave no other; None if it gave none.
        partial: The `Completion` of what had come, uncommitted; None if nothing had.
        maybe_billed: Whether the service may have worked, and billed, for the request that failed.
    """

    attempts: int = 1
    """How many requests were sent before this was raised."""

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        request_id: str | None = None,
        partial: object = None,
        maybe_billed: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.request_id = request_id
        self.partial = partial
        self.maybe_billed = maybe_billed


class _Failure(TypedDict, total=False):
    """What every `APIError` takes besides `retryable`, whose default differs."""

    retry_after: float | None
    request_id: str | None
    partial: object
    maybe_billed: bool


class APIConnectionError(APIError):
    """No answer came, or not all of it: refused, unreachable, cut, too long, or a TLS or proxy failure."""


class APITimeoutError(APIConnectionError):
    """No answer came in time, or it did not go on.

    Args:
        message: See `APIError`.
        which: The deadline that passed; None if the service was the one that gave up.
        seconds: How long it was; None if that is not known.
        retryable: See `APIError`.
        failure: See `APIError`.
    """

    def __init__(
        self,
        message: str,
        *,
        which: Deadline | None = None,
        seconds: float | None = None,
        retryable: bool = False,
        **failure: Unpack[_Failure],
    ) -> None:
        super().__init__(message, retryable=retryable, **failure)
        self.which = which
        self.seconds = seconds


class Report(_Failure, total=False):
    """What a `ReportedError` takes besides; each key is an attribute of the error."""

    error_type: str | None
    provider: str | None
    raw: object
    metadata: Mapping[str, object]
    availability: Mapping[str, object]
    body: object
    generation_id: str | None


class ReportedError(APIError):
    """An error of which the service may have said more than that it happened. All of it is capped and holds no key.

    Args:
        message: The service's own words.
        status: The HTTP status; for an error inside of a 200 or of a stream, the one that it names; None if none.
        error_type: The service's own class of the error, such as `"rate_limit_exceeded"`.
        provider: The upstream provider that failed, as the service names it.
        raw: What the provider said to the service.
        metadata: What else the service said of the error.
        availability: Why the model could not be had, and what may be asked instead.
        body: The decoded error, or the body's text if it is no JSON, up to 64 KiB.
        generation_id: The service's id of the generation, for `Client.generation`.
        retryable: See `APIError`.
        failure: See `APIError`.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        error_type: str | None = None,
        provider: str | None = None,
        raw: object = None,
        metadata: Mapping[str, object] | None = None,
        availability: Mapping[str, object] | None = None,
        body: object = None,
        generation_id: str | None = None,
        retryable: bool = False,
        **failure: Unpack[_Failure],
    ) -> None:
        super().__init__(message, retryable=retryable, **failure)
        self.status = status
        self.error_type = error_type
        self.provider = provider
        self.raw = raw
        self.metadata = metadata or {}
        self.availability = availability or {}
        self.body = body
        self.generation_id = generation_id


class APIStatusError(ReportedError):
    """The service answered with an error, by HTTP status or inside of a 200.

    Args:
        message: See `ReportedError`.
        status: See `ReportedError`.
        retryable: See `APIError`.
        report: See `ReportedError`.
    """

    status: int

    def __init__(self, message: str, *, status: int, retryable: bool = False, **report: Unpack[Report]) -> None:
        super().__init__(message, status=status, retryable=retryable, **report)


class BadRequestError(APIStatusError):
    """400, 413, 422 and other 4xx: the service will not take this request."""


class ContextLengthError(BadRequestError):
    """The messages are longer than the model's context."""


class AuthenticationError(APIStatusError):
    """401: the key is missing or wrong."""


class InsufficientCreditsError(APIStatusError):
    """402: the balance or the key's limit is used up; some services answer 429 to a quota that is."""


class PermissionDeniedError(APIStatusError):
    """403: not allowed, moderated, or refused in this region."""


class NotFoundError(APIStatusError):
    """404: no such model, or no endpoint of it that supports the request."""


class RequestTimeoutError(APIStatusError, APITimeoutError):
    """408: the service gave up waiting, for the request or for its provider."""


class ConflictError(APIStatusError):
    """409 or 425: the request collided with another, or came too early."""


class RateLimitError(APIStatusError):
    """429: too many requests; `.retry_after` says how long to wait, in seconds, if the service said."""


class ProviderError(APIStatusError):
    """5xx: the service or the provider behind it failed."""


class StreamError(ReportedError):
    """A stream broke, ended without a finish, or reported an error; what had come is in `.partial`.

    Args:
        message: What happened.
        status: See `ReportedError`.
        retryable: See `APIError`.
        report: See `ReportedError`.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retryable: bool = True, **report: Unpack[Report]
    ) -> None:
        super().__init__(message, status=status, retryable=retryable, **report)


class RunError(CallwrightError):
    """A run stopped without output.

    Args:
        message: Why.
        state: The run's state, to be passed to `Agent.resume`.
    """

    def __init__(self, message: str, *, state: Unfinished | None = None) -> None:
        super().__init__(message)
        self.state = state


class BudgetError(RunError):
    """A limit of the run or of a shared budget is used up."""


class OutputError(RunError):
    """The model's answer never became a valid output.

    Args:
        message: What is wrong with the last answer.
        state: See `RunError`.
        attempts: All answers to the newest prompt that were no valid output, in order.
    """

    def __init__(self, message: str, *, state: Unfinished | None = None, attempts: tuple[Attempt, ...] = ()) -> None:
        super().__init__(message, state=state)
        self.attempts = attempts

    @property
    def partial(self) -> object:
        """The valid part of the newest answer that had one, as JSON; None if none had."""
        return next((one.partial for one in reversed(self.attempts) if one.partial is not None), None)


class RefusalError(OutputError):
    """The model, or a filter of the service, refused to answer."""


class TruncatedError(OutputError):
    """The answer was cut before it was whole; with a higher `max_tokens` it may come."""


class StuckError(RunError):
    """The run repeated itself without getting on."""


class RunPausedError(RunError):
    """The output of a paused run was read; see `RunResult.pending`."""


class ParameterError(CallwrightError, ValueError):
    """Request parameters are unknown, out of range, or do not go together; nothing was sent."""


class SchemaError(CallwrightError):
    """A function cannot be described as a tool."""


class StoreError(CallwrightError):
    """A store could not keep or give a record."""


class RunConflictError(StoreError):
    """The record's place in the log is taken: another process went on with the run."""


class QuorumError(CallwrightError):
    """Too few members of an ensemble answered."""


class ToolError(Exception):
    """Raise this in a tool to answer the model in your own words; the run goes on."""
