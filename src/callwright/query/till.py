"""A till: every request of a query passes it, is paid for, counted, and remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

import anyio

from callwright._json import JsonObject
from callwright.errors import APIError, BudgetError, ParameterError
from callwright.model import NO_SCOPE, Ledger, Memo, Model, Price, Priced, Scope
from callwright.spending import MOST_TOKENS
from callwright.wire.chat import NO_USAGE, ChatRequest, Completion, Encoded, Usage
from callwright.wire.params import implied

__all__ = ["Till"]

_NO_PRICE = Price(Decimal(0), Decimal(0))
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class _Reserve:
    """What is set aside for one request."""

    request: ChatRequest
    """Capped, so that it costs no more."""
    price: Price
    amount: Decimal


class Till:
    """Asks models and pays for it.

    Args:
        scope: What surrounds the query. In a run, the run books the sum and has admitted the first request.
        budget: Pays, if there is no run; each request is booked by itself.
        memo: Remembers what was paid for; the scope's, if it has one.
        concurrency: Requests under way at the same time.
    """

    __slots__ = ("_admitted", "_budget", "_memo", "_prices", "_room", "_scope", "requests", "usage")

    def __init__(
        self,
        scope: Scope = NO_SCOPE,
        *,
        budget: Ledger | None = None,
        memo: Memo | None = None,
        concurrency: int = 16,
    ) -> None:
        self._scope = scope
        self._budget = budget if scope.budget is None else None
        self._memo = memo if scope.memo is None else scope.memo
        self._room = anyio.Semaphore(concurrency)
        self._admitted = scope.budget is not None
        self._prices: dict[str, Price] = {}
        self.usage = NO_USAGE
        """Of all that came, what was remembered included; but not of attempts that the run was told of."""
        self.requests = 0
        """Answered, failed or remembered."""

    async def complete(self, model: Model, request: ChatRequest, key: str) -> Completion:
        """Return the answer to a request, or the one that was paid for before.

        Args:
            model: Who is asked.
            request: What.
            key: Names the request among all of the query.

        Raises:
            APIError: Asking failed.
            BudgetError: It cannot be paid for; nothing was sent.
            ParameterError: The request cannot be sent, or nobody knows what the model costs.
            StoreError: The answer could not be remembered.
        """
        known = None if self._memo is None else self._memo.get(key)
        if known is not None:
            self._count(known.usage)
            return known
        async with self._room:
            reserve = await self._admit(model, request)
            try:
                return await self._asked(model, reserve, key)
            finally:
                if self._budget is not None and reserve.amount:
                    self._budget.release(reserve.amount)

    async def _asked(self, model: Model, reserve: _Reserve, key: str) -> Completion:
        scope = replace(self._scope, listen=None, memo=None, budget=self._ledger, failed=self._failed)
        try:
            completion = await model.complete(reserve.request, scope)
        except APIError as error:
            await self._lost(error)
            raise
        self._count(completion.usage)
        if self._budget is not None:
            self._budget.settle(_billed(completion.usage, reserve))
        if self._memo is not None:
            # What was paid for is remembered also if nobody waits for it any more.
            with anyio.CancelScope(shield=True):
                await self._memo.put(key, completion)
        return completion

    @property
    def _ledger(self) -> Ledger | None:
        return self._scope.budget if self._budget is None else self._budget

    def _count(self, usage: Usage) -> None:
        self.usage += usage
        self.requests += 1

    async def _lost(self, error: APIError) -> None:
        """Count what a request that failed for good may have used; the query goes on without it."""
        partial = error.partial if isinstance(error.partial, Completion) else None
        usage = NO_USAGE if partial is None else partial.usage
        if error.maybe_billed or partial is not None:
            await self._failed(error, partial, usage)
        elif self._budget is not None:
            self._budget.settle(usage)
        self.requests += 1

    async def _failed(self, error: APIError, partial: Completion | None, usage: Usage) -> None:
        """Book an attempt that came to nothing: by the run, if there is one, else here."""
        if self._scope.failed is not None:
            await self._scope.failed(error, partial, usage)
            return
        self.usage += usage
        if self._budget is not None:
            self._budget.settle(usage)

    async def _admit(self, model: Model, request: ChatRequest) -> _Reserve:
        """Return what may be sent, once it is known to be paid for.

        Raises:
            BudgetError: It is not.
            ParameterError: Nobody knows what the model costs.
        """
        if self._admitted:
            # By who asks the ensemble, before it knew that there would be others.
            self._admitted = False
        elif self._ledger is not None:
            self._ledger.admit()
        free = _Reserve(request, _NO_PRICE, Decimal(0))
        if self._budget is None or self._budget.remaining is None:
            return free
        price = await self._price(model)
        params = cast("JsonObject", request.params.raw)
        given = [params.get(name) for name in ("max_completion_tokens", "max_tokens")]
        tokens = next((number for number in given if isinstance(number, int) and number > 0), MOST_TOKENS)
        size = len(request.body(model.profile, model=model.name, stream=False))
        amount = price.request + price.prompt * size + price.completion * tokens
        if not self._budget.reserve(amount):
            raise BudgetError(f"not enough is left to ask {model.name}: it may cost {amount} US dollars")
        values: JsonObject = {"max_tokens": tokens, "max_price": _max_price(price)}
        added = implied(params, features=["cost limit"], profile=model.profile, values=values)
        return _Reserve(replace(request, params=Encoded({**params, **added})), price, amount)

    async def _price(self, model: Model) -> Price:
        if model.name not in self._prices:
            price = await model.price() if isinstance(model, Priced) else None
            if price is None:
                raise ParameterError(f"a budget in money needs the price of {model.name!r}, which is not known")
            self._prices[model.name] = price
        return self._prices[model.name]


def _billed(usage: Usage, reserve: _Reserve) -> Usage:
    """Return usage with its cost: as billed, else what its tokens cost."""
    if usage.cost is not None or not reserve.amount:
        return usage
    price = reserve.price
    cost = price.request + price.prompt * usage.prompt_tokens + price.completion * usage.completion_tokens
    return replace(usage, cost=cost if usage.total_tokens else reserve.amount)


def _max_price(price: Price) -> Mapping[str, str]:
    """Return the highest price that a provider may have, in US dollars per million tokens."""
    amounts = {"prompt": price.prompt, "completion": price.completion}
    return {name: f"{(amount * _MILLION).normalize():f}" for name, amount in amounts.items()}
