"""Find Debian's PostgreSQL and RabbitMQ; install them with apt when they are missing."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from deploy.local.problems import Problem

POSTGRES_LIBRARY = Path("/usr/lib/postgresql")
NGINX = Path("/usr/sbin/nginx")
RABBITMQ_BIN = Path("/usr/lib/rabbitmq/bin")
OLDEST_POSTGRES = 15

# Runs as root. Nothing that apt unpacks may start on its default port or be
# stopped because of us, so policy-rc.d forbids every start while it runs, and
# no "main" cluster is made. Both files are put back whatever happens; a
# policy-rc.d that was there already is obeyed as well as ours and comes back, also
# that of a run before which was killed.
INSTALL_SCRIPT = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive
exec 9>/run/lock/gendan-install.lock
flock 9
policy=/usr/sbin/policy-rc.d
cluster_folder=/etc/postgresql-common/createcluster.d
cluster=$cluster_folder/gendan.conf
kept=
made_folders=
tidy_up() {
    rm -f "$policy" "$cluster"
    if [ -n "$kept" ]; then mv "$kept" "$policy"; fi
    if [ -n "$made_folders" ]; then rmdir -p --ignore-fail-on-non-empty "$cluster_folder"; fi
}
if [ -e "$policy" ] && ! grep -q 'gendan: nothing starts' "$policy"; then
    kept=$policy.before-gendan
    cp -a "$policy" "$kept"
elif [ -e "$policy.before-gendan" ]; then
    kept=$policy.before-gendan
fi
trap tidy_up EXIT
trap 'exit 1' INT TERM HUP
rm -f "$policy"
printf '#!/bin/sh\n# gendan: nothing starts while packages are installed\nexit 101\n' >"$policy"
chmod 755 "$policy"
if [ ! -d "$cluster_folder" ]; then made_folders=yes; mkdir -p "$cluster_folder"; fi
echo 'create_main_cluster = false' >"$cluster"
fetch() {
    apt-get install -y --no-install-recommends --no-upgrade \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"
}
fetch "$@" || { apt-get update -o DPkg::Lock::Timeout=300 && fetch "$@"; }
"""


def postgres_bin() -> Path | None:
    """Return the folder of the newest PostgreSQL server that is new enough, if any."""
    found: list[tuple[int, Path]] = []
    for folder in POSTGRES_LIBRARY.glob("*/bin"):
        version = folder.parent.name
        if version.isdigit() and (folder / "initdb").exists() and (folder / "postgres").exists():
            found.append((int(version), folder))
    newest = max(found, default=None)
    return newest[1] if newest and newest[0] >= OLDEST_POSTGRES else None


def rabbitmq_bin() -> Path | None:
    """Return the folder of RabbitMQ's own scripts, if it is installed.

    The wrappers in /usr/sbin are avoided: they drop arguments and change user.
    """
    return RABBITMQ_BIN if (RABBITMQ_BIN / "rabbitmq-server").exists() else None


def missing_packages() -> list[str]:
    """Return the Debian packages that have to be installed before engines can start."""
    missing = []
    if postgres_bin() is None:
        missing.append("postgresql")
    if rabbitmq_bin() is None:
        missing.append("rabbitmq-server")
    return missing


def ensure_engine_packages(say: Callable[[str], None]) -> None:
    """Install what the engines need and is missing; raise `Problem` when that fails."""
    missing = missing_packages()
    if not missing:
        return
    say(f"installing {' and '.join(missing)} with apt (once)")
    install(missing)
    still = missing_packages()
    if still:
        raise Problem(
            f"apt installed {' '.join(still)} but its programs are not where Debian puts them; "
            "give GENDAN_PG_ADMIN_URL and GENDAN_AMQP_ADMIN_URL of running engines instead."
        )


def ensure_nginx(say: Callable[[str], None]) -> Path:
    """Return nginx, installed if it is missing; raise `Problem` when that fails.

    Tests alone start it: in production it stands before the gateway and is its operator's.
    """
    if not NGINX.exists():
        say("installing nginx with apt (once)")
        install(["nginx"])
    return NGINX


def install(packages: Sequence[str]) -> None:
    """Install Debian packages as root or through sudo, starting no service."""
    by_hand = f"install {' '.join(packages)} yourself"
    if shutil.which("apt-get") is None:
        raise Problem(
            f"This machine has no apt-get: {by_hand}, or give GENDAN_PG_ADMIN_URL and "
            "GENDAN_AMQP_ADMIN_URL of running engines."
        )
    command = [*root_prefix(by_hand), "/bin/bash", "-c", INSTALL_SCRIPT, "gendan", *packages]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as script:
        try:
            output = script.communicate()[0]
        except BaseException:
            # Killed, it would leave the machine changed. Where sudo runs it, it is root's and not
            # ours to stop: then its end is awaited.
            with suppress(PermissionError):
                script.terminate()
            script.communicate()
            raise
    if script.returncode != 0:
        raise Problem(f"apt could not install {' '.join(packages)}: {apt_reason(output)}")


def root_prefix(by_hand: str) -> list[str]:
    """Return what to put before a command so that it runs as root."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        raise Problem(f"Packages are missing and there is no sudo: as root, {by_hand}.")
    trial = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)
    if trial.returncode != 0 and not sys.stdin.isatty():
        raise Problem(
            "Packages are missing and sudo asks for a password: run ./gendan up "
            f"in a terminal once, or {by_hand}."
        )
    return [sudo]


def apt_reason(output: str) -> str:
    """Return the line of apt's output that says best what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if re.search(r"no space left|not enough free space", output, re.IGNORECASE):
        return "the disk is full; free some space and run it again."
    errors = [line for line in lines if line.startswith(("E:", "Err:", "dpkg: error"))]
    return (errors or lines or ["no output"])[-1]
