"""The package's own mathematics has the errors that it states, against 50 digits and against Python's math library."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.ops.check_step import run_differential
from gameserver.shared_math import atan2, clamp, cos, hypot, pi, sin, tau
from gameserver.shared_step import shared
from gameserver.shared_step.differential import GridField
from gameserver.shared_step.exact import MAX_REDUCED
from tests.support.shared_step.reference import angle, cosine, error_ulp, length, sine

SIN_COS_ULP = 1.0
ATAN2_ULP = 2.5
HYPOT_ULP = 2.0

finite = st.floats(allow_nan=False, allow_infinity=False)
in_domain = st.floats(-MAX_REDUCED, MAX_REDUCED)
moderate = st.floats(-1e100, 1e100)


def far_and_near(source: random.Random, count: int) -> list[float]:
    """Arguments of every size in the domain, and next to quarter turns, where digits cancel."""
    sizes = [source.uniform(-1, 1) * 10 ** source.uniform(-9, 6) for _ in range(count)]
    return sizes + [source.randrange(600_000) * (math.pi / 2) for _ in range(count)]


def test_sine_and_cosine_keep_their_error_bound() -> None:
    for x in far_and_near(random.Random(1), 700):
        assert error_ulp(sin(x), sine(x)) <= SIN_COS_ULP, x
        assert error_ulp(cos(x), cosine(x)) <= SIN_COS_ULP, x


def test_atan2_and_hypot_keep_their_error_bounds() -> None:
    source = random.Random(2)
    for _ in range(1500):
        x = source.uniform(-1, 1)
        y = source.choice((source.uniform(-1, 1), x * source.uniform(0.12, 0.15))) * 10 ** source.choice((0, 0, -9, 9))
        assert error_ulp(atan2(y, x), angle(y, x)) <= ATAN2_ULP, (y, x)
        assert error_ulp(hypot(y, x), length(y, x)) <= HYPOT_ULP, (y, x)


@pytest.mark.parametrize(("own", "library"), [(sin, math.sin), (cos, math.cos)])
def test_sine_and_cosine_follow_the_math_library(
    own: Callable[[float], float], library: Callable[[float], float]
) -> None:
    source = random.Random(3)
    for x in far_and_near(source, 20_000):
        assert abs(own(x) - library(x)) <= 2 * math.ulp(library(x)), x


@given(finite)
def test_sine_of_any_number_is_that_of_a_number_one_ulp_away(x: float) -> None:
    if abs(x) <= MAX_REDUCED:
        return
    # The reduction by the double nearest to tau is fmod's; the error is that of the small domain.
    reduced = math.fmod(x, tau) + (tau if x < 0 and math.fmod(x, tau) else 0.0)
    assert sin(x) == pytest.approx(math.sin(reduced), abs=2**-52)
    assert cos(x) == pytest.approx(math.cos(reduced), abs=2**-52)
    turns = abs(x) / tau
    assert turns * 2.4492935982947064e-16 <= math.ulp(x)


@given(in_domain)
def test_sine_is_odd_cosine_is_even_and_both_lie_on_the_circle(x: float) -> None:
    assert sin(-x) == -sin(x)
    assert cos(-x) == cos(x)
    assert -1.0 <= sin(x) <= 1.0
    assert -1.0 <= cos(x) <= 1.0
    assert sin(x) * sin(x) + cos(x) * cos(x) == pytest.approx(1.0, abs=5e-16)


def test_known_values() -> None:
    assert [sin(0.0), cos(0.0), sin(pi / 2), cos(pi)] == [0.0, 1.0, 1.0, -1.0]
    assert sin(5e-324) == 5e-324
    assert sin(pi) == 1.2246467991473532e-16
    assert cos(pi / 2) == 6.123233995736766e-17


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan])
def test_sine_and_cosine_refuse_what_has_none(x: float) -> None:
    with pytest.raises(ValueError, match="NaN"):
        sin(x)
    with pytest.raises(ValueError, match="NaN"):
        cos(x)


@given(finite, finite)
def test_atan2_follows_the_math_library_for_all_finite_points(y: float, x: float) -> None:
    # Adding 0.0 makes 0.0 of -0.0: the sign of a zero does not count.
    true = math.atan2(y + 0.0, x + 0.0)
    assert abs(atan2(y, x) - true) <= 3 * math.ulp(true)


@given(moderate, moderate)
def test_atan2_mirrors(y: float, x: float) -> None:
    assert atan2(-y, x) == -atan2(y, x) or (y == 0 and x < 0)
    assert -pi <= atan2(y, x) <= pi


@pytest.mark.parametrize(
    ("y", "x", "expected"),
    [
        (0.0, 0.0, 0.0),
        (0.0, -0.0, 0.0),
        (-0.0, -1.0, pi),
        (0.0, -1.0, pi),
        (1.0, 0.0, pi / 2),
        (-1.0, 0.0, -pi / 2),
        (1.0, 1.0, pi / 4),
        (-1.0, -1.0, -3 * pi / 4),
        (math.inf, math.inf, pi / 4),
        (-math.inf, -math.inf, -3 * pi / 4),
        (math.inf, 1.0, pi / 2),
        (1.0, math.inf, 0.0),
        (1.0, -math.inf, pi),
        (5e-324, 5e-324, pi / 4),
        (1e-308, 1e308, 0.0),
    ],
)
def test_atan2_at_the_edges(y: float, x: float, expected: float) -> None:
    assert atan2(y, x) == expected


@given(finite, finite)
def test_hypot_follows_the_math_library_for_all_finite_points(x: float, y: float) -> None:
    true = math.hypot(x, y)
    assert hypot(x, y) == true or abs(hypot(x, y) - true) <= 2 * math.ulp(true)
    assert hypot(x, y) == hypot(-y, x)


@pytest.mark.parametrize(("x", "y"), [(math.inf, 1.0), (0.0, -math.inf), (math.inf, math.inf)])
def test_hypot_of_infinities_is_infinite(x: float, y: float) -> None:
    assert hypot(x, y) == math.inf


def test_nothing_comes_of_no_number() -> None:
    assert math.isnan(atan2(math.nan, 1.0))
    assert math.isnan(atan2(1.0, math.nan))
    assert math.isnan(hypot(math.nan, 1.0))
    assert math.isnan(hypot(1.0, math.nan))


def test_clamp_keeps_integers_integers() -> None:
    assert [clamp(n, 0, 10) for n in (-1, 0, 5, 10, 11)] == [0, 0, 5, 10, 10]
    assert isinstance(clamp(11, 0, 10), int)
    assert clamp(0.5, -0.25, 0.25) == 0.25


class _Point:
    x: float
    y: float
    sine: float
    cosine: float
    angle: float
    length: float


@shared
def everything(point: _Point, nothing: object, dt: float) -> None:
    point.sine = sin(point.x)
    point.cosine = cos(point.y)
    point.angle = atan2(point.y, point.x)
    point.length = hypot(point.x, point.y)


@pytest.mark.parametrize("size", [1e-300, 1.0, 8.0, 1e6, 1e9, 1e300])
def test_own_mathematics_has_the_same_bits_in_node(size: float) -> None:
    fields = [GridField(name, "free", -size, size) for name in ("x", "y", "sine", "cosine", "angle", "length")]
    report = run_differential(everything, fields, [], cases=2000, steps=1, seed=4)
    assert report.ok, str(report)
