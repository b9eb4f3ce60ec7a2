"""Changing what is in force says why."""

from chassis.reasons import REASONS, WhyMissing


def require_why(reason: str | None) -> str:
    """Give the reason if it is one of the short list. Raises WhyMissing."""
    if reason not in REASONS:
        raise WhyMissing
    return reason
