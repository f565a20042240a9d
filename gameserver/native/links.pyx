# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What runs for each message of a link that a room polls: socket → frame → limits → INPUT → queue → ack.

Each class does what the Python beside it does, and has its names: that is the reference, and tests compare the two.

    InputQueue, Window      gameserver/sync/inputs.py, window.py
    TokenBucket             gameserver/sync/token_bucket.py
    InputHandler            gameserver/hub/peer.py, for the one message that every player sends in every tick
    LinkReader, read_links  gameserver/net/socket_transport.py, poller.py

They are fast because a message becomes no Python object on its way from the socket to the queue. So queue, window and
buckets are the only ones of their link, and the Python code uses the same ones: a limit is never counted twice. What is
not the common case is left to Python with nothing taken from it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.math cimport INFINITY, ceil
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memmove

from gameserver.protocol import constants
from gameserver.sync.inputs import MIN_QUEUED_FRAMES
from gameserver.sync.token_bucket import ROUNDING_S
from gameserver.sync.window import ROUND_TRIP_PERIOD_S, SLACK_S

cdef extern from *:
    """
    #ifdef __linux__
    #include <errno.h>
    #include <string.h>
    #include <sys/socket.h>
    #include <sys/uio.h>
    #include <time.h>

    /* Read without waiting. -1: nothing has come; -2: the connection is broken. `at_s` is when the last byte arrived,
       on the wall clock, or -1 where the kernel does not say. */
    static Py_ssize_t read_socket(int fd, unsigned char *buffer, size_t size, double *at_s) {
        struct iovec part = {buffer, size};
        union { char space[CMSG_SPACE(sizeof(struct timespec))]; struct cmsghdr aligned; } control;
        struct msghdr message;
        struct cmsghdr *head;
        Py_ssize_t count;
        memset(&message, 0, sizeof message);
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        count = recvmsg(fd, &message, MSG_DONTWAIT);
        *at_s = -1.0;
        if (count < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? -1 : -2;
        head = CMSG_FIRSTHDR(&message);
        if (head != NULL && head->cmsg_len >= CMSG_LEN(sizeof(struct timespec))) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(head), sizeof at);
            *at_s = (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
        }
        return count;
    }
    #else
    /* Rooms poll on Linux only (gameserver/net/poller.py). */
    static Py_ssize_t read_socket(int fd, unsigned char *buffer, size_t size, double *at_s) { return -2; }
    #endif
    """
    Py_ssize_t read_socket(int fd, unsigned char *buffer, size_t size, double *at_s) noexcept


cdef enum:
    HEAD_ITEMS = 3  # seq, ack, behind
    MAX_ITEMS = 14  # of an INPUT, beside its id: the most in an array with a header of one byte
    SHORT_ARRAY = 0x90
    FRAME_HEAD = 6  # of a short masked frame
    WHOLE_BINARY = 0x82
    MASKED = 0x80
    SHORT = 126
    READ_BYTES = 448  # FIRST_READ_BYTES of gameserver/net/socket_transport.py

MAX_INPUT_ITEMS = MAX_ITEMS
cdef int64_t INPUT = constants.ClientMessage.INPUT
cdef int64_t MAX_LEAD = constants.MAX_LEAD
cdef int64_t LEAD_UNITS_PER_TICK = constants.LEAD_UNITS_PER_TICK
cdef int64_t BEHIND_UNITS_PER_TICK = constants.BEHIND_UNITS_PER_TICK
cdef double TOLERANCE_S = ROUNDING_S
cdef double PERIOD_S = ROUND_TRIP_PERIOD_S
cdef double ALLOWED_S = SLACK_S


# --- what a link holds


