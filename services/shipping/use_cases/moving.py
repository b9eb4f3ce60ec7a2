"""The moves of one shipment, from its release to the customer's signature."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.database import Work
from chassis.errors import guard_version
from services.shipping.domain import events
from services.shipping.domain.errors import MoneyWentBack, OtherShipmentMoved
from services.shipping.domain.lifecycle import SHIPMENT, ShipmentState
from services.shipping.domain.obligation import Owed
from services.shipping.domain.shipment import Departure, Shipment
from services.shipping.storage import obligations, orders, shipments
from services.shipping.use_cases.calendar import batch_after
from services.shipping.use_cases.loading import (
    locked,
    log_move,
    person,
    read_back,
)
from services.shipping.use_cases.owing import (
    close_obligation,
    end_obligations,
    enter_receipt,
    open_obligation,
    owe_after_move,
    set_carrier,
    way_of,
)

MOVED_BY = {
    ShipmentState.PICKING: ("pick", ("warehouse",)),
    ShipmentState.PACKED: ("pack", ("warehouse",)),
    ShipmentState.DISPATCHED: ("dispatch", ("dispatcher",)),
    ShipmentState.IN_TRANSIT: ("report_transit", ("assistant",)),
    ShipmentState.ARRIVED: ("report_arrival", ("assistant",)),
    ShipmentState.SIGNED: ("report_signature", ("assistant",)),
}
CHECKERS = ("clerk", "assistant")
MOVERS = ("dispatcher", "warehouse")


def look_at_release(work: Work, request: dict[str, Any]) -> dict[str, Any]:
    """Refuse what can be refused before customers is asked; gives what to ask it."""
    work.principal.require(*_releasers(request))
    shipment = shipments.get(work.session, request["shipment_number"], work.principal)
    shipment.check_releasable()
    guard_version(shipment.number, shipment.version, request["expected_version"])
    return {
        "order_id": str(shipment.order_id),
        "customer_id": str(shipment.customer_id),
        "reversals": orders.reversals(work.session, shipment.order_id),
        "rest": _rest_of_order(work, shipment),
        **_others(work, shipment),
        "lines": [
            {"line_id": str(line.line_id), "quantity": format(line.quantity, "f")}
            for line in shipment.lines
        ],
    }


def _others(work: Work, shipment: Shipment) -> dict[str, Any]:
    """Give the order's other shipments that take their part of its money, and what they take.

    Customers hears of them by events, which may be on their way; here it is known.
    """
    others = [
        other
        for other in shipments.of_order(work.session, shipment.order_id)
        if other.id != shipment.id and other.may_leave_or_left
    ]
    taken: dict[UUID, Decimal] = defaultdict(Decimal)
    for other in others:
        for line in other.lines:
            taken[line.line_id] += line.quantity
    return {
        "others": sorted(str(other.id) for other in others),
        "before": [
            {"line_id": str(line_id), "quantity": format(quantity, "f")}
            for line_id, quantity in taken.items()
        ],
    }


def _rest_of_order(work: Work, shipment: Shipment) -> list[dict[str, Any]] | None:
    """Give what was asked for of each line of the order; None while others wait for release."""
    order = orders.by_id(work.session, shipment.order_id)
    others = shipments.of_order(work.session, shipment.order_id)
    if order is None or any(o.awaits_release and o.id != shipment.id for o in others):
        return None
    asked = shipments.asked_of_order(work.session, shipment.order_id)
    return [
        {
            "line_id": line["id"],
            "supply": line["supply"],
            "quantity": line["quantity"],
            "asked": format(asked.get(UUID(line["id"]), Decimal(0)), "f"),
        }
        for line in order.view["lines"]
        if not line["short_closed"]
    ]


def is_last(notes: dict[str, Any], holdings: list[dict[str, Any]]) -> bool:
    """Tell whether nothing of the order remains to be asked for or released after this."""
    if notes["rest"] is None:
        return False
    held = {holding["line_id"]: holding for holding in holdings}
    return all(_is_asked_for(line, held.get(line["line_id"])) for line in notes["rest"])


def _is_asked_for(line: dict[str, Any], holding: dict[str, Any] | None) -> bool:
    if line["supply"] != "make":
        return Decimal(line["asked"]) >= Decimal(line["quantity"])
    accepted = None if holding is None else holding["accepted_quantity"]
    return accepted is not None and Decimal(line["asked"]) >= accepted


def _releasers(request: dict[str, Any]) -> tuple[str, ...]:
    return ("director",) if request["override"] else ("finance", "clerk")


def release(
    work: Work, request: dict[str, Any], notes: dict[str, Any], verdict: dict[str, Any]
) -> Shipment:
    """Let a shipment leave by customers' `verdict`, or by the director's override.

    A clerk releases what the contract of an A customer lets go; the rest is finance's. Two
    shipments of one order are never released on the same money: raises OtherShipmentMoved. Nor is
    one on money that went back since customers was asked: raises MoneyWentBack.
    """
    lock = orders.lock(work.session, UUID(notes["order_id"]))
    shipment = locked(work, request, roles=_releasers(request), legal=Shipment.check_releasable)
    if _others(work, shipment)["others"] != notes["others"]:
        raise OtherShipmentMoved(number=shipment.number)
    # The release before this one took no note of it.
    if lock.reversals != notes.get("reversals", lock.reversals) and not request["override"]:
        raise MoneyWentBack(number=shipment.number)
    if not request["override"] and verdict["grade"] != "A":
        work.principal.require("finance")
    paid_at = None if request["override"] else verdict["paid_at"]
    batch, leaves_at = batch_after(work, paid_at)
    before = shipment.state
    announced = shipment.release(
        verdict=verdict["kept"],
        batch=batch,
        person=person(work),
        now=work.now,
        override_note=(request["note"] or request["reason"]) if request["override"] else None,
    )
    shipment.due_at = leaves_at
    work.announce(*announced)
    action = "override_release" if request["override"] else "release"
    log_move(work, shipment, action, before, request)
    return shipment


def withdraw_releases(work: Work, order_id: Any) -> None:
    """Stop what a payment had released that is now reversed, as far as it has not left.

    What is being released at this moment sees by the order's row that money went back.
    """
    orders.lock(work.session, order_id).reversals += 1
    for shipment in shipments.of_order(work.session, order_id, lock=True):
        announced = shipment.withdraw_release(work.now)
        if announced:
            work.announce(*announced)
            work.log("shipment", shipment.number, "withdraw_release", reason="payment")


def check(work: Work, request: dict[str, Any]) -> Shipment:
    """Have a second person compare a shipment; the director may stand in in an emergency."""
    overrides = request["override"]
    shipment = locked(
        work,
        request,
        roles=("director",) if overrides else CHECKERS,
        legal=lambda s: SHIPMENT.check(s.stands, ShipmentState.CHECKED),
    )
    before = shipment.state
    work.announce(
        *shipment.check(read_back(request), person=person(work), now=work.now, overridden=overrides)
    )
    log_move(work, shipment, "override_check" if overrides else "check", before, request)
    return shipment


def make_parcels(work: Work, request: dict[str, Any]) -> Shipment:
    """Make a shipment's parcels and their codes, so that labels can be printed."""
    shipment = locked(work, request, roles=MOVERS, legal=lambda s: s.check_parcels_wanted())
    made = shipment.make_parcels(request["count"])
    work.log("shipment", shipment.number, "make_parcels", changes={"parcels": [0, len(made)]})
    return shipment


