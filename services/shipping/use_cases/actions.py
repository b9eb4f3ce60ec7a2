"""What may be done with a shipment now, by whom, and why the rest may not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from chassis.actions import action, refusal_of
from chassis.database import Work
from services.shipping.domain.errors import (
    NothingOwed,
    NoticeNotMade,
    SecondPersonNeeded,
)
from services.shipping.domain.lifecycle import SHIPMENT, ShipmentState
from services.shipping.domain.obligation import PAPERS, WHOSE, Owed
from services.shipping.domain.shipment import Shipment
from services.shipping.storage import obligations, shipments
from services.shipping.use_cases.moving import CHECKERS, MOVED_BY
from services.shipping.use_cases.owing import NOTICE_SENDERS

_S = ShipmentState


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
    Action("hand_in_paper", ("supervisor", "clerk", "finance"), _judge_paper),
    Action("record_notice_sent", NOTICE_SENDERS, _judge_notice),
    Action("verify_notice", ("clerk",), _judge_notice_check, True),
    Action("check_arrival", ("assistant",), _judge_arrival),
    Action("record_receipt", ("assistant", "clerk"), _judge_receipt),
)


def list_actions(work: Work, number: str) -> list[dict[str, Any]]:
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
            partial(_judge_papers_left, work, shipment, judged),
        ),
        checked_when_done=judged.checked_when_done,
    )


def _judge_second_person(work: Work, shipment: Shipment, judged: Action) -> None:
    is_requester = shipment.requested_by == work.principal.person_id
    stands_in = shipment.emergency and work.principal.has("director")
    if judged.verb == "check" and is_requester and not stands_in:
        raise SecondPersonNeeded(number=shipment.number, person_name=shipment.requester_name)


def _judge_papers_left(work: Work, shipment: Shipment, judged: Action) -> None:
    if judged.verb != "hand_in_paper":
        return
    mine = [kind for kind in PAPERS if work.principal.has(*WHOSE[kind])]
    if not any(obligations.open_one(work.session, shipment.id, kind) for kind in mine):
        raise NothingOwed(number=shipment.number, kind=mine[0])


def _who_may(shipment: Shipment, judged: Action) -> tuple[str, ...]:
    """Give who may do it: in an emergency the director, too, by his override."""
    if not shipment.emergency or judged.verb not in ("release", "check"):
        return judged.who
    if judged.verb == "release" and shipment.awaits_override:
        return ("director",)
    return (*judged.who, "director")
