"""Customers: found, listed, and searched by pieces of their names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from chassis.finding import stands_in
from chassis.grams import HOME, is_gram, wanted, words
from chassis.principal import Principal
from services.customers.domain.customer import CUSTOMER_CODE, Customer
from services.customers.domain.errors import CustomerCodeTaken, CustomerNotFound
from services.customers.domain.grade import Grade

_PARTS = (
    selectinload(Customer.contacts),
    selectinload(Customer.seals),
    selectinload(Customer.addresses),
    selectinload(Customer.grade_changes),
)


@dataclass(frozen=True)
class Search:
    """What customers are looked for by; all that is given must fit."""

    text: str | None = None
    region: str | None = None
    grade: Grade | None = None
    salesperson_id: str | None = None
    active: bool | None = None


def next_code(session: Session) -> str:
    """Give a code for a customer that was registered without one; none that the books have.

    Codes of that form may have come from older books.
    """
    while True:
        count: int = session.scalar(CUSTOMER_CODE.next_value())
        code = f"C{count:06d}"
        if not session.scalar(select(Customer.id).where(Customer.code == code)):
            return code


def add(session: Session, customer: Customer) -> None:
    """Put a new customer in the books. Raises CustomerCodeTaken."""
    session.add(customer)
    try:
        session.flush()
    except IntegrityError as error:
        if "uq_customer_code" in str(error.orig):
            raise CustomerCodeTaken(customer_code=customer.code) from None
        raise


def by_code(session: Session, code: str, principal: Principal, *, lock: bool = False) -> Customer:
    """Give a customer with all its parts. Raises CustomerNotFound, also for another's."""
    return _one(session, select(Customer).where(Customer.code == code), principal, code, lock=lock)


def by_id(session: Session, customer_id: UUID, *, whole: bool = False) -> Customer:
    """Give a customer by its id, as neighbours ask for it. Raises CustomerNotFound."""
    query = select(Customer).where(Customer.id == customer_id)
    found = session.scalars(query.options(*_PARTS) if whole else query).one_or_none()
    if found is None:
        raise CustomerNotFound(customer=customer_id)
    return found


def plain_by_code(session: Session, code: str, principal: Principal) -> Customer:
    """Give a customer without its parts. Raises CustomerNotFound, also for another's."""
    query = _own(select(Customer).where(Customer.code == code), principal)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise CustomerNotFound(customer=code)
    return found


def search(
    session: Session, wish: Search, principal: Principal, *, limit: int, after: str | None
) -> Sequence[Customer]:
    """Give up to `limit` customers that fit, by code, from the one after `after` on.

    A text that is somebody's whole code means that customer.
    """
    query = _own(select(Customer), principal)
    whole = (wish.text or "").strip().upper()
    if whole and session.scalar(select(Customer.id).where(Customer.code == whole)):
        query = query.where(Customer.code == whole)
        wish = replace(wish, text=None)
    for word in words(wish.text or ""):
        # The index gives the few rows that have all grams of the word; the text decides.
        query = query.where(Customer.grams.contains(wanted(word)))
        if not principal.sees_personal_data and any(character.isdigit() for character in word):
            query = query.where(_stands_beside_phones(word))
        # Where nothing is left to decide, deciding would make PostgreSQL expect fewer rows.
        elif not is_gram(word):
            query = query.where(func.strpos(Customer.search_text, word) > 0)
    if wish.region is not None:
        query = query.where(Customer.region == wish.region)
    if wish.grade is not None:
        query = query.where(Customer.grade == wish.grade)
    if wish.salesperson_id is not None:
        query = query.where(Customer.salesperson_id == wish.salesperson_id)
    if wish.active is not None:
        query = query.where(Customer.active == wish.active)
    if after is not None:
        query = query.where(Customer.code > after)
    return session.scalars(query.order_by(Customer.code).limit(limit)).all()


def _stands_beside_phones(word: str) -> ColumnElement[bool]:
    """Find a word in code or names, or a phone by its whole number.

    To whom phones are masked, the rest would be known soon if any part of it could be asked for.
    """
    lines = "\n" + Customer.search_text + "\n"
    return or_(
        stands_in(word, Customer.code, Customer.name, Customer.short_name),
        *(func.strpos(lines, f"\n{number}\n") > 0 for number in (word, HOME + word)),
    )


def _one(
    session: Session,
    query: Select[Customer],
    principal: Principal,
    name: str,
    *,
    lock: bool,
) -> Customer:
    query = _own(query, principal).options(*_PARTS)
    if lock:
        query = query.with_for_update(of=Customer)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise CustomerNotFound(customer=name)
    return found


def _own(query: Select[Customer], principal: Principal) -> Select[Customer]:
    if principal.limited_to_own_customers:
        query = query.where(Customer.salesperson_id == principal.person_id)
    return query
