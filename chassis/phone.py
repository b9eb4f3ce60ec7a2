"""Phone numbers: kept as entered, and normalised where a numbering plan knows them."""

import phonenumbers

HOME_REGION = "CN"
FEWEST_DIGITS = 7


def normalised(phone: str) -> str | None:
    """Give a number in E.164 form, or None for one that no numbering plan knows.

    Real books hold extensions, two numbers in one field and foreign numbers without their
    country code; these are kept as they are, never refused.
    """
    try:
        number = phonenumbers.parse(phone, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_dialable(phone: str) -> bool:
    """Whether a text holds as many digits as the shortest numbers have, whatever stands beside.

    No plan is asked: carriers' forms hold local numbers, too.
    """
    return sum(character.isdecimal() for character in phone) >= FEWEST_DIGITS
