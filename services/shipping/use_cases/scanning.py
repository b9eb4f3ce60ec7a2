"""Scans: every one is kept, counted once, and answered the same way for ever (SPEC §7)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from chassis.database import Work
from chassis.errors import Conflict
from chassis.lifecycle import IllegalMove
from services.shipping.domain import events
from services.shipping.domain.errors import DeviceHasItsKey, ParcelNotFound
from services.shipping.domain.lifecycle import STATE_BY_SCAN, ScanKind, ShipmentState
from services.shipping.domain.parcel_code import is_well_formed
from services.shipping.domain.quarantine import QuarantinedScan, Resolution, quarantined
from services.shipping.domain.scan import ScanFacts, Verdict
from services.shipping.domain.shipment import Shipment
from services.shipping.storage import scans, shipments
from services.shipping.use_cases.loading import person
from services.shipping.use_cases.moving import MOVED_BY, departures
from services.shipping.use_cases.owing import owe_after_move

CONFLICTING, UNKNOWN, MISREAD = "sequence_reused", "parcel_unknown", "parcel_code_misread"
NOT_HANDED = "not_handed"


@dataclass(frozen=True)
class Answer:
    """What one scan is told."""

    scan: ScanFacts
    verdict: Verdict
    code: str | None = None
    shipment_id: UUID | None = None
    repeated: bool = False
    is_news: bool = False


def record_scans(work: Work, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Take in a batch of scans; gives an answer to each, in their order.

    A scan that came before, in this batch or an earlier one, gets its first answer; the same
    name with another content is kept, rejected and, the first time, put before a person: a
    scanner that was reset under its old name would be refused without end. Everything is
    written by statements for the whole batch; shipments are locked in one order.

    A person tells by scans what the same person may move by hand; for anything else the whole
    batch is refused and nothing of it kept, so that another can send it. Raises RoleNeeded,
    DeviceHasItsKey.
    """
    received = _received(work, request)
    first: dict[tuple[str, int], ScanFacts] = {}
    for scan in received:
        first.setdefault(scan.name, scan)
    fresh_ids = scans.log_new(work.session, list(first.values()), work.principal.person_id)
    fresh = [scan for scan in first.values() if scan.id in fresh_ids]
    known = scans.known(work.session, first.keys() - {scan.name for scan in fresh})
    meant = {name: scan.content for name, scan in (first | known).items()}
    conflicting = [scan for scan in received if scan.content != meant[scan.name]]
    kept_ids = scans.keep_conflicting(work.session, conflicting, work.principal.person_id)
    reused = [scan for scan in conflicting if scan.id in kept_ids]
    judged = {answer.scan.name: answer for answer in _judge(work, fresh, reused)}
    scans.answer(
        work.session,
        [
            {
                "scan_id": answer.scan.id,
                "verdict": answer.verdict,
                "code": answer.code,
                "shipment_id": answer.shipment_id,
            }
            for answer in judged.values()
        ],
    )
    return _told(
        work,
        [
            Answer(scan, Verdict.REJECTED, CONFLICTING)
            if scan.content != meant[scan.name]
            else _answer(scan, judged, known)
            for scan in received
        ],
    )


def _received(work: Work, request: dict[str, Any]) -> list[ScanFacts]:
    device_id = _device(work, request["device_id"])
    for kind in sorted({scan["kind"] for scan in request["scans"]}):
        _check_may_move(work, STATE_BY_SCAN[ScanKind(kind)])
    return [
        ScanFacts(
            id=uuid4(),
            device_id=device_id,
            device_sequence=scan["device_sequence"],
            device_time=scan["device_time"],
            parcel_code=scan["parcel_code"],
            kind=ScanKind(scan["kind"]),
            received_at=work.now,
        )
        for scan in request["scans"]
    ]


def _check_may_move(work: Work, wish: ShipmentState) -> None:
    """Raise RoleNeeded for a person who may not bring a shipment to `wish` by hand either."""
    if work.principal.kind != "device":
        _, roles = MOVED_BY[wish]
        work.principal.require(*roles)


def _device(work: Work, given: str | None) -> str:
    """Give the name under which a device's sequence counts.

    A device's own key vouches for it: whatever else it calls itself stays within its own
    name, so that no device can use up another's sequence. A person may send the scans of a
    device without a key. Raises DeviceHasItsKey.
    """
    principal = work.principal
    if principal.kind != "device":
        if given is not None and given.startswith("device:"):
            raise DeviceHasItsKey(device_id=given)
        return given or principal.person_id
    own = principal.person_id
    if given is None or given in (own, own.removeprefix("device:")):
        return own
    return f"{own}/{given}"


def _answer(
    scan: ScanFacts,
    judged: dict[tuple[str, int], Answer],
    known: dict[tuple[str, int], scans.KnownScan],
) -> Answer:
    now = judged.get(scan.name)
    if now is not None:
        repeated = now.scan.id != scan.id
        return Answer(scan, now.verdict, now.code, now.shipment_id, repeated)
    before = known[scan.name]
    return Answer(scan, Verdict(before.verdict), before.code, before.shipment_id, repeated=True)


