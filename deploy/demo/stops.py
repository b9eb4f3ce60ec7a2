"""Chapter 6: cancel, hold, back to draft, expiry: every holding ends where SPEC §5 says."""

from deploy.demo.gates import verdict
from deploy.demo.holdings import Holder
from deploy.demo.people import Json, expect
from deploy.demo.shipping import answer_to_request
from deploy.demo.world import ITEMS, World


class Making(Holder):
    """An order of 100 made with its own material, some from stock; and what is held for it."""

    def __init__(self, world: World, grade: str = "B", *, from_stock: int = 0) -> None:
        customer = world.customer(grade)
        self.product = world.product(price="10.00")
        self._from_stock: list[Json] = []
        if from_stock:
            code = world.product(supply="stock", price="2.00", stock="20")
            self._from_stock.append({"product_code": code, "quantity": str(from_stock)})
        material = world.material(stock="1000")
        world.recipe(self.product, material, "2")
        world.work_centre()
        self.order: Json = world.submitted(customer, self.product, "100", lines=self.lines("100"))
        super().__init__(world, customer, material, self.order["number"])

    def lines(self, quantity: str) -> list[Json]:
        """Give the order's lines with so much of what is made."""
        return [{"product_code": self.product, "quantity": quantity}, *self._from_stock]

    def moved(self) -> list[list[str]]:
        """Give by how much, each time, its credit and its goods from stock were moved."""
        company, product = self.world.company, self._from_stock[0]["product_code"]
        credit = company.finance.get(f"/customers/{self.customer.code}/credit/ledger")["items"]
        goods = company.warehouse.get(f"/products/{product}/movements")["items"]
        return [
            [row["reservation"] for row in reversed(credit)],
            [row["reserved"] for row in reversed(goods)],
        ]

    def approved(self) -> "Making":
        self.world.stated(self.order)
        self.order = self.world.approved(self.number)
        return self

    def confirmed(self) -> "Making":
        self.approved()
        self.world.sent(self.number)
        self.order = self.world.signed_back(self.number)
        return self


def cancel_before_production(world: World) -> None:
    """Cancelled while confirmed: credit, stock, material and slot are free again."""
    company = world.company
    made = Making(world, from_stock=5).confirmed()
    made.await_holds(credit=1040.0, material=200.0, stock=5.0, slots=1)
    path = f"/orders/{made.number}"
    company.clerk.lacks("orders.cancel", path, "cancel", reason="customer_request", note="不要了")
    company.clerk.move(path, "wish_cancel", reason="customer_request", note="客户不要了")
    order = company.supervisor.move(path, "cancel", reason="customer_request", note="同意")
    expect(order["stage"], "cancelled", "cancelled")
    made.await_nothing_held()
    company.say("   A clerk's wish, the supervisor's cancel: everything held is free.")


def cancel_during_production(world: World) -> None:
    """Running: refused without the planner's consent, done with it; material goes back."""
    company = world.company
    made = Making(world).confirmed()
    made.await_holds(credit=1030.0, material=200.0, stock=0.0, slots=1)
    world.paid(made.number, "300.00")
    instruction = world.issued(made.number)
    world.started(instruction)
    made.await_holds(credit=730.0, material=0.0, stock=0.0, slots=1)
    made.await_material(800.0)
    path = f"/orders/{made.number}"
    company.supervisor.is_refused_on_record(
        "stop_consent_missing", path, "cancel", reason="customer_request", note="停"
    )
    expect(company.clerk.get(path)["stage"], "in_progress", "back in its stage")
    company.planner.move(
        f"/instructions/{instruction}",
        "consent_to_stop",
        text="同意停产",
        unused=[{"material_code": made.material, "quantity": "150"}],
    )
    order = company.supervisor.move(path, "cancel", reason="customer_request", note="停")
    expect(order["stage"], "cancelled", "cancelled")
    account = company.await_(
        "the deposit becomes the customer's credit",
        lambda: company.finance.get(f"/customers/{made.customer.code}/credit"),
        lambda account: account["customer_credit"] == "300.00",
    )
    expect(account["exposure"], "0.00", "nothing reserved")
    made.await_nothing_held()
    made.await_material(950.0)
    company.say("   Refused without the planner's consent, done with it; 300.00 is credit.")


