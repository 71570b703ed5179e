"""Tests of how it is told what a function is: plain, async, a generator, an async generator."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from callwright.tools.schema import shape


def count(n: int) -> Iterator[int]:
    yield from range(n)


async def tick(n: int) -> AsyncIterator[int]:
    yield n


async def wait(n: int) -> int:
    return n


def plain(n: int) -> int:
    return n


class Counter:
    def count(self, n: int) -> Iterator[int]:
        yield n

    async def tick(self, n: int) -> AsyncIterator[int]:
        yield n

    @staticmethod
    def at(n: int) -> Iterator[int]:
        yield n

    @classmethod
    async def of(cls, n: int) -> AsyncIterator[int]:
        yield n


class Counts:
    def __call__(self, n: int) -> Iterator[int]:
        yield n


class Ticks:
    async def __call__(self, n: int) -> AsyncIterator[int]:
        yield n


def _logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return inner


def _collected(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def inner(*args: Any, **kwargs: Any) -> Any:
        return list(function(*args, **kwargs))

    return inner


def _yielded(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        yield function(*args, **kwargs)

    return inner


class Decorated:
    @_logged
    def count(self, n: int) -> Iterator[int]:
        yield n

    @_logged
    def __call__(self, n: int) -> Iterator[int]:
        yield n


PLAIN, ASYNC, GENERATOR, ASYNC_GENERATOR = "plain", "async", "generator", "async generator"


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        pytest.param(plain, PLAIN, id="function"),
        pytest.param(wait, ASYNC, id="async function"),
        pytest.param(count, GENERATOR, id="generator"),
        pytest.param(tick, ASYNC_GENERATOR, id="async generator"),
        pytest.param(Counter().count, GENERATOR, id="method"),
        pytest.param(Counter().tick, ASYNC_GENERATOR, id="async method"),
        pytest.param(Counter.at, GENERATOR, id="static method"),
        pytest.param(Counter.of, ASYNC_GENERATOR, id="class method"),
        pytest.param(Counts(), GENERATOR, id="object"),
        pytest.param(Ticks(), ASYNC_GENERATOR, id="async object"),
        pytest.param(Counter, PLAIN, id="class without parameters"),
        pytest.param(functools.partial(functools.partial(count), n=1), GENERATOR, id="partial"),
        pytest.param(functools.partial(Counter().tick, 1), ASYNC_GENERATOR, id="partial of a method"),
        pytest.param(functools.partial(wait, 1), ASYNC, id="partial of async"),
        pytest.param(functools.partial(Counts(), n=1), GENERATOR, id="partial of an object"),
        pytest.param(_logged(_logged(count)), GENERATOR, id="wrapped"),
        pytest.param(_logged(tick), ASYNC_GENERATOR, id="wrapped async"),
        pytest.param(_logged(plain), PLAIN, id="wrapped plain"),
        pytest.param(_collected(count), ASYNC, id="collected by what wraps it"),
        pytest.param(_yielded(wait), GENERATOR, id="yielded by what wraps it"),
        pytest.param(functools.partial(_logged(Counter().count), 1), GENERATOR, id="partial of a wrapped method"),
        pytest.param(Decorated().count, GENERATOR, id="wrapped in the class"),
        pytest.param(Decorated(), GENERATOR, id="object with a wrapped call"),
        pytest.param(functools.cache(plain), PLAIN, id="cached"),
    ],
)
def test_what_a_function_is_is_told_at_its_definition(function: Callable[..., Any], kind: str) -> None:
    read = shape(function)

    told = {ASYNC: read.is_async, GENERATOR: read.is_generator, ASYNC_GENERATOR: read.is_async_generator}
    assert [name for name, is_so in told.items() if is_so] == [kind] * (kind != PLAIN)
