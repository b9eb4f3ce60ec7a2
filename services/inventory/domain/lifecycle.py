"""The states of inventory's aggregates and their legal moves."""

from enum import StrEnum

from chassis.lifecycle import Lifecycle


class ArrivalState(StrEnum):
    """Where goods or material on order stand."""

    EXPECTED = "expected"  # ordered from a supplier, in transit to us
    RECEIVED = "received"  # counted by the warehouse and in stock
    CANCELLED = "cancelled"  # will not come


ARRIVAL = Lifecycle(
    "arrival",
    {
        ArrivalState.EXPECTED: {ArrivalState.RECEIVED, ArrivalState.CANCELLED},
        ArrivalState.RECEIVED: set(),
        ArrivalState.CANCELLED: set(),
    },
    initial=ArrivalState.EXPECTED,
)


class TransferState(StrEnum):
    """Where a transfer between two stores stands."""

    REQUESTED = "requested"  # one store asks another for goods
    SENT = "sent"  # the other store consented, the goods have left it
    RECEIVED = "received"  # the goods are in the asking store's stock
    REFUSED = "refused"  # the other store keeps its goods
    CANCELLED = "cancelled"  # the asking store no longer wants them


TRANSFER = Lifecycle(
    "transfer",
    {
        TransferState.REQUESTED: {
            TransferState.SENT,
            TransferState.REFUSED,
            TransferState.CANCELLED,
        },
        TransferState.SENT: {TransferState.RECEIVED},
        TransferState.RECEIVED: set(),
        TransferState.REFUSED: set(),
        TransferState.CANCELLED: set(),
    },
    initial=TransferState.REQUESTED,
)


class WishState(StrEnum):
    """Where a customer's wish for goods that are out of stock stands."""

    OPEN = "open"  # the goods have not come
    MET = "met"  # goods came, and it was announced
    WITHDRAWN = "withdrawn"  # nobody waits for the goods any more


WISH = Lifecycle(
    "wish",
    {
        WishState.OPEN: {WishState.MET, WishState.WITHDRAWN},
        WishState.MET: set(),
        WishState.WITHDRAWN: set(),
    },
    initial=WishState.OPEN,
)


class StatementKind(StrEnum):
    """What is stated in writing about the made lines of an order."""

    TECHNIQUE = "technique"  # whether and how it can be produced
    MATERIAL = "material"  # whether the raw material is there, or when it will be
    SCHEDULE = "schedule"  # when finished goods will be ready


class Verdict(StrEnum):
    """How a statement stands."""

    PENDING = "pending"  # nobody has signed yet
    PASSED = "passed"  # signed in favour; a material statement holds everything it needs
    REFUSED = "refused"  # not producible as asked; offers an alternative or a sample
    SHORT = "short"  # material is short until its date; holds nothing
    WAITS = "waits"  # passes without holding; arrivals serve it by production_due
    VOID = "void"  # a later revision, an expiry or a cancellation took its place


STATEMENT = Lifecycle(
    "statement",
    {
        Verdict.PENDING: {
            Verdict.PASSED,
            Verdict.REFUSED,
            Verdict.SHORT,
            Verdict.WAITS,
            Verdict.VOID,
        },
        # Back to pending: a schedule opens again for a new material statement or another date,
        # and whatever has expired before it was built on.
        Verdict.PASSED: {Verdict.PENDING, Verdict.VOID},
        Verdict.REFUSED: {Verdict.REFUSED, Verdict.PASSED, Verdict.VOID},
        Verdict.SHORT: {Verdict.SHORT, Verdict.PASSED, Verdict.WAITS, Verdict.VOID},
        Verdict.WAITS: {Verdict.PENDING, Verdict.PASSED, Verdict.SHORT, Verdict.VOID},
        # Void is the end, unless the same revision is submitted once more.
        Verdict.VOID: {Verdict.PENDING},
    },
    initial=Verdict.PENDING,
    ends={Verdict.VOID},
)


class InstructionState(StrEnum):
    """Where a works instruction stands (SPEC §6)."""

    DRAFT = "draft"  # drafted for a made line of a confirmed order
    ISSUED = "issued"  # signed by the clerk and sent to the factory, with a copy to technique
    ACCEPTED = "accepted"  # the planner has acknowledged each item and signed
    RUNNING = "running"  # material is consumed; daily reports count what is made
    ABNORMAL = "abnormal"  # something went wrong; class, reason and measure are written down
    FINISHED = "finished"  # produced is the sum of the daily reports; unused material is back
    INSPECTED = "inspected"  # inspector and clerk signed what passed, is reworked, is rejected
    STOCKED = "stocked"  # the accepted quantity is in finished stock
    CANCELLED = "cancelled"  # stopped with its order


INSTRUCTION = Lifecycle(
    "instruction",
    {
        InstructionState.DRAFT: {InstructionState.ISSUED, InstructionState.CANCELLED},
        InstructionState.ISSUED: {InstructionState.ACCEPTED, InstructionState.CANCELLED},
        InstructionState.ACCEPTED: {InstructionState.RUNNING, InstructionState.CANCELLED},
        InstructionState.RUNNING: {
            InstructionState.ABNORMAL,
            InstructionState.FINISHED,
            InstructionState.CANCELLED,
        },
        InstructionState.ABNORMAL: {InstructionState.RUNNING, InstructionState.CANCELLED},
        InstructionState.FINISHED: {InstructionState.INSPECTED},
        InstructionState.INSPECTED: {InstructionState.STOCKED},
        InstructionState.STOCKED: set(),
        InstructionState.CANCELLED: set(),
    },
    initial=InstructionState.DRAFT,
)
