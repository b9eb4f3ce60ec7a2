"""Ports and passwords of an instance: drawn once, kept in a file only its owner reads."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.local.places import write_private
from deploy.local.ports import free_ports, is_free


@dataclass
class InstanceSecrets:
    """What must stay the same from one start to the next, none of it for other eyes."""

    postgres_password: str
    rabbitmq_password: str
    rabbitmq_cookie: str
    postgres_port: int
    amqp_port: int
    distribution_port: int
    epmd_port: int
    part_passwords: dict[str, str] = field(default_factory=dict)

    def password_of(self, part: str) -> str:
        """Return the password of one service's database role and broker user."""
        return self.part_passwords.setdefault(part, secrets.token_urlsafe(24))

    def move_taken_ports(self) -> None:
        """Replace every port that another program has taken since the last start."""
        names = ("postgres_port", "amqp_port", "distribution_port", "epmd_port")
        taken = [name for name in names if not is_free(getattr(self, name))]
        for name, port in zip(taken, free_ports(len(taken)), strict=True):
            setattr(self, name, port)


def draw() -> InstanceSecrets:
    """Draw new passwords and free ports."""
    postgres, amqp, distribution, epmd = free_ports(4)
    return InstanceSecrets(
        postgres_password=secrets.token_urlsafe(24),
        rabbitmq_password=secrets.token_urlsafe(24),
        rabbitmq_cookie=secrets.token_hex(20).upper(),
        postgres_port=postgres,
        amqp_port=amqp,
        distribution_port=distribution,
        epmd_port=epmd,
    )


def load(path: Path) -> InstanceSecrets | None:
    """Return what `save` wrote, or None when it never did."""
    if not path.exists():
        return None
    return InstanceSecrets(**json.loads(path.read_text()))


def save(kept: InstanceSecrets, path: Path) -> None:
    """Write the file with mode 0600, if it changed: who only looks may find a disk that is full."""
    if load(path) == kept:
        return
    write_private(path, json.dumps(asdict(kept), indent=1))
