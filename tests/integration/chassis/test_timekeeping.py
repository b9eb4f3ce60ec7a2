"""Where a job stands, on real PostgreSQL."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from chassis import clock, timekeeping
from chassis.database import Store
from chassis.timekeeping import Timekeeper
from chassis.timers import Daily
from tests.integration.chassis.ledger import open_store


@pytest.fixture
def store(empty_database: str) -> Iterator[Store]:
    opened = open_store(empty_database)
    yield opened
    opened.close()


def test_a_daily_job_whose_clock_was_weeks_ahead_goes_on_from_today(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, keeper, ring = clock.machine_now(), Timekeeper(), Daily(time(0, 10))
    keeper.store, job = store, SimpleNamespace(job="ring", schedule=ring)
    monkeypatch.setattr(clock, "business_now", lambda: now)
    keeper._look_at("ring", job)
    ahead = ring.latest(now + timedelta(days=30))

    def stands() -> datetime:
        with store.work() as work:
            slot: datetime = work.session.scalar(text("select slot from job_slot"))
            return slot

    with store.work() as work:
        work.session.execute(text("update job_slot set slot = :slot"), {"slot": ahead})
    keeper._last_done["ring"] = ahead

    keeper._look_at("ring", job)
    assert stands() == ahead  # another may have heard before of a jump of business time

    monkeypatch.setattr(timekeeping, "AHEAD_SECONDS", 0.0)
    keeper._look_at("ring", job)
    assert stands() == ring.latest(now)
