"""Changing what is in force says why."""

from chassis.errors import StaleVersion
from services.inventory.domain.errors import WhyMissing
from services.inventory.domain.rules import REASONS


def require_why(reason: str | None) -> str:
    """Give the reason if it is one of the short list. Raises WhyMissing."""
    if reason not in REASONS:
        raise WhyMissing(allowed=", ".join(REASONS))
    return reason


def check_version(entity: str, version: int, expected: int | None) -> None:
    """Raise StaleVersion if the caller has seen another version than there is."""
    if expected is not None and expected != version:
        raise StaleVersion(entity=entity, version=version)
