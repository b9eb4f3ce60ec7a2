"""Returned goods: into quarantine when they come, out of it as inspection decides (I13).

What is in rework is ours until it is settled that the customer gets it back mended.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from chassis.database import Work
from chassis.quantity import ZERO
from services.inventory.domain.errors import ReturnNotInspected
from services.inventory.domain.stock import Condition, Move, MoveKind, StockKey
from services.inventory.storage import ledger, reservations, stock
from services.inventory.use_cases import wishes


@dataclass(frozen=True)
class ReturnedLine:
    """Goods of a case that came back."""

    product_id: UUID
    quantity: Decimal


@dataclass(frozen=True)
class InspectedLine:
    """What becomes of returned goods, by disposition."""

    product_id: UUID
    restock: Decimal
    rework: Decimal
    scrap: Decimal
    transfer: Decimal


_INSPECTED = (MoveKind.RESTOCKED, MoveKind.REWORK, MoveKind.SCRAPPED, MoveKind.PASSED_ON)


def take_back(work: Work, case: str, lines: Sequence[ReturnedLine]) -> None:
    """Book goods that came back into quarantine; once for each case."""
    store_code = work.setting("shipping_store")
    received = [
        Move(
            StockKey(line.product_id, store_code, Condition.QUARANTINE),
            MoveKind.RETURNED,
            on_hand=line.quantity,
            reference=case,
        )
        for line in lines
        if line.quantity
    ]
    ledger.open_stock(work, {move.key for move in received})
    if not reservations.was_booked(work.session, case, [MoveKind.RETURNED]):
        ledger.book_stock(work, received)


def follow_inspection(work: Work, case: str, lines: Sequence[InspectedLine]) -> None:
    """Move inspected goods out of quarantine: restocked, to rework, scrapped or passed on.

    What the books have not in quarantine is recorded as a discrepancy, to be counted. Once
    for each case.
    """
    store_code = work.setting("shipping_store")
    steps = [step for line in lines for step in _steps(line)]
    keys = {StockKey(step.product_id, store_code, Condition.QUARANTINE) for step in steps}
    keys |= {
        StockKey(step.product_id, store_code, step.condition)
        for step in steps
        if step.condition is not None
    }
    balances = ledger.open_stock(work, keys)
    if reservations.was_booked(work.session, case, _INSPECTED):
        return
    left: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    for key, balance in balances.items():
        if key.condition is Condition.QUARANTINE:
            left[key.product_id] = balance.on_hand
    moves: list[Move] = []
    missing: list[Move] = []
    for step in steps:
        quarantine = StockKey(step.product_id, store_code, Condition.QUARANTINE)
        taken = min(step.quantity, left[step.product_id])
        left[step.product_id] -= taken
        if taken:
            moves.append(Move(quarantine, step.kind, on_hand=-taken, reference=case))
            if step.condition is not None:
                target = StockKey(step.product_id, store_code, step.condition)
                moves.append(Move(target, step.kind, on_hand=taken, reference=case))
        if taken < step.quantity:
            lacking = step.quantity - taken
            missing.append(Move(quarantine, step.kind, on_hand=-lacking, reference=case))
    ledger.book_stock(work, moves)
    ledger.record_discrepancies(work, missing)
    for product_id in sorted(
        {m.key.product_id for m in moves if m.key.condition is Condition.GOOD}
    ):
        wishes.meet_with_free_stock(work, product_id)


def give_back_mended(work: Work, case: str) -> None:
    """Book what a case brought to rework out: mended, it is with its customer again.

    What was booked away meanwhile is recorded as a discrepancy, to be counted. Once for each
    case. Raises ReturnNotInspected, to be tried again, while its inspection has not been heard of.
    """
    if not reservations.was_booked(work.session, case, _INSPECTED):
        raise ReturnNotInspected(case_number=case)
    mended = stock.booked_into(work.session, case, MoveKind.REWORK, Condition.DEFECTIVE)
    balances = ledger.lock_stock(work.connection, mended)
    if reservations.was_booked(work.session, case, [MoveKind.REPAIRED]):
        return
    gone = [
        Move(key, MoveKind.REPAIRED, on_hand=-min(quantity, balances[key].on_hand), reference=case)
        for key, quantity in mended.items()
    ]
    ledger.book_stock(work, [move for move in gone if move.on_hand])
    missing = [replace(move, on_hand=mended[move.key] + move.on_hand) for move in gone]
    ledger.record_discrepancies(work, [move for move in missing if move.on_hand])


@dataclass(frozen=True)
class _Step:
    """One disposition of one product: how much, and where it goes (None: out of stock)."""

    product_id: UUID
    kind: MoveKind
    condition: Condition | None
    quantity: Decimal


def _steps(line: InspectedLine) -> Iterator[_Step]:
    for kind, condition, quantity in (
        (MoveKind.RESTOCKED, Condition.GOOD, line.restock),
        (MoveKind.REWORK, Condition.DEFECTIVE, line.rework),
        (MoveKind.SCRAPPED, None, line.scrap),
        (MoveKind.PASSED_ON, None, line.transfer),
    ):
        if quantity:
            yield _Step(line.product_id, kind, condition, quantity)
