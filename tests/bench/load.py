"""Clients that ask one HTTP server as fast as it answers, at little cost of their own.

They share two cores with what they measure: one thread, kept connections, prepared bytes, and of
an answer no more is read than its status and its length.
"""

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from urllib.parse import urlsplit

Ask = Callable[[], bytes]
_HEAD_END = b"\r\n\r\n"
_ANSWER_SECONDS = 30.0


class Unanswered(Exception):
    """A client was refused, cut off or left waiting."""


@dataclass
class Round:
    """What one stretch of asking gave."""

    seconds: float = 0.0
    #: How long each answer took, in seconds.
    took: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.took) / self.seconds

    @property
    def p95_ms(self) -> float:
        """Give the time within which 95 of 100 were answered."""
        return percentile(self.took, 95) * 1000


def percentile(values: list[float], percent: int) -> float:
    """Give the smallest value that so many percent of all do not pass."""
    ranked = sorted(values)
    return ranked[max(0, ceil(len(ranked) * percent / 100) - 1)]


def request(
    method: str, url: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b""
) -> bytes:
    """Give the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Client:
    def __init__(self, url: str, ask: Ask = bytes) -> None:
        parts = urlsplit(url)
        address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.ask = ask
        self.socket = socket.create_connection(address, timeout=_ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self.received = b""
        self.expected: int | None = None

    def send(self) -> None:
        self.began = time.perf_counter()
        self.received, self.expected = b"", None
        self.socket.sendall(self.ask())

    def has_answer(self) -> bool:
        """Read what has come; say whether it is the whole answer. Raises Unanswered."""
        came = self.socket.recv(65_536)
        if not came:
            raise Unanswered("the server closed a connection")
        self.received += came
        if self.expected is None:
            head, found, _ = self.received.partition(_HEAD_END)
            if not found:
                return False
            self.expected = len(head) + len(_HEAD_END) + _length(head)
        if len(self.received) < self.expected:
            return False
        if self.received[9:10] != b"2":
            raise Unanswered(self.received.decode(errors="replace")[:2000])
        return True


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    if not found:
        raise Unanswered("an answer does not tell its length")
    return int(rest.partition(b"\r\n")[0])


def ask_for(url: str, asks: list[Ask], *, seconds: float) -> Round:
    """Have a client for each of `asks` ask for so long; each makes one request after the other.

    Raises Unanswered at the first answer that is not 2xx: a refusal is no work done.
    """
    clients = [_Client(url, ask) for ask in asks]
    done = Round()
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        began = time.perf_counter()
        for client in clients:
            client.send()
        asking = len(clients)
        while asking:
            ready = selector.select(_ANSWER_SECONDS)
            if not ready:
                raise Unanswered(f"no answer within {_ANSWER_SECONDS:.0f} s")
            for key, _ in ready:
                client = key.data
                if not client.has_answer():
                    continue
                now = time.perf_counter()
                done.took.append(now - client.began)
                done.seconds = now - began
                if done.seconds < seconds:
                    client.send()
                else:
                    asking -= 1
        for client in clients:
            client.socket.close()
    return done


@contextmanager
def kept(url: str) -> Iterator[Callable[[bytes], bytes]]:
    """Give a function that sends one request on a kept connection and gives its answer's body.

    It raises Unanswered unless the answer is 2xx.
    """
    client = _Client(url)

    def ask(request: bytes) -> bytes:
        client.ask = lambda: request
        client.send()
        while not client.has_answer():
            pass
        return client.received.partition(_HEAD_END)[2]

    try:
        yield ask
    finally:
        client.socket.close()
