"""Options: what can be said of an agent beyond its model and its output, and of one of its runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, Required, TypeAlias

from typing_extensions import TypedDict, TypeVar

from callwright._clock import Clock
from callwright.errors import CallwrightError, Unfinished
from callwright.model import Ledger, Model, Service
from callwright.run.compaction import Compaction
from callwright.run.limits import Limits
from callwright.run.result import RunResult
from callwright.run.store import Store
from callwright.run.verdicts import Approver
from callwright.tools.context import RunContext
from callwright.tools.toolset import ToolLike
from callwright.wire.chat import ToolChoice
from callwright.wire.messages import Message
from callwright.wire.params import ChatParams

__all__ = [
    "RUN_KEYS",
    "AgentOptions",
    "AnyResumeOptions",
    "AnyRunOptions",
    "Instructions",
    "ManyOptions",
    "ManyRunOptions",
    "Resumable",
    "ResumeOptions",
    "ResumeOptionsWithDeps",
    "RunOptions",
    "RunOptionsWithDeps",
]

D = TypeVar("D", default=None)

Instructions: TypeAlias = str | Callable[[RunContext[D]], str | Awaitable[str]]
"""What the model is to do: a text, or a function that gives it, called once per prompt."""


Resumable: TypeAlias = str | Unfinished | RunResult[Any] | CallwrightError
"""What names a run: its id in the store, its state, its result, or the error that ended it."""


class AgentOptions(TypedDict, Generic[D], total=False):
    """What can be said of an agent beyond its model and its output."""

    instructions: Instructions[D] | None
    """The system message. Default: none is sent."""
    tools: Sequence[ToolLike]
    """Documented functions, `Tool`s, `Toolset`s, or wire entries such as `{"type": "openrouter:web_search"}`."""
    params: ChatParams
    """Sent with every request, unless a run says otherwise."""
    limits: Limits
    """How far a run may go. Default: 50 steps, 64 calls a turn."""
    store: Store | None
    """Where records are kept. Default: nowhere beyond the result."""
    client: Service | None
    """Gives the model of a slug. Default: the process's own `Client`, made from the environment at the first run."""
    budget: Ledger | None
    """Shared with whoever else is given it."""
    compaction: Compaction | None
    """When the conversation that is sent is made shorter. Default: never."""
    eager: bool
    """Whether calls of `read_only` tools begin while the model still writes the rest of its answer; it streams then.
    Default: False."""
    clock: Clock
    """For tests."""


class RunOptions(ChatParams, total=False):
    """What can be said of one run, beside the request parameters."""

    history: Sequence[Message | Mapping[str, object]] | None
    """What was said before: messages or wire dicts, as from `result.messages`."""
    repair_history: bool
    """Answer calls in the history that nobody answered, and drop results that belong to no call; what was done is in
    `RunResult.notes`. Default: False, such a history is an error."""
    run_id: str | None
    """Default: a random one. With a store: the run to go on with, if it has ended; its conversation goes on."""
    tool_choice: ToolChoice | str | Callable[..., object] | None
    """`auto`, `none`, `required`, a tool's name, the function itself; a forced call holds for the first request."""
    model: str | Model | None
    """Asked instead of the agent's."""
    approve: Approver | None
    """Decides about held calls while the run goes on. Default: the run pauses, see `RunResult.pending`."""


class RunOptionsWithDeps(RunOptions, Generic[D], total=False):
    """The options of a run of an agent with dependencies."""

    deps: Required[D]
    """Reach tools and instructions by `RunContext`; they are never stored or sent."""


class AnyRunOptions(RunOptions, total=False):
    """What either kind of agent may be given; the overloads say which."""

    deps: Any


class ResumeOptions(TypedDict, total=False):
    """The options of going on with a run."""

    model: str | Model | None
    """Asked instead of the agent's."""
    approve: Approver | None
    """See `RunOptions.approve`."""
    accept_changes: bool
    """Go on although the agent's model, instructions, tools or output are not what they were when the run began.
    Default: False."""


class ResumeOptionsWithDeps(ResumeOptions, Generic[D], total=False):
    """The options of going on with a run of an agent with dependencies."""

    deps: Required[D]
    """See `RunOptionsWithDeps.deps`."""


class AnyResumeOptions(ResumeOptions, total=False):
    """What going on may be given by either kind of agent; the overloads say which."""

    deps: Any


class ManyOptions(TypedDict, total=False):
    """What can be said of many runs beside what can be said of one."""

    concurrency: int
    """How many run at the same time, >= 1. Default: 16."""
    ordered: bool
    """Whether results come in the order of the prompts, rather than as they finish. Default: False."""
    job: str | None
    """With a store: a name for all of it. Started again under that name, runs that have ended are read, runs that were
    cut short go on, and nothing is paid for twice. Default: every start begins anew."""


class ManyRunOptions(AnyRunOptions, ManyOptions, total=False):
    """The options of `Agent.run_many`."""


RUN_KEYS = frozenset({"history", "repair_history", "run_id", "tool_choice", "model", "deps", "approve"})
"""What is said of a run beside the request parameters."""