cdef class InputQueue:
    """One player's input frames, in two arrays: of numbers (seq, seen and the codes of each frame), and of times."""

    def __cinit__(self, *, double hold_s, int64_t tick_hz, tuple neutral not None):
        self._width = len(neutral) + 2
        self._hold_ticks = max(<int64_t>MIN_QUEUED_FRAMES, <int64_t>ceil(hold_s * tick_hz))
        self._held = self._hold_ticks
        self._lead_units_per_s = <double>(LEAD_UNITS_PER_TICK * tick_hz)
        self._last = self.neutral = neutral
        self._grow(MIN_QUEUED_FRAMES)

    def __dealloc__(self):
        PyMem_Free(self._rows)
        PyMem_Free(self._times)

    def __len__(self):
        return self._count

    cdef int _grow(self, Py_ssize_t capacity) except -1:
        cdef void *rows = PyMem_Realloc(self._rows, capacity * self._width * sizeof(int64_t))
        cdef void *times = NULL
        if rows != NULL:
            self._rows = <int64_t *>rows
            times = PyMem_Realloc(self._times, capacity * sizeof(double))
        if times == NULL:
            raise MemoryError
        self._times = <double *>times
        self._capacity = capacity
        return 0

    @property
    def lead(self):
        return self._lead if self._has_lead else None

    @lead.setter
    def lead(self, value):
        self._has_lead = value is not None
        if value is not None:
            self._lead = value

    def push(self, int64_t seq, tuple codes, double at_s, int64_t seen=0):
        cdef int64_t *row
        cdef int64_t code
        cdef Py_ssize_t number
        if len(codes) != self._width - 2:
            raise ValueError(f"a frame has {self._width - 2} codes, got {len(codes)}")
        for code in codes:
            pass  # each is an integer of 64 bits; otherwise nothing is queued
        row = self._append(seq, at_s, seen)
        if row != NULL:
            for number in range(len(codes)):
                row[number] = codes[number]

    cdef int64_t *_append(self, int64_t seq, double at_s, int64_t seen) except? NULL:
        """Queue a frame, and return where its codes belong. NULL: it is dropped, since it is not newer than all others.
        """
        cdef int64_t *row
        if seq <= self._newest:
            return NULL
        if self._count == self._hold_ticks:
            self._drop_first()
            self.trimmed += 1
        elif self._count == self._capacity:
            self._grow(2 * self._capacity)
        self._newest = seq
        row = self._rows + self._count * self._width
        row[0], row[1] = seq, seen
        self._times[self._count] = at_s
        self._count += 1
        return row + 2

    cdef void _drop_first(self) noexcept:
        self._count -= 1
        memmove(self._rows, self._rows + self._width, self._count * self._width * sizeof(int64_t))
        memmove(self._times, self._times + 1, self._count * sizeof(double))

    def take(self, double now_s, int64_t tick):
        cdef int64_t *row = self._rows
        cdef int64_t now
        cdef Py_ssize_t number
        cdef double lead
        if self._count == 0:
            return self._take_missing()
        self.consumed = row[0]
        lead = (now_s - self._times[0]) * self._lead_units_per_s
        self._lead = 0 if lead < 0 else MAX_LEAD if lead > MAX_LEAD else <int64_t>lead
        self._has_lead = True
        self._held = 0
        now = tick * BEHIND_UNITS_PER_TICK
        if row[1] > self._seen:
            self._seen = min(now, row[1])
        self.lag = now - self._seen if self._seen > 0 else 0
        self._last = tuple([row[number] for number in range(2, self._width)])
        self._drop_first()
        return self._last

    cdef tuple _take_missing(self):
        if self.consumed:
            self.missed += 1
        if self._held >= self._hold_ticks:
            return self.neutral
        self._held += 1
        return self._last

    def restore(self, int64_t consumed, int64_t missed, int64_t trimmed):
        self.consumed, self.missed, self.trimmed = consumed, missed, trimmed
        self.clear()

    def clear(self):
        self._count = 0
        self._newest = self.consumed
        self._held = self._hold_ticks
        self._has_lead = False


