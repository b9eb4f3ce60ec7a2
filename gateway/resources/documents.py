"""Printable papers: HTML in Chinese, drawn from what the owning service says now."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from chassis import clock
from chassis.database import Work
from chassis.errors import Conflict, NotFound
from chassis.schema import Message
from gateway import permissions
from gateway.calls import Call
from gateway.documents import render
from gateway.operations import HTML, Operation
from gateway.resources import payments
from gateway.resources.orders import ORDER


class ConfirmationVersionNotFound(NotFound):
    """The order has no such version of its confirmation."""

    code = "confirmation_version_not_found"
    en = "Order {order_number} has no confirmation version {version}."
    zh = "订单 {order_number} 没有第 {version} 版确认书。"


class NotDispatched(Conflict):
    """A dispatch notice tells what has left; nothing has yet."""

    code = "not_dispatched"
    en = "Shipment {shipment_number} has not left: there is no dispatch notice."
    zh = "发货申请 {shipment_number} 尚未发出，没有发货告知书。"


class VersionQuery(Message):
    """Which version; unless said, the one that stands or is to be sent."""

    version = fields.Integer(validate=validate.Range(1, 1000))


#: Where an order stands whose next version has not been sent yet.
_BEFORE_SENDING = ("memo", "draft", "in_review", "approved")


_VOID = "作废"
#: Which mark a paper bears that nobody may work by.
_MARKS = {"cancelled": _VOID, "draft": "未签发"}


def confirmation(call: Call) -> str:
    """Print a version as it was frozen, or the next one as it is to be sent.

    What was replaced is marked void, and what nobody approved as not to be sent.
    """
    number = call.path["order_number"]
    order = call.ask("orders.get_order", {"order_number": number})
    versions = call.ask("orders.list_confirmations", {"order_number": number})["items"]
    by_version = {one["confirmation_version"]: one for one in versions}
    following = len(by_version) + 1
    is_to_come = not by_version or order["stage"] in _BEFORE_SENDING
    newest = following if is_to_come else len(by_version)
    wanted = call.query.get("version") or order["confirmation_version"] or newest
    if wanted == following and is_to_come:
        is_approved = order["stage"] == "approved"
        return _printed(
            call,
            "confirmation",
            order,
            order=order,
            version=wanted,
            sent_on=clock.business_date(clock.business_now()).isoformat() if is_approved else None,
            slides=(order["customer"] or {}).get("grade") != "A",
            mark=None if is_approved else "未批准，未发送",
        )
    frozen = by_version.get(wanted)
    if frozen is None:
        raise ConfirmationVersionNotFound(order_number=number, version=wanted)
    return _printed(
        call,
        "confirmation",
        order,
        order=frozen["document"],
        version=wanted,
        sent_on=frozen["sent_on"],
        slides=frozen["grade"] != "A",
        mark=_VOID if frozen["state"] == "void" else None,
    )


def instruction(call: Call) -> str:
    found = call.ask("inventory.get_instruction", dict(call.path))
    return _printed(call, "instruction", found, instruction=found, mark=_MARKS.get(found["state"]))


def notice(call: Call) -> str:
    found = call.ask("customers.get_notice", dict(call.path))
    return _printed(call, "notice", found["notice"], **found)


def dispatch_request(call: Call) -> str:
    found = call.ask("shipping.get_shipment", dict(call.path))
    return _printed(
        call, "dispatch_request", found, shipment=found, mark=_MARKS.get(found["state"])
    )


def dispatch_notice(call: Call) -> str:
    found = call.ask("shipping.get_shipment", dict(call.path))
    if not found.get("dispatched_at"):
        raise NotDispatched(**call.path)
    return _printed(call, "dispatch_notice", {"number": found.get("note_number")}, shipment=found)


def delivery_order(call: Call) -> str:
    """Print what goes with the goods; deposit and balance only for who may ask for them (O32)."""
    found = call.ask("shipping.get_shipment", dict(call.path))
    return _printed(
        call,
        "delivery_order",
        {"number": found.get("note_number") or found.get("number")},
        shipment=found,
        money=_money_of(call, found["order_number"]),
        mark=_mark_of(found),
    )


def _mark_of(shipment: Mapping[str, Any]) -> str | None:
    """Give the mark of a paper by which nothing may leave, or not now."""
    if shipment["state"] == "cancelled":
        return _VOID
    if shipment["dispatched_at"] is not None:
        return None
    if shipment["blocked"]:
        return "暂停发货"
    is_to_release = shipment["state"] == "requested" or shipment["release_withdrawn_at"]
    return "未放行" if is_to_release else None


def _money_of(call: Call, order_number: str) -> Any:
    if not permissions.allows(call.principal, payments.READ):
        return None
    try:
        return call.ask("customers.get_order_money", {"order_number": order_number})["money"]
    except NotFound:
        # Customers has heard nothing of money for it yet.
        return None


def _printed(call: Call, paper: str, subject: dict[str, Any], **facts: Any) -> str:
    """Render a paper as the caller may see it: what is masked for them is masked in print."""
    company = call.store.read(call.principal, _company)
    shown = {name: call.seen(fact, shipments=name == "shipment") for name, fact in facts.items()}
    return render(
        paper,
        company=company,
        number=subject.get("number") or "",
        printed_at=clock.business_now().isoformat(),
        printed_by=call.principal.name,
        **shown,
    )


def _company(work: Work) -> str:
    name: str = work.setting("documents.company")
    return name


OPERATIONS = [
    Operation(
        method="GET",
        path=f"{ORDER}/documents/confirmation",
        do=confirmation,
        permission="documents.confirmation",
        summary="Print the confirmation (销售部客户订单确认书)",
        tag="documents",
        query=VersionQuery,
        answer=None,
        media=HTML,
    ),
    Operation(
        method="GET",
        path="/instructions/{number}/document",
        do=instruction,
        permission="documents.instruction",
        summary="Print the works instruction (生产指令单)",
        tag="documents",
        answer=None,
        media=HTML,
    ),
    Operation(
        method="GET",
        path="/notices/{notice_number}/document",
        do=notice,
        permission="documents.notice",
        summary="Print a notice of deposit or balance (余款催收通知书)",
        tag="documents",
        answer=None,
        media=HTML,
    ),
    Operation(
        method="GET",
        path="/shipments/{shipment_number}/documents/dispatch_request",
        do=dispatch_request,
        permission="documents.dispatch",
        summary="Print the dispatch request (商品销售发货(申请)通知单)",
        tag="documents",
        answer=None,
        media=HTML,
    ),
    Operation(
        method="GET",
        path="/shipments/{shipment_number}/documents/dispatch_notice",
        do=dispatch_notice,
        permission="documents.dispatch",
        summary="Print the dispatch notice (发货告知书)",
        tag="documents",
        answer=None,
        media=HTML,
        problems=(409,),
    ),
    Operation(
        method="GET",
        path="/shipments/{shipment_number}/documents/delivery_order",
        do=delivery_order,
        permission="documents.dispatch",
        summary="Print the delivery order (送货单); deposit and balance for who may read payments",
        tag="documents",
        answer=None,
        media=HTML,
    ),
]
