"""The stand-in: a few rules that answer a chat request when no scenario does.

It is NO language model and understands nothing. It compares the words of the last question with the names and descriptions of
the tools, fills arguments by their schema with what it can point at in the text (numbers, dates, quoted words, capitalised names,
members of an enum, keys of earlier results), and quotes what tools return. It is there so that examples, demonstrations and
tests meet a server that obeys the protocol: whoever wants to know how a model behaves must ask a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from callwright._json import JsonValue, decode, encode
from callwright.testing.reading import Reader, Text, facts, wanted_nouns, words_of
from callwright.testing.scenario import call
from callwright.testing.wireshape import Object, Turn

__all__ = ["respond"]

_ROUNDS = 8
"""Turns with calls after which a question is answered from what there is."""

_GENERIC = words_of(
    "get find list show fetch look lookup make do set tell give run call tool function by of for the a an to from in"
)
_IGNORED = _GENERIC | words_of(
    "and or is are was be it its this that what which who how when where there please me my your you i we with on at as all any each "
    "can could would will should if not no use used using return returns value values name names id ids given about has have one"
)
_ALIASES = {
    "+": "add",
    "plus": "add",
    "sum": "add",
    "-": "subtract",
    "minus": "subtract",
    "*": "multiply",
    "times": "multiply",
}


@dataclass(frozen=True, slots=True)
class _Tool:
    name: str
    words: frozenset[str]
    described: frozenset[str]
    parameters: Object

    def score(self, words: frozenset[str]) -> float:
        """Return how much of what was said this tool is about; 0 if it is not."""
        named, described = self.words & words, self.described & words
        if not named and len(described) < 2:
            return 0
        return 2 * len(named) + len(described) - 0.5 * len(self.words - words)


@dataclass(frozen=True, slots=True)
class _Result:
    tool: str
    arguments: JsonValue
    text: str

    @property
    def value(self) -> JsonValue:
        try:
            return decode(self.text)
        except ValueError:
            return self.text


def respond(request: Object) -> Turn:
    """Return the stand-in's turn.

    Args:
        request: A valid chat request with messages.
    """
    messages = cast("Sequence[Object]", request["messages"])
    start = max((place for place, message in enumerate(messages) if message["role"] == "user"), default=-1)
    question = _text(messages[start].get("content")) if start >= 0 else ""
    results = list(_results(messages[start + 1 :]))
    rounds = sum("tool_calls" in message for message in messages[start + 1 :])
    made = _calls(request, question, results, rounds)
    if made:
        parallel = request.get("parallel_tool_calls") is not False
        written = [call(name, arguments) for name, arguments in (made if parallel else made[:1])]
        return _cut(Turn({"content": None, "tool_calls": written}, "tool_calls"), request)
    return _cut(Turn({"content": _answer(request, question, results)}), request)


def _text(content: JsonValue) -> str:
    if isinstance(content, str):
        return content
    parts = cast("Sequence[Object]", content or ())
    return "\n".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")


def _results(messages: Sequence[Object]) -> Iterator[_Result]:
    """Yield the calls made since the question, with what came back."""
    open_calls: dict[str, tuple[str, JsonValue]] = {}
    for message in messages:
        for made in cast("Sequence[Mapping[str, Object]]", message.get("tool_calls") or ()):
            function = made["function"]
            arguments = str(function["arguments"]).strip() or "{}"
            open_calls[str(made["id"])] = str(function["name"]), decode(arguments)
        if message["role"] == "tool":
            name, used = open_calls[str(message["tool_call_id"])]
            yield _Result(name, used, _text(message["content"]))


def _tools(request: Object) -> list[_Tool]:
    functions = [cast("Object", tool["function"]) for tool in _listed(request) if tool.get("type") == "function"]
    made: list[_Tool] = []
    for function in functions:
        name, parameters = str(function["name"]), cast("Object", function.get("parameters") or {})
        words = words_of(name)
        described = words_of(str(function.get("description", ""))) - _IGNORED
        made.append(_Tool(name, words - _GENERIC or words, described, parameters))
    return made


def _listed(request: Object) -> Sequence[Object]:
    return cast("Sequence[Object]", request.get("tools") or ())


def _calls(request: Object, question: str, results: list[_Result], rounds: int) -> list[tuple[str, Object]]:
    """Return the calls to make now; none if it is time to answer."""
    tools, choice = _tools(request), request.get("tool_choice", "auto")
    if not tools or choice == "none":
        return []
    text = Text(question, ignored=frozenset().union(*(tool.words for tool in tools)))
    if isinstance(choice, Mapping):
        named = cast("Mapping[str, Object]", choice).get("function", {}).get("name")
        return [_forced(next(tool for tool in tools if tool.name == named), text, results)]
    planned = _planned(tools, text, results) if rounds < _ROUNDS else []
    if planned or choice != "required":
        return planned
    called = {result.tool for result in results}
    uncalled = [tool for tool in tools if tool.name not in called]
    return [_forced((uncalled or tools)[-1], text, results)]


def _forced(tool: _Tool, text: Text, results: list[_Result]) -> tuple[str, Object]:
    known = _known(results)
    reader = Reader(text.after(tool.words), known, root=tool.parameters, spoken=_told(results) or text.whole)
    return tool.name, reader.forced()


def _planned(tools: list[_Tool], text: Text, results: list[_Result]) -> list[tuple[str, Object]]:
    """Return every call that the question asks for, that can be made, and that was not made."""
    done = {(result.tool, encode(result.arguments)) for result in results}
    chosen = _chosen(tools, text)
    planned: list[tuple[str, Object]] = []
    for tool in chosen:
        others = [other.words for other in chosen if other is not tool]
        scope = text.after(tool.words, before=others)
        suppliers = frozenset().union(*(other.words for other in tools if other is not tool))
        sets = Reader(scope, {}, root=tool.parameters, suppliers=suppliers).argument_sets()
        if not sets and tool.name not in {result.tool for result in results}:
            sets = _dependent(tool, scope, results)
        planned += [(tool.name, one) for one in sets if (tool.name, encode(one)) not in done]
    return planned


def _dependent(tool: _Tool, scope: Text, results: list[_Result]) -> list[Object]:
    """Return argument sets that need earlier results: one per result that suffices, else one from all together."""
    for known in ([_known([result]) for result in results], [_known(results)]):
        readers = [Reader(scope, one, root=tool.parameters) for one in known]
        filled = [(reader.argument_sets(), reader) for reader in readers]
        sets = [one[0] for one, reader in filled if one and reader.knew]
        if sets:
            return [one for place, one in enumerate(sets) if one not in sets[:place]]
    return []


def _chosen(tools: list[_Tool], text: Text) -> list[_Tool]:
    """Return the tools that the question is about, in the order in which they were offered.

    The best explains most words; another is taken if it explains a word that none before it did, or if it can find the id
    that one of them lacks.
    """
    words = text.words | {_ALIASES[word] for word in text.words if word in _ALIASES}
    words -= _IGNORED - frozenset().union(*(tool.words for tool in tools))
    chosen: list[_Tool] = []
    explained: frozenset[str] = frozenset()
    for tool in sorted(tools, key=lambda tool: -tool.score(words)):
        covered = (tool.words | tool.described) & words
        if tool.score(words) > 0 and covered - explained:
            chosen.append(tool)
            explained |= covered
    needed = frozenset().union(*(wanted_nouns(tool.parameters) for tool in chosen))
    return [tool for tool in tools if tool in chosen or (tool.words & needed and not wanted_nouns(tool.parameters))]


def _known(results: list[_Result]) -> dict[str, JsonValue]:
    """Return what results say, by key; a bare value or an `id` also goes by the name of the tool's noun."""
    known: dict[str, JsonValue] = {}
    for result in results:
        nouns = sorted(words_of(result.tool) - _GENERIC)
        for key, value in facts(result.value):
            names = [key] if key and key != "id" else [key, *(f"{noun}_id" for noun in nouns), *nouns]
            for name in names:
                known.setdefault(name, value)
    return known