cdef class Window:
    """The ticks of the snapshots that are in flight to one client."""

    def __cinit__(self, int64_t limit, int64_t tick_hz, int64_t snapshot_every=1):
        self._snapshot_every = snapshot_every
        self._slack_ticks = <int64_t>ceil(ALLOWED_S * tick_hz)
        self._period_ticks = PERIOD_S * tick_hz
        self.limit = limit
        self.restart()

    def __dealloc__(self):
        PyMem_Free(self._in_flight)

    def __len__(self):
        return self._count

    def restart(self):
        self._count = 0
        self.width = self.limit
        self._before = self._lowest = INFINITY
        self._until = -INFINITY
        self._counts = True
        self.open = self.limit > 0

    def stay_open(self):
        self._counts = False
        self._count = 0
        self.open = True

    def sent(self, int64_t tick):
        self._sent(tick)

    cdef int _sent(self, int64_t tick) except -1:
        cdef void *grown
        if not self._counts:
            return 0
        if self._count == self._capacity:
            grown = PyMem_Realloc(self._in_flight, (2 * self._capacity + 4) * sizeof(int64_t))
            if grown == NULL:
                raise MemoryError
            self._in_flight = <int64_t *>grown
            self._capacity = 2 * self._capacity + 4
        self._in_flight[self._count] = tick
        self._count += 1
        self.open = self._count < self.width
        return 0

    def ack(self, int64_t tick, int64_t newest_tick):
        self._ack(tick, newest_tick)

    cdef void _ack(self, int64_t tick, int64_t newest_tick) noexcept:
        cdef Py_ssize_t arrived = 0
        cdef int64_t round_trip
        while arrived < self._count and self._in_flight[arrived] <= tick:
            arrived += 1
        if arrived == 0:
            return
        round_trip = newest_tick - self._in_flight[arrived - 1]
        self._count -= arrived
        memmove(self._in_flight, self._in_flight + arrived, self._count * sizeof(int64_t))
        if round_trip < self._lowest or newest_tick > self._until:
            self._measure(round_trip, newest_tick)
        self.open = self._count < self.width

    def clear(self):
        self._count = 0
        self.open = self.width > 0

    cdef void _measure(self, int64_t round_trip, int64_t newest_tick) noexcept:
        cdef double needed
        if newest_tick > self._until:
            self._until = newest_tick + self._period_ticks
            self._before, self._lowest = self._lowest, INFINITY
        self._lowest = min(self._lowest, <double>round_trip)
        needed = (min(self._before, self._lowest) + self._slack_ticks) / self._snapshot_every
        self.width = min(self.limit, 1 + <int64_t>ceil(needed))


cdef class TokenBucket:
    """A bucket that gains `rate_per_s` tokens a second and holds at most `burst`; full at first."""

    cdef double _token_s, _burst_s, _empty_at_s

    def __cinit__(self, double rate_per_s, double burst, double now_s):
        self._token_s, self._burst_s = 1.0 / rate_per_s, burst / rate_per_s
        self._empty_at_s = now_s - self._burst_s

    def take(self, double amount, double now_s):
        cdef double empty_at_s = self._empty_after(amount, now_s)
        if empty_at_s > now_s + TOLERANCE_S:
            return False
        self._empty_at_s = empty_at_s
        return True

    cdef double _empty_after(self, double amount, double now_s) noexcept:
        """When the bucket was, or would have been, empty, if `amount` tokens are taken now."""
        cdef double empty_at_s = self._empty_at_s
        if empty_at_s < now_s - self._burst_s:
            empty_at_s = now_s - self._burst_s
        return empty_at_s + amount * self._token_s


# --- INPUT


