"""Invoices of what was shipped, and the money page of an order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.database import Work
from services.customers.domain.errors import InvoiceNotFound
from services.customers.domain.events import OrderMoneyChanged
from services.customers.domain.invoice import INVOICE_NUMBER, Invoice
from services.customers.domain.notice import Notice
from services.customers.domain.payment import Payment
from services.customers.domain.rules import VAT_PERCENT
from services.customers.storage import credit as storage
from services.customers.storage import money, next_number
from services.customers.use_cases.access import listing, paged, seen, visible_order

# The money page of one order shows this many of each; longer lists have their own pages.
SHOWN = 100


def make_invoice(work: Work, order_number: str, *, paper_number: str, note: str | None) -> Invoice:
    """Invoice what an order has shipped and was not invoiced yet; finance does it."""
    work.principal.require("finance")
    order = visible_order(work, order_number)
    customer, _, _ = storage.lock_account(work.session, order.customer_id, work.today)
    storage.find_order(work.session, order.id)  # as it is now that the lock is held
    invoice, event = Invoice.make(
        next_number(work.session, "I", INVOICE_NUMBER, work.today),
        order,
        customer_name=customer.name,
        tax_number=customer.tax_number,
        vat_percent=work.setting(VAT_PERCENT),
        paper_number=paper_number,
        now=work.now,
        by=work.principal.name,
    )
    work.session.add(invoice)
    work.announce(event, OrderMoneyChanged(order))
    work.log(
        "invoice",
        invoice.number,
        "make_invoice",
        changes={"amount": [None, invoice.amount]},
        note=note,
    )
    return invoice


def get_invoice(work: Work, invoice_number: str) -> Invoice:
    """Give an invoice. Raises InvoiceNotFound, also for another salesperson's."""
    invoice = money.invoice(work.session, invoice_number)
    if not seen(work, invoice.customer_id):
        raise InvoiceNotFound(invoice_number=invoice_number)
    return invoice


def list_invoices(
    work: Work,
    *,
    order_number: str | None,
    customer_code: str | None,
    limit: int,
    after: str | None,
) -> tuple[Sequence[Invoice], str | None]:
    """Give a page of invoices, the newest number first."""
    wish = listing(
        work,
        order_number=order_number,
        customer_code=customer_code,
        state=None,
        limit=limit,
        after=after,
    )
    return paged(money.listed(work.session, Invoice, wish, work.principal), limit)


def get_order_money(
    work: Work, *, order_id: UUID | None, order_number: str | None
) -> dict[str, Any]:
    """Give all the money of one order: balances, payments, notices, invoices, credit notes."""
    order = storage.order(work.session, order_id=order_id, order_number=order_number)
    order = visible_order(work, order.order_number)
    wish = money.Listing(limit=SHOWN, order_id=order.id)
    session, who = work.session, work.principal
    return {
        "money": order,
        "payments": money.listed(session, Payment, wish, who),
        "notices": money.listed(session, Notice, wish, who),
        "invoices": money.listed(session, Invoice, wish, who),
        "credit_notes": money.credit_notes_of_order(session, order.id),
    }
