"""One shared function for each construct of the step language; test_language runs those that take (s, i, dt)."""

import enum
import math
from math import sqrt

from gameserver import shared_math
from gameserver.shared_math import atan2, clamp, cos, floor, hypot, sin, tau
from gameserver.shared_step import shared

LIMIT = 12.5
ROUNDS = 4
k_limit = 3
STRICT = True
FAR = math.inf
WALLS = ((-40.0, -10.0, 0.5), (-10.0, 5.0, -0.25), (5.0, 60.0, 2.0))
STEPS = (1, 2.5, -3)


class State:
    a: float
    b: float
    n: int
    m: int
    p: bool
    q: bool
    out: float
    more: float


class Inputs:
    turn: int
    fire: bool


class Tuning:
    GRIP = 0.75


class Mode(enum.IntEnum):
    DRIFT = 0
    BURN = 2


# --- arithmetic ---


@shared
def sums_and_products(s: State, i: Inputs, dt: float) -> None:
    s.out = s.a + s.b - s.a * s.b * dt
    s.more = s.a - (s.b - s.n) - s.a * (s.b * (s.m * 0.1))


@shared
def division(s: State, i: Inputs, dt: float) -> None:
    s.out = s.a / s.b
    s.more = s.n / s.m


@shared
def division_by_constants(s: State, i: Inputs, dt: float) -> None:
    s.out = s.a / 3 / LIMIT
    s.more = s.n / (s.b / 2)


@shared
def floor_division_of_floats(s: State, i: Inputs, dt: float) -> None:
    s.out = s.a // s.b
    s.more = s.a // 0.1


@shared
def floor_division_of_integers(s: State, i: Inputs, dt: float) -> None:
    s.out = s.n // s.m
    s.more = s.n // -3


@shared
def remainder_of_floats(s: State, i: Inputs, dt: float) -> None:
    s.out = s.a % s.b
    s.more = s.a % tau


@shared
def remainder_of_integers(s: State, i: Inputs, dt: float) -> None:
    s.out = s.n % s.m
    s.more = s.n % 7


@shared
def signs(s: State, i: Inputs, dt: float) -> None:
    s.out = -s.a - -s.b - (-(+s.a)) + +s.b
    s.more = -(s.a + s.b) * -2 - -s.p


@shared
def truths_as_numbers(s: State, i: Inputs, dt: float) -> None:
    s.out = s.p + s.q * 2 - (s.a < s.b)
    s.more = i.fire * s.a + True


@shared
def constant_powers(s: State, i: Inputs, dt: float) -> None:
    s.out = s.a * 2**10
    s.more = s.a / (-3) ** 3


@shared
def very_large_and_small(s: State, i: Inputs, dt: float) -> None:
    s.out = s.a * 1e300 * 1e10 * s.b
    s.more = s.a * 1e-300 * 1e-20


@shared
def no_number(s: State, i: Inputs, dt: float) -> None:
    huge = s.a * 1e308 * 1e308
    s.out = huge - huge
    s.more = 1.0 if s.out else 0.0
    s.p = s.out == s.out
    s.q = not s.out


# --- comparisons and truth ---


@shared
def comparisons(s: State, i: Inputs, dt: float) -> None:
    s.p = s.a < s.b or s.a >= s.n
    s.q = (s.n == s.m) != (s.n > s.m)
    s.out = (s.m <= 0) + (s.m != i.turn)


@shared
def chained_comparisons(s: State, i: Inputs, dt: float) -> None:
    s.p = -10 < s.a < s.n < 15
    s.q = not (s.m <= i.turn <= s.n)
    s.out = s.m == i.turn == s.n % 3 - 1


@shared
def true_equals_one(s: State, i: Inputs, dt: float) -> None:
    s.out = (s.p == 1) + (s.q != s.m) * 2 + (i.fire == True) * 4 + ((s.a < 0) == s.p) * 8  # noqa: E712
    s.more = s.p == s.q


