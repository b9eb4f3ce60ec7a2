"""Examples of every event of every service, made as the services make them.

Each `…_story` walks an aggregate through its life by its own business verbs and yields the
events they return. An event is written as an envelope at the moment it is yielded, by the
schema its service announces it with, so that it shows the aggregate as it stood then.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import UUID

from marshmallow import Schema

from chassis.events import Event
from services.aftersales.domain.events import CaseEvent
from services.aftersales.schemas.views import EVENTS as AFTERSALES
from services.customers.domain import events as customers
from services.customers.domain.grade import Grade
from services.customers.domain.invoice import CreditNote, Invoice
from services.customers.domain.notice import Notice
from services.customers.domain.payment import Payment
from services.customers.domain.words import NoticeKind, PaymentMethod
from services.customers.schemas.facts import EVENTS as CUSTOMERS
from services.inventory.domain import events as inventory
from services.inventory.domain.arrival import Arrival
from services.inventory.domain.instruction import ITEMS, AbnormalClass, Instruction, Signed
from services.inventory.domain.lifecycle import StatementKind
from services.inventory.domain.lifecycle import Verdict as Stated
from services.inventory.domain.order import LineCopy
from services.inventory.domain.product import Supply
from services.inventory.domain.statement import Basis, Signature
from services.inventory.domain.wish import Wish
from services.inventory.schemas.events import EVENTS as INVENTORY
from services.orders.domain import events as orders
from services.orders.domain.anomaly import Anomaly, AnomalyClass, Priority, Topic
from services.orders.domain.confirmation import SignBack
from services.orders.domain.lifecycle import Verdict
from services.orders.domain.order import Order
from services.orders.schemas.announced import EVENTS as ORDERS
from services.shipping.domain import events as shipping
from services.shipping.domain.batch import Batch, BatchKind
from services.shipping.domain.lifecycle import ScanKind, ShipmentState
from services.shipping.domain.quarantine import quarantined
from services.shipping.domain.scan import ScanFacts
from services.shipping.domain.shipment import Departure, Received
from services.shipping.schemas.events import EVENTS as SHIPPING
from tests import builders as story
from tests.builders import NOW, TODAY, kept

EVENTS: Mapping[str, Mapping[type[Event], Schema]] = {
    "orders": ORDERS,
    "customers": CUSTOMERS,
    "inventory": INVENTORY,
    "shipping": SHIPPING,
    "aftersales": AFTERSALES,
}

PLANNER = Signed("p-planner", "郑生产", NOW)
INSPECTOR = Signed("p-inspector", "冯质检", NOW)
CLERK = Signed(story.CLERK.person_id, story.CLERK.name, NOW)
RELEASED_BY = (story.FINANCE.person_id, story.FINANCE.name)
BATCH = Batch(TODAY, BatchKind.MORNING)
DEPARTURE = Departure("F261123-000001", TODAY + timedelta(days=3), "广州货运站")
ALLOWED = {"allowed": True, "grade": "B", "paid_at": NOW.isoformat()}

Story = Iterator[Event]


# -- orders --------------------------------------------------------------------------------------


def order_story() -> Story:
    """From the memo by phone to the closed order, and opened again."""
    memo = story.a_memo()
    yield memo.take_memo(story.CLERK)
    yield memo.draft(story.customer_view())
    yield story.a_draft().change()

    order = story.an_order_in_review()
    yield orders.OrderSubmitted(order)
    yield from _approve(order)
    yield _send(order)
    yield order.reject_sign_back(_returned_copy(order, why="印章不清"))
    yield order.verify_sign_back(_returned_copy(order), NOW)
    yield from order.start(NOW)
    yield orders.DatesSlid(order)
    yield order.hand_over("p-sales-2", "钱进")
    line = order.lines[0]
    line.production, line.accepted_quantity = "stocked", story.ACCEPTED
    line.shipped_quantity = line.signed_quantity = story.ACCEPTED
    yield from order.fulfil_if_served(NOW)
    yield order.close(NOW)
    yield order.reopen()


def grade_a_order_story() -> Story:
    """Confirmed by grade, the owed copy verified later, held, resumed, and short-closed."""
    order = story.an_order_in_review(Grade.A)
    yield from _approve(order)
    yield _send(order)
    yield order.confirm_by_grade("A", NOW)
    yield order.verify_sign_back(_returned_copy(order), NOW)
    yield order.put_on_hold(story.SUPERVISOR, reason="payment", note="待款", now=NOW)
    yield from order.resume(NOW)
    yield from order.start(NOW)
    yield from order.short_close(1, NOW, shipments=())


def stopped_orders_story() -> Story:
    """Returned to draft, expired, cancelled from where little is known, and an anomaly."""
    order = story.an_order_in_review(Grade.C, Supply.STOCK)
    yield order.return_to_draft("数量有误", TODAY, NOW)
    yield order.expire(TODAY, NOW)
    yield order.request_cancel()
    yield from order.refuse_cancel(NOW)
    anomaly = Anomaly(
        id=UUID(int=20),
        order_id=order.id,
        salesperson_id=order.salesperson_id,
        cause=AnomalyClass.LOGISTICS,
        topic=Topic.DELAY,
        priority=Priority.URGENT,
        text="车辆故障",
        raised_by=story.CLERK.person_id,
        raised_at=NOW,
        escalates_at=NOW + timedelta(hours=1),
    )
    yield orders.AnomalyRaised(order, anomaly)

    memo = story.a_memo()  # no customer, no lines: what a listener must also be able to read
    yield memo.request_cancel()
    yield memo.cancel(TODAY, NOW)


def past_order_story() -> Story:
    """An order of the old books, with as little as those may have."""
    order = story.a_draft()
    order.imported, order.past_reference = True, "10248"
    order.consignee_phone = order.consignee_address = order.delivery_method = None
    yield orders.PastOrderRecorded(order, fulfilled=True)


def _approve(order: Order) -> Story:
    for gate in order.gates:
        gate.sign(
            Verdict.PASSED,
            signer_id=story.SUPERVISOR.person_id,
            signer_name=story.SUPERVISOR.name,
            at=NOW,
            text="同意",
        )
    order.base_production_due = story.DUE
    yield from order.settle_gates(NOW)


def _send(order: Order) -> Event:
    return order.send_confirmation(
        id=UUID(int=21),
        document=story.order_view(order),
        grade=order.grade or "",
        sent_on=TODAY,
        now=NOW,
        sending={"channel": "fax", "recipient": "李小姐", "received_clearly": True},
    )


def _returned_copy(order: Order, why: str | None = None) -> SignBack:
    return SignBack(
        id=UUID(int=22),
        arrived_on=TODAY,
        channel="fax",
        signatory="李小姐",
        seal_code=None,
        attachment=None,
        accepted=why is None,
        why=why,
        judged_by=story.CLERK.person_id,
        judged_at=NOW,
    )


# -- customers -----------------------------------------------------------------------------------


def customer_story() -> Story:
    """A customer of each grade; C is new."""
    for grade in Grade:
        yield customers.CustomerChanged(story.a_customer(grade))
    account = story.an_account()
    account.mark_stop(True, NOW)
    yield customers.CreditStopChanged(account)


def payment_story() -> Story:
    """Claimed and rejected, claimed and verified, reversed; for an order and for none."""
    money = story.an_order_credit()
    for order in (money, None):
        payment, claimed = Payment.claim(
            "K261123-000001",
            customer_id=story.CUSTOMER_IDS[Grade.B],
            customer_name="晨光印刷有限公司",
            order=order,
            amount=Decimal("3750.00"),
            method=PaymentMethod.BANK_TRANSFER,
            paid_at=NOW,
            now=NOW,
            by=(story.CLERK.person_id, story.CLERK.name),
        )
        kept(payment)
        yield claimed
        yield payment.verify(NOW, story.FINANCE.name, order)
        yield payment.reverse(NOW, story.FINANCE.name, order, why="退票")
        yield customers.PaymentRejected(payment, order)
    yield customers.OrderMoneyChanged(money)


def paper_story() -> Story:
    """A balance notice, an invoice and a credit note."""
    money = story.an_order_credit()
    notice, made = Notice.draft(
        "N261123-000001",
        NoticeKind.BALANCE,
        money,
        customer_name="晨光印刷有限公司",
        salesperson_id=None,
        amount=Decimal("8500.00"),
        money_needed=Decimal("12250.00"),
        worth=Decimal("12250.00"),
        lines=[],
        now=NOW,
    )
    kept(notice)
    yield made
    money.receivable = Decimal("12250.00")
    invoice, invoiced = Invoice.make(
        "I261123-000001",
        money,
        customer_name="晨光印刷有限公司",
        tax_number="",
        vat_percent=Decimal(13),
        paper_number="",
        now=NOW,
        by=story.FINANCE.name,
    )
    kept(invoice)
    yield invoiced
    note, credited = CreditNote.make(
        "R261123-000001",
        money,
        case_id=UUID(int=8),
        case_number="A261123-000001",
        amount=Decimal("62.50"),
        now=NOW,
    )
    kept(note)
    yield credited


# -- inventory -----------------------------------------------------------------------------------


def goods_story() -> Story:
    """A product, its arrival, and the wish that it meets."""
    yield inventory.ProductChanged(story.a_product())
    arrival = kept(
        Arrival(
            arrival_id=UUID(int=30),
            number="R261123-000001",
            product_id=story.PRODUCT_ID,
            material_id=None,
            store_code="MAIN",
            quantity=Decimal(50),
            expected_on=TODAY,
            supplier="",
            note="",
            created_at=NOW,
        )
    )
    arrival.receive(Decimal(50), by=PLANNER.name, at=NOW)
    yield inventory.GoodsArrived(arrival)
    wish = kept(
        Wish(
            wish_id=UUID(int=31),
            number="W261123-000001",
            product_id=story.PRODUCT_ID,
            quantity=Decimal(5),
            customer_id=None,
            customer_name="晨光印刷",
            note="",
            made_at=NOW,
            made_by=CLERK.name,
            made_by_id=CLERK.person_id,
        )
    )
    wish.meet(NOW)
    yield inventory.WishMet(wish)


def statement_story() -> Story:
    """Technique, material short and then there, schedule."""
    signature = Signature("p-technician", "何技术", NOW, TODAY, "已核实")
    technique = story.a_statement(StatementKind.TECHNIQUE)
    yield technique.sign_technique(
        signature, verdict=Stated.PASSED, basis=Basis.CURRENT_RECIPE, reference=None
    )
    material = story.a_statement(StatementKind.MATERIAL)
    yield material.sign_material(
        signature, verdict=Stated.SHORT, figures={}, material_date=story.DUE
    )
    yield material.sign_material(signature, verdict=Stated.PASSED, figures={})
    schedule = story.a_statement(StatementKind.SCHEDULE)
    yield schedule.sign_schedule(
        signature, due_by_line={story.LINE_ID: story.DUE}, figures={}, not_before=None
    )


def making_story() -> Story:
    """From the drafted instruction to goods in stock, 2 % under."""
    made = story.an_instruction()
    yield made.drafted()
    yield from _issue(made)
    yield made.start(PLANNER, today=TODAY)
    yield made.mark_abnormal(PLANNER, kind=AbnormalClass.EQUIPMENT, reason="断刀", measure="换刀")
    yield made.resume()
    made.count(produced=story.ACCEPTED, scrap=Decimal(5))
    yield inventory.ProductionReported(made, TODAY, story.ACCEPTED)
    yield made.finish(PLANNER)
    yield made.inspect(
        INSPECTOR,
        passed=story.ACCEPTED,
        rework=Decimal(0),
        rejected=Decimal(0),
        standard="出厂标准",
        note=None,
    )
    yield made.countersign(CLERK)
    yield made.stock_in(INSPECTOR, accepted=story.ACCEPTED, order_complete=True)
    yield inventory.FreeGoodsStocked(made)


def stopped_making_story() -> Story:
    """An issued instruction stopped with its order."""
    made = story.an_instruction()
    yield from _issue(made)
    cancelled = made.stop(PLANNER, reason="customer_request")
    assert cancelled is not None
    yield cancelled


def _issue(made: Instruction) -> Story:
    line = story.order_view(story.an_order_in_review())["lines"][0]
    yield made.issue(
        CLERK, line=LineCopy(line), production_due=story.DUE, packing=None, special_rules=None
    )
    yield made.accept(PLANNER, acknowledged=list(ITEMS))


# -- shipping ------------------------------------------------------------------------------------


def shipment_story() -> Story:
    """From the dispatch request to the signed receipt."""
    shipment = story.a_shipment()
    yield shipping.DispatchRequested(shipment)
    yield from shipment.release(verdict=ALLOWED, batch=BATCH, person=RELEASED_BY, now=NOW)
    yield from shipment.withdraw_release(NOW)
    yield from shipment.release(verdict=ALLOWED, batch=BATCH, person=RELEASED_BY, now=NOW)
    yield from shipment.check(story.READ_BACK, person=("p-assistant", "林跟单"), now=NOW)
    shipment.make_parcels(2)
    yield from shipment.hand(story.READ_BACK, person=("p-dispatcher", "赵发货"), now=NOW)
    for state in (
        ShipmentState.PACKED,
        ShipmentState.DISPATCHED,
        ShipmentState.IN_TRANSIT,
        ShipmentState.ARRIVED,
        ShipmentState.SIGNED,
    ):
        yield from shipment.report(state, now=NOW, departure=DEPARTURE)
    shipment.enter_receipt(
        signer="李小姐", received=[Received(1, story.ACCEPTED, Decimal(0))], damage=None, now=NOW
    )
    yield shipping.ReceiptRecorded(shipment)


def lost_shipments_story() -> Story:
    """A cancelled shipment, one that met an exception, and scans that moved nothing."""
    shipment = story.a_shipment()
    scan = ScanFacts(UUID(int=40), "PDA-1", 1, NOW, "S261123-000001-1", ScanKind.DISPATCH, NOW)
    yield shipping.ScanRejected(shipment, scan, "illegal_move")
    yield from shipment.cancel(NOW)
    yield shipping.ParcelUnknown(kept(quarantined(scan, misread=True)))

    gone = story.a_shipment()
    gone.release(verdict=ALLOWED, batch=BATCH, person=RELEASED_BY, now=NOW)
    gone.check(story.READ_BACK, person=("p-assistant", "林跟单"), now=NOW)
    gone.make_parcels(1)
    gone.hand(story.READ_BACK, person=("p-dispatcher", "赵发货"), now=NOW)
    gone.report(ShipmentState.DISPATCHED, now=NOW, departure=DEPARTURE)
    yield from gone.fail(ShipmentState.LOST, "承运商丢件", NOW)


# -- after-sales ---------------------------------------------------------------------------------


def case_story() -> Iterator[CaseEvent]:
    """Five rolls come back: three restocked, two scrapped, the refund settled."""
    case = story.a_case()
    yield case.open()
    case.acknowledge(NOW)
    case.authorise(by=story.SUPERVISOR.name, decision="同意")
    case.await_goods("杭州仓库")
    yield case.receive({}, NOW)
    yield case.inspect(
        {1: {"restock": Decimal(3), "scrap": Decimal(2)}}, {1: "纸边破损"}, by=INSPECTOR.name
    )
    yield case.settle(Decimal("62.50"), by=story.FINANCE.name)
    yield case.close(NOW)


STORIES: Mapping[str, tuple[Any, ...]] = {
    "orders": (order_story, grade_a_order_story, stopped_orders_story, past_order_story),
    "customers": (customer_story, payment_story, paper_story),
    "inventory": (goods_story, statement_story, making_story, stopped_making_story),
    "shipping": (shipment_story, lost_shipments_story),
    "aftersales": (case_story,),
}


def envelopes(source: str) -> Iterator[bytes]:
    """Give every event of a service's stories as the relay sends it."""
    for number, event in enumerate(chain.from_iterable(tell() for tell in STORIES[source]), 1):
        aggregate = event.aggregate
        yield json.dumps(
            {
                "name": event.name,
                "schema_version": event.schema_version,
                "message_id": str(UUID(int=number)),
                "source": source,
                "occurred_at": NOW.isoformat(),
                "business_at": NOW.isoformat(),
                "aggregate": {
                    "type": aggregate.aggregate_type,
                    "id": str(aggregate.id),
                    "sequence": number,
                },
                "principal": {"person_id": story.CLERK.person_id, "name": story.CLERK.name},
                "data": EVENTS[source][type(event)].dump(event),
            },
            ensure_ascii=False,
        ).encode()
