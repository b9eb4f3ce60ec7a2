"""The slide, promises, tolerance, short close; the ladder of anomalies (O30)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from chassis.principal import Principal
from services.orders.domain.anomaly import LADDER, Anomaly, AnomalyClass, Priority, Topic
from services.orders.domain.confirmation import SignBack
from services.orders.domain.errors import AcceptedNotShipped, ConsentMissing, DateTooEarly
from services.orders.domain.lifecycle import Stage
from services.orders.domain.order import Order
from services.orders.domain.review import return_order
from tests.unit.orders.story import (
    CLERK,
    LABEL,
    NOW,
    TODAY,
    draft,
    line,
    passed_kinds,
    resubmitted,
)
from tests.unit.orders.story import submitted as in_review

SALES = Principal("sales-1", "Wang Wei", frozenset({"sales"}))
OTHER_SALES = Principal("sales-2", "Zhao Min", frozenset({"sales"}))
MADE, PROMISED = date(2026, 12, 20), date(2026, 12, 31)


def day(days: int) -> date:
    return TODAY + timedelta(days=days)


def sent(grade: str = "B", *, working: dict[str, Any] | None = None) -> Order:
    order = in_review(passed=True)
    order.set_production_due({}, MADE, TODAY)
    order.send_confirmation(
        id=uuid4(),
        document={},
        grade=grade,
        sent_on=TODAY,
        now=NOW,
        sending={},
        slide_calendar=working,
    )
    return order


def arrives(order: Order, on: date) -> None:
    assert order.confirmation is not None
    copy = SignBack(
        id=uuid4(),
        confirmation_id=order.confirmation.id,
        arrived_on=on,
        channel="fax",
        accepted=True,
        judged_by="Li Na",
        judged_at=NOW,
    )
    order.verify_sign_back(copy, NOW)


@pytest.mark.parametrize(("grade", "slid"), [("A", 0), ("B", 3), ("C", 3)])
def test_dates_slide_for_b_and_c_by_the_grade_at_sending(grade: str, slid: int) -> None:
    order = sent(grade)
    order.grade = "B"  # what the customer became since does not count
    assert order.production_due(day(3)) == MADE + timedelta(days=slid)
    assert order.customer_due(day(3)) == PROMISED + timedelta(days=slid)
    assert order.line_production_due(order.lines[0], day(3)) == MADE + timedelta(days=slid)
    assert order.slide_days(day(-1)) == 0


def test_the_slide_freezes_at_the_arrival_of_the_copy_not_at_its_verification() -> None:
    order = sent()
    arrives(order, day(2))
    assert order.slide_days(day(9)) == 2


def test_the_slide_counts_working_days_where_it_was_set_so() -> None:
    order = sent(working={})  # on a Monday
    assert [order.slide_days(day(n)) for n in (0, 4, 5, 6, 7)] == [0, 4, 4, 4, 5]


def test_the_slide_in_working_days_goes_by_the_calendar_that_was_entered() -> None:
    """X9: the Wednesday is off, the Saturday is worked for it."""
    entered = {"2026": {day(2).isoformat(): False, day(5).isoformat(): True}}
    order = sent(working=entered)
    assert [order.slide_days(day(n)) for n in (1, 2, 3, 4, 5, 6, 7)] == [1, 1, 2, 3, 4, 4, 5]


def test_a_new_version_starts_from_the_slid_dates_and_no_gate_opens_for_that() -> None:
    order = sent()
    return_order(order, "customer_request", day(2), NOW)
    assert order.customer_due(day(9)) == PROMISED + timedelta(days=2)
    assert order.line_production_due(order.lines[0], day(9)) == MADE + timedelta(days=2)

    resubmitted(order)

    assert len(passed_kinds(order)) == 6


def test_an_expired_order_loses_its_gates_and_production_dates() -> None:
    order = sent()
    order.expire(day(14), NOW)
    assert (order.stage, order.gates, order.holds_anything) == (Stage.DRAFT, [], False)
    assert order.production_due(day(14)) is None
    assert order.customer_due(day(14)) == PROMISED + timedelta(days=14)


def test_a_promised_date_is_the_date_said_also_after_a_slide() -> None:
    order = sent()
    order.promise(date(2027, 1, 10), by=CLERK, consent_by="Wang Wei", today=day(3), now=NOW)
    assert order.customer_due(day(3)) == date(2027, 1, 10)


def test_a_later_promise_needs_consent_and_none_is_before_production() -> None:
    order = sent()

    def promise(by: Principal, customer_due: date, consent_by: str | None = None) -> None:
        order.promise(customer_due, by=by, consent_by=consent_by, today=TODAY, now=NOW)

    later = PROMISED + timedelta(days=1)
    assert (order.salesperson_id, order.salesperson_name) == ("sales-1", "Wang Wei")
    for by, named in ((CLERK, None), (CLERK, "x"), (OTHER_SALES, None), (OTHER_SALES, "Zhao Min")):
        with pytest.raises(ConsentMissing) as refused:
            promise(by, later, named)
        assert refused.value.details["whose"] == "Wang Wei"
    promise(CLERK, MADE)
    with pytest.raises(DateTooEarly):
        promise(CLERK, MADE - timedelta(days=1))
    promise(CLERK, later, "Wang Wei")
    promise(SALES, later + timedelta(days=1))

    order.hand_over(None, None)
    with pytest.raises(ConsentMissing):
        promise(CLERK, later + timedelta(days=2))
    promise(CLERK, later + timedelta(days=2), "王伟")
    assert order.customer_due(TODAY) == later + timedelta(days=2)


def test_each_line_has_its_planners_date_and_the_order_the_latest() -> None:
    order = draft(line(1), line(2), line(3, product=LABEL))
    first = order.lines[0].id
    order.set_production_due({first: date(2026, 12, 10)}, MADE, TODAY)
    assert [order.line_production_due(each, TODAY) for each in order.lines] == [
        date(2026, 12, 10),
        MADE,
        None,
    ]
    assert order.production_due(TODAY) == MADE


def test_no_production_date_is_left_of_lines_that_come_from_stock_now() -> None:
    """Nobody could sign another: stock lines have no schedule."""
    order = draft(line(1))
    order.set_production_due({}, MADE, TODAY)

    order.replace_lines([line(1, product=LABEL)], NOW)
    order.base_customer_due = MADE - timedelta(days=1)

    assert order.production_due(TODAY) is None
    order.guard_dates()


def test_credit_is_held_at_the_upper_tolerance_of_made_lines_only() -> None:
    order = draft(line(1, "1000"), line(2, "1000", product=LABEL))
    assert (order.total, order.credit_amount) == (Decimal("2000.00"), Decimal("2030.00"))
    odd = line(quantity="33")  # 33.99 pieces are 33
    assert odd.amount_at_upper_tolerance == Decimal("33.00")


def test_a_made_line_is_served_in_its_accepted_quantity_once_stocked() -> None:
    made = line(quantity="1000")
    made.accepted_quantity, made.signed_quantity = Decimal(980), Decimal(980)
    served = [made.is_served]
    made.production = "stocked"
    served.append(made.is_served)
    assert served == [False, True]


def test_a_stock_line_is_served_in_its_ordered_quantity_or_short_closed() -> None:
    stock = line(quantity="10", product=LABEL)
    stock.signed_quantity = Decimal(9)
    served = [stock.is_served]
    stock.short_closed = True
    served.append(stock.is_served)
    assert served == [False, True]


def test_what_was_accepted_is_not_given_away_with_the_rest_that_is_still_to_be_made() -> None:
    """800 of 1000 are in stock by consent, and a further instruction is drafted."""
    order = in_review(passed=True)
    order.stage = Stage.AWAITING_RETURN
    order.stage = Stage.CONFIRMED
    order.start(NOW)
    made = order.lines[0]
    made.accepted_quantity, made.production = Decimal(800), "draft"

    with pytest.raises(AcceptedNotShipped) as refused:
        order.short_close(1, NOW, shipments=())
    assert (refused.value.details["quantity"], made.short_closed) == ("800", False)

    made.shipped_quantity = made.signed_quantity = Decimal(800)
    order.short_close(1, NOW, shipments=())

    assert order.stage is Stage.FULFILLED


def test_short_closing_the_last_open_line_fulfils_the_order() -> None:
    order = draft(line(1, product=LABEL), line(2, product=LABEL))
    order.__dict__["stage"] = Stage.IN_PROGRESS
    order.lines[0].signed_quantity = order.lines[0].quantity
    assert order.fulfil_if_served(NOW) == []
    happened = order.short_close(2, NOW, shipments=())
    assert [type(event).__name__ for event in happened] == ["LineShortClosed", "OrderFulfilled"]
    assert order.stage is Stage.FULFILLED


def anomaly(cause: AnomalyClass, salesperson_id: str | None = "sales-1", **who: str) -> Anomaly:
    return Anomaly(
        id=uuid4(),
        order_id=uuid4(),
        salesperson_id=salesperson_id,
        cause=cause,
        topic=Topic.DELAY,
        priority=Priority.NORMAL,
        text="late",
        raised_by="Li Na",
        raised_at=NOW,
        escalates_at=NOW,
        **who,
    )


def test_an_anomaly_climbs_step_by_step_and_stays_at_the_top() -> None:
    climbing = anomaly(AnomalyClass.LOGISTICS)
    seen = [climbing.owner_roles]
    for _ in range(4):
        climbing.escalate(NOW)
        seen.append(climbing.owner_roles)
    assert seen == [("clerk",), ("sales",), ("supervisor",), ("director",), ("director",)]
    assert climbing.escalates_at is None


def test_an_anomaly_waits_for_no_salesperson_whom_its_order_has_not() -> None:
    nobodys = anomaly(AnomalyClass.LOGISTICS, salesperson_id=None, first="sales")
    assert nobodys.owner_roles == ("clerk",)
    nobodys.escalate(NOW)
    assert nobodys.owner_roles == ("supervisor",)


def test_a_production_anomaly_is_everybodys_at_once_and_never_climbs() -> None:
    production = anomaly(AnomalyClass.PRODUCTION)
    assert production.owner_roles == LADDER
    assert production.escalates_at is None
