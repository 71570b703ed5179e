"""A row of the training table: a prompt, how each member voted, and which answer was right."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from callwright._json import JsonObject, JsonValue, decode
from callwright.errors import ParameterError
from callwright.query.candidates import choice_candidate
from callwright.query.config import QueryLLM
from callwright.query.meaning import canonical_text
from callwright.query.result import QueryResult
from callwright.query.settings import StaticWeight
from callwright.query.vectors import packed

__all__ = ["RowVote", "TableRow", "checked_rows", "class_of", "decoded_line", "embedder_in", "member_name", "row_of"]

_SHOWN = 20
"""How many problems, or candidates, an error names."""


@dataclass(frozen=True, slots=True)
class RowVote:
    """How a member voted, or what it wrote."""

    member: str
    """See `member_name`."""
    slot: int
    """Its place in the ensemble: equal members have two votes."""
    mode: str
    shares: Mapping[str, float]
    """Class id -> share; they sum to 1."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """What is known of one query."""

    query: str
    """The id of its result."""
    prompt: str
    """Its text: what rows are compared by."""
    format: str = ""
    """The id of its response format: answers of different formats are not compared."""
    model: str = ""
    """The name of the ensemble."""
    created: float = 0.0
    """Seconds since 1970."""
    candidates: Mapping[str, str] = field(default_factory=dict[str, str])
    """Class id -> text."""
    votes: tuple[RowVote, ...] = ()
    correct: str | None = None
    """The class of the right answer; None while nobody has said."""
    vector: bytes | None = field(default=None, repr=False)
    """Of the prompt, from `packed`; None while nobody needed it."""

    def to_wire(self, embedder: str | None) -> dict[str, JsonValue]:
        """Return it as an object of JSON.

        Args:
            embedder: What made the vector.
        """
        wire: dict[str, JsonValue] = {
            "query": self.query,
            "prompt": self.prompt,
            "format": self.format,
            "model": self.model,
            "created": self.created,
            "candidates": self.candidates,
            "votes": [
                {"member": vote.member, "slot": vote.slot, "mode": vote.mode, "shares": vote.shares}
                for vote in self.votes
            ],
            "correct": self.correct,
        }
        if self.vector is not None:
            wire |= {"embeddings_model": embedder, "vector": base64.b64encode(self.vector).decode()}
        return wire


def member_name(llm: QueryLLM) -> str:
    """Return the id under which the votes of a member are kept: of all its fields but the weight.

    It is the `training_table_name` of a member whose weight is dynamic; one whose weight is static has it as well, so
    that nothing is forgotten when the kind of weights is changed.
    """
    return replace(llm, weight=StaticWeight()).name


def row_of(result: QueryResult, *, prompt: str, response_format: str, vector: bytes | None) -> TableRow:
    """Return the row of a result, not marked."""
    models = result.model.models
    votes = [
        RowVote(member_name(models[one.slot]), one.slot, models[one.slot].mode, one.vote.shares) for one in result.votes
    ]
    written: dict[int, list[str]] = {}
    for one in result.written:
        written.setdefault(one.slot, []).append(one.candidate.class_id)
    for slot, classes in written.items():
        shares = {class_id: classes.count(class_id) / len(classes) for class_id in classes}
        votes.append(RowVote(member_name(models[slot]), slot, models[slot].mode, shares))
    return TableRow(
        query=result.id,
        prompt=prompt,
        format=response_format,
        model=result.model.name,
        created=float(result.created),
        candidates={class_id: candidate.text for class_id, candidate in result.candidates.items()},
        votes=tuple(sorted(votes, key=lambda vote: vote.slot)),
        vector=vector,
    )


def class_of(row: TableRow, correct: JsonValue, *, is_new: bool) -> str:
    """Return the class that an answer is of.

    Raises:
        ParameterError: It is no candidate, and need be one.
    """
    if isinstance(correct, str) and correct in row.candidates:
        return correct
    meant = {class_id: text for class_id, text in row.candidates.items() if _is_said(text, correct)}
    if meant:
        return next(iter(meant))
    class_id = choice_candidate(correct).class_id
    if class_id in row.candidates or is_new:
        return class_id
    shown = ", ".join(repr(text[:60]) for text in list(row.candidates.values())[:_SHOWN])
    raise ParameterError(
        f"correct: expected one of {shown}; got {correct!r}; if all were wrong, say so with is_new=True"
    )


def _is_said(text: str, correct: JsonValue) -> bool:
    if isinstance(correct, str):
        return text == correct or text.strip() == correct.strip()
    said = decoded_line(text.encode(errors="replace"))
    return said is not None and canonical_text(said) == canonical_text(correct)


def decoded_line(line: bytes) -> JsonValue:
    """Return what a line of JSON says; None if it is none."""
    try:
        return decode(line)
    except ValueError:
        return None


def embedder_in(wires: Iterable[JsonValue]) -> str | None:
    """Return what the first row with a vector says of it."""
    said = (wire.get("embeddings_model") for wire in wires if isinstance(wire, Mapping) and wire.get("vector"))
    return next((name for name in said if isinstance(name, str)), None)


def checked_rows(wires: Sequence[tuple[str, JsonValue]], embedder: str) -> list[TableRow]:
    """Return the rows that objects are.

    Raises:
        ParameterError: Some are none; names all.
    """
    wrong: list[str] = []
    rows: list[TableRow] = []
    sizes: set[int] = set()
    for place, wire in wires:
        problems: list[str] = []
        row = _row_of_wire(wire, problems, embedder=embedder)
        if row is not None:
            rows.append(row)
            sizes |= {len(row.vector)} if row.vector is not None else set()
        wrong += [f"{place}: {problem}" for problem in problems]
    if len(sizes) > 1:
        wrong.append(f"vector: expected all of one length; got {', '.join(str(size // 4) for size in sorted(sizes))}")
    if wrong:
        raise ParameterError(f"import: {'; '.join(wrong[:_SHOWN])}" + (" …" if len(wrong) > _SHOWN else ""))
    return rows


def _row_of_wire(wire: JsonValue, problems: list[str], *, embedder: str | None) -> TableRow | None:
    """Return the row that an object of JSON is; None if it is none.

    Args:
        wire: As `TableRow.to_wire` writes it; only `query` and `prompt` must be there.
        problems: What is wrong is added here.
        embedder: The only one whose vectors are taken; None takes those of any.
    """
    if not isinstance(wire, Mapping):
        problems.append("expected an object")
        return None
    found = len(problems)
    values: dict[str, Any] = {"query": _text(wire, "query", problems), "prompt": _text(wire, "prompt", problems)}
    values |= {key: _text(wire, key, problems) for key in ("format", "model") if wire.get(key) is not None}
    if wire.get("correct") is not None:
        values["correct"] = _text(wire, "correct", problems)
    created = wire.get("created", 0.0)
    if not isinstance(created, int | float) or isinstance(created, bool):
        problems.append(f"created: expected seconds since 1970; got {created!r}")
    candidates: JsonValue = wire.get("candidates")
    candidates = {} if candidates is None else candidates
    if not isinstance(candidates, Mapping) or not all(isinstance(text, str) for text in candidates.values()):
        problems.append("candidates: expected class id -> text")
    votes = tuple(_votes(wire.get("votes") or (), problems))
    vector = _vector(wire, problems, embedder)
    if len(problems) > found:
        return None
    return TableRow(
        **values,
        created=cast("float", created),
        candidates=cast("Mapping[str, str]", candidates),
        votes=votes,
        vector=vector,
    )


def _text(wire: JsonObject, key: str, problems: list[str]) -> str:
    value = wire.get(key)
    if not isinstance(value, str) or (key == "query" and not value):
        problems.append(f"{key}: expected a text; got {value!r}")
        return ""
    return value


def _votes(wire: JsonValue, problems: list[str]) -> Iterator[RowVote]:
    seen: set[tuple[str, int]] = set()
    for place, vote in enumerate(wire if isinstance(wire, list | tuple) else [wire]):
        match vote:
            case {"member": str(member), "shares": Mapping() as raw}:
                shares = cast("JsonObject", raw)
                slot, mode = vote.get("slot", place), vote.get("mode", "")
                if (
                    isinstance(slot, int)
                    and isinstance(mode, str)
                    and _are_shares(shares)
                    and (member, slot) not in seen
                ):
                    seen.add((member, slot))
                    yield RowVote(member, slot, mode, cast("Mapping[str, float]", shares))
                    continue
            case _:
                pass
        problems.append(
            f"votes[{place}]: expected `member`, `slot` (once each) and `shares` that sum to 1; got {vote!r}"
        )


def _are_shares(shares: JsonObject) -> bool:
    values = [
        value
        for value in shares.values()
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    ]
    return len(values) == len(shares) > 0 and math.isclose(math.fsum(values), 1.0, abs_tol=1e-6)


def _vector(wire: JsonObject, problems: list[str], embedder: str | None) -> bytes | None:
    vector, made_by = wire.get("vector"), wire.get("embeddings_model")
    if vector is None:
        return None
    if not isinstance(made_by, str) or (embedder is not None and made_by != embedder):
        problems.append(
            f"vector: expected one of {embedder or 'the model that `embeddings_model` names'}; got one of {made_by!r}: "
            "vectors of two models cannot be compared; leave `vector` out, and it is made anew"
        )
        return None
    try:
        if isinstance(vector, str):
            kept = base64.b64decode(vector, validate=True)
            if kept and len(kept) % 4 == 0:
                return kept
        elif isinstance(vector, list) and vector and all(isinstance(value, int | float) for value in vector):
            return packed(cast("list[float]", vector))
    except (binascii.Error, OverflowError):
        pass
    problems.append("vector: expected 32-bit floats in base64, or a list of numbers")
    return None
