"""Every query of this service; and the metadata with all of its tables."""

from datetime import date

from sqlalchemy import MetaData, Sequence
from sqlalchemy.orm import Session

from chassis.database import Platform
from services.customers.domain import Base
from services.customers.domain.mapped import MAPPED

platform = Platform(Base.metadata)

__all__ = ["MAPPED", "all_tables", "next_number", "platform"]


def all_tables() -> MetaData:
    """Give the metadata of this service's database, for migrations and their test."""
    return Base.metadata


def next_number(session: Session, letter: str, sequence: Sequence, day: date) -> str:
    """Give the next number for people: letter, business date, six digits."""
    count: int = session.scalar(sequence.next_value())
    return f"{letter}{day:%y%m%d}-{count:06d}"
