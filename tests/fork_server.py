"""Forks the programs of a test from a process that has imported what they import.

`python -m tests.fork_server green|plain SOCKET`. A service takes more than a second of CPU to
import, and the suite starts hundreds of processes. What is asked for is run as `python -m` would
run it, with the environment, folder, log, session and signals of a new process; it is only not
read and compiled anew. Nothing is connected, and no thread has begun, before a fork.

`green` is patched by eventlet before anything else is loaded, as chassis/runner.py does, and
forks services; `plain` forks the relay and the gateway.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass

GREEN, PLAIN = "green", "plain"
SERVICES = ("orders", "customers", "inventory", "shipping", "aftersales")
IMPORTED = {
    GREEN: ("chassis.process", *(f"services.{service}.service" for service in SERVICES)),
    PLAIN: ("chassis.relay", "gateway.app", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread"),
}
# What is run itself is loaded then, as the main module.
MAIN = ("chassis.relay",)
# These look at their surroundings when they are imported, or hold what forks of one must share
# and forks of another must not: each program reads them anew. test_forks.py keeps the list.
READ_ANEW = ("chassis.faults", "chassis.resend", "gateway.revocations", "gateway.worker")
LARGEST_ORDER_BYTES = 100_000

# Held before eventlet patches them, which would begin a hub: the server itself blocks.
_poll, _open, _read, _write, _wait_for_child = (
    select.poll,
    os.open,
    os.read,
    os.write,
    os.waitpid,
)


@dataclass(frozen=True)
class Order:
    """One program to be run: what `python -m` would be told."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    log: int
    told: int


class Server:
    """Takes orders from a socket, forks, and tells how each child ended."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        #: By pid: the pipe into which a child's exit code is written.
        self._told: dict[int, int] = {}

    def serve(self) -> Order | None:
        """Fork until nobody orders any more; returns the order in each child."""
        woken, wakes = os.pipe()
        os.set_blocking(wakes, False)
        os.set_blocking(woken, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes)
        waiting = _poll()
        for each in (woken, self._orders.fileno()):
            waiting.register(each, select.POLLIN)
        while True:
            ready = {number for number, _ in waiting.poll()}
            if woken in ready:
                with suppress(BlockingIOError):
                    _read(woken, 4096)
                self._bury()
            if self._orders.fileno() in ready:
                order = self._next()
                if order is None:
                    self._end_all()
                    return None
                if (pid := os.fork()) == 0:
                    self._become(order)
                    return order
                self._told[pid] = order.told
                os.close(order.log)
                self._orders.send(str(pid).encode())

    def _next(self) -> Order | None:
        content, files, _, _ = socket.recv_fds(self._orders, LARGEST_ORDER_BYTES, 2)
        if not content:
            return None
        log, told = files
        return Order(**json.loads(content), log=log, told=told)

    def _bury(self) -> None:
        with suppress(ChildProcessError):
            while (ended := _wait_for_child(-1, os.WNOHANG))[0]:
                pid, status = ended
                told = self._told.pop(pid)
                with suppress(BrokenPipeError):
                    _write(told, str(os.waitstatus_to_exitcode(status)).encode())
                os.close(told)

    def _end_all(self) -> None:
        """End what a run that was itself ended left running."""
        for pid in self._told:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def _become(self, order: Order) -> None:
        """Make this child what a new process would be."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(_open(os.devnull, os.O_RDONLY), 0)
        os.dup2(order.log, 1)
        os.dup2(order.log, 2)
        os.closerange(3, 4096)
        self._orders.detach()
        os.chdir(order.folder)
        os.environ.clear()
        os.environ.update(order.environment)
        time.tzset()
        for name in READ_ANEW:
            if name in sys.modules:
                importlib.reload(sys.modules[name])
        sys.argv = [order.module, *order.arguments]


def load(kind: str) -> None:
    """Import what the programs of this kind import."""
    if kind == GREEN:
        # It says so at every import (chassis/runner.py).
        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        import eventlet

        eventlet.monkey_patch()
    for name in IMPORTED[kind]:
        importlib.import_module(name)
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    for name in MAIN:
        sys.modules.pop(name, None)
    if kind == GREEN:
        # The hub that patching began holds an epoll: each child is to open one of its own.
        eventlet.hubs.use_hub()
    gc.collect()
    gc.freeze()


def main(kind: str, descriptor: str) -> None:
    """Serve until the tests hang up; in a child, run what was ordered."""
    orders = socket.socket(fileno=int(descriptor))
    load(kind)
    order = Server(orders).serve()
    if order is not None:
        runpy.run_module(order.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
