"""The plugins of OpenRouter: what the service does besides asking the model, each known by its `id`.

Source: OpenRouter's OpenAPI document of 2026-08-22. Defaults are the service's own and never sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Required, TypeAlias

from typing_extensions import TypedDict

from callwright._json import JsonObject

__all__ = [
    "AutoBetaRouterPlugin",
    "AutoRouterPlugin",
    "ContextCompressionPlugin",
    "FileParserPlugin",
    "FusionPlugin",
    "FusionTool",
    "ModerationPlugin",
    "ParetoRouterPlugin",
    "PdfOptions",
    "Plugin",
    "ResponseHealingPlugin",
    "UserLocation",
    "WebFetchPlugin",
    "WebPlugin",
]


class AutoBetaRouterPlugin(TypedDict, total=False):
    """Chooses the model, in its newest form."""

    id: Required[Literal["auto-beta-router"]]
    """Which plugin."""
    enabled: bool
    """Whether it works. Service default: true."""
    allowed_models: Sequence[str]
    """Patterns such as `anthropic/*`, at most 1024 of at most 1024 characters; only these models may be chosen."""
    excluded_models: Sequence[str]
    """Patterns, as many and as long; these models are never chosen, even if allowed."""
    cost_tier: Literal["low", "medium", "high", "xhigh", "max"]
    """In which fifth of the prices to choose."""
    cost_quality_tradeoff: int
    """Older than `cost_tier`: 0 for quality to 10 for cheapness. Service default: 9."""


class AutoRouterPlugin(TypedDict, total=False):
    """Chooses the model for `openrouter/auto`."""

    id: Required[Literal["auto-router"]]
    """Which plugin."""
    enabled: bool
    """Whether it works. Service default: true."""
    allowed_models: Sequence[str]
    """Patterns such as `anthropic/*`, at most 1024 of at most 1024 characters; only these models may be chosen."""
    excluded_models: Sequence[str]
    """Patterns, as many and as long; these models are never chosen, even if allowed."""
    cost_tier: Literal["low", "medium", "high", "xhigh", "max"]
    """In which fifth of the prices to choose."""
    cost_quality_tradeoff: int
    """Older than `cost_tier`: 0 for quality to 10 for cheapness. Service default: 9."""
    pin_model: bool
    """Stay with the model that wrote the last assistant message. Service default: false."""


class ModerationPlugin(TypedDict):
    """Has the prompt looked at before it is answered."""

    id: Literal["moderation"]
    """Which plugin."""


class UserLocation(TypedDict, total=False):
    """Where the user is, roughly."""

    type: Required[Literal["approximate"]]
    """The only kind there is."""
    city: str | None
    """Such as `Basel`."""
    region: str | None
    """Such as `Basel-Stadt`."""
    country: str | None
    """Two letters, such as `CH`."""
    timezone: str | None
    """Such as `Europe/Zurich`."""


class WebPlugin(TypedDict, total=False):
    """Searches the web before the model answers. Its successor is the tool `openrouter:web_search`."""

    id: Required[Literal["web"]]
    """Which plugin."""
    enabled: bool
    """Whether it works. Service default: true."""
    engine: Literal["native", "exa", "firecrawl", "parallel", "perplexity"]
    """Who searches."""
    mode: Literal["instant", "fast", "auto", "deep-lite", "deep", "deep-reasoning", "turbo", "basic", "advanced"]
    """How the engine searches; each engine knows some of them and ignores the others."""
    max_results: int
    """How many pages come back, >= 1. Service default: 5."""
    max_uses: int
    """How often the model may search in one turn, >= 1."""
    search_prompt: str
    """What the model is told before the results."""
    include_domains: Sequence[str]
    """Only these, such as `*.wikipedia.org` or `example.org/blog`."""
    exclude_domains: Sequence[str]
    """Not these."""
    user_location: UserLocation | None
    """For results near the user."""


class WebFetchPlugin(TypedDict, total=False):
    """Reads pages that the conversation names."""

    id: Required[Literal["web-fetch"]]
    """Which plugin."""
    max_uses: int
    """How many pages a request may read, >= 1."""
    max_content_tokens: int
    """Tokens of a page, >= 1; longer ones are cut."""
    allowed_domains: Sequence[str]
    """Only these."""
    blocked_domains: Sequence[str]
    """Not these."""


class PdfOptions(TypedDict, total=False):
    """How a PDF is read."""

    engine: Literal["mistral-ocr", "native", "cloudflare-ai", "pdf-text"]
    """`pdf-text` is an older name of `cloudflare-ai`."""


class FileParserPlugin(TypedDict, total=False):
    """Reads files for models that cannot."""

    id: Required[Literal["file-parser"]]
    """Which plugin."""
    enabled: bool
    """Whether it works. Service default: true."""
    pdf: PdfOptions
    """For PDFs."""


class ResponseHealingPlugin(TypedDict, total=False):
    """Mends broken JSON of answers that were asked for as JSON and are not streamed."""

    id: Required[Literal["response-healing"]]
    """Which plugin."""
    enabled: bool
    """Whether it works. Service default: true."""


class ContextCompressionPlugin(TypedDict, total=False):
    """Leaves out the middle of a conversation that is longer than the model's context."""

    id: Required[Literal["context-compression"]]
    """Which plugin."""
    enabled: bool
    """Whether it works. Service default: true."""
    engine: Literal["middle-out"]
    """The only one there is."""


class ParetoRouterPlugin(TypedDict, total=False):
    """Chooses the model that writes the best code for its price."""

    id: Required[Literal["pareto-router"]]
    """Which plugin."""
    enabled: bool
    """Whether it works. Service default: true."""
    max_price: float
    """US dollars per million tokens of the prompt, >= 0."""
    min_coding_score: float
    """0 to 1; not used beside `max_price`. Service default: the best."""
    price_source: Literal["prompt", "weighted_avg"]
    """By list price, or by what was paid. Service default: prompt."""


class FusionTool(TypedDict, total=False):
    """A tool of the service for the models of a panel."""

    type: Required[str]
    """Such as `openrouter:web_search`."""
    parameters: JsonObject
    """Its settings: scalars, lists of scalars, objects of scalars."""


class FusionPlugin(TypedDict, total=False):
    """Asks a panel of models and has one of them write the answer."""

    id: Required[Literal["fusion"]]
    """Which plugin."""
    enabled: bool
    """Whether it works. Service default: true."""
    preset: Literal["general-high", "general-budget", "general-fast"]
    """Panel and writer by name."""
    analysis_models: Sequence[str]
    """The panel, 1 to 8 slugs."""
    model: str
    """Who writes the answer."""
    max_tool_calls: int
    """Steps with tools of each model, 1 to 16. Service default: 4."""
    tools: Sequence[FusionTool]
    """For the panel, at most 8. Service default: web search and web fetch."""


Plugin: TypeAlias = (
    AutoRouterPlugin
    | AutoBetaRouterPlugin
    | ModerationPlugin
    | WebPlugin
    | WebFetchPlugin
    | FileParserPlugin
    | ResponseHealingPlugin
    | ContextCompressionPlugin
    | ParetoRouterPlugin
    | FusionPlugin
)
"""What the service does besides, by `id`."""
