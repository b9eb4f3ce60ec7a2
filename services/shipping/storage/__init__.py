"""Every query of shipping, one file per noun."""

from sqlalchemy import MetaData, Sequence

from chassis.database import Platform
from services.shipping.domain import Base, carrier, notice, obligation, order, quarantine, scan
from services.shipping.domain import shipment as shipment_tables

platform = Platform(Base.metadata)

SHIPMENT_NUMBERS = Sequence("shipment_number", metadata=Base.metadata)
NOTE_NUMBERS = Sequence("dispatch_note_number", metadata=Base.metadata)

_ROOMS = (carrier, notice, obligation, order, quarantine, scan, shipment_tables)


def all_tables() -> MetaData:
    """Give the metadata with every table of the service and of the platform declared."""
    return Base.metadata
