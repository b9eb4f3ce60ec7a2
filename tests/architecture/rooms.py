"""The rooms of the house as tests look into them: domains, their tables, their life cycles."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData

from chassis.lifecycle import Lifecycle
from deploy.local.databases import GATEWAY, SERVICES

ROOT = Path(__file__).parents[2]


def whole(name: str) -> Any:
    """Give a package with all of its modules imported."""
    package = importlib.import_module(name)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{name}.{module.name}")
    return package


def domain(service: str) -> Any:
    """Give a service's domain package with all of its modules imported."""
    return whole(f"services.{service}.domain")


def metadata_of(part: str) -> MetaData:
    """Give all tables that a service, or the gateway, describes."""
    if part == GATEWAY:
        gateway: MetaData = importlib.import_module("gateway.storage").Base.metadata
        return gateway
    base = domain(part).Base
    whole(f"services.{part}.storage")  # adds the platform's tables, and sequences of numbers
    described: MetaData = base.metadata
    return described


def life_cycles() -> Mapping[tuple[str, str], Lifecycle[Any]]:
    """Give every life cycle by (service, its name in domain/lifecycle.py)."""
    return {
        (service, name): cycle
        for service in SERVICES
        for name, cycle in vars(domain(service).lifecycle).items()
        if isinstance(cycle, Lifecycle)
    }


def domain_files() -> Iterator[Path]:
    """Give the source files of every domain."""
    for service in SERVICES:
        yield from sorted((ROOT / "services" / service / "domain").rglob("*.py"))
