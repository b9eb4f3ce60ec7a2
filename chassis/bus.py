"""AMQP connections on which every wait has an end, and frames that cost little to build.

py-amqp keeps the protocol; three of its habits are replaced. It reads each frame with three
`recv` calls, so one message costs nine: here one `recv` takes all that has come. It drains the
socket before every publish. And it waits for the broker without limit: a frozen broker then
holds the caller until it thaws (38 s measured), `close()` included (MESSAGING §0.8).
"""

import errno
import functools
import logging
import math
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from struct import Struct, unpack_from
from typing import Any, ClassVar

import amqp
import amqp.exceptions
import amqp.transport
from amqp import spec
from kombu.connection import Connection as KombuConnection
from kombu.transport import pyamqp

from chassis.notation import Unencodable

_log = logging.getLogger(__name__)

# A dead peer is noticed after twice this (MESSAGING §3.9).
HEARTBEAT_SECONDS = 10
CONNECT_SECONDS = 5.0
# How long the broker may take for an answer (declare, bind, consume) or to take our bytes.
RESPONSE_SECONDS = 10.0
CLOSE_SECONDS = 2.0
# A minute is what a deleted exchange or binding may cost; idle, it costs some milliseconds of work.
BIND_AGAIN_SECONDS = 60.0
# py-amqp sets 1,000 ms, which ends a connection whose broker merely pauses reading (an alarm).
_TCP_USER_TIMEOUT_MS = 20_000

BUS_ERRORS: tuple[type[Exception], ...] = (
    amqp.exceptions.AMQPError,
    OSError,
    # py-amqp sets its parts to None when a connection ends under a reader.
    AttributeError,
)


# Frames --------------------------------------------------------------------------------------

_FRAME = Struct(">BHI")
_CONTENT = Struct(">HHQ")
_END = b"\xce"
_METHOD, _HEADER, _BODY, _HEARTBEAT = 1, 2, 3, 8
_PUBLISH = b"\x00\x3c\x00\x28\x00\x00"  # basic.publish, reserved short
_ACK = Struct(">BHIHHQBB")
_JSON_PROPERTIES = b"\x10application/json\x05utf-8"
FRAME_MAX = 131_072


def _short(text: str) -> bytes:
    try:
        octets = text.encode()
    except UnicodeEncodeError as error:  # py-amqp reads lone surrogates
        raise Unencodable(str(error)) from None
    if len(octets) > 255:
        raise Unencodable("an AMQP short string has at most 255 octets")
    return bytes((len(octets),)) + octets


def _long(text: str) -> bytes:
    octets = text.encode("utf-8", "surrogatepass")
    return len(octets).to_bytes(4, "big") + octets


@functools.lru_cache(maxsize=4096)
def _publish_method(exchange: str, routing_key: str, *, mandatory: bool) -> bytes:
    return _PUBLISH + _short(exchange) + _short(routing_key) + bytes((mandatory,))


def publish_frames(
    exchange: str,
    routing_key: str,
    body: bytes,
    *,
    headers: dict[str, str | list[str]] | None = None,
    correlation_id: str | None = None,
    reply_to: str | None = None,
    expiration_ms: int | None = None,
    mandatory: bool = False,
    channel: int = 1,
) -> bytes:
    """Give the frames of one transient JSON message, ready to be written.

    Raises Unencodable when a key or header does not fit AMQP's form.
    """
    flags = 0xC000 | 0x1000  # content type and encoding, delivery mode
    properties = [_JSON_PROPERTIES]
    if headers:
        flags |= 0x2000
        table = b"".join([_short(name) + _field(value) for name, value in headers.items()])
        properties.append(len(table).to_bytes(4, "big") + table)
    properties.append(b"\x01")  # transient
    if correlation_id is not None:
        flags |= 0x0400
        properties.append(_short(correlation_id))
    if reply_to is not None:
        flags |= 0x0200
        properties.append(_short(reply_to))
    if expiration_ms is not None:
        flags |= 0x0100
        properties.append(_short(str(expiration_ms)))
    method = _publish_method(exchange, routing_key, mandatory=mandatory)
    header = b"".join(
        [_CONTENT.pack(60, 0, len(body)), flags.to_bytes(2, "big"), b"".join(properties)]
    )
    parts = [
        _FRAME.pack(_METHOD, channel, len(method)),
        method,
        _END,
        _FRAME.pack(_HEADER, channel, len(header)),
        header,
        _END,
    ]
    chunk = FRAME_MAX - 8
    for start in range(0, len(body), chunk):
        piece = body[start : start + chunk]
        parts += (_FRAME.pack(_BODY, channel, len(piece)), piece, _END)
    return b"".join(parts)