@shared
def numbers_as_conditions(s: State, i: Inputs, dt: float) -> None:
    if s.m:
        s.out = 1.0
    elif not s.n:
        s.out = 2.0
    else:
        s.out = 3.0 if s.n - 4 else 4.0
    count = s.n * 1
    s.more = 1.0 if not count else 0.0
    s.out += not s.m and s.n


@shared
def logic_in_conditions(s: State, i: Inputs, dt: float) -> None:
    if (s.p and not s.q) or (s.m and s.a > 0 and i.fire):
        s.out = 1.0
    if not (s.p or s.n) and (s.q or s.b > 1):
        s.more = 1.0


@shared
def and_as_a_value(s: State, i: Inputs, dt: float) -> None:
    s.out = s.m and s.a
    s.more = s.p and s.q and s.n


@shared
def or_as_a_value(s: State, i: Inputs, dt: float) -> None:
    s.out = s.m or s.n or s.a
    s.more = (s.p or s.b) + (s.a > 0 or s.q)


@shared
def conditional_expressions(s: State, i: Inputs, dt: float) -> None:
    s.out = s.a if s.p else s.b if s.q else -1.0
    s.more = (s.a if s.n > 0 else s.b) * (2 if s.q else 3)


@shared
def constants(s: State, i: Inputs, dt: float) -> None:
    s.out = LIMIT * math.pi + tau if STRICT else 0.0
    s.more = s.n * Mode.BURN + shared_math.pi + Tuning.GRIP
    s.p = s.a < FAR
    s.q = s.b > -FAR and s.n == Mode.DRIFT


# --- functions ---


@shared
def smallest_and_largest(s: State, i: Inputs, dt: float) -> None:
    s.out = min(s.a, s.b) + max(s.n, s.m, s.b)
    s.more = min(s.a, max(s.b, s.n), s.m, 2) + max(s.p, s.q)


@shared
def smallest_without_a_number(s: State, i: Inputs, dt: float) -> None:
    nothing = s.a * 1e308 * 1e308 - s.a * 1e308 * 1e308
    s.out = min(nothing, s.b)
    s.more = max(s.b, nothing)


@shared
def absolute_values(s: State, i: Inputs, dt: float) -> None:
    s.out = abs(s.a) + abs(s.n) * abs(s.p)
    s.more = math.fabs(s.b)


@shared
def whole_numbers(s: State, i: Inputs, dt: float) -> None:
    s.out = floor(s.a) + math.ceil(s.b) * 100
    s.more = int(s.a) + math.trunc(s.b) * 100 + floor(s.p)


@shared
def whole_numbers_of_no_number(s: State, i: Inputs, dt: float) -> None:
    if s.p:
        s.out = floor(s.a * 1e308 * 1e308)
    elif s.q:
        s.out = int(s.a * 1e308 * 1e308 * 0)
    else:
        s.out = math.ceil(s.a * 1e308 * 1e308)


@shared
def conversions(s: State, i: Inputs, dt: float) -> None:
    s.out = float(s.n) / 4 + float(s.p)
    s.p = bool(s.m)
    s.q = bool(s.a < s.b or s.n)
    s.more = bool(s.b) + bool(s.m) * 2


@shared
def square_roots(s: State, i: Inputs, dt: float) -> None:
    s.out = sqrt(abs(s.a) * dt)
    s.more = math.sqrt(s.n)


@shared
def own_mathematics(s: State, i: Inputs, dt: float) -> None:
    s.out = sin(s.a) * cos(s.b) + hypot(s.a, s.b)
    s.more = atan2(s.a, s.b) + shared_math.atan2(s.n, s.m) + clamp(s.a, -1.0, 1.0)


@shared
def _scaled(value: float, by: float = 2.5) -> float:
    value *= by
    return value


@shared
def _is_near(s: State, limit: float) -> bool:
    return -limit < s.a < limit


@shared
def _sorted(a: float, b: float) -> tuple[float, float]:
    if a > b:
        return b, a
    return a, b


@shared
def _push(s: State, i: Inputs, by: float) -> None:
    if i.fire:
        return
    s.out += by
    s.m = clamp(s.m + 1, -3, 3)


