"""The two ledgers: a movement and the balance it moves are booked by one statement.

Nothing else writes a balance, so the sum of a ledger's rows is the balance, always. Both
ledgers are append-only by trigger, the bounds of a balance are the database's constraints.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_keep
from sqlalchemy.orm import Session

from chassis.database import Work
from chassis.errors import plain
from chassis.notation import as_json
from chassis.roundtrips import ask
from services.inventory.domain.material import MaterialMove, MaterialStock
from services.inventory.domain.stock import Balance, Discrepancy, Move, Stock, StockKey
from services.inventory.storage.orders import HOLD_LOCK

# It divides by nought unless every balance has moved that was to move.
_BOOK_STOCK = """
with move as (
    select * from jsonb_to_recordset(%(moves)s) as row(
        product_id uuid, store_code text, condition text, kind text, on_hand numeric,
        reserved numeric, order_id uuid, line_id uuid, reference text, reason text, note text)
), booked as (
    insert into stock_movement (
        product_id, store_code, condition, kind, on_hand, reserved, order_id, line_id,
        reference, reason, note, at, person_id, person_name)
    select product_id, store_code, condition, kind, on_hand, reserved, order_id, line_id,
        reference, reason, note, %(at)s, %(person_id)s, %(person_name)s
    from move
), change as (
    select product_id, store_code, condition,
        sum(on_hand) as on_hand, sum(reserved) as reserved
    from move group by product_id, store_code, condition
), moved as (
    update stock set
        on_hand = stock.on_hand + change.on_hand, reserved = stock.reserved + change.reserved
    from change
    where stock.product_id = change.product_id and stock.store_code = change.store_code
        and stock.condition = change.condition
    returning 1
)
select 1 / (count(*) = %(balances)s)::int from moved
"""

_LOCK_STOCK = """
select product_id, store_code, condition, on_hand, reserved from stock
where (product_id, store_code, condition) in (
    select * from unnest(%(products)s::uuid[], %(stores)s::text[], %(conditions)s::text[]))
{only}order by product_id, store_code, condition for update
"""
_LOCK_STOCK_FOR_FIRST = f"""
with held as (select from reservation where order_id = %(order_id)s limit 1),
locked as ({_LOCK_STOCK.format(only="and not exists (select from held) ")})
select exists (select from held) as is_known, locked.*
from (select) as one left join locked on true
"""  # noqa: S608  our own texts

_BOOK_MATERIAL = text("""
with move as (
    select * from jsonb_to_recordset(cast(:moves as jsonb)) as row(
        material_id uuid, kind text, on_hand numeric, reserved numeric, order_id uuid,
        line_id uuid, reference text, reason text, note text)
), booked as (
    insert into material_movement (
        material_id, kind, on_hand, reserved, order_id, line_id, reference, reason, note,
        at, person_id, person_name)
    select material_id, kind, on_hand, reserved, order_id, line_id, reference, reason, note,
        :at, :person_id, :person_name
    from move
), change as (
    select material_id, sum(on_hand) as on_hand, sum(reserved) as reserved
    from move group by material_id
)
update material_stock set
    on_hand = material_stock.on_hand + change.on_hand,
    reserved = material_stock.reserved + change.reserved
