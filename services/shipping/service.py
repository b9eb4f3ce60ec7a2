"""Shipping's entrypoints: schema, use case, schema."""

from typing import Any
from uuid import UUID

from marshmallow import Schema

from chassis.database import Work
from chassis.entrypoints import listens_to
from chassis.events import Received
from chassis.schema import dump
from chassis.service import Database, LeadingService, command, conversation, query
from services.shipping.conversations import CONVERSATIONS
from services.shipping.domain.carrier import Carrier, Mode, Region
from services.shipping.domain.lifecycle import ShipmentState
from services.shipping.domain.rules import RULES
from services.shipping.schemas import masters as master_schemas
from services.shipping.schemas import moves, neighbours
from services.shipping.schemas import scans as scan_schemas
from services.shipping.schemas import shipments as views
from services.shipping.schemas.events import EVENTS
from services.shipping.storage import masters as master_storage
from services.shipping.storage import orders as order_storage
from services.shipping.storage import platform
from services.shipping.storage import scans as scan_storage
from services.shipping.storage import shipments as shipment_storage
from services.shipping.storage.books import BOOKS
from services.shipping.use_cases import (
    actions,
    blocking,
    looking,
    masters,
    moving,
    owing,
    scanning,
    work_list,
)

Request = dict[str, Any]


# Every event of orders that carries a changed view.
ORDER_EVENTS = (
    "memo_taken",
    "order_drafted",
    "order_changed",
    "order_submitted",
    "order_returned_to_draft",
    "order_approved",
    "confirmation_sent",
    "order_confirmed",
    "sign_back_verified",
    "order_started",
    "order_fulfilled",
    "order_closed",
    "order_reopened",
    "cancel_requested",
    "cancel_refused",
    "order_cancelled",
    "order_held",
    "order_resumed",
    "order_expired",
    "order_handed_over",
    "dates_slid",
    "line_short_closed",
    "past_order_recorded",
)


def _shown(work: Work, shipment: Any) -> Any:
    """Give a changed shipment as it stands after the change, version included."""
    work.settle()
    return dump(views.ShipmentView, shipment)


def _page(schema: type[Schema], found: tuple[list[Any], str | None]) -> dict[str, Any]:
    items, following = found
    return {"items": dump(schema, items, many=True), "next": following}


def _kept(work: Work, schema: type[Schema], record: Any) -> Any:
    work.settle()
    return dump(schema, record)


