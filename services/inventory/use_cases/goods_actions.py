"""Which moves of an arrival or a transfer are legal now, for whom, and why the rest are not."""

from collections.abc import Callable
from functools import partial
from typing import Any

from chassis.database import Work
from chassis.errors import GendanError, RoleNeeded
from services.inventory.domain.errors import ConsentOfAnother
from services.inventory.domain.lifecycle import ARRIVAL, TRANSFER, ArrivalState, TransferState
from services.inventory.storage import arrivals, transfers
from services.inventory.use_cases.guards import own_only

# Who may do what is the gateway's table; it is repeated here to say so before it is tried.
_WHO = {
    "receive": ["warehouse"],
    "postpone": ["planner", "warehouse", "admin"],
    "cancel": ["planner", "warehouse", "admin"],
}
_WHO_TRANSFERS = {
    "consent": ["warehouse"],
    "refuse": ["warehouse"],
    "receive": ["warehouse"],
    "cancel": ["clerk", "assistant", "supervisor", "sales", "warehouse"],
}


def arrival_actions(work: Work, number: str) -> list[dict[str, Any]]:
    """List the moves of an arrival."""
    state = ArrivalState(arrivals.by_number(work.session, number).state)
    return [
        _action(work, verb, _WHO[verb], partial(ARRIVAL.check, state, wish))
        for verb, wish in (
            ("receive", ArrivalState.RECEIVED),
            ("postpone", ArrivalState.RECEIVED),
            ("cancel", ArrivalState.CANCELLED),
        )
    ]


def transfer_actions(work: Work, number: str) -> list[dict[str, Any]]:
    """List the moves of a transfer."""
    transfer = transfers.by_number(work.session, number, own_only(work))
    state = TransferState(transfer.state)

    def check(wish: TransferState) -> None:
        TRANSFER.check(state, wish)
        if wish is TransferState.SENT and transfer.requested_by == work.principal.person_id:
            raise ConsentOfAnother(number=number)

    return [
        _action(work, verb, _WHO_TRANSFERS[verb], partial(check, wish))
        for verb, wish in (
            ("consent", TransferState.SENT),
            ("refuse", TransferState.REFUSED),
            ("cancel", TransferState.CANCELLED),
            ("receive", TransferState.RECEIVED),
        )
    ]


def _action(work: Work, verb: str, who: list[str], check: Callable[[], None]) -> dict[str, Any]:
    why_not: GendanError | None = None
    try:
        check()
        if not work.principal.has(*who):
            why_not = RoleNeeded(roles=", ".join(who))
    except GendanError as refusal:
        why_not = refusal
    return {
        "verb": verb,
        "allowed": why_not is None,
        "who": who,
        "why_not": why_not
        and {
            "code": why_not.code,
            "message": why_not.message,
            "message_zh": why_not.message_zh,
        },
        "checked_when_done": verb == "consent",
    }
