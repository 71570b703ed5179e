"""A client: the way to one service, its key, its headers, its connections."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Self
from urllib.parse import urlsplit

from typing_extensions import Unpack

from callwright._clock import SYSTEM_CLOCK, Clock
from callwright._secrets import Hidden
from callwright.errors import ParameterError
from callwright.model import Listener, Scope
from callwright.service._body import Caps
from callwright.service._deadlines import Timeouts
from callwright.service._http import Http
from callwright.service._straight import HttpClient, HttpTransport
from callwright.service._told import SyncListener, told_sync
from callwright.service.capability import Check
from callwright.service.chat_model import ChatModel
from callwright.service.credentials import head_of, remember_headers
from callwright.service.directory import Directory
from callwright.service.profiles import profile_for
from callwright.service.prompt import PromptRequest, answered
from callwright.service.retry import Retry
from callwright.service.whole import tell_whole
from callwright.tools.toolset import AnyTool, chosen, offered
from callwright.wire.chat import ChatRequest, Completion, Encoded, ToolChoice
from callwright.wire.messages import Message, Part, prompt_messages
from callwright.wire.params import ChatParams, checked_params, implied, json_mode_warning
from callwright.wire.profile import OPENROUTER, Profile

__all__ = ["OPENROUTER_URL", "Caps", "Client", "Timeouts", "default_client"]

OPENROUTER_URL = "https://openrouter.ai/api/v1"


class Client(Directory):
    """The way to OpenRouter, or to any server that speaks its chat-completions API.

    Works in any number of event loops and threads at once; connections are kept and reused. Closing it is polite, not
    needed: a forgotten client does not keep the process alive.

    Args:
        api_key: The key. Default: the variable `OPENROUTER_API_KEY`, sent only to OpenRouter or `CALLWRIGHT_BASE_URL`.
        base_url: Where the API is, without `/chat/completions`. Default: the variable `CALLWRIGHT_BASE_URL`, else
            OpenRouter.
        profile: How the server differs. Default: OpenRouter's for its own address and for `CALLWRIGHT_BASE_URL`, else
            that of the address, see `profile_for`.
        app_url: Your site, for OpenRouter's rankings (`HTTP-Referer`).
        app_title: Your app's name, for the same (`X-Title` and its successor `X-OpenRouter-Title`).
        headers: Sent with every request.
        timeouts: In seconds, see `Timeouts`.
        retry: When a failed request is sent again.
        max_connections: How many may be open at once to one host, >= 1; further requests wait in line.
        http_client: Your own `AsyncClient` of httpx or httpx2; it is used as it is and never closed.
        transport: Your own transport, of httpx or httpx2, in place of our connections: `httpx.MockTransport`, the
            simulator in process, `httpx_aiohttp.AiohttpTransport()`, `httpx2.AsyncHTTPTransport()`.
        strict: What is done about a request that asks for what its model cannot do, by the list of models, once that
            is at hand (see `models`): True refuses it with a `ParameterError`, False warns with a `CapabilityWarning`.
            The list is never fetched for it.
        caps: How much of an answer is read, see `Caps`.
        clock: For tests.

    Raises:
        ParameterError: `base_url` is no http(s) address, or holds credentials.
    """

    __slots__ = ("_strict", "profile")

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        profile: Profile | None = None,
        app_url: str | None = None,
        app_title: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        max_connections: int = 1000,
        http_client: HttpClient | None = None,
        transport: HttpTransport | None = None,
        strict: bool = False,
        caps: Caps | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        is_ours = base_url is None or _is_openrouter(base_url)
        url = Hidden(base_url or os.environ.get("CALLWRIGHT_BASE_URL") or OPENROUTER_URL)
        key, fields = _key(api_key, is_ours=is_ours), Hidden(headers or {})
        # From here on something may fail, and a traceback shows what is local to this.
        api_key = base_url = headers = None
        self.profile = profile or (OPENROUTER if is_ours else profile_for(url.value))
        self._strict = strict
        http = Http(
            url,
            head_of(key, fields, app_url=app_url, app_title=app_title),
            timeouts=timeouts or Timeouts(),
            http_client=http_client,
            transport=transport,
            max_connections=max_connections,
            caps=caps,
            clock=clock,
        )
        problem = _NO_KEY if key is None and is_ours else None
        super().__init__(http, retry=retry or Retry(), clock=clock, problem=problem)

    def chat(self, slug: str | None = None, *, strict: bool | None = None) -> ChatModel:
        """Return a model of the service.

        Args:
            slug: Such as `openai/gpt-4o-mini`; None is the account's default.
            strict: As for the client, which decides by default.
        """
        return ChatModel(
            self._http,
            slug,
            profile=self.profile,
            retry=self._retry,
            clock=self._clock,
            problem=self._problem,
            check=Check(partial(self.known, slug), strict=self._strict if strict is None else strict),
            find_price=partial(self.price, slug),
        )

    async def complete(
        self,
        messages: str | Sequence[Part] | Sequence[Message | Mapping[str, object]] | None = None,
        *,
        prompt: str | None = None,
        model: str | None = None,
        tools: Sequence[Callable[..., object] | AnyTool | Mapping[str, object]] = (),
        tool_choice: ToolChoice | str | Callable[..., object] | None = None,
        headers: Mapping[str, str] | None = None,
        listen: Listener | None = None,
        strict: bool | None = None,
        repair_history: bool = False,
        **params: Unpack[ChatParams],
    ) -> Completion:
        """Send one request and return its answer; no tool is run.

        Args:
            messages: A text, the parts of one user message, or messages, as objects or wire dicts.
            prompt: A text in place of messages, sent as `prompt`: the older form, for models that go on with a text.
                It is not streamed: a listener hears the answer at once.
            model: Such as `openai/gpt-4o-mini`; None is the account's default.
            tools: Functions, tools, or wire entries to offer.
            tool_choice: `auto`, `none`, `required`, a tool's name, the function itself, or a wire object.
            headers: Sent with this request only, see `openrouter_headers`.
            listen: Hears the deltas; the request streams if it is given.
            strict: As for the client, which decides by default.
            repair_history: Mend messages whose calls and results do not match, which are an error otherwise.
            params: See `ChatParams`.

        Raises:
            ParameterError: A parameter, header or message is wrong, or there are not either messages or a prompt;
                nothing was sent.
            SchemaError: A function cannot be a tool, or two tools have the same name.
            APIError: Asking failed.
        """
        if (messages is None) is (prompt is None):
            raise ParameterError("complete: expected either messages or prompt=; got " + _both_or_none(prompt))
        fields, headers = Hidden(headers or {}), None
        remember_headers(fields.value)
        offer = offered(tools)
        checked = checked_params(params)
        features = ("stream",) if listen is not None and prompt is None else ()
        request = ChatRequest(
            messages=_conversation(messages, model, repair=repair_history),
            tools=offer.encoded,
            tool_choice=chosen(tool_choice, offer),
            params=Encoded({**checked, **implied(checked, features=features, profile=self.profile)}),
            headers=fields.value,
        )
        if "response_format" in checked and (told := json_mode_warning(checked, request.messages)) is not None:
            warnings.warn(told, UserWarning, stacklevel=2)
        asked = self.chat(model, strict=strict)
        if prompt is None:
            return await asked.complete(request, Scope(listen=listen))
        completion = answered(await asked.complete(PromptRequest.of(request, prompt)))
        await tell_whole(completion, listen)
        return completion

    def complete_sync(
        self,
        messages: str | Sequence[Part] | Sequence[Message | Mapping[str, object]] | None = None,
        *,
        prompt: str | None = None,
        model: str | None = None,
        tools: Sequence[Callable[..., object] | AnyTool | Mapping[str, object]] = (),
        tool_choice: ToolChoice | str | Callable[..., object] | None = None,
        headers: Mapping[str, str] | None = None,
        listen: SyncListener | None = None,
        strict: bool | None = None,
        repair_history: bool = False,
        **params: Unpack[ChatParams],
    ) -> Completion:
        """See `complete`. A plain function listens, on the thread that calls; what it raises ends the request."""
        fields, headers = Hidden(headers), None

        async def complete(heard: Listener | None = None) -> Completion:
            return await self.complete(
                messages,
                prompt=prompt,
                model=model,
                tools=tools,
                tool_choice=tool_choice,
                headers=fields.value,
                listen=heard,
                strict=strict,
                repair_history=repair_history,
                **params,
            )

        from callwright._sync import run_sync  # noqa: PLC0415 - a thread with a loop comes with the first sync call

        return run_sync(complete) if listen is None else told_sync(complete, listen)

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        # A traceback may show one that could not be made.
        profile, http = getattr(self, "profile", None), getattr(self, "_http", None)
        return f"Client(profile={None if profile is None else profile.name!r}, {http!r})"


_NO_KEY = (
    "no API key: set the variable OPENROUTER_API_KEY or give Client(api_key=...); keys are made at openrouter.ai/keys"
)
_default: Client | None = None
_lock = threading.Lock()


def default_client() -> Client:
    """Return the process's own client, made at the first call from the environment."""
    global _default  # noqa: PLW0603 - one per process, by design
    with _lock:
        if _default is None:
            _default = Client()
        return _default


def _conversation(
    messages: str | Sequence[Part] | Sequence[Message | Mapping[str, object]] | None, model: str | None, *, repair: bool
) -> tuple[Message, ...]:
    """Return the messages of a request, checked or mended.

    Raises:
        ParameterError: One is malformed, or calls and results do not match.
    """
    if messages is None or isinstance(messages, str):
        return () if messages is None else prompt_messages(messages)
    from callwright.wire.history import checked_history, repaired_history  # noqa: PLC0415 - texts need none of it

    found = prompt_messages(messages)
    if repair:
        found, _ = repaired_history(found)
    checked_history(found, model=model)
    return found


def _both_or_none(prompt: str | None) -> str:
    return "none of them" if prompt is None else "both"


def _is_openrouter(base_url: str) -> bool:
    try:
        return urlsplit(base_url).hostname == "openrouter.ai"
    except ValueError:
        return False


def _key(api_key: str | None, *, is_ours: bool) -> Hidden[str] | None:
    # The key of one service must never reach another only because it lies in the environment.
    key = api_key or (os.environ.get("OPENROUTER_API_KEY") if is_ours else None)
    return Hidden(key) if key else None
