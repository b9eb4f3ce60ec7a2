"""Accounts of people, and the gateway's audit log: the administrator's."""

from typing import Any

from marshmallow import fields, validate

from chassis.database import Work
from chassis.schema import Form, Message, Moment, Nothing, Text, dump
from gateway import accounts, storage
from gateway.calls import Call
from gateway.operations import Answer, Change, Move, Operation, Paged, moves, page_of
from gateway.own_commands import run_once, run_once_with_secret
from gateway.permissions import ROLES

_USERNAME = Form(
    "^[a-z0-9][a-z0-9._-]{1,39}$",
    error="Must be 2 to 40 of a-z, 0-9, '.', '_' or '-', the first a letter or digit.",
)


_PERSON_ID = Form(
    "^[A-Za-z0-9._-]{1,40}$", error="Must be 1 to 40 of A-Z, a-z, 0-9, '.', '_', '-'."
)

#: The roles that a person may hold; a scanner has a key.
PEOPLE = sorted(set(ROLES) - {"scanner"})


def _roles(**kwargs: Any) -> fields.List[Any]:
    return fields.List(
        fields.String(validate=validate.OneOf(PEOPLE)),
        validate=validate.Length(min=1, max=len(PEOPLE)),
        **kwargs,
    )


class NewAccount(Message):
    """Whose account it is, and in which roles."""

    username = fields.String(required=True, validate=_USERNAME)
    display_name = Text(required=True, least=1, most=80)
    roles = _roles(required=True)
    person_id = fields.String(validate=_PERSON_ID)


class AccountEdit(Message):
    """What may be changed of an account."""

    display_name = Text(least=1, most=80)
    roles = _roles()


class Account(Answer):
    """A person's account."""

    username = fields.String()
    display_name = fields.String()
    person_id = fields.String()
    roles = fields.List(fields.String())
    locked = fields.Boolean()
    must_change_password = fields.Boolean()
    password_changed_at = Moment()
    created_at = Moment()
    version = fields.Integer()


class AccountWithPassword(Account):
    """An account with its one-time password, shown this once."""

    one_time_password = fields.String(allow_none=True)


class AuditEntry(Change):
    """An entry of the gateway's log."""

    id = fields.Integer()


class AuditQuery(Paged):
    """Which entries of the log."""

    entity_type = Text(most=40)


AccountPage = page_of(Account)
AuditPage = page_of(AuditEntry)


def list_accounts(call: Call) -> dict[str, Any]:
    limit, after = call.query.get("limit", 50), call.query.get("after") or ""

    def read(work: Work) -> dict[str, Any]:
        found = storage.list_accounts(work.session, after=after, limit=limit + 1)
        page = found[:limit]
        return {
            "items": [accounts.view(account) for account in page],
            "next": page[-1].username if len(found) > limit else None,
        }

    return call.store.read(call.principal, read)


def get_account(call: Call) -> dict[str, Any]:
    return call.store.read(
        call.principal,
        lambda work: accounts.view(storage.get_account(work.session, call.path["username"])),
    )


def add_account(call: Call) -> dict[str, Any]:
    def add(work: Work) -> tuple[dict[str, Any], str]:
        account, one_time = accounts.add_account(work, **call.loaded)
        return accounts.view(account), one_time or ""

    return run_once_with_secret(call, "add_account", add, name="one_time_password")


def change_account(call: Call) -> dict[str, Any]:
    username, version = _named(call)

    def change(work: Work) -> dict[str, Any]:
        return accounts.view(accounts.change_account(work, username, version, call.loaded))

    return run_once(call, "change_account", change)


def lock(call: Call) -> dict[str, Any]:
    username, version = _named(call)
    return run_once(
        call,
        "lock_account",
        lambda work: accounts.view(accounts.lock_account(work, username, version)),
    )


def unlock(call: Call) -> dict[str, Any]:
    username, version = _named(call)
    return run_once(
        call,
        "unlock_account",
        lambda work: accounts.view(accounts.unlock_account(work, username, version)),
    )


def reset_password(call: Call) -> dict[str, Any]:
    username, version = _named(call)

    def reset(work: Work) -> tuple[dict[str, Any], str]:
        account, one_time = accounts.reset_password(work, username, version)
        return accounts.view(account), one_time

    return run_once_with_secret(call, "reset_password", reset, name="one_time_password")


def end_sessions(call: Call) -> dict[str, Any]:
    username, version = _named(call)
    return run_once(
        call,
        "end_sessions",
        lambda work: accounts.view(accounts.end_sessions(work, username, version)),
    )


def list_actions(call: Call) -> dict[str, Any]:
    username = call.path["username"]
    return call.store.read(
        call.principal, lambda work: {"items": accounts.list_actions(work, username)}
    )


def list_audit(call: Call) -> dict[str, Any]:
    limit, after = call.query.get("limit", 50), call.query.get("after")

    def read(work: Work) -> dict[str, Any]:
        found = storage.list_audit(
            work.session,
            after=after,
            limit=limit + 1,
            entity_type=call.query.get("entity_type"),
        )
        page = found[:limit]
        return {
            "items": [dump(AuditEntry, row) for row in page],
            "next": str(page[-1].id) if len(found) > limit else None,
        }

    return call.store.read(call.principal, read)


def _named(call: Call) -> tuple[str, int]:
    return call.path["username"], call.version


OPERATIONS = [
    Operation(
        method="GET",
        path="/accounts",
        do=list_accounts,
        permission="accounts.read",
        summary="Accounts by name",
        tag="accounts",
        query=Paged,
        answer=AccountPage,
    ),
    Operation(
        method="POST",
        path="/accounts",
        do=add_account,
        permission="accounts.change",
        summary="Open an account; its one-time password is shown this once",
        tag="accounts",
        body=NewAccount,
        answer=AccountWithPassword,
        status=201,
        location="/accounts/{username}",
    ),
    Operation(
        method="GET",
        path="/accounts/{username}",
        do=get_account,
        permission="accounts.read",
        summary="One account",
        tag="accounts",
        answer=Account,
    ),
    Operation(
        method="PATCH",
        path="/accounts/{username}",
        do=change_account,
        permission="accounts.change",
        summary="Change an account's name or roles",
        tag="accounts",
        body=AccountEdit,
        answer=Account,
        versioned=True,
    ),
    *moves(
        "/accounts/{username}",
        Move(
            verb="lock",
            do=lock,
            permission="accounts.change",
            summary="Keep a person out at once",
            body=Nothing,
        ),
        Move(
            verb="unlock",
            do=unlock,
            permission="accounts.change",
            summary="Let a person in again",
            body=Nothing,
        ),
        Move(
            verb="reset_password",
            do=reset_password,
            permission="accounts.change",
            summary="Give a one-time password, shown this once; all sessions end",
            body=Nothing,
            answer=AccountWithPassword,
        ),
        Move(
            verb="end_sessions",
            do=end_sessions,
            permission="accounts.change",
            summary="Sign a person out everywhere",
            body=Nothing,
        ),
        answer=Account,
        tag="accounts",
        listing_do=list_actions,
        listing_permission="accounts.read",
    ),
    Operation(
        method="GET",
        path="/audit",
        do=list_audit,
        permission="audit.read",
        summary="The gateway's log, newest first",
        tag="accounts",
        query=AuditQuery,
        answer=AuditPage,
    ),
]
