"""Tests of a moving point against circles and rectangles: a shot that moves further in a tick than a ship is long must
not pass through it.

The point moves along the segment from (x0, y0) to (x1, y1), both ends included. A segment of length 0 is a point. All
lengths are in one unit, whichever. The functions are pure: the same numbers give the same result everywhere.
"""

from __future__ import annotations

from math import sqrt

__all__ = ["enters_box", "enters_circle", "segment_hits_circle"]


def segment_hits_circle(x0: float, y0: float, x1: float, y1: float, cx: float, cy: float, r: float) -> bool:
    """Return whether the segment comes nearer than `r` to (cx, cy).

    Args:
        x0: Start of the segment.
        y0: Start of the segment.
        x1: End of the segment.
        y1: End of the segment.
        cx: Centre of the circle.
        cy: Centre of the circle.
        r: Radius of the circle, from 0.

    Returns:
        True if a point of the segment is inside the circle. A segment that only touches it does not hit it.
    """
    dx, dy = x1 - x0, y1 - y0
    length2 = dx * dx + dy * dy
    along = (cx - x0) * dx + (cy - y0) * dy
    share = 0.0 if length2 == 0.0 else max(0.0, min(1.0, along / length2))
    off_x, off_y = x0 + share * dx - cx, y0 + share * dy - cy
    return off_x * off_x + off_y * off_y < r * r


def enters_circle(x0: float, y0: float, x1: float, y1: float, cx: float, cy: float, r: float) -> float | None:
    """Return where on the segment a point first comes nearer than `r` to (cx, cy).

    Of several circles, a shot hits the one with the smallest result first.

    Args:
        x0: Start of the segment.
        y0: Start of the segment.
        x1: End of the segment.
        y1: End of the segment.
        cx: Centre of the circle.
        cy: Centre of the circle.
        r: Radius of the circle, from 0.

    Returns:
        The share of the segment before that point, 0 to 1; 0 if the segment starts inside. None if it does not enter.
    """
    if not segment_hits_circle(x0, y0, x1, y1, cx, cy, r):
        return None
    dx, dy = x1 - x0, y1 - y0
    away_x, away_y = x0 - cx, y0 - cy
    inside = away_x * away_x + away_y * away_y - r * r
    if inside < 0.0:
        return 0.0
    # The smaller solution of |start + share * (end - start) - centre|² = r².
    length2 = dx * dx + dy * dy
    half = away_x * dx + away_y * dy
    return min(1.0, max(0.0, (-half - sqrt(max(0.0, half * half - length2 * inside))) / length2))


def enters_box(
    x0: float, y0: float, x1: float, y1: float, left: float, top: float, right: float, bottom: float
) -> float | None:
    """Return where on the segment a point first is inside a rectangle.

    Args:
        x0: Start of the segment.
        y0: Start of the segment.
        x1: End of the segment.
        y1: End of the segment.
        left: Smallest x of the rectangle.
        top: Smallest y of the rectangle.
        right: Greatest x of the rectangle.
        bottom: Greatest y of the rectangle.

    Returns:
        The share of the segment before that point, 0 to 1; 0 if the segment starts inside. None if it does not enter.
        A segment that only touches a side or a corner does not enter.
    """
    enter, leave = 0.0, 1.0
    for start, end, lo, hi in ((x0, x1, left, right), (y0, y1, top, bottom)):
        way = end - start
        if way == 0.0:
            if not lo < start < hi:
                return None
            continue
        first, last = sorted(((lo - start) / way, (hi - start) / way))
        enter, leave = max(enter, first), min(leave, last)
    point = x0 == x1 and y0 == y1
    return enter if enter < leave or point else None
