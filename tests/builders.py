"""The story that tests tell: one customer of each grade, one product, one price.

A paper house sells 1,000 rolls of thermal paper at 12.50 to 晨光印刷, grade B. Every builder
gives a domain object at the beginning of its life, as its service makes it; a test changes only
what matters to it. Nothing here touches a database: `kept` stands in for the first flush.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from chassis.mapping import Versioned
from chassis.principal import Principal
from services.aftersales.domain.case import Case, CaseLine
from services.aftersales.domain.lifecycle import CaseKind
from services.customers.domain.credit import CreditAccount, OrderCredit
from services.customers.domain.customer import Customer
from services.customers.domain.events import CustomerChanged
from services.customers.domain.grade import Grade, Terms
from services.customers.schemas.facts import EVENTS as CUSTOMER_EVENTS
from services.inventory.domain.events import ProductChanged
from services.inventory.domain.instruction import Instruction
from services.inventory.domain.lifecycle import StatementKind
from services.inventory.domain.order import LineCopy
from services.inventory.domain.product import Product, Supply
from services.inventory.domain.statement import Statement
from services.inventory.schemas.events import EVENTS as INVENTORY_EVENTS
from services.orders.domain.line import OrderLine
from services.orders.domain.order import Order
from services.orders.domain.review import renew_gates
from services.orders.schemas import views as orders_views
from services.shipping.domain.lifecycle import ShipmentState
from services.shipping.domain.shipment import ReadBack, Shipment, ShipmentLine

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DUE = TODAY + timedelta(days=8)

PRICE = Decimal("12.500000")
ORDERED = Decimal(1000)
ACCEPTED = Decimal(980)  # 2 % under, within the tolerance of 3 %
WORTH = Decimal("12500.00")

CLERK = Principal("p-clerk", "陈开单", frozenset({"clerk"}))
SALES = Principal("p-sales", "王销售", frozenset({"sales"}))
SUPERVISOR = Principal("p-supervisor", "周主管", frozenset({"supervisor"}))
FINANCE = Principal("p-finance", "钱财务", frozenset({"finance"}))

CUSTOMER_IDS = {Grade.A: UUID(int=0xA), Grade.B: UUID(int=0xB), Grade.C: UUID(int=0xC)}
PRODUCT_ID, ORDER_ID, LINE_ID = UUID(int=1), UUID(int=2), UUID(int=3)
ORDER_NUMBER = "D261123-000001"

CONSIGNEE = {
    "consignee_name": "李小姐",
    "consignee_phone": "13800000000",
    "consignee_address": "杭州市西湖区文三路1号",
}
READ_BACK = ReadBack(
    CONSIGNEE["consignee_name"],
    CONSIGNEE["consignee_phone"],
    CONSIGNEE["consignee_address"],
    {1: ACCEPTED},
)


Row = TypeVar("Row", bound=Versioned)


def kept(row: Row, version: int = 1) -> Row:
    """Give `row` the version that the database would have given it."""
    row.version = version
    return row


# -- masters -------------------------------------------------------------------------------------


def a_customer(grade: Grade = Grade.B) -> Customer:
    """Give 晨光印刷, assessed as `grade`; a new customer is C."""
    customer, _ = Customer.register(
        CUSTOMER_IDS[grade],
        f"CG-{grade}",
        name="晨光印刷有限公司",
        short_name="晨光印刷",
        now=NOW,
        by=(FINANCE.person_id, FINANCE.name),
        region="华东",
        salesperson_id=SALES.person_id,
        salesperson_name=SALES.name,
        phone=CONSIGNEE["consignee_phone"],
        contacts=[{"name": "李小姐", "phone": CONSIGNEE["consignee_phone"], "may_sign": True}],
        seals=[{"code": "合同章"}],
        addresses=[{"address": CONSIGNEE["consignee_address"], "is_default": True}],
    )
    if grade is not Grade.C:
        by = (FINANCE.person_id, FINANCE.name)
        customer.assess(grade, NOW, by, reason="other", note="年度评定")
    return kept(customer)


def customer_view(grade: Grade = Grade.B) -> dict[str, Any]:
    """Give the customer as orders keeps it, by the customers service's own event."""
    view: dict[str, Any] = CUSTOMER_EVENTS[CustomerChanged].dump(
        CustomerChanged(a_customer(grade))
    )["customer"]
    return view


def a_product(supply: Supply = Supply.MAKE) -> Product:
    """Give the thermal paper."""
    return kept(
        Product(
            product_id=PRODUCT_ID,
            created_at=NOW,
            facts={
                "code": "PAPER-80",
                "name": "热敏收银纸",
                "spec": "80×80mm",
                "category": "卷纸",
                "unit": "卷",
                "unit_decimals": 0,
                "default_supply": supply,
                "tolerance_over": Decimal(3),
                "tolerance_under": Decimal(3),
                "packing": "50卷/箱",
                "standard": "无破损、无卷边",
            },
        )
    )


def product_view(supply: Supply = Supply.MAKE) -> dict[str, Any]:
    """Give the product as orders keeps it, by inventory's own event."""
    view: dict[str, Any] = INVENTORY_EVENTS[ProductChanged].dump(ProductChanged(a_product(supply)))[
        "product"
    ]
    return view


# -- orders --------------------------------------------------------------------------------------