def _field(value: str | list[str]) -> bytes:
    if isinstance(value, str):
        return b"S" + _long(value)
    items = b"".join([b"S" + _long(item) for item in value])
    return b"A" + len(items).to_bytes(4, "big") + items


def ack_frame(channel: int, delivery_tag: int) -> bytes:
    """Give the frame that acknowledges one delivery."""
    return _ACK.pack(_METHOD, channel, 13, 60, 80, delivery_tag, 0, 0xCE)


class _Incoming(amqp.Message):
    """A message that comes. Of one whose properties nobody can read, none are known."""

    has_header = False

    def inbound_header(self, buf: bytes, offset: int = 0) -> int:
        self.has_header = True
        end: int = super().inbound_header(buf, offset)
        return end

    def _load_properties(self, class_id: int, buf: bytes, offset: int) -> int:
        try:
            end: int = super()._load_properties(class_id, buf, offset)
        except Exception as error:  # noqa: BLE001  a date of the year 57862, endless nesting: whatever anybody writes
            # Whoever takes it judges it; raised here, it would end the reader of all others, and
            # come again to the next.
            _log.warning("the properties of a message cannot be read: %r", error)
            self.properties: dict[str, Any] = {}
            return offset
        return end


_CONTENT_METHODS = frozenset((spec.Basic.Deliver, spec.Basic.GetOk, spec.Basic.Return))


def _frame_handler(
    connection: Any, callback: Callable[[int, tuple[int, ...], bytes, Any], Any]
) -> Callable[[tuple[int, int, bytes]], bool]:
    """Give what joins frames to methods, as py-amqp's does: its reader dies of what it cannot read.

    It says whether a method was whole, and so was handled.
    """
    coming: dict[int, _Incoming] = {}

    def handle(frame: tuple[int, int, bytes]) -> bool:
        kind, channel, payload = frame
        connection.bytes_recv += 1
        if kind == _HEARTBEAT:
            return False
        message = coming.get(channel)
        expected = _METHOD if message is None else _BODY if message.has_header else _HEADER
        if kind != expected:
            raise amqp.exceptions.UnexpectedFrame(f"a frame of type {kind}, not {expected}")
        if message is None:
            method = unpack_from(">HH", payload)
            if method not in _CONTENT_METHODS:
                callback(channel, method, payload, None)
                return True
            coming[channel] = _Incoming(
                frame_method=method, frame_args=_with_readable_names(method, payload)
            )
            return False
        if kind == _HEADER:
            message.inbound_header(payload)
        else:
            message.inbound_body(payload)
        if not message.ready:
            return False
        del coming[channel]
        callback(channel, message.frame_method, message.frame_args, message)
        return True

    return handle


def _with_readable_names(method: tuple[int, ...], arguments: bytes) -> bytes:
    """Give a method's arguments with `?` for what is no text in its exchange and routing key."""
    if method == spec.Basic.Return:
        return arguments  # they are ours
    # Before them a delivery has the consumer's tag, and both have eight octets and a bit.
    at = 14 + arguments[4] if method == spec.Basic.Deliver else 13
    for _ in range(2):
        end = at + 1 + arguments[at]
        name = arguments[at + 1 : end]
        if not name.isascii():
            try:
                name.decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                name = bytes(octet if octet < 0x80 else 0x3F for octet in name)
                arguments = arguments[: at + 1] + name + arguments[end:]
        at = end
    return arguments


# Connections ---------------------------------------------------------------------------------


