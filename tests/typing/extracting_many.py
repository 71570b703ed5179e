"""What type checkers infer of many extractions."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import assert_type

from shapes import Invoice, Person

from callwright.bulk import extract_many, extract_many_sync


async def later(city: str) -> Person:
    """Find a person later."""
    return Person(city)


async def many_extractions_are_of_the_kind_asked_for(texts: list[str]) -> None:
    async with extract_many(Invoice, texts, concurrency=4, ordered=True, progress=True) as found:
        async for finished in found:
            assert_type(finished.get(), Invoice)
            assert_type(finished.value, Invoice | None)
    async with extract_many(list[Invoice] | None, texts) as lists:
        assert_type((await anext(lists)).get(), list[Invoice] | None)
    async with extract_many(later, texts) as persons:
        assert_type((await anext(persons)).get(), Person)
    for finished in extract_many_sync(Invoice, texts, model="x", temperature=0):
        assert_type(finished.get(), Invoice)
    extract_many(Invoice, texts, concurency=4)  # type: ignore[call-overload]