from change
where material_stock.material_id = change.material_id
""")


def lock_stock(connection: Connection, keys: Collection[StockKey]) -> dict[StockKey, Balance]:
    """Lock balances in their one fixed order and read them; one that never moved is zero.

    Whoever changes balances has locked all of them by one call of this, so no two
    transactions can wait for each other.
    """
    found = dict.fromkeys(keys, Balance())
    if not keys:
        return found
    rows = ask(connection, _LOCK_STOCK.format(only=""), _places(keys))
    return found | _balances(rows)


def lock_for_first_hold(
    connection: Connection, order_id: UUID, number: str, keys: Collection[StockKey]
) -> dict[StockKey, Balance] | None:
    """Lock an order's row, and these balances as `lock_stock` does, in one journey.

    None where something is or was held for the order: then only its row is locked, as what it
    holds decides which balances have to be locked together with these.
    """
    rows = ask(
        connection,
        _LOCK_STOCK_FOR_FIRST,
        {"order_id": order_id, "number": number, **_places(keys)},
        lock=HOLD_LOCK,
    )
    if rows[0].is_known:
        return None
    return dict.fromkeys(keys, Balance()) | _balances(rows)


def _places(keys: Collection[StockKey]) -> dict[str, Any]:
    return {
        "products": [key.product_id for key in keys],
        "stores": [key.store_code for key in keys],
        "conditions": [str(key.condition) for key in keys],
    }


def _balances(rows: Sequence[Any]) -> dict[StockKey, Balance]:
    return {
        StockKey(row.product_id, row.store_code, row.condition): Balance(row.on_hand, row.reserved)
        for row in rows
        if row.product_id is not None
    }


def open_stock(work: Work, keys: Collection[StockKey]) -> dict[StockKey, Balance]:
    """Lock balances as `lock_stock` does, and begin at zero those that never moved."""
    _begin_stock(work.session, keys)
    return lock_stock(work.connection, keys)


def _begin_stock(session: Session, keys: Collection[StockKey]) -> None:
    if keys:
        session.execute(
            insert_or_keep(Stock)
            .values([{**key._asdict(), "on_hand": 0, "reserved": 0} for key in sorted(keys)])
            .on_conflict_do_nothing()
        )


def book_stock(work: Work, moves: Sequence[Move]) -> None:
    """Book movements of finished stock whose balances the caller has locked."""
    if not moves:
        return
    rows = [
        {
            **move.key._asdict(),
            "kind": move.kind,
            "on_hand": move.on_hand,
            "reserved": move.reserved,
            "order_id": move.order_id,
            "line_id": move.line_id,
            "reference": move.reference,
            "reason": move.reason,
            "note": move.note,
        }
        for move in moves
    ]
    booked = {
        "moves": as_json(plain(rows)),
        "balances": len({move.key for move in moves}),
        **_who(work),
    }
    work.bundle.add(_BOOK_STOCK, booked)


def lock_material(session: Session, material_ids: Iterable[UUID]) -> dict[UUID, Balance]:
    """Lock the balances of materials in their one fixed order and read them."""
    found = dict.fromkeys(material_ids, Balance())
    if not found:
        return found
    rows = session.execute(
        select(MaterialStock.material_id, MaterialStock.on_hand, MaterialStock.reserved)
        .where(MaterialStock.material_id.in_(found))
        .order_by(MaterialStock.material_id)
        .with_for_update()
    )
    for row in rows:
        found[row.material_id] = Balance(row.on_hand, row.reserved)
    return found


def read_material(session: Session, material_ids: Collection[UUID]) -> dict[UUID, Balance]:
    """Read the balances of materials without locking them."""
    found = dict.fromkeys(material_ids, Balance())
    rows = session.execute(
        select(MaterialStock.material_id, MaterialStock.on_hand, MaterialStock.reserved).where(
            MaterialStock.material_id.in_(found)
        )
    )
    for row in rows:
        found[row.material_id] = Balance(row.on_hand, row.reserved)
    return found


def begin_material(session: Session, material_id: UUID) -> None:
    """Begin the balance of a new material at zero."""
    session.execute(insert(MaterialStock).values(material_id=material_id, on_hand=0, reserved=0))


def book_material(work: Work, moves: Sequence[MaterialMove]) -> None:
    """Book movements of material whose balances the caller has locked."""
    if not moves:
        return
    rows = [vars(move) for move in moves]
    moved = work.session.execute(_BOOK_MATERIAL, {"moves": json.dumps(plain(rows)), **_who(work)})
    _check_moved(moved.rowcount, len({move.material_id for move in moves}))  # type: ignore[attr-defined]


def record_discrepancies(work: Work, missing: Sequence[Move]) -> None:
    """Record movements that happened but that the books could not follow, to be counted."""
    if missing:
        work.session.execute(
            insert(Discrepancy),
            [
                {
                    **move.key._asdict(),
                    "quantity": abs(move.on_hand),
                    "cause": move.kind,
                    "order_id": move.order_id,
                    "line_id": move.line_id,
                    "reference": move.reference,
                    "found_at": work.now,
                }
                for move in missing
            ],
        )


def _who(work: Work) -> dict[str, object]:
    return {
        "at": work.now,
        "person_id": work.principal.person_id,
        "person_name": work.principal.name,
    }


def _check_moved(moved: int, wanted: int) -> None:
    if moved != wanted:
        raise AssertionError(f"{wanted} balances should have moved, {moved} did")