class _PatientSocket:
    """What both transports share: buffered reading, writes that end, one writer at a time.

    The socket's timeout is `tick` for the whole life of the connection, because a reader and a
    writer share it; each loops over its ticks until its own patience ends.
    """

    tick: float = 1.0
    sock: Any
    connected: bool
    socket_settings: Any
    connect_timeout: float | None

    def _prepare(self) -> None:
        self._incoming = bytearray()
        self._at = 0
        self._writing = threading.Lock()
        self.sock.settimeout(self.tick)

    @property
    def has_frame(self) -> bool:
        """Say whether a whole frame can be read without waiting."""
        have = len(self._incoming) - self._at
        if have < 8:
            return False
        return have >= 8 + int.from_bytes(self._incoming[self._at + 3 : self._at + 7], "big")

    def read_frame(self) -> tuple[int, int, bytes]:
        """Give the next frame: type, channel, payload. Raises OSError, also TimeoutError."""
        buffer = self._incoming
        while True:
            at = self._at
            have = len(buffer) - at
            if have >= 8:
                kind, channel, size = unpack_from(">BHI", buffer, at)
                if have >= size + 8:
                    end = at + 7 + size
                    if buffer[end] != 0xCE:
                        raise amqp.exceptions.UnexpectedFrame("a frame without its end octet")
                    payload = bytes(buffer[at + 7 : end])
                    if end + 1 == len(buffer):
                        buffer.clear()
                        self._at = 0
                    else:
                        self._at = end + 1
                    return kind, channel, payload
            if at:
                del buffer[:at]
                self._at = 0
            buffer += self._receive()

    def _take(self) -> bytes:
        taken: bytes = self.sock.recv(65_536)
        return taken

    def _give(self, octets: memoryview) -> int:
        given: int = self.sock.send(octets)
        return given

    def _receive(self) -> bytes:
        try:
            received = self._take()
        except TimeoutError:
            raise
        except OSError as error:
            # Under eventlet a timeout may come as EWOULDBLOCK, under TLS as "timed out".
            if error.errno in (errno.EAGAIN, errno.EINTR) or "timed out" in str(error):
                raise TimeoutError from error
            self.connected = False
            raise
        if not received:
            self.connected = False
            raise ConnectionResetError("the broker closed the connection")
        return received

    def write(self, octets: Any) -> None:
        with self._writing:
            view = memoryview(octets)
            give_up = time.monotonic() + RESPONSE_SECONDS
            try:
                while view:
                    try:
                        view = view[self._give(view) :]
                    except TimeoutError:
                        if time.monotonic() >= give_up:
                            raise ConnectionAbortedError("the broker takes no more bytes") from None
            except OSError:
                # A frame may be half written: nothing may follow it on this connection.
                self.connected = False
                raise


class _Transport(_PatientSocket, amqp.transport.TCPTransport):
    def _setup_transport(self) -> None:
        self._write = self.sock.sendall
        self._prepare()


class _TlsTransport(_PatientSocket, amqp.transport.SSLTransport):
    """TLS, whose state reading and writing share: OpenSSL lets one thread at a time use it."""

    def _setup_transport(self) -> None:
        super()._setup_transport()
        self._write = self.sock.write
        self._using = threading.Lock()
        self._prepare()

    def _shutdown_transport(self) -> None:
        """Say no goodbye: py-amqp's would wait for the broker's, beside whoever reads."""

    def _take(self) -> bytes:
        with self._using:
            is_waited_for = not self.sock.pending()
        # Whoever waits for the broker's word keeps nobody from writing.
        if is_waited_for and not self._is_readable():
            raise TimeoutError
        with self._using:
            return super()._take()

    def _is_readable(self) -> bool:
        """Wait as long as the socket may for something to read. Raises ConnectionResetError."""
        try:
            with selectors.DefaultSelector() as waiting:
                waiting.register(self.sock, selectors.EVENT_READ)
                return bool(waiting.select(self.sock.gettimeout()))
        except ValueError:  # a socket that is closed has no number
            raise ConnectionResetError("the connection has ended") from None

    def _give(self, octets: memoryview) -> int:
        with self._using:
            return super()._give(octets)


