"""The stand-in: a few rules that answer a chat request when no scenario does.

It is NO language model and understands nothing. It compares the words of the last question with the names and
descriptions of the tools, fills their arguments by schema with what it can point at in the text and in earlier results
(`callwright.testing.reading`), and quotes what the tools return. It is there so that examples, demonstrations and tests
meet a server that keeps the protocol: whoever wants to know what a model would do must ask a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from callwright._json import JsonValue, decode, encode
from callwright.testing.reading import Reader, Text, facts, nouns_of_ids, words_of
from callwright.testing.reply import Object
from callwright.testing.scenario import call
from callwright.testing.wireshape import Turn, shortened

__all__ = ["respond"]

_ROUNDS = 8
"""Turns with calls after which a question is answered from what there is."""

_GENERIC = words_of("get find list show fetch look lookup make do set tell give run call by of for the a an to from in")
_IGNORED = _GENERIC | words_of(
    """and or is are was be it its this that what which who how when where there please me my your you i we with on at
    as all any each can will would should if not no use used return value name id given about has have one tool"""
)
_SAID = {"add": "+ plus sum", "subtract": "minus", "multiply": "* times", "weather": "rain sun warm cold"}
_ALIASES = {word: name for name, said in _SAID.items() for word in words_of(said)}
_EARLIER = re.compile(r"\bthe (?:result|sum|product)\b(?! of)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Tool:
    name: str
    words: frozenset[str]
    described: frozenset[str]
    parameters: Object

    @property
    def lacks(self) -> frozenset[str]:
        """The nouns whose ids it requires."""
        return nouns_of_ids(cast("Sequence[str]", self.parameters.get("required") or ()))

    def score(self, words: frozenset[str]) -> float:
        """Return how well it fits what was said; 0 if it does not."""
        named, described = self.words & words, self.described & words
        fits = named or len(described) > 1
        return 2 * len(named) + len(described) - 0.5 * len(self.words - words) if fits else 0


@dataclass(frozen=True, slots=True)
class _Result:
    tool: str
    arguments: JsonValue
    value: JsonValue


def respond(request: Object) -> Turn:
    """Return the stand-in's turn in a conversation: `request` is a valid chat request with messages."""
    messages = cast("Sequence[Object]", request["messages"])
    asked = [place for place, message in enumerate(messages) if message["role"] == "user"]
    questions = [_text(messages[place].get("content")) for place in reversed(asked)] or [""]
    since = messages[asked[-1] + 1 :] if asked else messages
    results = list(_results(since))
    rounds = sum("tool_calls" in message for message in since)
    made = _calls(request, questions, results, rounds)
    if request.get("parallel_tool_calls") is False:
        made = made[:1]
    if made:
        calls = [call(name, arguments) for name, arguments in made]
        return shortened(Turn({"content": None, "tool_calls": calls}, "tool_calls"), request)
    return shortened(Turn({"content": _answer(request, questions, results)}), request)


def _text(content: JsonValue) -> str:
    if isinstance(content, str):
        return content
    parts = cast("Sequence[Object]", content or ())
    return "\n".join(str(part["text"]) for part in parts if part.get("type") == "text")


def _results(messages: Sequence[Object]) -> Iterator[_Result]:
    """Yield the calls that were answered, with what came back."""
    made: dict[str, tuple[str, JsonValue]] = {}
    for message in messages:
        for one in cast("Sequence[Mapping[str, Object]]", message.get("tool_calls") or ()):
            arguments = str(one["function"]["arguments"]).strip() or "{}"
            made[str(one["id"])] = str(one["function"]["name"]), decode(arguments)
        if message["role"] == "tool":
            text = _text(message["content"])
            try:
                value = decode(text)
            except ValueError:
                value = text
            yield _Result(*made[str(message["tool_call_id"])], value)


def _tools(request: Object) -> Iterator[_Tool]:
    for offered in cast("Sequence[Object]", request.get("tools") or ()):
        if offered.get("type") == "function":
            function = cast("Object", offered["function"])
            words = words_of(str(function["name"]))
            described = words_of(str(function.get("description", ""))) - _IGNORED
            parameters = cast("Object", function.get("parameters") or {})
            yield _Tool(str(function["name"]), words - _GENERIC or words, described, parameters)


def _calls(request: Object, questions: list[str], results: list[_Result], rounds: int) -> list[tuple[str, Object]]:
    """Return the calls to make now; none if it is time to answer."""
    tools, choice = list(_tools(request)), request.get("tool_choice", "auto")
    if not tools or choice == "none":
        return []
    if isinstance(choice, Mapping):
        name = cast("Mapping[str, Object]", choice).get("function", {}).get("name")
        return [_forced(next(tool for tool in tools if tool.name == name), questions, results)]
    planned = _planned(tools, questions[0], results) if rounds < _ROUNDS else []
    if planned or choice != "required":
        return planned
    called = {result.tool for result in results}
    uncalled = [tool for tool in tools if tool.name not in called]
    return [_forced((uncalled or tools)[-1], questions, results)]


def _forced(tool: _Tool, questions: list[str], results: list[_Result]) -> tuple[str, Object]:
    known = tool.words | words_of(encode(tool.parameters).decode())
    text = Text("\n".join(questions), known=known).about(tool.words)
    spoken = _told(results) or questions[0]
    return tool.name, Reader(text, tool.parameters, known=_known(results), spoken=spoken).forced()


