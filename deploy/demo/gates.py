"""Chapter 4: gates that stand, and refusals that change nothing."""

from datetime import timedelta
from typing import Any

from deploy.demo.people import Json, expect, only
from deploy.demo.shipping import Parcel, request, scan, scanner
from deploy.demo.world import Customer, World


def verdict(order: Json, kind: str) -> str:
    """Give how one of an order's gates stands."""
    return next(str(gate["verdict"]) for gate in order["gates"] if gate["kind"] == kind)


def over_the_limit(world: World) -> None:
    """The gate stands `held`; the clerk may not override, the director may."""
    company, say = world.company, world.company.say
    customer = world.customer("B", limit="500.00")
    product = world.product(supply="stock", price="1.00", stock="1000")
    order = world.submitted(customer, product, "600")
    path = f"/orders/{order['number']}"
    expect(verdict(order, "credit"), "held", "600 for a limit of 500")
    account = company.finance.get(f"/customers/{customer.code}/credit")
    expect(account["exposure"], "0.00", "held reserves nothing")

    company.clerk.lacks(
        "orders.override_credit", path, "override_credit", reason="other", text="请放行"
    )
    account = company.finance.get(f"/customers/{customer.code}/credit")
    expect(account["exposure"], "0.00", "the refused override reserves nothing")
    order = company.director.move(path, "override_credit", reason="other", text="老客户，放行")
    expect(verdict(order, "credit"), "passed", "the director's override")
    account = company.finance.get(f"/customers/{customer.code}/credit")
    expect(account["exposure"], "600.00", "reserved beyond the limit")
    world.called_off(order["number"])
    say("   600 for a limit of 500: held; the director overrides, 600.00 is reserved.")


def material_short(world: World) -> None:
    """`passed` is refused with the shortage; signed `short` the gate stands, nothing is held."""
    company, say = world.company, world.company.say
    customer = world.customer("A")
    product, material = world.product(), world.material(stock="50")
    world.recipe(product, material, "1")
    world.work_centre()
    order = world.submitted(customer, product, "80")
    number = order["number"]
    world.sign(number, "technique", revision=1, verdict="passed")
    world.await_statement(number, "material", 1)
    path = f"/orders/{number}/statements/material"
    refusal = company.technician.is_refused(
        "material_short", path, "sign", revision=1, text="可以", verdict="passed"
    )
    say(f"   {refusal.detail}")
    arrives = (world.today() + timedelta(days=5)).isoformat()
    world.sign(number, "material", revision=1, verdict="short", material_date=arrives)
    seen = company.await_(
        "the gate stands short",
        lambda: company.clerk.get(f"/orders/{number}"),
        lambda order: verdict(order, "material") == "short",
    )
    expect(verdict(seen, "schedule"), "pending", "schedule waits")
    figures = next(gate["figures"] for gate in seen["gates"] if gate["kind"] == "material")
    expect(figures["material_date"], arrives, "the day on which the gate says it arrives")
    held = company.technician.get(f"/materials/{material}")
    expect(float(held["reserved"]), 0.0, "nothing held")
    world.called_off(number)
    say(f"   Signed short, material arrives {arrives}; nothing is held.")


def price_below_scheme(world: World) -> None:
    """`doubt`, reported to three at once; the director's override."""
    company, say = world.company, world.company.say
    customer = world.customer("A")
    product = world.product(supply="stock", price="1.00", stock="1000")
    order = world.submitted(
        customer,
        product,
        "100",
        lines=[{"product_code": product, "quantity": "100", "unit_price": "0.95"}],
    )
    number = order["number"]
    expect(verdict(order, "price"), "doubt", "price below scheme")
    # Their work lists show what falls due first, and who has much to do not all of it.
    tasks = company.clerk.get(f"/orders/{number}/tasks")["items"]
    told = sorted(task["role"] for task in tasks if task["kind"] == "price_doubt")
    expect(told, ["director", "sales", "supervisor"], "who is told of the doubt")
    company.supervisor.lacks(
        "orders.override_price", f"/orders/{number}", "override_price", reason="price", text="可"
    )
    order = company.director.move(
        f"/orders/{number}", "override_price", reason="price", text="促销尾货"
    )
    expect(verdict(order, "price"), "passed", "the director's override")
    expect(company.clerk.get(f"/orders/{number}/tasks")["items"], [], "nobody waits any more")
    world.called_off(number)
    say("   0.95 for 1.00: doubt, told to three; the director overrides.")


