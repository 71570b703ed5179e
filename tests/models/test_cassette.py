"""The cassette: a model's answers, recorded once and replayed ever after."""

from __future__ import annotations

import pytest

from callwright import Agent, ChatRequest, Completion, ProviderError, Scope, StoreError, UserMessage
from callwright.models.cassette import Cassette
from callwright.testing import ScriptedModel, calls

pytestmark = pytest.mark.anyio

NOBODY = ScriptedModel()


def look(place: str) -> str:
    """Look somewhere."""
    return f"nothing in {place}"


async def test_a_run_is_recorded_and_replayed(tmp_path) -> None:
    path = tmp_path / "run.jsonl"
    recording = Cassette(ScriptedModel(calls(look, place="box\u2028\u2029"), "Nothing."), path)
    first = await Agent(recording, tools=[look]).run("Where?")

    replaying = Cassette(NOBODY, path)
    again = await Agent(replaying, tools=[look]).run("Where?")

    assert (recording.is_replaying, replaying.is_replaying) == (False, True)
    assert first.output == again.output == "Nothing."
    assert first.messages == again.messages
    assert NOBODY.requests == []
    assert len(path.read_text(encoding="utf-8").strip().split("\n")) == 2


async def test_equal_requests_get_their_answers_in_order(tmp_path) -> None:
    request = ChatRequest([UserMessage("Toss a coin.")])
    recording = Cassette(ScriptedModel("heads", "tails"), tmp_path / "a")
    for _ in range(2):
        await recording.complete(request)
    replaying = Cassette(NOBODY, tmp_path / "a")

    assert [(await replaying.complete(request)).text for _ in range(2)] == ["heads", "tails"]
    with pytest.raises(StoreError, match="less often"):
        await replaying.complete(request)


async def test_a_request_that_was_not_recorded_is_told(tmp_path) -> None:
    await Cassette(ScriptedModel("ok"), tmp_path / "a").complete(ChatRequest([UserMessage("Hi")]))

    with pytest.raises(StoreError, match=r"was not recorded.*Bye"):
        await Cassette(NOBODY, tmp_path / "a").complete(ChatRequest([UserMessage("Bye")]))


async def test_who_streams_hears_a_replayed_answer(tmp_path) -> None:
    request = ChatRequest([UserMessage("Hi")])
    await Cassette(ScriptedModel("ok"), tmp_path / "a").complete(request)
    heard = []

    async def listen(event):
        heard.append(event)

    await Cassette(NOBODY, tmp_path / "a").complete(request, Scope(listen=listen))

    assert [(delta.text, delta.finish_reason) for delta in heard] == [("ok", "stop")]


async def test_keys_are_not_recorded_and_are_found_again(tmp_path) -> None:
    request = ChatRequest([UserMessage("my key is sk-or-v1-abcdef0123456789")], headers={"x-key": "sk-or-v1-header"})
    await Cassette(ScriptedModel("ok"), tmp_path / "a").complete(request)

    assert "abcdef" not in (tmp_path / "a").read_text(encoding="utf-8")
    assert "header" not in (tmp_path / "a").read_text(encoding="utf-8")
    assert (await Cassette(NOBODY, tmp_path / "a").complete(request)).text == "ok"


async def test_the_answer_is_replayed_whole(tmp_path) -> None:
    request = ChatRequest([UserMessage("Hi")])
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}
    raw = {"id": "gen-1", "choices": [choice], "usage": {"prompt_tokens": 3, "cost": 0.1}, "odd": [1, None]}
    await Cassette(ScriptedModel(Completion(raw)), tmp_path / "a").complete(request)

    assert (await Cassette(NOBODY, tmp_path / "a").complete(request)).raw == raw


async def test_errors_are_not_recorded(tmp_path) -> None:
    with pytest.raises(ProviderError):
        await Cassette(ScriptedModel(ProviderError("down", status=503)), tmp_path / "a").complete(ChatRequest(()))

    assert not (tmp_path / "a").exists()


async def test_a_file_that_is_no_cassette_is_told(tmp_path) -> None:
    (tmp_path / "a").write_text("{", encoding="utf-8")

    with pytest.raises(StoreError, match="delete it"):
        Cassette(NOBODY, tmp_path / "a")


async def test_a_place_where_nothing_can_be_written_is_told(tmp_path) -> None:
    with pytest.raises(StoreError, match="cannot be recorded"):
        await Cassette(ScriptedModel("ok"), tmp_path / "no folder" / "a").complete(ChatRequest(()))
