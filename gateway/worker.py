"""gunicorn's threaded worker, with bounds on how long a client may hold a thread.

As it comes, gunicorn 27's gthread waits for ever for the rest of a half-sent request, keeps a
thread for five seconds for a connection that sends nothing, and closes connections on its only
accepting thread, where a client that does not hang up costs everybody two seconds. Here a
connection gets a thread when its request has arrived (of a long body, its beginning), the whole
request has `READ_SECONDS`, closing is done aside, and when too many requests wait for a thread
already, one more is refused at once.

A thread that has answered stays with its connection for a moment: a client at work asks again at
once, and to hand the connection back to the accepting thread and out again costs the gateway as
much as answering does.
"""

import errno
import json
import os
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from select import POLLIN, poll
from selectors import EVENT_READ

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.workers.gthread import TConn, ThreadWorker

#: For the whole of a request, from its first byte to the last of its body; and to get a thread.
READ_SECONDS = float(os.environ.get("GENDAN_HTTP_READ_SECONDS", "10"))
#: For a client to take what it was answered.
WRITE_SECONDS = 10.0
# More than any request's headers may have (gunicorn_conf.py); peeked at, not yet read.
_PEEKED_BYTES = 65_536
# As long as gunicorn waits for the client to hang up.
_CLOSE_SECONDS = 2.0
_HEADERS_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:", re.IGNORECASE)
# How long a thread that has answered waits for the next request of its connection. Half of the
# threads at most do: the others are free for whoever comes.
_STAY_MS = 20
#: How many requests may wait for a thread.
MOST_WAITING = 256

_BUSY_BODY = (
    '{"type":"urn:gendan:problem:overloaded","title":"Service Unavailable","status":503,'
    '"code":"overloaded","detail":"Too many requests are waiting; try again in a moment.",'
    '"detail_zh":"等待处理的请求过多，请稍后重试。","instance":"","request_id":"","details":{}}'
).encode()
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nServer: gendan\r\nConnection: close\r\n"
    b"Retry-After: 2\r\nContent-Type: application/problem+json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_BUSY_BODY), _BUSY_BODY)
)


def _write_problem(client: socket.socket, status: int, reason: str, _message: str) -> None:
    """Refuse what is no request that can be read, in the form of all refusals.

    gunicorn would answer a page of HTML that repeats what was sent.
    """
    body = json.dumps(
        {
            "type": "urn:gendan:problem:bad_request",
            "title": reason,
            "status": status,
            "code": "bad_request",
            "detail": "The request cannot be read.",
            "detail_zh": "无法读取请求。",
            "instance": "",
            "request_id": "",
            "details": {},
        },
        ensure_ascii=False,
    ).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nServer: gendan\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(client, head.encode("latin-1") + body)


util.write_error = _write_problem

# What is said of the server is its name, not whose software it is.
wsgi.SERVER = "gendan"


