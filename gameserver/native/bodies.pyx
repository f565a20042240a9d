# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The bodies of STATE messages for viewers who have the same base and views of their own.

`BodyWriter` does what that of gameserver/sync/encode/body.py does, which is the reference; tests compare the two. It is
fast because nothing between the rows, which were packed once for all viewers, and a viewer's body is a Python object.

What one method adds is a *layer*: for each viewer some bytes, or none, one viewer after the other. A body has four items
(protocol.md §5), and each is made of the layers that were added to it, in order.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport qsort
from libc.string cimport memcpy, memset

from gameserver.native.integers cimport MAX_UINT, put_big_endian, put_uint
from gameserver.sync.encode.msgpack_parts import pack_value

cdef enum:
    NIL = 0xC0
    ARRAY_OF_FOUR = 0x94
    ARRAY_OF_FIVE = 0x95
    MAX_HEADER = 5  # bytes of an array's or a bin's header


# --- parts of msgpack values, each written to `at`; they return where the next one belongs


cdef inline uint8_t *put_array_header(uint8_t *at, Py_ssize_t count) noexcept nogil:
    if count < 16:
        at[0] = <uint8_t>(0x90 | count)
        return at + 1
    at[0] = 0xDC if count < 1 << 16 else 0xDD
    return put_big_endian(at + 1, count, 2 if count < 1 << 16 else 4)


cdef inline uint8_t *put_bin_header(uint8_t *at, Py_ssize_t size) noexcept nogil:
    if size < 1 << 8:
        at[0] = 0xC4
        return put_big_endian(at + 1, size, 1)
    at[0] = 0xC5 if size < 1 << 16 else 0xC6
    return put_big_endian(at + 1, size, 2 if size < 1 << 16 else 4)


cdef inline uint8_t *put_bytes(uint8_t *at, const void *data, Py_ssize_t size) noexcept nogil:
    memcpy(at, data, size)
    return at + size


