"""Copies of customers and products against their originals."""

from collections.abc import Iterator

from deploy.audit.difference import Difference, Kind, Row


def compare(
    original: Row | None, copy: Row | None, *, where: str, noun: str
) -> Iterator[Difference]:
    """Compare an original with its copy in the service `where`; either may be missing.

    An original that was never announced has no copy.
    """
    if original is None:
        if copy is not None:
            yield Difference(Kind.COPY, where, f"{noun} {copy['code']}", "no copy", "a copy")
        return
    subject = f"{noun} {original['code']}"
    if copy is None:
        if original["sequence"]:
            yield Difference(Kind.COPY, where, subject, f"view {original['sequence']}", "no copy")
        return
    for field in original:
        if original[field] != copy.get(field):
            yield Difference(
                Kind.COPY, where, f"{subject}, {field}", str(original[field]), str(copy.get(field))
            )
