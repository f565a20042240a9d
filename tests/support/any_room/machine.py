"""Runs traces: every step is a call on the server, its viewers or its liars."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from gameserver.client.session_core import Phase
from gameserver.client.state_reader import SharedStateReader, StateReader
from gameserver.protocol.constants import ClientMessage
from tests.support.any_room.edits import EDITS
from tests.support.any_room.liars import Liar
from tests.support.any_room.stage import Stage
from tests.support.any_room.truth import Found
from tests.support.any_room.viewers import Viewer

if TYPE_CHECKING:
    from collections.abc import Callable

SETTLING_STATES = 60
"""How many states more than two for each entity it takes until all viewers hold everything."""

PAUSE_TICKS = 150


class Machine(Stage):
    """A server, its viewers and its liars. What is wrong raises `Found`, or anything else."""

    def __init__(self, game: dict[str, Any]) -> None:
        super().__init__(game)
        shared = SharedStateReader()
        self.viewers = [
            Viewer(self, index, options, shared if index else StateReader())
            for index, options in enumerate(game["viewers"])
        ]
        self.liars = [Liar(self) for _ in range(2)]

    def step(self, name: str, seed: int) -> None:
        """Make a step. What it does depends on its name, its seed and the state that there is."""
        if name in EDITS:
            self.room.plan.append((name, seed))
        else:
            STEPS[name](self, random.Random(seed))

    def tick(self) -> None:
        """Make a tick, and let everyone receive and send."""
        self.ticks += 1
        self.report_lost()
        for viewer in self.viewers:
            viewer.before_tick()
        self.make_tick()
        for viewer in self.viewers:
            viewer.after_tick()
        for liar in self.liars:
            liar.after_tick()
        self.reopen()

    def settle(self) -> None:
        """Let nothing change any more, and check that every viewer holds everything in the end."""
        for viewer in self.viewers:
            viewer.wake()
        room, missing, states = self.room, "", 0
        room.plan.append(("settle", 0))
        round_trip = 2 * max([viewer.latency for viewer in self.viewers], default=0) // self.engine.snapshot_every
        while states <= (2 * len(self.engine.world) + SETTLING_STATES) * (1 + round_trip):
            for _ in range(self.engine.snapshot_every * self.engine.overload.snapshot_stretch):
                self.tick()
                if self.room is not room:
                    return
            states += 1
            missing = "nothing is still" if room.still_since is None else self._missing()
            if not missing:
                room.plan.append(("stir", 0))
                return
        raise Found("starved", f"after {states} snapshots: {missing}")

    def _missing(self) -> str:
        """What some viewer does not hold yet."""
        return next(filter(None, (viewer.missing() for viewer in self.viewers)), "")

    def finish(self) -> None:
        """End a trace: everything must be right in the end."""
        self.settle()
        self.check_recording()


# -- steps -------------------------------------------------------------------------------------------------------------


def _viewer(step: Callable[[Viewer, random.Random], object]) -> Callable[[Machine, random.Random], None]:
    """A step of one of the viewers, once it has joined."""

    def run(machine: Machine, dice: random.Random) -> None:
        if machine.viewers:
            step(dice.choice(machine.viewers), dice)

    return run


def _liar(step: Callable[[Liar, random.Random], object]) -> Callable[[Machine, random.Random], None]:
    """A step of one of the liars."""

    def run(machine: Machine, dice: random.Random) -> None:
        step(dice.choice(machine.liars), dice)

    return run


def _ticks(machine: Machine, dice: random.Random) -> None:
    for _ in range(dice.randint(2, 12)):
        machine.tick()


def _pause(machine: Machine, dice: random.Random) -> None:
    for _ in range(min(PAUSE_TICKS, dice.choice((1, 2)) * machine.tick_hz)):
        machine.tick()


def _connect(viewer: Viewer, dice: random.Random) -> None:
    if viewer.link is None:
        viewer.connect()
    elif dice.random() < 0.3:
        viewer.cut(None, after_ticks=dice.choice((0, 1, 5, 50)))
        viewer.connect()


def _cut(viewer: Viewer, dice: random.Random) -> None:
    code = dice.choice((None, None, None, 1001, 1006, 1000))
    viewer.cut(code, after_ticks=dice.choice((0, 0, 1, 5, 50)))


def _stall(viewer: Viewer, dice: random.Random) -> None:
    viewer.stall(dice.choice((0.1, 0.3, 1, 3, 17)), frozen=dice.random() < 0.5)


def _refuse(viewer: Viewer, dice: random.Random) -> None:
    if viewer.link is not None:
        viewer.link.refused = dice.choice((1, 1, 4))


def _resync(viewer: Viewer, _: random.Random) -> None:
    if viewer.seat is not None:
        viewer.say(ClientMessage.RESYNC, viewer.seat.replica.view.tick)


def _ack(viewer: Viewer, dice: random.Random) -> None:
    if viewer.seat is not None:
        viewer.say(ClientMessage.ACK, max(0, viewer.seat.replica.view.tick - dice.choice((0, 0, 1, 7))))


def _message(viewer: Viewer, dice: random.Random) -> None:
    viewer.core.send("say", dice.choice((None, 1, "é", {"a": [True, 2.5]})))


def _leave(viewer: Viewer, dice: random.Random) -> None:
    if viewer.core.phase is Phase.JOINED and dice.random() < 0.3:
        viewer.core.leave()
        viewer.has_left = True


def _liar_cut(liar: Liar, dice: random.Random) -> None:
    liar.cut(dice.choice((None, None, 1000, 1001)), dice.choice((0, 0, 3, 50)))


def _liar_flap(liar: Liar, dice: random.Random) -> None:
    liar.cut(None, dice.choice((0, 0, 1)))
    liar.resume(dice)


def _overload(machine: Machine, dice: random.Random) -> None:
    """A second of ticks that take too long, or that are short."""
    engine = machine.engine
    cost_s = dice.choice((0.0, 2.0, 5.0)) * engine.tick_s
    for tick in range(engine.tick_hz + 2):
        engine.note_pace(machine.now_s + tick * engine.tick_s, 0.0, cost_s)


def _check_links(machine: Machine, _: random.Random) -> None:
    """The server looks at the heartbeats."""
    for peer in list(machine.hub._peers):
        peer.check(machine.now_s)


def _close(machine: Machine, dice: random.Random) -> None:
    if dice.random() < 0.2:
        machine.engine.close_after_tick("over")


STEPS: dict[str, Callable[[Machine, random.Random], None]] = {
    "tick": lambda machine, _: machine.tick(),
    "ticks": _ticks,
    "pause": _pause,
    "connect": _viewer(_connect),
    "cut": _viewer(_cut),
    "stall": _viewer(_stall),
    "refuse": _viewer(_refuse),
    "resync": _viewer(_resync),
    "ack": _viewer(_ack),
    "message": _viewer(_message),
    "leave": _viewer(_leave),
    "liar_join": _liar(Liar.join),
    "liar_resume": _liar(Liar.resume),
    "liar_speak": _liar(Liar.speak),
    "liar_cut": _liar(_liar_cut),
    "liar_flap": _liar(_liar_flap),
    "overload": _overload,
    "skip": lambda machine, dice: machine.engine.skip(dice.randint(1, 5)),
    "check_links": _check_links,
    "close": _close,
    "settle_all": lambda machine, _: machine.settle(),
}
"""What a trace can do beside the edits of the rules, by name."""
