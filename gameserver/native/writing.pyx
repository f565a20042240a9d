# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What runs for each viewer that gets a STATE: head → body → frame → socket → window.

`LinkWriter.offer_state` does what these do in Python, one after the other; that is the reference, and tests compare the
two.

    encode_state                                gameserver/protocol/codec.py
    binary_frames                               gameserver/net/frames.py
    SocketTransport.offer                       gameserver/net/socket_transport.py
    the queue and window of Session.state_sent  gameserver/room/session.py

It is fast because a viewer's STATE becomes no Python object: viewers with the same base get the same body, so it stays
where it is in memory, and each viewer's head is written in front of it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy

from gameserver.native.integers cimport MAX_UINT, put_big_endian, put_uint
from gameserver.native.links cimport InputQueue, Window

cdef extern from *:
    """
    #ifndef _WIN32
    #include <errno.h>
    #include <sys/socket.h>

    /* Write without waiting, to a socket that does not wait. -1: the kernel takes nothing now; -2: the connection is
       broken. Python ignores SIGPIPE. */
    static Py_ssize_t write_socket(int fd, const unsigned char *data, size_t size) {
        Py_ssize_t count;
        do
            count = send(fd, data, size, 0);
        while (count < 0 && errno == EINTR);
        if (count < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : -2;
        return count;
    }
    #else
    /* There, all links are streams of trio's (gameserver/net/connection.py). */
    static Py_ssize_t write_socket(int fd, const unsigned char *data, size_t size) { return -2; }
    #endif
    """
    Py_ssize_t write_socket(int fd, const uint8_t *data, size_t size) noexcept


cdef enum:
    UNWRITTEN = -1  # UNWRITTEN of gameserver/native/__init__.py
    NIL = 0xC0
    WHOLE_BINARY = 0x82
    SHORT = 126
    MAX_16_BITS = 0xFFFF
    MAX_FRAME_HEAD = 4  # the longest of a payload of 16 bits
    MAX_SHARED_HEAD = 32
    MAX_HEAD = MAX_FRAME_HEAD + MAX_SHARED_HEAD + 2 * MAX_UINT
    MAX_BODY = MAX_16_BITS - MAX_HEAD


cdef uint8_t data[MAX_HEAD + MAX_BODY]
"""A frame: what is before MAX_HEAD is the viewer's own, what is behind it `last_body`. There is one for all rooms: in
memory that is used all the time, the processor's caches have it."""

cdef bytes last_body = b""


cdef class LinkWriter:
    """The socket of one link, while it runs."""

    cdef int _fd
    cdef object _transport
    cdef public bint ready
    cdef readonly int64_t bytes_out, messages_out

    def __cinit__(self):
        self._fd = -1

    def start(self, int fd, transport not None):
        self._fd, self._transport = fd, transport

    def stop(self):
        self._fd, self._transport = -1, None

    def offer_state(self, queue, window, bytes shared_head not None, bytes body not None, int64_t tick):
        """Write a STATE, and note in queue and window that it was sent.

        Args:
            queue: The viewer's input queue.
            window: The viewer's window.
            shared_head: What `shared_state_head` returned.
            body: The last four items, packed.
            tick: The snapshot's.

        Returns:
            The size of the STATE; 0: the link takes nothing now; UNWRITTEN: Python has to offer it.
        """
        cdef Py_ssize_t size, frame_size, sent
        cdef uint8_t *start
        if type(queue) is not InputQueue or type(window) is not Window:
            return UNWRITTEN  # made by Python, while this path was not used
        if PyBytes_GET_SIZE(shared_head) > MAX_SHARED_HEAD or PyBytes_GET_SIZE(body) > MAX_BODY:
            return UNWRITTEN
        if not self.ready or self._fd < 0:
            return 0
        keep_body(body)
        size = PyBytes_GET_SIZE(body)
        start = put_head(<InputQueue>queue, shared_head, &size)
        frame_size = data + MAX_HEAD + PyBytes_GET_SIZE(body) - start
        sent = write_socket(self._fd, start, frame_size)
        if sent < 0:
            if sent == -1:
                self._transport.note_full()
            else:
                self._transport.fail()
            return 0
        self.bytes_out += sent
        self.messages_out += 1
        if sent < frame_size:
            self._transport.keep_rest(PyBytes_FromStringAndSize(<char *>start + sent, frame_size - sent))
        (<InputQueue>queue)._has_lead = False
        (<Window>window)._sent(tick)
        return size


cdef void keep_body(bytes body):
    global last_body
    if body is not last_body:
        memcpy(data + MAX_HEAD, PyBytes_AS_STRING(body), PyBytes_GET_SIZE(body))
        last_body = body


cdef uint8_t *put_head(InputQueue queue, bytes shared_head, Py_ssize_t *size) noexcept:
    """Write all that is in front of the body, and return where it begins. `size` is the body's, and becomes the
    message's."""
    cdef uint8_t numbers[2 * MAX_UINT]
    cdef uint8_t *end = put_uint(numbers, queue.consumed)
    cdef uint8_t *start
    if queue._has_lead:
        end = put_uint(end, queue._lead)
    else:
        end[0] = NIL
        end += 1
    start = data + MAX_HEAD - (end - numbers)
    memcpy(start, numbers, end - numbers)
    start -= PyBytes_GET_SIZE(shared_head)
    memcpy(start, PyBytes_AS_STRING(shared_head), PyBytes_GET_SIZE(shared_head))
    size[0] += data + MAX_HEAD - start
    if size[0] < SHORT:
        start -= 2
        start[1] = <uint8_t>size[0]
    else:
        start -= 4
        start[1] = SHORT
        put_big_endian(start + 2, size[0], 2)
    start[0] = WHOLE_BINARY
    return start
