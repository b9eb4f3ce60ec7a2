"""Signed statements and those still to be signed."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select, tuple_
from sqlalchemy.orm import Session

from chassis.database import Work
from chassis.roundtrips import ask
from services.inventory.domain.errors import StatementNotFound
from services.inventory.domain.lifecycle import StatementKind, Verdict
from services.inventory.domain.order import OrderCopy
from services.inventory.domain.statement import Statement
from services.inventory.storage.pages import Page, after_moment, page


def standing(session: Session, order_id: UUID) -> dict[StatementKind, Statement]:
    """Give an order's latest statement of each kind, void ones left out.

    The caller that means to sign or void them has locked the order's row.
    """
    session.flush()  # What is read anew must not lose what was changed here.
    rows = session.scalars(
        select(Statement)
        .where(Statement.order_id == order_id, Statement.verdict != Verdict.VOID)
        .order_by(Statement.revision)
        .execution_options(populate_existing=True)
    )
    return {statement.kind: statement for statement in rows}


def at_revision(
    session: Session, order_id: UUID, kind: StatementKind, revision: int
) -> Statement | None:
    """Load the statement opened for one revision, void or not."""
    return session.scalars(
        select(Statement).where(
            Statement.order_id == order_id,
            Statement.kind == kind,
            Statement.revision == revision,
        )
    ).one_or_none()


def latest(session: Session, order: OrderCopy, kind: StatementKind) -> Statement:
    """Load an order's latest statement of a kind, also a void one. Raises StatementNotFound."""
    statement = session.scalars(
        select(Statement)
        .where(Statement.order_id == order.order_id, Statement.kind == kind)
        .order_by(Statement.revision.desc())
        .limit(1)
    ).one_or_none()
    if statement is None:
        raise StatementNotFound(order_number=order.number, kind=kind)
    return statement


def search(
    session: Session,
    *,
    order_number: str | None,
    kind: StatementKind | None,
    verdict: Verdict | None,
    salesperson_id: str | None,
    limit: int,
    after: str | None,
) -> Page[Statement]:
    """List statements, the latest opened first."""
    query = select(Statement).order_by(Statement.opened_at.desc(), Statement.id.desc())
    wanted: list[ColumnElement[bool]] = []
    if order_number is not None:
        wanted.append(Statement.order_number == order_number)
    if kind is not None:
        wanted.append(Statement.kind == kind)
    if verdict is not None:
        wanted.append(Statement.verdict == verdict)
    if salesperson_id is not None:
        query = query.join(OrderCopy, OrderCopy.order_id == Statement.order_id)
        wanted.append(OrderCopy.salesperson_id == salesperson_id)
    if after is not None:
        wanted.append(tuple_(Statement.opened_at, Statement.id) < after_moment(after))
    rows = session.scalars(query.where(*wanted).limit(limit + 1)).all()
    return page(rows, limit, lambda row: f"{row.opened_at.isoformat()}|{row.id}")


def waiting_until(session: Session, order_ids: Collection[UUID]) -> dict[UUID, date]:
    """Give the day that was signed for material to come, of each order that waits for it."""
    rows = session.execute(
        select(Statement.order_id, Statement.material_date).where(
            Statement.order_id.in_(order_ids),
            Statement.kind == StatementKind.MATERIAL,
            Statement.verdict == Verdict.WAITS,
            Statement.material_date.is_not(None),
        )
    )
    return {order_id: day for order_id, day in rows if day is not None}


_TECHNIQUE_PASSED = """
select line ->> 'product_id' as product_id, max(s.passed_at) as passed_at
from statement s
cross join lateral jsonb_array_elements(s.lines) as line
where s.customer_id = %(customer_id)s and s.kind = 'technique'
    and s.passed_at is not null and line ->> 'product_id' = any(%(product_ids)s)
group by line ->> 'product_id'
"""


def technique_passed(
    connection: Connection, customer_id: UUID, product_ids: Collection[UUID]
) -> dict[UUID, datetime]:
    """Give when technique last passed for a customer, of each product for which it has."""
    asked = {
        "customer_id": customer_id,
        "product_ids": [str(product_id) for product_id in product_ids],
    }
    rows = ask(connection, _TECHNIQUE_PASSED, asked)
    return {UUID(row.product_id): row.passed_at for row in rows}


_RESTING_ON = """
select o.number from order_copy o
join statement s on s.order_id = o.order_id
where o.stage = any(%(stages)s) and o.stopped_at is null
    and s.kind = 'technique' and s.verdict = 'passed' and exists (
        select from jsonb_array_elements(s.lines) as line
        where line ->> 'product_id' = %(product_id)s and not exists (
            select from instruction i
            where i.order_id = s.order_id and i.line_id = (line ->> 'line_id')::uuid
                and i.state not in ('draft', 'cancelled')))
order by o.number limit %(limit)s
"""


def orders_resting_on_technique(
    connection: Connection, product_id: UUID, stages: Collection[str], limit: int
) -> list[str]:
    """Give the orders in some stages that technique has passed for, a product not yet issued."""
    asked = {"product_id": str(product_id), "stages": [*stages], "limit": limit}
    return [row.number for row in ask(connection, _RESTING_ON, asked)]


# Kind by kind, each in the order of its index. Only what is shown is taken from an order: its date
# is its own, else the first of its made lines, as `OrderCopy.production_due` has it; before it,
# the moment by which its confirmation is to be sent, which waits for the last statement (SPEC §5).
_TO_SIGN = """
select s.order_number, s.kind, o.view #>> '{customer,name}' as customer_name,
    coalesce(o.view ->> 'production_due', (
        select min(line ->> 'production_due') from jsonb_array_elements(o.view -> 'lines') as line
        where line ->> 'supply' = 'make' and coalesce(line ->> 'short_closed', '') <> 'true'
    ))::date as production_due, (o.view ->> 'confirmation_due_at')::timestamptz as needed_by
from (
    select found.* from unnest(%(kinds)s::text[]) as asked(kind)
    cross join lateral (
        select id, order_id, order_number, kind, opened_at from statement
        where kind = asked.kind and verdict in ('pending', 'refused', 'short') and exists (
            select from order_copy o
            where o.order_id = statement.order_id and o.stage = 'in_review')
        and not exists (
            select from order_block b
            where b.order_id = statement.order_id and b.lifted_at is null)
        order by opened_at, id limit %(limit)s
    ) as found
    order by opened_at, id limit %(limit)s
) as s
cross join lateral (select view from order_copy where order_id = s.order_id limit 1) as o
"""


def to_sign(work: Work, kinds: Sequence[StatementKind], limit: int) -> Sequence[Any]:
    """Give what is shown of what still wants a favourable signature, the longest open first.

    Rows of `order_number, kind, customer_name, needed_by, production_due`.
    """
    return ask(work.connection, _TO_SIGN, {"kinds": [str(kind) for kind in kinds], "limit": limit})
