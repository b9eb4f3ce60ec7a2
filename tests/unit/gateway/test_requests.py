"""What the gateway takes, what it refuses, and that a refusal reaches no service."""

import gzip
import json
import os
import re
from dataclasses import replace
from typing import Any

import pytest

from chassis.commands import KeyReused
from chassis.errors import Conflict, InvalidFields, NotFound, StaleVersion
from chassis.rpc import DeadlinePassed
from gateway.app import OPERATIONS
from gateway.operations import Operation
from gateway.permissions import TABLE
from tests.unit.gateway.neighbour import Gateway

ORDER = {"number": "D261122-000017", "version": 7, "stage": "draft"}
MEMO = {
    "channel": "phone",
    "asked_by": "李先生",
    "wish": "A4 复印纸 500 包",
    "reply_by": "2026-11-22T11:00:00+08:00",
}


def code_of(result: Any) -> str:
    assert result.headers["content-type"] == "application/problem+json"
    return str(result.json["code"])


def is_told_in_chinese(result: Any) -> bool:
    """Whether the reason is, and not only what stands before it; names may stand as they are."""
    why = result.json["detail_zh"].partition("：")[2]
    return re.search(r"[\u4e00-\u9fff]", why) is not None and " is " not in why


def test_an_order_is_read_with_its_version_as_entity_tag(gateway: Gateway) -> None:
    gateway.answer("orders.get_order", ORDER)

    result = gateway.get("/orders/D261122-000017")

    assert result.status_code == 200
    assert result.json == ORDER
    assert result.headers["etag"] == '"7"'
    (asked,) = gateway.asked
    assert asked.body == {"order_number": "D261122-000017"}
    assert asked.principal["roles"] == ["clerk"]


def test_a_creation_passes_body_and_key_and_says_where_it_is(gateway: Gateway) -> None:
    gateway.answer("orders.take_memo", ORDER)

    result = gateway.post("/memos", MEMO, key="memo-1")

    assert result.status_code == 201
    assert result.headers["location"] == "/api/v1/orders/D261122-000017"
    (asked,) = gateway.asked
    assert (asked.body, asked.key) == (MEMO, "memo-1")


def test_a_move_passes_the_version_it_is_meant_for(gateway: Gateway) -> None:
    gateway.answer("orders.hold_order", ORDER)
    why = {"reason": "stock", "note": "等料"}

    result = gateway.post("/orders/D261122-000017/actions/hold", why, if_match=7)

    assert result.status_code == 200
    (asked,) = gateway.asked
    assert asked.body == {"order_number": "D261122-000017", "expected_version": 7, **why}


def test_an_edit_without_a_key_gets_one_of_its_own(gateway: Gateway) -> None:
    gateway.answer("orders.change_order", ORDER)

    for _ in range(2):
        result = gateway.send("PATCH", "/orders/D1", {"wish": "更厚"}, if_match=7)
        assert result.status_code == 200

    first, second = gateway.asked
    assert first.key
    assert second.key
    assert first.key != second.key


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.versioned], ids=lambda each: each.name
)
def test_without_if_match_a_move_or_edit_is_refused(gateway: Gateway, operation: Operation) -> None:
    role = min(TABLE[operation.permission])

    url = operation.url.replace("{", "").replace("}", "")
    result = gateway.send(operation.method, url, role=role, key="k1")

    assert (result.status_code, code_of(result)) == (428, "if_match_missing")
    assert gateway.asked == []


def test_every_move_of_what_has_a_version_names_it() -> None:
    """A wish has none that anybody sees; what is edited without one is a setting, with its key."""
    moves = [each for each in OPERATIONS if "/actions/" in each.path and each.method == "POST"]

    unversioned = {each.path.partition("/actions/")[0] for each in moves if not each.versioned}

    assert unversioned == {
        "/anomalies/{anomaly_id}",
        "/tasks/{task_id}",
        "/visits/{visit_id}",
        "/wishes/{number}",
        "/scans/quarantined/{scan_id}",
    }


@pytest.mark.parametrize(
    "tag", ["*", 'W/"7"', "7", '"7", "8"', '"seven"', '"99999999999"', '"0"', '"07"']
)
def test_if_match_must_name_one_version(gateway: Gateway, tag: str) -> None:
    result = gateway.post("/orders/D1/actions/check_key_data", if_match=tag)

    assert (result.status_code, code_of(result)) == (400, "if_match_refused")
    assert re.search("；.*[\u4e00-\u9fff]", result.json["detail_zh"])
    assert gateway.asked == []


