"""Tells what a file is by its content: PDF, PNG or JPEG, whole, and no bomb.

Nothing is decoded here, so a small file that would unpack to gigabytes costs nothing; its
dimensions stand in its headers, and what a reader would have to unpack is bounded by them.
Data behind a file's end are refused: what is an image to one program and an archive or a page
to another is none of ours.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO

from chassis.errors import Invalid


class Kind(StrEnum):
    """A kind of file that is taken, by its media type."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"

    @property
    def suffix(self) -> str:
        return {Kind.PDF: ".pdf", Kind.PNG: ".png", Kind.JPEG: ".jpg"}[self]


class FileRefused(Invalid):
    """The file is not one that is taken, or not whole."""

    code = "file_refused"
    en = "Only whole PDF, PNG and JPEG files are taken: {why}."
    zh = "只接受完整的 PDF、PNG 或 JPEG 文件：{why}。"


class ImageTooLarge(Invalid):
    """The image has more pixels than are taken, however small its file is."""

    code = "image_too_large"
    en = "The image has {width} × {height} pixels; at most {most} are taken."
    zh = "图片为 {width} × {height} 像素，超过上限 {most}。"


@dataclass(frozen=True)
class _Size:
    width: int
    height: int


_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_PDF = re.compile(rb"%PDF-(1\.[0-7]|2\.0)[\r\n \t]")
# ISO 32000-1 §7.5.5: a file ends with startxref, an offset, and %%EOF.
_PDF_END = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF\s*\Z")
_PDF_TABLE = re.compile(rb"\s*(xref\b|[0-9]+\s+[0-9]+\s+obj\b)")
_TAIL_BYTES = 1024
# PNG, third edition, §11.2.1: colour type → bit depths.
_PNG_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_PNG_CHUNK_NAME = re.compile(rb"[A-Za-z]{4}")
# ITU-T T.81 table B.1: start-of-frame markers; C4, C8 and CC among them mean other things.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_STANDALONE = frozenset(range(0xD0, 0xD8)) | {0x01}
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
# Far beyond what cameras and scanners write in 10 MB; millions of empty ones would keep a worker
# busy for seconds.
_MOST_PARTS = 20_000
_JPEG_FILL = re.compile(rb"\xff+")
# The last FF before a code is enough: over a run of them a repetition would begin again at each.
_JPEG_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


def recognise(file: BinaryIO, size: int, *, most_pixels: int) -> Kind:
    """Give what the file is. Raises FileRefused or ImageTooLarge."""
    file.seek(0)
    head = file.read(16)
    if head.startswith(_PNG):
        _check_pixels(_png(file, size), most_pixels)
        return Kind.PNG
    if head.startswith(_JPEG):
        file.seek(0)
        _check_pixels(_jpeg(file.read()), most_pixels)
        return Kind.JPEG
    if _PDF.match(head):
        _check_pdf(file, size)
        return Kind.PDF
    raise FileRefused(why="its content is of no such kind", why_zh="文件内容不属于以上类型")


def _check_pixels(image: _Size, most: int) -> None:
    if image.width * image.height > most:
        raise ImageTooLarge(width=image.width, height=image.height, most=most)


def _png(file: BinaryIO, size: int) -> _Size:
    """Walk a PNG's chunks, each against its checksum, and give its dimensions."""
    file.seek(len(_PNG))
    image: _Size | None = None
    has_data = False
    left = iter(range(_MOST_PARTS))
    while True:
        _take_part(left)
        length, name = _unpacked(">I4s", file.read(8))
        if length > size or not _PNG_CHUNK_NAME.fullmatch(name):
            raise FileRefused(
                why="a PNG chunk is longer than the file", why_zh="PNG 数据块超出文件"
            )
        data = file.read(length)
        (checksum,) = _unpacked(">I", file.read(4))
        if len(data) != length or zlib.crc32(name + data) != checksum:
            raise FileRefused(why="a PNG chunk is damaged", why_zh="PNG 数据块已损坏")
        if (name == b"IHDR") != (image is None):
            raise FileRefused(why="a PNG begins with one IHDR", why_zh="PNG 须以一个 IHDR 开头")
        if name == b"IHDR":
            image = _png_header(data)
        has_data |= name == b"IDAT" and bool(data)
        if name == b"IEND":
            break
    if not has_data or image is None:
        raise FileRefused(why="the PNG holds no image", why_zh="PNG 中没有图像")
    if file.tell() != size:
        raise FileRefused(why="there are data behind its end", why_zh="文件结尾之后还有数据")
    return image


