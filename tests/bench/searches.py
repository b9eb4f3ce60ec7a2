"""Each search and list of the API, asked one at a time, as a person at a desk does."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from urllib.parse import urlencode

from deploy.demo.people import API, Company
from tests.bench import load
from tests.bench.books import CITIES, Filled

Ask = Callable[[bytes], bytes]


class NothingToSee(Exception):
    """Pages without rows, of books that ought to have some."""


def asked(filled: Filled, today: date) -> dict[str, tuple[str, str]]:
    """Give each search by what it looks for: whose it is, and its address."""
    month_ago = (today - timedelta(days=30)).isoformat()

    def path(base: str, **query: str) -> str:
        return f"{API}{base}?{urlencode(query)}" if query else API + base

    someone, few = filled.customer_name, filled.customer_name[2:4]
    return {
        "orders, newest": ("clerk", path("/orders")),
        "orders by a customer's name": ("clerk", path("/orders", q=someone[:-4])),
        "orders by two characters": ("clerk", path("/orders", q=few)),
        "orders by a city": ("clerk", path("/orders", q=CITIES[0])),
        "orders by phone": ("clerk", path("/orders", phone=filled.phone)),
        "orders by the end of a phone": ("clerk", path("/orders", phone=filled.phone[-6:])),
        "orders by number": ("clerk", path("/orders", order_number=filled.order_number)),
        "orders by the beginning of a number": (
            "clerk",
            path("/orders", order_number=filled.order_number[:-2]),
        ),
        "orders by customer code": ("clerk", path("/orders", customer_code=filled.customer_code)),
        "orders by a common stage": ("clerk", path("/orders", stage="closed")),
        "orders by a rare stage": ("clerk", path("/orders", stage="draft")),
        "orders by dates": ("clerk", path("/orders", created_from=month_ago)),
        "orders by product": ("clerk", path("/orders", product_code=filled.product_code)),
        "orders by region": ("clerk", path("/orders", region="华东")),
        "orders by salesperson": (
            "clerk",
            path("/orders", salesperson_id=filled.salesperson_id),
        ),
        "orders by clerk": ("clerk", path("/orders", clerk_id="clerk-3")),
        "orders by amount": ("clerk", path("/orders", amount_from="90000", amount_to="91000")),
        "orders on hold": ("clerk", path("/orders", on_hold="true")),
        "orders by city, stage and dates": (
            "clerk",
            path("/orders", q=CITIES[1], stage="closed", created_from=month_ago),
        ),
        "customers, all": ("clerk", path("/customers")),
        "customers by name": ("clerk", path("/customers", text=someone[:-4])),
        "customers by two characters": ("clerk", path("/customers", text=few)),
        "customers by a city": ("clerk", path("/customers", text=CITIES[0])),
        "customers by phone": ("clerk", path("/customers", text=filled.phone)),
        "customers by code": ("clerk", path("/customers", text=filled.customer_code)),
        "products, all": ("clerk", path("/products")),
        "products by name": ("clerk", path("/products", text="标签")),
        "shipments, all": ("clerk", path("/shipments")),
        "shipments by order": (
            "clerk",
            path("/shipments", order_number=filled.order_number),
        ),
        "shipments by customer": (
            "clerk",
            path("/shipments", customer_code=filled.customer_code),
        ),
        "payments, all": ("finance", path("/payments")),
        "payments by customer": (
            "finance",
            path("/payments", customer_code=filled.customer_code),
        ),
        "anomalies": ("supervisor", path("/anomalies")),
        "anomalies of an order": (
            "supervisor",
            path("/anomalies", order_number=filled.order_number),
        ),
        "price schemes": ("director", path("/price-schemes")),
        "price schemes of a product": (
            "director",
            path("/price-schemes", product_code=filled.product_code),
        ),
        "contracts": ("finance", path("/contracts")),
        "notices": ("finance", path("/notices")),
        "notices not yet sent": ("finance", path("/notices", state="drafted")),
        "notices of an order": ("finance", path("/notices", order_number=filled.order_number)),
        "invoices": ("finance", path("/invoices")),
        "invoices of a customer": (
            "finance",
            path("/invoices", customer_code=filled.customer_code),
        ),
        "receivables": ("finance", path("/receivables")),
        "credit of a customer's orders": (
            "finance",
            path(f"/customers/{filled.customer_code}/credit/orders"),
        ),
        "credit ledger of a customer": (
            "finance",
            path(f"/customers/{filled.customer_code}/credit/ledger"),
        ),
        "coupons of a customer": (
            "finance",
            path(f"/customers/{filled.customer_code}/coupons"),
        ),
        "payments not yet verified": ("finance", path("/payments", state="claimed")),
        "materials": ("technician", path("/materials")),
        "materials by code": ("technician", path("/materials", text=filled.material_code)),
        "recipes of a product": ("technician", path(f"/products/{filled.made_code}/recipes")),
        "stock": ("warehouse", path("/stock")),
        "movements of a product": (
            "warehouse",
            path(f"/products/{filled.product_code}/movements"),
        ),
        "arrivals": ("warehouse", path("/arrivals")),
        "transfers": ("warehouse", path("/transfers")),
        "wishes": ("clerk", path("/wishes")),
        "statements": ("technician", path("/statements")),
        "statements of an order": (
            "technician",
            path("/statements", order_number=filled.order_number),
        ),
        "instructions": ("planner", path("/instructions")),
        "instructions of an order": (
            "planner",
            path("/instructions", order_number=filled.order_number),
        ),
        "production at risk": ("planner", path("/production/at-risk")),
        "production reports": (
            "planner",
            path("/production/reports", since=month_ago, until=today.isoformat()),
        ),
        "work centres": ("planner", path("/work-centres")),
        "unknown parcels": ("dispatcher", path("/scans/quarantined")),
        "carriers": ("dispatcher", path("/carriers")),
        "regions": ("dispatcher", path("/regions")),
        "modes": ("dispatcher", path("/modes")),
        "transit times": ("dispatcher", path("/transit-times")),
        "cases": ("aftersales", path("/cases")),
        "cases by a city": ("aftersales", path("/cases", q=CITIES[0])),
        "cases of an order": ("aftersales", path("/cases", order_number=filled.order_number)),
        "visits of a day": ("aftersales", path("/visits")),
        "visits about an order": (
            "aftersales",
            path("/visits", order_number=filled.order_number),
        ),
        "accounts": ("admin", path("/accounts")),
        "devices": ("admin", path("/devices")),
        "audit": ("admin", path("/audit")),
        "history of an order": ("clerk", path(f"/orders/{filled.order_number}/history")),
        "files of an order": ("clerk", path(f"/orders/{filled.order_number}/attachments")),
        "work of a clerk": ("clerk", path("/work")),
        "work of a supervisor": ("supervisor", path("/work")),
        "work of finance": ("finance", path("/work")),
        "work of a dispatcher": ("dispatcher", path("/work")),
        "work of aftersales": ("aftersales", path("/work")),
        "work of sales": ("sales", path("/work")),
        "work of a planner": ("planner", path("/work")),
        "work of a technician": ("technician", path("/work")),
        "work of an assistant": ("assistant", path("/work")),
        "work of the warehouse": ("warehouse", path("/work")),
        "orders of one's own customers": ("sales", path("/orders")),
    }


@dataclass(frozen=True)
class Shelf:
    """A system with books of some size, and who asks there."""

    url: str
    company: Company
    filled: Filled

    def requests(self) -> dict[str, bytes]:
        """Give the request of each search, by what it looks for."""
        today = date.fromisoformat(self.company.clerk.get("/session")["today"])
        return {
            name: load.request(
                "GET", self.url, address, headers=dict(self.company.person(role).headers)
            )
            for name, (role, address) in asked(self.filled, today).items()
        }


@dataclass
class Taken:
    """What 95 of 100 askings of one search took at most, in ms: in small and in full books.

    Round by round; a round is some turns. A median passes over the round that others disturbed.
    """

    small: list[float] = field(default_factory=list)
    full: list[float] = field(default_factory=list)

    @property
    def small_p95_ms(self) -> float:
        return median(self.small)

    @property
    def full_p95_ms(self) -> float:
        return median(self.full)

    @property
    def growth(self) -> float:
        return median(full / small for small, full in zip(self.small, self.full, strict=True))


@dataclass(frozen=True)
class Rounds:
    """How often each search is asked: so many turns are a round."""

    count: int
    turns: int
    #: How many of those that grew most are asked again, and how often so many rounds.
    doubtful: int = 8
    looks: int = 2


def asked_in_turn(small: Shelf, full: Shelf, rounds: Rounds) -> dict[str, Taken]:
    """Ask each search in both books, turn by turn; give how long each took.

    Of many ratios the largest is mostly chance, so those that grew most are asked again; all
    their rounds count.
    """
    # Before the connections are made: people sign in for it, and an idle one is closed.
    requests = small.requests(), full.requests()
    taken = {name: Taken() for name in requests[0]}
    with load.kept(small.url) as ask_small, load.kept(full.url) as ask_full:
        both = _Both((ask_small, ask_full), requests)
        both.check_rows()  # also: what is read the first time comes from the disk
        for look in range(1 + rounds.looks):
            names = _most_grown(taken)[: rounds.doubtful] if look else [*taken]
            for _ in range(rounds.count):
                took = both.ask(names, turns=rounds.turns)
                for name, (few, many) in took.items():
                    taken[name].small.append(load.percentile(few, 95) * 1000)
                    taken[name].full.append(load.percentile(many, 95) * 1000)
    return taken


def _most_grown(taken: dict[str, Taken]) -> list[str]:
    return sorted(taken, key=lambda name: -taken[name].growth)


@dataclass(frozen=True)
class _Both:
    """Small and full books: how each is asked, and its requests by what they look for."""

    asks: tuple[Ask, Ask]
    requests: tuple[dict[str, bytes], dict[str, bytes]]

    def check_rows(self) -> None:
        """Raise NothingToSee if a page has no rows: that it is fast tells nothing."""
        small, full = self.requests
        # In turn: of two connections made at once, one left idle for long is closed.
        empty = [
            name
            for name in small
            for ask, requests in zip(self.asks, (small, full), strict=True)
            if not json.loads(ask(requests[name]))["items"]
        ]
        if empty:
            raise NothingToSee("; ".join(empty))

    def ask(self, names: Sequence[str], *, turns: int) -> dict[str, tuple[list[float], ...]]:
        """Ask some searches turn by turn; give the seconds each took, in small and in full books.

        The two are asked directly one after the other, in changing order: a busy moment of the
        machine touches both alike, and is not taken for growth.
        """
        took: dict[str, tuple[list[float], ...]] = {name: ([], []) for name in names}
        for turn in range(turns):
            for name in names:
                for which in (0, 1) if turn % 2 else (1, 0):
                    began = time.perf_counter()
                    self.asks[which](self.requests[which][name])
                    took[name][which].append(time.perf_counter() - began)
        return took
