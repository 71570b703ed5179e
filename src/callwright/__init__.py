"""callwright: agents and tool calling on the OpenRouter chat-completions API.

Everything public can be imported from here; a name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callwright._bulk import Bulk, Finished
    from callwright.agent import Agent
    from callwright.errors import (
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        BudgetError,
        CallwrightError,
        ContextLengthError,
        InsufficientCreditsError,
        NotFoundError,
        OutputError,
        ParameterError,
        PermissionDeniedError,
        ProviderError,
        QuorumError,
        RateLimitError,
        RunConflictError,
        RunError,
        RunPausedError,
        SchemaError,
        StoreError,
        StreamError,
        StuckError,
        ToolError,
    )
    from callwright.extraction import ForcedCall, extract, extract_sync, force, force_sync
    from callwright.loop import Event, Nested
    from callwright.model import Model, Price, Restarted, Retried, Scope
    from callwright.output.output import Output, output_of
    from callwright.run.compaction import Compaction
    from callwright.run.limits import Budget, Limits
    from callwright.run.pending import Pending
    from callwright.run.result import RunResult
    from callwright.run.state import RunState
    from callwright.run.store import MemoryStore, Store
    from callwright.run.verdicts import approve, deny, edit, provide, rerun
    from callwright.service.client import Client, Timeouts
    from callwright.service.profiles import profile_for
    from callwright.service.retry import Retry
    from callwright.stream import RunStream, SyncRunStream
    from callwright.tools.context import Progress, RunContext
    from callwright.tools.results import ToolResult, read_result
    from callwright.tools.schema import FunctionDescription, describe
    from callwright.tools.tool import Tool, tool
    from callwright.tools.toolset import Toolset
    from callwright.tools.toolsets import combined, filtered, prefixed, renamed, toolset, with_options, wrapped
    from callwright.tools.wrapping import Around, Invocation
    from callwright.wire.chat import ChatRequest, Completion, Delta, Usage
    from callwright.wire.history import checked_history, history_of, repaired_history
    from callwright.wire.messages import (
        AssistantMessage,
        DeveloperMessage,
        Message,
        SystemMessage,
        ToolCall,
        ToolMessage,
        UserMessage,
    )
    from callwright.wire.params import ChatParams
    from callwright.wire.parts import audio, file, image, text, video
    from callwright.wire.profile import COMPATIBLE, OPENROUTER, Profile

__all__ = [
    "COMPATIBLE",
    "OPENROUTER",
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "Agent",
    "Around",
    "AssistantMessage",
    "AuthenticationError",
    "BadRequestError",
    "Budget",
    "BudgetError",
    "Bulk",
    "CallwrightError",
    "ChatParams",
    "ChatRequest",
    "Client",
    "Compaction",
    "Completion",
    "ContextLengthError",
    "Delta",
    "DeveloperMessage",
    "Event",
    "Finished",
    "ForcedCall",
    "FunctionDescription",
    "InsufficientCreditsError",
    "Invocation",
    "Limits",
    "MemoryStore",
    "Message",
    "Model",
    "Nested",
    "NotFoundError",
    "Output",
    "OutputError",
    "ParameterError",
    "Pending",
    "PermissionDeniedError",
    "Price",
    "Profile",
    "Progress",
    "ProviderError",
    "QuorumError",
    "RateLimitError",
    "Restarted",
    "Retried",
    "Retry",
    "RunConflictError",
    "RunContext",
    "RunError",
    "RunPausedError",
    "RunResult",
    "RunState",
    "RunStream",
    "SchemaError",
    "Scope",
    "Store",
    "StoreError",
    "StreamError",
    "StuckError",
    "SyncRunStream",
    "SystemMessage",
    "Timeouts",
    "Tool",
    "ToolCall",
    "ToolError",
    "ToolMessage",
    "ToolResult",
    "Toolset",
    "Usage",
    "UserMessage",
    "approve",
    "audio",
    "checked_history",
    "combined",
    "deny",
    "describe",
    "edit",
    "extract",
    "extract_sync",
    "file",
    "filtered",
    "force",
    "force_sync",
    "history_of",
    "image",
    "output_of",
    "prefixed",
    "profile_for",
    "provide",
    "read_result",
    "renamed",
    "repaired_history",
    "rerun",
    "text",
    "tool",
    "toolset",
    "video",
    "with_options",
    "wrapped",
]

_HOMES = {
    "service.profiles": ("profile_for",),
    "wire.history": ("checked_history", "history_of", "repaired_history"),
    "wire.parts": ("audio", "file", "image", "text", "video"),
    "tools.wrapping": ("Around", "Invocation"),
    "tools.toolsets": ("combined", "filtered", "prefixed", "renamed", "toolset", "with_options", "wrapped"),
    "tools.results": ("ToolResult", "read_result"),
    "_bulk": ("Bulk", "Finished"),
    "agent": ("Agent",),
    "errors": (
        "APIConnectionError",
        "APIError",
        "APIStatusError",
        "APITimeoutError",
        "AuthenticationError",
        "BadRequestError",
        "BudgetError",
        "CallwrightError",
        "ContextLengthError",
        "InsufficientCreditsError",
        "NotFoundError",
        "OutputError",
        "ParameterError",
        "PermissionDeniedError",
        "ProviderError",
        "QuorumError",
        "RateLimitError",
        "RunConflictError",
        "RunError",
        "RunPausedError",
        "SchemaError",
        "StoreError",
        "StreamError",
        "StuckError",
        "ToolError",
    ),
    "extraction": ("ForcedCall", "extract", "extract_sync", "force", "force_sync"),
    "loop": ("Event", "Nested"),
    "model": ("Model", "Price", "Restarted", "Retried", "Scope"),
    "output.output": ("Output", "output_of"),
    "run.compaction": ("Compaction",),
    "run.verdicts": ("approve", "deny", "edit", "provide", "rerun"),
    "run.limits": ("Budget", "Limits"),
    "run.pending": ("Pending",),
    "run.result": ("RunResult",),
    "run.state": ("RunState",),
    "run.store": ("MemoryStore", "Store"),
    "service.client": ("Client", "Timeouts"),
    "service.retry": ("Retry",),
    "stream": ("RunStream", "SyncRunStream"),
    "tools.context": ("Progress", "RunContext"),
    "tools.schema": ("FunctionDescription", "describe"),
    "tools.tool": ("Tool", "tool"),
    "tools.toolset": ("Toolset",),
    "wire.chat": ("ChatRequest", "Completion", "Delta", "Usage"),
    "wire.messages": (
        "AssistantMessage",
        "DeveloperMessage",
        "Message",
        "SystemMessage",
        "ToolCall",
        "ToolMessage",
        "UserMessage",
    ),
    "wire.params": ("ChatParams",),
    "wire.profile": ("COMPATIBLE", "OPENROUTER", "Profile"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name from its module and keep it here.

    Raises:
        AttributeError: There is no such name.
    """
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*globals(), *__all__})
