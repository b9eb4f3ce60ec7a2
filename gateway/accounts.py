"""People who may sign in: their accounts, callable with and without HTTP."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from chassis import clock
from chassis.actions import action
from chassis.changes import difference
from chassis.database import Work
from chassis.errors import Conflict, Forbidden, GendanError, Invalid, guard_version
from chassis.principal import NOBODYS
from gateway import passwords, storage
from gateway.permissions import ROLES
from gateway.storage import Account


class RoleUnknown(Invalid):
    """No such role is known."""

    code = "role_unknown"
    en = "There is no role {role}."
    zh = "没有角色 {role}。"


class PersonReserved(Invalid):
    """By that id the system itself signs."""

    code = "person_reserved"
    en = "{person_id} stands for the system itself; give another person_id."
    zh = "{person_id} 由系统自身使用，请另选人员编号。"


class LastAdministrator(Conflict):
    """The change would leave nobody who can manage accounts."""

    code = "last_administrator"
    en = "{username} is the last administrator who can sign in."
    zh = "{username} 是最后一名可登录的管理员。"


class NotYourOwn(Forbidden):
    """Nobody locks or resets the account they are signed in with."""

    code = "not_your_own_account"
    en = "Another administrator must do this to your own account."
    zh = "不能对自己的账号执行此操作，请由其他管理员处理。"


def view(account: Account) -> dict[str, Any]:
    """Give an account as administrators see it."""
    return {
        "username": account.username,
        "display_name": account.display_name,
        "person_id": account.person_id,
        "roles": sorted(account.roles),
        "locked": account.locked,
        "must_change_password": account.must_change_password,
        "password_changed_at": account.password_changed_at.isoformat(),
        "created_at": account.created_at.isoformat(),
        "version": account.version,
    }


def add_account(
    work: Work,
    *,
    username: str,
    display_name: str,
    roles: Sequence[str],
    person_id: str | None = None,
    password: str | None = None,
) -> tuple[Account, str | None]:
    """Open an account; without a password it gets a one-time one, which is given back once.

    Raises AccountExists, RoleUnknown or PersonReserved.
    """
    person_id = person_id or username.lower()
    if person_id.lower() in NOBODYS:
        raise PersonReserved(person_id=person_id)
    now = clock.machine_now()
    one_time = None if password else passwords.new_password()
    account = Account(
        id=uuid4(),
        username=username.lower(),
        display_name=display_name,
        person_id=person_id,
        roles=_checked_roles(roles),
        password_hash=passwords.new_hash(password or one_time or ""),
        password_changed_at=now,
        must_change_password=one_time is not None,
        one_time_until=_one_time_end(work, now) if one_time else None,
        locked=False,
        created_at=now,
    )
    storage.add_account(work.session, account)
    work.log("account", account.username, "added", changes={"roles": [None, sorted(roles)]})
    return account, one_time


def change_account(
    work: Work, username: str, expected_version: int, wanted: Mapping[str, Any]
) -> Account:
    """Change name or roles.

    Raises AccountNotFound, StaleVersion, RoleUnknown or LastAdministrator.
    """
    account = _locked_row(work, username, expected_version)
    before = view(account)
    if "display_name" in wanted:
        account.display_name = wanted["display_name"]
    if "roles" in wanted:
        account.roles = _checked_roles(wanted["roles"])
        _keep_an_administrator(work, account)
    work.session.flush()
    changes = difference(before, view(account))
    changes.pop("version", None)
    work.log("account", account.username, "changed", changes=changes)
    return account


def lock_account(work: Work, username: str, expected_version: int | None = None) -> Account:
    """Keep a person out at once: the account is locked and all its sessions end."""
    account = _locked_row(work, username, expected_version)
    _refuse_own(work, account)
    before, account.locked = account.locked, True
    _keep_an_administrator(work, account)
    storage.end_sessions(work.session, account.id, clock.machine_now())
    work.session.flush()
    work.log("account", account.username, "locked", changes={"locked": [before, True]})
    return account


def unlock_account(work: Work, username: str, expected_version: int | None = None) -> Account:
    """Let a person in again, and forget the failures of their name."""
    account = _locked_row(work, username, expected_version)
    before, account.locked = account.locked, False
    _forget_failures(work, account)
    work.session.flush()
    work.log("account", account.username, "unlocked", changes={"locked": [before, False]})
    return account


def reset_password(
    work: Work, username: str, expected_version: int | None = None
) -> tuple[Account, str]:
    """Give an account a one-time password, which is given back once; its sessions end."""
    account = _locked_row(work, username, expected_version)
    _refuse_own(work, account)
    now = clock.machine_now()
    one_time = passwords.new_password()
    account.password_hash = passwords.new_hash(one_time)
    account.password_changed_at = now
    account.must_change_password = True
    account.one_time_until = _one_time_end(work, now)
    storage.end_sessions(work.session, account.id, now)
    _forget_failures(work, account)
    work.session.flush()
    work.log("account", account.username, "password reset")
    return account, one_time


def end_sessions(work: Work, username: str, expected_version: int | None = None) -> Account:
    """Sign a person out everywhere."""
    account = _locked_row(work, username, expected_version)
    ended = storage.end_sessions(work.session, account.id, clock.machine_now())
    work.log("account", account.username, "signed out", changes={"sessions": [ended, 0]})
    return account


def list_actions(work: Work, username: str) -> list[dict[str, Any]]:
    """Give what may be done with an account now, and why the rest may not."""
    account = storage.get_account(work.session, username)
    is_own = account.person_id == work.principal.person_id
    last = "admin" in account.roles and not storage.other_administrators(
        work.session, account.id, clock.machine_now()
    )
    own = NotYourOwn() if is_own else None
    refusals: dict[str, GendanError | None] = {
        "lock": own or (LastAdministrator(username=username) if last else None),
        "unlock": None,
        "reset_password": own,
        "end_sessions": None,
    }
    return [action(verb, who=("admin",), refusal=refusal) for verb, refusal in refusals.items()]


def name_subject(username: str) -> str:
    """Give the name under which failures to sign in are counted.

    Hashed, because people type passwords into the field of the name.
    """
    return f"{storage.FailedSignIns.NAME}:{passwords.digest(username.lower())}"


def place_subject(username: str, address: str) -> str:
    """Give the name under which failures of a person at an address known to be theirs count."""
    return f"{storage.FailedSignIns.PLACE}:{passwords.digest(f'{username.lower()} {address}')}"


def session_subject(username: str) -> str:
    """Give the name under which wrong passwords within a person's own sessions count.

    They are a place of their own, which is no address: whoever fails at the door keeps nobody
    who is inside from changing their password.
    """
    return place_subject(username, "session")


def _forget_failures(work: Work, account: Account) -> None:
    places = storage.addresses_of(work.session, account.id)
    for subject in (
        name_subject(account.username),
        session_subject(account.username),
        *(place_subject(account.username, address) for address in places),
    ):
        storage.forget_failures(work.session, subject)


def _locked_row(work: Work, username: str, expected_version: int | None) -> Account:
    account = storage.get_account(work.session, username, to_change=True)
    guard_version(username, account.version, expected_version)
    return account


def _checked_roles(roles: Sequence[str]) -> list[str]:
    for role in roles:
        if role not in ROLES or role == "scanner":
            raise RoleUnknown(role=role)
    return sorted(set(roles))


def _refuse_own(work: Work, account: Account) -> None:
    if account.person_id == work.principal.person_id:
        raise NotYourOwn


def _keep_an_administrator(work: Work, account: Account) -> None:
    if "admin" in account.roles and not account.locked:
        return
    now = clock.machine_now()
    if not storage.other_administrators(work.session, account.id, now, to_rely_on=True):
        raise LastAdministrator(username=account.username)


def _one_time_end(work: Work, now: datetime) -> datetime:
    return now + timedelta(hours=work.setting("password.one_time_hours"))
