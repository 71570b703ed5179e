"""An ensemble as a model: each answer, and each call, is the one that its members voted for."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal, TypeAlias, cast

from typing_extensions import Unpack

from callwright._json import JsonObject, JsonValue
from callwright.errors import APIError, APIStatusError, BadRequestError, ParameterError, ProviderError, QuorumError
from callwright.model import NO_SCOPE, Model, Price, Priced, Scope, Service
from callwright.models.fallback import Fallback
from callwright.query import compact, members
from callwright.query.asked import Query, format_meaning, root_of
from callwright.query.config import QueryLLM
from callwright.query.engine import Poll
from callwright.query.modelmap import Models, slugs_of
from callwright.query.outcomes import Failure, Written
from callwright.query.policy import Policy, Table, VoteOptions
from callwright.query.result import QueryResult
from callwright.query.settings import Mode
from callwright.query.till import Till
from callwright.query.wireresult import usage_wire
from callwright.service.whole import tell_whole
from callwright.wire.chat import ChatRequest, Completion, Usage
from callwright.wire.profile import Profile

__all__ = ["EnsembleModel", "QueryModel", "When", "ensemble", "jury", "self_consistency"]

When: TypeAlias = Literal["always", "unsafe"]
"""When an ensemble votes: for each answer; or only where a tool is about to be called that may change something."""

_BALLOT_TOKENS = 512
"""What a ballot says besides its candidates takes no more tokens."""
_REPLIES = 2
"""A voter may be asked once more."""
_CLIENT_ERRORS = range(400, 500)


class EnsembleModel:
    """Asks an ensemble for each answer, and gives the one that was voted for.

    First it is decided what kind of turn it is: which tools are called, or an answer; then which of those that were
    written. Members that select are asked only if no candidate has the majority of its kind; without them the candidate
    wins that agrees best with the others. A call is never put together from several ones. An ensemble of which no
    member generates, such as a jury, writes candidates as well: each member as it would answer by itself.

    The votes stand in `Completion.extra["votes"]`, the usage is that of all requests. Who listens hears the answer once
    it is chosen, in one piece.

    Args:
        model: An ensemble, or its text form.
        client: Gives the members' models. Default: the one of the agent that asks, else the process-wide client.
        when: `unsafe`: the heaviest member answers alone, unless it calls a tool that is not `read_only`; then its turn
            is one of the candidates.
        table: See `QueryOptions`.
        options: See `VoteOptions`. Default of `stop`: `none`, so that all are asked to write; with another rule the
            confidence is what it is at least.

    Raises:
        ParameterError: An option is unknown or out of range, or the text is no ensemble.
    """

    __slots__ = (
        "_client",
        "_config",
        "_models",
        "_options",
        "_policy",
        "_profile",
        "_table",
        "_voters",
        "_when",
        "_writers",
    )

    def __init__(
        self,
        model: members.QueryModel | str,
        *,
        client: Service | Mapping[str, Model] | None = None,
        when: When = "always",
        table: Table | None = None,
        **options: Unpack[VoteOptions],
    ) -> None:
        if when not in ("always", "unsafe"):
            raise ParameterError(f"when: expected 'always' or 'unsafe'; got {when!r}")
        self._config = compact.ensemble(model) if isinstance(model, str) else model
        self._client = client
        self._when: When = when
        self._table = table
        # Who stops early does not know how many agree, which is what approval depends on.
        self._policy = Policy.of(options, by_shape=True, stop="none")
        self._options = options
        self._models = Models(client, slugs_of(self._config))
        self._profile: Profile | None = None
        self._voters = self._config.selectors
        self._writers = self._config.generators or tuple((slot, _writing(llm)) for slot, llm in self._voters)

    @property
    def name(self) -> str:
        """The id of the ensemble."""
        return self._config.name

    @property
    def profile(self) -> Profile:
        """Of the members' models, without what one of them does not understand."""
        if self._profile is None:
            self._profile = Fallback(*(self._models[llm.id] for llm in self._config.models)).profile
        return self._profile

    def bound(self, service: Service) -> EnsembleModel:
        """Return the same ensemble asking the models of `service`; itself, if it was given a client."""
        if self._client is not None:
            return self
        return EnsembleModel(self._config, client=service, when=self._when, table=self._table, **self._options)

    async def price(self) -> Price | None:
        """Return what an answer costs at worst, when each request is capped alike; None if that is not known.

        Raises:
            APIError: A price list could not be had.
        """
        parts: list[Price] = []
        written = len(self._writers) * self._policy.n
        for _, llm in self._writers:
            price = await self._dearest(llm)
            if price is None:
                return None
            parts += [price] * self._policy.n
        for _, llm in self._voters:
            price = await self._dearest(llm)
            if price is None:
                return None
            # A voter reads what all have written.
            ballot = Price(
                price.prompt, price.completion + written * price.prompt, price.request + _BALLOT_TOKENS * price.prompt
            )
            parts += [ballot] * (self._policy.replicates * _REPLIES)
        zero = Decimal(0)
        return Price(
            sum((part.prompt for part in parts), zero),
            sum((part.completion for part in parts), zero),
            sum((part.request for part in parts), zero),
        )

    async def _dearest(self, llm: QueryLLM) -> Price | None:
        """Return the price of the dearest model that a member may fall back to."""
        found: list[Price] = []
        for slug in llm.slugs:
            model = self._models[slug]
            price = await model.price() if isinstance(model, Priced) else None
            if price is None:
                return None
            found.append(price)
        return max(found, key=lambda price: (price.completion, price.prompt))

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """Return the answer that was voted for.

        Raises:
            APIError: Too few members said anything that counts; that of the members, if it is the same for all.
            BudgetError: There was too little to come to any answer.
            StoreError: A paid answer could not be remembered.
        """
        till = Till(scope, concurrency=self._policy.concurrency)
        poll = Poll(self._asked(request), self._models, till, table=self._table)
        first = await poll.first() if self._when == "unsafe" else None
        if isinstance(first, Written) and _is_safe(first.completion, scope):
            completion = first.completion
        else:
            completion = await self._voted(poll, till)
        await tell_whole(completion, scope.listen)
        return completion

    async def _voted(self, poll: Poll, till: Till) -> Completion:
        try:
            result = await poll.run()
        except QuorumError as error:
            spare = _spare(poll.failures)
            if spare is None:
                raise _failed(error, poll.failures, till.usage) from error
            # Cut, or a call that cannot be run: who asked knows what to say to that.
            return _summed(spare, till.usage)
        if result.completion is None:  # pragma: no cover - nothing is given here, so that the winner was written
            raise AssertionError("a winner that nobody wrote")
        return _summed(result.completion, till.usage, result)

    def _asked(self, request: ChatRequest) -> Query:
        """Return the query that a request is."""
        params = dict(cast("JsonObject", request.params.raw))
        given = params.pop("response_format", None)
        response_format = given if isinstance(given, Mapping) else None
        sent, meaning = format_meaning(response_format)
        seed = params.pop("seed", None)
        policy = replace(self._policy, seed=seed) if isinstance(seed, int) else self._policy
        return Query(
            model=self._config,
            messages=tuple(request.messages),
            policy=policy,
            writers=self._writers,
            voters=self._voters,
            tools=request.tools,
            tool_choice=request.tool_choice,
            params=params,
            headers=request.headers,
            response_format=sent,
            meaning=meaning,
            root=root_of(self._config, request.messages, response_format, seed=policy.seed),
        )

    def __repr__(self) -> str:
        return f"EnsembleModel({compact.text_of(self._config)!r}, when={self._when!r})"


