"""The declarations, the permission table and the OpenAPI document agree."""

import re
from pathlib import Path

import pytest

from gateway import permissions
from gateway.app import OPERATIONS
from gateway.operations import PUBLIC, SIGNED_IN
from gateway.permissions import TABLE, UNMASK, TableError, read_table


def test_every_operation_names_a_permission_of_the_table() -> None:
    unknown = {
        f"{operation.method} {operation.path}: {operation.permission}"
        for operation in OPERATIONS
        if operation.permission not in {*TABLE, PUBLIC, SIGNED_IN}
    }

    assert unknown == set()


def test_every_permission_of_the_table_opens_something() -> None:
    used = {operation.permission for operation in OPERATIONS} | {UNMASK}

    assert set(TABLE) - used == set()


def test_no_address_is_declared_twice() -> None:
    addresses = [
        (operation.method, re.sub(r"{\w+}", "{}", operation.path)) for operation in OPERATIONS
    ]

    assert sorted(addresses) == sorted(set(addresses))


def test_a_role_that_does_not_exist_fails_the_table(tmp_path: Path) -> None:
    table = tmp_path / "permissions.toml"
    table.write_text('[orders]\nread = ["clerc"]\n', encoding="utf-8")

    with pytest.raises(TableError, match="clerc"):
        read_table(table)


def test_only_scanners_are_left_out_of_everybody() -> None:
    assert TABLE["work.read"] == frozenset(permissions.ROLES) - {"scanner"}
