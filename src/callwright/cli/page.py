"""A page: a transcript as one HTML file that loads nothing, runs nothing and can be handed on."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

from callwright._json import JsonValue, decode
from callwright.cli.pagestyle import STYLE
from callwright.cli.transcript import Call, Hold, Item, Remark, RunTranscript, Said, Step, costs, seen
from callwright.run.pending import is_hidden, visible

__all__ = ["page"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""Whatever a tool or a model wrote: nothing is fetched and nothing is run."""
_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)
"""An image that is shown; all others stay words."""
_LONG_LINES = 14
_LONG_CHARACTERS = 1_200
_PREVIEW = 120
_KEPT = frozenset("\n\t")


class _Html(str):
    """Markup. Whatever is not is escaped where it is put in."""

    __slots__ = ()


def page(run: RunTranscript) -> str:
    """Return a run as an HTML document."""
    head = [
        _tag("meta", charset="utf-8"),
        _tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        _tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _tag("meta", name="color-scheme", content="light dark"),
        _tag("meta", name="referrer", content="no-referrer"),
        _tag("meta", name="robots", content="noindex"),
        _tag("link", rel="icon", href="data:,"),
        _tag("title", f"Run {visible(run.run_id)}"),
        # The one text that is markup as it stands: our own.
        _Html(f"<style>{STYLE}</style>"),
    ]
    body = _tag("main", _header(run), _waiting(run), *_items(run))
    document = _tag("html", _tag("head", *head), _tag("body", body), lang="en")
    return f"<!DOCTYPE html>\n{document}\n"


def _tag(element: str, /, *inside: str, **attributes: str | None) -> _Html:
    """Return an element; attributes that are None are left out, `class_` and `http_equiv` are written as HTML does."""
    written = "".join(
        [
            f' {key.rstrip("_").replace("_", "-")}="{html.escape(visible(value))}"'
            for key, value in attributes.items()
            if value is not None
        ]
    )
    if element in ("meta", "link", "img"):
        return _Html(f"<{element}{written}>")
    return _Html(f"<{element}{written}>{''.join([_escaped(part) for part in inside])}</{element}>")


def _escaped(text: str) -> _Html:
    """Return markup as it is, and any other text as it reads; hidden characters are written out and marked."""
    if isinstance(text, _Html):
        return text
    shown = seen(text)
    if shown.isascii() and shown.isprintable():
        return _Html(html.escape(shown))
    parts: list[str] = []
    for hides, signs in groupby(shown, key=lambda sign: sign not in _KEPT and is_hidden(sign)):
        part = "".join(signs)
        parts.append(f'<span class="hidden">{visible(part)}</span>' if hides else html.escape(part))
    return _Html("".join(parts))


def _header(run: RunTranscript) -> _Html:
    facts: list[tuple[str, str]] = []
    if run.begun is not None:
        facts.append(("begun", _moment(run.begun)))
    took = costs(run.usage, run.seconds)
    facts.append(("used", ", ".join([_count(run.steps, "step"), _count(run.requests, "request"), *took])))
    if run.parent is not None:
        facts.append(("sub-agent of", f"{run.parent[0]}, call {run.parent[1]}"))
    if run.forked is not None:
        facts.append(("fork of", f"{run.forked[0]}, at record {run.forked[1]}"))
    if run.reason is not None:
        facts.append(("limit", run.reason))
    rows = [_tag("div", _tag("dt", name), _tag("dd", value)) for name, value in facts]
    title = _tag("h1", _tag("span", "Run ", class_="quiet"), run.run_id, " ", _badge(run.status, run.status))
    return _tag("header", title, _tag("dl", *rows))


def _waiting(run: RunTranscript) -> _Html:
    """Return what somebody has to decide, at the top, where it is not missed."""
    if not run.waiting:
        return _Html()
    rows = [
        _tag(
            "li",
            _tag("code", f"{name}({_pretty(arguments)})"),
            " ",
            _badge(why.replace("_", " "), "paused"),
            _id(place),
        )
        for place, name, arguments, why in run.waiting
    ]
    title = _tag("h2", f"{_count(len(rows), 'call')} to decide about")
    return _tag("section", title, _tag("ul", *rows), class_="waiting")


def _items(run: RunTranscript) -> Iterable[_Html]:
    for is_history, items in groupby(run.items, key=lambda item: isinstance(item, Said) and item.is_history):
        found = [_item(item) for item in items]
        if is_history:
            yield _tag("details", _tag("summary", f"History: {_count(len(found), 'message')}"), *found, class_="fold")
        else:
            yield from found
    last = next((item for item in reversed(run.items) if isinstance(item, Step)), None)
    if run.output is not None and (last is None or last.text != run.output):
        output = run.output if isinstance(run.output, str) else json.dumps(run.output, ensure_ascii=False, indent=2)
        yield _tag("section", _tag("h2", "Output"), _text(output, class_="mono"), class_="said answer")


def _item(item: Item) -> _Html:
    match item:
        case Said():
            text = _text(item.text, is_folded=item.role in ("system", "developer", "tool"))
            return _tag("section", _tag("h2", item.role), text, *_images(item.images), class_=f"said {item.role}")
        case Remark():
            return _tag("p", _badge(item.label, "limited"), " ", item.text, class_="remark")
        case Step():
            return _step(item)


