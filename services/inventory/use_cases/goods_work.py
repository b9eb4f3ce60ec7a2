"""What the warehouse has to do: receive, consent, count."""

from typing import Any

from chassis.calendar import calendar_of
from chassis.database import Work
from services.inventory.domain.lifecycle import TransferState
from services.inventory.storage import arrivals, stock, transfers

WAREHOUSE = "warehouse"
_NEXT_OF_TRANSFER = {
    TransferState.REQUESTED: ("consent", "调拨待同意"),
    TransferState.SENT: ("receive", "调拨待入库"),
}


def arrivals_due(work: Work, limit: int) -> list[dict[str, Any]]:
    """Give the arrivals expected by today that have not been received."""
    calendar = calendar_of(work, for_facts=True)
    return [
        _item(
            kind="arrival_due",
            title=f"Receive {row.quantity} of {row.item_name}",
            title_zh=f"收货：{row.item_name} {row.quantity}",
            entity_type="arrival",
            entity_number=row.number,
            due_at=calendar.end_of_working_day(row.expected_on),
            verb="receive",
            path=f"/api/v1/arrivals/{row.number}",
        )
        for row in arrivals.due(work, work.today, limit)
    ]


def transfers_to_move(work: Work, limit: int) -> list[dict[str, Any]]:
    """Give the transfers that wait for a consent or to be received."""
    return [
        _item(
            kind=f"transfer_{row.state}",
            title=f"{verb.capitalize()}: {row.quantity} of {row.product_name} "
            f"from {row.from_store} to {row.to_store}",
            title_zh=f"{zh}：{row.product_name} {row.quantity}，{row.from_store} → {row.to_store}",
            entity_type="transfer",
            entity_number=row.number,
            order_number=row.order_number,
            due_at=row.requested_at,
            verb=verb,
            path=f"/api/v1/transfers/{row.number}",
        )
        for row in transfers.waiting(work, limit)
        for verb, zh in (_NEXT_OF_TRANSFER[row.state],)
    ]


def shortages_to_count(work: Work, limit: int) -> list[dict[str, Any]]:
    """Give the balances that a fact contradicted: somebody has to count them."""
    return [
        _item(
            kind="stock_discrepancy",
            title=f"Count {row.Product.name} in {row.Discrepancy.store_code}: "
            f"{row.Discrepancy.quantity} more left than the books had",
            title_zh=f"盘点 {row.Product.name}（{row.Discrepancy.store_code}）："
            f"账面短缺 {row.Discrepancy.quantity}",
            entity_type="product",
            entity_number=row.Product.code,
            due_at=row.Discrepancy.found_at,
            verb="book_stock",
            path=f"/api/v1/products/{row.Product.code}",
        )
        for row in stock.open_discrepancies(work.session, limit)
    ]


def _item(**facts: Any) -> dict[str, Any]:
    return {
        "order_number": None,
        "customer_name": None,
        "roles": [WAREHOUSE],
        "person_id": None,
        **facts,
    }