class BoundedSocket(socket.socket):
    """A client's socket that cannot be waited on for ever."""

    #: Until when what is being read must have come, on the monotonic clock.
    read_until: float = 0.0

    @classmethod
    def over(cls, client: socket.socket) -> "BoundedSocket":
        """Take over an accepted socket."""
        return cls(client.family, client.type, client.proto, fileno=client.detach())

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 (socket's own signature)
        """Take blocking to mean: as long as a write may take."""
        self.settimeout(WRITE_SECONDS if flag else 0.0)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive, but not past `read_until`. Raises TimeoutError."""
        if self.gettimeout() == 0.0:
            return super().recv(size, flags)
        left = self.read_until - time.monotonic()
        if left <= 0:
            raise _too_late()
        self.settimeout(left)
        try:
            return super().recv(size, flags)
        except TimeoutError:
            raise _too_late() from None
        finally:
            self.settimeout(WRITE_SECONDS)


def _too_late() -> TimeoutError:
    # gunicorn takes this number for a client that left, and says nothing in its log.
    return TimeoutError(errno.ECONNRESET, "the request took too long to arrive")


class BoundedWorker(ThreadWorker):
    """A threaded worker whose threads serve requests and never wait for the start of one."""

    def init_process(self) -> None:
        self._closing = ThreadPoolExecutor(max_workers=4, thread_name_prefix="closes")
        self._staying: set[TConn] = set()
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection to a thread once the head of its request is there."""
        if not isinstance(conn.sock, BoundedSocket):
            conn.sock = BoundedSocket.over(conn.sock)
            conn.close = partial(self._close, conn)
        if not self._has_arrived(conn):
            self._await_more(conn)
            return
        if self.tpool._work_queue.qsize() >= MOST_WAITING:  # noqa: SLF001 (no public name)
            self._refuse(conn)
            return
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        conn.sock.read_until = time.monotonic() + READ_SECONDS
        conn.data_ready = True
        conn.head_until = None
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> object:
        """Serve a connection's request, and those that follow it at once."""
        now = time.monotonic()
        if now > conn.sock.read_until:
            # The time went by while it waited for a thread: its client is not to blame.
            _say_busy(conn.sock)
            return False
        conn.sock.read_until = now + READ_SECONDS
        while True:
            what_now = super().handle(conn)
            if what_now is not True or not self._next_has_arrived(conn):
                return what_now

    def _next_has_arrived(self, conn: TConn) -> bool:
        """Wait a moment for the next request, if a thread can be spared; whether it is there."""
        others_wait = self.tpool._work_queue.qsize() > 0  # noqa: SLF001 (no public name)
        if others_wait or not self.alive or len(self._staying) >= self.cfg.threads // 2:
            return False
        self._staying.add(conn)
        try:
            coming = poll()
            coming.register(conn.sock, POLLIN)
            comes = _is_read_ahead(conn) or bool(coming.poll(_STAY_MS))
            is_there = comes and self._has_arrived(conn)
        finally:
            self._staying.discard(conn)
        if is_there:
            conn.sock.read_until = time.monotonic() + READ_SECONDS
        return is_there

    def _has_arrived(self, conn: TConn) -> bool:
        """Whether a thread can read the request without waiting, or the client's end."""
        if _is_read_ahead(conn):
            return True
        conn.sock.setblocking(False)
        try:
            peeked = conn.sock.recv(_PEEKED_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            conn.peeked = 0
            return False
        except OSError:
            return True
        conn.peeked = len(peeked)
        return not peeked or len(peeked) >= _PEEKED_BYTES or _is_whole(peeked)

    def _refuse(self, conn: TConn) -> None:
        _say_busy(conn.sock)
        self.nr_conns -= 1
        self._close(conn, graceful=True)

    def _await_more(self, conn: TConn) -> None:
        now = time.monotonic()
        if getattr(conn, "head_until", None) is None:
            conn.head_until = now + READ_SECONDS
        # Pending connections are ended from the oldest on: none gets more time by sending more.
        conn.timeout = conn.head_until
        # The poller wakes when there is more than was seen, not because of what was seen.
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, conn.peeked + 1)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def murder_pending(self) -> None:
        """End connections whose request did not begin in time; they are in no order here."""
        now = time.monotonic()
        for conn in [each for each in self.pending_conns if each.timeout <= now]:
            self.pending_conns.remove(conn)
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            util.close(conn.sock)

    def _close(self, conn: TConn, graceful: bool = False) -> None:  # noqa: FBT001, FBT002
        if graceful:
            conn.sock.setblocking(True)
            conn.sock.read_until = time.monotonic() + _CLOSE_SECONDS
            # It is counted for as long as it has its descriptor, of which there are so many.
            self.nr_conns += 1
            closing = self._closing.submit(util.close_graceful, conn.sock)
            closing.add_done_callback(lambda _: self.method_queue.defer(self._forget))
        else:
            util.close(conn.sock)

    def _forget(self) -> None:
        self.nr_conns -= 1


def _say_busy(sock: BoundedSocket) -> None:
    with suppress(OSError):
        sock.send(_BUSY)


def _is_read_ahead(conn: TConn) -> bool:
    """Whether some of the next request was read with the one before it."""
    return conn.parser is not None and bool(conn.parser.unreader.buf.getvalue())


def _is_whole(peeked: bytes) -> bool:
    """Whether a request is there with its body, or as much of it as is waited for here."""
    head_length = peeked.find(_HEADERS_END) + len(_HEADERS_END)
    if head_length < len(_HEADERS_END):
        return False
    head = peeked[:head_length]
    length = _LENGTH.search(head)
    if length is None or _EXPECT.search(head):
        # A client that expects to be told to go on sends nothing before.
        return True
    return len(peeked) >= min(head_length + int(length[1]), _PEEKED_BYTES)
