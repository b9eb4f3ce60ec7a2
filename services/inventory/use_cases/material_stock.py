"""Raw material: reserved for orders wholly or not at all, waited for, consumed, given back.

Locks are taken in one order: the order's row, then the balances of all materials concerned.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.database import Work
from chassis.quantity import ZERO, check
from services.inventory.domain.errors import MaterialNotHeld, TooMuchReturned
from services.inventory.domain.material import (
    Demand,
    MaterialClaim,
    MaterialMove,
    MaterialMoveKind,
    MaterialShortage,
    missing_by_material,
    serve,
)
from services.inventory.domain.stock import Balance
from services.inventory.storage import arrivals, ledger, material_claims, materials, orders


def reserve_material(
    work: Work, order_id: UUID, demand: Sequence[Demand]
) -> list[MaterialShortage]:
    """Hold for an order exactly what `demand` says, moving only the difference.

    All or nothing: where anything is short, nothing changes and the shortages are given.
    Lines whose material was consumed already are left alone. The order stops waiting, and what
    it no longer wants serves those that wait for it.
    """
    claims, balances = _lock_claims(work, order_id, demand)
    wanted = _without_consumed(demand, claims)
    held = _held(claims)
    shortages = _shortages(work, wanted, balances, held)
    if shortages:
        return shortages
    released = _hold(work, order_id, wanted, claims)
    material_claims.stop_waiting(work.session, [order_id])
    serve_waiting(work, released)
    return []


def wait_for_material(
    work: Work, order_id: UUID, demand: Sequence[Demand], *, production_due: date | None
) -> bool:
    """Queue an order for its material, holding nothing; arrivals serve it wholly.

    Gives whether it was served at once, because everything it needs is free after all.
    """
    claims, _ = _lock_claims(work, order_id, demand)
    wanted = _without_consumed(demand, claims)
    _release(work, claims)
    material_claims.remove(work.session, order_id, {claim.line_id for claim in claims})
    material_claims.write(work.session, _claims(order_id, wanted, ZERO, work.now))
    material_claims.wait(work.session, order_id, production_due=production_due, since=work.now)
    return order_id in serve_waiting(work, {d.material_id for d in wanted})


def wait_for_rest(
    work: Work,
    order_id: UUID,
    line_id: UUID,
    demand: Sequence[Demand],
    *,
    production_due: date | None,
) -> bool:
    """Claim material once more for a line whose first making consumed its own.

    What was consumed then is in the ledger; the claim is from now on of what is still to be
    made. Gives whether it was served at once.
    """
    orders.lock(work, order_id)
    ledger.lock_material(work.session, {d.material_id for d in demand})
    material_claims.forget(work.session, order_id, line_id)
    material_claims.write(work.session, _claims(order_id, demand, ZERO, work.now))
    material_claims.wait(work.session, order_id, production_due=production_due, since=work.now)
    return order_id in serve_waiting(work, {d.material_id for d in demand})


def serve_waiting(work: Work, material_ids: Collection[UUID]) -> list[UUID]:
    """Reserve for orders that wait for any of these materials; give those served.

    Orders are served wholly or not at all, by production_due.
    """
    waiting = material_claims.waiting_for(work.session, material_ids)
    if not waiting:
        return []
    claimed: dict[UUID, list[MaterialClaim]] = defaultdict(list)
    for claim in material_claims.of_orders(work.session, [wait.order_id for wait in waiting]):
        claimed[claim.order_id].append(claim)
    concerned = {claim.material_id for claims in claimed.values() for claim in claims}
    balances = ledger.lock_material(work.session, concerned | set(material_ids))
    # Who waits is read again: another transaction may have served them before the lock.
    waiting = material_claims.waiting_for(work.session, material_ids)
    claimed.clear()
    for claim in material_claims.of_orders(work.session, [wait.order_id for wait in waiting]):
        claimed[claim.order_id].append(claim)
    free = {material_id: balance.free for material_id, balance in balances.items()}
    # What a claim lacks nothing of is not among the locked: another order may have joined.
    served = serve(
        {wait.order_id: missing_by_material(claimed[wait.order_id]) for wait in waiting}, free
    )
    for order_id in served:
        _fill(work, claimed[order_id])
    material_claims.stop_waiting(work.session, served)
    return served


def consume_material(work: Work, order_id: UUID, line_id: UUID, *, reference: str) -> None:
    """Take a line's material out of stock at the start of making it; once.

    Raises MaterialNotHeld unless all of it is held.
    """
    orders.lock(work, order_id)
    claims = [c for c in material_claims.of_order(work.session, order_id) if c.line_id == line_id]
    if any(claim.consumed for claim in claims):
        return
    ledger.lock_material(work.session, {claim.material_id for claim in claims})
    lacking = {c.material_id: c.missing for c in claims if c.missing > 0}
    if lacking:
        names = materials.by_ids(work.session, lacking)
        raise MaterialNotHeld(
            summary="; ".join(f"{names[id_].code}: {q}" for id_, q in lacking.items())
        )
    ledger.book_material(
        work,
        [
            MaterialMove(
                claim.material_id,
                MaterialMoveKind.CONSUMED,
                on_hand=-claim.held,
                reserved=-claim.held,
                order_id=order_id,
                line_id=line_id,
                reference=reference,
            )
            for claim in claims
            if claim.held
        ],
    )
    material_claims.write(work.session, [_row(c, held=ZERO, consumed=c.held) for c in claims])


def return_unused(
    work: Work,
    order_id: UUID,
    line_id: UUID,
    unused: Mapping[UUID, Decimal],
    *,
    reference: str,
) -> list[UUID]:
    """Put back what making a line did not use; gives the waiting orders this served.

    Raises TooMuchReturned where that is more than was taken for the line.
    """
    orders.lock(work, order_id)
    claims = check_unused(work, order_id, line_id, unused)
    back = {material_id: quantity for material_id, quantity in unused.items() if quantity}
    ledger.lock_material(work.session, back)
    ledger.book_material(
        work,
        [
            MaterialMove(
                material_id,
                MaterialMoveKind.UNUSED,
                on_hand=quantity,
                order_id=order_id,
                line_id=line_id,
                reference=reference,
            )
            for material_id, quantity in back.items()
        ],
    )
    material_claims.write(
        work.session,
        [
            _row(claims[material_id], returned=claims[material_id].returned + quantity)
            for material_id, quantity in back.items()
        ],
    )
    return serve_waiting(work, back)


def unused_by_code(rows: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Sum up what a person says was not used, by material code; nothing of a material is none."""
    unused: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        unused[row["material_code"]] += row["quantity"]
    return {code: quantity for code, quantity in unused.items() if quantity}


