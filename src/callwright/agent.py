"""An agent: a model, its instructions, its tools and what its answer is; and the ways to run it."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator
from typing import Annotated, Any, Generic, cast, overload

from typing_extensions import TypeForm, TypeVar, Unpack

from callwright._bulk import Bulk, Finished
from callwright.errors import ParameterError
from callwright.events import Emit
from callwright.model import Model
from callwright.options import (
    AgentOptions,
    AnyResumeOptions,
    AnyRunOptions,
    ManyOptions,
    ManyRunOptions,
    Resumable,
    ResumeOptions,
    ResumeOptionsWithDeps,
    RunOptions,
    RunOptionsWithDeps,
)
from callwright.output.output import Output, output_of
from callwright.run.records import CallDecided
from callwright.run.result import RunResult
from callwright.run.state import RunState
from callwright.setting import Setting
from callwright.stream import RunStream, SyncRunStream
from callwright.tools.context import RunContext
from callwright.tools.tool import CallOptions, Tool
from callwright.wire.messages import Prompt

__all__ = ["Agent"]

D = TypeVar("D", default=None)
T = TypeVar("T", default=str)
NewD = TypeVar("NewD")
NewT = TypeVar("NewT")


class Agent(Generic[D, T]):
    """A model with instructions, tools and a kind of answer. Immutable; safe to share between threads and event loops.

    Args:
        model: A slug such as `openai/gpt-4o-mini`, a `Model`, or None for the account's default.
        output: What the answer is: `str`, any type that pydantic can validate, an `Output`, or a function: its call is
            the answer, what it returns the output.
        deps_type: The type of `deps=`, for type checkers; a run of an agent that declares it must be given them.
        options: See `AgentOptions`.

    Raises:
        SchemaError: A function cannot be a tool, or two tools have the same name.
        ParameterError: An option or parameter is unknown or out of range.
    """

    __slots__ = ("_setting",)

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
    @overload
    def __init__(
        self,
        model: str | Model | None = None,
        *,
        output: Callable[..., Awaitable[T]] | Tool[..., Awaitable[T]],
        deps_type: TypeForm[D] = ...,
        **options: Unpack[AgentOptions[D]],
    ) -> None: ...
    @overload
    def __init__(
        self,
        model: str | Model | None = None,
        *,
        output: Callable[..., T] | Tool[..., T],
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
        del deps_type  # Only type checkers read it.
        self._setting: Setting[T] = Setting(model, output_of(output), options)

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
        return await self._setting.start(prompt, options, None)

    @overload
    def run_sync(self: Agent[None, NewT], prompt: Prompt, **options: Unpack[RunOptions]) -> RunResult[NewT]: ...
    @overload
    def run_sync(self, prompt: Prompt, **options: Unpack[RunOptionsWithDeps[D]]) -> RunResult[T]: ...
    def run_sync(self, prompt: Prompt, **options: Unpack[AnyRunOptions]) -> RunResult[Any]:
        """See `run`. Works inside a running event loop, too (a notebook), which it blocks."""
        from callwright._sync import run_sync  # noqa: PLC0415 - a thread with a loop comes with the first sync run

        return run_sync(self._setting.start, prompt, options, None)

    @overload
    def stream(self: Agent[None, NewT], prompt: Prompt, **options: Unpack[RunOptions]) -> RunStream[NewT]: ...
    @overload
    def stream(self, prompt: Prompt, **options: Unpack[RunOptionsWithDeps[D]]) -> RunStream[T]: ...
    def stream(self, prompt: Prompt, **options: Unpack[AnyRunOptions]) -> RunStream[Any]:
        """Return the same run to be watched: `async with agent.stream(...) as run`. See `run` and `RunStream`."""

        async def start(emit: Emit) -> RunResult[T]:
            return await self._setting.start(prompt, options, emit)

        return RunStream(start, self._setting.output)

    @overload
    def stream_sync(self: Agent[None, NewT], prompt: Prompt, **options: Unpack[RunOptions]) -> SyncRunStream[NewT]: ...
    @overload
    def stream_sync(self, prompt: Prompt, **options: Unpack[RunOptionsWithDeps[D]]) -> SyncRunStream[T]: ...
    def stream_sync(self, prompt: Prompt, **options: Unpack[AnyRunOptions]) -> SyncRunStream[Any]:
        """See `stream`: `with agent.stream_sync(...) as run`."""

        async def start(emit: Emit) -> RunResult[T]:
            return await self._setting.start(prompt, options, emit)

        return SyncRunStream(RunStream(start, self._setting.output))

    @overload
    async def resume(
        self: Agent[None, NewT], run: Resumable, *decisions: CallDecided, **options: Unpack[ResumeOptions]
    ) -> RunResult[NewT]: ...
    @overload
    async def resume(
        self, run: Resumable, *decisions: CallDecided, **options: Unpack[ResumeOptionsWithDeps[D]]
    ) -> RunResult[T]: ...
    async def resume(
        self, run: Resumable, *decisions: CallDecided, **options: Unpack[AnyResumeOptions]
    ) -> RunResult[Any]:
        """Go on with a run that was cut short, failed or paused; what was paid for or done before is not repeated.

        Args:
            run: The id of a run in the store; or a state, a paused result, the error that ended a run.
            decisions: About held calls, see `approve`, `edit`, `deny`, `provide`, `rerun`.
            options: See `ResumeOptions` and `ResumeOptionsWithDeps`.

        Raises:
            StoreError: There is no such run, it was begun by another agent, a decision does not fit it, or a record
                could not be kept; nothing was sent.
            APIError: See `run`.
            RunError: See `run`.
        """
        return await self._setting.go_on(run, decisions, options, None)

    @overload
    def resume_sync(
        self: Agent[None, NewT], run: Resumable, *decisions: CallDecided, **options: Unpack[ResumeOptions]
    ) -> RunResult[NewT]: ...
    @overload
    def resume_sync(
        self, run: Resumable, *decisions: CallDecided, **options: Unpack[ResumeOptionsWithDeps[D]]
    ) -> RunResult[T]: ...
    def resume_sync(
        self, run: Resumable, *decisions: CallDecided, **options: Unpack[AnyResumeOptions]
    ) -> RunResult[Any]:
        """See `resume`."""
        from callwright._sync import run_sync  # noqa: PLC0415 - see `run_sync`

        return run_sync(self._setting.go_on, run, decisions, options, None)

    @overload
    def resume_stream(
        self: Agent[None, NewT], run: Resumable, *decisions: CallDecided, **options: Unpack[ResumeOptions]
    ) -> RunStream[NewT]: ...
    @overload
    def resume_stream(
        self, run: Resumable, *decisions: CallDecided, **options: Unpack[ResumeOptionsWithDeps[D]]
    ) -> RunStream[T]: ...
    def resume_stream(
        self, run: Resumable, *decisions: CallDecided, **options: Unpack[AnyResumeOptions]
    ) -> RunStream[Any]:
        """Return the run that goes on, to be watched. See `resume` and `RunStream`."""

        async def start(emit: Emit) -> RunResult[T]:
            return await self._setting.go_on(run, decisions, options, emit)

        return RunStream(start, self._setting.output)

    @overload
    def resume_stream_sync(
        self: Agent[None, NewT], run: Resumable, *decisions: CallDecided, **options: Unpack[ResumeOptions]
    ) -> SyncRunStream[NewT]: ...
    @overload
    def resume_stream_sync(
        self, run: Resumable, *decisions: CallDecided, **options: Unpack[ResumeOptionsWithDeps[D]]
    ) -> SyncRunStream[T]: ...
    def resume_stream_sync(
        self, run: Resumable, *decisions: CallDecided, **options: Unpack[AnyResumeOptions]
    ) -> SyncRunStream[Any]:
        """See `resume_stream`."""

        async def start(emit: Emit) -> RunResult[T]:
            return await self._setting.go_on(run, decisions, options, emit)

        return SyncRunStream(RunStream(start, self._setting.output))

    def replace(self, model: str | Model | None = None, **options: Unpack[AgentOptions[D]]) -> Agent[D, T]:
        """Return an agent that differs in `model` and `options`; what is not given stays."""
        made = cast("Callable[..., Agent[D, T]]", Agent)
        own = self._setting
        return made(model or own.model, output=own.output, **{**own.options, **options})

    def run_many(
        self, prompts: Iterable[Prompt] | AsyncIterable[Prompt], **options: Unpack[ManyRunOptions]
    ) -> Bulk[Prompt, RunResult[T]]:
        """Return the runs of many prompts, side by side: `async with agent.run_many(prompts) as runs`, then iterate.

        Each `Finished` holds the prompt, its place, and a `RunResult` or the error that ended its run. Prompts are
        taken when there is room for them, so that any number can be given; leaving the block cancels the rest.

        Args:
            prompts: As for `run`; a list, a generator or an async generator.
            options: See `ManyOptions`, `RunOptions` and `ChatParams`; `deps` as for `run`.

        Raises:
            ParameterError: `concurrency` is below 1.
        """
        many = {key: value for key, value in options.items() if key in ManyOptions.__annotations__}
        each = cast("AnyRunOptions", {key: value for key, value in options.items() if key not in many})
        job, concurrency = options.get("job"), options.get("concurrency", 16)
        if concurrency < 1:
            raise ParameterError(f"concurrency: expected >= 1; got {concurrency!r}")

        async def run(prompt: Prompt) -> RunResult[T]:
            if job is None:
                return await self._setting.start(prompt, each, None)
            return await self._setting.once(prompt, each, job=job)

        return Bulk(run, prompts, concurrency=concurrency, ordered=options.get("ordered", False))

    def run_many_sync(
        self, prompts: Iterable[Prompt], **options: Unpack[ManyRunOptions]
    ) -> Iterator[Finished[Prompt, RunResult[T]]]:
        """See `run_many`; gives what each run comes to."""
        from callwright._sync import enter_sync, iterate_sync  # noqa: PLC0415 - see `run_sync`

        with enter_sync(self.run_many(prompts, **options)) as runs:
            yield from iterate_sync(runs)

    async def fork(self, run: str, *, at: int | None = None, run_id: str | None = None) -> RunState:
        """Begin another run as a stored one began, and return its state, to be resumed or prompted anew.

        Args:
            run: The id of a run in the agent's store.
            at: How many of its records, >= 1; None for all. `RunState.records` lists them.
            run_id: The new run's. Default: a random one.

        Raises:
            StoreError: There is no such run, it has fewer records, or the other id is taken.
        """
        return await self._setting.fork(run, at=at, run_id=run_id)

    def fork_sync(self, run: str, *, at: int | None = None, run_id: str | None = None) -> RunState:
        """See `fork`."""
        from callwright._sync import run_sync  # noqa: PLC0415 - see `run_sync`

        async def fork() -> RunState:
            return await self.fork(run, at=at, run_id=run_id)

        return run_sync(fork)

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
            result = await self._setting.within(prompt, ctx)
            return result if result.status == "paused" else result.output

        # Run again after a crash it goes on with its own log, so that nothing is done twice.
        safe: CallOptions = {"idempotent": True}
        safe.update(options)
        return cast("Tool[..., T]", Tool(ask, name=name, description=description, **safe))

    @property
    def model(self) -> Model:
        """What is asked unless a run says otherwise."""
        return self._setting.asked(self._setting.model)

    @property
    def fingerprint(self) -> str:
        """What its model, instructions, output and tools are, as digests in one line; a run remembers it."""
        return self._setting.fingerprint

    def __repr__(self) -> str:
        return f"Agent({self._setting.model!r}, tools={list(self._setting.offer.by_name)})"