class BusConnection(pyamqp.Connection):
    """A py-amqp connection that waits for the broker only so long.

    One thread reads it; any may `send` whole frames.
    """

    #: Seconds after which a reader looks around although nothing came.
    tick: ClassVar[float] = 1.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, frame_handler=_frame_handler, **options)

    def Transport(  # noqa: N802  # py-amqp's name
        self, host: str, connect_timeout: float | None, ssl: Any = None, *_: Any, **options: Any
    ) -> Any:
        settings = {socket.TCP_USER_TIMEOUT: _TCP_USER_TIMEOUT_MS}
        settings.update(options.get("socket_settings") or {})
        kind = _TlsTransport if ssl else _Transport
        transport = kind(
            host,
            connect_timeout=connect_timeout or CONNECT_SECONDS,
            ssl=ssl,
            socket_settings=settings,
        )
        transport.tick = self.tick
        return transport

    @property
    def transport(self) -> Any:
        # py-amqp's own connects again, in whichever thread looks after the end.
        if self._transport is None:
            raise ConnectionResetError("the connection has ended")
        return self._transport

    @transport.setter
    def transport(self, transport: Any) -> None:
        self._transport = transport

    def drain_events(self, timeout: float | None = None) -> None:
        """Handle frames up to and including the next whole method.

        Waits RESPONSE_SECONDS unless told otherwise; raises TimeoutError.
        """
        give_up = time.monotonic() + (RESPONSE_SECONDS if timeout is None else timeout)
        while True:
            if timeout == 0 and not self.transport.has_frame:
                raise TimeoutError
            try:
                frame = self.transport.read_frame()
            except TimeoutError:
                if time.monotonic() >= give_up:
                    raise
            else:
                if self.on_inbound_frame(frame):
                    return

    def handle_what_came(self) -> None:
        """Wait up to one tick for frames and handle all that have come.

        Raises TimeoutError when none came.
        """
        transport, handle = self.transport, self.on_inbound_frame
        handle(transport.read_frame())
        # What is handled may close the connection.
        while transport.connected and transport.has_frame:
            handle(transport.read_frame())

    def send(self, frames: bytes) -> None:
        """Write whole frames. Raises OSError."""
        self.transport.write(frames)
        self.bytes_sent += 1

    def close(self, *_: Any, **__: Any) -> None:
        """Say goodbye, waiting at most CLOSE_SECONDS for the answer."""
        if self._transport is None:
            return
        give_up = time.monotonic() + CLOSE_SECONDS
        try:
            if self._transport.connected:
                self.is_closing = True
                self.send_method(spec.Connection.Close, "BsBB", (0, "", 0, 0))
                while self._transport is not None and time.monotonic() < give_up:
                    self.drain_events(timeout=max(0.01, give_up - time.monotonic()))
        except BUS_ERRORS:
            pass
        finally:
            self.is_closing = False
            self.cut()

    def cut(self) -> None:
        """Drop the socket without a word; a reader or writer on it ends with an error."""
        try:
            self.collect()
        except BUS_ERRORS:
            _log.debug("cutting a connection that is already gone", exc_info=True)


class BusTransport(pyamqp.Transport):
    """kombu's transport over BusConnection, for what is built of kombu's parts."""

    Connection = BusConnection


def kombu_connection(
    uri: str, *, heartbeat: float = HEARTBEAT_SECONDS, ssl: Any = None, **options: Any
) -> KombuConnection:
    """Describe a connection for kombu; nothing is opened yet."""
    return KombuConnection(  # type: ignore[no-untyped-call]  # kombu's
        uri,
        transport=BusTransport,
        heartbeat=heartbeat,
        connect_timeout=CONNECT_SECONDS,
        ssl=ssl,
        **options,
    )


def connect(
    uri: str, *, name: str, heartbeat: float = HEARTBEAT_SECONDS, ssl: Any = None
) -> BusConnection:
    """Open a connection that the broker lists under `name`. Raises one of BUS_ERRORS."""
    described = kombu_connection(
        uri,
        heartbeat=heartbeat,
        ssl=ssl,
        transport_options={"client_properties": {"connection_name": name}},
    )
    connection: BusConnection = described.transport.establish_connection()
    return connection


class Bindings:
    """What a reader's queues are bound to, bound again from time to time.

    Nobody is told that an exchange or a binding was deleted: its queue just stays empty.
    """

    def __init__(self, bind: Callable[[], object]) -> None:
        self._bind = bind
        self._bind_at = time.monotonic() + BIND_AGAIN_SECONDS

    def tick(self) -> None:
        """Bind again if it is time. Raises one of BUS_ERRORS, also where a queue is missing."""
        if time.monotonic() >= self._bind_at:
            self._bind_at = time.monotonic() + BIND_AGAIN_SECONDS
            self._bind()


