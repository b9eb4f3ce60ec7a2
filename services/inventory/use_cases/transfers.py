"""Transfers between stores: requested by one, consented to by the other, received (O36, I14)."""

from decimal import Decimal
from uuid import uuid4

from sqlalchemy import Row

from chassis import quantity as quantities
from chassis.database import Work
from chassis.errors import guard_version
from services.inventory.domain.errors import StockHeld
from services.inventory.domain.lifecycle import TransferState
from services.inventory.domain.product import Product
from services.inventory.domain.stock import Move, MoveKind, StockKey
from services.inventory.domain.transfer import Transfer
from services.inventory.storage import ledger, numbers, products, stock, transfers
from services.inventory.storage.pages import Page
from services.inventory.use_cases import wishes
from services.inventory.use_cases.guards import own_only, shown_order

Known = tuple[Transfer, Product]


def request_transfer(
    work: Work,
    product_code: str,
    quantity: Decimal,
    *,
    from_store: str,
    to_store: str | None,
    order_number: str | None,
    note: str,
) -> Known:
    """Ask another store for goods. Raises SameStore, StoreNotFound, OrderNotKnown.

    Who may see only some orders may ask for those only, and is told of others as of none.
    """
    if order_number is not None:
        shown_order(work, order_number)
    product = products.by_code(work.session, product_code)
    transfer = Transfer(
        transfer_id=uuid4(),
        number=numbers.next_number(work.session, numbers.TRANSFER, work.today),
        product_id=product.id,
        from_store=stock.store(work.session, from_store).code,
        to_store=stock.store(work.session, to_store or work.setting("shipping_store")).code,
        quantity=quantities.check(quantity, product.unit_decimals),
        order_number=order_number,
        note=note,
        requested_at=work.now,
        requested_by=work.principal.person_id,
        requested_by_name=work.principal.name,
    )
    work.session.add(transfer)
    work.log("transfer", transfer.number, "request_transfer")
    work.session.flush()
    return transfer, product


def consent_transfer(
    work: Work, number: str, *, expected_version: int | None, note: str | None
) -> Known:
    """Give the goods away: they leave this store now. Raises StockHeld if they are not free."""
    transfer, product = _load(work, number)
    transfer.guard_sending(work.principal.person_id)
    guard_version(number, transfer.version, expected_version)
    transfer.send(person_id=work.principal.person_id, name=work.principal.name, at=work.now)
    key = StockKey(product.id, transfer.from_store)
    balance = ledger.lock_stock(work.connection, [key])[key]
    if balance.free < transfer.quantity:
        raise StockHeld(code=product.code, free=balance.free)
    _book(work, transfer, key, MoveKind.SENT, -transfer.quantity)
    return _done(work, transfer, product, "consent_transfer", note)


def refuse_transfer(
    work: Work, number: str, *, expected_version: int | None, note: str | None
) -> Known:
    """Keep the goods in this store."""
    transfer, product = _load(work, number)
    transfer.guard_move(TransferState.REFUSED)
    guard_version(number, transfer.version, expected_version)
    transfer.refuse(name=work.principal.name, at=work.now)
    return _done(work, transfer, product, "refuse_transfer", note)


def cancel_transfer(
    work: Work, number: str, *, expected_version: int | None, note: str | None
) -> Known:
    """Take the request back before the goods have left."""
    transfer, product = _load(work, number)
    transfer.guard_move(TransferState.CANCELLED)
    guard_version(number, transfer.version, expected_version)
    transfer.cancel(name=work.principal.name, at=work.now)
    return _done(work, transfer, product, "cancel_transfer", note)


def receive_transfer(
    work: Work, number: str, *, expected_version: int | None, note: str | None
) -> Known:
    """Book the goods into the store that asked for them."""
    transfer, product = _load(work, number)
    transfer.guard_move(TransferState.RECEIVED)
    guard_version(number, transfer.version, expected_version)
    transfer.receive(name=work.principal.name, at=work.now)
    key = StockKey(product.id, transfer.to_store)
    balance = ledger.open_stock(work, [key])[key]
    _book(work, transfer, key, MoveKind.TRANSFERRED, transfer.quantity)
    wishes.meet_wishes(work, product.id, balance.free + transfer.quantity)
    return _done(work, transfer, product, "receive_transfer", note)


def get_transfer(work: Work, number: str) -> Known:
    """Give a transfer. Raises TransferNotFound."""
    transfer = transfers.by_number(work.session, number, own_only(work))
    return transfer, products.by_id(work.session, transfer.product_id)


def list_transfers(
    work: Work, *, state: TransferState | None, limit: int, after: str | None
) -> Page[Row[Transfer, Product]]:
    return transfers.listed(
        work.session, state=state, limit=limit, after=after, salesperson_id=own_only(work)
    )


def _load(work: Work, number: str) -> Known:
    transfer = transfers.by_number(work.session, number, own_only(work), lock=True)
    return transfer, products.by_id(work.session, transfer.product_id)


def _book(work: Work, transfer: Transfer, key: StockKey, kind: MoveKind, quantity: Decimal) -> None:
    ledger.book_stock(work, [Move(key, kind, on_hand=quantity, reference=transfer.number)])


def _done(work: Work, transfer: Transfer, product: Product, action: str, note: str | None) -> Known:
    work.log("transfer", transfer.number, action, note=note)
    work.session.flush()
    return transfer, product
