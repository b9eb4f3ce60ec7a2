"""What has to be there after an import, phase by phase; each step may be taken any number of times.

A step looks first and leaves alone what is there: the company has perhaps worked with it since.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from deploy.import_books.checking import Book, Look, Record, amount_of
from deploy.import_books.rows import Row
from deploy.import_books.sending import Answered, Api, NotAnswering, Refused
from gateway.masking import MASK
from gateway.permissions import UNMASK

#: What a step did; any other word says how what is there differs from the row.
MADE, THERE = "made", "there"
# Whose code it is, and what its quantities count.
_TELLING = ("name", "unit", "unit_decimals")
_NEW = 1
_HEARD_WITHIN_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.1
_WHY = {"reason": "other", "note": "import of the old books"}

CUSTOMERS, DECIDE, ACCOUNTS = "customers.change", "customers.decide", "accounts.read"
PRODUCTS, RECIPES, STOCK = "products.change", "products.make_recipe", "stock.book"
MATERIALS, MATERIAL_STOCK, CENTRES = "materials.change", "materials.book", "work_centres.change"
PRICES, CARRIERS, PAST = "prices.change", "carriers.change", "orders.record_past"
ORDERS = "orders.read"


@dataclass(frozen=True)
class Step:
    """One thing that has to be there; `kind` is the table it is counted under."""

    kind: str
    row: Row
    permissions: tuple[str, ...]
    take: Callable[[Api], str]


@dataclass(frozen=True)
class Phase:
    """Steps that need nothing of each other; `in_order` are taken one after the other."""

    steps: Sequence[Step]
    in_order: bool = False


@dataclass(frozen=True)
class OpenOrder:
    """An order of the old books that is still to be delivered, with its page: what it holds."""

    reference: str
    number: str
    page: Mapping[str, Any]


def phases(book: Book, opened: list[OpenOrder]) -> list[Phase]:
    """Give all steps in phases; what a phase needs was made by those before it.

    `opened` is told of each open order as it is recorded.
    """
    made: set[str] = set()
    masters = [
        *(_named(record, "regions") for record in book["regions"]),
        *(_named(record, "modes") for record in book["modes"]),
        *(_named(record, "carriers") for record in book["carriers"]),
        *(_material(record) for record in book["materials"]),
        *(_work_centre(record) for record in book["work_centres"]),
        *(_product(record) for record in book["products"]),
        *_customers(book, made),
    ]
    about_masters = [
        *(_transit(record) for record in book["transit_times"]),
        *(_substitutes(record) for record in book["products"] if record.body.get("substitutes")),
        *(_stock(record) for record in book["products"] if record.read.get("on_hand")),
        *(_material_stock(record) for record in book["materials"] if record.read.get("on_hand")),
        *_parts(book, made),
        *_recipes(book),
        *_schemes(book),
        *_promotions(book),
    ]
    by_day = sorted(book["orders"], key=lambda record: record.read["ordered_on"])
    ended = [record for record in by_day if "fulfilled_on" in record.read]
    still_open = [record for record in by_day if "fulfilled_on" not in record.read]
    sold_out = [record for record in book["products"] if record.read.get("active") is False]
    return [
        Phase(masters),
        Phase(about_masters),
        Phase(list(_orders(book, ended, opened))),
        # Who ordered first is served first with what there is.
        Phase(list(_orders(book, still_open, opened)), in_order=True),
        # Only now: no price scheme is made for a product that is no longer sold.
        Phase([_ended(record) for record in sold_out]),
    ]


def looked_up(api: Api) -> Look:
    """Give the question what the system has under a code of a table, or a name of an account."""
    places = {
        "customers": ("customers.read", "customers"),
        "products": ("products.read", "products"),
        "materials": ("materials.read", "materials"),
        "carriers": ("carriers.read", "carriers"),
        "regions": ("carriers.read", "regions"),
        "modes": ("carriers.read", "modes"),
        "prices": ("prices.read", "price-schemes"),
        "accounts": (ACCOUNTS, "accounts"),
    }
    known: dict[tuple[str, str], Mapping[str, Any] | None] = {}

    def look(table: str, code: str) -> Mapping[str, Any] | None:
        if (table, code) not in known:
            permission, path = places[table]
            try:
                found = api.get(permission, f"/{path}/{quote(code, safe='')}")
            except Refused as refused:
                # What cannot be a code is nobody's.
                if refused.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                    raise
                found = None
            known[table, code] = None if found is None else found.body
        return known[table, code]

    return look


def _without(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def _made_unless_there(
    read: str, change: str, path: str, code: str, body: Any
) -> Callable[[Api], str]:
    """Create what `code` names below `path`, unless it is there."""

    def take(api: Api) -> str:
        found = api.get(read, f"{path}/{quote(code, safe='')}")
        if found is not None:
            return _there(found, body)
        api.post(change, path, body)
        return MADE

    return take


def _there(found: Answered, body: Mapping[str, Any]) -> str:
    """Say that something is there, and what of it tells that the file may mean something else."""
    otherwise = [
        f"{name} {found.body[name]!r}"
        for name in _TELLING
        if name in body and found.body.get(name, body[name]) != body[name]
    ]
    return f"is there with {', '.join(otherwise)}: left as it is" if otherwise else THERE


def _named(record: Record, plural: str) -> Step:
    take = _made_unless_there(
        "carriers.read", CARRIERS, f"/{plural}", record.body["code"], dict(record.body)
    )
    return Step(plural, record.row, (CARRIERS,), take)


def _transit(record: Record) -> Step:
    place = {name: record.body[name] for name in ("carrier_code", "region_code", "mode_code")}

    def take(api: Api) -> str:
        found = api.get("carriers.read", "/transit-times", **place)
        if found is not None and found.body["items"]:
            return THERE
        api.post(CARRIERS, "/transit-times", record.body)
        return MADE

    return Step("transit times", record.row, (CARRIERS,), take)


def _material(record: Record) -> Step:
    body = _without(record.body, "on_hand")
    take = _made_unless_there("materials.read", MATERIALS, "/materials", body["code"], body)
    return Step("materials", record.row, (MATERIALS,), take)


def _material_stock(record: Record) -> Step:
    path = f"/materials/{record.body['code']}"

    def take(api: Api) -> str:
        found = api.get("materials.read", path)
        if found is None or float(found.body["on_hand"]) or float(found.body["reserved"]):
            return THERE
        booking = {"change": record.body["on_hand"], "opening": True, **_WHY}
        booked = api.post(MATERIAL_STOCK, f"{path}/bookings", booking)
        # What has been consumed to nothing is not filled again.
        return MADE if float(booked.body["on_hand"]) else THERE

    return Step("opening balances", record.row, (MATERIAL_STOCK,), take)


def _work_centre(record: Record) -> Step:
    code, body = record.body["code"], dict(record.body)
    take = _made_unless_there("work_centres.read", CENTRES, "/work-centres", code, body)
    return Step("work centres", record.row, (CENTRES,), take)


def _product(record: Record) -> Step:
    body = _without(record.body, "on_hand", "active", "substitutes")
    take = _made_unless_there("products.read", PRODUCTS, "/products", body["code"], body)
    return Step("products", record.row, (PRODUCTS,), take)


def _substitutes(record: Record) -> Step:
    """Name a product's substitutes once all products are there."""
    path = f"/products/{record.body['code']}"

    def take(api: Api) -> str:
        found = api.get("products.read", path)
        if found is None or found.etag is None or found.body["substitutes"]:
            return THERE
        body = {"substitutes": record.body["substitutes"], **_WHY}
        api.patch(PRODUCTS, path, body, found.etag)
        return MADE

    return Step("substitutes", record.row, (PRODUCTS,), take)


