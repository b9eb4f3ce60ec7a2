"""The business's own numbers, of each service and of the gateway itself."""

from typing import Any

from marshmallow import fields

from chassis import clock
from chassis.database import Work
from chassis.errors import NotFound, plain
from chassis.policy import SettingNotFound, shown
from chassis.schema import Message, Text
from gateway import storage
from gateway.calls import Call
from gateway.operations import Answer, Operation
from gateway.own_commands import run_once
from gateway.resources import calendar
from gateway.services import NAMES

OWN = "gateway"


class ServiceUnknown(NotFound):
    """No service of that name."""

    code = "service_unknown"
    en = "There is no service {service}; there are: {known}."
    zh = "没有名为 {service} 的服务；现有：{known}。"


class SettingChange(Message):
    """A new value for a number, and why."""

    value = fields.Raw(required=True)
    reason = Text(required=True, least=1, most=60)
    note = Text(load_default=None, allow_none=True, most=1000)


class Setting(Answer):
    """A number of the business with its bounds."""

    key = fields.String()
    value = fields.Raw()
    default = fields.Raw()
    meaning = fields.String()
    least = fields.Raw(allow_none=True)
    most = fields.Raw(allow_none=True)
    choices = fields.List(fields.String())


class Settings(Answer):
    """All numbers of a service."""

    items = fields.List(fields.Nested(Setting))


class SettingChanged(Answer):
    """A number as it is now."""

    key = fields.String()
    value = fields.Raw()


def list_settings(call: Call) -> Any:
    service = _known(call)
    if service == OWN:
        return call.store.read(
            call.principal,
            lambda work: {"items": shown(work.store.rules, work.setting)},
        )
    return call.ask(f"{service}.list_settings", {})


def change_setting(call: Call) -> Any:
    service = _known(call)
    if service == OWN:
        return run_once(call, "change_setting", lambda work: _change_own(work, call))
    if call.path["key"] == calendar.SETTING:
        raise calendar.CalendarIsForAll
    return call.ask(f"{service}.change_setting", {**call.body, "key": call.path["key"]})


def _known(call: Call) -> str:
    service, known = call.path["service"], (*NAMES, OWN)
    if service not in known:
        raise ServiceUnknown(service=service, known=", ".join(known))
    return service


def _change_own(work: Work, call: Call) -> dict[str, Any]:
    key = call.path["key"]
    rule = work.store.rules.get(key)
    if rule is None:
        raise SettingNotFound(key=key)
    new, old = rule.parsed(call.loaded["value"]), work.setting(key)
    storage.store_setting(
        work.session, key, plain(new), by=work.principal.person_id, now=clock.machine_now()
    )
    work.log(
        "setting", key, "change_setting", changes={"value": [old, new]},
        reason=call.loaded["reason"], note=call.loaded["note"],
    )  # fmt: skip
    work.store.forget_settings()
    return {"key": key, "value": plain(new)}


OPERATIONS = [
    Operation(
        method="GET",
        path="/settings/{service}",
        do=list_settings,
        permission="settings.read",
        summary="The numbers a service works by",
        tag="settings",
        answer=Settings,
    ),
    Operation(
        method="PUT",
        path="/settings/{service}/{key}",
        do=change_setting,
        permission="settings.change",
        summary="Change a number; the change is logged with its reason",
        tag="settings",
        body=SettingChange,
        answer=SettingChanged,
    ),
]
