"""What an audit finds: two books that should agree and do not."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

Row = Mapping[str, Any]


class Kind(StrEnum):
    """What is wrong; the sentence says it to an operator."""

    def __new__(cls, code: str, sentence: str) -> "Kind":
        kind = str.__new__(cls, code)
        kind._value_ = code
        kind.sentence = sentence
        return kind

    sentence: str

    STOCK_LEDGER = "stock_ledger", "the ledger of finished stock does not sum up to its balance"
    STOCK_RESERVED = "stock_reserved", "reserved stock is not the sum of the orders' reservations"
    MATERIAL_LEDGER = "material_ledger", "the ledger of material does not sum up to its balance"
    MATERIAL_RESERVED = (
        "material_reserved",
        "reserved material is not the sum of the orders' claims",
    )
    CREDIT_LEDGER = "credit_ledger", "the credit ledger does not sum up to the balance"
    EXPOSURE = "exposure", "a customer's exposure is not the sum over its orders"
    MONEY = "money", "verified payments and refunds are not all at orders or in credit"

    CREDIT_HELD = "credit_held", "the credit reserved is not what the order should reserve"
    RECEIVABLE = "receivable", "the receivable is not the value of what has left"
    STOCK_HELD = "stock_held", "the finished stock held is not what the order should hold"
    STOCK_SURPLUS = "stock_surplus", "stock that a submit gave up was never let go"
    MATERIAL_HELD = "material_held", "the raw material held is not what the order should hold"
    SLOT_HELD = "slot_held", "a work-centre slot is booked that the order should not have"
    BLOCK = "block", "the blocks of a hold or cancel are not those that the order has"
    UNKNOWN_ORDER = "unknown_order", "something is held for an order that orders does not know"

    STAGE = "stage", "the order's stage is not what its lines and papers make it"
    PRODUCTION = "production", "the line's production is not that of its works instruction"
    SHIPMENT = "shipment", "the line's shipped or signed quantity is not that of the shipments"
    PAYMENT = "payment", "the order's money is not what customers has"
    BUSY = "busy", "the order is kept busy by a conversation that is over"

    COPY = "copy", "a copy is not its original's newest view"
    MISSING_MESSAGE = "missing_message", "an event was sent and a listener has not had it"
    HALF_DONE = "half_done", "a conversation over services is neither finished nor taken back"
    UNSENT = "unsent", "events wait in the outbox"
    WAITING = "waiting", "messages wait to be tried again"
    PARKED = "parked", "a message is parked: see ./gendan parked"


class Mend(StrEnum):
    """What `--repair` may do about a difference; each can be done again without harm."""

    ANNOUNCE = "announce"  # orders tells once more how the order stands
    SEND = "send"  # the message is sent once more
    TAKE_UP = "take_up"  # the conversation is taken up at once


@dataclass(frozen=True)
class Repair:
    """A safe way to mend a difference: whom to ask, and the key of what to mend."""

    mend: Mend
    service: str
    key: str


@dataclass(frozen=True)
class Difference:
    """One place where the books differ; equal again at the second look, it is reported."""

    kind: Kind
    where: str
    subject: str
    expected: str
    found: str
    order_number: str | None = None
    repair: Repair | None = None

    def __str__(self) -> str:
        order = f"{self.order_number}  " if self.order_number else ""
        return (
            f"{order}{self.kind}  {self.where}: {self.subject}: {self.kind.sentence}: "
            f"{self.expected} expected, {self.found} found"
        )

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "sentence": self.kind.sentence}


def number(text: object) -> Decimal:
    """Read a quantity or amount of a book; what is not there counts as none."""
    return Decimal(0) if text is None else Decimal(str(text))


def shown(quantity: Decimal) -> str:
    """Write a quantity or amount without the zeros that a column adds."""
    plain = format(quantity, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
