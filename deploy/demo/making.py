"""Chapter 1: customer B, made to order, from the first phone call to the closed order."""

from datetime import date, datetime, timedelta

from deploy.demo.holdings import Holder
from deploy.demo.people import expect, only
from deploy.demo.shipping import Parcel, delivered, dispatched
from deploy.demo.world import SEAL, SIGNATORY, Customer, World

# What after-sales plans by itself for a new customer's delivery (SPEC §8).
_VISITS = ["after_dispatch", "after_receipt", *["new_customer"] * 4]


def customer_b(world: World) -> None:
    """Tell the whole way of an order of 1000 rolls, made 2 % under, within ±3 %."""
    closed_order(world)


def closed_order(world: World) -> tuple[Customer, str, str]:
    """Tell it and give the customer, the product and the number of the closed order."""
    company, say = world.company, world.company.say
    customer = world.customer("B")
    product, material = world.product(price="2.00"), world.material(stock="5000")
    world.recipe(product, material, "2.5")
    world.work_centre()
    world.await_customer(customer)

    order = Holder(world, customer, material, _taken(world, customer, product))
    order.await_holds(credit=2060.0, material=0.0, stock=0.0, slots=0)
    number = order.number
    _reviewed(world, order)
    _confirmed(world, order)
    instruction = _made(world, order)
    _stocked_short(world, order, instruction)
    _delivered(world, order)
    _closed(world, number)
    say(f"   {number} is closed.")
    company.await_(
        "all visits on after-sales' list",
        lambda: [
            visit["reason"]
            for visit in company.aftersales.get("/visits", order_number=number)["items"]
        ],
        lambda reasons: sorted(reasons) == _VISITS,
    )
    return customer, product, number


def _taken(world: World, customer: Customer, product: str) -> str:
    company, say = world.company, world.company.say
    reply_by = world.now() + timedelta(hours=2)
    memo = company.clerk.post(
        "/memos",
        {
            "channel": "phone",
            "asked_by": SIGNATORY,
            "wish": "1000卷热敏收银纸，月底要",
            "reply_by": reply_by.isoformat(),
        },
    )
    number: str = memo["number"]
    asked = (memo["stage"], memo["channel"], memo["asked_by"])
    expect(asked, ("memo", "phone", SIGNATORY), "a first call")
    owed = [
        (task["kind"], datetime.fromisoformat(task["due_at"]))
        for task in company.clerk.get(f"/orders/{number}/tasks")["items"]
    ]
    expect(owed, [("reply_due", reply_by)], "the answer that he was promised")
    say(f"   {SIGNATORY} calls; memo {number} is written.")
    body = world.order_body(customer, product, "1000")
    fields = ("order_type", "consignee", "delivery_method", "customer_due", "lines")
    order = company.clerk.move(
        f"/orders/{number}",
        "draft",
        customer_code=customer.code,
        **{name: body[name] for name in fields},
    )
    expect(order["total"], "2000.00", "1000 at 2.00 with no promotion for this product's order")
    refusal = company.clerk.is_refused_on_record(
        "fields_missing", f"/orders/{number}", "submit", key_data_checked=True
    )
    expect(refusal.fields, ["special_requirements"], "missing fields")
    say("   Submit is refused: special requirements are missing; the salesperson has a task.")
    company.clerk.edit(f"/orders/{number}", special_requirements="无")
    order = company.clerk.move(f"/orders/{number}", "submit", key_data_checked=True)
    expect(order["stage"], "in_review", "submitted")
    verdicts = {gate["kind"]: gate["verdict"] for gate in order["gates"]}
    expect((verdicts["price"], verdicts["credit"]), ("passed", "passed"), "system's verdicts")
    say("   Submitted: price passes, credit is reserved, technique is asked.")
    return number


def _reviewed(world: World, held: Holder) -> None:
    number, say = held.number, world.company.say
    world.sign(number, "technique", revision=1, verdict="passed")
    world.sign(number, "material", revision=1, verdict="passed")
    held.await_holds(credit=2060.0, material=2500.0, stock=0.0, slots=0)
    due = (world.today() + timedelta(days=20)).isoformat()
    world.sign(number, "schedule", revision=1, production_due=due)
    held.await_holds(credit=2060.0, material=2500.0, stock=0.0, slots=1)
    held.await_slot_of(due)
    order = world.approved(number)
    expect((order["stage"], order["production_due"]), ("approved", due), "approved")
    say(f"   Signed: technique, material (2500 kg held), schedule ({due}); approved.")


