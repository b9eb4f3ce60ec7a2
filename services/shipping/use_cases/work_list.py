"""What waits for whom: moves of shipments, owed papers and checks, unknown parcels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.database import Work
from services.shipping.domain.lifecycle import ShipmentState
from services.shipping.domain.obligation import WHOSE, Owed
from services.shipping.domain.shipment import Shipment
from services.shipping.storage import obligations, scans, shipments
from services.shipping.use_cases.moving import CHECKERS

_S = ShipmentState


@dataclass(frozen=True)
class Waiting:
    """What a state asks of whom."""

    kind: str
    verb: str
    roles: tuple[str, ...]
    title: str
    title_zh: str


_BY_STATE = {
    _S.REQUESTED: Waiting("release", "release", ("finance",), "To release", "待放行"),
    _S.RELEASED: Waiting("check", "check", CHECKERS, "To check", "待复核"),
    _S.CHECKED: Waiting("hand", "hand", ("dispatcher",), "To hand over", "待交接复述"),
    _S.HANDED: Waiting("pick", "pick", ("warehouse",), "To pick", "待拣货"),
    _S.PICKING: Waiting("pack", "pack", ("warehouse",), "To pack", "待打包"),
    _S.PACKED: Waiting("dispatch", "dispatch", ("dispatcher",), "To dispatch", "待发货"),
}
_RELEASE_BY_CLERK = Waiting("release", "release", ("finance", "clerk"), "To release", "待放行")

_OWED = {
    Owed.WRITTEN_REQUEST: ("hand_in_paper", "Written request owed", "待补书面发货申请"),
    Owed.FINANCE_TOLD: ("hand_in_paper", "Emergency dispatch: take note", "紧急发货，请财务知悉"),
    Owed.WAYBILL: ("enter_waybill", "Carrier and waybill owed", "待补承运人和运单号"),
    Owed.NOTICE: ("record_notice_sent", "Dispatch notice to send", "待发送发货告知书"),
    Owed.NOTICE_CHECK: ("verify_notice", "Dispatch notice to check", "待核实发货告知书"),
    Owed.ARRIVAL_CHECK: ("check_arrival", "Arrival to check", "待查询到货"),
    Owed.RECEIPT: ("record_receipt", "Delivery receipt owed", "待补到货回单"),
}


def list_work(work: Work, limit: int) -> list[dict[str, Any]]:
    """Give what waits for this person's roles, the earliest due first."""
    items = _moves_for(work, limit) + _owed_by(work, limit)
    if work.principal.has("dispatcher", "assistant", "warehouse"):
        items += _quarantined(work, limit)
    first = sorted(items, key=lambda item: (item["due_at"], item["entity_number"]))[:limit]
    return [item | {"due_at": item["due_at"].isoformat()} for item in first]


def _moves_for(work: Work, limit: int) -> list[dict[str, Any]]:
    states = [state for state, wait in _BY_STATE.items() if work.principal.has(*wait.roles)]
    releases = work.principal.has("finance", "clerk")
    if releases and _S.REQUESTED not in states:
        states.append(_S.REQUESTED)
    if not states:
        return []
    found = shipments.waiting(
        work,
        states,
        withdrawn=releases,
        all_grades=work.principal.has("finance"),
        limit=limit,
    )
    return [
        _of_shipment(shipment, wait.kind, wait.verb, (wait.title, wait.title_zh), wait.roles)
        | {"due_at": shipment.due_at}
        for shipment in found
        if (wait := _wait(shipment)) is not None and work.principal.has(*wait.roles)
    ]


def _wait(shipment: Shipment) -> Waiting | None:
    """Give what a shipment waits for; nothing while it is on hold or being cancelled."""
    if shipment.blocked is not None:
        return None
    if not shipment.awaits_release:
        return _BY_STATE[shipment.stands]
    grade = (shipment.order_grade or "") == "A"
    return _RELEASE_BY_CLERK if grade else _BY_STATE[_S.REQUESTED]


def owed_for(work: Work, order_id: UUID) -> list[dict[str, Any]]:
    """Give what is still owed for an order's shipments; orders asks before it closes one."""
    return [
        {"kind": owed.kind, "title": title, "title_zh": title_zh, "due_at": owed.due_at}
        for owed in obligations.open_of_order(work.session, order_id)
        for _, title, title_zh in (_OWED[Owed(owed.kind)],)
    ]


def _owed_by(work: Work, limit: int) -> list[dict[str, Any]]:
    kinds = [kind for kind, roles in WHOSE.items() if work.principal.has(*roles)]
    if not kinds:
        return []
    return [
        _of_shipment(owed, owed.kind, verb, (title, title_zh), owed.roles) | {"due_at": owed.due_at}
        for owed in obligations.waiting(work, kinds, limit=limit)
        for verb, title, title_zh in (_OWED[Owed(owed.kind)],)
    ]


def _of_shipment(
    shipment: Any,
    kind: str,
    verb: str,
    titles: tuple[str, str],
    roles: Sequence[str],
) -> dict[str, Any]:
    title, title_zh = titles
    return {
        "kind": kind,
        "title": f"{title}: {shipment.number}",
        "title_zh": f"{title_zh}：{shipment.number}",
        "order_number": shipment.order_number,
        "customer_name": shipment.customer_name,
        "entity_type": "shipment",
        "entity_number": shipment.number,
        "roles": list(roles),
        "person_id": None,
        "verb": verb,
        "path": f"/api/v1/shipments/{shipment.number}",
    }


def _quarantined(work: Work, limit: int) -> list[dict[str, Any]]:
    waiting, _ = scans.open_quarantined(work.session, limit=limit, after=None)
    return [
        {
            "kind": "unknown_parcel",
            "title": f"Unknown parcel scanned: {scan.parcel_code}",
            "title_zh": f"扫描到未知包裹：{scan.parcel_code}",
            "order_number": None,
            "customer_name": None,
            "entity_type": "scan",
            "entity_number": str(scan.id),
            "roles": ["dispatcher", "assistant", "warehouse"],
            "person_id": None,
            "due_at": scan.received_at,
            "verb": "resolve",
            "path": "/api/v1/scans/quarantined",
        }
        for scan in waiting
    ]
