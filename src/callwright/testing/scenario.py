"""A scenario: what a scripted model says, turn by turn, written in Python or in JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, cast

from callwright._json import JsonValue, decode, encode
from callwright.testing.faults import FaultSpec, parse_faults
from callwright.testing.reply import Object, Reply, error_reply
from callwright.testing.wireshape import Turn

__all__ = ["INTERRUPTED", "Faulty", "Scenario", "Step", "Tries", "call", "calls", "parse_scenarios", "say"]

INTERRUPTED = Turn({"content": "This was to be the answer, but something came between."})
"""The turn that a fault spoils if none is given."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """A turn that goes wrong in a named way."""

    fault: FaultSpec
    turn: Turn = INTERRUPTED


@dataclass(frozen=True, slots=True)
class Tries:
    """What comes when one and the same request is sent again and again; after the last it starts from the first."""

    steps: tuple[Turn | Faulty | Reply, ...]


Step: TypeAlias = Turn | Faulty | Reply | Tries
"""One step: a turn, a turn that goes wrong, an answer given to the last byte, or one of these at each try."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What one scripted model says: in each request, the step whose number is that of the assistant's turns before it.

    A conversation with more turns than steps starts over, so that a second question finds the script as the first did.
    """

    about: str
    """What is shown, in one sentence."""

    steps: tuple[Step, ...]
    """At least one."""

    barred: Turn | None = None
    """What is said instead of a call when the request forbids calls; None: the step all the same."""

    def step(self, *, turns: int, attempt: int, may_call: bool = True) -> Turn | Faulty | Reply:
        """Return what comes next.

        Args:
            turns: How many turns of the assistant stand in the request, >= 0.
            attempt: How often the same request came before, >= 0.
            may_call: Whether the request offers tools and permits their use.
        """
        step = self.steps[turns % len(self.steps)]
        if isinstance(step, Tries):
            step = step.steps[attempt % len(step.steps)]
        if self.barred is not None and not may_call and isinstance(step, Turn) and step.message.get("tool_calls"):
            return self.barred
        return step


def say(text: str, *, finish_reason: str | None = "stop") -> Turn:
    """Return a turn that is a text."""
    return Turn({"content": text}, finish_reason)


def call(name: str, arguments: Object | str | None = None, **keys: JsonValue) -> Object:
    """Return one call as it stands in an assistant's message.

    Args:
        name: The tool's name.
        arguments: An object is written as JSON, a string stays as it is, None leaves the key out.
        keys: More keys of the call, such as `id`; the service adds what is missing.
    """
    function: dict[str, JsonValue] = {"name": name}
    if arguments is not None:
        function["arguments"] = arguments if isinstance(arguments, str) else encode(arguments).decode()
    return {"function": function, **keys}


def calls(*made: Object, content: str | None = None, finish_reason: str | None = "tool_calls") -> Turn:
    """Return a turn that calls tools, with a text beside it if `content`."""
    return Turn({"content": content, "tool_calls": list(made)}, finish_reason)


def parse_scenarios(text: bytes | str) -> dict[str, Scenario]:
    """Return the scenarios that a JSON file spells: an object of lists of steps, by name.

    A step is one of ``{"text": ...}``, ``{"calls": [{"name": ..., "arguments": {...} | "..."}], "text": ...}``,
    ``{"message": {...}}`` (an assistant's message, raw), ``{"error": {"code": 400, "message": ...}}``,
    ``{"fault": "429*1"}`` (as in `parse_faults`, with the turn that it spoils in the same step), and
    ``{"tries": [step, ...]}``; a turn may say its ``"finish_reason"``.

    Raises:
        ValueError: The text is not JSON, or a step has another form; the message names it.
    """
    match decode(text):
        case dict() as named:
            return {name: _scenario(name, steps) for name, steps in named.items()}
        case other:
            raise ValueError(f"expected an object of scenarios by name, got {other!r}")


def _scenario(name: str, steps: JsonValue) -> Scenario:
    if not isinstance(steps, list) or not steps:
        raise ValueError(f"scenario {name!r}: expected a list of at least one step, got {steps!r}")
    return Scenario("From a file.", tuple(_step(step, f"scenario {name!r}, step {n}") for n, step in enumerate(steps)))


def _step(step: JsonValue, where: str) -> Step:
    match step:
        case {"tries": list() as tries}:
            return Tries(tuple(_met_once(one, where) for one in tries))
        case {"fault": str(spec), **rest}:
            turn = _turn(cast("Object", rest), where) if rest else INTERRUPTED
            met = tuple(turn if fault is None else Faulty(fault, turn) for fault in parse_faults(spec))
            return met[0] if len(met) == 1 else Tries(met)
        case _:
            return _met_once(step, where)


def _met_once(step: JsonValue, where: str) -> Turn | Faulty | Reply:
    """Return a step that is the same at each try."""
    match step:
        case {"error": {"code": int(code), "message": str(message), **rest}}:
            metadata = cast("Object | None", cast("Object", rest).get("metadata"))
            return error_reply(code, message, metadata=metadata)
        case {"fault": str(), **rest}:
            match _step(step, where):
                case Tries():
                    raise ValueError(f"{where}: expected a fault without a number of times among tries, got {step!r}")
                case found:
                    return found
        case dict():
            return _turn(step, where)
        case _:
            raise ValueError(f"{where}: expected an object, got {step!r}")


def _turn(step: Object, where: str) -> Turn:
    finish = step.get("finish_reason", "tool_calls" if "calls" in step else "stop")
    if finish is not None and not isinstance(finish, str):
        raise ValueError(f"{where}: expected a string or null as finish_reason, got {finish!r}")
    match step:
        case {"message": dict() as raw}:
            return Turn(cast("Object", raw), finish)
        case {"calls": list() as made}:
            written = [_call(one, where) for one in made]
            return Turn({"content": step.get("text"), "tool_calls": written}, finish)
        case {"text": str(text)}:
            return Turn({"content": text}, finish)
        case _:
            raise ValueError(f"{where}: expected one of text, calls, message, error, fault, tries; got {sorted(step)}")


def _call(value: JsonValue, where: str) -> Object:
    match value:
        case {"name": str(name), **rest}:
            keys = dict(cast("Object", rest))
            arguments = keys.pop("arguments", None)
            if arguments is None or isinstance(arguments, str | dict):
                return call(name, arguments, **keys)
        case _:
            pass
    raise ValueError(f"{where}: expected a call with a name and arguments, got {value!r}")
