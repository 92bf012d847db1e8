"""Amounts of money: decimals as text, summed exactly in millionths, never across currencies."""

from decimal import Decimal, InvalidOperation

MICROS = 1_000_000
_MOST = 2**62


def micros(text: str) -> int:
    """A decimal as millionths. ValueError where it is none, has more than six decimals, or is too large to sum."""
    try:
        amount = Decimal(text.strip()) * MICROS
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount: give a decimal such as 12.50") from None
    if not amount.is_finite() or abs(amount) >= _MOST:
        raise ValueError(f"{text!r} is not an amount that can be summed")
    if amount != amount.to_integral_value():
        raise ValueError(f"{text!r} has more than six decimals")
    return int(amount)


def decimal(micros: int) -> str:
    """Millionths as the shortest decimal, with two decimals at least: `12.50`, `0.005`."""
    sign, whole = ("-" if micros < 0 else ""), abs(micros)
    digits = f"{whole % MICROS:06}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole // MICROS}.{digits}"
