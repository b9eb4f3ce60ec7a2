"""Administrators keep accounts, the warehouse keeps scanners, and the log keeps both."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway import accounts
from tests.integration.gateway.conftest import ADMIN, PASSWORD, Office

CHEN = {"username": "chen", "display_name": "陈静", "roles": ["clerk"]}


def test_an_account_is_opened_once_and_its_password_shown_once(office: Office) -> None:
    first = office.send("POST", "/accounts", CHEN, by="boss", key="a1")
    again = office.send("POST", "/accounts", CHEN, by="boss", key="a1")

    assert first.status_code == 201
    assert first.headers["location"] == "/api/v1/accounts/chen"
    assert again.json == {**first.json, "one_time_password": None}
    one_time = first.json["one_time_password"]
    assert office.sign_in("chen", one_time).json["must_change_password"] is True


def test_who_can_no_longer_sign_in_is_no_administrator_to_rely_on(office: Office) -> None:
    """A one-time password that nobody used in time lets nobody in."""
    second = {"username": "second", "display_name": "老板", "roles": ["admin"]}
    office.send("POST", "/accounts", second, by="boss", key="a1")
    office.store.transact(
        ADMIN,
        lambda work: work.connection.execute(
            text("update account set one_time_until = now() where username = 'second'")
        ),
    )

    refused = office.send("PATCH", "/accounts/boss", {"roles": ["clerk"]}, by="boss", if_match=1)

    assert (refused.status_code, refused.json["code"]) == (409, "last_administrator")


def test_what_is_kept_here_is_kept_without_the_blanks_around_it(office: Office) -> None:
    """Its length was measured without them: with them it did not fit into its column."""
    blanks = " " * 80
    made = office.send(
        "POST", "/accounts", {**CHEN, "display_name": f"{blanks}陈静"}, by="boss", key="a1"
    )
    changed = office.send(
        "PATCH", "/accounts/chen", {"display_name": f"{blanks}陈小静"}, by="boss",
        if_match=made.json["version"],
    )  # fmt: skip
    gun = {"code": "SCAN-1", "name": f"{blanks}一号枪"}
    device = office.send("POST", "/devices", gun, by="boss", key="d1")
    why = {"value": 9, "reason": f"{blanks}correction", "note": f"{blanks}x"}
    office.send("PUT", "/settings/gateway/session.hours", why, by="boss")

    assert (made.status_code, made.json["display_name"]) == (201, "陈静")
    assert (changed.status_code, changed.json["display_name"]) == (200, "陈小静")
    assert (device.status_code, device.json["name"]) == (201, "一号枪")
    entry = office.audit()[-1]
    assert (entry["entity_id"], entry["reason"], entry["note"]) == (
        "session.hours",
        "correction",
        "x",
    )


def test_a_key_used_for_another_account_is_refused(office: Office) -> None:
    office.send("POST", "/accounts", CHEN, by="boss", key="a1")

    refused = office.send("POST", "/accounts", {**CHEN, "username": "lin"}, by="boss", key="a1")

    assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_reused")
    assert office.send("GET", "/accounts/lin", by="boss").status_code == 404


def test_a_name_is_given_once(office: Office) -> None:
    office.send("POST", "/accounts", CHEN, by="boss", key="a1")

    refused = office.send("POST", "/accounts", CHEN, by="boss", key="a2")

    assert (refused.status_code, refused.json["code"]) == (409, "account_exists")


@pytest.mark.parametrize("name", ["system", "relay", "audit"])
def test_nobody_signs_as_the_system_itself(office: Office, name: str) -> None:
    by_name = office.send("POST", "/accounts", {**CHEN, "username": name}, by="boss", key="a1")
    by_id = office.send(
        "POST", "/accounts", {**CHEN, "person_id": name.upper()}, by="boss", key="a2"
    )

    for refused in (by_name, by_id):
        assert (refused.status_code, refused.json["code"]) == (422, "person_reserved")
    assert [
        each["username"] for each in office.send("GET", "/accounts", by="boss").json["items"]
    ] == ["boss"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/accounts", {**CHEN, "username": "chen\n"}),
        ("/accounts", {**CHEN, "person_id": "chen\n"}),
        ("/devices", {"code": "GUN-1\n", "name": "一号扫描枪"}),
    ],
)
def test_no_name_ends_with_a_line(office: Office, path: str, body: dict[str, Any]) -> None:
    refused = office.send("POST", path, body, by="boss", key="a1")

    assert (refused.status_code, refused.json["code"]) == (422, "invalid_fields")


def test_accounts_are_listed_by_pages(office: Office) -> None:
    for name in ("chen", "lin", "zhao"):
        office.person(name, "clerk")

    first = office.send("GET", "/accounts?limit=2", by="boss").json
    second = office.send("GET", f"/accounts?limit=2&after={first['next']}", by="boss").json

    assert [each["username"] for each in first["items"]] == ["boss", "chen"]
    assert [each["username"] for each in second["items"]] == ["lin", "zhao"]
    assert second["next"] is None


def test_new_roles_hold_at_once_in_open_sessions(office: Office) -> None:
    office.person("chen", "clerk")
    assert office.send("GET", "/accounts", by="chen").status_code == 403
    version = office.send("GET", "/accounts/chen", by="boss").json["version"]

    changed, again = (
        office.send(
            "PATCH", "/accounts/chen", {"roles": ["clerk", "admin"]}, by="boss",
            if_match=version, key="new-roles",
        )
        for _ in range(2)
    )  # fmt: skip

    assert again.json == changed.json
    assert changed.json["roles"] == ["admin", "clerk"]
    assert changed.headers["etag"] == f'"{version + 1}"'
    assert office.send("GET", "/accounts", by="chen").status_code == 200
    stale = office.send(
        "PATCH", "/accounts/chen", {"roles": ["clerk"]}, by="boss", if_match=version
    )
    assert (stale.status_code, stale.headers["etag"]) == (412, f'"{version + 1}"')


def test_a_locked_person_is_out_at_once(office: Office) -> None:
    office.person("chen", "clerk")
    token = office.token("chen")
    version = office.send("GET", "/accounts/chen", by="boss").json["version"]

    locked = office.send(
        "POST", "/accounts/chen/actions/lock", by="boss", key="l1", if_match=version
    )

    assert locked.json["locked"] is True
    assert office.send("GET", "/session", token=token).status_code == 401
    assert office.sign_in("chen").json["code"] == "sign_in_refused"
    office.send(
        "POST", "/accounts/chen/actions/unlock", by="boss", key="l2",
        if_match=locked.json["version"],
    )  # fmt: skip
    assert office.sign_in("chen").status_code == 201


def test_the_log_says_what_an_account_was_before_it_was_locked_or_unlocked(office: Office) -> None:
    office.person("chen", "clerk")
    for verb in (accounts.unlock_account, accounts.lock_account, accounts.lock_account):
        with office.store.work(ADMIN) as work:
            verb(work, "chen")

    assert [entry["changes"] for entry in office.audit()[-3:]] == [
        {"locked": [False, False]},
        {"locked": [False, True]},
        {"locked": [True, True]},
    ]


def test_nobody_locks_or_resets_themselves(office: Office) -> None:
    office.person("vice", "admin")

    for verb in ("lock", "reset_password"):
        refused = office.send(
            "POST", f"/accounts/boss/actions/{verb}", by="boss", key=verb, if_match=1
        )
        assert (refused.status_code, refused.json["code"]) == (403, "not_your_own_account")


def test_two_administrators_cannot_lock_each_other_out(office: Office) -> None:
    office.person("vice", "admin")
    office.token("boss"), office.token("vice")

    def lock(by: str, whom: str) -> int:
        path = f"/accounts/{whom}/actions/lock"
        return office.send("POST", path, by=by, key=by, if_match=1).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(lock, ("boss", "vice"), ("vice", "boss")))

    # The loser finds the other one gone: refused as last administrator, or already signed out.
    assert answers[0] == 200
    assert answers[1] in (401, 409)
    still_in = [office.sign_in(name).status_code for name in ("boss", "vice")]
    assert sorted(still_in) == [201, 401]


def test_a_reset_gives_a_new_one_time_password(office: Office) -> None:
    office.person("chen", "clerk")
    token = office.token("chen")

    reset = office.send(
        "POST", "/accounts/chen/actions/reset_password", by="boss", key="r1", if_match=1
    )

    assert office.send("GET", "/session", token=token).status_code == 401
    assert office.sign_in("chen", PASSWORD).status_code == 401
    assert office.sign_in("chen", reset.json["one_time_password"]).status_code == 201


def test_actions_say_what_is_allowed_and_why_not(office: Office) -> None:
    actions = office.send("GET", "/accounts/boss/actions", by="boss").json["items"]

    by_verb = {each["verb"]: each for each in actions}
    assert by_verb["end_sessions"]["allowed"] is True
    assert by_verb["lock"]["allowed"] is False
    assert by_verb["lock"]["why_not"]["code"] == "not_your_own_account"


def test_a_scanner_signs_with_its_key_until_it_is_revoked(office: Office) -> None:
    office.person("shen", "warehouse")
    enrolled = office.send(
        "POST", "/devices", {"code": "SCAN-1", "name": "一号枪"}, by="shen", key="d1"
    )
    headers = {"Authorization": f"Device {enrolled.json['key']}"}

    me = office.send("GET", "/session", headers=headers).json
    assert (me["kind"], me["person_id"], me["roles"]) == ("device", "device:SCAN-1", ["scanner"])
    assert office.send("GET", "/work", headers=headers).status_code == 403

    revoked = office.send(
        "POST", "/devices/SCAN-1/actions/revoke", by="shen", key="d2",
        if_match=enrolled.json["version"],
    )  # fmt: skip
    assert revoked.json["revoked_at"] is not None
    assert office.send("GET", "/session", headers=headers).status_code == 401
    twice = office.send(
        "POST", "/devices/SCAN-1/actions/revoke", by="shen", key="d3",
        if_match=enrolled.json["version"],
    )  # fmt: skip
    # The illegal move is told before the stale version.
    assert (twice.status_code, twice.json["code"]) == (409, "device_revoked")


def test_a_renewed_key_ends_the_old_one(office: Office) -> None:
    enrolled = office.send(
        "POST", "/devices", {"code": "SCAN-1", "name": "一号枪"}, by="boss", key="d1"
    )

    renewed = office.send(
        "POST", "/devices/SCAN-1/actions/renew_key", by="boss", key="d2",
        if_match=enrolled.json["version"],
    )  # fmt: skip

    def status(key: str) -> int:
        return office.send(
            "GET", "/session", headers={"Authorization": f"Device {key}"}
        ).status_code

    assert (status(enrolled.json["key"]), status(renewed.json["key"])) == (401, 200)


def test_a_devices_key_is_no_session(office: Office) -> None:
    enrolled = office.send(
        "POST", "/devices", {"code": "SCAN-1", "name": "一号枪"}, by="boss", key="d1"
    )
    device = {"Authorization": f"Device {enrolled.json['key']}"}

    # Each was just used as what it is, which is remembered for a moment.
    assert office.send("GET", "/session", headers=device).status_code == 200
    assert office.send("GET", "/session", by="boss").status_code == 200

    as_session = office.send("GET", "/session", token=enrolled.json["key"])
    as_device = office.send(
        "GET", "/session", headers={"Authorization": f"Device {office.token('boss')}"}
    )
    out = office.send("DELETE", "/session", headers=device)

    assert (as_session.status_code, as_device.status_code) == (401, 401)
    assert (out.status_code, out.json["code"]) == (403, "not_a_person")


def test_who_looks_behind_a_mask_is_logged_first(office: Office) -> None:
    office.person("zhou", "finance")
    order = {"number": "D1", "version": 3, "consignee": {"phone": "13800001234"}}
    office.neighbour.answers["orders.get_order"] = order

    masked = office.send("GET", "/orders/D1", by="zhou")
    shown = office.send("GET", "/orders/D1?unmask=%E5%AF%B9%E8%B4%A6", by="zhou")

    assert masked.json["consignee"] == {"phone": "***1234"}
    assert shown.json["consignee"] == {"phone": "13800001234"}
    entry = office.audit()[-1]
    assert (entry["action"], entry["entity_id"]) == ("unmasked", "/api/v1/orders/D1")
    assert (entry["person_id"], entry["note"]) == ("zhou", "对账")


def test_the_log_tells_administrators_who_did_what(office: Office) -> None:
    office.send("POST", "/accounts", CHEN, by="boss", key="a1")

    newest = office.send("GET", "/audit?limit=1", by="boss").json
    older = office.send("GET", f"/audit?limit=5&after={newest['next']}", by="boss").json

    (entry,) = newest["items"]
    assert (entry["entity_id"], entry["action"], entry["person_id"]) == ("chen", "added", "boss")
    assert [each["entity_id"] for each in older["items"]] == ["boss"]
    assert office.send("GET", "/audit?after=x", by="boss").status_code == 422


def test_an_error_of_the_database_names_no_values(office: Office) -> None:
    """Its text is logged, and kept with failed messages."""
    with pytest.raises(DBAPIError, match="division by zero") as failed, office.store.work() as work:
        work.session.execute(text("select :phone, 1 / 0"), {"phone": "13800001234"})

    assert "13800001234" not in str(failed.value)


@pytest.mark.parametrize("statement", ["update change_log set note = ''", "delete from change_log"])
def test_the_log_cannot_be_changed(office: Office, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), office.store.work(ADMIN) as work:
        work.session.execute(text(statement))

    assert [each["action"] for each in office.audit()] == ["added"]


def test_settings_change_within_their_bounds_and_are_logged(office: Office) -> None:
    path = "/settings/gateway/session.hours"

    changed = office.send("PUT", path, {"value": 8, "reason": "policy"}, by="boss")
    refused = office.send("PUT", path, {"value": 0, "reason": "policy"}, by="boss")

    assert changed.json == {"key": "session.hours", "value": 8}
    assert (refused.status_code, refused.json["code"]) == (422, "setting_not_allowed")
    listed = office.send("GET", "/settings/gateway", by="boss").json["items"]
    assert {each["key"]: each["value"] for each in listed}["session.hours"] == 8
    entry = office.audit()[-1]
    assert (entry["action"], entry["changes"]) == ("change_setting", {"value": [12, 8]})


def test_settings_of_a_service_are_asked_of_it(office: Office) -> None:
    office.neighbour.answers["orders.change_setting"] = {"key": "a", "value": "5"}

    result = office.send("PUT", "/settings/orders/a", {"value": "5", "reason": "x"}, by="boss")
    unknown = office.send("GET", "/settings/payroll", by="boss")

    assert result.json == {"key": "a", "value": "5"}
    assert office.neighbour.asked[-1].body == {"key": "a", "value": "5", "reason": "x"}
    assert (unknown.status_code, unknown.json["code"]) == (404, "service_unknown")
