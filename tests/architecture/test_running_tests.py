"""How tests are run: what a developer is told who runs them otherwise."""

import os
import subprocess
import sys

from deploy.local.places import CHECKOUT

NEEDS_ENGINES = "tests/integration/chassis/test_roundtrips.py"
ONE = f"{NEEDS_ENGINES}::test_a_statement_without_values_is_prepared_too"


def test_several_processes_without_engines_of_theirs_are_told_of_the_command() -> None:
    told = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GENDAN_", "PYTEST_"))
    }
    command = (sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", ONE)

    ran = subprocess.run(
        command, cwd=CHECKOUT, env=told, capture_output=True, text=True, check=False, timeout=120
    )

    assert ran.returncode == 1
    assert "run `./gendan test`, which starts them, or give GENDAN_PG_ADMIN_URL" in ran.stdout
    assert "1 error" in ran.stdout
