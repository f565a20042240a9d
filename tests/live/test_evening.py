"""Players wait in a queue, travel into matches and back, and nobody gets lost on the way."""

from __future__ import annotations

from tests.scenarios.evening import Crowd, run_evening


async def test_everyone_plays_match_after_match() -> None:
    seen = await run_evening(Crowd(players=40, seconds=22))
    assert seen["wrong"] == [], seen
