"""Finished stock is held wholly or not at all, exactly, and never twice (I16, O18)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DatabaseError

from chassis.errors import GendanError
from services.inventory.domain.errors import StockShort, Withdrawn
from tests.integration.inventory.goods_story import Goods, order_view


def at_once(count: int, reserve: object) -> list[object]:
    """Run `reserve` for `count` orders at the same time; give each answer or refusal."""

    def one(_: int) -> object:
        try:
            return reserve()  # type: ignore[operator]
        except GendanError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_an_order_holds_what_it_wants(goods: Goods) -> None:
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()

    answer = goods.reserve(order, (line, paper, "4"))

    assert answer == {
        "lines": [{"line_id": str(line), "product_id": str(paper), "quantity": "4.000"}]
    }
    assert goods.balance() == ("10.000", "4.000")
    assert goods.held(order) == {str(line): "4.000"}
    goods.check_ledgers()


def test_a_short_line_refuses_the_whole_order_and_says_what_could_be_had(goods: Goods) -> None:
    other = goods.product("PAPER-B", stock="8", name="白牛皮纸")
    goods.product("PAPER-C")
    paper = goods.product(stock="3", substitutes=["PAPER-C", "PAPER-B"])
    goods.tell("expect_arrival", product_code="PAPER", quantity="50", expected_on="2026-12-01")
    goods.tell("create_store", store_code="SHOP", name="门店")
    goods.tell("book_stock", product_code="PAPER", store_code="SHOP", change="2", reason="stock")
    order, first, second = uuid4(), uuid4(), uuid4()

    with pytest.raises(StockShort) as refused:
        goods.reserve(order, (first, other, "5"), (second, paper, "4"))

    assert refused.value.details["lines"] == [
        {
            "line_id": str(second),
            "product_code": "PAPER",
            "wanted": "4.000",
            "held": "0.000",
            "free": "3.000",
            "next_arrival": {"date": "2026-12-01", "quantity": "50.000"},
            "substitutes": [{"product_code": "PAPER-B", "name": "白牛皮纸", "free": "8.000"}],
            "other_stores": [{"store_code": "SHOP", "free": "2.000"}],
        }
    ]
    assert goods.balance("PAPER-B") == ("8.000", "0.000")
    assert goods.held(order) == {}
    assert goods.scalar("select count(*) from stock_command") == 0


def test_a_product_that_is_on_two_lines_is_short_by_their_sum(goods: Goods) -> None:
    paper, order = goods.product(stock="7"), uuid4()

    with pytest.raises(StockShort):
        goods.reserve(order, (uuid4(), paper, "4"), (uuid4(), paper, "4"))

    assert goods.balance() == ("7.000", "0.000")


def test_of_twenty_orders_at_once_for_stock_of_seven_exactly_seven_hold(goods: Goods) -> None:
    paper = goods.product(stock="7")

    outcomes = at_once(20, lambda: goods.reserve(uuid4(), (uuid4(), paper, "1")))

    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 7
    refusals = [outcome for outcome in outcomes if isinstance(outcome, GendanError)]
    assert [refusal.code for refusal in refusals] == ["stock_short"] * 13
    assert goods.balance() == ("7.000", "7.000")
    goods.check_ledgers()


def test_orders_that_name_products_in_opposite_order_do_not_block_each_other(
    goods: Goods,
) -> None:
    first, second = goods.product("P-1", stock="40"), goods.product("P-2", stock="40")
    pairs = iter([(first, second), (second, first)] * 10)

    def reserve() -> object:
        one, other = next(pairs)
        return goods.reserve(uuid4(), (uuid4(), one, "1"), (uuid4(), other, "1"))

    outcomes = at_once(20, reserve)

    assert all(isinstance(outcome, dict) for outcome in outcomes), outcomes
    assert goods.balance("P-1") == goods.balance("P-2") == ("40.000", "20.000")
    assert (
        goods.scalar("select deadlocks from pg_stat_database where datname=current_database()") == 0
    )


def test_the_same_command_sent_again_holds_once(goods: Goods) -> None:
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()
    first = goods.reserve(order, (line, paper, "4"), key="submit-1")

    again = goods.reserve(order, (line, paper, "4"), key="submit-1")

    assert again == first
    assert goods.balance() == ("10.000", "4.000")


def test_a_later_submit_moves_only_the_difference(goods: Goods) -> None:
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()
    goods.reserve(order, (line, paper, "4"))

    goods.reserve(order, (line, paper, "9"))

    assert goods.balance() == ("10.000", "9.000")
    assert goods.scalar("select sum(reserved) from stock_movement where kind = 'reserved'") == 9


def test_what_a_submit_gives_up_is_free_once_the_submit_stands(goods: Goods) -> None:
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()
    goods.reserve(order, (line, paper, "9"))

    goods.reserve(order, (line, paper, "4"))
    assert goods.held(order) == {str(line): "4.000"}
    assert goods.balance() == ("10.000", "9.000")
    second = order_view(order, "in_review", (line, paper, "4"), revision=2)
    goods.hear_of_order("order_submitted", second)

    assert goods.balance() == ("10.000", "4.000")
    goods.check_ledgers()


def test_undoing_a_smaller_submit_is_exact_whatever_others_took_meanwhile(goods: Goods) -> None:
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()
    goods.reserve(order, (line, paper, "9"))
    goods.reserve(order, (line, paper, "4"), key="second")
    goods.reserve(uuid4(), (uuid4(), paper, "1"))
    with pytest.raises(StockShort):
        goods.reserve(uuid4(), (uuid4(), paper, "1"))

    goods.undo(order, "second")

    assert goods.held(order) == {str(line): "9.000"}
    assert goods.balance() == ("10.000", "10.000")
    goods.check_ledgers()


def test_goods_move_from_a_removed_line_to_a_new_one_of_the_same_order(goods: Goods) -> None:
    paper, order, old, new = goods.product(stock="5"), uuid4(), uuid4(), uuid4()
    goods.reserve(order, (old, paper, "5"))

    goods.reserve(order, (new, paper, "5"), key="second")
    assert goods.held(order) == {str(old): "0.000", str(new): "5.000"}
    goods.undo(order, "second")

    assert goods.held(order) == {str(old): "5.000", str(new): "0.000"}
    assert goods.balance() == ("5.000", "5.000")
    goods.check_ledgers()


def test_undoing_twice_changes_nothing_more(goods: Goods) -> None:
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()
    goods.reserve(order, (line, paper, "2"), key="first")
    goods.reserve(order, (line, paper, "5"), key="second")

    goods.undo(order, "second")
    goods.undo(order, "second")

    assert goods.balance() == ("10.000", "2.000")


def test_a_submit_is_taken_back_also_once_the_clock_has_been_moved_on(goods: Goods) -> None:
    paper, order = goods.product(stock="10"), uuid4()
    goods.reserve(order, (uuid4(), paper, "2"), key="first")
    with goods.store.work() as work:
        goods.service.purge_stock_commands(work, work.now + timedelta(days=60))

    goods.undo(order, "first")

    assert goods.balance() == ("10.000", "0.000")


def test_a_command_undone_before_it_comes_is_refused_and_changes_nothing(goods: Goods) -> None:
    paper, order = goods.product(stock="10"), uuid4()
    goods.undo(order, "late")

    with pytest.raises(Withdrawn) as refused:
        goods.reserve(order, (uuid4(), paper, "2"), key="late")

    assert (refused.value.family, refused.value.code) == ("Conflict", "withdrawn")
    assert goods.balance() == ("10.000", "0.000")
    goods.reserve(order, (uuid4(), paper, "2"), key="fresh")
    assert goods.balance() == ("10.000", "2.000")


def test_a_reserve_and_its_undo_at_once_leave_nothing_held(goods: Goods) -> None:
    paper = goods.product(stock="100")
    orders = [(uuid4(), uuid4(), f"key-{number}") for number in range(12)]

    def reserve(order: tuple[UUID, UUID, str]) -> None:
        with suppress(Withdrawn):
            goods.reserve(order[0], (order[1], paper, "3"), key=order[2])

    with ThreadPoolExecutor(24) as pool:
        running = [pool.submit(reserve, order) for order in orders]
        running += [pool.submit(goods.undo, order[0], order[2]) for order in orders]
        for job in running:
            job.result()

    assert goods.balance() == ("100.000", "0.000")
    goods.check_ledgers()


@pytest.mark.parametrize("stage", ["cancelled", "fulfilled"])
def test_what_an_ended_order_holds_is_freed(goods: Goods, stage: str) -> None:
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()
    goods.reserve(order, (line, paper, "4"))
    view = order_view(order, stage, (line, paper, "4"))

    goods.hear_of_order(f"order_{stage}", view)
    goods.hear_of_order(f"order_{stage}", view)

    assert goods.balance() == ("10.000", "0.000")
    goods.check_ledgers()


def test_a_short_closed_line_frees_its_goods_and_no_others(goods: Goods) -> None:
    paper, order, line, other = goods.product(stock="10"), uuid4(), uuid4(), uuid4()
    goods.reserve(order, (line, paper, "4"), (other, paper, "3"))
    view = order_view(order, "in_progress", (line, paper, "4"), (other, paper, "3"))
    view["lines"][0]["short_closed"] = True

    goods.hear_of_order("line_short_closed", view)

    assert goods.held(order) == {str(line): "0.000", str(other): "3.000"}
    assert goods.balance() == ("10.000", "3.000")


def test_an_expiry_frees_everything(goods: Goods) -> None:
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()
    goods.reserve(order, (line, paper, "4"))
    later = datetime.now(UTC) + timedelta(days=7)

    goods.hear_of_order("order_expired", order_view(order, "draft", (line, paper, "4")), later)

    assert goods.balance() == ("10.000", "0.000")


def test_an_expiry_told_late_leaves_what_a_later_submit_holds(goods: Goods) -> None:
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()
    expired_at = datetime.now(UTC)
    goods.reserve(order, (line, paper, "4"))

    goods.hear_of_order("order_expired", order_view(order, "draft", (line, paper, "4")), expired_at)

    assert goods.balance() == ("10.000", "4.000")


def test_an_imported_open_order_holds_the_lines_that_are_there(goods: Goods) -> None:
    paper, order, line, other = goods.product(stock="10"), uuid4(), uuid4(), uuid4()
    view = order_view(order, "in_progress", (line, paper, "6"), (other, paper, "5"))

    goods.hear_of_order("past_order_recorded", view)
    goods.hear_of_order("past_order_recorded", view)

    assert goods.held(order) == {str(line): "6.000", str(other): "0.000"}
    assert goods.balance() == ("10.000", "6.000")


@pytest.mark.parametrize(
    "statement", ["delete from stock_movement", "update stock_movement set on_hand = 0"]
)
def test_the_ledger_cannot_be_changed(goods: Goods, statement: str) -> None:
    goods.product(stock="10")

    with pytest.raises(DatabaseError, match="append-only"):
        goods.scalar(statement)


def test_the_database_itself_refuses_to_reserve_more_than_is_on_hand(goods: Goods) -> None:
    goods.product(stock="10")

    with pytest.raises(DatabaseError, match="ck_stock_balance"):
        goods.scalar("update stock set reserved = 11")
