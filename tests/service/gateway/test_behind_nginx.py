"""A real nginx with production's configuration before a real gateway."""

import os
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from json import dumps, loads
from pathlib import Path
from typing import Any

import pytest

from deploy.local import packages
from deploy.local.places import CHECKOUT
from deploy.local.ports import free_ports
from deploy.local.problems import Problem
from deploy.local.processes import Process, Program
from tests.service.gateway.conftest import HEAD, PASSWORD, Server, connected, dribbling
from tests.unit.gateway.file_examples import pdf

CONFIGURATION = CHECKOUT / "deploy" / "config" / "nginx.conf"
NAME = "gendan.example.com"
# Debian's nginx.conf around ours, in small; as root its workers would be nobody, who may not
# enter pytest's folders.
FRAME = """\
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/gendan.conf;
}}
"""


@dataclass(frozen=True)
class Answer:
    """What nginx sent back."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return loads(self.body)


@dataclass(frozen=True)
class Front:
    """A running nginx and how to reach it."""

    plain_port: int
    tls_port: int

    def open(self, source: str = "127.0.0.1") -> ssl.SSLSocket:
        """Connect over TLS; each address of loopback is a client of its own."""
        client = socket.create_connection(
            ("127.0.0.1", self.tls_port), timeout=15, source_address=(source, 0)
        )
        return in_tls(client)

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        source: str = "127.0.0.1",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask exactly this: no client library tidies the path or the headers."""
        lines = {"Host": NAME, "Connection": "close", **(headers or {})}
        if body or method == "POST":
            lines["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        with self.open(source) as client:
            client.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
            return answer_from(client)

    def is_alive(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.tls_port), timeout=5).close()
        except OSError:
            return False
        return True


def in_tls(client: socket.socket) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(client, server_hostname=NAME)


def answer_from(client: socket.socket) -> Answer:
    response = HTTPResponse(client)
    response.begin()
    return Answer(response.status, response.headers, response.read())


