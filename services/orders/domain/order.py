"""The order: the commercial promise on its way through the stages."""

from collections.abc import Collection, Container, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, Sequence, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from chassis import clock, money
from chassis.errors import InvalidFields, guard_version
from chassis.grams import grams
from chassis.mapping import Announcing, Day, Money, Percent, start_with
from chassis.phone import FEWEST_DIGITS, is_dialable
from chassis.principal import Principal
from services.orders.domain import Base, events
from services.orders.domain.confirmation import Confirmation, SignBack
from services.orders.domain.errors import (
    AcceptedNotShipped,
    ConfirmationNotSent,
    ConsentMissing,
    CustomerDuePassed,
    DateTooEarly,
    FieldsMissing,
    GateNotFound,
    GateNotOpen,
    InstructionIssued,
    LineNotFound,
    LineNotMade,
    LineServed,
    LineUnderWay,
    NotByThisVerb,
    NotEditable,
    NothingToHold,
    NothingToPromise,
    OrderBusy,
    OrderNotOnHold,
    OrderOnHold,
    OrderTooLarge,
    ReceivedClearlyAlready,
    SignBackAlreadyVerified,
    StatementExpired,
)
from services.orders.domain.gate import DEPENDS_ON, OPENS_AFTER, STATED, Gate
from services.orders.domain.lifecycle import (
    CANCELLABLE,
    RETURNABLE,
    STAGES,
    GateKind,
    Stage,
    Verdict,
)
from services.orders.domain.line import OrderLine

NUMBERS = Sequence("order_number_seq", metadata=Base.metadata)

# The confirmation's list of what an order must say before it is submitted (O6), with the
# words a clerk knows them by.
MANDATORY: dict[str, str] = {
    "customer_id": "客户",
    "order_type": "订单类型",
    "consignee_name": "收货人",
    "consignee_phone": "收货电话",
    "consignee_address": "收货地址",
    "base_customer_due": "交货时间",
    "special_requirements": "特殊要求（无则写“无”）",
}

# Door delivery may cost extra; who wants that says so (SPEC §7).
DEFAULT_DELIVERY = "pickup_at_depot"

# What a draft's author fills in; each is a column.
EDITABLE = (
    "order_type",
    "consignee_name",
    "consignee_phone",
    "consignee_address",
    "delivery_method",
    "urgency",
    "base_customer_due",
    "special_requirements",
    "wish",
    "reply_by",
    "paper_owed",
)

# As the largest payment and limit of customers: sums of thousands of them still fit.
LARGEST_TOTAL = Decimal("9999999999.99")
# What a memo does not say, or nobody has decided yet.
_NOT_KNOWN_YET = (
    "stage_before_cancel",
    "order_type",
    "customer_id",
    "customer_code",
    "customer_name",
    "grade",
    "region",
    "salesperson_id",
    "salesperson_name",
    "consignee_name",
    "consignee_phone",
    "consignee_address",
    "delivery_method",
    "special_requirements",
    "terms",
    "deposit_percent",
    "base_production_due",
    "base_customer_due",
    "checked_by",
    "checked_at",
    "submitted_at",
    "approved_at",
    "confirmed_at",
    "fulfilled_at",
    "closed_at",
    "hold",
    "busy_with",
    "past_reference",
)


