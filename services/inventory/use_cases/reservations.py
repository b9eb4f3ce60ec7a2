"""Finished stock held for orders: reserved at submit or stock-in, consumed at dispatch, freed.

Locks are taken in one order: the order's row, then all balances concerned by one statement.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.database import Work
from chassis.quantity import ZERO
from services.inventory.domain import reservation as holding
from services.inventory.domain.errors import ProductNotFound, StockShort, Withdrawn
from services.inventory.domain.product import Supply
from services.inventory.domain.reservation import (
    CommandState,
    Hold,
    HoldKey,
    Reservation,
    Wanted,
)
from services.inventory.domain.stock import Balance, Move, MoveKind, StockKey
from services.inventory.storage import arrivals, ledger, orders, products, reservations, stock

# How long the undo of a command may come after it: far beyond any conversation's life. As that
# is, it is in machine time, which no clock of the business moves.
COMMANDS_KEPT_DAYS = 14


def reserve_stock(
    work: Work, command_id: str, order_id: UUID, order_number: str, wanted: Sequence[Wanted]
) -> list[Wanted]:
    """Hold for the order's stock lines exactly what they want, moving only the difference.

    All or nothing: raises StockShort with the short answer (free now, next arrival,
    substitutes), or Withdrawn where the command was taken back before it came. What the order
    gives up stays reserved until its event tells that the submit stood (`settle_stock`).
    """
    store_code = work.setting("shipping_store")
    balances = ledger.lock_for_first_hold(
        work.connection,
        order_id,
        order_number,
        {StockKey(line.product_id, store_code) for line in wanted},
    )
    known = [] if balances is not None else reservations.of_order(work.session, order_id)
    before = _stock_holds(known)
    after = holding.wanted_holds(before, wanted, store_code)
    changes = holding.reserved_changes(before, after)
    if balances is None:
        balances = _lock(work, changes)
    if any(change > balances[StockKey(*shelf)].free for shelf, change in changes.items()):
        if reservations.has_come(work.session, command_id):
            raise Withdrawn(command_id=command_id)
        raise _short(work, wanted, before, store_code)
    # An undo waits for the order's lock: it comes before all of this or after it.
    reservations.note_command(work, command_id, order_id, holding.difference(before, after))
    ledger.book_stock(work, _moves(order_id, before, after))
    reservations.write(work, order_id, after, supply=Supply.STOCK, held_at=work.now)
    return list(wanted)


def undo_stock(work: Work, order_id: UUID, command_id: str) -> None:
    """Take back exactly what a command reserved, or see to it that it never will.

    A command that has not come yet finds the tombstone left here and is refused.
    """
    orders.hold_lock(work, order_id)
    if reservations.withdraw(work.session, command_id, order_id, clock.machine_now()):
        return
    command = reservations.command(work.session, command_id)
    if command.state != CommandState.DONE:
        return
    rows = reservations.of_order(work.session, order_id)
    before = _stock_holds(rows)
    after = holding.taken_back(before, command.changes)
    _lock(work, holding.reserved_changes(before, after))
    _book(work, order_id, before, after)
    _rewrite(rows, after)
    command.state = CommandState.UNDONE


def settle_stock(work: Work, order_id: UUID, wanted: Sequence[Wanted]) -> None:
    """Let go of what a submit gave up, now that the submit stands; `wanted` is what it wanted."""
    orders.hold_lock(work, order_id)
    if not reservations.has_surplus(work.connection, order_id):
        return
    rows = reservations.of_order(work.session, order_id)
    before = _stock_holds(rows)
    store_code = work.setting("shipping_store")
    after = holding.settled(
        before,
        {HoldKey(line.line_id, line.product_id, store_code): line.quantity for line in wanted},
    )
    _lock(work, holding.reserved_changes(before, after))
    _book(work, order_id, before, after)
    _rewrite(rows, after)


def receive_finished(
    work: Work,
    product_id: UUID,
    store_code: str,
    quantity: Decimal,
    *,
    order_id: UUID | None,
    line_id: UUID | None,
    reference: str,
) -> None:
    """Book goods that passed inspection into stock, held for their order line.

    Without an order (it was cancelled) they go into free stock.
    """
    key = StockKey(product_id, store_code)
    is_held = order_id is not None and line_id is not None
    if order_id is not None:
        orders.hold_lock(work, order_id)
    ledger.open_stock(work, [key])
    ledger.book_stock(
        work,
        [
            Move(
                key,
                MoveKind.MADE,
                on_hand=quantity,
                reserved=quantity if is_held else ZERO,
                order_id=order_id,
                line_id=line_id,
                reference=reference,
            )
        ],
    )
    if order_id is not None and line_id is not None:
        hold = HoldKey(line_id, product_id, store_code)
        now = holding.holds_of(reservations.of_order(work.session, order_id)).get(hold, Hold())
        reservations.write(
            work,
            order_id,
            {hold: Hold(now.quantity + quantity, now.surplus)},
            supply=Supply.MAKE,
            held_at=work.now,
        )


@dataclass(frozen=True)
class Dispatched:
    """What a shipment took away for one order line."""

    line_id: UUID
    product_id: UUID
    quantity: Decimal


def consume_dispatched(
    work: Work, order_id: UUID, shipment: str, lines: Sequence[Dispatched]
) -> None:
    """Book out what has left with a shipment; once for each shipment.

    A fact is never refused: what is not held for the line is taken from free stock, and what
    the books do not have at all is recorded as a discrepancy, to be counted.
    """
    orders.hold_lock(work, order_id)
    if reservations.was_booked(work.session, shipment, [MoveKind.DISPATCHED]):
        return
    store_code = work.setting("shipping_store")
    rows = reservations.of_order(work.session, order_id)
    held = holding.holds_of(rows)
    keys = {StockKey(line.product_id, store_code) for line in lines}
    keys |= {StockKey(key.product_id, key.store_code) for key in held}
    balances = ledger.lock_stock(work.connection, keys)
    free = {key: balance.free for key, balance in balances.items()}
    moves: list[Move] = []
    missing: list[Move] = []
    consumed: dict[HoldKey, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        lacking = line.quantity
        for key in [key for key in held if _serves(key, line)]:
            taken = min(lacking, held[key].quantity)
            if taken:
                left = held[key].quantity - taken
                held[key] = Hold(left, min(left, held[key].surplus))
                consumed[key] += taken
                moves.append(_dispatch(key.store_code, line, order_id, shipment, taken, taken))
                lacking -= taken
        shelf = StockKey(line.product_id, store_code)
        taken = min(lacking, free[shelf])
        if taken:
            free[shelf] -= taken
            note = "not reserved for the line; taken from free stock"
            moves.append(_dispatch(store_code, line, order_id, shipment, taken, ZERO, note))
            lacking -= taken
        if lacking:
            missing.append(_dispatch(store_code, line, order_id, shipment, lacking, ZERO))
    ledger.book_stock(work, moves)
    ledger.record_discrepancies(work, missing)
    _rewrite(rows, held, consumed)


def _serves(key: HoldKey, line: Dispatched) -> bool:
    return key.line_id == line.line_id and key.product_id == line.product_id


def _dispatch(
    store_code: str,
    line: Dispatched,
    order_id: UUID,
    shipment: str,
    quantity: Decimal,
    reserved: Decimal,
    note: str | None = None,
) -> Move:
    return Move(
        StockKey(line.product_id, store_code),
        MoveKind.DISPATCHED,
        on_hand=-quantity,
        reserved=-reserved,
        order_id=order_id,
        line_id=line.line_id,
        reference=shipment,
        note=note,
    )


def free_stock(
    work: Work,
    order_id: UUID,
    *,
    line_id: UUID | None = None,
    held_before: datetime | None = None,
    has_left: Mapping[UUID, Decimal] | None = None,
) -> None:
    """Free what an order (or one of its lines) still holds.

    With `held_before`, what was wanted again since that moment stays: an expiry that is told
    late must not free what a later submit holds. What `has_left` of a line by the word of orders
    stays held until shipping's word of its dispatch is booked, which may come after: others
    would be promised goods that are gone. Freeing twice changes nothing.
    """
    orders.hold_lock(work, order_id)
    rows = reservations.of_order(work.session, order_id)
    before = holding.holds_of(rows)
    not_booked = dict(has_left or {})
    for row in rows:
        not_booked[row.line_id] = not_booked.get(row.line_id, ZERO) - row.consumed
    after = dict(before)
    for row in rows:
        if (line_id is None or row.line_id == line_id) and (
            held_before is None or row.held_at < held_before
        ):
            kept = min(row.quantity, max(ZERO, not_booked[row.line_id]))
            not_booked[row.line_id] -= kept
            after[HoldKey(row.line_id, row.product_id, row.store_code)] = Hold(kept)
    _lock(work, holding.reserved_changes(before, after))
    _book(work, order_id, before, after)
    _rewrite(rows, after)


def purge_commands(work: Work) -> None:
    """Forget commands that nobody takes back any more."""
    before = clock.machine_now() - timedelta(days=COMMANDS_KEPT_DAYS)
    reservations.purge_commands(work.session, before)


def holdings(work: Work, order_id: UUID) -> Sequence[Reservation]:
    """Give what is or was held for an order's lines."""
    return reservations.of_order(work.session, order_id)


