"""Orders on a migrated database of its own, with its neighbours at the RPC name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis import clock
from chassis.database import Store
from services.orders.domain.rules import RULES
from services.orders.schemas.announced import EVENTS
from services.orders.storage import copies, platform
from tests.integration.orders.desk import CUSTOMER, LABEL, PAPER, Desk, Neighbours


@pytest.fixture
def neighbours() -> Neighbours:
    return Neighbours()


@pytest.fixture
def clock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The business clock's file, at no offset; write seconds into it to move the days."""
    file = tmp_path / "clock"
    file.write_text("0")
    monkeypatch.setenv("GENDAN_CLOCK_FILE", str(file))
    monkeypatch.setattr(clock, "_LOOK_EVERY_SECONDS", 0.0)
    return file


@pytest.fixture
def desk(
    database_factory: Callable[[str], str],
    neighbours: Neighbours,
    monkeypatch: pytest.MonkeyPatch,
    clock_file: Path,
) -> Iterator[Desk]:
    monkeypatch.setenv("GENDAN_PROFILE", "tryout")
    store = Store(
        service="orders",
        url=database_factory("orders"),
        platform=platform,
        events=EVENTS,
        rules=RULES,
    )
    desk = Desk(store, neighbours)
    with store.work() as work:
        copies.keep_customer(work, CUSTOMER, 1)
        for product in (PAPER, LABEL):
            copies.keep_product(work, product, 1)
    for code, price in (("PAPER-70", "1.00"), ("LABEL-40", "0.50")):
        desk.scheme(f"S-{code}", price, name=code, product_code=code)
    yield desk
    store.close()
