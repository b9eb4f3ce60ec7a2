"""One customer's order with all that belongs to it, and how the story brings it to a place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from deploy.demo import shipping
from deploy.demo.people import Json, Person
from deploy.demo.world import Customer, World
from tests.properties.house import CARRIER, House, Told

#: Every order is of so many, so that three for one product of this stock are one too many.
ORDERED, ON_THE_SHELF = Decimal(100), "250"
PRICE = "2.00"
# The first order of a B customer fits into it, the second does not.
LIMITS = {"A": None, "B": "300.00", "C": None}


@dataclass
class Deal:
    """An order and the numbers of what was made for it."""

    number: str
    customer: Customer
    product: str
    supply: str
    shipments: list[str] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    #: The last command about it that was done, to be sent again.
    last_done: Told | None = None

    @property
    def path(self) -> str:
        return f"/orders/{self.number}"

    def __repr__(self) -> str:
        return self.number


@dataclass(frozen=True)
class Thing:
    """Something of a deal that has moves of its own."""

    kind: str
    path: str


KINDS = ("order", "statement", "instruction", "shipment", "payment", "case")


def things_of(house: House, deal: Deal) -> Iterator[Thing]:
    """Give everything of a deal that can be moved now."""
    yield Thing("order", deal.path)
    if deal.supply == "make":
        for kind in ("technique", "material", "schedule"):
            path = f"{deal.path}/statements/{kind}"
            if house.look(path).ok:
                yield Thing("statement", path)
    instruction = instruction_of(house, deal)
    if instruction is not None:
        yield Thing("instruction", f"/instructions/{instruction}")
    for kind, numbers in (
        ("shipment", deal.shipments),
        ("payment", deal.payments),
        ("case", deal.cases),
    ):
        for number in numbers:
            yield Thing(kind, f"/{kind}s/{number}")


def instruction_of(house: House, deal: Deal) -> str | None:
    number: str | None = (
        house.page(deal.path)["lines"][:1]
        and (house.page(deal.path)["lines"][0]["instruction_number"])
    )
    return number or None


@dataclass
class Cast:
    """The customers and products of one example, made when they are first asked for."""

    house: House
    world: World
    _customers: dict[str, Customer] = field(default_factory=dict)
    _products: dict[str, str] = field(default_factory=dict)
    _parcels: dict[str, list[str]] = field(default_factory=dict)

    def customer(self, grade: str) -> Customer:
        if grade not in self._customers:
            made = self.world.customer(grade, limit=LIMITS[grade])
            self.world.await_customer(made)
            self._customers[grade] = made
        return self._customers[grade]

    def product(self, supply: str) -> str:
        if supply not in self._products:
            stock = ON_THE_SHELF if supply == "stock" else None
            product = self.world.product(supply=supply, price=PRICE, stock=stock)
            if supply == "make":
                material = self.world.material(stock="1000")
                self.world.recipe(product, material, "1")
                self.world.work_centre()
            self._products[supply] = product
        return self._products[supply]

    def scanner(self) -> Person:
        return self.house.person("scanner")


# -- the places ----------------------------------------------------------------------------


def bring(cast: Cast, deal: Deal, place: str) -> None:
    """Bring a submitted order on to a place, everybody doing what is right."""
    for reached, step in STEPS.items():
        if PLACES.index(reached) > PLACES.index(place):
            return
        cast.house.watch.await_quiet()
        step(cast, deal)
    cast.house.watch.await_quiet()


def _pass_gates(cast: Cast, deal: Deal) -> None:
    world, director = cast.world, cast.house.company.director
    order = cast.house.page(deal.path)
    verdicts = {gate["kind"]: gate["verdict"] for gate in order["gates"]}
    if verdicts["price"] == "doubt":
        director.move(deal.path, "override_price", reason="price", text="老客户")
    if verdicts["credit"] == "held":
        director.move(deal.path, "override_credit", reason="other", text="放行")
    if deal.supply == "make":
        world.stated(order)
    world.approved(deal.number)


def _pay(cast: Cast, deal: Deal) -> None:
    # Grades change under our hands: the present one counts.
    if cast.house.page(f"/customers/{deal.customer.code}")["grade"] != "A":
        total = cast.house.page(deal.path)["total"]
        deal.payments.append(cast.world.paid(deal.number, total)["number"])


def _issue(cast: Cast, deal: Deal) -> None:
    if deal.supply == "make":
        cast.world.issued(deal.number)


def _of_making(
    do: Callable[[World, str], object],
) -> Callable[[Cast, Deal], None]:
    def step(cast: Cast, deal: Deal) -> None:
        number = instruction_of(cast.house, deal)
        if number is not None:
            do(cast.world, number)

    return step


def _finish(world: World, number: str) -> None:
    planner = world.company.planner
    planner.move(f"/instructions/{number}", "report_production", quantity=str(ORDERED))
    planner.move(f"/instructions/{number}", "finish")


def _stock_in(world: World, number: str) -> None:
    path, company = f"/instructions/{number}", world.company
    company.inspector.move(path, "inspect", passed=str(ORDERED))
    company.clerk.move(path, "countersign")
    company.inspector.move(path, "stock_in")


def _request(cast: Cast, deal: Deal) -> None:
    deal.shipments.append(shipping.request(cast.world, deal.number, str(ORDERED)))


def _release(cast: Cast, deal: Deal) -> None:
    cast.house.company.finance.move(f"/shipments/{deal.shipments[0]}", "release")


def _check(cast: Cast, deal: Deal) -> None:
    path = f"/shipments/{deal.shipments[0]}"
    read = read_back(cast.house.page(path))
    cast.house.company.assistant.move(path, "check", read_back=read)


def _hand(cast: Cast, deal: Deal) -> None:
    path, company = f"/shipments/{deal.shipments[0]}", cast.house.company
    read = read_back(cast.house.page(path))
    company.dispatcher.move(
        path,
        "hand",
        carrier_code=CARRIER,
        waybill="YD0001",
        read_back=read,
        parcels=2,
    )


def _dispatch(cast: Cast, deal: Deal) -> None:
    path = f"/shipments/{deal.shipments[0]}"
    codes = [shipping.Parcel(each["code"]) for each in cast.house.page(path)["parcels"]]
    shipping.scan(cast.scanner(), codes, "dispatch")


def _sign(cast: Cast, deal: Deal) -> None:
    path = f"/shipments/{deal.shipments[0]}"
    cast.house.company.assistant.move(path, "report_signature", signer="王库管")


def _close(cast: Cast, deal: Deal) -> None:
    world, company = cast.world, cast.house.company
    path = f"/shipments/{deal.shipments[0]}"
    for channel in ("sms", "im"):
        company.clerk.move(path, "record_notice_sent", channel=channel, received_clearly=True)
    company.clerk.move(path, "verify_notice")
    money = company.finance.get(f"{deal.path}/money")["money"]
    if Decimal(money["balance"]) > 0:
        deal.payments.append(world.paid(deal.number, money["balance"])["number"])
    world.invoiced(deal.number)
    cast.house.watch.await_quiet()
    company.finance.move(deal.path, "close")


STEPS: dict[str, Callable[[Cast, Deal], object]] = {
    "approved": _pass_gates,
    "sent": lambda cast, deal: cast.world.sent(deal.number),
    "confirmed": lambda cast, deal: cast.world.signed_back(deal.number),
    "paid": _pay,
    "issued": _issue,
    "running": _of_making(World.started),
    "finished": _of_making(_finish),
    "stocked": _of_making(_stock_in),
    "requested": _request,
    "released": _release,
    "checked": _check,
    "handed": _hand,
    "dispatched": _dispatch,
    "signed": _sign,
    "closed": _close,
}
PLACES = ("memo", "draft", "in review", *STEPS)


def read_back(shipment: Json) -> dict[str, Any]:
    """Give what a person reads aloud who reads it right."""
    return {
        **{name: shipment["consignee"][name] for name in ("name", "phone", "address")},
        "lines": [
            {"line_no": line["line_no"], "quantity": line["quantity"]} for line in shipment["lines"]
        ],
    }
