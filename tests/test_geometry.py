"""Swept tests: a fast point never passes through a shape, and never hits one that it does not reach."""

from __future__ import annotations

from math import cos, hypot, pi, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.geometry import enters_box, enters_circle, segment_hits_circle

places = st.floats(-1000, 1000).map(lambda place: round(place, 3))
radii = st.floats(0.1, 100).map(lambda r: round(r, 3))
boxes = st.tuples(places, places, st.floats(1, 200), st.floats(1, 200)).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)


@pytest.mark.parametrize(
    ("way", "hit"),
    [
        ((-100, 0, 100, 0), True),
        ((-100, 9.9, 100, 9.9), True),
        ((-100, 10.1, 100, 10.1), False),
        ((-100, 0, -11, 0), False),
        ((-100, 0, -9, 0), True),
        ((11, 0, 100, 0), False),
        ((3, 3, 4, 4), True),
        ((3, 3, 3, 3), True),
        ((30, 3, 30, 3), False),
    ],
)
def test_a_way_hits_what_it_comes_near(way: tuple[float, float, float, float], hit: bool) -> None:
    assert segment_hits_circle(*way, 0, 0, 10) is hit
    assert (enters_circle(*way, 0, 0, 10) is not None) is hit


def test_a_circle_is_entered_where_the_way_crosses_it() -> None:
    assert enters_circle(-20, 0, 20, 0, 0, 0, 10) == 0.25
    assert enters_circle(5, 0, 20, 0, 0, 0, 10) == 0.0, "it begins inside"


@given(places, places, st.floats(0, 2 * pi), st.floats(0, 500), places, places, radii)
def test_a_way_hits_if_one_of_its_points_is_near(
    x: float, y: float, angle: float, length: float, cx: float, cy: float, r: float
) -> None:
    end_x, end_y = x + length * cos(angle), y + length * sin(angle)
    points = [(x + (end_x - x) * i / 400, y + (end_y - y) * i / 400) for i in range(401)]
    nearest = min(hypot(px - cx, py - cy) for px, py in points)
    spacing = length / 400
    hit = segment_hits_circle(x, y, end_x, end_y, cx, cy, r)
    if nearest < r - 1e-6:
        assert hit
    elif nearest > r + spacing + 1e-6:
        assert not hit


@given(places, places, places, places, places, places, radii)
def test_where_a_circle_is_entered_lies_on_it_or_the_way_begins_inside(
    x0: float, y0: float, x1: float, y1: float, cx: float, cy: float, r: float
) -> None:
    share = enters_circle(x0, y0, x1, y1, cx, cy, r)
    if share is None:
        return
    distance = hypot(x0 + share * (x1 - x0) - cx, y0 + share * (y1 - y0) - cy)
    assert 0.0 <= share <= 1.0
    assert distance <= r + 1e-6 if share == 0.0 else distance == pytest.approx(r, abs=1e-3)


@pytest.mark.parametrize(
    ("way", "share"),
    [
        ((-10, 5, 30, 5), 0.25),
        ((5, 5, 30, 5), 0.0),
        ((5, 5, 5, 5), 0.0),
        ((5, -10, 5, 30), 0.25),
        ((-10, 0, 30, 0), None),
        ((-10, 11, 30, 11), None),
        ((-10, 5, -1, 5), None),
        ((-5, 5, 5, 16), None),
        ((15, 5, 15, 5), None),
        ((-10, -10, 10, 10), 0.5),
    ],
)
def test_a_box_is_entered_where_the_way_crosses_its_side(
    way: tuple[float, float, float, float], share: float | None
) -> None:
    assert enters_box(*way, 0, 0, 10, 10) == share


@given(places, places, places, places, boxes)
def test_a_box_is_entered_if_one_of_the_ways_points_is_inside(
    x0: float, y0: float, x1: float, y1: float, box: tuple[float, float, float, float]
) -> None:
    left, top, right, bottom = box
    slack = 1e-6
    inside = False
    for i in range(201):
        x, y = x0 + (x1 - x0) * i / 200, y0 + (y1 - y0) * i / 200
        inside |= left + slack < x < right - slack and top + slack < y < bottom - slack
    share = enters_box(x0, y0, x1, y1, *box)
    if inside:
        assert share is not None
    if share is not None:
        x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
        assert left - slack <= x <= right + slack
        assert top - slack <= y <= bottom + slack
