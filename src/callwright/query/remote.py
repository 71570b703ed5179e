"""The remote client: what ObjectiveAI's service says of configurations, ensembles and their use.

Source: the reference page of `POST /query_llms` and the SDK https://github.com/ObjectiveAI/objective_ai_js of October
2025. The service has moved on since: address and paths can be set.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright._json import JsonObject, JsonValue, decode, encode
from callwright._secrets import Hidden
from callwright._sync import run_sync
from callwright.errors import APIError, APIStatusError, AuthenticationError, ParameterError
from callwright.query.config import QueryLLM
from callwright.query.ids import is_content_id
from callwright.query.members import QueryModel
from callwright.query.remoteviews import (
    PATHS,
    QueryLLMInfo,
    QueryModelInfo,
    RemotePaths,
    moment_of,
    names_of,
    rfc3339,
    whole,
)
from callwright.service._deadlines import Timeouts
from callwright.service._http import Http, Reply
from callwright.service.credentials import head_of
from callwright.service.failures import status_error
from callwright.service.retry import Retry
from callwright.service.views import count as counted
from callwright.service.views import object_of

if TYPE_CHECKING:
    import httpx

__all__ = ["OBJECTIVEAI_URL", "ObjectiveAI", "RemoteWarning", "Sort"]

OBJECTIVEAI_URL = "https://api.objective-ai.io"

Sort: TypeAlias = Literal["created", "tokens", "completion_tokens", "prompt_tokens", "cost", "requests"]
_SORTS = ("created", "tokens", "completion_tokens", "prompt_tokens", "cost", "requests")

_CALLER = 4
"""Frames from a warning to who called a method."""
_OK = range(200, 300)
_NO_KEY = "me: expected a key, ObjectiveAI(api_key=...) or the variable OBJECTIVEAI_API_KEY; nothing was sent"


class RemoteWarning(UserWarning):
    """The service ignores what is asked for, or names a configuration otherwise than we do."""


class ObjectiveAI:
    """Asks ObjectiveAI's service, or one that speaks as it did in October 2025, about Query LLMs and Query Models.

    No key is needed for what is public. Failed requests are sent again as the retry policy says; errors are those of
    any other service, see `callwright.errors`.

    Args:
        api_key: Default: the variable `OBJECTIVEAI_API_KEY`, sent only to ObjectiveAI's own address.
        base_url: Where the API is.
        paths: Where things are below it: `query` as in October 2025, `score` as in November 2025, or your own.
        headers: Sent with every request.
        timeouts: See `Timeouts`.
        retry: When a failed request is sent again.
        http_client: Your own `httpx.AsyncClient`; it is used as it is and never closed.
        transport: Your own `httpx` transport under our client.
        clock: For tests.

    Raises:
        ParameterError: `base_url` is no http(s) address, or `paths` is unknown.
    """

    __slots__ = ("_clock", "_has_key", "_http", "_paths", "_retry")

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        paths: RemotePaths | Literal["query", "score", "ensemble"] = "query",
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        is_ours = base_url is None or base_url.rstrip("/") == OBJECTIVEAI_URL
        found = api_key or (os.environ.get("OBJECTIVEAI_API_KEY") if is_ours else None)
        url, key, fields = Hidden(base_url or OBJECTIVEAI_URL), Hidden(found) if found else None, Hidden(headers or {})
        # From here on something may fail, and a traceback shows what is local to this.
        api_key = base_url = headers = found = None
        if isinstance(paths, str) and paths not in PATHS:
            raise ParameterError(f"paths: expected one of {', '.join(PATHS)} or RemotePaths; got {paths!r}")
        self._paths = PATHS[paths] if isinstance(paths, str) else paths
        self._has_key = key is not None
        self._retry = retry or Retry()
        self._clock = clock
        self._http = Http(
            url,
            head_of(key, fields, app_url=None, app_title=None),
            timeouts=timeouts,
            http_client=http_client,
            transport=transport,
            clock=clock,
        )

    async def query_llm(
        self,
        llm: QueryLLM | str,
        *,
        metadata: bool = False,
        me: bool | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
    ) -> QueryLLMInfo:
        """Return a configuration as the service has it: checked, normalised and named.

        Args:
            llm: A configuration, which is sent; or the id of one, of 22 letters and digits.
            metadata: Whether to tell how it was used; without it the service ignores the other parameters, so they are
                not sent, and a `RemoteWarning` says so.
            me: Whether only your own use counts; needs a key.
            from_: The use since then: a moment with its time zone, or one in RFC 3339.
            to: The use before then.

        Raises:
            ParameterError: The id is none, or a moment has no time zone; nothing was sent.
            AuthenticationError: `me` without a key; nothing was sent.
            APIError: Asking failed.
        """
        query = self._window(metadata=metadata, me=me, from_=from_, to=to)
        wire = llm.to_wire() if isinstance(llm, QueryLLM) else None
        info = QueryLLMInfo(await self._about(self._paths.llms, wire, llm, query), llm)
        self._compare(info)
        return info

    def query_llm_sync(
        self,
        llm: QueryLLM | str,
        *,
        metadata: bool = False,
        me: bool | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
    ) -> QueryLLMInfo:
        """See `query_llm`."""
        return run_sync(partial(self.query_llm, llm, metadata=metadata, me=me, from_=from_, to=to))

    async def query_model(
        self,
        model: QueryModel | str,
        *,
        metadata: bool = False,
        me: bool | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
    ) -> QueryModelInfo:
        """Return an ensemble as the service has it; see `query_llm`.

        Raises:
            ParameterError: See `query_llm`.
            AuthenticationError: See `query_llm`.
            APIError: Asking failed.
        """
        query = self._window(metadata=metadata, me=me, from_=from_, to=to)
        wire = model.to_wire() if isinstance(model, QueryModel) else None
        info = QueryModelInfo(await self._about(self._paths.models, wire, model, query), model)
        self._compare(info)
        return info

    def query_model_sync(
        self,
        model: QueryModel | str,
        *,
        metadata: bool = False,
        me: bool | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
    ) -> QueryModelInfo:
        """See `query_model`."""
        return run_sync(partial(self.query_model, model, metadata=metadata, me=me, from_=from_, to=to))

    async def query_models(
        self,
        *,
        count: int | None = None,
        offset: int | None = None,
        me: bool | None = None,
        sort: Sort | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
    ) -> tuple[str, ...]:
        """Return the ids of the ensembles that the service knows.

        Args:
            count: How many, >= 1.
            offset: How many to leave out before, >= 0.
            me: Whether only those that you used; needs a key.
            sort: By what.
            from_: See `query_llm`.
            to: See `query_llm`.

        Raises:
            ParameterError: Something is out of range; nothing was sent.
            AuthenticationError: See `query_llm`.
            APIError: Asking failed.
        """
        query = self._window(metadata=True, me=me, from_=from_, to=to)
        del query["metadata"]
        for name, value, least in (("count", count, 1), ("offset", offset, 0)):
            if value is not None:
                query[name] = str(whole(name, value, least))
        if sort is not None:
            if sort not in _SORTS:
                raise ParameterError(f"sort: expected one of {', '.join(_SORTS)}; got {sort!r}")
            query["sort"] = sort
        return names_of(await self._sent(partial(self._http.get, self._paths.models, query)))

    def query_models_sync(
        self,
        *,
        count: int | None = None,
        offset: int | None = None,
        me: bool | None = None,
        sort: Sort | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
    ) -> tuple[str, ...]:
        """See `query_models`."""
        return run_sync(partial(self.query_models, count=count, offset=offset, me=me, sort=sort, from_=from_, to=to))

    async def count_query_models(
        self, *, me: bool | None = None, from_: datetime | str | None = None, to: datetime | str | None = None
    ) -> int:
        """Return how many ensembles the service knows; see `query_models`.

        Raises:
            ParameterError: See `query_models`.
            AuthenticationError: See `query_models`.
            APIError: Asking failed, or the answer says no number.
        """
        query = self._window(metadata=True, me=me, from_=from_, to=to)
        del query["metadata"]
        raw = await self._sent(partial(self._http.get, f"{self._paths.models}/count", query))
        found = counted(object_of(raw).get("count"))
        if found is None:
            raise status_error(502, {}, encode(raw), now=self._clock.wall(), raw=None)
        return found

    def count_query_models_sync(
        self, *, me: bool | None = None, from_: datetime | str | None = None, to: datetime | str | None = None
    ) -> int:
        """See `count_query_models`."""
        return run_sync(partial(self.count_query_models, me=me, from_=from_, to=to))

    async def mark(self, completion_id: str, correct_confidence_id: str) -> None:
        """Tell the service's own training table which answer of a completion was right.

        Args:
            completion_id: As the completion says.
            correct_confidence_id: The class id of the right answer.

        Raises:
            AuthenticationError: There is no key; nothing was sent.
            APIError: Asking failed.
        """
        body = encode({"correct_confidence_id": correct_confidence_id})
        await self._sent(partial(self._http.post, self._row_path(completion_id), body))

    def mark_sync(self, completion_id: str, correct_confidence_id: str) -> None:
        """See `mark`."""
        run_sync(self.mark, completion_id, correct_confidence_id)

    async def unmark(self, completion_id: str) -> None:
        """Take back what `mark` said.

        Raises:
            AuthenticationError: There is no key; nothing was sent.
            APIError: Asking failed.
        """
        await self._sent(partial(self._http.delete, self._row_path(completion_id)))

    def unmark_sync(self, completion_id: str) -> None:
        """See `unmark`."""
        run_sync(self.unmark, completion_id)

    # -- inside

    def _window(
        self, *, metadata: bool, me: bool | None, from_: datetime | str | None, to: datetime | str | None
    ) -> dict[str, str]:
        """Return the parameters of a request.

        Raises:
            ParameterError: A moment cannot be sent.
            AuthenticationError: `me` without a key.
        """
        if me and not self._has_key:
            raise AuthenticationError(_NO_KEY, status=401)
        moments = {name: moment_of(name, value) for name, value in (("from", from_), ("to", to)) if value is not None}
        if len(moments) > 1 and moments["from"] > moments["to"]:
            raise ParameterError(f"from_: expected a moment before `to`; got {from_!r} and {to!r}")
        query = {} if me is None else {"me": "true" if me else "false"}
        query |= {name: rfc3339(moment) for name, moment in moments.items()}
        if metadata:
            return {"metadata": "true", **query}
        if query:
            said = ", ".join(query)
            warnings.warn(f"{said}: ignored without metadata=True, and not sent", RemoteWarning, stacklevel=_CALLER)
        return {}

    async def _about(
        self, path: str, wire: JsonObject | None, asked: QueryLLM | QueryModel | str, query: Mapping[str, str]
    ) -> JsonObject:
        """Return what the service says of what is sent, or of an id."""
        if wire is not None:
            return object_of(await self._sent(partial(self._http.post, path, encode(wire), query=query)))
        if not is_content_id(asked):
            raise ParameterError(f"expected a configuration, or an id of 22 letters and digits; got {asked!r}")
        return object_of(await self._sent(partial(self._http.get, f"{path}/{asked}", query)))

    def _compare(self, info: QueryLLMInfo | QueryModelInfo) -> None:
        if info.hash_matches is False:
            warnings.warn(
                f"the service names it {info.name}; by its content it is {info.expected}", RemoteWarning, stacklevel=3
            )

    def _row_path(self, completion_id: str) -> str:
        if not self._has_key:
            raise AuthenticationError(_NO_KEY.removeprefix("me: "), status=401)
        if not completion_id or "/" in completion_id:
            raise ParameterError(f"completion_id: expected the id of a completion; got {completion_id!r}")
        return f"{self._paths.completions}/{completion_id}/training_table"

    async def _sent(self, send: Callable[[], Awaitable[Reply]]) -> JsonValue:
        """Return the decoded body of an answer; ask again as the policy says.

        Raises:
            APIError: Asking failed.
        """
        started, attempt = self._clock.monotonic(), 0
        while True:
            attempt += 1
            try:
                return self._read(await send())
            except APIError as error:
                error.attempts = attempt
                wait = self._retry.wait(error, attempt=attempt, elapsed=self._clock.monotonic() - started)
                if wait is None:
                    raise
            await self._clock.sleep(wait)

    def _read(self, reply: Reply) -> JsonValue:
        """Return what an answer says.

        Raises:
            APIStatusError: It says that asking failed, or nothing that can be read.
        """
        is_fine = reply.status in _OK
        if is_fine and not reply.body.strip():
            return {}
        try:
            raw = decode(reply.body) if is_fine else None
        except ValueError:
            raw = None
        if not isinstance(raw, Mapping | list) or _is_error(raw):
            raise self._failure(reply, raw)
        return raw

    def _failure(self, reply: Reply, raw: JsonValue) -> APIStatusError:
        return status_error(reply.status, reply.headers, reply.body, now=self._clock.wall(), raw=raw)

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        await self._http.aclose()

    def __repr__(self) -> str:
        return f"ObjectiveAI({getattr(self, '_http', None)!r})"


def _is_error(raw: JsonValue) -> bool:
    """Whether a body is `{code, message}`, the service's form of an error, though its status is not."""
    return isinstance(raw, Mapping) and ("error" in raw or ("message" in raw and isinstance(raw.get("code"), int)))
