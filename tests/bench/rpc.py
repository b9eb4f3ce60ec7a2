"""How fast an RPC is beside nameko as it comes and kombu used directly (issue: Speed).

Absolute figures swing by a factor of two on shared machines, so the three are measured in turn,
round by round, and what counts is the median of each round's ratio.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from deploy.local.places import CHECKOUT

PARTIES = "tests.bench.rpc_parties"
KINDS = ("chassis", "nameko", "kombu")
GOALS = {"rpc_ratio_nameko": 2.5, "rpc_ratio_kombu": 0.7}
START_SECONDS = 30.0


def measure(
    amqp_url: str,
    *,
    rounds: int = 5,
    seconds: float = 3.0,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, float]:
    """Measure calls per second with 16 callers; give medians and ratios.

    Keys: rpc_per_s, rpc_per_s_nameko, rpc_per_s_kombu, rpc_ratio_nameko, rpc_ratio_kombu.
    """
    environment = {**os.environ, "GENDAN_AMQP_URL": amqp_url, "PYTHONWARNINGS": "ignore"}
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with ExitStack() as servers:
        folder = Path(servers.enter_context(tempfile.TemporaryDirectory()))
        servers.enter_context(_chassis_server(environment, folder / "ready"))
        for kind in ("nameko", "kombu"):
            servers.enter_context(_yardstick_server(environment, kind))
        for number in range(1, rounds + 1):
            for kind in KINDS:
                rates[kind].append(_call(environment, kind, seconds))
            say(
                f"round {number}: "
                + ", ".join(f"{kind} {rates[kind][-1]:,.0f} calls/s" for kind in KINDS)
            )
    ours = rates["chassis"]
    return {
        "rpc_per_s": round(median(ours), 1),
        "rpc_per_s_nameko": round(median(rates["nameko"]), 1),
        "rpc_per_s_kombu": round(median(rates["kombu"]), 1),
        "rpc_ratio_nameko": round(_median_ratio(ours, rates["nameko"]), 2),
        "rpc_ratio_kombu": round(_median_ratio(ours, rates["kombu"]), 2),
    }


def _median_ratio(ours: list[float], theirs: list[float]) -> float:
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def _call(environment: dict[str, str], kind: str, seconds: float) -> float:
    finished = subprocess.run(
        [sys.executable, "-m", PARTIES, f"call-{kind}", str(seconds)],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds + 60,
    )
    return float(json.loads(finished.stdout))


@contextmanager
def _chassis_server(environment: dict[str, str], ready: Path) -> Iterator[None]:
    told = {**environment, "GENDAN_READY_FILE": str(ready), "GENDAN_LOG_LEVEL": "WARNING"}
    told.pop("GENDAN_DATABASE_URL", None)
    server = subprocess.Popen(
        [sys.executable, "-m", "chassis.runner", "tests.bench.rpc_service:BenchService"],
        cwd=CHECKOUT,
        env=told,
    )
    with _ended(server):
        give_up = time.monotonic() + START_SECONDS
        while not ready.exists():
            if server.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError("the benchmark's chassis service does not start")
            time.sleep(0.05)
        yield


@contextmanager
def _yardstick_server(environment: dict[str, str], kind: str) -> Iterator[None]:
    server = subprocess.Popen(
        [sys.executable, "-m", PARTIES, f"serve-{kind}"],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
    )
    with _ended(server):
        if server.stdout is None or server.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the benchmark's {kind} server does not start")
        yield


@contextmanager
def _ended(server: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stdout is not None:
            server.stdout.close()


if __name__ == "__main__":
    figures = measure(os.environ["GENDAN_AMQP_URL"], say=lambda line: print(line, flush=True))  # noqa: T201  # run by hand
    print(json.dumps(figures, indent=2))  # noqa: T201
