"""A directory: what can be asked of a service beside chatting: its models, the key, what was generated, embeddings."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import TypeAlias, TypeVar, TypeVarTuple
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import Unpack

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright._gates import Gate
from callwright._json import JsonObject, JsonValue, decode
from callwright.errors import (
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    ParameterError,
)
from callwright.model import Price
from callwright.service._http import Http, Reply
from callwright.service.catalogue import (
    Credits,
    Endpoint,
    Generation,
    KeyInfo,
    ModelInfo,
    base_slug,
    models_of,
    resolved,
    unknown_model,
)
from callwright.service.embeddings import (
    EmbeddingInput,
    EmbeddingParams,
    Embeddings,
    batches_of,
    embedding_body,
    embeddings_of,
)
from callwright.service.failures import status_error
from callwright.service.retry import Retry
from callwright.service.views import object_of, objects

__all__ = ["Directory"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_OK = 200
_HOUR = 3600.0
_PATIENCE = 20.0
_POLL = 1.0
"""Seconds between two questions for a generation that is not known yet."""
_PAGES = 100
_BATCH = 256
_Listed: TypeAlias = tuple[float, tuple[ModelInfo, ...]]
"""When a list came, on the clock's `monotonic`, and what it holds."""
_SLUG = re.compile(r"[^.@/?#\s][^/?#\s]*/[^./?#\s][^/?#\s]*")


