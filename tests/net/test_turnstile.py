"""What strangers cause is spread over the rounds of the event loop."""

from __future__ import annotations

import trio
import trio.testing

from gameserver.net.turnstile import PacedStream, Turnstile


class Rounds(trio.abc.Instrument):
    """Counts the rounds of the event loop."""

    def __init__(self) -> None:
        self.count = 0

    def after_io_wait(self, timeout: float) -> None:
        self.count += 1


async def passed_in(turnstile: Turnstile, tasks: int) -> list[tuple[int, int]]:
    """Let tasks wait for their turn at the same time. Return the round in which each passed, and its number."""
    rounds = Rounds()
    passed: list[tuple[int, int]] = []

    async def pass_once(number: int, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await trio.lowlevel.checkpoint()
        await turnstile.wait_turn()
        passed.append((rounds.count, number))

    trio.lowlevel.add_instrument(rounds)
    async with trio.open_nursery() as nursery:
        for number in range(tasks):
            await nursery.start(lambda number=number, **status: pass_once(number, **status))
    trio.lowlevel.remove_instrument(rounds)
    return passed


async def test_one_task_passes_in_each_round() -> None:
    rounds = [at for at, _ in await passed_in(Turnstile(), 50)]
    assert len(set(rounds)) == 50


async def test_a_task_that_is_cancelled_while_it_waits_holds_nobody_up(autojump_clock: trio.testing.MockClock) -> None:
    turnstile = Turnstile()
    with trio.move_on_after(0):
        await turnstile.wait_turn()
    with trio.fail_after(1):
        await turnstile.wait_turn()


async def test_a_paced_stream_gives_what_has_come_and_is_closed_with_what_is_below() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    paced = PacedStream(ours, Turnstile())
    await theirs.send_all(b"hello")
    assert await paced.receive_some(10) == b"hello"
    paced.paced = False
    await theirs.send_all(b"again")
    assert await paced.receive_some(10) == b"again"
    await paced.wait_send_all_might_not_block()
    await paced.send_all(b"back")
    assert await theirs.receive_some(10) == b"back"
    await paced.aclose()
    assert await theirs.receive_some(10) == b""
