"""The short lists of words that rows are described with."""

from enum import StrEnum


class CustomerKind(StrEnum):
    """What a customer is to us (C6)."""

    COMPANY = "company"
    DEALER = "dealer"
    FRANCHISEE = "franchisee"
    PERSON = "person"


class PaymentMethod(StrEnum):
    """How money came."""

    BANK_TRANSFER = "bank_transfer"
    CASH = "cash"
    CHEQUE = "cheque"
    ACCEPTANCE_BILL = "acceptance_bill"
    ONLINE = "online"
    CUSTOMER_CREDIT = "customer_credit"  # taken from what we owe the customer


class NoticeKind(StrEnum):
    """What a notice asks for."""

    PREPAYMENT = "prepayment"  # all of it, before making or picking
    DEPOSIT = "deposit"  # the part before making
    BALANCE = "balance"  # the rest, by the accepted quantity (余款催收通知书)


class NoticeChannel(StrEnum):
    """By what way a notice was sent."""

    PHONE = "phone"
    FAX = "fax"
    EMAIL = "email"
    MESSAGE = "message"
    SMS = "sms"
    POST = "post"
    BY_HAND = "by_hand"


class EntryKind(StrEnum):
    """What moved the balances of a credit account."""

    RESERVED = "reserved"  # credit was asked for: a reservation, or none when held
    UNDONE = "undone"  # a reservation was taken back by its exact command
    WITHDRAWN = "withdrawn"  # it was taken back before it came: a tombstone
    GOODS = "goods"  # stock-in, dispatch or short-close moved what the order is worth
    FREED = "freed"  # the order expired, ended, or was confirmed for less than was paid
    PAYMENT = "payment"  # finance verified money
    REVERSAL = "reversal"  # verified money went back
    CREDIT_USED = "credit_used"  # the customer's credit paid for an order
    REFUND = "refund"  # a credit note


class Verdict(StrEnum):
    """What a credit check says."""

    PASSED = "passed"
    HELD = "held"
