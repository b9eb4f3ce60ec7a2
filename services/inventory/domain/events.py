"""What inventory announces."""

from dataclasses import dataclass

from chassis.events import Event
from services.inventory.domain.arrival import Arrival
from services.inventory.domain.product import Product
from services.inventory.domain.wish import Wish


@dataclass(frozen=True)
class ProductChanged(Event):
    """A product was made or changed."""

    product: Product


@dataclass(frozen=True)
class GoodsArrived(Event):
    """Goods or material that were in transit have been received into stock."""

    arrival: Arrival


@dataclass(frozen=True)
class WishMet(Event):
    """Goods came that a customer had been promised word of."""

    wish: Wish
