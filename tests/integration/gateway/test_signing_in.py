"""People sign in, stay in for a while, and are kept out when they should be (G1)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Literal

import pytest
import time_machine
from argon2 import Parameters, PasswordHasher, extract_parameters
from sqlalchemy import select, text

from chassis import clock
from gateway import accounts, passwords, revocations
from gateway.storage import Account, FailedSignIns, SignIn
from tests.integration.gateway.conftest import ADMIN, PASSWORD, Office
from tests.statements import statements as statements_of

NEW_PASSWORD = "green-kettle-on-tuesday"


def test_who_signs_in_is_known_by_the_token(office: Office) -> None:
    office.person("chen", "clerk", "sales")

    opened = office.sign_in("Chen")
    me = office.send("GET", "/session", token=opened.json["token"])

    assert opened.status_code == 201
    assert me.json["username"] == "chen"
    assert me.json["roles"] == ["clerk", "sales"]
    assert "orders.create" in me.json["permissions"]
    assert "accounts.change" not in me.json["permissions"]


def test_neither_token_nor_password_is_stored(office: Office) -> None:
    token = office.token("boss")

    def read(work: object) -> tuple[str, str]:
        session = work.session  # type: ignore[attr-defined]
        return (
            session.scalar(select(SignIn.token_hash)),
            session.scalar(select(Account.password_hash)),
        )

    token_hash, password_hash = office.store.read(ADMIN, read)
    assert token not in token_hash
    assert token_hash == passwords.digest(token)
    assert password_hash.startswith("$argon2id$")


class CountingHasher(PasswordHasher):
    """argon2 that says what it was made to do: by which parameters a password was checked."""

    def __init__(self) -> None:
        super().__init__()
        self.checked: list[Parameters] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  argon2's own name
        self.checked.append(extract_parameters(str(hash)))
        return super().verify(hash, password)


def test_whatever_is_wrong_about_a_sign_in_costs_the_same_and_is_told_the_same(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the answer nor the work tells which names there are, or who is locked out."""
    office.person("locked", "clerk")
    office.person("late", "clerk", password=None)
    with office.store.work(ADMIN) as work:
        accounts.lock_account(work, "locked")
    hasher = CountingHasher()
    monkeypatch.setattr(passwords, "_HASHER", hasher)

    def refused(username: str, password: str) -> tuple[Any, ...]:
        hasher.checked.clear()
        with statements_of(office.store) as sent:
            answer = office.sign_in(username, password)
        told = {name: value for name, value in answer.json.items() if name != "request_id"}
        headers = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
        asked = [each.text for each in sent]
        return answer.status_code, told, headers, list(hasher.checked), asked

    wrong = refused("boss", "wrong")
    status, told, _, checked, _ = wrong

    assert (status, told["code"], told["details"]) == (401, "sign_in_refused", {})
    assert len(checked) == 1
    assert refused("nobody", PASSWORD) == wrong
    assert refused("locked", PASSWORD) == wrong
    assert refused("late", "wrong") == wrong


@pytest.mark.parametrize("username", ["boss", "nobody"])
def test_guessing_makes_a_name_wait_longer_and_longer(office: Office, username: str) -> None:
    """Known and unknown names alike: waiting tells nothing of which there are."""
    with time_machine.travel("2026-11-22T09:00:00Z", tick=False) as machine:
        for _ in range(5):
            assert office.sign_in(username, "wrong").status_code == 401

        waiting = office.sign_in(username, PASSWORD)
        assert (waiting.status_code, waiting.json["code"]) == (429, "too_many_attempts")
        assert waiting.headers["retry-after"] == "31"

        machine.shift(31)
        assert office.sign_in(username, "wrong").status_code == 401
        assert office.sign_in(username, PASSWORD).headers["retry-after"] == "61"

        machine.shift(61)
        expected = 201 if username == "boss" else 401
        assert office.sign_in(username, PASSWORD).status_code == expected


def test_an_address_that_guesses_many_names_has_to_wait(office: Office) -> None:
    proxied = {"X-Forwarded-For": "203.0.113.9, 10.0.0.1"}
    options: dict[str, Any] = {"headers": proxied, "remote_addr": "10.0.0.1"}
    _set(office, "sign_in.address_failures", 3)

    for number in range(3):
        assert office.sign_in(f"guess{number}", "wrong", **options).status_code == 401

    assert office.sign_in("boss", **options).status_code == 429
    assert office.sign_in("boss").status_code == 201


def test_who_guesses_elsewhere_keeps_nobody_from_their_own_desk(office: Office) -> None:
    """Or anybody could lock out everybody, by five guesses for each name."""
    desk, elsewhere = {"remote_addr": "192.0.2.1"}, {"remote_addr": "192.0.2.99"}
    assert office.sign_in("boss", **desk).status_code == 201

    guesses = [office.sign_in("boss", "wrong", **elsewhere).status_code for _ in range(6)]

    assert guesses == [401] * 5 + [429]
    assert office.sign_in("boss", **desk).status_code == 201
    assert office.sign_in("boss", remote_addr="192.0.2.50").status_code == 429


