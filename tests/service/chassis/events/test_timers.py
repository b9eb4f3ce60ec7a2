"""Jobs by the clock: each slot once and in order, whatever dies, however many replicas."""

import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text

from chassis import clock
from chassis.timers import Daily
from deploy.local import databases
from deploy.local.engines import Engines
from deploy.local.places import CHECKOUT
from deploy.local.processes import Process, Program
from tests.conftest import Vhost
from tests.service.chassis.conftest import eventually
from tests.service.chassis.events import clockwork

RING = Daily(time(0, 10))


class Clockwork:
    """Replicas of the clockwork service on one database and one clock file."""

    def __init__(
        self, url: str, vhost: Vhost, folder: Path, start: Callable[[Program], Process]
    ) -> None:
        self.engine = create_engine(url)
        self.folder = folder
        self._url, self._vhost, self._start = url, vhost, start
        self._clock_file = folder / "clock"
        self.jump(days=0)

    def run(self, *, wait: bool = True, **environment: str) -> Process:
        name = f"clockwork-{secrets.token_hex(2)}"
        ready = self.folder / f"{name}.ready"
        return self._start(
            Program(
                name=name,
                command=(
                    *(sys.executable, "-m", "chassis.runner"),
                    "tests.service.chassis.events.clockwork:ClockworkService",
                ),
                environment={
                    "PATH": os.environ["PATH"],
                    "GENDAN_PROFILE": "tryout",
                    "GENDAN_AMQP_URL": self._vhost.url,
                    "GENDAN_DATABASE_URL": self._url,
                    "GENDAN_READY_FILE": str(ready),
                    "GENDAN_CLOCK_FILE": str(self._clock_file),
                    "PROBE_FOLDER": str(self.folder),
                    **environment,
                },
                folder=CHECKOUT,
                log=self.folder / f"{name}.log",
                is_ready=ready.exists if wait else lambda: True,
            )
        )

    def jump(self, *, days: int) -> None:
        """Move the business clock to that many days from now."""
        draft = self._clock_file.with_suffix(".draft")
        draft.write_text(str(days * 86_400), encoding="ascii")
        draft.rename(self._clock_file)

    def slots(self, job: str) -> list[datetime]:
        with self.engine.connect() as connection:
            query = select(clockwork.turns.c.slot).where(clockwork.turns.c.job == job)
            return list(connection.scalars(query.order_by(clockwork.turns.c.id)))

    def make_due(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(text("update job_slot set due_at = now()"))

    def await_installed(self) -> datetime:
        """Wait until the nightly job is installed; give the slot it was installed at."""
        found: list[datetime] = []

        def look() -> bool:
            with self.engine.connect() as connection:
                query = text("select slot from job_slot where job = 'ring'")
                found[:] = list(connection.scalars(query))
            return bool(found)

        eventually(look, "the job is installed")
        return found[0].astimezone(UTC)


@pytest.fixture
def clockworks(
    engines: Engines, vhost: Vhost, tmp_path: Path, start: Callable[[Program], Process]
) -> Iterator[Clockwork]:
    name = f"t_clockwork_{secrets.token_hex(4)}"
    databases.ensure_database(engines.pg_admin_url, name, databases.role_in(engines.pg_admin_url))
    url = databases.for_sqlalchemy(databases.with_database(engines.pg_admin_url, name))
    made = Clockwork(url, vhost, tmp_path, start)
    clockwork.metadata.create_all(made.engine)
    yield made
    made.engine.dispose()
    databases.drop_database(engines.pg_admin_url, name)


def following(slot: datetime, count: int) -> list[datetime]:
    return [slot + timedelta(days=number) for number in range(1, count + 1)]


def test_each_slot_that_a_jump_passes_is_done_once_and_in_order(clockworks: Clockwork) -> None:
    clockworks.run()
    clockworks.run()
    installed = clockworks.await_installed()
    assert installed == RING.latest(clock.machine_now())

    clockworks.jump(days=5)

    eventually(lambda: len(clockworks.slots("ring")) >= 5, "five nights have passed")
    clockworks.jump(days=6)
    eventually(lambda: len(clockworks.slots("ring")) >= 6, "and a sixth")
    assert clockworks.slots("ring") == following(installed, 6)


@pytest.mark.faults
@pytest.mark.parametrize("point", ["in_job", "before_job_commit"])
def test_a_slot_whose_process_was_killed_is_done_by_the_next(
    clockworks: Clockwork, point: str
) -> None:
    clockworks.run().stop()
    installed = clockworks.await_installed()
    clockworks.jump(days=3)
    with clockworks.engine.begin() as connection:
        connection.execute(text("update job_slot set slot = now() where job = 'tick'"))

    # It may be dead before anybody sees that it was ready.
    doomed = clockworks.run(wait=False, GENDAN_FAULT_POINT=f"{point}:2")
    eventually(lambda: doomed.exit_code is not None, "it is killed")
    clockworks.run()

    eventually(lambda: len(clockworks.slots("ring")) >= 3, "three nights are done")
    assert clockworks.slots("ring") == following(installed, 3)
    assert doomed.exit_code == -signal.SIGKILL


def test_a_failing_slot_is_tried_again_before_the_ones_after_it(clockworks: Clockwork) -> None:
    (clockworks.folder / "broken").touch()
    clockworks.run()
    installed = clockworks.await_installed()

    clockworks.jump(days=2)
    eventually(lambda: failures(clockworks) >= 1, "it has failed")
    assert clockworks.slots("ring") == []
    (clockworks.folder / "broken").unlink()
    clockworks.make_due()

    eventually(lambda: len(clockworks.slots("ring")) >= 2, "both nights are done")
    assert clockworks.slots("ring") == following(installed, 2)
    assert failures(clockworks) == 0


def failures(clockworks: Clockwork) -> int:
    with clockworks.engine.connect() as connection:
        query = text("select attempts from job_slot where job = 'ring'")
        return int(connection.execute(query).scalar_one())


def test_replicas_share_the_turns_of_a_job_that_recurs(clockworks: Clockwork) -> None:
    clockworks.run()
    clockworks.run()

    eventually(lambda: len(clockworks.slots("tick")) >= 4, "it has ticked four times")

    slots = clockworks.slots("tick")
    pauses = [later - earlier for earlier, later in pairwise(slots)]
    assert min(pauses) >= timedelta(seconds=1)
