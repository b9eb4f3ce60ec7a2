"""The order desk of the tests: orders on a migrated database, its neighbours at the RPC name."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from chassis import clock
from chassis.commands import load, run_command
from chassis.conversation import Conversations
from chassis.database import Store, Work
from chassis.principal import SYSTEM, Principal
from chassis.rpc import deadline_in
from services.orders import conversations
from services.orders.schemas import commands, heard, views
from services.orders.storage import orders as stored
from services.orders.use_cases import pricing, progress, reviewing

CLERK = Principal("clerk-1", "Li Na", frozenset({"clerk"}))
SALES = Principal("sales-1", "Wang Wei", frozenset({"sales"}))
OTHER_SALES = Principal("sales-2", "Zhao Min", frozenset({"sales"}))
SUPERVISOR = Principal("supervisor-1", "Chen Jie", frozenset({"supervisor"}))
DIRECTOR = Principal("director-1", "Zhou Lei", frozenset({"director"}))
FINANCE = Principal("finance-1", "Sun Yan", frozenset({"finance"}))

CUSTOMER = {
    "id": "11111111-1111-4111-8111-111111111111",
    "code": "C-B",
    "name": "杭州西湖纸品有限公司",
    "grade": "B",
    "region": "华东",
    "salesperson_id": "sales-1",
    "salesperson_name": "Wang Wei",
    "phone_tail": "8888",
    "active": True,
}
PAPER = {
    "id": "22222222-2222-4222-8222-222222222222",
    "code": "PAPER-70",
    "name": "热敏收银纸",
    "spec": "80×80mm",
    "unit": "卷",
    "unit_decimals": 0,
    "default_supply": "make",
    "tolerance_over": "3.000",
    "tolerance_under": "3.000",
    "packing": "50卷/箱",
    "active": True,
}
LABEL = {
    **PAPER,
    "id": "33333333-3333-4333-8333-333333333333",
    "code": "LABEL-40",
    "name": "不干胶标签",
    "default_supply": "stock",
}

PASSED = {
    "verdict": "passed",
    "prepaid": False,
    "terms": "deposit_and_balance",
    "grade": "B",
    "deposit_percent": "30.000",
    "deposit_due": "300.00",
    "limit": "100000.00",
    "exposure": "0.00",
    "reserved": "1030.00",
    "text": "reserved",
    "text_zh": "已占用额度",
}


class Neighbours:
    """The services beyond orders, at their RPC names: answers laid down, questions kept."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []
        self._answers: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.answer("inventory.reserve_stock", {"lines": []})
        self.answer("customers.reserve_credit", PASSED)
        for name in (
            "inventory.undo_stock",
            "customers.undo_credit",
            "shipping.block_order",
            "shipping.unblock_order",
            "inventory.block_order",
            "inventory.unblock_order",
            "inventory.stop_order",
        ):
            self.answer(name, {})
        self.answer(
            "customers.get_terms",
            {"grade": "B", "terms": "deposit_and_balance", "instruction_before_sign_back": False},
        )
        self.answer("customers.check_signatory", {"authorised": True, "why": None, "why_zh": None})

    def answer(self, name: str, answer: Any) -> None:
        self._answers[name] = lambda _: answer

    def answer_after(self, name: str, happens: Callable[[], Any], answer: Any) -> None:
        """Let something happen while orders waits for an answer."""

        def answer_then(_: dict[str, Any]) -> Any:
            happens()
            return answer

        self._answers[name] = answer_then

    def refuse(self, name: str, error: Exception) -> None:
        def raise_it(_: dict[str, Any]) -> Any:
            raise error

        self._answers[name] = raise_it

    def call(
        self,
        service: str,
        method: str,
        body: Mapping[str, Any],
        *,
        principal: Mapping[str, Any],
        key: str | None = None,
        deadline: float,
    ) -> Any:
        name = f"{service}.{method}"
        self.asked.append((name, dict(body), key))
        return self._answers[name](dict(body))

    def names(self) -> list[str]:
        return [name for name, _, _ in self.asked]


