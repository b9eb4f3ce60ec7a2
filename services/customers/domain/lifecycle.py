"""The life cycles of contracts, payments, notices and coupons."""

from enum import StrEnum

from chassis.lifecycle import Lifecycle


class ContractState(StrEnum):
    """Where a contract stands."""

    DRAFT = "draft"  # being written; changes nothing yet
    APPROVED = "approved"  # finance agrees to its terms
    SIGNED = "signed"  # both sides have signed; in force between its dates, or till the next
    ENDED = "ended"  # dropped, replaced or terminated


CONTRACT = Lifecycle(
    "contract",
    {
        ContractState.DRAFT: {ContractState.APPROVED, ContractState.ENDED},
        ContractState.APPROVED: {ContractState.DRAFT, ContractState.SIGNED, ContractState.ENDED},
        ContractState.SIGNED: {ContractState.ENDED},
        ContractState.ENDED: set(),
    },
    initial=ContractState.DRAFT,
)


class PaymentState(StrEnum):
    """Where a payment stands; only verified money counts."""

    CLAIMED = "claimed"  # somebody at the desk says that it was paid
    VERIFIED = "verified"  # finance has seen it on the account
    REJECTED = "rejected"  # finance has not found it
    REVERSED = "reversed"  # it was verified and has gone back


PAYMENT = Lifecycle(
    "payment",
    {
        PaymentState.CLAIMED: {PaymentState.VERIFIED, PaymentState.REJECTED},
        PaymentState.VERIFIED: {PaymentState.REVERSED},
        PaymentState.REJECTED: set(),
        PaymentState.REVERSED: set(),
    },
    initial=PaymentState.CLAIMED,
)


class NoticeState(StrEnum):
    """Where a request for payment stands."""

    DRAFTED = "drafted"  # made by the system; nobody has sent it yet
    SENT = "sent"  # a person has sent it and noted how; the money is waited for
    SETTLED = "settled"  # what it asks for has been verified
    WITHDRAWN = "withdrawn"  # replaced by a newer one, or its order has ended


NOTICE = Lifecycle(
    "notice",
    {
        NoticeState.DRAFTED: {NoticeState.SENT, NoticeState.SETTLED, NoticeState.WITHDRAWN},
        # Sent again: it was not received clearly, or the customer is reminded.
        NoticeState.SENT: {NoticeState.SENT, NoticeState.SETTLED, NoticeState.WITHDRAWN},
        NoticeState.SETTLED: set(),
        NoticeState.WITHDRAWN: set(),
    },
    initial=NoticeState.DRAFTED,
)


class CouponState(StrEnum):
    """Where a coupon stands."""

    GRANTED = "granted"  # its order is confirmed; the customer has it
    VOID = "void"  # its order was cancelled


COUPON = Lifecycle(
    "coupon",
    {CouponState.GRANTED: {CouponState.VOID}, CouponState.VOID: set()},
    initial=CouponState.GRANTED,
    ends={CouponState.GRANTED},
)


class Standing(StrEnum):
    """Where an order stands as far as its credit is concerned."""

    OPEN = "open"  # it may still be made, shipped and paid
    FULFILLED = "fulfilled"  # all is shipped; it reserves nothing and waits for its money
    CANCELLED = "cancelled"  # it holds nothing, and its money is the customer's credit


STANDING = Lifecycle(
    "order's credit",
    {
        Standing.OPEN: {Standing.FULFILLED, Standing.CANCELLED},
        # A closed order that the director reopens may ship again (SPEC §5: closed → fulfilled).
        Standing.FULFILLED: {Standing.OPEN},
        Standing.CANCELLED: set(),
    },
    initial=Standing.OPEN,
)
