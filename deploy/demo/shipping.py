"""How a shipment of the story leaves and arrives: requested, released, checked, handed, scanned."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

from requests import Response

from deploy.demo.people import Json, Person, expect
from deploy.demo.world import World

_sequence = count(1)
_NOT_KNOWN_YET = ("order_not_found", "order_not_dispatchable", "not_enough_held")


@dataclass(frozen=True)
class Parcel:
    """One parcel's code."""

    code: str


def request(world: World, number: str, quantity: str) -> str:
    """Request the dispatch of so much of an order's first line; gives the shipment's number."""
    response = answer_to_request(world, number, quantity)
    expect(response.status_code, 201, f"dispatch request: {response.text[:500]}")
    return str(response.json()["number"])


def answer_to_request(world: World, number: str, quantity: str) -> Response:
    """Request it as soon as shipping, which hears of it by events, knows that the order may go."""
    company = world.company
    body = {"order_number": number, "lines": [{"line_no": 1, "quantity": quantity}]}
    answer: Response = company.await_(
        f"dispatch request of {number}",
        lambda: company.clerk.send("POST", "/shipments", body=body),
        lambda response: response.json().get("code") not in _NOT_KNOWN_YET,
    )
    return answer


def handed(
    world: World,
    number: str,
    quantity: str,
    *,
    before_release: Callable[[str], None] | None = None,
    releaser: str = "finance",
    slips: bool = False,
) -> tuple[str, list[Parcel]]:
    """Bring a shipment as far as the dispatcher's hands; gives its number and parcels.

    With `slips`, who requested it tries to check it, too, and the dispatcher reads back wrongly.
    """
    company = world.company
    shipment = request(world, number, quantity)
    path = f"/shipments/{shipment}"
    page = company.clerk.page(f"{path}/documents/dispatch_request")
    expect(shipment in page, True, "the printed dispatch request")
    if before_release is not None:
        before_release(shipment)
    company.person(releaser).move(path, "release")
    seen = company.assistant.get(path)
    read_back = {
        "name": seen["consignee"]["name"],
        "phone": seen["consignee"]["phone"],
        "address": seen["consignee"]["address"],
        "lines": [
            {"line_no": line["line_no"], "quantity": line["quantity"]} for line in seen["lines"]
        ],
    }
    if slips:
        company.clerk.is_refused("second_person_needed", path, "check", read_back=read_back)
    company.assistant.move(path, "check", read_back=read_back)
    told_of = {
        "carrier_code": carrier(world),
        "waybill": f"YD{uuid4().hex[:8]}",
        "parcels": 2,
    }
    if slips:
        misread = {**read_back, "phone": "13857100009"}
        refusal = company.dispatcher.is_refused(
            "read_back_differs", path, "hand", read_back=misread, **told_of
        )
        expect(refusal.details["differs"], ["consignee_phone"], "what was misread")
    told = company.dispatcher.move(path, "hand", read_back=read_back, **told_of)
    return shipment, [Parcel(one["code"]) for one in told["parcels"]]


def carrier(world: World) -> str:
    """Give the code of the story's carrier, set up once."""
    code = "DEMO-YD"
    response = world.company.dispatcher.send("GET", f"/carriers/{code}")
    if response.status_code == 404:
        world.company.dispatcher.send("POST", "/carriers", body={"code": code, "name": "韵达物流"})
    return code


def scan(device: Person, parcels: list[Parcel], *kinds: str) -> list[Json]:
    """Scan every parcel as each kind, one after the other; gives what was answered."""
    told: list[Json] = []
    for kind in kinds:
        answer = device.post("/scans", {"scans": [reading(parcel, kind) for parcel in parcels]})
        told += answer["items"]
    return told


def reading(parcel: Parcel, kind: str) -> dict[str, Any]:
    """Give one reading of a scanner, with the next number of its sequence."""
    return {
        "device_sequence": next(_sequence),
        "device_time": "2026-01-01T08:00:00+08:00",
        "parcel_code": parcel.code,
        "kind": kind,
    }


def scanner(world: World) -> Person:
    """Enrol the story's scanner."""
    return world.company.device(f"SCAN-{world.mark}-{uuid4().hex[:4].upper()}", "手持扫码枪")


def ship(
    world: World,
    number: str,
    quantity: str,
    *,
    before_release: Callable[[str], None] | None = None,
    parcels: list[Parcel] | None = None,
    signed_for: str | None = None,
    releaser: str = "finance",
) -> Json:
    """Take a shipment from the request to the customer's signature, for all unless said."""
    shipment = dispatched(
        world,
        number,
        quantity,
        before_release=before_release,
        parcels=parcels,
        releaser=releaser,
    )
    return delivered(world, shipment, signed_for or quantity)


def dispatched(
    world: World,
    number: str,
    quantity: str,
    *,
    before_release: Callable[[str], None] | None = None,
    parcels: list[Parcel] | None = None,
    releaser: str = "finance",
    slips: bool = False,
) -> str:
    """Take a shipment from the request to the gate; gives its number."""
    shipment, codes = handed(
        world, number, quantity, before_release=before_release, releaser=releaser, slips=slips
    )
    if parcels is not None:
        parcels += codes
    told = scan(scanner(world), codes, "pick", "pack", "load", "dispatch")
    expect({one["answer"] for one in told}, {"accepted"}, "scans")
    world.company.say(f"   {shipment} is requested, released, checked, handed, scanned out.")
    return shipment


def delivered(world: World, shipment: str, signed_for: str) -> Json:
    """Take what was scanned out from its notice to the customer's signature for so much."""
    company, path = world.company, f"/shipments/{shipment}"
    seen = company.clerk.get(path)
    expect((seen["state"], bool(seen["note_number"])), ("dispatched", True), "dispatched by scans")
    page = company.clerk.page(f"{path}/documents/dispatch_notice")
    expect(seen["note_number"] in page, True, "the printed dispatch notice")
    for channel in ("sms", "im"):
        company.clerk.move(path, "record_notice_sent", channel=channel, received_clearly=True)
    company.clerk.move(path, "verify_notice")
    company.assistant.move(path, "report_transit")
    company.assistant.move(path, "report_arrival")
    lines = [{"line_no": 1, "signed_quantity": signed_for}]
    signed: Json = company.assistant.move(path, "report_signature", signer="王库管", lines=lines)
    expect(signed["state"], "signed", "receipt signed")
    return signed