def check_unused(
    work: Work, order_id: UUID, line_id: UUID, unused: Mapping[UUID, Decimal]
) -> dict[UUID, MaterialClaim]:
    """Give a line's claims by material. Raises TooMuchReturned, QuantityNotInUnit."""
    claims = {
        c.material_id: c
        for c in material_claims.of_order(work.session, order_id)
        if c.line_id == line_id
    }
    known = materials.by_ids(work.session, unused)
    for material_id, quantity in unused.items():
        material = known[material_id]
        check(quantity, material.unit_decimals)
        claim = claims.get(material_id)
        taken = ZERO if claim is None else claim.consumed - claim.returned
        if quantity > taken:
            raise TooMuchReturned(material_code=material.code, consumed=taken)
    return claims


def free_material(work: Work, order_id: UUID, *, line_id: UUID | None = None) -> list[UUID]:
    """Let go of what an order (or one of its lines) holds; gives the waiting orders this served.

    Freeing twice changes nothing.
    """
    claimed, _ = _lock_claims(work, order_id)
    claims = [claim for claim in claimed if line_id in (None, claim.line_id)]
    freed = {claim.material_id for claim in claims if claim.held}
    _release(work, claims)
    material_claims.remove(work.session, order_id, {claim.line_id for claim in claims})
    if line_id is None and claims:
        material_claims.stop_waiting(work.session, [order_id])
    # Where one line lacked what the others wait for in vain, the order is served by losing it.
    left = {claim.material_id for claim in claimed if line_id not in (None, claim.line_id)}
    if left and material_claims.is_waiting(work.session, order_id):
        freed |= left
    return serve_waiting(work, freed) if freed else []


@dataclass(frozen=True)
class MaterialHolding:
    """What one order line holds of one material, as people are shown it."""

    line_id: UUID
    material_id: UUID
    material_code: str
    demand: Decimal
    held: Decimal
    consumed: Decimal
    waiting: bool


def material_holdings(work: Work, order_id: UUID) -> list[MaterialHolding]:
    """Give what an order holds, has consumed or waits for."""
    claims = material_claims.of_order(work.session, order_id)
    if not claims:
        return []
    known = materials.by_ids(work.session, {claim.material_id for claim in claims})
    waits = material_claims.is_waiting(work.session, order_id)
    return [
        MaterialHolding(
            line_id=claim.line_id,
            material_id=claim.material_id,
            material_code=known[claim.material_id].code,
            demand=claim.demand,
            held=claim.held,
            consumed=claim.consumed - claim.returned,
            waiting=waits and claim.missing > 0,
        )
        for claim in claims
    ]


def is_held_in_full(work: Work, order_id: UUID, line_id: UUID) -> bool:
    """Whether making the line could start: nothing of its material is missing."""
    claims = material_claims.of_order(work.session, order_id)
    return all(claim.missing <= 0 for claim in claims if claim.line_id == line_id)


def _lock_claims(
    work: Work, order_id: UUID, demand: Iterable[Demand] = ()
) -> tuple[Sequence[MaterialClaim], dict[UUID, Balance]]:
    """Lock an order and the balances of all it claims or demands; give its claims, and those.

    Which claims there are changes under the order's lock alone, but whoever serves it from
    freed or arrived material fills them under the balances': only what is read after that
    lock tells what the order holds.
    """
    orders.lock(work, order_id)
    claims = material_claims.of_order(work.session, order_id)
    balances = ledger.lock_material(
        work.session, {c.material_id for c in claims} | {d.material_id for d in demand}
    )
    return (material_claims.of_order(work.session, order_id) if claims else claims), balances


