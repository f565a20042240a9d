"""Sine, cosine, arc tangent and length to 50 digits, to measure doubles against: slow, simple, by no math library."""

import math
from decimal import Decimal, localcontext

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803")
DIGITS = 60
SMALL = Decimal(10) ** -55


def sine(x: float) -> Decimal:
    return _sine(Decimal(x))


def cosine(x: float) -> Decimal:
    with localcontext(prec=DIGITS + 20):
        return _sine(Decimal(x) + PI / 2)


def _sine(x: Decimal) -> Decimal:
    with localcontext(prec=DIGITS + 20):
        x = x - (x / (2 * PI)).to_integral_value() * 2 * PI
        term, total, n = x, Decimal(0), 1
        while abs(term) > SMALL * SMALL:
            total += term
            term = -term * x * x / ((n + 1) * (n + 2))
            n += 2
        return total


def angle(y: float, x: float) -> Decimal:
    """atan2 of numbers that are not both 0."""
    with localcontext(prec=DIGITS):
        high, wide = abs(Decimal(y)), abs(Decimal(x))
        found = _arc_tangent(high / wide) if high <= wide else PI / 2 - _arc_tangent(wide / high)
        found = PI - found if x < 0 else found
        return -found if y < 0 else found


def _arc_tangent(t: Decimal) -> Decimal:
    """Halves the angle until the series is short: atan(t) = 2 atan(t / (1 + sqrt(1 + t²)))."""
    halvings = 0
    while abs(t) > Decimal("0.01"):
        t /= 1 + (1 + t * t).sqrt()
        halvings += 1
    power, total, n = t, Decimal(0), 1
    while abs(power) > SMALL * abs(t):
        total += power / n
        power *= -t * t
        n += 2
    return total * (1 << halvings)


def length(x: float, y: float) -> Decimal:
    with localcontext(prec=DIGITS):
        return (Decimal(x) ** 2 + Decimal(y) ** 2).sqrt()


def error_ulp(found: float, true: Decimal) -> float:
    """How far `found` is from the truth, in distances of doubles there."""
    with localcontext(prec=DIGITS):
        return float(abs(Decimal(found) - true) / Decimal(math.ulp(float(true))))