@pytest.mark.parametrize("key", [None, "", " ", "x" * 121, "schlüssel", "sent,twice"])
def test_a_command_needs_a_key(gateway: Gateway, key: str | None) -> None:
    result = gateway.post("/memos", MEMO, key=key)

    assert (result.status_code, code_of(result)) == (400, "idempotency_key_missing")
    assert gateway.asked == []


def test_a_key_in_no_form_that_is_taken_is_told_which_form_is(gateway: Gateway) -> None:
    result = gateway.post("/memos", MEMO, key="order 17, again")

    assert (result.status_code, code_of(result)) == (400, "idempotency_key_missing")
    assert "no space or comma" in result.json["detail"]
    assert "不含空格和逗号" in result.json["detail_zh"]


def test_an_address_that_ends_in_a_slash_is_told_whole(gateway: Gateway) -> None:
    result = gateway.get("/orders/")

    assert (result.status_code, code_of(result)) == (404, "address_not_found")
    assert result.json["detail"] == "There is nothing at /api/v1/orders/."


def test_a_day_of_another_year_is_told_as_such(gateway: Gateway) -> None:
    year = {"days": {"2028-01-01": False, "2027-01-01": True}, "reason": "holidays"}

    result = gateway.send("PUT", "/calendar/2028", year, role="planner", key="k1")

    assert (result.status_code, code_of(result)) == (422, "invalid_fields")

    year["days"] = {"2027-01-01": True}
    result = gateway.send("PUT", "/calendar/2028", year, role="planner", key="k1")

    assert (result.status_code, code_of(result)) == (422, "calendar_day_outside_year")
    assert result.json["detail"].startswith("2027-01-01 is not a day of 2028")


def test_an_unknown_verb_tells_which_there_are(gateway: Gateway) -> None:
    result = gateway.post("/orders/D1/actions/explode", if_match=1)

    assert (result.status_code, code_of(result)) == (404, "action_unknown")
    assert "hold" in result.json["details"]["allowed"].split(", ")


def test_an_unknown_verb_is_not_discussed_with_strangers(gateway: Gateway) -> None:
    result = gateway.post("/orders/D1/actions/explode", role=None)

    assert (result.status_code, code_of(result)) == (401, "not_signed_in")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"{", "Expecting property name"),
        (b"[]", "must be an object"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too long"),
        (b'{"a":' * 21 + b"1" + b"}" * 21, "deeper than 20"),
        (b"[" * 100_000 + b"]" * 100_000, "deeper than 20"),
        (b'{"a": [' + b"1," * 20_000 + b"1]}", "more than 20000 values"),
    ],
)
def test_a_body_that_is_no_good_json_is_refused(gateway: Gateway, raw: bytes, why: str) -> None:
    result = gateway.post("/memos", body=raw, headers={"Content-Type": "application/json"})

    assert (result.status_code, code_of(result)) == (400, "malformed_json")
    assert why in result.json["detail"]
    assert is_told_in_chinese(result)
    assert gateway.asked == []


def test_a_byte_order_mark_is_looked_over(gateway: Gateway) -> None:
    gateway.answer("orders.take_memo", ORDER)
    raw = b"\xef\xbb\xbf" + json.dumps(MEMO).encode()

    result = gateway.post("/memos", body=raw, headers={"Content-Type": "application/json"})

    assert result.status_code == 201


def test_a_body_over_the_limit_is_refused(gateway: Gateway) -> None:
    raw = b'{"wish": "' + b"x" * 1_048_576 + b'"}'

    result = gateway.post("/memos", body=raw, headers={"Content-Type": "application/json"})

    assert (result.status_code, code_of(result)) == (413, "body_too_large")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
        "application/json; charset=utf-8; charset=gbk",
        "application/json, text/plain",
        "",
    ],
)
def test_only_json_in_utf8_is_taken(gateway: Gateway, content_type: str) -> None:
    result = gateway.post("/memos", body=b"{}", headers={"Content-Type": content_type})

    assert (result.status_code, code_of(result)) == (415, "content_type_refused")


