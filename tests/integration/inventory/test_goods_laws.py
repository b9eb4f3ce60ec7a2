"""Whatever is done to goods and material, the ledgers sum up to the balances (X: stock laws)."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chassis.errors import GendanError
from services.inventory.domain.material import Demand
from services.inventory.use_cases import material_stock
from tests.integration.inventory.goods_story import Goods, order_view

ORDERS = [UUID(int=number << 96) for number in range(1, 4)]
LINES = [UUID(int=number) for number in range(11, 13)]

orders = st.sampled_from(ORDERS)
lines = st.sampled_from(LINES)
quantities = st.integers(1, 6).map(str)
products = st.integers(0, 1)
wanted = st.lists(
    st.tuples(lines, products, quantities), max_size=2, unique_by=lambda line: line[0]
)

steps = st.one_of(
    st.tuples(st.just("reserve"), orders, wanted),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("submitted"), orders, wanted),
    st.tuples(st.just("dispatch"), orders, lines, products, quantities),
    st.tuples(st.just("end"), orders),
    st.tuples(st.just("book"), products, st.integers(-6, 6).map(str)),
    st.tuples(st.just("return"), products, quantities),
    st.tuples(st.just("inspect"), products, quantities, quantities),
    st.tuples(st.just("hold"), orders, lines, products, quantities),
    st.tuples(st.just("wait"), orders, lines, products, quantities),
    st.tuples(st.just("consume"), orders, lines),
    st.tuples(st.just("free"), orders),
    st.tuples(st.just("arrive"), products, quantities),
)


class Play:
    """Does the steps; a refusal is an answer, everything else must not happen."""

    def __init__(self, goods: Goods, products: list[UUID], materials: list[UUID]) -> None:
        self.goods, self.products, self.materials = goods, products, materials
        self.keys: list[tuple[UUID, str]] = []
        self.count = 0

    def do(self, name: str, *facts: object) -> None:
        self.count += 1
        step: Callable[..., None] = getattr(self, name if name != "return" else "take_back")
        with suppress(GendanError):
            step(*facts)

    def reserve(self, order: UUID, wish: list[tuple[UUID, int, str]]) -> None:
        self.keys.append((order, f"{id(self)}-{self.count}"))
        self.goods.reserve(order, *self._lines(wish), key=self.keys[-1][1])

    def undo(self, back: int) -> None:
        if back < len(self.keys):
            self.goods.undo(*self.keys[-1 - back])

    def submitted(self, order: UUID, wish: list[tuple[UUID, int, str]]) -> None:
        lines = self._lines(wish)
        view = order_view(order, "in_review", *lines, version=self.count, revision=2)
        self.goods.hear_of_order("order_submitted", view)

    def dispatch(self, order: UUID, line: UUID, product: int, quantity: str) -> None:
        wish = {"line_id": line, "product_id": self.products[product], "quantity": quantity}
        shipment = {
            "number": f"S-{id(self)}-{self.count}",
            "order_id": str(order),
            "lines": [{name: str(value) for name, value in wish.items()}],
        }
        self.goods.hear("shipment_dispatched", shipment=shipment)

    def end(self, order: UUID) -> None:
        view = order_view(order, "fulfilled", version=self.count)
        self.goods.hear_of_order("order_fulfilled", view)

    def book(self, product: int, change: str) -> None:
        self.goods.tell("book_stock", product_code=f"P-{product}", change=change, reason="stock")

    def take_back(self, product: int, quantity: str) -> None:
        line = {"product_id": str(self.products[product]), "quantity": quantity}
        self.goods.hear(
            "return_received", case={"number": f"A-{id(self)}-{self.count}"}, lines=[line]
        )

    def inspect(self, product: int, restock: str, scrap: str) -> None:
        line = {
            "product_id": str(self.products[product]),
            "restock": restock,
            "rework": "1",
            "scrap": scrap,
            "transfer": "0",
        }
        self.goods.hear(
            "return_inspected", case={"number": f"A-{id(self)}-{self.count}"}, lines=[line]
        )

    def hold(self, order: UUID, line: UUID, material: int, quantity: str) -> None:
        demand = [Demand(line, self.materials[material], Decimal(quantity))]
        with self.goods.store.work() as work:
            material_stock.reserve_material(work, order, demand)

    def wait(self, order: UUID, line: UUID, material: int, quantity: str) -> None:
        demand = [Demand(line, self.materials[material], Decimal(quantity))]
        with self.goods.store.work() as work:
            material_stock.wait_for_material(work, order, demand, production_due=None)

    def consume(self, order: UUID, line: UUID) -> None:
        with self.goods.store.work() as work:
            material_stock.consume_material(work, order, line, reference="P-1")

    def free(self, order: UUID) -> None:
        with self.goods.store.work() as work:
            material_stock.free_material(work, order)

    def arrive(self, material: int, quantity: str) -> None:
        self.goods.tell(
            "book_material", material_code=f"M-{material}", change=quantity, reason="stock"
        )

    def _lines(self, wish: list[tuple[UUID, int, str]]) -> list[tuple[UUID, UUID, str]]:
        return [(line, self.products[product], quantity) for line, product, quantity in wish]


def test_ledgers_sum_up_to_balances_whatever_is_done(goods: Goods) -> None:
    made = [goods.product(f"P-{number}", stock="8") for number in range(2)]
    raw = [goods.material(f"M-{number}", stock="8") for number in range(2)]

    # The database goes on from example to example: its laws hold from any state.
    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(steps, min_size=10, max_size=25))
    def laws_hold(played: list[tuple[object, ...]]) -> None:
        play = Play(goods, made, raw)
        for name, *facts in played:
            play.do(str(name), *facts)
        goods.check_ledgers()

    laws_hold()

    # It was no idle play: each kind of movement happened.
    kinds = "select count(distinct kind) from {}"
    assert goods.scalar(kinds.format("stock_movement")) >= 9
    assert goods.scalar(kinds.format("material_movement")) == 5
