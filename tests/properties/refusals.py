"""Which refusal comes first: every move of everything, in the place where it stands."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from deploy.demo.world import SIGNATORY, World
from gateway.app import OPERATIONS
from tests.properties.bodies import PREFIXES, body_of
from tests.properties.deals import ORDERED, PLACES, STEPS, Cast, Deal, Thing, things_of
from tests.properties.house import EVERYBODY, Command, House, Told
from tests.properties.watch import Watch

#: A version that nothing has.
STALE = '"999999"'
_WHY = {"reason": "other", "note": "改"}
#: Right bodies of the moves that belong to no deal, by the address they are made at.
APART: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "/contracts/{contract_number}": {
        "approve": _WHY,
        "send_back": _WHY,
        "sign": {"signed_by_customer": SIGNATORY},
        "end": _WHY,
    },
    "/notices/{notice_number}": {"mark_sent": {"channel": "fax", "received_clearly": True}},
    "/transfers/{number}": {verb: {} for verb in ("consent", "refuse", "receive", "cancel")},
    "/arrivals/{number}": {
        "receive": {},
        "postpone": {"expected_on": "2099-01-01"},
        "cancel": {},
    },
    "/accounts/{username}": {
        verb: {} for verb in ("lock", "unlock", "reset_password", "end_sessions")
    },
    "/devices/{code}": {verb: {} for verb in ("renew_key", "revoke")},
    "/customers/{customer_code}": {"change_grade": {"grade": "C", **_WHY}},
}
# Taken off a customer's file whenever it is there: these have no states.
STATELESS = {
    f"/customers/{{customer_code}}/{parts}"
    for parts in ("contacts/{contact_id}", "seals/{seal_id}", "addresses/{address_id}")
}


def versioned_moves() -> set[tuple[str, str]]:
    """Give every move that names a version and has its place: what is moved, and the verb."""
    return {
        (kinds.get(prefix, prefix), verb)
        for kinds in ({address: kind for kind, address in PREFIXES.items()},)
        for each in OPERATIONS
        for prefix, is_move, verb in (each.path.partition("/actions/"),)
        if is_move and each.versioned and prefix not in STATELESS
    }


MOVES = versioned_moves()


class Refusals:
    """Asks for every move in a version that nothing has, and keeps what was answered."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.wrong: list[str] = []
        #: What was asked for at all: the kind of thing, and the verb.
        self.asked: set[tuple[str, str]] = set()
        self._listed: dict[tuple[str, str], str] = {}

    def ask(self, kind: str, path: str, bodies: Mapping[str, Mapping[str, Any]]) -> None:
        """Ask for every move of what stands at a path.

        One that is for now is refused as stale, one that is not as what it is: a desk that is
        told first that it is late would look again, and be refused once more.
        """
        for item in self.house.page(f"{path}/actions")["items"]:
            verb, is_allowed = item["verb"], item["allowed"]
            why = "allowed" if is_allowed else item["why_not"]["code"]
            if (kind, verb) not in MOVES:
                continue  # Done somewhere else, and listed here because it moves this.
            if self._listed.get((path, verb)) == why:
                continue  # It stands as it stood in the place before.
            self._listed[path, verb] = why
            told = self._stale(f"{path}/actions/{verb}", bodies[verb])
            self.asked.add((kind, verb))
            if told.is_done or (told.status == 412) != is_allowed:
                self.wrong.append(f"listed as {why}: {told}")

    def _stale(self, path: str, body: Mapping[str, Any]) -> Told:
        return self.house.send(Command(EVERYBODY, "POST", path, body, str(uuid4()), STALE))


def standing_at(cast: Cast, place: str) -> Deal:
    """Have a clerk write down an order to make: as a memo, as a draft, or sent into review."""
    clerk, world = cast.house.company.clerk, cast.world
    customer, product = cast.customer("B"), cast.product("make")
    if place == "memo":
        now = clerk.get("/session")["now"]
        wish = {"channel": "phone", "asked_by": SIGNATORY, "wish": "卷纸", "reply_by": now}
        return Deal(clerk.post("/memos", wish)["number"], customer, product, "make")
    body = world.order_body(customer, product, str(ORDERED), submit=place != "draft")
    return Deal(clerk.post("/orders", body)["number"], customer, product, "make")


def places_of(cast: Cast, deal: Deal, watch: Watch) -> Iterator[str]:
    """Take a submitted order through all places, one after the other."""
    for place in PLACES[PLACES.index("in review") :]:
        if place in STEPS:
            STEPS[place](cast, deal)
        if place == "signed":
            deal.cases.append(_returned(cast, deal))
        watch.await_quiet()
        yield place


def _returned(cast: Cast, deal: Deal) -> str:
    cast.house.watch.await_quiet()
    body = {"order_number": deal.number, "wish": "受潮", "lines": [{"line_no": 1, "quantity": "5"}]}
    number: str = cast.house.company.aftersales.post("/cases", body)["number"]
    return number


def ask_about(refusals: Refusals, cast: Cast, deal: Deal) -> None:
    """Ask for every move of everything that belongs to a deal."""
    for thing in things_of(refusals.house, deal):
        page = refusals.house.page(thing.path)
        refusals.ask(thing.kind, thing.path, _Bodies(cast, deal, thing, page))
    notice = "/notices/{notice_number}"
    asked = refusals.house.look(f"/notices?order_number={deal.number}")
    # Customers hears of an order when it is submitted.
    for each in asked.json()["items"] if asked.ok else ():
        refusals.ask(notice, f"/notices/{each['number']}", APART[notice])


class _Bodies(dict[str, Mapping[str, Any]]):
    """Right bodies of a thing's moves, made when they are asked for."""

    def __init__(self, cast: Cast, deal: Deal, thing: Thing, page: dict[str, Any]) -> None:
        super().__init__()
        self._seen = (cast, deal, thing, page)

    def __missing__(self, verb: str) -> Mapping[str, Any]:
        return body_of(*self._seen[:3], verb, self._seen[3])


def made_apart(world: World) -> Iterator[tuple[str, str]]:
    """Make one of each thing that belongs to no deal; gives the address of its kind, and its."""
    company, customer = world.company, world.customer("B")
    product = world.product(supply="stock", price="2.00", stock="10")
    store = f"R{world.mark}"
    company.admin.post("/stores", {"store_code": store, "name": "城北仓"})
    day = (world.today() + timedelta(days=9)).isoformat()
    arrival = {"product_code": product, "quantity": "5", "expected_on": day}
    transfer = {"product_code": product, "quantity": "1", "from_store": store}
    contract = {"customer_code": customer.code, "valid_from": "2020-01-01"}
    account = {"username": f"r-{world.mark.lower()}", "display_name": "路人", "roles": ["clerk"]}
    for prefix, by, path, body, key in (
        ("/contracts/{contract_number}", company.clerk, "/contracts", contract, "number"),
        ("/transfers/{number}", company.clerk, "/transfers", transfer, "number"),
        ("/arrivals/{number}", company.planner, "/arrivals", arrival, "number"),
        ("/accounts/{username}", company.admin, "/accounts", account, "username"),
        (
            "/devices/{code}",
            company.admin,
            "/devices",
            {"code": f"R-{world.mark}", "name": "枪"},
            "code",
        ),
    ):
        yield prefix, f"{path}/{by.post(path, body)[key]}"
    yield "/customers/{customer_code}", f"/customers/{customer.code}"
