"""A salesperson's customer with one of everything, and a salesperson whose customer it is not."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import requests

from deploy.demo import shipping
from deploy.demo.people import Company, Person
from deploy.demo.world import SIGNATORY, Customer, World
from gateway.operations import FILE, Operation
from tests.newcomers import taken_on
from tests.unit.gateway.file_examples import pdf, png

#: What belongs to a customer, by the beginning of its address; the parameter ends it.
THINGS = (
    "/orders/{order_number}",
    "/customers/{customer_code}",
    "/contracts/{contract_number}",
    "/payments/{payment_number}",
    "/notices/{notice_number}",
    "/invoices/{invoice_number}",
    "/shipments/{shipment_number}",
    "/instructions/{number}",
    "/transfers/{number}",
    "/wishes/{number}",
    "/cases/{case_number}",
    "/anomalies/{anomaly_id}",
    "/tasks/{task_id}",
    "/visits/{visit_id}",
    "/price-schemes/{scheme_code}",
    "/attachments/{hash}",
)
NOWHERE = {
    "order_number": "D991231-999999",
    "anomaly_id": "00000000-0000-4000-8000-000000000001",
    "task_id": "00000000-0000-4000-8000-000000000002",
    "visit_id": "00000000-0000-4000-8000-000000000003",
    "hash": "0" * 64,
}


@dataclass(frozen=True)
class Territory:
    """What the salesperson `own` sells to, and `other` does not; and what is everybody's."""

    customer: Customer
    own: Person
    other: Person
    others_name: str
    #: A customer of `other`'s own.
    others_customer: Customer
    #: What is theirs: the key of each of THINGS, by the beginning of its address.
    keys: Mapping[str, str]
    #: Keys of what belongs to the customer or order, and of goods, by parameter.
    parts: Mapping[str, str]
    #: A shipment that was handed to the warehouse and has only just left.
    handed: str
    #: The version in which each thing stood when all was made.
    versions: Mapping[str, str]

    @property
    def words(self) -> set[str]:
        """Give what must not stand in anything that `other` is told."""
        theirs = {"contact_id", "seal_id", "address_id"}
        parts = {key for name, key in self.parts.items() if name in theirs}
        return {*self.keys.values(), *parts, self.handed, self.customer.id, self.customer.name}


def thing_of(path: str) -> str | None:
    """Give which of THINGS an address is about, if any."""
    return next((each for each in THINGS if path == each or path.startswith(f"{each}/")), None)


def parameter(thing: str) -> str:
    return thing[thing.index("{") + 1 : -1]


def nowhere(thing: str) -> str:
    """Give a key by which there is nothing."""
    return NOWHERE.get(parameter(thing), "X991231-999999")


def ask(
    person: Person,
    operation: Operation,
    path: str,
    *,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    if_match: str | None = None,
) -> requests.Response:
    """Ask an operation at one of its addresses."""
    if operation.takes_file:
        return requests.post(
            f"{person.base_url}/api/v1{path}",
            pdf(),
            params=dict(query or {}),
            headers={
                **person.headers,
                "Content-Type": "application/pdf",
                "Idempotency-Key": str(uuid4()),
            },
            timeout=30,
        )
    return person.send(
        operation.method,
        path,
        body=body,
        query=query,
        if_match=if_match,
        accept="*/*" if operation.media == FILE else operation.media,
    )


def whole(territory: Territory, path: str) -> str:
    """Give an address with the keys of what is theirs in it."""
    thing = thing_of(path)
    if thing is not None:
        path = path.replace(f"{{{parameter(thing)}}}", territory.keys[thing])
    for name, part in territory.parts.items():
        path = path.replace(f"{{{name}}}", part)
    return path


def told(answer: requests.Response, *keys: str) -> tuple[int, str]:
    """Give an answer without the keys that were asked for, and without its own id."""
    if "json" not in answer.headers.get("Content-Type", ""):
        return answer.status_code, answer.text
    page: dict[str, Any] = answer.json()
    text = json.dumps({name: page[name] for name in sorted(page) if name != "request_id"})
    for key in keys:
        text = text.replace(key, "…")
    return answer.status_code, text


def newcomer(company: Company) -> tuple[str, Person]:
    """Take on a second salesperson; gives the name too."""
    username = f"sales-{uuid4().hex[:6]}"
    return username, taken_on(company, username=username, name="钱多", roles=["sales"])