@contextmanager
def nginx_before(gateway_port: int, folder: Path) -> Iterator[Front]:
    """Run nginx with the file that is shipped; only ports and certificate are ours."""
    try:
        nginx = packages.ensure_nginx(print)
    except Problem as problem:
        pytest.skip(f"nginx cannot be installed here: {problem}")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", f"/CN={NAME}", "-out", certificate, "-keyout", key],
        check=True, capture_output=True,
    )  # fmt: skip
    front = Front(*free_ports(2))
    text = CONFIGURATION.read_text()
    for shipped, here in {
        "listen 80;": f"listen 127.0.0.1:{front.plain_port};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{front.tls_port} ssl http2;",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{gateway_port};",
        "/etc/ssl/gendan/fullchain.pem": str(certificate),
        "/etc/ssl/gendan/privkey.pem": str(key),
    }.items():
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, here)
    (folder / "gendan.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(FRAME.format(folder=folder, user=user))
    process = Process(
        Program(
            name="nginx",
            command=(str(nginx), "-p", str(folder), "-c", str(folder / "nginx.conf")),
            environment={"PATH": os.environ["PATH"]},
            folder=folder,
            log=folder / "nginx.log",
            is_ready=front.is_alive,
        )
    )
    try:
        process.await_ready()
        yield front
    finally:
        process.stop()


@pytest.fixture(scope="module")
def front(running: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """One nginx for all these tests."""
    with nginx_before(running.port, tmp_path_factory.mktemp("nginx")) as front:
        yield front


@pytest.fixture(scope="module")
def token(front: Front) -> str:
    credentials = dumps({"username": "boss", "password": PASSWORD}).encode()
    opened = front.send(
        "POST", "/api/v1/session", credentials, headers={"Content-Type": "application/json"}
    )
    assert opened.status == 201, opened.body
    return str(opened.json["token"])


def is_problem(answer: Answer, status: int, code: str) -> bool:
    """Whether it is a refusal as all are, whoever of the two made it."""
    told = answer.json
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(told) >= {"type", "title", "status", "code", "detail", "detail_zh", "details"}
    return (answer.status, told["status"], told["code"]) == (status, status, code)


def test_plain_http_is_led_to_tls(front: Front) -> None:
    with socket.create_connection(("127.0.0.1", front.plain_port), timeout=15) as client:
        client.sendall(f"GET /docs HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
        answer = answer_from(client)

    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/docs")


def test_an_answer_bears_the_headers_that_browsers_obey_once(front: Front, token: str) -> None:
    answer = front.send("GET", "/api/v1/session", headers={"Authorization": f"Bearer {token}"})

    assert answer.json["username"] == "boss"
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers["Server"] == "nginx"


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "//metrics",
        "/%6detrics",
        "/metrics/",
        "/healthz/../metrics",
        "/api/v1/../../metrics",
        "/docs/..%2fmetrics",
        "/x/metrics",
        "/",
        "/etc/passwd",
    ],
)
def test_what_is_for_the_inside_is_not_there_however_it_is_spelled(front: Front, path: str) -> None:
    # By this header gunicorn would take "/x" off the path, were it told to believe proxies.
    for name in ("X-Plain", "SCRIPT_NAME"):
        answer = front.send("GET", path, headers={name: "/x"})

        assert is_problem(answer, 404, "address_not_found") or answer.status == 400
        assert b"gendan_http_request" not in answer.body


def test_a_client_that_names_another_address_is_not_believed(front: Front, running: Server) -> None:
    """Sign-in counts failures by this address."""
    sent = {"X-Forwarded-For": "203.0.113.9", "X-Request-Id": "who-asks"}
    assert front.send("GET", "/healthz", source="127.0.8.1", headers=sent).status == 200

    (entry,) = (loads(line) for line in running.log.read_text().splitlines() if "who-asks" in line)

    assert entry["client"] == "127.0.8.1"


LENGTHS = {
    "both lengths": "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "two lengths": "Content-Length: 5\r\nContent-Length: 6",
    "odd coding": "Transfer-Encoding: xchunked",
    "hidden coding": "Transfer-Encoding: \x0bchunked",
    "an underscore": "Content-Length: 5\r\nContent_Length: 60",
    "a bare return": "Content-Length: 5\r\nA: b\rTransfer-Encoding: chunked",
    "a folded line": "Content-Length: 5\r\nA: b\r\n Transfer-Encoding: chunked",
}


@pytest.mark.parametrize("lines", LENGTHS.values(), ids=LENGTHS)
def test_a_request_that_the_two_could_read_differently_is_none(
    front: Front, running: Server, lines: str
) -> None:
    """Nothing that follows in it is taken for a second request."""
    with front.open() as client:
        client.sendall(
            f"POST /api/v1/session HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n"
            f"{lines}\r\n\r\n0\r\n\r\n"
            "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled\r\n\r\n".encode()
        )
        answers = b""
        while received := client.recv(4096):
            answers += received

    assert answers[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 501 "), answers
    assert answers.count(b"HTTP/1.1 ") == 1
    assert "smuggled" not in running.log.read_text()


def test_a_photo_of_ten_megabytes_comes_through_and_a_longer_body_does_not(
    front: Front, token: str
) -> None:
    def send_in(data: bytes) -> Answer:
        return front.send(
            "POST",
            "/api/v1/attachments?purpose=other",
            data,
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/pdf",
                "Idempotency-Key": f"photo-{len(data)}",
            },
        )

    most = 10 * 1024 * 1024
    around = len(pdf(b" " * 10_000_000)) - 10_000_000
    whole = pdf(b" " * (most - around))
    assert send_in(whole).json["size"] == most
    # The gateway refuses what is a little too long, nginx what is much too long.
    assert is_problem(send_in(whole + b" "), 413, "body_too_large")
    assert is_problem(send_in(whole + b" " * 3_000_000), 413, "body_too_large")
    assert is_problem(
        front.send("POST", "/api/v1/session", b" " * 2_200_000), 413, "body_too_large"
    )


def test_200_clients_that_dribble_cost_the_others_nothing(front: Front, running: Server) -> None:
    """The gateway, with threads for four, does not even hear of them."""
    with ExitStack() as closing:
        slow = [
            closing.enter_context(in_tls(client))
            for client in connected(front.tls_port, clients=200, until=closing)
        ]
        for number, client in enumerate(slow):
            client.sendall(HEAD + (b"X-A: " if number % 2 else b"Content-Length: 99\r\n\r\n{"))

        with dribbling(slow):
            for _ in range(10):
                assert front.send("GET", "/healthz").status == 200
                assert running.send("GET", "/healthz")[0] == 200


def test_one_address_has_so_many_connections_and_others_have_theirs(front: Front) -> None:
    """Whose 64 requests are under way is told to wait; a request is, once its head is there."""
    with ExitStack() as closing:
        for _ in range(64):
            client = closing.enter_context(front.open("127.0.8.2"))
            client.sendall(HEAD + b"Content-Length: 99\r\n\r\n{")
        one_more = front.send("GET", "/healthz", source="127.0.8.2")
        another = front.send("GET", "/healthz", source="127.0.8.3")

    assert is_problem(one_more, 429, "too_many_requests")
    assert one_more.headers["Retry-After"] == "2"
    assert another.status == 200


def test_without_a_gateway_it_says_when_to_ask_again(tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    with nginx_before(nobody, tmp_path) as front:
        answer = front.send("GET", "/api/v1/orders")

    assert is_problem(answer, 503, "service_unavailable")
    assert answer.headers["Retry-After"] == "2"
