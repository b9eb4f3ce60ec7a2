"""What every move of a statement or instruction is checked for beside its own table."""

from chassis.database import Work
from services.inventory.domain.errors import OrderOnHold
from services.inventory.domain.instruction import Signed
from services.inventory.domain.order import OrderCopy
from services.inventory.storage import order_blocks


def check_not_held(work: Work, order: OrderCopy) -> None:
    """Raise OrderOnHold while any block of the order stands; its row is locked."""
    block = order_blocks.standing(work.session, order.order_id)
    if block is not None:
        raise OrderOnHold(order_number=order.number, reason=block.reason)


def signed(work: Work) -> Signed:
    """Give the signature of who acts, now."""
    return Signed(work.principal.person_id, work.principal.name, work.now)


def own_only(work: Work) -> str | None:
    """Give whose customers the asker may see, None for all."""
    return work.principal.person_id if work.principal.limited_to_own_customers else None
