"""The offline OpenRouter: a request in, the answer out; no network, no waiting.

A model `scripted/NAME` plays a scenario (`callwright.testing.scenarios`). Every other model is the stand-in
(`callwright.testing.standin`), a few rules and no language model. `callwright.simulator` puts the service behind a
socket or into an httpx client.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast
from urllib.parse import SplitResult, parse_qs, urlsplit

from callwright._json import JsonValue, decode, encode
from callwright.testing.catalogue import account, endpoints, generation, key_status, model, models, provider_of
from callwright.testing.contract import problem_of
from callwright.testing.embedding import embedded
from callwright.testing.faults import parse_faults
from callwright.testing.reply import DEFAULT_STYLE, Object, Reply, Style, error_reply, json_reply
from callwright.testing.scenario import INTERRUPTED, Faulty, Scenario
from callwright.testing.scenarios import SCENARIOS
from callwright.testing.standin import respond
from callwright.testing.wireshape import Asked, Turn, rendered, token, usage_of

__all__ = ["DEFAULT_MODEL", "OfflineOpenRouter", "Received"]

T = TypeVar("T")

DEFAULT_MODEL = "openai/gpt-4o-mini"
"""The account's default: what answers if a request names no model."""

_EPOCH = 1_760_000_000.0
_JOURNAL = 10_000
_ERROR = 400
_MEMORY = 10_000
_PREFIX = "/api/v1"
_SECRET = {"authorization", "cookie", "proxy-authorization"}


@dataclass(frozen=True, slots=True)
class Received:
    """A request that came, and how it was answered."""

    method: str
    path: str
    """With the query."""

    headers: Mapping[str, str]
    """Names in lower case; without those that carry a key."""

    body: JsonValue
    """Decoded; None if there was none, or no JSON."""

    status: int
    """Of the answer."""


