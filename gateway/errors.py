"""Refusals as HTTP: one table from error to status, and the problem documents of RFC 9457."""

import json
import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import falcon

from chassis.commands import KeyMissing
from chassis.errors import (
    Conflict,
    Forbidden,
    GendanError,
    Invalid,
    NotFound,
    Unavailable,
)
from gateway import masking

_log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"

# What a caller that was told 503 should wait, when nothing better is known.
RETRY_AFTER_SECONDS = 2


class BadRequest(Invalid):
    """The request cannot be read at all."""

    code = "bad_request"
    en = "The request cannot be read: {why}."
    zh = "无法读取请求：{why}。"


class MalformedJson(BadRequest):
    """The body is not JSON, or JSON that means two things at once."""

    code = "malformed_json"
    en = "The body is not the JSON it should be: {why}."
    zh = "请求正文不是有效的 JSON：{why}。"


class BodyTooLarge(Invalid):
    """The body is longer than is taken."""

    code = "body_too_large"
    en = "The body may have at most {most} bytes."
    zh = "请求正文不得超过 {most} 字节。"


class QueryTooLong(Invalid):
    """The query string is longer than is taken."""

    code = "query_too_long"
    en = "The query may have at most {most} characters."
    zh = "查询参数不得超过 {most} 个字符。"


class ContentTypeRefused(Invalid):
    """The body comes in a form that is not taken."""

    code = "content_type_refused"
    en = "A body must be application/json in UTF-8."
    zh = "请求正文必须为 UTF-8 编码的 application/json。"


class ContentEncodingRefused(Invalid):
    """The body comes packed, in a way in which a small one could become a huge one."""

    code = "content_encoding_refused"
    en = "A body must come as it is: no Content-Encoding, no Transfer-Encoding but chunked."
    zh = "请求正文不得压缩：不接受 Content-Encoding，Transfer-Encoding 仅限 chunked。"


class FileTypeRefused(ContentTypeRefused):
    """The file comes in a form that is not taken."""

    en = "A file's body must be one of {allowed}."
    zh = "文件正文的类型必须是 {allowed} 之一。"


class MalformedForm(BadRequest):
    """The body is no form of one file."""

    code = "malformed_form"
    en = "The form must have one part, named file, and be whole."
    zh = "表单必须完整，且只含一个名为 file 的部分。"


class NotAcceptable(Invalid):
    """The caller takes nothing of what the operation can give."""

    code = "not_acceptable"
    en = "This is answered as {media} only."
    zh = "此地址只能以 {media} 形式应答。"


class IfMatchMissing(Invalid):
    """A change does not say which version it is meant for."""

    code = "if_match_missing"
    en = "Say by If-Match which version you have read (its ETag)."
    zh = "请用 If-Match 注明所依据的版本（读取时的 ETag）。"


class IfMatchRefused(BadRequest):
    """If-Match is there, but names no single version."""

    code = "if_match_refused"
    en = 'If-Match must be one entity tag as it was given, such as "7"; {why}.'
    zh = 'If-Match 必须是读取时给出的单个标签，例如 "7"；{why}。'


class KeyRefused(KeyMissing):
    """The idempotency key is there, but in no form that is taken."""

    en = "Idempotency-Key takes 1 to {most} visible ASCII characters, no space or comma."
    zh = "Idempotency-Key 必须为 1 至 {most} 个可见的 ASCII 字符，不含空格和逗号。"


class Unauthenticated(GendanError):
    """Nobody known asks."""

    family = "Unauthenticated"
    code = "not_signed_in"
    en = "Sign in first: the session or key is unknown, ended or revoked."
    zh = "请先登录：会话或密钥不存在、已过期或已吊销。"


class PermissionMissing(Forbidden):
    """The permission table does not open this to the person's roles."""

    code = "permission_missing"
    en = "This needs the permission {permission}."
    zh = "此操作需要权限 {permission}。"


class AddressNotFound(NotFound):
    """No such address."""

    code = "address_not_found"
    en = "There is nothing at {path}."
    zh = "地址 {path} 不存在。"


class ActionUnknown(NotFound):
    """The thing has no such move."""

    code = "action_unknown"
    en = "There is no action {verb} here; there are: {allowed}."
    zh = "此处没有操作 {verb}；可用操作：{allowed}。"


class InternalError(GendanError):
    """A bug of ours; the log tells of it under the reference, the caller learns nothing more."""

    en = "Something went wrong on our side (reference {reference})."
    zh = "系统内部出错（编号 {reference}）。"


# A code stands before its family.
STATUS_BY_CODE: Mapping[str, HTTPStatus] = {
    "stale_version": HTTPStatus.PRECONDITION_FAILED,
    "if_match_missing": HTTPStatus.PRECONDITION_REQUIRED,
    "if_match_refused": HTTPStatus.BAD_REQUEST,
    "bad_request": HTTPStatus.BAD_REQUEST,
    "malformed_json": HTTPStatus.BAD_REQUEST,
    "malformed_form": HTTPStatus.BAD_REQUEST,
    "file_refused": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "idempotency_key_missing": HTTPStatus.BAD_REQUEST,
    # As draft-ietf-httpapi-idempotency-key-header asks for another body under a used key.
    "idempotency_key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "body_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "query_too_long": HTTPStatus.REQUEST_URI_TOO_LONG,
    "content_type_refused": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "content_encoding_refused": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "not_acceptable": HTTPStatus.NOT_ACCEPTABLE,
    "too_many_attempts": HTTPStatus.TOO_MANY_REQUESTS,
}

