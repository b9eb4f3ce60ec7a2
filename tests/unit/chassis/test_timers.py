"""When a job's slots are."""

import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, ClassVar

import eventlet
import pytest

from chassis import clock
from chassis.entrypoints import Regularly
from chassis.timers import Daily, Every, Standing, is_postponed

RING = Daily(time_of_day(0, 10))  # 00:10 in Shanghai is 16:10 UTC of the day before


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def test_a_daily_job_starts_with_the_slot_that_passed_last() -> None:
    assert RING.latest(utc(10, 16, 9)) == utc(9, 16, 10)
    assert RING.latest(utc(10, 16, 10)) == utc(10, 16, 10)


def test_a_daily_slot_is_due_from_its_minute_on_and_not_before() -> None:
    assert RING.due(utc(9, 16, 10), utc(10, 16, 9)) is None
    assert RING.due(utc(9, 16, 10), utc(10, 16, 10)) == utc(10, 16, 10)


def test_no_daily_slot_is_left_out_after_a_jump() -> None:
    now, slot, done = utc(20, 12), utc(9, 16, 10), []
    while (due := RING.due(slot, now)) is not None:
        done.append(due)
        slot = due

    assert done == [utc(day, 16, 10) for day in range(10, 20)]


def test_a_recurring_job_makes_up_once_for_what_it_missed() -> None:
    hourly = Every(3600)

    assert hourly.due(utc(1, 0), utc(1, 0, 59)) is None
    assert hourly.due(utc(1, 0), utc(1, 1)) == utc(1, 1)
    assert hourly.due(utc(1, 0), utc(3, 7)) == utc(3, 7)
    assert hourly.due(utc(3, 7), utc(3, 7) + timedelta(seconds=1)) is None


def test_a_replica_whose_clock_is_a_little_behind_does_no_job_twice() -> None:
    assert Every(3600).due(utc(3, 7), utc(3, 7) - timedelta(seconds=1)) is None


def test_a_timer_goes_on_when_the_machines_clock_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticks = eventlet.Queue()
    container = Container(ticks)  # the timer keeps but a proxy of it
    timer = Regularly(0.01).bind(container, "tick")
    timer.start()
    ticks.get(timeout=5)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)

    ticks.get(timeout=5)
    ticks.get(timeout=5)

    timer.stop()


class Container:
    """Runs a timer's thread, and each of its workers at once."""

    service_name = "ringer"
    shared_extensions: ClassVar[dict[Any, Any]] = {}

    def __init__(self, ticks: Any) -> None:
        self.ticks = ticks

    def spawn_managed_thread(self, run: Any) -> Any:
        return eventlet.spawn(run)

    def spawn_worker(self, timer: Any, *_: Any, handle_result: Any) -> None:
        self.ticks.put(timer)
        handle_result(None, None, None)


def test_a_clock_that_was_set_back_keeps_no_job_waiting() -> None:
    hourly, now = Every(3600), clock.machine_now()

    assert hourly.due(utc(3, 7), utc(3, 4)) == utc(3, 4)
    assert is_postponed(Standing(now, 1, now + timedelta(seconds=300)))
    assert not is_postponed(Standing(now, 1, now + timedelta(hours=1)))
    # A daily slot is of business time, and is done once however the clock is set: a day that has
    # not come is not waited for (chassis/timekeeping.py).
    assert RING.due(utc(10, 16, 10), utc(10, 15)) is None
    assert not RING.is_ahead(utc(10, 16, 10), utc(10, 15))
    assert RING.is_ahead(utc(10, 16, 10), utc(9, 15))
