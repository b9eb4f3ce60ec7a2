"""An operation of the API, declared once as data; and the shapes that many of them share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

from chassis.reasons import REASONS
from chassis.schema import Copy, Message, Moment, PageRequest, Text
from gateway import masking

if TYPE_CHECKING:
    from gateway.calls import Call

PREFIX = "/api/v1"

#: Permission of an operation that anybody may ask, signed in or not.
PUBLIC = "public"
#: Permission of an operation that everybody signed in may ask (about themselves).
SIGNED_IN = "signed_in"

JSON, HTML = "application/json", "text/html"
#: A file as it was sent in: its own media type stands in the answer.
FILE = "application/octet-stream"


class Answer(Copy):
    """What an operation answers, for its readers: services may add fields at any time."""


def _unmask() -> Text:
    text = "why masked phones and addresses are to be shown; who looks is logged"
    return Text(least=2, most=200, metadata={"description": text})


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one address.

    `path` stands below /api/v1; its parameters bear the names of the fields of the service's
    command. `rpc` is "<service>.<method>"; what is put together here says `do` instead. What
    the service gets is the path's parameters, the body or the query, and, where `versioned`,
    the number in If-Match as `expected_version`.
    """

    method: str
    path: str
    permission: str
    summary: str
    tag: str
    answer: type[Schema] | None
    rpc: str = ""
    do: "Callable[[Call], Any] | None" = None
    #: What the gateway itself knows of the request: it refuses or completes it for the service.
    complete: "Callable[[Call], Call] | None" = None
    body: type[Schema] | None = None
    #: Whether the body is a file: its bytes, or a form with a part named `file`.
    takes_file: bool = False
    query: type[Schema] | None = None
    status: int = HTTPStatus.OK
    #: Whether If-Match is needed: edits and moves of what has a version.
    versioned: bool = False
    #: Whether it is a command, done once for each Idempotency-Key; None: all but GET. A POST
    #: must bring one; an edit, which If-Match guards already, may.
    keyed: bool | None = None
    #: Path of what a creation made, filled from the answer: "/orders/{number}".
    location: str = ""
    media: str = JSON
    #: Problems it can answer besides those of every operation like it.
    problems: Sequence[int] = ()
    #: Whether its answer is shipments, which open to the warehouse once handed to it (SPEC §2).
    shipments: bool = False
    #: May be asked while the password must be changed.
    with_stale_password: bool = False

    def __post_init__(self) -> None:
        if bool(self.rpc) == bool(self.do):
            raise ValueError(f"{self.method} {self.path}: exactly one of rpc and do")
        if self.rpc.count(".") != bool(self.rpc):
            raise ValueError(f"{self.method} {self.path}: rpc is <service>.<method>")
        if self.method == "GET" and (self.body is not None or self.takes_file):
            raise ValueError(f"{self.method} {self.path}: a GET has no body")

    @property
    def url(self) -> str:
        return PREFIX + self.path

    @property
    def takes_key(self) -> bool:
        return self.method != "GET" if self.keyed is None else self.keyed

    @property
    def needs_key(self) -> bool:
        return self.takes_key and self.method == "POST"

    def query_schema(self) -> type[Schema] | None:
        """Give the schema of the query; what may be masked can be asked to be shown."""
        if not self.may_be_masked:
            return self.query
        base = self.query or Message
        name = f"{self.query.__name__ if self.query else ''}Unmasking"
        return type(name, (base,), {"__module__": base.__module__, "unmask": _unmask()})

    @property
    def may_be_masked(self) -> bool:
        """Whether what is read may hold phones or addresses."""
        if self.method != "GET" or self.permission in (PUBLIC, SIGNED_IN):
            return False
        return self.answer is None or masking.holds_personal(self.answer())

    @property
    def name(self) -> str:
        """Give the operation's id in the OpenAPI document."""
        words = [self.method.lower(), *self.path.strip("/").split("/")]
        return "_".join(word.strip("{}") for word in words).replace("-", "_")


class Refusal(Answer):
    """Why an action is not allowed now."""

    code = fields.String()
    message = fields.String()
    message_zh = fields.String()


class Action(Answer):
    """A move of something, and whether it is allowed now to who asks."""

    verb = fields.String()
    allowed = fields.Boolean()
    who = fields.List(fields.String(), metadata={"description": "roles that may do it"})
    why_not = fields.Nested(Refusal, allow_none=True)
    title_zh = fields.String(
        metadata={"description": "the move's name for people, where it has one"}
    )
    checked_when_done = fields.Boolean(
        metadata={"description": "another service has a say, which is asked when it is done"}
    )


class Actions(Answer):
    """The moves of something."""

    items = fields.List(fields.Nested(Action))


class Change(Answer):
    """An entry of a history."""

    entity_type = fields.String()
    entity_id = fields.String()
    action = fields.String()
    at = Moment()
    person_id = fields.String()
    person_name = fields.String()
    changes = fields.Dict(metadata={"description": "field → [old, new]"})
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class Reasoned(Message):
    """A change that says why: a reason of the short list and free words (SPEC §2)."""

    reason = fields.String(validate=validate.OneOf(REASONS), load_default=None, allow_none=True)
    note = Text(most=500, load_default=None, allow_none=True)


class Paged(PageRequest):
    """Keyset paging of a list."""


@cache
def page_of(item: type[Schema]) -> type[Schema]:
    """Give the schema of a page of `item`s, named after it."""
    page: type[Schema] = type(
        f"{item.__name__}Page",
        (Answer,),
        {
            "__module__": item.__module__,
            "__doc__": "A page of a list; `next` is the cursor of the following one.",
            "items": fields.List(fields.Nested(item)),
            "next": fields.String(allow_none=True),
        },
    )
    return page


@dataclass(frozen=True, kw_only=True)
class Move:
    """A verb of something with a life cycle: POST …/actions/{verb}."""

    verb: str
    rpc: str = ""
    permission: str
    summary: str
    body: type[Schema] = Reasoned
    answer: type[Schema] | None = None
    versioned: bool = True
    problems: Sequence[int] = ()
    shipments: bool = False
    do: "Callable[[Call], Any] | None" = None
    complete: "Callable[[Call], Call] | None" = None


def moves(
    path: str,
    *verbs: Move,
    answer: type[Schema],
    tag: str,
    listing: str = "",
    listing_do: "Callable[[Call], Any] | None" = None,
    listing_permission: str = "",
) -> list[Operation]:
    """Give the operations of the moves of `path`, and the one that lists what is allowed now.

    What has a single verb and no life cycle worth asking about has no list.
    """
    operations = []
    if listing_permission:
        operations.append(
            Operation(
                method="GET",
                path=f"{path}/actions",
                rpc=listing,
                do=listing_do,
                permission=listing_permission,
                summary="What may be done now, by whom, and why the rest may not",
                tag=tag,
                answer=Actions,
            )
        )
    operations += [
        Operation(
            method="POST",
            path=f"{path}/actions/{move.verb}",
            rpc=move.rpc,
            do=move.do,
            complete=move.complete,
            permission=move.permission,
            summary=move.summary,
            tag=tag,
            body=move.body,
            answer=move.answer or answer,
            versioned=move.versioned,
            problems=move.problems,
            shipments=move.shipments,
        )
        for move in verbs
    ]
    return operations
