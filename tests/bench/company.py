"""Who orders what while it is measured: customers with credit, goods in stock, and their orders."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from uuid import uuid4

from deploy.demo.people import API, Company
from deploy.demo.world import World
from tests.bench import load
from tests.bench.load import Ask
from tests.system import System

CLIENTS = 16
PRODUCTS = 30
LINES = 3
_PLENTY = "9000000000.00"


class Trade:
    """Sixteen customers of grade A, each its own client, and goods enough for all."""

    def __init__(self, system: System, *, products: int = PRODUCTS) -> None:
        self._system = system
        company = Company(system.url, system.passwords, system.advance_days, lambda _: None)
        self.company = company
        world = World.new(company)
        self.products = [
            world.product(supply="stock", price="10.00", stock="90000000") for _ in range(products)
        ]
        self.customers = [world.customer("A", limit=_PLENTY) for _ in range(CLIENTS)]
        for customer in self.customers:
            world.await_customer(customer)
        self._due = (world.today() + timedelta(days=30)).isoformat()

    def authorization(self) -> dict[str, str]:
        """Give the headers by which a request is the clerk's."""
        return dict(self.company.clerk.headers)

    def submits(self) -> list[Ask]:
        """Give each client's next request: an order created and submitted in one call."""
        return [self._submits_of(number) for number in range(CLIENTS)]

    def _submits_of(self, client: int) -> Ask:
        # Prepared but for the key, which names each order anew.
        mark = f"key-{uuid4().hex}"
        requests = [
            load.request(
                "POST",
                self._system.url,
                f"{API}/orders",
                headers={**self.authorization(), "Idempotency-Key": mark + "00000000"},
                body=json.dumps(self._order(client, turn)).encode(),
            ).partition(b"00000000")
            for turn in range(PRODUCTS)
        ]
        turns = count()

        def ask() -> bytes:
            turn = next(turns)
            head, _, tail = requests[turn % len(requests)]
            return b"%s%08d%s" % (head, turn, tail)

        return ask

    def _order(self, client: int, turn: int) -> dict[str, object]:
        goods = self.products
        return {
            "channel": "phone",
            "asked_by": "张建华",
            "customer_code": self.customers[client].code,
            "order_type": "ship",
            "consignee": {
                "name": "王库管",
                "phone": "13857100003",
                "address": "杭州市西湖区文三路1号",
            },
            "delivery_method": "pickup_at_depot",
            "customer_due": self._due,
            "special_requirements": "无",
            "lines": [
                {
                    "product_code": goods[(client * 7 + turn * 11 + line * 3) % len(goods)],
                    "quantity": "2",
                }
                for line in range(LINES)
            ],
            "key_data_checked": True,
            "submit": True,
        }

    def reads(self, numbers: list[str], path: str, *, url: str | None = None) -> list[Ask]:
        """Give each client's next request: an order by its number, other numbers in turn."""
        return [
            _in_turn(
                [
                    load.request(
                        "GET",
                        url or self._system.url,
                        path.format(number=number),
                        headers=self.authorization(),
                    )
                    for number in numbers[client::CLIENTS]
                ]
            )
            for client in range(CLIENTS)
        ]


def _in_turn(requests: list[bytes]) -> Callable[[], bytes]:
    def endlessly() -> Iterator[bytes]:
        while True:
            yield from requests

    return endlessly().__next__
