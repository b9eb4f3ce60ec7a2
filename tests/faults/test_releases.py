"""Two releases side by side: replicas are exchanged under load, forth and back (P17)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from deploy.local.engines import Engines
from deploy.local.supervisor import Supervisor
from tests.faults.checks import eventually
from tests.faults.house import House, furnished
from tests.faults.next_release import EDITION, THIS, Release, next_release
from tests.templates import Templates

pytestmark = pytest.mark.faults

# Who is asked goes before who asks; on the way back it is the other way round.
FIRST, THEN = "customers", "orders"
#: What a mixture of releases has to do before the next replica is exchanged.
COMMANDS_BETWEEN = 10
# In the middle of a submit, or of the other conversations that ask for credit.
POINT = "after_ask_credit"
TAKEN_UP_SECONDS = 30.0


@pytest.fixture(scope="module")
def house(
    engines: Engines,
    templates: Templates,
    session_tag: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """A system with two replicas of each service that is exchanged, on the run's engines."""
    with furnished(
        engines,
        f"{session_tag}_releases",
        tmp_path_factory.mktemp("releases"),
        Supervisor(lambda _: None),
        seed=1,
        clients=3,
        templates=templates,
        replicas={FIRST: 2, THEN: 2},
    ) as running:
        yield running


def count(house: House, service: str, question: str) -> int:
    url = house.system.database_url(service)
    with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
        cursor.execute(f"select count(*) from {question}")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def goes_on(house: House) -> None:
    assert house.ledger.await_more_accepted(COMMANDS_BETWEEN, 60)


def exchange_gently(house: House, service: str, release: Release) -> None:
    """SIGTERM to one replica after the other, each replaced before the next."""
    for name in (f"{service}.1", f"{service}.2"):
        house.exchange(name, release.build_of(house.charge(name).program))
        goes_on(house)


def exchange_and_break_off(house: House, service: str, release: Release) -> None:
    """Exchange one replica gently; the other dies in a conversation, which this release ends."""
    house.exchange(f"{service}.1", release.build_of(house.charge(f"{service}.1").program))
    goes_on(house)
    taken_up = "conversation where attempts > 0 and state <> 'running'"
    before, charge = count(house, service, taken_up), house.charge(f"{service}.2")
    charge.program = release.build_of(charge.program)
    house.die_at(f"{service}.2", POINT)
    eventually(
        lambda: count(house, service, taken_up) > before,
        "what the other release began is ended",
        TAKEN_UP_SECONDS,
    )
    goes_on(house)


def test_replicas_of_the_next_release_take_over_under_load_and_give_back(
    house: House, tmp_path: Path
) -> None:
    following = next_release(tmp_path / "next")
    house.workload.start()
    goes_on(house)

    # Tables first, which this release does not feel; then who is asked, then who asks.
    following.migrate({THEN: house.system.database_url(THEN)}, tmp_path / "backups")
    goes_on(house)
    exchange_gently(house, FIRST, following)
    exchange_and_break_off(house, THEN, following)
    exchange_and_break_off(house, THEN, THIS)
    exchange_gently(house, FIRST, THIS)
    house.workload.stop()

    assert house.auditor.await_calm() == []
    # Both have written and announced: the last half of the rows is of this release again.
    newest = 'select created_at from "order" where edition is not null order by 1 desc limit 1'
    assert count(house, THEN, f"\"order\" where edition = '{EDITION}'") > 0
    assert count(house, THEN, f'"order" where created_at > ({newest})') > 0
    for service in (FIRST, THEN):
        told = f"""outbox where body like '%"edition":"{EDITION}"%'"""
        assert 0 < count(house, service, told) < count(house, service, "outbox")
    assert house.ledger.wrongs == []
    assert house.auditor.look(house.ledger, house.crew).report() == "no difference"
