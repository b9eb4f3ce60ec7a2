"""The story of the tests of making: 1000 bags of kraft for one customer, and who signs what."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

from chassis.errors import GendanError
from chassis.principal import Principal
from tests.integration.inventory.goods_story import CLERK, TECHNICIAN, Goods

PLANNER = Principal("p-planner", "郑生产", frozenset({"planner"}))
INSPECTOR = Principal("p-inspector", "冯质检", frozenset({"inspector"}))
BOTH = Principal("p-both", "冯质检", frozenset({"inspector", "clerk"}))
ASSISTANT = Principal("p-assistant", "林跟单", frozenset({"assistant"}))
SALES = Principal("p-sales", "李销售", frozenset({"sales"}))
SUPERVISOR = Principal("p-supervisor", "陈主管", frozenset({"supervisor"}))
OTHER_SALES = Principal("p-other", "王销售", frozenset({"sales"}))

DUE = "2030-03-29"
ITEMS = ["product", "quantity", "tolerance", "production_due", "packing", "special_rules"]
NOT_SIGNED = {"technique": "pending", "material": "pending", "schedule": "pending"}
ALL_SIGNED = dict.fromkeys(NOT_SIGNED, "passed")


class Works(Goods):
    """Inventory's service as technician, planner and inspector know it.

    A bag takes 0.5 kg of kraft; the bag machine makes 8 × 100 a working day.
    """

    def masters(self, *, kraft: str = "1000") -> None:
        self.bag = self.product("BAG", default_supply="make", category="bags", standard="GB/T 1")
        self.material("KRAFT", stock=kraft)
        self.tell(
            "make_recipe",
            TECHNICIAN,
            product_code="BAG",
            lines=[{"material_code": "KRAFT", "per_unit": "0.5"}],
        )
        self.tell(
            "create_work_centre",
            code="BAG-1",
            name="制袋机",
            hours_per_day="8",
            quantity_per_hour="100",
            categories=["bags"],
        )

    def order(self, quantity: str = "1000") -> "Order":
        return Order(self, quantity)

    def code_of_refusal(self, method: str, who: Principal, **body: Any) -> str:
        """Give the code with which a command is refused; fails when it is not."""
        try:
            self.tell(method, who, **body)
        except GendanError as error:
            return error.code
        raise AssertionError(f"{method} was not refused")


class Order:
    """One order of bags as orders would announce it."""

    def __init__(self, works: Works, quantity: str) -> None:
        self.works = works
        self.id, self.line_id = uuid4(), uuid4()
        self.number = f"D261122-{self.id.hex[:6]}"
        self.quantity = quantity
        self.version, self.revision, self.stage = 0, 0, "draft"
        self.gates = dict(NOT_SIGNED)
        self.production_due: str | None = None
        self.short_closed = False
        self.customer_id = UUID(int=1)

    def view(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "number": self.number,
            "version": self.version,
            "stage": self.stage,
            "revision": self.revision,
            "hold": None,
            "customer": {
                "id": str(self.customer_id),
                "code": "KH-B",
                "name": "晨光印刷",
                "grade": "B",
                "salesperson_id": SALES.person_id,
            },
            "special_requirements": "防潮",
            "production_due": self.production_due,
            "gates": [
                {"kind": kind, "verdict": verdict, "revision": self.revision}
                for kind, verdict in self.gates.items()
            ],
            "lines": [
                {
                    "id": str(self.line_id),
                    "line_no": 1,
                    "product_id": str(self.works.bag),
                    "product_code": "BAG",
                    "product_name": "牛皮纸袋",
                    "spec": "A4",
                    "unit": "个",
                    "unit_decimals": 0,
                    "supply": "make",
                    "quantity": self.quantity,
                    "tolerance_over": "3",
                    "tolerance_under": "3",
                    "packing": "每箱100个",
                    "production_due": self.production_due,
                    "short_closed": self.short_closed,
                }
            ],
        }

    def moves(self, name: str, stage: str | None = None) -> "Order":
        """Have orders announce `name`, the order being in `stage`."""
        self.stage = stage or self.stage
        self.version += 1
        self.works.hear_of_order(name, self.view())
        return self

    def submitted(self, quantity: str | None = None, **gates: str) -> "Order":
        """Have it submitted as its next revision, gates standing as told."""
        self.quantity = quantity or self.quantity
        self.revision += 1
        self.gates = NOT_SIGNED | gates
        return self.moves("order_submitted", "in_review")

    def sign(
        self,
        kind: str,
        verdict: str = "passed",
        who: Principal | None = None,
        key: str | None = None,
        **facts: Any,
    ) -> Any:
        signer = PLANNER if kind == "schedule" else TECHNICIAN
        body: dict[str, Any] = {
            "order_number": self.number,
            "revision": self.revision,
            "text": "已核实",
            **facts,
        }
        if kind == "schedule":
            body = {"production_due": DUE} | body
        else:
            body["verdict"] = verdict
        return self.works.tell(f"sign_{kind}", who or signer, key, **body)

    def refusal(self, kind: str, verdict: str = "passed", **facts: Any) -> GendanError:
        """Give the refusal of a signature; fails when it is not refused."""
        try:
            self.sign(kind, verdict, **facts)
        except GendanError as error:
            return error
        raise AssertionError(f"{kind} {verdict} was not refused")

    def signed(self) -> "Order":
        self.sign("technique")
        self.sign("material")
        self.sign("schedule")
        self.gates = dict(ALL_SIGNED)
        self.production_due = DUE
        return self

    def confirmed(self) -> "Order":
        return self.submitted().signed().moves("order_confirmed", "confirmed")

    @property
    def told_to_follow(self) -> str | None:
        """What comes next for its instruction, as was announced last."""
        told: str | None = self.works.scalar(
            "select cast(body as jsonb) #>> '{data,instruction,follows}' from outbox"
            " where cast(body as jsonb) #>> '{data,instruction,order_number}' = :number"
            " order by id desc limit 1",
            number=self.number,
        )
        return told

    # -- its instruction ---------------------------------------------------------------------

    @property
    def instructions(self) -> list[Any]:
        found = self.works.ask("search_instructions", PLANNER, order_number=self.number)["items"]
        return sorted(found, key=lambda each: int(each["part"]))

    @property
    def instruction(self) -> Any:
        """The latest one of its line."""
        return self.instructions[-1]

    def issue(self, who: Principal = CLERK) -> Any:
        return self.works.tell(
            "issue_instruction", who, order=self.view(), line_id=str(self.line_id)
        )

    def accept(self) -> Any:
        return self.does("accept_instruction", acknowledged=ITEMS)

    def does(self, method: str, who: Principal = PLANNER, **facts: Any) -> Any:
        return self.works.tell(method, who, number=self.instruction["number"], **facts)

    def refuses(self, method: str, who: Principal = PLANNER, **facts: Any) -> str:
        return self.works.code_of_refusal(method, who, number=self.instruction["number"], **facts)

    def running(self) -> "Order":
        self.confirmed().issue()
        self.accept()
        self.does("start_instruction")
        return self

    def finished(self, quantity: str = "980", **facts: Any) -> "Order":
        self.running()
        self.does("report_production", quantity=quantity)
        self.does("finish_instruction", **facts)
        return self

    def inspected(self, quantity: str = "980", *, rejected: str = "0") -> "Order":
        self.finished(quantity)
        passed = str(int(quantity) - int(rejected))
        self.does("inspect_instruction", INSPECTOR, passed=passed, rejected=rejected)
        self.does("countersign_inspection", CLERK)
        return self

    @property
    def holdings(self) -> Any:
        return self.works.ask("get_holdings", CLERK, order_id=str(self.id))

    @property
    def held_material(self) -> list[str]:
        return [row["held"] for row in self.holdings["material"]]

    @property
    def slot_days(self) -> list[tuple[str, str]]:
        return [(slot["day"], slot["quantity"]) for slot in self.holdings["slots"]]


def at_once(calls: list[Any]) -> list[Any]:
    """Run calls in as many threads; gives what each answered or was refused with."""

    def outcome(call: Any) -> Any:
        try:
            return call()
        except GendanError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))