cdef uint8_t *put_gaps(uint8_t *at, const int64_t *ascending, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t place
    cdef int64_t last = 0
    at = put_array_header(at, count)
    for place in range(count):
        at = put_uint(at, ascending[place] - last)
        last = ascending[place]
    return at


cdef uint8_t *put_who(uint8_t *at, const int64_t *picked, Py_ssize_t count, Py_ssize_t of) noexcept nogil:
    """Write which of a list of `of` are picked: `encode_who` of gameserver/sync/row_ids.py."""
    cdef Py_ssize_t place, size = (of + 7) >> 3
    if count == of:
        at[0] = NIL
        return at + 1
    if count <= size:
        return put_gaps(at, picked, count)
    at = put_bin_header(at, size)
    memset(at, 0, size)
    for place in range(count):
        at[picked[place] >> 3] |= <uint8_t>(1 << (picked[place] & 7))
    return at + size


cdef inline Py_ssize_t max_who(Py_ssize_t count, Py_ssize_t of) noexcept nogil:
    """Return how many bytes a `who` takes at most."""
    return MAX_HEADER + max(MAX_UINT * min(count, (of + 7) >> 3), (of + 7) >> 3)


cdef int by_value(const void *a, const void *b) noexcept nogil:
    cdef int64_t first = (<const int64_t *>a)[0], second = (<const int64_t *>b)[0]
    return (first > second) - (first < second)


# --- what is added


cdef class Layer:
    """Bytes of each viewer, one viewer after the other."""

    cdef uint8_t *_data
    cdef Py_ssize_t *_starts
    cdef Py_ssize_t *_ends
    cdef Py_ssize_t _size, _capacity

    def __cinit__(self, Py_ssize_t viewers):
        self._starts = <Py_ssize_t *>PyMem_Calloc(2 * viewers + 1, sizeof(Py_ssize_t))
        if self._starts == NULL:
            raise MemoryError
        self._ends = self._starts + viewers

    def __dealloc__(self):
        PyMem_Free(self._data)
        PyMem_Free(self._starts)

    cdef uint8_t *begin(self, Py_ssize_t viewer, Py_ssize_t size) except NULL:
        """Return where a viewer's bytes belong, of which there are at most `size`."""
        cdef void *data
        cdef Py_ssize_t capacity
        if self._size + size > self._capacity:
            capacity = max(2 * self._capacity, self._size + size)
            data = PyMem_Realloc(self._data, capacity)
            if data == NULL:
                raise MemoryError
            self._data, self._capacity = <uint8_t *>data, capacity
        self._starts[viewer] = self._size
        return self._data + self._size

    cdef void end(self, Py_ssize_t viewer, const uint8_t *at) noexcept:
        """A viewer's bytes end before `at`."""
        self._size = self._ends[viewer] = at - self._data

    cdef Py_ssize_t size_of(self, Py_ssize_t viewer) noexcept:
        return self._ends[viewer] - self._starts[viewer]


cdef class Selection:
    """Some pairs, viewer by viewer: of each viewer the pairs that are flagged."""

    cdef const Py_ssize_t[::1] _viewers
    cdef const Py_ssize_t[::1] _rows
    cdef int64_t *_places
    cdef int64_t *_picked
    cdef Py_ssize_t _next
    cdef Py_ssize_t viewer
    """Whose pairs these are."""
    cdef Py_ssize_t of
    """How many pairs the viewer has, flagged or not."""
    cdef Py_ssize_t count
    """How many are flagged: their indexes among the viewer's are in `_places`, their rows in `_picked`."""

    def __cinit__(self, pairs):
        self._viewers, self._rows = pairs.viewers, pairs.rows
        self._places = <int64_t *>PyMem_Malloc((2 * self._rows.shape[0] + 1) * sizeof(int64_t))
        if self._places == NULL:
            raise MemoryError
        self._picked = self._places + self._rows.shape[0]

    def __dealloc__(self):
        PyMem_Free(self._places)

    cdef bint next(self, const uint8_t *by_pair, const uint8_t *by_row) noexcept:
        """Go on to the next viewer. Return False when there is none.

        `by_pair` has a flag for each pair, `by_row` one for each row; NULL: all of them are flagged.
        """
        cdef Py_ssize_t pair = self._next, first = self._next, pairs = self._rows.shape[0], count = 0
        if pair == pairs:
            return False
        self.viewer = self._viewers[pair]
        while pair < pairs and self._viewers[pair] == self.viewer:
            if (by_pair == NULL or by_pair[pair]) and (by_row == NULL or by_row[self._rows[pair]]):
                self._places[count] = pair - first
                self._picked[count] = self._rows[pair]
                count += 1
            pair += 1
        self._next, self.of, self.count = pair, pair - first, count
        return True

    cdef Py_ssize_t first_pair(self) noexcept:
        return self._next - self.of


cdef class BodyWriter:
    """The bodies of `count` viewers, to which entity types are added in order of the schema."""

    cdef Py_ssize_t _count
    cdef list _leaves, _enters, _changes, _values

    def __init__(self, Py_ssize_t count):
        self._count = count
        self._leaves, self._enters, self._changes, self._values = [], [], [], []

    def add_leaves(self, const int64_t[::1] ids, leaving):
        cdef Selection selection = Selection(leaving)
        cdef Layer layer = Layer(self._count)
        cdef int64_t *at
        cdef Py_ssize_t number
        while selection.next(NULL, NULL):
            at = <int64_t *>layer.begin(selection.viewer, selection.count * sizeof(int64_t))
            for number in range(selection.count):
                at[number] = ids[selection._picked[number]]
            layer.end(selection.viewer, <uint8_t *>(at + selection.count))
        if layer._size:
            self._leaves.append(layer)

    def add_enters(self, int64_t index, rows, entering):
        if not len(entering):
            return
        cdef Selection selection = Selection(entering)
        cdef Layer layer = Layer(self._count)
        cdef const int64_t[::1] ids = rows.table.ids
        cdef const uint8_t[:, ::1] matrix = rows.rows
        cdef bytes widths = pack_value(rows.widths)
        cdef Py_ssize_t number, size = matrix.shape[1]
        cdef uint8_t *at
        while selection.next(NULL, NULL):
            at = layer.begin(
                selection.viewer,
                1 + MAX_UINT + 2 * MAX_HEADER + PyBytes_GET_SIZE(widths) + selection.count * (MAX_UINT + size),
            )
            at[0] = ARRAY_OF_FOUR
            at = put_uint(at + 1, index)
            for number in range(selection.count):
                selection._places[number] = ids[selection._picked[number]]
            at = put_gaps(at, selection._places, selection.count)
            at = put_bytes(at, PyBytes_AS_STRING(widths), PyBytes_GET_SIZE(widths))
            layer.end(selection.viewer, put_rows(at, matrix, selection))
        self._enters.append(layer)

    def add_changes(self, int64_t index, blocks, staying, chosen=None):
        cdef const uint8_t[::1] by_pair = None
        if not len(staying):
            return
        if chosen is not None:
            by_pair = chosen.view("u1")
        for block in blocks:
            self._add_block(index, block, Selection(staying), NULL if chosen is None else &by_pair[0])

    cdef int _add_block(self, int64_t index, block, Selection selection, const uint8_t *by_pair) except -1:
        cdef Layer layer = Layer(self._count)
        cdef const uint8_t[::1] present = block.present.view("u1")
        cdef const uint8_t[:, ::1] matrix = block.rows
        cdef bytes widths = pack_value(block.widths)
        cdef uint8_t *at
        while selection.next(by_pair, &present[0]):
            if not selection.count:
                continue
            at = layer.begin(
                selection.viewer,
                1 + MAX_UINT + max_who(selection.count, selection.of) + PyBytes_GET_SIZE(widths)
                + MAX_HEADER + selection.count * matrix.shape[1],
            )
            at[0] = ARRAY_OF_FOUR
            at = put_uint(at + 1, index)
            at = put_who(at, selection._places, selection.count, selection.of)
            at = put_bytes(at, PyBytes_AS_STRING(widths), PyBytes_GET_SIZE(widths))
            layer.end(selection.viewer, put_rows(at, matrix, selection))
        if layer._size:
            self._changes.append(layer)
        return 0

    def add_values(self, int64_t index, int64_t field, column, seen, chosen, dict grown=None, enters=None):
        if not len(seen):
            return
        cdef Selection selection = Selection(seen)
        cdef Layer layer = Layer(self._count)
        cdef const uint8_t[::1] by_pair = chosen.view("u1")
        cdef const uint8_t[::1] is_new = None if enters is None else enters.view("u1")
        cdef bint may_grow = bool(grown) and enters is not None
        cdef dict whole = {}, rest = {}
        cdef list values = []
        cdef bytes value
        cdef Py_ssize_t number, size
        cdef int64_t row
        cdef bint any_kept
        cdef uint8_t *at
        while selection.next(&by_pair[0], NULL):
            if not selection.count:
                continue
            any_kept = False
            size = 1 + 2 * MAX_UINT + max_who(selection.count, selection.of) + 2 * MAX_HEADER
            values.clear()
            for number in range(selection.count):
                row = selection._picked[number]
                if may_grow and row in grown and not is_new[selection.first_pair() + selection._places[number]]:
                    value = packed_of(rest, column, row, grown[row])
                    selection._picked[number] = grown[row]
                    any_kept = True
                else:
                    value = packed_of(whole, column, row, 0)
                    selection._picked[number] = 0
                size += MAX_UINT + PyBytes_GET_SIZE(value)
                values.append(value)
            at = layer.begin(selection.viewer, size)
            at[0] = ARRAY_OF_FIVE if any_kept else ARRAY_OF_FOUR
            at = put_uint(put_uint(at + 1, index), field)
            at = put_who(at, selection._places, selection.count, selection.of)
            at = put_array_header(at, selection.count)
            for value in values:
                at = put_bytes(at, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
            if any_kept:
                at = put_array_header(at, selection.count)
                for number in range(selection.count):
                    at = put_uint(at, selection._picked[number])
            layer.end(selection.viewer, at)
        if layer._size:
            self._values.append(layer)

    def bodies(self):
        cdef list bodies = []
        cdef Py_ssize_t viewer, size
        cdef uint8_t *body = NULL
        cdef uint8_t *at
        cdef Py_ssize_t capacity = 0
        cdef void *grown
        try:
            for viewer in range(self._count):
                # What comes to be sorted ids of 8 bytes is written as gaps of up to 9.
                size = 4 * MAX_HEADER + 2 * size_in(self._leaves, viewer)
                for layers in (self._enters, self._changes, self._values):
                    size += size_in(layers, viewer)
                if size > capacity:
                    grown = PyMem_Realloc(body, 2 * size)
                    if grown == NULL:
                        raise MemoryError
                    body, capacity = <uint8_t *>grown, 2 * size
                at = put_leaves(body, self._leaves, viewer)
                at = put_item(at, self._enters, viewer)
                at = put_item(at, self._changes, viewer)
                at = put_item(at, self._values, viewer)
                bodies.append(PyBytes_FromStringAndSize(<char *>body, at - body))
        finally:
            PyMem_Free(body)
        return bodies


cdef uint8_t *put_rows(uint8_t *at, const uint8_t[:, ::1] matrix, Selection selection) noexcept:
    """Write the rows of a matrix that are picked, as one bin."""
    cdef Py_ssize_t number, size = matrix.shape[1]
    at = put_bin_header(at, selection.count * size)
    if size:
        for number in range(selection.count):
            at = put_bytes(at, &matrix[selection._picked[number], 0], size)
    return at


cdef bytes packed_of(dict known, column, int64_t row, Py_ssize_t first):
    """Return a value packed, or the part of a list from `first` on. Each is packed once, and kept in `known`."""
    value = known.get(row)
    if value is None:
        value = known[row] = pack_value(column[row][first:] if first else column[row])
    return value


cdef Py_ssize_t size_in(list layers, Py_ssize_t viewer):
    """Return how many bytes a viewer has in some layers."""
    cdef Layer layer
    cdef Py_ssize_t size = 0
    for layer in layers:
        size += layer.size_of(viewer)
    return size


cdef uint8_t *put_item(uint8_t *at, list layers, Py_ssize_t viewer):
    """Write the array of a viewer's blocks, one for each layer that has any bytes of it."""
    cdef Layer layer
    cdef Py_ssize_t count = 0
    for layer in layers:
        count += layer.size_of(viewer) > 0
    at = put_array_header(at, count)
    for layer in layers:
        at = put_bytes(at, layer._data + layer._starts[viewer], layer.size_of(viewer))
    return at


cdef uint8_t *put_leaves(uint8_t *at, list layers, Py_ssize_t viewer) except NULL:
    """Write the ids that leave, of all types together."""
    cdef Layer layer
    cdef Py_ssize_t size = size_in(layers, viewer)
    cdef int64_t *ids
    cdef uint8_t *next_id
    if not size:
        return put_array_header(at, 0)
    ids = <int64_t *>PyMem_Malloc(size)
    if ids == NULL:
        raise MemoryError
    next_id = <uint8_t *>ids
    for layer in layers:
        next_id = put_bytes(next_id, layer._data + layer._starts[viewer], layer.size_of(viewer))
    if len(layers) > 1:
        qsort(ids, size // sizeof(int64_t), sizeof(int64_t), by_value)
    at = put_gaps(at, ids, size // sizeof(int64_t))
    PyMem_Free(ids)
    return at
