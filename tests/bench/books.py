"""Full books for searching: what the API has made once, many times over.

Rows are copied inside the services' own tables by SQL, one INSERT … SELECT for each table, from
an order, a customer, a payment and a shipment that went their ordinary way, from what a made order
left behind on its whole way: statements, instruction, notices, invoice, visits, and from one of
whatever else is listed. What searches look at differs from copy to copy: numbers, names, phones,
stages, dates, salespeople, regions.
"""

import csv
import io
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg2
import requests

from chassis.grams import grams
from deploy.demo import shipping
from deploy.demo.making import closed_order
from deploy.demo.people import API
from deploy.demo.world import World
from services.customers.domain.search import search_text
from tests.bench.company import Trade
from tests.system import System
from tests.unit.gateway.file_examples import pdf

CITIES = [
    "杭州",
    "宁波",
    "温州",
    "嘉兴",
    "湖州",
    "绍兴",
    "金华",
    "台州",
    "苏州",
    "无锡",
    "常州",
    "南通",
    "扬州",
    "厦门",
    "泉州",
    "福州",
]
SIGNS = "兴旺发达永昌瑞丰恒泰鑫源宏盛德隆安康华美嘉益友信诚立新天和富利佳祥云海东方中远明辉"
TRADES = ["纸品", "印务", "包装", "文具", "商贸", "物流", "超市", "药业"]
REGIONS = ["华东", "华南", "华北", "华中", "西南", "西北", "东北"]
# Of a hundred orders: where they stand. As many are in review as fill a page in small books.
STAGES = (
    ["closed"] * 83
    + ["cancelled"] * 3
    + ["fulfilled"] * 2
    + ["in_progress"] * 2
    + ["in_review"] * 6
    + ["confirmed", "awaiting_return", "approved", "draft"]
)
STATES = (
    ["signed"] * 94
    + ["cancelled", "in_transit", "dispatched", "handed", "released"]
    + ["requested"]
)


@dataclass(frozen=True)
class Size:
    """How full the books are to be."""

    orders: int
    customers: int


@dataclass(frozen=True)
class Filled:
    """What may be searched for."""

    size: Size
    #: Somebody in the middle of the books.
    customer_code: str
    customer_name: str
    phone: str
    order_number: str
    product_code: str
    #: One that is made.
    made_code: str
    salesperson_id: str
    material_code: str


