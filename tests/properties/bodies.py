"""A right body for every move: given what stands, nothing in it is a reason to refuse it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from deploy.demo.people import Json
from deploy.demo.world import SIGNATORY, World
from gateway.app import OPERATIONS
from gateway.permissions import TABLE
from gateway.resources.instructions import ITEMS
from tests.properties.deals import ORDERED, Cast, Deal, Thing, read_back
from tests.properties.house import CARRIER

#: Where each kind of thing stands.
PREFIXES = {
    "order": "/orders/{order_number}",
    "statement": "/orders/{order_number}/statements/{kind}",
    "instruction": "/instructions/{number}",
    "shipment": "/shipments/{shipment_number}",
    "payment": "/payments/{payment_number}",
    "case": "/cases/{case_number}",
}


def _verbs(prefix: str) -> dict[str, frozenset[str]]:
    beginning = f"{prefix}/actions/"
    return {
        each.path.removeprefix(beginning): TABLE[each.permission]
        for each in OPERATIONS
        if each.method == "POST" and each.path.startswith(beginning)
    }


#: Who may do it by the permission table, by kind of thing and verb.
MAY: Mapping[str, Mapping[str, frozenset[str]]] = {
    kind: _verbs(prefix) for kind, prefix in PREFIXES.items()
}


@dataclass(frozen=True)
class Seen:
    """What a body is made from."""

    cast: Cast
    deal: Deal
    thing: Thing
    page: Json
    #: Half of what could be done, where that is a choice.
    half: bool = False

    @property
    def order(self) -> Json:
        is_order = self.thing.kind == "order"
        return self.page if is_order else self.cast.house.page(self.deal.path)

    @property
    def today(self) -> date:
        return self.cast.world.today()

    @property
    def made(self) -> Decimal:
        return Decimal(self.page["produced_quantity"])


def body_of(
    cast: Cast, deal: Deal, thing: Thing, verb: str, page: Json, *, half: bool = False
) -> dict[str, Any]:
    """Give a right body for a move of a thing that stands as its page says."""
    write = _BODIES[thing.kind].get(verb)
    return {} if write is None else write(Seen(cast, deal, thing, page, half))


_WHY = {"reason": "customer_request", "note": "客户要求"}
_SENDING = {
    "channel": "fax",
    "recipient": SIGNATORY,
    "proof_read": True,
    "received_clearly": True,
}


def _why(_: Seen) -> dict[str, Any]:
    return dict(_WHY)


def _override(_: Seen) -> dict[str, Any]:
    return {"reason": "other", "text": "放行"}


def _sending(_: Seen) -> dict[str, Any]:
    return dict(_SENDING)


def order_body(seen: Seen) -> dict[str, Any]:
    """Give what a memo needs to become a whole draft."""
    body = seen.cast.world.order_body(seen.deal.customer, seen.deal.product, str(ORDERED))
    fields = (
        "customer_code",
        "order_type",
        "consignee",
        "delivery_method",
        "customer_due",
        "special_requirements",
        "lines",
    )
    return {name: body[name] for name in fields}


def _promise(seen: Seen) -> dict[str, Any]:
    dates = [seen.order["customer_due"], seen.order["production_due"]]
    latest = max([seen.today, *(date.fromisoformat(day) for day in dates if day)])
    return {
        **_WHY,
        "customer_due": (latest + timedelta(days=1)).isoformat(),
        "consent_by": (seen.order["customer"] or {}).get("salesperson_name") or "赵磊",
    }


def _copy(seen: Seen) -> dict[str, Any]:
    return World.copy(seen.order["confirmation_version"] or 1)


def _bad_copy(seen: Seen) -> dict[str, Any]:
    return {
        "confirmation_version": seen.order["confirmation_version"] or 1,
        "channel": "fax",
        "signatory": SIGNATORY,
        "why": "字迹不清",
    }


def _approval(seen: Seen) -> dict[str, Any]:
    return {"verdict": "refused" if seen.half else "passed", "text": "已阅"}


def _line(_: Seen) -> dict[str, Any]:
    return {"line_no": 1}


def _short_close(_: Seen) -> dict[str, Any]:
    return {**_WHY, "line_no": 1, "consent_by": SIGNATORY}


def _signature(seen: Seen) -> dict[str, Any]:
    """Sign in favour; what has passed already is signed anew, against it where that can be."""
    kind = seen.thing.path.rsplit("/", 1)[1]
    body: dict[str, Any] = {"revision": seen.order["revision"], "text": "已核"}
    passed = seen.page["verdict"] == "passed"
    day = (seen.today + timedelta(days=20)).isoformat()
    if kind == "schedule":
        return {**body, "production_due": day}
    if kind == "technique" and passed:
        return {**body, "verdict": "refused", "basis": "sample_flow"}
    if kind == "material" and passed:
        return {**body, "verdict": "short", "material_date": day}
    return {**body, "verdict": "passed"}


def _produced(seen: Seen) -> dict[str, Any]:
    missing = ORDERED - seen.made
    if missing <= 0:
        return {"quantity": "0", "scrap": "1"}
    return {"quantity": str(missing // 2 if seen.half else missing)}


def _corrected(seen: Seen) -> dict[str, Any]:
    standing = [each["id"] for each in seen.page["reports"] if not each["corrected"]]
    return {
        "report_id": standing[-1] if standing else str(uuid4()),
        "quantity": str(ORDERED),
        "reason": "correction",
        "note": "点错了",
    }


def _inspected(seen: Seen) -> dict[str, Any]:
    rejected = Decimal(1) if seen.half and seen.made > 1 else Decimal(0)
    return {"passed": str(seen.made - rejected), "rejected": str(rejected)}


def _consent(seen: Seen) -> dict[str, Any]:
    passed = seen.page["passed_quantity"] or ORDERED
    return {"quantity": str(passed), "given_by": SIGNATORY, "text": "同意按此数量收货"}


def _stocked(seen: Seen) -> dict[str, Any]:
    passed = Decimal(seen.page["passed_quantity"] or 0)
    consent = seen.page["customer_consent"]
    agreed = Decimal(consent["quantity"] if consent else 0)
    if Decimal(seen.page["least_quantity"]) > passed >= agreed > 0:
        return {"accepted_quantity": str(agreed)}
    accepted = min(passed, Decimal(seen.page["most_quantity"]))
    return {"accepted_quantity": str(accepted) if accepted else None}


def _planned(seen: Seen) -> dict[str, Any]:
    return {"production_due": (seen.today + timedelta(days=20)).isoformat()}


def _accepted(_: Seen) -> dict[str, Any]:
    return {"acknowledged": list(ITEMS)}


def _abnormal(_: Seen) -> dict[str, Any]:
    return {"class": "equipment", "reason": "卡纸", "measure": "换刀"}


def _read(seen: Seen) -> dict[str, Any]:
    return {"read_back": read_back(seen.page)}


def _hand(seen: Seen) -> dict[str, Any]:
    return {**_read(seen), **_carrier(seen), "parcels": None if seen.page["parcels"] else 2}


def _carrier(_: Seen) -> dict[str, Any]:
    return {"carrier_code": CARRIER, "waybill": "YD0001"}


def _ask_again(seen: Seen) -> dict[str, Any]:
    return {
        "note": "尚未到货",
        "ask_again_at": seen.cast.world.company.clerk.get("/session")["now"],
    }


def _returned(seen: Seen) -> dict[str, Any]:
    return {
        "lines": [
            {"line_no": line["line_no"], "restock": line["received"] or line["quantity"]}
            for line in seen.page["lines"]
        ]
    }


def _always(**body: Any) -> Callable[[Seen], dict[str, Any]]:
    return lambda _: dict(body)


_BODIES: Mapping[str, Mapping[str, Callable[[Seen], dict[str, Any]]]] = {
    "order": {
        "draft": order_body,
        "submit": _always(key_data_checked=True),
        "return_to_draft": _why,
        "override_price": _override,
        "override_credit": _override,
        "sign_approval": _approval,
        "promise_date": _promise,
        "send_confirmation": _sending,
        "send_confirmation_again": _sending,
        "verify_sign_back": _copy,
        "reject_sign_back": _bad_copy,
        "issue_instruction": _line,
        "short_close_line": _short_close,
        "hold": _why,
        "resume": _why,
        "wish_cancel": _why,
        "cancel": _why,
        "reopen": _why,
    },
    "statement": {"sign": _signature},
    "instruction": {
        "plan": _planned,
        "accept": _accepted,
        "report_production": _produced,
        "correct_report": _corrected,
        "mark_abnormal": _abnormal,
        "inspect": _inspected,
        "record_consent": _consent,
        "stock_in": _stocked,
        "consent_to_stop": _always(text="同意停产"),
    },
    "shipment": {
        "check": _read,
        "make_parcels": _always(count=2),
        "hand": _hand,
        "report_signature": _always(signer="王库管"),
        "fail": _always(kind="lost", note="承运人丢失"),
        "cancel": _why,
        "enter_waybill": _carrier,
        "hand_in_paper": _always(kind="written_request"),
        "record_notice_sent": _always(channel="sms", received_clearly=True),
        "check_arrival": _ask_again,
        "record_receipt": _always(signer="王库管"),
    },
    "payment": {
        "reject": _always(note="未到账"),
        "reverse": _always(note="退票", reason="payment"),
    },
    "case": {
        "acknowledge": _always(note="已答复"),
        "authorise": _always(decision="同意"),
        "reject": _always(decision="不同意"),
        "await_goods": _always(return_to="杭州仓退货区"),
        "inspect": _returned,
    },
}
