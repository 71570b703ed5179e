"""The training table: rows that are kept and marked, and the weights that follow."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.query.juries import member
from tests.query.test_vectors import Service

from callwright.errors import ParameterError, StoreError
from callwright.query.candidates import choice_candidate
from callwright.query.config import QueryLLM
from callwright.query.members import QueryModel
from callwright.query.settings import StaticWeight, TrainingTableWeight, TrainingTableWeights
from callwright.query.table import TrainingTable
from callwright.query.tablerow import member_name
from callwright.query.tally import Contribution, tally
from callwright.query.vectors import HASHED
from callwright.query.verbs import query, score
from callwright.wire.messages import UserMessage

pytestmark = pytest.mark.anyio

WEIGHT = TrainingTableWeight(base_weight=1.0, min_weight=0.5, max_weight=3.0)
SLUGS = ("a/one", "b/two", "c/three")


def jury(*slugs: str, embedder: str = HASHED, top: int = 10, weight: TrainingTableWeight = WEIGHT) -> QueryModel:
    voters = [QueryLLM(slug, "select_non_thinking", weight=weight) for slug in slugs or SLUGS]
    return QueryModel(tuple(voters), TrainingTableWeights(embedder, top))


MODELS = {"a/one": member("yes", "yes"), "b/two": member("no", "no"), "c/three": member("yes", "yes")}


def members(model: QueryModel) -> dict[str, str]:
    return {llm.id: member_name(llm) for llm in model.models}


def row(query_id: str, prompt: str, shares: dict[str, dict[str, float]], correct: str | None = "yes", **more: object):
    """Return a row in its wire form; `shares` by slug."""
    names = members(jury(*shares))
    classes = {word: choice_candidate(word).class_id for word in ("yes", "no")}
    votes = [
        {"member": names[slug], "slot": slot, "shares": {classes[word]: share for word, share in given.items()}}
        for slot, (slug, given) in enumerate(shares.items())
    ]
    right = None if correct is None else classes[correct]
    candidates = {class_id: word for word, class_id in classes.items()}
    return {"query": query_id, "prompt": prompt, "correct": right, "candidates": candidates, "votes": votes, **more}


async def weights(table: TrainingTable, model: QueryModel, prompt: str) -> dict[str, float]:
    found = await table.weights(model, [UserMessage(prompt)], None)
    return {llm.id: weight for llm, weight in zip(model.models, found, strict=True)}


@pytest.fixture
def table(tmp_path: Path) -> TrainingTable:
    return TrainingTable(tmp_path / "table.db", prior=0)


async def test_without_rows_every_weight_is_the_base(table: TrainingTable):
    assert await weights(table, jury(), "anything") == dict.fromkeys(SLUGS, 1.0)


async def test_who_was_always_right_has_the_most_and_who_never_was_the_least(table: TrainingTable):
    await table.import_rows(
        [row("q1", "a question", {"a/one": {"yes": 1}, "b/two": {"no": 1}, "c/three": {"yes": 0.5, "no": 0.5}})]
    )

    found = await weights(table, jury(), "a question")

    assert found == {"a/one": 3.0, "b/two": 0.5, "c/three": pytest.approx(1.75)}


async def test_the_nearest_prompts_decide(table: TrainingTable):
    parcel, login = "where is my parcel, it has not come", "I forgot my password and cannot log in"
    await table.import_rows(
        [
            row("q1", parcel, {"a/one": {"yes": 1}, "b/two": {"no": 1}}),
            row("q2", login, {"a/one": {"no": 1}, "b/two": {"yes": 1}}),
        ]
    )

    about_parcels = await weights(table, jury("a/one", "b/two", top=1), "my parcel has not come, where is it")
    about_logins = await weights(table, jury("a/one", "b/two", top=1), "cannot log in, I forgot the password")

    assert (about_parcels, about_logins) == ({"a/one": 3.0, "b/two": 0.5}, {"a/one": 0.5, "b/two": 3.0})


async def test_rows_where_a_member_did_not_vote_do_not_count_among_its_nearest(table: TrainingTable):
    near = [row(f"q{place}", "the very question", {"a/one": {"yes": 1}}) for place in range(5)]
    await table.import_rows([*near, row("far", "the question", {"b/two": {"yes": 1}})])

    assert (await weights(table, jury("a/one", "b/two", top=2), "the very question"))["b/two"] == 3.0


async def test_rows_of_another_response_format_do_not_count(table: TrainingTable):
    await table.import_rows([row("q1", "a question", {"a/one": {"no": 1}}, format="other")])

    assert await weights(table, jury("a/one"), "a question") == {"a/one": 1.0}


async def test_rows_that_are_not_marked_do_not_count(table: TrainingTable):
    await table.import_rows([row("q1", "a question", {"a/one": {"no": 1}}, correct=None)])

    assert await weights(table, jury("a/one"), "a question") == {"a/one": 1.0}


async def test_a_prompt_that_says_nothing_is_like_no_other(table: TrainingTable):
    await table.import_rows([row("q1", "a question", {"a/one": {"no": 1}}), row("q2", " ", {"a/one": {"no": 1}})])

    assert await weights(table, jury("a/one"), " ") == {"a/one": 1.0}


async def test_static_weights_are_what_they_are(table: TrainingTable):
    model = QueryModel((QueryLLM("a/one", "select_non_thinking", weight=StaticWeight(2.5)),))

    assert await weights(table, model, "anything") == {"a/one": 2.5}


async def test_bounds_may_change_and_nothing_is_forgotten(table: TrainingTable):
    await table.import_rows([row("q1", "a question", {"a/one": {"yes": 1}})])
    other = QueryLLM("a/one", "select_non_thinking", weight=TrainingTableWeight(1, 1, 100))

    assert await weights(table, QueryModel((other,), TrainingTableWeights(HASHED)), "a question") == {"a/one": 100.0}


def test_members_are_known_by_their_training_table_name():
    llm = QueryLLM("a/one", "select_non_thinking", weight=WEIGHT)

    assert member_name(llm) == llm.training_table_name == member_name(QueryLLM("a/one", "select_non_thinking"))


async def test_a_query_is_kept_marked_and_then_changes_the_weights(table: TrainingTable):
    model = jury()
    first = await score("Is it so?", model, choices=["yes", "no"], client=MODELS, table=table, stop="none")
    class_id = await table.mark(first, "no")

    second = await score("Is it so?", model, choices=["yes", "no"], client=MODELS, table=table, stop="none", seed=2)

    assert (first.answer, second.answer) == ("yes", "no")
    assert second.shares == {"no": pytest.approx(0.75), "yes": pytest.approx(0.25)}
    assert [one.correct for one in await table.rows()] == [class_id, None]


async def test_what_generators_write_counts_as_their_vote(table: TrainingTable):
    writers = [QueryLLM(slug, weight=WEIGHT) for slug in ("a/one", "b/two")]
    model = QueryModel(tuple(writers), TrainingTableWeights(HASHED))
    result = await query("Is it so?", model, client=MODELS, table=table, stop="none")

    await table.mark(result, "yes")

    assert await weights(table, model, "Is it so?") == {"a/one": 3.0, "b/two": 0.5}


async def test_the_same_query_again_is_the_same_row_and_stays_marked(table: TrainingTable):
    for _ in range(2):
        result = await score("Is it so?", jury(), choices=["yes", "no"], client=MODELS, table=table, seed=1)
        await table.mark(result.to_dict()["id"], "yes")

    assert len(await table.rows(is_marked=True)) == len(await table.rows()) == 1


async def test_a_mark_can_be_changed_and_taken_back(table: TrainingTable):
    await table.import_rows([row("q1", "a question", {"a/one": {"yes": 1}})])

    await table.mark("q1", "no")
    changed = await weights(table, jury("a/one"), "a question")
    await table.unmark("q1")

    assert (changed, await weights(table, jury("a/one"), "a question")) == ({"a/one": 0.5}, {"a/one": 1.0})
    assert len(await table.rows(is_marked=False)) == 1


async def test_an_answer_that_nobody_could_give_must_be_meant(table: TrainingTable):
    await table.import_rows([row("q1", "a question", {"a/one": {"yes": 1}}, correct=None)])

    with pytest.raises(ParameterError, match=r"expected one of 'yes', 'no'; got 'yess'.*is_new=True"):
        await table.mark("q1", "yess")
    await table.mark("q1", "perhaps", is_new=True)

    assert await weights(table, jury("a/one"), "a question") == {"a/one": 0.5}


async def test_a_value_marks_the_candidate_that_says_it(table: TrainingTable):
    candidates = {"C1": '{"a":1,"b":2}', "C2": "true"}
    await table.import_rows([{"query": "q1", "prompt": "p", "candidates": candidates}])

    assert [await table.mark("q1", correct) for correct in ({"b": 2.0, "a": 1}, True, "C1")] == ["C1", "C2", "C1"]


async def test_a_query_that_was_not_kept_cannot_be_marked(table: TrainingTable):
    for change in (table.mark("q1", "yes"), table.unmark("q1")):
        with pytest.raises(ParameterError, match="expected the id of a result that was kept; got 'q1'"):
            await change


async def test_a_row_can_be_forgotten(table: TrainingTable):
    await table.import_rows([row("q1", "a question", {"a/one": {"no": 1}})])

    assert [await table.forget("q1"), await table.forget("q1"), await table.rows()] == [True, False, ()]
    assert await weights(table, jury("a/one"), "a question") == {"a/one": 1.0}


async def test_what_was_exported_can_be_imported_elsewhere(table: TrainingTable, tmp_path: Path):
    other = TrainingTable(tmp_path / "other.db")
    given = [
        row("q1", "é\u2028\n", {"a/one": {"yes": 1}}),
        row("q2", "b", {"a/one": {"yes": 0.5, "no": 0.5}}, correct=None),
    ]
    await table.import_rows(given)

    written = await table.export_rows(tmp_path / "rows.jsonl")
    taken = await other.import_rows(tmp_path / "rows.jsonl")

    assert written == taken == 2
    assert await other.rows() == await table.rows()
    assert await table.export_rows(tmp_path / "rows.jsonl", is_marked=True) == 1


async def test_an_import_is_whole_or_nothing_and_names_all_that_is_wrong(table: TrainingTable, tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    lines = [
        row("q1", "p", {"a/one": {"yes": 1}}),
        {"query": "", "prompt": 1},
        {"query": "q3", "prompt": "p", "votes": [{"member": "m", "shares": {"x": 0.4}}]},
        {"query": "q4", "prompt": "p", "vector": "?", "embeddings_model": HASHED},
        {"query": "q5", "prompt": "p", "created": True, "candidates": {"a": 1}},
    ]
    path.write_text("\n".join([*map(json.dumps, lines), "no JSON", ""]), encoding="utf-8")

    with pytest.raises(ParameterError) as error:
        await table.import_rows(path)

    assert await table.rows() == ()
    for part in (
        "line 2: query",
        "line 2: prompt",
        "line 3: votes[0]",
        "line 4: vector",
        "line 5: created",
        "line 5: cand",
        "line 6: expected an obj",
    ):
        assert part in str(error.value)


async def test_rows_are_not_mixed_with_vectors_of_another_model(tmp_path: Path):
    service = Service()
    table = TrainingTable(tmp_path / "table.db", client=service)
    await table.import_rows(
        [row("q1", "a question", {"a/one": {"yes": 1}}, embeddings_model="x/embed", vector=[1.0, 0.0])]
    )

    with pytest.raises(
        ParameterError, match=r"made by 'x/embed'; got 'callwright/hashed-ngrams': vectors of two models"
    ):
        await weights(table, jury("a/one"), "a question")
    with pytest.raises(ParameterError, match="expected one of x/embed; got one of 'y/embed'"):
        await table.import_rows(
            [
                row("q2", "p", {}, embeddings_model="x/embed", vector=[1.0, 0.0]),
                row("q3", "p", {}, embeddings_model="y/embed", vector=[1.0, 0.0]),
            ]
        )
    with pytest.raises(ParameterError, match="made by 'x/embed'; got 'z/embed'"):
        await TrainingTable(tmp_path / "table.db", embeddings_model="z/embed", client=service).mark("q1", "no")
    assert service.asked == []


async def test_a_model_is_asked_once_for_a_prompt_and_only_if_rows_are_marked(tmp_path: Path):
    service = Service()
    table = TrainingTable(tmp_path / "table.db", client=service, prior=0)
    model = jury("a/one", "b/two", embedder="x/embed")

    result = await score("So?", model, choices=["yes", "no"], client=MODELS, table=table)
    before = list(service.asked)
    await table.mark(result, "yes")
    await score("So too?", model, choices=["yes", "no"], client=MODELS, table=table)

    assert (before, service.asked) == ([], [(["So?"], "x/embed"), (["So too?"], "x/embed")])
    assert [one.vector is not None for one in await table.rows()] == [True, True]


async def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path):
    (tmp_path / "text.db").write_text("not a database, but long enough to look at" * 9, encoding="utf-8")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()

    for name, why in (
        ("text.db", "file is not a database"),
        ("other.db", "another program"),
        ("no/such.db", "unable to open"),
    ):
        with pytest.raises(StoreError, match=f"table '.*{name}': .*{why}"):
            await TrainingTable(tmp_path / name).rows()


async def test_a_newer_file_is_left_alone(table: TrainingTable, tmp_path: Path):
    await table.rows()
    with sqlite3.connect(tmp_path / "table.db") as newer:
        newer.execute("PRAGMA user_version = 2")
    newer.close()

    with pytest.raises(StoreError, match="written by a newer callwright, as version 2"):
        await table.rows()


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_table_is_a_file(path: str):
    with pytest.raises(ParameterError, match="path: expected that of a file"):
        TrainingTable(path)


@pytest.mark.parametrize("numbers", [{"prior": -1.0}, {"prior": float("nan")}, {"timeout": 0.0}])
def test_numbers_out_of_range_are_refused(numbers: dict[str, float]):
    with pytest.raises(ParameterError, match="expected prior >= 0 and timeout > 0"):
        TrainingTable("table.db", **numbers)


def test_it_works_without_an_event_loop(tmp_path: Path):
    table = TrainingTable(tmp_path / "table.db")

    assert table.import_rows_sync([row("q1", "p", {"a/one": {"yes": 1}})]) == 1
    assert table.mark_sync("q1", "no") == choice_candidate("no").class_id
    table.unmark_sync("q1")
    assert [one.correct for one in table.rows_sync()] == [None]
    assert table.export_rows_sync(tmp_path / "rows.jsonl") == 1
    assert table.forget_sync("q1")


async def test_weights_from_a_hundred_rows_are_at_least_as_good_as_equal_ones(tmp_path: Path):
    """Two kinds of prompts, three voters: one knows each kind (p = 0.9), the others guess (p = 0.4)."""
    draw = random.Random(7)
    slugs = [f"author/m{number}" for number in range(3)]
    model = jury(*slugs, top=50, weight=TrainingTableWeight(1.0, 0.1, 3.0))

    def votes(kind: int) -> dict[str, dict[str, float]]:
        chances = [0.9 if number == kind else 0.4 for number in range(3)]
        return {
            slug: {"yes" if draw.random() < chance else "no": 1.0} for slug, chance in zip(slugs, chances, strict=True)
        }

    prompts = ("where is parcel number {}", "I forgot the password of account {}")
    table = TrainingTable(tmp_path / "table.db")
    await table.import_rows([row(f"q{n}", prompts[n % 2].format(n), votes(n % 2)) for n in range(100)])

    def is_right(cast: dict[str, dict[str, float]], by: dict[str, float]) -> bool:
        return tally([Contribution(cast[slug], by[slug]) for slug in slugs]).winner == "yes"

    hits: Sequence[int] = [0, 0]
    for kind in (0, 1):
        earned = await weights(table, model, prompts[kind].format(1234))
        for _ in range(1_000):
            cast = votes(kind)
            hits = [hits[0] + is_right(cast, earned), hits[1] + is_right(cast, dict.fromkeys(slugs, 1.0))]

    assert hits[0] >= hits[1] + 200
