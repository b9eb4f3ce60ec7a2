"""One house for all tests of a module: databases, vhost and processes are made once."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from chassis.rpc import RpcClient
from deploy.local import databases
from deploy.local.engines import Engines
from deploy.local.parts import Wiring
from tests.conftest import Vhost
from tests.service.orders.house import (
    CLERK,
    DIRECTOR,
    FINANCE,
    SERVICES,
    WAREHOUSE,
    House,
)
from tests.templates import PASSWORD, Templates


@pytest.fixture(scope="module")
def house(
    engines: Engines,
    templates: Templates,
    vhosts: Callable[[], Vhost],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """Run the house with one customer of grade B, one stock product and its price."""
    folder = tmp_path_factory.mktemp("house")
    for part in ("logs", "run", "faults"):
        (folder / part).mkdir()
    with ExitStack() as made:
        urls = {name: _database(engines, templates(name), made) for name in SERVICES}
        bus = vhosts().url
        wiring = Wiring.on_one_vhost(
            bus=bus, databases=urls, logs=folder / "logs", run=folder / "run"
        )
        client = made.enter_context(RpcClient(bus, "test"))
        house = House(wiring, client, folder / "faults")
        made.callback(house.stop)
        for name in ("orders.1", "orders.2", "customers.1", "inventory.1", "shipping.1", "relay"):
            house.start(name)
        house.await_ready()
        _open_the_books(house)
        yield house


def _database(engines: Engines, template: str, made: ExitStack) -> str:
    name = f"{template}_{secrets.token_hex(4)}"
    databases.ensure_database(engines.pg_admin_url, name, template, template=template)
    made.callback(databases.drop_database, engines.pg_admin_url, name)
    return databases.database_url(
        engines.pg_admin_url, database=name, role=template, password=PASSWORD
    )


def _open_the_books(house: House) -> None:
    house.ask(CLERK, "customers.create_customer", name="晨光印刷", customer_code="KH-B")
    grade: dict[str, Any] = {"grade": "B", "reason": "other", "note": "评定"}
    house.ask(FINANCE, "customers.change_grade", customer_code="KH-B", **grade)
    paper: dict[str, Any] = {
        "code": "PAPER",
        "name": "牛皮纸",
        "unit": "张",
        "default_supply": "stock",
    }
    house.ask(WAREHOUSE, "inventory.create_product", **paper)
    opening: dict[str, Any] = {
        "product_code": "PAPER",
        "change": "100",
        "opening": True,
        "reason": "stock",
    }
    house.ask(WAREHOUSE, "inventory.book_stock", **opening)
    known = "select count(*) from {} where code = '{}'"
    for table, code in (("customer_copy", "KH-B"), ("product_copy", "PAPER")):
        house.await_that(
            lambda table=table, code=code: (
                house.execute("orders", known.format(table, code))  # type: ignore[misc]
                == [(1,)]
            ),
            f"orders knows {code}",
        )
    house.await_that(
        lambda: (
            house.execute("orders", "select view->>'grade' from customer_copy where code = 'KH-B'")
            == [("B",)]
        ),
        "orders knows the grade",
    )
    house.ask(
        DIRECTOR,
        "orders.create_price_scheme",
        scheme_code="S-PAPER",
        name="牛皮纸",
        product_code="PAPER",
        breaks=[{"min_quantity": "0", "unit_price": "10.00"}],
        valid_from="2020-01-01",
    )
