"""Who may call what, and what they see of phones and addresses (X3, X4)."""

import pytest

from chassis.errors import Conflict
from chassis.principal import SEES_PERSONAL_DATA
from gateway.app import OPERATIONS
from gateway.operations import PUBLIC, SIGNED_IN, Operation
from gateway.permissions import ROLES, TABLE
from tests.unit.gateway.neighbour import Gateway

CONSIGNEE = {"name": "王店长", "phone": "13800001234", "address": "中山路 1 号"}
MASKED = {"name": "王店长", "phone": "***1234", "address": "***"}
GUARDED = [each for each in OPERATIONS if each.permission not in (PUBLIC, SIGNED_IN)]


def url_of(operation: Operation) -> str:
    return operation.url.replace("{", "").replace("}", "")


@pytest.mark.parametrize("operation", GUARDED, ids=lambda each: each.name)
def test_an_operation_opens_to_its_roles_and_to_no_others(
    gateway: Gateway, operation: Operation
) -> None:
    """The permission decides before anything else of the request is looked at."""
    for role in ROLES:
        headers = {"Authorization": "Device x"} if role == "scanner" else {}
        result = gateway.send(
            operation.method, url_of(operation), role=role, headers=headers,
            query_string="no-such-field=1",
        )  # fmt: skip

        refused = result.status_code == 403 and result.json["code"] == "permission_missing"
        assert refused == (role not in TABLE[operation.permission]), role
        if refused:
            assert result.json["details"] == {"permission": operation.permission}
    assert gateway.asked == []


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if each.permission != PUBLIC],
    ids=lambda each: each.name,
)
def test_nothing_but_signing_in_opens_to_strangers(gateway: Gateway, operation: Operation) -> None:
    result = gateway.send(operation.method, url_of(operation), role=None)

    assert result.status_code == 401
    assert result.headers["www-authenticate"] == 'Bearer realm="gendan"'


def test_a_stale_password_opens_only_what_concerns_itself(gateway: Gateway) -> None:
    refused = gateway.get("/orders/D1", role="clerk!stale")
    allowed = gateway.get("/session", role="clerk!stale")

    assert (refused.status_code, refused.json["code"]) == (403, "password_change_needed")
    assert allowed.json["must_change_password"] is True


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"scanner"}))
def test_phones_and_addresses_are_masked_for_whom_they_are_not_open(
    gateway: Gateway, role: str
) -> None:
    gateway.answer("orders.get_order", {"number": "D1", "version": 1, "consignee": CONSIGNEE})

    shown = gateway.get("/orders/D1", role=role).json["consignee"]

    assert shown == (CONSIGNEE if role in SEES_PERSONAL_DATA else MASKED)


def test_masks_reach_into_lists_histories_and_problems(gateway: Gateway) -> None:
    history = {"changes": {"consignee.phone": ["13800001234", None], "stage": ["memo", "draft"]}}
    gateway.answer(
        "orders.get_order", {"number": "D1", "id": "1", "stage": "draft", "consignee": CONSIGNEE}
    )
    for rpc in (
        "orders.list_confirmations", "orders.list_order_tasks", "inventory.search_instructions",
    ):  # fmt: skip
        gateway.answer(rpc, {"items": []})
    gateway.answer("orders.list_order_actions", {"items": []})
    gateway.answer("orders.list_changes", {"items": [history]})
    gateway.answer("customers.get_order_money", {"money": {"balance": "1.00"}, "notices": []})
    gateway.answer("inventory.get_holdings", {"lines": []})
    gateway.answer(
        "shipping.search_shipments", {"items": [{"number": "S1", "consignee": CONSIGNEE}]}
    )

    page = gateway.get("/orders/D1/page", role="finance").json

    assert page["order"]["consignee"] == MASKED
    assert page["shipments"][0]["consignee"] == MASKED
    assert page["history"][0]["changes"] == {
        "consignee.phone": ["***1234", None], "stage": ["memo", "draft"],
    }  # fmt: skip

    gateway.refuse("orders.get_order", Conflict(phone="13800001234"))
    problem = gateway.get("/orders/D1", role="finance").json
    assert problem["details"] == {"phone": "***1234"}


def test_only_some_may_look_behind_a_mask(gateway: Gateway) -> None:
    gateway.answer("orders.get_order", {"number": "D1", "consignee": CONSIGNEE})

    result = gateway.get("/orders/D1", role="clerk", query_string="unmask=complaint")

    assert (result.status_code, result.json["code"]) == (403, "permission_missing")


def test_what_cannot_be_logged_is_not_unmasked(gateway: Gateway) -> None:
    """There is no database here: the log entry fails, and with it the answer."""
    gateway.answer("orders.get_order", {"number": "D1", "consignee": CONSIGNEE})

    result = gateway.get("/orders/D1", role="finance", query_string="unmask=complaint")

    assert result.status_code == 503
    assert "13800001234" not in result.text
