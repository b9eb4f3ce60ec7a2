"""Wishes: registered at the desk, announced when the goods come (O36)."""

from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import Row

from chassis import quantity as quantities
from chassis.database import Work
from chassis.quantity import ZERO
from services.inventory.domain.events import WishMet
from services.inventory.domain.lifecycle import WishState
from services.inventory.domain.product import Product
from services.inventory.domain.wish import Wish
from services.inventory.storage import numbers, products, stock, wishes
from services.inventory.storage.pages import Page
from services.inventory.use_cases.guards import own_only

# One delivery announces at most so many wishes; the rest are met by the next booking.
MOST_AT_A_TIME = 200


def make_wish(
    work: Work,
    product_code: str,
    quantity: Decimal,
    *,
    customer_id: UUID | None,
    customer_name: str,
    note: str,
) -> tuple[Wish, Product]:
    """Register that a customer wants word when a product comes in."""
    product = products.by_code(work.session, product_code)
    product.require_active()
    wish = Wish(
        wish_id=uuid4(),
        number=numbers.next_number(work.session, numbers.WISH, work.today),
        product_id=product.id,
        quantity=quantities.check(quantity, product.unit_decimals),
        customer_id=customer_id,
        customer_name=customer_name,
        note=note,
        made_at=work.now,
        made_by=work.principal.name,
        made_by_id=work.principal.person_id,
    )
    work.session.add(wish)
    work.log("wish", wish.number, "make_wish")
    work.session.flush()
    return wish, product


def withdraw_wish(work: Work, number: str, note: str | None) -> tuple[Wish, Product]:
    """Note that nobody waits any more. Raises IllegalMove for a wish that was met."""
    wish = wishes.by_number(work.session, number, own_only(work))
    wish.withdraw()
    work.log("wish", number, "withdraw_wish", note=note)
    work.session.flush()
    return wish, products.by_id(work.session, wish.product_id)


def meet_wishes(work: Work, product_id: UUID, free: Decimal) -> None:
    """Announce the open wishes that what is free now could meet, oldest first.

    A wish reserves nothing: what is announced to one customer counts as spoken for only
    within this booking.
    """
    for wish in wishes.open_for(work.session, product_id, MOST_AT_A_TIME):
        if wish.quantity <= free:
            free -= wish.quantity
            wish.meet(work.now)
            work.announce(WishMet(wish))


def meet_with_free_stock(work: Work, product_id: UUID) -> None:
    """Announce the wishes that what is free in the shipping store could meet now."""
    free = stock.free_in(work.session, [product_id], work.setting("shipping_store"))
    meet_wishes(work, product_id, free.get(product_id, ZERO))


def list_wishes(
    work: Work, *, state: WishState | None, limit: int, after: str | None
) -> Page[Row[Wish, Product]]:
    """List wishes, oldest first; to sales those that they registered themselves.

    Inventory keeps no customers, so it cannot tell whose customer a wish is of.
    """
    return wishes.listed(
        work.session, state=state, made_by_id=own_only(work), limit=limit, after=after
    )
