"""The life cycles of return cases and of visits, as tables."""

from enum import StrEnum

from chassis.lifecycle import Lifecycle


class CaseKind(StrEnum):
    """What the customer wants."""

    RETURN = "return"  # 退货: goods come back, money goes back.
    EXCHANGE = "exchange"  # 换货: goods come back, the money stays as credit for a new order.
    DELIVERY = "delivery"  # A shipment failed on its way, or less was signed for than was sent.


class Resolution(StrEnum):
    """What the customer gets in the end."""

    REFUND = "refund"  # The money goes back.
    CREDIT = "credit"  # The money stays with us, for orders to come.
    RESHIP = "reship"  # Another order replaces the goods; the money pays for it.
    REPAIR = "repair"  # The same goods go back, mended; no money moves.


class CaseState(StrEnum):
    """How far a return or exchange has come (SPEC §8)."""

    REQUESTED = "requested"  # The customer asked; a first answer is due.
    ACKNOWLEDGED = "acknowledged"  # The customer has had a first answer.
    AUTHORISED = "authorised"  # The supervisor agreed.
    REJECTED = "rejected"  # The supervisor did not agree.
    AWAITING_GOODS = "awaiting_goods"  # The customer was told where to send the goods.
    RECEIVED = "received"  # The goods are here, in quarantine.
    INSPECTED = "inspected"  # Every piece has its disposition.
    SETTLED = "settled"  # Finance has settled the money.
    CLOSED = "closed"  # The customer was told; nothing is owed.


CASES = Lifecycle(
    "case",
    {
        CaseState.REQUESTED: {CaseState.ACKNOWLEDGED},
        CaseState.ACKNOWLEDGED: {CaseState.AUTHORISED, CaseState.REJECTED},
        CaseState.AUTHORISED: {CaseState.AWAITING_GOODS},
        CaseState.REJECTED: {CaseState.CLOSED},
        CaseState.AWAITING_GOODS: {CaseState.RECEIVED},
        CaseState.RECEIVED: {CaseState.INSPECTED},
        CaseState.INSPECTED: {CaseState.SETTLED},
        CaseState.SETTLED: {CaseState.CLOSED},
        CaseState.CLOSED: set(),
    },
    initial=CaseState.REQUESTED,
)

# Nothing of it has come back, nor is it decided that nothing will.
GOODS_AWAITED = (
    CaseState.REQUESTED,
    CaseState.ACKNOWLEDGED,
    CaseState.AUTHORISED,
    CaseState.AWAITING_GOODS,
)
# From here money may still be settled.
UNSETTLED = (*GOODS_AWAITED, CaseState.RECEIVED, CaseState.INSPECTED)

# Who may send other goods in place of these: before they are back, only the supervisor.
RESHIPPED_BY: dict[CaseState, tuple[str, ...]] = {
    CaseState.AUTHORISED: ("supervisor",),
    CaseState.AWAITING_GOODS: ("supervisor",),
    CaseState.RECEIVED: ("aftersales", "supervisor"),
    CaseState.INSPECTED: ("aftersales", "supervisor"),
}


class VisitState(StrEnum):
    """How a planned call to a customer stands."""

    PLANNED = "planned"  # On its day's list, or rolled over from an earlier one.
    DONE = "done"  # The customer was reached, or tried for the last time.
    DROPPED = "dropped"  # No longer needed.


VISITS = Lifecycle(
    "visit",
    {
        VisitState.PLANNED: {VisitState.DONE, VisitState.DROPPED},
        VisitState.DONE: set(),
        VisitState.DROPPED: set(),
    },
    initial=VisitState.PLANNED,
)
