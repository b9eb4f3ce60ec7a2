"""Signed statements and those still to be signed."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from chassis.mapping import without_session
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


class ToSign(NamedTuple):
    """What is shown of a statement to be signed, and its order, to be asked."""

    order_number: str
    kind: StatementKind
    order: OrderCopy


def to_sign(session: Session, kinds: Sequence[StatementKind], limit: int) -> list[ToSign]:
    """List what somebody still owes a favourable signature, the longest open first."""
    rows = session.execute(
        select(Statement.order_number, Statement.kind, OrderCopy.view)
        .join(OrderCopy, OrderCopy.order_id == Statement.order_id)
        .where(
            Statement.kind.in_(kinds),
            Statement.verdict.in_([Verdict.PENDING, Verdict.REFUSED, Verdict.SHORT]),
            OrderCopy.stage == "in_review",
        )
        .order_by(Statement.opened_at, Statement.id)
        .limit(limit)
    )
    return [
        ToSign(number, kind, without_session(OrderCopy, {"view": view}))
        for number, kind, view in rows
    ]