def _answer(request: Object, question: str, results: list[_Result]) -> str:
    asked = cast("Object", request.get("response_format") or {})
    if asked.get("type") == "json_schema":
        schema = cast("Object", asked["json_schema"])
        inner = cast("Object", schema["schema"])
        text = Text(question, ignored=words_of(f"{schema['name']} {inner.get('title', '')}"))
        reader = Reader(text, _known(results), root=inner, spoken=_told(results) or question)
        return encode(reader.forced()).decode()
    if asked.get("type") == "json_object":
        return encode({"answer": _told(results) or question}).decode()
    if results:
        return _told(results)
    return f"I am the offline stand-in: a few rules, no language model. Nothing that I can call fits: {question}"


def _told(results: list[_Result]) -> str:
    """Return a sentence per result that quotes it."""
    return " ".join(f"{_subject(result)}: {_plain(result.value)}." for result in results)


def _subject(result: _Result) -> str:
    values = cast("Mapping[str, JsonValue]", result.arguments).values() if isinstance(result.arguments, Mapping) else ()
    told = ", ".join(_plain(value) for value in values)
    return f"{result.tool} says for {told}" if told else f"{result.tool} says"


def _plain(value: JsonValue) -> str:
    match value:
        case str():
            return value.strip().rstrip(".")
        case Mapping():
            return ", ".join(f"{key} {_plain(item)}" for key, item in cast("Object", value).items())
        case list():
            return "; ".join(_plain(item) for item in cast("Sequence[JsonValue]", value)) or "nothing"
        case _:
            return encode(value).decode()


def _cut(turn: Turn, request: Object) -> Turn:
    """Return `turn` as far as `stop` and `max_tokens`, at four characters a token, allow."""
    content, calls = turn.message.get("content"), turn.message.get("tool_calls")
    stops = request.get("stop") or ()
    if isinstance(content, str):
        for stop in [stops] if isinstance(stops, str) else cast("Sequence[str]", stops):
            content = content.partition(stop)[0]
    limit = cast("int | None", request.get("max_tokens") or request.get("max_completion_tokens"))
    left = 4 * limit if limit is not None else None
    if isinstance(content, str):
        whole = left is None or len(content) <= left
        return Turn({"content": content[:left]}, "stop" if whole else "length")
    kept: list[Object] = []
    for made in cast("Sequence[Mapping[str, Object]]", calls):
        arguments = str(made["function"]["arguments"])
        kept.append(call(str(made["function"]["name"]), arguments[:left]))
        if left is not None and len(arguments) > left:
            return Turn({"content": None, "tool_calls": kept}, "length")
        left = left - len(arguments) if left is not None else None
    return Turn({"content": None, "tool_calls": kept}, "tool_calls")