def _stock_holds(rows: Iterable[Reservation]) -> dict[HoldKey, Hold]:
    """Give the holds that submits made; those of made goods are no business of a submit."""
    return holding.holds_of(row for row in rows if row.supply == Supply.STOCK)


def _lock(work: Work, shelves: Collection[tuple[UUID, str]]) -> dict[StockKey, Balance]:
    return ledger.lock_stock(work.connection, [StockKey(*shelf) for shelf in shelves])


def _book(work: Work, order_id: UUID, before: holding.Holds, after: holding.Holds) -> None:
    ledger.book_stock(work, _moves(order_id, before, after))


def _moves(order_id: UUID, before: holding.Holds, after: holding.Holds) -> list[Move]:
    """Give the difference between holds; what moves between two lines is two rows."""
    moves = []
    for key in sorted({**before, **after}):
        change = after.get(key, Hold()).quantity - before.get(key, Hold()).quantity
        if change:
            moves.append(
                Move(
                    StockKey(key.product_id, key.store_code),
                    MoveKind.RESERVED if change > 0 else MoveKind.RELEASED,
                    reserved=change,
                    order_id=order_id,
                    line_id=key.line_id,
                )
            )
    return moves


def _rewrite(
    rows: Sequence[Reservation],
    after: holding.Holds,
    consumed: Mapping[HoldKey, Decimal] | None = None,
) -> None:
    """Write changed holds back to their rows; when they were last wanted stays."""
    for row in rows:
        key = HoldKey(row.line_id, row.product_id, row.store_code)
        if key in after:
            row.quantity, row.surplus = after[key].quantity, after[key].surplus
            row.consumed += (consumed or {}).get(key, ZERO)


