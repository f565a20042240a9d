"""Messages arrive whole and in order, and each socket with its message."""

from __future__ import annotations

import os
import resource
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from gameserver.workers import messages
from gameserver.workers.pipe import MAX_WAITING, Pipe, PipeBroken

if TYPE_CHECKING:
    from collections.abc import Iterator

LINK = messages.HandedLink("key", "gameserver.v1", {"sub": "ada"}, "127.0.0.1", b"\x82\x85", "abc", 7)


@contextmanager
def pipes() -> Iterator[tuple[Pipe[messages.ToWorker], Pipe[messages.ToDirector]]]:
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    worker, director = (
        Pipe[messages.ToWorker](ours, messages.ToWorker),
        Pipe[messages.ToDirector](theirs, messages.ToDirector),
    )
    try:
        yield worker, director
    finally:
        worker.close()
        director.close()


async def test_each_message_arrives_with_the_socket_that_it_was_posted_with() -> None:
    pairs = [socket.socketpair() for _ in range(40)]
    with pipes() as (worker, director):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.send_posted)
            for number, (near, _) in enumerate(pairs):
                worker.post(messages.DescribeAll(number))
                worker.post(messages.HandOver(number, LINK), near)
            for number, (_, far) in enumerate(pairs):
                assert await director.receive() == (messages.DescribeAll(number), None)
                received = await director.receive()
                assert received is not None
                message, sock = received
                assert message == messages.HandOver(number, LINK)
                assert sock is not None
                with sock, far:
                    far.send(str(number).encode())
                    await trio.lowlevel.wait_readable(sock)
                    assert sock.recv(10) == str(number).encode()
            nursery.cancel_scope.cancel()


async def test_a_message_larger_than_the_kernel_s_buffer_arrives() -> None:
    description = messages.WorkerDescription({"rooms": ["x" * 1_000] * 2_000}, [])
    with pipes() as (worker, director):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.send_posted)
            worker.post(messages.Described(1, description))
            assert await director.receive() == (messages.Described(1, description), None)
            nursery.cancel_scope.cancel()


@contextmanager
def no_more_files() -> Iterator[None]:
    """No file descriptor can be opened meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.dup(0)
    os.close(probe)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_socket_that_finds_no_free_descriptor_is_lost_alone() -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    with pipes() as (worker, director):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.send_posted)
            worker.post(messages.HandOver(0, LINK), pairs[0][0])
            await trio.testing.wait_all_tasks_blocked()
            with no_more_files():
                assert await director.receive() == (messages.HandOver(0, LINK), None)
                worker.post(messages.DescribeAll(7))
                assert await director.receive() == (messages.DescribeAll(7), None)
            assert pairs[0][1].recv(1) == b"", "the client sees the end of its connection"
            worker.post(messages.HandOver(1, LINK), pairs[1][0])
            received = await director.receive()
            assert received is not None
            assert received[1] is not None
            received[1].close()
            nursery.cancel_scope.cancel()
    for pair in pairs:
        for end in pair:
            end.close()


async def test_the_end_is_none_and_queued_sockets_are_closed() -> None:
    near, far = socket.socketpair()
    with pipes() as (worker, director), far:
        worker.post(messages.HandOver(0, LINK), near)
        worker.close()
        assert await director.receive() is None
        assert near.fileno() == -1


async def test_messages_to_a_process_that_never_reads_are_bounded() -> None:
    with pipes() as (worker, _):
        assert all(worker.post(messages.DescribeAll(number)) for number in range(MAX_WAITING))
        near, far = socket.socketpair()
        with far:
            assert not worker.post(messages.HandOver(0, LINK), near)
            assert near.fileno() == -1


@pytest.mark.parametrize("data", [b"\x01\0\0\0\0\xc1", b"\xff\xff\xff\xff\0", b"\x01\0\0\0\0\x01"])
async def test_bytes_that_are_no_message_are_an_error(data: bytes) -> None:
    with pipes() as (worker, director):
        os.write(worker._sock.fileno(), data)
        with pytest.raises(PipeBroken):
            await director.receive()