def hold_and_resume(world: World) -> None:
    """A hold stops every forward move except payments; the supervisor lifts it, or who set it."""
    company = world.company
    made = Making(world).confirmed()
    path = f"/orders/{made.number}"
    company.clerk.move(path, "hold", reason="customer_request", note="客户要求暂停")
    made.await_holds(credit=1030.0, material=200.0, stock=0.0, slots=1)
    world.paid(made.number, "300.00")
    made.await_money(verified="300.00", reservation="1030.00")
    company.clerk.is_refused("order_on_hold", path, "issue_instruction", line_no=1)
    company.clerk.refusal_of(answer_to_request(world, made.number, "1"), "order_on_hold")
    company.assistant.is_refused("role_needed", path, "resume", reason="other", note="-")
    company.supervisor.move(path, "resume", reason="customer_request", note="恢复")
    made.await_holds(credit=730.0, material=200.0, stock=0.0, slots=1)
    instruction = f"/instructions/{world.issued(made.number)}"

    company.sales.move(path, "hold", reason="customer_request", note="再等一天")
    company.planner.is_refused("order_on_hold", instruction, "accept", acknowledged=ITEMS)
    company.sales.move(path, "resume", reason="customer_request", note="可以做了")
    company.planner.move(instruction, "accept", acknowledged=ITEMS)
    world.called_off(made.number)
    made.await_nothing_held()
    company.say("   On hold only the payment goes through; resumed, the factory is told.")


def back_to_draft(world: World) -> None:
    """Back to draft with another quantity: only the difference moves, changed gates re-open."""
    company = world.company
    made = Making(world, from_stock=5).approved()
    made.await_holds(credit=1040.0, material=200.0, stock=5.0, slots=1)
    credit, goods = made.moved()
    path = f"/orders/{made.number}"
    company.clerk.move(path, "return_to_draft", reason="customer_request", note="改数量")
    made.await_holds(credit=1040.0, material=200.0, stock=5.0, slots=1)
    company.clerk.edit(
        path,
        lines=made.lines("150"),
        reason="customer_request",
        note="改为150",
    )
    order = company.clerk.move(path, "submit", key_data_checked=True)
    expect(verdict(order, "technique"), "passed", "technique carries over")
    expect(
        (verdict(order, "price"), verdict(order, "credit")),
        ("passed", "passed"),
        "the system judges the new amount",
    )
    # A try that came to nothing, as where a service was away, is taken back by as much.
    now_credit, now_goods = made.moved()
    moved = {amount.lstrip("-") for amount in now_credit[len(credit) :]}
    expect((moved, now_goods), ({"510.00"}, goods), "only the difference moves")
    expect(
        {kind: verdict(order, kind) for kind in ("material", "schedule", "approval")},
        dict.fromkeys(("material", "schedule", "approval"), "pending"),
        "changed gates re-open",
    )
    made.await_holds(credit=1550.0, material=200.0, stock=5.0, slots=1)
    world.sign(made.number, "material", revision=order["revision"], verdict="passed")
    made.await_holds(credit=1550.0, material=300.0, stock=5.0, slots=1)
    world.called_off(made.number)
    made.await_nothing_held()
    company.say("   100 → 150: credit 1040 → 1550, material 200 → 300; technique stands.")


def expiry(world: World) -> None:
    """Unsigned for 14 days: everything is freed, the order is a draft, gates open again."""
    company = world.company
    made = Making(world, from_stock=5).approved()
    world.sent(made.number)
    made.await_holds(credit=1040.0, material=200.0, stock=5.0, slots=1)
    company.advance_days(15)
    order = company.await_stage(made.number, "draft")
    expect(order["gates"], [], "every gate will open again")
    made.await_nothing_held()
    told = [task["kind"] for task in company.clerk.get(f"/orders/{made.number}/tasks")["items"]]
    expect("expired" in told, True, "the salesperson's task")
    world.called_off(made.number)
    company.say("   14 days unsigned: draft again, nothing held, the salesperson is told.")
