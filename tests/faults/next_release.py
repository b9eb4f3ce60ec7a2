"""The release after this one: a copy of the tree that adds what a release may add, and no more.

All that it adds is called `edition`, so that a test can tell which release wrote or announced
something. How it must be rolled out stands in docs/operations.md, "A new release".
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local.places import CHECKOUT
from deploy.local.processes import Program

EDITION = "next"
_COPIED = ("chassis", "services", "deploy")
_CONSTANT = f'    edition = fields.Constant("{EDITION}")\n'

#: By file: a line that stands there once, and what is added after it.
_ADDED: Mapping[str, Mapping[str, str]] = {
    # A column, and who writes it.
    "services/orders/domain/order.py": {
        "    channel: Mapped[str]\n": "    edition: Mapped[str | None]\n",
        "            goods_ready=False,\n": f'            edition="{EDITION}",\n',
    },
    # A field in every event of orders, which the four other services hear and keep.
    "services/orders/schemas/views.py": {
        '        "paper_owed": order.paper_owed,\n': f'        "edition": "{EDITION}",\n',
    },
    # A field in what orders asks customers, in the middle of a conversation.
    "services/orders/conversations/submit.py": {
        '            "reserve_credit",\n            {\n': f'"edition": "{EDITION}",\n',
    },
    "services/customers/service.py": {
        '        """Check an order\'s credit and reserve it, in one step."""\n': (
            '        request.pop("edition")\n'
        ),
    },
    "services/customers/schemas/credit.py": {
        "    override = fields.Boolean(load_default=False)\n": (
            "    edition = fields.String(load_default=None)\n"
        ),
        # A field in what customers answers to orders and to shipping, and in its events.
        "    reserved = Amount()\n": _CONSTANT,
        "    verified_at = Moment(allow_none=True)\n\n\n": _CONSTANT + "\n\n",
        "    standing = one_of(Standing)\n": _CONSTANT,
    },
}
_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("edition", sa.String(), nullable=True))
"""


@dataclass(frozen=True)
class Release:
    """A tree that programs can be run from."""

    folder: Path

    def build_of(self, program: Program) -> Program:
        """Give a program as this release has it."""
        return replace(program, folder=self.folder)

    def migrate(self, urls: Mapping[str, str], backups: Path) -> None:
        """Bring databases to this release's newest migration, as `./gendan up` does."""
        subprocess.run(
            [sys.executable, "-m", "deploy.local.migrations"],
            input=json.dumps({"urls": dict(urls), "backups": str(backups)}),
            cwd=self.folder,
            check=True,
            text=True,
        )


THIS = Release(CHECKOUT)


def next_release(folder: Path) -> Release:
    """Write the next release into a new folder."""
    for part in _COPIED:
        shutil.copytree(CHECKOUT / part, folder / part)
    for name, added in _ADDED.items():
        file = folder / name
        text = file.read_text()
        for line, more in added.items():
            assert text.count(line) == 1, f"{name} has {text.count(line)} times {line!r}"
            text = text.replace(line, line + more)
        file.write_text(text)
    versions = folder / "services/orders/migrations/versions"
    newest = max(versions.glob("0*.py")).name.partition("_")[0]
    (versions / "next_edition.py").write_text(_MIGRATION.format(before=newest))
    return Release(folder)
