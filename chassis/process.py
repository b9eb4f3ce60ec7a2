"""One service as a process: found, run with its guards, ready, healthy, stopped."""

import importlib
import inspect
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import eventlet
from nameko.runners import ServiceRunner

from chassis import garbage, observe, settings
from chassis.guards import Container, Intake, Watchdog
from chassis.listening import EventDesk
from chassis.settings import SettingMissing, Settings

_log = logging.getLogger(__name__)


class NoSuchService(Exception):
    """What was asked to run cannot be found."""


def find_service(wanted: str) -> type:
    """Give the class of `wanted`: a service's name, or `module:Class`. Raises NoSuchService."""
    module_name, _, class_name = wanted.partition(":")
    if not class_name:
        module_name = f"services.{wanted}.service"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise NoSuchService(f"there is no module {module_name}") from None
    for name, found in inspect.getmembers(module, inspect.isclass):
        if name == class_name or (not class_name and getattr(found, "name", None) == wanted):
            return found
    raise NoSuchService(f"{module_name} has no service {class_name or wanted}")


def nameko_config(wanted: Settings) -> dict[str, Any]:
    """Give nameko's configuration for these settings."""
    config: dict[str, Any] = {
        "AMQP_URI": wanted.amqp_url,
        "HEARTBEAT": wanted.heartbeat_seconds,
        "RPC_MAX_PENDING": wanted.rpc_max_pending,
        "SERVICE_CONTAINER_CLS": f"{Container.__module__}.{Container.__name__}",
        "max_workers": wanted.max_workers,
        "serializer": "json",
    }
    if wanted.amqp_ssl is not None:
        config["AMQP_SSL"] = wanted.amqp_ssl
    if wanted.database_url is not None:
        config["DATABASE_URL"] = wanted.database_url
    return config


class Process:
    """One service with its guards, from start to stop."""

    def __init__(self, service_class: type, wanted: Settings) -> None:
        self._settings = wanted
        self._runner = ServiceRunner(nameko_config(wanted))
        self._runner.add_service(service_class)
        (self._container,) = self._runner.containers
        self._probe = observe.HubProbe()
        self._stopping = threading.Event()

    def is_healthy(self) -> bool:
        """Say whether work can come in."""
        intake = self._container.shared_extensions.get(Intake)
        return not self._stopping.is_set() and (intake is None or intake.is_consuming)

    def run(self) -> int:
        """Serve until told to stop; gives the exit code."""
        eventlet.spawn(self._probe.run)
        Watchdog(
            self._container, self._probe, limit_seconds=self._settings.watchdog_seconds
        ).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        if self._settings.metrics_port is not None:
            port = observe.serve_figures(self._settings.metrics_port, self.is_healthy)
            _log.info("figures and health on 127.0.0.1:%d", port)
        self._runner.start()
        garbage.spare_what_is_loaded()
        eventlet.spawn(self._tell_ready)
        waiting = eventlet.spawn(self._runner.wait)
        while True:
            try:
                waiting.wait()
            except InterruptedError:
                continue  # a signal came while the hub slept (nameko/cli/run.py)
            except Exception:  # noqa: BLE001  # whatever ended the container; the supervisor starts it again
                _log.exception("the service ended by an error")
                return 1
            return 0

    def _tell_ready(self) -> None:
        """Say that requests and events reach the service, once they do."""
        desk = self._container.shared_extensions.get(EventDesk)
        if desk is not None:
            desk.bound.wait()
        if self._stopping.is_set():
            return
        name = self._container.service_name
        if self._settings.ready_file:
            # Renamed into place: whoever sees the file sees it whole.
            draft = Path(f"{self._settings.ready_file}.{os.getpid()}")
            draft.write_text(f"{os.getpid()}\n", encoding="ascii")
            draft.replace(self._settings.ready_file)
        _log.info("%s is ready", name)

    def _on_signal(self, number: int, _frame: Any) -> None:
        # The hub runs this: it must not wait for anything itself.
        if self._stopping.is_set():
            return
        self._stopping.set()
        eventlet.spawn_n(self._stop, signal.Signals(number).name)

    def _stop(self, reason: str) -> None:
        _log.info("stopping on %s", reason)
        # What has not ended within its grace is given back to the broker by the cut connection.
        eventlet.spawn_after(self._settings.grace_seconds, self._give_up)
        self._runner.stop()

    def _give_up(self) -> None:
        _log.error("work did not end within %s s; exiting", self._settings.grace_seconds)
        logging.shutdown()
        os._exit(1)


def main(arguments: list[str]) -> int:
    """Run the service named on the command line or by GENDAN_SERVICE."""
    try:
        wanted = settings.from_environment()
        name = arguments[0] if arguments else wanted.service
        if name is None:
            raise NoSuchService("name a service, or set GENDAN_SERVICE")
        observe.set_up_logging(name, level=wanted.log_level, form=wanted.log_format)
        service_class = find_service(name)
    except (SettingMissing, NoSuchService) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return Process(service_class, wanted).run()
