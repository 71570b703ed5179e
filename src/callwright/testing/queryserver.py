"""The offline ObjectiveAI: what its service said of configurations and their use in October 2025; no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

from callwright._json import JsonObject, JsonValue, encode
from callwright.errors import ParameterError
from callwright.query.config import QueryLLM
from callwright.query.members import QueryModel
from callwright.query.remoteviews import RemotePaths, rfc3339
from callwright.service.views import object_of
from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.reply import Reply, json_reply

__all__ = ["OfflineObjectiveAI", "Use"]

_JSON = ("content-type", "application/json")
_DEFAULT_COUNT = 100


@dataclass(frozen=True, slots=True)
class Use:
    """One request that used a configuration or an ensemble."""

    name: str
    """The id of what was used."""
    at: datetime
    user: str
    """The key of who used it."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal = Decimal(0)


class OfflineObjectiveAI(OfflineOpenRouter):
    """The offline OpenRouter, which answers about Query LLMs and Query Models as well, outside of `/api/v1`.

    It knows what was sent to it. Any key is one; each is a user of its own.

    Args:
        uses: What was used, for the statistics.
        paths: Where things are.
        id_of: Gives the ids, if others than the right ones are wanted.
    """

    def __init__(
        self,
        uses: tuple[Use, ...] = (),
        *,
        paths: RemotePaths | None = None,
        id_of: Callable[[QueryLLM | QueryModel], str] = lambda thing: thing.name,
    ) -> None:
        super().__init__()
        self._uses = uses
        self._paths = paths or RemotePaths()
        self._id_of = id_of
        self._known: dict[str, QueryLLM | QueryModel] = {}
        self.marks: dict[str, str] = {}
        """Completion -> the class of its right answer."""

    def _routed(self, method: str, path: str, headers: Mapping[str, str], content: JsonValue) -> Reply:
        url, paths = urlsplit(path), self._paths
        query = dict(parse_qsl(url.query))
        user = headers.get("authorization", "").removeprefix("Bearer ")
        if query.get("me") == "true" and not user:
            return _refused(401, "authorization required")
        head, _, name = url.path.rpartition("/")
        for place in (paths.llms, paths.models):
            if url.path == place and method == "POST":
                return self._posted(content, query, user, is_model=place == paths.models)
            if head == place and method == "GET" and name != "count":
                return self._named(name, query, user)
        if method == "GET" and url.path in {paths.models, f"{paths.models}/count"}:
            return self._listed(query, user, is_counted=name == "count")
        if head.startswith(f"{paths.completions}/") and name == "training_table":
            return self._marked(method, head.rpartition("/")[2], content, user)
        return super()._routed(method, path, headers, content)

    def _posted(self, content: JsonValue, query: Mapping[str, str], user: str, *, is_model: bool) -> Reply:
        wire = object_of(content)
        try:
            thing = QueryModel.from_wire(wire) if is_model else QueryLLM.from_wire(wire)
        except ParameterError as error:
            return _refused(400, {"error": str(error)})
        self._known[self._id_of(thing)] = thing
        return self._told(thing, query, user)

    def _named(self, name: str, query: Mapping[str, str], user: str) -> Reply:
        thing = self._known.get(name)
        return _refused(404, f"{name} not found") if thing is None else self._told(thing, query, user)

    def _told(self, thing: QueryLLM | QueryModel, query: Mapping[str, str], user: str) -> Reply:
        wire = self._model_wire(thing) if isinstance(thing, QueryModel) else self._llm_wire(thing)
        if query.get("metadata") != "true":
            return json_reply(wire)
        return json_reply({**wire, **_statistics(self._used(query, user, name=self._id_of(thing)))})

    def _llm_wire(self, llm: QueryLLM) -> dict[str, JsonValue]:
        wire = {**llm.normalized().to_wire(), "name": self._id_of(llm)}
        table = llm.training_table_name
        return wire if table is None else {**wire, "training_table_name": table}

    def _model_wire(self, model: QueryModel) -> dict[str, JsonValue]:
        members: list[JsonValue] = []
        for slot, llm in enumerate(model.models):
            index = model.training_table_index(slot)
            place: JsonObject = {} if index is None else {"training_table_index": index}
            members.append({**self._llm_wire(llm), "index": slot, **place})
        return {"models": members, "weight": model.weight.to_wire(), "name": self._id_of(model)}

    def _used(self, query: Mapping[str, str], user: str, *, name: str | None = None) -> list[Use]:
        """Return the uses in a window."""
        since, until = (datetime.fromisoformat(query[key]) if key in query else None for key in ("from", "to"))
        return [
            use
            for use in self._uses
            if (name is None or use.name == name)
            and (query.get("me") != "true" or use.user == user)
            and (since is None or use.at >= since)
            and (until is None or use.at < until)
        ]

    def _listed(self, query: Mapping[str, str], user: str, *, is_counted: bool) -> Reply:
        names = [name for name, thing in self._known.items() if isinstance(thing, QueryModel)]
        if query.keys() & {"me", "from", "to"}:
            used = {use.name for use in self._used(query, user)}
            names = [name for name in names if name in used]
        if is_counted:
            return json_reply({"count": len(names)})
        offset, count = int(query.get("offset", 0)), int(query.get("count", _DEFAULT_COUNT))
        return json_reply({"data": [*names[offset : offset + count]]})

    def _marked(self, method: str, completion: str, content: JsonValue, user: str) -> Reply:
        if not user:
            return _refused(401, "authorization required")
        if method == "DELETE":
            self.marks.pop(completion, None)
        elif isinstance(content, Mapping):
            self.marks[completion] = str(content.get("correct_confidence_id"))
        return Reply(200, (_JSON,), (b"",))


def _statistics(uses: list[Use]) -> dict[str, JsonValue]:
    first = min(uses, key=lambda use: use.at, default=None)
    return {
        "user_id": None if first is None else first.user,
        "created": None if first is None else rfc3339(first.at),
        "requests": len(uses),
        "chat_completion_tokens": sum(use.completion_tokens for use in uses),
        "chat_prompt_tokens": sum(use.prompt_tokens for use in uses),
        "chat_cost": float(sum((use.cost for use in uses), Decimal(0))),
        "embedding_completion_tokens": 0,
        "embedding_prompt_tokens": 0,
        "embedding_cost": 0.0,
    }


def _refused(status: int, message: JsonValue) -> Reply:
    """Return an error in the service's form, which has no `error` around it."""
    return Reply(status, (_JSON,), (encode({"code": status, "message": message}),))
