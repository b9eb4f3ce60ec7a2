"""Attachments: sign-backs, receipts and photos, sent in once and shown to whom they concern."""

from typing import Any

from marshmallow import fields, validate

from chassis import clock
from chassis.database import Work
from chassis.schema import Message, Moment, Text
from gateway import attachments, storage
from gateway.calls import Call
from gateway.files import Content, Incoming, safe_name
from gateway.operations import FILE, Answer, Operation, page_of
from gateway.own_commands import run_once
from gateway.resources.orders import ORDER

TAG = "attachments"
READ = "attachments.read"
# As many files as one order shows.
_MOST_LISTED = 200


class NewAttachment(Message):
    """What a file is for; said in the address, for the body is the file itself."""

    purpose = fields.String(
        required=True,
        validate=validate.OneOf(attachments.OPEN_PURPOSES),
        metadata={
            "description": "a sign_back, receipt or other paper opens to whom phones and addresses "
            "are masked only with `unmask`"
        },
    )
    order_number = Text(least=1, most=30)
    name = Text(most=200, metadata={"description": "a form's own file name goes before it"})


class Attachment(Answer):
    """A file that was sent in."""

    hash = fields.String(metadata={"description": "SHA-256; by this commands name it"})
    name = fields.String()
    size = fields.Integer()
    media_type = fields.String()
    purpose = fields.String()
    order_number = fields.String(allow_none=True)
    uploaded_by = fields.String()
    uploaded_by_name = fields.String()
    uploaded_at = Moment()


AttachmentPage = page_of(Attachment)


def send_in(call: Call) -> dict[str, Any]:
    """Keep a file and write down whose it is; the row is written when the file is safe."""
    assert call.file is not None  # noqa: S101 - the operation is declared to take one
    number = call.query.get("order_number")
    if number is not None:
        # Refused like any question about an order that is not there, or not his.
        call.ask("orders.get_order", {"order_number": number})
    with call.files.incoming() as arriving:
        content = _received(call, arriving)
        name = safe_name(call.file.name or call.query.get("name") or "", content.kind)
        facts = {
            "hash": content.hash,
            "name": name,
            "purpose": call.query["purpose"],
            "order_number": number,
        }
        call.files.keep(arriving, content)

    def write(work: Work) -> dict[str, Any]:
        row = storage.Attachment(
            **facts,
            size=content.size,
            media_type=content.kind.value,
            uploaded_by=call.principal.person_id,
            uploaded_by_name=call.principal.name,
            uploaded_at=clock.machine_now(),
        )
        return _view(storage.add_attachment(work.session, row))

    return run_once(call, "send_in_attachment", write, of=facts)


def _received(call: Call, arriving: Incoming) -> Content:
    assert call.file is not None  # noqa: S101 - the operation is declared to take one
    for piece in call.file.pieces(call.limits):
        arriving.write(piece)
    return arriving.recognised(most_pixels=call.limits.attachment_pixels)


def give_out(call: Call) -> attachments.KeptFile:
    row = attachments.visible(call, call.path["hash"])
    return attachments.KeptFile(
        row.hash, row.name, row.size, row.media_type, call.files.read(row.hash)
    )


def list_of_order(call: Call) -> dict[str, Any]:
    """List an order's files; orders says whether the caller may see the order."""
    number = call.path["order_number"]
    call.ask("orders.get_order", {"order_number": number})
    rows = call.store.read(
        call.principal,
        lambda work: storage.attachments_of_order(work.session, number, limit=_MOST_LISTED),
    )
    return {"items": [_view(row) for row in rows], "next": None}


def _view(row: storage.Attachment) -> dict[str, Any]:
    return {
        "hash": row.hash,
        "name": row.name,
        "size": row.size,
        "media_type": row.media_type,
        "purpose": row.purpose,
        "order_number": row.order_number,
        "uploaded_by": row.uploaded_by,
        "uploaded_by_name": row.uploaded_by_name,
        "uploaded_at": row.uploaded_at.isoformat(),
    }


OPERATIONS = [
    Operation(
        method="POST",
        path="/attachments",
        do=send_in,
        permission="attachments.add",
        summary="Send in a PDF, PNG or JPEG: as it is, or as the part `file` of a form",
        tag=TAG,
        query=NewAttachment,
        takes_file=True,
        answer=Attachment,
        status=201,
        location="/attachments/{hash}",
        problems=(404,),
    ),
    Operation(
        method="GET",
        path="/attachments/{hash}",
        do=give_out,
        permission=READ,
        summary="Give a file, to be saved and not shown",
        tag=TAG,
        answer=None,
        media=FILE,
    ),
    Operation(
        method="GET",
        path=f"{ORDER}/attachments",
        do=list_of_order,
        permission=READ,
        summary="An order's files, the latest first",
        tag=TAG,
        answer=AttachmentPage,
    ),
]
