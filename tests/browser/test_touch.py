"""Two people pass the puck in two browsers, with 150 ms each way; the scenario has how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scenarios.passing import play

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.browser.page import Enter


@pytest.mark.slow
def test_two_people_pass_the_puck_at_150_ms_each_way_and_each_touch_answers_at_once(
    enter: Enter, tmp_path: Path
) -> None:
    for trace in play(enter, 16.0, tmp_path):
        assert len(trace.overlaps) > 0, "the puck was played alone"
        assert max(trace.overlaps) < 8.0, "1, where no frame of input is late"
        assert max(trace.puck_steps) < 110.0, "of an error at the snap bound a 60th of a second takes 15 %"
        assert max(trace.other_steps) < 110.0
