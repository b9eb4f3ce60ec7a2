"""Every query of the orders database, one file per noun."""

from importlib import import_module

from sqlalchemy import MetaData

from chassis.database import Platform
from services.orders.domain import Base

platform = Platform(Base.metadata)

_NOUNS = ("anomaly", "confirmation", "copies", "order", "pricing", "task")


def all_tables() -> MetaData:
    """Give the metadata of the whole database, the chassis's tables included."""
    for noun in _NOUNS:
        import_module(f"services.orders.domain.{noun}")
    return Base.metadata
