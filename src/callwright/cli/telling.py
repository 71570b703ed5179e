"""Telling: a transcript as lines on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from callwright._json import encode
from callwright.cli.showing import readable
from callwright.cli.terminal import STYLES
from callwright.cli.transcript import Call, Remark, RunTranscript, Said, Step, costs, seen
from callwright.run.pending import visible

__all__ = ["UNFOLDED", "moment", "tell"]

UNFOLDED = 100_000
"""Columns where there is no terminal: programs read lines."""
_MOST_LINES = 12
_MOST_CHARACTERS = 1_200
_WIDTH = 10
"""Columns before the text of a line."""
_DEEPEST = 3
"""How often the lines of a sub-agent are moved to the right."""
_NARROWEST = 20
_STYLES = {
    **STYLES,
    **dict.fromkeys(("done", "user", "system", "history"), "bold"),
    **dict.fromkeys(("waiting", "held", "limited", "paused", "cut", "repaired"), "yellow"),
    **dict.fromkeys(("failed", "refused", "denied", "invalid"), "red"),
    **dict.fromkeys(("decided", "note", "steered", "compacted", "used", "begun", "open"), "dim"),
}


def tell(console: Console, run: RunTranscript, *, is_full: bool = False) -> None:
    """Print a transcript.

    Args:
        console: Where to.
        run: What happened.
        is_full: Whether long texts are printed whole.
    """
    _Teller(console, is_full=is_full).run(run)


def moment(at: float) -> str:
    """Return a time in seconds since 1970 as the clock on the wall shows it."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


class _Teller:
    """Prints runs; those of sub-agents further to the right."""

    def __init__(self, console: Console, *, is_full: bool, depth: int = 0) -> None:
        self._console = console
        self._is_full = is_full
        self._depth = depth
        self._margin = "│ " * min(depth, _DEEPEST)

    def run(self, run: RunTranscript) -> None:
        self._head(run)
        for item in run.items:
            match item:
                case Said():
                    self._line("history" if item.is_history else item.role, self._clipped(item.text))
                case Remark():
                    self._line(item.label, item.text)
                case Step():
                    self._step(item)
        for name, said in _endings(run):
            self._line(name, self._clipped(said))
        if not self._depth and run.waiting:
            self._console.print()
            for place, name, arguments, why in run.waiting:
                self._line("waiting", f"{place}  {why}  {name}({readable(arguments)})")

    def _head(self, run: RunTranscript) -> None:
        self._line("run", Text.assemble((_lines(run.run_id), "bold"), "  ", (run.status, _STYLES.get(run.status, ""))))
        if run.forked is not None:
            self._line("fork", f"of {run.forked[0]}, at {run.forked[1]}")
        if run.begun is not None:
            self._line("begun", moment(run.begun))
        plural = "" if run.requests == 1 else "s"
        self._line("used", ", ".join([f"{run.requests} request{plural}", *costs(run.usage, run.seconds)]))

    def _step(self, step: Step) -> None:
        self._console.print(Text(self._margin.rstrip()))
        number = "request" if step.number is None else f"step {step.number}"
        facts = [step.answered_by or step.model, *costs(step.usage, step.seconds), f"#{step.seq}"]
        self._line(number, Text(_lines(" · ".join(facts)), "dim"), style="bold blue")
        if step.limited is not None:
            self._line("limit", f"{step.limited}; asked for an answer from what there is")
        for retry in step.retries:
            self._line("retry", " · ".join([retry.error, *costs(retry.usage)]))
        self._line("thought", self._clipped(step.reasoning), is_optional=True)
        self._line("answer", self._clipped(step.text), is_optional=True)
        self._line("refused", step.refusal or "", is_optional=True)
        if step.cut is not None:
            self._line("cut", f"the answer ended early: {step.cut}")
        for call in step.calls:
            self._call(call)
        self._line("invalid", "; ".join(step.problems), is_optional=True)
        self._line("failed", step.error or "", is_optional=True)
        if step.is_open:
            self._line("open", "no answer was recorded")

    def _call(self, call: Call) -> None:
        written = self._clipped(readable(call.arguments), is_whole=call.waits is not None)
        self._line("call", Text.assemble((_lines(call.name), "bold"), f"({_lines(written)})"))
        self._line("repaired", "; ".join(call.repairs), is_optional=True)
        for hold in call.holds:
            self._line("held", f"for {hold.reason}")
            self._line("decided", hold.verdict, is_optional=True)
        if call.child is not None:
            _Teller(self._console, is_full=self._is_full, depth=self._depth + 1).run(call.child)
        if call.outcome is None:
            self._line("open", "" if call.waits else call.state, is_optional=True)
            return
        label = "result" if call.outcome in ("value", "output") else call.outcome
        told = ", ".join(costs(call.usage, call.seconds))
        said = self._clipped(readable(call.result))
        self._line(label, Text.assemble(_lines(said), (f"  ({told})" if told else "", "dim")))
        if call.is_told_in_part:
            self._line("note", "the model was told its beginning")
        if self._is_full and call.note:
            self._line("note", call.note)

    def _clipped(self, text: str, *, is_whole: bool = False) -> str:
        """Return a text, or its beginning and how long it is."""
        lines = text.split("\n", _MOST_LINES)
        if is_whole or self._is_full or (len(text) <= _MOST_CHARACTERS and len(lines) <= _MOST_LINES):
            return text
        return "\n".join(lines[:_MOST_LINES])[:_MOST_CHARACTERS] + f"… ({len(text):,} characters; --full)"

    def _line(self, label: str, said: str | Text, *, style: str = "", is_optional: bool = False) -> None:
        """Print a labelled text, continued under its own beginning; an optional one only if there is any."""
        if is_optional and not said:
            return
        text = said if isinstance(said, Text) else Text(_lines(said))
        head = Text.assemble((self._margin, "dim"), (label.ljust(_WIDTH), style or _STYLES.get(label, "")))
        width = max(self._console.width - len(head), _NARROWEST)
        for row in text.wrap(self._console, width) or [Text()]:
            whole = Text.assemble(head, row)
            whole.rstrip()
            self._console.print(whole, soft_wrap=True)
            head = Text.assemble((self._margin, "dim"), " " * _WIDTH)


def _lines(text: str) -> str:
    """Return a text that changes nothing but what it says, its lines and tabs kept."""
    return visible(seen(text), keep="\n\t")


def _endings(run: RunTranscript) -> Sequence[tuple[str, str]]:
    """Return what is said at the end: why a limit ended the run, and an output that was not seen as text."""
    told = [("limited", run.reason)] if run.reason is not None else []
    last = next((item for item in reversed(run.items) if isinstance(item, Step)), None)
    is_seen = last is not None and last.text == run.output
    if run.output is not None and not is_seen:
        output = run.output if isinstance(run.output, str) else readable(encode(run.output).decode())
        told.append(("output", output))
    return told