def hand(work: Work, request: dict[str, Any]) -> Shipment:
    """Hand a shipment to the dispatcher, who reads it back; gives parcels where none are made."""
    shipment = locked(
        work,
        request,
        roles=("dispatcher",),
        legal=lambda s: SHIPMENT.check(s.stands, ShipmentState.HANDED),
    )
    before = shipment.state
    shipment.check_not_stopped()
    if request["parcels"] is not None:
        shipment.make_parcels(request["parcels"])
    set_carrier(work, shipment, request)
    work.announce(*shipment.hand(read_back(request), person=person(work), now=work.now))
    log_move(work, shipment, "hand", before, request)
    return shipment


def move(work: Work, request: dict[str, Any], wish: ShipmentState) -> Shipment:
    """Pick, pack, dispatch or report a shipment by hand, with all its parcels."""
    action, roles = MOVED_BY[wish]
    shipment = locked(work, request, roles=roles, legal=lambda s: s.check_movable_to(wish))
    before = shipment.state
    shipment.check_not_stopped()
    departure = None
    if wish is ShipmentState.DISPATCHED:
        set_carrier(work, shipment, request)
        (departure,) = departures(work, [shipment])
    if wish is ShipmentState.SIGNED:
        enter_receipt(work, shipment, request)
    announced = shipment.report(wish, now=work.now, departure=departure)
    work.announce(*announced)
    owe_after_move(work, shipment, announced)
    log_move(work, shipment, action, before, request)
    return shipment


def departures(work: Work, leaving: list[Shipment]) -> list[Departure]:
    """Give each leaving shipment its dispatch note's number, and when and where it arrives."""
    numbers = shipments.next_note_numbers(work.session, work.today, len(leaving))
    return [
        Departure(number, work.today + timedelta(days=way.days), way.depot)
        for number, shipment in zip(numbers, leaving, strict=True)
        for way in (way_of(work, shipment),)
    ]


def fail(work: Work, request: dict[str, Any]) -> Shipment:
    """Note that something went wrong on the way; after-sales opens a case."""
    kind = ShipmentState(request["kind"])
    shipment = locked(
        work,
        request,
        roles=("assistant",),
        legal=lambda s: SHIPMENT.check(s.stands, kind),
    )
    before = shipment.state
    work.announce(*shipment.fail(kind, request["note"], work.now))
    if kind is ShipmentState.EXCEPTION:
        _ask_after_goods(work, shipment)
    else:
        # Nobody asks after goods any more that will not arrive, nor tells when they will.
        needless = (Owed.ARRIVAL_CHECK, Owed.NOTICE, Owed.NOTICE_CHECK)
        close_obligation(work, shipment, *needless, note=request["note"])
    log_move(work, shipment, "fail", before, request)
    return shipment


def _ask_after_goods(work: Work, shipment: Shipment) -> None:
    """Owe an arrival check from now on; what had arrived before its exception owes none yet."""
    if obligations.open_one(work.session, shipment.id, Owed.ARRIVAL_CHECK) is None:
        open_obligation(work, shipment, Owed.ARRIVAL_CHECK, work.now)


def cancel(work: Work, request: dict[str, Any]) -> Shipment:
    """Withdraw a shipment that has not left; what it asked for stays held for the order."""
    shipment = locked(
        work,
        request,
        roles=("clerk",),
        legal=lambda s: SHIPMENT.check(s.stands, ShipmentState.CANCELLED),
    )
    before = shipment.state
    end(work, shipment)
    log_move(work, shipment, "cancel", before, request)
    return shipment


def end(work: Work, shipment: Shipment) -> None:
    """Cancel a locked shipment and what it owed."""
    announced: list[events.ShipmentEvent] = shipment.cancel(work.now)
    work.announce(*announced)
    end_obligations(work, shipment)
