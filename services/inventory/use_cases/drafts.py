"""The figures under a statement, as the system drafts them for whoever signs."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.clock import business_date
from chassis.database import Work
from chassis.quantity import ZERO
from services.inventory.domain.errors import StatementNotFound
from services.inventory.domain.lifecycle import StatementKind, Verdict
from services.inventory.domain.material import (
    Demand,
    Material,
    MaterialClaim,
    days_served,
    missing_by_material,
)
from services.inventory.domain.order import LineCopy, OrderCopy
from services.inventory.domain.recipe import Recipe, materials_of
from services.inventory.domain.statement import Statement
from services.inventory.storage import (
    arrivals,
    ledger,
    material_claims,
    materials,
    recipes,
    statements,
)
from services.inventory.use_cases import slots
from services.inventory.use_cases.guards import shown_order


def demand(work: Work, order: OrderCopy) -> list[Demand]:
    """Explode the bills of material of all made lines for their ordered quantities.

    A product without a recipe needs nothing that inventory knows of.
    """
    return demand_of(work, order.made_lines)


def demand_of(work: Work, lines: Sequence[LineCopy]) -> list[Demand]:
    """Explode the bills of material of lines for their quantities."""
    known = recipes.current_of(work.session, {line.product_id for line in lines})
    decimals = {
        material_id: material.unit_decimals
        for material_id, material in materials.by_ids(
            work.session, materials_of(known.values())
        ).items()
    }
    return [
        Demand(line.id, material_id, quantity)
        for line in lines
        if line.product_id in known
        for material_id, quantity in known[line.product_id].explode(line.quantity, decimals).items()
    ]


def draft_statement(work: Work, *, order_number: str, kind: StatementKind) -> dict[str, Any]:
    """Draft a statement: what it would be signed for, with the figures of this moment.

    Raises OrderNotKnown, and StatementNotFound for an order without made lines.
    """
    order = shown_order(work, order_number)
    if not order.made_lines:
        raise StatementNotFound(order_number=order_number, kind=kind)
    figures = {
        StatementKind.TECHNIQUE: technique_figures,
        StatementKind.MATERIAL: material_figures,
        StatementKind.SCHEDULE: schedule_figures,
    }[kind]
    return {
        "order_number": order_number,
        "order_id": order.order_id,
        "revision": order.revision,
        "kind": kind,
        "customer_name": order.customer_name,
        "statement": statements.standing(work.session, order.order_id).get(kind),
        "figures": figures(work, order),
    }


def technique_figures(work: Work, order: OrderCopy) -> dict[str, Any]:
    """Give each made line's current recipe, and whether it changed since technique last passed."""
    made = {line.product_id for line in order.made_lines}
    known = recipes.current_of(work.session, made)
    customer_id = order.customer_id
    passed = statements.technique_passed(work.connection, customer_id, made) if customer_id else {}
    lines = []
    for line in order.made_lines:
        recipe = known.get(line.product_id)
        lines.append(
            {
                "line_id": str(line.id),
                "line_no": line.line_no,
                "product_code": line.product_code,
                "product_name": line.product_name,
                "spec": line.spec,
                "quantity": str(line.quantity),
                "recipe_number": recipe.number if recipe else None,
                "recipe_made_on": business_date(recipe.made_at).isoformat() if recipe else None,
                "process": recipe.process if recipe else None,
                "change_note": recipe.change_note if recipe else None,
                "changed_since_passed": recipe is not None
                and _has_changed(work, recipe, passed.get(line.product_id)),
            }
        )
    return {"lines": lines}


def _has_changed(work: Work, recipe: Recipe, passed_at: datetime | None) -> bool:
    """Whether a product is no longer made as technique last passed it for the customer.

    Where it never has, whether the version in force changed the product.
    """
    if passed_at is None:
        return recipe.number > 1 and recipe.changes_product
    return recipes.was_changed_since(work.session, recipe.product_id, passed_at)


