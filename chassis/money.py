"""Amounts in the installation's one currency: Decimal yuan with two places (分).

Rounding happens here and nowhere else: half-up, per line (SPEC §1).
"""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")
ZERO = Decimal("0.00")

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")


def fen(amount: Decimal) -> Decimal:
    """Round `amount` half-up (away from zero at the half) to whole 分."""
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


def line_amount(quantity: Decimal, unit_price: Decimal, discount: Decimal = ZERO) -> Decimal:
    """Give what a line costs: quantity × unit price, rounded to 分, less its discount in yuan."""
    return fen(quantity * unit_price) - discount


def percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    """Give `percent` (30 means 30 %) of `amount`, rounded to 分."""
    return fen(amount * percent / 100)


def share_largest_remainder(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split `total` by `weights` into whole 分 that sum to `total` exactly.

    Each share is rounded down, then the 分 left over go to the largest remainders, the
    earlier one first where two are equal (Hamilton's method). Weights that are all zero
    share equally. Raises ValueError for no weights or a negative one.
    """
    if not weights or any(weight < 0 for weight in weights):
        raise ValueError("shares need at least one weight, none negative")
    sign = -1 if total < 0 else 1
    units = int(abs(fen(total)) * 100)
    base = list(weights) if sum(weights) else [Decimal(1)] * len(weights)
    whole = sum(base, Decimal(0))
    exact = [units * weight / whole for weight in base]
    shares = [int(share.to_integral_value(rounding=ROUND_DOWN)) for share in exact]
    order = sorted(range(len(base)), key=lambda i: (shares[i] - exact[i], i))
    for i in order[: units - sum(shares)]:
        shares[i] += 1
    return [sign * Decimal(share) / 100 for share in shares]


def capitals(amount: Decimal) -> str:
    """Write `amount` in capitals as on Chinese receipts (人民币大写), e.g. 壹仟零伍元叁角.

    Follows the rules for filling in bills of the Payment and Settlement Measures (PBOC 1997
    No. 393, annex 1): 整 after 元; one 零 for a run of zeros. Where the rules leave a choice
    (整 after 角, 零 between a round ten of 元 and 角) the shorter form is taken.
    Raises ValueError from 10^12 yuan on.
    """
    cents = int(abs(fen(amount)) * 100)
    yuan, jiao, fens = cents // 100, cents // 10 % 10, cents % 10
    if yuan >= 10**12:
        raise ValueError("amount too large to write in capitals")
    text = "负" if amount < 0 and cents else ""
    if yuan:
        text += _whole_in_capitals(yuan) + "元"
    if not jiao and not fens:
        return (text or "零元") + "整"
    if jiao:
        text += _DIGITS[jiao] + "角"
    elif yuan:
        text += "零"
    return text + (_DIGITS[fens] + "分" if fens else "")


def _whole_in_capitals(number: int) -> str:
    text, pending_zero = "", False
    for group in range(len(_GROUPS) - 1, -1, -1):
        part = number // 10 ** (4 * group) % 10_000
        if not part:
            pending_zero = bool(text)
            continue
        if text and (pending_zero or part < 1000):
            text += "零"
        text += _four_digits(part) + _GROUPS[group]
        pending_zero = False
    return text


def _four_digits(part: int) -> str:
    text, zero = "", False
    for place in range(3, -1, -1):
        digit = part // 10**place % 10
        if digit:
            text += ("零" if zero and text else "") + _DIGITS[digit] + _PLACES[place]
            zero = False
        else:
            zero = True
    return text
