"""Partials of types: what is shown of a model, a dataclass, a union while it grows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    StringConstraints,
    TypeAdapter,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from callwright.output.form import MISSING
from callwright.output.forming import form_of
from callwright.output.jsonpartial import JsonPartial


class Color(Enum):
    RED = "red"


class Row(BaseModel):
    name: str
    amount: int = 7


class Seller(BaseModel):
    name: str
    since: date
    tags: set[str]


class Invoice(BaseModel):
    number: str
    seller: Seller
    rows: list[Row]
    total: Decimal
    color: Color
    paid: bool = True
    note: str | None = "none"
    currency: Literal["EUR", "USD"] = "EUR"
    extra: dict[str, float] = {}


INVOICE = {
    "number": "A-1",
    "seller": {"name": "Bo", "since": "2026-01-31", "tags": ["x", "y"]},
    "rows": [{"name": "tea", "amount": 2}, {"name": "pot", "amount": 1}],
    "total": "12.50",
    "color": "red",
    "paid": False,
    "note": "late",
    "currency": "USD",
    "extra": {"a": 1.5},
}


def drafts(kind: Any, value: object, *, grows: bool = True, step: int = 1) -> list[Any]:
    text = value if isinstance(value, str) else json.dumps(value)
    partial = JsonPartial(form_of(TypeAdapter(kind).core_schema))
    shown: list[Any] = []
    for place in range(0, len(text), step):
        if partial.feed(text[place : place + step]):
            now = partial.value(grows=grows)
            shown += [] if now is MISSING else [now]
    return shown


def changes(kind: Any, value: object, read: Any, *, grows: bool = True) -> list[Any]:
    """Return what a reading of the drafts goes through, each once."""
    seen: list[Any] = []
    for draft in drafts(kind, value, grows=grows):
        now = read(draft)
        seen += [] if seen and seen[-1] == now else [now]
    return seen


def test_a_draft_of_a_model_is_an_instance_of_it_and_the_last_one_the_value() -> None:
    shown = drafts(Invoice, INVOICE)

    assert {type(draft) for draft in shown} == {Invoice}
    assert shown[-1] == Invoice.model_validate(INVOICE)


def test_what_has_not_come_is_empty_or_none_and_never_its_default() -> None:
    first = drafts(Invoice, INVOICE)[0]

    assert (first.number, first.seller.name, first.rows, first.extra) == ("", "", [], {})
    assert (first.total, first.color, first.paid, first.note, first.currency, first.seller.since) == (None,) * 6
    assert first.model_fields_set == set()
    assert repr(first)
    assert first.model_dump(exclude_unset=True) == {}


def test_fields_come_in_the_order_of_the_answer() -> None:
    sets = changes(Invoice, INVOICE, lambda draft: sorted(draft.model_fields_set))

    assert [len(names) for names in sets] == list(range(10))


def test_numbers_enums_literals_and_dates_come_when_they_are_finished() -> None:
    assert changes(Invoice, INVOICE, lambda draft: draft.total) == [None, Decimal("12.50")]
    assert changes(Invoice, INVOICE, lambda draft: draft.color) == [None, Color.RED]
    assert changes(Invoice, INVOICE, lambda draft: draft.currency) == [None, "USD"]
    assert changes(Invoice, INVOICE, lambda draft: draft.seller.since) == [None, date(2026, 1, 31)]
    assert changes(Invoice, INVOICE, lambda draft: draft.paid) == [None, False]


def test_texts_grow_by_choice() -> None:
    assert changes(Invoice, INVOICE, lambda draft: draft.note) == [None, "l", "la", "lat", "late"]
    assert changes(Invoice, INVOICE, lambda draft: draft.note, grows=False) == [None, "late"]


def test_elements_of_a_list_grow_too() -> None:
    names = changes(Invoice, INVOICE, lambda draft: [(row.name, row.amount) for row in draft.rows])

    assert names[:7] == [
        [],
        [("", None)],
        [("t", None)],
        [("te", None)],
        [("tea", None)],
        [("tea", 2)],
        [("tea", 2), ("", None)],
    ]


def test_a_number_keeps_all_its_digits() -> None:
    text = "[12345678901234567890123, 1.10]"

    assert drafts(list[Decimal], text)[-1] == TypeAdapter(list[Decimal]).validate_json(text)


@dataclass
class Point:
    x: int
    label: str = "origin"
    near: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fixed:
    x: int
    y: int = 5


class Movie(TypedDict, total=False):
    title: str
    year: int


class Pair(NamedTuple):
    left: str
    right: int = 9


def test_dataclasses_typed_dicts_and_named_tuples_grow() -> None:
    assert drafts(Point, {"x": 1, "label": "a", "near": [2]})[0] == Point(None, "", [])  # type: ignore[arg-type]
    assert drafts(Fixed, {"x": 1, "y": 2})[1] == Fixed(1, None)  # type: ignore[arg-type]
    assert changes(Movie, {"title": "M", "year": 1931}, dict) == [
        {},
        {"title": "M"},
        {"title": "M", "year": 1931},
    ]
    assert drafts(Pair, ["a", 1])[-1] == Pair("a", 1)
    assert drafts(tuple[int, str], [1, "ab"])[1] == (1, "a")


class Cat(BaseModel):
    kind: Literal["cat"]
    name: str


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    other: Cat | Dog | None = None
    either: Row | list[int] | None = None
    loose: int | str = 0


def test_a_union_is_shown_once_it_can_be_only_one() -> None:
    value = {"pet": {"kind": "dog", "name": "Rex"}, "other": {"kind": "cat", "name": "Tom"}, "either": [1, 2]}

    assert [type(pet).__name__ for pet in changes(Owner, value, lambda draft: draft.pet)[:2]] == ["NoneType", "Dog"]
    assert changes(Owner, value, lambda draft: draft.pet and draft.pet.name) == [None, "", "R", "Re", "Rex"]
    assert changes(Owner, value, lambda draft: draft.other) == [None, Cat(kind="cat", name="Tom")]
    assert changes(Owner, value, lambda draft: draft.either) == [None, [], [1], [1, 2]]
    assert changes(Owner, {"loose": "ab"}, lambda draft: draft.loose) == [None, "a", "ab"]


class Node(BaseModel):
    name: str
    children: list[Node] = []
    parent: Node | None = None


class Endless(BaseModel):
    name: str
    inner: Endless


def test_types_may_hold_themselves() -> None:
    value = {"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}], "parent": {"name": "z"}}
    shown = drafts(Node, value)

    assert shown[-1] == Node.model_validate(value)
    assert "c" in {
        draft.children[0].children[0].name for draft in shown if draft.children and draft.children[0].children
    }
    assert drafts(Endless, '{"name": "x"')[0].inner.name == ""


class Strict(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True, extra="allow", frozen=True, populate_by_name=True)

    city: str
    code: Annotated[str, StringConstraints(to_upper=True)] = ""
    people: int = Field(0, validation_alias=AliasChoices("people", "inhabitants"))
    land: str = Field("", alias="country")
    _seen: int = PrivateAttr(3)

    @field_validator("people")
    @classmethod
    def _in_thousands(cls, value: int) -> int:
        return value * 1000

    @model_validator(mode="after")
    def _check(self) -> Strict:
        if not self.people:
            raise ValueError("nobody lives there")
        return self


def test_what_a_validator_rewrites_is_shown_as_it_will_be() -> None:
    value = {"city": " Rome ", "code": "it", "inhabitants": 3, "country": "x", "more": [1]}

    assert changes(Strict, value, lambda draft: draft.city) == [None, "Rome"]
    assert changes(Strict, value, lambda draft: draft.code) == [None, "IT"]
    assert changes(Strict, value, lambda draft: draft.people) == [None, 3000]
    assert changes(Strict, value, lambda draft: draft.model_extra) == [{}, {"more": []}, {"more": [1]}]
    assert {draft._seen for draft in drafts(Strict, value)} == {3}


def test_a_value_that_is_not_valid_as_a_whole_is_still_shown_by_its_fields() -> None:
    shown = drafts(Strict, {"city": "Rome", "people": 0})

    assert shown[-1].city == "Rome"


def test_a_field_that_is_not_valid_is_not_shown() -> None:
    shown = drafts(Row, {"name": 5, "amount": "many", "unknown": 1})

    assert shown[-1].model_fields_set == set()


def split(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


def test_what_is_changed_before_it_is_validated_is_shown_once_it_is_whole() -> None:
    kind = Annotated[list[int], BeforeValidator(split)]

    assert changes(dict[str, kind], {"a": "1,2", "b": [3]}, dict) == [{}, {"a": [1, 2]}, {"a": [1, 2], "b": [3]}]  # type: ignore[valid-type]


def test_a_list_is_shown_up_to_the_first_element_that_cannot_be() -> None:
    assert changes(list[int], "[1, 2, true, 4]", list)[-1] == [1, 2, 1, 4]
    assert changes(dict[str, list[int]], '{"a": [1, "x", 3]}', dict)[-1] == {"a": [1]}


def test_keys_of_a_dict_are_validated() -> None:
    assert drafts(dict[int, str], {"1": "a", "x": "b"})[-1] == {1: "a"}


def test_a_root_model_grows_as_what_it_holds() -> None:
    kind = RootModel[list[int]]

    assert changes(kind, "[1, 2]", lambda draft: draft) == [kind([1]), kind([1, 2])]
    assert drafts(dict[str, kind | None], {"a": [1]})[-1] == {"a": kind([1])}  # type: ignore[valid-type]


@pytest.mark.parametrize("step", [1, 3, 7, 1000])
@pytest.mark.parametrize(("kind", "value"), [(Invoice, INVOICE), (list[Row], INVOICE["rows"]), (Node, {"name": "x"})])
def test_the_last_draft_is_the_value_however_the_text_is_cut(kind: Any, value: object, step: int) -> None:
    assert drafts(kind, value, step=step)[-1] == TypeAdapter(kind).validate_python(value)


def test_finished_elements_are_counted_once_they_are_valid() -> None:
    partial = JsonPartial(form_of(TypeAdapter(list[Row]).core_schema, is_wrapped=True))
    seen: list[list[object]] = []

    for piece in ('{"value": [{"name": "a"}', ', {"name": "b"', '}, {"amount": 1}, {"name": "c"}]}'):
        partial.feed(piece)
        seen.append(list(partial.finished(0)))

    assert seen == [[Row(name="a")], [Row(name="a")], [Row(name="a"), Row(name="b")]]
