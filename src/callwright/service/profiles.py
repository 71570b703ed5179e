"""Known servers: a profile for each, and which one an address belongs to.

Every switch that is set stands for something that was recorded, documented or reported.  Sources: the services' own
pages on compatibility, recorded answers, and the issue threads named below.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from callwright.wire.profile import COMPATIBLE, OPENROUTER, OPENROUTER_ONLY, Profile

__all__ = [
    "ANTHROPIC",
    "COMPATIBLE",
    "DEEPSEEK",
    "FIREWORKS",
    "GEMINI",
    "GROQ",
    "LLAMA_CPP",
    "LM_STUDIO",
    "MISTRAL",
    "OLLAMA",
    "OPENAI",
    "OPENROUTER",
    "TOGETHER",
    "VLLM",
    "profile_for",
]

_SAMPLERS = frozenset({"min_p", "repetition_penalty", "top_k"})
"""Ways of sampling that servers of open weights have, and strict services refuse."""
_TO_MAX_TOKENS = {"max_completion_tokens": "max_tokens"}
_REASONING_ECHO = COMPATIBLE.echo | {"reasoning"}

OPENAI = Profile(
    name="openai",
    refuses=OPENROUTER_ONLY | _SAMPLERS,
    renames={"max_tokens": "max_completion_tokens"},
    tool_types=frozenset({"custom", "function"}),
    echo=frozenset({"audio", "content", "name", "refusal", "role", "tool_calls"}),
    call_echo=frozenset({"custom"}),
    call_id=r".{1,40}",
)
"""api.openai.com and Azure. Reasoning models refuse `max_tokens`; ids are limited to 40 characters.

Source: https://platform.openai.com/docs/api-reference/chat; vercel/ai#5171.
"""

VLLM = Profile(
    name="vllm",
    refuses=OPENROUTER_ONLY - {"structured_outputs"},
    echo=_REASONING_ECHO,
)
"""vLLM's server: `structured_outputs` is a parameter of its own. Source: https://docs.vllm.ai (OpenAI server)."""

LLAMA_CPP = Profile(
    schema="llama.cpp",
    name="llama.cpp",
    refuses=OPENROUTER_ONLY,
    renames=_TO_MAX_TOKENS,
    strict=False,
    forcing="required",
)
"""llama.cpp's server: a forced name is taken for `auto` without a word.

Source: seen in build b11549; ggml-org/llama.cpp#26535.
"""

OLLAMA = Profile(
    name="ollama",
    ignores=frozenset({"logit_bias", "parallel_tool_calls", "user"}),
    renames=_TO_MAX_TOKENS,
    strict=False,
    forcing="ignored",
    echo=_REASONING_ECHO,
    developer_role=False,
)
"""Ollama: `tool_choice` is not heeded at all.

Source: https://docs.ollama.com/api/openai-compatibility; pydantic/pydantic-ai#4116.
"""

LM_STUDIO = Profile(
    name="lm studio",
    renames=_TO_MAX_TOKENS,
    strict=False,
    forcing="required",
)
"""LM Studio: an object as `tool_choice` is answered by 400. Source: lmstudio-ai/lmstudio-bug-tracker#670, #2254."""

GROQ = Profile(
    name="groq",
    refuses=OPENROUTER_ONLY | _SAMPLERS | {"logit_bias", "logprobs", "top_logprobs"},
    echo=frozenset({"content", "reasoning", "role", "tool_calls"}),
    call_echo=frozenset(),
    message_names=False,
)
"""Groq: some parameters and the names of messages are answered by 400. Source: https://console.groq.com/docs/openai."""

TOGETHER = Profile(name="together", renames=_TO_MAX_TOKENS, echo=_REASONING_ECHO)
"""Together. Source: https://docs.together.ai/docs/openai-api-compatibility; recorded answers."""

FIREWORKS = Profile(name="fireworks", renames=_TO_MAX_TOKENS, include_usage=False)
"""Fireworks: usage comes with the finish, unasked. Source: https://docs.fireworks.ai; recorded answers."""

