# cython: language_level=3
"""What writing.pyx uses of links.pyx: of each link the queue and the window."""

from libc.stdint cimport int64_t


cdef class InputQueue:
    cdef int64_t *_rows
    cdef double *_times
    cdef Py_ssize_t _count, _capacity, _width
    cdef int64_t _hold_ticks, _held, _newest, _seen, _lead
    cdef bint _has_lead
    cdef double _lead_units_per_s
    cdef tuple _last
    cdef readonly tuple neutral
    cdef readonly int64_t consumed, lag, missed, trimmed

    cdef int _grow(self, Py_ssize_t capacity) except -1
    cdef int64_t *_append(self, int64_t seq, double at_s, int64_t seen) except? NULL
    cdef void _drop_first(self) noexcept
    cdef tuple _take_missing(self)


cdef class Window:
    cdef int64_t *_in_flight
    cdef Py_ssize_t _count, _capacity
    cdef int64_t _snapshot_every, _slack_ticks
    cdef double _period_ticks, _before, _lowest, _until
    cdef bint _counts
    cdef readonly int64_t limit, width
    cdef readonly bint open

    cdef int _sent(self, int64_t tick) except -1
    cdef void _ack(self, int64_t tick, int64_t newest_tick) noexcept
    cdef void _measure(self, int64_t round_trip, int64_t newest_tick) noexcept
