"""Chapter 7: customer B returns 5 pieces of the closed order."""

from deploy.demo.making import closed_order
from deploy.demo.people import expect
from deploy.demo.world import World


def five_come_back(world: World) -> None:
    """Inspected, 3 restocked, 2 scrapped, the refund credited; the order stays closed."""
    company = world.company
    customer, product, number = closed_order(world)
    case = company.aftersales.post(
        "/cases",
        {
            "order_number": number,
            "kind": "return",
            "wish": "5卷受潮",
            "lines": [{"line_no": 1, "quantity": "5"}],
        },
    )
    path = f"/cases/{case['number']}"
    company.aftersales.move(path, "acknowledge", note="已电话答复")
    company.supervisor.move(path, "authorise", decision="同意退货")
    company.aftersales.move(path, "await_goods", return_to="杭州仓退货区")
    company.warehouse.move(path, "receive")
    _await_stock(world, product, quarantine=5.0)
    company.inspector.move(
        path,
        "inspect",
        lines=[{"line_no": 1, "restock": "3", "scrap": "2", "defect": "受潮"}],
    )
    settled = company.finance.move(path, "settle")
    expect(settled["refund"], "10.00", "5 at 2.00")
    company.aftersales.move(path, "close")
    _await_stock(world, product, good=3.0)
    ledger = company.warehouse.get(f"/products/{product}/movements")["items"]
    scrapped = [(row["condition"], row["on_hand"]) for row in ledger if row["kind"] == "scrapped"]
    expect(scrapped, [("quarantine", "-2.000")], "what the ledger says of the scrap")
    company.await_(
        "the refund is the customer's credit",
        lambda: company.finance.get(f"/customers/{customer.code}/credit"),
        lambda account: account["customer_credit"] == "10.00",
    )
    expect(company.clerk.get(f"/orders/{number}")["stage"], "closed", "the order's stage")
    company.say(f"   Case {case['number']}: 3 restocked, 2 scrapped, 10.00 credited.")


def _await_stock(world: World, product: str, *, good: float = 0.0, quarantine: float = 0.0) -> None:
    """Wait until so much is there of a product of which all that was made had left."""

    def look() -> dict[str, float]:
        rows = world.company.warehouse.get("/stock", product_code=product)["items"]
        there = dict.fromkeys([row["condition"] for row in rows], 0.0)
        for row in rows:
            there[row["condition"]] += float(row["on_hand"])
        return {condition: quantity for condition, quantity in there.items() if quantity}

    wanted = {"good": good, "quarantine": quarantine}
    wanted = {condition: quantity for condition, quantity in wanted.items() if quantity}
    world.company.await_(f"{wanted} of {product}", look, lambda there: there == wanted)
