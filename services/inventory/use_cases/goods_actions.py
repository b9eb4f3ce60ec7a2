"""Which moves of an arrival or a transfer are legal now, for whom, and why the rest are not."""

from functools import partial
from typing import Any

from chassis.actions import action, refusal_of
from chassis.database import Work
from services.inventory.domain.lifecycle import ArrivalState, TransferState
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
    arrival = arrivals.by_number(work.session, number)
    guards = {
        "receive": partial(arrival.guard_move, ArrivalState.RECEIVED),
        "postpone": partial(arrival.guard_move, ArrivalState.RECEIVED),
        "cancel": partial(arrival.guard_move, ArrivalState.CANCELLED),
    }
    return [
        action(
            verb,
            who=_WHO[verb],
            refusal=refusal_of(guard, partial(work.principal.require, *_WHO[verb])),
        )
        for verb, guard in guards.items()
    ]


def transfer_actions(work: Work, number: str) -> list[dict[str, Any]]:
    """List the moves of a transfer."""
    transfer = transfers.by_number(work.session, number, own_only(work))
    guards = {
        "consent": partial(transfer.guard_sending, work.principal.person_id),
        "refuse": partial(transfer.guard_move, TransferState.REFUSED),
        "cancel": partial(transfer.guard_move, TransferState.CANCELLED),
        "receive": partial(transfer.guard_move, TransferState.RECEIVED),
    }
    return [
        action(
            verb,
            who=_WHO_TRANSFERS[verb],
            refusal=refusal_of(guard, partial(work.principal.require, *_WHO_TRANSFERS[verb])),
            checked_when_done=verb == "consent",
        )
        for verb, guard in guards.items()
    ]
