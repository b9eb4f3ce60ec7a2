"""How each event that inventory announces is dumped."""

from marshmallow import Schema, fields

from chassis.events import Event
from chassis.schema import Identity, Message
from services.inventory.domain import events
from services.inventory.schemas.arrivals import ArrivalView, WishView
from services.inventory.schemas.instructions import (
    BecameAbnormal,
    FreeStocked,
    InstructionMoved,
    Reported,
    Stocked,
)
from services.inventory.schemas.products import ProductPublic
from services.inventory.schemas.statements import Stated


class ProductChanged(Message):
    """A product was made or changed."""

    product = fields.Nested(ProductPublic)


class ArrivalPublic(ArrivalView):
    """An arrival with what it brought."""

    product_id = Identity()
    material_id = Identity()


class GoodsArrived(Message):
    """Goods or material were received into stock."""

    arrival = fields.Nested(ArrivalPublic)


class WishPublic(WishView):
    """A wish with its product."""

    product_id = Identity()


class WishMet(Message):
    """Goods came that a customer had been promised word of."""

    wish = fields.Nested(WishPublic)


EVENTS: dict[type[Event], Schema] = {
    events.ProductChanged: ProductChanged(),
    events.GoodsArrived: GoodsArrived(),
    events.WishMet: WishMet(),
    events.TechniqueStated: Stated(),
    events.MaterialStated: Stated(),
    events.ScheduleStated: Stated(),
    events.InstructionDrafted: InstructionMoved(),
    events.InstructionIssued: InstructionMoved(),
    events.InstructionAccepted: InstructionMoved(),
    events.InstructionStarted: InstructionMoved(),
    events.InstructionBecameAbnormal: BecameAbnormal(),
    events.InstructionResumed: InstructionMoved(),
    events.ProductionReported: Reported(),
    events.InstructionFinished: InstructionMoved(),
    events.InstructionChanged: InstructionMoved(),
    events.InstructionInspected: InstructionMoved(),
    events.InstructionCancelled: InstructionMoved(),
    events.GoodsStocked: Stocked(),
    events.FreeGoodsStocked: FreeStocked(),
}
