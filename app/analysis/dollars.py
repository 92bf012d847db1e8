"""Money at the doors is dollars with cents; inside it is whole microdollars, since a post may cost half a cent."""

import re

MICRO = "microdollar"
_DOLLARS = re.compile(r"\$?(\d{1,9})(?:\.(\d{1,2}))?\Z", re.ASCII)
CENT = 10_000


def units(text: str, unit: str) -> int:
    """What the owner of a source wrote as a limit, in units. ValueError says what would be right."""
    if unit == MICRO:
        match = _DOLLARS.match(text.strip())
        if match is None:
            raise ValueError("must be dollars with at most two decimals, as 25.00")
        return (int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))) * CENT
    if not re.fullmatch(r"\d{1,12}", text.strip(), re.ASCII):
        raise ValueError("must be a whole number, 0 or more")
    return int(text)


def told(micro: int) -> str:
    """Cents that were begun count whole."""
    cents = -(-micro // CENT)
    return f"{cents // 100}.{cents % 100:02d}"


def shown(count: int, unit: str) -> str:
    return f"${told(count)}" if unit == MICRO else f"{count:,}"
