"""The story of these tests: one customer of each grade, one order of paper, and its people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import select, text

from chassis import envelope
from chassis.database import Store
from chassis.events import Received
from chassis.principal import Principal
from services.customers.domain.rules import RULES
from services.customers.schemas.facts import EVENTS
from services.customers.service import CustomersService
from services.customers.storage import platform

CLERK = Principal("p-clerk", "陈开单", frozenset({"clerk"}))
ASSISTANT = Principal("p-assistant", "林跟单", frozenset({"assistant"}))
FINANCE = Principal("p-finance", "钱财务", frozenset({"finance"}))
DIRECTOR = Principal("p-director", "吴总监", frozenset({"director"}))
SALES = Principal("p-sales", "李销售", frozenset({"sales"}))
OTHER_SALES = Principal("p-other", "刘销售", frozenset({"sales"}))

PAID_AT = "2020-01-02T09:00:00+08:00"

#: Whoever waits for somebody's lock in this database.
WAITING = """
select from pg_locks join pg_stat_activity using (pid)
where not granted and datname = current_database()
"""


@dataclass
class PaperOrder:
    """An order as orders would announce it: `quantity` sheets made at 10.00, so 1,000 each 100.

    `beside` is how many of the same come from stock, as a line of their own.
    """

    customer_id: str
    number: str
    quantity: str = "100"
    supply: str = "make"
    beside: str = "0"
    discount: str = "0.00"
    stage: str = "confirmed"
    revision: int = 1
    sequence: int = 0
    id: str = field(default_factory=lambda: str(uuid4()))
    line_id: str = field(default_factory=lambda: str(uuid4()))
    beside_id: str = field(default_factory=lambda: str(uuid4()))
    short_closed: bool = False
    created_at: str = "2026-11-20T08:00:00+00:00"
    shipped: str = "0"

    @property
    def total(self) -> str:
        return f"{self._first + Decimal(self.beside) * 10:.2f}"

    @property
    def amount(self) -> str:
        """The total at the upper tolerance of 3 %."""
        over = Decimal("1.03") if self.supply == "make" else Decimal(1)
        return f"{self._first * over + Decimal(self.beside) * 10:.2f}"

    @property
    def _first(self) -> Decimal:
        return Decimal(self.quantity) * 10 - Decimal(self.discount)

    def view(self) -> dict[str, Any]:
        first = {
            "id": self.line_id,
            "line_no": 1,
            "product_code": "PAPER-70",
            "product_name": "双胶纸 70g",
            "unit": "张",
            "unit_decimals": 0,
            "supply": self.supply,
            "quantity": self.quantity,
            "unit_price": "10.000000",
            "discount": self.discount,
            "tolerance_over": "3.000",
            "tolerance_under": "3.000",
            "shipped_quantity": self.shipped,
            "signed_quantity": None,
            "short_closed": self.short_closed,
            "new_field": "ignored",
        }
        second = {
            **first,
            "id": self.beside_id,
            "line_no": 2,
            "supply": "stock",
            "quantity": self.beside,
            "discount": "0.00",
        }
        return {
            "id": self.id,
            "number": self.number,
            "stage": self.stage,
            "revision": self.revision,
            "customer": {"id": self.customer_id, "code": "KH-B"},
            "total": self.total,
            "created_at": self.created_at,
            "lines": [first, second] if Decimal(self.beside) else [first],
        }


class Office:
    """The customers service on a database of its own, asked as the bus asks it."""

    def __init__(self, url: str) -> None:
        self.store = Store(
            service="customers", url=url, platform=platform, events=EVENTS, rules=RULES
        )
        service: Any = CustomersService()
        service.database = self.store
        self.service = service
        self.codes: dict[str, str] = {}

    # -- asking ----------------------------------------------------------------------------

    def do(self, who: Principal, command: str, *, under: str | None = None, **body: Any) -> Any:
        """Send a command, under a new key unless one is given."""
        method = getattr(self.service, command)
        return method(principal=who.to_wire(), body=body, key=under or str(uuid4()))

    def ask(self, who: Principal, question: str, **body: Any) -> Any:
        return getattr(self.service, question)(principal=who.to_wire(), body=body)

    def hear(
        self,
        listener: str,
        data: Mapping[str, Any],
        *,
        sequence: int = 1,
        at: datetime | None = None,
    ) -> None:
        """Have a listener handle an event of a neighbour, read by the listener's own schema."""
        method = getattr(self.service, listener)
        (entrypoint,) = method.nameko_entrypoints
        now = at or datetime.now(UTC)
        event = Received(
            name=entrypoint.name,
            schema_version=1,
            message_id=uuid4(),
            source=entrypoint.source,
            occurred_at=now,
            business_at=now,
            aggregate_type="order",
            aggregate_id="1",
            sequence=sequence,
            principal={},
            data=data,
        )
        read = envelope.load(event, entrypoint.schema, entrypoint.schema_version)
        with self.store.work() as work:
            method(work, read)

    # -- the story -------------------------------------------------------------------------

    def customer(self, grade: str = "B", **values: Any) -> str:
        """Register a customer of a grade; gives its id."""
        body = {"name": f"晨光印刷{grade}", "phone": "138 0013 8000", **values}
        made = self.do(CLERK, "create_customer", **body)
        code = made["customer_code"]
        if grade != "C":
            self.do(
                FINANCE,
                "change_grade",
                customer_code=code,
                grade=grade,
                reason="other",
                note="评定",
            )
        self.codes[made["id"]] = code
        return str(made["id"])

    def reserve(self, order: PaperOrder, *, key: str | None = None, override: bool = False) -> Any:
        return self.do(
            CLERK,
            "reserve_credit",
            under=key,
            order_id=order.id,
            order_number=order.number,
            customer_id=order.customer_id,
            total=order.total,
            amount=order.amount,
            revision=order.revision,
            override=override,
        )

    def confirm(self, order: PaperOrder) -> None:
        order.sequence += 1
        self.hear("keep_confirmed_order", {"order": order.view()}, sequence=order.sequence)

    def end(self, listener: str, order: PaperOrder, **beside: Any) -> None:
        order.sequence += 1
        self.hear(listener, {"order": order.view(), **beside}, sequence=order.sequence)

    def stock_in(
        self, order: PaperOrder, quantity: str, *, rest_follows: bool | None = None
    ) -> None:
        """Have a part of it come into stock; an older inventory says not whether a rest follows."""
        says = {} if rest_follows is None else {"rest_follows": rest_follows}
        self.hear(
            "book_accepted_goods",
            {
                "instruction": {"id": str(uuid4()), **says},
                "accepted_quantity": quantity,
                "order_id": order.id,
                "line_id": order.line_id,
                "order_complete": not rest_follows,
            },
        )

    def shipment(self, order: PaperOrder, quantity: str, **more: Any) -> dict[str, Any]:
        return {
            "id": str(uuid4()),
            "number": f"S-{uuid4().hex[:8]}",
            "order_id": order.id,
            "lines": [{"line_id": order.line_id, "quantity": quantity}],
            **more,
        }

    def dispatch(self, order: PaperOrder, quantity: str, at: str | None = None) -> None:
        moment = at or datetime.now(UTC).isoformat()
        shipment = self.shipment(order, quantity, dispatched_at=moment)
        self.hear("book_dispatched_shipment", {"shipment": shipment})

    def asks(self, order: PaperOrder, kind: str = "balance") -> dict[str, Any]:
        """Have a notice drafted because a person asks for it."""
        notice: dict[str, Any] = self.do(CLERK, "make_notice", order_number=order.number, kind=kind)
        return notice

    def pay(self, order: PaperOrder, amount: str, *, paid_at: str = PAID_AT) -> str:
        """Record and verify a payment; gives its number."""
        number = self.claim(order, amount, paid_at=paid_at)
        self.do(FINANCE, "verify_payment", payment_number=number)
        return number

    def claim(self, order: PaperOrder, amount: str, *, paid_at: str = PAID_AT) -> str:
        claimed = self.do(
            CLERK,
            "record_payment",
            order_number=order.number,
            amount=amount,
            paid_at=paid_at,
        )
        return str(claimed["number"])

    def release(
        self,
        order: PaperOrder,
        quantity: str,
        *,
        last: bool = True,
        line_id: str | None = None,
        **more: Any,
    ) -> Any:
        line = {"line_id": line_id or order.line_id, "quantity": quantity, **more}
        return self.ask(
            CLERK,
            "check_release",
            order_id=order.id,
            customer_id=order.customer_id,
            lines=[line],
            last=last,
        )

    # -- looking ---------------------------------------------------------------------------

    def money(self, order: PaperOrder) -> dict[str, Any]:
        page = self.ask(FINANCE, "get_order_money", order_id=order.id)
        money: dict[str, Any] = page["money"]
        return money

    def account(self, customer_id: str) -> dict[str, Any]:
        code = self.codes[customer_id]
        account: dict[str, Any] = self.ask(FINANCE, "get_credit_account", customer_code=code)
        return account

    def announced(self) -> list[str]:
        """Give the names of all announced events, in their order."""
        outbox = self.store.platform.outbox
        with self.store.work() as work:
            return list(work.session.scalars(select(outbox.c.name).order_by(outbox.c.id)))

    def rows(self, query: str, **values: Any) -> list[Any]:
        with self.store.work() as work:
            return list(work.session.execute(text(query), values))

    def everything(self) -> list[Any]:
        """Give all that a refused command must leave as it was."""
        tables = (
            "select id, version, grade, name from customer order by id",
            "select id, version, exposure, customer_credit from credit_account order by id",
            "select id, reservation, receivable, verified, worth from order_credit order by id",
            "select id, state, paid_at from payment order by id",
            "select id, state from notice order by id",
            "select id, state from contract order by id",
            "select count(*) from credit_ledger",
            "select count(*) from invoice",
            "select count(*) from change_log",
            "select count(*) from outbox",
        )
        return [self.rows(table) for table in tables]

    def assert_ledger_is_whole(self) -> None:
        """The entries' sums are the balances, and the account's exposure is its orders' sum."""
        wrong = self.rows(
            "select o.order_number from order_credit o"
            " left join credit_ledger l on l.order_id = o.id group by o.id"
            " having coalesce(sum(l.reservation), 0) <> o.reservation"
            " or coalesce(sum(l.receivable), 0) <> o.receivable"
            " or coalesce(sum(l.verified), 0) <> o.verified"
        )
        assert wrong == []
        wrong = self.rows(
            "select a.id from credit_account a where a.customer_credit <>"
            " (select coalesce(sum(l.customer_credit), 0) from credit_ledger l"
            "  where l.customer_id = a.id)"
            " or a.exposure <> (select"
            "  coalesce(sum(greatest(0, reservation + receivable - verified)), 0)"
            "  from order_credit o where o.customer_id = a.id)"
            " or a.granted <> (select coalesce(sum(o.granted), 0)"
            "  from order_credit o where o.customer_id = a.id)"
        )
        assert wrong == []
