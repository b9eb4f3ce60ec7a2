"""Arrivals: announced by purchasing, expected on a day, received by the warehouse."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis import quantity as quantities
from chassis.database import Work
from chassis.errors import guard_version
from services.inventory.domain.arrival import Arrival
from services.inventory.domain.events import GoodsArrived
from services.inventory.domain.lifecycle import ArrivalState
from services.inventory.domain.material import Material, MaterialMove, MaterialMoveKind
from services.inventory.domain.product import Product
from services.inventory.domain.stock import Move, MoveKind, StockKey
from services.inventory.storage import arrivals, ledger, materials, numbers, products, stock
from services.inventory.storage.arrivals import Listed
from services.inventory.storage.pages import Page
from services.inventory.use_cases import material_stock, wishes


@dataclass(frozen=True)
class Arriving:
    """An arrival with what it brings, and whom receiving it served."""

    arrival: Arrival
    product: Product | None
    material: Material | None
    served: list[UUID]


def expect_arrival(
    work: Work,
    *,
    product_code: str | None,
    material_code: str | None,
    store_code: str | None,
    quantity: Decimal,
    expected_on: date,
    supplier: str,
    note: str,
) -> Arriving:
    """Note that a product (or a material) is in transit. Raises ProductNotFound and its like."""
    product = products.by_code(work.session, product_code) if product_code else None
    material = materials.by_code(work.session, material_code or "") if product is None else None
    decimals = (product or material).unit_decimals  # type: ignore[union-attr]
    store = stock.store(work.session, store_code or work.setting("shipping_store"))
    arrival = Arrival(
        arrival_id=uuid4(),
        number=numbers.next_number(work.session, numbers.ARRIVAL, work.today),
        product_id=product.id if product else None,
        material_id=material.id if material else None,
        store_code=store.code,
        quantity=quantities.check(quantity, decimals),
        expected_on=expected_on,
        supplier=supplier,
        note=note,
        created_at=work.now,
    )
    work.session.add(arrival)
    work.log("arrival", arrival.number, "expect_arrival")
    work.session.flush()
    return Arriving(arrival, product, material, [])


def receive_arrival(
    work: Work,
    number: str,
    *,
    quantity: Decimal | None,
    rest_expected_on: date | None,
    expected_version: int | None,
    note: str | None,
) -> Arriving:
    """Count what came into stock; material serves the orders that wait for it, goods meet wishes.

    With `rest_expected_on` what is lacking is expected again as an arrival of its own.
    Raises IllegalMove for one that was received or cancelled before.
    """
    arriving = _load(work, number)
    arrival = arriving.arrival
    arrival.guard_move(ArrivalState.RECEIVED)
    guard_version(number, arrival.version, expected_version)
    arrival.receive(
        arrival.quantity if quantity is None else _in_unit(arriving, quantity),
        by=work.principal.name,
        at=work.now,
    )
    served: list[UUID] = []
    if arrival.material_id is not None:
        served = _receive_material(work, arrival, arrival.material_id)
    elif arrival.product_id is not None:
        _receive_goods(work, arrival, arrival.product_id)
    rest = arrival.quantity - arrival.received_quantity
    if rest_expected_on is not None and rest > 0:
        expect_arrival(
            work,
            product_code=arriving.product.code if arriving.product else None,
            material_code=arriving.material.code if arriving.material else None,
            store_code=arrival.store_code,
            quantity=rest,
            expected_on=rest_expected_on,
            supplier=arrival.supplier,
            note=number,
        )
    work.log(
        "arrival",
        number,
        "receive_arrival",
        changes={"received_quantity": [None, arrival.received_quantity]},
        note=note,
    )
    work.announce(GoodsArrived(arrival))
    work.session.flush()
    return Arriving(arrival, arriving.product, arriving.material, served)


def _receive_material(work: Work, arrival: Arrival, material_id: UUID) -> list[UUID]:
    if arrival.received_quantity:
        ledger.lock_material(work.session, [material_id])
        ledger.book_material(
            work,
            [
                MaterialMove(
                    material_id,
                    MaterialMoveKind.ARRIVED,
                    on_hand=arrival.received_quantity,
                    reference=arrival.number,
                )
            ],
        )
    return material_stock.serve_waiting(work, [material_id])


def _receive_goods(work: Work, arrival: Arrival, product_id: UUID) -> None:
    key = StockKey(product_id, arrival.store_code)
    balance = ledger.open_stock(work, [key])[key]
    if arrival.received_quantity:
        move = Move(
            key,
            MoveKind.ARRIVED,
            on_hand=arrival.received_quantity,
            reference=arrival.number,
        )
        ledger.book_stock(work, [move])
        wishes.meet_wishes(work, product_id, balance.free + arrival.received_quantity)


def postpone_arrival(
    work: Work,
    number: str,
    *,
    expected_on: date,
    expected_version: int | None,
    note: str | None,
) -> Arriving:
    """Expect an arrival on another day."""
    arriving = _load(work, number)
    before = arriving.arrival.expected_on
    arriving.arrival.guard_move(ArrivalState.RECEIVED)
    guard_version(number, arriving.arrival.version, expected_version)
    arriving.arrival.postpone(expected_on)
    work.log(
        "arrival",
        number,
        "postpone_arrival",
        changes={"expected_on": [before, expected_on]},
        note=note,
    )
    work.session.flush()
    return arriving


def cancel_arrival(
    work: Work, number: str, *, expected_version: int | None, note: str | None
) -> Arriving:
    """Note that what was in transit will not come."""
    arriving = _load(work, number)
    arriving.arrival.guard_move(ArrivalState.CANCELLED)
    guard_version(number, arriving.arrival.version, expected_version)
    arriving.arrival.cancel()
    work.log("arrival", number, "cancel_arrival", note=note)
    work.session.flush()
    return arriving


def get_arrival(work: Work, number: str) -> Arriving:
    """Give an arrival. Raises ArrivalNotFound."""
    return _with_item(work, arrivals.by_number(work.session, number))


def list_arrivals(
    work: Work,
    *,
    state: ArrivalState | None,
    first_day: date | None,
    last_day: date | None,
    limit: int,
    after: str | None,
) -> Page[Listed]:
    """List arrivals by the day they are expected."""
    return arrivals.listed(
        work.session,
        state=state,
        first_day=first_day,
        last_day=last_day,
        limit=limit,
        after=after,
    )


def _load(work: Work, number: str) -> Arriving:
    return _with_item(work, arrivals.by_number(work.session, number, lock=True))


def _with_item(work: Work, arrival: Arrival) -> Arriving:
    product = material = None
    if arrival.product_id is not None:
        product = products.by_id(work.session, arrival.product_id)
    elif arrival.material_id is not None:
        material = materials.by_ids(work.session, [arrival.material_id])[arrival.material_id]
    return Arriving(arrival, product, material, [])


def _in_unit(arriving: Arriving, quantity: Decimal) -> Decimal:
    item: Any = arriving.product or arriving.material
    return quantities.check(quantity, item.unit_decimals)
