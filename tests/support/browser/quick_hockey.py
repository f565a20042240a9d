"""Hockey with matches of two seconds, so that a browser test sees a whole one, and the next."""

from collections.abc import Mapping

from gameserver import Rounds
from gameserver.games.hockey import Hockey


class QuickHockey(Hockey):
    kind = "hockey"

    def on_create(self, options: Mapping[str, object]) -> None:
        super().on_create(options)
        self.rounds = Rounds(
            self, min_players=1, countdown_s=0.5, play_s=2.0, results_s=60.0, start=self._start, end=self._end
        )
