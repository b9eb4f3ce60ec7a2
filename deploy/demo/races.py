"""Chapter 5: races, decided exactly."""

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from requests import Response

from deploy.demo.gates import verdict
from deploy.demo.people import Person, expect
from deploy.demo.shipping import Parcel, delivered, handed, reading, scan, scanner
from deploy.demo.world import World

MANY, COVERED = 20, 7
# After so many races in a row that one side won, the other's start is minutes ahead.
_ENOUGH = 15


def together(do: Callable[[int], Any], times: int = MANY) -> list[Any]:
    """Do the same thing many times at once."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(do, range(times)))


def _own_line(person: Person) -> Person:
    # A requests.Session is one client's: each racer gets a connection of its own.
    return Person(person.base_url, person.role, person.headers)


def _called_off(world: World, numbers: list[str]) -> None:
    supervisor = world.company.supervisor
    together(lambda index: world.called_off(numbers[index], _own_line(supervisor)), len(numbers))


def _answered(answers: list[Response]) -> dict[tuple[int, str | None], int]:
    return dict(Counter((answer.status_code, answer.json().get("code")) for answer in answers))


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
    _called_off(world, [order["number"] for order in orders])
    world.await_exposure(customer, "0.00")
    world.company.say("   Exactly 7 hold credit, 13 stand held.")


def material(world: World) -> None:
    """20 statements at once for material that covers 7: 7 pass, 13 get 409."""
    company = world.company
    customer = world.customer("A")
    product, raw = world.product(), world.material(stock="70")
    world.recipe(product, raw, "1")
    world.await_customer(customer)
    body = world.order_body(customer, product, "10")
    orders = [company.clerk.post("/orders", body) for _ in range(MANY)]
    for order in orders:
        world.sign(order["number"], "technique", revision=1, verdict="passed")
    for order in orders:
        world.await_statement(order["number"], "material", 1)

    def sign(index: int) -> Response:
        person = _own_line(company.technician)
        path = f"/orders/{orders[index]['number']}/statements/material"
        tag = person.send("GET", path).headers["ETag"]
        body = {"revision": 1, "text": "可以", "verdict": "passed"}
        return person.send("POST", f"{path}/actions/sign", body=body, if_match=tag)

    told = {(200, None): COVERED, (409, "material_short"): MANY - COVERED}
    expect(_answered(together(sign)), told, "material statements")
    held = company.technician.get(f"/materials/{raw}")
    expect(float(held["reserved"]), 70.0, "reserved")
    _called_off(world, [order["number"] for order in orders])
    company.say("   Exactly 7 pass, 13 are refused with the shortage.")


def stock(world: World) -> None:
    """20 stock orders for stock of 7: 7 accepted, 13 refused."""
    company = world.company
    customer = world.customer("A")
    product = world.product(supply="stock", price="1.00", stock="7")
    world.await_customer(customer)
    body = world.order_body(customer, product, "1")
    answers = together(lambda _: _own_line(company.clerk).send("POST", "/orders", body=body))
    told = {(201, None): COVERED, (409, "stock_short"): MANY - COVERED}
    expect(_answered(answers), told, "stock orders")
    numbers = sorted(answer.json()["number"] for answer in answers if answer.ok)
    there = company.clerk.get("/orders", customer_code=customer.code)["items"]
    expect(sorted(order["number"] for order in there), numbers, "what was refused is no order")
    world.await_stock(product, on_hand=7.0, reserved=7.0)
    world.await_exposure(customer, "7.00")
    _called_off(world, numbers)
    world.await_stock(product, on_hand=7.0, reserved=0.0)
    world.await_exposure(customer, "0.00")
    company.say("   Exactly 7 are accepted, 13 refused.")


def cancel_against_dispatch(world: World, times: int = 50) -> None:
    """Cancel against a dispatch scan: one side wins each time, the other is told so."""
    company = world.company
    customer = world.customer("A")
    product = world.product(supply="stock", price="1.00", stock=str(times))
    device, lead = scanner(world), _Lead()
    left: dict[str, str] = {}
    for _ in range(times):
        number = world.submitted(customer, product, "1")["number"]
        world.approved(number)
        world.sent(number)
        world.signed_back(number)
        shipment, parcels = handed(world, number, "1")
        if _dispatch_wins(world, number, parcels[0], device, lead):
            left[number] = shipment
    cancelled = times - len(left)
    if times >= _ENOUGH:
        expect((cancelled > 0, bool(left)), (True, True), "each side wins some of them")
    world.await_stock(product, on_hand=float(cancelled), reserved=0.0)
    account = company.await_(
        "the credit of what was cancelled is free",
        lambda: company.finance.get(f"/customers/{customer.code}/credit"),
        lambda account: account["exposure"] == account["receivable"] == f"{len(left)}.00",
    )
    expect(account["customer_credit"], "0.00", "nothing was paid")
    for number, shipment in left.items():
        delivered(world, shipment, "1")
        world.paid(number, "1.00")
        company.await_stage(number, "fulfilled")
        world.closed(number)
    company.say(
        f"   {times} races, each won by one side: {cancelled} are cancelled,"
        f" {len(left)} leave and are closed."
    )


class _Lead:
    """By how much the cancel starts before the dispatch: neither side is to win them all.

    A cancel asks its way through three services and loses where both start at once; how long
    it takes is the machine's. So who won gets a later start, the later the longer he wins.
    """

    def __init__(self) -> None:
        self.seconds, self._step, self._won = 0.05, 0.02, ""

    def after(self, winner: str) -> None:
        self._step = 2 * self._step if winner == self._won else 0.02
        self._won = winner
        self.seconds += self._step if winner == "dispatch" else -self._step


def _dispatch_wins(world: World, number: str, parcel: Parcel, device: Person, lead: _Lead) -> bool:
    company, path = world.company, f"/orders/{number}"

    def cancel() -> Response:
        time.sleep(max(0.0, -lead.seconds))
        return _own_line(company.supervisor).try_(
            path, "cancel", reason="customer_request", note="赛跑"
        )

    def dispatch() -> str:
        time.sleep(max(0.0, lead.seconds))
        told = _own_line(device).post("/scans", {"scans": [reading(parcel, "dispatch")]})
        return str(told["items"][0]["answer"])

    with ThreadPoolExecutor(2) as pool:
        asked, scanned_by = pool.submit(cancel), pool.submit(dispatch)
    answer, scanned = asked.result(), scanned_by.result()
    if answer.ok:
        expect(scanned, "rejected", "the scan of a cancelled shipment")
        expect(answer.json()["stage"], "cancelled", "the cancel won")
        world.settled(number)
        lead.after("cancel")
        return False
    expect((answer.status_code, scanned), (409, "accepted"), "a race has one winner")
    expect(answer.json()["code"], "already_dispatched", "why the cancel is refused")
    company.await_stage(number, "in_progress")
    more = {"order_number": number, "lines": [{"line_no": 1, "quantity": "1"}]}
    company.await_(
        f"the block of {number} gone: no more can be requested for want of goods alone",
        lambda: company.clerk.send("POST", "/shipments", body=more).json().get("code"),
        lambda code: code == "not_enough_held",
    )
    lead.after("dispatch")
    return True


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
    told_twice = Counter((item["answer"], item["repeated"]) for item in answers)
    wanted = {("accepted", False): len(batch), ("accepted", True): 200 - len(batch)}
    expect(dict(told_twice), wanted, "each scan is answered, and counts once")
    seen = _once(world, shipment)
    late = {item["answer"] for item in scan(device, parcels, "pick")}
    expect(late, {"accepted"}, "late scans are answered")
    expect(_once(world, shipment), seen, "and move nothing")
    world.await_stock(product, on_hand=0.0, reserved=0.0)
    company.await_(
        "what left is charged once",
        lambda: company.finance.get(f"/orders/{number}/money")["money"],
        lambda money: (money["receivable"], money["reservation"]) == ("10.00", "0.00"),
    )
    world.signed_back(number)
    company.say("   Ten equal scans count once; 200 shuffled ones end as one ordered run does.")


def _once(world: World, shipment: str) -> tuple[Any, ...]:
    """Give what one ordered run of scans leaves of a shipment: signed for, under one number."""
    seen = world.company.clerk.get(f"/shipments/{shipment}")
    expect(seen["state"], "signed", "the state of one ordered run")
    parcels = [parcel["progress"] for parcel in seen["parcels"]]
    expect(parcels, ["signed"] * 2, "and of its parcels")
    expect(bool(seen["note_number"]), True, "the number under which it left")
    lines = [line["signed_quantity"] for line in seen["lines"]]
    expect(lines, ["10.000"], "signed for in full")
    return tuple(seen[name] for name in ("note_number", "dispatched_at", "arrived_at", "signed_at"))
