"""The numbers people know papers by: letter, business date, dash, six digits."""

from datetime import date

from sqlalchemy import Sequence
from sqlalchemy.orm import Session

from services.inventory.domain import Base

ARRIVAL, TRANSFER, WISH, INSTRUCTION = "G", "T", "W", "P"

_SEQUENCES = {
    ARRIVAL: Sequence("arrival_number", metadata=Base.metadata),
    TRANSFER: Sequence("transfer_number", metadata=Base.metadata),
    WISH: Sequence("wish_number", metadata=Base.metadata),
    INSTRUCTION: Sequence("instruction_number", metadata=Base.metadata),
}


def next_number(session: Session, letter: str, today: date) -> str:
    """Take the next number of a kind of paper; a number taken in vain leaves a hole."""
    count: int = session.scalar(_SEQUENCES[letter].next_value())
    return f"{letter}{today:%y%m%d}-{count:06d}"
