"""What becomes of a message whose handling failed."""

import pytest

from chassis.failed import State, after_error, delay_seconds


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 2), (2, 4), (5, 32), (8, 256), (9, 300), (40, 300)]
)
def test_pauses_double_up_to_five_minutes_with_jitter(attempts: int, seconds: float) -> None:
    pauses = [delay_seconds(attempts) for _ in range(200)]

    assert min(pauses) >= seconds * 0.75
    assert max(pauses) <= seconds * 1.25
    assert len(set(pauses)) > 100


def test_the_eighth_failed_attempt_parks() -> None:
    assert after_error(KeyError("x"), 7).state is State.RETRYING
    assert after_error(KeyError("x"), 8).state is State.PARKED


def test_what_no_retry_can_help_is_parked_at_once() -> None:
    failure = after_error(ValueError("no number"), 1, retryable=False)

    assert (failure.state, failure.error) == (State.PARKED, "ValueError: no number")
