"""Every query of the aftersales database, one file per noun."""

from importlib import import_module

from sqlalchemy import MetaData

from chassis.database import Platform
from services.aftersales.domain import Base

platform = Platform(Base.metadata)

_NOUNS = ("case", "copies", "visit")


def all_tables() -> MetaData:
    """Give the metadata of the whole database, the chassis's tables included."""
    for noun in _NOUNS:
        import_module(f"services.aftersales.domain.{noun}")
    return Base.metadata
