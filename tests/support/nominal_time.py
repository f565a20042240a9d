"""Processor time as it would be on the machine that the tests' bounds were measured on. Machines differ, and one is
slower while others use it, so each measurement is compared with a loop beside it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from time import process_time
from typing import TYPE_CHECKING, Final

from gameserver.protocol.codec import decode_client
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.protocol.constants import Limits

LOOP: Final = 20_000
LOOP_S: Final = 300e-6
"""What making a list of LOOP numbers takes on that machine."""


def nominal_s(work: Callable[[], object], runs: int = 10) -> float:
    """Return the least time that `work` took in several runs, in seconds on that machine."""
    return min(_measure(work) / _measure(_loop) for _ in range(runs)) * LOOP_S


def decode_cost_s(data: bytes, limits: Limits) -> float:
    """Return what a message costs to take or to refuse, in seconds on that machine."""
    return nominal_s(partial(_take_or_refuse, data, limits))


def _take_or_refuse(data: bytes, limits: Limits) -> None:
    with suppress(ProtocolError):
        decode_client(data, limits)


def _loop() -> object:
    return [2 * number for number in range(LOOP)]


def _measure(work: Callable[[], object]) -> float:
    began = process_time()
    work()
    return process_time() - began
