"""Works instructions: the order to the factory to make one line (生产指令单, SPEC §6)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.lifecycle import IllegalMove
from chassis.mapping import Announcing, Percent, Quantity
from chassis.quantity import check, with_tolerance
from services.inventory.domain import Base
from services.inventory.domain.errors import (
    InspectionDoesNotAddUp,
    InspectionMissing,
    ItemsNotAcknowledged,
    NotFurther,
    NothingLacks,
    NothingReported,
    NotPassed,
    OutsideTolerance,
    ProductionDueMissing,
    ReportsEnded,
    SecondPersonNeeded,
)
from services.inventory.domain.events import (
    FreeGoodsStocked,
    GoodsStocked,
    InstructionAccepted,
    InstructionBecameAbnormal,
    InstructionCancelled,
    InstructionChanged,
    InstructionDrafted,
    InstructionFinished,
    InstructionInspected,
    InstructionIssued,
    InstructionResumed,
    InstructionStarted,
)
from services.inventory.domain.lifecycle import INSTRUCTION, InstructionState
from services.inventory.domain.order import LineCopy


class AbnormalClass(StrEnum):
    """What kind of thing went wrong in production."""

    EQUIPMENT = "equipment"
    MATERIAL = "material"
    QUALITY = "quality"
    STAFFING = "staffing"
    PROCESS = "process"
    OTHER = "other"


class Rest(StrEnum):
    """What the customer lets become of the quantity that lacks, outside tolerance."""

    SHORT_CLOSE = "short_close"  # Nothing: the accepted quantity settles the line.
    FURTHER_INSTRUCTION = "further_instruction"  # A further instruction makes it.


# What follows for an instruction is told by its state, but for what comes between two states.
PLAN, COUNTERSIGN, CONSENT = "plan", "countersign", "record_consent"

# What the planner acknowledges one by one before he signs.
ITEMS = (
    "product",
    "quantity",
    "tolerance",
    "production_due",
    "packing",
    "special_rules",
)

# From here the goods exist: a cancelled order's go on into free stock.
MADE = frozenset({InstructionState.FINISHED, InstructionState.INSPECTED})
IN_WORK = frozenset({InstructionState.RUNNING, InstructionState.ABNORMAL})


@dataclass(frozen=True)
class Signed:
    """Who signs a move, and when (business time)."""

    person_id: str
    name: str
    at: datetime

    def as_row(self) -> dict[str, str]:
        return {"person_id": self.person_id, "name": self.name, "at": self.at.isoformat()}


class Instruction(Announcing, Base):
    """The order to make one line; its state moves only as INSTRUCTION lists.

    `produced_quantity` is the sum of the standing daily reports; `accepted_quantity` is what
    passed inspection and went into stock, within tolerance or by the customer's consent.
    """

    __tablename__ = "instruction"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_instruction_order", "order_id"),
        Index("ix_instruction_order_number", "order_number"),
        Index("ix_instruction_product", "product_code", "drafted_at", "id"),
        Index("uq_instruction_line", "order_id", "line_id", "part", unique=True),
        Index("ix_instruction_state_due", "state", "production_due", "number"),
        # A factory has few that are open, and years of those that are not.
        Index(
            "ix_instruction_open",
            "state",
            "production_due",
            "number",
            postgresql_where=text("state not in ('stocked', 'cancelled')"),
        ),
        Index("ix_instruction_drafted", "drafted_at", "id"),
    )
    aggregate_type = "instruction"

    number: Mapped[str] = mapped_column(String(20), unique=True)
    order_id: Mapped[UUID]
    order_number: Mapped[str]
    line_id: Mapped[UUID]
    line_no: Mapped[int]
    accepted_before: Mapped[Quantity] = mapped_column(
        comment="what earlier instructions for the line put into stock"
    )
    produced_before: Mapped[Quantity] = mapped_column(comment="what earlier ones made")
    part: Mapped[int] = mapped_column(comment="1; a further instruction for the line: 2, …")
    product_id: Mapped[UUID]
    product_code: Mapped[str]
    product_name: Mapped[str]
    spec: Mapped[str | None]
    unit: Mapped[str]
    unit_decimals: Mapped[int]
    quantity: Mapped[Quantity]
    tolerance_over: Mapped[Percent]
    tolerance_under: Mapped[Percent]
    packing: Mapped[str | None]
    special_rules: Mapped[str | None]
    production_due: Mapped[date | None]
    state: Mapped[InstructionState]
    drafted_at: Mapped[datetime]
    issued: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="who signed, when")
    technique_copy_at: Mapped[datetime | None] = mapped_column(
        comment="when technique got its copy"
    )
    accepted: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="the planner's sign")
    acknowledged: Mapped[list[str]] = mapped_column(ARRAY(String))
    started: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    started_on: Mapped[date | None]
    abnormal: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="class, reason, measure, by, at: of the last abnormality"
    )
    finished: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    produced_quantity: Mapped[Quantity]
    scrap_quantity: Mapped[Quantity]
    passed_quantity: Mapped[Quantity | None]
    rework_quantity: Mapped[Quantity | None]
    rejected_quantity: Mapped[Quantity | None]
    standard: Mapped[str | None] = mapped_column(comment="what the inspector judged by")
    inspection_note: Mapped[str | None]
    inspected: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="the inspector")
    countersigned: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="the clerk")
    customer_consent: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="to a quantity outside tolerance: quantity, given_by, text, recorder"
    )
    stop_consent: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True),
        comment="the planner's, before a running instruction may be stopped",
    )
    stocked: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    accepted_quantity: Mapped[Quantity | None]
    into_free_stock: Mapped[bool] = mapped_column(
        comment="its order or line ended while goods were made: they are nobody's"
    )
    cancelled: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    def __init__(
        self,
        *,
        instruction_id: UUID,
        number: str,
        order_id: UUID,
        order_number: str,
        line: LineCopy,
        drafted_at: datetime,
        special_rules: str | None = None,
    ) -> None:
        self.id, self.number = instruction_id, number
        self.sequence = 0
        self.order_id, self.order_number = order_id, order_number
        self.line_id, self.line_no, self.part = line.id, line.line_no, 1
        self.product_id, self.product_code = line.product_id, line.product_code
        self.product_name, self.spec = line.product_name, line.spec
        self.unit, self.unit_decimals = line.unit, line.unit_decimals
        self.state = InstructionState.DRAFT
        self.drafted_at = drafted_at
        self.special_rules = special_rules
        self.accepted_before = self.produced_before = Decimal(0)
        self._take_terms(line)
        self.acknowledged = []
        self.produced_quantity = self.scrap_quantity = Decimal(0)
        self.into_free_stock = False

    @classmethod
    def further(
        cls,
        earlier: "Instruction",
        *,
        instruction_id: UUID,
        number: str,
        line: LineCopy,
        drafted_at: datetime,
    ) -> "Instruction":
        """Draft the instruction for what `earlier` left to be made; the planner dates it."""
        made = cls(
            instruction_id=instruction_id,
            number=number,
            order_id=earlier.order_id,
            order_number=earlier.order_number,
            line=line,
            drafted_at=drafted_at,
            special_rules=earlier.special_rules,
        )
        made.part = earlier.part + 1
        made.accepted_before = earlier.line_accepted_quantity or Decimal(0)
        made.produced_before = earlier.line_produced_quantity
        made.quantity = line.quantity - made.accepted_before
        made.production_due = None
        return made

    def _take_terms(self, line: LineCopy) -> None:
        self.quantity = line.quantity - self.accepted_before
        self.tolerance_over, self.tolerance_under = line.tolerance_over, line.tolerance_under
        self.packing = line.packing
        self.production_due = line.production_due

    def drafted(self) -> InstructionDrafted:
        """Give the fact that it was drafted."""
        return InstructionDrafted(self)

    @validates("state")
    def _only_legal_moves(self, _: str, wish: InstructionState) -> InstructionState:
        if self.state is not None:
            self.check_move(wish)
        return wish

    def check_move(self, wish: InstructionState) -> None:
        """Raise IllegalMove unless it may go there from where it is."""
        INSTRUCTION.check(self.state, wish, instruction_number=self.number)

    @property
    def is_in_work(self) -> bool:
        return self.state in IN_WORK

    @property
    def is_over(self) -> bool:
        return self.state in INSTRUCTION.terminal

    @property
    def follows(self) -> str | None:
        """Say what comes next: its state, or PLAN, COUNTERSIGN, CONSENT; None when it is over.

        Storage asks the same of all that wait, in its own words.
        """
        if self.is_over:
            return None
        if self.is_further and self.production_due is None:
            return PLAN
        if self.state is InstructionState.FINISHED and self.inspected is not None:
            return COUNTERSIGN
        if self.state is InstructionState.INSPECTED and not self.is_stockable:
            return CONSENT
        return str(self.state)

    @property
    def is_further(self) -> bool:
        """Whether it makes what an earlier instruction for the line left."""
        return self.part > 1

    @property
    def least_quantity(self) -> Decimal:
        """Give the lower end of the tolerance, which is the whole line's."""
        return self._bound(self.tolerance_under, over=False)

    @property
    def most_quantity(self) -> Decimal:
        """Give the upper end of the tolerance, which is the whole line's."""
        return self._bound(self.tolerance_over, over=True)

    def _bound(self, percent: Decimal, *, over: bool) -> Decimal:
        ordered = self.accepted_before + self.quantity
        bound = with_tolerance(ordered, percent, self.unit_decimals, over=over)
        return max(Decimal(0), bound - self.accepted_before)

    @property
    def line_accepted_quantity(self) -> Decimal | None:
        """What is in stock for the line by this and earlier instructions; None before any."""
        if self.accepted_quantity is None:
            return self.accepted_before if self.is_further else None
        return self.accepted_before + self.accepted_quantity

    @property
    def line_produced_quantity(self) -> Decimal:
        """What this and earlier instructions made for the line."""
        return self.produced_before + self.produced_quantity

    def check_plannable(self) -> None:
        """Raise IllegalMove once it is issued, NotFurther for a line's first one."""
        self.check_move(InstructionState.ISSUED)
        if not self.is_further:
            raise NotFurther(instruction_number=self.number)

    def plan(self, production_due: date, *, today: date) -> InstructionChanged:
        """Date a further instruction as the planner signs it.

        Raises NotFurther for a line's first one, which has its date by the schedule statement,
        and ProductionDueMissing for a day in the past.
        """
        self.check_plannable()
        if production_due < today:
            raise ProductionDueMissing(order_number=self.order_number, lines=[self.line_no])
        self.production_due = production_due
        return InstructionChanged(self)

    def issue(
        self,
        signed: Signed,
        *,
        line: LineCopy,
        production_due: date,
        packing: str | None,
        special_rules: str | None,
    ) -> InstructionIssued:
        """Send it to the factory under the clerk's signature; technique gets a copy."""
        self.state = InstructionState.ISSUED
        self._take_terms(line)
        self.production_due = production_due
        self.packing = packing or self.packing
        self.special_rules = special_rules or self.special_rules
        self.issued, self.technique_copy_at = signed.as_row(), signed.at
        return InstructionIssued(self)

    def accept(self, signed: Signed, *, acknowledged: list[str]) -> InstructionAccepted:
        """Take it on, item by item. Raises ItemsNotAcknowledged naming what is missing."""
        self.check_move(InstructionState.ACCEPTED)
        if missing := [item for item in ITEMS if item not in acknowledged]:
            raise ItemsNotAcknowledged(items=", ".join(missing))
        self.state = InstructionState.ACCEPTED
        self.acknowledged = list(ITEMS)
        self.accepted = signed.as_row()
        return InstructionAccepted(self)

    def start(self, signed: Signed, *, today: date) -> InstructionStarted:
        """Begin making; its material is consumed in the same transaction."""
        self.check_start()
        self.state = InstructionState.RUNNING
        self.started, self.started_on = signed.as_row(), today
        self._end_stop_consent()
        return InstructionStarted(self)

    def check_start(self) -> None:
        """Raise IllegalMove unless it is accepted: what was interrupted is resumed."""
        if self.state is not InstructionState.ACCEPTED:
            self._refuse("start")

    def check_resume(self) -> None:
        """Raise IllegalMove unless it is abnormal: what is accepted is started."""
        if self.state is not InstructionState.ABNORMAL:
            self._refuse("resume")

    def _refuse(self, verb: str) -> None:
        raise IllegalMove(
            entity="instruction",
            state=self.state,
            wish=verb,
            allowed=", ".join(sorted(INSTRUCTION.next(self.state))) or "-",
            instruction_number=self.number,
        )

    def mark_abnormal(
        self, signed: Signed, *, kind: AbnormalClass, reason: str, measure: str
    ) -> InstructionBecameAbnormal:
        """Write down what went wrong and what is done about it for now."""
        self.state = InstructionState.ABNORMAL
        self.abnormal = {
            **signed.as_row(),
            "class": str(kind),
            "reason": reason,
            "measure": measure,
        }
        return InstructionBecameAbnormal(self, kind, reason, measure)

    def resume(self) -> InstructionResumed:
        """Go on making after an abnormality."""
        self.check_resume()
        self.state = InstructionState.RUNNING
        self._end_stop_consent()
        return InstructionResumed(self)

    def count(self, *, produced: Decimal, scrap: Decimal) -> None:
        """Set what the standing daily reports sum up to."""
        self.produced_quantity = check(produced, self.unit_decimals)
        self.scrap_quantity = check(scrap, self.unit_decimals)
        self._end_stop_consent()

    def check_reportable(self) -> None:
        """Raise ReportsEnded once it is finished, IllegalMove while it is not being made."""
        if self.finished is not None:
            raise ReportsEnded(instruction_number=self.number)
        if not self.is_in_work:
            self.check_move(InstructionState.FINISHED)

    def check_finishable(self) -> None:
        """Raise IllegalMove unless it is being made, NothingReported before the first report.

        A run that was wholly spoilt is finished like any other, with nothing produced.
        """
        self.check_move(InstructionState.FINISHED)
        if self.produced_quantity + self.scrap_quantity <= 0:
            raise NothingReported(instruction_number=self.number)

    def finish(self, signed: Signed) -> InstructionFinished:
        """End making; what is produced is what was reported. Raises NothingReported."""
        self.check_finishable()
        self.state = InstructionState.FINISHED
        self.finished = signed.as_row()
        return InstructionFinished(self)

    def inspect(
        self,
        signed: Signed,
        *,
        passed: Decimal,
        rework: Decimal,
        rejected: Decimal,
        standard: str,
        note: str | None,
    ) -> InstructionChanged:
        """Take the inspector's figures and signature; a clerk's countersign makes it inspected.

        Raises InspectionDoesNotAddUp unless they sum up to what was produced.
        """
        self.check_move(InstructionState.INSPECTED)
        if passed + rework + rejected != self.produced_quantity:
            raise InspectionDoesNotAddUp(
                passed=passed, rework=rework, rejected=rejected, produced=self.produced_quantity
            )
        self.passed_quantity = check(passed, self.unit_decimals)
        self.rework_quantity = check(rework, self.unit_decimals)
        self.rejected_quantity = check(rejected, self.unit_decimals)
        self.standard, self.inspection_note = standard, note
        self.inspected = signed.as_row()
        return InstructionChanged(self)

    def check_countersignable(self, person_id: str) -> None:
        """Raise IllegalMove, InspectionMissing, or SecondPersonNeeded for the inspector."""
        self.check_move(InstructionState.INSPECTED)
        if self.inspected is None:
            raise InspectionMissing(instruction_number=self.number)
        if self.inspected["person_id"] == person_id:
            raise SecondPersonNeeded(
                person_name=self.inspected["name"], instruction_number=self.number
            )

    def countersign(self, signed: Signed) -> InstructionInspected:
        """Confirm the inspection. Raises InspectionMissing and SecondPersonNeeded."""
        self.check_countersignable(signed.person_id)
        self.state = InstructionState.INSPECTED
        self.countersigned = signed.as_row()
        return InstructionInspected(self)

    def record_consent(
        self,
        signed: Signed,
        *,
        quantity: Decimal,
        given_by: str,
        text: str,
        rest: Rest = Rest.SHORT_CLOSE,
    ) -> InstructionChanged:
        """Put on record that the customer takes `quantity` although it is outside tolerance.

        Raises NothingLacks for a further instruction where `quantity` is all there was to make.
        """
        self.check_move(InstructionState.STOCKED)
        if rest is Rest.FURTHER_INSTRUCTION and quantity >= self.quantity:
            raise NothingLacks(instruction_number=self.number, quantity=quantity)
        self.customer_consent = {
            **signed.as_row(),
            "quantity": str(check(quantity, self.unit_decimals)),
            "rest": str(rest),
            "given_by": given_by,
            "text": text,
        }
        return InstructionChanged(self)

    @property
    def rest_follows(self) -> bool:
        """Whether it went into stock and the customer waits for a further instruction's goods."""
        return self.accepted_quantity is not None and self.leaves_a_rest(self.accepted_quantity)

    def leaves_a_rest(self, accepted: Decimal) -> bool:
        """Whether, with so much accepted, the customer waits for a further instruction's goods."""
        consent = self.customer_consent
        return (
            not self.into_free_stock
            and consent is not None
            and consent.get("rest") == Rest.FURTHER_INSTRUCTION
            and Decimal(consent["quantity"]) == accepted
        )

    def stock_in(
        self, signed: Signed, *, accepted: Decimal, order_complete: bool
    ) -> GoodsStocked | FreeGoodsStocked:
        """Book what passed into stock, for the order unless that has ended.

        Raises NotPassed for more than passed inspection, and OutsideTolerance unless the
        customer's consent to exactly that quantity is on record.
        """
        self.check_move(InstructionState.STOCKED)
        accepted = check(accepted, self.unit_decimals)
        if accepted > (self.passed_quantity or 0):
            raise NotPassed(
                instruction_number=self.number, passed=self.passed_quantity, accepted=accepted
            )
        if not self.into_free_stock and not self._customer_takes(accepted):
            raise OutsideTolerance(
                accepted=accepted, least=self.least_quantity, most=self.most_quantity
            )
        self.state = InstructionState.STOCKED
        self.accepted_quantity = accepted
        self.stocked = signed.as_row()
        if self.into_free_stock:
            return FreeGoodsStocked(self)
        return GoodsStocked(self, order_complete)

    def check_stockable(self) -> None:
        """Raise OutsideTolerance while no quantity of what passed may be accepted."""
        if not self.is_stockable:
            raise OutsideTolerance(
                accepted=self.passed_quantity or Decimal(0),
                least=self.least_quantity,
                most=self.most_quantity,
            )

    @property
    def is_stockable(self) -> bool:
        """Whether some quantity of what passed is within tolerance or taken by the customer."""
        passed, consent = self.passed_quantity or Decimal(0), self.customer_consent
        consented = consent is not None and Decimal(consent["quantity"]) <= passed
        return self.into_free_stock or passed >= self.least_quantity or consented

    def _customer_takes(self, quantity: Decimal) -> bool:
        if self.least_quantity <= quantity <= self.most_quantity:
            return True
        consent = self.customer_consent
        return consent is not None and Decimal(consent["quantity"]) == quantity

    def consent_to_stop(
        self, signed: Signed, *, text: str, unused: dict[str, Decimal] | None = None
    ) -> None:
        """Put the planner's consent to stop on record, and what material goes back then.

        It is of how making stands: it ends when that is started, resumed or reported of.
        """
        self.check_move(InstructionState.CANCELLED)
        back = {code: str(quantity) for code, quantity in (unused or {}).items()}
        self.stop_consent = {**signed.as_row(), "text": text, "unused": back}

    def _end_stop_consent(self) -> None:
        """Forget a consent to stop: what is made from now on takes what was unused then."""
        self.stop_consent = None

    @property
    def unused_if_stopped(self) -> dict[str, Decimal]:
        """Give what the planner said goes back to the material store, by material code."""
        unused = (self.stop_consent or {}).get("unused", {}) if self.is_in_work else {}
        return {code: Decimal(quantity) for code, quantity in unused.items()}

    @property
    def needs_stop_consent(self) -> bool:
        """Whether it is being made and the planner has not consented to stop it."""
        return self.is_in_work and self.stop_consent is None

    def stop(self, signed: Signed, *, reason: str | None) -> InstructionCancelled | None:
        """End it with its order or line: cancelled, or, once made, on into free stock."""
        if self.is_over:
            return None
        if self.state in MADE:
            self.into_free_stock = True
            return None
        self.state = InstructionState.CANCELLED
        self.cancelled = {**signed.as_row(), "reason": reason}
        return InstructionCancelled(self)