cdef class InputFormat:
    """The lowest and highest value of each item of an INPUT; all links of a kind share it."""

    cdef int64_t lowest[MAX_ITEMS]
    cdef int64_t highest[MAX_ITEMS]
    cdef Py_ssize_t items

    def __cinit__(self, list ranges not None):
        if not HEAD_ITEMS <= len(ranges) <= MAX_ITEMS:
            raise ValueError(f"an INPUT has {HEAD_ITEMS} to {MAX_ITEMS} items here, got {len(ranges)}")
        self.items = len(ranges)
        for number, (lowest, highest) in enumerate(ranges):
            self.lowest[number], self.highest[number] = lowest, highest

    cdef bint decode(self, const uint8_t *data, Py_ssize_t size, int64_t *values) noexcept:
        """Read the items of an INPUT. False: it is another message, invalid, or has a rare form."""
        cdef Py_ssize_t at = 2, number, used
        if size < 2 or data[0] != SHORT_ARRAY + self.items + 1 or data[1] != INPUT:
            return False
        for number in range(self.items):
            used = unpack_integer(data + at, size - at, &values[number])
            if used == 0 or values[number] < self.lowest[number] or values[number] > self.highest[number]:
                return False
            at += used
        return at == size


cdef Py_ssize_t unpack_integer(const uint8_t *data, Py_ssize_t size, int64_t *value) noexcept:
    """Read a msgpack integer of up to 32 bits. Return how many bytes it has; 0: there is none."""
    cdef uint8_t first
    if size < 1:
        return 0
    first = data[0]
    if first < 0x80 or first >= 0xE0:
        value[0] = <int8_t>first
        return 1
    if size >= 2 and (first == 0xCC or first == 0xD0):
        value[0] = <int64_t>data[1] if first == 0xCC else <int64_t><int8_t>data[1]
        return 2
    if size >= 3 and (first == 0xCD or first == 0xD1):
        value[0] = data[1] << 8 | data[2]
        if first == 0xD1:
            value[0] = <int16_t><uint16_t>value[0]
        return 3
    if size >= 5 and (first == 0xCE or first == 0xD2):
        value[0] = <int64_t>data[1] << 24 | data[2] << 16 | data[3] << 8 | data[4]
        if first == 0xD2:
            value[0] = <int32_t><uint32_t>value[0]
        return 5
    return 0


cdef class InputHandler:
    """What `Peer.receive` does with a valid INPUT that keeps the limits.

    The peer arms it when an INPUT has taken the Python way, and disarms it when anything changes that it relies on: the
    session, its room, what the link may send.
    """

    cdef InputFormat _format
    cdef TokenBucket _messages, _bytes
    cdef Py_ssize_t _max_message_bytes
    cdef InputQueue _queue
    cdef Window _window
    cdef object _engine
    cdef readonly bint armed
    cdef readonly double heard_at_s

    def __cinit__(self):
        self.heard_at_s = -INFINITY

    def arm(self, form, messages, sizes, Py_ssize_t max_message_bytes, queue, window, engine):
        self.disarm()
        for part, kind in ((form, InputFormat), (messages, TokenBucket), (sizes, TokenBucket), (queue, InputQueue)):
            if type(part) is not kind:
                return  # made by Python, while this path was not used
        if type(window) is not Window:
            return
        self._format, self._messages, self._bytes = form, messages, sizes
        self._max_message_bytes = max_message_bytes
        self._queue, self._window, self._engine = queue, window, engine
        if self._queue._width - 2 != self._format.items - HEAD_ITEMS:
            raise ValueError("the queue holds other frames than the format describes")
        self.armed = True

    def disarm(self):
        self.armed = False
        self._queue = None
        self._window = None
        self._engine = None

    def receive(self, data, double at_s):
        if not self.armed or type(data) is not bytes:
            return False
        return self._receive(<const uint8_t *>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), at_s)

    cdef bint _receive(self, const uint8_t *data, Py_ssize_t size, double at_s) except -1:
        """Handle one message. False: it is none for here, and nothing has changed."""
        cdef int64_t values[MAX_ITEMS]
        cdef int64_t *row
        cdef int64_t seen
        cdef double messages_empty_at_s, bytes_empty_at_s
        if size > self._max_message_bytes or not self._format.decode(data, size, values):
            return False
        messages_empty_at_s = self._messages._empty_after(1.0, at_s)
        bytes_empty_at_s = self._bytes._empty_after(<double>size, at_s)
        if max(messages_empty_at_s, bytes_empty_at_s) > at_s + TOLERANCE_S:
            return False
        self._messages._empty_at_s = messages_empty_at_s
        self._bytes._empty_at_s = bytes_empty_at_s
        self.heard_at_s = at_s
        seen = values[1] * BEHIND_UNITS_PER_TICK - values[2]
        row = self._queue._append(values[0], at_s, seen)
        if row != NULL:
            memcpy(row, values + HEAD_ITEMS, (self._format.items - HEAD_ITEMS) * sizeof(int64_t))
        self._window._ack(values[1], self._engine.tick_number)
        return True


