"""Raw materials: made, changed, searched, booked by hand."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

from chassis import quantity as quantities
from chassis.database import Work
from chassis.errors import guard_version
from services.inventory.domain.errors import MaterialCodeTaken, UnitInUse
from services.inventory.domain.material import Material, MaterialMove, MaterialMoveKind
from services.inventory.domain.stock import Balance
from services.inventory.storage import ledger, materials
from services.inventory.storage.pages import Page
from services.inventory.use_cases import material_stock
from services.inventory.use_cases.changes import require_why


def create_material(work: Work, facts: Mapping[str, Any]) -> Material:
    """Make a material. Raises MaterialCodeTaken."""
    if materials.code_is_taken(work.session, facts["code"]):
        raise MaterialCodeTaken(material_code=facts["code"])
    material = Material(material_id=uuid4(), created_at=work.now, facts=facts)
    work.session.add(material)
    work.session.flush()
    ledger.begin_material(work.session, material.id)
    work.log("material", material.code, "create_material")
    return material


def change_material(
    work: Work,
    code: str,
    facts: Mapping[str, Any],
    *,
    expected_version: int | None,
    reason: str | None,
    note: str | None,
) -> Material:
    """Change a material, saying why. Raises UnitInUse once quantities of it are booked."""
    material = materials.by_code(work.session, code, lock=True)
    guard_version(code, material.version, expected_version)
    why = require_why(reason)
    changes = material.change(facts)
    if changes.keys() & {"unit", "unit_decimals"} and materials.has_movements(
        work.session, material.id
    ):
        raise UnitInUse(code=code)
    if changes:
        work.log("material", code, "change_material", changes=changes, reason=why, note=note)
        work.session.flush()
    return material


def get_material(work: Work, code: str) -> Material:
    """Give a material by its code. Raises MaterialNotFound."""
    return materials.by_code(work.session, code)


def search_materials(
    work: Work, *, text: str | None, active: bool | None, limit: int, after: str | None
) -> Page[Material]:
    """List materials by code that fit every filter given."""
    return materials.search(work.session, text=text, active=active, limit=limit, after=after)


def book_material(
    work: Work,
    code: str,
    *,
    change: Decimal | None,
    counted: Decimal | None,
    opening: bool,
    reason: str | None,
    note: str | None,
) -> tuple[Material, Balance]:
    """Book material in or out by hand: by a change, or to what was counted.

    What is reserved cannot be booked away: raises StockHeld, and
    BalanceTooLarge. Material that comes in serves
    the orders waiting for it. An opening balance changes nothing once anything was booked.
    """
    why = require_why(reason)
    material = materials.by_code(work.session, code)
    balance = ledger.lock_material(work.session, [material.id])[material.id]
    if opening and materials.has_movements(work.session, material.id):
        return material, balance
    moved = counted - balance.on_hand if counted is not None else change or quantities.ZERO
    moved = quantities.check(moved, material.unit_decimals)
    balance.guard_booking(code, moved)
    kind = MaterialMoveKind.OPENING if opening else MaterialMoveKind.ADJUSTED
    if moved:
        ledger.book_material(
            work, [MaterialMove(material.id, kind, on_hand=moved, reason=why, note=note)]
        )
    if moved > 0:
        material_stock.serve_waiting(work, [material.id])
    work.log(
        "material",
        code,
        "book_material",
        changes={"on_hand": [balance.on_hand, balance.on_hand + moved]},
        reason=why,
        note=note,
    )
    return material, ledger.read_material(work.session, [material.id])[material.id]
