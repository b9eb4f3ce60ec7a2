"""A backup of a working system, put back beside it: books of one moment that agree."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
import requests

from chassis.rpc import RpcClient
from deploy.audit.audit import Audit
from deploy.audit.reader import BooksByRpc
from deploy.demo.people import Company
from deploy.demo.world import World
from deploy.local import backup
from deploy.local.engines import Engines
from deploy.local.installation import Installation
from deploy.local.parts import AUDIT
from deploy.local.problems import Problem
from tests.system import System, running_system
from tests.unit.gateway.file_examples import pdf

ORDERS = 'select number from "order"'
CREDIT = "select order_number from order_credit where reservation > 0"
STOCK = "select number from reservation join order_copy using (order_id) where quantity > 0"
# What was on its way when the backup was taken is looked for once a minute; here sooner.
SOON = {"GENDAN_RESEND_SECONDS": "5", "GENDAN_RESEND_GRACE_SECONDS": "3"}
ORDERS_BEFORE = 3
CLERKS = 2


@pytest.fixture(scope="module")
def company(system: System) -> Company:
    """Everybody at work, signed in at first use."""
    return Company(system.url, system.passwords, system.advance_days, lambda _: None)


class Desk:
    """Clerks who submit orders, one after the other, until they are told to stop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._customer = world.customer("A", limit="10000000")
        self._product = world.product(supply="stock", price="1.00", stock="100000")
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self.accepted: list[str] = []
        self.failed: list[Exception] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._work) for _ in range(CLERKS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def await_accepted(self, more: int) -> list[str]:
        """Wait for so many more orders; give all that were accepted until then."""
        with self._changed:
            wanted = len(self.accepted) + more
            assert self._changed.wait_for(lambda: len(self.accepted) >= wanted, 120), self.failed
            return list(self.accepted)

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                order = self._world.submitted(self._customer, self._product, "1")
                with self._changed:
                    self.accepted.append(order["number"])
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            self.failed.append(error)


def sources_of(system: System) -> backup.Sources:
    return backup.Sources(
        {part: system.database_url(part) for part in system.wiring.databases},
        system.wiring.attachments,
        {"clock": system.wiring.clock_file} if system.wiring.clock_file else {},
    )


def send_in(system: System, company: Company, data: bytes) -> str:
    answer = requests.post(
        f"{system.url}/api/v1/attachments?purpose=other",
        data,
        headers={
            **company.clerk.headers,
            "Content-Type": "application/pdf",
            "Idempotency-Key": "backup",
        },
        timeout=30,
    )
    answer.raise_for_status()
    name: str = answer.json()["hash"]
    return name


def numbers_in(installation: Installation, part: str, statement: str) -> set[str]:
    url = installation.database_urls()[part]
    with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
        cursor.execute(statement)
        return {number for (number,) in cursor.fetchall()}


def test_a_backup_under_load_is_restored_to_books_that_agree(
    system: System,
    company: Company,
    engines: Engines,
    session_tag: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    desk, folder = Desk(World.new(company)), tmp_path / "backup"
    attachment = send_in(system, company, pdf())
    with desk.at_work():
        before = desk.await_accepted(ORDERS_BEFORE)
        manifest = backup.take(sources_of(system), folder)
        # It goes on after the pause, for everybody.
        after = desk.await_accepted(CLERKS)
    assert desk.failed == []
    record_property("pause_seconds", manifest.pause_seconds)
    assert manifest.pause_seconds <= backup.PAUSE_SECONDS

    def fill(installation: Installation) -> None:
        there = tmp_path / "restored"
        backup.restore(
            folder,
            backup.Sources(
                installation.database_urls(), there / "attachments", {"clock": there / "clock"}
            ),
        )

    with running_system(
        engines,
        f"{session_tag}_restored",
        tmp_path / "restored",
        fill=fill,
        tune=lambda wiring: replace(wiring, extra={**wiring.extra, **SOON}),
    ) as restored:
        books = restored.installation
        everybody = Company(restored.url, system.passwords, restored.advance_days, lambda _: None)
        # A submit may have been half done: it is taken up, and done or undone as a whole.
        everybody.await_(
            "nothing is held for an order that is not there",
            lambda: (
                (numbers_in(books, "customers", CREDIT) | numbers_in(books, "inventory", STOCK))
                - numbers_in(books, "orders", ORDERS)
            ),
            lambda unknown: not unknown,
        )
        orders = numbers_in(books, "orders", ORDERS)
        with RpcClient(restored.wiring.buses[AUDIT], AUDIT) as client:
            report = Audit(BooksByRpc(client)).run()

        assert set(before) <= orders
        assert not set(after[-1:]) <= orders
        assert report.was_quiet
        assert [str(difference) for difference in report.differences] == []
        assert everybody.clerk.get(f"/orders/{before[0]}")["number"] == before[0]
        assert restored.wiring.attachments is not None
        kept = restored.wiring.attachments / attachment[:2] / attachment
        assert kept.read_bytes() == pdf()
        ended = requests.get(
            f"{restored.url}/api/v1/session", headers=company.clerk.headers, timeout=30
        )
        assert ended.status_code == 401


def test_a_backup_that_was_touched_or_cut_off_is_not_restored(
    system: System, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    backup.take(sources_of(system), folder)
    manifest = folder / backup.MANIFEST
    dump = folder / "orders.dump"

    assert backup.check(folder).files.keys() >= {"orders.dump", "gateway.dump"}
    with pytest.raises(Problem, match="is not empty"):
        backup.take(sources_of(system), folder)
    with pytest.raises(Problem, match="The database of orders is not empty"):
        backup.restore(folder, sources_of(system))
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-1])
    with pytest.raises(Problem, match=r"orders\.dump is missing or damaged"):
        backup.check(folder)
    dump.write_bytes(whole)
    told = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**told, "format": 99}))
    with pytest.raises(Problem, match="another version"):
        backup.check(folder)
    for damaged in ("{", "[]", '{"format": 1}', json.dumps({**told, "files": 1})):
        manifest.write_text(damaged)
        with pytest.raises(Problem, match=r"manifest\.json is damaged"):
            backup.check(folder)
    with pytest.raises(Problem, match="cannot be used"):
        backup.take(sources_of(system), dump / "below a file")
    manifest.unlink()
    with pytest.raises(Problem, match="no finished backup"):
        backup.check(folder)
