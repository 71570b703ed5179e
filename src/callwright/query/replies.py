"""A voter's reply as text, and the key that is in it: a letter that only occurs in prose is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

from callwright._json import JsonObject, decode
from callwright.query.ballot import KEY_FIELD, TOOL_NAME
from callwright.query.keys import LETTERS, KeyTree
from callwright.query.logprobs import Spelled
from callwright.wire.chat import Completion

__all__ = ["Ambiguous", "Invalid", "Reason", "Reply", "read_key"]

Reason: TypeAlias = Literal["empty", "no_key", "ambiguous", "illegal_key", "refused", "filtered", "cut"]
"""Why a reply is no vote: nothing was said; no key was named; several were; one that is not on the ballot; the model
refused; the service kept the answer back; the answer ended before its key."""

Ambiguous: TypeAlias = Literal["refuse", "last"]
"""What becomes of a reply that names several keys. `refuse`: it is no vote, unless it ends with one in a sentence of
its own. `last`: the last one counts, as in ObjectiveAI's engine, in whatever sense it is named."""

_THOUGHT_END = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_THOUGHT_BEGIN = re.compile(r"\s*<(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_FENCE = re.compile(r"\s*(`{3,}|~{3,})[^\n`]*\n(.*?)\n?\s*\1\s*", re.DOTALL)
_FIELD = re.compile(rf'"{KEY_FIELD}"\s*:\s*("((?:[^"\\]|\\.)*)")')
_OBJECT = re.compile(r'\s*(?:`{3,}\w*\s*)?\{\s*"')
_SENTENCE_END = re.compile(r"[.!?](?=\s)|\n")
_WRAPPED = re.compile(r"\\(?:boxed|text|textbf|mathrm|mathbf)\{|\}")
_EDGES = " \t\r\n.,;:!`'\"$*_()[]{}<>#~\u00a0\u2018\u2019\u201c\u201d\u00ab\u00bb\u300c\u300d\u3002"


@dataclass(frozen=True, slots=True)
class Invalid:
    """A reply that is no vote."""

    reason: Reason
    detail: str = ""
    """What was said, or why; for people."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a voter said."""

    text: str = ""
    arguments: str | None = None
    """Of the call of the forced tool; None if it was not called."""
    logprobs: JsonObject | None = None
    finish_reason: str | None = None
    refusal: str | None = None
    is_broken: bool = False
    """Whether the stream broke: a key that was whole by then counts all the same."""

    @classmethod
    def of(cls, completion: Completion, *, is_broken: bool = False) -> Self:
        """Return what a completion says."""
        called = (call.arguments for call in completion.tool_calls if call.name == TOOL_NAME)
        return cls(
            text=completion.text,
            arguments=next(called, None),
            logprobs=completion.logprobs,
            finish_reason=completion.finish_reason,
            refusal=completion.refusal,
            is_broken=is_broken,
        )

    @property
    def is_cut(self) -> bool:
        """Whether the reply may have had more to say."""
        return self.is_broken or self.finish_reason in {"length", "error"}


def read_key(reply: Reply, tree: KeyTree, *, ambiguous: Ambiguous = "refuse") -> Spelled | Invalid:
    """Return the key that a reply names.

    It is the argument of the forced call; or `response_key` of a JSON object; or named in backticks; or all of the
    reply, marks apart, and only so in small letters. What stands in the tags of thoughts does not count.

    Args:
        reply: What the voter said.
        tree: The keys of its ballot.
        ambiguous: See `Ambiguous`.
    """
    text = _without_thoughts(reply.text)
    found = _field(reply.arguments or "", tree) or _field(text, tree) or _ticked(text, tree, reply, ambiguous)
    found = found or _whole(text, tree, reply)
    if isinstance(found, Spelled):
        return found
    if reply.finish_reason == "content_filter":
        return Invalid("filtered", text)
    if reply.refusal:
        return Invalid("refused", reply.refusal)
    if reply.is_cut:
        return Invalid("cut", text)
    return found or (Invalid("no_key", text) if text.strip() or reply.arguments else Invalid("empty"))


def _without_thoughts(text: str) -> str:
    """Return what stands behind the thoughts; their first tag is left out by templates, their last one by cuts."""
    ends = list(_THOUGHT_END.finditer(text))
    if ends:
        return text[ends[-1].end() :]
    return "" if _THOUGHT_BEGIN.match(text) else text


def _field(text: str, tree: KeyTree) -> Spelled | Invalid | None:
    """Return the key of a JSON object, which need not be whole; the last one, if there are several."""
    fields = list(_FIELD.finditer(text))
    if fields:
        spelled, inside = fields[-1].groups()
        key = tree.known(_bare(_read(spelled, inside)))
        return Invalid("illegal_key", inside) if key is None else Spelled(key, spelled)
    try:
        value = decode(_unfenced(text))
    except ValueError:
        return None
    return Invalid("illegal_key", text) if isinstance(value, Mapping) and KEY_FIELD in value else None


def _read(spelled: str, inside: str) -> str:
    try:
        return str(decode(spelled))
    except ValueError:
        # A line break that is not escaped, say: what stands there is no key then, or it is whole all the same.
        return inside


def _ticked(text: str, tree: KeyTree, reply: Reply, ambiguous: Ambiguous) -> Spelled | Invalid | None:
    """Return the key that is named in backticks."""
    # What is quoted in the reasons of an object is no answer.
    named = [] if _OBJECT.match(text) else list(_named(text, tree))
    if not named:
        return None
    last, end = named[-1]
    if reply.is_cut and _bare(text.rpartition("\n")[2]) != last.key:
        return Invalid("cut", text)
    ends_reply = not text[end:].strip(_EDGES)
    if ambiguous == "last" or len({spelled.key for spelled, _ in named}) == 1:
        return last
    # A sentence that names two keys says something of both; one behind the answer may say why not the other one.
    begin = max((found.end() for found in _SENTENCE_END.finditer(text, 0, end)), default=0)
    others = {spelled.key for spelled, place in named if place > begin}
    return last if ends_reply and len(others) == 1 else Invalid("ambiguous", text)


def _named(text: str, tree: KeyTree) -> Iterator[tuple[Spelled, int]]:
    """Yield the legal keys in backticks, each with where it ends."""
    depth, letter = tree.depth, f"[{LETTERS}]"
    for found in re.finditer(rf"(?:`{letter}`){{{depth}}}|`{letter}{{{depth}}}`", text):
        key = found[0].replace("`", "")
        if key in tree.leaves:
            yield Spelled(key, found[0]), found.end()


def _whole(text: str, tree: KeyTree, reply: Reply) -> Spelled | None:
    """Return the key that the reply is, if it is nothing else; a letter of a cut reply may begin a word."""
    letters = _bare(_unfenced(text))
    key = tree.known(letters)
    return None if key is None or reply.is_cut else Spelled(key, letters)


def _bare(text: str) -> str:
    return _WRAPPED.sub("", text).strip(_EDGES).replace("`", "")


def _unfenced(text: str) -> str:
    found = _FENCE.fullmatch(text)
    return found[2] if found else text
