"""Shipments, from the dispatch request to the signed receipt."""

from gateway.operations import Move, Operation, Reasoned, moves
from gateway.resources import shipment_answers as answers
from gateway.resources import shipment_messages as messages

SHIPMENT = "/shipments/{shipment_number}"

# The verbs of a shipment, as its life cycle knows them (SPEC §7).
MOVES = (
    Move(
        verb="release",
        rpc="shipping.release_shipment",
        permission="shipments.release",
        summary="Let it leave: the money, or the contract, allows it",
        body=messages.Release,
    ),
    Move(
        verb="check",
        rpc="shipping.check_shipment",
        permission="shipments.check",
        summary="Compare address, consignee, phone and quantities, as a second person",
        body=messages.Check,
    ),
    Move(
        verb="make_parcels",
        rpc="shipping.make_parcels",
        permission="shipments.make_parcels",
        shipments=True,
        summary="Make its parcels and the codes of their labels",
        body=messages.ParcelCount,
    ),
    Move(
        verb="hand",
        rpc="shipping.hand_shipment",
        permission="shipments.dispatch",
        summary="Hand it to the dispatcher, who reads each item back",
        body=messages.HandOver,
    ),
    Move(
        verb="pick",
        rpc="shipping.pick_shipment",
        permission="shipments.move",
        shipments=True,
        summary="Say by hand that it is being picked",
    ),
    Move(
        verb="pack",
        rpc="shipping.pack_shipment",
        permission="shipments.move",
        shipments=True,
        summary="Say by hand that it is packed",
    ),
    Move(
        verb="dispatch",
        rpc="shipping.dispatch_shipment",
        permission="shipments.dispatch",
        summary="Say by hand that it has left",
        body=messages.WithCarrier,
    ),
    Move(
        verb="report_transit",
        rpc="shipping.report_transit",
        permission="shipments.report",
        summary="Report that the carrier is under way with it",
    ),
    Move(
        verb="report_arrival",
        rpc="shipping.report_arrival",
        permission="shipments.report",
        summary="Report that all of it has arrived",
    ),
    Move(
        verb="report_signature",
        rpc="shipping.report_signature",
        permission="shipments.report",
        summary="Report the customer's signature: signer, quantities, damage",
        body=messages.Signature,
    ),
    Move(
        verb="fail",
        rpc="shipping.fail_shipment",
        permission="shipments.report",
        summary="Report an exception, a loss or a return to the sender",
        body=messages.Failure,
    ),
    Move(
        verb="cancel",
        rpc="shipping.cancel_shipment",
        permission="shipments.cancel",
        summary="Withdraw it before it leaves",
        body=messages.Withdrawal,
    ),
    Move(
        verb="enter_waybill",
        rpc="shipping.enter_waybill",
        permission="shipments.waybill",
        summary="Enter carrier and waybill",
        body=messages.WithCarrier,
    ),
    Move(
        verb="hand_in_paper",
        rpc="shipping.hand_in_paper",
        permission="shipments.paper",
        summary="Note that an emergency's written request came, or that finance knows",
        body=messages.Paper,
    ),
    Move(
        verb="record_notice_sent",
        rpc="shipping.record_notice_sent",
        permission="shipments.notice",
        summary="Note that the dispatch notice went out by one channel",
        body=messages.NoticeSent,
    ),
    Move(
        verb="verify_notice",
        rpc="shipping.verify_notice",
        permission="shipments.verify_notice",
        summary="Note that the notice is true, fits the promise and was received",
        body=Reasoned,
    ),
    Move(
        verb="check_arrival",
        rpc="shipping.check_arrival",
        permission="shipments.report",
        summary="Note that the goods were asked after and have not come yet",
        body=messages.ArrivalAsked,
    ),
    Move(
        verb="record_receipt",
        rpc="shipping.record_receipt",
        permission="shipments.receipt",
        summary="Enter the signed receipt that a bare scan left owed",
        body=messages.Signature,
    ),
)

OPERATIONS = [
    Operation(
        method="GET",
        path="/shipments",
        rpc="shipping.search_shipments",
        permission="shipments.read",
        summary="Search shipments, newest request first",
        tag="shipments",
        query=messages.ShipmentSearch,
        answer=answers.ShipmentPage,
        shipments=True,
    ),
    Operation(
        method="POST",
        path="/shipments",
        rpc="shipping.request_dispatch",
        permission="shipments.request",
        summary="Request the dispatch of goods held for an order",
        tag="shipments",
        body=messages.DispatchRequest,
        answer=answers.Shipment,
        status=201,
        location="/shipments/{number}",
        shipments=True,
    ),
    Operation(
        method="GET",
        path=SHIPMENT,
        rpc="shipping.get_shipment",
        permission="shipments.read",
        summary="One shipment with its notice, scans and what it owes",
        tag="shipments",
        answer=answers.ShipmentInFull,
        shipments=True,
    ),
    *moves(
        SHIPMENT,
        *MOVES,
        answer=answers.Shipment,
        tag="shipments",
        listing="shipping.list_shipment_actions",
        listing_permission="shipments.read",
    ),
]
