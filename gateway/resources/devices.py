"""Scanners and their keys: enrolled and revoked by the warehouse or an administrator."""

from typing import Any

from marshmallow import fields

from chassis.database import Work
from chassis.schema import CODE, Message, Moment, Nothing, Text
from gateway import devices, storage
from gateway.calls import Call
from gateway.operations import Answer, Move, Operation, Paged, moves, page_of
from gateway.own_commands import run_once, run_once_with_secret


class NewDevice(Message):
    """A scanner to enrol."""

    code = fields.String(required=True, validate=CODE)
    name = Text(required=True, least=1, most=80)


class Device(Answer):
    """A scanner that may send scans."""

    code = fields.String()
    name = fields.String()
    scope = fields.String()
    enrolled_by = fields.String()
    enrolled_at = Moment()
    used_at = Moment(allow_none=True)
    revoked_at = Moment(allow_none=True)
    version = fields.Integer()


class DeviceWithKey(Device):
    """A scanner with its key, shown this once."""

    key = fields.String(allow_none=True)


DevicePage = page_of(Device)


def list_devices(call: Call) -> dict[str, Any]:
    limit, after = call.query.get("limit", 50), call.query.get("after") or ""

    def read(work: Work) -> dict[str, Any]:
        found = storage.list_devices(work.session, after=after, limit=limit + 1)
        page = found[:limit]
        return {
            "items": [devices.view(device) for device in page],
            "next": page[-1].code if len(found) > limit else None,
        }

    return call.store.read(call.principal, read)


def get_device(call: Call) -> dict[str, Any]:
    return call.store.read(
        call.principal,
        lambda work: devices.view(storage.get_device(work.session, call.path["code"])),
    )


def enrol(call: Call) -> dict[str, Any]:
    def do(work: Work) -> tuple[dict[str, Any], str]:
        device, key = devices.enrol_device(work, **call.loaded)
        return devices.view(device), key

    return run_once_with_secret(call, "enrol_device", do, name="key")


def renew_key(call: Call) -> dict[str, Any]:
    code, version = _named(call)

    def do(work: Work) -> tuple[dict[str, Any], str]:
        device, key = devices.renew_key(work, code, version)
        return devices.view(device), key

    return run_once_with_secret(call, "renew_key", do, name="key")


def revoke(call: Call) -> dict[str, Any]:
    code, version = _named(call)
    return run_once(
        call,
        "revoke_device",
        lambda work: devices.view(devices.revoke_device(work, code, version)),
    )


def list_actions(call: Call) -> dict[str, Any]:
    return call.store.read(
        call.principal, lambda work: {"items": devices.list_actions(work, call.path["code"])}
    )


def _named(call: Call) -> tuple[str, int]:
    return call.path["code"], call.version


OPERATIONS = [
    Operation(
        method="GET",
        path="/devices",
        do=list_devices,
        permission="devices.read",
        summary="Scanners by code",
        tag="devices",
        query=Paged,
        answer=DevicePage,
    ),
    Operation(
        method="POST",
        path="/devices",
        do=enrol,
        permission="devices.change",
        summary="Enrol a scanner; its key is shown this once",
        tag="devices",
        body=NewDevice,
        answer=DeviceWithKey,
        status=201,
        location="/devices/{code}",
    ),
    Operation(
        method="GET",
        path="/devices/{code}",
        do=get_device,
        permission="devices.read",
        summary="One scanner",
        tag="devices",
        answer=Device,
    ),
    *moves(
        "/devices/{code}",
        Move(
            verb="renew_key",
            do=renew_key,
            permission="devices.change",
            summary="Give a scanner a new key, shown this once; the old one ends",
            body=Nothing,
            answer=DeviceWithKey,
        ),
        Move(
            verb="revoke",
            do=revoke,
            permission="devices.change",
            summary="Let a scanner in no more",
            body=Nothing,
        ),
        answer=Device,
        tag="devices",
        listing_do=list_actions,
        listing_permission="devices.read",
    ),
]
