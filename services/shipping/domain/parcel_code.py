"""The codes on parcel labels: shipment number, parcel and a check digit."""

import re

_CODE = re.compile(r"S\d{12,18}\d{3}\d")
MOST_PARCELS = 999


def check_digit(digits: str) -> str:
    """Give the GS1 modulo-10 digit (weights 3, 1, 3 … from the right; GS1 General Specs 7.9)."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


def parcel_code(shipment_number: str, position: int) -> str:
    """Give the code of the `position`th parcel (from 1), e.g. S2611220000170019."""
    digits = shipment_number.removeprefix("S").replace("-", "") + f"{position:03}"
    return f"S{digits}{check_digit(digits)}"


def is_well_formed(code: str) -> bool:
    """Tell whether `code` can be one of ours, i.e. was not misread."""
    return bool(_CODE.fullmatch(code)) and check_digit(code[1:-1]) == code[-1]
