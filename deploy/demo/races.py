"""Chapter 5: races, decided exactly."""

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deploy.demo.gates import verdict
from deploy.demo.people import Person, expect
from deploy.demo.shipping import Parcel, handed, reading, scan, scanner
from deploy.demo.world import World

MANY, COVERED = 20, 7


def together(do: Callable[[int], Any], times: int = MANY) -> list[Any]:
    """Do the same thing many times at once."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(do, range(times)))


def _own_line(person: Person) -> Person:
    # A requests.Session is one client's: each racer gets a connection of its own.
    return Person(person.base_url, person.role, person.headers)


def credit(world: World) -> None:
    """20 orders at once for a customer whose limit covers 7: 7 hold credit, 13 stand held."""
    customer = world.customer("B", limit="700.00")
    product = world.product(supply="stock", price="1.00", stock="5000")
    world.await_customer(customer)
    body = world.order_body(customer, product, "100")
    orders = together(lambda _: _own_line(world.company.clerk).post("/orders", body))
    stood = Counter(verdict(order, "credit") for order in orders)
    expect(dict(stood), {"passed": COVERED, "held": MANY - COVERED}, "credit gates")
    account = world.company.finance.get(f"/customers/{customer.code}/credit")
    expect(account["exposure"], "700.00", "exposure")
    world.company.say("   Exactly 7 hold credit, 13 stand held.")


def material(world: World) -> None:
    """20 statements at once for material that covers 7: 7 pass, 13 get 409."""
    company = world.company
    customer = world.customer("A")
    product, raw = world.product(), world.material(stock="70")
    world.recipe(product, raw, "1")
    orders = [world.submitted(customer, product, "10") for _ in range(MANY)]
    for order in orders:
        world.sign(order["number"], "technique", revision=1, verdict="passed")
    for order in orders:
        world.await_statement(order["number"], "material", 1)

    def sign(index: int) -> int:
        person = _own_line(company.technician)
        path = f"/orders/{orders[index]['number']}/statements/material"
        tag = person.send("GET", path).headers["ETag"]
        body = {"revision": 1, "text": "可以", "verdict": "passed"}
        return person.send("POST", f"{path}/actions/sign", body=body, if_match=tag).status_code

    answered = Counter(together(sign))
    expect(dict(answered), {200: COVERED, 409: MANY - COVERED}, "material statements")
    held = company.technician.get(f"/materials/{raw}")
    expect(float(held["reserved"]), 70.0, "reserved")
    company.say("   Exactly 7 pass, 13 are refused with the shortage.")


def stock(world: World) -> None:
    """20 stock orders for stock of 7: 7 accepted, 13 refused."""
    company = world.company
    customer = world.customer("A")
    product = world.product(supply="stock", price="1.00", stock="7")
    world.await_customer(customer)
    body = world.order_body(customer, product, "1")
    answered = Counter(
        together(lambda _: _own_line(company.clerk).send("POST", "/orders", body=body).status_code)
    )
    expect(dict(answered), {201: COVERED, 409: MANY - COVERED}, "stock orders")
    company.say("   Exactly 7 are accepted, 13 refused.")


def cancel_against_dispatch(world: World, times: int = 50) -> None:
    """Cancel against a dispatch scan: one side wins each time, the other is told so."""
    company = world.company
    customer = world.customer("A")
    product = world.product(supply="stock", price="1.00", stock=str(times))
    device, won = scanner(world), Counter[str]()
    for _ in range(times):
        number = world.submitted(customer, product, "1")["number"]
        world.approved(number)
        world.sent(number)
        company.clerk.move(f"/orders/{number}", "confirm_by_grade")
        _, parcels = handed(world, number, "1")
        won[_race(world, number, parcels, device)] += 1
    expect(sum(won.values()), times, "every race decided")
    company.say(f"   {times} races, each won by one side: {dict(won)}.")


def _race(world: World, number: str, parcels: list[Parcel], device: Person) -> str:
    company = world.company
    path = f"/orders/{number}"

    def cancel() -> int:
        while True:
            tag = company.supervisor.send("GET", path).headers["ETag"]
            body = {"reason": "customer_request", "note": "赛跑"}
            told = _own_line(company.supervisor).send(
                "POST", f"{path}/actions/cancel", body=body, if_match=tag
            )
            if told.status_code != 412:
                return told.status_code

    def dispatch() -> str:
        # A cancel asks its way through three services: given the same start it always loses.
        time.sleep(random.uniform(0, 0.15))  # noqa: S311
        told = _own_line(device).post("/scans", {"scans": [reading(parcels[0], "dispatch")]})
        return str(told["items"][0]["answer"])

    with ThreadPoolExecutor(2) as pool:
        sides = [cancel, dispatch]
        random.shuffle(sides)
        told = {side.__name__: pool.submit(side) for side in sides}
    outcome = told["cancel"].result(), told["dispatch"].result()
    if outcome == (200, "rejected"):
        company.await_stage(number, "cancelled")
        return "cancel"
    expect(outcome, (409, "accepted"), "a race has one winner")
    return "dispatch"


def scans(world: World) -> None:
    """The same scan ten times, and 200 scans shuffled with repeats: the state of one."""
    company = world.company
    customer = world.customer("A")
    product = world.product(supply="stock", price="1.00", stock="10")
    device = scanner(world)
    number = world.submitted(customer, product, "10")["number"]
    world.approved(number)
    world.sent(number)
    company.clerk.move(f"/orders/{number}", "confirm_by_grade")
    shipment, parcels = handed(world, number, "10")

    one = {"scans": [reading(parcels[0], "pick")]}
    told = [device.post("/scans", one)["items"][0] for _ in range(10)]
    expect({item["answer"] for item in told}, {"accepted"}, "the same scan ten times")
    expect([item["repeated"] for item in told], [False] + [True] * 9, "counted once")

    kinds = ("pick", "pack", "load", "dispatch", "arrive", "sign")
    batch = [reading(parcel, kind) for parcel in parcels for kind in kinds]
    shuffled = [random.choice(batch) for _ in range(200 - len(batch))] + batch  # noqa: S311
    random.shuffle(shuffled)
    answers = device.post("/scans", {"scans": shuffled})["items"]
    expect(len(answers), 200, "each scan is answered")
    seen = company.clerk.get(f"/shipments/{shipment}")
    expect(seen["state"], "signed", "the state of one ordered run")
    expect(scan(device, parcels, "pick")[0]["answer"], "accepted", "a late scan moves nothing")
    expect(company.clerk.get(f"/shipments/{shipment}")["state"], "signed", "states only go forward")
    company.say("   Ten equal scans count once; 200 shuffled ones end as one ordered run does.")
