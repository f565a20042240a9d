"""Many who want a seat, cut off at any step: never more players than seats, and no seat is lost."""

from __future__ import annotations

import pytest

from tests.scenarios.seats import Rush, Seeker, run_rush


@pytest.mark.parametrize("workers", [1, 2])
async def test_no_seat_is_given_twice_and_none_is_lost(workers: int) -> None:
    seen = await run_rush(Rush(attempts=250, workers=workers))
    assert seen["wrong"] == [], seen
    assert all(seen["seen"][step] for step in Seeker.STEPS), seen
