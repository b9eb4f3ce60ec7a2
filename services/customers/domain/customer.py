"""The customer with its contacts, seals, addresses and the history of its grade."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, Sequence, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chassis.changes import difference
from chassis.grams import grams
from chassis.mapping import Announcing
from chassis.phone import normalised
from services.customers.domain import Base, events
from services.customers.domain.errors import (
    CustomerInactive,
    PartNotFound,
    SameGrade,
    SealCodeTaken,
)
from services.customers.domain.grade import Grade
from services.customers.domain.search import phone_tail, search_text
from services.customers.domain.words import CustomerKind

CUSTOMER_CODE = Sequence("customer_code_seq", metadata=Base.metadata)


class Contact(Base):
    """A person at a customer; an authorised signatory may sign its confirmations (C8)."""

    __tablename__ = "contact"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customer.id", ondelete="cascade"), index=True
    )
    name: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(60), comment="as entered")
    phone_normal: Mapped[str | None] = mapped_column(String(20), comment="E.164, where possible")
    email: Mapped[str] = mapped_column(String(200))
    may_sign: Mapped[bool] = mapped_column(comment="an authorised signatory")
    note: Mapped[str]

    def __init__(
        self,
        *,
        name: str,
        title: str = "",
        phone: str = "",
        email: str = "",
        may_sign: bool = False,
        note: str = "",
    ) -> None:
        super().__init__(
            id=uuid4(),
            name=name,
            title=title,
            phone=phone,
            phone_normal=normalised(phone),
            email=email,
            may_sign=may_sign,
            note=note,
        )

    def change(self, values: Mapping[str, Any]) -> None:
        for field, value in values.items():
            setattr(self, field, value)
        self.phone_normal = normalised(self.phone)


class Seal(Base):
    """A seal on file; a confirmation stamped with it counts as signed."""

    __tablename__ = "seal"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customer.id", ondelete="cascade"), index=True
    )
    code: Mapped[str] = mapped_column(String(40), comment="what people call it by")
    description: Mapped[str]

    def __init__(self, *, code: str, description: str = "") -> None:
        super().__init__(id=uuid4(), code=code, description=description)

    def change(self, values: Mapping[str, Any]) -> None:
        for field, value in values.items():
            setattr(self, field, value)


class Address(Base):
    """A place that a customer has goods sent to."""

    __tablename__ = "address"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customer.id", ondelete="cascade"), index=True
    )
    label: Mapped[str] = mapped_column(String(60))
    region: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(300))
    postal_code: Mapped[str] = mapped_column(String(20))
    consignee: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(60))
    is_default: Mapped[bool]

    def __init__(
        self,
        *,
        address: str,
        label: str = "",
        region: str = "",
        postal_code: str = "",
        consignee: str = "",
        phone: str = "",
        is_default: bool = False,
    ) -> None:
        super().__init__(
            id=uuid4(),
            label=label,
            region=region,
            address=address,
            postal_code=postal_code,
            consignee=consignee,
            phone=phone,
            is_default=is_default,
        )

    def change(self, values: Mapping[str, Any]) -> None:
        for field, value in values.items():
            setattr(self, field, value)


def facts_of(part: Contact | Seal | Address) -> dict[str, Any]:
    """Give what the log says of a part: which it is, and what was entered of it."""
    columns = type(part).__mapper__.column_attrs
    derived = ("customer_id", "phone_normal")
    return {
        column.key: getattr(part, column.key) for column in columns if column.key not in derived
    }


class GradeChange(Base):
    """One decision about a customer's grade; never changed afterwards."""

    __tablename__ = "grade_change"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(
        ForeignKey("customer.id", ondelete="cascade"), index=True
    )
    old: Mapped[Grade | None]
    new: Mapped[Grade]
    at: Mapped[datetime]
    by_id: Mapped[str] = mapped_column(String(80))
    by_name: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str | None] = mapped_column(String(60))
    note: Mapped[str | None]


