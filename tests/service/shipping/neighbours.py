"""Customers and inventory at their RPC names, each in a process: they allow and hold everything."""

from typing import Any

from chassis.rpc import rpc


class Customers:
    """Lets everything leave, on the money of this morning."""

    name = "customers"

    @rpc
    def check_release(self, principal: Any, body: Any, key: Any = None) -> Any:
        return {
            "allowed": True,
            "code": "balance_verified",
            "why": "",
            "why_zh": "",
            "grade": "B",
            "terms": "deposit_and_balance",
            "value": "980.00",
            "balance_due": "0.00",
            "paid_at": "2026-11-23T01:00:00+00:00",
            "verified_at": "2026-11-23T02:00:00+00:00",
        }


class Inventory:
    """Holds a hundred of one line of any order."""

    name = "inventory"
    LINE_ID = "7a0e9a52-6a70-4b53-9d8e-0c1f6a1b2c3d"

    @rpc
    def get_holdings(self, principal: Any, body: Any, key: Any = None) -> Any:
        line = {
            "line_id": self.LINE_ID,
            "held": "100.000",
            "consumed": "0.000",
            "accepted_quantity": "100.000",
        }
        return {"lines": [line], "material": [], "slots": []}
