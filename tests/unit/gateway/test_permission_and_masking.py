"""Who may call what, and what they see of phones and addresses (X3, X4)."""

import pytest

from chassis.errors import Conflict
from chassis.principal import SEES_PERSONAL_DATA
from gateway.app import OPERATIONS
from gateway.operations import PUBLIC, SIGNED_IN, Operation
from gateway.permissions import ROLES, TABLE, UNMASK
from tests.unit.gateway.neighbour import Gateway

CONSIGNEE = {"name": "王店长", "phone": "13800001234", "address": "中山路 1 号"}
MASKED = {"name": "王店长", "phone": "***1234", "address": "***"}
GUARDED = [each for each in OPERATIONS if each.permission not in (PUBLIC, SIGNED_IN)]

ORDER, SHIPMENT = "/orders/{order_number}/actions", "/shipments/{shipment_number}/actions"
INSTRUCTION, CASE = "/instructions/{number}/actions", "/cases/{case_number}/actions"
#: The "who" of SPEC §4–§8's tables and sentences, by the commands that make the moves. Where one
#: command makes several rows' moves, or one row has a special case, it is open to all that are
#: named, and the service tells them apart.
WHO = {
    # §4: finance or the director decides on grades, and so on limits.
    "/customers/{customer_code}/actions/change_grade": "finance director",
    "/customers/{customer_code}/credit": "finance director",
    # §5, the stages.
    "/memos": "clerk sales",
    f"{ORDER}/draft": "clerk",
    f"{ORDER}/submit": "clerk",
    # In review any gate's owner; approved clerk and supervisor; sent clerk and sales.
    f"{ORDER}/return_to_draft": "sales director finance technician planner supervisor clerk",
    f"{ORDER}/send_confirmation": "clerk",
    f"{ORDER}/send_confirmation_again": "clerk",
    f"{ORDER}/verify_sign_back": "clerk",
    f"{ORDER}/reject_sign_back": "clerk",
    f"{ORDER}/confirm_by_grade": "clerk",
    f"{ORDER}/close": "finance",
    f"{ORDER}/cancel": "supervisor",
    f"{ORDER}/reopen": "director",
    # §5, the gates: which of the two signs which statement is inventory's to tell.
    f"{ORDER}/override_price": "director",
    f"{ORDER}/override_credit": "finance director",
    f"{ORDER}/sign_approval": "supervisor director",
    "/orders/{order_number}/statements/{kind}/actions/sign": "technician planner",
    # §5, money: anyone at the desk records, and finance too where it sees it first.
    "/payments": "clerk assistant supervisor sales finance",
    "/payments/{payment_number}/actions/verify": "finance",
    "/payments/{payment_number}/actions/reject": "finance",
    "/payments/{payment_number}/actions/reverse": "finance",
    # §6
    f"{ORDER}/issue_instruction": "clerk",
    f"{INSTRUCTION}/accept": "planner",
    f"{INSTRUCTION}/start": "planner",
    f"{INSTRUCTION}/mark_abnormal": "planner assistant",
    f"{INSTRUCTION}/resume": "planner assistant",
    f"{INSTRUCTION}/finish": "planner",
    f"{INSTRUCTION}/inspect": "inspector",
    f"{INSTRUCTION}/countersign": "clerk",
    f"{INSTRUCTION}/stock_in": "inspector",
    f"{INSTRUCTION}/consent_to_stop": "planner",
    # §7: the supervisor in an emergency, the director where he overrides.
    "/shipments": "clerk supervisor",
    f"{SHIPMENT}/release": "finance clerk director",
    f"{SHIPMENT}/check": "clerk assistant director",
    f"{SHIPMENT}/hand": "dispatcher",
    f"{SHIPMENT}/pick": "warehouse",
    f"{SHIPMENT}/pack": "warehouse",
    f"{SHIPMENT}/dispatch": "dispatcher",
    f"{SHIPMENT}/report_transit": "assistant",
    f"{SHIPMENT}/report_arrival": "assistant",
    f"{SHIPMENT}/report_signature": "assistant",
    f"{SHIPMENT}/fail": "assistant",
    f"{SHIPMENT}/cancel": "clerk",
    f"{SHIPMENT}/verify_notice": "clerk",
    # Which kinds each may send is shipping's to tell: those of the moves above.
    "/scans": "scanner warehouse dispatcher assistant",
    # §8: the rest is after-sales'; before the goods are back only the supervisor has them resent.
    "/cases": "aftersales",
    f"{CASE}/acknowledge": "aftersales",
    f"{CASE}/authorise": "supervisor",
    f"{CASE}/reject": "supervisor",
    f"{CASE}/await_goods": "aftersales",
    f"{CASE}/receive": "warehouse",
    f"{CASE}/inspect": "inspector",
    f"{CASE}/settle": "finance",
    f"{CASE}/reship": "aftersales supervisor",
    f"{CASE}/close": "aftersales",
}


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


@pytest.mark.parametrize("path", WHO)
def test_a_move_is_open_to_whom_the_specification_names(path: str) -> None:
    """X3: the table of permissions says what SPEC's do."""
    (operation,) = (
        each for each in OPERATIONS if each.path == path and each.method in ("POST", "PUT")
    )

    assert TABLE[operation.permission] == set(WHO[path].split())


@pytest.mark.parametrize(
    "permission", ["accounts.read", "accounts.change", "audit.read", "orders.record_past"]
)
def test_what_is_no_trade_is_the_administrators(permission: str) -> None:
    """X3."""
    assert TABLE[permission] == {"admin"}


def test_phones_and_addresses_are_open_to_whom_the_specification_names() -> None:
    """X4: SPEC §2, and every other person may look behind the mask, which is logged."""
    named = {"clerk", "assistant", "supervisor", "sales", "director", "dispatcher", "aftersales"}

    assert named == SEES_PERSONAL_DATA
    assert set(ROLES) - named - {"scanner"} == TABLE[UNMASK]


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
