"""The permission table: which role may call what (SPEC §2); the data are permissions.toml."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from chassis.principal import Principal
from gateway.errors import PermissionMissing

ROLES: Mapping[str, str] = {
    "clerk": "开单员/客服员",
    "assistant": "客服助理/跟单员",
    "supervisor": "客服主管",
    "sales": "销售员",
    "director": "营销总监",
    "finance": "财务",
    "technician": "技术部",
    "planner": "生产部主管",
    "inspector": "质检",
    "dispatcher": "发货员",
    "warehouse": "仓管",
    "scanner": "扫描设备",
    "aftersales": "售后/客户接待员",
    "admin": "系统管理员",
}

#: Permission to look behind the masks of phones and addresses.
UNMASK = "personal_data.unmask"

PERMISSIONS_FILE = Path(__file__).with_name("permissions.toml")


class TableError(Exception):
    """The permission table names a role that does not exist, or opens something to nobody."""


def read_table(path: Path = PERMISSIONS_FILE) -> Mapping[str, frozenset[str]]:
    """Read the table and check it. Raises TableError."""
    with path.open("rb") as file:
        groups = tomllib.load(file)
    everybody = frozenset(ROLES) - {"scanner"}
    table: dict[str, frozenset[str]] = {}
    for noun, permissions in groups.items():
        for verb, roles in permissions.items():
            named = everybody if roles == "everybody" else frozenset(roles)
            if not named or not named <= frozenset(ROLES):
                raise TableError(f"{noun}.{verb}: {sorted(named - frozenset(ROLES)) or 'nobody'}")
            table[f"{noun}.{verb}"] = named
    return table


TABLE = read_table()


def allows(principal: Principal, permission: str) -> bool:
    """Whether one of the principal's roles has the permission."""
    return not principal.roles.isdisjoint(TABLE[permission])


def require(principal: Principal, permission: str) -> None:
    """Raise PermissionMissing unless one of the principal's roles has the permission."""
    if not allows(principal, permission):
        raise PermissionMissing(permission=permission)
