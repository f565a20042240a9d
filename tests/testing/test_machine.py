"""State machines that play a room in any way, and what they print of one whose rules fail."""

from __future__ import annotations

import random
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, run_state_machine_as_test

from gameserver import Entity, Inputs, Int, Player, Room, WorkFailed
from gameserver.testing import random_play
from gameserver.testing.machine import SETTINGS, RoomMachine

QUICK = settings(SETTINGS, max_examples=10, stateful_step_count=15, database=None, derandomize=True)


class Keys(Inputs):
    dx = Int(-3, 3)


class Dot(Entity):
    x = Int(-1000, 1000)


class Fair(Room[Keys, Dot]):
    entities = (Dot,)

    def on_join(self, player: Player[Dot]) -> None:
        player.avatar = self.spawn(Dot, owner=player)

    def on_input(self, player: Player[Dot], keys: Keys) -> None:
        player.avatar.x += keys.dx


class AnyFair(RoomMachine):
    kind = Fair
    messages: ClassVar = {"chat": st.text(max_size=5)}
    params: ClassVar = {"name": "Ada"}


def test_a_room_that_keeps_what_it_must_passes() -> None:
    run_state_machine_as_test(AnyFair, settings=QUICK)


class Unkind(Fair):
    """Fails on a message that only some send."""

    def on_message(self, player: Player[Dot], name: str, payload: Any) -> None:
        if name == "add" and payload > 6:
            raise ZeroDivisionError("seven")


class Careless(Fair):
    """Is not the same game again."""

    def on_tick(self) -> None:
        for dot in self.all(Dot):
            dot.x += random.randrange(5)


def printed(machine: type[RoomMachine], *, shrinks: bool = True) -> str:
    """What Hypothesis says about a machine that fails."""
    phases = [Phase.generate, Phase.shrink] if shrinks else [Phase.generate]
    with pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(machine, settings=settings(QUICK, max_examples=100, phases=phases))
    return "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


def test_a_game_that_fails_is_shrunk_to_its_steps() -> None:
    class AnyUnkind(RoomMachine):
        kind = Unkind
        messages: ClassVar = {"add": st.integers(0, 1000)}

    text = printed(AnyUnkind)
    assert "the rules raised ZeroDivisionError: seven" in text
    assert "message=('add', 7)" in text, "the least that fails"
    steps = [line.strip().partition("(")[0] for line in text.splitlines() if line.strip().startswith("state.")]
    steps = [step for step in steps if step != "state.rules_raise_nothing"]
    assert steps[:3] == ["state.begin", "state.join", "state.send"]
    assert steps[4:] == ["state.teardown"], "one step more, in which time passes and the message arrives"


def test_a_replay_that_differs_is_found() -> None:
    class AnyCareless(RoomMachine):
        kind = Careless

    assert "a replay differs" in printed(AnyCareless, shrinks=False)


def test_a_machine_may_have_invariants_of_its_own() -> None:
    class Narrow(AnyFair):
        @invariant()
        def nobody_is_beyond_two(self) -> None:
            if self.started and self.game.rooms:
                assert all(dot.x <= 2 for dot in self.game.room.all(Dot)), "too far"

    text = printed(Narrow, shrinks=False)
    assert "too far" in text
    assert "state.controls(" in text


def book(_key: str, _seat: int) -> None:
    raise AssertionError("nobody has asked for this outside of a real server")


class Books(Fair):
    """Asks for more effects than a room may have without a result."""

    lasting = True

    def on_tick(self) -> None:
        for _ in range(20):
            self.effect(book, self.tick, failed=self.failed)

    def failed(self, _failure: WorkFailed) -> None:
        raise ValueError("it was done, or refused")


class AnyBooks(RoomMachine):
    kind = Books


def test_effects_are_neither_done_nor_refused() -> None:
    run_state_machine_as_test(AnyBooks, settings=settings(QUICK, max_examples=2))
    random_play(Books, players=2, ticks=20)
