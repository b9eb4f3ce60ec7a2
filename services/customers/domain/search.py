"""How customers are found: by pieces of names, codes and phones that an index can hold."""

import re
import unicodedata
from collections.abc import Iterable

from chassis.grams import folded

PHONE_TAIL = 4
_NOT_DIGITS = re.compile(r"[^0-9]")


def phone_tail(phone: str) -> str:
    """Give the last four digits (尾号), which may be shown to everybody."""
    return _NOT_DIGITS.sub("", unicodedata.normalize("NFKC", phone))[-PHONE_TAIL:]


def search_text(parts: Iterable[str | None]) -> str:
    """Give all that a customer can be found by, folded, a part a line.

    Of a phone its digits remain, whatever stands between them.
    """
    return "\n".join(sorted({folded(part or "") for part in parts} - {""}))
