"""Attachments on a real database and folder: once on disk, and only for whom they concern (G7)."""

import resource
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import falcon.testing
import pytest

from chassis.errors import NotFound
from chassis.principal import SEES_PERSONAL_DATA
from gateway import storage
from gateway.app import create_app
from gateway.permissions import ROLES as ROLE_NAMES
from gateway.services import Services
from gateway.settings import Limits, Settings
from tests.integration.gateway.conftest import Office
from tests.unit.gateway.conftest import PROCESS
from tests.unit.gateway.file_examples import jpeg, pdf, png
from tests.unit.gateway.neighbour import Neighbour

MOST_BYTES = 20_000
ROLES = {"anna": "sales", "bert": "sales"}
ORDERS_OF_ANNA = {"D1", "D2"}


class Desk(Office):
    """The office with a folder for files."""

    folder: Path

    def token(self, username: str) -> str:
        """Sign a person in, opening the account at first: hashing passwords takes its time."""
        if username not in self.tokens:
            self.person(username, ROLES.get(username, username))
        return super().token(username)

    def send_in(
        self, data: bytes, *, by: str = "clerk", kind: str = "application/pdf", key: str = "k1",
        query: str = "purpose=sign_back&order_number=D1", **options: Any,
    ) -> falcon.testing.Result:  # fmt: skip
        headers = {
            "Authorization": f"Bearer {self.token(by)}",
            "Idempotency-Key": key,
            "Content-Type": kind,
        }
        return self.client.simulate_post(
            "/api/v1/attachments", body=data, headers=headers, query_string=query, **options
        )

    def kept(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
def desk(database_factory: Callable[[str], str], tmp_path: Path) -> Iterator[Desk]:
    url, folder = database_factory("gateway"), tmp_path / "attachments"
    neighbour, limits = Neighbour(), Limits(attachment_bytes=MOST_BYTES, attachment_pixels=10_000)
    store = storage.open_store(url, pool_size=4)
    app = create_app(
        Settings(PROCESS, limits, url, frozenset(), folder),
        store=store,
        services=Services(neighbour, limits),
    )
    desk = Desk(falcon.testing.TestClient(app), neighbour, store)
    desk.folder = folder

    def get_order(body: dict[str, Any]) -> Any:
        asker = neighbour.asked[-1].principal["person_id"]
        theirs = asker not in ("anna", "bert") or (
            asker == "anna" and body["order_number"] in ORDERS_OF_ANNA
        )
        return {"number": body["order_number"]} if theirs else NotFound(**body)

    neighbour.answers["orders.get_order"] = get_order
    yield desk
    store.close()


def test_a_file_is_sent_in_listed_and_given_out_unchanged(desk: Desk) -> None:
    data = pdf(b"% signed\n")

    made = desk.send_in(data, query="purpose=sign_back&order_number=D1&name=回传.pdf")
    given = desk.send("GET", f"/attachments/{made.json['hash']}", by="director")
    listed = desk.send("GET", "/orders/D1/attachments", by="finance").json

    assert made.status_code == 201
    assert made.headers["location"] == f"/api/v1/attachments/{made.json['hash']}"
    assert listed["items"] == [made.json]
    assert (made.json["name"], made.json["size"]) == ("回传.pdf", len(data))
    assert made.json["uploaded_by"] == "clerk"
    assert given.content == data
    assert given.headers["content-type"] == "application/pdf"
    assert given.headers["x-content-type-options"] == "nosniff"
    assert given.headers["content-disposition"] == (
        f'attachment; filename="{made.json["hash"][:12]}.pdf"; '
        "filename*=UTF-8''%E5%9B%9E%E4%BC%A0.pdf"
    )
    assert "sandbox" in given.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [("application/pdf", 200), ("image/*", 200), ("application/octet-stream", 200),
     ("application/json", 406)],
)  # fmt: skip
def test_a_file_is_given_to_who_takes_files(desk: Desk, accept: str, status: int) -> None:
    made = desk.send_in(pdf()).json

    given = desk.send("GET", f"/attachments/{made['hash']}", by="clerk", headers={"Accept": accept})

    assert given.status_code == status


