"""Everything that speaks to the broker does so by TLS, and to no broker it cannot be sure of."""

import secrets
import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from chassis import settings
from chassis.errors import Unavailable
from chassis.rpc import RpcClient, ServiceUnavailable
from deploy.local import places, rabbitmq, records, test_run
from deploy.local.engines import private_engines, settled_secrets
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.processes import Process
from deploy.local.rabbitmq import RabbitNode
from gateway.services import Services
from gateway.settings import Limits
from tests.conftest import EVERYTHING, Vhost
from tests.service.chassis.conftest import PRINCIPAL, eventually, within
from tests.service.chassis.events.conftest import Stage
from tests.templates import PASSWORD

pytestmark = pytest.mark.faults

# How many brokers are tried, and how long each may take for a handshake.
NODES = 3
HANDSHAKE_SECONDS = 15.0


@dataclass(frozen=True)
class TlsNode(RabbitNode):
    """A broker that listens by TLS too, with a certificate that it signed itself."""

    tls_port: int = 0

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    def prepare(self) -> None:
        super().prepare()
        key = self.folder / "key.pem"
        make_certificate(self.certificate, key)
        for file in (self.certificate, key):
            places.write_private(file, file.read_text(), self.places.account)
        configuration = self.folder / "rabbitmq.conf"
        by_tls = (
            f"listeners.ssl.1 = {LOOPBACK}:{self.tls_port}\n"
            f"ssl_options.cacertfile = {self.certificate}\n"
            f"ssl_options.certfile = {self.certificate}\n"
            f"ssl_options.keyfile = {key}\n"
        )
        places.write_private(configuration, configuration.read_text() + by_tls, self.places.account)


