"""A private RabbitMQ node: own name, cookie, epmd and ports, bound to loopback."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import amqp

from chassis import bus
from deploy.local.broker import BrokerControl, tls_to
from deploy.local.packages import RABBITMQ_BIN, rabbitmq_bin
from deploy.local.places import Places, make_private, write_private
from deploy.local.ports import LOOPBACK
from deploy.local.problems import Problem
from deploy.local.processes import Program

CONTROL_KEYS = (
    "PATH",
    "HOME",
    "LC_ALL",
    "ERL_EPMD_PORT",
    "ERL_EPMD_ADDRESS",
    "RABBITMQ_NODENAME",
    "RABBITMQ_CONF_ENV_FILE",
    "RABBITMQ_CTL_ERL_ARGS",
)
ADMINISTRATOR = "gendan_admin"

# One scheduler thread for two cores, bound to none of them, and few threads beside it: the cores
# are the services' too, and a message that wanders between threads costs all of them
# (docs/performance.md).
_THREADS = max(1, len(os.sched_getaffinity(0)) // 2)
SCHEDULING = (
    "+sbwt none +sbwtdcpu none +sbwtdio none "
    f"+S {_THREADS}:{_THREADS} +SDcpu {_THREADS}:{_THREADS} +SDio {2 * _THREADS} +stbt u"
)

# The quorum log is preallocated up to its limit (512 MB by default), far more
# than a single machine's order house needs before it rolls over.
CONFIGURATION = """\
listeners.tcp.1 = {host}:{port}
default_vhost = /
default_user = {user}
default_pass = {password}
default_user_tags.administrator = true
loopback_users.guest = true
raft.wal_max_size_bytes = 32000000
log.console = true
log.console.level = info
log.file = false
vm_memory_high_watermark.relative = 0.3
disk_free_limit.absolute = 200MB
heartbeat = 15
"""


@dataclass(frozen=True)
class RabbitNode:
    """One private node and everything that keeps it apart from others on the machine."""

    places: Places
    name: str
    port: int
    distribution_port: int
    epmd_port: int
    password: str
    cookie: str

    @property
    def folder(self) -> Path:
        return self.places.data / "rabbitmq"

    @property
    def admin_url(self) -> str:
        """AMQP address of the administrator on the default vhost."""
        return f"amqp://{ADMINISTRATOR}:{quote(self.password)}@{LOOPBACK}:{self.port}//"

    @property
    def environment(self) -> dict[str, str]:
        """What RabbitMQ's own scripts must be told, and nothing of the caller's."""
        folder = self.folder
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_NODENAME": f"{self.name}@localhost",
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none.config"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            # Scheduler threads otherwise spin for work, too, and burn an idle machine's cores.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                f"-kernel inet_dist_use_interface {{127,0,0,1}} {SCHEDULING}"
            ),
            "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # The script then becomes the Erlang machine instead of waiting beside it,
            # so that the pid we know is the one to signal and to watch.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def epmd(self) -> Program:
        """Return this node's own port mapper, so that it ends with the node."""
        return Program(
            name="epmd",
            command=("/usr/bin/epmd", "-address", LOOPBACK, "-port", str(self.epmd_port)),
            environment=self.environment,
            folder=self.places.data,
            log=self.places.logs / "epmd.log",
            is_ready=lambda: epmd_answers(self.epmd_port),
            account=self.places.account,
            run=self.places.run,
            stop_seconds=5.0,
        )

    def program(self) -> Program:
        """Return the node as a program that can be supervised."""
        return Program(
            name="rabbitmq",
            command=(str(scripts() / "rabbitmq-server"),),
            environment=self.environment,
            folder=self.places.data,
            log=self.places.logs / "rabbitmq.log",
            is_ready=lambda: answers(self.admin_url),
            account=self.places.account,
            run=self.places.run,
            ready_seconds=240.0,
            stop_seconds=60.0,
            # Erlang's machine drops a SIGTERM that comes before it listens for it.
            stop_again_seconds=2.0,
            before_start=self.prepare,
        )

    def prepare(self) -> None:
        """Write cookie, configuration and folders."""
        account = self.places.account
        for folder in (self.folder, *(self.folder / part for part in ("mnesia", "log"))):
            make_private(folder, account)
        make_private(self.folder / "generated", account)
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            write_private(cookie, self.cookie, account)
            cookie.chmod(0o400)
        configuration = CONFIGURATION.format(
            host=LOOPBACK, port=self.port, user=ADMINISTRATOR, password=self.password
        )
        write_private(self.folder / "rabbitmq.conf", configuration, account)
        write_private(self.folder / "enabled_plugins", "[].\n", account)

    @property
    def control(self) -> BrokerControl:
        """Return rabbitmqctl aimed at this node; it works from any folder and any environment."""
        chosen = [f"{key}={self.environment[key]}" for key in CONTROL_KEYS]
        account = self.places.account
        prefix = (
            ["setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
            if account
            else []
        )
        # Not looked for now: the engines are described before they are installed.
        program = str(RABBITMQ_BIN / "rabbitmqctl")
        return BrokerControl([*prefix, "env", "-i", "-C", "/", *chosen, program, "--quiet"])


def scripts() -> Path:
    """Return the folder of RabbitMQ's scripts; raise `Problem` when it is not installed."""
    folder = rabbitmq_bin()
    if folder is None:
        raise Problem("RabbitMQ is not installed: run `apt install rabbitmq-server`.")
    return folder


def why_not(url: str) -> str | None:
    """Say why the broker behind `url` does not let its user in; None where it does."""
    try:
        bus.connect(url, name="launcher", ssl=tls_to(url)).close()
    except (amqp.AccessRefused, amqp.NotAllowed) as refused:
        return f"lets nobody in by this address: {refused.reply_text}"
    except bus.BUS_ERRORS as error:
        return f"does not answer ({error}); start it or unset it."
    return None


def answers(url: str) -> bool:
    """Say whether the broker behind `url` lets its user in."""
    return why_not(url) is None


def epmd_answers(port: int) -> bool:
    """Say whether an epmd listens on this port."""
    names = subprocess.run(
        ["/usr/bin/epmd", "-port", str(port), "-names"],
        capture_output=True,
        check=False,
        env={"PATH": os.defpath, "ERL_EPMD_ADDRESS": LOOPBACK},
    )
    return names.returncode == 0