def _confirmed(world: World, held: Holder) -> None:
    number, company, say = held.number, world.company, world.company.say
    sent = world.sent(number)
    expect((sent["stage"], sent["confirmation_version"]), ("awaiting_return", 1), "version 1")
    page = company.clerk.page(f"/orders/{number}/documents/confirmation")
    expect(number in page and "贰仟元整" in page, True, "the printed confirmation")
    company.advance_days(2)
    slid = company.await_(
        "both dates slid by two days",
        lambda: company.clerk.get(f"/orders/{number}"),
        lambda order: order["slid_days"] == 2,
    )
    for name in ("production_due", "customer_due"):
        moved = date.fromisoformat(slid[name]) - date.fromisoformat(sent[name])
        expect(moved, timedelta(days=2), f"{name} has slid")
    held.await_slot_of(slid["production_due"])
    say("   Confirmation 1 is sent; two days pass unsigned: both dates slide two days.")
    company.clerk.is_refused_on_record(
        "sign_back_invalid",
        f"/orders/{number}",
        "verify_sign_back",
        **world.copy(signatory="李小妹"),
    )
    papers = company.clerk.get(f"/orders/{number}/confirmations")["items"]
    paper = only(papers, "the version that was sent")
    filed = [(copy["signatory"], copy["accepted"], copy["why"]) for copy in paper["sign_backs"]]
    why = f"Neither an authorised signatory ({SIGNATORY}) nor a seal on file ({SEAL})."
    expect(filed, [("李小妹", False, why)], "the copy is filed as rejected")
    expect((paper["state"], paper["arrived_on"]), ("sent", None), "it stops no slide")
    company.await_stage(number, "awaiting_return")
    say("   A copy signed by 李小妹 is rejected: she is no authorised signatory.")
    order = world.signed_back(number)
    expect(order["stage"], "confirmed", "verified sign-back")


def _made(world: World, held: Holder) -> str:
    number, company, say = held.number, world.company, world.company.say
    refusal = company.clerk.is_refused(
        "money_needed", f"/orders/{number}", "issue_instruction", line_no=1
    )
    expect(refusal.details["needed"], "600.00", "deposit of 30 %")
    say("   The works instruction is refused for want of the deposit of 600.00.")
    world.paid(number, "600.00")
    held.await_holds(credit=1460.0, material=2500.0, stock=0.0, slots=1)
    instruction = world.issued(number)
    page = company.clerk.page(f"/instructions/{instruction}/document")
    expect(instruction in page, True, "the printed instruction")
    world.started(instruction)
    held.await_holds(credit=1460.0, material=0.0, stock=0.0, slots=1)
    held.await_material(2500.0)
    say(f"   Deposit verified; instruction {instruction} issued, accepted, running.")
    return instruction


def _stocked_short(world: World, held: Holder, instruction: str) -> None:
    number, company, say = held.number, world.company, world.company.say
    unused = {"material_code": held.material, "quantity": "50"}
    world.stocked(instruction, "980", unused=[unused])
    order = company.await_(
        "the accepted quantity on the line",
        lambda: company.clerk.get(f"/orders/{number}"),
        lambda order: order["lines"][0]["production"] == "stocked",
    )
    expect(order["lines"][0]["accepted_quantity"], "980.000", "accepted within ±3 %")
    held.await_holds(credit=1360.0, material=0.0, stock=980.0, slots=0)
    held.await_money(reservation="1960.00", receivable="0.00", verified="600.00")
    held.await_material(2550.0)
    notice = company.await_(
        "the balance notice",
        lambda: [
            one
            for one in company.clerk.get("/notices", order_number=number)["items"]
            if one["kind"] == "balance"
        ],
    )[0]
    expect(notice["amount"], "1360.00", "balance: 980 at 2.00 less the deposit of 600.00")
    page = company.clerk.page(f"/notices/{notice['number']}/document")
    expect("壹仟叁佰陆拾元整" in page, True, "the printed balance notice")
    company.clerk.move(
        f"/notices/{notice['number']}", "mark_sent", channel="fax", received_clearly=True
    )
    say("   980 made, inspected, stocked; the balance notice says 1360.00.")


def _delivered(world: World, held: Holder) -> None:
    number, company, say = held.number, world.company, world.company.say

    def balance_first(shipment: str) -> None:
        refusal = company.finance.is_refused("release_refused", f"/shipments/{shipment}", "release")
        expect(refusal.details["because"], "balance_not_verified", "why it may not leave")
        say("   Release is refused until the balance is verified.")
        world.paid(number, "1360.00")
        company.clerk.is_refused("role_needed", f"/shipments/{shipment}", "release")

    parcels: list[Parcel] = []
    shipment = dispatched(
        world, number, "980", before_release=balance_first, parcels=parcels, slips=True
    )
    say("   The requester may not check her own request, nor a wrong item be read back.")
    held.await_nothing_held()
    held.await_money(reservation="0.00", receivable="1960.00", verified="1960.00")
    delivered(world, shipment, "980")
    order = company.await_stage(number, "fulfilled")
    expect(order["lines"][0]["signed_quantity"], "980.000", "signed for")
    held.await_nothing_held()
    say(f"   Notice sent; {shipment} ({len(parcels)} parcels) is signed for: fulfilled.")


def _closed(world: World, number: str) -> None:
    company = world.company
    company.finance.is_refused("still_owed", f"/orders/{number}", "close")
    world.closed(number)