def a_memo() -> Order:
    """Give a memo: a wish by phone, the customer not yet known."""
    return kept(
        Order(
            id=ORDER_ID,
            number=ORDER_NUMBER,
            clerk=CLERK,
            now=NOW,
            channel="phone",
            asked_by="李小姐",
            asked_at=NOW,
            currency="CNY",
            reply_by=NOW + timedelta(hours=2),
            wish="收银纸一千卷",
        )
    )


def a_draft(grade: Grade = Grade.B, supply: Supply = Supply.MAKE) -> Order:
    """Give a whole draft, its key data checked a second time."""
    order = a_memo()
    order.draft(customer_view(grade))
    order.fill_in(
        {
            **CONSIGNEE,
            "order_type": "ship",
            "delivery_method": "door",
            "base_customer_due": DUE + timedelta(days=2),
            "special_requirements": "无",
        },
        NOW,
    )
    line = OrderLine(
        id=LINE_ID, line_no=1, product=product_view(supply), quantity=ORDERED, unit_price=PRICE
    )
    order.replace_lines([line], NOW)
    order.scheme_total = order.total
    order.check_key_data(SUPERVISOR, NOW)
    return order


def an_order_in_review(grade: Grade = Grade.B, supply: Supply = Supply.MAKE) -> Order:
    """Give the submitted order, its gates open and unsigned."""
    order = a_draft(grade, supply)
    order.revision = 1
    renew_gates(order, NOW)
    order.submit(NOW)
    return order


def order_view(order: Order) -> dict[str, Any]:
    """Give the public view that every event of the order carries."""
    return orders_views.order(order, TODAY)


# -- making --------------------------------------------------------------------------------------


def an_instruction() -> Instruction:
    """Give the works instruction as drafted for the order's one line."""
    line = order_view(an_order_in_review())["lines"][0]
    return kept(
        Instruction(
            instruction_id=UUID(int=4),
            number="P261123-000001",
            order_id=ORDER_ID,
            order_number=ORDER_NUMBER,
            line=LineCopy(line | {"production_due": DUE.isoformat()}),
            drafted_at=NOW,
        )
    )


def a_statement(kind: StatementKind) -> Statement:
    """Give the unsigned statement on the order's made line."""
    return kept(
        Statement(
            statement_id=UUID(int=5),
            order_id=ORDER_ID,
            order_number=ORDER_NUMBER,
            customer_id=CUSTOMER_IDS[Grade.B],
            kind=kind,
            revision=1,
            lines=[{"line_id": str(LINE_ID), "line_no": 1, "production_due": None}],
            opened_at=NOW,
        )
    )


# -- money ---------------------------------------------------------------------------------------


def an_account(grade: Grade = Grade.B) -> CreditAccount:
    """Give the customer's credit account, nothing held."""
    return kept(CreditAccount.open(CUSTOMER_IDS[grade]))


def an_order_credit(grade: Grade = Grade.B) -> OrderCredit:
    """Give the order's row in the account, 30 % deposit due."""
    credit = OrderCredit.open(ORDER_ID, ORDER_NUMBER, CUSTOMER_IDS[grade], WORTH)
    credit.grade, credit.terms = grade, Terms.DEPOSIT_AND_BALANCE
    credit.deposit_percent, credit.deposit_due = Decimal(30), Decimal("3750.00")
    return kept(credit)


# -- shipping and after-sales --------------------------------------------------------------------


def a_shipment(grade: Grade = Grade.B) -> Shipment:
    """Give the dispatch request for all that was accepted."""
    return kept(
        Shipment(
            id=UUID(int=6),
            sequence=0,
            number="S261123-000001",
            order_id=ORDER_ID,
            order_number=ORDER_NUMBER,
            customer_id=CUSTOMER_IDS[grade],
            customer_code=f"CG-{grade}",
            customer_name="晨光印刷有限公司",
            salesperson_id=SALES.person_id,
            state=ShipmentState.REQUESTED,
            emergency=False,
            due_at=NOW + timedelta(days=3),
            requested_at=NOW,
            requested_by=CLERK.person_id,
            requester_name=CLERK.name,
            **CONSIGNEE,
            delivery_method="door",
            lines=[
                ShipmentLine(
                    line_no=1,
                    line_id=LINE_ID,
                    product_id=PRODUCT_ID,
                    product_code="PAPER-80",
                    product_name="热敏收银纸",
                    unit_decimals=0,
                    quantity=ACCEPTED,
                )
            ],
            parcels=[],
        )
    )


def a_case() -> Case:
    """Give the return of five rolls."""
    line = CaseLine(
        id=UUID(int=7),
        line_id=LINE_ID,
        line_no=1,
        product_id=PRODUCT_ID,
        product_code="PAPER-80",
        product_name="热敏收银纸",
        unit="卷",
        unit_decimals=0,
        quantity=Decimal(5),
        sold_for=Decimal("62.50"),
    )
    return kept(
        Case(
            id=UUID(int=8),
            number="A261123-000001",
            kind=CaseKind.RETURN,
            order_id=ORDER_ID,
            order_number=ORDER_NUMBER,
            customer_id=CUSTOMER_IDS[Grade.B],
            customer_name="晨光印刷有限公司",
            salesperson_id=SALES.person_id,
            grams=[],
            wish="纸边破损",
            lines=[line],
            opened_by=CLERK.name,
            opened_at=NOW,
            answer_due_at=NOW + timedelta(hours=24),
        )
    )
