"""A year of the calendar is the same for all services, whoever enters it when (X9)."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import text

from chassis.commands import KeyReused
from chassis.database import DatabaseUnavailable, Store
from gateway import storage
from gateway.auth import Caller
from gateway.calls import Call
from gateway.files import Files
from gateway.resources import calendar
from gateway.services import Services
from gateway.settings import Limits
from tests.integration.gateway.conftest import ADMIN
from tests.unit.gateway.neighbour import Neighbour

OFF, WORKED = {"2026-10-01": False}, {"2026-10-10": True}
#: How many wait for somebody's lock in this database.
WAITING = """
select count(*) from pg_locks join pg_stat_activity using (pid)
where not granted and datname = current_database()
"""


class Calendars:
    """What each service has of the year, whose commands are done once by their key."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.neighbour = Neighbour()
        self.kept: dict[str, Any] = {}
        self.away: set[str] = set()
        self._done: set[tuple[str, str | None]] = set()
        self._limits = Limits()
        self._services = Services(self.neighbour, self._limits)
        for name in calendar.COUNTING:
            self.neighbour.answers[f"{name}.change_calendar_year"] = self._take

    def enter(self, days: dict[str, bool], key: str) -> Any:
        year = {"days": days, "reason": "holidays"}
        call = Call(
            caller=Caller(ADMIN, "hash"), store=self.store, services=self._services,
            files=Files(None), limits=self._limits, deadline=time.time() + 30,
            path={"year": "2026"}, body=year, key=key,
        )  # fmt: skip
        return calendar.enter(call)

    def somebody_waits(self) -> bool:
        return self.store.read(
            ADMIN, lambda work: bool(work.connection.execute(text(WAITING)).scalar_one())
        )

    def _take(self, body: dict[str, Any]) -> Any:
        asked = self.neighbour.asked[-1]
        service = asked.rpc.partition(".")[0]
        if service in self.away:
            return DatabaseUnavailable(service=service)
        if (service, asked.key) not in self._done:
            self._done.add((service, asked.key))
            self.kept[service] = body["days"]
        return {}


@pytest.fixture
def calendars(database_factory: Callable[[str], str]) -> Iterator[Calendars]:
    with closing(storage.open_store(database_factory("gateway"), pool_size=3)) as store:
        yield Calendars(store)


def test_who_asks_again_after_a_refusal_enters_the_year_everywhere_and_then_never_again(
    calendars: Calendars,
) -> None:
    calendars.away = {"inventory"}
    with pytest.raises(DatabaseUnavailable):
        calendars.enter(OFF, "a")
    assert calendars.kept == {"orders": OFF}
    calendars.away = set()
    calendars.enter(WORKED, "b")
    calendars.neighbour.asked.clear()

    assert calendars.enter(OFF, "a") == {"year": 2026, "days": OFF}

    assert calendars.kept == dict.fromkeys(calendar.COUNTING, OFF)
    # The year alone: the other years stay, whoever enters them meanwhile.
    assert [(asked.rpc, asked.body) for asked in calendars.neighbour.asked] == [
        (f"{name}.change_calendar_year", {"days": OFF, "reason": "holidays", "year": "2026"})
        for name in calendar.COUNTING
    ]
    calendars.enter(WORKED, "c")
    assert calendars.enter(OFF, "a") == {"year": 2026, "days": OFF}
    with pytest.raises(KeyReused):
        calendars.enter(WORKED, "a")
    assert calendars.kept == dict.fromkeys(calendar.COUNTING, WORKED)


def test_two_who_enter_a_year_at_once_follow_each_other_everywhere(calendars: Calendars) -> None:
    second: list[Future[Any]] = []

    def begin_second(_body: Any) -> Any:
        calendars.neighbour.answers["orders.change_calendar_year"] = {}
        second.append(pool.submit(calendars.enter, WORKED, "b"))
        while not second[0].done() and not calendars.somebody_waits():
            pass
        return {}

    calendars.neighbour.answers["orders.change_calendar_year"] = begin_second
    with ThreadPoolExecutor(1) as pool:
        calendars.enter(OFF, "a")

    assert second[0].result() == {"year": 2026, "days": WORKED}
    asked = [asked.body["days"] for asked in calendars.neighbour.asked]
    assert asked == [OFF] * 4 + [WORKED] * 4
