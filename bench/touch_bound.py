"""How well a contested ball could be predicted if a client knew more of what the other player presses.

    python -m bench.touch_bound

Two players push one ball to opposite sides, as in `tests/scenarios/touch.py`, at 100 ± 20 ms each way. In `one round
trip` each client also knows every input frame of the other that was made a round trip ago or earlier, which is the most
that any protocol through a server can let it know; in `everything` it knows all that were made. Both are taken out of
the other client's memory. Sizes depend on how a game went, so the figures are of several games together.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from unittest import mock

from gameserver.client.inputs import InputFrame, InputFrames
from gameserver.client.predicted_world import PredictedWorld
from gameserver.state.touch import run_world
from tests.scenarios.touch import contest, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gameserver.testing.simulation import SimClient

DELAY_S, JITTER_S = 0.1, 0.02
GAMES = 6
SECONDS = 30.0
VISIBLE = 0.25
"""A smaller correction is none that anybody can see, in pixels."""


class Informed:
    """What clients know of each other's input frames in one game.

    Args:
        age_s: Frames that were made so long ago are known; None: none but those that states show.
    """

    def __init__(self, age_s: float | None) -> None:
        self.age_s = age_s
        self._made: dict[InputFrames, dict[int, tuple[float, tuple[int, ...]]]] = {}
        self._now_s = 0.0

    def run_of(self) -> Callable[[InputFrames, float, float | None], list[InputFrame]]:
        """Return what takes the place of `InputFrames.run`: it notes the frames that it makes."""

        def run(frames: InputFrames, now_s: float, seen: float | None) -> list[InputFrame]:
            self._now_s = now_s
            made = RUN(frames, now_s, seen)
            self._made.setdefault(frames, {}).update({frame.seq: (now_s, frame.codes) for frame in made})
            return made

        return run

    def codes(self, other: SimClient, tick: int) -> tuple[int, ...] | None:
        """Return the newest known codes of another client for a tick; None: none are known that late."""
        if self.age_s is None or not other.joined:
            return None
        frames = other.seat.frames
        made = self._made.get(frames, {})
        seq = frames.consumed_seq + tick - other.replica.view.tick
        for candidate in range(seq, frames.consumed_seq - 60, -1):
            at_s, codes = made.get(candidate, (float("inf"), ()))
            if at_s <= self._now_s - self.age_s:
                return codes
        return None


RUN = InputFrames.run


def world_of(informed: Informed, clients: Sequence[SimClient]) -> type[PredictedWorld]:
    """Return a predicted world whose steered bodies go on with all that is known of their players."""

    class InformedWorld(PredictedWorld):
        def touch(self, me: Any, controls: Any, seq: int) -> None:
            if informed.age_s is None:
                super().touch(me, controls, seq)
                return
            self._newest_seq = seq
            for name in self._own_shows:
                setattr(me, name, getattr(controls, name))
            for body in self._bodies:
                if body.kind.steered:
                    known = [one for one in clients if one.joined and one.replica.avatar_id == body.entity.id]
                    codes = informed.codes(known[0], self._tick + seq - self._seq) if known else None
                    held = body.held if codes is None else self._inputs.from_codes(codes)
                    self._predict(body.entity, held, self._dt)
            run_world(self._touch, self._lists, self._dt)
            for body in self._bodies:
                body.step()

    return InformedWorld


def sizes(age_s: float | None) -> Iterator[float]:
    """Yield the sizes of all corrections of the ball."""
    for game in range(GAMES):
        informed = Informed(age_s)
        clients: list[SimClient] = []
        run = mock.patch.object(InputFrames, "run", informed.run_of())
        world = mock.patch("gameserver.client.replica.PredictedWorld", world_of(informed, clients))
        with run, world:
            for player in contest(DELAY_S, JITTER_S, SECONDS, predicted=True, seed=game + 1, clients=clients):
                yield from player.felt.errors


def main() -> None:
    minutes = GAMES * 2 * SECONDS / 60.0
    for name, age_s in (("as it is", None), ("one round trip", 2 * DELAY_S), ("everything", 0.0)):
        seen = [size for size in sizes(age_s) if size > VISIBLE]
        sys.stdout.write(
            f"{name}: {len(seen) / minutes:.0f} visible corrections a minute, of which more than 20 px: "
            f"{sum(size > 20.0 for size in seen) / minutes:.1f}; altogether {sum(seen) / minutes:.0f} px a minute; "
            f"median {percentile(seen, 0.5):.1f}, p99 {percentile(seen, 0.99):.1f} px\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