class ShippingService(LeadingService):
    """What the desk, the scanners and orders can ask of shipping."""

    name = "shipping"
    database = Database(platform, events=EVENTS, rules=RULES)
    books = BOOKS
    conversations = CONVERSATIONS

    # -- dispatch requests and moves -----------------------------------------------------------

    @conversation("request_dispatch")
    def request_dispatch(self) -> None:
        """Ask for goods held for an order to be dispatched."""

    @conversation("release_shipment")
    def release_shipment(self) -> None:
        """Let a shipment leave, by customers' verdict."""

    @command(moves.Check)
    def check_shipment(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.check(work, request))

    @command(moves.MakeParcels)
    def make_parcels(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.make_parcels(work, request))

    @command(moves.Hand)
    def hand_shipment(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.hand(work, request))

    @command(moves.Move)
    def pick_shipment(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.move(work, request, ShipmentState.PICKING))

    @command(moves.Move)
    def pack_shipment(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.move(work, request, ShipmentState.PACKED))

    @command(moves.Dispatch)
    def dispatch_shipment(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.move(work, request, ShipmentState.DISPATCHED))

    @command(moves.Move)
    def report_transit(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.move(work, request, ShipmentState.IN_TRANSIT))

    @command(moves.Move)
    def report_arrival(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.move(work, request, ShipmentState.ARRIVED))

    @command(moves.Signature)
    def report_signature(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.move(work, request, ShipmentState.SIGNED))

    @command(moves.Fail)
    def fail_shipment(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.fail(work, request))

    @command(moves.Cancel)
    def cancel_shipment(self, work: Work, request: Request) -> Any:
        return _shown(work, moving.cancel(work, request))

    # -- what is owed --------------------------------------------------------------------------

    @command(moves.EnterWaybill)
    def enter_waybill(self, work: Work, request: Request) -> Any:
        return _shown(work, owing.enter_waybill(work, request))

    @command(moves.HandInPaper)
    def hand_in_paper(self, work: Work, request: Request) -> Any:
        return _shown(work, owing.hand_in_paper(work, request))

    @command(moves.NoticeSent)
    def record_notice_sent(self, work: Work, request: Request) -> Any:
        return _shown(work, owing.record_notice_sent(work, request))

    @command(moves.Move)
    def verify_notice(self, work: Work, request: Request) -> Any:
        return _shown(work, owing.verify_notice(work, request))

    @command(moves.CheckArrival)
    def check_arrival(self, work: Work, request: Request) -> Any:
        return _shown(work, owing.check_arrival(work, request))

    @command(moves.Signature)
    def record_receipt(self, work: Work, request: Request) -> Any:
        return _shown(work, owing.record_receipt(work, request))

    # -- looking -------------------------------------------------------------------------------

    @query(views.GetShipment)
    def get_shipment(self, work: Work, request: Request) -> Any:
        return dump(views.ShipmentPage, looking.page_of(work, request["shipment_number"]))

    @query(views.SearchShipments)
    def search_shipments(self, work: Work, request: Request) -> Any:
        found = shipment_storage.search(work.session, request, work.principal)
        return _page(views.ShipmentView, found)

    @query(views.GetShipment)
    def list_shipment_actions(self, work: Work, request: Request) -> Any:
        return {"items": actions.list_actions(work, request["shipment_number"])}

    @query(views.ListWork)
    def list_work(self, work: Work, request: Request) -> Any:
        return {"items": work_list.list_work(work, request["limit"])}

    @query(views.ListOwed)
    def list_owed(self, work: Work, request: Request) -> Any:
        owed = work_list.owed_for(work, request["order_id"])
        return {"items": dump(views.OwedItem, owed, many=True)}

    # -- scans ---------------------------------------------------------------------------------

    @command(scan_schemas.RecordScans, keyed=False)
    def record_scans(self, work: Work, request: Request) -> Any:
        answers = scanning.record_scans(work, request)
        return {"items": dump(scan_schemas.ScanTold, answers, many=True)}

    @query(scan_schemas.ListQuarantined)
    def list_quarantined(self, work: Work, request: Request) -> Any:
        found = scan_storage.open_quarantined(
            work.session, limit=request["limit"], after=request["after"]
        )
        return _page(scan_schemas.QuarantinedView, found)

    @command(scan_schemas.ResolveQuarantined)
    def resolve_quarantined(self, work: Work, request: Request) -> Any:
        resolved = scanning.resolve(work, request)
        work.settle()
        return dump(scan_schemas.QuarantinedView, resolved)

    # -- orders --------------------------------------------------------------------------------

    @command(moves.Block, derived_key=True)
    def block_order(self, work: Work, request: Request) -> Any:
        found = blocking.block_order(work, request)
        return {"shipments": dump(views.ShipmentView, found, many=True)}

    @command(moves.Unblock, derived_key=True)
    def unblock_order(self, work: Work, request: Request) -> Any:
        found = blocking.unblock_order(work, request)
        return {"shipments": dump(views.ShipmentView, found, many=True)}

    @listens_to("orders", *ORDER_EVENTS, schema=neighbours.OrderFact)
    def keep_order(self, work: Work, event: Received) -> None:
        blocking.keep_order(work, event.data["order"], event.sequence)
        if event.name == "order_handed_over":
            order_id = UUID(event.data["order"]["id"])
            # A request at this moment writes down the salesperson of before.
            order_storage.lock(work.session, order_id)
            shipment_storage.follow_order(work.session, order_id)

    @listens_to("customers", "payment_reversed", schema=neighbours.PaymentReversed)
    def withdraw_releases(self, work: Work, event: Received) -> None:
        money = event.data["money"]
        if money is not None:
            moving.withdraw_releases(work, UUID(str(money["order_id"])))

    # -- masters -------------------------------------------------------------------------------

    @command(master_schemas.AddCarrier)
    def add_carrier(self, work: Work, request: Request) -> Any:
        return _kept(work, master_schemas.CarrierView, masters.add(work, Carrier, request))

    @command(master_schemas.ChangeCarrier)
    def change_carrier(self, work: Work, request: Request) -> Any:
        return _kept(work, master_schemas.CarrierView, masters.change(work, Carrier, request))

    @command(master_schemas.RemoveMaster)
    def remove_carrier(self, work: Work, request: Request) -> Any:
        masters.remove(work, Carrier, request)
        return {}

    @query(master_schemas.GetMaster)
    def get_carrier(self, work: Work, request: Request) -> Any:
        found = master_storage.get(work.session, Carrier, request["code"])
        return dump(master_schemas.CarrierView, found)

    @query(master_schemas.SearchMasters)
    def search_carriers(self, work: Work, request: Request) -> Any:
        found = master_storage.page(work.session, Carrier, request)
        return _page(master_schemas.CarrierView, found)

    @command(master_schemas.AddNamed)
    def add_region(self, work: Work, request: Request) -> Any:
        return _kept(work, master_schemas.NamedView, masters.add(work, Region, request))

    @command(master_schemas.ChangeNamed)
    def change_region(self, work: Work, request: Request) -> Any:
        return _kept(work, master_schemas.NamedView, masters.change(work, Region, request))

    @command(master_schemas.RemoveMaster)
    def remove_region(self, work: Work, request: Request) -> Any:
        masters.remove(work, Region, request)
        return {}

    @query(master_schemas.GetMaster)
    def get_region(self, work: Work, request: Request) -> Any:
        found = master_storage.get(work.session, Region, request["code"])
        return dump(master_schemas.NamedView, found)

    @query(master_schemas.SearchMasters)
    def search_regions(self, work: Work, request: Request) -> Any:
        found = master_storage.page(work.session, Region, request)
        return _page(master_schemas.NamedView, found)

    @command(master_schemas.AddNamed)
    def add_mode(self, work: Work, request: Request) -> Any:
        return _kept(work, master_schemas.NamedView, masters.add(work, Mode, request))

    @command(master_schemas.ChangeNamed)
    def change_mode(self, work: Work, request: Request) -> Any:
        return _kept(work, master_schemas.NamedView, masters.change(work, Mode, request))

    @command(master_schemas.RemoveMaster)
    def remove_mode(self, work: Work, request: Request) -> Any:
        masters.remove(work, Mode, request)
        return {}

    @query(master_schemas.GetMaster)
    def get_mode(self, work: Work, request: Request) -> Any:
        found = master_storage.get(work.session, Mode, request["code"])
        return dump(master_schemas.NamedView, found)

    @query(master_schemas.SearchMasters)
    def search_modes(self, work: Work, request: Request) -> Any:
        found = master_storage.page(work.session, Mode, request)
        return _page(master_schemas.NamedView, found)

    @command(master_schemas.SetTransit)
    def set_transit_time(self, work: Work, request: Request) -> Any:
        record = masters.set_transit_time(work, request)
        return _kept(work, master_schemas.TransitView, record)

    @command(master_schemas.RemoveTransit)
    def remove_transit_time(self, work: Work, request: Request) -> Any:
        masters.remove_transit_time(work, request)
        return {}

    @query(master_schemas.SearchTransit)
    def search_transit_times(self, work: Work, request: Request) -> Any:
        found = master_storage.transit_page(work.session, request)
        return _page(master_schemas.TransitView, found)

    @query(master_schemas.OfferCarriers)
    def offer_carriers(self, work: Work, request: Request) -> Any:
        offers = masters.offer_carriers(work, request)
        return {"items": dump(master_schemas.OfferView, offers, many=True)}
