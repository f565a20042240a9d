# cython: language_level=3, cdivision=True
"""Integers in bytes. Each function writes to `at`, and returns where the next part belongs."""

from libc.stdint cimport int64_t, uint8_t

cdef enum:
    MAX_UINT = 9  # bytes of a msgpack integer


cdef inline uint8_t *put_big_endian(uint8_t *at, int64_t value, int size) noexcept nogil:
    cdef int place
    for place in range(size):
        at[place] = <uint8_t>(value >> (8 * (size - 1 - place)))
    return at + size


cdef inline uint8_t *put_uint(uint8_t *at, int64_t value) noexcept nogil:
    if value < 1 << 7:
        at[0] = <uint8_t>value
        return at + 1
    if value < 1 << 8:
        at[0] = 0xCC
        return put_big_endian(at + 1, value, 1)
    if value < 1 << 16:
        at[0] = 0xCD
        return put_big_endian(at + 1, value, 2)
    if value < <int64_t>1 << 32:
        at[0] = 0xCE
        return put_big_endian(at + 1, value, 4)
    at[0] = 0xCF
    return put_big_endian(at + 1, value, 8)
