"""A setting: all that an agent is made of, and how a run of it is opened."""

from __future__ import annotations

import hashlib
import inspect
import os
import warnings
from collections.abc import Sequence
from typing import Any, Generic, cast

from typing_extensions import TypeVar

from callwright._clock import SYSTEM_CLOCK
from callwright._gates import Passage
from callwright._json import JsonObject, clean, encode
from callwright.errors import CallwrightError, ParameterError, RunConflictError, SchemaError, StoreError
from callwright.events import Emit
from callwright.fingerprint import changes, fingerprint
from callwright.model import Bindable, Model
from callwright.options import RUN_KEYS, AgentOptions, AnyResumeOptions, AnyRunOptions, Resumable
from callwright.output.base import Output
from callwright.plan import Plan
from callwright.run.limits import Limits
from callwright.run.records import CallDecided, Prompted, Record, Started
from callwright.run.result import RunResult
from callwright.run.state import RunState
from callwright.tools.context import RunContext
from callwright.tools.toolset import Offer, chosen, parted
from callwright.wire.messages import Message, Prompt, SystemMessage, prompt_messages
from callwright.wire.params import checked_params, json_mode_warning

__all__ = ["Setting"]

T = TypeVar("T")

_LIMITS = Limits()


class Setting(Generic[T]):
    """What an agent is made of.

    Args:
        model: A slug, a `Model`, or None for the account's default.
        output: How the answer is asked for and read.
        options: See `AgentOptions`.

    Raises:
        SchemaError: A function cannot be a tool, or two tools have the same name.
        ParameterError: An option or parameter is unknown or out of range.
    """

    __slots__ = ("_own", "_params", "_print", "_toolsets", "model", "offer", "options", "output")

    def __init__(self, model: str | Model | None, output: Output[T], options: AgentOptions[Any]) -> None:
        unknown = options.keys() - AgentOptions.__annotations__.keys()
        if unknown:
            known = ", ".join(["model", "output", "deps_type", *AgentOptions.__annotations__])
            raise ParameterError(f"Agent: expected some of {known}; got {', '.join(sorted(unknown))}")
        self.model = model
        self.output = output
        # Copies, read once: the caller may change its lists later, and `replace` reads them again.
        tools, params = tuple(options.get("tools") or ()), options.get("params") or {}
        self.options: AgentOptions[Any] = {**options, "tools": tools, "params": {**params}}
        self._params = checked_params(params)
        self._own, self._toolsets = parted(tools)
        self.offer = Offer(self._own)
        if taken := output.names & self.offer.names.keys():
            raise SchemaError(f"tool {min(taken)!r}: the name is taken by the output; give it another")
        self._print: str | None = None

    @property
    def fingerprint(self) -> str:
        """See `Agent.fingerprint`."""
        if self._print is None:
            instructions, model = self.options.get("instructions"), self.model
            said = instructions if isinstance(instructions, str) else getattr(instructions, "__qualname__", None)
            entries = [(name, tool.wire()) for name, tool in self.offer.by_name.items()]
            services = [entry for entry in self.offer.entries if entry.get("type") != "function"]
            self._print = fingerprint(
                model=model if isinstance(model, str | None) else model.name,
                instructions=said,
                output=[self.output.schema, [tool.wire() for tool in self.output.tools], self.output.response_format],
                tools=[*entries, *((str(entry.get("type")), entry) for entry in services)],
            )
        return self._print

    def asked(self, model: str | Model | None) -> Model:
        """Return the model that a run asks."""
        if model is not None and not isinstance(model, str | Bindable):
            return model
        client = self.options.get("client")
        if client is None:
            from callwright.service.client import default_client  # noqa: PLC0415 - connections come with the first run

            client = default_client()
        return model.bound(client) if isinstance(model, Bindable) else client.chat(model)

    async def start(self, prompt: Prompt, options: AnyRunOptions, emit: Emit | None) -> RunResult[T]:
        """Record the prompt and run the loop; see `Agent.run`."""
        from callwright.loop import Loop  # noqa: PLC0415 - half of what an agent is comes with its first run

        given = {key: value for key, value in options.items() if key not in RUN_KEYS}
        params = checked_params(given, base=self._params) if given else self._params
        history, messages, notes = self._conversation(prompt, options)
        choice = chosen(options.get("tool_choice"), self.offer, is_open=bool(self._toolsets))
        state, opening = await self._opened(options.get("run_id"))
        if history and state.messages:
            raise ParameterError(f"history: run {state.run_id!r} has its own conversation already; leave history= out")
        plan, deps = self._plan(options.get("model")), options.get("deps")
        loop = Loop(plan, state, deps=deps, emit=emit, offer=self.offer, approve=options.get("approve"))
        for record in opening:
            await loop.record(record)
        instructions = await self._instructions(state, deps)
        if "response_format" in params:
            _warn_of_json(params, (*history, *messages), instructions)
        await loop.record(Prompted(messages, history, instructions, choice, params, notes))
        return await loop.run()

    async def go_on(
        self, run: Resumable, decisions: Sequence[CallDecided], options: AnyResumeOptions, emit: Emit | None
    ) -> RunResult[T]:
        """Record the decisions and run the loop; see `Agent.resume`."""
        from callwright.loop import Loop  # noqa: PLC0415 - see `start`
        from callwright.subagent import pass_on  # noqa: PLC0415

        state, plan = await self._restored(run), self._plan(options.get("model"))
        if not options.get("accept_changes"):
            self._refuse_changes(state)
        loop = Loop(plan, state, deps=options.get("deps"), emit=emit, offer=self.offer, approve=options.get("approve"))
        for decision in decisions:
            verdict = await pass_on(plan.store, state, decision)
            # Two decisions about calls of one sub-agent let it go on once.
            if verdict is decision or state.calls[verdict.call].is_waiting:
                await loop.record(verdict)
        return await loop.run()

    async def once(self, prompt: Prompt, options: AnyRunOptions, *, job: str) -> RunResult[T]:
        """Run, or go on with the run of that job and prompt, or read its result."""
        store = self.options.get("store")
        if store is None:
            raise ParameterError(f"job {job!r}: only a store can remember what was done; give the agent one")
        content = encode([message.raw for message in prompt_messages(prompt)])
        run_id = f"{job}-{hashlib.blake2b(content, digest_size=12).hexdigest()}"
        # The same prompt twice in one job is one run: the second one reads what the first has come to.
        async with Passage(("job", id(store), run_id)):
            records = await store.load(run_id)
            if any(isinstance(record, Prompted) for record in records):
                known = AnyResumeOptions.__annotations__
                again = cast("AnyResumeOptions", {key: value for key, value in options.items() if key in known})
                return await self.go_on(run_id, (), again, None)
            return await self.start(prompt, {**options, "run_id": run_id}, None)

    async def fork(self, run: str, *, at: int | None, run_id: str | None) -> RunState:
        """See `Agent.fork`."""
        store = self.options.get("store")
        if store is None:
            raise StoreError("fork: the agent has no store; give it the one that keeps the run")
        from callwright.run.forking import fork  # noqa: PLC0415 - few need it

        return await fork(store, run, at=at, to=run_id or _new_id())

    async def within(self, prompt: str, ctx: RunContext[Any]) -> RunResult[T]:
        """Run for a call of another run; see `Agent.as_tool`."""
        from callwright.subagent import run_within  # noqa: PLC0415 - comes with the first call

        async def prompted(state: RunState) -> Prompted:
            instructions = await self._instructions(state, ctx.deps)
            return Prompted(prompt_messages(prompt), (), instructions, None, self._params)

        plan = self._plan(None)
        return await run_within(plan, ctx, offer=self.offer, fingerprint=self.fingerprint, prompted=prompted)

    def _conversation(
        self, prompt: Prompt, options: AnyRunOptions
    ) -> tuple[tuple[Message, ...], tuple[Message, ...], tuple[str, ...]]:
        """Return the history and the prompt of a run, checked, and what had to be repaired in the history."""
        messages, history = prompt_messages(prompt), options.get("history") or ()
        if isinstance(prompt, str) and not history:
            return (), messages, ()
        from callwright.wire.history import checked_history, history_of, repaired_history  # noqa: PLC0415 - few need it

        past, notes = repaired_history(history) if options.get("repair_history") else (history_of(history), ())
        model = options.get("model") or self.model
        checked_history((*past, *messages), model=model if isinstance(model, str | None) else model.name)
        return past, messages, notes

    def _refuse_changes(self, state: RunState) -> None:
        started = state.records[0]
        found = changes(started.agent, self.fingerprint) if isinstance(started, Started) else ()
        if found and state.stopped is None:
            told = f"run {state.run_id!r} was begun by another agent ({'; '.join(found)})"
            error = StoreError(f"{told}; resume it with that one, or with accept_changes=True")
            error.state = state
            raise error

    async def _opened(self, run_id: str | None) -> tuple[RunState, list[Record]]:
        """Return the state to put a prompt into, and the records that must come first."""
        store = self.options.get("store")
        records = await store.load(run_id) if store is not None and run_id is not None else ()
        if not records:
            return RunState(), [Started(run_id or _new_id(), self.fingerprint)]
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
        store = self.options.get("store")
        records = await store.load(run_id) if store is not None else ()
        if not records:
            where = "its store" if store is not None else "no store: give the agent one, or pass the state itself"
            raise StoreError(f"run {run_id!r}: the agent has no record of it ({where})")
        state = RunState.of(records)
        if state.prompt is None:
            raise StoreError(f"run {run_id!r} ended before it was asked anything; give it a prompt: run(..., run_id=)")
        return state

    async def _instructions(self, state: RunState, deps: Any) -> str | None:  # noqa: ANN401 - the user's own type
        given = self.options.get("instructions")
        if given is not None and not isinstance(given, str):
            context: RunContext[Any] = RunContext(deps, run_id=state.run_id, messages=state.messages)
            rendered = given(context)
            given = await rendered if inspect.isawaitable(rendered) else rendered
        return clean(given) if given else None

    def _plan(self, model: str | Model | None) -> Plan[T]:
        options = self.options
        return Plan(
            model=self.asked(self.model if model is None else model),
            output=self.output,
            tools=self._own,
            toolsets=self._toolsets,
            limits=options.get("limits") or _LIMITS,
            clock=options.get("clock", SYSTEM_CLOCK),
            store=options.get("store"),
            budget=options.get("budget"),
            compaction=options.get("compaction"),
            eager=options.get("eager", False),
        )


def _warn_of_json(params: JsonObject, messages: tuple[Message, ...], instructions: str | None) -> None:
    """Warn if JSON is asked for, and nobody says so in words: services refuse that, or the model goes on for ever."""
    said = messages if instructions is None else (SystemMessage(instructions), *messages)
    told = json_mode_warning(params, said)
    if told is not None:
        warnings.warn(told, UserWarning, stacklevel=2)


def _new_id() -> str:
    return f"run_{os.urandom(12).hex()}"
