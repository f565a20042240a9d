"""Traces: a game as plain data, and the steps that are made in it. The same seed gives the same trace."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.support.any_room.schemas import PLACE, random_inputs, random_types

Step: TypeAlias = tuple[str, int]
"""The name of a step, and a seed of its own: steps can be left out without changing the others."""

STEPS_OF_A_TRACE = 120
RATES = ((20, 20), (20, 10), (60, 20), (30, 30), (60, 60), (5, 5), (240, 20), (1, 1))
"""Ticks and snapshots a second."""

WEIGHTS: dict[str, float] = {
    "tick": 30,
    "ticks": 8,
    "pause": 1,
    "settle_all": 0.3,
    "overload": 0.5,
    "skip": 0.5,
    "close": 0.2,
    "connect": 3,
    "cut": 3,
    "stall": 2,
    "refuse": 1,
    "resync": 1,
    "ack": 1,
    "message": 1,
    "leave": 0.3,
    "liar_join": 3,
    "liar_resume": 2,
    "liar_flap": 3,
    "liar_speak": 5,
    "liar_cut": 1,
    "check_links": 1,
    "spawn": 5,
    "burst": 1,
    "despawn": 3,
    "replace": 4,
    "exchange": 2,
    "blink": 1,
    "edit": 6,
    "nudge": 3,
    "scribble": 3,
    "teleport": 1,
    "columns": 4,
    "avatar": 2,
    "budget": 1.5,
    "event": 3,
    "kick": 0.3,
    "move": 1,
}
"""How often each step occurs."""


@dataclass(frozen=True)
class Trace:
    """A game, and what happens in it."""

    game: dict[str, Any]
    steps: list[Step]

    def to_json(self) -> str:
        """Return the trace as one line."""
        return json.dumps({"game": self.game, "steps": self.steps})

    @staticmethod
    def from_json(text: str) -> Trace:
        """Read what `to_json` returned."""
        read = json.loads(text)
        return Trace(read["game"], [(name, seed) for name, seed in read["steps"]])


def random_trace(seed: int, count: int = STEPS_OF_A_TRACE) -> Trace:
    """Return the trace of a seed."""
    dice = random.Random(seed)
    game = random_game(dice)
    names = dice.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=count)
    return Trace(game, [(name, dice.getrandbits(32)) for name in names])


def random_game(dice: random.Random) -> dict[str, Any]:
    """Return a game: all that a server with one kind of room is made from."""
    tick_hz, snapshot_hz = dice.choice(RATES)
    types = random_types(dice)
    interest = random_interest(dice, types) if dice.random() < 0.65 else None
    narrow = {"share": dice.choice((0.1, 0.5)), "period": dice.choice((3, 40)), "shows": dice.random() < 0.3}
    return {
        "seed": dice.getrandbits(32),
        "types": types,
        "inputs": random_inputs(dice),
        "tick_hz": tick_hz,
        "snapshot_hz": snapshot_hz,
        "interest": interest,
        "narrow": narrow if interest is not None and dice.random() < 0.4 else None,
        "max_rewind_s": dice.choice((0.0, 0.25, 0.9)),
        "resume_grace_s": dice.choice((None, None, 20.0, 0.5, 0.0)),
        "records": dice.random() < 0.5,
        "limits": {
            "max_messages_per_s": 1e6,
            "max_messages_burst": 1e6,
            "max_bytes_per_s": 1e9,
            "max_bytes_burst": 1e9,
            "max_held_events": dice.choice((4096, 4096, 12)),
            "max_private_events": dice.choice((1024, 1024, 5)),
            "max_unacked_snapshots": dice.choice((1, 4, 32, 32)),
            "evict_after_s": 3.0 if snapshot_hz >= 10 and dice.random() < 0.3 else 15.0,
        },
        "viewers": [random_viewer(dice, role, tick_hz) for role in (0, dice.choice((0, 0, 1)), 1)],
    }


def random_interest(dice: random.Random, types: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the arguments of a `Near`, with types by name."""
    radius = dice.choice((10.0, 100.0, 1000.0))
    own = (None, radius / 2, radius * 3)
    return {
        "radius": radius,
        "leave_radius": dice.choice((None, radius, radius * 1.5)),
        "types": {spec["name"]: dice.choice(own) for spec in types if dice.random() < 0.25},
        "place": list(PLACE),
        "tiers": dice.choice(({}, {}, {radius * 0.3: 2, radius * 0.7: 4}, {1.0: 8})),
        "bytes_per_s": dice.choice((None, None, 0.0, 200.0, 1000.0, 5000.0)),
    }


def random_viewer(dice: random.Random, role: int, tick_hz: int) -> dict[str, Any]:
    """Return what one viewer is like: its role, its latency in ticks, how many messages its link holds."""
    latency = dice.choice((0, 0, dice.randint(0, int(0.3 * tick_hz))))
    return {"role": role, "latency": latency, "capacity": dice.choice((2, 5, 100)), "draws": dice.random() < 0.5}
