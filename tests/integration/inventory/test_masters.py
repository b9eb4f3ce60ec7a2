"""Products, materials and recipes: made, changed with a reason, found, exploded (I3)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.errors import InvalidFields, StaleVersion
from chassis.reasons import WhyMissing
from services.inventory.domain.errors import (
    BalanceTooLarge,
    MaterialNotFound,
    ProductCodeTaken,
    ProductNotFound,
    RecipeEmpty,
    RecipeNotFound,
    StoreNotFound,
    SubstituteOfItself,
    UnitInUse,
)
from services.inventory.storage import recipes
from tests.integration.inventory.goods_story import TECHNICIAN, WAREHOUSE, Goods, order_view


def recipe(goods: Goods, *lines: tuple[str, str, str], **facts: Any) -> Any:
    return goods.tell(
        "make_recipe",
        TECHNICIAN,
        product_code="PAPER",
        lines=[
            {"material_code": code, "per_unit": per_unit, "scrap_percent": scrap}
            for code, per_unit, scrap in lines
        ],
        **facts,
    )


def test_a_product_is_made_announced_and_looked_at(goods: Goods) -> None:
    product_id = goods.product(
        stock="3",
        spec="A4 70g",
        category="办公用纸",
        tolerance_over="3",
        tolerance_under="2.5",
        packing="500张/包",
        standard="无破损",
    )

    product = goods.ask("get_product", product_code="PAPER")

    assert product == {
        "id": str(product_id),
        "code": "PAPER",
        "name": "牛皮纸",
        "spec": "A4 70g",
        "category": "办公用纸",
        "unit": "张",
        "unit_decimals": 0,
        "default_supply": "stock",
        "tolerance_over": "3.000",
        "tolerance_under": "2.500",
        "packing": "500张/包",
        "standard": "无破损",
        "active": True,
        "version": 1,
        "substitutes": [],
        "stock": [
            {
                "store_code": "MAIN",
                "condition": "good",
                "on_hand": "3.000",
                "reserved": "0.000",
                "free": "3.000",
            }
        ],
        "in_transit": "0.000",
        "next_arrival": None,
    }
    body = goods.scalar("select body from outbox where name = 'product_changed'")
    assert '"code":"PAPER"' in body
    assert goods.announced("product_changed") == 1


def test_the_note_of_a_new_recipe_is_kept_in_the_log(goods: Goods) -> None:
    goods.product()
    goods.material("PULP")

    recipe(goods, ("PULP", "1", "0"), note="按客户样纸调整", change_note="首版")

    log = goods.ask("list_changes", entity_type="product", entity_id="PAPER")["items"]
    assert (log[0]["action"], log[0]["note"]) == ("make_recipe", "按客户样纸调整")


def test_a_change_needs_a_reason_and_the_version_that_was_read(goods: Goods) -> None:
    goods.product()

    with pytest.raises(WhyMissing):
        goods.tell("change_product", product_code="PAPER", name="白纸", expected_version=1)
    with pytest.raises(StaleVersion):
        goods.tell(
            "change_product",
            product_code="PAPER",
            name="白纸",
            expected_version=7,
            reason="correction",
        )
    assert goods.announced("product_changed") == 1

    changed = goods.tell(
        "change_product",
        product_code="PAPER",
        name="白纸",
        expected_version=1,
        reason="correction",
    )

    assert (changed["name"], changed["version"]) == ("白纸", 2)
    assert goods.announced("product_changed") == 2
    history = goods.ask("list_changes", entity_type="product", entity_id="PAPER")["items"]
    assert history[0]["changes"] == {"name": ["牛皮纸", "白纸"]}
    assert (history[0]["action"], history[0]["reason"]) == ("change_product", "correction")
    assert history[0]["person_name"] == "孙仓管"


def test_a_unit_stays_once_quantities_are_booked_in_it(goods: Goods) -> None:
    goods.product(stock="3")

    with pytest.raises(UnitInUse):
        goods.tell("change_product", product_code="PAPER", unit="令", reason="correction")

    assert goods.ask("get_product", product_code="PAPER")["unit"] == "张"


def test_a_unit_stays_while_an_order_that_is_not_over_names_the_product(goods: Goods) -> None:
    paper, order, line = goods.product(), uuid4(), uuid4()
    goods.hear_of_order("order_changed", order_view(order, "draft", (line, paper, "4")))
    change: dict[str, Any] = {"product_code": "PAPER", "unit": "令", "reason": "correction"}
    with pytest.raises(UnitInUse):
        goods.tell("change_product", **change)

    cancelled = order_view(order, "cancelled", (line, paper, "4"), version=2)
    goods.hear_of_order("order_cancelled", cancelled)

    assert goods.tell("change_product", **change)["unit"] == "令"


def test_orders_are_shipped_from_a_store_that_there_is(goods: Goods) -> None:
    def ship_from(store_code: str) -> Any:
        body = {"key": "shipping_store", "value": store_code, "reason": "logistics"}
        return goods.service.change_setting(
            principal=WAREHOUSE.to_wire(), body=body, key=str(uuid4())
        )

    with pytest.raises(StoreNotFound):
        ship_from("SHOP")

    goods.tell("create_store", store_code="SHOP", name="门店")

    assert ship_from("SHOP")["value"] == "SHOP"


def test_a_code_is_given_once_and_has_its_form(goods: Goods) -> None:
    goods.product()

    with pytest.raises(ProductCodeTaken):
        goods.product()
    with pytest.raises(InvalidFields) as refused:
        goods.product("paper a4")

    assert list(refused.value.details["fields"]) == ["code"]


def test_substitutes_are_other_products(goods: Goods) -> None:
    goods.product()

    with pytest.raises(ProductNotFound):
        goods.product("OTHER", substitutes=["NOBODY"])
    with pytest.raises(SubstituteOfItself):
        goods.tell("change_product", product_code="PAPER", substitutes=["PAPER"], reason="other")


def test_products_are_found_by_part_of_their_name_category_and_supply(goods: Goods) -> None:
    goods.product("A-1", name="双胶纸", category="纸")
    goods.product("A-2", name="双面胶带", category="胶带")
    goods.product("A-3", name="牛皮纸袋", category="纸", default_supply="make")

    def found(**filters: Any) -> list[str]:
        return [p["code"] for p in goods.ask("search_products", **filters)["items"]]

    assert found(text="纸") == ["A-1", "A-3"]
    assert found(text="双") == ["A-1", "A-2"]
    assert found(text="双胶") == ["A-1"]
    assert found(text="a-2") == ["A-2"]
    assert found(category="纸", default_supply="make") == ["A-3"]
    assert found(text="没有") == []


def test_a_list_is_read_page_by_page_without_gap_or_repeat(goods: Goods) -> None:
    for number in range(5):
        goods.product(f"P-{number}")

    seen, after = [], None
    while True:
        page = goods.ask("search_products", limit=2, after=after)
        seen += [product["code"] for product in page["items"]]
        after = page["next"]
        if after is None:
            break

    assert seen == ["P-0", "P-1", "P-2", "P-3", "P-4"]


def test_materials_are_made_changed_and_found(goods: Goods) -> None:
    goods.material(stock="12.5")
    goods.tell("change_material", material_code="KRAFT", name="牛卡纸", reason="correction")

    (found,) = goods.ask("search_materials", text="牛卡")["items"]

    assert (found["code"], found["name"], found["version"]) == ("KRAFT", "牛卡纸", 2)
    assert goods.material_balance() == ("12.500", "0.000")


def test_a_recipe_explodes_a_quantity_with_its_waste(goods: Goods) -> None:
    goods.product()
    goods.material()
    goods.material("BOX", unit="个", unit_decimals=0)
    recipe(goods, ("KRAFT", "0.004365", "5"), ("BOX", "0.002", "0"))

    demand = goods.ask("explode_product", product_code="PAPER", quantity="1000")["items"]

    assert [(d["material_code"], d["quantity"]) for d in demand] == [
        ("BOX", "2.000"),
        ("KRAFT", "4.584"),
    ]


def test_a_new_version_takes_the_place_of_the_current_one(goods: Goods) -> None:
    product_id = goods.product()
    goods.material()
    goods.material("GLUE")
    first = recipe(goods, ("KRAFT", "1", "0"))
    with pytest.raises(WhyMissing):
        recipe(goods, ("GLUE", "1", "0"))
    between = datetime.now(UTC)

    second = recipe(goods, ("GLUE", "2", "0"), reason="production", changes_product=True)

    assert (first["number"], second["number"]) == (1, 2)
    listed = goods.ask("list_recipes", product_code="PAPER")["items"]
    assert [(r["number"], r["is_current"]) for r in listed] == [(2, True), (1, False)]
    assert goods.ask("get_recipe", product_code="PAPER")["lines"][0]["material_code"] == "GLUE"
    assert was_changed(goods, product_id, between)
    assert not was_changed(goods, product_id, between + timedelta(days=1))


def was_changed(goods: Goods, product_id: UUID, since: datetime) -> bool:
    with goods.store.work() as work:
        return recipes.was_changed_since(work.session, product_id, since)


def test_a_recipe_names_known_materials_each_once(goods: Goods) -> None:
    goods.product()
    goods.material()

    with pytest.raises(RecipeEmpty):
        recipe(goods, ("KRAFT", "1", "0"), ("KRAFT", "2", "0"))
    with pytest.raises(MaterialNotFound):
        recipe(goods, ("NOBODY", "1", "0"))
    with pytest.raises(RecipeNotFound):
        goods.ask("explode_product", product_code="PAPER", quantity="1")


def test_a_balance_stays_where_numbers_fit(goods: Goods) -> None:
    goods.product(stock="999999999999")
    goods.material(stock="999999999999")

    with pytest.raises(BalanceTooLarge):
        goods.tell("book_stock", product_code="PAPER", change="1", reason="stock")
    with pytest.raises(BalanceTooLarge):
        goods.tell("book_material", material_code="KRAFT", change="1", reason="stock")


def test_the_opening_balance_of_a_material_is_booked_once(goods: Goods) -> None:
    """A later import of the same books finds the material consumed, and fills nothing up."""
    goods.material(stock="500")
    goods.tell("book_material", material_code="KRAFT", change="-500", reason="stock")

    booking: dict[str, Any] = {"material_code": "KRAFT", "change": "500", "reason": "stock"}
    goods.tell("book_material", **booking, opening=True)
    assert goods.material_balance() == ("0.000", "0.000")

    goods.tell("book_material", **booking)
    assert goods.material_balance() == ("500.000", "0.000")
