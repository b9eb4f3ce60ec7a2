"""Phones and addresses on every paper and every view, before every role (X4, SPEC §2).

Looked for by what stands in the books and not by the names of fields: whatever shows a phone or
an address shows it to whom it is open, and to nobody else. What is asked follows from the API's
own operations: a new paper or view is looked at here too.
"""

from collections.abc import Callable
from uuid import uuid4

import pytest
import requests

from deploy.demo.people import Company
from gateway.app import OPERATIONS
from gateway.operations import FILE, PUBLIC, SIGNED_IN, Operation
from gateway.permissions import ROLES, TABLE, UNMASK
from tests.hostile.territory import Territory, ask, whole
from tests.system import System
from tests.unit.gateway.file_examples import PNG_MAGIC

#: The customer's phones and addresses, as the story gives them (deploy/demo/world.py).
SECRETS = ("0571-88886666", "13857100001", "13857100002", "13857100003", "文三路1号")
#: SPEC §2; beside these the warehouse, for shipments handed to it.
OPEN_TO = {"clerk", "assistant", "supervisor", "sales", "director", "dispatcher", "aftersales"}
PEOPLE = [role for role in ROLES if role != "scanner"]
LOOKS = [
    each
    for each in OPERATIONS
    if each.method == "GET" and each.permission not in (PUBLIC, SIGNED_IN) and each.media != FILE
]
#: What shows phones or addresses at all; what comes anew is written down here.
SHOWN = {
    "/orders/{order_number}",
    "/orders/{order_number}/confirmations",
    "/orders/{order_number}/page",
    "/customers",
    "/customers/{customer_code}",
    "/customers/{customer_code}/credit",
    "/notices/{notice_number}",
    "/shipments",
    "/shipments/{shipment_number}",
    "/instructions/{number}",
    "/orders/{order_number}/documents/confirmation",
    "/notices/{notice_number}/document",
    "/shipments/{shipment_number}/documents/dispatch_request",
    "/shipments/{shipment_number}/documents/dispatch_notice",
    "/shipments/{shipment_number}/documents/delivery_order",
}
#: What the story has none of, so that it may be answered 404: no customer's phone or address stands
#: in a scanner, a calendar, a promotion, an arrival from a supplier or a carrier's tables.
NOT_IN_THE_STORY = {
    "/devices/{code}",
    "/devices/{code}/actions",
    "/calendar/{year}",
    "/promotions/{promotion_code}",
    "/arrivals/{number}",
    "/arrivals/{number}/actions",
    "/carriers/{code}",
    "/regions/{code}",
    "/modes/{code}",
    # 422: the story's consignees live in no region that a carrier names.
    "/carriers/offers",
}
_ANYTHING = {"{code}": "NONE", "{year}": "2026", "{service}": "gateway", "{username}": "clerk"}

Look = Callable[..., requests.Response]


def shows(answer: requests.Response) -> set[str]:
    return {secret for secret in SECRETS if secret in answer.text}


def assert_answered(operation: Operation, answer: requests.Response) -> None:
    """What was not answered shows nothing either: of that nothing is learnt."""
    may_lack = operation.path in NOT_IN_THE_STORY and answer.status_code in (404, 422)
    assert answer.status_code == 200 or may_lack, answer.text


@pytest.fixture
def look(territory: Territory, company: Company) -> Look:
    """Ask an operation as somebody, about the customer; of its shipments about one on its way."""
    filters = {
        "order_number": territory.keys["/orders/{order_number}"],
        "customer_code": territory.customer.code,
        "product_code": territory.parts["product_code"],
        "text": territory.customer.code,
        "quantity": "1",
        "since": "2026-01-01",
        "until": "2099-12-31",
        "on": "2099-12-31",
    }

    def asked(
        operation: Operation, role: str, *, of: str | None = None, **query: str
    ) -> requests.Response:
        path = whole(territory, operation.path.replace("{shipment_number}", of or territory.handed))
        for name, key in _ANYTHING.items():
            path = path.replace(name, key)
        fields = operation.query().fields if operation.query else {}
        given = {name: value for name, value in filters.items() if name in fields} | query
        return ask(company.person(role), operation, path, query=given)

    return asked


