"""The inventory service as nameko runs it: one class, its entrypoints by noun."""

from typing import Any

from chassis.database import Work
from chassis.service import Database
from services.inventory.domain.rules import RULES
from services.inventory.schemas.events import EVENTS
from services.inventory.service.goods import Goods
from services.inventory.service.making import Making
from services.inventory.service.masters import Masters
from services.inventory.service.orders import Orders
from services.inventory.service.planning import Planning
from services.inventory.storage import platform, stock
from services.inventory.storage.books import BOOKS


class InventoryService(Masters, Goods, Orders, Planning, Making):
    """Goods, material, recipes and the making of goods."""

    name = "inventory"
    database = Database(platform, events=EVENTS, rules=RULES)
    books = BOOKS

    def guard_setting(self, work: Work, key: str, value: Any) -> None:
        """Raise StoreNotFound for a shipping store that is none."""
        if key == "shipping_store":
            stock.store(work.session, value)
