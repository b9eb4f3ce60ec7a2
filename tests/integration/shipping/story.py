"""The story of shipping's tests: one order of paper, its people, and neighbours that answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from chassis.database import Store
from chassis.principal import Principal
from services.shipping.domain.rules import RULES
from services.shipping.schemas.events import EVENTS
from services.shipping.service import ShippingService
from services.shipping.storage import platform
from services.shipping.use_cases import blocking

CLERK = Principal("p-clerk", "陈开单", frozenset({"clerk"}))
ASSISTANT = Principal("p-assistant", "林跟单", frozenset({"assistant"}))
SUPERVISOR = Principal("p-supervisor", "周主管", frozenset({"supervisor"}))
DIRECTOR = Principal("p-director", "吴总监", frozenset({"director"}))
FINANCE = Principal("p-finance", "钱财务", frozenset({"finance"}))
DISPATCHER = Principal("p-dispatcher", "赵发货", frozenset({"dispatcher"}))
WAREHOUSE = Principal("p-warehouse", "孙仓管", frozenset({"warehouse"}))
SCANNER = Principal("device-7", "枪7", frozenset({"scanner"}), "device")
SALES = Principal("p-sales", "李销售", frozenset({"sales"}))
ORDERS = Principal("p-supervisor", "周主管", frozenset({"supervisor"}))

DEVICE = "device-7"
DEVICE_TIME = datetime(2026, 11, 23, 3, tzinfo=UTC).isoformat()
CONSIGNEE = {"name": "王小姐", "phone": "13800000000", "address": "广州市天河区1号"}


def order_view(**changes: Any) -> dict[str, Any]:
    """Give an order's view as orders announces it: 100 sheets made and 5 rolls from stock."""
    view: dict[str, Any] = {
        "id": str(uuid4()),
        "number": f"D261120-{uuid4().hex[:6]}",
        "stage": "confirmed",
        "hold": None,
        "customer": {
            "id": str(uuid4()),
            "code": "KH-B",
            "name": "晨光印刷",
            "grade": "B",
            "region": "华南",
            "salesperson_id": SALES.person_id,
            "salesperson_name": SALES.name,
        },
        "consignee": dict(CONSIGNEE),
        "delivery_method": "pickup_at_depot",
        "urgency": "normal",
        "special_requirements": "防潮",
        "customer_due": "2026-12-20",
        "confirmation_version": 1,
        "lines": [
            _line(1, "make", "100"),
            _line(2, "stock", "5"),
        ],
    }
    return view | changes


def _line(number: int, supply: str, quantity: str) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "line_no": number,
        "product_id": str(uuid4()),
        "product_code": f"PAPER-{number}",
        "product_name": "铜版纸",
        "spec": "157g",
        "unit": "张",
        "unit_decimals": 0,
        "supply": supply,
        "quantity": quantity,
        "packing": "每包500张",
        "short_closed": False,
    }


@dataclass
class Neighbours:
    """Customers and inventory as they answer RPCs; what they were asked is kept."""

    verdict: dict[str, Any] = field(
        default_factory=lambda: {
            "allowed": True,
            "code": None,
            "why": "",
            "why_zh": "",
            "grade": "B",
            "terms": "deposit_and_balance",
            "value": "980.00",
            "balance_due": "0.00",
            "paid_at": "2026-11-23T01:00:00+00:00",
            "verified_at": "2026-11-23T02:00:00+00:00",
        }
    )
    held: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    #: What happens once while customers weighs a shipment.
    meanwhile: Callable[[], object] | None = None

    def call(
        self,
        service: str,
        method: str,
        body: Mapping[str, Any],
        *,
        principal: Mapping[str, Any],
        key: str | None = None,
        deadline: float,
    ) -> Any:
        self.asked.append((f"{service}.{method}", dict(body)))
        if method == "check_release":
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                meanwhile()
            return self.verdict
        assert (service, method) == ("inventory", "get_holdings")
        return {
            "lines": [
                {
                    "line_id": line_id,
                    "held": held,
                    "consumed": "0.000",
                    "accepted_quantity": accepted,
                }
                for line_id, (held, accepted) in self.held.items()
            ],
            "material": [],
            "slots": [],
        }