@pytest.mark.parametrize("operation", LOOKS, ids=lambda each: each.name)
def test_phones_and_addresses_are_shown_to_whom_they_are_open_and_to_nobody_else(
    look: Look, operation: Operation
) -> None:
    """Of a shipment in its hands, to the warehouse too."""
    may_ask = [role for role in PEOPLE if role in TABLE[operation.permission]]
    open_to = OPEN_TO | ({"warehouse"} if _is_of_shipments(operation) else set())
    first = next((role for role in may_ask if role in OPEN_TO), None)
    if first is not None and operation.path not in SHOWN:
        # A mask only takes away: who sees all sees nothing here.
        answer = look(operation, first)
        assert_answered(operation, answer)
        assert shows(answer) == set()
        return
    for role in may_ask:
        answer = look(operation, role)
        assert_answered(operation, answer)
        seen = shows(answer)
        assert bool(seen) == (role in open_to and first is not None), f"{role} sees {seen}"


def _is_of_shipments(operation: Operation) -> bool:
    return operation.path.startswith("/shipments")


@pytest.mark.parametrize(
    "operation", [each for each in LOOKS if _is_of_shipments(each)], ids=lambda each: each.name
)
def test_a_shipment_that_has_left_is_masked_before_the_warehouse_again(
    territory: Territory, look: Look, operation: Operation
) -> None:
    left = territory.keys["/shipments/{shipment_number}"]
    query = {} if "{" in operation.path else {"number": left}

    answer = look(operation, "warehouse", of=left, **query)

    assert answer.status_code == 200
    if operation.path in SHOWN:
        assert territory.customer.name in answer.text
    assert shows(answer) == set()


@pytest.mark.parametrize(
    "operation",
    [each for each in LOOKS if each.path in SHOWN],
    ids=lambda each: each.name,
)
def test_who_looks_behind_a_mask_is_written_down(
    company: Company, look: Look, operation: Operation
) -> None:
    why = f"核对{uuid4().hex[:6]}"
    masked = TABLE[operation.permission] - OPEN_TO
    for role in sorted(masked & TABLE[UNMASK]):
        answer = look(operation, role, unmask=why)

        assert shows(answer) != set()
        (entry,) = (
            each for each in company.admin.get("/audit", limit=200)["items"] if each["note"] == why
        )
        assert (entry["action"], entry["person_id"]) == ("unmasked", role)
        assert answer.request.path_url.startswith(entry["entity_id"])
        why = f"核对{uuid4().hex[:6]}"
    # Nobody is masked who could not have it lifted, and the rest has no use for it.
    assert masked <= TABLE[UNMASK]


@pytest.mark.parametrize("role", PEOPLE)
def test_a_signed_paper_opens_to_whom_phones_are_open_and_to_others_who_say_why(
    territory: Territory, company: Company, role: str
) -> None:
    """Nothing can be masked in a picture."""
    path = f"/attachments/{territory.keys['/attachments/{hash}']}"
    person = territory.own if role == "sales" else company.person(role)

    plain = person.send("GET", path, accept="*/*")
    with_why = person.send("GET", f"{path}?unmask=核对", accept="*/*")

    is_open = role in OPEN_TO
    assert (plain.status_code, with_why.status_code) == ((200, 403) if is_open else (403, 200))
    assert plain.content.startswith(PNG_MAGIC) == is_open


def test_what_those_command_before_whom_it_is_masked_is_answered_masked(
    territory: Territory, told_to_the_masked: list[tuple[str, requests.Response]]
) -> None:
    """All that was done to the customer's order by finance, technician, planner … until now."""
    opened = {
        f"{role}: {answer.request.path_url}" for role, answer in told_to_the_masked if shows(answer)
    }

    assert opened == set()
    assert any("***" in answer.text for _, answer in told_to_the_masked)


def test_no_log_holds_a_phone_or_an_address(
    system: System, territory: Territory, company: Company
) -> None:
    """Not of what was asked for, and not of what was refused."""
    company.clerk.get("/orders", phone="13857100003")
    company.clerk.get("/customers", text="13857100001")
    body = {"contact": {"name": "x", "phone": "0571-88886666", "nonsense": "文三路1号"}}
    refused = company.clerk.send(
        "POST", f"/customers/{territory.customer.code}/contacts", body=body
    )
    assert refused.status_code == 422, refused.text
    last = refused.headers["X-Request-Id"]
    logs = system.wiring.logs

    def all_of_them() -> str:
        return "\n".join(each.read_text() for each in sorted(logs.rglob("*")) if each.is_file())

    written = company.await_("the refusal in the log", all_of_them, lambda text: last in text)

    assert {secret for secret in SECRETS if secret in written} == set()