def _planned(tools: list[_Tool], question: str, results: list[_Result]) -> list[tuple[str, Object]]:
    """Return every call that the question asks for, that can be made, and that was not made yet."""
    done = {(result.tool, encode(result.arguments)) for result in results}
    words = frozenset[str]().union(*(tool.words for tool in tools))
    chosen = _chosen(tools, Text(question, known=words))
    planned: list[tuple[str, Object]] = []
    for tool in chosen:
        others = [other.words for other in chosen if other is not tool]
        earlier = [result for result in results if result.tool != tool.name]
        whole = Text(_with_earlier(question, earlier), known=words)
        text = whole.about(tool.words, others)
        if others and _EARLIER.search(whole.whole, whole.place(tool.words), text.end):
            continue
        nouns = frozenset[str]().union(*(other.words for other in tools if other is not tool))
        sets = Reader(text, tool.parameters, elsewhere=nouns).objects() or _dependent(tool, text, earlier)
        planned += [(tool.name, one) for one in sets if (tool.name, encode(one)) not in done]
    return planned


def _with_earlier(question: str, results: list[_Result]) -> str:
    """Return the question with "the result" replaced by the last number that came back."""
    numbers = [result.value for result in results if isinstance(result.value, int | float)]
    return _EARLIER.sub(str(numbers[-1]), question) if numbers else question


def _dependent(tool: _Tool, text: Text, results: list[_Result]) -> list[Object]:
    """Return arguments that need earlier results: a set for each result that suffices, else one from all together."""
    for sources in ([[result] for result in results], [results]):
        readers = [Reader(text, tool.parameters, known=_known(source)) for source in sources]
        sets = [found[0] for reader in readers if (found := reader.objects()) and reader.has_remembered]
        if sets:
            return [one for place, one in enumerate(sets) if one not in sets[:place]]
    return []


def _chosen(tools: list[_Tool], text: Text) -> list[_Tool]:
    """Return the tools that the question is about, in the order in which they are offered.

    The best fit explains the most words; another is taken if it explains a word that none before it did, or if it can
    find an id that one of them lacks.
    """
    words = text.words | {_ALIASES[word] for word in text.words if word in _ALIASES}
    words -= _IGNORED - {word for tool in tools for word in tool.words}
    chosen: list[_Tool] = []
    explained: frozenset[str] = frozenset()
    for tool in sorted(tools, key=lambda tool: -tool.score(words)):
        covered = (tool.words | tool.described) & words
        if tool.score(words) > 0 and covered - explained:
            chosen.append(tool)
            explained |= covered
    lacking = {noun for tool in chosen for noun in tool.lacks}
    return [tool for tool in tools if tool in chosen or (tool.words & lacking and not tool.lacks)]


def _known(results: list[_Result]) -> dict[frozenset[str], JsonValue]:
    """Return what the results say, by the words of the key; an `id` or a bare value also by the nouns of its tool."""
    known: dict[frozenset[str], JsonValue] = {}
    for result in results:
        nouns = words_of(result.tool) - _GENERIC
        for key, value in facts(result.value):
            more = [] if key not in {"", "id"} else [part for noun in nouns for part in ({noun}, {noun, "id"})]
            for words in (words_of(key), *more):
                known.setdefault(frozenset(words), value)
    return known


def _answer(request: Object, questions: list[str], results: list[_Result]) -> str:
    spoken = _told(results) or questions[0]
    form = cast("Object", request.get("response_format") or {})
    if form.get("type") in {"json_object", "json_schema"}:
        schema = _schema(request, form)
        text = Text("\n".join(questions), known=words_of(encode([form, schema]).decode()))
        return encode(Reader(text, schema, known=_known(results), spoken=spoken).forced()).decode()
    if results:
        return spoken
    return f"I am the offline stand-in, a few rules and no language model. I can do nothing with: {questions[0]}"


def _schema(request: Object, form: Object) -> Object:
    """Return the schema of the answer; without a response format that says it, the one in the prompt."""
    if form["type"] == "json_schema":
        return cast("Object", cast("Object", form["json_schema"])["schema"])
    for message in cast("Sequence[Object]", request["messages"]):
        text = _text(message.get("content"))
        try:
            found = decode(text[text.index('{"') : text.rindex("}") + 1])
        except ValueError:
            continue
        if isinstance(found, Mapping) and "properties" in found:
            return found
    return {"properties": {"answer": {"type": "string"}}, "required": ["answer"]}


def _told(results: list[_Result]) -> str:
    """Return a sentence per result that quotes it."""
    sentences: list[str] = []
    for result in results:
        used = [_plain(one) for one in result.arguments.values()] if isinstance(result.arguments, Mapping) else []
        sentences.append(f"{result.tool}{' for ' if used else ''}{', '.join(used)} says: {_plain(result.value)}.")
    return " ".join(sentences)


def _plain(value: JsonValue) -> str:
    match value:
        case str():
            return value.strip().rstrip(".")
        case Mapping():
            return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
        case list():
            return "; ".join(_plain(item) for item in value) or "nothing"
        case _:
            return encode(value).decode()
