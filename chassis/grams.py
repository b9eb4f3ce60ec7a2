"""Grams of names, for searches that an index answers (ARCHITECTURE §5).

Chinese names are searched by one or two characters, where trigram indexes do not help; so a
name is stored as the array of its single characters and pairs under a GIN index, and a
search asks for the rows whose array holds all pairs of what was typed.
"""

import unicodedata

MOST_CHARACTERS = 60


def folded(text: str) -> str:
    """Give `text` as it is compared: full-width forms narrowed, case and marks left out."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def grams(*texts: str | None) -> list[str]:
    """Give the sorted single characters and pairs of all `texts`, to be stored."""
    found: set[str] = set()
    for text in texts:
        plain = folded(text or "")
        found.update(plain)
        found.update(plain[i : i + 2] for i in range(len(plain) - 1))
    return sorted(found)


def wanted(text: str) -> list[str]:
    """Give the grams that a row must hold to be found by `text`; none for no letters at all.

    Pairs alone do not prove that a longer text stands there in one piece: a caller that
    needs exactness compares the few rows found.
    """
    plain = folded(text)[:MOST_CHARACTERS]
    if len(plain) < 2:
        return list(plain)
    return sorted({plain[i : i + 2] for i in range(len(plain) - 1)})
