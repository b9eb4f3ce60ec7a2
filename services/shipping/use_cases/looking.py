"""What people look at: a shipment's page, what can be done with it, what waits for whom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from chassis.actions import action, refusal_of
from chassis.database import Work
from services.shipping.domain.errors import (
    NothingOwed,
    NoticeNotMade,
    SecondPersonNeeded,
)
from services.shipping.domain.lifecycle import SHIPMENT, ShipmentState
from services.shipping.domain.notice import NoticeSending
from services.shipping.domain.obligation import WHOSE, Obligation, Owed
from services.shipping.domain.order import OrderCopy
from services.shipping.domain.shipment import Shipment
from services.shipping.storage import obligations, orders, scans, shipments
from services.shipping.use_cases.moving import CHECKERS, MOVED_BY
from services.shipping.use_cases.owing import NOTICE_SENDERS

_S = ShipmentState


@dataclass(frozen=True)
class Page:
    """Everything that a shipment's page and its printed papers show."""

    shipment: Shipment
    order: OrderCopy | None
    obligations: list[Obligation]
    sendings: list[NoticeSending]
    scans: list[Any]


def page_of(work: Work, number: str) -> Page:
    """Give a shipment's page. Raises ShipmentNotFound."""
    shipment = shipments.get(work.session, number, work.principal)
    return Page(
        shipment=shipment,
        order=orders.by_id(work.session, shipment.order_id),
        obligations=obligations.all_of(work.session, shipment.id),
        sendings=obligations.sendings(work.session, shipment.id),
        scans=scans.of_parcels(work.session, [p.code for p in shipment.parcels], limit=1000),
    )


@dataclass(frozen=True)
class Action:
    """One verb: who may, whether now, and why not."""

    verb: str
    who: tuple[str, ...]
    judge: Callable[[Shipment], object]
    checked_when_done: bool = False


def _move(verb: str, who: tuple[str, ...], wish: ShipmentState) -> Action:
    def judge(shipment: Shipment) -> None:
        shipment.check_movable_to(wish)
        shipment.check_not_stopped()

    return Action(verb, who, judge)


def _judge_hand(shipment: Shipment) -> None:
    # Parcels are no matter: where there are none yet, handing over makes them.
    SHIPMENT.check(shipment.stands, _S.HANDED)
    shipment.check_not_stopped()


def _judge_check(shipment: Shipment) -> None:
    SHIPMENT.check(shipment.stands, _S.CHECKED)
    shipment.check_not_stopped()


def _judge_release(shipment: Shipment) -> None:
    shipment.check_releasable()
    stopped = shipment.why_stopped()
    if shipment.blocked is not None and stopped is not None and not shipment.awaits_override:
        raise stopped


_ACTIONS = (
    Action("release", ("finance", "clerk"), _judge_release, checked_when_done=True),
    Action("check", CHECKERS, _judge_check),
    Action("make_parcels", ("dispatcher", "warehouse"), lambda s: s.check_parcels_wanted()),
    Action("hand", ("dispatcher",), _judge_hand),
    *(_move(verb, roles, wish) for wish, (verb, roles) in MOVED_BY.items()),
    Action("fail", ("assistant",), lambda s: SHIPMENT.check(s.stands, _S.LOST)),
    Action("cancel", ("clerk",), lambda s: SHIPMENT.check(s.stands, _S.CANCELLED)),
)


def _judge_notice(shipment: Shipment) -> None:
    if not shipment.has_left:
        raise NoticeNotMade(number=shipment.number)


def _judge_notice_check(shipment: Shipment) -> None:
    _judge_notice(shipment)
    if shipment.notice_verified_at is not None:
        raise NothingOwed(number=shipment.number, kind=Owed.NOTICE_CHECK)


def _judge_receipt(shipment: Shipment) -> None:
    if shipment.stands is not _S.SIGNED or shipment.receipt_at is not None:
        raise NothingOwed(number=shipment.number, kind=Owed.RECEIPT)


def _judge_arrival(shipment: Shipment) -> None:
    if shipment.stands not in (_S.DISPATCHED, _S.IN_TRANSIT, _S.EXCEPTION):
        raise NothingOwed(number=shipment.number, kind=Owed.ARRIVAL_CHECK)


def _judge_paper(shipment: Shipment) -> None:
    if not shipment.emergency:
        raise NothingOwed(number=shipment.number, kind=Owed.WRITTEN_REQUEST)


_PAPERWORK = (
    Action("enter_waybill", ("dispatcher", "assistant"), lambda _: None),
    Action("hand_in_paper", ("supervisor", "clerk", "finance"), _judge_paper, True),
    Action("record_notice_sent", NOTICE_SENDERS, _judge_notice),
    Action("verify_notice", ("clerk",), _judge_notice_check, True),
    Action("check_arrival", ("assistant",), _judge_arrival),
    Action("record_receipt", ("assistant", "clerk"), _judge_receipt),
)


def actions_of(work: Work, number: str) -> list[dict[str, Any]]:
    """Give every move of a shipment: allowed now, for whom, and why the rest is not."""
    shipment = shipments.get(work.session, number, work.principal)
    return [_judged(work, shipment, each) for each in (*_ACTIONS, *_PAPERWORK)]


def _judged(work: Work, shipment: Shipment, judged: Action) -> dict[str, Any]:
    who = _who_may(shipment, judged)
    return action(
        judged.verb,
        who=who,
        refusal=refusal_of(
            partial(judged.judge, shipment),
            partial(work.principal.require, *who),
            partial(_judge_second_person, work, shipment, judged),
        ),
        checked_when_done=judged.checked_when_done,
    )


def _judge_second_person(work: Work, shipment: Shipment, judged: Action) -> None:
    is_requester = shipment.requested_by == work.principal.person_id
    stands_in = shipment.emergency and work.principal.has("director")
    if judged.verb == "check" and is_requester and not stands_in:
        raise SecondPersonNeeded(number=shipment.number, person_name=shipment.requester_name)


def _who_may(shipment: Shipment, action: Action) -> tuple[str, ...]:
    """Give who may do it: in an emergency the director, too, by his override."""
    if not shipment.emergency or action.verb not in ("release", "check"):
        return action.who
    if action.verb == "release" and shipment.awaits_override:
        return ("director",)
    return (*action.who, "director")


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


def work_of(work: Work, limit: int) -> list[dict[str, Any]]:
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
