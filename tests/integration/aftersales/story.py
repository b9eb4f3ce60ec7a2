"""After-sales as callers and events reach it, on a real database, without a broker."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from chassis.commands import load
from chassis.database import Store
from chassis.events import Received
from chassis.money import line_amount
from chassis.principal import Principal
from services.aftersales.domain.rules import RULES
from services.aftersales.schemas import heard
from services.aftersales.schemas.views import EVENTS
from services.aftersales.service import AftersalesService
from services.aftersales.storage import copies, platform
from services.aftersales.use_cases import hearing

AFTERSALES = Principal("p-aftersales", "韩梅", frozenset({"aftersales"}))
SUPERVISOR = Principal("p-supervisor", "王芳", frozenset({"supervisor"}))
WAREHOUSE = Principal("p-warehouse", "沈军", frozenset({"warehouse"}))
INSPECTOR = Principal("p-inspector", "冯丽", frozenset({"inspector"}))
FINANCE = Principal("p-finance", "周敏", frozenset({"finance"}))
ADMIN = Principal("p-admin", "管理员", frozenset({"admin"}))
CLERK = Principal("p-clerk", "陈静", frozenset({"clerk"}))
SALES = Principal("p-sales", "赵磊", frozenset({"sales"}))
OTHER_SALES = Principal("p-sales-2", "钱进", frozenset({"sales"}))

SIGNED_AT = datetime(2026, 11, 23, 2, tzinfo=UTC)


def order_view(**changes: Any) -> dict[str, Any]:
    """Give a fulfilled order as orders announces it: 100 rolls for 980.00, 3 labels for 2.00."""
    view: dict[str, Any] = {
        "id": str(uuid4()),
        "number": f"D261120-{uuid4().hex[:6]}",
        "stage": "fulfilled",
        "imported": False,
        "customer": {
            "id": str(uuid4()),
            "code": "KH-B",
            "name": "晨光印刷",
            "salesperson_id": SALES.person_id,
        },
        "lines": [line_view(1, "100.000", "9.800000"), line_view(2, "3.000", "0.666667")],
    }
    return view | changes


def line_view(
    number: int, quantity: str, unit_price: str, *, discount: str = "0.00"
) -> dict[str, Any]:
    """Give a line of an order as orders announces it."""
    return {
        "id": str(uuid4()),
        "line_no": number,
        "product_id": str(uuid4()),
        "product_code": f"PAPER-{number}",
        "product_name": "热敏收银纸",
        "unit": "卷",
        "quantity": quantity,
        "unit_price": unit_price,
        "discount": discount,
        "amount": f"{line_amount(Decimal(quantity), Decimal(unit_price), Decimal(discount)):.2f}",
        "signed_quantity": quantity,
    }


def shipment_view(order: dict[str, Any], state: str = "signed", **changes: Any) -> dict[str, Any]:
    """Give a shipment of all of an order as shipping announces it."""
    view: dict[str, Any] = {
        "id": str(uuid4()),
        "number": f"S261121-{uuid4().hex[:6]}",
        "order_id": order["id"],
        "order_number": order["number"],
        "customer_id": order["customer"]["id"],
        "customer_name": order["customer"]["name"],
        "state": state,
        "lines": [
            {
                "line_id": line["id"],
                "line_no": line["line_no"],
                "product_id": line["product_id"],
                "quantity": line["quantity"],
                "signed_quantity": line["quantity"] if state == "signed" else None,
            }
            for line in order["lines"]
        ],
    }
    return view | changes


class Desk:
    """The service on a real database."""

    def __init__(self, url: str) -> None:
        self.store = Store(
            service="aftersales", url=url, platform=platform, events=EVENTS, rules=RULES
        )
        service: type[Any] = AftersalesService
        self._service = service()
        self._service.database = self.store

    def ask(self, method: str, who: Principal, *, key: str | None = None, **body: Any) -> Any:
        entry = getattr(self._service, method)
        return entry(principal=who.to_wire(), body=body, key=key or str(uuid4()))

    def set(self, setting: str, value: Any) -> None:
        """Have an admin change a number of the business."""
        body = {"key": setting, "value": value, "reason": "other", "note": "试行"}
        self._service.change_setting(principal=ADMIN.to_wire(), body=body, key=str(uuid4()))

    def hear_order(self, view: dict[str, Any], sequence: int = 1) -> None:
        data = load(heard.OrderMoved(), {"order": view})
        with self.store.work() as work:
            copies.keep_order(work, data["order"], sequence)

    def hear_shipment(
        self,
        view: dict[str, Any],
        name: str = "shipment_signed",
        sequence: int = 2,
        at: datetime = SIGNED_AT,
        note: str = "车辆侧翻",
    ) -> None:
        event = Received(
            name=name,
            schema_version=1,
            message_id=uuid4(),
            source="shipping",
            occurred_at=at,
            business_at=at,
            aggregate_type="shipment",
            aggregate_id=view["id"],
            sequence=sequence,
            principal={},
            data=load(heard.ShipmentFailed(), {"shipment": view, "note": note}),
        )
        hear = hearing.hear_of_shipment
        if name == "shipment_failed":
            hear = hearing.hear_of_failed_delivery
        with self.store.work() as work:
            hear(work, event)

    def delivered(self, **changes: Any) -> dict[str, Any]:
        """Let an order be announced whose goods the customer has signed for."""
        order = order_view(**changes)
        self.hear_order(order)
        self.hear_shipment(shipment_view(order))
        return order

    def open(self, order: dict[str, Any], *lines: tuple[int, str], **changes: Any) -> Any:
        body = {
            "order_number": order["number"],
            "wish": "纸边破损",
            "lines": [{"line_no": no, "quantity": q} for no, q in lines or ((1, "5"),)],
        }
        return self.ask("open_case", AFTERSALES, **body | changes)

    def awaited(self, order: dict[str, Any], *lines: tuple[int, str]) -> str:
        """Open a case and take it as far as waiting for the goods; gives its number."""
        number: str = self.open(order, *lines)["number"]
        self.ask("acknowledge_case", AFTERSALES, case_number=number, note="已致电")
        self.ask("authorise_case", SUPERVISOR, case_number=number, decision="同意退货")
        self.ask("await_goods", AFTERSALES, case_number=number, return_to="杭州仓库")
        return number

    def inspected(self, order: dict[str, Any], line_no: int, quantity: str, **found: str) -> str:
        number = self.awaited(order, (line_no, quantity))
        self.ask("receive_return", WAREHOUSE, case_number=number)
        self.ask(
            "inspect_return",
            INSPECTOR,
            case_number=number,
            lines=[{"line_no": line_no, **(found or {"restock": quantity})}],
        )
        return number

    def case(self, number: str) -> Any:
        return self.ask("get_case", CLERK, case_number=number)

    def announced(self) -> list[tuple[str, dict[str, Any]]]:
        """Give the names and data of all events so far, in their order."""
        outbox = platform.outbox
        with self.store.engine.connect() as connection:
            rows = connection.execute(select(outbox.c.name, outbox.c.body).order_by(outbox.c.id))
            return [(row.name, json.loads(row.body)["data"]) for row in rows]

    def logged(self, number: str) -> list[tuple[str, Any]]:
        found = self.ask("list_changes", CLERK, entity_type="case", entity_id=number)
        return [(row["action"], row["changes"].get("state")) for row in reversed(found["items"])]
