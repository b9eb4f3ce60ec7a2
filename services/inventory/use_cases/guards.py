"""What every move of a statement or instruction is checked for beside its own table."""

from chassis.database import Work
from services.inventory.domain.errors import InstructionNotFound, OrderNotKnown, OrderOnHold
from services.inventory.domain.instruction import Signed
from services.inventory.domain.order import OrderCopy
from services.inventory.storage import order_blocks, orders


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


def is_shown(work: Work, order: OrderCopy | None) -> bool:
    """Tell whether the asker may see what belongs to an order."""
    mine = own_only(work)
    return mine is None or (order is not None and order.salesperson_id == mine)


def check_shown(work: Work, order: OrderCopy | None, instruction_number: str) -> None:
    """Raise InstructionNotFound for an instruction of another salesperson's order."""
    if not is_shown(work, order):
        raise InstructionNotFound(instruction_number=instruction_number)


def shown_order(work: Work, order_number: str) -> OrderCopy:
    """Give an order's copy as far as the asker may see it.

    Raises OrderNotKnown, alike for one that is not there and for another salesperson's.
    """
    order = orders.by_number(work.session, order_number)
    if not is_shown(work, order):
        raise OrderNotKnown(order_number=order_number)
    return order
