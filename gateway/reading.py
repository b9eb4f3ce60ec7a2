"""Reads requests with suspicion: bodies, queries and headers, each within its limit."""

import codecs
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl
from uuid import uuid4

import falcon
from gunicorn.http.errors import ParseException
from marshmallow import Schema, fields

from chassis.commands import MAX_KEY_LENGTH, KeyMissing, load
from gateway.errors import (
    AddressNotFound,
    BadRequest,
    BodyTooLarge,
    ContentEncodingRefused,
    ContentTypeRefused,
    FileTypeRefused,
    IfMatchMissing,
    IfMatchRefused,
    KeyRefused,
    MalformedForm,
    MalformedJson,
    NotAcceptable,
    QueryTooLong,
)
from gateway.file_kinds import Kind
from gateway.operations import FILE
from gateway.settings import Limits

# Draft-ietf-httpapi-idempotency-key-header leaves the form open; visible ASCII survives logs
# and every proxy. The length is that of the services' key column. No comma: one in it is how
# WSGI shows a header that came twice, of which nobody can say which was meant.
KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,120}")
_ENTITY_TAG = re.compile(r'"([1-9][0-9]{0,9})"')
_MAX_VERSION = 2**31 - 1
# A part of an address: what codes, numbers and ids are made of.
PATH_VALUE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,79}")
# PostgreSQL cannot hold NUL, and half a surrogate pair is no text at all.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")

_WHOLE = re.compile("-?[0-9]{1,18}")

_FILE_TYPES = tuple(kind.value for kind in Kind)
_PIECE_BYTES = 64 * 1024
_MOST_FRAME_BYTES = 4096
_FORMS = falcon.media.MultipartFormHandler()


class _Stream(Protocol):
    """What a body is read from."""

    def read(self, size: int | None = None, /) -> bytes: ...