def test_guessing_at_somebodys_own_desk_has_to_wait_too(office: Office) -> None:
    desk = {"remote_addr": "192.0.2.1"}
    office.sign_in("boss", **desk)

    guesses = [office.sign_in("boss", "wrong", **desk).status_code for _ in range(6)]

    assert guesses == [401] * 5 + [429]
    assert office.sign_in("boss", remote_addr="192.0.2.50").status_code == 201
    with office.store.work(ADMIN) as work:
        accounts.unlock_account(work, "boss")
    assert office.sign_in("boss", **desk).status_code == 201


def test_the_slips_of_colleagues_do_not_lock_an_office_out(office: Office) -> None:
    """All of an office come from one address, and somebody always mistypes."""
    desk: dict[str, Any] = {"remote_addr": "192.0.2.1"}
    _set(office, "sign_in.address_failures", 3)
    office.person("chen", "clerk")
    for name in ("boss", "chen"):
        assert office.sign_in(name, **desk).status_code == 201

    slips = [office.sign_in("chen", "wrong", **desk).status_code for _ in range(4)]

    assert slips == [401] * 4
    assert office.sign_in("boss", **desk).status_code == 201
    office.person("lin", "clerk")
    assert office.sign_in("lin", **desk).status_code == 201


def test_guesses_at_once_are_all_counted(office: Office) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: office.sign_in("boss", "wrong"), range(4)))

    counts = office.store.read(
        ADMIN, lambda work: work.session.scalars(select(FailedSignIns.failures)).all()
    )
    assert set(counts) == {4}


def test_a_session_ends_when_it_is_idle_and_at_its_end(office: Office) -> None:
    with time_machine.travel("2026-11-22T08:00:00Z", tick=False) as machine:
        token = office.sign_in("boss").json["token"]
        for _ in range(6):
            machine.shift(119 * 60)
            revocations.announce()
            assert office.send("GET", "/session", token=token).status_code == 200
        machine.shift(7 * 60)
        revocations.announce()
        assert office.send("GET", "/session", token=token).status_code == 401

        idle = office.sign_in("boss").json["token"]
        machine.shift(120 * 60)
        assert office.send("GET", "/session", token=idle).status_code == 401


@pytest.mark.parametrize("kept_in", ["session", "device"])
def test_who_only_reads_is_let_in_where_nothing_can_be_written(
    office: Office, kept_in: str
) -> None:
    token = office.token("boss")
    gun = {"code": "SCAN-1", "name": "一号枪"}
    key = office.send("POST", "/devices", gun, by="boss", key="d1").json["key"]
    secret = f"Bearer {token}" if kept_in == "session" else f"Device {key}"
    with office.store.work(ADMIN) as work:
        # What PostgreSQL says where its disk is full.
        work.session.execute(
            text(
                "create function full_disk() returns trigger language plpgsql as"
                " $$ begin raise exception 'full' using errcode = '53100'; end $$"
            )
        )
        work.session.execute(
            text(
                f"create trigger full_disk before update on {kept_in}"
                " for each statement execute function full_disk()"
            )
        )

    with time_machine.travel(clock.machine_now() + timedelta(minutes=2), tick=False):
        revocations.announce()
        answer = office.send("GET", "/session", headers={"Authorization": secret})

    assert answer.status_code == 200


def test_signing_out_ends_the_session_at_once(office: Office) -> None:
    token, other = (office.sign_in("boss").json["token"] for _ in range(2))
    assert office.send("GET", "/session", token=token).status_code == 200

    assert office.send("DELETE", "/session", token=token).status_code == 204

    assert office.send("GET", "/session", token=token).status_code == 401
    assert office.send("GET", "/session", token=other).status_code == 200


def test_signing_out_everywhere_ends_all_sessions(office: Office) -> None:
    tokens = [office.sign_in("boss").json["token"] for _ in range(3)]

    ended = office.send("DELETE", "/sessions", token=tokens[0])

    assert ended.json == {"ended": 3}
    assert {office.send("GET", "/session", token=each).status_code for each in tokens} == {401}


def test_a_one_time_password_must_be_changed_and_is_good_once(office: Office) -> None:
    one_time = office.person("wang", "supervisor", password=None)
    opened = office.sign_in("wang", one_time)
    token = opened.json["token"]
    assert opened.json["must_change_password"] is True
    assert office.send("GET", "/work", token=token).json["code"] == "password_change_needed"

    change = {"old_password": one_time, "new_password": NEW_PASSWORD}
    assert office.send("PUT", "/session/password", change, token=token).status_code == 204

    assert office.send("GET", "/session", token=token).json["must_change_password"] is False
    assert office.sign_in("wang", one_time).status_code == 401
    assert office.sign_in("wang", NEW_PASSWORD).json["must_change_password"] is False


