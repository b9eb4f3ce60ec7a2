"""Who is named to see to a task: the gateway owns accounts, so it sees to it before orders does."""

from typing import Any

import pytest

from gateway import accounts
from tests.integration.gateway.conftest import ADMIN, Office

TASK = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def staffed(office: Office) -> Office:
    """The office with a salesperson, a clerk, and one who has left."""
    for username, role in (("anna", "sales"), ("clerk", "clerk"), ("gone", "clerk")):
        office.person(username, role)
    with office.store.work(ADMIN) as work:
        accounts.lock_account(work, "gone")
    office.neighbour.answers["orders.delegate_task"] = {"id": TASK}
    return office


def delegated(office: Office, clerk_id: str) -> Any:
    path = f"/tasks/{TASK}/actions/delegate"
    return office.send("POST", path, {"clerk_id": clerk_id}, by="anna", key="k1")


@pytest.mark.parametrize("person", ["nobody", "anna", "gone"])
def test_no_task_is_delegated_to_who_is_no_clerk(staffed: Office, person: str) -> None:
    refused = delegated(staffed, person)

    assert (refused.status_code, refused.json["code"]) == (422, "invalid_fields")
    assert [each["field"] for each in refused.json["errors"]] == ["clerk_id"]
    assert staffed.neighbour.asked == []


def test_a_task_is_delegated_to_a_clerk_by_the_name_of_the_account(staffed: Office) -> None:
    """O4."""
    assert delegated(staffed, "clerk").status_code == 200

    (asked,) = staffed.neighbour.asked
    assert (asked.body["clerk_id"], asked.body["clerk_name"]) == ("clerk", "Clerk")
