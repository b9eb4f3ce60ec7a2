"""Grams of names, for searches that an index answers (ARCHITECTURE §5).

Chinese names are searched by one or two characters, where trigram indexes do not help; so a
name is stored as the array of its single characters and pairs under a GIN index, and a
search asks for the rows whose array holds all pairs of what was typed. Of letters and digits
there are too few for pairs to tell much: one phone in ten holds any two digits. Where four or
more of them stand together (phones, codes, Latin names) every four in a row are stored too,
and asked for instead of the pairs.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MOST_CHARACTERS = 60
_FEW = re.compile(r"[0-9a-z]{4,}")
#: A phone as people type it, and what of it may be left out.
_PHONE = re.compile(r"\+?[\d\s()-]{7,}", re.ASCII)
_HOME = re.compile(r"^(\+|00)86", re.ASCII)
HOME = "86"


def folded(text: str) -> str:
    """Give `text` as it is compared: full-width forms narrowed, case and marks left out."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def grams(*texts: str | None) -> list[str]:
    """Give the sorted single characters, pairs and fours of all `texts`, to be stored."""
    return list(_grams(texts))


# The same customers order again and again.
@lru_cache(maxsize=1_000)
def _grams(texts: tuple[str | None, ...]) -> list[str]:
    found: set[str] = set()
    for text in texts:
        plain = folded(text or "")
        found.update(plain)
        found.update(_pieces(plain, 2))
        for run in _FEW.findall(plain):
            found.update(_pieces(run, 4))
    return sorted(found)


def wanted(text: str) -> list[str]:
    """Give the grams that a row must hold to be found by `text`; none for no letters at all.

    They do not prove that a longer text stands there in one piece: a caller that needs
    exactness compares the few rows found.
    """
    plain = folded(text)[:MOST_CHARACTERS]
    if len(plain) < 2:
        return list(plain)
    found: set[str] = set()
    done = 0
    for run in _FEW.finditer(plain):
        # With the character on either side of a run, whose pairs tell where it stands.
        found.update(_pieces(plain[done : run.start() + 1], 2))
        found.update(_pieces(run[0], 4))
        done = run.end() - 1
    found.update(_pieces(plain[done:], 2))
    return sorted(found)


def words(text: str) -> list[str]:
    """Give the words of a search, folded, each to be found by itself; none for no letters at all.

    A phone is one word, whatever stands between its digits, without our country's code.
    """
    narrow = unicodedata.normalize("NFKC", text).strip()
    said = [_HOME.sub("", narrow)] if _PHONE.fullmatch(narrow) else narrow.split()
    return [word for each in said if (word := folded(each))]


def is_gram(text: str) -> bool:
    """Tell whether `text` is stored as it is: where all it wants is there, it stands there."""
    plain = folded(text)
    return 0 < len(plain) <= 2 or (len(plain) == 4 and _FEW.fullmatch(plain) is not None)


def _pieces(text: str, length: int) -> Iterator[str]:
    return (text[start : start + length] for start in range(len(text) - length + 1))