@pytest.mark.parametrize(
    "header", [{"Content-Encoding": "gzip"}, {"Transfer-Encoding": "gzip, chunked"}]
)
def test_a_packed_body_is_not_unpacked(gateway: Gateway, header: dict[str, str]) -> None:
    headers = {"Content-Type": "application/json", **header}

    result = gateway.post("/memos", body=gzip.compress(b"{}"), headers=headers)

    assert (result.status_code, code_of(result)) == (415, "content_encoding_refused")


@pytest.mark.parametrize("path", ["/orders/D1", "/healthz", "/docs", "/openapi.json"])
def test_head_is_answered_like_get_without_its_body(gateway: Gateway, path: str) -> None:
    gateway.answer("orders.get_order", ORDER)
    if path in ("/healthz", "/docs"):
        gateway = replace(gateway, prefix="")

    asked, headed = gateway.get(path), gateway.send("HEAD", path, role="clerk")

    assert (headed.status_code, headed.content) == (200, b"")
    for name in ("content-type", "content-length", "etag"):
        assert headed.headers.get(name) == asked.headers.get(name), name


def test_wrong_fields_are_named_one_by_one(gateway: Gateway) -> None:
    order = {
        "channel": "pigeon",
        "asked_by": "李先生",
        "customer_code": "C1",
        "colour": "red",
        "lines": [{"product_code": "P1", "quantity": "1.2345"}, {"quantity": "2"}],
    }

    result = gateway.post("/orders", order)

    assert (result.status_code, code_of(result)) == (422, "invalid_fields")
    assert {error["field"] for error in result.json["errors"]} == {
        "channel", "colour", "lines.0.quantity", "lines.1.product_code",
    }  # fmt: skip
    assert gateway.asked == []


def test_a_move_without_body_takes_nothing_else(gateway: Gateway) -> None:
    result = gateway.post("/orders/D1/actions/check_key_data", {"force": True}, if_match=1)

    assert [error["field"] for error in result.json["errors"]] == ["force"]
    assert result.status_code == 422


def test_a_search_passes_what_was_asked_in_its_wire_form(gateway: Gateway) -> None:
    gateway.answer("orders.search_orders", {"items": [], "next": None})

    result = gateway.get(
        "/orders",
        query_string="stage=draft&stage=memo&amount_from=10&limit=5&on_hold=true"
        "&created_from=2026-11-01&q=%E7%BA%B8",
    )

    assert result.status_code == 200
    assert gateway.asked[0].body == {
        "stage": ["draft", "memo"], "amount_from": "10.00", "limit": 5, "on_hold": True,
        "created_from": "2026-11-01", "q": "纸",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("colour=red", 422, "invalid_fields"),
        ("limit=0", 422, "invalid_fields"),
        ("limit=-1", 422, "invalid_fields"),
        ("limit=201", 422, "invalid_fields"),
        ("limit=1e2", 422, "invalid_fields"),
        ("limit=" + "9" * 300, 422, "invalid_fields"),
        ("limit=%EF%BC%95", 422, "invalid_fields"),
        ("on_hold=yes", 422, "invalid_fields"),
        ("created_from=0000-00-00", 422, "invalid_fields"),
        ("amount_from=1e400", 422, "invalid_fields"),
        ("limit=1&limit=2", 400, "bad_request"),
        ("q=%ff", 400, "bad_request"),
        ("q=%00", 400, "bad_request"),
        ("q", 400, "bad_request"),
        ("&".join(f"a{n}=1" for n in range(51)), 400, "bad_request"),
        ("q=" + "x" * 2000, 414, "query_too_long"),
    ],
)
def test_a_query_that_is_no_good_is_refused(
    gateway: Gateway, query: str, status: int, code: str
) -> None:
    result = gateway.get("/orders", query_string=query)

    assert (result.status_code, code_of(result)) == (status, code)
    assert code != "bad_request" or is_told_in_chinese(result)
    assert gateway.asked == []


