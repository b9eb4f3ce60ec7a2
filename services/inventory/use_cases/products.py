"""Products: made, changed, searched, and what may be offered instead of them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from chassis.database import Work
from chassis.errors import guard_version
from services.inventory.domain.errors import ProductCodeTaken, SubstituteOfItself, UnitInUse
from services.inventory.domain.events import ProductChanged
from services.inventory.domain.product import Product, Supply
from services.inventory.storage import products
from services.inventory.storage.pages import Page
from services.inventory.use_cases.changes import require_why


def create_product(
    work: Work, facts: Mapping[str, Any], substitute_codes: Sequence[str]
) -> Product:
    """Make a product. Raises ProductCodeTaken, ProductNotFound for a substitute."""
    if products.code_is_taken(work.session, facts["code"]):
        raise ProductCodeTaken(product_code=facts["code"])
    product = Product(product_id=uuid4(), created_at=work.now, facts=facts)
    work.session.add(product)
    work.announce(ProductChanged(product))
    work.log("product", product.code, "create_product")
    work.session.flush()
    _write_substitutes(work, product, substitute_codes)
    return product


def change_product(
    work: Work,
    code: str,
    facts: Mapping[str, Any],
    *,
    substitute_codes: Sequence[str] | None,
    expected_version: int | None,
    reason: str | None,
    note: str | None,
) -> Product:
    """Change a product, saying why. Raises UnitInUse while quantities are counted in it."""
    product = products.by_code(work.session, code, lock=True)
    guard_version(code, product.version, expected_version)
    why = require_why(reason)
    changes = product.change(facts)
    if changes.keys() & {"unit", "unit_decimals"} and products.is_counted(work.session, product.id):
        raise UnitInUse(code=code)
    if substitute_codes is not None:
        before = products.substitutes_of(work.session, [product.id])[product.id]
        old = [substitute.code for substitute in before]
        if old != list(substitute_codes):
            _write_substitutes(work, product, substitute_codes)
            changes["substitutes"] = [old, list(substitute_codes)]
    if changes:
        work.log("product", code, "change_product", changes=changes, reason=why, note=note)
        work.announce(ProductChanged(product))
        work.session.flush()
    return product


def _write_substitutes(work: Work, product: Product, codes: Sequence[str]) -> None:
    if product.code in codes:
        raise SubstituteOfItself(product_code=product.code)
    found = products.by_codes(work.session, dict.fromkeys(codes))
    products.write_substitutes(
        work.session, product.id, [found[code].id for code in dict.fromkeys(codes)]
    )


def get_product(work: Work, code: str) -> Product:
    """Give a product by its code. Raises ProductNotFound."""
    return products.by_code(work.session, code)


def substitutes_of(work: Work, product: Product) -> Sequence[Product]:
    """Give what may be offered instead of a product, best first."""
    return products.substitutes_of(work.session, [product.id])[product.id]


def search_products(
    work: Work,
    *,
    text: str | None,
    category: str | None,
    default_supply: Supply | None,
    active: bool | None,
    limit: int,
    after: str | None,
) -> Page[Product]:
    """List products by code that fit every filter given."""
    return products.search(
        work.session,
        text=text,
        category=category,
        supply=default_supply,
        active=active,
        limit=limit,
        after=after,
    )