def test_a_form_brings_a_file_with_its_name(desk: Desk) -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="../../a\\b.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + png() + b"\r\n--B--\r\n"
    )

    made = desk.send_in(body, kind="multipart/form-data; boundary=B", query="purpose=photo")

    assert (made.status_code, made.json["media_type"]) == (201, "image/png")
    assert (made.json["name"], made.json["size"]) == ("b.png", len(png()))
    assert [path.name for path in desk.kept()] == [made.json["hash"]]


def test_a_name_in_a_charset_that_spells_no_text_is_kept_without_it(desk: Desk) -> None:
    body = (
        b"--B\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-7''a%2B2AA-.pdf\r\n"
        b"Content-Type: application/pdf\r\n\r\n" + pdf() + b"\r\n--B--\r\n"
    )

    made = desk.send_in(body, kind="multipart/form-data; boundary=B", query="purpose=photo")

    assert (made.status_code, made.json["name"]) == (201, "a.pdf")


def test_a_form_in_chunks_brings_its_file_within_the_same_bounds(desk: Desk) -> None:
    frame = (
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%s\r\n--B--'
    )

    def send_in(data: bytes) -> falcon.testing.Result:
        # What gunicorn gives of a chunked body: its bytes, and no length.
        return desk.send_in(
            b"",
            kind="multipart/form-data; boundary=B",
            extras={"wsgi.input": BytesIO(frame % data), "HTTP_TRANSFER_ENCODING": "chunked"},
        )

    made, too_long, none = (
        send_in(pdf()),
        send_in(pdf(b" " * MOST_BYTES)),
        desk.send_in(b"", kind="multipart/form-data; boundary=B", key="k2"),
    )

    assert (made.status_code, made.json["size"]) == (201, len(pdf()))
    assert (too_long.status_code, too_long.json["code"]) == (413, "body_too_large")
    assert (none.status_code, none.json["code"]) == (400, "malformed_form")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--B\r\n", "multipart/form-data; boundary=B"),
        (b"nothing", "multipart/form-data; boundary=B"),
        (b"x", "multipart/form-data"),
        (b'--B\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--B--\r\n',
         "multipart/form-data; boundary=B"),
        (b'--B\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + pdf(),
         "multipart/form-data; boundary=B"),
    ],
)  # fmt: skip
def test_a_form_that_is_none_is_refused(desk: Desk, body: bytes, kind: str) -> None:
    refused = desk.send_in(body, kind=kind)

    assert (refused.status_code, refused.json["code"]) == (400, "malformed_form")
    assert desk.kept() == []


def test_the_same_content_lies_there_once_and_a_repetition_is_the_same(desk: Desk) -> None:
    first = desk.send_in(pdf())
    again = desk.send_in(pdf())
    anew = desk.send_in(pdf(), key="k2")
    other = desk.send_in(pdf(), key="k3", query="purpose=receipt&order_number=D2")

    assert first.json == again.json == anew.json
    assert other.json["hash"] == first.json["hash"]
    assert len(desk.kept()) == 1
    assert len(desk.send("GET", "/orders/D1/attachments", by="clerk").json["items"]) == 1


def test_another_file_under_a_used_key_is_refused(desk: Desk) -> None:
    desk.send_in(pdf())

    refused = desk.send_in(pdf(b"%\n"))

    assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_reused")


def test_a_key_is_its_senders_own(desk: Desk) -> None:
    desk.send_in(pdf())

    assert desk.send_in(pdf(b"%\n"), by="finance").status_code == 201


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"<script>alert(1)</script>", "application/pdf", 415, "file_refused"),
        (pdf() + b"PK\x03\x04", "application/pdf", 415, "file_refused"),
        (png(101, 100), "image/png", 422, "image_too_large"),
        (jpeg(60_000, 60_000), "image/jpeg", 422, "image_too_large"),
        (pdf(b" " * MOST_BYTES), "application/pdf", 413, "body_too_large"),
        (pdf(), "text/html", 415, "content_type_refused"),
        (b"{}", "application/json", 415, "content_type_refused"),
        (b"", "application/pdf", 415, "file_refused"),
    ],
)
def test_what_is_not_taken_leaves_nothing_behind(
    desk: Desk, data: bytes, kind: str, status: int, code: str
) -> None:
    refused = desk.send_in(data, kind=kind)

    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert desk.kept() == []
    assert desk.send("GET", "/orders/D1/attachments", by="clerk").json["items"] == []


