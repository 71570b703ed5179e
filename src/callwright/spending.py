"""Spending: what a run's next request may cost at worst, set aside before it is sent, and the parts already paid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Generic, cast

from typing_extensions import TypeVar

from callwright._json import JsonObject, JsonValue
from callwright.errors import ParameterError
from callwright.model import Price, Priced
from callwright.plan import Plan
from callwright.run.limits import Budget
from callwright.run.records import Record, Voted
from callwright.run.state import RunState
from callwright.wire.chat import ChatRequest, Completion, Usage
from callwright.wire.messages import AssistantMessage

__all__ = ["MOST_TOKENS", "Allowance", "Paid", "Spending"]

T = TypeVar("T")

MOST_TOKENS = 8_192
"""The longest answer that is set money aside for, in tokens, unless `max_tokens` says otherwise."""

_LEAST_TOKENS = 256
"""The shortest final answer that is worth asking for, in tokens."""
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one request may use."""

    reserved: Decimal
    """US dollars."""
    values: JsonObject
    """`max_tokens` and `max_price`, for what is implied on the wire."""


class Paid:
    """The paid parts of one ask, kept as records of the run: a `Memo`.

    Args:
        state: Of the run; knows the parts that were paid for before the process died.
        ask: The ask.
        record: Keeps a record.
    """

    __slots__ = ("_ask", "_record", "_state")

    def __init__(self, state: RunState, ask: int, record: Callable[[Record], Awaitable[None]]) -> None:
        self._state = state
        self._ask = ask
        self._record = record

    def get(self, key: str) -> Completion | None:
        """See `Memo.get`."""
        return self._state.votes.get(key)

    async def put(self, key: str, completion: Completion) -> None:
        """See `Memo.put`.

        Raises:
            StoreError: The record could not be kept.
        """
        await self._record(Voted(self._ask, key, completion))


class Spending(Generic[T]):
    """Sets money aside for the requests of a run that may cost only so much.

    Args:
        plan: What the run follows.
        state: Where it stands.
    """

    __slots__ = ("_ledgers", "_plan", "_price", "_state")

    def __init__(self, plan: Plan[T], state: RunState) -> None:
        self._plan = plan
        self._state = state
        self._price: Price | None = None
        own = plan.limits.cost
        ledgers = [] if own is None else [Budget(cost=max(Decimal(0), Decimal(str(own)) - (state.usage.cost or 0)))]
        shared = plan.budget
        self._ledgers = [*ledgers, *([shared] if shared is not None and shared.remaining is not None else [])]

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit in money."""
        return bool(self._ledgers)

    async def price(self) -> Price:
        """Return what the model costs.

        Raises:
            ParameterError: Nobody knows.
        """
        if self._price is None:
            model, given = self._plan.model, self._plan.limits.price
            known = await model.price() if given is None and isinstance(model, Priced) else given
            if known is None:
                told = f"a cost limit needs the price of {model.name!r}, which is not known"
                raise ParameterError(f"{told}; give Limits(price=Price(...)), in US dollars per token")
            self._price = known
        return self._price

    def reserve(self, request: ChatRequest, price: Price, *, final: bool) -> Allowance | None:
        """Set aside what a request costs at worst; None if there is less than that.

        Args:
            request: What is to be sent, but for its `max_tokens`.
            price: What the model costs.
            final: Whether less than the usual answer is enough.
        """
        fixed = price.request + price.prompt * self._prompt_tokens(request)
        asked = _asked_tokens(cast("JsonObject", request.params.raw))
        tokens = asked or MOST_TOKENS
        left = min(remaining for ledger in self._ledgers if (remaining := ledger.remaining) is not None)
        if final and price.completion and fixed + price.completion * tokens > left:
            tokens = min(tokens, int((left - fixed) / price.completion))
            if tokens < min(_LEAST_TOKENS, asked or _LEAST_TOKENS):
                return None
        worst = fixed + price.completion * tokens
        taken = [ledger for ledger in self._ledgers if ledger.reserve(worst)]
        if len(taken) < len(self._ledgers):
            for ledger in taken:
                ledger.release(worst)
            return None
        values: dict[str, JsonValue] = {"max_tokens": tokens, "max_price": _max_price(price)}
        return Allowance(worst, values)

    def billed(self, usage: Usage, allowance: Allowance | None) -> Usage:
        """Return usage with its cost: as billed, else what its tokens cost, else what was set aside for it."""
        price = self._price
        if usage.cost is not None or allowance is None or price is None:
            return usage
        cost = price.request + price.prompt * usage.prompt_tokens + price.completion * usage.completion_tokens
        return replace(usage, cost=cost if usage.total_tokens else allowance.reserved)

    def book(self, usage: Usage) -> None:
        """Count what was used; the shared budget is booked as it is without a limit in money."""
        for ledger in self._ledgers:
            if ledger is not self._plan.budget:
                ledger.settle(usage)

    def release(self, allowance: Allowance) -> None:
        """Give back what was set aside."""
        for ledger in self._ledgers:
            ledger.release(allowance.reserved)

    def _prompt_tokens(self, request: ChatRequest) -> int:
        """Return an upper bound: what the service counted last, and a token for each byte that came since."""
        profile, known = self._plan.model.profile, self._state.context_tokens
        size = 0
        for message in reversed(request.messages):
            if known and isinstance(message, AssistantMessage):
                return known + size
            size += len(message.wire(profile))
        return size + len(request.tools.json)


def _asked_tokens(params: JsonObject) -> int | None:
    given = [params.get(name) for name in ("max_completion_tokens", "max_tokens")]
    return next((number for number in given if isinstance(number, int)), None)


def _max_price(price: Price) -> Mapping[str, JsonValue]:
    """Return the highest price that a provider may have, as OpenRouter has it: US dollars per million tokens."""
    amounts = {"prompt": price.prompt, "completion": price.completion}
    return {name: f"{(amount * _MILLION).normalize():f}" for name, amount in amounts.items()}
