"""Finished stock booked by hand, and looked at: on hand, reserved, in transit."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Row

from chassis import quantity as quantities
from chassis.database import Work
from chassis.mapping import without_session
from services.inventory.domain.errors import StoreCodeTaken
from services.inventory.domain.product import Product
from services.inventory.domain.stock import (
    Balance,
    Condition,
    Move,
    MoveKind,
    Stock,
    StockKey,
    StockMovement,
    Store,
)
from services.inventory.storage import ledger, orders, products, stock
from services.inventory.storage.pages import Page
from services.inventory.use_cases import wishes
from services.inventory.use_cases.changes import require_why
from services.inventory.use_cases.guards import is_shown, own_only


def create_store(work: Work, code: str, name: str) -> Store:
    """Make a store. Raises StoreCodeTaken."""
    if any(store.code == code for store in stock.stores(work.session)):
        raise StoreCodeTaken(store_code=code)
    store = Store(code=code, name=name, active=True)
    work.session.add(store)
    work.log("store", code, "create_store")
    return store


def list_stores(work: Work) -> Sequence[Store]:
    return stock.stores(work.session)


def book_stock(
    work: Work,
    product_code: str,
    *,
    store_code: str | None,
    condition: Condition,
    change: Decimal | None,
    counted: Decimal | None,
    opening: bool,
    reason: str | None,
    note: str | None,
) -> tuple[Product, StockKey, Balance]:
    """Book goods in or out by hand: by a change, or to what was counted.

    What is reserved cannot be booked away: raises StockHeld, and
    BalanceTooLarge. A count answers the
    discrepancies of its balance; goods that come in meet wishes for them.
    """
    why = require_why(reason)
    product = products.by_code(work.session, product_code)
    store = stock.store(work.session, store_code or work.setting("shipping_store"))
    key = StockKey(product.id, store.code, condition)
    balance = ledger.open_stock(work, [key])[key]
    moved = counted - balance.on_hand if counted is not None else change or quantities.ZERO
    moved = quantities.check(moved, product.unit_decimals)
    balance.guard_booking(product_code, moved)
    kind = MoveKind.OPENING if opening else MoveKind.ADJUSTED
    if moved:
        ledger.book_stock(work, [Move(key, kind, on_hand=moved, reason=why, note=note)])
    if counted is not None:
        stock.settle_discrepancies(work.session, key, at=work.now, by=work.principal.name)
    work.log(
        "product",
        product_code,
        "book_stock",
        changes={f"on_hand {store.code} {condition}": [balance.on_hand, balance.on_hand + moved]},
        reason=why,
        note=note,
    )
    after = Balance(balance.on_hand + moved, balance.reserved)
    if moved > 0 and condition is Condition.GOOD:
        wishes.meet_wishes(work, product.id, after.free)
    return product, key, after


def list_stock(
    work: Work,
    *,
    store_code: str | None,
    condition: Condition | None,
    product_code: str | None,
    limit: int,
    after: str | None,
) -> Page[Row[Stock, Product]]:
    """List balances by product code, store and condition."""
    return stock.listed(
        work.session,
        store_code=store_code,
        condition=condition,
        product_code=product_code,
        limit=limit,
        after=after,
    )


def list_movements(
    work: Work, product_code: str, *, store_code: str | None, limit: int, after: int | None
) -> Page[StockMovement]:
    """List a product's ledger, newest first; for whom is shown to sales of own customers only."""
    product = products.by_code(work.session, product_code)
    found = stock.movements(
        work.session, product.id, store_code=store_code, limit=limit, before=after
    )
    if own_only(work) is None:
        return found
    known = orders.by_ids(work.session, {row.order_id for row in found.items if row.order_id})
    return Page(
        [
            row if row.order_id and is_shown(work, known.get(row.order_id)) else _for_nobody(row)
            for row in found.items
        ],
        found.next,
    )


# What says for whom or why goods moved.
_FOR_WHOM = ("order_id", "line_id", "reference", "note")


def _for_nobody(row: StockMovement) -> StockMovement:
    facts = {column.key: getattr(row, column.key) for column in StockMovement.__table__.columns}
    return without_session(StockMovement, {**facts, **dict.fromkeys(_FOR_WHOM)})
