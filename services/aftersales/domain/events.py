"""What after-sales announces; each event carries the case's whole view."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.events import Event

if TYPE_CHECKING:
    from services.aftersales.domain.case import Case


@dataclass(frozen=True)
class CaseEvent(Event):
    case: "Case"


class CaseOpened(CaseEvent):
    """A customer wants to give goods back."""


class ReturnReceived(CaseEvent):
    """The goods are here; inventory puts them in quarantine."""


class ReturnInspected(CaseEvent):
    """Every piece has its disposition; inventory books it."""


class RefundSettled(CaseEvent):
    """Finance settled; customers books the credit note, inventory lets mended goods go."""


class CaseClosed(CaseEvent):
    """Nothing is owed about it any more."""
