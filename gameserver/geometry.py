"""Swept tests for what moves fast: a shot that covers more than a ship's length in a tick must not jump over it.

A way is the straight line from (x0, y0) to (x1, y1), both ends included; a way of length 0 is a point. Places are in
any one unit. Plain functions of numbers: nothing is kept, and the same numbers give the same answer everywhere.
"""

from __future__ import annotations

from math import sqrt


def segment_hits_circle(x0: float, y0: float, x1: float, y1: float, cx: float, cy: float, r: float) -> bool:
    """Whether the way comes nearer than `r` to (cx, cy)."""
    dx, dy = x1 - x0, y1 - y0
    length2 = dx * dx + dy * dy
    along = (cx - x0) * dx + (cy - y0) * dy
    share = 0.0 if length2 == 0.0 else max(0.0, min(1.0, along / length2))
    off_x, off_y = x0 + share * dx - cx, y0 + share * dy - cy
    return off_x * off_x + off_y * off_y < r * r


def enters_circle(x0: float, y0: float, x1: float, y1: float, cx: float, cy: float, r: float) -> float | None:
    """The share of the way, 0 to 1, after which it first comes nearer than `r` to (cx, cy); None when it does not.

    The smallest of several is what a shot hits first.
    """
    if not segment_hits_circle(x0, y0, x1, y1, cx, cy, r):
        return None
    dx, dy = x1 - x0, y1 - y0
    away_x, away_y = x0 - cx, y0 - cy
    inside = away_x * away_x + away_y * away_y - r * r
    if inside < 0.0:
        return 0.0
    # |start + share * way - centre|² = r², its smaller solution
    length2 = dx * dx + dy * dy
    half = away_x * dx + away_y * dy
    return min(1.0, max(0.0, (-half - sqrt(max(0.0, half * half - length2 * inside))) / length2))


def enters_box(
    x0: float, y0: float, x1: float, y1: float, left: float, top: float, right: float, bottom: float
) -> float | None:
    """The share of the way, 0 to 1, after which it first is inside the rectangle; None when it does not pass through.

    What only touches a side or a corner is not inside.
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
