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
