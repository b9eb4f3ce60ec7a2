"""Two salespeople on one running system: neither learns anything of the other's customers.

What is looked at follows from the API's own list of operations: a new address that gives or
changes something of a customer is covered by what is here, or fails it until it is.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from deploy.demo.people import Company, Person
from deploy.demo.world import World
from gateway.app import OPERATIONS
from gateway.operations import PUBLIC, SIGNED_IN, Operation
from gateway.permissions import TABLE
from tests.hostile.territory import (
    THINGS,
    Territory,
    ask,
    body_for,
    nowhere,
    parameter,
    thing_of,
    told,
    whole,
)
from tests.unit.gateway.file_examples import PNG_MAGIC


def is_for_sales(operation: Operation) -> bool:
    return "sales" in TABLE.get(operation.permission, ())


#: What is nobody's customer's: goods, machines, carriers, what everybody pays, the house itself.
EVERYBODYS = (
    "/promotions",
    "/products",
    "/materials",
    "/stores",
    "/stock",
    "/arrivals",
    "/carriers",
    "/regions",
    "/modes",
    "/transit-times",
    "/work-centres",
    "/calendar",
    "/settings",
    "/accounts",
    "/devices",
    "/audit",
    # Of a parcel that is nobody's.
    "/scans",
)
OF_THINGS = [each for each in OPERATIONS if thing_of(each.path)]
LISTS = [
    each
    for each in OPERATIONS
    if each.method == "GET"
    and "{" not in each.path
    and is_for_sales(each)
    and not each.path.startswith(EVERYBODYS)
]
# Prices of everybody stand beside those of one customer.
HOLDS_EVERYBODYS = {"/price-schemes"}
# What must be asked for a list to be one.
NEEDED: Mapping[str, Mapping[str, Any]] = {
    "/production/reports": {"since": "2026-01-01", "until": "2099-12-31"},
    "/prices": {"quantity": "1"},
    "/visits": {"on": "2099-12-31"},
}
# These answer about one customer, order or shipment, which must be named.
OF_ONE = {"/prices", "/carriers/offers"}

#: Fields of requests that name something of a customer, and what they name.
NAMING = {
    "order_number": "/orders/{order_number}",
    "customer_code": "/customers/{customer_code}",
    "shipment_number": "/shipments/{shipment_number}",
    "number": "/shipments/{shipment_number}",
}
#: Fields that name what is everybody's; a salesperson; or, as a remark, nothing.
OTHER_NAMES = {
    "product_code",
    "product_codes",
    "carrier_code",
    "material_code",
    "store_code",
    "region_code",
    "mode_code",
    "salesperson_id",
    "clerk_id",
    "tax_number",
    # Inventory keeps no customers: a wish says for whom it is, and nobody looks it up.
    "customer_id",
}
_NAMES_SOMETHING = re.compile(r"(^|_)(number|code|id|numbers|codes|ids)$")


def fields_of(operation: Operation) -> set[str]:
    schemas = [each for each in (operation.body, operation.query) if each is not None]
    return {name for schema in schemas for name in schema().fields}


def naming_fields(operation: Operation) -> list[str]:
    """Give the fields by which an operation is told of what it is to be about."""
    creates = operation.method == "POST" and operation.path == "/customers"
    return [] if creates else sorted(fields_of(operation) & NAMING.keys())


def test_every_address_is_known_to_be_a_customers_or_everybodys() -> None:
    unknown = {
        each.path
        for each in OPERATIONS
        if each.permission not in (PUBLIC, SIGNED_IN)
        and "{" in each.path
        and not thing_of(each.path)
        and not each.path.startswith(EVERYBODYS)
    }
    named = {
        name
        for each in OPERATIONS
        if is_for_sales(each)
        for name in fields_of(each)
        if _NAMES_SOMETHING.search(name)
    }

    assert unknown == set()
    assert named - NAMING.keys() - OTHER_NAMES == set()
    assert {thing_of(each.path) for each in OF_THINGS} == set(THINGS)


@pytest.mark.parametrize("operation", OF_THINGS, ids=lambda each: each.name)
def test_what_is_anothers_is_told_as_what_is_not_there(
    territory: Territory, operation: Operation
) -> None:
    """In no version and in none at all: a stale one would say that there is something."""
    thing = thing_of(operation.path)
    assert thing is not None
    body = body_for(operation) if is_for_sales(operation) and operation.body else None
    path = operation.path
    for name, part in territory.parts.items():
        path = path.replace(f"{{{name}}}", part)
    for if_match in (territory.versions[thing], '"999"', None) if operation.versioned else (None,):

        def asked(key: str, tag: str | None = if_match) -> tuple[int, str]:
            where = path.replace(f"{{{parameter(thing)}}}", key)
            return told(ask(territory.other, operation, where, body=body, if_match=tag), key)

        theirs, none = asked(territory.keys[thing]), asked(nowhere(thing))

        assert theirs == none
        if not is_for_sales(operation):
            assert none[0] == 403
        elif operation.versioned and if_match is None:
            assert none[0] == 428
        else:
            assert none[0] == 404, none


@pytest.mark.parametrize(
    "operation",
    [each for each in OF_THINGS if re.search(r"\{(contact|seal|address)_id\}", each.path)],
    ids=lambda each: each.name,
)
def test_a_part_of_anothers_customer_is_not_found_under_ones_own(
    territory: Territory, operation: Operation
) -> None:
    (part,) = re.findall(r"\{(\w+_id)\}", operation.path)
    path = operation.path.replace("{customer_code}", territory.others_customer.code)
    file = f"/customers/{territory.others_customer.code}"

    def asked(key: str) -> tuple[int, str]:
        where = path.replace(f"{{{part}}}", key)
        body = body_for(operation)
        tag = territory.other.send("GET", file).headers["ETag"]
        return told(ask(territory.other, operation, where, body=body, if_match=tag), key)

    theirs, none = asked(territory.parts[part]), asked(str(uuid4()))

    assert theirs == none
    assert none[0] == 404


@pytest.mark.parametrize("operation", LISTS, ids=lambda each: each.name)
def test_no_list_holds_anything_of_anothers_customer(
    territory: Territory, operation: Operation
) -> None:
    if operation.path in OF_ONE:
        return
    needed = {"limit": 200} if "limit" in fields_of(operation) else {}
    needed = {**needed, **NEEDED.get(operation.path, {})}

    seen = ask(territory.other, operation, operation.path, query=needed)
    own = ask(territory.own, operation, operation.path, query=needed)

    assert seen.status_code == 200, seen.text
    assert {word for word in territory.words if word in seen.text} == set()
    if operation.path == "/customers":
        assert [each["customer_code"] for each in seen.json()["items"]] == [
            territory.others_customer.code
        ]
    elif operation.path not in HOLDS_EVERYBODYS:
        assert seen.json()["items"] == []
    # What is late or due is a matter of days: there may be nothing for anybody.
    if operation.path != "/production/at-risk":
        assert any(word in own.text for word in territory.words)


def named(each: Operation | str) -> str:
    return each if isinstance(each, str) else each.name


SEARCHED = [
    (each, name)
    for each in LISTS
    for name in sorted(fields_of(each) - {"limit", "after"})
    if each.path not in OF_ONE
]


@pytest.mark.parametrize(
    ("operation", "field"), SEARCHED, ids=lambda each: getattr(each, "name", each)
)
def test_no_search_finds_anything_of_anothers_customer(
    territory: Territory, operation: Operation, field: str
) -> None:
    """Whatever it is asked by, and not by another answer to what there is either."""
    customer = territory.customer
    words = {
        "q": (customer.name, customer.code, "8888"),
        "text": (customer.name, customer.code, "8888"),
        "phone": ("13857100003", "8888"),
        "salesperson_id": ("sales",),
        "clerk_id": ("clerk",),
        "product_code": (territory.parts["product_code"],),
        "region": ("演示区",),
        "grade": ("A",),
    }.get(field, ())
    if field in NAMING:
        words = (territory.keys[NAMING[field]],)

    for word in words:
        needed = NEEDED.get(operation.path, {})
        seen = ask(territory.other, operation, operation.path, query={**needed, field: word})
        assert {each for each in territory.words - {word} if each in seen.text} == set()
        if field in NAMING:
            key = nowhere(NAMING[field])
            none = ask(territory.other, operation, operation.path, query={**needed, field: key})
            assert told(seen, word) == told(none, key)


NAMED = [
    (each, name)
    for each in OPERATIONS
    if is_for_sales(each) and (each.method != "GET" or each.path in OF_ONE)
    for name in naming_fields(each)
]
#: What else is right in what names something.
TOLD_BESIDES: Mapping[str, Mapping[str, Any]] = {
    "/anomalies": {"cause": "system", "topic": "other", "text": "错字"},
    "/contracts": {"valid_from": "2020-01-01"},
    "/payments": {"amount": "1.00", "paid_at": "2026-01-05T02:00:00Z"},
    "/transfers": {"quantity": "1", "from_store": "NONE"},
    "/prices": {"quantity": "1"},
    "/attachments": {"purpose": "photo"},
    "/carriers/offers": {"region": "演示区"},
}
NAMES_GOODS = {"/transfers", "/prices"}


@pytest.mark.parametrize(
    ("operation", "field"), NAMED, ids=lambda each: getattr(each, "name", each)
)
def test_what_is_said_of_anothers_customer_is_said_of_nobody(
    territory: Territory, operation: Operation, field: str
) -> None:
    besides = dict(TOLD_BESIDES[operation.path])
    if operation.path in NAMES_GOODS:
        besides["product_code"] = territory.parts["product_code"]

    def asked(key: str) -> tuple[int, str]:
        said = {**besides, field: key}
        is_query = operation.method == "GET" or operation.takes_file
        return told(
            ask(
                territory.other,
                operation,
                operation.path,
                body=None if is_query else said,
                query=said if is_query else None,
            ),
            key,
        )

    thing = NAMING[field]
    theirs, none = asked(territory.keys[thing]), asked(nowhere(thing))

    assert theirs == none
    assert none[0] in (404, 422), none


OF_GOODS = [
    each
    for each in OPERATIONS
    if each.method == "GET"
    and is_for_sales(each)
    and each.path.startswith(EVERYBODYS)
    and each.path not in OF_ONE
]


@pytest.mark.parametrize("operation", OF_GOODS, ids=lambda each: each.name)
def test_what_is_everybodys_does_not_say_for_whom(
    territory: Territory, operation: Operation
) -> None:
    path = operation.path.replace("{year}", "2026")
    for name, part in territory.parts.items():
        path = path.replace(f"{{{name}}}", part)
    query: dict[str, Any] = {"limit": 200} if "limit" in fields_of(operation) else {}
    if "quantity" in fields_of(operation):
        query["quantity"] = "1"
    if "days" in fields_of(operation):
        query["days"] = 60

    seen = ask(territory.other, operation, path, query=query)

    assert {word for word in territory.words if word in seen.text} == set()
    # A code or year by which nothing is kept here is 404 to everybody.
    assert seen.status_code == 200 or "{" in operation.path, seen.text


def test_an_attachment_is_shown_to_the_orders_own_salesperson_only(territory: Territory) -> None:
    path = f"/attachments/{territory.keys['/attachments/{hash}']}"

    assert territory.own.send("GET", path, accept="*/*").content.startswith(PNG_MAGIC)
    assert territory.other.send("GET", path, accept="*/*").status_code == 404


def test_an_idempotency_key_of_another_gives_nothing_away(
    territory: Territory, company: Company
) -> None:
    """A key belongs to its sender: under the same one another is judged for himself."""
    key, order = str(uuid4()), territory.keys["/orders/{order_number}"]
    body = {"order_number": order, "cause": "system", "topic": "other", "text": "甲"}
    first = company.clerk.send("POST", "/anomalies", body=body, key=key)

    theirs = territory.other.send("POST", "/anomalies", body=body, key=key)

    assert first.status_code == 201, first.text
    assert theirs.status_code == 404, theirs.text
    assert first.json()["id"] not in theirs.text


def test_a_memo_is_the_salespersons_who_took_it_until_its_customer_is_known(
    territory: Territory, company: Company
) -> None:
    memo = territory.own.post(
        "/memos",
        {
            "channel": "visit",
            "asked_by": "新客户",
            "wish": "500卷",
            "reply_by": company.clerk.get("/session")["now"],
            "paper_owed": True,
        },
    )["number"]

    def seen_by(person: Person) -> list[bool]:
        listed = {item["number"] for item in person.get("/orders", order_number=memo)["items"]}
        waiting = {(item["order_number"], item["kind"]) for item in person.get("/work")["items"]}
        answers = [person.send("GET", f"/orders/{memo}{part}") for part in ("", "/page", "/tasks")]
        owed = (memo, "paper_owed") in waiting
        return [memo in listed, owed, *(each.status_code == 200 for each in answers)]

    assert seen_by(territory.own) == [True] * 5
    assert seen_by(territory.other) == [False] * 5
    company.clerk.move(f"/orders/{memo}", "draft", customer_code=territory.others_customer.code)
    assert seen_by(territory.own) == [False] * 5
    assert seen_by(territory.other) == [True] * 5


def test_every_move_that_is_listed_can_be_made_at_that_address(
    territory: Territory, company: Company
) -> None:
    """Of one of everything, as the document has the addresses: a client shows what is listed."""
    addresses = company.clerk.get("/openapi.json")["paths"]
    arrival = company.warehouse.post(
        "/arrivals",
        {
            "product_code": territory.parts["product_code"],
            "quantity": "1",
            "expected_on": company.clerk.get("/session")["today"],
        },
    )
    company.device("MOVES-1", "手持扫码枪")
    others = {
        "/arrivals/{number}": f"/arrivals/{arrival['number']}",
        "/accounts/{username}": "/accounts/clerk",
        "/devices/{code}": "/devices/MOVES-1",
    }
    listings = [
        each.path.removesuffix("/actions")
        for each in OPERATIONS
        if each.method == "GET" and each.path.endswith("/actions")
    ]
    people = (company.supervisor, company.admin)

    without = []
    for path in listings:
        address = others.get(path) or whole(territory, path)
        answers = [person.send("GET", f"{address}/actions") for person in people]
        (moves, *_) = [each.json()["items"] for each in answers if each.status_code == 200]
        assert moves, path
        without += [
            f"{path} {move['verb']}"
            for move in moves
            if f"/api/v1{path}/actions/{move['verb']}" not in addresses
        ]

    assert without == []


@pytest.fixture
def handed_over(territory: Territory, company: Company) -> Iterator[None]:
    """Let the other have the customer for once."""

    def hand_to(name: str) -> None:
        company.clerk.edit(
            f"/customers/{territory.customer.code}",
            changes={"salesperson_id": name},
            reason="other",
            note="移交",
        )

    hand_to(territory.others_name)
    yield
    hand_to("sales")


def test_with_the_customer_all_that_is_its_goes_to_another_salesperson(
    territory: Territory, company: Company, handed_over: None
) -> None:
    """Wherever it stands: what others keep of an order follows it, and closes to who had it."""
    shown = [each for each in OF_THINGS if each.method == "GET" and is_for_sales(each)]
    # Who registered a wish sees it: inventory keeps no customers.
    paths = {
        whole(territory, each.path): each
        for each in shown
        if thing_of(each.path) not in ("/wishes/{number}", "/attachments/{hash}")
    }

    def whom(person: Person) -> set[str]:
        return {path for path, each in paths.items() if ask(person, each, path).status_code != 404}

    company.await_("all is the other's", lambda: whom(territory.other) == set(paths))
    assert whom(territory.own) == set()


FRAGMENTS = (
    '\'; drop table "order"; --',
    "{{ 7 * 7 }}{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "${jndi:ldap://127.0.0.1/a} %s %n \\x00 \\u202e",
)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_what_people_write_is_kept_as_they_wrote_it_and_never_run(
    company: Company, fragment: str
) -> None:
    world = World.new(company)
    customer = world.customer("A")
    product = world.product(supply="stock", price="1.00", stock="10")
    order = world.submitted(customer, product, "1", special_requirements=fragment)["number"]

    shown = company.clerk.get(f"/orders/{order}")
    found = company.clerk.get("/orders", q=fragment[:60])
    paper = company.clerk.page(f"/orders/{order}/documents/confirmation")

    assert shown["special_requirements"] == fragment
    assert found["items"] == []
    assert "<script>" not in paper
    assert "<img" not in paper.replace('<img src="data:', "")
    assert "{{ 7 * 7 }}" in paper or "{{" not in fragment
    assert company.clerk.get("/orders")["items"]
