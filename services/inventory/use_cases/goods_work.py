"""What the warehouse has to do: receive, consent, count."""

from datetime import date, datetime, time
from typing import Any

from chassis.clock import BUSINESS_ZONE
from chassis.database import Work
from services.inventory.domain.lifecycle import ArrivalState, TransferState
from services.inventory.storage import arrivals, stock, transfers

WAREHOUSE = "warehouse"


def arrivals_due(work: Work, limit: int) -> list[dict[str, Any]]:
    """Give the arrivals expected by today that have not been received."""
    page = arrivals.listed(
        work.session, state=ArrivalState.EXPECTED, last_day=work.today, limit=limit
    )
    return [
        _item(
            kind="arrival_due",
            title=f"Receive {row.Arrival.quantity} of {_name(row)}",
            title_zh=f"收货：{_name(row)} {row.Arrival.quantity}",
            entity_type="arrival",
            entity_number=row.Arrival.number,
            due_at=_end_of(row.Arrival.expected_on),
            verb="receive",
            path=f"/api/v1/arrivals/{row.Arrival.number}",
        )
        for row in page.items
    ]


def transfers_to_move(work: Work, limit: int) -> list[dict[str, Any]]:
    """Give the transfers that wait for a consent or to be received."""
    items = []
    for state, verb, zh in (
        (TransferState.REQUESTED, "consent", "调拨待同意"),
        (TransferState.SENT, "receive", "调拨待入库"),
    ):
        for row in transfers.listed(work.session, state=state, limit=limit, after=None).items:
            transfer = row.Transfer
            items.append(
                _item(
                    kind=f"transfer_{state}",
                    title=f"{verb.capitalize()}: {transfer.quantity} of {row.Product.name} "
                    f"from {transfer.from_store} to {transfer.to_store}",
                    title_zh=f"{zh}：{row.Product.name} {transfer.quantity}，"
                    f"{transfer.from_store} → {transfer.to_store}",
                    entity_type="transfer",
                    entity_number=transfer.number,
                    order_number=transfer.order_number,
                    due_at=transfer.requested_at,
                    verb=verb,
                    path=f"/api/v1/transfers/{transfer.number}",
                )
            )
    return items


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


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(18), tzinfo=BUSINESS_ZONE)


def _name(row: arrivals.Listed) -> str:
    return str((row.Product or row.Material).name)


def _item(**facts: Any) -> dict[str, Any]:
    return {
        "order_number": None,
        "customer_name": None,
        "roles": [WAREHOUSE],
        "person_id": None,
        **facts,
    }
