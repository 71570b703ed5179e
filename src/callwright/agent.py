"""An agent: a model, its instructions, its tools and what its answer is; and the ways to run it."""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, cast, overload

from typing_extensions import TypeForm, TypeVar, Unpack

from callwright._clock import SYSTEM_CLOCK
from callwright._json import JsonObject, clean, encode
from callwright._sync import run_sync
from callwright.errors import CallwrightError, ParameterError, RunConflictError, SchemaError, StoreError
from callwright.loop import Emit, Loop
from callwright.model import Model
from callwright.options import (
    RUN_KEYS,
    AgentOptions,
    AnyRunOptions,
    Resumable,
    RunOptions,
    RunOptionsWithDeps,
)
from callwright.output.output import OUTPUT_TOOL, Output, TextOutput, output_of
from callwright.plan import Plan
from callwright.run.limits import Limits
from callwright.run.records import CallDecided, Prompted, Record, Started
from callwright.run.result import RunResult
from callwright.run.state import RunState
from callwright.stream import RunStream, SyncRunStream
from callwright.subagent import pass_on, run_within
from callwright.tools.context import RunContext
from callwright.tools.tool import CallOptions, Tool
from callwright.tools.toolset import AnyTool, Offer, ToolLike, Toolset, as_tool, chosen, is_entry, wire_entry
from callwright.wire.messages import Prompt, message_of, prompt_messages
from callwright.wire.params import checked_params

__all__ = ["Agent"]

D = TypeVar("D", default=None)
T = TypeVar("T", default=str)
NewD = TypeVar("NewD")
NewT = TypeVar("NewT")