@shared
def calls(s: State, i: Inputs, dt: float) -> None:
    s.out = _scaled(s.a) + _scaled(s.b, 0.5)
    _push(s, i, dt)
    _push(s, i, _scaled(s.b) * 2)
    s.q = -5 < _scaled(s.b) < s.a
    s.n = floor(_scaled(s.b)) or s.n
    if _is_near(s, 10.0) or _is_near(s, s.b):
        s.more = _scaled(float(_is_near(s, 1.0)))


@shared
def _take(s: State) -> float:
    s.a -= 1
    return s.a


@shared
def order_of_evaluation(s: State, i: Inputs, dt: float) -> None:
    s.out = s.a * 100 + _take(s) - s.a / 7
    s.a += _take(s)
    s.a %= _take(s)
    s.out += min(s.a, _take(s)) + max(_take(s), s.a)
    s.more, s.a = _take(s), s.a
    if s.p and _take(s) > 0 and s.a < _take(s):
        s.more += 0.5
    s.q = s.a == _take(s) or s.a < 0 < s.b


@shared
def an_unused_object(s: State, i: Inputs, dt: float) -> None:
    s.out = s.a * dt


@shared
def handing_on_what_is_unused(s: State, i: Inputs, dt: float) -> None:
    an_unused_object(s, i, dt)


@shared
def several_values(s: State, i: Inputs, dt: float) -> None:
    low, high = _sorted(s.a, s.b)
    s.out, s.more = _sorted(high, s.n)
    low, high = high, low
    s.out += low - high
    s.n, s.m = s.m, s.n


# --- statements ---


@shared
def updates(s: State, i: Inputs, dt: float) -> None:
    s.out += s.a
    s.out -= s.b
    s.out *= 0.5
    s.out /= 4
    s.more = s.a
    s.more %= 3
    s.more //= 0.25
    local: float = s.n
    local %= 5
    local //= 2
    local /= s.m
    s.more += local


@shared
def branches(s: State, i: Inputs, dt: float) -> None:
    """Assigned in every branch, in some, before."""
    if s.a > 20:
        kind = 1
    elif s.a > 0:
        kind = 2
        extra = kind * 2
        s.more = extra
    else:
        kind = 3
    "text on a line of its own says nothing"
    if s.p:
        pass  # what is remarked here comes along
    else:
        kind += 10
    s.out = kind


@shared
def early_returns(s: State, i: Inputs, dt: float) -> None:
    if s.p:
        if s.q:
            return
        s.out = 1.0
        return
    s.out = 2.0


@shared
def loops(s: State, i: Inputs, dt: float) -> None:
    total = 0.0
    for k in range(ROUNDS):
        twice = k * 2
        total += twice * s.a
    for k in range(3, -2, -1):
        total += k * s.b
    for k in range(1, ROUNDS + 2, 2):
        for j in range(k_limit):
            total -= (k * 10 + j) * dt
    s.out = total


@shared
def leaving_loops(s: State, i: Inputs, dt: float) -> None:
    s.out = 0.0
    for k in range(10):
        if k == s.m:
            continue
        if k > s.n:
            break
        s.out += k
    for k in range(0):
        s.out = k


@shared
def _first_above(limit: float) -> float:
    for k in range(-60, 60, 5):
        if k > limit:
            return k
    return limit


@shared
def returning_from_a_loop(s: State, i: Inputs, dt: float) -> None:
    s.out = _first_above(s.a)


@shared
def tables(s: State, i: Inputs, dt: float) -> None:
    s.out = 0.0
    for low, high, factor in WALLS:
        if low <= s.a < high:
            s.out += s.a * factor
    s.more = 0.0
    for step in STEPS:
        s.more += step * s.b


@shared
def variables_of_changing_kind(s: State, i: Inputs, dt: float) -> None:
    what = s.a > 0
    if s.p:
        what = s.m  # type: ignore[assignment]  # the test's point: a truth that may become a number
    s.out = 1.0 if what else 0.0
    s.q = what == 1
    value: float = 3
    if not value - s.m:
        value = s.b
    s.more = value
