"""Ports are free, different, and out of the way of outgoing connections."""

import socket

from deploy.local.ports import HIGHEST, LOOPBACK, LOWEST, free_ports, is_free
from deploy.local.secrets_file import draw


def test_free_ports_are_different_and_below_the_range_of_outgoing_connections() -> None:
    ports = free_ports(50)

    assert len(set(ports)) == 50
    assert all(LOWEST <= port < HIGHEST <= 32768 for port in ports)


def test_a_listening_port_is_not_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_only_the_port_that_was_taken_moves() -> None:
    kept = draw()
    postgres_port, others = kept.postgres_port, (kept.amqp_port, kept.epmd_port)

    with socket.create_server((LOOPBACK, postgres_port)):
        kept.move_taken_ports()

    assert kept.postgres_port != postgres_port
    assert (kept.amqp_port, kept.epmd_port) == others
