"""Order lines: one product, spec, quantity and price each."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from chassis import money, quantity
from chassis.mapping import Day, Money, Percent, Quantity, UnitPrice, start_with
from services.orders.domain import Base
from services.orders.domain.lifecycle import BEING_MADE

STOCK, MAKE = "stock", "make"
# What comes first for a further instruction: the planner dates it.
PLAN = "plan"


class OrderLine(Base):
    """What one line promises, and how far it has come.

    `amount` is always quantity × price rounded to 分, less the line's share of the discount.
    """

    __tablename__ = "order_line"
    __table_args__ = (
        # Lines change places within a transaction.
        UniqueConstraint("order_id", "line_no", deferrable=True, initially="DEFERRED"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("discount >= 0", name="discount_not_negative"),
        Index(
            "ix_order_line_to_issue",
            "order_id",
            postgresql_where=text(
                "supply = 'make' and short_closed is false"
                " and (production is null or production = 'draft')"
            ),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id", ondelete="cascade"))
    line_no: Mapped[int]
    product_id: Mapped[UUID]
    product_code: Mapped[str]
    product_name: Mapped[str]
    spec: Mapped[str]
    unit: Mapped[str]
    unit_decimals: Mapped[int]
    supply: Mapped[str] = mapped_column(comment="stock or make")
    quantity: Mapped[Quantity]
    unit_price: Mapped[UnitPrice] = mapped_column(comment="yuan incl. VAT")
    price_given: Mapped[bool] = mapped_column(comment="said by a person, not by the scheme")
    discount: Mapped[Money] = mapped_column(comment="the line's share of the order's discount")
    discount_given: Mapped[bool] = mapped_column(comment="said by a person")
    amount: Mapped[Money]
    tolerance_over: Mapped[Percent]
    tolerance_under: Mapped[Percent]
    packing: Mapped[str | None]
    base_production_due: Mapped[Day | None] = mapped_column(
        nullable=True, comment="as the planner signed it, before the slide"
    )
    production: Mapped[str | None] = mapped_column(comment="state of its works instruction")
    instruction_number: Mapped[str | None]
    instruction_follows: Mapped[str | None] = mapped_column(
        comment="what comes next for its works instruction, as inventory told"
    )
    instruction_sequence: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="of the newest event heard of its works instruction"
    )
    produced_quantity: Mapped[Quantity]
    accepted_quantity: Mapped[Quantity | None] = mapped_column(nullable=True)
    shipped_quantity: Mapped[Quantity]
    astray_quantity: Mapped[Quantity] = mapped_column(
        server_default="0", comment="left, and was lost or came back: its case sees to it"
    )
    signed_quantity: Mapped[Quantity]
    short_closed: Mapped[bool]

    def __init__(
        self,
        *,
        id: UUID,
        line_no: int,
        product: Mapping[str, Any],
        quantity: Decimal,
        supply: str | None = None,
        spec: str | None = None,
        unit_price: Decimal | None = None,
        discount: Decimal | None = None,
        tolerance_over: Decimal | None = None,
        tolerance_under: Decimal | None = None,
        packing: str | None = None,
    ) -> None:
        """Make a line of `product`, a product's public view. Raises QuantityNotInUnit."""
        unit_decimals, nothing = int(product["unit_decimals"]), Decimal(0)
        over, under = product["tolerance_over"], product["tolerance_under"]
        start_with(
            self,
            id=id,
            line_no=line_no,
            product_id=UUID(str(product["id"])),
            product_code=product["code"],
            product_name=product["name"],
            spec=spec or product["spec"] or "",
            unit=product["unit"],
            unit_decimals=unit_decimals,
            supply=supply or product["default_supply"],
            quantity=_in_unit(quantity, unit_decimals),
            unit_price=nothing if unit_price is None else unit_price,
            price_given=unit_price is not None,
            discount=money.ZERO if discount is None else discount,
            discount_given=discount is not None,
            tolerance_over=Decimal(over) if tolerance_over is None else tolerance_over,
            tolerance_under=Decimal(under) if tolerance_under is None else tolerance_under,
            packing=packing or product.get("packing"),
            base_production_due=None,
            production=None,
            instruction_number=None,
            instruction_follows=None,
            instruction_sequence=0,
            produced_quantity=nothing,
            accepted_quantity=None,
            shipped_quantity=nothing,
            astray_quantity=nothing,
            signed_quantity=nothing,
            short_closed=False,
        )
        self.reckon()

    def hear_of_instruction(self, number: str, sequence: int) -> bool:
        """Note an event of a works instruction for it; tell whether none so new was heard.

        A further instruction begins anew: what comes of an earlier one then is late.
        """
        heard = (self.instruction_number or "", self.instruction_sequence)
        if (number, sequence) <= heard:
            return False
        self.instruction_number, self.instruction_sequence = number, sequence
        return True

    def reckon(self) -> None:
        """Compute the amount anew from quantity, price and discount."""
        self.amount = money.line_amount(self.quantity, self.unit_price, self.discount)

    @property
    def is_made(self) -> bool:
        return self.supply == MAKE

    @property
    def gross(self) -> Decimal:
        """Quantity × price, rounded to 分."""
        return money.line_amount(self.quantity, self.unit_price)

    @property
    def is_priced(self) -> bool:
        """Whether scheme or person gave a price; that it costs nothing, a person has to say."""
        return self.price_given or self.unit_price > 0

    @property
    def amount_at_upper_tolerance(self) -> Decimal:
        """What it may come to at most: a made line is billed by its accepted quantity."""
        if not self.is_made:
            return self.amount
        most = quantity.with_tolerance(
            self.quantity, self.tolerance_over, self.unit_decimals, over=True
        )
        return money.line_amount(most, self.unit_price, self.discount)

    @property
    def due_quantity(self) -> Decimal:
        """What the customer has to sign for: the accepted quantity if made, else the ordered."""
        if self.is_made and self.accepted_quantity is not None:
            return self.accepted_quantity
        return self.quantity

    @property
    def is_to_be_issued(self) -> bool:
        """Whether its works instruction has not gone out yet."""
        return self.is_made and self.production in (None, "draft")

    @property
    def is_to_be_planned(self) -> bool:
        """Whether the planner has to date its further instruction first, as inventory told."""
        return self.is_to_be_issued and self.instruction_follows == PLAN

    @property
    def is_there(self) -> bool:
        """Whether its goods are in the warehouse, or were."""
        return not self.is_made or self.production == "stocked"

    @property
    def is_being_made(self) -> bool:
        """Whether the factory is at it: material is consumed, goods are not in stock yet."""
        return self.is_made and self.production in BEING_MADE

    @property
    def has_left(self) -> Decimal:
        """How much of it has left, whatever became of that."""
        return self.shipped_quantity + self.astray_quantity

    @property
    def is_ready(self) -> bool:
        """Whether goods of it are there that have not left and are to leave."""
        return self.is_there and not self.short_closed and self.has_left < self.due_quantity

    @property
    def accepted_beside_a_rest(self) -> Decimal:
        """How much was accepted and has not left, while a further instruction makes the rest."""
        accepted = self.accepted_quantity or Decimal(0)
        return Decimal(0) if self.is_there else max(Decimal(0), accepted - self.has_left)

    @property
    def is_served(self) -> bool:
        """Whether nothing of this line is still to come."""
        if self.short_closed:
            return True
        return self.is_there and self.signed_quantity >= self.due_quantity


def _in_unit(amount: Decimal, decimals: int) -> Decimal:
    return quantity.check(amount, decimals)
