"""`./gendan test`: lint, then the whole suite against engines of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local import records
from deploy.local.engines import Engines, given_engines, running_engines
from deploy.local.places import CHECKOUT, Places, places_for
from deploy.local.records import InstanceBusy

# No instance of a person can bear such a name: it has no underscore (instance.py).
PREFIX = "test_"
# As many as the cores that it is made for: with four, tests that strike the engines slow the others
# until they give up waiting.
AT_A_TIME = 2
# The slowest first: two run at a time.
CHECKS: dict[str, tuple[str, ...]] = {
    "types": ("mypy",),
    "import contracts": ("lint-imports",),
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "codespell": ("codespell",),
}


@dataclass(frozen=True)
class Verdict:
    """How one check went."""

    name: str
    passed: bool
    output: str
    seconds: float


def run_checks(say: Callable[[str], None]) -> list[str]:
    """Run every check, two at a time; say how each went and return the names that failed."""
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for verdict in pool.map(run_check, CHECKS):
            word = "ok" if verdict.passed else "FAILED"
            say(f"{verdict.name}: {word} ({verdict.seconds:.1f} s)")
            if not verdict.passed:
                say(verdict.output.rstrip())
                failed.append(verdict.name)
    return failed


def run_check(name: str) -> Verdict:
    """Run one check with the tools beside our own interpreter."""
    tool, *arguments = CHECKS[name]
    began = time.monotonic()
    finished = subprocess.run(
        [str(Path(sys.executable).parent / tool), *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Verdict(name, finished.returncode == 0, finished.stdout, time.monotonic() - began)


def run_tests(arguments: Sequence[str], say: Callable[[str], None]) -> int:
    """Run pytest against a temporary pair of engines and return its exit code.

    The instance is named after this process, so runs at the same time share nothing.
    """
    remove_abandoned()
    places = places_for(f"{PREFIX}{os.getpid()}")
    places.make()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with records.holding(places.home):
        try:
            with _given_or_own(places, say) as engines:
                return run_pytest(arguments, os.environ | engines.addresses())
        finally:
            places.remove()


@contextmanager
def _given_or_own(places: Places, say: Callable[[str], None]) -> Iterator[Engines]:
    given = given_engines()
    if given:
        given.check_given()
        yield given
        return
    with running_engines(places, say, durable=False) as own:
        yield own


def run_pytest(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """Run pytest as a child and await its end, also when we are told to end first.

    The suite and its folders run in some processes, a file at a time each; files and tests that
    are named in one, where a debugger can be used.
    """
    are_files = any((CHECKOUT / argument.partition("::")[0]).is_file() for argument in arguments)
    # Not by xdist's groups: version 3.8 cannot name them to pytest 9.2, and says nothing.
    in_some = ("-n", str(AT_A_TIME), "--dist", "loadfile", "--no-loadscope-reorder")
    side_by_side = () if are_files else in_some
    pytest = subprocess.Popen(
        [sys.executable, "-m", "pytest", *side_by_side, *arguments], cwd=CHECKOUT, env=environment
    )
    try:
        return pytest.wait()
    except KeyboardInterrupt:
        # The terminal sent it to pytest as well, which is now tearing its fixtures down.
        return pytest.wait()
    finally:
        if pytest.poll() is None:
            pytest.terminate()
            pytest.wait()


def remove_abandoned() -> None:
    """Clear away test instances whose launcher was killed before it could."""
    for home in (CHECKOUT / "var").glob(f"{PREFIX}*"):
        if records.is_held(home):
            continue
        places = places_for(home.name)
        try:
            with records.holding(home):
                records.end_leftovers(places.run)
                places.remove()
        except (InstanceBusy, FileNotFoundError):
            continue


def instance_for_tests(name: str) -> Places:
    """Return a fresh temporary instance for a pytest that was started without the launcher."""
    places = places_for(f"{PREFIX}{name}")
    places.make()
    return places
