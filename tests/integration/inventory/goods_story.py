"""The story of the tests of goods: paper in stock, kraft to make it of, and who moves them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from chassis.commands import load
from chassis.database import Store
from chassis.events import Received
from chassis.principal import Principal
from services.inventory.domain.rules import RULES
from services.inventory.schemas import stock as stock_schemas
from services.inventory.schemas.events import EVENTS
from services.inventory.schemas.orders import OrderEvent
from services.inventory.service import InventoryService
from services.inventory.storage import platform

CLERK = Principal("p-clerk", "陈开单", frozenset({"clerk"}))
TECHNICIAN = Principal("p-technician", "何技术", frozenset({"technician"}))
WAREHOUSE = Principal("p-warehouse", "孙仓管", frozenset({"warehouse"}))
SHOP = Principal("p-shop", "马店长", frozenset({"warehouse"}))

_EVENT_SCHEMAS = {
    "shipment_dispatched": ("consume_dispatched_goods", stock_schemas.ShipmentDispatched),
    "return_received": ("move_returned_goods", stock_schemas.ReturnReceived),
    "return_inspected": ("move_returned_goods", stock_schemas.ReturnInspected),
    "refund_settled": ("give_back_mended_goods", stock_schemas.ReturnSettled),
}


class Goods:
    """Inventory's service on a database, asked and told without a bus."""

    def __init__(self, url: str) -> None:
        self.store = Store(
            service="inventory",
            url=url,
            platform=platform,
            events=EVENTS,
            rules=RULES,
            pool_size=24,
        )
        self.service = InventoryService()
        self.service.database = self.store  # type: ignore[assignment]  # as nameko injects it

    def ask(self, method: str, who: Principal = WAREHOUSE, **body: Any) -> Any:
        return getattr(self.service, method)(principal=who.to_wire(), body=body)

    def tell(
        self, method: str, who: Principal = WAREHOUSE, key: str | None = None, **body: Any
    ) -> Any:
        return getattr(self.service, method)(
            principal=who.to_wire(), body=body, key=key or str(uuid4())
        )

    def hear_of_order(self, name: str, view: dict[str, Any], at: datetime | None = None) -> None:
        """Handle an event of an order in one transaction, as its listener does."""
        data = load(OrderEvent(), {"order": view})
        with self.store.work() as work:
            self.service.keep_order_copy(work, _event("orders", name, data, at or work.now))

    def hear(self, name: str, **data: Any) -> None:
        """Handle an event of shipping or aftersales in one transaction."""
        method, schema = _EVENT_SCHEMAS[name]
        loaded = load(schema(), data)
        with self.store.work() as work:
            getattr(self.service, method)(work, _event("neighbour", name, loaded, work.now))

    # -- the story -------------------------------------------------------------------------

    def product(self, code: str = "PAPER", *, stock: str = "0", **facts: Any) -> UUID:
        """Make a product with so much of it in the main store."""
        body: dict[str, Any] = {"code": code, "name": "牛皮纸", "unit": "张"}
        body |= {"default_supply": "stock"} | facts
        made = self.tell("create_product", **body)
        if stock != "0":
            self.tell("book_stock", product_code=code, change=stock, opening=True, reason="stock")
        return UUID(made["id"])

    def material(self, code: str = "KRAFT", *, stock: str = "0", **facts: Any) -> UUID:
        """Make a material with so much of it on hand."""
        body: dict[str, Any] = {"code": code, "name": "原纸", "unit": "kg", "unit_decimals": 3}
        body |= facts
        made = self.tell("create_material", **body)
        if stock != "0":
            self.tell(
                "book_material", material_code=code, change=stock, opening=True, reason="stock"
            )
        return UUID(made["id"])

    def reserve(
        self, order_id: UUID, *lines: tuple[UUID, UUID, str], key: str | None = None
    ) -> Any:
        """Have an order hold (line, product, quantity)s."""
        return self.tell(
            "reserve_stock",
            CLERK,
            key,
            order_id=str(order_id),
            order_number=f"D-{order_id.hex[:8]}",
            lines=[
                {"line_id": str(line_id), "product_id": str(product_id), "quantity": quantity}
                for line_id, product_id, quantity in lines
            ],
        )

    def undo(self, order_id: UUID, command_id: str) -> None:
        self.tell("undo_stock", CLERK, order_id=str(order_id), command_id=command_id)

    def held(self, order_id: UUID) -> dict[str, str]:
        """Give what an order holds by line."""
        lines = self.ask("get_holdings", CLERK, order_id=str(order_id))["lines"]
        return {line["line_id"]: line["held"] for line in lines}

    def balance(
        self, code: str = "PAPER", condition: str = "good", store_code: str = "MAIN"
    ) -> tuple[str, str]:
        """Give (on hand, reserved) of a product."""
        stock = self.ask(
            "list_stock", product_code=code, condition=condition, store_code=store_code
        )["items"]
        return (stock[0]["on_hand"], stock[0]["reserved"]) if stock else ("0.000", "0.000")

    def material_balance(self, code: str = "KRAFT") -> tuple[str, str]:
        found = self.ask("get_material", material_code=code)
        return found["on_hand"], found["reserved"]

    def scalar(self, sql: str, **values: Any) -> Any:
        with self.store.work() as work:
            return work.session.execute(text(sql), values).scalar()

    def announced(self, name: str) -> int:
        count: int = self.scalar("select count(*) from outbox where name = :name", name=name)
        return count

    def check_ledgers(self) -> None:
        """Both ledgers sum up to their balances, and no order holds what is not reserved."""
        for sql in _LAWS:
            with self.store.work() as work:
                assert work.session.execute(text(sql)).all() == []


