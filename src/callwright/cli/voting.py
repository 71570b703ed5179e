"""The command `query`: a question that an ensemble decides, with a bar for each choice; and ids of configurations."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.cli.exits import CommandError
from callwright.cli.inputs import STANDARD_INPUT, prompt_of
from callwright.cli.service import Address, client_of
from callwright.cli.showing import usage_text
from callwright.cli.terminal import clear_text, line, open_console, shortened
from callwright.query.compact import ensemble, jury
from callwright.query.config import QueryLLM
from callwright.query.events import CandidateArrived, MemberFailed, QueryEvent, VoteCast
from callwright.query.members import QueryModel
from callwright.query.outcomes import CastVote
from callwright.query.policy import QueryOptions
from callwright.query.result import QueryResult
from callwright.query.verbs import query_stream_sync, score_stream_sync
from callwright.run.limits import Budget
from callwright.service.client import Client
from callwright.wire.messages import Prompt

__all__ = ["QuerySettings", "print_id", "vote"]

_LONGEST_LABEL = 40
_LONGEST_BAR = 40
_FULL, _PLAIN = "█", "#"
_PARTS = " ▏▎▍▌▋▊▉"
"""Eighths of a full block."""
_Candidates: TypeAlias = Mapping[str, str]
"""Class id -> text."""


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """What the command was told."""

    question: str
    extra: str | None
    """A second word, which only `id` has."""
    choices: str | None
    """Comma-separated, or a JSON list; None has candidates written."""
    members: str
    """The text form of the ensemble."""
    seed: int | None
    stop: str | None
    replicates: int
    max_cost: float | None
    """In US dollars."""
    address: Address
    is_json: bool = False


def vote(settings: QuerySettings) -> None:
    """Ask an ensemble, and print what it decided.

    Raises:
        CommandError: The settings make no sense, or there is no key.
        CallwrightError: Asking failed, or too few answered.
        KeyboardInterrupt: Ctrl-C; the requests are cancelled.
    """
    if settings.extra is not None:
        raise CommandError(f"expected one QUESTION, in quotes, or: id FILE; got also {settings.extra!r}")
    choices = None if settings.choices is None else _choices_of(settings.choices)
    model = ensemble(settings.members) if choices is None or "->" in settings.members else jury(settings.members)
    prompt = prompt_of(STANDARD_INPUT) if settings.question == STANDARD_INPUT else settings.question
    out, err = open_console(), open_console(stderr=True)
    with client_of(settings.address) as client:
        result = _watched(prompt, model, choices, options=_options(settings, client), err=err)
    if settings.is_json:
        print(json.dumps(_wire(result), ensure_ascii=False, indent=2))  # noqa: T201 - rich would fold long lines
        return
    _draw(out, result)
    line(err, "usage", usage_text(result.usage, result.requests))


def print_id(path: str, *, is_json: bool) -> None:
    """Print the id of a configuration, or of an ensemble, and its normal form.

    Args:
        path: Of a JSON file; `STANDARD_INPUT` is a pipe.
        is_json: All as one object.

    Raises:
        CommandError: There is no such file, or it holds no JSON object.
        ParameterError: It is no configuration; names all that is wrong.
    """
    wire = _object_in(path)
    thing: QueryLLM | QueryModel
    if "models" in wire and "id" not in wire:
        thing = QueryModel.from_wire(wire)
        normal: JsonObject = {
            "models": [llm.normalized().to_wire() for llm in thing.models],
            "weight": thing.weight.to_wire(),
        }
    else:
        thing = QueryLLM.from_wire(wire)
        normal = thing.normalized().to_wire()
    if is_json:
        table = thing.training_table_name
        shown = {"name": thing.name, **({} if table is None else {"training_table_name": table}), "normalized": normal}
        print(encode(shown).decode())  # noqa: T201 - rich would fold long lines
        return
    print(thing.name)  # noqa: T201
    print(json.dumps(normal, ensure_ascii=False, indent=2))  # noqa: T201


def _object_in(path: str) -> JsonObject:
    try:
        content = sys.stdin.buffer.read() if path == STANDARD_INPUT else Path(path).read_bytes()
        wire = decode(content)
    except OSError as error:
        raise CommandError(f"cannot read {path!r}: {error.strerror or error}") from error
    except ValueError as error:
        raise CommandError(f"{path!r}: expected JSON; {error}") from error
    if not isinstance(wire, Mapping):
        raise CommandError(f"{path!r}: expected an object; got {shortened(str(wire), 80)}")
    return wire


def _choices_of(text: str) -> Sequence[JsonValue]:
    """Return the choices that an option says.

    Raises:
        CommandError: There are not two that differ.
    """
    found: Sequence[JsonValue] = [part for part in map(str.strip, text.split(",")) if part]
    if text.lstrip().startswith("["):
        try:
            listed = decode(text)
        except ValueError as error:
            raise CommandError(f"--choices: expected A,B,C or a JSON list; {error}") from error
        found = listed if isinstance(listed, list) else found
    if len({encode(choice) for choice in found}) < 2:  # noqa: PLR2004 - one needs no vote
        raise CommandError(f"--choices: expected at least two that differ; got {text!r}")
    return found


def _options(settings: QuerySettings, client: Client) -> QueryOptions:
    options = QueryOptions(client=client, replicates=settings.replicates)
    if settings.seed is not None:
        options["seed"] = settings.seed
    if settings.stop is not None:
        options["stop"] = settings.stop
    if settings.max_cost is not None:
        options["budget"] = Budget(cost=settings.max_cost)
    return options


def _watched(
    prompt: Prompt, model: QueryModel, choices: Sequence[JsonValue] | None, *, options: QueryOptions, err: Console
) -> QueryResult:
    """Return what came of a query; tell meanwhile who says what."""
    stream = (
        query_stream_sync(prompt, model, **options)
        if choices is None
        else score_stream_sync(prompt, model, choices=choices, **options)
    )
    texts: dict[str, str] = {}
    with stream as events:
        for event in events:
            if isinstance(event, CandidateArrived):
                texts.setdefault(event.candidate.class_id, event.candidate.text)
            _tell(err, event, model, texts)
    return stream.result


def _tell(err: Console, event: QueryEvent, model: QueryModel, texts: _Candidates) -> None:
    match event:
        case CandidateArrived(candidate, int(slot)):
            line(err, "answer", f"{_who(model, slot)}: {shortened(candidate.text, 200)}")
        case VoteCast(cast):
            line(err, "vote", f"{_who(model, cast.slot)}: {_said(cast, texts)}")
        case MemberFailed(failure):
            line(err, "error", f"{_who(model, failure.slot)}: {shortened(failure.reason)}")
        case _:
            pass


def _who(model: QueryModel, slot: int) -> str:
    return f"{model.models[slot].id} [{slot}]"


def _said(cast: CastVote, texts: _Candidates) -> str:
    """Return a vote in words: the choice, or each with its share, the greatest first."""
    shares = sorted(cast.vote.shares.items(), key=lambda entry: (-entry[1], entry[0]))
    named = [(shortened(texts.get(class_id, class_id), 60), share) for class_id, share in shares if share >= 0.005]  # noqa: PLR2004 - 0 % is not told
    words = named[0][0] if len(named) == 1 else ", ".join(f"{text} {share:.0%}" for text, share in named)
    return words if cast.note is None else f"{words} ({cast.note})"


def _draw(out: Console, result: QueryResult) -> None:
    """Print a bar for each candidate, and how sure the ensemble is."""
    is_plain = (getattr(out.file, "encoding", None) or "ascii").lower().replace("-", "") not in {"utf8", "utf16"}
    labels = [_label(one.candidate.text) for one in result.ranking]
    width = min(max(map(cell_len, labels)), max(out.width // 2, 10))
    room = max(min(out.width - width - 10, _LONGEST_BAR), 5)
    for label, one in zip(labels, result.ranking, strict=True):
        is_first = one.candidate.class_id == result.tally.winner
        bar = _bar(one.confidence, room, is_plain=is_plain)
        style = "bold green" if is_first else ""
        head = (set_cell_size(label, width), style)
        out.print(Text.assemble(head, "  ", (bar.ljust(room), style), f" {one.confidence:6.1%}"), soft_wrap=True)
    out.print(Text(_summary(result), style="dim"), soft_wrap=True)


def _label(text: str) -> str:
    flat = clear_text(" ".join(text.split()))
    return flat if cell_len(flat) <= _LONGEST_LABEL else f"{set_cell_size(flat, _LONGEST_LABEL - 3).rstrip()}..."


def _bar(share: float, room: int, *, is_plain: bool) -> str:
    """Return a bar; nothing that has a share is left without one."""
    if is_plain:
        return _PLAIN * max(round(share * room), 1 if share > 0 else 0)
    eighths = max(round(share * room * 8), 1 if share > 0 else 0)
    return _FULL * (eighths // 8) + (_PARTS[eighths % 8] if eighths % 8 else "")


def _summary(result: QueryResult) -> str:
    said = [f"margin {result.margin:.1%}", f"entropy {result.entropy:.2f} bits"]
    if result.is_tie:
        said.append("a tie")
    if result.valid_weight_fraction < 1:
        said.append(f"{result.valid_weight_fraction:.0%} of the weight that was asked counts")
    if result.stopped_reason is not None:
        low, high = result.confidence_bounds
        said.append(f"stopped early ({result.stopped_reason}): the winner's share is {low:.1%} to {high:.1%}")
    return ", ".join(said)


def _wire(result: QueryResult) -> JsonObject:
    return {
        "answer": result.answer,
        "ranking": [
            {
                "text": one.candidate.text,
                "class_id": one.candidate.class_id,
                "share": one.confidence,
                "weight": one.weight,
            }
            for one in result.ranking
        ],
        **result.summary(),
        "requests": result.requests,
        "cost": None if result.cost is None else str(result.cost),
    }