class Desk:
    """The service as callers reach it, on a real database, without a broker."""

    def __init__(self, url: str) -> None:
        self.store = Store(
            service="shipping", url=url, platform=platform, events=EVENTS, rules=RULES
        )
        self.neighbours = Neighbours()
        self._service = ShippingService()
        # What nameko's providers put in their place when a container runs it.
        vars(self._service).update(database=self.store, neighbours=self.neighbours)

    def ask(self, method: str, who: Principal, *, key: str | None = None, **body: Any) -> Any:
        entry = getattr(self._service, method)
        return entry(principal=who.to_wire(), body=body, key=key or str(uuid4()))

    def order(self, **changes: Any) -> dict[str, Any]:
        """Let an order be announced, with everything of it held in inventory."""
        view = order_view(**changes)
        self.announce_order(view, 1)
        for line in view["lines"]:
            accepted = line["quantity"] if line["supply"] == "make" else None
            self.neighbours.held[line["id"]] = (line["quantity"], accepted)
        return view

    def announce_order(self, view: dict[str, Any], sequence: int) -> None:
        from chassis.commands import load
        from services.shipping.schemas.neighbours import OrderFact

        data = load(OrderFact(), {"order": view})
        with self.store.work() as work:
            blocking.keep_order(work, data["order"], sequence)

    def request(self, order: dict[str, Any], who: Principal = CLERK, **changes: Any) -> Any:
        body: dict[str, Any] = {
            "order_number": order["number"],
            "lines": [{"line_no": 1, "quantity": "100"}, {"line_no": 2, "quantity": "5"}],
        }
        return self.ask("request_dispatch", who, **body | changes)

    def released(self, order: dict[str, Any] | None = None) -> Any:
        shipment = self.request(order or self.order())
        return self.ask("release_shipment", FINANCE, shipment_number=shipment["number"])

    def checked(self, order: dict[str, Any] | None = None) -> Any:
        shipment = self.released(order)
        return self.ask(
            "check_shipment",
            ASSISTANT,
            shipment_number=shipment["number"],
            read_back=read_back(shipment),
        )

    def handed(self, order: dict[str, Any] | None = None, parcels: int = 3) -> Any:
        shipment = self.checked(order)
        return self.ask(
            "hand_shipment",
            DISPATCHER,
            shipment_number=shipment["number"],
            read_back=read_back(shipment),
            parcels=parcels,
        )

    def scan(self, *scans: tuple[int, str, str]) -> list[dict[str, Any]]:
        """Send scans (sequence, parcel code, kind) of the device; gives their answers."""
        answer = self.ask(
            "record_scans",
            SCANNER,
            device_id=DEVICE,
            scans=[
                {
                    "device_sequence": sequence,
                    "device_time": DEVICE_TIME,
                    "parcel_code": code,
                    "kind": kind,
                }
                for sequence, code, kind in scans
            ],
        )
        items: list[dict[str, Any]] = answer["items"]
        return items

    def state(self, shipment: dict[str, Any]) -> str:
        return str(self.ask("get_shipment", CLERK, shipment_number=shipment["number"])["state"])

    def announced(self, aggregate_id: str) -> list[str]:
        """Give the names of the events of one aggregate, in their order."""
        outbox = platform.outbox
        with self.store.engine.connect() as connection:
            rows = connection.execute(
                select(outbox.c.name)
                .where(outbox.c.aggregate_id == aggregate_id)
                .order_by(outbox.c.sequence)
            )
            return list(rows.scalars())

    def count(self, table: Any) -> int:
        with self.store.engine.connect() as connection:
            return len(connection.execute(select(table)).all())


def read_back(shipment: dict[str, Any]) -> dict[str, Any]:
    """Read a shipment aloud without a mistake."""
    return {
        **shipment["consignee"],
        "lines": [
            {"line_no": line["line_no"], "quantity": line["quantity"]} for line in shipment["lines"]
        ],
    }


def codes(shipment: dict[str, Any]) -> list[str]:
    return [parcel["code"] for parcel in shipment["parcels"]]
