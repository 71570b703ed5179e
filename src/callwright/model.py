"""A model: anything that can be asked, and what is passed along while it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeAlias, runtime_checkable

from callwright.errors import APIError
from callwright.wire.chat import ChatRequest, Completion, Delta, Usage
from callwright.wire.profile import Profile

__all__ = [
    "NO_SCOPE",
    "Bindable",
    "Failures",
    "Ledger",
    "Listener",
    "Memo",
    "Model",
    "Price",
    "Priced",
    "Restarted",
    "Retried",
    "Scope",
    "Service",
]


@dataclass(frozen=True, slots=True)
class Retried:
    """A request failed and is sent again."""

    attempt: int
    """The attempt that failed, counted from 1."""
    wait: float
    """Seconds until the next one."""
    error: APIError


@dataclass(frozen=True, slots=True)
class Restarted:
    """A stream broke after deltas were delivered and is asked for anew: forget those deltas."""

    attempt: int
    """The attempt that broke, counted from 1."""
    error: APIError
    """Why; `error.partial` is what had come."""
    wait: float = 0.0
    """Seconds until the next one."""
    ignored: str | None = None
    """The provider that is not asked again; None if any may be."""


Listener: TypeAlias = Callable[[Delta | Retried | Restarted], Awaitable[None]]
"""Takes what happens while a model answers."""

Failures: TypeAlias = Callable[[APIError, Completion | None, Usage], Awaitable[None]]
"""Takes why an attempt failed, what had come of it, and what it used."""


class Ledger(Protocol):
    """Where requests are booked, shared by all that spend from one budget."""

    def admit(self) -> None:
        """Allow one more request.

        Raises:
            BudgetError: Nothing is left.
        """
        ...

    def settle(self, usage: Usage) -> None:
        """Book what a request used."""
        ...

    @property
    def remaining(self) -> Decimal | None:
        """US dollars that are neither spent nor set aside; None if there is no limit in money."""
        ...

    def reserve(self, amount: Decimal) -> bool:
        """Set `amount` US dollars aside; return whether there is as much."""
        ...

    def release(self, amount: Decimal) -> None:
        """Give back what was set aside."""
        ...


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in US dollars."""

    prompt: Decimal
    """Per token of the prompt."""
    completion: Decimal
    """Per token of the answer."""
    request: Decimal = Decimal(0)
    """Per request."""


class Memo(Protocol):
    """Keeps the paid parts of one ask, so that they survive a crash."""

    def get(self, key: str) -> Completion | None:
        """Return the part that was paid for before; None if there is none."""
        ...

    async def put(self, key: str, completion: Completion) -> None:
        """Keep a paid part."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What surrounds one ask. All of it is optional: a bare `complete(request)` works."""

    listen: Listener | None = None
    """Hears deltas; a model may stream only if somebody listens."""
    run_id: str | None = None
    step: int = 0
    """The step of the run that asks, from 1; 0 outside a run."""
    deadline: float | None = None
    """On the clock's `monotonic`, in seconds; None for no deadline."""
    budget: Ledger | None = None
    """Booked by who asks. A model that sends several requests for one answer has each further one admitted."""
    memo: Memo | None = None
    restart: bool = False
    """Whether the listener understands `Restarted` also after text: without, a stream that broke then is an error."""
    failed: Failures | None = None
    """Told of each attempt that may have been paid for, and is followed by another one; who asks books it. The last
    attempt is told by the error that `complete` raises."""
    safe: frozenset[str] = frozenset()
    """The names of the tools that change nothing, so that calling them needs no second opinion."""


NO_SCOPE = Scope()
"""Nobody listens, nothing limits."""


class Model(Protocol):
    """Anything that can be asked: a service, a script, an ensemble, a cache before another model."""

    @property
    def name(self) -> str:
        """Shown in records and logs."""
        ...

    @property
    def profile(self) -> Profile:
        """How messages are put on its wire."""
        ...

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """Return the answer to `request`, whole.

        Raises:
            APIError: Asking failed.
        """
        ...


@runtime_checkable
class Priced(Protocol):
    """A model that knows what it costs."""

    async def price(self) -> Price | None:
        """Return its price; None if that is not known."""
        ...


class Service(Protocol):
    """Gives models by name; a `Client` is one."""

    def chat(self, slug: str | None = None) -> Model:
        """Return the model of that name; None is the account's default."""
        ...


@runtime_checkable
class Bindable(Protocol):
    """A model that asks other models by name; an ensemble is one."""

    def bound(self, service: Service) -> Model:
        """Return the same asking the models of `service`; itself, if it has models of its own."""
        ...