def _short(
    work: Work, wanted: Sequence[Wanted], held: holding.Holds, store_code: str
) -> StockShort:
    """Give the short answer for each line whose product is short."""
    total: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    for line in wanted:
        total[line.product_id] += line.quantity
    own: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    for key, hold in held.items():
        own[key.product_id] += hold.quantity
    free = stock.free_in(work.session, total, store_code)
    short = {
        product_id
        for product_id, quantity in total.items()
        if quantity > free.get(product_id, ZERO) + own[product_id]
    }
    known = products.by_ids(work.session, short)
    for product_id in short:
        if product_id not in known:
            raise ProductNotFound(product_code=product_id)
    answers = short_answers(work, short, store_code)
    lines = [
        {
            "line_id": line.line_id,
            "product_code": known[line.product_id].code,
            "wanted": line.quantity,
            "held": own[line.product_id],
            **answers[line.product_id],
        }
        for line in wanted
        if line.product_id in short
    ]
    return StockShort(
        summary="; ".join(
            f"{line['product_code']}: {line['wanted']} > {line['free']}" for line in lines
        ),
        lines=lines,
    )


def short_answers(
    work: Work, product_ids: Collection[UUID], store_code: str
) -> dict[UUID, dict[str, Any]]:
    """Give what to tell a customer who wants more than there is, by product."""
    offered = products.substitutes_of(work.session, product_ids)
    asked = set(product_ids) | {other.id for found in offered.values() for other in found}
    free = stock.free_in(work.session, asked, store_code)
    coming = arrivals.next_of_products(work.session, product_ids)
    elsewhere = stock.free_elsewhere(work.session, product_ids, store_code)
    return {
        product_id: {
            "free": free.get(product_id, ZERO),
            "next_arrival": (
                {
                    "date": coming[product_id].expected_on,
                    "quantity": coming[product_id].quantity,
                }
                if product_id in coming
                else None
            ),
            "substitutes": [
                {"product_code": other.code, "name": other.name, "free": free[other.id]}
                for other in offered[product_id]
                if free.get(other.id, ZERO) > 0
            ],
            "other_stores": [
                {"store_code": row.store_code, "free": row.free} for row in elsewhere[product_id]
            ],
        }
        for product_id in product_ids
    }
