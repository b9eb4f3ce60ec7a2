"""Changing what is in force says why."""

from services.inventory.domain.errors import WhyMissing
from services.inventory.domain.rules import REASONS


def require_why(reason: str | None) -> str:
    """Give the reason if it is one of the short list. Raises WhyMissing."""
    if reason not in REASONS:
        raise WhyMissing(allowed=", ".join(REASONS))
    return reason
