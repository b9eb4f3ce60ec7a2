"""Raw material is held wholly or waited for, consumed once, and comes back (I2, I16, O16)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.inventory.domain.errors import MaterialNotHeld, TooMuchReturned
from services.inventory.domain.material import Demand, MaterialShortage
from services.inventory.use_cases import arrivals, material_stock
from tests.integration.inventory.goods_story import Goods

#: How many wait for somebody's lock in this database.
WAITING = """
select count(*) from pg_locks join pg_stat_activity using (pid)
where not granted and datname = current_database()
"""


def reserve(
    goods: Goods, order: UUID, *demand: tuple[UUID, UUID, str]
) -> Sequence[MaterialShortage]:
    with goods.store.work() as work:
        return material_stock.reserve_material(work, order, demanded(*demand))


def wait(goods: Goods, order: UUID, due: str | None, *demand: tuple[UUID, UUID, str]) -> bool:
    with goods.store.work() as work:
        return material_stock.wait_for_material(
            work,
            order,
            demanded(*demand),
            production_due=date.fromisoformat(due) if due else None,
        )


def demanded(*demand: tuple[UUID, UUID, str]) -> list[Demand]:
    return [Demand(line, material, Decimal(quantity)) for line, material, quantity in demand]


def consume(goods: Goods, order: UUID, line: UUID) -> None:
    with goods.store.work() as work:
        material_stock.consume_material(work, order, line, reference="P261122-000001")


def is_held(goods: Goods, order: UUID, line: UUID) -> bool:
    with goods.store.work() as work:
        return material_stock.is_held_in_full(work, order, line)


def arrive(goods: Goods, code: str, quantity: str) -> None:
    number = goods.tell(
        "expect_arrival", material_code=code, quantity=quantity, expected_on="2026-11-20"
    )["number"]
    goods.tell("receive_arrival", number=number, quantity=quantity)


def test_an_order_holds_all_its_material_or_none(goods: Goods) -> None:
    kraft, glue = goods.material(stock="100"), goods.material("GLUE", stock="1")
    order, line = uuid4(), uuid4()

    shortages = reserve(goods, order, (line, kraft, "60"), (line, glue, "1.5"))

    assert [(s.material_code, s.wanted, s.free) for s in shortages] == [
        ("GLUE", Decimal("1.5"), Decimal(1))
    ]
    assert goods.material_balance() == ("100.000", "0.000")
    assert reserve(goods, order, (line, kraft, "60"), (line, glue, "1")) == []
    assert goods.material_balance() == ("100.000", "60.000")
    goods.check_ledgers()


def test_signing_again_moves_only_the_difference(goods: Goods) -> None:
    kraft, glue = goods.material(stock="100"), goods.material("GLUE", stock="5")
    order, line, other = uuid4(), uuid4(), uuid4()
    reserve(goods, order, (line, kraft, "60"), (line, glue, "2"))

    assert reserve(goods, order, (line, kraft, "70"), (other, kraft, "30")) == []

    assert goods.material_balance() == ("100.000", "100.000")
    assert goods.material_balance("GLUE") == ("5.000", "0.000")
    goods.check_ledgers()


def test_of_twenty_statements_at_once_for_material_of_seven_exactly_seven_hold(
    goods: Goods,
) -> None:
    kraft = goods.material(stock="7")

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(
            pool.map(lambda _: reserve(goods, uuid4(), (uuid4(), kraft, "1")), range(20))
        )

    assert sum(outcome == [] for outcome in outcomes) == 7
    assert goods.material_balance() == ("7.000", "7.000")
    goods.check_ledgers()


def test_an_arrival_serves_waiting_orders_wholly_by_production_due(goods: Goods) -> None:
    kraft, glue = goods.material(), goods.material("GLUE", stock="1")
    late, early, large, two = uuid4(), uuid4(), uuid4(), uuid4()
    assert not wait(goods, late, "2026-12-20", (late, kraft, "6"))
    assert not wait(goods, large, "2026-12-01", (large, kraft, "40"))
    assert not wait(goods, two, "2026-12-02", (two, kraft, "1"), (two, glue, "2"))
    assert not wait(goods, early, "2026-12-10", (early, kraft, "6"))

    arrive(goods, "KRAFT", "11")

    assert is_held(goods, early, early)
    assert not any(is_held(goods, order, order) for order in (late, large, two))
    assert goods.material_balance() == ("11.000", "6.000")
    assert goods.material_balance("GLUE") == ("1.000", "0.000")
    arrive(goods, "KRAFT", "1")
    assert is_held(goods, late, late)
    assert goods.scalar("select count(*) from material_wait") == 2
    goods.check_ledgers()


def test_an_order_that_waits_for_what_is_there_is_served_at_once(goods: Goods) -> None:
    kraft, order = goods.material(stock="10"), uuid4()

    assert wait(goods, order, None, (order, kraft, "6"))

    assert is_held(goods, order, order)
    assert goods.scalar("select count(*) from material_wait") == 0


def test_freed_material_serves_who_waits_for_it(goods: Goods) -> None:
    kraft, order, waiting = goods.material(stock="10"), uuid4(), uuid4()
    reserve(goods, order, (order, kraft, "8"))
    assert not wait(goods, waiting, "2026-12-01", (waiting, kraft, "9"))

    with goods.store.work() as work:
        assert material_stock.free_material(work, order) == [waiting]

    assert goods.material_balance() == ("10.000", "9.000")
    goods.check_ledgers()


def test_material_that_a_new_statement_wants_no_longer_serves_who_waits_for_it(
    goods: Goods,
) -> None:
    kraft, glue = goods.material(stock="10"), goods.material("GLUE", stock="2")
    order, line, paper, gluing = uuid4(), uuid4(), uuid4(), uuid4()
    reserve(goods, order, (line, kraft, "8"), (line, glue, "2"))
    assert not wait(goods, paper, None, (paper, kraft, "6"))
    assert not wait(goods, gluing, None, (gluing, glue, "1"))

    assert reserve(goods, order, (line, kraft, "4")) == []

    assert is_held(goods, paper, paper)
    assert is_held(goods, gluing, gluing)
    assert goods.material_balance() == ("10.000", "10.000")
    assert goods.material_balance("GLUE") == ("2.000", "1.000")
    goods.check_ledgers()


def test_an_order_that_gives_up_the_line_that_lacked_is_served_for_the_others(
    goods: Goods,
) -> None:
    kraft, glue = goods.material(stock="10"), goods.material("GLUE")
    order, line, lacking = uuid4(), uuid4(), uuid4()
    assert not wait(goods, order, None, (line, kraft, "6"), (lacking, glue, "1"))

    with goods.store.work() as work:
        assert material_stock.free_material(work, order, line_id=lacking) == [order]

    assert is_held(goods, order, line)
    assert goods.material_balance() == ("10.000", "6.000")
    assert goods.scalar("select count(*) from material_wait") == 0
    goods.check_ledgers()


def test_making_consumes_once_and_only_what_is_held_in_full(goods: Goods) -> None:
    kraft, order, line = goods.material(stock="10"), uuid4(), uuid4()
    wait(goods, order, None, (line, kraft, "11"))
    with pytest.raises(MaterialNotHeld):
        consume(goods, order, line)
    assert goods.material_balance() == ("10.000", "0.000")

    reserve(goods, order, (line, kraft, "9"))
    consume(goods, order, line)
    consume(goods, order, line)

    assert goods.material_balance() == ("1.000", "0.000")
    goods.check_ledgers()


def test_what_making_left_over_comes_back_but_not_more_than_was_taken(goods: Goods) -> None:
    kraft, order, line = goods.material(stock="10"), uuid4(), uuid4()
    reserve(goods, order, (line, kraft, "9"))
    consume(goods, order, line)

    with goods.store.work() as work:
        material_stock.return_unused(
            work, order, line, {kraft: Decimal("1.5")}, reference="P261122-000001"
        )
    with pytest.raises(TooMuchReturned) as refused, goods.store.work() as work:
        material_stock.return_unused(
            work, order, line, {kraft: Decimal(8)}, reference="P261122-000001"
        )

    assert refused.value.details["consumed"] == "7.500"
    assert goods.material_balance() == ("2.500", "0.000")
    goods.check_ledgers()


def test_freeing_leaves_what_was_consumed_and_is_idempotent(goods: Goods) -> None:
    kraft, order, made, other = goods.material(stock="10"), uuid4(), uuid4(), uuid4()
    reserve(goods, order, (made, kraft, "4"), (other, kraft, "5"))
    consume(goods, order, made)

    for _ in range(2):
        with goods.store.work() as work:
            material_stock.free_material(work, order)

    assert goods.material_balance() == ("6.000", "0.000")
    holdings = goods.ask("get_holdings", order_id=str(order))["material"]
    assert [(claim["held"], claim["consumed"]) for claim in holdings] == [("0.000", "4.000")]
    goods.check_ledgers()


@pytest.mark.parametrize(
    ("meanwhile", "held"),
    [
        ("is stopped", "0.000"),
        ("short-closes its line", "0.000"),
        ("is signed as passed", "100.000"),
        ("is to wait for less", "60.000"),
    ],
)
def test_what_an_arrival_is_just_reserving_for_an_order_is_seen_by_what_befalls_the_order(
    goods: Goods, meanwhile: str, held: str
) -> None:
    kraft, order, line = goods.material(), uuid4(), uuid4()
    wait(goods, order, None, (line, kraft, "100"))
    number = goods.tell(
        "expect_arrival", material_code="KRAFT", quantity="200", expected_on="2026-11-20"
    )["number"]

    def befall() -> object:
        if meanwhile == "is signed as passed":
            return reserve(goods, order, (line, kraft, "100"))
        if meanwhile == "is to wait for less":
            return wait(goods, order, None, (line, kraft, "60"))
        with goods.store.work() as work:
            closed = line if meanwhile == "short-closes its line" else None
            return material_stock.free_material(work, order, line_id=closed)

    with ThreadPoolExecutor(1) as pool:
        with goods.store.work() as work:
            arrivals.receive_arrival(
                work, number, quantity=None, rest_expected_on=None, expected_version=None, note=None
            )
            befalling = pool.submit(befall)
            while not goods.scalar(WAITING):
                assert not befalling.done()
        befalling.result()

    assert goods.material_balance() == ("200.000", held)
    goods.check_ledgers()
