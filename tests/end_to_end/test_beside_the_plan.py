"""What goes beside the plan, through HTTP on real parts: less is made, or less arrives."""

from datetime import timedelta
from http import HTTPStatus

from deploy.audit.audit import Audit
from deploy.demo.people import Company, Json, Person, expect
from deploy.demo.shipping import handed, ship
from deploy.demo.world import SIGNATORY, World


def test_what_lacks_is_made_by_a_further_instruction_and_ships_with_the_rest(
    company: Company, audit: Audit
) -> None:
    """I10: 800 of 1000 are accepted by consent, 200 made by a second instruction."""
    world = World.new(company)
    customer = world.customer("A")
    product, material = world.product(price="2.00"), world.material(stock="5000")
    world.recipe(product, material, "2.5")
    world.work_centre()
    order = world.submitted(customer, product, "1000")
    number = order["number"]
    world.stated(order)
    world.approved(number)
    world.sent(number)
    world.signed_back(number)
    first = world.issued(number)
    world.started(first)
    _made(company, first, "800")
    consent = {"quantity": "800", "rest": "further_instruction", "given_by": SIGNATORY}
    company.clerk.move(f"/instructions/{first}", "record_consent", text="其余补产", **consent)
    company.inspector.move(f"/instructions/{first}", "stock_in")
    # The stocking itself says that a rest follows; its instruction's draft is heard after that.
    line = _line_in(company, number, "draft", after=first)
    expect(line["accepted_quantity"], "800.000", "accepted of the first instruction")
    expect(_differences(audit, number), [], "the books while the rest is to be made")

    second = line["instruction_number"]
    due = (world.today() + timedelta(days=25)).isoformat()
    company.planner.move(f"/instructions/{second}", "plan", production_due=due)
    expect(world.issued(number), second, "the further instruction is issued")
    world.started(second)
    world.stocked(second, "200")

    line = _line_in(company, number, "stocked")
    expect(line["accepted_quantity"], "1000.000", "accepted of both")
    ship(world, number, "1000")
    company.await_stage(number, "fulfilled")
    expect(_differences(audit, number), [], "the books of both lots")


def test_a_made_line_that_moves_up_is_made_on_what_was_signed_and_held_for_it(
    company: Company, audit: Audit
) -> None:
    """The stock line before it is dropped: its gates carry over, and so does all it holds."""
    world = World.new(company)
    customer, label = world.customer("A"), world.product(supply="stock", stock="100")
    product, material = world.product(price="2.00"), world.material(stock="5000")
    world.recipe(product, material, "2.5")
    world.work_centre()
    made = {"product_code": product, "quantity": "1000"}
    lines = [{"product_code": label, "quantity": "10"}, made]
    order = world.submitted(customer, product, "1000", lines=lines)
    number = order["number"]
    path = f"/orders/{number}"
    world.stated(order)
    world.approved(number)
    company.clerk.move(path, "return_to_draft", reason="customer_request", note="不要标签")

    company.clerk.edit(path, lines=[made], reason="customer_request")
    order = company.clerk.move(path, "submit", key_data_checked=True)
    waits = [gate["kind"] for gate in order["gates"] if gate["verdict"] != "passed"]
    expect(waits, ["approval"], "gates to be signed anew")
    world.approved(number)
    world.sent(number)
    world.signed_back(number)
    world.started(world.issued(number))

    stock = company.warehouse.get(f"/materials/{material}")
    expect((stock["on_hand"], stock["reserved"]), ("2500.000", "0.000"), "consumed, none left held")
    expect(_differences(audit, number), [], "the books of the changed order")


def _differences(audit: Audit, number: str) -> list[str]:
    return [str(each) for each in audit.run().differences if each.order_number == number]


def _made(company: Company, instruction: str, quantity: str) -> None:
    path = f"/instructions/{instruction}"
    company.planner.move(path, "report_production", quantity=quantity)
    company.planner.move(path, "finish")
    company.inspector.move(path, "inspect", passed=quantity)
    company.clerk.move(path, "countersign")


def _line_in(company: Company, number: str, production: str, after: str = "") -> Json:
    """Await the only line in this production, by another instruction than `after`."""

    def is_there(order: Json) -> bool:
        line = order["lines"][0]
        return (line["production"], line["instruction_number"] != after) == (production, True)

    order = company.await_(
        f"{number} {production}", lambda: company.clerk.get(f"/orders/{number}"), is_there
    )
    line: Json = order["lines"][0]
    return line


