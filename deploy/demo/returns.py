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
    before = _stock(world, product)
    company.inspector.move(
        path,
        "inspect",
        lines=[{"line_no": 1, "restock": "3", "scrap": "2", "defect": "受潮"}],
    )
    settled = company.finance.move(path, "settle")
    expect(settled["refund"], "10.00", "5 at 2.00")
    company.aftersales.move(path, "close")
    company.await_(
        "3 are back on the shelf", lambda: _stock(world, product), lambda now: now == before + 3
    )
    company.await_(
        "the refund is the customer's credit",
        lambda: company.finance.get(f"/customers/{customer.code}/credit"),
        lambda account: account["customer_credit"] == "10.00",
    )
    expect(company.clerk.get(f"/orders/{number}")["stage"], "closed", "the order's stage")
    company.say(f"   Case {case['number']}: 3 restocked, 2 scrapped, 10.00 credited.")


def _stock(world: World, product: str) -> float:
    answer = world.company.warehouse.get("/stock", product_code=product)
    return sum(float(row["on_hand"]) for row in answer["items"] if row.get("condition") == "good")
