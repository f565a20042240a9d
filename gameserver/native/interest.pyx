# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Which entities are near enough to each viewer: `near` of gameserver/sync/encode/interest.py, which is the reference.

The compiler makes it steps of eight entities at a time. Numpy needs eight passes over as many numbers.
"""

from libc.stdint cimport uint8_t

import numpy as np


def near(const float[::1] x, const float[::1] y, const float[:, ::1] viewpoints, float enter, float leave, saw):
    cdef Py_ssize_t viewer, count = x.shape[0]
    sees = np.zeros((viewpoints.shape[0], count), np.bool_)
    cdef uint8_t[:, ::1] out = sees.view("u1")
    cdef const uint8_t[:, ::1] before = (sees if saw is None else saw).view("u1")
    if y.shape[0] != count or before.shape[0] != out.shape[0] or before.shape[1] != count:
        raise ValueError("x, y, viewpoints and saw are of different sizes")
    if viewpoints.shape[1] != 2:
        raise ValueError("a viewpoint is x and y")
    if count:
        for viewer in range(viewpoints.shape[0]):
            compare(
                &x[0], &y[0], viewpoints[viewer, 0], viewpoints[viewer, 1], enter, leave,
                &before[viewer, 0], &out[viewer, 0], count,
            )
    return sees


cdef void compare(
    const float *x, const float *y, float from_x, float from_y, float enter, float leave,
    const uint8_t *saw, uint8_t *sees, Py_ssize_t count,
) noexcept nogil:
    """Fill one viewer's row. Each cell of `saw` is read before that of `sees` is written: they may be the same."""
    cdef Py_ssize_t entity
    cdef float dx, dy, squared
    for entity in range(count):
        dx = x[entity] - from_x
        dy = y[entity] - from_y
        squared = dx * dx + dy * dy
        sees[entity] = (squared <= enter) | ((squared <= leave) & saw[entity])