# Publishing ----------------------------------------------------------------------------------


class Lane:
    """A publishing connection with a writer and a reader of its own.

    Whoever posts never waits for the broker. What is posted together is written together, so a
    busy process pays one system call for many messages. The lane ends for good with its
    connection; its owner builds another.
    """

    def __init__(
        self,
        connection: BusConnection,
        *,
        name: str,
        on_return: Callable[[Any], None] | None = None,
    ) -> None:
        self._connection = connection
        self._frames: deque[bytes] = deque()
        self._something_posted = threading.Lock()
        self._something_posted.acquire()
        self._writer_sleeps = False
        self._closing = False
        self._name = name
        self.ended = threading.Event()
        #: True while the broker takes nothing from publishers (memory or disk alarm).
        self.blocked = False
        connection.on_blocked = self._on_blocked
        connection.on_unblocked = self._on_unblocked
        self.channel = connection.channel(1)
        if on_return is not None:
            self.channel.events["basic_return"].add(
                lambda _error, _exchange, _routing_key, message: on_return(message)
            )

    def start(self) -> "Lane":
        for work, part in ((self._write, "writer"), (self._read, "reader")):
            threading.Thread(target=work, name=f"{self._name}-{part}", daemon=True).start()
        return self

    def post(self, frames: bytes) -> None:
        """Have `frames` written soon. Lost without a word if the lane ends before."""
        self._frames.append(frames)
        if self._writer_sleeps:
            self._wake()

    def close(self) -> None:
        """Write what was posted, have the broker confirm that, and end. Waits a moment at most."""
        give_up = time.monotonic() + CLOSE_SECONDS
        while (self._frames or not self._writer_sleeps) and not self.ended.is_set():
            if time.monotonic() >= give_up:
                break
            time.sleep(0.005)
        else:
            with suppress(*BUS_ERRORS):
                # The broker answers when it has taken all before it; the reader ends by that.
                self._closing = True
                self._connection.send_method(spec.Connection.Close, "BsBB", (0, "", 0, 0))
                self.ended.wait(max(0.0, give_up - time.monotonic()))
        self.end()

    def end(self) -> None:
        """End now; what is posted and not yet written is lost."""
        if not self.ended.is_set():
            self.ended.set()
            self._connection.cut()
            self._wake()

    def _wake(self) -> None:
        self._writer_sleeps = False
        with suppress(RuntimeError):  # somebody else has woken it
            self._something_posted.release()

    def _write(self) -> None:
        frames, connection = self._frames, self._connection
        try:
            while not self.ended.is_set():
                if not frames:
                    self._writer_sleeps = True
                    # Looked at again after the flag is up, or a post in between would wait.
                    if not frames:
                        self._something_posted.acquire(timeout=1.0)
                    self._writer_sleeps = False
                    continue
                batch = []
                while frames:
                    batch.append(frames.popleft())
                connection.send(b"".join(batch))
        except BUS_ERRORS as error:
            self._report(error)
        finally:
            self.end()

    def _read(self) -> None:
        connection = self._connection
        try:
            while not self.ended.is_set():
                with suppress(TimeoutError):
                    connection.handle_what_came()
                connection.heartbeat_tick()
        except BUS_ERRORS as error:
            self._report(error)
        finally:
            self.end()

    def _report(self, error: Exception) -> None:
        if not self.ended.is_set() and not self._closing:
            _log.warning("%s: the publishing connection is lost: %s", self._name, error)

    def _on_blocked(self, reason: str) -> None:
        self.blocked = True
        _log.warning("%s: %s", self._name, reason)

    def _on_unblocked(self) -> None:
        self.blocked = False
        _log.info("%s: the broker takes messages again", self._name)


class BackOff:
    """Growing pauses between tries to connect, from a tenth of a second to two."""

    def __init__(self, *, first: float = 0.1, longest: float = 2.0) -> None:
        self._first, self._longest = first, longest
        self.failures = 0

    def failed(self) -> float:
        """Count a failure and give the seconds to pause."""
        self.failures += 1
        return min(self._longest, self._first * math.pow(2, min(self.failures - 1, 20)))

    def succeeded(self) -> None:
        self.failures = 0
