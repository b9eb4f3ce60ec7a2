"""Every query of inventory, one file per noun."""

from chassis.database import Platform
from services.inventory.domain import Base

platform = Platform(Base.metadata)