class Directory:
    """What a service says beside its answers. Serves any number of event loops and threads.

    Failed requests are sent again as the retry policy says.

    Args:
        http: The way to the service.
        retry: When to ask again.
        clock: Says how old a list is, and waits.
        problem: Why nothing can be asked that needs a key; raised at the first such request.
    """

    __slots__ = ("_clock", "_gate", "_http", "_known", "_listed", "_problem", "_retry")

    def __init__(self, http: Http, *, retry: Retry, clock: Clock = SYSTEM_CLOCK, problem: str | None = None) -> None:
        self._http = http
        self._retry = retry
        self._clock = clock
        self._problem = problem
        self._gate = Gate()
        self._listed: _Listed | None = None
        self._known: dict[str, ModelInfo | None] = {}

    async def models(
        self, *, supported_parameters: str | Iterable[str] = (), max_age: float = _HOUR
    ) -> tuple[ModelInfo, ...]:
        """Return the models of the service, in its order. The list is fetched once and kept.

        From then on requests are checked against it: see `strict` of `Client`.

        Args:
            supported_parameters: Only models that say they take all of these, such as `"tools"`.
            max_age: How old the kept list may be, in seconds; 0 fetches it anew. Default: an hour.

        Raises:
            APIError: Asking failed.
        """
        wanted = (supported_parameters,) if isinstance(supported_parameters, str) else tuple(supported_parameters)
        listed = self._listed
        if listed is None or not self._clock.monotonic() - listed[0] < max_age:
            listed = await self._newer(listed)
        return tuple(model for model in listed[1] if not wanted or model.supports(*wanted))

    def models_sync(
        self, *, supported_parameters: str | Iterable[str] = (), max_age: float = _HOUR
    ) -> tuple[ModelInfo, ...]:
        """See `models`."""

        async def models() -> tuple[ModelInfo, ...]:
            return await self.models(supported_parameters=supported_parameters, max_age=max_age)

        return _run_sync(models)

    async def model_info(self, slug: str, *, max_age: float = _HOUR) -> ModelInfo:
        """Return what the service says of one model.

        Args:
            slug: As it would be sent: an id, a canonical slug, an alias such as `~author/family-latest`, with a variant
                or a preset. `:free` and the like are models of their own; `:nitro`, `:floor`, `:exacto`, `:online` and
                `:batch` say how to route to one.
            max_age: See `models`.

        Raises:
            NotFoundError: There is no such model; names those whose names are near.
            APIError: Asking failed.
        """
        models = await self.models(max_age=max_age)
        found = self.known(slug)
        if found is not None:
            return found
        # The list leaves out models that only some may use, or that make no text.
        base = base_slug(slug)
        if not _SLUG.fullmatch(base):
            raise unknown_model(slug, models)
        try:
            raw = await self._asked(f"/model/{base}", needs_key=False)
        except (NotFoundError, BadRequestError):
            raise unknown_model(slug, models) from None
        return ModelInfo(_of(raw))

    def model_info_sync(self, slug: str, *, max_age: float = _HOUR) -> ModelInfo:
        """See `model_info`."""

        async def model_info() -> ModelInfo:
            return await self.model_info(slug, max_age=max_age)

        return _run_sync(model_info)

    async def price(self, slug: str | None) -> Price | None:
        """Return what a model costs; None if it is not in the list, or its price is known only after routing.

        Raises:
            APIError: The list could not be had.
        """
        try:
            info = None if slug is None else await self.model_info(slug)
        except NotFoundError:
            return None
        cost = None if info is None else info.pricing
        if cost is None or cost.prompt is None or cost.completion is None:
            return None
        return Price(cost.prompt, cost.completion, cost.request or Decimal(0))

    def known(self, slug: str | None) -> ModelInfo | None:
        """Return what the list at hand says of a model, whatever its age; None if there is none. Asks nobody."""
        if self._listed is None or slug is None:
            return None
        known = self._known
        if slug not in known:
            known[slug] = resolved(slug, self._listed[1])
        return known[slug]

    async def endpoints(self, slug: str) -> tuple[Endpoint, ...]:
        """Return the endpoints of a model: who serves it, at what price, how well.

        Args:
            slug: See `model_info`.

        Raises:
            ParameterError: It is no slug of one model.
            NotFoundError: There is no such model.
            APIError: Asking failed.
        """
        base = base_slug(slug)
        if not _SLUG.fullmatch(base):
            raise ParameterError(f"endpoints: expected a slug such as 'openai/gpt-4o-mini'; got {slug!r}")
        raw = await self._asked(f"/models/{base}/endpoints", needs_key=False)
        return tuple(Endpoint(entry) for entry in objects(_of(raw).get("endpoints")))

    def endpoints_sync(self, slug: str) -> tuple[Endpoint, ...]:
        """See `endpoints`."""
        return _run_sync(self.endpoints, slug)

    async def generation(self, generation_id: str, *, patience: float = _PATIENCE) -> Generation:
        """Return the audit of an answer: its cost, who served it, how long it took.

        Args:
            generation_id: `Completion.id`.
            patience: The service knows a generation only some seconds after its answer: how long to go on asking, once
                a second, in seconds; 0 asks once.

        Raises:
            NotFoundError: The service does not know it, after all this time.
            APIError: Asking failed.
        """
        started = self._clock.monotonic()
        while True:
            try:
                return Generation(_of(await self._asked("/generation", {"id": generation_id})))
            except NotFoundError:
                if self._clock.monotonic() - started + _POLL > patience:
                    raise
            await self._clock.sleep(_POLL)

    def generation_sync(self, generation_id: str, *, patience: float = _PATIENCE) -> Generation:
        """See `generation`."""

        async def generation() -> Generation:
            return await self.generation(generation_id, patience=patience)

        return _run_sync(generation)

    async def key(self) -> KeyInfo:
        """Return what the service says of the key: what it may spend and has spent.

        Raises:
            APIError: Asking failed.
        """
        return KeyInfo(_of(await self._asked("/key")))

    def key_sync(self) -> KeyInfo:
        """See `key`."""
        return _run_sync(self.key)

    async def credits(self) -> Credits:
        """Return the balance of the account; some services tell it only to a management key.

        Raises:
            APIError: Asking failed.
        """
        return Credits(_of(await self._asked("/credits")))

    def credits_sync(self) -> Credits:
        """See `credits`."""
        return _run_sync(self.credits)

    async def embeddings(
        self, inputs: EmbeddingInput, *, model: str, batch_size: int = _BATCH, **params: Unpack[EmbeddingParams]
    ) -> Embeddings:
        """Return a vector for each input, in the order of the inputs.

        Args:
            inputs: A text, texts, or tokens, see `EmbeddingInput`.
            model: Such as `openai/text-embedding-3-small`.
            batch_size: How many inputs one request holds at most; the requests are sent one after the other.
            params: See `EmbeddingParams`.

        Raises:
            ParameterError: An input or a parameter is wrong; nothing was sent.
            APIError: Asking failed. A note says how many inputs were embedded, and paid for, before.
        """
        batches = batches_of(inputs, batch_size)
        bodies = [(embedding_body(batch, model=model, params=params), size) for batch, size in batches]
        made: Embeddings | None = None
        for body, size in bodies:
            try:
                raw = await self._sent(partial(self._http.post, "/embeddings", body))
                part = embeddings_of(object_of(raw), size)
            except APIError as error:
                if made is not None:
                    error.add_note(f"{len(made)} inputs were embedded before; their vectors are lost")
                raise
            made = part if made is None else made + part
        if made is None:  # pragma: no cover - there is at least one batch
            raise ParameterError("inputs: expected at least one")
        return made

    def embeddings_sync(
        self, inputs: EmbeddingInput, *, model: str, batch_size: int = _BATCH, **params: Unpack[EmbeddingParams]
    ) -> Embeddings:
        """See `embeddings`."""

        async def embeddings() -> Embeddings:
            return await self.embeddings(inputs, model=model, batch_size=batch_size, **params)

        return _run_sync(embeddings)

    async def _newer(self, old: _Listed | None) -> _Listed:
        """Return another list than `old`, fetched once for all who ask at the same time."""
        async with self._gate:
            listed = self._listed
            if listed is None or listed is old:
                models = await self._fetched()
                listed = self._listed = (self._clock.monotonic(), models)
                self._known = {}
            return listed

    async def _fetched(self) -> tuple[ModelInfo, ...]:
        """Return all pages of the list."""
        models: list[ModelInfo] = []
        query: Mapping[str, str] = {}
        for _ in range(_PAGES):
            raw = await self._asked("/models", query, needs_key=False)
            page = models_of(raw)
            models += page
            following = object_of(object_of(raw).get("links")).get("next") if isinstance(raw, Mapping) else None
            # Only its query is taken: an address in an answer must not lead the key elsewhere.
            further = dict(parse_qsl(urlsplit(following).query)) if isinstance(following, str) else {}
            if not page or not further or further == query:
                break
            query = further
        return tuple(models)

    async def _asked(self, path: str, query: Mapping[str, str] | None = None, *, needs_key: bool = True) -> JsonValue:
        return await self._sent(partial(self._http.get, path, query), needs_key=needs_key)

    async def _sent(self, send: Callable[[], Awaitable[Reply]], *, needs_key: bool = True) -> JsonValue:
        """Return the decoded body of an answer; ask again as the policy says.

        Raises:
            APIError: Asking failed.
        """
        if needs_key and self._problem is not None:
            raise AuthenticationError(self._problem, status=401)
        started, attempt = self._clock.monotonic(), 0
        while True:
            attempt += 1
            try:
                return self._read(await send())
            except APIError as error:
                wait = self._retry.wait(error, attempt=attempt, elapsed=self._clock.monotonic() - started)
                if wait is None:
                    raise
            await self._clock.sleep(wait)

    def _read(self, reply: Reply) -> JsonValue:
        try:
            raw = decode(reply.body) if reply.status == _OK else None
        except ValueError:
            raw = None
        if raw is None or not isinstance(raw, dict | list) or (isinstance(raw, dict) and raw.get("error")):
            raise self._failure(reply, raw)
        return raw

    def _failure(self, reply: Reply, raw: JsonValue) -> APIStatusError:
        return status_error(reply.status, reply.headers, reply.body, now=self._clock.wall(), raw=raw)


def _of(raw: JsonValue) -> JsonObject:
    """Return what an answer wraps in `data`; itself if it wraps nothing."""
    whole = object_of(raw)
    inner = whole.get("data")
    return inner if isinstance(inner, Mapping) else whole


def _run_sync(function: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
    from callwright._sync import run_sync  # noqa: PLC0415 - a thread with a loop comes with the first sync call

    return run_sync(function, *args)
