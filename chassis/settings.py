"""What a process is told by its environment; read once at its start."""

from dataclasses import dataclass

from environs import Env, EnvError

TRYOUT, PRODUCTION = "tryout", "production"


class SettingMissing(Exception):
    """The environment lacks something that the process cannot do without."""


@dataclass(frozen=True)
class Settings:
    """The environment of one process of Gendan."""

    amqp_url: str
    database_url: str | None
    service: str | None
    profile: str
    log_level: str
    #: "json" for machines, "console" for people.
    log_format: str
    #: Loopback port of /metrics and /healthz; 0 takes a free one, None has none.
    metrics_port: int | None
    #: Written when the process serves, so that a supervisor need not guess.
    ready_file: str | None
    #: How many requests and events one process works on at a time.
    max_workers: int
    heartbeat_seconds: float
    #: How long a stop waits for running work.
    grace_seconds: float
    #: A process whose hub or workers do nothing for so long ends itself (MESSAGING §3.9).
    watchdog_seconds: float
    rpc_max_pending: int
    #: CA file for a broker reached by amqps://.
    amqp_ca_file: str | None

    @property
    def is_tryout(self) -> bool:
        return self.profile == TRYOUT

    @property
    def amqp_ssl(self) -> dict[str, object] | None:
        """Give what amqp wants for TLS with a checked certificate, or None without TLS."""
        return tls_to(self.amqp_url, self.amqp_ca_file)


def tls_to(amqp_url: str, ca_file: str | None) -> dict[str, object] | None:
    """Give what amqp wants for TLS with a checked certificate, or None without TLS."""
    if not amqp_url.startswith("amqps://"):
        return None
    import ssl

    return {
        "ca_certs": ca_file,
        "cert_reqs": ssl.CERT_REQUIRED,
        # None: the host of the URL (kombu).
        "server_hostname": None,
    }


def from_environment() -> Settings:
    """Read the environment. Raises SettingMissing with a sentence that names the variable."""
    env = Env()
    try:
        with env.prefixed("GENDAN_"):
            return Settings(
                amqp_url=env.str("AMQP_URL"),
                database_url=env.str("DATABASE_URL", None),
                service=env.str("SERVICE", None),
                profile=_one_of(env.str("PROFILE", PRODUCTION), "PROFILE", TRYOUT, PRODUCTION),
                log_level=env.str("LOG_LEVEL", "INFO").upper(),
                log_format=_one_of(env.str("LOG_FORMAT", "json"), "LOG_FORMAT", "json", "console"),
                metrics_port=env.int("METRICS_PORT", None),
                ready_file=env.str("READY_FILE", None),
                max_workers=env.int("MAX_WORKERS", 10),
                heartbeat_seconds=env.float("HEARTBEAT_SECONDS", 10.0),
                grace_seconds=env.float("GRACE_SECONDS", 25.0),
                watchdog_seconds=env.float("WATCHDOG_SECONDS", 120.0),
                rpc_max_pending=env.int("RPC_MAX_PENDING", 500),
                amqp_ca_file=env.str("AMQP_CA_FILE", None),
            )
    except EnvError as error:
        raise SettingMissing(str(error)) from None


def _one_of(value: str, name: str, *allowed: str) -> str:
    if value not in allowed:
        raise SettingMissing(f"GENDAN_{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value
