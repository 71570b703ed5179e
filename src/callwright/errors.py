"""Every error that callwright raises, as one tree.

```
CallwrightError
├─ APIError                       asking a model failed
│  ├─ APIConnectionError          no answer came (retried)
│  │  └─ APITimeoutError          not in time (retried)
│  ├─ APIStatusError              the service refused: .status .error_type .provider .request_id .body
│  │  ├─ BadRequestError          400, 413, 422 and the like
│  │  │  └─ ContextLengthError    the messages do not fit the model
│  │  ├─ AuthenticationError      401
│  │  ├─ InsufficientCreditsError 402
│  │  ├─ PermissionDeniedError    403
│  │  ├─ NotFoundError            404
│  │  ├─ RateLimitError           429, .retry_after (retried)
│  │  └─ ProviderError            5xx (retried)
│  └─ StreamError                 a stream broke or reported an error; .partial
├─ RunError                       a run stopped without output
│  ├─ BudgetError                 a limit or a shared budget is used up
│  ├─ OutputError                 the answer never became a valid output
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

from typing import Protocol

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "BudgetError",
    "CallwrightError",
    "ContextLengthError",
    "InsufficientCreditsError",
    "NotFoundError",
    "OutputError",
    "ParameterError",
    "PermissionDeniedError",
    "ProviderError",
    "QuorumError",
    "RateLimitError",
    "RunConflictError",
    "RunError",
    "RunPausedError",
    "SchemaError",
    "StoreError",
    "StreamError",
    "StuckError",
    "ToolError",
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


class APIError(CallwrightError):
    """Asking a model failed.

    Args:
        message: What happened, in the service's own words where it gave any. Holds no key.
        retryable: Whether the same request may succeed later.
        retry_after: Seconds that the service asked to wait, >= 0; None if it did not say.
        request_id: The service's id of the request or generation; None if it gave none.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.request_id = request_id


class APIConnectionError(APIError):
    """No answer came: refused, unreachable, cut, or a TLS or proxy failure."""


class APITimeoutError(APIConnectionError):
    """No answer came in time."""


class APIStatusError(APIError):
    """The service answered with an error, by HTTP status or inside a 200 body.

    Args:
        message: The service's own words.
        status: The HTTP status; for an error inside a 200 body, the status that the body names.
        error_type: The service's own class of the error, such as `"rate_limit_exceeded"`.
        provider: The upstream provider that failed, as the service names it.
        body: The decoded body, or its text if it is no JSON, capped at 64 KiB.
        retryable: See `APIError`.
        retry_after: See `APIError`.
        request_id: See `APIError`.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        error_type: str | None = None,
        provider: str | None = None,
        body: object = None,
        retryable: bool = False,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, retryable=retryable, retry_after=retry_after, request_id=request_id)
        self.status = status
        self.error_type = error_type
        self.provider = provider
        self.body = body


class BadRequestError(APIStatusError):
    """400, 413, 422 and other 4xx: the service will not take this request."""


class ContextLengthError(BadRequestError):
    """The messages are longer than the model's context."""


class AuthenticationError(APIStatusError):
    """401: the key is missing or wrong."""


class InsufficientCreditsError(APIStatusError):
    """402: the balance or the key's limit is used up."""


class PermissionDeniedError(APIStatusError):
    """403: not allowed, moderated, or refused in this region."""


class NotFoundError(APIStatusError):
    """404: no such model, or no endpoint of it that supports the request."""


class RateLimitError(APIStatusError):
    """429: too many requests; `.retry_after` says how long to wait, in seconds, if the service said."""


class ProviderError(APIStatusError):
    """5xx: the service or the provider behind it failed."""


class StreamError(APIError):
    """A stream broke, ended without a finish, or reported an error.

    Args:
        message: What happened.
        partial: The `Completion` of what had come, uncommitted; None if nothing had.
        retryable: See `APIError`.
        retry_after: See `APIError`.
        request_id: See `APIError`.
        error_type: The service's own class of the error; None if the stream broke without a word.
    """

    def __init__(
        self,
        message: str,
        *,
        partial: object = None,
        retryable: bool = True,
        retry_after: float | None = None,
        request_id: str | None = None,
        error_type: str | None = None,
    ) -> None:
        super().__init__(message, retryable=retryable, retry_after=retry_after, request_id=request_id)
        self.partial = partial
        self.error_type = error_type


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
    """The model's answer never became a valid output."""


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
