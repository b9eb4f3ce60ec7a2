"""Processes of tests that are forked instead of started, which saves a second of CPU each.

What `Process` promises holds: its own session, environment and log, any signal, an exit code.
The real command lines are run by the tests of `./gendan up`, by the bench and by the torture.
"""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import BinaryIO

from deploy.local.places import CHECKOUT
from deploy.local.processes import Child, Process, Program
from tests.fork_server import GREEN, PLAIN

# By the module that `python -m` would run.
KINDS = {"chassis.runner": GREEN, "chassis.relay": PLAIN, "gunicorn": PLAIN}
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONDONTWRITEBYTECODE")


class ForkedProcess(Process):
    """A process like any other, forked where a fork server knows its module."""

    def _begin(self, log: BinaryIO) -> Child:
        python, *arguments = self.program.command
        if python != sys.executable or arguments[0] != "-m" or self.program.account:
            return super()._begin(log)
        if self.program.folder != CHECKOUT:
            return super()._begin(log)  # Another tree than the fork servers have loaded.
        kind = KINDS.get(arguments[1])
        return ForkServer.of(kind).fork(self.program, log) if kind else super()._begin(log)


class Fork:
    """A forked child: its pid, and the pipe into which the server writes how it ended."""

    def __init__(self, pid: int, told: int) -> None:
        self._pid = pid
        self._told = told
        self._code: int | None = None
        # A test and a supervisor may ask at once.
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        return self._pid

    def poll(self) -> int | None:
        """Give the exit code, or None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code; raises TimeoutExpired."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self._pid), timeout or 0)
        return code

    def _look(self, timeout: float | None) -> int | None:
        with self._lock:
            if self._code is None and self._is_told(timeout):
                # Nothing is written when the server died; its children are then lost to us.
                self._code = int(os.read(self._told, 16) or b"-9")
                os.close(self._told)
            return self._code

    def _is_told(self, timeout: float | None) -> bool:
        waiting = select.poll()
        waiting.register(self._told, select.POLLIN)
        return bool(waiting.poll(None if timeout is None else timeout * 1000))


class ForkServer:
    """A running tests/fork_server.py, started when it is first asked for."""

    _running: dict[str, "ForkServer"] = {}  # noqa: RUF012  by kind, for the whole run
    _starting = threading.Lock()

    def __init__(self, kind: str) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        told = {name: os.environ[name] for name in INHERITED if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fork_server", kind, str(theirs.fileno())],
                # As parts.Wiring tells every part: glibc reads it when a program is started.
                env=told | {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"},
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self.close)

    @classmethod
    def of(cls, kind: str) -> "ForkServer":
        """Give the one server of a kind."""
        with cls._starting:
            if kind not in cls._running:
                cls._running[kind] = cls(kind)
            return cls._running[kind]

    def fork(self, program: Program, log: BinaryIO) -> Fork:
        """Run a program's module in a fork."""
        _, _, module, *arguments = program.command
        order = {
            "module": module,
            "arguments": arguments,
            "environment": dict(program.environment),
            "folder": str(program.folder),
        }
        told, tells = os.pipe()
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(order).encode()], [log.fileno(), tells])
            os.close(tells)
            return Fork(int(self._socket.recv(32)), told)

    def close(self) -> None:
        """Let it end, and all that it forked."""
        self._socket.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