class Agent(Generic[D, T]):
    """A model with instructions, tools and a kind of answer. Immutable; safe to share between threads and event loops.

    Args:
        model: A slug such as `openai/gpt-4o-mini`, a `Model`, or None for the account's default.
        output: What the answer is: `str`, any type that pydantic can validate, or an `Output`.
        deps_type: The type of `deps=`, for type checkers; a run of an agent that declares it must be given them.
        options: See `AgentOptions`.

    Raises:
        SchemaError: A function cannot be a tool, or two tools have the same name.
        ParameterError: An option or parameter is unknown or out of range.
    """

    __slots__ = ("_digest", "_model", "_offer", "_options", "_output", "_own", "_params", "_toolsets")

    @overload
    def __init__(
        self: Agent[None, str], model: str | Model | None = None, **options: Unpack[AgentOptions[None]]
    ) -> None: ...
    @overload
    def __init__(
        self: Agent[NewD, str],
        model: str | Model | None = None,
        *,
        deps_type: TypeForm[NewD] = ...,
        **options: Unpack[AgentOptions[NewD]],
    ) -> None: ...
    # One overload for each form of `output`: pyright makes no `TypeForm[T]` of a `type[T]`, and mypy makes one of
    # `A | B` only where nothing but a `TypeForm` is expected.
    @overload
    def __init__(
        self,
        model: str | Model | None = None,
        *,
        output: type[T],
        deps_type: TypeForm[D] = ...,
        **options: Unpack[AgentOptions[D]],
    ) -> None: ...
    @overload
    def __init__(
        self,
        model: str | Model | None = None,
        *,
        output: TypeForm[T],
        deps_type: TypeForm[D] = ...,
        **options: Unpack[AgentOptions[D]],
    ) -> None: ...
    @overload
    def __init__(
        self,
        model: str | Model | None = None,
        *,
        output: Output[T],
        deps_type: TypeForm[D] = ...,
        **options: Unpack[AgentOptions[D]],
    ) -> None: ...
    def __init__(
        self,
        model: str | Model | None = None,
        *,
        output: Any = str,
        deps_type: object = None,
        **options: Unpack[AgentOptions[Any]],
    ) -> None:
        unknown = options.keys() - AgentOptions.__annotations__.keys()
        if unknown:
            known = ", ".join(["model", "output", "deps_type", *AgentOptions.__annotations__])
            raise ParameterError(f"Agent: expected some of {known}; got {', '.join(sorted(unknown))}")
        del deps_type  # Only type checkers read it.
        self._model = model
        self._output: Output[T] = output_of(output)
        # Copies, read once: the caller may change its lists later, and `replace` reads them again.
        tools, params = tuple(options.get("tools") or ()), options.get("params") or {}
        self._options: AgentOptions[Any] = {**options, "tools": tools, "params": {**params}}
        self._params = checked_params(params)
        self._own, self._toolsets = _sorted(tools)
        self._offer = Offer(self._own)
        if OUTPUT_TOOL in self._offer.names and not isinstance(self._output, TextOutput):
            raise SchemaError(f"tool {OUTPUT_TOOL!r}: the name is taken by the output; give it another")
        self._digest: str | None = None

    @overload
    async def run(self: Agent[None, NewT], prompt: Prompt, **options: Unpack[RunOptions]) -> RunResult[NewT]: ...
    @overload
    async def run(self, prompt: Prompt, **options: Unpack[RunOptionsWithDeps[D]]) -> RunResult[T]: ...
    async def run(self, prompt: Prompt, **options: Unpack[AnyRunOptions]) -> RunResult[Any]:
        """Run to an answer, a pause or a limit.

        Args:
            prompt: A text, the parts of one user message, or messages.
            options: See `RunOptions`, `RunOptionsWithDeps` and `ChatParams`.

        Raises:
            ParameterError: An option, parameter or message is wrong; nothing was sent.
            SchemaError: A function given as `tool_choice`, or what a toolset offers, cannot be a tool.
            APIError: Asking the model failed; `.state` is where to resume.
            RunError: The run stopped without output; `.state` is where to resume.
            StoreError: A record could not be kept, or the run of that id has not ended.
        """
        return await self._go(prompt, options, None)

    @overload
    def run_sync(self: Agent[None, NewT], prompt: Prompt, **options: Unpack[RunOptions]) -> RunResult[NewT]: ...
    @overload
    def run_sync(self, prompt: Prompt, **options: Unpack[RunOptionsWithDeps[D]]) -> RunResult[T]: ...
    def run_sync(self, prompt: Prompt, **options: Unpack[AnyRunOptions]) -> RunResult[Any]:
        """See `run`. Works inside a running event loop, too (a notebook), which it blocks."""
        return run_sync(self._go, prompt, options, None)

    @overload
    def stream(self: Agent[None, NewT], prompt: Prompt, **options: Unpack[RunOptions]) -> RunStream[NewT]: ...
    @overload
    def stream(self, prompt: Prompt, **options: Unpack[RunOptionsWithDeps[D]]) -> RunStream[T]: ...
    def stream(self, prompt: Prompt, **options: Unpack[AnyRunOptions]) -> RunStream[Any]:
        """Return the same run to be watched: `async with agent.stream(...) as run`. See `run` and `RunStream`."""

        async def start(emit: Emit) -> RunResult[T]:
            return await self._go(prompt, options, emit)

        return RunStream(start)

    @overload
    def stream_sync(self: Agent[None, NewT], prompt: Prompt, **options: Unpack[RunOptions]) -> SyncRunStream[NewT]: ...
    @overload
    def stream_sync(self, prompt: Prompt, **options: Unpack[RunOptionsWithDeps[D]]) -> SyncRunStream[T]: ...
    def stream_sync(self, prompt: Prompt, **options: Unpack[AnyRunOptions]) -> SyncRunStream[Any]:
        """See `stream`: `with agent.stream_sync(...) as run`."""

        async def start(emit: Emit) -> RunResult[T]:
            return await self._go(prompt, options, emit)

        return SyncRunStream(RunStream(start))

    @overload
    async def resume(
        self: Agent[None, NewT], run: Resumable, *decisions: CallDecided, model: str | Model | None = None
    ) -> RunResult[NewT]: ...
    @overload
    async def resume(
        self, run: Resumable, *decisions: CallDecided, deps: D, model: str | Model | None = None
    ) -> RunResult[T]: ...
    async def resume(
        self, run: Resumable, *decisions: CallDecided, deps: Any = None, model: str | Model | None = None
    ) -> RunResult[Any]:
        """Go on with a run that was cut short, failed or paused; what was paid for or done before is not repeated.

        Args:
            run: The id of a run in the store; or a state, a paused result, the error that ended a run.
            decisions: About held calls, see `approve`, `deny`, `provide`, `rerun`.
            deps: For the tools, as for `run`.
            model: Asked instead of the agent's.

        Raises:
            StoreError: There is no such run, a decision does not fit it, or a record could not be kept.
            APIError: See `run`.
            RunError: See `run`.
        """
        state, plan = await self._restored(run), self._plan(model)
        loop = Loop(plan, state, deps=deps, emit=None, offer=self._offer)
        for decision in decisions:
            verdict = await pass_on(plan.store, state, decision)
            # Two decisions about calls of one sub-agent let it go on once.
            if verdict is decision or state.calls[verdict.call].is_waiting:
                await loop.record(verdict)
        return await loop.run()

    @overload
    def resume_sync(
        self: Agent[None, NewT], run: Resumable, *decisions: CallDecided, model: str | Model | None = None
    ) -> RunResult[NewT]: ...
    @overload
    def resume_sync(
        self, run: Resumable, *decisions: CallDecided, deps: D, model: str | Model | None = None
    ) -> RunResult[T]: ...
    def resume_sync(
        self, run: Resumable, *decisions: CallDecided, deps: Any = None, model: str | Model | None = None
    ) -> RunResult[Any]:
        """See `resume`."""

        async def resume() -> RunResult[T]:
            return await self.resume(run, *decisions, deps=deps, model=model)

        return run_sync(resume)

    def replace(self, model: str | Model | None = None, **options: Unpack[AgentOptions[D]]) -> Agent[D, T]:
        """Return an agent that differs in `model` and `options`; what is not given stays."""
        made = cast("Callable[..., Agent[D, T]]", Agent)
        return made(model or self._model, output=self._output, **{**self._options, **options})

    def as_tool(self, *, name: str, description: str, **options: Unpack[CallOptions]) -> Tool[..., T]:
        """Return a tool by which another agent's model can ask this one.

        Each call is a run of its own, `{run}/{call}`: its usage and cost count in the run around it, its events are
        seen there as `Nested`, and it shares that run's `deps`, and its store and budget unless the agent has its own.
        Calls in it that wait for decisions are among the `pending` of the run around it.

        Args:
            name: What the model calls it.
            description: What the model is told.
            options: See `CallOptions`.

        Raises:
            ParameterError: An option is unknown or out of range.
        """

        async def ask(
            ctx: RunContext[Any],
            prompt: Annotated[str, "What to do, with everything that must be known for it."],
        ) -> T | RunResult[T]:
            async def prompted(loop: Loop[T]) -> Prompted:
                instructions = await self._instructions(loop, ctx.deps)
                return Prompted(prompt_messages(prompt), (), instructions, None, self._params)

            plan = self._plan(None)
            result = await run_within(plan, ctx, offer=self._offer, fingerprint=self.fingerprint, prompted=prompted)
            return result if result.status == "paused" else result.output

        # Run again after a crash it goes on with its own log, so that nothing is done twice.
        safe: CallOptions = {"idempotent": True}
        safe.update(options)
        return cast("Tool[..., T]", Tool(ask, name=name, description=description, **safe))

    @property
    def model(self) -> Model:
        """What is asked unless a run says otherwise."""
        return self._asked(self._model)

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when the model, tools, instructions or output do."""
        if self._digest is None:
            instructions = self._options.get("instructions")
            said = instructions if isinstance(instructions, str) else getattr(instructions, "__qualname__", None)
            model = self._model if isinstance(self._model, str | None) else self._model.name
            outputs = [tool.wire() for tool in self._output.tools]
            parts = [model, said, self._offer.entries, outputs, self._output.response_format]
            self._digest = hashlib.blake2b(encode(parts), digest_size=8).hexdigest()
        return self._digest

    def __repr__(self) -> str:
        return f"Agent({self._model!r}, tools={list(self._offer.by_name)})"

    async def _go(self, prompt: Prompt, options: AnyRunOptions, emit: Emit | None) -> RunResult[T]:
        """Record the prompt and run the loop."""
        checked = checked_params({key: value for key, value in options.items() if key not in RUN_KEYS})
        history = tuple([message_of(message) for message in options.get("history") or ()])
        messages = prompt_messages(prompt)
        choice = chosen(options.get("tool_choice"), self._offer, is_open=bool(self._toolsets))
        state, opening = await self._opened(options.get("run_id"))
        if history and state.messages:
            raise ParameterError(f"history: run {state.run_id!r} has its own conversation already; leave history= out")
        plan, deps = self._plan(options.get("model")), options.get("deps")
        loop = Loop(plan, state, deps=deps, emit=emit, offer=self._offer, approve=options.get("approve"))
        for record in opening:
            await loop.record(record)
        instructions = await self._instructions(loop, deps)
        params = {**self._params, **checked} if checked else self._params
        await loop.record(Prompted(messages, history, instructions, choice, params))
        return await loop.run()

    async def _opened(self, run_id: str | None) -> tuple[RunState, list[Record]]:
        """Return the state to put a prompt into, and the records that must come first."""
        store = self._options.get("store")
        records = await store.load(run_id) if store is not None and run_id is not None else ()
        if not records:
            return RunState(), [Started(run_id or f"run_{os.urandom(12).hex()}", self.fingerprint)]
        state = RunState.of(records)
        # A run that died before its prompt was recorded has nothing to go on with: this is its prompt.
        if state.stopped is None and state.prompt is not None:
            error = RunConflictError(f"run {run_id!r} has not ended; resume it, or give the new run another id")
            error.state = state
            raise error
        return state, []

    async def _restored(self, run: Resumable) -> RunState:
        if isinstance(run, CallwrightError | RunResult):
            if run.state is None:
                raise StoreError(f"{run!r} did not end a run, so that there is none to resume")
            run = run.state
        if isinstance(run, RunState):
            return RunState.of(run.records)
        run_id = run if isinstance(run, str) else run.run_id
        store = self._options.get("store")
        records = await store.load(run_id) if store is not None else ()
        if not records:
            where = "its store" if store is not None else "no store: give the agent one, or pass the state itself"
            raise StoreError(f"run {run_id!r}: the agent has no record of it ({where})")
        state = RunState.of(records)
        if state.prompt is None:
            raise StoreError(f"run {run_id!r} ended before it was asked anything; give it a prompt: run(..., run_id=)")
        return state

    async def _instructions(self, loop: Loop[T], deps: Any) -> str | None:  # noqa: ANN401 - a D or None
        given = self._options.get("instructions")
        if given is not None and not isinstance(given, str):
            context: RunContext[Any] = RunContext(deps, run_id=loop.state.run_id, messages=loop.state.messages)
            rendered = given(context)
            given = await rendered if inspect.isawaitable(rendered) else rendered
        parts = [clean(text) for text in (given, loop.output.instructions) if text]
        return "\n\n".join(parts) or None

    def _plan(self, model: str | Model | None) -> Plan[T]:
        options = self._options
        return Plan(
            model=self._asked(self._model if model is None else model),
            output=self._output,
            tools=self._own,
            toolsets=self._toolsets,
            limits=options.get("limits") or _LIMITS,
            clock=options.get("clock", SYSTEM_CLOCK),
            store=options.get("store"),
            budget=options.get("budget"),
            eager=options.get("eager", False),
        )

    def _asked(self, model: str | Model | None) -> Model:
        if model is not None and not isinstance(model, str):
            return model
        client = self._options.get("client")
        if client is None:
            from callwright.service.client import default_client  # noqa: PLC0415 - connections come with the first run

            client = default_client()
        return client.chat(model)


_LIMITS = Limits()


def _sorted(tools: Sequence[ToolLike]) -> tuple[list[AnyTool | JsonObject], list[Toolset]]:
    """Return an agent's own tools, in order, and its toolsets."""
    own: list[AnyTool | JsonObject] = []
    toolsets: list[Toolset] = []
    for tool in tools:
        if is_entry(tool):
            own.append(wire_entry(tool))
        elif isinstance(tool, Toolset):
            toolsets.append(tool)
        else:
            own.append(as_tool(tool))
    return own, toolsets