def _without_consumed(demand: Sequence[Demand], claims: Iterable[MaterialClaim]) -> list[Demand]:
    consumed = {claim.line_id for claim in claims if claim.consumed}
    return [d for d in demand if d.line_id not in consumed]


def _by_material(quantities: Iterable[tuple[UUID, Decimal]]) -> dict[UUID, Decimal]:
    sums: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    for material_id, quantity in quantities:
        sums[material_id] += quantity
    return sums


def _held(claims: Iterable[MaterialClaim]) -> dict[UUID, Decimal]:
    return _by_material((claim.material_id, claim.held) for claim in claims)


def _shortages(
    work: Work,
    wanted: Iterable[Demand],
    balances: Mapping[UUID, Balance],
    held: Mapping[UUID, Decimal],
) -> list[MaterialShortage]:
    total = _by_material((d.material_id, d.quantity) for d in wanted)
    available = {id_: balances[id_].free + held.get(id_, ZERO) for id_ in total}
    short = {id_: quantity for id_, quantity in total.items() if quantity > available[id_]}
    if not short:
        return []
    known = materials.by_ids(work.session, short)
    coming = arrivals.next_of_materials(work.session, short)
    return [
        MaterialShortage(
            material_id=id_,
            material_code=known[id_].code,
            wanted=quantity,
            free=available[id_],
            next_arrival=(
                {"date": coming[id_].expected_on, "quantity": coming[id_].quantity}
                if id_ in coming
                else None
            ),
        )
        for id_, quantity in sorted(short.items(), key=lambda item: known[item[0]].code)
    ]


def _hold(
    work: Work, order_id: UUID, wanted: Sequence[Demand], claims: Sequence[MaterialClaim]
) -> set[UUID]:
    """Make what the order holds exactly `wanted`; its balances are locked and suffice.

    Gives the materials of which it let go.
    """
    before = {(c.line_id, c.material_id): c for c in claims}
    after = {(d.line_id, d.material_id): d.quantity for d in wanted}
    moves, gone = [], set()
    for key, claim in before.items():
        if key not in after and not claim.consumed:
            moves.append(_release_move(claim))
            gone.add(claim.line_id)
    for (line_id, material_id), quantity in after.items():
        old = before.get((line_id, material_id))
        change = quantity - (old.held if old else ZERO)
        if change:
            kind = MaterialMoveKind.RESERVED if change > 0 else MaterialMoveKind.RELEASED
            moves.append(
                MaterialMove(material_id, kind, reserved=change, order_id=order_id, line_id=line_id)
            )
    ledger.book_material(work, [move for move in moves if move.reserved])
    material_claims.remove(work.session, order_id, gone)
    material_claims.write(work.session, _claims(order_id, wanted, None, work.now))
    return {move.material_id for move in moves if move.reserved < 0}


def _fill(work: Work, claims: Sequence[MaterialClaim]) -> None:
    """Reserve all that an order's claims miss; the balances are locked and suffice."""
    missing = [claim for claim in claims if claim.missing > 0]
    ledger.book_material(
        work,
        [
            MaterialMove(
                claim.material_id,
                MaterialMoveKind.RESERVED,
                reserved=claim.missing,
                order_id=claim.order_id,
                line_id=claim.line_id,
            )
            for claim in missing
        ],
    )
    material_claims.write(work.session, [_row(claim, held=claim.demand) for claim in missing])


def _release(work: Work, claims: Sequence[MaterialClaim]) -> None:
    held = [claim for claim in claims if claim.held]
    ledger.book_material(work, [_release_move(claim) for claim in held])
    material_claims.write(work.session, [_row(claim, held=ZERO) for claim in held])


def _release_move(claim: MaterialClaim) -> MaterialMove:
    return MaterialMove(
        claim.material_id,
        MaterialMoveKind.RELEASED,
        reserved=-claim.held,
        order_id=claim.order_id,
        line_id=claim.line_id,
    )


def _claims(
    order_id: UUID, wanted: Iterable[Demand], held: Decimal | None, at: datetime
) -> list[dict[str, object]]:
    return [
        {
            "order_id": order_id,
            "line_id": d.line_id,
            "material_id": d.material_id,
            "demand": d.quantity,
            "held": d.quantity if held is None else held,
            "consumed": ZERO,
            "returned": ZERO,
            "held_at": at,
        }
        for d in wanted
    ]


def _row(claim: MaterialClaim, **changed: Decimal) -> dict[str, object]:
    return {
        "order_id": claim.order_id,
        "line_id": claim.line_id,
        "material_id": claim.material_id,
        "demand": claim.demand,
        "held": claim.held,
        "consumed": claim.consumed,
        "returned": claim.returned,
        "held_at": claim.held_at,
        **changed,
    }
