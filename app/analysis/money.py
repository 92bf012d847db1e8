"""Amounts of money: decimals as text, summed exactly in millionths, never across currencies."""

import re

MICROS = 1_000_000
AMOUNT = r"-?[0-9]{1,12}(\.[0-9]{1,6})?"
_AMOUNT = re.compile(AMOUNT)


def micros(text: str) -> int:
    """A decimal as millionths. ValueError where it is none, has more than six decimals, or is too large."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError(
            f"{text!r} is not an amount: give a decimal such as 12.50, of at most 12 digits and 6 decimals, "
            "negative for a refund"
        )
    whole, _, part = text.partition(".")
    size = int(whole.removeprefix("-")) * MICROS + int(part.ljust(6, "0"))
    return -size if text.startswith("-") else size


def decimal(micros: int) -> str:
    """Millionths as the shortest decimal, with two decimals at least: `12.50`, `0.005`."""
    sign, whole = ("-" if micros < 0 else ""), abs(micros)
    digits = f"{whole % MICROS:06}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole // MICROS}.{digits}"