def _ended(record: Record) -> Step:
    """End a product that is no longer sold, unless somebody has changed it since."""
    path = f"/products/{record.body['code']}"
    # Its substitutes were named by a change of their own.
    ours = _NEW + bool(record.body.get("substitutes"))

    def take(api: Api) -> str:
        found = api.get("products.read", path)
        untouched = found is not None and found.body["version"] == ours
        if found is None or found.etag is None or not untouched or not found.body["active"]:
            return THERE
        api.patch(PRODUCTS, path, {"active": False, **_WHY}, found.etag)
        return MADE

    return Step("products ended", record.row, (PRODUCTS,), take)


def _stock(record: Record) -> Step:
    path = f"/products/{record.body['code']}"

    def take(api: Api) -> str:
        moved = api.get("stock.read", f"{path}/movements", limit=1)
        if moved is not None and moved.body["items"]:
            return THERE
        booking = {"change": record.body["on_hand"], "opening": True, **_WHY}
        api.post(STOCK, f"{path}/bookings", booking)
        return MADE

    return Step("opening balances", record.row, (STOCK,), take)


def _recipes(book: Book) -> Iterator[Step]:
    for code, records in book.by("recipes", "product_code").items():
        lines = [_without(record.body, "product_code") for record in records]
        yield Step("recipes", records[0].row, (RECIPES,), _recipe(code, lines))


