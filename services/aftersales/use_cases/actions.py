"""What may be done with a case now, by whom, and why the rest may not."""

from functools import partial
from typing import Any

from chassis.actions import action, refusal_of
from chassis.database import Work
from services.aftersales.domain.case import Case
from services.aftersales.domain.lifecycle import RESHIPPED_BY
from services.aftersales.storage import copies
from services.aftersales.use_cases.cases import MOVES


def list_actions(work: Work, case: Case) -> list[dict[str, Any]]:
    """Give every verb with whether the asker may do it now, and if not, why."""
    moves = [
        action(
            verb,
            who=[role],
            refusal=refusal_of(
                partial(work.principal.require, role), partial(case.guard_move, wish, None)
            ),
            # By other goods it is settled only once an order replaces them.
            checked_when_done=verb == "settle" and case.reshipped_as is None,
            title_zh=words,
        )
        for verb, (words, wish, role) in MOVES.items()
    ]
    return [*moves, _reshipping(work, case)]


def _reshipping(work: Work, case: Case) -> dict[str, Any]:
    """Say whether the goods may be replaced now; with which order is seen when it is named."""
    who = RESHIPPED_BY.get(case.state, ("aftersales", "supervisor"))
    anew = copies.is_cancelled(work, case.reshipped_as)
    return action(
        "reship",
        who=who,
        refusal=refusal_of(
            partial(case.guard_reship, anew=anew), partial(work.principal.require, *who)
        ),
        checked_when_done=True,
        title_zh="补发",
    )
