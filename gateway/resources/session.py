"""Signing in and out, who am I, and one's own password."""

from typing import Any

from marshmallow import fields, validate

from chassis import clock
from chassis.errors import Forbidden
from chassis.schema import Message, Moment, Text
from gateway import sessions
from gateway.calls import Call
from gateway.operations import PUBLIC, SIGNED_IN, Answer, Operation
from gateway.passwords import MOST_CHARACTERS
from gateway.permissions import TABLE


def _password() -> fields.String:
    # Not stripped like other text: blanks are characters of a password.
    return fields.String(required=True, validate=validate.Length(1, MOST_CHARACTERS))


class Credentials(Message):
    """A name and its password."""

    username = Text(required=True, least=1, most=40)
    password = _password()


class NewPassword(Message):
    """The present password and the one to come."""

    old_password = _password()
    new_password = _password()


class Person(Answer):
    """Who is signed in, and what they may do."""

    username = fields.String()
    name = fields.String()
    person_id = fields.String()
    roles = fields.List(fields.String())
    kind = fields.String()
    permissions = fields.List(fields.String())
    must_change_password = fields.Boolean()
    password_ends_at = Moment(allow_none=True)
    now = Moment(metadata={"description": "the business's time (in try-out it can be moved)"})
    today = fields.Date(metadata={"description": "the business's day"})


class Opened(Answer):
    """A new session; the token is shown this once."""

    token = fields.String()
    ends_at = Moment()
    idle_minutes = fields.Integer()
    must_change_password = fields.Boolean()
    username = fields.String()
    name = fields.String()
    person_id = fields.String()
    roles = fields.List(fields.String())


class Ended(Answer):
    """How many sessions ended."""

    ended = fields.Integer()


class NotAPerson(Forbidden):
    """A device has no session and no password."""

    code = "not_a_person"
    en = "Only a person signed in with a session can do this."
    zh = "仅限以会话登录的人员进行此操作。"


def sign_in(call: Call) -> dict[str, Any]:
    opened = sessions.sign_in(
        call.store,
        username=call.loaded["username"],
        password=call.loaded["password"],
        address=call.address,
        user_agent=call.user_agent,
    )
    return {
        "token": opened.token,
        "ends_at": opened.ends_at.isoformat(),
        "idle_minutes": opened.idle_minutes,
        "must_change_password": opened.must_change_password,
        "username": opened.account.username,
        "name": opened.account.display_name,
        "person_id": opened.account.person_id,
        "roles": sorted(opened.account.roles),
    }


def who_am_i(call: Call) -> dict[str, Any]:
    caller, principal = call.caller, call.principal
    ends_at = caller.password_ends_at
    return {
        "username": caller.username,
        "name": principal.name,
        "person_id": principal.person_id,
        "roles": sorted(principal.roles),
        "kind": principal.kind,
        "permissions": sorted(name for name, roles in TABLE.items() if principal.has(*roles)),
        "must_change_password": caller.must_change_password,
        "password_ends_at": ends_at.isoformat() if ends_at else None,
        "now": clock.business_now().isoformat(),
        "today": clock.business_date(clock.business_now()).isoformat(),
    }


def sign_out(call: Call) -> None:
    _require_person(call)
    sessions.sign_out(call.store, call.caller.secret_hash)


def sign_out_everywhere(call: Call) -> dict[str, Any]:
    _require_person(call)
    ended = sessions.sign_out_everywhere(call.store, call.caller.username)
    return {"ended": ended}


def change_password(call: Call) -> None:
    _require_person(call)
    sessions.change_password(
        call.store,
        call.principal,
        username=call.caller.username,
        old_password=call.loaded["old_password"],
        new_password=call.loaded["new_password"],
        session_hash=call.caller.secret_hash,
    )


def _require_person(call: Call) -> None:
    if call.principal.kind != "person":
        raise NotAPerson


OPERATIONS = [
    Operation(
        method="POST",
        path="/session",
        do=sign_in,
        permission=PUBLIC,
        summary="Sign in",
        tag="session",
        body=Credentials,
        answer=Opened,
        status=201,
        # A token is known to who got it and nobody else: it cannot be given out again by a key.
        keyed=False,
        problems=(401, 429),
    ),
    Operation(
        method="GET",
        path="/session",
        do=who_am_i,
        permission=SIGNED_IN,
        summary="Who am I, and what may I do",
        tag="session",
        answer=Person,
        with_stale_password=True,
    ),
    Operation(
        method="DELETE",
        path="/session",
        do=sign_out,
        permission=SIGNED_IN,
        summary="Sign out",
        tag="session",
        answer=None,
        status=204,
        keyed=False,
        with_stale_password=True,
    ),
    Operation(
        method="DELETE",
        path="/sessions",
        do=sign_out_everywhere,
        permission=SIGNED_IN,
        summary="Sign out everywhere",
        tag="session",
        answer=Ended,
        keyed=False,
        with_stale_password=True,
    ),
    Operation(
        method="PUT",
        path="/session/password",
        do=change_password,
        permission=SIGNED_IN,
        summary="Change your own password; your other sessions end",
        tag="session",
        body=NewPassword,
        answer=None,
        status=204,
        problems=(429,),
        keyed=False,
        with_stale_password=True,
    ),
]