def _recipe(code: str, lines: Sequence[Mapping[str, Any]]) -> Callable[[Api], str]:
    def take(api: Api) -> str:
        if api.get("products.read", f"/products/{code}/recipe") is not None:
            return THERE
        api.post(RECIPES, f"/products/{code}/recipes", {"lines": list(lines)})
        return MADE

    return take


def _schemes(book: Book) -> Iterator[Step]:
    for code, records in book.by("prices", "scheme_code").items():
        body = _without(records[0].body, "min_quantity", "unit_price")
        body["breaks"] = [
            {name: record.body[name] for name in ("min_quantity", "unit_price")}
            for record in records
        ]
        take = _made_unless_there("prices.read", PRICES, "/price-schemes", code, body)
        yield Step("price schemes", records[0].row, (PRICES,), take)


def _promotions(book: Book) -> Iterator[Step]:
    for record in book["promotions"]:
        yield Step("promotions", record.row, (PRICES,), _promotion(record.body))


def _promotion(body: Mapping[str, Any]) -> Callable[[Api], str]:
    def take(api: Api) -> str:
        listed = api.get("prices.read", "/promotions")
        known = {} if listed is None else {each["code"] for each in listed.body["items"]}
        if body["promotion_code"] in known:
            return THERE
        api.post(PRICES, "/promotions", body)
        return MADE

    return take


#: What a customer's file lists: by table the noun of the API, and what tells one from another.
_PARTS = {
    "contacts": ("contact", "name"),
    "seals": ("seal", "code"),
    "addresses": ("address", "address"),
}


def _customers(book: Book, made: set[str]) -> Iterator[Step]:
    parts = {name: book.by(name, "customer_code") for name in _PARTS}
    for record in book["customers"]:
        code = record.body["customer_code"]
        body = _without(record.body, "grade", "salesperson")
        for name, by_code in parts.items():
            of_this = [_without(part.body, "customer_code") for part in by_code.get(code, ())]
            if of_this:
                body[name] = of_this
        grade, seller = record.body.get("grade"), record.body.get("salesperson")
        permissions = (CUSTOMERS, *([DECIDE] if grade else ()), *([ACCOUNTS] if seller else ()))
        take = _customer(body, grade, seller, made)
        yield Step("customers", record.row, permissions, take)


def _customer(
    body: Mapping[str, Any], grade: str | None, seller: str | None, made: set[str]
) -> Callable[[Api], str]:
    code = body["customer_code"]
    path = f"/customers/{code}"

    def create(api: Api) -> Answered:
        return api.post(CUSTOMERS, "/customers", {**body, **_seller(api, seller)})

    def is_ours(api: Api) -> bool:
        # Our own command, repeated, is answered as it was; that of another customer is refused.
        try:
            create(api)
        except Refused:
            return False
        return True

    def take(api: Api) -> str:
        found = api.get("customers.read", path)
        if found is None:
            found, did = create(api), MADE
            made.add(code)
        else:
            did = _there(found, body)
            # Interrupted before, the grade is still to be given; who was made by hand has its own.
            if not _may_lack_grade(found, grade) or not is_ours(api):
                return did
        if _may_lack_grade(found, grade):
            api.post(
                DECIDE, f"{path}/actions/change_grade", {"grade": grade, **_WHY}, etag=found.etag
            )
        return did

    return take


