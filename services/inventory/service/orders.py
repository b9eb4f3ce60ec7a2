"""What orders ask of finished stock, and how inventory follows the events of its neighbours."""

from datetime import datetime
from typing import Any

from chassis.database import Work
from chassis.entrypoints import daily, listens_to
from chassis.errors import plain
from chassis.events import Received
from chassis.service import Service, command, query
from services.inventory.domain.reservation import Wanted
from services.inventory.schemas import stock as schemas
from services.inventory.schemas.orders import ORDER_EVENTS, OrderEvent
from services.inventory.use_cases import (
    holdings,
    order_stock,
    orders,
    reservations,
    returned_goods,
)

Request = dict[str, Any]


class Orders(Service):
    """The neighbours' side of finished stock."""

    @command(schemas.ReserveStock, derived_key=True)
    def reserve_stock(self, work: Work, request: Request) -> Any:
        wanted = [Wanted(**line) for line in request["lines"]]
        order_id, number = request["order_id"], request["order_number"]
        held = reservations.reserve_stock(work, str(work.key), order_id, number, wanted)
        return {"lines": plain([vars(line) for line in held])}

    @command(schemas.UndoStock, derived_key=True)
    def undo_stock(self, work: Work, request: Request) -> Any:
        reservations.undo_stock(work, request["order_id"], request["command_id"])
        return {}

    @query(schemas.OrderKey)
    def get_holdings(self, work: Work, request: Request) -> Any:
        return plain(holdings.get_holdings(work, request["order_id"]))

    @listens_to("orders", *ORDER_EVENTS, schema=OrderEvent)
    def keep_order_copy(self, work: Work, event: Received) -> None:
        view = event.data["order"]
        orders.follow_order(work, event.name, view)
        order_stock.follow_order_stock(work, event.name, view, at=event.business_at)

    @listens_to("shipping", "shipment_dispatched", schema=schemas.ShipmentDispatched)
    def consume_dispatched_goods(self, work: Work, event: Received) -> None:
        shipment = event.data["shipment"]
        lines = [reservations.Dispatched(**line) for line in shipment["lines"]]
        reservations.consume_dispatched(work, shipment["order_id"], shipment["number"], lines)

    @listens_to("aftersales", "return_received", schema=schemas.ReturnReceived)
    @listens_to("aftersales", "return_inspected", schema=schemas.ReturnInspected)
    def move_returned_goods(self, work: Work, event: Received) -> None:
        case = event.data["case"]["number"]
        if event.name == "return_received":
            received = [returned_goods.ReturnedLine(**line) for line in event.data["lines"]]
            returned_goods.take_back(work, case, received)
        else:
            inspected = [returned_goods.InspectedLine(**line) for line in event.data["lines"]]
            returned_goods.follow_inspection(work, case, inspected)

    @listens_to("aftersales", "refund_settled", schema=schemas.ReturnSettled)
    def give_back_mended_goods(self, work: Work, event: Received) -> None:
        case = event.data["case"]
        if case["resolution"] == "repair" and any(line["rework"] for line in case["lines"]):
            returned_goods.give_back_mended(work, case["number"])

    @daily("purge_stock_commands", at="03:40")
    def purge_stock_commands(self, work: Work, slot: datetime) -> None:  # noqa: ARG002
        reservations.purge_commands(work)