@pytest.mark.parametrize("size", [3_000, 15_000])
def test_a_file_for_which_there_is_no_room_is_refused_for_now(desk: Desk, size: int) -> None:
    """Whether it is written as it comes or at its end."""
    desk.token("clerk")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        refused = desk.send_in(pdf(b" " * size))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (refused.status_code, refused.json["code"]) == (503, "attachments_unavailable")
    assert desk.kept() == []


def test_what_a_file_is_called_does_not_matter(desk: Desk) -> None:
    """The content decides, whatever the header says of it."""
    made = desk.send_in(png(), kind="application/pdf", query="purpose=photo&name=x.pdf")

    assert (made.json["media_type"], made.json["name"]) == ("image/png", "x.png")


def test_sales_sees_what_is_of_its_own_orders_or_its_own(desk: Desk) -> None:
    of_d1 = desk.send_in(pdf()).json["hash"]
    unbound = desk.send_in(png(), kind="image/png", query="purpose=photo", key="k2").json["hash"]
    own = desk.send_in(jpeg(), by="bert", kind="image/jpeg", query="purpose=photo").json["hash"]

    def status(by: str, what: str) -> int:
        return desk.send("GET", f"/attachments/{what}", by=by).status_code

    assert [status("anna", each) for each in (of_d1, unbound, own)] == [200, 404, 404]
    assert [status("bert", each) for each in (of_d1, unbound, own)] == [404, 404, 200]
    assert desk.send("GET", "/orders/D1/attachments", by="bert").status_code == 404
    assert desk.send_in(pdf(), by="bert", key="k9").status_code == 404
    refusals = [
        desk.send("GET", f"/attachments/{each}", by="bert").json for each in (of_d1, "0" * 64)
    ]
    # Not his and not there are told alike.
    assert {refusal["code"] for refusal in refusals} == {"attachment_not_found"}


@pytest.mark.parametrize(
    "purpose", ["sign_back", "receipt", "other", "statement", "approval", "photo"]
)
def test_what_may_show_a_phone_or_an_address_opens_only_to_whom_they_are_open(
    desk: Desk, purpose: str
) -> None:
    """X4; and to who sent it in himself."""
    is_open = purpose in ("statement", "approval", "photo")
    sent_in = desk.send_in(pdf(), query=f"purpose={purpose}&order_number=D1").json["hash"]
    own = desk.send_in(pdf(b"%\n"), by="warehouse", query=f"purpose={purpose}", key="k2")

    for role in sorted(set(ROLE_NAMES) - {"scanner", "admin", "sales"}):
        given = desk.send("GET", f"/attachments/{sent_in}", by=role)

        if is_open or role in SEES_PERSONAL_DATA:
            assert (given.status_code, given.content) == (200, pdf()), role
        else:
            assert (given.status_code, given.json["code"]) == (403, "attachment_masked"), role
    assert desk.send("GET", f"/attachments/{own.json['hash']}", by="warehouse").status_code == 200


def test_who_looks_behind_the_mask_of_a_file_is_written_down(desk: Desk) -> None:
    """X4."""
    sent_in = desk.send_in(pdf()).json["hash"]

    def look(by: str) -> falcon.testing.Result:
        return desk.send("GET", f"/attachments/{sent_in}?unmask=complaint", by=by)

    given, not_needed = look("technician"), look("clerk")

    assert (given.status_code, given.content) == (200, pdf())
    (entry,) = (each for each in desk.audit() if each["action"] == "unmasked")
    assert (entry["person_id"], entry["note"]) == ("technician", "complaint")
    assert entry["entity_id"] == f"/v1/attachments/{sent_in}"
    assert (not_needed.status_code, not_needed.json["code"]) == (403, "permission_missing")


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "..", "x" * 64, "A" * 64, "incoming"])
def test_an_address_reaches_nothing_but_hashes(desk: Desk, name: str) -> None:
    assert desk.send("GET", f"/attachments/{name}", by="clerk").status_code == 404


