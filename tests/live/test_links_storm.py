"""Players on a bad network resume whenever their link breaks, and miss no event."""

from __future__ import annotations

import pytest

from tests.scenarios.storm import Storm, run_storm


@pytest.mark.parametrize(
    "storm",
    [
        Storm(bots=12, seconds=20, reset_every_s=5),
        Storm(bots=6, seconds=8, reset_every_s=2, transport="ordinary"),
    ],
    ids=lambda storm: storm.transport,
)
async def test_no_event_is_lost_or_duplicated_and_nobody_is_missing_or_there_twice(storm: Storm) -> None:
    seen = await run_storm(storm)
    assert seen["wrong"] == [], seen
    assert seen["resumes"] >= storm.bots * seen["resets"] * 0.9
    assert seen["beats"] > storm.bots * storm.seconds * 3, "five beats a second, those while away included"
