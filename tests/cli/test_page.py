"""A transcript as a page."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from callwright.cli.page import page
from callwright.cli.retelling import transcript
from callwright.cli.transcript import RunTranscript
from callwright.run.records import (
    Answered,
    Asked,
    CallDecided,
    CallHeld,
    CallReturned,
    CallStarted,
    Failed,
    Prompted,
    Rejected,
    Started,
    Steered,
    Stopped,
)
from callwright.wire.chat import Completion
from callwright.wire.messages import AssistantMessage, ToolMessage, UserMessage

PNG = "data:image/png;base64,iVBORw0KGgo="
HOSTILE = (
    '</script></style></title></textarea><img src=x onerror="alert(1)"><script>alert(2)</script>'
    "<svg onload='alert(3)'>"
    "<a href=javascript:alert(4)>x</a>\"'`>&amp;&lt;<!-- ]]> \u202eevil\u2066 \x1b[2J\x00\x07 {{7*7}}"
)
VOID = {"img", "link", "meta"}


class Reader(HTMLParser):
    """Reads a page as a browser does, and sees that every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def completion(text: str | None, *calls: tuple[str, str], **message: object) -> Completion:
    entries = [
        {"id": f"c{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for index, (name, arguments) in enumerate(calls)
    ]
    raw = {"role": "assistant", "content": text, **message, **({"tool_calls": entries} if entries else {})}
    return Completion({"model": HOSTILE, "provider": HOSTILE, "choices": [{"finish_reason": "length", "message": raw}]})  # type: ignore[dict-item]


def hostile() -> RunTranscript:
    """Return a run in which every text that somebody else wrote is an attack."""
    child = transcript([Started(HOSTILE, "p"), Prompted((UserMessage(HOSTILE),)), Stopped("limited", HOSTILE, HOSTILE)])
    run = HOSTILE
    parts = [{"type": HOSTILE}, {"type": "image_url", "image_url": {"url": f'javascript:x"{HOSTILE}'}}]
    asked = (UserMessage(HOSTILE), UserMessage.of_raw({"role": "user", "content": parts}))
    return transcript(
        [
            Started(run, "p", parent=(HOSTILE, HOSTILE), forked=(HOSTILE, 1)),
            Prompted(asked, (AssistantMessage(HOSTILE),), HOSTILE, notes=(HOSTILE,)),
            Asked(1, HOSTILE, "", limited=HOSTILE),
            Failed(1, HOSTILE, again=True),
            Answered(
                1,
                completion(
                    HOSTILE, (HOSTILE, HOSTILE), (HOSTILE, HOSTILE), reasoning=HOSTILE, refusal=HOSTILE,
                    images=[{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{HOSTILE}"}}],
                ),
            ),
            CallHeld(f"{run}:1:0", "approval", HOSTILE),
            CallDecided(f"{run}:1:0", "deny", HOSTILE, by=HOSTILE),
            CallStarted(f"{run}:1:0", "write", (HOSTILE,)),
            CallReturned(f"{run}:1:0", "error", ToolMessage(HOSTILE * 20, tool_call_id="c0"), note=HOSTILE),
            CallHeld(f"{run}:1:1", "child", waiting=((HOSTILE, HOSTILE, HOSTILE, HOSTILE),)),
            Rejected(1, (HOSTILE,), (UserMessage(HOSTILE),)),
            Steered(HOSTILE, ()),
            Asked(2, HOSTILE, ""),
            Failed(2, HOSTILE),
            Stopped("limited", HOSTILE, {HOSTILE: HOSTILE}),
        ],
        times=[1e9] * 15,
        children={f"{run}:1:0": child},
    )  # fmt: skip


def test_nothing_that_somebody_wrote_becomes_markup() -> None:
    read = Reader(page(hostile()))

    known = {
        *("html", "head", "meta", "link", "title", "style", "body", "main", "header", "h1", "h2", "h3"),
        *("dl", "div", "dt", "dd", "section", "ul", "li", "code", "span", "p", "details", "summary", "img"),
    }
    assert {tag for tag, _ in read.tags} <= known
    names = {name for _, attributes in read.tags for name in attributes}
    assert names <= {
        *("lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "dir", "id", "title", "open"),
        *("src", "alt", "loading"),
    }
    assert read.text.count("onerror") > 40


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    read = Reader(page(hostile()))

    (policy,) = [meta["content"] for meta in read.of("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert read.of("script") == read.of("img") == []
    assert [link["href"] for link in read.of("link")] == ["data:,"]
    assert "url(" not in page(hostile())
    assert "@import" not in page(hostile())


def test_hidden_characters_are_written_out() -> None:
    text = page(hostile())

    assert not set(text) & {"\u202e", "\u2066", "\x1b", "\x00", "\x07"}
    assert '<span class="hidden">\\u202e</span>evil<span class="hidden">\\u2066</span>' in text


def said(*messages: UserMessage) -> Reader:
    return Reader(page(transcript([Started("r", "p"), Prompted(messages)])))


@pytest.mark.parametrize("url", ["https://x.example/a.png", "data:image/svg+xml;base64,AA==", "data:text/html,x", "x"])
def test_only_images_that_come_along_and_can_do_nothing_are_shown(url: str) -> None:
    shown = said(UserMessage([{"type": "image_url", "image_url": {"url": PNG}}]))
    hidden = said(UserMessage([{"type": "image_url", "image_url": {"url": url}}]))

    assert [image["src"] for image in shown.of("img")] == [PNG]
    assert hidden.of("img") == []


def test_long_texts_of_machines_are_folded_and_those_of_people_can_be() -> None:
    records = [
        Started("r", "p"),
        Prompted((UserMessage("word " * 500), UserMessage("short"))),
        Asked(1, "m", ""),
        Answered(1, completion(None, ("f", "{}"))),
        CallReturned("r:1:0", "value", ToolMessage("line\n" * 50, tool_call_id="c0")),
    ]

    folds = Reader(page(transcript(records))).of("details")

    assert [("open" in fold) for fold in folds] == [True, False]


def test_a_page_tells_what_the_terminal_tells() -> None:
    text = Reader(
        page(
            transcript(
                [
                    Started("r", "p"),
                    Prompted((UserMessage("Pay."),)),
                    Asked(1, "m", ""),
                    Failed(1, "ProviderError: down", again=True),
                    Answered(1, completion("Wait.", ("pay", '{"amount": 3}'))),
                    CallHeld("r:1:0", "approval", '{"amount":3}'),
                ],
                times=[0.0, 0.0, 1.0, 2.0, 3.0, 4.0],
            )
        )
    ).text

    for part in ("1 call to decide about", "ProviderError: down", "2.0 s", 'pay({"amount": 3})', "r:1:0", "1970-01-01"):
        assert part in text


def test_a_structured_output_stands_at_the_end() -> None:
    records = [Started("r", "p"), Prompted((UserMessage("?"),)), Stopped("done", None, {"city": "Rom\u00e9"})]

    assert '"city": "Rom\u00e9"' in Reader(page(transcript(records))).text