class Desk:
    """Runs commands and conversations as the service does, without the bus."""

    def __init__(self, store: Store, neighbours: Neighbours) -> None:
        self.store = store
        self.neighbours = neighbours
        self.heard = 0
        self.talks = Conversations(store, neighbours, conversations.ALL)

    def do(
        self,
        schema: type[Any],
        use_case: Callable[[Work, dict[str, Any]], Any],
        who: Principal = CLERK,
        key: str | None = None,
        **body: Any,
    ) -> Any:
        request = load(schema(), body)

        def run(work: Work) -> Any:
            done = use_case(work, request)
            work.session.flush()
            return views.order_in_full(done)

        name = getattr(use_case, "__name__", "?")
        return run_command(self.store, who, key or str(uuid4()), name, body, run)

    def talk(self, kind: str, who: Principal = CLERK, key: str | None = None, **body: Any) -> Any:
        return self.talks.hold(kind, who, key or str(uuid4()), body, deadline=deadline_in(5))

    def order(self, number: str) -> dict[str, Any]:
        return self.store.read(
            SYSTEM, lambda work: views.order_in_full(stored.order_by_number(work, number))
        )

    def announced(self) -> list[str]:
        outbox = self.store.platform.outbox
        with self.store.work() as work:
            rows = work.session.execute(outbox.select().order_by(outbox.c.id)).all()
        return [row.name for row in rows]

    def state(self, statement: str) -> Any:
        with self.store.work() as work:
            return work.session.connection().exec_driver_sql(statement).all()

    def scheme(self, code: str, price: str, **changes: Any) -> None:
        """Put a price scheme in force: of LABEL-40, for everybody, if nothing else is said."""
        body = {
            "scheme_code": code,
            "name": code,
            "product_code": "LABEL-40",
            "breaks": [{"min_quantity": "0", "unit_price": price}],
            "valid_from": "2020-01-01",
            **changes,
        }
        with self.store.work(DIRECTOR) as work:
            pricing.create_scheme(work, load(commands.CreateScheme(), body))

    def hear_of_shipment(self, name: str, shipment: dict[str, Any], sequence: int) -> None:
        """Let shipping announce a shipment, read as its events are."""
        with self.store.work() as work:
            progress.take_shipment(work, name, heard.Shipment().load(shipment), sequence)

    def hear_of_instruction(
        self,
        name: str,
        instruction: dict[str, Any],
        sequence: int | None = None,
        **beside: Any,
    ) -> None:
        """Let inventory announce a works instruction, read as its events are.

        Each is newer than the one before unless its sequence is told.
        """
        self.heard = sequence or self.heard + 1
        became_abnormal = name == "instruction_became_abnormal"
        schema = heard.InstructionBecameAbnormal if became_abnormal else heard.InstructionMoved
        said = schema().load({"instruction": instruction, **beside})
        with self.store.work() as work:
            progress.take_instruction(work, name, said, self.heard)

    # -- the story's steps -----------------------------------------------------------------

    def new_order(self, *, submit: bool = True, **changes: Any) -> dict[str, Any]:
        body = {
            "channel": "phone",
            "asked_by": "张经理",
            "customer_code": "C-B",
            "order_type": "ship",
            "consignee": {"name": "张三", "phone": "13800008888", "address": "杭州市西湖区1号"},
            "delivery_method": "pickup_at_depot",
            "customer_due": (
                clock.business_date(clock.business_now()) + timedelta(days=30)
            ).isoformat(),
            "special_requirements": "无",
            "lines": [{"product_code": "PAPER-70", "quantity": "1000"}],
            "key_data_checked": True,
            "submit": submit,
            **changes,
        }
        answer: dict[str, Any] = self.talk("create", **body)
        return answer

    def state_all_made(
        self, number: str, revision: int = 1, *, valid_until: Mapping[str, date] | None = None
    ) -> None:
        order = self.order(number)
        for kind in ("technique", "material", "schedule"):
            statement = {
                "order_id": order["id"],
                "kind": kind,
                "revision": revision,
                "verdict": "passed",
                "text": f"{kind} passed",
                "signer_id": "t-1",
                "signer_name": "Technician",
                "signed_at": clock.business_now().isoformat(),
                "production_due": (
                    clock.business_date(clock.business_now()) + timedelta(days=20)
                ).isoformat()
                if kind == "schedule"
                else None,
                "valid_until": day.isoformat() if (day := (valid_until or {}).get(kind)) else None,
            }
            with self.store.work() as work:
                reviewing.take_statement(work, statement)

    def approved_order(self, **changes: Any) -> dict[str, Any]:
        number = self.new_order(**changes)["number"]
        self.state_all_made(number)
        answer: dict[str, Any] = self.do(
            commands.SignApproval,
            reviewing.sign_approval,
            SUPERVISOR,
            order_number=number,
            verdict="passed",
            text="agreed",
        )
        return answer

    def sent_order(self, **changes: Any) -> dict[str, Any]:
        number = self.approved_order(**changes)["number"]
        answer: dict[str, Any] = self.talk(
            "send_confirmation",
            order_number=number,
            channel="fax",
            recipient="张经理",
            proof_read=True,
            received_clearly=True,
        )
        return answer