def _may_lack_grade(found: Answered, grade: str | None) -> bool:
    return bool(grade) and found.body["version"] == _NEW and found.body["grade"] != grade


def _parts(book: Book, made: set[str]) -> Iterator[Step]:
    """Put on file what customers lack who are there already; those just made have theirs."""
    for name, (noun, told_by) in _PARTS.items():
        for record in book[name]:
            take = _part(record, name, noun, told_by, made)
            yield Step(name, record.row, (CUSTOMERS,), take)


def _part(
    record: Record, plural: str, noun: str, told_by: str, made: set[str]
) -> Callable[[Api], str]:
    code, body = record.body["customer_code"], _without(record.body, "customer_code")
    path = f"/customers/{code}"

    def take(api: Api) -> str:
        if code in made:
            return MADE
        found = api.get("customers.read", path)
        if found is not None and any(MASK in part[told_by] for part in found.body[plural]):
            found = api.get(UNMASK, path, unmask=_WHY["note"])
        if found is None or any(part[told_by] == body[told_by] for part in found.body[plural]):
            return THERE
        api.post(CUSTOMERS, f"{path}/{plural}", {noun: body, **_WHY})
        return MADE

    return take


def _seller(api: Api, username: str | None) -> dict[str, str]:
    if username is None:
        return {}
    account = api.get(ACCOUNTS, f"/accounts/{quote(username, safe='')}")
    if account is None:
        raise Refused(HTTPStatus.NOT_FOUND, "account_not_found", f"there is no account {username}")
    return {"salesperson_id": account.body["person_id"]}


def _orders(book: Book, records: Sequence[Record], opened: list[OpenOrder]) -> Iterator[Step]:
    lines = book.by("order_lines", "order_number")
    for record in records:
        body = _past_order(record, lines[record.body["order_number"]])
        kind = "orders" if "fulfilled_on" in record.read else "open orders"
        yield Step(kind, record.row, (PAST, ORDERS), _order(body, opened))


def _order(body: Mapping[str, Any], opened: list[OpenOrder]) -> Callable[[Api], str]:
    # The command itself is repeatable by its reference, and refuses other content.
    def take(api: Api) -> str:
        order = api.post(PAST, "/past-orders", body).body
        if order["stage"] == "in_progress":
            # Who ordered later is only served with what this one leaves.
            page = _page_with_holdings(api, order["number"])
            opened.append(OpenOrder(body["reference"], order["number"], page))
        return MADE

    return take


def _page_with_holdings(api: Api, number: str) -> Mapping[str, Any]:
    """Give an order's page once inventory has held for it what it could."""
    give_up = time.monotonic() + _HEARD_WITHIN_SECONDS
    while not api.ended.is_set():
        answered = api.get(ORDERS, f"/orders/{number}/page")
        page: Mapping[str, Any] = {} if answered is None else answered.body
        if page.get("holdings") and page["holdings"]["lines"]:
            return page
        if time.monotonic() > give_up:
            break
        api.ended.wait(_LOOK_EVERY_SECONDS)
    raise NotAnswering(f"inventory has not heard of {number}")


def _past_order(record: Record, lines: Sequence[Record]) -> dict[str, Any]:
    taken = ("customer_code", "ordered_on", "customer_due", "fulfilled_on", "special_requirements")
    body = {name: record.body[name] for name in taken if name in record.body}
    return {
        **body,
        "reference": record.body["order_number"],
        "consignee": {
            name: record.body[f"consignee_{name}"]
            for name in ("name", "phone", "address")
            if f"consignee_{name}" in record.body
        },
        "lines": [
            {
                "product_code": line.body["product_code"],
                "quantity": line.body["quantity"],
                "unit_price": line.body["unit_price"],
                "amount": str(amount_of(line)),
            }
            for line in lines
        ],
    }