# --- sockets


cdef class LinkReader:
    """The socket of one link, while a room polls it."""

    cdef int _fd
    cdef public InputHandler inputs
    cdef public bint idle
    cdef readonly int64_t bytes_in, messages_in

    def __cinit__(self):
        self._fd = -1

    def start(self, int fd):
        self._fd = fd

    def stop(self):
        self._fd = -1


def read_links(list transports not None, list readers not None, poller, clock):
    """Read every link once, without waiting, and handle what is nothing unusual.

    Args:
        transports: The transports of the links.
        readers: Their readers, in the same order.
        poller: Handles the rest: `poll_slowly` is called for a link whose transport must be asked first, `take_rest`
            with bytes that are no short binary frames, `note_failed` after a peer has raised.
        clock: A ReceiveClock.
    """
    cdef LinkReader reader
    cdef uint8_t buffer[READ_BYTES]
    cdef Py_ssize_t size, used, number
    cdef double at_s, now_s = clock.now_s, earliest_s = clock.earliest_s, offset_s = clock.offset_s
    cdef object transport
    for number in range(PyList_GET_SIZE(readers)):
        reader = <LinkReader>PyList_GET_ITEM(readers, number)
        if reader._fd < 0:
            continue  # a message read earlier in this poll has ended this link
        if not reader.idle:
            poller.poll_slowly(<object>PyList_GET_ITEM(transports, number))
            continue
        size = read_socket(reader._fd, buffer, READ_BYTES, &at_s)
        if size == -1:
            continue
        at_s = now_s if at_s < 0.0 else at_s + offset_s
        if at_s > now_s:
            at_s = now_s
        elif at_s < earliest_s:
            at_s = earliest_s
        transport = <object>PyList_GET_ITEM(transports, number)
        if size < 0:
            transport.fail()
            continue
        try:
            used = take_frames(reader, transport, buffer, size, at_s)
            if used < size or size == 0 or size == READ_BYTES:
                rest = PyBytes_FromStringAndSize(<char *>buffer + used, size - used)
                poller.take_rest(transport, rest, at_s, size)
        except Exception:
            poller.note_failed(transport)


cdef Py_ssize_t take_frames(LinkReader reader, transport, const uint8_t *data, Py_ssize_t size, double at_s) except -1:
    """Handle the short binary frames that the bytes begin with, and return how many bytes these have."""
    cdef uint8_t payload[SHORT]
    cdef const uint8_t *frame
    cdef Py_ssize_t at = 0, length, i
    while size - at >= FRAME_HEAD and data[at] == WHOLE_BINARY and MASKED <= data[at + 1] < MASKED + SHORT:
        frame = data + at
        length = frame[1] - MASKED
        if at + FRAME_HEAD + length > size:
            break
        for i in range(length):
            payload[i] = frame[FRAME_HEAD + i] ^ frame[2 + (i & 3)]
        at += FRAME_HEAD + length
        reader.bytes_in += FRAME_HEAD + length
        reader.messages_in += 1
        if reader.inputs is None or not (reader.inputs.armed and reader.inputs._receive(payload, length, at_s)):
            transport.receive(PyBytes_FromStringAndSize(<char *>payload, length), at_s)
    return at