def test_a_lost_shipment_opens_a_case_for_after_sales(company: Company, audit: Audit) -> None:
    """S10, A1: after-sales hears of it by the event and takes the case from there."""
    world = World.new(company)
    product = world.product(supply="stock", price="2.00", stock="100")
    order = world.submitted(world.customer("A"), product, "10")
    number = order["number"]
    world.approved(number)
    world.sent(number)
    world.signed_back(number)
    shipment, _ = handed(world, number, "10")
    path = f"/shipments/{shipment}"
    company.dispatcher.move(path, "dispatch")
    company.assistant.move(path, "fail", kind="lost", note="承运商遗失")

    found = company.await_(
        "the case of the lost shipment",
        lambda: company.aftersales.get("/cases", order_number=number)["items"],
    )
    (case,) = found
    expect(
        (case["kind"], case["state"], case["most_refund"]),
        ("delivery", "requested", "20.00"),
        "the case",
    )
    answered = company.aftersales.move(f"/cases/{case['number']}", "acknowledge", note="已致歉")
    expect(answered["state"], "acknowledged", "the first answer")
    expect(_differences(audit, number), [], "the books of a lost shipment")
    # Sent anew by another order, or paid back: of this one nothing more is to come.
    expect(
        company.clerk.get(f"/orders/{number}")["next"]["verb"], "short_close_line", "what is next"
    )


def test_what_was_not_signed_for_is_paid_back_and_the_order_closes(
    company: Company, audit: Audit
) -> None:
    """A1, S11, O34: of 10 shipped the customer signs for 8; the other 2 he need not pay."""
    world = World.new(company)
    customer = world.customer("A")
    product = world.product(supply="stock", price="2.00", stock="100")
    order = world.submitted(customer, product, "10")
    number = order["number"]
    world.approved(number)
    world.sent(number)
    world.signed_back(number)
    shipment = ship(world, number, "10", signed_for="8")
    (case,) = company.await_(
        "the case of what lacks",
        lambda: company.aftersales.get("/cases", order_number=number)["items"],
    )
    expect(
        (case["kind"], case["shipment_id"], case["lines"][0]["quantity"], case["most_refund"]),
        ("delivery", shipment["id"], "2.000", "4.00"),
        "the case",
    )
    expect(_differences(audit, number), [], "the books of a short receipt")
    _paid_back(company, case["number"])

    expect(company.clerk.get(f"/orders/{number}")["stage"], "in_progress", "before it is given up")
    company.supervisor.move(
        f"/orders/{number}", "short_close_line", line_no=1, consent_by=SIGNATORY, reason="other"
    )
    company.await_stage(number, "fulfilled")
    company.await_(
        "the money back as the customer's credit",
        lambda: company.finance.get(f"/customers/{customer.code}/credit"),
        lambda account: account["customer_credit"] == "4.00",
    )
    company.finance.post(f"/orders/{number}/money/customer-credit", {"amount": "4.00"})
    world.paid(number, "16.00")
    world.invoiced(number)
    company.await_(
        "the balance of nought",
        lambda: company.finance.get(f"/orders/{number}/money"),
        lambda seen: seen["money"]["paid_in_full"] and seen["money"]["invoiced"],
    )
    expect(company.finance.move(f"/orders/{number}", "close")["stage"], "closed", "nothing owed")
    expect(_differences(audit, number), [], "the books of what was paid back")


def test_goods_of_the_old_books_come_back_and_are_credited(company: Company, audit: Audit) -> None:
    """A1, O34: its order owes nothing here, and 4 of 10 come back."""
    world = World.new(company)
    customer = world.customer("A")
    product = world.product(supply="stock", price="2.00", stock="100")
    past = {
        "reference": f"OLD-{customer.code}",
        "customer_code": customer.code,
        "ordered_on": "2025-03-03",
        "fulfilled_on": "2025-03-10",
        "lines": [
            {"product_code": product, "quantity": "10", "unit_price": "2.00", "amount": "20.00"}
        ],
    }
    number = _once_heard_of(company, company.admin, "/past-orders", past)["number"]
    wish = {"order_number": number, "wish": "退货", "lines": [{"line_no": 1, "quantity": "4"}]}
    case = _once_heard_of(company, company.aftersales, "/cases", wish)

    _paid_back(company, case["number"], came="4")

    company.await_(
        "the money back as the customer's credit",
        lambda: company.finance.get(f"/customers/{customer.code}/credit"),
        lambda account: account["customer_credit"] == "8.00",
    )
    expect(_differences(audit, number), [], "the books of the past order")


def _once_heard_of(company: Company, person: Person, path: str, body: Json) -> Json:
    """Make something new as soon as its service has heard of all that it names."""
    made = company.await_(
        f"{path} with {body}",
        lambda: person.send("POST", path, body=body),
        lambda response: response.status_code == HTTPStatus.CREATED,
    )
    answer: Json = made.json()
    return answer


def _paid_back(company: Company, case: str, *, came: str = "0") -> None:
    path = f"/cases/{case}"
    company.aftersales.move(path, "acknowledge", note="已致歉")
    company.supervisor.move(path, "authorise", decision="承运商少交")
    company.aftersales.move(path, "await_goods", return_to="无货可退")
    company.warehouse.move(path, "receive", lines=[{"line_no": 1, "quantity": came}])
    company.inspector.move(path, "inspect", lines=[{"line_no": 1, "restock": came}])
    company.finance.move(path, "settle")
    company.aftersales.move(path, "close")
