"""What one looks at together: a product with its stock, a material with what is in transit."""

from collections.abc import Sequence
from typing import Any

from chassis.database import Work
from services.inventory.domain.material import Material
from services.inventory.storage import arrivals, ledger, products
from services.inventory.use_cases import reservations


def product(work: Work, code: str) -> dict[str, Any]:
    """Give a product, its stock on hand and in transit, and what may be offered instead."""
    found = products.by_code(work.session, code)
    ids = [found.id]
    return {
        "product": found,
        "substitutes": products.substitutes_of(work.session, ids)[found.id],
        "stock": products.stock_rows(work.session, ids)[found.id],
        "in_transit": arrivals.in_transit(work.session, ids).get(found.id),
        "next_arrival": arrivals.next_of_products(work.session, ids).get(found.id),
    }


def material(work: Work, found: Material) -> dict[str, Any]:
    """Give a material, its balance and what of it is in transit."""
    ids = [found.id]
    return {
        "material": found,
        "balance": ledger.read_material(work.session, ids)[found.id],
        "coming_in": arrivals.materials_in_transit(work.session, ids)[found.id],
    }


def short_answers(work: Work, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Give what to say at the desk about products that are short."""
    found = products.by_codes(work.session, codes)
    by_id = {product.id: product.code for product in found.values()}
    answers = reservations.short_answers(work, by_id.keys(), work.setting("shipping_store"))
    return [{"product_code": by_id[id_], **answer} for id_, answer in answers.items()]
