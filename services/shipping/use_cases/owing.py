"""Obligations: opened by moves, closed by commands or by later moves."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from chassis.bounds import check_moment
from chassis.clock import business_date
from chassis.database import Work
from chassis.errors import guard_version
from services.shipping.domain import events
from services.shipping.domain.carrier import Carrier, Mode, Way
from services.shipping.domain.errors import NothingOwed, NoticeNotMade
from services.shipping.domain.lifecycle import ShipmentState
from services.shipping.domain.notice import NoticeSending, check_received, is_sent
from services.shipping.domain.obligation import PAPERS, WHOSE, Owed, owe
from services.shipping.domain.shipment import Received, Shipment
from services.shipping.storage import masters, obligations, shipments
from services.shipping.use_cases.calendar import after_working_days, in_minutes
from services.shipping.use_cases.loading import locked, log_move, person

_ASKED_AGAIN_WITHIN = timedelta(days=92)

NOTICE_SENDERS = (*WHOSE[Owed.NOTICE], "sales", "supervisor")


def open_obligation(work: Work, shipment: Shipment, kind: Owed, due_at: datetime) -> None:
    """Owe something for a shipment."""
    work.session.add(
        owe(kind, obligation_id=uuid4(), shipment_id=shipment.id, due_at=due_at, now=work.now)
    )


def close_obligation(work: Work, shipment: Shipment, *kinds: Owed, note: str | None = None) -> None:
    """Close what is open of `kinds`; a move that makes it needless closes it too."""
    for kind in kinds:
        found = obligations.open_one(work.session, shipment.id, kind)
        if found is not None:
            found.close(person=person(work), now=work.now, note=note)


def owe_after_move(work: Work, shipment: Shipment, passed: list[events.ShipmentEvent]) -> None:
    """Open and close what the moves just made bring with them."""
    reached = {type(event) for event in passed}
    if events.ShipmentDispatched in reached:
        _owe_after_departure(work, shipment)
    if events.ShipmentArrived in reached or events.ShipmentSigned in reached:
        work.session.flush()
        close_obligation(work, shipment, Owed.ARRIVAL_CHECK)
    if events.ShipmentSigned in reached and shipment.receipt_at is None:
        days = work.setting("receipt_working_days")
        open_obligation(work, shipment, Owed.RECEIPT, after_working_days(work, days))


def _owe_after_departure(work: Work, shipment: Shipment) -> None:
    if shipment.lacks_waybill:
        days = work.setting("waybill_working_days")
        open_obligation(work, shipment, Owed.WAYBILL, after_working_days(work, days))
    open_obligation(work, shipment, Owed.NOTICE, in_minutes(work, work.setting("notice_minutes")))
    open_obligation(
        work, shipment, Owed.NOTICE_CHECK, in_minutes(work, work.setting("notice_check_minutes"))
    )
    open_obligation(work, shipment, Owed.ARRIVAL_CHECK, _arrival_check_at(shipment))


def end_obligations(work: Work, shipment: Shipment) -> None:
    """Close everything that a cancelled shipment cannot owe any more."""
    for found in obligations.open_of(work.session, [shipment.id]):
        if found.kind != Owed.FINANCE_TOLD:
            found.close(person=person(work), now=work.now, note="cancelled")


def hand_in_paper(work: Work, request: dict[str, Any]) -> Shipment:
    """Note that an owed paper came in, or that finance took note. Raises NothingOwed."""
    kind = Owed(request["kind"])
    if kind not in PAPERS:
        raise NothingOwed(number=request["shipment_number"], kind=kind)
    shipment = locked(work, request, roles=WHOSE[kind], legal=_owes(work, kind))
    close_obligation(work, shipment, kind, note=request["note"])
    log_move(work, shipment, f"hand_in_{kind}", shipment.state, request)
    return shipment


def _owes(work: Work, kind: Owed) -> Callable[[Shipment], None]:
    """Give what raises NothingOwed for a shipment that does not owe something."""

    def check(shipment: Shipment) -> None:
        if obligations.open_one(work.session, shipment.id, kind) is None:
            raise NothingOwed(number=shipment.number, kind=kind)

    return check


def enter_waybill(work: Work, request: dict[str, Any]) -> Shipment:
    """Enter carrier and waybill; once both are there, they are owed no more."""
    shipment = locked(work, request, roles=("dispatcher", "assistant"), legal=lambda _: None)
    before = _way(shipment)
    set_carrier(work, shipment, request)
    if not shipment.lacks_waybill:
        close_obligation(work, shipment, Owed.WAYBILL)
    if shipment.is_on_its_way:
        _expect_anew(work, shipment)
    if shipment.is_awaited:
        _tell_anew(work, shipment, before)
    after = _way(shipment)
    work.log(
        "shipment",
        shipment.number,
        "enter_waybill",
        changes={name: [before[name], after[name]] for name in after},
        reason=request["reason"],
        note=request["note"],
    )
    return shipment


def _way(shipment: Shipment) -> dict[str, Any]:
    return {
        "carrier_code": shipment.carrier_code,
        "mode_code": shipment.mode_code,
        "waybill": shipment.waybill,
        "expected_arrival": shipment.expected_arrival,
        "depot": shipment.depot,
    }


def _expect_anew(work: Work, shipment: Shipment) -> None:
    """Expect goods that have left when their carrier is known by what it takes that carrier.

    The arrival check is planned from it (SPEC §7), unless a person has put it off already.
    """
    assert shipment.dispatched_at is not None  # noqa: S101  it is on its way
    planned, way = _arrival_check_at(shipment), way_of(work, shipment)
    left_on = business_date(shipment.dispatched_at)
    shipment.expected_arrival, shipment.depot = left_on + timedelta(days=way.days), way.depot
    check = obligations.open_one(work.session, shipment.id, Owed.ARRIVAL_CHECK)
    if check is not None and check.due_at == planned:
        check.due_at = _arrival_check_at(shipment)


def _tell_anew(work: Work, shipment: Shipment, before: dict[str, Any]) -> None:
    """Owe the notice once more where it told another arrival, or another place of pickup."""
    told = before["expected_arrival"], before["depot"]
    sendings = obligations.sendings(work.session, shipment.id)
    if (shipment.expected_arrival, shipment.depot) == told or not sendings:
        return
    for sending in sendings:
        # A release that did not note it told the one that is no more.
        sending.expected_arrival = sending.expected_arrival or before["expected_arrival"]
    _owe_notice_anew(work, shipment)


def _owe_notice_anew(work: Work, shipment: Shipment) -> None:
    """Owe the notice and its check once more: what was told is not so any more."""
    shipment.notice_verified_at = shipment.notice_verifier_name = None
    for kind, setting in (
        (Owed.NOTICE, "notice_minutes"),
        (Owed.NOTICE_CHECK, "notice_check_minutes"),
    ):
        if obligations.open_one(work.session, shipment.id, kind) is None:
            open_obligation(work, shipment, kind, in_minutes(work, work.setting(setting)))


def way_of(work: Work, shipment: Shipment) -> Way:
    """Give how long a shipment takes and where it is picked up, as far as that is known.

    Where the mode is not, the longest is promised: an early arrival disappoints nobody. A depot
    is told only if it is the same by every mode: at another the customer would find nothing.
    """
    ways = masters.ways_of(work.session, shipment)
    days = ways[0].days if ways else int(work.setting("default_transit_days"))
    depots = {way.depot for way in ways} if shipment.is_picked_up else set()
    return Way(days, (depots.pop() or None) if len(depots) == 1 else None)


def _arrival_check_at(shipment: Shipment) -> datetime:
    """Give the time of day at which it left, on the day it should arrive."""
    assert shipment.dispatched_at is not None  # noqa: S101  by the departure
    assert shipment.expected_arrival is not None  # noqa: S101  by the departure
    days = shipment.expected_arrival - business_date(shipment.dispatched_at)
    return shipment.dispatched_at + days


def set_carrier(work: Work, shipment: Shipment, request: dict[str, Any]) -> None:
    """Enter the carrier, mode and waybill that were given. Raises MasterNotFound."""
    code, mode = request["carrier_code"], request["mode_code"]
    name = masters.get(work.session, Carrier, code).name if code else None
    if mode:
        masters.get(work.session, Mode, mode)
    shipment.assign_carrier(code=code, name=name, mode=mode, waybill=request["waybill"])
    if code or mode:
        shipment.depot = way_of(work, shipment).depot


def record_notice_sent(work: Work, request: dict[str, Any]) -> Shipment:
    """Note that the dispatch notice went out by one channel; by two it is no longer owed."""
    work.principal.require(*NOTICE_SENDERS)
    shipment = _with_notice(work, request)
    who, name = person(work)
    work.session.add(
        NoticeSending(
            id=uuid4(),
            shipment_id=shipment.id,
            channel=request["channel"],
            at=request["at"] or work.now,
            received_clearly=request["received_clearly"],
            person_id=who,
            person_name=name,
            expected_arrival=shipment.expected_arrival,
            depot=shipment.depot,
        )
    )
    work.session.flush()
    if is_sent(obligations.told_of(work.session, shipment)):
        close_obligation(work, shipment, Owed.NOTICE)
    log_move(work, shipment, "record_notice_sent", shipment.state, request)
    return shipment


def verify_notice(work: Work, request: dict[str, Any]) -> Shipment:
    """Note that a clerk found the notice true, its arrival fitting, and received (S6).

    Raises NoticeNotReceived until two channels went out and one arrived legibly.
    """
    work.principal.require(*WHOSE[Owed.NOTICE_CHECK])
    shipment = _with_notice(work, request, legal=_check_unverified)
    check_received(shipment.number, obligations.told_of(work.session, shipment))
    shipment.notice_verified_at, shipment.notice_verifier_name = work.now, work.principal.name
    close_obligation(work, shipment, Owed.NOTICE_CHECK, note=request["note"])
    log_move(work, shipment, "verify_notice", shipment.state, request)
    return shipment


def _check_unverified(shipment: Shipment) -> None:
    if shipment.notice_verified_at is not None:
        raise NothingOwed(number=shipment.number, kind=Owed.NOTICE_CHECK)


def _with_notice(
    work: Work, request: dict[str, Any], *, legal: Callable[[Shipment], None] = lambda _: None
) -> Shipment:
    shipment = shipments.get(work.session, request["shipment_number"], work.principal, lock=True)
    if not shipment.has_left:
        raise NoticeNotMade(number=shipment.number)
    legal(shipment)
    guard_version(shipment.number, shipment.version, request["expected_version"])
    return shipment


def check_arrival(work: Work, request: dict[str, Any]) -> Shipment:
    """Note that somebody asked after the goods; not there yet, it is asked again later (S10).

    Raises InvalidFields for a moment that is past, or further off than anything travels.
    """
    owes, again = _owes(work, Owed.ARRIVAL_CHECK), request["ask_again_at"]
    shipment = locked(work, request, roles=WHOSE[Owed.ARRIVAL_CHECK], legal=owes)
    check_moment("ask_again_at", again, first=work.now, last=work.now + _ASKED_AGAIN_WITHIN)
    close_obligation(work, shipment, Owed.ARRIVAL_CHECK, note=request["note"])
    work.session.flush()
    open_obligation(work, shipment, Owed.ARRIVAL_CHECK, again)
    log_move(work, shipment, "check_arrival", shipment.state, request)
    return shipment


def record_receipt(work: Work, request: dict[str, Any]) -> Shipment:
    """Enter the signed receipt of a shipment that a bare scan had signed. Raises NothingOwed."""
    shipment = locked(work, request, roles=("assistant", "clerk"), legal=_check_receipt_owed)
    enter_receipt(work, shipment, request)
    close_obligation(work, shipment, Owed.RECEIPT)
    work.announce(events.ReceiptRecorded(shipment))
    log_move(work, shipment, "record_receipt", shipment.state, request)
    return shipment


def _check_receipt_owed(shipment: Shipment) -> None:
    if shipment.stands is not ShipmentState.SIGNED or shipment.receipt_at is not None:
        raise NothingOwed(number=shipment.number, kind=Owed.RECEIPT)


def enter_receipt(work: Work, shipment: Shipment, request: dict[str, Any]) -> None:
    """Put what the customer signed for on the shipment's lines.

    Raises LineTwice, MoreThanShipped, QuantityNotInUnit.
    """
    shipment.enter_receipt(
        signer=request["signer"],
        received=[
            Received(line["line_no"], line["signed_quantity"], line["damaged_quantity"])
            for line in request["lines"]
        ],
        damage=request["damage"],
        now=work.now,
        attachment=request["attachment"],
    )
