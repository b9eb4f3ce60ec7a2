"""What is held for an order, from when and until when: the table of SPEC §5, as desks see it."""

from datetime import date, timedelta
from typing import Any

from deploy.demo.people import Json
from deploy.demo.world import Customer, World


class Holder:
    """The only order of its customer, the only one that takes its material."""

    def __init__(self, world: World, customer: Customer, material: str, number: str) -> None:
        self.world = world
        self.customer = customer
        self.material = material
        self.number = number

    def holds(self) -> dict[str, float]:
        """Give what is held: credit in yuan, raw material in kg, pieces, slots not used yet."""
        company = self.world.company
        account = company.finance.get(f"/customers/{self.customer.code}/credit")
        raw = company.technician.get(f"/materials/{self.material}")
        held = self._holdings()
        return {
            "credit": float(account["exposure"]),
            "material": float(raw["reserved"]),
            "stock": sum(float(line["held"]) for line in held["lines"]),
            "slots": sum(not slot["used"] for slot in held["slots"]),
        }

    def _holdings(self) -> Json:
        company = self.world.company
        # The page does without a part whose service does not answer just now.
        held: Json = company.await_(
            f"what is held for {self.number}",
            lambda: company.clerk.get(f"/orders/{self.number}/page")["holdings"],
        )
        return held

    def await_holds(self, *, credit: float, material: float, stock: float, slots: int) -> None:
        """Wait until exactly that is held."""
        wanted = {"credit": credit, "material": material, "stock": stock, "slots": slots}
        self.world.company.await_(
            f"{self.number} holds {wanted}", self.holds, lambda held: held == wanted
        )

    def await_nothing_held(self) -> None:
        """Wait until everything is free again."""
        self.await_holds(credit=0.0, material=0.0, stock=0.0, slots=0)

    def await_slot_of(self, production_due: str) -> None:
        """Wait until its machine is booked on the last working day up to then."""
        calendar, day = self.world.calendar(), date.fromisoformat(production_due)
        while not calendar.is_working_day(day):
            day -= timedelta(days=1)
        self.world.company.await_(
            f"the slot of {self.number} on {day}",
            lambda: [slot["day"] for slot in self._holdings()["slots"]],
            lambda days: days == [day.isoformat()],
        )

    def await_money(self, **figures: Any) -> None:
        """Wait until the order's money is told by these figures."""
        company = self.world.company
        company.await_(
            f"{figures} of {self.number}",
            lambda: company.finance.get(f"/orders/{self.number}/money")["money"],
            lambda money: {name: money[name] for name in figures} == figures,
        )

    def await_material(self, on_hand: float) -> None:
        """Wait until so much of its material is in the store."""
        company = self.world.company
        company.await_(
            f"{on_hand} kg of {self.material}",
            lambda: float(company.technician.get(f"/materials/{self.material}")["on_hand"]),
            lambda seen: seen == on_hand,
        )