@pytest.mark.parametrize("number", ["%00", "..%2f..%2fetc", "a b", "x" * 81, "<script>", "'--"])
def test_what_can_be_no_number_is_not_found(gateway: Gateway, number: str) -> None:
    result = gateway.get(f"/orders/{number}")

    assert result.status_code == 404
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (NotFound(), 404, "not_found"),
        (Conflict(), 409, "conflict"),
        (StaleVersion(entity="order", version=8), 412, "stale_version"),
        (KeyReused(key="k1"), 422, "idempotency_key_reused"),
        (InvalidFields({"lines": {0: {"spec": ["Too long."]}}}), 422, "invalid_fields"),
        (DeadlinePassed(service="orders"), 503, "deadline_passed"),
    ],
)
def test_refusals_of_services_become_problem_documents(
    gateway: Gateway, refusal: Any, status: int, code: str
) -> None:
    gateway.refuse("orders.check_key_data", refusal)

    result = gateway.post("/orders/D1/actions/check_key_data", if_match=7)

    assert (result.status_code, code_of(result)) == (status, code)
    document = result.json
    assert document["status"] == status
    assert document["detail"]
    assert document["detail_zh"]
    assert document["request_id"] == result.headers["x-request-id"]
    assert document["instance"] == "/api/v1/orders/D1/actions/check_key_data"
    assert ("retry-after" in result.headers) == (status == 503)
    assert result.headers.get("etag") == ('"8"' if status == 412 else None)


def test_a_bug_tells_the_caller_nothing_but_a_reference(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.answer("orders.get_order", RuntimeError("password=hunter2 at 10.0.0.7"))

    result = gateway.get("/orders/D1")

    assert (result.status_code, code_of(result)) == (500, "internal_error")
    assert "hunter2" not in result.text
    assert result.json["details"]["reference"] in caplog.text


def test_an_unknown_address_is_a_problem_document(gateway: Gateway) -> None:
    result = gateway.get("/no-such-thing")

    assert (result.status_code, code_of(result)) == (404, "address_not_found")


def test_a_method_that_is_not_there_names_those_that_are(gateway: Gateway) -> None:
    result = gateway.send("DELETE", "/orders/D1")

    assert (result.status_code, code_of(result)) == (405, "method_not_allowed")
    assert {"GET", "PATCH"} <= set(result.headers["allow"].split(", "))


def test_what_cannot_be_given_is_not_acceptable(gateway: Gateway) -> None:
    result = gateway.get("/orders/D1", headers={"Accept": "text/csv"})

    assert (result.status_code, code_of(result)) == (406, "not_acceptable")
    assert gateway.asked == []


@pytest.mark.parametrize("code", ["-A4", "-", "a4", "A4\n", "A" * 21])
def test_nothing_gets_a_code_by_which_no_address_could_name_it(gateway: Gateway, code: str) -> None:
    product = {"name": "复印纸", "unit": "包", "default_supply": "stock"}
    gateway.answer("inventory.create_product", {"code": "A4-80"})

    refused = gateway.post("/products", {**product, "code": code}, role="technician")
    made = gateway.post("/products", {**product, "code": "A4-80"}, role="technician")

    assert [error["field"] for error in refused.json["errors"]] == ["code"]
    assert made.status_code == 201
    assert len(gateway.asked) == 1


def test_a_request_id_is_taken_over_and_one_that_is_text_is_not(gateway: Gateway) -> None:
    given = gateway.get("/nothing", headers={"X-Request-Id": "abc-1"})
    replaced = gateway.get("/nothing", headers={"X-Request-Id": "<b>" + "x" * 200})

    assert given.headers["x-request-id"] == "abc-1"
    assert len(replaced.headers["x-request-id"]) == 32


def test_every_answer_is_kept_out_of_caches_and_guessing(gateway: Gateway) -> None:
    gateway.answer("orders.get_order", ORDER)

    headers = gateway.get("/orders/D1").headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


# The client of the tests warns that nobody knows the method: that is what is tested.
@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_an_invented_method_or_address_becomes_no_name_of_a_figure(gateway: Gateway) -> None:
    gateway.send("BREW", "/orders/D1")
    gateway.get("/tea-pots")

    figures = gateway.client.simulate_get("/metrics").text

    assert 'gendan_http_request_seconds_count{method="other"' in figures
    assert "BREW" not in figures
    assert "tea-pots" not in figures


def test_each_workers_figures_bear_its_name(gateway: Gateway) -> None:
    """Whichever worker is asked: what one has counted does not go down with the next question."""
    gateway.get("/tea-pots")

    figures = gateway.client.simulate_get("/metrics").text.splitlines()

    values = [line for line in figures if line and not line.startswith("#")]
    assert [line for line in values if f'worker="{os.getpid()}"}}' not in line] == []
    assert any(line.startswith("gendan_http_request_seconds_count{") for line in values)