def _png_header(data: bytes) -> _Size:
    width, height, depth, colour, packing, filters, lacing = _unpacked(">IIBBBBB", data)
    if (
        not 0 < width < 2**31
        or not 0 < height < 2**31
        or depth not in _PNG_DEPTHS.get(colour, ())
        or (packing, filters) != (0, 0)
        or lacing > 1
    ):
        raise FileRefused(why="the PNG's header says what cannot be", why_zh="PNG 文件头有误")
    return _Size(width, height)


def _jpeg(data: bytes) -> _Size:
    """Walk a JPEG's segments and scans up to its end, and give its largest dimensions.

    Cameras append further whole JPEGs (CIPA DC-007, multi-picture); anything else is refused.
    """
    left = iter(range(_MOST_PARTS))
    largest, at = _jpeg_image(data, 0, left)
    while at < len(data):
        if not data.startswith(_JPEG, at):
            raise FileRefused(why="there are data behind its end", why_zh="文件结尾之后还有数据")
        image, at = _jpeg_image(data, at, left)
        largest = max(largest, image, key=lambda each: each.width * each.height)
    return largest


def _jpeg_image(data: bytes, at: int, left: Iterator[int]) -> tuple[_Size, int]:
    """Give the dimensions of the image that begins at `at`, and where it ends.

    Its parts are taken from those that are `left` to the file.
    """
    at += 2
    image: _Size | None = None
    has_scan = False
    while True:
        _take_part(left)
        marker, at = _jpeg_marker(data, at)
        if marker == _EOI:
            break
        if marker in _JPEG_STANDALONE:
            continue
        if marker == _SOI:
            raise FileRefused(why="a JPEG begins within another", why_zh="JPEG 内又套有 JPEG")
        segment, at = _jpeg_segment(data, at)
        if marker in _JPEG_FRAMES:
            if image is not None:
                raise FileRefused(why="a JPEG has one frame", why_zh="JPEG 只能有一帧")
            image = _jpeg_frame(segment)
        if marker == _SOS:
            has_scan = True
            at = _jpeg_scan_end(data, at)
    if image is None or not has_scan:
        raise FileRefused(why="the JPEG holds no image", why_zh="JPEG 中没有图像")
    return image, at


def _take_part(left: Iterator[int]) -> None:
    if next(left, None) is None:
        raise FileRefused(
            why=f"it has more than {_MOST_PARTS:,} parts",
            why_zh=f"内部数据块超过 {_MOST_PARTS:,} 个",
        )


def _jpeg_marker(data: bytes, at: int) -> tuple[int, int]:
    # T.81 §B.1.1.2: any number of FF may stand before a marker's code.
    fill = _JPEG_FILL.match(data, at)
    if fill is None or fill.end() >= len(data) or data[fill.end()] == 0:
        raise FileRefused(
            why="the JPEG's segments do not follow each other", why_zh="JPEG 数据段不连续"
        )
    return data[fill.end()], fill.end() + 1


def _jpeg_segment(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = _unpacked(">H", data[at : at + 2])
    segment = data[at + 2 : at + length]
    if length < 2 or len(segment) != length - 2:
        raise FileRefused(
            why="a JPEG segment is longer than the file", why_zh="JPEG 数据段超出文件"
        )
    return segment, at + length


def _jpeg_scan_end(data: bytes, at: int) -> int:
    found = _JPEG_SCAN_END.search(data, at)
    if found is None:
        raise FileRefused(why="the JPEG ends before its end", why_zh="JPEG 不完整，提前结束")
    return found.start()


def _jpeg_frame(segment: bytes) -> _Size:
    depth, height, width, components = _unpacked(">BHHB", segment[:6])
    if depth not in (8, 12) or not width or not height or not 1 <= components <= 4:
        raise FileRefused(why="the JPEG's header says what cannot be", why_zh="JPEG 文件头有误")
    return _Size(width, height)


def _check_pdf(file: BinaryIO, size: int) -> None:
    """Check a PDF's end, and that it points to a table of its objects."""
    file.seek(max(0, size - _TAIL_BYTES))
    end = _PDF_END.search(file.read())
    if end is None:
        raise FileRefused(
            why="the PDF is cut off, or there are data behind its end",
            why_zh="PDF 不完整，或结尾之后还有数据",
        )
    table = int(end[1])
    if table >= size:
        raise FileRefused(why="the PDF's table lies outside of it", why_zh="PDF 对象表超出文件")
    file.seek(table)
    if not _PDF_TABLE.match(file.read(64)):
        raise FileRefused(
            why="the PDF's table is not where it says", why_zh="PDF 对象表不在所示位置"
        )


def _unpacked(form: str, data: bytes) -> tuple[Any, ...]:
    try:
        return struct.unpack(form, data)
    except struct.error:
        raise FileRefused(why="it ends before its end", why_zh="文件不完整，提前结束") from None
