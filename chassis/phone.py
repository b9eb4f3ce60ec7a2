"""Phone numbers: kept as entered, and normalised where a numbering plan knows them."""

import phonenumbers

HOME_REGION = "CN"


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
    """Whether a number that some numbering plan knows stands in a text: alone or beside others.

    An extension may follow it in any form, also after one more dash, as is usual at home.
    """
    return any(
        next(iter(phonenumbers.PhoneNumberMatcher(text, HOME_REGION)), None) is not None
        for text in (phone, phone.rpartition("-")[0])
    )
