"""The domain maps rows and decides; it never queries (ARCHITECTURE: the house)."""

import ast
from pathlib import Path

import pytest

from tests.architecture.rooms import ROOT, domain_files

#: What reads or writes the database. Sequence and the column types only describe it.
FORBIDDEN = {
    "Session",
    "Connection",
    "Engine",
    "async_sessionmaker",
    "create_engine",
    "delete",
    "insert",
    "joinedload",
    "object_session",
    "select",
    "selectinload",
    "sessionmaker",
    "update",
}
FILES = sorted(domain_files())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_domain_sees_no_session_and_no_select(path: Path) -> None:
    assert seen_in(ast.parse(path.read_text("utf-8"))) & FORBIDDEN == set()


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import select",
        "from sqlalchemy import update as change",
        "from sqlalchemy.orm import Session",
        "import sqlalchemy\nsqlalchemy.select(1)",
        "import sqlalchemy.orm as orm\norm.object_session(row)",
    ],
)
def test_this_test_would_see_one(source: str) -> None:
    assert seen_in(ast.parse(source)) & FORBIDDEN


def test_every_service_has_a_domain() -> None:
    assert len({path.parent.parent.name for path in FILES}) == 5


def seen_in(tree: ast.AST) -> set[str]:
    """Give every name that a module takes from SQLAlchemy, by import or by attribute."""
    seen: set[str] = set()
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            seen |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            modules |= {
                alias.asname or alias.name.partition(".")[0]
                for alias in node.names
                if alias.name.startswith("sqlalchemy")
            }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        if node.value.id in modules:
            seen.add(node.attr)
    return seen