def settled(company: Company) -> Territory:
    """Have one order made, shipped in part, complained about, and written of in every way."""
    world, clerk = World.new(company), company.clerk
    customer = world.customer("A")
    product, material = world.product(price="2.00"), world.material(stock="5000")
    world.recipe(product, material, "1")
    centre = world.work_centre()
    order = _made(world, customer, product)
    shipment = _shipped(world, order)
    handed, parcels = shipping.handed(world, order, "30")
    shipping.scan(shipping.scanner(world), parcels, "pick", "pack", "load", "dispatch")
    name, other = newcomer(company)
    others_customer = World.new(company).customer("A")
    clerk.edit(
        f"/customers/{others_customer.code}",
        changes={"salesperson_id": name},
        reason="other",
        note="移交",
    )
    keys = {
        **_written(world, customer, product, order),
        "/orders/{order_number}": order,
        "/customers/{customer_code}": customer.code,
        "/shipments/{shipment_number}": shipment,
        **_followed_up(world, order),
    }
    return Territory(
        customer,
        company.sales,
        other,
        name,
        others_customer,
        keys,
        {
            **_parts(company, customer),
            "product_code": product,
            "material_code": material,
            "code": centre,
        },
        handed,
        dict(_versions(company, keys)),
    )


def _made(world: World, customer: Customer, product: str) -> str:
    # The paper of what was said on the phone is owed to its salesperson's work list.
    order = world.submitted(customer, product, "100", paper_owed=True)
    number: str = order["number"]
    world.stated(order)
    world.approved(number)
    world.sent(number)
    world.signed_back(number)
    # Only what nothing has left of can be wished away.
    world.company.clerk.move(f"/orders/{number}", "wish_cancel", reason="other", note="再议")
    instruction = world.issued(number)
    world.started(instruction)
    world.stocked(instruction, "100")
    return number


def _shipped(world: World, order: str) -> str:
    """Send goods out whose dispatch notice salespeople still owe."""
    company = world.company
    shipment, parcels = shipping.handed(world, order, "60")
    shipping.scan(shipping.scanner(world), parcels, "pick", "pack", "load", "dispatch")
    path = f"/shipments/{shipment}"
    company.assistant.move(path, "report_transit")
    company.assistant.move(path, "report_arrival")
    company.assistant.move(path, "report_signature", signer="王库管")
    return shipment


def _written(world: World, customer: Customer, product: str, order: str) -> dict[str, str]:
    """Write what the desk writes about a customer, and give the keys."""
    company, clerk = world.company, world.company.clerk
    store = f"W{world.mark}"
    company.admin.post("/stores", {"store_code": store, "name": "城北仓"})
    now = clerk.get("/session")["now"]
    contract = company.sales.post(
        "/contracts", {"customer_code": customer.code, "valid_from": "2020-01-01", "text": "年框"}
    )
    payment = clerk.post(
        "/payments", {"order_number": order, "amount": "10.00", "paid_at": now, "note": "汇款"}
    )
    transfer = clerk.post(
        "/transfers",
        {"product_code": product, "quantity": "1", "from_store": store, "order_number": order},
    )
    wish = company.sales.post(
        "/wishes",
        {
            "product_code": product,
            "quantity": "500",
            "customer_id": customer.id,
            "customer_name": customer.name,
        },
    )
    scheme = company.director.post(
        "/price-schemes",
        {
            "scheme_code": f"O-{world.mark}",
            "name": f"{customer.name}专价",
            "product_code": product,
            "customer_code": customer.code,
            "breaks": [{"min_quantity": "1000", "unit_price": "1.90"}],
            "valid_from": "2020-01-01",
        },
    )
    anomaly = clerk.post(
        "/anomalies", {"order_number": order, "cause": "system", "topic": "other", "text": "错字"}
    )
    # A picture of its own width: of the same content everybody's rows would be looked at.
    theirs = png(int(world.mark, 16) % 5000 + 1)
    sent_in = requests.post(
        f"{company.base_url}/api/v1/attachments",
        theirs,
        params={"purpose": "sign_back", "order_number": order},
        headers={
            **clerk.headers,
            "Content-Type": "image/png",
            "Idempotency-Key": str(uuid4()),
        },
        timeout=30,
    )
    sent_in.raise_for_status()
    return {
        "/contracts/{contract_number}": contract["number"],
        "/payments/{payment_number}": payment["number"],
        "/transfers/{number}": transfer["number"],
        "/wishes/{number}": wish["number"],
        "/price-schemes/{scheme_code}": scheme["code"],
        "/anomalies/{anomaly_id}": anomaly["id"],
        "/attachments/{hash}": sent_in.json()["hash"],
    }


