"""The story's own customers, products and materials, under new codes each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from chassis.calendar import WorkingCalendar
from chassis.clock import BUSINESS_ZONE
from deploy.demo.people import Company, Json, Person, expect, only

SIGNATORY, SEAL = "张建华", "YZ-01"
# What the planner acknowledges of a works instruction, each by itself.
ITEMS = ["product", "quantity", "tolerance", "production_due", "packing", "special_rules"]


@dataclass(frozen=True)
class Customer:
    """A customer of the story."""

    code: str
    id: str
    name: str
    grade: str


@dataclass(frozen=True)
class World:
    """What one telling of the story works with; `mark` makes its codes new."""

    company: Company
    mark: str

    @staticmethod
    def new(company: Company) -> "World":
        return World(company, uuid4().hex[:6].upper())

    def today(self) -> date:
        """Give the business's day, as the system tells it."""
        return date.fromisoformat(self.company.clerk.get("/session")["today"])

    def now(self) -> datetime:
        """Give the business's moment in its own zone, as the system tells it."""
        told = datetime.fromisoformat(self.company.clerk.get("/session")["now"])
        return told.astimezone(BUSINESS_ZONE)

    def calendar(self) -> WorkingCalendar:
        """Give the working days of this year and the next, Monday to Friday if nobody said."""
        year, overrides = self.today().year, dict[date, bool]()
        for asked in (year, year + 1):
            response = self.company.clerk.send("GET", f"/calendar/{asked}")
            if response.ok:
                days = response.json()["days"]
                overrides |= {date.fromisoformat(day): worked for day, worked in days.items()}
        return WorkingCalendar(overrides=overrides, assume_weekdays=True)

    # -- masters ---------------------------------------------------------------------------

    def customer(self, grade: str, *, limit: str | None = None) -> Customer:
        """Take on a customer: new ones are C, finance decides the grade."""
        code = f"K{grade}-{self.mark}-{uuid4().hex[:4].upper()}"
        clerk, finance = self.company.clerk, self.company.finance
        made = clerk.post(
            "/customers",
            {
                "customer_code": code,
                "name": f"杭州西湖纸品{self.mark}有限公司",
                # No promotion of the example book runs here: totals are quantity × price.
                "region": "演示区",
                "salesperson_id": "sales",
                "phone": "0571-88886666",
                "contacts": [
                    {
                        "name": SIGNATORY,
                        "title": "采购经理",
                        "phone": "13857100001",
                        "may_sign": True,
                    },
                    {"name": "李小妹", "title": "文员", "phone": "13857100002"},
                ],
                "seals": [{"code": SEAL, "description": "合同专用章"}],
                "addresses": [
                    {
                        "address": "杭州市西湖区文三路1号",
                        "consignee": "王库管",
                        "phone": "13857100003",
                    }
                ],
            },
        )
        if grade != "C":
            finance.move(
                f"/customers/{code}", "change_grade", grade=grade, reason="other", note="评估"
            )
        if limit is not None:
            finance.edit(
                f"/customers/{code}/credit", "PUT", credit_limit=limit, reason="other", note="核定"
            )
        return Customer(code, made["id"], made["name"], grade)

    def contract(self, customer: Customer, **terms: Any) -> str:
        """Agree on terms of a customer's own, from today on; give the contract's number."""
        company = self.company
        body = {"customer_code": customer.code, "valid_from": self.today().isoformat(), **terms}
        number: str = company.sales.post("/contracts", body)["number"]
        why = {"reason": "other", "note": "年度合同"}
        company.finance.move(f"/contracts/{number}", "approve", **why)
        signed = company.sales.move(
            f"/contracts/{number}", "sign", signed_by_customer=SIGNATORY, **why
        )
        expect(signed["state"], "signed", f"contract {number}")
        return number

    def demote(self, customer: Customer, grade: str) -> None:
        """Take a customer's grade down."""
        self.company.finance.move(
            f"/customers/{customer.code}",
            "change_grade",
            grade=grade,
            reason="payment",
            note="降级",
        )

    def product(
        self,
        *,
        supply: str = "make",
        price: str = "1.00",
        stock: str | None = None,
        substitutes: Sequence[str] = (),
    ) -> str:
        """Make a product with a price; from stock: with goods on the shelf."""
        code = f"P{supply[0].upper()}-{self.mark}-{uuid4().hex[:4].upper()}"
        self.company.admin.post(
            "/products",
            {
                "code": code,
                "name": "热敏收银纸" if supply == "make" else "不干胶标签",
                "spec": "80mm×80mm",
                "category": "热敏纸",
                "unit": "卷",
                "unit_decimals": 0,
                "default_supply": supply,
                "tolerance_over": "3",
                "tolerance_under": "3",
                "packing": "50卷/箱",
                "standard": "Q/GD 001",
                "substitutes": list(substitutes),
            },
        )
        self._await_product(code)
        self.company.director.post(
            "/price-schemes",
            {
                "scheme_code": f"S-{code}",
                "name": f"{code} 统一价",
                "product_code": code,
                "breaks": [{"min_quantity": "0", "unit_price": price}],
                "valid_from": "2020-01-01",
            },
        )
        if stock is not None:
            self.company.warehouse.post(
                f"/products/{code}/bookings",
                {"change": stock, "opening": True, "reason": "stock", "note": "期初"},
            )
        return code

    def _await_product(self, code: str) -> None:
        """Wait until orders knows the product: a price for it can then be made."""

        def look() -> bool:
            response = self.company.director.send(
                "POST",
                "/price-schemes",
                body={
                    "scheme_code": f"T-{code}",
                    "name": "试探",
                    "product_code": code,
                    "breaks": [{"min_quantity": "999999999", "unit_price": "1"}],
                    "valid_from": "2020-01-01",
                    "valid_until": "2020-01-01",
                },
            )
            return response.status_code == 201

        self.company.await_(f"product {code} known to orders", look)

    def material(self, *, stock: str) -> str:
        """Make a raw material with so much in the store."""
        code = f"M-{self.mark}-{uuid4().hex[:4].upper()}"
        self.company.admin.post(
            "/materials", {"code": code, "name": "热敏原纸", "unit": "kg", "unit_decimals": 3}
        )
        self.company.warehouse.post(
            f"/materials/{code}/bookings",
            {"change": stock, "opening": True, "reason": "stock", "note": "期初"},
        )
        return code

    def recipe(self, product: str, material: str, per_unit: str) -> None:
        """Say what one unit of a product is made of."""
        self.company.technician.post(
            f"/products/{product}/recipes",
            {
                "lines": [{"material_code": material, "per_unit": per_unit, "scrap_percent": "0"}],
                "process": "分切、复卷",
                "reason": "production",
                "note": "首版",
            },
        )

    def work_centre(self) -> str:
        """Set up a machine that makes plenty a day."""
        code = f"W-{self.mark}-{uuid4().hex[:4].upper()}"
        self.company.planner.post(
            "/work-centres",
            {"code": code, "name": "分切机", "hours_per_day": "8", "quantity_per_hour": "100000"},
        )
        return code

    def await_stock(self, product: str, *, on_hand: float, reserved: float) -> None:
        """Wait until so much of a product is there, and held for somebody."""

        def look() -> tuple[float, float]:
            rows = self.company.warehouse.get("/stock", product_code=product)["items"]
            good = [row for row in rows if row["condition"] == "good"]
            return (
                sum(float(row["on_hand"]) for row in good),
                sum(float(row["reserved"]) for row in good),
            )

        self.company.await_(
            f"{on_hand} of {product} there, {reserved} held",
            look,
            lambda seen: seen == (on_hand, reserved),
        )

    def await_exposure(self, customer: Customer, amount: str) -> None:
        """Wait until so much of a customer's credit is used."""
        self.company.await_(
            f"the exposure {amount} of {customer.code}",
            lambda: self.company.finance.get(f"/customers/{customer.code}/credit")["exposure"],
            lambda seen: seen == amount,
        )

    # -- orders ----------------------------------------------------------------------------

    def order_body(
        self, customer: Customer, product: str, quantity: str, **changes: Any
    ) -> dict[str, Any]:
        """Give a full order of one line, as a clerk writes it."""
        return {
            "channel": "phone",
            "asked_by": SIGNATORY,
            "customer_code": customer.code,
            "order_type": "ship",
            "consignee": {
                "name": "王库管",
                "phone": "13857100003",
                "address": "杭州市西湖区文三路1号",
            },
            "delivery_method": "pickup_at_depot",
            "customer_due": (self.today() + timedelta(days=30)).isoformat(),
            "special_requirements": "无",
            "lines": [{"product_code": product, "quantity": quantity}],
            "key_data_checked": True,
            "submit": True,
            **changes,
        }

    def await_customer(self, customer: Customer) -> None:
        """Wait until orders knows the customer in its present grade."""

        def look() -> bool:
            response = self.company.clerk.send(
                "GET",
                "/prices",
                query={"customer_code": customer.code, "product_code": "NONE", "quantity": "1"},
            )
            return bool(response.json().get("code") == "product_not_known")

        self.company.await_(f"customer {customer.code} known to orders", look)

    def submitted(self, customer: Customer, product: str, quantity: str, **changes: Any) -> Json:
        """Take and submit an order in one call."""
        self.await_customer(customer)
        order: Json = self.company.clerk.post(
            "/orders", self.order_body(customer, product, quantity, **changes)
        )
        return order

    def stated(self, order: Json, *, days: int = 20) -> None:
        """Have technician and planner sign everything in favour."""
        number = order["number"]
        self.sign(number, "technique", revision=order["revision"], verdict="passed")
        self.sign(number, "material", revision=order["revision"], verdict="passed")
        due = (self.today() + timedelta(days=days)).isoformat()
        self.sign(number, "schedule", revision=order["revision"], production_due=due)

    def sign(self, number: str, kind: str, *, revision: int, **facts: Any) -> Json:
        """Sign one statement, once inventory has heard of the order."""
        who = self.company.planner if kind == "schedule" else self.company.technician
        path = f"/orders/{number}/statements/{kind}"
        self.await_statement(number, kind, revision)
        signed: Json = who.move(path, "sign", revision=revision, text=f"{kind}：可以", **facts)
        return signed

    def await_statement(self, number: str, kind: str, revision: int) -> None:
        """Wait until a statement of this revision waits to be signed."""
        path = f"/orders/{number}/statements/{kind}"
        self.company.await_(
            f"{kind} statement of {number}",
            lambda: self.company.planner.send("GET", path).json(),
            lambda seen: seen.get("revision") == revision and seen.get("verdict") == "pending",
        )

    def approved(self, number: str) -> Json:
        """Have the supervisor approve once every other gate has passed."""
        company = self.company
        company.await_(
            f"approval of {number} open",
            lambda: company.clerk.get(f"/orders/{number}"),
            lambda order: any(g["kind"] == "approval" and g["is_open"] for g in order["gates"]),
        )
        order: Json = company.supervisor.move(
            f"/orders/{number}", "sign_approval", verdict="passed", text="同意"
        )
        return order

    def sent(self, number: str) -> Json:
        """Send the confirmation by fax."""
        order: Json = self.company.clerk.move(
            f"/orders/{number}",
            "send_confirmation",
            channel="fax",
            recipient=SIGNATORY,
            proof_read=True,
            received_clearly=True,
        )
        return order

    def signed_back(self, number: str, version: int = 1) -> Json:
        """Verify the customer's signed copy."""
        order: Json = self.company.clerk.move(
            f"/orders/{number}", "verify_sign_back", **self.copy(version)
        )
        return order

    @staticmethod
    def copy(version: int = 1, signatory: str = SIGNATORY) -> dict[str, Any]:
        """Give a returned copy in which nothing is wrong."""
        return {
            "confirmation_version": version,
            "channel": "fax",
            "signatory": signatory,
            "clear": True,
            "unaltered": True,
            "special_requirements_complete": True,
        }

    def paid(self, number: str, amount: str, *, at: str | None = None) -> Json:
        """Record a payment and have finance verify it."""
        company = self.company
        moment = at or company.clerk.get("/session")["now"]
        payment = company.clerk.post(
            "/payments",
            {
                "order_number": number,
                "amount": amount,
                "method": "bank_transfer",
                "paid_at": moment,
            },
            # Where the clock was moved on just now, customers may not know it for a moment.
            while_refused="paid_in_future",
        )
        verified: Json = company.finance.move(f"/payments/{payment['number']}", "verify")
        return verified

    def invoiced(self, number: str) -> str:
        """Invoice what has left, as soon as customers has heard that it did; give the number."""
        answer = self.company.finance.post(
            "/invoices", {"order_number": number}, while_refused="nothing_to_invoice"
        )
        invoice: str = answer["number"]
        return invoice

    def closed(self, number: str) -> Json:
        """Invoice a fulfilled and paid order and close it."""
        company = self.company
        self.invoiced(number)
        company.await_(
            f"the balance of nought of {number}",
            lambda: company.finance.get(f"/orders/{number}/money")["money"],
            lambda money: money["paid_in_full"] and money["invoiced"],
        )
        order: Json = company.finance.move(f"/orders/{number}", "close")
        expect(order["stage"], "closed", f"nothing is owed for {number}")
        return order

    def settled(self, number: str) -> None:
        """Have the urgent anomaly of an order's rejected scan resolved, once orders has heard."""
        company = self.company
        anomalies = company.await_(
            f"the anomaly of {number}",
            lambda: company.clerk.get("/anomalies", order_number=number)["items"],
        )
        told = [(one["cause"], one["priority"], one["state"]) for one in anomalies]
        expect(told, [("logistics", "urgent", "open")], f"the rejected scan of {number}")
        path = f"/anomalies/{anomalies[0]['id']}/actions/resolve"
        company.clerk.post(path, {"remedy": "订单已取消，包裹退回货架"})

    def told_sales(self, number: str, kind: str) -> None:
        """Have the salesperson take note of what he is told of an order, once orders has heard."""
        sales = self.company.sales
        told = self.company.await_(
            f"sales is told of {number}: {kind}",
            lambda: [
                task
                for task in sales.get(f"/orders/{number}/tasks")["items"]
                if task["kind"] == kind
            ],
        )
        sales.post(f"/tasks/{only(told, kind)['id']}/actions/finish", {"outcome": "知悉"})

    def called_off(self, number: str, supervisor: Person | None = None) -> None:
        """Have the supervisor cancel what is not told any further, so that nobody waits for it.

        Told again and again, the story would else fill the work lists of whoever tries it out.
        """
        order = (supervisor or self.company.supervisor).move(
            f"/orders/{number}", "cancel", reason="customer_request", note="演示结束"
        )
        expect(order["stage"], "cancelled", f"{number} is called off")

    def issued(self, number: str, line_no: int = 1) -> str:
        """Issue the works instruction of a line and give its number."""
        answer = self.company.clerk.move(f"/orders/{number}", "issue_instruction", line_no=line_no)
        instruction: str = answer["instruction"]["number"]
        return instruction

    def started(self, instruction: str) -> None:
        """Have the planner accept each item and start."""
        path, planner = f"/instructions/{instruction}", self.company.planner
        planner.move(path, "accept", acknowledged=ITEMS)
        planner.move(path, "start")

    def stocked(self, instruction: str, quantity: str, *, unused: Sequence[Json] = ()) -> None:
        """Report, finish, inspect, countersign and stock what was made."""
        path, company = f"/instructions/{instruction}", self.company
        company.planner.move(path, "report_production", quantity=quantity)
        company.planner.move(path, "finish", unused=list(unused))
        company.inspector.move(path, "inspect", passed=quantity)
        company.clerk.move(path, "countersign")
        company.inspector.move(path, "stock_in")
