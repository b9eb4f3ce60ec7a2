"""What a file is, told by its content; and what is refused."""

import io
import re
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.file_kinds import FileRefused, ImageTooLarge, Kind, recognise
from gateway.files import safe_name
from tests.unit.gateway.file_examples import PNG_MAGIC, chunk, jpeg, pdf, png, segment

MOST_PIXELS = 1_000_000
ZIP = b"PK\x03\x04" + bytes(30) + b"PK\x05\x06" + bytes(18)
ONE_PIXEL = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
PAGE = b"<script>alert(1)</script>"


def kind_of(data: bytes) -> Kind:
    return recognise(io.BytesIO(data), len(data), most_pixels=MOST_PIXELS)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (png(), Kind.PNG),
        (png(1000, 1000, depth=16, colour=6), Kind.PNG),
        (jpeg(), Kind.JPEG),
        (jpeg(1000, 1000), Kind.JPEG),
        # Any number of FF may stand before a marker, and such a run before no marker at all: to
        # look at each of them again from each of them would take a worker for hours.
        (jpeg(scan=b"\x12\xff\xff\xff"), Kind.JPEG),
        (jpeg(scan=b"\xff" * 1_000_000 + b"\x00"), Kind.JPEG),
        # A camera's preview behind the picture (CIPA DC-007).
        (jpeg(100, 100) + jpeg(10, 10), Kind.JPEG),
        (pdf(), Kind.PDF),
        (pdf() + b"\r\n \n", Kind.PDF),
    ],
)
def test_a_whole_file_is_known_by_its_content(data: bytes, kind: Kind) -> None:
    assert kind_of(data) is kind


@pytest.mark.parametrize("data", [png(1001, 1000), jpeg(1001, 1000), jpeg() + jpeg(65535, 65535)])
def test_an_image_of_too_many_pixels_is_refused_by_its_header(data: bytes) -> None:
    assert len(data) < 1000
    with pytest.raises(ImageTooLarge):
        kind_of(data)


def assert_told_in_chinese(refused: FileRefused) -> None:
    why = refused.message_zh.partition("：")[2]
    assert re.search("[\u4e00-\u9fff]", why), why


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MZ\x90\x00",
        b"GIF89a" + bytes(20),
        PAGE,
        ZIP,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        PNG_MAGIC,
        b"\xff\xd8\xff",
        b"%PDF-1.4\n",
        # Two kinds at once: a second file behind the end of the first, or before it.
        png() + ZIP,
        png() + PAGE,
        jpeg() + ZIP,
        jpeg() + PAGE,
        pdf() + ZIP,
        pdf() + PAGE,
        PAGE + pdf(),
        b"\n" + png(),
    ],
)  # fmt: skip
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(FileRefused) as refused:
        kind_of(data)
    assert_told_in_chinese(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        png(0, 1),
        png(1, 2**31),
        png(depth=3),
        png(colour=5),
        PNG_MAGIC + chunk(b"IEND", b""),
        PNG_MAGIC + chunk(b"IHDR", ONE_PIXEL) + chunk(b"IEND", b""),
        png().replace(b"IDAT", b"IDAX"),
        # A chunk that claims four gigabytes.
        PNG_MAGIC + struct.pack(">I4s", 0xFFFFFFFF, b"IHDR") + bytes(17),
        jpeg(0, 1),
        jpeg(1, 0),
        b"\xff\xd8" + segment(0xE0, b"JFIF\x00") + b"\xff\xd9",
        jpeg().replace(b"\xff\xd9", b""),
        # Millions of empty parts would keep a worker busy for seconds.
        b"\xff\xd8" + segment(0xFE, b"") * 20_001 + jpeg()[2:],
        png().replace(chunk(b"IEND", b""), chunk(b"tEXt", b"") * 20_001 + chunk(b"IEND", b"")),
        b"\xff\xd8\xff\xe0\xff\xff" + bytes(20),
        pdf().replace(b"startxref\n", b"startxref\n9"),
        pdf(PAGE).replace(b"xref\n0 1", b"erfx\n0 1"),
    ],
)  # fmt: skip
def test_a_damaged_or_lying_file_is_refused(data: bytes) -> None:
    with pytest.raises(FileRefused) as refused:
        kind_of(data)
    assert_told_in_chinese(refused.value)


@given(st.sampled_from([png(), jpeg(), pdf()]), st.data())
def test_no_damage_leads_to_anything_but_a_kind_or_a_refusal(
    whole: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    with suppress(FileRefused, ImageTooLarge):
        assert kind_of(cut) in Kind


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("回传 3.PDF", "回传 3.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\windows\\system.ini", "system.ini.pdf"),
        ("/", "attachment.pdf"),
        ("..", "attachment.pdf"),
        ("", "attachment.pdf"),
        ("a\x00b\r\nSet-Cookie: x=1", "abSet-Cookie x=1.pdf"),
        ("a\ud800b\udfff", "ab.pdf"),
        ("evil\u202efdp.exe", "evilfdp.exe.pdf"),
        ('x"; filename="y.html', "x; filename=y.html.pdf"),
        ("x" * 500 + ".pdf", "x" * 80 + ".pdf"),
    ],
)  # fmt: skip
def test_a_name_is_made_safe_and_ends_as_what_the_file_is(given_name: str, kept: str) -> None:
    assert safe_name(given_name, Kind.PDF) == kept
