"""The built-in scenarios: `SCENARIOS`, each the model `scripted/NAME`.

They call the tools that `TOOLS` describes, and hold the shapes and faults that were seen in recorded traffic of
OpenRouter and of the servers behind it. Source: recorded streams of 13 hosts and issue threads, up to August 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from callwright.testing.faults import FAULTS, FaultSpec
from callwright.testing.reply import Object, Reply, Style
from callwright.testing.scenario import Faulty, Scenario, Tries, call, calls, say
from callwright.testing.wireshape import Turn

__all__ = ["SCENARIOS", "TOOLS"]


def _tool(name: str, description: str, /, **properties: str) -> Object:
    parameters: Object = {
        "type": "object",
        "properties": {key: {"type": kind} for key, kind in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TOOLS: tuple[Object, ...] = (
    _tool("get_weather", "Tell the weather of a city.", city="string"),
    _tool("find_customer", "Find a customer's id by name.", name="string"),
    _tool("list_orders", "List the orders of a customer.", customer_id="integer"),
    _tool("add", "Add two numbers.", a="integer", b="integer"),
    _tool("now", "Tell the time."),
)
"""The tools that the scenarios call, as a request offers them."""

_PARIS = call("get_weather", {"city": "Paris"})
_ROME = call("get_weather", {"city": "Rome"})
_OSLO = call("get_weather", {"city": "Oslo"})
_ASK = calls(_PARIS)
_SUNNY = say("It is sunny in Paris.")
_OK = say("All is well.")
_WHOLE = call("get_weather", {"city": "Paris"}, id="call_1", index=0, type="function")


def _fault(name: str, turn: Turn = _OK, value: float | None = None) -> Faulty:
    return Faulty(FaultSpec(name, value), turn)


def _styled(turn: Turn, style: Style) -> Turn:
    return Turn(turn.message, turn.finish_reason, turn.native, turn.deltas, style)


def _streamed(message: Object, *deltas: Object, finish_reason: str | None = "tool_calls") -> Turn:
    return Turn(message, finish_reason, deltas=deltas)


def _thought(text: str, kind: str = "anthropic-claude-v1", signature: str | None = "c2lnbmVk") -> Object:
    return {"type": "reasoning.text", "text": text, "signature": signature, "format": kind, "index": 0}


_PLAIN: Mapping[str, Scenario] = {
    "text": Scenario("A text.", (say("Hello from the script."),)),
    "empty-text": Scenario("Nothing at first: a cold start. Then a text.", (Tries((say(""), _OK)), _OK)),
    "unicode": Scenario(
        "Characters of up to four bytes, torn by a network that brings seven bytes at a time; lines end in CRLF.",
        (_styled(say("Grüße aus 東京 🗼: naïve café."), Style(split=7, newline=b"\r\n")),),
    ),
    "refusal": Scenario(
        "The model refuses.", (Turn({"content": None, "refusal": "I will not help with that."}, "stop"),)
    ),
    "content-filter": Scenario("A filter cuts the text.", (say("Take the", finish_reason="content_filter"),)),
    "cut-text": Scenario("A text that `max_tokens` cuts.", (say("Once upon a", finish_reason="length"),)),
    "annotations": Scenario(
        "A text with a citation.",
        (
            Turn(
                {
                    "content": "Bern is the capital.",
                    "annotations": [
                        {
                            "type": "url_citation",
                            "url_citation": {
                                "url": "https://example.org/bern",
                                "title": "Bern",
                                "start_index": 0,
                                "end_index": 20,
                            },
                        }
                    ],
                }
            ),
        ),
    ),
    "json-answer": Scenario("An object for a schema.", (say('{"city": "Paris", "temperature": 21.5}'),)),
    "json-then-better": Scenario(
        "An object that lacks a field, then, after a complaint, a whole one.",
        (say('{"city": "Paris"}'), say('{"city": "Paris", "temperature": 21.5}')),
    ),
    "json-in-a-fence": Scenario(
        "An object in Markdown.", (say('```json\n{"city": "Paris", "temperature": 21.5}\n```'),)
    ),
    "slow": Scenario("Pauses before and between the chunks.", (_fault("slow", say("Slow but sure."), 0.02),)),
}

_CALLS: Mapping[str, Scenario] = {
    "one-call": Scenario("One call, then a text.", (_ASK, _SUNNY)),
    "parallel-calls": Scenario("Three calls in one turn.", (calls(_PARIS, _ROME, _OSLO), say("Sun, sun, rain."))),
    "dependent-calls": Scenario(
        "Two calls, the second with what the first brought.",
        (
            calls(call("find_customer", {"name": "Ann Lee"})),
            calls(call("list_orders", {"customer_id": 7})),
            say("Ann Lee has two orders."),
        ),
    ),
    "text-and-call": Scenario("A text beside the call.", (calls(_PARIS, content="Let me look."), _SUNNY)),
    "forced-call": Scenario(
        "A call under finish reason `stop`, as OpenAI answers a named tool_choice.",
        (calls(_PARIS, finish_reason="stop"), _SUNNY),
    ),
    "blank-arguments": Scenario(
        "A tool without parameters, called with blank arguments.", (calls(call("now", "")), say("It is noon."))
    ),
    "late-empty-object": Scenario(
        'Arguments that come as "", "" and "{}".',
        (
            _streamed(
                {"content": None, "tool_calls": [call("now", "{}", id="call_1")]},
                {"tool_calls": [call("now", "", index=0, id="call_1", type="function")]},
                {"tool_calls": [{"index": 0, "function": {"arguments": ""}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
            ),
            say("It is noon."),
        ),
    ),
    "missing-arguments": Scenario("A call without the key `arguments`.", (calls(call("now")), say("It is noon."))),
    "unknown-tool": Scenario(
        "A tool that does not exist, then one that does.",
        (calls(call("get_wether", {"city": "Paris"})), _ASK, _SUNNY),
    ),
    "bad-arguments": Scenario(
        "An argument of the wrong type, then the right one.",
        (
            calls(call("add", {"a": "two", "b": 3})),
            calls(call("add", {"a": 2, "b": 3})),
            say("Two and three are five."),
        ),
    ),
    "broken-arguments": Scenario(
        "Arguments that are no JSON, then good ones.",
        (calls(call("get_weather", '{"city": Paris')), _ASK, _SUNNY),
    ),
    "cut-call": Scenario(
        "A call that `max_tokens` cuts, then, asked again, a whole one.",
        (Tries((calls(call("get_weather", '{"city": "Pa'), finish_reason="length"), _ASK)), _SUNNY),
    ),
    "endless-calls": Scenario("A call in each turn, until calls are forbidden.", (_ASK,), barred=_SUNNY),
    "interleaved-calls": Scenario(
        "Two calls whose arguments arrive in turns.",
        (_styled(calls(_PARIS, _ROME), Style(interleaved=True)), say("Sun in both.")),
    ),
    "empty-calls": Scenario("Finish reason `tool_calls` with an empty list.", (calls(content="Done."),)),
    "missing-ids": Scenario(
        "Two calls without ids.",
        (
            calls(
                call("get_weather", {"city": "Paris"}, id=None),
                call("get_weather", {"city": "Rome"}, id=None),
            ),
            say("Sun in both."),
        ),
    ),
    "duplicate-ids": Scenario(
        "Two calls with the same id in one turn.",
        (
            calls(
                call("get_weather", {"city": "Paris"}, id="call_1"),
                call("get_weather", {"city": "Rome"}, id="call_1"),
            ),
            say("Sun in both."),
        ),
    ),
    "repeated-ids": Scenario(
        "Two turns that use the same id.",
        (
            calls(call("get_weather", {"city": "Paris"}, id="get_weather:0")),
            calls(call("get_weather", {"city": "Rome"}, id="get_weather:0")),
            say("Sun in both."),
        ),
    ),
    "whole-call": Scenario(
        "A call in one delta, as Groq and xAI send it.",
        (_streamed({"content": None, "tool_calls": [_WHOLE]}, {"tool_calls": [_WHOLE]}), _SUNNY),
    ),
    "no-index": Scenario(
        "Deltas without index, under finish reason `stop`, as Google's endpoint sends them.",
        (
            _streamed(
                {"content": None, "tool_calls": [_WHOLE, {**_WHOLE, **_ROME, "id": "call_2", "index": 1}]},
                {"tool_calls": [call("get_weather", {"city": "Paris"}, id="call_1", type="function")]},
                {"tool_calls": [call("get_weather", {"city": "Rome"}, id="call_2", type="function")]},
                finish_reason="stop",
            ),
            say("Sun in both."),
        ),
    ),
    "object-arguments": Scenario(
        "Arguments as an object, as some builds of llama.cpp send them.",
        (calls({"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}), _SUNNY),
    ),
}

_REASONING: Mapping[str, Scenario] = {
    "reasoning": Scenario(
        "A thought with its signature, then a call, then a thought and a text.",
        (
            Turn(
                {
                    "content": None,
                    "reasoning": "I need the weather.",
                    "reasoning_details": [_thought("I need the weather.")],
                    "tool_calls": [_PARIS],
                },
                "tool_calls",
            ),
            Turn(
                {
                    "content": "It is sunny in Paris.",
                    "reasoning": "Now I know.",
                    "reasoning_details": [_thought("Now I know.", signature="YWdhaW4=")],
                }
            ),
        ),
    ),
    "encrypted-reasoning": Scenario(
        "A thought and its encrypted twin at one index, and calls under finish reason `stop`, as Gemini sends them.",
        (
            Turn(
                {
                    "content": None,
                    "reasoning": "Look it up.",
                    "reasoning_details": [
                        _thought("Look it up.", "google-gemini-v1", None),
                        {
                            "type": "reasoning.encrypted",
                            "data": "Q2lwaGVy",
                            "id": "tool_get_weather_1",
                            "format": "google-gemini-v1",
                            "index": 0,
                        },
                    ],
                    "tool_calls": [_PARIS],
                },
                "stop",
                "STOP",
            ),
            _SUNNY,
        ),
    ),
    "plain-reasoning": Scenario(
        "A thought as a plain string.", (Turn({"content": "Four.", "reasoning": "Two and two."}, "stop"),)
    ),
}

_SHAPES: Mapping[str, Scenario] = {
    "usage-finish": Scenario(
        "The chunk with the usage repeats the finish reason.", (_styled(_OK, Style(usage="finish")),)
    ),
    "usage-empty": Scenario("The chunk with the usage has no choices.", (_styled(_OK, Style(usage="empty")),)),
    "usage-choice": Scenario("The chunk with the usage has no finish reason.", (_styled(_OK, Style(usage="choice")),)),
    "no-usage": Scenario("No usage at all.", (_styled(_OK, Style(usage="none")),)),
    "no-keep-alive": Scenario("No padding and no comments.", (_styled(_OK, Style(padding=False, comments=False)),)),
}

_HALF_A_CHARACTER = (
    b'{"id":"gen-1","object":"chat.completion","created":1760000000,"model":"scripted/lone-surrogate",'
    b'"provider":"Offline","system_fingerprint":null,"choices":[{"index":0,"finish_reason":"stop",'
    b'"native_finish_reason":"stop","logprobs":null,'
    b'"message":{"role":"assistant","content":"half \\ud83d a face","refusal":null}}]}'
)

_CANNED: Mapping[str, Scenario] = {
    "lone-surrogate": Scenario(
        "Half of a character, escaped, in a body that is given to the last byte and never streamed.",
        (Reply(200, (("content-type", "application/json"),), (_HALF_A_CHARACTER,)),),
    ),
    "error-as-text": Scenario(
        "An error that is a string, as LM Studio writes it.",
        (Reply(400, (("content-type", "application/json"),), (b'{"error":"Invalid tool_choice type: \'object\'."}',)),),
    ),
}

# Every fault alone, met at every try; and those from which a second try recovers.
_FAULTS: Mapping[str, Scenario] = {
    f"always-{name}": Scenario(
        f"The fault {name!r} at every try.", (_fault(name, _ASK if name == "malformed-arguments" else _OK), _SUNNY)
    )
    for name in FAULTS
    if name not in {"slow", "stalled"}
}

_RECOVERING: Mapping[str, Scenario] = {
    f"{name}-then-ok": Scenario(f"The fault {name!r}, then a text.", (Tries((_fault(name, value=value), _OK)),))
    for name, value in {
        "429": 0.0,
        "408": None,
        "500": None,
        "502": None,
        "503": 0.0,
        "529": None,
        "html": None,
        "empty": None,
        "error-in-200": None,
        "choices-null": None,
        "no-answer": None,
    }.items()
}

_LATER: Mapping[str, Scenario] = {
    "503-twice-then-ok": Scenario(
        "Two errors, then a text.", (Tries((_fault("503", value=0.0), _fault("503", value=0.0), _OK)),)
    ),
    "429-after-a-call": Scenario(
        "A call, then an error when its result is sent, then a text.", (_ASK, Tries((_fault("429", value=0.0), _SUNNY)))
    ),
    "cut-after-a-call": Scenario("A call, then an answer that is cut.", (_ASK, _fault("cut", _SUNNY))),
    "cut-in-a-call": Scenario("A turn that is cut in the arguments of a call.", (_fault("cut", _ASK), _SUNNY)),
    "error-in-a-call": Scenario("An error in the arguments of a call.", (_fault("mid-stream-error", _ASK), _SUNNY)),
}

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {**_PLAIN, **_CALLS, **_REASONING, **_SHAPES, **_CANNED, **_FAULTS, **_RECOVERING, **_LATER}
)
"""Name -> scenario."""
