"""Whose a customer may be: the gateway owns accounts, so it sees to it before customers does."""

from typing import Any

import pytest

from gateway import accounts
from tests.integration.gateway.conftest import ADMIN, Office

CUSTOMER = {"name": "杭州西湖纸品有限公司"}
WRONG = "Must be the person_id of an account with the role sales, not locked."


@pytest.fixture
def staffed(office: Office) -> Office:
    """The office with a clerk, a salesperson, and one who has left."""
    for username, role in (("clerk", "clerk"), ("anna", "sales"), ("gone", "sales")):
        office.person(username, role)
    with office.store.work(ADMIN) as work:
        accounts.lock_account(work, "gone")
    for rpc in ("customers.create_customer", "customers.change_customer"):
        office.neighbour.answers[rpc] = {"customer_code": "K1", "version": 1}
    return office


def created(office: Office, **fields: Any) -> Any:
    return office.send("POST", "/customers", {**CUSTOMER, **fields}, by="clerk", key="k1")


def edited(office: Office, **changes: Any) -> Any:
    body = {"changes": changes, "reason": "other"}
    return office.send("PATCH", "/customers/K1", body, by="clerk", if_match=1)


@pytest.mark.parametrize("person", ["nobody", "clerk", "gone"])
def test_no_customer_is_given_to_who_cannot_sell(staffed: Office, person: str) -> None:
    for refused, field in (
        (created(staffed, salesperson_id=person), "salesperson_id"),
        (edited(staffed, salesperson_id=person), "changes.salesperson_id"),
    ):
        assert (refused.status_code, refused.json["code"]) == (422, "invalid_fields")
        assert refused.json["errors"] == [{"field": field, "messages": [WRONG]}]
    assert staffed.neighbour.asked == []


@pytest.mark.parametrize("named", [{"salesperson_id": "anna"}, {"salesperson_id": None}, {}])
def test_a_customer_is_a_salespersons_or_nobodys(staffed: Office, named: dict[str, Any]) -> None:
    assert created(staffed, **named).status_code == 201
    assert edited(staffed, notes="改", **named).status_code == 200
    assert [asked.rpc for asked in staffed.neighbour.asked] == [
        "customers.create_customer",
        "customers.change_customer",
    ]


@pytest.mark.parametrize(("person", "name"), [("anna", "Anna"), (None, None)])
def test_a_salesperson_bears_the_name_of_the_account(
    staffed: Office, person: str | None, name: str | None
) -> None:
    created(staffed, salesperson_id=person)
    edited(staffed, salesperson_id=person)

    first, second = (asked.body for asked in staffed.neighbour.asked)
    wished = {"salesperson_id": person, "salesperson_name": name}
    assert {field: first[field] for field in wished} == second["changes"] == wished
    refused = edited(staffed, salesperson_id="anna", salesperson_name="钱多")
    assert refused.json["code"] == "invalid_fields"