_LAWS = (
    """
    select product_id, store_code, condition from stock
    left join stock_movement using (product_id, store_code, condition)
    group by product_id, store_code, condition
    having coalesce(sum(stock_movement.on_hand), 0) <> min(stock.on_hand)
        or coalesce(sum(stock_movement.reserved), 0) <> min(stock.reserved)
        or not 0 <= min(stock.reserved) or not min(stock.reserved) <= min(stock.on_hand)
    """,
    """
    select material_id from material_stock left join material_movement using (material_id)
    group by material_id
    having coalesce(sum(material_movement.on_hand), 0) <> min(material_stock.on_hand)
        or coalesce(sum(material_movement.reserved), 0) <> min(material_stock.reserved)
        or not 0 <= min(material_stock.reserved)
        or not min(material_stock.reserved) <= min(material_stock.on_hand)
    """,
    """
    select product_id, store_code from stock
    left join reservation using (product_id, store_code) where condition = 'good'
    group by product_id, store_code
    having coalesce(sum(quantity), 0) <> min(stock.reserved)
    """,
    """
    select material_id from material_stock left join material_claim using (material_id)
    group by material_id having coalesce(sum(held), 0) <> min(material_stock.reserved)
    """,
)


def _event(source: str, name: str, data: Any, at: datetime) -> Received:
    return Received(
        name=name,
        schema_version=1,
        message_id=uuid4(),
        source=source,
        occurred_at=datetime.now(UTC),
        business_at=at,
        aggregate_type="order",
        aggregate_id="1",
        sequence=1,
        principal={},
        data=data,
    )


def order_view(
    order_id: UUID,
    stage: str,
    *lines: tuple[UUID, UUID, str],
    version: int = 1,
    revision: int = 1,
    supply: str = "stock",
    short_closed: bool = False,
) -> dict[str, Any]:
    """Give an order's public view with (line, product, quantity)s."""
    return {
        "id": str(order_id),
        "number": f"D-{order_id.hex[:8]}",
        "version": version,
        "revision": revision,
        "stage": stage,
        "hold": None,
        "customer": {"name": "晨光印刷", "salesperson_id": "p-sales"},
        "production_due": None,
        "customer_due": None,
        "gates": [],
        "lines": [
            {
                "id": str(line_id),
                "line_no": number,
                "product_id": str(product_id),
                "product_code": "PAPER",
                "product_name": "牛皮纸",
                "spec": "A4",
                "unit": "张",
                "unit_decimals": 0,
                "supply": supply,
                "quantity": quantity,
                "tolerance_over": "3",
                "tolerance_under": "3",
                "packing": "",
                "production_due": None,
                "short_closed": short_closed,
            }
            for number, (line_id, product_id, quantity) in enumerate(lines, start=1)
        ],
    }
