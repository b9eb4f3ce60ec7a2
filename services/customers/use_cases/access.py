"""Who may see what, and how lists are asked for: shared by the nouns that belong to a customer."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.database import Work
from services.customers.domain.credit import OrderCredit
from services.customers.domain.errors import OrderNotFound
from services.customers.storage import credit as storage
from services.customers.storage import customers as customer_storage
from services.customers.storage import money

_LONGEST_ID = 18  # digits: what a bigint surely holds


def seen(work: Work, customer_id: UUID) -> bool:
    """Whether who acts may see what belongs to this customer."""
    if not work.principal.limited_to_own_customers:
        return True
    customer = customer_storage.by_id(work.session, customer_id)
    return customer.salesperson_id == work.principal.person_id


def visible_order(work: Work, order_number: str) -> OrderCredit:
    """Give an order's row. Raises OrderNotFound, also for another salesperson's."""
    order = storage.order(work.session, order_number=order_number)
    if not seen(work, order.customer_id):
        raise OrderNotFound(order=order_number)
    return order


def listing(
    work: Work,
    *,
    order_number: str | None,
    customer_code: str | None,
    state: str | None,
    limit: int,
    after: str | None,
) -> money.Listing:
    """Give what a list is asked for, with codes and numbers replaced by ids."""
    session = work.session
    customer = customer_code and customer_storage.plain_by_code(
        session, customer_code, work.principal
    )
    order = order_number and visible_order(work, order_number)
    return money.Listing(
        limit=limit + 1,
        after=after,
        customer_id=customer.id if customer else None,
        order_id=order.id if order else None,
        state=state,
    )


def starting_id(after: str | None) -> int | None:
    """Give the row that a cursor names; of what names none a list begins anew."""
    return int(after) if after and after.isdecimal() and len(after) <= _LONGEST_ID else None


def paged(
    rows: Sequence[Any], limit: int, *, by: str = "number"
) -> tuple[Sequence[Any], str | None]:
    """Give a page and the cursor of the next one, of rows read one beyond the limit."""
    page = rows[:limit]
    return page, str(getattr(page[-1], by)) if len(rows) > limit else None