class Order(Announcing, Base):
    """One customer's order; its stage moves only as the table of stages allows.

    While `busy_with` names a conversation with other services, no other command may change
    the order. A hold stops every forward move. Both dates count from their base by the slide.
    """

    aggregate_type: ClassVar[str] = "order"

    __tablename__ = "order"
    __table_args__ = (
        Index(
            "ix_order_newest",
            text("created_at desc"),
            text("id desc"),
            postgresql_include=["total"],
        ),
        Index("ix_order_customer", "customer_id", text("created_at desc"), text("id desc")),
        Index("ix_order_stage", "stage", text("created_at desc"), text("id desc")),
        Index("ix_order_salesperson", "salesperson_id", text("created_at desc"), text("id desc")),
        Index("ix_order_clerk", "clerk_id", text("created_at desc"), text("id desc")),
        Index("ix_order_region", "region", text("created_at desc"), text("id desc")),
        Index(
            "ix_order_waiting",
            "stage",
            "confirmation_due_at",
            "touched_at",
            "id",
            # What was over in the old books waits for nobody; it is thousands, and oldest.
            postgresql_where=text("hold is null and not past"),
        ),
        Index(
            "ix_order_to_ship",
            "stage",
            "touched_at",
            "id",
            postgresql_where=text("goods_ready and hold is null"),
        ),
        Index("ix_order_total", "total"),
        Index("ix_order_grams", "grams", postgresql_using="gin"),
        Index("ix_order_product_codes", "product_codes", postgresql_using="gin"),
        Index("ix_order_past_reference", "past_reference", unique=True),
        # The unique index cannot find beginnings: its order is the locale's.
        Index("ix_order_number_beginning", "number", postgresql_ops={"number": "text_pattern_ops"}),
        Index(
            "ix_order_on_hold",
            text("created_at desc"),
            text("id desc"),
            postgresql_where=text("hold is not null"),
        ),
    )

    number: Mapped[str] = mapped_column(unique=True)
    stage: Mapped[Stage]
    stage_before_cancel: Mapped[Stage | None]
    revision: Mapped[int] = mapped_column(comment="counts submits; a gate is about one of them")
    order_type: Mapped[str | None] = mapped_column(comment="ship or service")

    channel: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    reply_by: Mapped[datetime | None] = mapped_column(comment="the answer's time as promised")
    wish: Mapped[str | None] = mapped_column(comment="what was asked for, in the asker's words")
    paper_owed: Mapped[bool] = mapped_column(comment="an oral order; its paper is to come")

    customer_id: Mapped[UUID | None]
    customer_code: Mapped[str | None]
    customer_name: Mapped[str | None]
    grade: Mapped[str | None] = mapped_column(comment="as last heard; asked again when it matters")
    region: Mapped[str | None]
    salesperson_id: Mapped[str | None]
    salesperson_name: Mapped[str | None]
    clerk_id: Mapped[str]
    clerk_name: Mapped[str]

    consignee_name: Mapped[str | None]
    consignee_phone: Mapped[str | None]
    consignee_address: Mapped[str | None]
    grams: Mapped[list[str]] = mapped_column(
        ARRAY(Text), comment="of name, phone and code, for search"
    )
    product_codes: Mapped[list[str]] = mapped_column(
        ARRAY(Text), comment="of its lines, for search"
    )
    delivery_method: Mapped[str | None]
    urgency: Mapped[str]
    special_requirements: Mapped[str | None]

    currency: Mapped[str]
    total: Mapped[Money]
    scheme_total: Mapped[Money] = mapped_column(comment="what the price schemes make of it")
    terms: Mapped[str | None] = mapped_column(comment="as customers answered at submit")
    deposit_percent: Mapped[Percent | None] = mapped_column(nullable=True)

    base_production_due: Mapped[Day | None] = mapped_column(nullable=True)
    base_customer_due: Mapped[Day | None] = mapped_column(nullable=True)

    checked_by: Mapped[str | None] = mapped_column(comment="who looked at the key data again")
    checked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    fulfilled_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    confirmation_due_at: Mapped[datetime | None] = mapped_column(
        comment="by when it is sent; made orders: all is stated; null: the clock does not run"
    )
    touched_at: Mapped[datetime] = mapped_column(comment="last move or edit, for the expiry")
    holds_anything: Mapped[bool] = mapped_column(comment="credit, stock, material or a slot")
    goods_ready: Mapped[bool] = mapped_column(
        comment="once confirmed: goods of a line are there that have not left"
    )

    hold: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    busy_with: Mapped[UUID | None] = mapped_column(comment="the conversation under way")
    confirmed_by_grade: Mapped[bool]
    imported: Mapped[bool]
    past: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="imported, and over in the books it came from"
    )
    past_reference: Mapped[str | None] = mapped_column(comment="its number in the old books")

    lines: Mapped[list[OrderLine]] = relationship(
        order_by=OrderLine.line_no, cascade="all, delete-orphan", lazy="raise"
    )
    gates: Mapped[list[Gate]] = relationship(
        order_by=Gate.kind, cascade="all, delete-orphan", lazy="raise"
    )
    confirmations: Mapped[list[Confirmation]] = relationship(
        order_by=Confirmation.number, cascade="all, delete-orphan", lazy="raise"
    )

    def __init__(
        self,
        *,
        id: UUID,
        number: str,
        clerk: Principal,
        now: datetime,
        channel: str,
        asked_by: str,
        asked_at: datetime,
        currency: str,
        reply_by: datetime | None = None,
        wish: str | None = None,
        paper_owed: bool = False,
        confirmation_due_at: datetime | None = None,
    ) -> None:
        """Write a memo: what somebody asked for, not yet an order."""
        start_with(
            self,
            **dict.fromkeys(_NOT_KNOWN_YET),
            id=id,
            number=number,
            stage=Stage.MEMO,
            revision=0,
            sequence=0,
            clerk_id=clerk.person_id,
            clerk_name=clerk.name,
            channel=channel,
            asked_by=asked_by,
            asked_at=asked_at,
            reply_by=reply_by,
            wish=wish,
            paper_owed=paper_owed,
            urgency="normal",
            currency=currency,
            total=money.ZERO,
            scheme_total=money.ZERO,
            created_at=now,
            touched_at=now,
            confirmation_due_at=confirmation_due_at,
            holds_anything=False,
            goods_ready=False,
            confirmed_by_grade=False,
            imported=False,
            past=False,
            product_codes=[],
        )
        self._index()
        self.lines, self.gates, self.confirmations = [], [], []

    @validates("stage")
    def _only_legal_moves(self, _: str, wish: Stage) -> Stage:
        before: Stage | None = self.stage
        if before is not None and before is not wish:
            STAGES.check(before, wish, order_number=self.number)
        return wish

    # -- questions -------------------------------------------------------------------------

    @property
    def is_editable(self) -> bool:
        return self.stage in (Stage.MEMO, Stage.DRAFT)

    @property
    def is_on_hold(self) -> bool:
        return self.hold is not None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, here or in the old books."""
        return self.past or self.stage in (Stage.CANCELLED, Stage.CLOSED)

    @property
    def held_since(self) -> datetime | None:
        return None if self.hold is None else datetime.fromisoformat(self.hold["at"])

    @property
    def made_lines(self) -> list[OrderLine]:
        return [line for line in self.lines if line.is_made]

    @property
    def stock_lines(self) -> list[OrderLine]:
        return [line for line in self.lines if not line.is_made]

    @property
    def credit_amount(self) -> Decimal:
        """What is reserved as credit: every line at its upper tolerance."""
        return sum((line.amount_at_upper_tolerance for line in self.lines), money.ZERO)

    @property
    def confirmation(self) -> Confirmation | None:
        """The confirmation that stands, if any."""
        last = self.confirmations[-1] if self.confirmations else None
        return None if last is None or last.state == "void" else last

    @property
    def sign_back_verified(self) -> bool:
        return self.confirmation is not None and self.confirmation.is_verified

    @property
    def is_served(self) -> bool:
        return all(line.is_served for line in self.lines)

    @property
    def was_reopened(self) -> bool:
        """Whether its credit was asked for once more after it had ended."""
        gate = self.find_gate(GateKind.CREDIT)
        if gate is None or gate.signed_at is None or self.fulfilled_at is None:
            return False
        return gate.signed_at > self.fulfilled_at

    def slide_days(self, today: date) -> int:
        return 0 if self.confirmation is None else self.confirmation.slide_days(today)

    def production_due(self, today: date) -> date | None:
        """When the goods are ready, by the planner's signed date and the slide."""
        return _later(self.base_production_due, self.slide_days(today))

    def line_production_due(self, line: OrderLine, today: date) -> date | None:
        """When the goods of one line are ready."""
        return _later(line.base_production_due, self.slide_days(today))

    def customer_due(self, today: date) -> date | None:
        """When the customer was promised the goods, with the slide."""
        return _later(self.base_customer_due, self.slide_days(today))

    def revision_inputs(self) -> list[str]:
        """Give everything of the header that an approval is about."""
        return [str(getattr(self, name)) for name in ("customer_id", *EDITABLE)]

    def missing_fields(self) -> dict[str, str]:
        """Give what is still missing against the confirmation's list, by field."""
        missing = {
            field: word for field, word in MANDATORY.items() if getattr(self, field) in (None, "")
        }
        if not self.lines:
            missing["lines"] = "产品明细"
        if unpriced := [line.line_no for line in self.lines if not line.is_priced]:
            missing["unit_price"] = f"单价（第{'、'.join(map(str, unpriced))}行）"
        return missing

    def line(self, line_no: int) -> OrderLine:
        """Give one line. Raises LineNotFound."""
        for line in self.lines:
            if line.line_no == line_no:
                return line
        raise LineNotFound(order_number=self.number, line_no=line_no)

    def line_by_id(self, line_id: UUID) -> OrderLine | None:
        return next((line for line in self.lines if line.id == line_id), None)

    def gate(self, kind: GateKind) -> Gate:
        """Give one gate. Raises GateNotFound."""
        gate = self.find_gate(kind)
        if gate is None:
            raise GateNotFound(order_number=self.number, kind=kind)
        return gate

    def find_gate(self, kind: GateKind) -> Gate | None:
        return next((gate for gate in self.gates if gate.kind is kind), None)

    @property
    def coupons(self) -> list[dict[str, str]]:
        """The gifts that its prices earn, as the price gate found them (满500送20)."""
        gate = self.find_gate(GateKind.PRICE)
        return [] if gate is None else gate.figures.get("coupons", [])

    # -- guards ----------------------------------------------------------------------------

    def guard_move(
        self,
        wish: Stage,
        expected_version: int | None,
        *,
        only_from: Container[Stage] = frozenset(Stage),
    ) -> None:
        """Check what stops any move, in the order callers are told of it.

        `only_from` are the stages a verb starts from, where another verb makes the same move
        from elsewhere: a memo is drafted, an order in review is returned to draft. Raises
        IllegalMove before OrderBusy, StaleVersion and OrderOnHold.
        """
        self._guard_stage(wish, only_from)
        self.guard_change(expected_version)
        self.guard_hold()

    def _guard_stage(self, wish: Stage, only_from: Container[Stage]) -> None:
        if self.stage not in only_from:
            raise NotByThisVerb(order_number=self.number, state=self.stage, wish=wish)
        STAGES.check(self.stage, wish, order_number=self.number)

    def guard_draft(self, expected_version: int | None) -> None:
        """Raise unless this is a memo that may become a draft."""
        self.guard_move(Stage.DRAFT, expected_version, only_from={Stage.MEMO})

    def guard_return(self, expected_version: int | None) -> None:
        """Raise unless the order may be sent back to draft.

        That is no move forward, so a hold does not stop it: the draft stays on hold.
        """
        self._guard_stage(Stage.DRAFT, RETURNABLE)
        self.guard_change(expected_version)

    def guard_fulfilling(self, expected_version: int | None) -> None:
        """Raise unless lines of the order may be given up: it is in progress."""
        self.guard_move(Stage.FULFILLED, expected_version, only_from={Stage.IN_PROGRESS})

    def guard_reopening(self, expected_version: int | None) -> None:
        """Raise unless this is a closed order."""
        self.guard_move(Stage.FULFILLED, expected_version, only_from={Stage.CLOSED})

    def guard_promise(self, expected_version: int | None) -> None:
        """Raise unless the customer may still be given another date."""
        if self.stage not in CANCELLABLE:
            raise NothingToPromise(order_number=self.number, stage=self.stage)
        self.guard_change(expected_version)
        self.guard_hold()

    def guard_gate(self, kind: GateKind, verdict: Verdict, expected_version: int | None) -> Gate:
        """Give the gate that a verdict keeps shut. Raises GateNotFound, GateNotOpen."""
        gate = self.gate(kind)
        if self.stage is not Stage.IN_REVIEW or gate.verdict is not verdict:
            raise GateNotOpen(order_number=self.number, kind=kind, verdict=gate.verdict)
        self.guard_change(expected_version)
        self.guard_hold()
        return gate

    def guard_issuing(self, line_no: int, expected_version: int | None) -> OrderLine:
        """Give the line that the factory may be told to make.

        Raises IllegalMove, LineNotFound, LineNotMade, InstructionIssued.
        """
        if self.stage is not Stage.IN_PROGRESS:
            STAGES.check(self.stage, Stage.IN_PROGRESS, order_number=self.number)
        line = self.line(line_no)
        if not line.is_made:
            raise LineNotMade(order_number=self.number, line_no=line_no)
        if not line.is_to_be_issued:
            raise InstructionIssued(order_number=self.number, line_no=line_no)
        self.guard_change(expected_version)
        self.guard_hold()
        return line

    def guard_putting_on_hold(self, expected_version: int | None) -> None:
        """Raise NothingToHold, or OrderOnHold where somebody holds it already."""
        if self.stage not in CANCELLABLE:
            raise NothingToHold(order_number=self.number, state=self.stage)
        self.guard_change(expected_version)
        self.guard_hold()

    def guard_change(self, expected_version: int | None) -> None:
        """Raise OrderBusy or StaleVersion."""
        if self.busy_with is not None:
            raise OrderBusy(order_number=self.number)
        guard_version(f"order {self.number}", self.version, expected_version)

    def guard_hold(self) -> None:
        """Raise OrderOnHold while somebody holds the order."""
        if self.hold is not None:
            raise OrderOnHold(
                order_number=self.number,
                since=self.hold["at"],
                by=self.hold["by_name"],
                reason=self.hold["reason"],
            )

    def guard_edit(self, expected_version: int | None) -> None:
        """Raise NotEditable unless it is a memo or draft."""
        if not self.is_editable:
            raise NotEditable(order_number=self.number, stage=self.stage)
        self.guard_change(expected_version)

    # -- memo and draft --------------------------------------------------------------------

    def take_memo(self, by: Principal) -> events.MemoTaken:
        """Announce the memo that the constructor wrote.

        A salesperson's is his own until its customer is known: nobody else sells to it yet.
        """
        if by.limited_to_own_customers:
            self.salesperson_id, self.salesperson_name = by.person_id, by.name
        return events.MemoTaken(self)

    def draft(self, customer: Mapping[str, Any]) -> events.OrderDrafted:
        """Say who the customer is (its public view); the memo becomes a draft."""
        self.stage = Stage.DRAFT
        self.settle_delivery()
        self.belong_to(customer)
        return events.OrderDrafted(self)

    def belong_to(self, customer: Mapping[str, Any]) -> None:
        """Take over what is copied of the customer."""
        self.customer_id = UUID(str(customer["id"]))
        self.customer_code, self.customer_name = customer["code"], customer["name"]
        self.grade, self.region = customer["grade"], customer["region"]
        self.salesperson_id = customer["salesperson_id"]
        self.salesperson_name = customer["salesperson_name"]
        self._index()

    def hand_over(self, salesperson_id: str | None, name: str | None) -> events.OrderHandedOver:
        """Follow the customer to another salesperson: who may see it is told to all."""
        self.salesperson_id, self.salesperson_name = salesperson_id, name
        return events.OrderHandedOver(self)

    def fill_in(self, fields: Mapping[str, Any], now: datetime) -> None:
        """Fill in any of the EDITABLE fields."""
        for name in EDITABLE:
            if name in fields:
                setattr(self, name, fields[name])
        self.touched_at = now
        self.checked_by = self.checked_at = None
        self._index()

    def replace_lines(self, lines: Iterable[OrderLine], now: datetime) -> None:
        """Take `lines` instead of the present ones; a kept line keeps its id."""
        self.lines = list(lines)
        if not self.made_lines:
            # The planner's date went with what he planned; goods from stock wait for no day.
            self.base_production_due = None
        self.touched_at = now
        self.checked_by = self.checked_at = None
        self.reckon()

    def reckon(self) -> None:
        """Compute the total, the sum of the lines' amounts, and note which products they are."""
        for line in self.lines:
            line.reckon()
        self.product_codes = sorted({line.product_code for line in self.lines})
        self.total = sum((line.amount for line in self.lines), money.ZERO)
        self.guard_size()

    def guard_size(self) -> None:
        """Raise OrderTooLarge where prices, or what the schemes make of it, fit in no book."""
        if max(self.credit_amount, self.scheme_total) > LARGEST_TOTAL:
            total = max(self.total, self.scheme_total)
            raise OrderTooLarge(order_number=self.number, total=total, most=LARGEST_TOTAL)

    def change(self) -> events.OrderChanged:
        """Announce what was edited."""
        return events.OrderChanged(self)

    def take_paper(self) -> events.OrderChanged:
        """Note that the written paper of an oral order has come."""
        self.paper_owed = False
        return events.OrderChanged(self)

    def check_key_data(self, by: Principal, now: datetime) -> None:
        """Note who compared size, quantity, price and consignee once more (O37)."""
        self.checked_by, self.checked_at = by.name, now

    def _index(self) -> None:
        # A memo is found by who asked for it.
        name = self.customer_name or self.asked_by
        self.grams = grams(name, self.consignee_phone, self.customer_code)

    # -- review ----------------------------------------------------------------------------

    def guard_submit(self, expected_version: int | None, today: date) -> None:
        """Raise unless it may go into review: stage, hold, mandatory fields, a date to come."""
        self.guard_move(Stage.IN_REVIEW, expected_version)
        missing = self.missing_fields()
        if self.checked_by is None:
            missing["key_data_checked"] = "关键信息二次核对"
        if missing:
            raise FieldsMissing(
                order_number=self.number,
                missing=", ".join(missing),
                missing_zh="、".join(missing.values()),
                fields=missing,
            )
        self.guard_due_to_come(today)

    def guard_due_to_come(self, today: date) -> None:
        """Raise CustomerDuePassed where the date that the customer was promised has gone by."""
        promised = self.base_customer_due
        if promised is not None and promised < today:
            raise CustomerDuePassed(order_number=self.number, customer_due=promised, today=today)

    def settle_delivery(self) -> None:
        """Have the goods picked up unless somebody said otherwise: a draft may say nothing."""
        self.delivery_method = self.delivery_method or DEFAULT_DELIVERY

    def submit(self, now: datetime) -> events.OrderSubmitted:
        """Go into review; the caller has judged and opened the gates of this revision."""
        self.stage = Stage.IN_REVIEW
        self.submitted_at = self.touched_at = now
        self.holds_anything = True
        self._stop_clock_when_stated()
        return events.OrderSubmitted(self)

    def open_gates(self, now: datetime) -> None:
        """Open every gate whose turn has come."""
        for gate in self.gates:
            if gate.opened_at is None and not gate.has_passed and self._may_open(gate):
                gate.opened_at = now

    def _may_open(self, gate: Gate) -> bool:
        if gate.kind is GateKind.APPROVAL:
            return all(other.has_passed for other in self.gates if other is not gate)
        before = OPENS_AFTER.get(gate.kind)
        if before is None:
            return True
        verdict = self.gate(before).verdict
        # The planner plans with the date at which short material arrives.
        planned = gate.kind is GateKind.SCHEDULE and verdict is Verdict.SHORT
        return verdict is Verdict.PASSED or planned

    def reopen_after(self, kind: GateKind) -> list[GateKind]:
        """Re-open what was signed on the strength of `kind`, approval always; gives which."""
        reopened = [gate for gate in self.gates if gate.kind in DEPENDS_ON[kind] and gate.signed_at]
        for gate in reopened:
            gate.reopen(self.revision, gate.inputs)
        return [gate.kind for gate in reopened]

    def guard_signing(self, kind: GateKind) -> Gate:
        """Give the open gate to be signed. Raises GateNotFound, GateNotOpen."""
        gate = self.gate(kind)
        if self.stage is not Stage.IN_REVIEW or not gate.is_open:
            raise GateNotOpen(order_number=self.number, kind=kind, verdict=gate.verdict)
        return gate

    def settle_gates(self, now: datetime) -> list[events.OrderEvent]:
        """Open what follows a verdict and, when all have passed, approve."""
        self.touched_at = now
        self.open_gates(now)
        self._stop_clock_when_stated()
        if self.stage is Stage.IN_REVIEW and all(gate.has_passed for gate in self.gates):
            self.stage = Stage.APPROVED
            self.approved_at = now
            return [events.OrderApproved(self)]
        return [events.OrderChanged(self)]

    @property
    def awaits_statement(self) -> bool:
        """Whether a statement about what is made is not signed, or not so that it passes."""
        return any(gate.kind in STATED and not gate.has_passed for gate in self.gates)

    def _stop_clock_when_stated(self) -> None:
        # Of what is made the clock runs to the last statement only (SPEC §5, clocks).
        stated = [gate for gate in self.gates if gate.kind in STATED]
        if stated and all(gate.has_passed for gate in stated):
            self.confirmation_due_at = None

    def set_production_due(self, by_line: Mapping[UUID, date], latest: date, today: date) -> None:
        """Take the planner's signed dates, of each line and the latest of them.

        They are dates of the calendar: what the confirmation's slide adds is taken off first.
        """
        slid = self.slide_days(today)
        self.base_production_due = _later(latest, -slid)
        for line in self.made_lines:
            line.base_production_due = _later(by_line.get(line.id, latest), -slid)

    def guard_dates(self) -> None:
        """Raise DateTooEarly if the customer is promised goods before they are made."""
        made, promised = self.base_production_due, self.base_customer_due
        if made is not None and promised is not None and promised < made:
            raise DateTooEarly(order_number=self.number, customer_due=promised, production_due=made)

    def guard_statements(self, day: date) -> None:
        """Raise StatementExpired where a statement counts no more on the day it is built on."""
        for gate in self.gates:
            if gate.has_expired(day):
                raise StatementExpired(
                    order_number=self.number, kind=gate.kind, valid_until=gate.valid_until
                )

    def promise(
        self,
        customer_due: date,
        *,
        by: Principal,
        consent_by: str | None,
        today: date,
        now: datetime,
    ) -> events.OrderChanged:
        """Give the customer another date; a later one needs the salesperson's consent.

        He gives it himself, or is named; of an order without one somebody is named.

        The date is meant as said, so what has slid until today is taken off its base. Of a
        draft it is an edit like any other.
        Raises InvalidFields for a past date, ConsentMissing, DateTooEarly.
        """
        check_date_to_come(customer_due, today)
        before = self.customer_due(today)
        if before is not None and customer_due > before:
            self._guard_consent(by, consent_by)
        self.base_customer_due = _later(customer_due, -self.slide_days(today))
        self.guard_dates()
        if self.is_editable:
            self.touched_at = now
            self.checked_by = self.checked_at = None
        return events.OrderChanged(self)

    def _guard_consent(self, by: Principal, named: str | None) -> None:
        if self.salesperson_id is None:
            consents, whose = bool(named), "sales"
        else:
            whose = self.salesperson_name or self.salesperson_id
            consents = named == whose or by.person_id == self.salesperson_id
        if not consents:
            raise ConsentMissing(order_number=self.number, whose=whose)

    def return_to_draft(self, why: str, today: date, now: datetime) -> events.OrderReturnedToDraft:
        """Go back to draft; all that is held stays held until the next submit or the expiry."""
        self._void_confirmation(today)
        self.stage = Stage.DRAFT
        self.touched_at = now
        self.checked_by = self.checked_at = None
        return events.OrderReturnedToDraft(self, why)

    def is_forgotten(self, *, touched: date, sent: date) -> bool:
        """Whether it was left as a draft that holds something, or unsigned, since these days."""
        if self.hold is not None or self.busy_with is not None:
            return False
        if self.stage is Stage.DRAFT:
            return self.holds_anything and clock.business_date(self.touched_at) <= touched
        standing = self.confirmation
        if self.stage is not Stage.AWAITING_RETURN or standing is None:
            return False
        return standing.sent_on <= sent

    def expire(self, today: date, now: datetime) -> events.OrderExpired:
        """Lose everything held: left as draft, or unsigned, for too long."""
        self._void_confirmation(today)
        if self.stage is not Stage.DRAFT:
            self.stage = Stage.DRAFT
        self.gates = []
        self.base_production_due = None
        for line in self.lines:
            line.base_production_due = None
        self.holds_anything = False
        self.confirmation_due_at = None
        self.touched_at = now
        self.checked_by = self.checked_at = None
        return events.OrderExpired(self)

    def _void_confirmation(self, today: date) -> None:
        standing = self.confirmation
        if standing is None:
            return
        # A new version starts from the slid dates (SPEC §5, the slide).
        slid = standing.slide_days(today)
        self.base_production_due = _later(self.base_production_due, slid)
        self.base_customer_due = _later(self.base_customer_due, slid)
        for line in self.lines:
            line.base_production_due = _later(line.base_production_due, slid)
        standing.void()

    # -- confirmation ----------------------------------------------------------------------

    def guard_sending(self, expected_version: int | None) -> None:
        """Raise unless the confirmation may be sent: approved, no hold, dates in order."""
        self.guard_move(Stage.AWAITING_RETURN, expected_version)
        self.guard_dates()

    def send_confirmation(
        self,
        *,
        id: UUID,
        document: dict[str, Any],
        grade: str,
        sent_on: date,
        now: datetime,
        sending: dict[str, Any],
        slide_calendar: dict[str, Any] | None = None,
    ) -> events.ConfirmationSent:
        """Freeze the order as the next version of its confirmation and send it."""
        self.stage = Stage.AWAITING_RETURN
        self.touched_at = now
        self.confirmation_due_at = None
        self.grade = grade
        number = len(self.confirmations) + 1
        self.confirmations.append(
            Confirmation(
                id=id,
                order_id=self.id,
                number=number,
                revision=self.revision,
                document=document,
                grade=grade,
                sent_on=sent_on,
                sending=sending,
                slide_calendar=slide_calendar,
            )
        )
        return events.ConfirmationSent(self, number)

    def guard_sign_back(self, expected_version: int | None) -> Confirmation:
        """Give the confirmation whose signed copy is awaited.

        Raises ConfirmationNotSent, SignBackAlreadyVerified, then StaleVersion.
        """
        standing = self._unsigned_confirmation()
        self.guard_change(expected_version)
        return standing

    def guard_receiving(self, expected_version: int | None) -> Confirmation:
        """Give the confirmation of which nobody knows yet that it was received clearly.

        Raises as `guard_sign_back` does, and ReceivedClearlyAlready before StaleVersion.
        """
        standing = self._unsigned_confirmation()
        if standing.received_clearly:
            raise ReceivedClearlyAlready(order_number=self.number)
        self.guard_change(expected_version)
        return standing

    def _unsigned_confirmation(self) -> Confirmation:
        standing = self.confirmation
        if standing is None or self.stage in (Stage.CANCEL_REQUESTED, Stage.CANCELLED):
            raise ConfirmationNotSent(order_number=self.number)
        if standing.is_verified:
            raise SignBackAlreadyVerified(order_number=self.number)
        return standing

    def guard_verifying(self, expected_version: int | None) -> Confirmation:
        """Give the confirmation whose copy may be verified: confirming is a move forward.

        A copy that is owed moves nothing, so it is taken on hold too. Raises OrderOnHold.
        """
        standing = self.guard_sign_back(expected_version)
        if self.stage is Stage.AWAITING_RETURN:
            self.guard_hold()
        return standing

    def reject_sign_back(self, copy: SignBack) -> events.OrderChanged:
        """File a copy that does not bind the customer; the confirmation is sent again."""
        confirmation = self.confirmation
        if confirmation is None:
            raise ConfirmationNotSent(order_number=self.number)
        confirmation.judge(copy)
        return events.OrderChanged(self)

    def verify_sign_back(self, copy: SignBack, now: datetime) -> events.OrderEvent:
        """Accept the signed copy: it confirms the order, or settles what grade A owed."""
        confirmation = self.confirmation
        if confirmation is None:
            raise ConfirmationNotSent(order_number=self.number)
        confirmation.judge(copy)
        if self.stage is not Stage.AWAITING_RETURN:
            return events.SignBackVerified(self)
        return self._confirm(now, by_grade=False)

    def confirm_by_grade(self, grade: str, now: datetime) -> events.OrderConfirmed:
        """Confirm before the sign-back because the customer is grade A at this moment."""
        self.grade = grade
        return self._confirm(now, by_grade=True)

    def _confirm(self, now: datetime, *, by_grade: bool) -> events.OrderConfirmed:
        self.stage = Stage.CONFIRMED
        self.confirmed_at = self.touched_at = now
        self.confirmed_by_grade = by_grade
        self.note_goods()
        return events.OrderConfirmed(self, by_grade)

    # -- making and shipping ---------------------------------------------------------------

    def start(self, now: datetime) -> list[events.OrderEvent]:
        """Note that the factory or the warehouse was told, the first time."""
        self.touched_at = now
        if self.stage is not Stage.CONFIRMED:
            return [events.OrderChanged(self)]
        self.stage = Stage.IN_PROGRESS
        return [events.OrderStarted(self)]

    def short_close(
        self, line_no: int, now: datetime, *, shipments: Collection[str]
    ) -> list[events.OrderEvent]:
        """Give up what is still to come of a line, with the customer's consent on record.

        `shipments` are the numbers of those under way that carry it. Raises LineServed,
        LineUnderWay, AcceptedNotShipped.
        """
        line = self.line(line_no)
        if line.is_served:
            raise LineServed(order_number=self.number, line_no=line_no)
        under_way = sorted(shipments)
        if line.is_being_made:
            under_way.append(str(line.instruction_number))
        if under_way:
            raise LineUnderWay(
                order_number=self.number, line_no=line_no, under_way=", ".join(under_way)
            )
        if (accepted := line.accepted_beside_a_rest) > 0:
            raise AcceptedNotShipped(
                order_number=self.number, line_no=line_no, quantity=f"{accepted.normalize():f}"
            )
        line.short_closed = True
        self.note_goods()
        return [events.LineShortClosed(self, str(line.id)), *self.fulfil_if_served(now)]

    def note_goods(self) -> None:
        """Note whether goods are ready to leave: work lists look for what is to be shipped by it.

        To be called when making, shipping or short-closing has moved a line.
        """
        self.goods_ready = any(line.is_ready for line in self.lines)

    def fulfil_if_served(self, now: datetime) -> list[events.OrderEvent]:
        """Move to fulfilled once every line is signed for or short-closed, and no hold stands."""
        if self.stage is not Stage.IN_PROGRESS or self.is_on_hold or not self.is_served:
            return []
        self.stage = Stage.FULFILLED
        self.fulfilled_at = self.touched_at = now
        self.holds_anything = False
        return [events.OrderFulfilled(self)]

    def close(self, now: datetime) -> events.OrderClosed:
        """Close; the caller has seen that nothing is owed."""
        self.stage = Stage.CLOSED
        self.closed_at = now
        return events.OrderClosed(self)

    def reopen(self) -> events.OrderReopened:
        """Open a closed order again."""
        self.stage = Stage.FULFILLED
        self.closed_at = None
        return events.OrderReopened(self)

    # -- hold and cancel -------------------------------------------------------------------

    def put_on_hold(
        self, by: Principal, *, reason: str, note: str | None, now: datetime
    ) -> events.OrderHeld:
        """Stop every forward move."""
        self.hold = {
            "reason": reason,
            "note": note,
            "by": by.person_id,
            "by_name": by.name,
            "at": now.isoformat(),
        }
        return events.OrderHeld(self)

    def guard_resume(self, by: Principal) -> None:
        """Raise OrderNotOnHold, or RoleNeeded unless `by` set the hold or is the supervisor."""
        if self.hold is None:
            raise OrderNotOnHold(order_number=self.number)
        if self.hold["by"] != by.person_id:
            by.require("supervisor")

    def resume(self, now: datetime) -> list[events.OrderEvent]:
        """Lift the hold; what was signed for meanwhile counts now."""
        self.hold = None
        self.touched_at = now
        return [events.OrderResumed(self), *self.fulfil_if_served(now)]

    def guard_cancel(self, expected_version: int | None) -> None:
        """Raise unless it may be cancelled; a cancel is no move forward, so a hold stops none."""
        STAGES.check(self.stage, Stage.CANCEL_REQUESTED, order_number=self.number)
        self.guard_change(expected_version)

    def request_cancel(self) -> events.CancelRequested:
        """Mark that the supervisor cancels, while the other services are asked."""
        before = self.stage
        self.stage = Stage.CANCEL_REQUESTED
        self.stage_before_cancel = before
        return events.CancelRequested(self)

    def refuse_cancel(self, now: datetime) -> list[events.OrderEvent]:
        """Go back to the stage before: a shipment had left, or consent was missing.

        What has left or was signed for while the others were asked counts now.
        """
        if self.stage_before_cancel not in CANCELLABLE:
            raise AssertionError("a cancel that was not requested cannot be refused")
        self.stage = self.stage_before_cancel
        self.stage_before_cancel = None
        happened: list[events.OrderEvent] = [events.CancelRefused(self)]
        if self.stage is Stage.CONFIRMED and any(line.shipped_quantity for line in self.lines):
            happened += self.start(now)
        return happened + self.fulfil_if_served(now)

    def cancel(self, today: date, now: datetime) -> events.OrderCancelled:
        """End it; the others free what they hold for it."""
        self._void_confirmation_if_unsigned(today)
        self.stage = Stage.CANCELLED
        self.hold = None
        self.holds_anything = False
        self.touched_at = now
        for gate in self.gates:
            gate.close()
        return events.OrderCancelled(self)

    def _void_confirmation_if_unsigned(self, today: date) -> None:
        if self.confirmation is not None and not self.confirmation.is_verified:
            self._void_confirmation(today)


def check_date_to_come(customer_due: date, today: date) -> None:
    """Raise InvalidFields for a past day: nobody is promised goods before today."""
    if customer_due < today:
        raise InvalidFields({"customer_due": [f"Must be {today} or later."]})


def check_consignee_phone(phone: str) -> None:
    """Raise InvalidFields for a phone by which nobody can be called."""
    if not is_dialable(phone):
        wrong = f"Must hold a number of at least {FEWEST_DIGITS} digits."
        raise InvalidFields({"consignee": {"phone": [wrong]}})


def _later(day: date | None, days: int) -> date | None:
    return None if day is None else day + timedelta(days=days)
