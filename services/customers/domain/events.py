"""The facts this service announces."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.events import Event

if TYPE_CHECKING:
    from services.customers.domain.credit import CreditAccount, OrderCredit
    from services.customers.domain.customer import Customer
    from services.customers.domain.invoice import CreditNote, Invoice
    from services.customers.domain.notice import Notice
    from services.customers.domain.payment import Payment


@dataclass(frozen=True)
class CustomerChanged(Event):
    """A customer is new, or its file or grade has changed."""

    customer: "Customer"


@dataclass(frozen=True)
class CreditStopChanged(Event):
    """A customer has come under a credit stop, or out of it."""

    account: "CreditAccount"


@dataclass(frozen=True)
class PaymentClaimed(Event):
    """Somebody at the desk says that a payment was made."""

    payment: "Payment"
    money: "OrderCredit | None"


@dataclass(frozen=True)
class PaymentVerified(Event):
    """Finance has found a payment on the account."""

    payment: "Payment"
    money: "OrderCredit | None"


@dataclass(frozen=True)
class PaymentRejected(Event):
    """Finance has not found a payment."""

    payment: "Payment"
    money: "OrderCredit | None"


@dataclass(frozen=True)
class PaymentReversed(Event):
    """A verified payment has gone back."""

    payment: "Payment"
    money: "OrderCredit | None"


@dataclass(frozen=True)
class OrderMoneyChanged(Event):
    """What an order owes, holds or has been paid is different now."""

    money: "OrderCredit"


@dataclass(frozen=True)
class NoticeMade(Event):
    """A request for money was drafted."""

    notice: "Notice"


@dataclass(frozen=True)
class InvoiceMade(Event):
    """What was shipped was invoiced."""

    invoice: "Invoice"


@dataclass(frozen=True)
class CreditNoteMade(Event):
    """A refund was booked as the customer's credit."""

    credit_note: "CreditNote"