def refusals(world: World) -> None:
    """Each a clear problem document, nothing changed."""
    company, say = world.company, world.company.say
    customer = world.customer("A")
    similar = world.product(supply="stock", price="1.00", stock="30")
    product = world.product(supply="stock", price="1.00", stock="5", substitutes=[similar])
    world.await_customer(customer)
    expected_on = (world.today() + timedelta(days=6)).isoformat()
    arrival = company.planner.post(
        "/arrivals", {"product_code": product, "quantity": "50", "expected_on": expected_on}
    )
    refusal = company.clerk.is_refused(
        "stock_short", "/orders", **world.order_body(customer, product, "8")
    )
    line = only(refusal.details["lines"], "the short line")
    expect(line["free"], "5.000", "free now")
    expect(line["next_arrival"], {"date": expected_on, "quantity": "50.000"}, "next arrival")
    offered = [(one["product_code"], one["free"]) for one in line["substitutes"]]
    expect(offered, [(similar, "30.000")], "substitutes")
    _nothing_came_of_it(world, customer, product)
    body: dict[str, Any] = world.order_body(customer, product, "1", consignee={"name": "王库管"})
    refusal = company.clerk.is_refused("fields_missing", "/orders", **body)
    expect(sorted(refusal.fields), ["consignee_address", "consignee_phone"], "the missing fields")
    _nothing_came_of_it(world, customer, product)
    company.planner.move(f"/arrivals/{arrival['number']}", "cancel", note="演示结束")
    say("   A short stock line and missing fields are refused; no order is left behind.")

    order = world.submitted(customer, product, "2")
    number = order["number"]
    world.approved(number)
    world.sent(number)
    world.signed_back(number)
    shipment = request(world, number, "2")
    company.dispatcher.is_refused("illegal_move", f"/shipments/{shipment}", "dispatch")
    company.technician.lacks(
        "shipments.cancel", f"/shipments/{shipment}", "cancel", reason="other", note="-"
    )
    unknown = Parcel(f"NO-SUCH-{world.mark}")
    told = scan(scanner(world), [unknown], "dispatch")
    expect(told[0]["answer"], "quarantined", "an unknown parcel")
    _none_of_ours(world, unknown)
    expect(company.clerk.get(f"/shipments/{shipment}")["state"], "requested", "unmoved")
    world.called_off(number)
    say("   Dispatch before hand-over, a missing permission, an unknown parcel: refused.")


def _none_of_ours(world: World, unknown: Parcel) -> None:
    dispatcher = world.company.dispatcher
    after: str | None = None
    while True:
        # The oldest come first: those of others may fill more than a page.
        page = dispatcher.get("/scans/quarantined", limit=100, after=after)
        mine = [one for one in page["items"] if one["parcel_code"] == unknown.code]
        after = page["next"]
        if mine or after is None:
            break
    waiting = only(mine, "the scan that waits for a person")
    path = f"/scans/quarantined/{waiting['id']}/actions/resolve"
    told = dispatcher.post(path, {"note": "不是本公司包裹"})
    expect(told["resolution"], "dismissed", "shown to a person, who says what it was")


def _nothing_came_of_it(world: World, customer: Customer, product: str) -> None:
    """Nothing is left of an order that was refused: not itself, nor what it would have held."""
    orders = world.company.clerk.get("/orders", customer_code=customer.code)["items"]
    expect(orders, [], "orders left behind")
    world.await_stock(product, on_hand=5.0, reserved=0.0)
    world.await_exposure(customer, "0.00")
