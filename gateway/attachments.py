"""Attachments: whose file it is, who may see it, and that what a command names exists.

The services keep a content's hash and what it is for; the bytes are here. The same content
may be attached for several orders by several people: it lies in the folder once and has a row
for each. Nothing can be masked in a picture: it is shown or it is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from marshmallow import Schema, fields

from chassis.errors import Forbidden, Invalid, NotFound
from chassis.schema import Form
from gateway import storage
from gateway.files import HASH

if TYPE_CHECKING:
    from gateway.calls import Call

#: What a file may be for, and whether it is open to whom phones and addresses are masked (SPEC §2):
#: a signed confirmation and a delivery receipt show them, and of another paper nobody knows. To
#: the warehouse too they are masked: a paper is of an order, not of a shipment in its hands.
OPEN_PURPOSES: Mapping[str, bool] = {
    "sign_back": False,
    "receipt": False,
    "statement": True,
    "approval": True,
    "photo": True,
    "other": False,
}


class AttachmentMasked(Forbidden):
    """The file may show a customer's phone or address, which the caller sees masked."""

    code = "attachment_masked"
    en = "File {attachment} may show a phone or an address: say in `unmask` why you need it."
    zh = "附件 {attachment} 可能含有电话或地址：请在 unmask 中说明查看原因。"


class AttachmentNotFound(NotFound):
    """There is no such attachment, or none that the caller may see."""

    code = "attachment_not_found"
    en = "There is no attachment {attachment}."
    zh = "没有附件 {attachment}。"


class AttachmentUnknown(Invalid):
    """A command names a file that nobody has sent in."""

    code = "attachment_unknown"
    en = "No file {attachment} has been sent in: POST /api/v1/attachments first."
    zh = "尚未上传文件 {attachment}：请先 POST /api/v1/attachments。"


class ContentHash(fields.String):
    """The hash by which a command names an attachment: SHA-256 of its bytes."""

    def __init__(self, **kwargs: Any) -> None:
        shape = Form(rf"^{HASH.pattern}$", error="Not the hash of an attachment.")
        super().__init__(validate=shape, **kwargs)


@dataclass(frozen=True)
class KeptFile:
    """A file to be sent out."""

    hash: str
    name: str
    size: int
    media_type: str
    stream: BinaryIO


def fields_of(schema: Schema | None) -> Sequence[str]:
    """Give the names of a body's fields that name attachments."""
    declared: Mapping[str, fields.Field[Any]] = schema.fields if schema else {}
    return [name for name, field in declared.items() if _names_content(field)]


def _names_content(field: fields.Field[Any]) -> bool:
    return isinstance(field.inner if isinstance(field, fields.List) else field, ContentHash)


def check_they_exist(call: "Call", names: Sequence[str]) -> None:
    """Raise AttachmentUnknown unless what the body names was sent in."""
    named = [call.body.get(name) or [] for name in names]
    wanted = [each for one in named for each in ([one] if isinstance(one, str) else one)]
    if not wanted:
        return
    known = call.store.read(
        call.principal, lambda work: storage.known_contents(work.session, wanted)
    )
    for content_hash in wanted:
        if content_hash not in known:
            raise AttachmentUnknown(attachment=content_hash)


def visible(call: "Call", wanted: str) -> storage.Attachment:
    """Give the row by which the caller may see a content.

    Who is limited to his own customers sees what he sent in himself and what belongs to
    orders that orders shows him. Raises AttachmentNotFound, or AttachmentMasked for what is
    shown only to who says why.
    """
    if not HASH.fullmatch(wanted):
        raise AttachmentNotFound(attachment=wanted)
    rows = call.store.read(
        call.principal, lambda work: storage.attachments_of(work.session, wanted)
    )
    his = (row for row in rows if _is_his(call, row))
    first = next(his, None)
    if first is None:
        raise AttachmentNotFound(attachment=wanted)
    for row in chain((first,), his):  # orders is asked no further than is needed
        if _is_open(call, row):
            return row
    raise AttachmentMasked(attachment=wanted)


def _is_his(call: "Call", row: storage.Attachment) -> bool:
    principal = call.principal
    if not principal.limited_to_own_customers or row.uploaded_by == principal.person_id:
        return True
    if row.order_number is None:
        return False
    try:
        call.ask("orders.get_order", {"order_number": row.order_number})
    except NotFound:
        return False
    return True


def _is_open(call: "Call", row: storage.Attachment) -> bool:
    principal = call.principal
    return (
        principal.sees_personal_data
        or call.unmask is not None
        or row.uploaded_by == principal.person_id
        or OPEN_PURPOSES[row.purpose]
    )
