"""What inventory announces."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from chassis.events import Event
from services.inventory.domain.arrival import Arrival
from services.inventory.domain.product import Product
from services.inventory.domain.wish import Wish

if TYPE_CHECKING:  # Their verbs return these events.
    from services.inventory.domain.instruction import AbnormalClass, Instruction
    from services.inventory.domain.statement import Statement


@dataclass(frozen=True)
class ProductChanged(Event):
    """A product was made or changed."""

    product: Product


@dataclass(frozen=True)
class GoodsArrived(Event):
    """Goods or material that were in transit have been received into stock."""

    arrival: Arrival


@dataclass(frozen=True)
class WishMet(Event):
    """Goods came that a customer had been promised word of."""

    wish: Wish


@dataclass(frozen=True)
class TechniqueStated(Event):
    """A technician signed whether the made lines can be produced."""

    statement: "Statement"


@dataclass(frozen=True)
class MaterialStated(Event):
    """A technician signed how the raw material stands."""

    statement: "Statement"


@dataclass(frozen=True)
class ScheduleStated(Event):
    """The planner signed when the made lines will be ready."""

    statement: "Statement"


@dataclass(frozen=True)
class InstructionDrafted(Event):
    """A made line of a confirmed order got its works instruction."""

    instruction: "Instruction"


@dataclass(frozen=True)
class InstructionIssued(Event):
    """The clerk signed it and sent it to the factory."""

    instruction: "Instruction"


@dataclass(frozen=True)
class InstructionAccepted(Event):
    """The planner took it on."""

    instruction: "Instruction"


@dataclass(frozen=True)
class InstructionStarted(Event):
    """Making began; its material is consumed."""

    instruction: "Instruction"


@dataclass(frozen=True)
class InstructionBecameAbnormal(Event):
    """Something went wrong in production; all who own anomalies are told at once."""

    instruction: "Instruction"
    kind: "AbnormalClass"
    reason: str
    measure: str


@dataclass(frozen=True)
class InstructionResumed(Event):
    """Making goes on after an abnormality."""

    instruction: "Instruction"


@dataclass(frozen=True)
class ProductionReported(Event):
    """A daily report, or its correction, counted what was made."""

    instruction: "Instruction"
    reported_on: date
    quantity: Decimal


@dataclass(frozen=True)
class InstructionFinished(Event):
    """All that is made of it is made."""

    instruction: "Instruction"


@dataclass(frozen=True)
class InstructionChanged(Event):
    """It is somebody else's turn with it though its state is the same.

    A further one was dated, the inspector gave his figures, or the customer's consent is on
    record.
    """

    instruction: "Instruction"


@dataclass(frozen=True)
class InstructionInspected(Event):
    """Inspector and clerk signed what passed, is reworked and is rejected."""

    instruction: "Instruction"


@dataclass(frozen=True)
class InstructionCancelled(Event):
    """It was stopped with its order or line."""

    instruction: "Instruction"


@dataclass(frozen=True)
class GoodsStocked(Event):
    """The accepted quantity is in finished stock, held for its order."""

    instruction: "Instruction"
    order_complete: bool


@dataclass(frozen=True)
class FreeGoodsStocked(Event):
    """Goods whose order ended while they were made went into free stock."""

    instruction: "Instruction"