def test_a_command_names_only_what_was_sent_in(desk: Desk) -> None:
    sent_in = desk.send_in(pdf()).json["hash"]
    desk.neighbour.answers["orders.sign_approval"] = {"number": "D1", "version": 2}
    verdict = {"verdict": "passed", "text": "同意"}

    def sign(attachment: object, key: str) -> falcon.testing.Result:
        return desk.send(
            "POST", "/orders/D1/actions/sign_approval", {**verdict, "attachment": attachment},
            token=desk.token("director"), key=key, if_match=1,
        )  # fmt: skip

    assert sign(sent_in, "a").status_code == 200
    assert sign(None, "b").status_code == 200
    unknown, no_hash = sign("0" * 64, "c"), sign("../x", "d")
    assert (unknown.status_code, unknown.json["code"]) == (422, "attachment_unknown")
    assert (no_hash.status_code, no_hash.json["code"]) == (422, "invalid_fields")
    asked = [each for each in desk.neighbour.asked if each.rpc == "orders.sign_approval"]
    assert [each.body["attachment"] for each in asked] == [sent_in, None]


NAMING: dict[str, tuple[str, str, dict[str, Any]]] = {
    "orders.verify_sign_back": (
        "/orders/D1/actions/verify_sign_back",
        "clerk",
        {
            "confirmation_version": 1,
            "channel": "fax",
            "clear": True,
            "unaltered": True,
            "special_requirements_complete": True,
        },
    ),
    "shipping.record_receipt": (
        "/shipments/S1/actions/record_receipt",
        "assistant",
        {"signer": "李小姐"},
    ),
    "shipping.report_signature": (
        "/shipments/S1/actions/report_signature",
        "assistant",
        {"signer": "李小姐"},
    ),
    "aftersales.open_case": (
        "/cases",
        "aftersales",
        {"order_number": "D1", "wish": "破损", "lines": [{"line_no": 1, "quantity": "1"}]},
    ),
    "aftersales.inspect_return": (
        "/cases/A1/actions/inspect",
        "inspector",
        {"lines": [{"line_no": 1, "restock": "1"}]},
    ),
}


@pytest.mark.parametrize("rpc", NAMING)
def test_sign_backs_receipts_and_photos_are_named_by_what_was_sent_in(desk: Desk, rpc: str) -> None:
    path, role, body = NAMING[rpc]
    sent_in = desk.send_in(jpeg(), kind="image/jpeg", query="purpose=photo").json["hash"]
    desk.neighbour.answers[rpc] = {"number": "X1", "version": 2}
    field = "photos" if rpc.startswith("aftersales") else "attachment"

    def name(content_hash: str, key: str) -> falcon.testing.Result:
        value = [content_hash] if field == "photos" else content_hash
        return desk.send(
            "POST", path, {**body, field: value}, token=desk.token(role), key=key, if_match=1
        )

    unknown, known = name("0" * 64, "a"), name(sent_in, "b")

    assert (unknown.status_code, unknown.json["code"]) == (422, "attachment_unknown")
    assert known.status_code in (200, 201), known.json
    (asked,) = (each for each in desk.neighbour.asked if each.rpc == rpc)
    assert sent_in in asked.body[field]


def test_without_a_folder_files_are_not_taken(office: Office) -> None:
    headers = {
        "Authorization": f"Bearer {office.token('boss')}",
        "Idempotency-Key": "k",
        "Content-Type": "application/pdf",
    }
    refused = office.client.simulate_post(
        "/api/v1/attachments", body=pdf(), headers=headers, query_string="purpose=other"
    )

    assert (refused.status_code, refused.json["code"]) == (503, "attachments_unavailable")