def make_certificate(certificate: Path, key: Path) -> None:
    """Make a certificate of this machine that is its own authority."""
    subprocess.run(
        [
            *("/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=gendan-test", "-addext", f"subjectAltName=IP:{LOOPBACK}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def node(session_tag: str) -> Iterator[TlsNode]:
    """A broker of this room's own."""
    where = test_run.instance_for_tests(f"{session_tag}tls")
    started: list[Process] = []
    try:
        with records.holding(where.home):
            where.make()
            plain = private_engines(where, settled_secrets(where)).node
            assert plain is not None
            # Once in many runs a node took connections at its TLS port and answered none of them
            # as long as it lived; that is not what is tested here.
            for _ in range(NODES):
                (port,) = free_ports(1)
                node = TlsNode(**vars(plain), tls_port=port)
                started += [Process(program) for program in (node.epmd(), node.program())]
                for process in started:
                    process.await_ready()
                if speaks_tls(port):
                    break
                while started:
                    started.pop().stop()
            else:
                pytest.fail(f"none of {NODES} brokers answered at its TLS port")
            yield node
    finally:
        for process in reversed(started):
            process.stop()
        where.remove()


def speaks_tls(port: int) -> bool:
    """Say whether somebody at a port ends a TLS handshake within a few seconds."""
    whoever = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    whoever.check_hostname, whoever.verify_mode = False, ssl.CERT_NONE
    with (
        suppress(OSError),
        socket.create_connection((LOOPBACK, port), timeout=HANDSHAKE_SECONDS) as plain,
        whoever.wrap_socket(plain),
    ):
        return True
    return False


@pytest.fixture
def vhost(node: TlsNode) -> Vhost:
    """A vhost that is reached by TLS; it goes with its broker."""
    name = f"tls-{secrets.token_hex(4)}"
    node.control.define(vhost=name, passwords={name: PASSWORD}, permissions={name: EVERYTHING})
    return Vhost(name, f"amqps://{name}:{PASSWORD}@{LOOPBACK}:{node.tls_port}/{name}")


@pytest.fixture
def read(vhost: Vhost, node: TlsNode, monkeypatch: pytest.MonkeyPatch) -> settings.Settings:
    """What a process reads from the environment of a broker reached by TLS."""
    monkeypatch.setenv("GENDAN_AMQP_URL", vhost.url)
    monkeypatch.setenv("GENDAN_AMQP_CA_FILE", str(node.certificate))
    return settings.from_environment()


def listening(client: Any, *, seconds: float = 20) -> Any:
    return client.call("ear", "listening", {}, principal=PRINCIPAL, deadline=within(seconds))


def missing(client: Any, ids: list[str]) -> Any:
    """Ask which of these messages the ear lacks: all of them, in a request of many kilobytes."""
    messages = [{"id": each, "name": "story_told", "version": 1} for each in ids]
    answer = client.call(
        "ear",
        "missing_messages",
        {"source": "teller", "messages": messages},
        principal=PRINCIPAL,
        deadline=within(60),
    )
    return answer["missing"]


def test_relay_listener_and_callers_speak_tls(
    stage: Stage, node: TlsNode, read: settings.Settings
) -> None:
    trusting: dict[str, Any] = {"GENDAN_AMQP_CA_FILE": str(node.certificate)}
    stage.run_ear(**trusting)
    stage.run_relay(**trusting)
    story = stage.teller.begin()

    stage.teller.tell(story, *map(str, range(200)))

    stage.await_heard(list(map(str, range(200))), seconds=60)
    gateway = Services.over_the_bus(read, Limits())._caller
    assert isinstance(gateway, RpcClient)
    with gateway as client, ThreadPoolExecutor(16) as pool:
        assert listening(client) == {"teller": ["story_told"]}
        # Many write to and read from one connection at the same time.
        asked = [sorted(str(uuid4()) for _ in range(500)) for _ in range(60)]
        assert list(pool.map(lambda ids: missing(client, ids), asked)) == asked
    # A link is cut while its reader waits: twice within OpenSSL at once ends the process.
    for _ in range(30):
        with RpcClient(read.amqp_url, "test", ssl=read.amqp_ssl) as client:
            assert listening(client) == {"teller": ["story_told"]}


def test_the_launcher_speaks_tls_to_a_given_broker(read: settings.Settings) -> None:
    assert rabbitmq.why_not(read.amqp_url) is None


def test_a_broker_whose_certificate_nobody_vouches_for_is_not_spoken_to(
    stage: Stage, read: settings.Settings, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    make_certificate(stranger, tmp_path / "key.pem")
    wary = replace(read, amqp_ca_file=str(stranger))

    with (
        RpcClient(wary.amqp_url, "test", ssl=wary.amqp_ssl) as client,
        pytest.raises(ServiceUnavailable),
    ):
        listening(client)
    stage.run_relay(wait=False, GENDAN_AMQP_CA_FILE=str(stranger))
    eventually(lambda: "CERTIFICATE_VERIFY_FAILED" in stage.log(0).read_text(), "it is wary", 30)


def test_while_the_broker_takes_nothing_calls_are_refused_at_once_and_go_on_after(
    stage: Stage, node: TlsNode, read: settings.Settings
) -> None:
    """Here because this broker is nobody else's: its alarm stops all that speak to it."""
    stage.run_ear(GENDAN_AMQP_CA_FILE=str(node.certificate))
    with RpcClient(read.amqp_url, "test", ssl=read.amqp_ssl) as client:
        listening(client)
        node.control.run("set_vm_memory_high_watermark", "absolute", "1000")
        try:
            with pytest.raises(Unavailable) as first:
                listening(client, seconds=1)
            lane = client._lane
            assert lane is not None
            eventually(lambda: lane.blocked, "the broker's word that it is blocked")
            with pytest.raises(ServiceUnavailable):
                listening(client, seconds=60)
        finally:
            node.control.run("set_vm_memory_high_watermark", "0.4")

        assert first.value.code == "deadline_passed"
        eventually(lambda: not lane.blocked, "the end of the alarm")
        assert listening(client) == {"teller": ["story_told"]}