def _step(step: Step) -> _Html:
    name = f"Step {step.number}" if step.number is not None else "Request without an answer"
    facts = [step.answered_by or step.model, *costs(step.usage, step.seconds)]
    place = _tag("span", f"#{step.seq}", class_="place", title="the record where it begins, for a fork")
    title = _tag("h2", name, " ", _tag("span", " · ".join(facts), class_="quiet"), " ", place)
    remarks: list[_Html] = []
    if step.limited is not None:
        remarks.append(_remark("limit", f"{step.limited}; asked for an answer from what there is"))
    remarks += [_remark("retry", " · ".join([retry.error, *costs(retry.usage)])) for retry in step.retries]
    said: list[_Html] = []
    if step.reasoning:
        said.append(_tag("details", _tag("summary", "Reasoning"), _pre(step.reasoning), class_="fold"))
    if step.text:
        said.append(_text(step.text))
    if step.refusal:
        said.append(_remark("refused", step.refusal))
    if step.cut is not None:
        said.append(_remark("cut", f"the answer ended early: {step.cut}"))
    said += [*_images(step.images), *[_call(call) for call in step.calls]]
    said += [_remark("invalid", problem) for problem in step.problems]
    if step.error is not None:
        said.append(_remark("failed", step.error))
    if step.is_open:
        said.append(_remark("open", "no answer was recorded"))
    return _tag("section", title, *remarks, *said, class_="step", id=f"record-{step.seq}")


def _call(call: Call) -> _Html:
    facts = costs(call.usage, call.seconds)
    title = _tag(
        "h3",
        _tag("code", call.name),
        " ",
        _badge(call.state, _tone(call)),
        " ",
        _tag("span", " · ".join(facts), class_="quiet"),
        " ",
        _id(call.id),
    )
    parts = [title]
    if call.arguments.strip() not in ("", "{}"):
        parts.append(_text(_pretty(call.arguments), class_="mono arguments"))
    parts += [_remark("repaired", repair) for repair in call.repairs]
    for hold in call.holds:
        parts += _hold(hold) if hold is not call.waits else []
    if call.child is not None:
        child = call.child
        summary = _tag(
            "summary", "Sub-agent ", _tag("span", " · ".join([child.status, *costs(child.usage)]), class_="quiet")
        )
        parts.append(_tag("details", summary, *_items(child), class_="fold child"))
    if call.outcome is not None and call.outcome != "output":
        parts.append(_text(_pretty(call.result), class_="mono result", is_folded=call.child is not None))
        parts += _images(call.images)
    if call.is_told_in_part:
        parts.append(_remark("note", "the model was told its beginning"))
    if call.note:
        parts.append(_tag("details", _tag("summary", "Traceback and notes"), _pre(call.note), class_="fold"))
    return _tag("section", *parts, class_="call")


def _hold(hold: Hold) -> list[_Html]:
    parts = [_remark("held", f"for {hold.reason}")]
    if hold.verdict:
        parts.append(_remark("decided", hold.verdict))
    return parts


def _tone(call: Call) -> str:
    if call.outcome is None:
        return "paused" if call.waits is not None else "open"
    return "done" if call.outcome in ("value", "output") else "failed"


def _text(text: str, *, class_: str = "", is_folded: bool = False) -> _Html:
    """Return a text; a long one can be folded, and is if it comes from a machine."""
    lines = text.count("\n") + 1
    if len(text) <= _LONG_CHARACTERS and lines <= _LONG_LINES:
        return _pre(text, class_=class_)
    begin = " ".join(text[: _PREVIEW * 2].split())[:_PREVIEW]
    size = f"{len(text):,} characters, {_count(lines, 'line')}"
    summary = _tag("summary", _tag("span", f"{begin}…", class_="preview"), " ", _tag("span", size, class_="quiet"))
    is_open = None if is_folded or class_ else ""
    return _tag("details", summary, _pre(text, class_=class_), class_="fold", open=is_open)


def _pre(text: str, *, class_: str = "") -> _Html:
    return _tag("div", text, class_=f"text {class_}".strip(), dir="auto")


def _remark(label: str, text: str) -> _Html:
    tone = {"failed": "failed", "refused": "failed", "invalid": "failed", "decided": "done", "note": "open"}
    return _tag("p", _badge(label, tone.get(label, "limited")), " ", text, class_="remark")


def _badge(text: str, tone: str) -> _Html:
    return _tag("span", text, class_=f"badge {tone}")


def _id(place: str) -> _Html:
    return _tag("span", place, class_="place")


def _images(urls: Iterable[str]) -> list[_Html]:
    return [_tag("img", src=url, alt="image", loading="lazy") for url in urls if _IMAGE.fullmatch(url)]


def _pretty(text: str) -> str:
    """Return JSON laid out, and any other text as it is."""
    try:
        value: JsonValue = decode(text)
    except ValueError:
        return text
    if not isinstance(value, dict | list):
        return text
    short = json.dumps(value, ensure_ascii=False)
    return short if len(short) <= _PREVIEW else json.dumps(value, ensure_ascii=False, indent=2)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