class OfflineOpenRouter:
    """The service's state: what it was asked, and what it remembers of its answers."""

    def __init__(
        self,
        scenarios: Mapping[str, Scenario] | None = None,
        *,
        seed: int = 0,
        now: Callable[[], float] = lambda: _EPOCH,
        style: Style = DEFAULT_STYLE,
    ) -> None:
        """Make a service to which nothing has been sent.

        Args:
            scenarios: Name -> scenario, besides the built-in ones, which they override.
            seed: Generation and call ids depend on it and on the request alone: equal seeds, equal answers.
            now: Seconds since 1970-01-01 UTC, for `created`; stands still unless given.
            style: How answers are written where a scenario does not say.
        """
        self._scenarios = {**SCENARIOS, **(scenarios or {})}
        self._seed = seed
        self._now = now
        self._style = style
        self._journal: deque[Received] = deque(maxlen=_JOURNAL)
        self._attempts: OrderedDict[str, int] = OrderedDict()
        self._generations: OrderedDict[str, Object] = OrderedDict()
        self._spent = 0.0

    @property
    def journal(self) -> list[Received]:
        """The requests that came, oldest first; the last ten thousand."""
        return list(self._journal)

    @property
    def requests(self) -> list[Object]:
        """The bodies of the chat requests that came, oldest first."""
        return [entry.body for entry in self._journal if isinstance(entry.body, Mapping)]

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Return the answer to one HTTP request, and enter the request into the journal.

        Args:
            method: In upper case.
            path: From the root, with the query: `/api/v1/chat/completions`.
            headers: Names in any case.
            body: The whole of it.
        """
        lowered = {name.lower(): value for name, value in headers.items()}
        content = _decoded(body)
        reply = self._routed(method, path, lowered, content)
        kept = {name: value for name, value in lowered.items() if name not in _SECRET}
        self._journal.append(Received(method, path, kept, content, reply.status))
        return reply

    def hung_up(self, reply: Reply) -> None:
        """Note that the client left before `reply` was sent whole: its generation counts as cancelled."""
        remembered = self._generations.get(reply.generation or "")
        if remembered is not None:
            self._generations[reply.generation or ""] = {**remembered, "cancelled": True}

    def _routed(self, method: str, path: str, headers: Mapping[str, str], content: JsonValue) -> Reply:
        url = urlsplit(path)
        route = url.path.removeprefix(_PREFIX).strip("/").split("/") if url.path.startswith(_PREFIX) else []
        match [method, *route]:
            case ["GET", "models"]:
                return json_reply(models(self._abouts()))
            case ["GET", "model", author, slug]:
                return self._model(f"{author}/{slug}")
            case ["GET", "models", author, slug, "endpoints"]:
                return self._endpoints(f"{author}/{slug}")
            case ["GET", "credits" | "generation" | "key"] | ["POST", "embeddings"] | ["POST", "chat", "completions"]:
                return _unauthorized(headers) or self._keyed(url, headers, content)
            case _:
                return error_reply(404, f"Not Found: {method} {url.path}")

    def _keyed(self, url: SplitResult, headers: Mapping[str, str], content: JsonValue) -> Reply:
        """Return the answer to a request that needs a key."""
        match url.path.rstrip("/").rpartition("/")[2]:
            case "credits":
                return json_reply(account(self._spent))
            case "key":
                return json_reply(key_status(self._spent))
            case "generation":
                (generation_id,) = parse_qs(url.query).get("id", [""])[:1]
                return self._generation(generation_id)
            case "embeddings":
                return self._embeddings(content)
            case _:
                return self._chat(headers, content)

    def _model(self, slug: str) -> Reply:
        problem = self._unknown(slug)
        return problem if problem is not None else json_reply({"data": model(slug, self._abouts())})

    def _endpoints(self, slug: str) -> Reply:
        problem = self._unknown(slug)
        return problem if problem is not None else json_reply({"data": endpoints(slug, self._abouts())})

    def _embeddings(self, content: JsonValue) -> Reply:
        try:
            body = embedded(content)
        except ValueError as error:
            return error_reply(400, str(error), metadata={"error_type": "invalid_request"})
        problem = self._unknown(cast("str", body["model"]))
        if problem is None:
            self._spent += cast("float", cast("Object", body["usage"])["cost"])
        return problem or json_reply(body)

    def _generation(self, generation_id: str) -> Reply:
        remembered = self._generations.get(generation_id)
        if remembered is None:
            return error_reply(404, f"Generation {generation_id} not found")
        return json_reply({"data": remembered})

    def _chat(self, headers: Mapping[str, str], content: JsonValue) -> Reply:
        if not isinstance(content, Mapping):
            return error_reply(400, "Invalid JSON: expected an object", metadata={"error_type": "invalid_request"})
        request: Object = content
        problem = problem_of(request)
        if problem is not None:
            return error_reply(400, problem, metadata={"error_type": "invalid_request"})
        if "messages" not in request:
            request = {**request, "messages": [{"role": "user", "content": request["prompt"]}]}
        first = request.get("model", DEFAULT_MODEL)
        candidates = [first, *cast("Sequence[JsonValue]", request.get("models") or ())]
        reply = self._completed(str(candidates[0]), headers, request)
        for candidate in candidates[1:]:
            if reply.status < _ERROR:
                break
            reply = self._completed(str(candidate), headers, request)
        return reply

    def _completed(self, name: str, headers: Mapping[str, str], request: Object) -> Reply:
        """Return what the model `name` answers."""
        slug, _, suffix = name.partition(":fault-")
        unknown = self._unknown(slug)
        if unknown is not None:
            return unknown
        try:
            faults = parse_faults(headers.get("x-simulate-fault") or suffix)
        except ValueError as error:
            return error_reply(400, str(error), metadata={"error_type": "invalid_request"})
        conversation = token(self._seed, name, encode(request["messages"]).decode())
        attempt = self._attempts.get(conversation, 0)
        _remember(self._attempts, conversation, attempt + 1)
        asked = self._asked(slug, request, conversation, attempt)
        step = self._step(slug, request, attempt)
        fault = faults[attempt % len(faults)]
        if fault is not None:
            step = Faulty(fault, _turn_of(step))
        return self._sent(step, asked, headers)

    def _sent(self, step: Turn | Faulty | Reply, asked: Asked, headers: Mapping[str, str]) -> Reply:
        """Return `step` as an answer, and remember what was generated."""
        match step:
            case Reply():
                return step
            case Faulty(fault, turn):
                reply = fault.reply(turn, asked)
            case Turn():
                turn, reply = step, rendered(step, asked)
        if reply.generation is not None:
            _remember(self._generations, asked.id, generation(turn, asked, headers))
            self._spent += cast("float", usage_of(turn, asked)["cost"])
        return reply

    def _step(self, slug: str, request: Object, attempt: int) -> Turn | Faulty | Reply:
        author, _, name = slug.partition("/")
        if author != "scripted":
            return respond(request)
        messages = cast("Sequence[Object]", request["messages"])
        roles = [message["role"] for message in messages]
        # A client may leave out a turn in which nothing was said; the user's next message shows that it was there.
        turns = max(roles.count("assistant"), roles.count("user") - 1)
        may_call = bool(request.get("tools")) and request.get("tool_choice") != "none"
        return self._scenarios[name.partition(":")[0]].step(turns=turns, attempt=attempt, may_call=may_call)

    def _asked(self, slug: str, request: Object, conversation: str, attempt: int) -> Asked:
        created = int(self._now())
        read = {key: request[key] for key in ("messages", "tools", "response_format") if key in request}
        return Asked(
            id=f"gen-{created}-{token(conversation, 'generation', attempt)}",
            created=created,
            model=slug,
            provider=provider_of(slug),
            prompt_tokens=len(encode(read)) // 4,
            conversation=conversation,
            stream=request.get("stream") is True,
            style=self._style,
        )

    def _unknown(self, slug: str) -> Reply | None:
        """Return why there is no model `slug`; None if there is one."""
        author, slash, rest = slug.partition("/")
        if not (author and slash and rest) and not slug.startswith("@preset/"):
            metadata: Object = {"error_type": "invalid_request"}
            return error_reply(400, f"{slug} is not a valid model ID", metadata=metadata)
        if author == "unknown" or (author == "scripted" and rest.partition(":")[0] not in self._scenarios):
            return error_reply(404, f"No endpoints found for {slug}.", metadata={"error_type": "not_found"})
        return None

    def _abouts(self) -> dict[str, str]:
        return {name: scenario.about for name, scenario in self._scenarios.items()}


def _decoded(body: bytes) -> JsonValue:
    try:
        return decode(body) if body else None
    except ValueError:
        return None


def _unauthorized(headers: Mapping[str, str]) -> Reply | None:
    """Return the answer to a request whose key is missing or wrong; None if it will do."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return error_reply(401, "Missing Authentication header")
    return error_reply(401, "User not found.") if key.strip().startswith("sk-or-wrong") else None


def _turn_of(step: Turn | Faulty | Reply) -> Turn:
    match step:
        case Turn():
            return step
        case Faulty(_, turn):
            return turn
        case Reply():
            return INTERRUPTED


def _remember(memory: OrderedDict[str, T], key: str, value: T) -> None:
    """Set `key`, and forget the oldest entry if there are too many."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _MEMORY:
        memory.popitem(last=False)