def test_an_unused_one_time_password_ends(office: Office) -> None:
    one_time = office.person("wang", "supervisor", password=None)

    with time_machine.travel(clock.machine_now() + timedelta(hours=73), tick=False):
        assert office.sign_in("wang", one_time).status_code == 401


def test_an_old_password_must_be_changed(office: Office) -> None:
    with time_machine.travel(clock.machine_now() + timedelta(days=91), tick=False):
        opened = office.sign_in("boss")
        assert opened.json["must_change_password"] is True
        refused = office.send("GET", "/accounts", token=opened.json["token"])
        assert (refused.status_code, refused.json["code"]) == (403, "password_change_needed")


def test_a_password_that_will_end_soon_is_in_the_work_list(office: Office) -> None:
    for name in ("orders", "customers", "inventory", "shipping", "aftersales"):
        office.neighbour.answers[f"{name}.list_work"] = {"items": []}

    with time_machine.travel(clock.machine_now() + timedelta(days=84), tick=False):
        token = office.sign_in("boss").json["token"]
        (item,) = office.send("GET", "/work", token=token).json["items"]

    assert item["kind"] == "password_ends"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("wrong", NEW_PASSWORD, "password_wrong"),
        (PASSWORD, PASSWORD, "password_unchanged"),
        (PASSWORD, "short", "password_too_weak"),
        (PASSWORD, "password123", "password_too_weak"),
        (PASSWORD, "the-boss-was-here", "password_too_weak"),
        (PASSWORD, "aaaaaaaaaaaa", "password_too_weak"),
    ],
)
def test_a_bad_new_password_changes_nothing(office: Office, old: str, new: str, code: str) -> None:
    refused = office.send(
        "PUT", "/session/password", {"old_password": old, "new_password": new}, by="boss"
    )

    assert (refused.status_code, refused.json["code"]) == (422, code)
    assert office.sign_in("boss").status_code == 201


def test_guessing_the_password_of_an_open_session_has_to_wait_too(office: Office) -> None:
    guess = {"old_password": "wrong", "new_password": NEW_PASSWORD}

    answers = [office.send("PUT", "/session/password", guess, by="boss") for _ in range(6)]

    assert [each.status_code for each in answers] == [422] * 5 + [429]
    with office.store.work(ADMIN) as work:
        accounts.unlock_account(work, "boss")
    right = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert office.send("PUT", "/session/password", right, by="boss").status_code == 204


def test_who_guesses_at_the_door_keeps_nobody_from_changing_their_password(office: Office) -> None:
    token = office.token("boss")
    guesses = [office.sign_in("boss", "wrong", remote_addr="192.0.2.99") for _ in range(6)]
    assert guesses[-1].status_code == 429

    change = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert office.send("PUT", "/session/password", change, token=token).status_code == 204


def test_slips_before_a_password_was_changed_are_forgotten(office: Office) -> None:
    slip = {"old_password": "wrong", "new_password": NEW_PASSWORD}
    for _ in range(4):
        assert office.send("PUT", "/session/password", slip, by="boss").status_code == 422
    right = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert office.send("PUT", "/session/password", right, by="boss").status_code == 204

    answers = [office.send("PUT", "/session/password", slip, by="boss") for _ in range(2)]

    assert [each.status_code for each in answers] == [422] * 2


def test_sessions_long_over_are_deleted(office: Office) -> None:
    office.token("boss")

    with time_machine.travel(clock.machine_now() + timedelta(days=15), tick=False):
        office.sign_in("boss")

    sessions = office.store.read(ADMIN, lambda work: work.session.scalars(select(SignIn)).all())
    assert len(sessions) == 1


def test_changing_the_password_ends_the_other_sessions(office: Office) -> None:
    kept, other = (office.sign_in("boss").json["token"] for _ in range(2))
    change = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}

    assert office.send("PUT", "/session/password", change, token=kept).status_code == 204

    assert office.send("GET", "/session", token=kept).status_code == 200
    assert office.send("GET", "/session", token=other).status_code == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic Ym9zczpib3Nz", "Bearer " + "x" * 500, "Device x"]
)
def test_what_is_no_token_of_ours_signs_nobody_in(office: Office, header: str) -> None:
    refused = office.send("GET", "/session", headers={"Authorization": header})

    assert (refused.status_code, refused.json["code"]) == (401, "not_signed_in")


def _set(office: Office, key: str, value: int) -> None:
    change = {"value": value, "reason": "test"}
    result = office.send("PUT", f"/settings/gateway/{key}", change, by="boss")
    assert result.json == {"key": key, "value": value}
