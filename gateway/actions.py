"""How a move of the gateway's own things is listed by GET …/actions."""

from collections.abc import Sequence
from typing import Any

from chassis.errors import GendanError


def action(verb: str, *, who: Sequence[str], refusal: GendanError | None) -> dict[str, Any]:
    """Give the entry of a move; `refusal` says why it is not allowed now."""
    why_not = refusal and {
        "code": refusal.code,
        "message": refusal.message,
        "message_zh": refusal.message_zh,
    }
    return {
        "verb": verb,
        "allowed": refusal is None,
        "who": list(who),
        "why_not": why_not,
        "checked_when_done": False,
    }