class QueryModel(members.QueryModel):
    """An ensemble of Query LLMs, which is a model as well: `Agent(jury([...]))` asks it as `EnsembleModel` does."""

    @property
    def profile(self) -> Profile:
        """See `EnsembleModel.profile`."""
        return EnsembleModel(self).profile

    def bound(self, service: Service) -> EnsembleModel:
        """Return the model that asks the members at `service`."""
        return EnsembleModel(self, client=service)

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        """See `EnsembleModel.complete`."""
        return await EnsembleModel(self).complete(request, scope)

    def __eq__(self, other: object) -> bool:
        # Also of the configuration alone, from which texts and wires are made.
        if not isinstance(other, members.QueryModel):
            return NotImplemented
        return (self.models, self.weight) == (other.models, other.weight)

    def __hash__(self) -> int:
        return hash((self.models, self.weight))


def ensemble(text: str) -> QueryModel:
    """Return the ensemble that a text describes, see `callwright.query.compact`.

    Raises:
        ParameterError: It cannot be read; says where.
    """
    return _made(compact.ensemble(text))


def jury(voters: str | Sequence[str | QueryLLM], *, mode: Mode = "select_non_thinking") -> QueryModel:
    """Return an ensemble of voters, for questions whose choices are given; as a model, they write candidates, too.

    Args:
        voters: Configurations and members in their text form; a text may name several.
        mode: Of those that name none.

    Raises:
        ParameterError: A text cannot be read, or there are not 1 to 128 voters.

    Source: Verga et al., PoLL, arXiv 2404.18796: small judges of several families.
    """
    return _made(compact.jury(voters, mode=mode))


