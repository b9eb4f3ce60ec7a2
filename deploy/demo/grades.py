"""Chapters 2 and 3: what the grades A and C change."""

from datetime import datetime

from chassis.calendar import WorkingCalendar
from chassis.clock import BUSINESS_ZONE
from deploy.demo.people import Json, expect, only
from deploy.demo.shipping import handed, request, scan, scanner, ship
from deploy.demo.world import Customer, World


def _sent_order(world: World, customer: Customer) -> str:
    product, material = world.product(price="2.00"), world.material(stock="5000")
    world.recipe(product, material, "1")
    world.work_centre()
    order = world.submitted(customer, product, "1000")
    world.stated(order)
    world.approved(order["number"])
    world.sent(order["number"])
    return str(order["number"])


def customer_a(world: World) -> None:
    """The instruction goes out before the sign-back, which is owed until it comes.

    The contract wants a deposit, where the grade wants none, and gives more credit.
    """
    company, say = world.company, world.company.say
    customer = world.customer("A")
    contract = world.contract(customer, deposit_percent="20", credit_limit="600000.00")
    account = company.finance.get(f"/customers/{customer.code}/credit")
    in_force = (account["policy"]["contract_number"], account["credit_limit"])
    expect(in_force, (contract, "600000.00"), "the contract goes before the grade")
    number = _sent_order(world, customer)

    confirmed_from = world.today()
    order = company.clerk.move(f"/orders/{number}", "confirm_by_grade")
    owed_by = {world.calendar().add_working_days(day, 3) for day in (confirmed_from, world.today())}
    expect(
        (order["stage"], order["sign_back_verified"]), ("confirmed", False), "confirmed by grade"
    )
    owed = only(company.clerk.get(f"/orders/{number}/tasks")["items"], "what is owed")
    whose = (owed["kind"], owed["role"], owed["person_id"])
    expect(whose, ("return_owed", "sales", "sales"), "the sign-back is owed, by the salesperson")
    due = datetime.fromisoformat(owed["due_at"]).astimezone(BUSINESS_ZONE).date()
    expect(due in owed_by, True, f"{due} is the third working day")
    refusal = company.clerk.is_refused(
        "money_needed", f"/orders/{number}", "issue_instruction", line_no=1
    )
    expect(refusal.details["needed"], "400.00", "the contract's deposit of 20 %")
    world.paid(number, "400.00")
    world.told_sales(number, "money_met")
    instruction = world.issued(number)
    say(f"   {number}: sales hears of the deposit, instruction {instruction} goes out.")

    world.started(instruction)
    world.stocked(instruction, "1000")
    company.await_(
        "stocked",
        lambda: company.clerk.get(f"/orders/{number}"),
        lambda seen: seen["lines"][0]["production"] == "stocked",
    )
    ship(world, number, "1000", releaser="clerk")
    company.await_stage(number, "fulfilled")
    money = company.await_(
        "the receivable, and nothing reserved any more",
        lambda: company.finance.get(f"/orders/{number}/money")["money"],
        # What was made and what has left are told by two services, in whatever order.
        lambda money: (money["receivable"], money["reservation"]) == ("2000.00", "0.00"),
    )
    expect((money["verified"], money["balance"]), ("400.00", "1600.00"), "the receivable stands")
    tasks = company.clerk.get(f"/orders/{number}/tasks")["items"]
    expect([task["id"] for task in tasks], [owed["id"]], "the sign-back is owed still")
    world.signed_back(number)
    expect(company.clerk.get(f"/orders/{number}/tasks")["items"], [], "the sign-back has come")
    say("   Shipped on contract terms without the balance; of 2000.00 1600.00 are to come.")


def demoted(world: World) -> None:
    """Confirmed without its sign-back, then demoted: the instruction is refused until it is in."""
    company, say = world.company, world.company.say
    customer = world.customer("A")
    number = _sent_order(world, customer)
    company.clerk.move(f"/orders/{number}", "confirm_by_grade")

    world.demote(customer, "B")
    company.clerk.is_refused(
        "sign_back_needed", f"/orders/{number}", "issue_instruction", line_no=1
    )
    say("   Demoted to B: the instruction is refused without the sign-back.")

    world.signed_back(number)
    company.clerk.is_refused("money_needed", f"/orders/{number}", "issue_instruction", line_no=1)
    world.paid(number, "600.00")
    world.issued(number)
    world.called_off(number)
    say("   Sign-back in, B's deposit verified: the instruction goes out.")


def customer_c(world: World) -> None:
    """Prepaid from stock: no technique, material, schedule, no credit; out by payment time."""
    company, say = world.company, world.company.say
    customer = world.customer("C")
    product = world.product(supply="stock", price="5.00", stock="100")
    order = world.submitted(customer, product, "20")
    number = order["number"]
    expect(
        [gate["kind"] for gate in order["gates"]],
        ["price", "credit", "approval"],
        "gates of a stock order",
    )
    credit = company.finance.get(f"/customers/{customer.code}/credit")
    expect(credit["exposure"], "0.00", "a prepaid order reserves no credit")
    world.approved(number)
    world.sent(number)
    world.signed_back(number)

    shipment = request(world, number, "20")
    refusal = company.finance.is_refused("release_refused", f"/shipments/{shipment}", "release")
    say(f"   Release is refused before payment: {refusal.details['because']}.")
    world.paid(number, "100.00", at=f"{world.today()}T00:00:00+08:00")
    since = world.now()
    released = company.finance.move(f"/shipments/{shipment}", "release")
    _expect_batch(world, released, since)
    company.clerk.move(f"/shipments/{shipment}", "cancel", reason="customer_request", note="改约")
    since = world.now()
    shipment, parcels = handed(world, number, "20")
    released = company.clerk.get(f"/shipments/{shipment}")
    _expect_batch(world, released, since)
    told = scan(scanner(world), parcels, "dispatch")
    expect({one["answer"] for one in told}, {"accepted"}, "dispatch implies pick, pack, load")
    say(f"   Paid before ten: batch {released['batch']}; {shipment} leaves.")


def _expect_batch(world: World, released: Json, since: datetime) -> None:
    """Paid before ten it leaves today by the next batch; after the last, or on a day off, later.

    Midnight, or somebody who moves the clock, may come between `since`, the release and this.
    """
    calendar, until = world.calendar(), world.now()
    batch = (released["batch_day"], released["batch"])
    possible = {_next_batch(moment, calendar) for moment in (since, until)}
    expect(batch in possible, True, f"{batch} is one of {possible}, released until {until}")


def _next_batch(moment: datetime, calendar: WorkingCalendar) -> tuple[str, str]:
    today = moment.date()
    if calendar.is_working_day(today) and moment.hour < 18:
        return today.isoformat(), "morning" if moment.hour < 12 else "same_day"
    return calendar.next_working_day(today).isoformat(), "morning"