DEEPSEEK = Profile(
    name="deepseek",
    refuses=OPENROUTER_ONLY | _SAMPLERS,
    renames=_TO_MAX_TOKENS,
    forced_params={"thinking": {"type": "disabled"}},
    json_schema=False,
    strict=False,
    echo=_REASONING_ECHO,
    call_echo=frozenset(),
    reasoning_key="reasoning_content",
    developer_role=False,
)
"""DeepSeek: reasoning goes back with calls, and a forced call is refused while the model thinks, as it does by itself.

For R1, which wants no reasoning back: `replace(DEEPSEEK, reasoning_key=None, echo=frozenset({"role", "content"}))`.
Source: https://api-docs.deepseek.com/guides/thinking_mode; TradingAgents#678, #689.
"""

MISTRAL = Profile(
    name="mistral",
    refuses=OPENROUTER_ONLY
    | _SAMPLERS
    | {
        "logit_bias",
        "logprobs",
        "modalities",
        "service_tier",
        "top_logprobs",
        "user",
        "verbosity",
        "web_search_options",
    },
    renames={**_TO_MAX_TOKENS, "seed": "random_seed"},
    include_usage=False,
    echo=frozenset({"content", "role", "tool_calls"}),
    call_echo=frozenset(),
    call_id=r"[a-zA-Z0-9]{9}",
    developer_role=False,
    message_names=False,
    tool_media=True,
    user_after_tool=False,
)
"""Mistral: unknown keys are answered by 422, ids have nine letters or digits, no user speaks after a tool.

Source: https://docs.mistral.ai/api; eca#231, mistralai/platform-docs-public#7, charmbracelet/crush#279.
"""

GEMINI = Profile(
    name="gemini",
    refuses=OPENROUTER_ONLY | _SAMPLERS,
    schema="gemini",
    strict=False,
    echo=frozenset({"content", "role", "tool_calls"}),
    call_echo=frozenset({"extra_content"}),
    developer_role=False,
    message_names=False,
)
"""Gemini's endpoint: unknown keys are answered by 400, the signature of a thought goes back with its call.

Source: https://ai.google.dev/gemini-api/docs/openai; openai/openai-python#2806, magentic#382.
"""

ANTHROPIC = Profile(
    schema="anthropic",
    name="anthropic",
    ignores=frozenset(
        {
            *("frequency_penalty", "logit_bias", "logprobs", "metadata", "modalities", "prediction"),
            *(
                "presence_penalty",
                "reasoning_effort",
                "response_format",
                "seed",
                "service_tier",
                "top_logprobs",
                "user",
            ),
        }
    ),
    json_schema=False,
    strict=False,
    echo=frozenset({"content", "role", "tool_calls"}),
    call_echo=frozenset(),
)
"""Anthropic's endpoint: much is taken and not heeded, `response_format` too.

Source: https://docs.anthropic.com/en/api/openai-sdk.
"""

_HOSTS: Mapping[str, Profile] = {
    "openrouter.ai": OPENROUTER,
    "api.openai.com": OPENAI,
    "openai.azure.com": OPENAI,
    "ollama.com": OLLAMA,
    "api.groq.com": GROQ,
    "api.together.xyz": TOGETHER,
    "api.together.ai": TOGETHER,
    "api.fireworks.ai": FIREWORKS,
    "api.deepseek.com": DEEPSEEK,
    "api.mistral.ai": MISTRAL,
    "generativelanguage.googleapis.com": GEMINI,
    "aiplatform.googleapis.com": GEMINI,
    "-aiplatform.googleapis.com": GEMINI,
    "api.anthropic.com": ANTHROPIC,
}
"""Host, or what follows a dot in it, or with a leading hyphen its end -> profile."""

_PORTS: Mapping[int, Profile] = {11434: OLLAMA, 1234: LM_STUDIO, 8080: LLAMA_CPP, 8000: VLLM}
"""Where servers listen by themselves: a hint, so none of these profiles refuses what a plain server takes."""


def profile_for(base_url: str) -> Profile:
    """Return the profile of the server at an address: by its host, else by its port, else `COMPATIBLE`.

    Args:
        base_url: Such as `https://api.groq.com/openai/v1`; what is no address gives `COMPATIBLE`.
    """
    try:
        parts = urlsplit(base_url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return COMPATIBLE
    for known, profile in _HOSTS.items():
        if host == known or host.endswith(known if known.startswith("-") else f".{known}"):
            return profile
    return COMPATIBLE if port is None else _PORTS.get(port, COMPATIBLE)
