"""The life cycles of an order's commercial stage and of its confirmation, as tables."""

from enum import StrEnum

from chassis.lifecycle import Lifecycle


class Stage(StrEnum):
    """Where the commercial promise stands (SPEC §5)."""

    MEMO = "memo"  # What was asked for is written down; a reply-by time was given.
    DRAFT = "draft"  # The customer is known; fields and lines are being completed.
    IN_REVIEW = "in_review"  # Submitted; gates are open, credit and stock are held.
    APPROVED = "approved"  # Every gate has passed.
    AWAITING_RETURN = "awaiting_return"  # A confirmation was sent; its signed copy is awaited.
    CONFIRMED = "confirmed"  # The customer's signature is verified, or grade A stands for it.
    IN_PROGRESS = "in_progress"  # The factory or the warehouse has been told.
    FULFILLED = "fulfilled"  # All lines are signed for, or short-closed.
    CLOSED = "closed"  # Paid, invoiced, nothing owed.
    CANCEL_REQUESTED = "cancel_requested"  # The supervisor cancels; the others are being asked.
    CANCELLED = "cancelled"  # Over; nothing is held for it.


CANCELLABLE = frozenset(
    {
        Stage.MEMO,
        Stage.DRAFT,
        Stage.IN_REVIEW,
        Stage.APPROVED,
        Stage.AWAITING_RETURN,
        Stage.CONFIRMED,
        Stage.IN_PROGRESS,
    }
)

# From here an order is sent back to draft; a memo becomes one for the first time instead, and
# a cancel that is under way ends by itself.
RETURNABLE = frozenset({Stage.IN_REVIEW, Stage.APPROVED, Stage.AWAITING_RETURN})

STAGES = Lifecycle(
    "order",
    {
        Stage.MEMO: {Stage.DRAFT, Stage.CANCEL_REQUESTED},
        Stage.DRAFT: {Stage.IN_REVIEW, Stage.CANCEL_REQUESTED},
        Stage.IN_REVIEW: {Stage.DRAFT, Stage.APPROVED, Stage.CANCEL_REQUESTED},
        Stage.APPROVED: {Stage.AWAITING_RETURN, Stage.DRAFT, Stage.CANCEL_REQUESTED},
        Stage.AWAITING_RETURN: {Stage.DRAFT, Stage.CONFIRMED, Stage.CANCEL_REQUESTED},
        Stage.CONFIRMED: {Stage.IN_PROGRESS, Stage.CANCEL_REQUESTED},
        Stage.IN_PROGRESS: {Stage.FULFILLED, Stage.CANCEL_REQUESTED},
        Stage.FULFILLED: {Stage.CLOSED},
        Stage.CLOSED: {Stage.FULFILLED},
        Stage.CANCEL_REQUESTED: {Stage.CANCELLED, *CANCELLABLE},
        Stage.CANCELLED: set(),
    },
    initial=Stage.MEMO,
    ends={Stage.CLOSED},
)


class GateKind(StrEnum):
    """What is checked by somebody who signs for it."""

    PRICE = "price"
    CREDIT = "credit"
    TECHNIQUE = "technique"
    MATERIAL = "material"
    SCHEDULE = "schedule"
    APPROVAL = "approval"


class Verdict(StrEnum):
    """How a gate stands."""

    PENDING = "pending"  # Nobody has signed yet, or it is not open yet.
    PASSED = "passed"  # Signed in favour.
    DOUBT = "doubt"  # A price is in doubt: its owner settles it or the director overrides.
    HELD = "held"  # No credit left: finance or the director overrides, or it is tried again.
    SHORT = "short"  # Raw material is short; the statement says when it arrives.
    REFUSED = "refused"  # Signed against.


class ConfirmationState(StrEnum):
    """How one version of the confirmation stands."""

    SENT = "sent"  # With the customer, unsigned or not yet verified.
    VERIFIED = "verified"  # The signed copy was verified.
    VOID = "void"  # Replaced, wished changed, or unsigned for too long.


CONFIRMATIONS = Lifecycle(
    "confirmation",
    {
        ConfirmationState.SENT: {ConfirmationState.VERIFIED, ConfirmationState.VOID},
        ConfirmationState.VERIFIED: set(),
        ConfirmationState.VOID: set(),
    },
    initial=ConfirmationState.SENT,
)


class TaskState(StrEnum):
    """How a task or obligation stands."""

    OPEN = "open"  # Somebody owes it.
    DONE = "done"  # Done, by whom and when.
    DROPPED = "dropped"  # No longer needed.


TASKS = Lifecycle(
    "task",
    {
        TaskState.OPEN: {TaskState.DONE, TaskState.DROPPED},
        TaskState.DONE: set(),
        TaskState.DROPPED: set(),
    },
    initial=TaskState.OPEN,
)


class AnomalyState(StrEnum):
    """How an anomaly stands."""

    OPEN = "open"  # Its owner works on it; it escalates with time.
    RESOLVED = "resolved"  # A remedy is in place and written down.


ANOMALIES = Lifecycle(
    "anomaly",
    {AnomalyState.OPEN: {AnomalyState.RESOLVED}, AnomalyState.RESOLVED: set()},
    initial=AnomalyState.OPEN,
)


# Where a works instruction stands while the factory is at it.
BEING_MADE = ("running", "abnormal", "finished", "inspected")

# A shipment's states, as shipping announces them (services/shipping/domain/lifecycle.py).
BEING_PREPARED = ("requested", "released", "checked", "handed", "picking", "packed")
ON_ITS_WAY = ("dispatched", "in_transit", "arrived", "exception")
UNDER_WAY = (*BEING_PREPARED, *ON_ITS_WAY)
GONE_ASTRAY = ("lost", "returned_to_sender")
# What met an exception has left all the same; what is lost or came back is no longer under way.
LEFT_THE_HOUSE = (*ON_ITS_WAY, "signed")
