"""The game with rounds of docs/guide/writing-a-game.md plays as the page says."""

from __future__ import annotations

import re
from typing import Any

from gameserver.testing import game
from tests.support.source import ROOT

PAGE = (ROOT / "docs/guide/writing-a-game.md").read_text("utf-8")


def printed_room() -> Any:
    """The room class of the section on rounds."""
    block = re.search(r"## Rounds\n.*?```python\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(block[1], "writing-a-game.md", "exec", dont_inherit=True), names)
    names["ClickRace"].entities = ()
    return names["ClickRace"]


def test_two_play_a_round_and_a_rematch() -> None:
    with game(printed_room()) as play:
        ada, bob = play.join(name="Ada"), play.join(name="Bob")
        for clicks in (3, 2):
            ada.send("ready")
            bob.send("ready")
            play.until(lambda: ada.room.phase == "playing")
            for _ in range(clicks):
                bob.send("click")
                play.ticks(2)
            assert [entry.clicks for entry in ada.roster] == [0, clicks]
            play.until(lambda: ada.room.phase == "results")
        play.ticks(5)
        assert (ada.room.round, [payload for name, payload in ada.events if name == "won"]) == (2, [{"number": 2}] * 2)
        ada.send("ready")
        bob.send("ready")
        play.until(lambda: ada.room.phase == "playing")
        ada.leave()
        bob.leave()
        play.ticks(5)
        assert play.room.state.phase == "results", "the rules have not failed"
