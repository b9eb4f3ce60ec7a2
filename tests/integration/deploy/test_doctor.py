"""What the doctor finds in the books of a running system."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from deploy.local import doctor, health
from tests.system import System


@pytest.fixture
def orders_database(system: System) -> Iterator[str]:
    url = system.database_url("orders")
    yield url
    with closing(psycopg2.connect(url)) as database, database, database.cursor() as cursor:
        cursor.execute("update job_slot set attempts = 0, error = null")


def test_a_job_that_fails_is_named_with_its_error(orders_database: str) -> None:
    (well,) = doctor.jobs("orders", health.failing_jobs(orders_database))
    assert (well.subject, well.is_well) == ("orders: jobs by the clock", True)

    with (
        closing(psycopg2.connect(orders_database)) as database,
        database,
        database.cursor() as cursor,
    ):
        cursor.execute(
            "update job_slot set attempts = 3, error = 'OverflowError: date'"
            " where job = (select min(job) from job_slot) returning job"
        )
        row = cursor.fetchone()

    assert row is not None
    (found,) = doctor.jobs("orders", health.failing_jobs(orders_database))
    assert (found.subject, found.is_well) == (f"orders: {row[0]}", False)
    assert found.fact == "failed 3 times: OverflowError: date"


def test_a_database_that_does_not_say_is_not_waited_for_and_not_called_well(
    orders_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 1)

    with closing(psycopg2.connect(orders_database)) as database, database.cursor() as cursor:
        cursor.execute("lock table job_slot, failed_message in access exclusive mode")
        (found,) = doctor.jobs("orders", health.failing_jobs(orders_database))
        waiting = health.waiting_in_rows(orders_database)

    assert waiting == (None, None, None)
    parked = doctor.parked(health.Backlog("orders", 0, 0, *waiting))
    for each in (found, parked):
        assert (each.is_well, each.fact) == (False, "nobody knows: its database does not say")
