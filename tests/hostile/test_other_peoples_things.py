"""Two salespeople on one running system: neither learns anything of the other's customers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import requests

from deploy.demo.people import Company, Person
from deploy.demo.world import Customer, World
from gateway.app import OPERATIONS
from gateway.permissions import TABLE
from tests.system import System
from tests.unit.gateway.file_examples import pdf

NOWHERE = "D991231-999999"


@dataclass(frozen=True)
class Territory:
    """A customer of the salesperson `sales` with an order, and a salesperson who has neither."""

    customer: Customer
    order: str
    own: Person
    other: Person
    attachment: str


@pytest.fixture(scope="module")
def territory(system: System, company: Company) -> Territory:
    world = World.new(company)
    customer = world.customer("A")
    product = world.product(supply="stock", price="1.00", stock="100")
    order = world.submitted(customer, product, "10")["number"]
    sent_in = requests.post(
        f"{system.url}/api/v1/attachments",
        pdf(),
        params={"purpose": "sign_back", "order_number": order},
        headers={
            **company.clerk.headers,
            "Content-Type": "application/pdf",
            "Idempotency-Key": str(uuid4()),
        },
        timeout=30,
    )
    sent_in.raise_for_status()
    return Territory(customer, order, company.sales, newcomer(company), sent_in.json()["hash"])


def newcomer(company: Company) -> Person:
    """Take on a second salesperson, who has changed the first password."""
    username, password = f"sales-{uuid4().hex[:6]}", uuid4().hex
    made = company.admin.post(
        "/accounts", {"username": username, "display_name": "钱多", "roles": ["sales"]}
    )
    nobody = Person(company.base_url, "sales", {})

    def signed_in(with_password: str) -> Person:
        opened = nobody.post("/session", {"username": username, "password": with_password})
        return Person(company.base_url, "sales", {"Authorization": f"Bearer {opened['token']}"})

    once = signed_in(made["one_time_password"])
    changed = once.send(
        "PUT",
        "/session/password",
        body={"old_password": made["one_time_password"], "new_password": password},
    )
    assert changed.status_code == 204, changed.text
    return signed_in(password)


LISTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/orders", {"limit": 200}),
    ("/orders", {"q": "{customer_name}"}),
    ("/orders", {"order_number": "{order}"}),
    ("/customers", {"limit": 200}),
    ("/work", {}),
    ("/shipments", {"limit": 200}),
    ("/instructions", {"limit": 200}),
    ("/statements", {"limit": 200}),
    ("/payments", {"limit": 200}),
    ("/notices", {"limit": 200}),
    ("/contracts", {"limit": 200}),
    ("/cases", {"limit": 200}),
    ("/anomalies", {"limit": 200}),
    ("/invoices", {"limit": 200}),
    ("/wishes", {"limit": 200}),
    ("/transfers", {"limit": 200}),
    ("/production/at-risk", {}),
    ("/production/reports", {"since": "2026-01-01", "until": "2026-12-31"}),
    ("/price-schemes", {"limit": 200}),
    ("/visits", {}),
)
# What is nobody's customer's: goods, machines, carriers, and what everybody pays.
EVERYBODYS = {
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
}
# These answer about one customer or order, which must be named.
OF_ONE = {"/prices", "/carriers/offers"}


def test_every_list_that_sales_may_ask_for_is_looked_at_here() -> None:
    lists = {
        each.path
        for each in OPERATIONS
        if each.method == "GET"
        and "{" not in each.path
        and "sales" in TABLE.get(each.permission, ())
    }

    assert lists == {path for path, _ in LISTS} | EVERYBODYS | OF_ONE


@pytest.mark.parametrize(("path", "query"), LISTS)
def test_no_list_names_another_salespersons_customer(
    territory: Territory, path: str, query: Mapping[str, Any]
) -> None:
    filled = {
        name: value.format(order=territory.order, customer_name=territory.customer.name)
        if isinstance(value, str)
        else value
        for name, value in query.items()
    }
    answer = territory.other.send("GET", path, query=filled)

    # A filter that names what is not his may be refused like one that names nothing.
    assert answer.status_code in (200, 404), answer.text
    for word in (territory.order, territory.customer.code, territory.customer.name):
        assert word not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/orders/{order}",
        "/orders/{order}/page",
        "/orders/{order}/actions",
        "/orders/{order}/attachments",
        "/orders/{order}/documents/confirmation",
        "/orders/{order}/confirmations",
        "/orders/{order}/tasks",
        "/orders/{order}/money",
        "/orders/{order}/statements/technique",
        "/orders/{order}/statements/technique/draft",
        "/orders/{order}/statements/technique/actions",
    ],
)
def test_another_salespersons_order_is_told_as_one_that_is_not_there(
    territory: Territory, path: str
) -> None:
    is_paper = "documents" in path

    def ask(number: str) -> requests.Response:
        accept = "text/html" if is_paper else "application/json"
        return territory.other.send("GET", path.format(order=number), accept=accept)

    theirs, none = ask(territory.order), ask(NOWHERE)

    assert (theirs.status_code, none.status_code) == (404, 404)
    assert shape(theirs, territory.order) == shape(none, NOWHERE)


def shape(answer: requests.Response, number: str) -> dict[str, Any]:
    """Give a refusal without the number that was asked for, and without its own id."""
    told: dict[str, Any] = answer.json()
    text = {name: value for name, value in told.items() if name != "request_id"}
    return {name: str(value).replace(number, "…") for name, value in text.items()}


def test_an_attachment_is_shown_to_the_orders_own_salesperson_only(territory: Territory) -> None:
    path = f"/attachments/{territory.attachment}"

    assert territory.own.send("GET", path, accept="*/*").content == pdf()
    assert territory.other.send("GET", path, accept="*/*").status_code == 404


def test_the_customer_is_not_there_for_another_salesperson(territory: Territory) -> None:
    for path in ("/customers/{}", "/customers/{}/credit", "/customers/{}/credit/ledger"):
        asked = path.format(territory.customer.code)
        assert territory.other.send("GET", asked).status_code == 404, asked
    assert territory.own.get(f"/customers/{territory.customer.code}")["name"]


def test_an_idempotency_key_of_another_gives_nothing_away(
    territory: Territory, company: Company
) -> None:
    """A key belongs to its sender: under the same one another is judged for himself."""
    key = str(uuid4())
    body = {"order_number": territory.order, "cause": "system", "topic": "other", "text": "甲"}
    first = company.clerk.send("POST", "/anomalies", body=body, key=key)

    theirs = territory.other.send("POST", "/anomalies", body=body, key=key)

    assert first.status_code == 201, first.text
    assert theirs.status_code == 404, theirs.text
    assert first.json()["id"] not in theirs.text


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
