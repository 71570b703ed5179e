"""What a reply votes for; a letter in prose votes for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import QuorumError
from callwright.query.keys import LETTERS, KeyTree, key_tree
from callwright.query.votes import Invalid, Reply, Vote, mean_vote, read_vote
from callwright.wire.chat import Completion

TREE = KeyTree({"B": "b", "I": "i", "A": "a", "T": "t"}, 1)
DEEP = KeyTree({"SN": "sn", "SB": "sb", "KN": "kn"}, 2)


def read(reply: Reply | str, tree: KeyTree = TREE, **more: Any) -> str:
    """Return the key that was read, or why none was."""
    vote = read_vote(Reply(reply) if isinstance(reply, str) else reply, tree, **more)
    return vote.reason if isinstance(vote, Invalid) else vote.key


VOTES = {
    "ticked": ("`B`", "B"),
    "ticked, in a sentence": ("The best choice is `B`, I think.", "B"),
    "ticked and bold": ("**`B`**", "B"),
    "ticked twice, the same": ("`B` it is: `B`", "B"),
    "reasons, then a line of its own": ("`A` is wrong because ...\nI doubt `T`.\n\n`B`", "B"),
    "reasons, then a sentence of its own": ("`A` looks wrong. The answer is `B`.", "B"),
    "another letter is ticked that is no key": ("`Q` is none, so `B`", "B"),
    "three ticks": ("```B```", "B"),
    "bare": ("B", "B"),
    "bare, with marks": ("**B.**\n", "B"),
    "in brackets": ("(B)", "B"),
    "in quotes": ("“B”", "B"),
    "boxed": ("$\\boxed{B}$", "B"),
    "boxed text": ("\\boxed{\\text{B}}", "B"),
    "fenced": ("```\nB\n```", "B"),
    "fenced with a language": ("```text\nB\n```", "B"),
    "small": ("b", "B"),
    "a word that is a key": ("I", "I"),
    "json": ('{"response_key":"B"}', "B"),
    "json with blanks and reasons": ('{\n "_think": "A or T? `A`!",\n "response_key" : "B"\n}', "B"),
    "json with ticks": ('{"response_key":"`B`"}', "B"),
    "json with escaped ticks": ('{"response_key":"\\u0060B\\u0060"}', "B"),
    "json that quotes itself": ('{"_think":"say \\"response_key\\": \\"A\\"","response_key":"B"}', "B"),
    "fenced json": ('```json\n{"response_key": "b"}\n```', "B"),
    "json in prose": ('Here you are: {"response_key": "B"} - I hope it helps.', "B"),
    "json twice": ('{"response_key":"A"}\n{"response_key":"B"}', "B"),
    "a json string": ('"B"', "B"),
    "thoughts": ("<think>`A` or `T`?</think>`B`", "B"),
    "thoughts without a begin": ("Is it `A`? </think>\n\nB", "B"),
    "thoughts of another kind": ("<Reasoning>A</Reasoning>B", "B"),
}


@pytest.mark.parametrize(("text", "key"), VOTES.values(), ids=VOTES)
def test_a_reply_that_names_one_key_votes_for_it(text: str, key: str):
    assert read(text) == key


NO_VOTES = {
    "nothing": ("", "empty"),
    "blanks": (" \n", "empty"),
    "a word": ("Based on the text, none.", "no_key"),
    "a letter in prose": ("I cannot categorise this. A second look may help. The answer is B", "no_key"),
    "a letter behind a colon": ("Answer: B", "no_key"),
    "a letter in bold, in prose": ("The answer is **B**.", "no_key"),
    "another letter": ("Q", "no_key"),
    "another letter, ticked": ("`Q`", "no_key"),
    "small, ticked, in prose": ("I take `b` here", "no_key"),
    "two keys at once": ("BA", "no_key"),
    "letters like ours": ("\uff22", "no_key"),
    "one over another": ("I choose `B` over `A`.", "ambiguous"),
    "one, not another": ("`B`, not `A`", "ambiguous"),
    "one, and why not another": ("I choose `B`. `A` is too long.", "ambiguous"),
    "all of them": ("`A``B``I``T`", "ambiguous"),
    "json of no key": ('{"response_key":"Q"}', "illegal_key"),
    "json of prose": ('{"response_key":"The best is `B`"}', "illegal_key"),
    "json of a number": ('{"response_key":1}', "illegal_key"),
    "json of null": ('{"response_key":null}', "illegal_key"),
    "json of reasons alone": ('{"_think":"`B`"}', "no_key"),
    "json of something else": ('{"answer":"B"}', "no_key"),
    "thoughts that do not end": ("<think>`B`", "empty"),
    "thoughts alone": ("`B`</think>", "empty"),
}


@pytest.mark.parametrize(("text", "reason"), NO_VOTES.values(), ids=NO_VOTES)
def test_a_reply_that_names_no_key_is_no_vote(text: str, reason: str):
    assert read(text) == reason


STOPPED: dict[str, tuple[Reply, str]] = {
    "refused": (Reply(refusal="I cannot help."), "refused"),
    "refused, with a key": (Reply("`B`", refusal="Hm."), "B"),
    "filtered": (Reply("", finish_reason="content_filter"), "filtered"),
    "cut": (Reply("The choice", finish_reason="length"), "cut"),
    "cut in its thoughts": (Reply("<think>`B`", finish_reason="length"), "cut"),
    "cut behind a key in prose": (Reply("`B` is nice, but", finish_reason="length"), "cut"),
    "cut behind its key": (Reply("So\n`B`", finish_reason="length"), "B"),
    "cut behind a key among reasons": (Reply("First, `B`", finish_reason="length"), "cut"),
    "cut at the begin of a word": (Reply("B", finish_reason="length"), "cut"),
    "broken at the begin of a word": (Reply("I", is_broken=True), "cut"),
    "broken behind a whole key": (Reply('{"response_key":"B"', is_broken=True), "B"),
    "broken in a key": (Reply('{"response_key":"B', is_broken=True), "cut"),
    "broken before its key": (Reply('{"_think":"`B`', is_broken=True), "cut"),
    "broken in its reasons": (Reply('{"_think":"`B` might', is_broken=True), "cut"),
    "failed": (Reply("B", finish_reason="error"), "cut"),
    "called": (Reply("Let me vote.", arguments='{"_think":"A","response_key":"B"}', finish_reason="tool_calls"), "B"),
    "called with no key": (Reply("", arguments='{"response_key":"Q"}'), "illegal_key"),
    "called with nothing": (Reply("", arguments="{}"), "no_key"),
}


@pytest.mark.parametrize(("reply", "key"), STOPPED.values(), ids=STOPPED)
def test_a_reply_that_ended_early_votes_only_if_its_key_was_whole(reply: Reply, key: str):
    assert read(reply) == key


def test_the_last_key_counts_if_that_is_wished():
    assert read("I choose `B` over `A`.", ambiguous="last") == "A"
    assert read("The answer is B", ambiguous="last") == "no_key"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("`S``N`", "SN"),
        ("`SN`", "SN"),
        ("sn", "SN"),
        ('{"response_key":"KN"}', "KN"),
        ("`S`", "no_key"),
        ("`K``B`", "no_key"),
        ("S", "no_key"),
    ],
)
def test_a_key_of_two_letters_is_read_whole(text: str, key: str):
    assert read(text, DEEP) == key


PROSE = [
    "Based on the conversation, the ticket is about hardware.",
    "I cannot categorize this ticket.",
    "A careful reading shows that none of the options fits.",
    "Option B seems the most fitting of all.",
    "The correct choice is T because the user asks for access.",
    "B: Hardware",
    "**Answer: B**",
    "Answer:\nB) Hardware",
    "It's between A and B; I'd go with B",
    "(B) is right",
    "I",
    "As an AI, I",
    "Key B.",
    "B - Hardware",
    "# B\nHardware",
    "Thinking…\nB\nis my pick",
    "The letter is 'B'",
    "`Based` on `that`, `A lot` of `Bs`",
    "Use `B()` or `A=1`",
    "The grade is A.",
]


@pytest.mark.parametrize("text", PROSE)
def test_no_vote_is_read_from_a_letter_in_prose(text: str):
    tree = key_tree([str(number) for number in range(20)], "seed")
    expected = {"I": "I"}.get(text, "no_key")

    assert read(text, tree) == expected


words = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST'*_-()[]:;,. \n", min_size=3)


@settings(deadline=None)
@given(words.filter(lambda text: len([char for char in text if char.isalpha()]) > 1))
def test_no_vote_is_read_from_words(text: str):
    """Whatever the words are, their letters are no keys."""
    assert read(text, key_tree([str(number) for number in range(20)], "seed")) in {"no_key", "empty"}


@settings(deadline=None)
@given(st.text())
def test_any_reply_is_a_vote_or_none(text: str):
    for reply in (Reply(text), Reply("", arguments=text), Reply(f'{{"response_key":{text}'), Reply(f"`B`{text}")):
        vote = read_vote(reply, TREE, wants_logprobs=True)

        assert isinstance(vote, Vote | Invalid)


@settings(deadline=None)
@given(st.sampled_from(LETTERS), st.sampled_from(["", "**", '"', "(", "\n"]), st.sampled_from(["", "`"]))
def test_any_key_is_read_in_any_dress(letter: str, marks: str, tick: str):
    tree = key_tree([str(number) for number in range(20)], "seed")

    assert read(f"{marks}{tick}{letter}{tick}{marks}.", tree) == letter


def test_a_vote_gives_all_to_the_key():
    vote = read_vote(Reply("`B`"), TREE)

    assert vote == Vote({"b": 1.0, "i": 0.0, "a": 0.0, "t": 0.0}, "B")


def test_a_completion_is_a_reply():
    call = {"id": "1", "type": "function", "function": {"name": "choose", "arguments": '{"response_key":"B"}'}}
    other = {"id": "2", "type": "function", "function": {"name": "search", "arguments": '{"response_key":"A"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [other, call]}

    reply = Reply.of(Completion({"choices": [{"message": message, "finish_reason": "tool_calls"}]}))

    assert read(reply) == "B"


def test_a_call_of_another_tool_is_no_vote():
    call = {"id": "1", "type": "function", "function": {"name": "search", "arguments": '{"response_key":"A"}'}}
    completion = Completion({"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [call]}}]})

    assert read(Reply.of(completion)) == "empty"


def test_the_mean_of_one_voters_ballots_is_its_vote():
    votes = [
        Vote({"a": 1.0, "b": 0.0}, "B", note="no logprobs came"),
        Vote({"a": 0.25, "b": 0.75}, "C", "logprobs", 0.4),
        Vote({"b": 1.0, "a": 0.0}, "D", "logprobs", 0.9, is_approximate=True),
    ]

    mean = mean_vote(votes)

    assert mean.shares == pytest.approx({"a": 1.25 / 3, "b": 1.75 / 3})
    assert (mean.key, mean.method, mean.coverage, mean.note) == ("B C D", "logprobs", 0.4, "no logprobs came")
    assert mean.is_approximate
    assert mean.is_doubtful
    assert mean_vote(votes[:1]) is votes[0]


def test_the_mean_of_no_vote_is_none():
    with pytest.raises(QuorumError):
        mean_vote([])
