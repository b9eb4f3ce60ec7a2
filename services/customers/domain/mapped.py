"""Every mapped class, so that whoever imports this has the whole metadata."""

from services.customers.domain.contract import Contract
from services.customers.domain.copies import AcceptedLot, OrderCopy, ShipmentCopy
from services.customers.domain.coupon import Coupon
from services.customers.domain.credit import CreditAccount, LedgerEntry, OrderCredit
from services.customers.domain.customer import Address, Contact, Customer, GradeChange, Seal
from services.customers.domain.invoice import CreditNote, Invoice
from services.customers.domain.notice import Notice
from services.customers.domain.payment import Payment

MAPPED = (
    AcceptedLot,
    Address,
    Contact,
    Contract,
    Coupon,
    CreditAccount,
    CreditNote,
    Customer,
    GradeChange,
    Invoice,
    LedgerEntry,
    Notice,
    OrderCopy,
    OrderCredit,
    Payment,
    Seal,
    ShipmentCopy,
)