def _followed_up(world: World, order: str) -> dict[str, str]:
    """Have what follows from a delivery done, and give the keys of all that is about an order."""
    company = world.company

    def first(path: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = company.await_(
            f"something of {order} in {path}",
            lambda: company.supervisor.get(path, order_number=order)["items"],
        )
        return found[0]

    visit, instruction = first("/visits"), first("/instructions")
    case = company.await_(
        f"a return of {order}",
        lambda: company.aftersales.send(
            "POST",
            "/cases",
            body={"order_number": order, "wish": "受潮", "lines": [_FIVE]},
        ),
        lambda answer: answer.status_code == 201,
    ).json()
    invoice = world.invoiced(order)
    asked = {"order_number": order, "kind": "balance"}
    notice = company.finance.post("/notices", asked, while_refused="nothing_to_pay")
    tasks = company.clerk.get(f"/orders/{order}/tasks")["items"]
    return {
        "/visits/{visit_id}": visit["id"],
        "/instructions/{number}": instruction["number"],
        "/cases/{case_number}": case["number"],
        "/invoices/{invoice_number}": invoice,
        "/notices/{notice_number}": notice["number"],
        "/tasks/{task_id}": next(task["id"] for task in tasks if task["kind"] == "cancel_wish"),
    }


_FIVE = {"line_no": 1, "quantity": "5"}


def _parts(company: Company, customer: Customer) -> dict[str, str]:
    file = company.clerk.get(f"/customers/{customer.code}")
    return {
        "contact_id": file["contacts"][0]["id"],
        "seal_id": file["seals"][0]["id"],
        "address_id": file["addresses"][0]["id"],
        "kind": "technique",
    }


def _versions(company: Company, keys: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for thing, key in keys.items():
        path = thing.replace(f"{{{parameter(thing)}}}", key)
        answer = company.supervisor.send("GET", path, accept="*/*")
        tag = answer.headers.get("ETag") if answer.status_code == 200 else None
        yield thing, tag or '"1"'


#: Right bodies of what a salesperson may do to something that is there.
BODIES: Mapping[str, Mapping[str, Any]] = {
    "PATCH /orders/{order_number}": {"wish": "改", "reason": "other", "note": "改"},
    "return_to_draft": {"reason": "other", "note": "改"},
    "retry_price": {},
    "retry_credit": {},
    "promise_date": {"customer_due": "2030-01-07", "reason": "other", "note": "缓几天"},
    "hold": {"reason": "other", "note": "停"},
    "resume": {"reason": "other", "note": "续"},
    "wish_cancel": {"reason": "other", "note": "不要了"},
    "take_measure": {"temporary_measure": "先停发"},
    "resolve": {"remedy": "改了"},
    "finish": {"outcome": "好了"},
    "delegate": {"clerk_id": "clerk"},
    "PATCH /customers/{customer_code}": {
        "changes": {"notes": "改"},
        "reason": "other",
        "note": "改",
    },
    "POST /customers/{customer_code}/contacts": {"contact": {"name": "新人", "phone": "1"}},
    "PATCH /customers/{customer_code}/contacts/{contact_id}": {
        "changes": {"title": "总监"},
        "reason": "other",
        "note": "改",
    },
    "POST /customers/{customer_code}/seals": {
        "seal": {"code": "S-9", "description": "新章"},
        "reason": "other",
    },
    "PATCH /customers/{customer_code}/seals/{seal_id}": {
        "changes": {"description": "旧章"},
        "reason": "other",
        "note": "改",
    },
    "POST /customers/{customer_code}/addresses": {"address": {"address": "新址"}},
    "PATCH /customers/{customer_code}/addresses/{address_id}": {
        "changes": {"address": "别处"},
        "reason": "other",
        "note": "改",
    },
    "remove": {"reason": "other", "note": "走了"},
    "PATCH /contracts/{contract_number}": {"changes": {"text": "改"}, "reason": "other"},
    "send_back": {"reason": "other", "note": "改"},
    "sign": {"signed_by_customer": SIGNATORY},
    "mark_sent": {"channel": "fax", "received_clearly": True},
    "cancel": {"note": "不调了"},
    "withdraw": {"note": "不等了"},
    "record_notice_sent": {"channel": "sms", "received_clearly": True},
    "record_consent": {"quantity": "90", "given_by": SIGNATORY, "text": "同意"},
}


def body_for(operation: Operation) -> Mapping[str, Any]:
    """Give a right body; a new operation of salespeople fails here until it has one."""
    verb = operation.path.rsplit("/actions/", 1)[-1]
    name = verb if "/actions/" in operation.path else f"{operation.method} {operation.path}"
    return BODIES[name]
