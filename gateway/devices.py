"""Scanners: enrolled by a person, known by a key of their own."""

from typing import Any
from uuid import uuid4

from chassis import clock
from chassis.actions import action
from chassis.database import Work
from chassis.errors import Conflict, guard_version
from gateway import passwords, storage
from gateway.storage import Device

SCOPE = "scan"
WHO = ("admin", "warehouse")


class DeviceRevoked(Conflict):
    """The device was revoked before."""

    code = "device_revoked"
    en = "The device {code} is revoked; enrol it under a new code."
    zh = "设备 {code} 已吊销，请以新编号重新登记。"


def view(device: Device) -> dict[str, Any]:
    """Give a device as those who enrol see it."""
    return {
        "code": device.code,
        "name": device.name,
        "scope": device.scope,
        "enrolled_by": device.enrolled_by,
        "enrolled_at": device.enrolled_at.isoformat(),
        "used_at": device.used_at.isoformat() if device.used_at else None,
        "revoked_at": device.revoked_at.isoformat() if device.revoked_at else None,
        "version": device.version,
    }


def enrol_device(work: Work, *, code: str, name: str) -> tuple[Device, str]:
    """Enrol a scanner; its key is given back once. Raises DeviceExists."""
    key = passwords.new_secret("gdd")
    device = Device(
        id=uuid4(),
        code=code,
        name=name,
        scope=SCOPE,
        key_hash=passwords.digest(key),
        enrolled_by=work.principal.person_id,
        enrolled_at=clock.machine_now(),
        used_at=None,
        revoked_at=None,
    )
    storage.add_device(work.session, device)
    work.log("device", code, "enrolled")
    return device, key


def renew_key(work: Work, code: str, expected_version: int) -> tuple[Device, str]:
    """Give a scanner a new key; the old one ends at once. Raises DeviceRevoked."""
    device = _usable(work, code, expected_version)
    key = passwords.new_secret("gdd")
    device.key_hash = passwords.digest(key)
    work.session.flush()
    work.log("device", code, "key renewed")
    return device, key


def revoke_device(work: Work, code: str, expected_version: int) -> Device:
    """Let a scanner in no more. Raises DeviceRevoked when it is already."""
    device = _usable(work, code, expected_version)
    device.revoked_at = clock.machine_now()
    work.session.flush()
    work.log("device", code, "revoked")
    return device


def list_actions(work: Work, code: str) -> list[dict[str, Any]]:
    """Give what may be done with a device now, and why the rest may not."""
    device = storage.get_device(work.session, code)
    refusal = DeviceRevoked(code=code) if device.revoked_at else None
    return [action(verb, who=WHO, refusal=refusal) for verb in ("renew_key", "revoke")]


def _usable(work: Work, code: str, expected_version: int) -> Device:
    device = storage.get_device(work.session, code, to_change=True)
    if device.revoked_at is not None:
        raise DeviceRevoked(code=code)
    guard_version(code, device.version, expected_version)
    return device
