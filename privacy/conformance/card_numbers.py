"""Recognise the full number of a payment card in a text."""

import re

IN_SQL = r"[0-9]([ -]?[0-9]){12,18}"
CARD = re.compile(
    r"(?<![\w.\-])(?:\d{13,19}|\d{4}(?:([ -])\d{4})(?:\1\d{4}){2}(?:\1\d{1,3})?"
    r"|\d{4}([ -])\d{6}\2\d{5})(?![\w\-]|\.\d)"
)
ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|3(?:0[0-5]|[68]\d)\d{11}"  # Diners
    r"|62\d{14,17}"  # UnionPay
)


def holds_one(text: str) -> bool:
    """Return whether a text holds the full number of a payment card (ISO/IEC 7812)."""
    for found in CARD.finditer(text):
        digits = re.sub(r"[ -]", "", found[0])
        if ISSUERS.fullmatch(digits) and _luhn(digits):
            return True
    return False


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit)
        if place % 2:
            number = number * 2 - 9 * (number > 4)
        total += number
    return total % 10 == 0
