"""`sin cos atan2 hypot clamp` with the same bits everywhere, since they use exactly defined operations only.

IEEE 754 defines `+ - * /` and `sqrt` to the last bit. The math libraries of Python and JavaScript agree on these, but
not on sines. So each function here is a shared step, translated like an author's.

The algorithm reduces the argument to near 0, keeps the part that does not fit a double beside it, and sums the Taylor
series. Errors are stated against the true value in ulp, the distance between neighbouring doubles. The sign of a zero
is ignored: `atan2(-0.0, -1.0)` is pi, not -pi.
"""

from __future__ import annotations

import math
from math import floor, sqrt
from typing import TypeVar

from gameserver.shared_step.declare import shared

Number = TypeVar("Number", int, float)

PI = math.pi
HALF_PI = math.pi / 2
QUARTER_PI = math.pi / 4
TAU = math.tau

# pi / 2 as a sum. The first two parts have 33 bits, so that each times a quadrant number below 2**20 is exact.
HALF_PI_HIGH = float.fromhex("0x1.921fb544p+0")
HALF_PI_MIDDLE = float.fromhex("0x1.0b4611a6p-34")
HALF_PI_LOW = float.fromhex("0x1.3198a2e037073p-69")
QUADRANTS_PER_RADIAN = 2 / math.pi
# For arguments up to this a quadrant number is below 2**20.
MAX_REDUCED = 1_000_000.0

# The difference between pi, pi / 2, pi / 4 and their doubles.
PI_REST = 1.2246467991473532e-16
HALF_PI_REST = PI_REST / 2
QUARTER_PI_REST = PI_REST / 4

# atan(1/4), atan(1/2), atan(3/4), and the differences between them and their doubles.
ATAN_1_4, ATAN_1_4_REST = 0.24497866312686414, 1.0698755618734451e-17
ATAN_1_2, ATAN_1_2_REST = 0.4636476090008061, 2.2698777452961687e-17
ATAN_3_4, ATAN_3_4_REST = 0.6435011087932844, 1.5834785051444286e-17

# Outside of these limits squares overflow, or lose bits. Scaling by a power of 2 is exact.
LARGEST_SQUARES = 2.0**1021
SMALLEST_SQUARES = 2.0**-900
SCALE = 2.0**600


@shared
def _sin_near_zero(x: float, rest: float) -> float:
    """Return the sine of x + rest, for |x| <= pi / 4."""
    z = x * x
    tail = 1 / 6227020800 + z * (-1 / 1307674368000 + z / 355687428096000)
    series = -1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z * (1 / 362880 + z * (-1 / 39916800 + z * tail))))
    return x + (x * z * series + rest * (1.0 - 0.5 * z))


@shared
def _cos_near_zero(x: float, rest: float) -> float:
    """Return the cosine of x + rest, for |x| <= pi / 4."""
    z = x * x
    tail = 1 / 479001600 + z * (-1 / 87178291200 + z / 20922789888000)
    series = 1 / 24 + z * (-1 / 720 + z * (1 / 40320 + z * (-1 / 3628800 + z * tail)))
    half = 0.5 * z
    most = 1.0 - half
    return most + (((1.0 - most) - half) + (z * z * series - x * rest))


@shared
def _reduce(x: float) -> tuple[float, float, float]:
    """Return x as (quadrant 0 to 3, remainder within +- pi / 4, the part that the remainder's double leaves out)."""
    if not -MAX_REDUCED <= x <= MAX_REDUCED:
        x = x % TAU
    k = floor(x * QUADRANTS_PER_RADIAN + 0.5)
    rough = x - k * HALF_PI_HIGH
    finer = k * HALF_PI_MIDDLE
    near = rough - finer
    correction = (rough - near) - finer - k * HALF_PI_LOW
    remainder = near + correction
    return k % 4, remainder, (near - remainder) + correction


@shared
def sin(x: float) -> float:
    """Return the sine of an angle.

    Args:
        x: In radians.

    Returns:
        Within 1 ulp for |x| <= 1,000,000. Beyond that, the sine of a number within 1 ulp of x.

    Raises:
        ValueError: x is NaN or infinite (RangeError in JavaScript).
    """
    if -QUARTER_PI <= x <= QUARTER_PI:
        return _sin_near_zero(x, 0.0)
    quadrant, remainder, rest = _reduce(x)
    if quadrant == 0:
        return _sin_near_zero(remainder, rest)
    if quadrant == 1:
        return _cos_near_zero(remainder, rest)
    if quadrant == 2:
        return -_sin_near_zero(remainder, rest)
    return -_cos_near_zero(remainder, rest)


