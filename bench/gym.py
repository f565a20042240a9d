"""Steps a second of learning environments, on one core.

    python -m bench.gym [--room gameserver.games.arena:Arena] [--players 1 2 4 8] [--steps 2000]

Each line is a room with so many players, all of which hold a random action in each step. An agent-step is one player's
action and observation. Nothing else may run meanwhile; PYTHONSAFEPATH=1 PYTHONPATH=build/compiled:. measures the
compiled build.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from time import perf_counter

from gameserver.compiled import COMPILED
from gameserver.gym import ParallelRoomEnv
from gameserver.loading import load_room

WARM_STEPS = 100


@dataclass(frozen=True, slots=True)
class Pace:
    """What was measured.

    Args:
        players: How many played.
        ticks_per_step: How many ticks a step had.
        steps_per_s: Steps a second.
    """

    players: int
    ticks_per_step: int
    steps_per_s: float

    def __str__(self) -> str:
        ticks_per_s, agents_per_s = self.steps_per_s * self.ticks_per_step, self.steps_per_s * self.players
        return f"{self.players:7} {self.steps_per_s:9.0f} {agents_per_s:14.0f} {ticks_per_s:9.0f}"


def measure(env: ParallelRoomEnv, steps: int) -> Pace:
    """Step an environment with random actions, and reset it where an episode ends.

    Args:
        env: The environment.
        steps: How many steps are measured; some before them are not.

    Returns:
        The pace. Drawing actions and resets do not count.
    """
    took_s = 0.0
    for number in range(WARM_STEPS + steps):
        if not env.agents:
            env.reset(seed=1)
        actions = {agent: env.action_space(agent).sample() for agent in env.agents}
        began_s = perf_counter()
        env.step(actions)
        if number >= WARM_STEPS:
            took_s += perf_counter() - began_s
    return Pace(len(env.possible_agents), env.ticks_per_step, steps / took_s)


def main() -> None:
    """Measure and print a line for each number of players."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--room", default="gameserver.games.arena:Arena")
    parser.add_argument("--players", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--steps", type=int, default=2000)
    options = parser.parse_args()
    print(f"{options.room}, {'compiled' if COMPILED else 'not compiled'}, {options.steps} steps")
    print("players   steps/s  agent-steps/s   ticks/s")
    for players in options.players:
        env = ParallelRoomEnv(load_room(options.room), players, reward=lambda _room, _player: 0.0)
        print(measure(env, options.steps), flush=True)


if __name__ == "__main__":
    main()
