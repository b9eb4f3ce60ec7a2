"""Invoices of what was shipped, and credit notes of what was refunded."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, String
from sqlalchemy.orm import Mapped, mapped_column

from chassis.mapping import Announcing, Money, Percent
from chassis.money import fen
from services.customers.domain import Base, events
from services.customers.domain.credit import OrderCredit
from services.customers.domain.errors import NothingToInvoice

INVOICE_NUMBER = Sequence("invoice_number_seq", metadata=Base.metadata)
CREDIT_NOTE_NUMBER = Sequence("credit_note_number_seq", metadata=Base.metadata)


class Invoice(Announcing, Base):
    """The invoice of what an order has shipped and was not invoiced before; never changed."""

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_invoice_order_id", "order_id", "number"),
        Index("ix_invoice_customer_id", "customer_id", "number"),
    )
    aggregate_type: ClassVar[str] = "invoice"

    number: Mapped[str] = mapped_column(String(20), unique=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    customer_name: Mapped[str] = mapped_column(String(200))
    tax_number: Mapped[str] = mapped_column(String(40))
    order_id: Mapped[UUID]
    order_number: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Money] = mapped_column(comment="incl. VAT")
    vat_percent: Mapped[Percent]
    vat: Mapped[Money] = mapped_column(comment="contained in the amount")
    paper_number: Mapped[str] = mapped_column(String(60), comment="of the tax office's paper")
    made_at: Mapped[datetime]
    made_by_name: Mapped[str] = mapped_column(String(120))

    @classmethod
    def make(
        cls,
        number: str,
        order: OrderCredit,
        *,
        customer_name: str,
        tax_number: str,
        vat_percent: Decimal,
        paper_number: str,
        now: datetime,
        by: str,
    ) -> tuple["Invoice", "events.InvoiceMade"]:
        """Invoice what has left and was not invoiced yet. Raises NothingToInvoice."""
        amount = order.receivable - order.invoiced
        if amount <= 0:
            raise NothingToInvoice(order_number=order.order_number)
        order.invoiced += amount
        invoice = cls(
            id=uuid4(),
            number=number,
            customer_id=order.customer_id,
            customer_name=customer_name,
            tax_number=tax_number,
            order_id=order.id,
            order_number=order.order_number,
            amount=amount,
            vat_percent=vat_percent,
            vat=amount - fen(amount * 100 / (100 + vat_percent)),
            paper_number=paper_number,
            made_at=now,
            made_by_name=by,
        )
        return invoice, events.InvoiceMade(invoice)


class CreditNote(Announcing, Base):
    """A refund that after-sales settled, booked as the customer's credit; one for each case."""

    __tablename__ = "credit_note"
    aggregate_type: ClassVar[str] = "credit_note"

    number: Mapped[str] = mapped_column(String(20), unique=True)
    case_id: Mapped[UUID] = mapped_column(unique=True)
    case_number: Mapped[str] = mapped_column(String(20))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"), index=True)
    order_id: Mapped[UUID] = mapped_column(index=True)
    order_number: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Money]
    made_at: Mapped[datetime]

    @classmethod
    def make(
        cls,
        number: str,
        order: OrderCredit,
        *,
        case_id: UUID,
        case_number: str,
        amount: Decimal,
        now: datetime,
    ) -> tuple["CreditNote", "events.CreditNoteMade"]:
        note = cls(
            id=uuid4(),
            number=number,
            case_id=case_id,
            case_number=case_number,
            customer_id=order.customer_id,
            order_id=order.id,
            order_number=order.order_number,
            amount=amount,
            made_at=now,
        )
        return note, events.CreditNoteMade(note)
