"""Which classes fit the four seams: models, services, stores, toolsets; and how request parameters are passed along."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import assert_type

import httpx
from typing_extensions import Unpack

from callwright import (
    OPENROUTER,
    Agent,
    Budget,
    ChatParams,
    ChatRequest,
    Client,
    Completion,
    MemoryStore,
    Model,
    Profile,
    RunResult,
    Scope,
    Store,
)
from callwright.model import NO_SCOPE, Ledger, Service
from callwright.run.records import Record
from callwright.service.chat_model import ChatModel
from callwright.testing.scripted import FunctionModel, ScriptedModel, Turn


class Logged:
    """A model around a model."""

    profile = OPENROUTER

    def __init__(self, inner: Model) -> None:
        self.inner = inner
        self.name = f"logged {inner.name}"

    async def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        return await self.inner.complete(request, scope)


class Blocking:
    """No model: it answers without being awaited."""

    name = "blocking"
    profile: Profile = OPENROUTER

    def complete(self, request: ChatRequest, scope: Scope = NO_SCOPE) -> Completion:
        raise NotImplementedError


def said(request: ChatRequest) -> Turn:
    return request.messages[-1].text or "nothing"


async def said_later(request: ChatRequest) -> Turn:
    return said(request)


def models(chat_model: ChatModel) -> None:
    model: Model = ScriptedModel("a", "b")
    model = FunctionModel(said)
    model = FunctionModel(said_later, name="later")
    model = chat_model
    model = Client().chat("openai/gpt-4o-mini")
    model = Logged(model)
    Agent(model).run_sync("?", model=Logged(model))
    wrong: Model = Blocking()  # type: ignore[assignment]
    Agent(Blocking())  # type: ignore[call-overload]
    Agent(wrong)


class Scripts:
    """A service of scripted models."""

    def chat(self, slug: str | None = None) -> ScriptedModel:
        return ScriptedModel(slug or "default")


def services(given: Service) -> None:
    assert_type(given.chat("x"), Model)
    assert_type(Client().chat(), ChatModel)
    service: Service = Client()
    service = Client(transport=httpx.MockTransport(lambda request: httpx.Response(500, request=request)))
    service = Scripts()
    Agent("x", client=service)
    Agent("x", client=Scripts())
    Agent("x", client=httpx.AsyncClient())  # type: ignore[call-overload]


class Listed:
    """A store of the user's own."""

    def __init__(self) -> None:
        self.logs: dict[str, list[Record]] = {}

    async def append(self, run_id: str, seq: int, record: Record) -> None:
        self.logs.setdefault(run_id, []).insert(seq, record)

    async def load(self, run_id: str) -> list[Record]:
        return self.logs.get(run_id, [])

    async def runs(self) -> tuple[str, ...]:
        return tuple(self.logs)

    async def delete(self, run_id: str) -> None:
        self.logs.pop(run_id, None)


class Forgetful:
    """No store: it cannot forget."""

    async def append(self, run_id: str, seq: int, record: Record) -> None: ...
    async def load(self, run_id: str) -> Sequence[Record]:
        return ()

    async def runs(self) -> Sequence[str]:
        return ()


def stores() -> None:
    store: Store = MemoryStore()
    store = Listed()
    Agent("x", store=store)
    Agent("x", store=Listed())
    Agent("x", store=None)
    Agent("x", store=Forgetful())  # type: ignore[call-overload]


def ledgers() -> None:
    ledger: Ledger = Budget(cost=1)
    Agent("x", budget=ledger)


def ask(agent: Agent, prompt: str, **params: Unpack[ChatParams]) -> RunResult[str]:
    """A user's own function hands all request parameters on."""
    return agent.run_sync(prompt, **params)


def parameters(params: ChatParams, anything: Mapping[str, object]) -> None:
    ask(Agent("x"), "?", temperature=0, top_p=0.5, stop=["\n"])
    ask(Agent("x"), "?", **params)
    Agent("x", params=params).run_sync("?", **params)
    Agent("x", params={"provider": {"order": ["a"], "allow_fallbacks": False}})
    ask(Agent("x"), "?", temprature=0)  # type: ignore[call-arg]
    ask(Agent("x"), "?", temperature="0")  # type: ignore[arg-type]
    ask(Agent("x"), "?", **anything)  # type: ignore[arg-type]


async def plain_requests(client: Client, params: ChatParams) -> None:
    assert_type(await client.complete("?"), Completion)
    assert_type(await client.complete([{"role": "user", "content": "?"}], model="x", temperature=0), Completion)
    assert_type(client.complete_sync("?", tools=[said], tool_choice=said, **params), Completion)
    assert_type(client.complete_sync("?").text, str)
    client.complete_sync("?", temprature=0)  # type: ignore[call-arg]
    client.complete_sync("?", model=ScriptedModel())  # type: ignore[arg-type]
    Client("key", app_url="https://example.org", app_title="An app", base_url="http://127.0.0.1:1/v1")
    Client(app_name="An app")  # type: ignore[call-arg]


def turns(turn: Turn, later: Awaitable[Turn]) -> None:
    FunctionModel(lambda _: turn)
    FunctionModel(lambda _: later)
    ScriptedModel(turn, "text", ValueError("no"), {"content": "text"})
    ScriptedModel(3)  # type: ignore[arg-type]