@shared
def cos(x: float) -> float:
    """Return the cosine of an angle.

    Args:
        x: In radians.

    Returns:
        Within 1 ulp for |x| <= 1,000,000. Beyond that, the cosine of a number within 1 ulp of x.

    Raises:
        ValueError: x is NaN or infinite (RangeError in JavaScript).
    """
    if -QUARTER_PI <= x <= QUARTER_PI:
        return _cos_near_zero(x, 0.0)
    quadrant, remainder, rest = _reduce(x)
    if quadrant == 0:
        return _cos_near_zero(remainder, rest)
    if quadrant == 1:
        return -_sin_near_zero(remainder, rest)
    if quadrant == 2:
        return -_cos_near_zero(remainder, rest)
    return _sin_near_zero(remainder, rest)


@shared
def _atan_of_ratio(t: float) -> float:
    """Return the arc tangent of 0 <= t <= 1: atan(c) + atan((t - c) / (1 + t * c)), c the nearest quarter."""
    nearest = 0.0
    rest = 0.0
    u = t
    if t >= 0.875:
        nearest, rest, u = QUARTER_PI, QUARTER_PI_REST, (t - 1.0) / (1.0 + t)
    elif t >= 0.625:
        nearest, rest, u = ATAN_3_4, ATAN_3_4_REST, (t - 0.75) / (1.0 + 0.75 * t)
    elif t >= 0.375:
        nearest, rest, u = ATAN_1_2, ATAN_1_2_REST, (t - 0.5) / (1.0 + 0.5 * t)
    elif t >= 0.125:
        nearest, rest, u = ATAN_1_4, ATAN_1_4_REST, (t - 0.25) / (1.0 + 0.25 * t)
    z = u * u
    tail = 1 / 13 + z * (-1 / 15 + z / 17)
    series = -1 / 3 + z * (1 / 5 + z * (-1 / 7 + z * (1 / 9 + z * (-1 / 11 + z * tail))))
    return nearest + (u + (u * z * series + rest))


@shared
def atan2(y: float, x: float) -> float:
    """Return the angle of the point (x, y), seen from the origin.

    Args:
        y: The point's second coordinate.
        x: The point's first coordinate, in the same unit.

    Returns:
        Radians from -pi to pi, within 2.5 ulp, also for infinities. 0 for the origin, NaN for NaN.
    """
    high = abs(y)
    wide = abs(x)
    angle = 0.0
    if high == wide:
        if high != 0:
            angle = QUARTER_PI
    elif high < wide:
        angle = _atan_of_ratio(high / wide)
    else:
        angle = HALF_PI - (_atan_of_ratio(wide / high) - HALF_PI_REST)
    if x < 0:
        angle = PI - (angle - PI_REST)
    return -angle if y < 0 else angle


@shared
def _hypot_scaled(x: float, y: float) -> float:
    """`hypot` where the squares themselves are too large or too small.

    A function of its own, so that `hypot` is short: engines inline short functions, and numbers that are handed to a
    function which is not inlined are objects that have to be collected.
    """
    scale = SCALE if max(abs(x), abs(y)) < 1.0 else 1.0 / SCALE
    x *= scale
    y *= scale
    return sqrt(x * x + y * y) / scale


@shared
def hypot(x: float, y: float) -> float:
    """Return the length of the vector (x, y), `sqrt(x * x + y * y)`.

    Args:
        x: The first coordinate.
        y: The second coordinate, in the same unit.

    Returns:
        In that unit, within 2 ulp, also where the squares overflow.
    """
    squares = x * x + y * y
    if SMALLEST_SQUARES <= squares <= LARGEST_SQUARES:
        return sqrt(squares)
    return _hypot_scaled(x, y)


@shared
def clamp(value: Number, low: Number, high: Number) -> Number:
    """Return the number from `low` to `high` that is nearest to `value`.

    Args:
        value: Any number.
        low: The lowest result.
        high: The highest result, at least `low`.

    Returns:
        `value`, `low` or `high`.
    """
    if value < low:
        return low
    if value > high:
        return high
    return value
