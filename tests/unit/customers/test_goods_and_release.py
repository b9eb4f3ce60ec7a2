"""What lines are worth and what a shipment waits for: SPEC §5's arithmetic, to the 分."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.customers.domain.aging import Receivable, by_age, longest_overdue, unpaid
from services.customers.domain.goods import Goods, Line
from services.customers.domain.release import Receipt, Shipment, shared_money
from services.customers.domain.search import phone_tail

LINE_ID, OTHER_ID = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def line(quantity: str = "100", price: str = "10", discount: str = "0", **values: object) -> Line:
    facts: dict[str, object] = {
        "id": LINE_ID,
        "line_no": 1,
        "product_code": "PAPER-70",
        "product_name": "双胶纸",
        "unit": "张",
        "unit_decimals": 0,
        "supply": "make",
        "tolerance_over": Decimal(3),
        "short_closed": False,
        **values,
    }
    return Line(
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        discount=Decimal(discount),
        **facts,  # type: ignore[arg-type]  # the story's facts, overridden by name
    )


def receipt(amount: str) -> Receipt:
    return Receipt(Decimal(amount), NOW, NOW)


def test_a_part_of_a_line_costs_its_share_of_the_discount() -> None:
    assert line(discount="50").value(Decimal(98)) == Decimal("931.00")


def test_a_part_of_a_line_that_is_given_away_whole_costs_nothing() -> None:
    """61.725 for all is 61.73, as is the discount; 12 cost 14.81, and their share is 14.82."""
    given_away = line("50", "1.2345", discount="61.73")

    assert {given_away.value(Decimal(quantity)) for quantity in (12, 50)} == {Decimal("0.00")}


def test_a_made_line_costs_at_most_its_upper_tolerance_and_a_stock_line_what_was_ordered() -> None:
    assert line().upper_value == Decimal("1030.00")
    assert line(supply="stock").upper_value == Decimal("1000.00")


@given(
    quantity=st.integers(1, 5000),
    price=st.decimals("0.0001", "999", places=4),
    cuts=st.lists(st.integers(1, 1000), max_size=8),
)
def test_the_values_of_all_shipments_sum_to_the_value_of_what_was_shipped(
    quantity: int, price: Decimal, cuts: list[int]
) -> None:
    goods = Goods([line(str(quantity), str(price))])
    total = Decimal(0)
    for cut in cuts:
        after = goods.with_shipped([(LINE_ID, Decimal(cut))])
        total += after.shipped_value - goods.shipped_value
        goods = after

    assert total == goods.shipped_value == line(str(quantity), str(price)).value(Decimal(sum(cuts)))


def test_a_reservation_follows_each_line_from_tolerance_to_accepted_to_shipped() -> None:
    amount = Decimal("1530.00")
    goods = Goods([line(), line("50", supply="stock", id=OTHER_ID)])
    assert goods.reservation(amount) == Decimal("1530.00")

    goods = goods.with_accepted({LINE_ID: Decimal(98)})
    assert goods.reservation(amount) == Decimal("1480.00")

    goods = goods.with_shipped([(LINE_ID, Decimal(98)), (OTHER_ID, Decimal(20))])
    assert goods.reservation(amount) == Decimal("300.00")


def test_a_short_closed_line_is_worth_what_has_left_of_it() -> None:
    goods = Goods([line(short_closed=True)]).with_shipped([(LINE_ID, Decimal(40))])

    assert (goods.worth, goods.reservation(Decimal("1030.00"))) == (Decimal("400.00"), Decimal(0))


def weigh(
    goods: Goods, quantity: str, shared: str, *, last: bool, prepaid: bool = False
) -> Shipment:
    return Shipment.of(
        goods,
        [(LINE_ID, Decimal(quantity))],
        shared=Decimal(shared),
        last=last,
        prepaid=prepaid,
    )


def test_a_first_batch_owes_its_value_less_its_share_and_the_last_takes_the_rest() -> None:
    goods = Goods([line()])

    first = weigh(goods, "40", "300", last=False)
    assert first.balance_due(Decimal("300.00")) == Decimal("280.00")
    assert first.balance_due(Decimal("580.00")) == Decimal("0.00")

    last = weigh(goods.with_shipped([(LINE_ID, Decimal(40))]), "60", "300", last=True)
    assert last.balance_due(Decimal("580.00")) == Decimal("420.00")


def test_money_beyond_the_deposit_that_came_before_the_goods_is_shared_by_value_too() -> None:
    """SPEC §5, money: what is verified later pays for what leaves next."""
    receipts = [receipt("100.00"), receipt("400.00"), receipt("250.00")]
    late = receipts[-1].verified_at + timedelta(hours=1)

    assert shared_money(Decimal("300.00"), receipts, late) == Decimal("750.00")
    assert shared_money(Decimal("300.00"), receipts, None) == Decimal("300.00")
    assert shared_money(Decimal("300.00"), [], late) == Decimal("300.00")
    assert shared_money(Decimal("0.00"), receipts, None) == Decimal("0.00")
    first = weigh(Goods([line()]), "40", "500", last=False)
    assert first.balance_due(Decimal("500.00")) == Decimal("200.00")


@given(
    quantity=st.integers(2, 5000),
    price=st.decimals("0.01", "999", places=2),
    percent=st.integers(0, 100),
    data=st.data(),
)
def test_the_sum_that_a_shipment_still_needs_suffices_whatever_was_verified_before(
    quantity: int, price: Decimal, percent: int, data: st.DataObject
) -> None:
    """It depends on no payment, and is never less than the deposit that is due besides."""
    goods = Goods([line(str(quantity), str(price))])
    deposit = (goods.worth * percent / 100).quantize(Decimal("0.01"))
    part = data.draw(st.integers(1, quantity))
    first = weigh(goods, str(part), str(deposit), last=False)
    verified = data.draw(st.decimals("0", goods.worth, places=2))

    due = first.balance_due(verified)

    assert first.balance_due(verified + due) == 0
    assert max(first.value, deposit - Decimal("0.01")) <= first.money_needed <= goods.worth


def test_a_prepaid_order_needs_all_its_money_for_any_part() -> None:
    part = weigh(Goods([line()]), "1", "0", last=False, prepaid=True)

    assert part.money_needed == Decimal("1000.00")


def test_the_receipt_that_completes_the_money_gives_the_moment_of_payment() -> None:
    receipts = [receipt("300.00"), receipt("700.00"), receipt("5.00")]
    whole = weigh(Goods([line()]), "100", "300", last=True)

    assert whole.paid_by(receipts) is receipts[1]
    assert whole.paid_by(receipts[:1]) is None


def test_an_orders_money_pays_its_oldest_shipment_first() -> None:
    order_id = uuid4()
    old, new = (
        Receivable(order_id, "D1", number, Decimal("100.00"), day, day)
        for number, day in (("S1", date(2026, 10, 1)), ("S2", date(2026, 11, 20)))
    )

    owed = unpaid([new, old], {order_id: Decimal("30.00")}, date(2026, 11, 22))

    assert [(item.amount, item.days_overdue) for item in owed] == [
        (Decimal("70.00"), 52),
        (Decimal("100.00"), 2),
    ]
    assert longest_overdue(owed) == 52
    assert by_age(owed) == {
        "not_due": Decimal(0),
        "to_30": Decimal("100.00"),
        "to_60": Decimal("70.00"),
        "to_90": Decimal(0),
        "over_90": Decimal(0),
    }


def test_a_phones_tail_is_its_last_four_digits() -> None:
    assert phone_tail("(0755) 8320-1234") == "1234"
    assert phone_tail("１３８００１３８０００") == "8000"
    assert phone_tail("?") == ""
