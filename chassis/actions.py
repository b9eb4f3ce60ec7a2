"""How the moves of a thing are listed: which may be made now, by whom, and why the rest may not."""

from collections.abc import Callable, Sequence
from typing import Any

from chassis.errors import GendanError


def refusal_of(*guards: Callable[[], object]) -> GendanError | None:
    """Give the refusal of the first guard that raises one; None where all of them hold."""
    try:
        for guard in guards:
            guard()
    except GendanError as refusal:
        return refusal
    return None


def action(
    verb: str,
    *,
    who: Sequence[str],
    refusal: GendanError | None,
    checked_when_done: bool = False,
    title_zh: str | None = None,
) -> dict[str, Any]:
    """Give the entry of a move in GET …/actions; `refusal` says why it is not allowed now.

    `checked_when_done`: another service has a say, which is asked when it is done.
    """
    entry = {
        "verb": verb,
        "allowed": refusal is None,
        "who": list(who),
        "why_not": None if refusal is None else refusal.told,
        "checked_when_done": checked_when_done,
    }
    return entry if title_zh is None else {**entry, "title_zh": title_zh}
