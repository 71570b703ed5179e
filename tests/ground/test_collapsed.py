"""The task group whose lone error leaves as itself."""

from __future__ import annotations

from typing import NoReturn

import anyio
import pytest

from callwright._concurrency import collapsed

pytestmark = pytest.mark.anyio


async def fail(error: BaseException) -> NoReturn:
    raise error


async def test_the_error_of_a_child_leaves_as_itself() -> None:
    error = KeyError("x")

    with pytest.raises(KeyError) as caught:
        async with collapsed() as tasks:
            tasks.start_soon(fail, error)

    assert caught.value is error


async def test_the_error_of_the_body_leaves_as_itself() -> None:
    error = KeyError("x")

    with pytest.raises(KeyError) as caught:
        async with collapsed():
            raise error

    assert caught.value is error
    assert caught.value.__context__ is None


async def test_nested_groups_of_one_are_unwrapped() -> None:
    error = KeyError("x")

    with pytest.raises(KeyError) as caught:
        async with collapsed() as outer:
            outer.start_soon(fail, ExceptionGroup("a", [ExceptionGroup("b", [error])]))

    assert caught.value is error


async def test_cause_and_context_are_kept() -> None:
    cause, context, error = ValueError("cause"), ValueError("context"), KeyError("x")
    error.__cause__ = cause
    error.__context__ = context

    with pytest.raises(KeyError) as caught:
        async with collapsed() as tasks:
            tasks.start_soon(fail, error)
            await anyio.sleep_forever()

    assert caught.value.__cause__ is cause
    assert caught.value.__context__ is context


async def test_several_errors_stay_a_group() -> None:
    first, second = KeyError("x"), ValueError("y")

    with pytest.raises(ExceptionGroup) as caught:
        async with collapsed() as tasks:
            tasks.start_soon(fail, first)
            tasks.start_soon(fail, second)

    assert set(caught.value.exceptions) == {first, second}


async def test_a_cancellation_from_outside_goes_through() -> None:
    is_passed = False

    with anyio.CancelScope() as scope:
        async with collapsed() as tasks:
            tasks.start_soon(anyio.sleep_forever)
            scope.cancel()
            await anyio.sleep_forever()
        is_passed = True

    assert scope.cancelled_caught
    assert not is_passed


async def test_cancelling_the_group_itself_ends_it_quietly() -> None:
    async with collapsed() as tasks:
        tasks.start_soon(anyio.sleep_forever)
        tasks.cancel_scope.cancel()

    assert tasks.cancel_scope.cancel_called


async def test_an_error_on_the_way_out_of_a_cancellation_is_not_lost() -> None:
    error = KeyError("x")

    async def fail_when_cancelled() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise error

    with pytest.raises((KeyError, BaseExceptionGroup)) as caught, anyio.CancelScope() as scope:
        async with collapsed() as tasks:
            tasks.start_soon(fail_when_cancelled)
            await anyio.lowlevel.checkpoint()
            scope.cancel()

    raised = caught.value
    assert raised is error or (isinstance(raised, BaseExceptionGroup) and raised.subgroup(KeyError) is not None)