def self_consistency(model: str | QueryLLM, n: int) -> QueryModel:
    """Return an ensemble that asks one model `n` times and takes the answer that came most often.

    Args:
        model: A slug, or a configuration that writes; its temperature should not be 0, or all answers are one.
        n: 1 to 128; most of the gain comes with the first 5 to 10.

    Raises:
        ParameterError: `n` is out of range, or the configuration votes.

    Source: Wang et al., Self-Consistency, arXiv 2203.11171.
    """
    return _made(compact.self_consistency(model, n))


def _made(model: members.QueryModel) -> QueryModel:
    return QueryModel(model.models, model.weight)


def _writing(llm: QueryLLM) -> QueryLLM:
    """Return how a member that votes would write."""
    return replace(llm, mode="generate", select_top_logprobs=None)


def _is_safe(completion: Completion, scope: Scope) -> bool:
    return all(call.name in scope.safe for call in completion.tool_calls)


def _spare(failures: Sequence[Failure]) -> Completion | None:
    """Return an answer that came, although it can be no candidate."""
    came = [
        one.completions[-1] for one in failures if one.phase == "generate" and one.error is None and one.completions
    ]
    return next((one for one in came if one.tool_calls or one.text or one.is_cut), None)


def _summed(completion: Completion, usage: Usage, result: QueryResult | None = None) -> Completion:
    """Return an answer with the usage of all requests, and with the votes for it."""
    raw: dict[str, JsonValue] = {**completion.raw, "usage": usage_wire(usage)}
    raw["callwright_context_tokens"] = completion.usage.total_tokens
    if result is not None:
        raw["callwright_votes"] = result.summary()
    made = Completion(raw)
    made.timing = completion.timing
    return made


def _failed(error: QuorumError, failures: Sequence[Failure], usage: Usage) -> APIError:
    """Return the error of an ensemble of which too few answered: the members' own, if all have the same."""
    errors = [failure.error for failure in failures]
    first = errors[0] if errors else None
    partial = Completion({"usage": usage_wire(usage), "choices": []})
    if isinstance(first, APIError) and all(type(other) is type(first) for other in errors):
        same = copy.copy(first)
        same.partial, same.maybe_billed = partial, True
        same.add_note(f"of all members of the ensemble: {error}")
        return same
    code = getattr(error, "code", 500)
    kind: type[APIStatusError] = BadRequestError if code in _CLIENT_ERRORS else ProviderError
    return kind(str(error), status=code, partial=partial, maybe_billed=True)
