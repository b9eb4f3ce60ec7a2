"""Every query of the orders database, one file per noun."""

from sqlalchemy import MetaData

from chassis.database import Platform
from services.orders.domain import Base, anomaly, confirmation, copies, order, pricing, task

platform = Platform(Base.metadata)


def all_tables() -> MetaData:
    """Give the metadata of the whole database, the chassis's tables included."""
    # Named here, so that importing storage is enough to have every table declared.
    assert all((anomaly, confirmation, copies, order, pricing, task))  # noqa: S101
    return Base.metadata