def body(
    request: falcon.Request, schema: Schema | None, limits: Limits
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the JSON object of the body as it was sent, and as `schema` reads it.

    An operation without a schema takes no body or an empty object. Raises BodyTooLarge,
    ContentTypeRefused, ContentEncodingRefused, MalformedJson or InvalidFields.
    """
    _check_encoding(request)
    raw = _bytes(request, limits.body_bytes)
    sent: Any = {}
    if raw:
        _check_content_type(request.content_type)
        sent = _parsed(raw, limits)
    if not isinstance(sent, dict):
        raise MalformedJson(why="it must be an object", why_zh="正文须为对象")
    return sent, load(schema or _EMPTY, sent)


def query(request: falcon.Request, schema: Schema | None, limits: Limits) -> dict[str, Any]:
    """Give the query's fields that were sent, in their wire form.

    Raises QueryTooLong, BadRequest or InvalidFields.
    """
    text = request.query_string
    if not text:
        # Required fields are missed all the same.
        load(schema or _EMPTY, {})
        return {}
    if len(text) > limits.query_characters:
        raise QueryTooLong(most=limits.query_characters)
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=limits.query_fields,
        )
    except ValueError as error:
        raise BadRequest(
            why="its query is not made of name=value pairs in UTF-8",
            why_zh="查询参数须为 UTF-8 编码的“名称=值”",
        ) from error
    reader = schema or _EMPTY
    sent = _gathered(pairs, reader)
    loaded = load(reader, sent)
    dumped = reader.dump(loaded)
    return {name: dumped[name] for name in sent}


def _gathered(pairs: list[tuple[str, str]], schema: Schema) -> dict[str, Any]:
    """Gather repeated names into lists where the schema has one, and refuse them elsewhere."""
    sent: dict[str, Any] = {}
    for name, value in pairs:
        if _NO_TEXT.search(name) or _NO_TEXT.search(value):
            raise BadRequest(
                why="its query holds characters that are no text", why_zh="查询参数含有非文本字符"
            )
        field = schema.fields.get(name)
        if isinstance(field, fields.List):
            sent.setdefault(name, []).append(value)
        elif name in sent:
            raise BadRequest(
                why=f"{name} stands twice in its query", why_zh=f"查询参数 {name} 重复"
            )
        else:
            sent[name] = _typed(field, value)
    return sent


def _typed(field: "fields.Field[Any] | None", value: str) -> Any:
    """Give a query's text as the JSON value that it spells; what spells none stays text."""
    if isinstance(field, fields.Integer) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(field, fields.Boolean):
        return {"true": True, "false": False}.get(value, value)
    return value


def idempotency_key(request: falcon.Request, *, required: bool) -> str:
    """Give the key of a command, or where none is required and none came, one of its own.

    Raises KeyMissing or KeyRefused.
    """
    key = request.get_header("Idempotency-Key")
    if key is None and not required:
        return uuid4().hex
    if not key:
        raise KeyMissing(most=MAX_KEY_LENGTH)
    if not KEY.fullmatch(key):
        raise KeyRefused(most=MAX_KEY_LENGTH)
    return key


def expected_version(request: falcon.Request) -> int:
    """Give the version that If-Match names. Raises IfMatchMissing or IfMatchRefused.

    If-Match compares strongly (RFC 9110 §13.1.1), so a weak tag can never match; `*` would
    say "whatever it has become", which is what a version is there to prevent.
    """
    value = (request.get_header("If-Match") or "").strip()
    if not value:
        raise IfMatchMissing
    if value == "*":
        raise IfMatchRefused(why="* names no version", why_zh="* 未指明版本")
    if value.startswith("W/"):
        raise IfMatchRefused(why="a weak one never matches", why_zh="弱标签不会匹配")
    match = _ENTITY_TAG.fullmatch(value)
    if match is None or int(match[1]) > _MAX_VERSION:
        raise IfMatchRefused(why="this is none of ours", why_zh="该标签并非本系统给出")
    return int(match[1])


def check_accept(request: falcon.Request, media: str) -> None:
    """Raise NotAcceptable if the caller takes nothing of what is answered.

    A file may be of each kind: which, only its row knows.
    """
    given = (*_FILE_TYPES, FILE) if media == FILE else (media,)
    if not any(request.client_accepts(each) for each in given):
        raise NotAcceptable(media=", ".join(given))


def _bytes(request: falcon.Request, most: int) -> bytes:
    try:
        return _received(request, most)
    except OSError as error:
        raise BadRequest(why="its body did not arrive in time", why_zh="正文未及时到达") from error
    except ParseException as error:
        raise BadRequest(why="its chunks are none", why_zh="分块格式有误") from error


def _received(request: falcon.Request, most: int) -> bytes:
    length = request.content_length
    if length is None:
        # A chunked body says no length beforehand; the server frames it for us.
        raw = request.stream.read(most + 1) if _is_chunked(request) else b""
    elif length > most:
        raise BodyTooLarge(most=most)
    else:
        raw = request.bounded_stream.read(length)
        if len(raw) < length:
            raise MalformedJson(why="it ended before its length", why_zh="正文短于声明的长度")
    if len(raw) > most:
        raise BodyTooLarge(most=most)
    return bytes(raw)


def _transfer_encoding(request: falcon.Request) -> str:
    value: str = request.env.get("HTTP_TRANSFER_ENCODING", "")
    return value.strip().lower()


def _is_chunked(request: falcon.Request) -> bool:
    return _transfer_encoding(request) == "chunked"


def _check_encoding(request: falcon.Request) -> None:
    """Raise ContentEncodingRefused for a body that would have to be unpacked."""
    content = (request.get_header("Content-Encoding") or "identity").strip().lower()
    if content != "identity" or _transfer_encoding(request) not in ("", "chunked"):
        raise ContentEncodingRefused


def _check_content_type(value: str | None) -> None:
    kind, parameters = falcon.parse_header(value or "")
    charset = parameters.get("charset", "utf-8").lower()
    if kind.strip().lower() != falcon.MEDIA_JSON or charset not in ("utf-8", "utf8"):
        raise ContentTypeRefused


def _parsed(raw: bytes, limits: Limits) -> Any:
    try:
        # RFC 8259 §8.1 lets a reader ignore the byte order mark; Windows programs write it.
        text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8", "strict")
        value = json.loads(
            text,
            object_pairs_hook=_without_repeats,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except RecursionError:
        raise MalformedJson(
            why=f"it is deeper than {limits.json_depth} levels",
            why_zh=f"层级超过 {limits.json_depth} 层",
        ) from None
    except ValueError as error:
        raise _malformed(error) from None
    _check_shape(value, limits)
    return value


def _malformed(error: ValueError) -> MalformedJson:
    if isinstance(error, _Refused):
        return MalformedJson(why=error.why, why_zh=error.why_zh)
    if isinstance(error, json.JSONDecodeError):
        at = error.pos
        return MalformedJson(why=f"{error.msg} at character {at}", why_zh=f"第 {at} 个字符处有误")
    if isinstance(error, UnicodeDecodeError):
        at = error.start
        return MalformedJson(
            why=f"it is not UTF-8 at byte {at}", why_zh=f"第 {at} 字节处不是 UTF-8"
        )
    # CPython's refusal of a number with thousands of digits.
    return MalformedJson(why="a number is too long", why_zh="有数字过长")


class _Refused(ValueError):
    """What JSON's grammar allows and we do not."""

    def __init__(self, why: str, why_zh: str) -> None:
        super().__init__(why)
        self.why, self.why_zh = why, why_zh


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused("a name stands twice in one object", "同一对象中名称重复")
    return members


def _no_number(name: str) -> Any:
    raise _Refused(f"{name} is no number", f"{name} 不是数字")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Refused("a number is too large", "有数字过大")
    return number


def _check_shape(value: Any, limits: Limits) -> None:
    """Refuse what is too deep, has too many values, or holds characters that are no text."""
    count, level = 0, [value]
    for _ in range(limits.json_depth):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if _NO_TEXT.search(item):
                    raise MalformedJson(
                        why="a text holds NUL or half a surrogate pair",
                        why_zh="文本含有 NUL 或不成对的代理字符",
                    )
            elif isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
                count -= len(item)  # names are no values
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return
        count += len(below)
        if count > limits.json_values:
            raise MalformedJson(
                why=f"it has more than {limits.json_values} values",
                why_zh=f"数值超过 {limits.json_values} 个",
            )
        level = below
    raise MalformedJson(
        why=f"it is deeper than {limits.json_depth} levels",
        why_zh=f"层级超过 {limits.json_depth} 层",
    )


class _NoFields(Schema):
    """Takes nothing."""


_EMPTY = _NoFields()


def path_values(request: falcon.Request, params: Mapping[str, str]) -> dict[str, str]:
    """Give the address's parameters. Raises AddressNotFound for what can be no code or number."""
    for value in params.values():
        if not PATH_VALUE.fullmatch(value):
            raise AddressNotFound(path=request.path[:200])
    return dict(params)


class SentFile:
    """A file in a request's body: its name, if it has one, and its bytes, piece by piece."""

    def __init__(self, request: falcon.Request) -> None:
        self._request = request
        self._rest: Iterator[Any] | None = None
        self.name = ""

    def pieces(self, limits: Limits) -> Iterator[bytes]:
        """Give the bytes as they arrive.

        Raises BodyTooLarge, ContentTypeRefused, ContentEncodingRefused, BadRequest or
        MalformedForm.
        """
        _check_encoding(self._request)
        length = self._request.content_length
        # A form has a frame around its file.
        if length is not None and length > _most_with_frame(limits):
            raise BodyTooLarge(most=limits.attachment_bytes)
        try:
            received = 0
            for piece in _bounded(self._stream(limits), limits.attachment_bytes):
                received += len(piece)
                yield piece
            self._check_end(received)
        except OSError as error:
            raise BadRequest(
                why="its body did not arrive in time", why_zh="正文未及时到达"
            ) from error
        except ParseException as error:
            raise BadRequest(why="its chunks are none", why_zh="分块格式有误") from error
        except (falcon.HTTPError, UnicodeError) as error:
            raise MalformedForm from error

    def _stream(self, limits: Limits) -> _Stream:
        request = self._request
        content_type = request.content_type or ""
        kind = content_type.partition(";")[0].strip().lower()
        if kind not in (*_FILE_TYPES, falcon.MEDIA_MULTIPART):
            raise FileTypeRefused(allowed=", ".join((*_FILE_TYPES, falcon.MEDIA_MULTIPART)))
        stream: _Stream = request.stream if _is_chunked(request) else request.bounded_stream
        if kind == falcon.MEDIA_MULTIPART:
            # Falcon's reader wants a length, which a chunked body does not say.
            most = _most_with_frame(limits) if _is_chunked(request) else 0
            return self._part(stream, content_type, request.content_length or most)
        return stream

    def _check_end(self, received: int) -> None:
        """Refuse what was cut off: a body before its length, a form before its last line."""
        if self._rest is None:
            if received < (self._request.content_length or 0):
                raise BadRequest(why="it ended before its length", why_zh="正文短于声明的长度")
        elif next(self._rest, None) is not None:
            raise MalformedForm

    def _part(self, body: _Stream, content_type: str, length: int) -> _Stream:
        """Give the form's only part, which must be the file."""
        try:
            self._rest = iter(_FORMS.deserialize(body, content_type, length))
            part = next(self._rest, None)
        except (falcon.HTTPError, UnicodeError) as error:
            raise MalformedForm from error
        if part is None or part.name != "file":
            raise MalformedForm
        self.name = (part.filename or "")[:400]
        stream: _Stream = part.stream
        return stream


def _most_with_frame(limits: Limits) -> int:
    return limits.attachment_bytes + _MOST_FRAME_BYTES


def sent_file(request: falcon.Request) -> SentFile:
    """Give the file of a request; nothing of it is read yet."""
    return SentFile(request)


def _bounded(stream: _Stream, most: int) -> Iterator[bytes]:
    total = 0
    while piece := stream.read(_PIECE_BYTES):
        total += len(piece)
        if total > most:
            raise BodyTooLarge(most=most)
        yield piece
