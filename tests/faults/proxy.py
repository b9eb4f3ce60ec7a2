"""A TCP proxy between a process and an engine, through which faults are struck at will."""

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Forwards loopback connections to `target`.

    - `let_pass()`: as if it were not there (how it starts).
    - `freeze()`: connections stay, new ones are accepted, not a byte moves, as with a stopped
      process or a black hole in the network.
    - `cut()`: every connection is reset and new ones are, until another mode is chosen.
    - `delay(seconds)`: what comes is handed on so much later, in its order.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._moving = threading.Event()
        self._moving.set()
        self._refusing = False
        self._delay = 0.0
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    @classmethod
    def before(cls, url: str) -> Self:
        """Give a proxy before the engine of `url`."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        return cls((parts.hostname, parts.port))

    def url(self, original: str) -> str:
        """Give `original` with this proxy's address in place of its own."""
        parts = urlsplit(original)
        credentials = parts.netloc.rpartition("@")[0]
        netloc = f"{credentials}@127.0.0.1:{self.port}" if credentials else f"127.0.0.1:{self.port}"
        return urlunsplit(parts._replace(netloc=netloc))

    @property
    def connections(self) -> int:
        """How many connections go through now."""
        with self._lock:
            return len(self._sockets) // 2

    def let_pass(self) -> None:
        self._delay, self._refusing = 0.0, False
        self._moving.set()

    def freeze(self) -> None:
        self._moving.clear()

    def cut(self) -> None:
        self._refusing = True
        with self._lock:
            sockets = list(self._sockets)
        for one in sockets:
            _reset(one)
        self._moving.set()

    def delay(self, seconds: float) -> None:
        self._delay = seconds
        self._moving.set()

    def close(self) -> None:
        self.cut()
        # Wakes the thread that accepts; closing alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                _reset(near)
                near.close()
                continue
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                _reset(near)
                near.close()
                continue
            far.settimeout(None)
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while octets := source.recv(65_536):
                if self._delay:
                    time.sleep(self._delay)
                self._moving.wait()
                sink.sendall(octets)
        except OSError:
            _reset(sink)
        finally:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)
            with self._lock:
                self._sockets.discard(source)
            source.close()


def _reset(one: socket.socket) -> None:
    """End a connection with a reset, as a peer that died does."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        one.shutdown(socket.SHUT_RDWR)