def _judge(work: Work, fresh: list[ScanFacts], reused: list[ScanFacts]) -> list[Answer]:
    """Apply new scans to their parcels and move the shipments as far as these amount to.

    `reused` are those under the name of another scan: they move nothing and are only shown.
    """
    owners = shipments.owners_of(work.session, (scan.parcel_code for scan in [*fresh, *reused]))
    found = shipments.lock_all(work.session, set(owners.values()))
    answers, moved = [], set()
    for scan in fresh:
        owner = owners.get(scan.parcel_code)
        if owner is None:
            answers.append(_quarantine(work, scan))
            continue
        answer = _apply(work, scan, found[owner])
        if answer.is_news:
            moved.add(owner)
        answers.append(answer)
    _move(work, [found[owner] for owner in sorted(moved)])
    for scan in reused:
        owner = owners.get(scan.parcel_code)
        if owner is None:
            _quarantine(work, scan)
        else:
            work.announce(events.ScanRejected(found[owner], scan=scan, reason=CONFLICTING))
    return answers


def _quarantine(work: Work, scan: ScanFacts) -> Answer:
    misread = not is_well_formed(scan.parcel_code)
    waiting = quarantined(scan, misread=misread)
    work.session.add(waiting)
    work.announce(events.ParcelUnknown(waiting))
    return Answer(scan, Verdict.QUARANTINED, MISREAD if misread else UNKNOWN)


def _apply(work: Work, scan: ScanFacts, shipment: Shipment) -> Answer:
    parcel = next(p for p in shipment.parcels if p.code == scan.parcel_code)
    try:
        is_news = shipment.scan(parcel, scan.kind)
    except Conflict as refusal:
        code = refusal.code
        if isinstance(refusal, IllegalMove):
            code = shipment.state if shipment.has_left else NOT_HANDED
        if shipment.stands is ShipmentState.CANCELLED:
            code = "cancelled"
        work.announce(events.ScanRejected(shipment, scan=scan, reason=code))
        return Answer(scan, Verdict.REJECTED, code, shipment.id)
    return Answer(scan, Verdict.ACCEPTED, None, shipment.id, is_news=is_news)


def _move(work: Work, scanned: list[Shipment]) -> None:
    """Bring each shipment to the state that its parcels now amount to."""
    leaving = [s for s in scanned if s.departs_on_the_way_to(s.by_parcels)]
    if leaving:
        # An arrival implies the departure, but that is not the assistant's word.
        _check_may_move(work, ShipmentState.DISPATCHED)
    departing = dict(
        zip((s.id for s in leaving), departures(work, leaving) if leaving else [], strict=True)
    )
    for shipment in scanned:
        before = shipment.state
        announced = shipment.advance(
            shipment.by_parcels, now=work.now, departure=departing.get(shipment.id)
        )
        if before == shipment.state:
            continue
        work.announce(*announced)
        owe_after_move(work, shipment, announced)
        work.log("shipment", shipment.number, "scan", changes={"state": [before, shipment.state]})


def _told(work: Work, answers: list[Answer]) -> list[dict[str, Any]]:
    names = shipments.numbers_of(
        work.session, {answer.shipment_id for answer in answers if answer.shipment_id}
    )
    return [
        {
            "device_sequence": answer.scan.device_sequence,
            "parcel_code": answer.scan.parcel_code,
            "kind": answer.scan.kind,
            "answer": answer.verdict,
            "reason": answer.code,
            "shipment_number": names.get(answer.shipment_id) if answer.shipment_id else None,
            "repeated": answer.repeated,
        }
        for answer in answers
    ]


def resolve(work: Work, request: dict[str, Any]) -> QuarantinedScan:
    """Say what a scan of an unknown parcel was; assigned to a parcel, it counts as that one's.

    Who assigns it must be one who may move that parcel so by hand. Raises RoleNeeded,
    ScanNotFound, ScanResolved, ParcelNotFound, or why that parcel may not move.
    """
    work.principal.require("dispatcher", "assistant", "warehouse")
    waiting = scans.lock_quarantined(work.session, request["scan_id"])
    code = request["parcel_code"]
    if code:
        _check_may_move(work, STATE_BY_SCAN[ScanKind(waiting.kind)])
    waiting.resolve(
        Resolution.ASSIGNED if code else Resolution.DISMISSED,
        parcel_code=code,
        person=person(work),
        note=request["note"],
        now=work.now,
    )
    if code:
        owners = shipments.owners_of(work.session, [code])
        if code not in owners:
            raise ParcelNotFound(code=code)
        shipment = shipments.lock_all(work.session, set(owners.values()))[owners[code]]
        parcel = next(p for p in shipment.parcels if p.code == code)
        if shipment.scan(parcel, ScanKind(waiting.kind)):
            _move(work, [shipment])
    work.log(
        "scan",
        waiting.id,
        "resolve",
        changes={"parcel_code": [waiting.parcel_code, code]},
        note=request["note"],
    )
    return waiting
