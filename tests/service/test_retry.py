"""Whether and when a failed request is sent again."""

from __future__ import annotations

import pytest

from callwright.errors import APIError, ParameterError
from callwright.service.retry import Retry

RETRY = Retry(attempts=4, base=1.0, cap=10.0, seconds=100.0, draw=lambda: 0.5)


def failure(*, retryable: bool = True, after: float | None = None) -> APIError:
    return APIError("no", retryable=retryable, retry_after=after)


@pytest.mark.parametrize(("attempt", "wait"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, None)])
def test_waits_grow_until_the_attempts_are_used_up(attempt: int, wait: float | None) -> None:
    assert RETRY.wait(failure(), attempt=attempt, elapsed=0.0) == wait


def test_waits_are_capped() -> None:
    assert Retry(attempts=99, draw=lambda: 1.0).wait(failure(), attempt=50, elapsed=0.0) == 60.0


def test_what_cannot_succeed_is_not_tried_again() -> None:
    assert RETRY.wait(failure(retryable=False), attempt=1, elapsed=0.0) is None


@pytest.mark.parametrize(("after", "wait"), [(0.0, 0.0), (7.0, 7.0), (10.5, None)])
def test_what_the_service_says_wins_unless_it_is_too_long(after: float, wait: float | None) -> None:
    assert RETRY.wait(failure(after=after), attempt=1, elapsed=0.0) == wait


def test_no_request_starts_after_the_time_is_up() -> None:
    assert RETRY.wait(failure(after=5.0), attempt=1, elapsed=96.0) is None


def test_less_than_one_attempt_is_refused() -> None:
    with pytest.raises(ParameterError, match="attempts: expected >= 1"):
        Retry(attempts=0)