STATUS_BY_FAMILY: Mapping[str, HTTPStatus] = {
    NotFound.family: HTTPStatus.NOT_FOUND,
    Conflict.family: HTTPStatus.CONFLICT,
    Invalid.family: HTTPStatus.UNPROCESSABLE_ENTITY,
    Forbidden.family: HTTPStatus.FORBIDDEN,
    Unavailable.family: HTTPStatus.SERVICE_UNAVAILABLE,
    Unauthenticated.family: HTTPStatus.UNAUTHORIZED,
    GendanError.family: HTTPStatus.INTERNAL_SERVER_ERROR,
}

_FALCON_CODES = {
    400: ("bad_request", "The request cannot be read.", "无法读取请求。"),
    404: ("address_not_found", "There is nothing at this address.", "地址不存在。"),
    405: ("method_not_allowed", "This address does not take the method.", "该地址不支持此方法。"),
    413: ("body_too_large", "The body is too large.", "请求正文过大。"),
    415: ("content_type_refused", "The body's form is not taken.", "不支持的正文格式。"),
}


def status_of(error: GendanError) -> HTTPStatus:
    """Give the HTTP status of a refusal."""
    return STATUS_BY_CODE.get(error.code) or STATUS_BY_FAMILY.get(
        error.family, HTTPStatus.INTERNAL_SERVER_ERROR
    )


def problem(error: GendanError, *, path: str, request_id: str) -> dict[str, Any]:
    """Give the problem document of a refusal."""
    status = status_of(error)
    details = dict(error.details)
    document: dict[str, Any] = {
        "type": f"urn:gendan:problem:{error.code}",
        "title": status.phrase,
        "status": int(status),
        "code": error.code,
        "detail": error.message,
        "detail_zh": error.message_zh,
        "instance": path,
        "request_id": request_id,
    }
    wrong = details.pop("fields", None)
    if isinstance(wrong, Mapping):
        details.pop("names", None)
        document["errors"] = [
            {"field": field, "messages": messages} for field, messages in _flat(wrong)
        ]
    document["details"] = details
    return document


def _flat(wrong: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Give marshmallow's tree of messages as fields with dotted paths."""
    if isinstance(wrong, Mapping):
        for name, inner in wrong.items():
            # What is wrong with an object as a whole is said of the object.
            whole = name == "_schema"
            yield from _flat(inner, path if whole else f"{path}.{name}" if path else str(name))
    else:
        messages = wrong if isinstance(wrong, list) else [wrong]
        yield path or "body", [str(message) for message in messages]


def answer_refusal(
    request: falcon.Request, response: falcon.Response, error: GendanError, _params: object
) -> None:
    """Answer a foreseen refusal with its problem document."""
    if error.family == GendanError.family:
        _log.error("a service failed: %s %s", error.code, error.details)
    document = problem(error, path=request.path, request_id=request.context.request_id)
    document["details"] = masking.masked(document["details"], request.context.caller.principal)
    _answer(response, document)
    if document["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
        response.set_header("Retry-After", str(RETRY_AFTER_SECONDS))
    if document["status"] == HTTPStatus.TOO_MANY_REQUESTS:
        response.set_header("Retry-After", str(error.details["seconds"]))
    if document["status"] == HTTPStatus.UNAUTHORIZED:
        response.set_header("WWW-Authenticate", 'Bearer realm="gendan"')
    if document["status"] == HTTPStatus.PRECONDITION_FAILED:
        present = error.details.get("version")
        if isinstance(present, int):
            response.set_header("ETag", f'"{present}"')


def answer_http_error(
    request: falcon.Request, response: falcon.Response, error: falcon.HTTPError, _params: object
) -> None:
    """Answer what Falcon itself refuses (no such address or method) in the same form."""
    status = error.status_code
    code, en, zh = _FALCON_CODES.get(status, ("bad_request", "Refused.", "请求被拒绝。"))
    for name, value in dict(error.headers or {}).items():
        response.set_header(name, value)
    _answer(
        response,
        {
            "type": f"urn:gendan:problem:{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": code,
            "detail": en,
            "detail_zh": zh,
            "instance": request.path,
            "request_id": request.context.request_id,
            "details": {},
        },
    )


def _answer(response: falcon.Response, document: dict[str, Any]) -> None:
    response.status = document["status"]
    # Not as media, for which Falcon would want a handler of the type, and look at Accept.
    response.data = json.dumps(document, ensure_ascii=False, default=str).encode()
    response.content_type = PROBLEM


def answer_bug(
    request: falcon.Request, response: falcon.Response, error: Exception, params: object
) -> None:
    """Answer an unforeseen error: the log gets it whole, the caller only a reference."""
    reference = uuid4().hex[:12]
    _log.error(
        "request failed, reference %s: %s %s",
        reference,
        request.method,
        request.uri_template or request.path,
        exc_info=error,
    )
    answer_refusal(request, response, InternalError(reference=reference), params)