class Customer(Announcing, Base):
    """Somebody who buys. Its grade changes only by a decision that is kept with its why."""

    __tablename__ = "customer"
    __table_args__ = (
        Index("ix_customer_grams", "grams", postgresql_using="gin"),
        Index("ix_customer_salesperson_id_code", "salesperson_id", "code"),
        Index("ix_customer_region_code", "region", "code"),
        Index("ix_customer_grade_code", "grade", "code"),
    )
    aggregate_type: ClassVar[str] = "customer"

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    short_name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[CustomerKind]
    grade: Mapped[Grade]
    region: Mapped[str] = mapped_column(String(60))
    salesperson_id: Mapped[str | None] = mapped_column(String(80))
    salesperson_name: Mapped[str | None] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(60), comment="as entered")
    phone_normal: Mapped[str | None] = mapped_column(
        String(20), index=True, comment="E.164, where a numbering plan knows the number"
    )
    tax_number: Mapped[str] = mapped_column(String(40))
    notes: Mapped[str] = mapped_column(comment="character, preferences (C7)")
    active: Mapped[bool]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(comment="counts in the version, like its parts")
    # Only ever compared by the database: reading them with each row would double its size.
    search_text: Mapped[str] = mapped_column(
        deferred=True, comment="what it is found by, folded, a part a line"
    )
    grams: Mapped[list[str]] = mapped_column(
        ARRAY(String(4)), deferred=True, comment="pieces of search_text"
    )

    contacts: Mapped[list[Contact]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by=Contact.name
    )
    seals: Mapped[list[Seal]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by=Seal.code
    )
    addresses: Mapped[list[Address]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by=Address.label
    )
    grade_changes: Mapped[list[GradeChange]] = relationship(
        lazy="raise", cascade="all", order_by=GradeChange.at
    )

    @classmethod
    def register(
        cls,
        customer_id: UUID,
        code: str,
        *,
        name: str,
        now: datetime,
        by: tuple[str, str],
        short_name: str = "",
        kind: CustomerKind = CustomerKind.COMPANY,
        region: str = "",
        salesperson_id: str | None = None,
        salesperson_name: str | None = None,
        phone: str = "",
        tax_number: str = "",
        notes: str = "",
        contacts: Iterable[Mapping[str, Any]] = (),
        seals: Iterable[Mapping[str, Any]] = (),
        addresses: Iterable[Mapping[str, Any]] = (),
    ) -> tuple["Customer", "events.CustomerChanged"]:
        """Take a new customer into the books, as C until it is assessed (SPEC §4)."""
        customer = cls(
            id=customer_id,
            code=code,
            name=name,
            short_name=short_name,
            kind=kind,
            grade=Grade.C,
            region=region,
            salesperson_id=salesperson_id,
            salesperson_name=salesperson_name,
            phone=phone,
            tax_number=tax_number,
            notes=notes,
            active=True,
            created_at=now,
            changed_at=now,
        )
        customer.contacts = [Contact(**contact) for contact in contacts]
        customer.seals = [Seal(**seal) for seal in seals]
        customer._guard_seal_codes()
        customer.addresses = [Address(**address) for address in addresses]
        # The last is it, as among those that are added one after the other.
        for address in reversed(customer.addresses):
            customer._keep_one_default(address)
        customer.grade_changes = []
        customer._note_grade(None, Grade.C, now, by, reason=None, note=None)
        customer._index()
        return customer, events.CustomerChanged(customer)

    @property
    def phone_tail(self) -> str:
        return phone_tail(self.phone)

    def change(
        self, values: Mapping[str, Any]
    ) -> tuple[dict[str, list[Any]], tuple["events.CustomerChanged", ...]]:
        """Change the file; gives field → [old, new], and nothing to announce if nothing differs."""
        before = {field: getattr(self, field) for field in values}
        changes = difference(before, dict(values))
        for field, (_, new) in changes.items():
            setattr(self, field, new)
        if not changes:
            return {}, ()
        self._index()
        return changes, (events.CustomerChanged(self),)

    def assess(
        self, grade: Grade, now: datetime, by: tuple[str, str], *, reason: str, note: str
    ) -> "events.CustomerChanged":
        """Give the customer another grade, which counts from this moment."""
        if grade is self.grade:
            raise SameGrade(customer_code=self.code, grade=grade)
        self._note_grade(self.grade, grade, now, by, reason=reason, note=note)
        self.grade = grade
        return events.CustomerChanged(self)

    def check_served(self) -> None:
        """Raise CustomerInactive for a customer with which nothing new is begun."""
        if not self.active:
            raise CustomerInactive(customer_code=self.code)

    # -- contacts, seals, addresses --------------------------------------------------------

    def add(self, part: Contact | Seal | Address) -> None:
        """Put a contact, seal or address on file; a new default address replaces the old one."""
        self._parts(type(part)).append(part)
        self._tidy(part)

    def change_part(
        self, kind: type[Contact | Seal | Address], part_id: UUID, values: Mapping[str, Any]
    ) -> dict[str, list[Any]]:
        part = self.part(kind, part_id)
        changes = difference({field: getattr(part, field) for field in values}, dict(values))
        part.change({field: new for field, (_, new) in changes.items()})
        self._tidy(part)
        return changes

    def remove(self, kind: type[Contact | Seal | Address], part_id: UUID) -> Any:
        part = self.part(kind, part_id)
        self._parts(kind).remove(part)
        self._index()
        return part

    def part(self, kind: type[Contact | Seal | Address], part_id: UUID) -> Any:
        """Give a contact, seal or address by its id. Raises PartNotFound."""
        for part in self._parts(kind):
            if part.id == part_id:
                return part
        raise PartNotFound(part=kind.__name__.lower(), id=part_id)

    def is_authorised(self, signatory_name: str | None, seal_code: str | None) -> bool:
        """Whether a confirmation so signed, or so stamped, binds the customer (O21)."""
        signs = any(
            contact.may_sign and contact.name == signatory_name for contact in self.contacts
        )
        stamps = any(seal.code == seal_code for seal in self.seals)
        return signs or stamps

    def _parts(self, kind: type[Any]) -> list[Any]:
        lists: dict[type[Any], list[Any]] = {
            Contact: self.contacts,
            Seal: self.seals,
            Address: self.addresses,
        }
        return lists[kind]

    def _tidy(self, part: Contact | Seal | Address) -> None:
        if isinstance(part, Address):
            self._keep_one_default(part)
        if isinstance(part, Seal):
            self._guard_seal_codes()
        self._index()

    def _guard_seal_codes(self) -> None:
        """Raise SealCodeTaken where two seals go by one code."""
        codes: set[str] = set()
        for seal in self.seals:
            if seal.code in codes:
                raise SealCodeTaken(customer_code=self.code, seal_code=seal.code)
            codes.add(seal.code)

    def _keep_one_default(self, newest: Address) -> None:
        if newest.is_default:
            for other in self.addresses:
                other.is_default = other is newest

    # --------------------------------------------------------------------------------------

    def _note_grade(
        self,
        old: Grade | None,
        new: Grade,
        now: datetime,
        by: tuple[str, str],
        *,
        reason: str | None,
        note: str | None,
    ) -> None:
        person_id, person_name = by
        self.grade_changes.append(
            GradeChange(
                id=uuid4(),
                old=old,
                new=new,
                at=now,
                by_id=person_id,
                by_name=person_name,
                reason=reason,
                note=note,
            )
        )

    def _index(self) -> None:
        self.phone_normal = normalised(self.phone)
        people = (part for c in self.contacts for part in (c.name, c.phone))
        self.search_text = search_text([self.code, self.name, self.short_name, self.phone, *people])
        self.grams = grams(*self.search_text.split("\n"))