def customer(number: int) -> dict[str, str]:
    """Give what differs between one customer and the next; one in twelve is the asker's own."""
    first, second = SIGNS[number % len(SIGNS)], SIGNS[number // len(SIGNS) % len(SIGNS)]
    city = CITIES[number % len(CITIES)]
    return {
        "number": str(number),
        "code": f"BK-{number:06d}",
        "name": f"{city}{first}{second}{TRADES[number % len(TRADES)]}{number}有限公司",
        "phone": f"139{number * 7919 % 100_000_000:08d}",
        "region": REGIONS[number % len(REGIONS)],
        "salesperson": f"sales-{number % 12}" if number % 12 else "sales",
        "material": f"BM-{number}",
    }


class Books:
    """The databases of one system, to be filled once."""

    def __init__(self, system: System, trade: Trade) -> None:
        self._system = system
        self._product_code = trade.products[0]
        self._order_number, self._shipment_number, self._payment_number = _patterns(trade)
        self._made_code, self._closed_number = _closed_pattern(trade)
        _others(trade, self._closed_number)

    def fill(self, size: Size) -> Filled:
        """Fill the books up to a size, and refresh the statistics."""
        facts = {
            "orders": size.orders,
            "customers": size.customers,
            "order": self._order_number,
            "shipment": self._shipment_number,
            "payment": self._payment_number,
            "closed": self._closed_number,
            "product": self._product_code,
            "stages": STAGES,
            "states": STATES,
        }
        customers = _customers(size.customers)
        for part, copies in COPIES.items():
            url = self._system.database_url(part)
            with closing(psycopg2.connect(url)) as database:
                with database, database.cursor() as cursor:
                    _write_customers(cursor, customers)
                    for copy in copies:
                        copy.make(cursor, facts)
                database.autocommit = True
                with database.cursor() as cursor:
                    cursor.execute("vacuum analyze")
        someone = customer(size.customers // 2)
        return Filled(
            size=size,
            customer_code=someone["code"],
            customer_name=someone["name"],
            phone=someone["phone"],
            # Of those that have everything: what comes once a customer is of the first orders.
            order_number=f"B{size.customers // 2:08d}",
            product_code=self._product_code,
            made_code=self._made_code,
            salesperson_id=someone["salesperson"],
            material_code=someone["material"],
        )


def _patterns(trade: Trade) -> tuple[str, str, str]:
    """Have an order, a shipment and a payment go their ordinary way; give their numbers."""
    company = trade.company
    world = World.new(company)
    client, product = world.customer("A"), trade.products[0]
    promotion = {"threshold": "100", "value": "1", "valid_from": world.today().isoformat()}
    gift = {"promotion_code": "BOOK", "name": "满100送1", "kind": "coupon", **promotion}
    company.director.post("/promotions", gift)
    number = str(world.submitted(client, product, "20")["number"])
    world.approved(number)
    world.sent(number)
    company.clerk.move(f"/orders/{number}", "confirm_by_grade")
    company.await_(
        f"the coupon of {number}",
        lambda: company.clerk.get(f"/customers/{client.code}/coupons")["items"],
        lambda items: len(items) == 1,
    )
    # What the load orders later earns none.
    company.director.edit("/promotions/BOOK", "PUT", active=False, reason="other", **promotion)
    shipment = shipping.request(world, number, "20")
    payment = str(world.paid(number, "200.00")["number"])
    company.await_(
        f"the money of {number}",
        lambda: company.finance.get(f"/orders/{number}/money")["money"],
        lambda money: money["verified"] == "200.00",
    )
    return number, shipment, payment


def _closed_pattern(trade: Trade) -> tuple[str, str]:
    """Have a made order go its whole way, a case opened and an anomaly raised.

    Gives its product's code and its number.
    """
    company = trade.company
    _, product, number = closed_order(World.new(company))
    company.clerk.post(
        "/anomalies",
        {"order_number": number, "cause": "production", "topic": "quality", "text": "色差"},
    )
    company.await_(
        f"a case of {number}",
        lambda: (
            company.aftersales.send(
                "POST",
                "/cases",
                body={
                    "order_number": number,
                    "kind": "return",
                    "wish": "5卷受潮",
                    "lines": [{"line_no": 1, "quantity": "5"}],
                },
            ).status_code
        ),
        lambda status: status == 201,
    )
    return product, number


def _others(trade: Trade, order_number: str) -> None:
    """Write one of whatever else is listed: contract, arrival, transfer, wish, file, …"""
    company, product, customer = trade.company, trade.products[0], trade.customers[0]
    world = World.new(company)
    company.sales.post(
        "/contracts", {"customer_code": customer.code, "valid_from": "2020-01-01", "text": "年框"}
    )
    company.warehouse.post(
        "/arrivals",
        {"product_code": product, "quantity": "10", "expected_on": world.today().isoformat()},
    )
    company.admin.post("/stores", {"store_code": "BOOK", "name": "城北仓"})
    company.clerk.post(
        "/transfers", {"product_code": product, "quantity": "1", "from_store": "BOOK"}
    )
    company.sales.post(
        "/wishes",
        {
            "product_code": product,
            "quantity": "500",
            "customer_id": customer.id,
            "customer_name": customer.name,
        },
    )
    shipping.scan(shipping.scanner(world), [shipping.Parcel("NO-SUCH-PARCEL")], "dispatch")
    for masters, name in (("regions", "华东"), ("modes", "公路"), ("carriers", "韵达物流")):
        company.dispatcher.post(f"/{masters}", {"code": "BOOK", "name": name})
    company.dispatcher.post(
        "/transit-times",
        {
            "carrier_code": "BOOK",
            "region_code": "BOOK",
            "mode_code": "BOOK",
            "days": 2,
            "cost": "80.00",
        },
    )
    requests.post(
        f"{company.base_url}{API}/attachments",
        pdf(),
        params={"purpose": "sign_back", "order_number": order_number, "name": "回传.pdf"},
        headers={
            **company.clerk.headers,
            "Content-Type": "application/pdf",
            "Idempotency-Key": str(uuid4()),
        },
        timeout=30,
    ).raise_for_status()


@dataclass(frozen=True)
class Copy:
    """How a table's rows are copied: which row is the pattern, and what differs in the copies.

    In the expressions `i` numbers the copies from 0, `pattern` is the row copied, `c` the copy's
    customer.
    """

    table: str
    pattern: str
    differs: dict[str, str]
    #: Numbered by customers instead of by orders.
    of_customers: bool = False

    def make(self, cursor: Any, facts: dict[str, Any]) -> None:
        cursor.execute(
            "select column_name from information_schema.columns where table_schema = 'public'"
            " and table_name = %s and is_identity = 'NO' and is_generated = 'NEVER'",
            (self.table,),
        )
        columns = [row[0] for row in cursor.fetchall()]
        if unknown := set(self.differs) - set(columns):
            raise LookupError(f"{self.table} has no {', '.join(sorted(unknown))}")
        names = ", ".join(f'"{column}"' for column in columns)
        values = ", ".join(self.differs.get(name, f'pattern."{name}"') for name in columns)
        count = "customers" if self.of_customers else "orders"
        which = "i" if self.of_customers else "i %% %(customers)s"
        cursor.execute(
            f'insert into "{self.table}" ({names}) select {values}'
            f" from generate_series(0, %({count})s - 1) as i"
            f" join book_customer c on c.number = {which}"
            f' cross join (select * from "{self.table}" where {self.pattern}) as pattern',
            facts,
        )


def _id(what: str) -> str:
    return f"md5('{what}' || i)::uuid"


_NUMBER = "'B' || lpad(i::text, 8, '0')"
# Each customer of the books is asked for in each database by the same id.
_CUSTOMER_ID = "c.id"
_WHEN = "now() - interval '1 day' - i * interval '7 minutes'"
_STAGE = "(%(stages)s::text[])[1 + i * 37 %% 100]"
_STATE = "(%(states)s::text[])[1 + i * 37 %% 100]"
_VIEWED = (
    "pattern.view || jsonb_build_object('id', md5('order' || i)::uuid, 'number', "
    + _NUMBER
    + ", 'stage', "
    + _STAGE
    + ")"
)
_THE_ORDER = "number = %(order)s"
_CLOSED_ID = 'order_id = (select id from "order" where number = %(closed)s)'
# One in two of every salesperson's customers: what waits for somebody fills a page in small books
# too, so that full ones show what must be passed over, and not a fuller page.
_SOME = "i / 12 %% 2 = 0"
# One row of what the closed order left behind.
_OF_CLOSED = "order_number = %(closed)s limit 1"
_ITS = 'order_id = (select id from "order" where number = %(order)s)'

COPIES: dict[str, list[Copy]] = {
    "orders": [
        Copy(
            "change_log",
            "entity_type = 'order' and entity_id = %(order)s limit 3",
            {"entity_id": _NUMBER},
        ),
        Copy(
            "customer_copy",
            'id = (select customer_id from "order" where number = %(order)s)',
            {
                "id": _CUSTOMER_ID,
                "code": "c.code",
                "view": "pattern.view || jsonb_build_object('id', c.id, 'code', c.code,"
                " 'name', c.name, 'region', c.region, 'salesperson_id', c.salesperson)",
            },
            of_customers=True,
        ),
        Copy(
            "order",
            _THE_ORDER,
            {
                "id": _id("order"),
                "number": _NUMBER,
                "stage": _STAGE,
                "customer_id": _CUSTOMER_ID,
                "customer_code": "c.code",
                "customer_name": "c.name",
                "region": "c.region",
                "salesperson_id": "c.salesperson",
                "clerk_id": "'clerk-' || i %% 9",
                "consignee_phone": "c.phone",
                "grams": "c.grams",
                "product_codes": "array[case when i %% 50 = 7 then %(product)s"
                " else 'BP-' || i %% 500 end]",
                "total": "100 + i * 7919 %% 100000",
                "goods_ready": _STAGE + " in ('confirmed', 'in_progress')",
                "created_at": _WHEN,
                "touched_at": _WHEN,
                "submitted_at": _WHEN,
                # Rare, but a page of them in small books too: a fuller page is no growth.
                # Past its confirmation an order is due on the customer's day.
                "confirmation_due_at": f"case when {_STAGE} in ('draft', 'in_review', 'approved')"
                f" then {_WHEN} end",
                "hold": "case when i %% 199 = 5 then jsonb_build_object('reason', 'other',"
                " 'note', null, 'by', 'clerk', 'by_name', '陈静', 'at', now()) end",
            },
        ),
        Copy(
            "order_line",
            _ITS,
            {
                "id": "md5('line' || i || '.' || pattern.line_no)::uuid",
                "order_id": _id("order"),
                # The product that is searched for stands in one order of fifty.
                "product_code": "case when i %% 50 = 7 then %(product)s else 'BP-' || i %% 500 end",
                "product_id": "case when i %% 50 = 7 then pattern.product_id"
                " else md5('product' || i %% 500)::uuid end",
            },
        ),
        Copy(
            "task",
            _CLOSED_ID + " limit 1",
            {
                "id": _id("task"),
                "order_id": _id("order"),
                "role": "'sales'",
                "person_id": "c.salesperson",
                "state": f"case when {_SOME} then 'open' else 'done' end",
                "due_at": _WHEN,
                "opened_at": _WHEN,
            },
            of_customers=True,
        ),
        Copy(
            "anomaly",
            _CLOSED_ID + " limit 1",
            {
                "id": _id("anomaly"),
                "order_id": _id("order"),
                "salesperson_id": "c.salesperson",
                "step": "i / 240 %% 4",
                "state": f"case when {_SOME} then 'open' else 'resolved' end",
                "raised_at": _WHEN,
            },
            of_customers=True,
        ),
        Copy(
            "price_scheme",
            "product_code = %(product)s limit 1",
            {
                "id": _id("scheme"),
                "code": "'BS-' || i",
                "product_id": _id("product"),
                "product_code": "'BP-' || i",
            },
            of_customers=True,
        ),
        Copy("gate", _ITS, {"order_id": _id("order")}),
        Copy(
            "confirmation",
            _ITS,
            {"id": _id("confirmation"), "order_id": _id("order"), "document": "'{}'"},
        ),
        Copy(
            "shipment_copy",
            _CLOSED_ID + " limit 1",
            {
                "id": _id("shipment"),
                "order_id": _id("order"),
                "number": "'BS' || lpad(i::text, 8, '0')",
                "state": _STATE,
                "view": "'{}'",
            },
        ),
        Copy(
            "money_copy",
            _ITS,
            {
                "order_id": _id("order"),
                "view": "pattern.view || jsonb_build_object('order_id', md5('order' || i)::uuid)",
            },
        ),
    ],
    "customers": [
        Copy(
            "customer",
            "id = (select customer_id from order_credit where order_number = %(order)s)",
            {
                "id": _CUSTOMER_ID,
                "code": "c.code",
                "name": "c.name",
                "phone": "c.phone",
                "phone_normal": "c.phone",
                "region": "c.region",
                "salesperson_id": "c.salesperson",
                "search_text": "c.search_text",
                "grams": "c.grams",
                "created_at": "now() - i * interval '30 minutes'",
            },
            of_customers=True,
        ),
        Copy(
            "credit_account",
            "id = (select customer_id from order_credit where order_number = %(order)s)",
            {"id": _CUSTOMER_ID},
            of_customers=True,
        ),
        Copy(
            "order_credit",
            "order_number = %(order)s",
            {
                "id": _id("order"),
                "customer_id": _CUSTOMER_ID,
                "order_number": _NUMBER,
                "receivable": "case when i %% 50 = 9 then 500 else 0 end",
                "verified": "case when i %% 50 = 9 then 200 else 0 end",
            },
        ),
        Copy(
            "shipment_copy",
            "order_id = (select id from order_credit where order_number = %(closed)s) limit 1",
            {
                "id": _id("shipment"),
                "order_id": _id("order"),
                "number": "'BS' || lpad(i::text, 8, '0')",
                "dispatched_at": _WHEN,
            },
        ),
        Copy(
            "credit_ledger",
            "order_id = (select id from order_credit where order_number = %(order)s) limit 1",
            {
                "customer_id": _CUSTOMER_ID,
                "order_id": _id("order"),
                "command_id": "'BL-' || i",
                "at": _WHEN,
            },
        ),
        Copy(
            "coupon",
            "order_number = %(order)s",
            {
                "customer_id": _CUSTOMER_ID,
                "order_id": _id("order"),
                "order_number": _NUMBER,
                "granted_at": _WHEN,
            },
        ),
        Copy(
            "contract",
            "true limit 1",
            {
                "id": _id("contract"),
                "number": "'BH' || lpad(i::text, 8, '0')",
                "customer_id": _CUSTOMER_ID,
                "state": "case when i %% 50 = 3 then 'draft' else 'signed' end",
                "drafted_at": _WHEN,
            },
            of_customers=True,
        ),
        Copy(
            "payment",
            "number = %(payment)s",
            {
                "id": _id("payment"),
                "number": "'BK' || lpad(i::text, 8, '0')",
                "customer_id": _CUSTOMER_ID,
                "customer_name": "c.name",
                "order_id": _id("order"),
                "order_number": _NUMBER,
                "state": "case when i %% 100 = 3 then 'claimed' else 'verified' end",
                "paid_at": _WHEN,
                "recorded_at": _WHEN,
            },
        ),
        Copy(
            "notice",
            _OF_CLOSED,
            {
                "id": _id("notice"),
                "number": "'BN' || lpad(i::text, 8, '0')",
                "customer_id": _CUSTOMER_ID,
                "customer_name": "c.name",
                "order_id": _id("order"),
                "order_number": _NUMBER,
                "state": "case when i %% 40 = 3 then 'drafted' when "
                + _SOME
                + " then 'sent' else pattern.state end",
                "salesperson_id": "c.salesperson",
                "drafted_at": _WHEN,
                "due_at": _WHEN,
            },
            of_customers=True,
        ),
        Copy(
            "invoice",
            _OF_CLOSED,
            {
                "id": _id("invoice"),
                "number": "'BI' || lpad(i::text, 8, '0')",
                "customer_id": _CUSTOMER_ID,
                "customer_name": "c.name",
                "order_id": _id("order"),
                "order_number": _NUMBER,
                "made_at": _WHEN,
            },
            of_customers=True,
        ),
    ],
    "shipping": [
        Copy(
            "order_copy",
            _THE_ORDER,
            {
                "order_id": _id("order"),
                "number": _NUMBER,
                "stage": _STAGE,
                "customer_id": _CUSTOMER_ID,
                "salesperson_id": "c.salesperson",
                "view": _VIEWED,
            },
        ),
        Copy(
            "shipment",
            "number = %(shipment)s",
            {
                "id": _id("shipment"),
                "number": "'BS' || lpad(i::text, 8, '0')",
                "order_id": _id("order"),
                "order_number": _NUMBER,
                "customer_id": _CUSTOMER_ID,
                "customer_code": "c.code",
                "customer_name": "c.name",
                "salesperson_id": "c.salesperson",
                "region": "c.region",
                "state": _STATE,
                "waybill": "'SF' || lpad(i::text, 9, '0')",
                "requested_at": _WHEN,
                "due_at": _WHEN,
            },
        ),
        Copy(
            "shipment_line",
            "shipment_id = (select id from shipment where number = %(shipment)s)",
            {
                "shipment_id": _id("shipment"),
                "line_id": "md5('line' || i || '.' || pattern.line_no)::uuid",
            },
        ),
        Copy(
            "obligation",
            "true limit 1",
            {
                "id": _id("obligation"),
                "shipment_id": _id("shipment"),
                "done_at": "case when i %% 20 <> 3 then now() end",
                "due_at": _WHEN,
            },
            of_customers=True,
        ),
        Copy(
            "quarantined_scan",
            "true limit 1",
            {
                "id": _id("scan"),
                "device_sequence": "i + 2",
                "received_at": _WHEN,
                "resolved_at": "case when i %% 20 <> 3 then now() end",
            },
            of_customers=True,
        ),
    ],
    "inventory": [
        Copy(
            "order_copy",
            _THE_ORDER,
            {
                "order_id": _id("order"),
                "number": _NUMBER,
                "stage": _STAGE,
                "salesperson_id": "c.salesperson",
                "view": _VIEWED,
            },
        ),
        Copy(
            "product",
            "code = %(product)s",
            {
                "id": "md5('product' || i)::uuid",
                "code": "'BP-' || i",
                "name": "pattern.name || i",
            },
            of_customers=True,
        ),
        Copy(
            "material",
            "code like 'M-%%' limit 1",
            {
                "id": "md5('material' || i)::uuid",
                "code": "c.material",
                "grams": "c.material_grams",
                "name": "pattern.name || i",
            },
            of_customers=True,
        ),
        Copy(
            "statement",
            "order_number = %(closed)s and kind = 'technique' limit 1",
            {
                "id": _id("statement"),
                "order_id": _id("order"),
                "order_number": _NUMBER,
                "customer_id": _CUSTOMER_ID,
                "verdict": f"case when {_STAGE} = 'in_review' then 'pending'"
                " else pattern.verdict end",
                "opened_at": _WHEN,
            },
            of_customers=True,
        ),
        Copy(
            "instruction",
            _OF_CLOSED,
            {
                "id": _id("instruction"),
                "number": "'BW' || lpad(i::text, 8, '0')",
                "order_id": _id("order"),
                "order_number": _NUMBER,
                "line_id": _id("line"),
                "drafted_at": _WHEN,
                # Like orders under way, some are still to be made, and late.
                "state": "case when i %% 33 = 3 then 'running' else pattern.state end",
                "production_due": f"({_WHEN})::date",
                "produced_quantity": "case when i %% 33 = 3 then 0 else pattern.produced_quantity"
                " end",
            },
            of_customers=True,
        ),
        Copy(
            "arrival",
            "true limit 1",
            {
                "id": _id("arrival"),
                "number": "'BA' || lpad(i::text, 8, '0')",
                "expected_on": f"({_WHEN})::date",
                "state": "case when i %% 50 = 3 then pattern.state else 'received' end",
            },
            of_customers=True,
        ),
        Copy(
            "transfer",
            "true limit 1",
            {
                "id": _id("transfer"),
                "number": "'BT' || lpad(i::text, 8, '0')",
                "order_number": _NUMBER,
                "state": "case when i %% 50 = 3 then pattern.state else 'received' end",
                "requested_at": _WHEN,
            },
            of_customers=True,
        ),
        Copy(
            "wish",
            "true limit 1",
            {
                "id": _id("wish"),
                "number": "'BV' || lpad(i::text, 8, '0')",
                "customer_id": _CUSTOMER_ID,
                "customer_name": "c.name",
                "state": "case when i %% 50 = 3 then pattern.state else 'met' end",
                "made_at": _WHEN,
            },
            of_customers=True,
        ),
        Copy(
            "production_report",
            "true limit 1",
            {
                "id": _id("report"),
                "instruction_id": _id("instruction"),
                "reported_on": f"({_WHEN})::date",
                "recorded_at": _WHEN,
            },
            of_customers=True,
        ),
    ],
    "aftersales": [
        Copy(
            "order_copy",
            _THE_ORDER,
            {
                "id": _id("order"),
                "number": _NUMBER,
                "customer_id": _CUSTOMER_ID,
                "view": _VIEWED,
            },
        ),
        Copy(
            "case",
            _OF_CLOSED,
            {
                "id": _id("case"),
                "number": "'BC' || lpad(i::text, 8, '0')",
                "order_id": _id("order"),
                "order_number": _NUMBER,
                "customer_id": _CUSTOMER_ID,
                "customer_name": "c.name",
                "salesperson_id": "c.salesperson",
                "grams": "c.grams",
                "state": "case when i %% 50 = 3 then pattern.state else 'closed' end",
                "opened_at": _WHEN,
            },
            of_customers=True,
        ),
        Copy(
            "visit",
            _OF_CLOSED,
            {
                "id": _id("visit"),
                "shipment_id": _id("shipment"),
                "order_id": _id("order"),
                "order_number": _NUMBER,
                "customer_id": _CUSTOMER_ID,
                "customer_name": "c.name",
                "salesperson_id": "c.salesperson",
                "state": "case when i %% 50 = 3 then 'planned' else 'done' end",
                "planned_on": f"({_WHEN})::date",
            },
            of_customers=True,
        ),
    ],
    "gateway": [
        Copy(
            "attachment",
            "order_number = %(closed)s limit 1",
            {"order_number": _NUMBER, "uploaded_at": _WHEN},
            of_customers=True,
        )
    ],
}


def _customers(count: int) -> str:
    """Give the rows of all customers, as COPY reads them."""
    rows = io.StringIO()
    writer = csv.writer(rows)
    for number in range(count):
        one = customer(number)
        found_by = [one["name"], one["phone"], one["code"]]
        marks = [_array(*found_by), _array(one["material"])]
        writer.writerow([*one.values(), search_text(found_by), *marks])
    return rows.getvalue()


def _array(*texts: str) -> str:
    return "{" + ",".join(f'"{gram}"' for gram in grams(*texts)) + "}"


def _write_customers(cursor: Any, rows: str) -> None:
    cursor.execute(
        "create temporary table book_customer (number int primary key, id uuid, code text,"
        " name text, phone text, region text, salesperson text, material text, search_text text,"
        " grams text[], material_grams text[]) on commit drop"
    )
    cursor.copy_expert(
        "copy book_customer (number, code, name, phone, region, salesperson, material,"
        " search_text, grams, material_grams) from stdin csv",
        io.StringIO(rows),
    )
    cursor.execute("update book_customer set id = md5('customer' || number)::uuid")
