"""Who acts: a person, a device, a service or the system itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.errors import Invalid, RoleNeeded

KINDS = ("person", "device", "service", "system")

#: Roles to which phones and addresses are open (SPEC §2).
SEES_PERSONAL_DATA = frozenset(
    {"clerk", "assistant", "supervisor", "sales", "director", "dispatcher", "aftersales"}
)


class PrincipalMissing(Invalid):
    """A call does not say who acts."""

    code = "principal_missing"
    en = "The call does not say who acts."
    zh = "调用未说明操作人。"


@dataclass(frozen=True)
class Principal:
    """Who acts and in which roles. Where two people are asked for, `person_id`s are compared."""

    person_id: str
    name: str
    roles: frozenset[str] = frozenset()
    kind: str = "person"

    def has(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)

    def require(self, *roles: str) -> None:
        """Raise RoleNeeded unless one of `roles` is held."""
        if not self.has(*roles):
            raise RoleNeeded(roles=", ".join(roles))

    @property
    def limited_to_own_customers(self) -> bool:
        """Whether SPEC §2 lets them see only the customers they sell to: sales and nothing else."""
        return self.kind == "person" and self.roles == frozenset({"sales"})

    @property
    def sees_personal_data(self) -> bool:
        """Whether phones and addresses are open to them everywhere."""
        return self.has(*SEES_PERSONAL_DATA) or self.kind in ("service", "system")

    def to_wire(self) -> dict[str, Any]:
        return {
            "person_id": self.person_id,
            "name": self.name,
            "roles": sorted(self.roles),
            "kind": self.kind,
        }


SYSTEM = Principal("system", "system", kind="system")

#: Who acts where no person does: nobody may be known by one of these. Others of ours have a
#: colon in them, which no person's id has.
NOBODYS = frozenset({"anybody", "audit", "gateway", "listening", "relay", SYSTEM.person_id})


def from_wire(wire: object) -> Principal:
    """Read a principal from a call. Raises PrincipalMissing for anything else."""
    if not isinstance(wire, Mapping):
        raise PrincipalMissing
    person_id, name, kind = wire.get("person_id"), wire.get("name"), wire.get("kind", "person")
    roles = wire.get("roles", [])
    if not (
        isinstance(person_id, str)
        and 0 < len(person_id) <= 80
        and isinstance(name, str)
        and isinstance(roles, list)
        and all(isinstance(role, str) for role in roles)
        and kind in KINDS
    ):
        raise PrincipalMissing
    return Principal(person_id, name[:120], frozenset(roles), kind)
