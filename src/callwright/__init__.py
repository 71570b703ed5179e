"""callwright: agents and tool calling on the OpenRouter chat-completions API.

Everything public can be imported from here; a name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callwright._bulk import Bulk, Finished
    from callwright.agent import Agent
    from callwright.bulk import Extraction, extract_many, extract_many_sync
    from callwright.errors import (
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        Attempt,
        AuthenticationError,
        BadRequestError,
        BudgetError,
        CallwrightError,
        ConflictError,
        ContextLengthError,
        InsufficientCreditsError,
        NotFoundError,
        OutputError,
        ParameterError,
        PermissionDeniedError,
        ProviderError,
        QuorumError,
        RateLimitError,
        RefusalError,
        ReportedError,
        RequestTimeoutError,
        RunConflictError,
        RunError,
        RunPausedError,
        SchemaError,
        StoreError,
        StreamError,
        StuckError,
        ToolError,
        TruncatedError,
    )
    from callwright.extraction import ForcedCall, extract, extract_sync, force, force_sync
    from callwright.loop import Event, Nested
    from callwright.model import Model, Price, Restarted, Retried, Scope
    from callwright.models.answers import MemoryAnswers, SQLiteAnswers
    from callwright.models.cache import Cache
    from callwright.models.cassette import Cassette
    from callwright.models.fallback import Fallback
    from callwright.models.limit import Limit
    from callwright.output.checked import Checked
    from callwright.output.output import Output, output_of
    from callwright.output.schema import Schema
    from callwright.run.compaction import Compaction
    from callwright.run.limits import Budget, Limits
    from callwright.run.pending import Pending
    from callwright.run.result import RunResult
    from callwright.run.sqlite import SQLiteStore
    from callwright.run.state import RunState
    from callwright.run.store import MemoryStore, Store
    from callwright.run.verdicts import approve, deny, edit, provide, rerun
    from callwright.service.capability import CapabilityWarning
    from callwright.service.catalogue import Credits, Endpoint, Generation, KeyInfo, ModelInfo
    from callwright.service.client import Client, Timeouts
    from callwright.service.embeddings import Embeddings
    from callwright.service.headers import openrouter_headers
    from callwright.service.profiles import profile_for
    from callwright.service.retry import Retry
    from callwright.stream import RunStream, SyncRunStream
    from callwright.tools.context import Progress, RunContext
    from callwright.tools.docstrings import DocstringWarning
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
    "Attempt",
    "AuthenticationError",
    "BadRequestError",
    "Budget",
    "BudgetError",
    "Bulk",
    "Cache",
    "CallwrightError",
    "CapabilityWarning",
    "Cassette",
    "ChatParams",
    "ChatRequest",
    "Checked",
    "Client",
    "Compaction",
    "Completion",
    "ConflictError",
    "ContextLengthError",
    "Credits",
    "Delta",
    "DeveloperMessage",
    "DocstringWarning",
    "Embeddings",
    "Endpoint",
    "Event",
    "Extraction",
    "Fallback",
    "Finished",
    "ForcedCall",
    "FunctionDescription",
    "Generation",
    "InsufficientCreditsError",
    "Invocation",
    "KeyInfo",
    "Limit",
    "Limits",
    "MemoryAnswers",
    "MemoryStore",
    "Message",
    "Model",
    "ModelInfo",
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
    "RefusalError",
    "ReportedError",
    "RequestTimeoutError",
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
    "SQLiteAnswers",
    "SQLiteStore",
    "Schema",
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
    "TruncatedError",
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
    "extract_many",
    "extract_many_sync",
    "extract_sync",
    "file",
    "filtered",
    "force",
    "force_sync",
    "history_of",
    "image",
    "openrouter_headers",
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
    "_bulk": ("Bulk", "Finished"),
    "agent": ("Agent",),
    "bulk": ("Extraction", "extract_many", "extract_many_sync"),
    "errors": (
        "APIConnectionError",
        "APIError",
        "APIStatusError",
        "APITimeoutError",
        "Attempt",
        "AuthenticationError",
        "BadRequestError",
        "BudgetError",
        "CallwrightError",
        "ConflictError",
        "ContextLengthError",
        "InsufficientCreditsError",
        "NotFoundError",
        "OutputError",
        "ParameterError",
        "PermissionDeniedError",
        "ProviderError",
        "QuorumError",
        "RateLimitError",
        "RefusalError",
        "ReportedError",
        "RequestTimeoutError",
        "RunConflictError",
        "RunError",
        "RunPausedError",
        "SchemaError",
        "StoreError",
        "StreamError",
        "StuckError",
        "ToolError",
        "TruncatedError",
    ),
    "extraction": ("ForcedCall", "extract", "extract_sync", "force", "force_sync"),
    "loop": ("Event", "Nested"),
    "model": ("Model", "Price", "Restarted", "Retried", "Scope"),
    "models.answers": ("MemoryAnswers", "SQLiteAnswers"),
    "models.cache": ("Cache",),
    "models.cassette": ("Cassette",),
    "models.fallback": ("Fallback",),
    "models.limit": ("Limit",),
    "output.checked": ("Checked",),
    "output.output": ("Output", "output_of"),
    "output.schema": ("Schema",),
    "run.compaction": ("Compaction",),
    "run.limits": ("Budget", "Limits"),
    "run.pending": ("Pending",),
    "run.result": ("RunResult",),
    "run.sqlite": ("SQLiteStore",),
    "run.state": ("RunState",),
    "run.store": ("MemoryStore", "Store"),
    "run.verdicts": ("approve", "deny", "edit", "provide", "rerun"),
    "service.capability": ("CapabilityWarning",),
    "service.catalogue": ("Credits", "Endpoint", "Generation", "KeyInfo", "ModelInfo"),
    "service.client": ("Client", "Timeouts"),
    "service.embeddings": ("Embeddings",),
    "service.headers": ("openrouter_headers",),
    "service.profiles": ("profile_for",),
    "service.retry": ("Retry",),
    "stream": ("RunStream", "SyncRunStream"),
    "tools.context": ("Progress", "RunContext"),
    "tools.docstrings": ("DocstringWarning",),
    "tools.results": ("ToolResult", "read_result"),
    "tools.schema": ("FunctionDescription", "describe"),
    "tools.tool": ("Tool", "tool"),
    "tools.toolset": ("Toolset",),
    "tools.toolsets": ("combined", "filtered", "prefixed", "renamed", "toolset", "with_options", "wrapped"),
    "tools.wrapping": ("Around", "Invocation"),
    "wire.chat": ("ChatRequest", "Completion", "Delta", "Usage"),
    "wire.history": ("checked_history", "history_of", "repaired_history"),
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
    "wire.parts": ("audio", "file", "image", "text", "video"),
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
