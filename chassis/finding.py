"""How PostgreSQL compares what is searched for with the few rows that grams have found."""

from typing import Any

from sqlalchemy import func, literal_column


def stands_in(word: str, *texts: Any) -> Any:
    """Find a folded word (`chassis.grams.words`) in one of these texts."""
    return func.strpos(as_folded(func.concat_ws("\n", *texts)), word) > 0


def as_folded(text: Any) -> Any:
    """Give a text as `chassis.grams.folded` does, but for the ends of lines."""
    narrow = func.lower(func.normalize(text, literal_column("NFKC")))
    return func.regexp_replace(narrow, "[[:punct:][:blank:]]", "", "g")