def material_figures(work: Work, order: OrderCopy) -> dict[str, Any]:
    """Give what the order needs of each material against on hand, free, held and arriving."""
    needs: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    for wanted in demand(work, order):
        needs[wanted.material_id] += wanted.quantity
    held: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    for claim in material_claims.of_order(work.session, order.order_id):
        held[claim.material_id] += claim.held
    balances = ledger.read_material(work.session, needs)
    known = materials.by_ids(work.session, needs)
    coming = arrivals.materials_in_transit(work.session, needs)
    rows = []
    ready_on: date | None = work.today
    for material_id in sorted(needs, key=lambda id_: known[id_].code):
        available = balances[material_id].free + held[material_id]
        shortage = max(ZERO, needs[material_id] - available)
        covered_on = _covered_on(coming[material_id], shortage, work.today)
        ready_on = max(ready_on, covered_on) if ready_on and covered_on else None
        rows.append(
            {
                **_named(known[material_id]),
                "demand": str(needs[material_id]),
                "on_hand": str(balances[material_id].on_hand),
                "free": str(balances[material_id].free),
                "held": str(held[material_id]),
                "arriving": [
                    {"date": arrival.expected_on.isoformat(), "quantity": str(arrival.quantity)}
                    for arrival in coming[material_id]
                ],
                "shortage": str(shortage),
                "covered_on": covered_on.isoformat() if covered_on else None,
            }
        )
    with_recipe = recipes.current_of(work.session, {line.product_id for line in order.made_lines})
    return {
        "materials": rows,
        # Nothing is held for these: the technician who signs vouches for them.
        "without_recipe": sorted(
            {line.product_code for line in order.made_lines if line.product_id not in with_recipe}
        ),
        "enough": all(Decimal(row["shortage"]) == 0 for row in rows),
        "material_date": ready_on.isoformat() if ready_on else None,
    }


def _named(material: Material) -> dict[str, Any]:
    return {
        "material_id": str(material.id),
        "material_code": material.code,
        "material_name": material.name,
        "unit": material.unit,
    }


def _covered_on(coming: list[Any], shortage: Decimal, today: date) -> date | None:
    """Give the day from which arrivals cover a shortage; today where there is none."""
    if shortage == 0:
        return today
    for arrival in coming:
        shortage -= arrival.quantity
        if shortage <= 0:
            day: date = arrival.expected_on
            return max(today, day)
    return None


def material_dates(
    work: Work, lines: Collection[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], date | None]:
    """Give from when (order, line)s not begun have material to come; None where nobody knows.

    An order that waits is served wholly, so all its lines have it once the last of it is there.
    What the arrivals say goes before the day that the technician signed, which is all that is
    known of a product without a recipe.
    """
    claims = material_claims.of_orders(work.session, {order_id for order_id, _ in lines})
    without = set(lines) - {(claim.order_id, claim.line_id) for claim in claims}
    short = [claim for claim in claims if claim.missing > 0]
    if not short and not without:
        return {}
    concerned = {claim.order_id for claim in short} | {order_id for order_id, _ in without}
    signed = {
        order_id: day
        for order_id, day in statements.waiting_until(work.session, concerned).items()
        if day >= work.today
    }
    dates: dict[tuple[UUID, UUID], date | None] = {
        (order_id, line_id): signed[order_id] for order_id, line_id in without if order_id in signed
    }
    served = _days_served(work, {claim.material_id for claim in short}) if short else {}
    for claim in short:
        day = served.get(claim.order_id, signed.get(claim.order_id))
        dates[claim.order_id, claim.line_id] = day
    return dates


def _days_served(work: Work, material_ids: Collection[UUID]) -> dict[UUID, date]:
    """Give when the orders that wait for any of the materials are served, of each that will be."""
    queue: dict[UUID, list[MaterialClaim]] = {
        wait.order_id: [] for wait in material_claims.waiting_for(work.session, material_ids)
    }
    for claim in material_claims.of_orders(work.session, queue):
        queue[claim.order_id].append(claim)
    lacks = {order_id: missing_by_material(claims) for order_id, claims in queue.items()}
    named = {material_id for each in lacks.values() for material_id in each}
    return days_served(
        lacks,
        {key: each.free for key, each in ledger.read_material(work.session, named).items()},
        [
            (arrival.expected_on, material_id, arrival.quantity)
            for material_id, coming in arrivals.materials_in_transit(work.session, named).items()
            for arrival in coming
        ],
        today=work.today,
    )


def schedule_figures(work: Work, order: OrderCopy) -> dict[str, Any]:
    """Give when each line can be ready, by free capacity from the day its material is there."""
    material_date = expected_material_date(work, order)
    plans = slots.draft(work, order, start=max(work.today, material_date or work.today))
    dates = [plan.ready_on for plan in plans if plan.ready_on is not None]
    return {
        "lines": [plan.as_figures() for plan in plans],
        "material_date": material_date.isoformat() if material_date else None,
        "production_due": max(dates).isoformat() if len(dates) == len(plans) and dates else None,
    }


def expected_material_date(work: Work, order: OrderCopy) -> date | None:
    """Give the day from which the order's material is there, None where nobody knows.

    What the technician signed goes before what the arrivals say.
    """
    material: Statement | None = statements.standing(work.session, order.order_id).get(
        StatementKind.MATERIAL
    )
    if material is not None and material.verdict is Verdict.PASSED:
        return work.today
    if material is not None and material.material_date is not None:
        return material.material_date
    computed = material_figures(work, order)["material_date"]
    return date.fromisoformat(computed) if computed else None
