"""Views that are put together from several rows."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.inventory.domain.arrival import Arrival
from services.inventory.domain.material import Material, MaterialStock
from services.inventory.domain.product import Product
from services.inventory.domain.recipe import Recipe
from services.inventory.domain.stock import Balance, Stock
from services.inventory.domain.transfer import Transfer
from services.inventory.domain.wish import Wish
from services.inventory.schemas import arrivals, materials, products

_PRODUCT, _STOCK, _SUBSTITUTE = (
    products.ProductView(),
    products.StockView(),
    products.SubstituteView(),
)
_MATERIAL, _RECIPE, _RECIPE_LINE = (
    materials.MaterialView(),
    materials.RecipeView(),
    materials.RecipeLineView(),
)
_ARRIVAL, _TRANSFER, _WISH = (
    arrivals.ArrivalView(),
    arrivals.TransferView(),
    arrivals.WishView(),
)


def amounts(balance: Balance | MaterialStock | Stock) -> dict[str, str]:
    """Dump a balance."""
    return {
        "on_hand": _quantity(balance.on_hand),
        "reserved": _quantity(balance.reserved),
        "free": _quantity(balance.on_hand - balance.reserved),
    }


def _quantity(quantity: Decimal) -> str:
    return f"{quantity:.3f}"


def product_view(
    product: Product,
    *,
    substitutes: Iterable[Product],
    stock: Iterable[Stock] = (),
    in_transit: Decimal | None = None,
    next_arrival: Arrival | None = None,
) -> dict[str, Any]:
    """Dump a product with its stock on hand and in transit, and what may be offered instead."""
    return {
        **_PRODUCT.dump(product),
        "substitutes": _SUBSTITUTE.dump(substitutes, many=True),
        "stock": _STOCK.dump(stock, many=True),
        "in_transit": _quantity(in_transit or Decimal(0)),
        "next_arrival": next_arrival and coming(next_arrival),
    }


def coming(arrival: Arrival) -> dict[str, Any]:
    """Dump when how much of something comes."""
    return {
        "date": arrival.expected_on.isoformat(),
        "quantity": _quantity(arrival.quantity - arrival.received_quantity),
        "number": arrival.number,
    }


def material_view(
    material: Material, balance: Balance, coming_in: Sequence[Arrival] = ()
) -> dict[str, Any]:
    """Dump a material with its balance and what is in transit."""
    return {
        **_MATERIAL.dump(material),
        **amounts(balance),
        "in_transit": [coming(arrival) for arrival in coming_in],
    }


def recipe_view(recipe: Recipe, named: Mapping[UUID, Material]) -> dict[str, Any]:
    """Dump a version of a recipe with its bill of material."""
    lines = [
        {
            "material_code": named[line.material_id].code,
            "material_name": named[line.material_id].name,
            "unit": named[line.material_id].unit,
            **_RECIPE_LINE.dump(line),
        }
        for line in recipe.lines
    ]
    return {**_RECIPE.dump(recipe), "lines": lines}


def demand_view(demand: Mapping[Material, Decimal]) -> dict[str, Any]:
    """Dump what a quantity of a product takes."""
    items = [
        {
            "material_code": material.code,
            "material_name": material.name,
            "unit": material.unit,
            "quantity": _quantity(quantity),
        }
        for material, quantity in sorted(demand.items(), key=lambda item: item[0].code)
    ]
    return {"items": items}


def stock_view(stock: Stock, product: Product) -> dict[str, Any]:
    """Dump a balance with its product."""
    return {
        "product_code": product.code,
        "product_name": product.name,
        "spec": product.spec,
        "unit": product.unit,
        **_STOCK.dump(stock),
    }


def arrival_view(
    arrival: Arrival, product: Product | None, material: Material | None
) -> dict[str, Any]:
    """Dump an arrival with what it brings."""
    return {
        **_ARRIVAL.dump(arrival),
        "product_code": product and product.code,
        "product_name": product and product.name,
        "material_code": material and material.code,
        "material_name": material and material.name,
    }


def transfer_view(transfer: Transfer, product: Product) -> dict[str, Any]:
    """Dump a transfer with its product."""
    return {
        **_TRANSFER.dump(transfer),
        "product_code": product.code,
        "product_name": product.name,
    }


def wish_view(wish: Wish, product: Product) -> dict[str, Any]:
    """Dump a wish with its product."""
    return {**_WISH.dump(wish), "product_code": product.code, "product_name": product.name}
