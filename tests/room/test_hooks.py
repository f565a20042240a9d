"""A hook that a room cannot call, or would never call, is found when its class is made."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import pytest

from gameserver import Player, Room
from gameserver.protocol.constants import CloseCode
from gameserver.room.kind import make_kind
from gameserver.room.room import HOOKS
from gameserver.state.errors import DeclarationError
from tests.support.field_room import Dot, Field, field
from tests.support.memory_server import MemoryServer


async def waits(self: object, player: Player) -> None: ...


def yields(self: object, player: Player) -> Any:
    yield player


def few(self: object) -> None: ...


def many(self: object, player: Player, more: object) -> None: ...


def right(self: object, player: Player) -> None: ...


def any_number(self: object, *arguments: object) -> None: ...


def with_a_default(self: object, player: Player, more: int = 3) -> None: ...


WRONG = [
    (waits, r"Odd\.on_join is async, and a room waits for nothing; write def on_join\(self, player\), and self\.run"),
    (yields, r"Odd\.on_join has a `yield`, so that a call would run nothing; write def on_join\(self, player\)"),
    (few, r"Odd\.on_join takes \(self: .*\) -> .*; write def on_join\(self, player\)"),
    (many, r"Odd\.on_join takes \(self: .*, more: .*\) -> .*; write def on_join\(self, player\)"),
    (staticmethod(many), "Odd.on_join takes"),
    (5, r"Odd\.on_join is 5; write a method, def on_join\(self, player\)"),
    (None, "Odd.on_join is None; write a method"),
]


@pytest.mark.parametrize(("value", "says"), WRONG)
def test_a_hook_that_cannot_be_called_is_refused(value: object, says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        type("Odd", (Room,), {"on_join": value})


@pytest.mark.parametrize(("value", "says"), WRONG)
def test_so_is_one_of_a_class_beside_it(value: object, says: str) -> None:
    beside = type("Beside", (), {"on_join": value})
    with pytest.raises(DeclarationError, match=says):
        make_kind(type("Odd", (beside, Room), {}))


@pytest.mark.parametrize("value", [right, any_number, with_a_default, staticmethod(few), partial(print)])
def test_any_callable_that_takes_the_arguments_is_a_hook(value: object) -> None:
    make_kind(type("Odd", (Room,), {"on_join": value}))


def test_every_hook_is_known() -> None:
    assert {"on_create", "on_join", "on_tick", "on_message", "on_dispose", "narrow_view"} <= set(HOOKS)
    for name in HOOKS:
        with pytest.raises(DeclarationError, match=f"Odd.{name} is 5; write a method, def {name}"):
            type("Odd", (Room,), {name: 5})


SLIPS = [
    ("on_jion", right, "hook", "on_join"),
    ("on_mesage", right, "hook", "on_message"),
    ("onJoin", right, "hook", "on_join"),
    ("onmessage", right, "hook", "on_message"),
    ("narow_view", right, "hook", "narrow_view"),
    ("on_tikc", staticmethod(few), "hook", "on_tick"),
    ("tickhz", 30, "setting", "tick_hz"),
    ("tickHz", 30, "setting", "tick_hz"),
    ("snaphot_hz", 20, "setting", "snapshot_hz"),
    ("max_player", 3, "setting", "max_players"),
    ("kidn", "race", "setting", "kind"),
    ("predict_contcat", right, "setting", "predict_contact"),
]
OWN = [
    ("snapshot_rate_hz", 3), ("on_joined", right), ("on_hit", right), ("states", ()), ("_on_jion", right),
    ("tick_hzs", right), ("TICK_HZ", 60), ("join", right), ("message", right), ("predicted", right), ("rooms", ()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "what", "meant"), SLIPS)
def test_a_name_that_is_nearly_one_is_refused(name: str, value: object, what: str, meant: str) -> None:
    with pytest.raises(DeclarationError, match=f"Odd.{name} is no {what} of a room; write {meant}, or another name"):
        type("Odd", (Room,), {name: value})


@pytest.mark.parametrize(("name", "value"), OWN)
def test_names_of_the_author_s_own_are_not(name: str, value: object) -> None:
    make_kind(type("Odd", (Room,), {name: value}))


@pytest.mark.parametrize(
    ("name", "written"), [("tick_hz", "30"), ("single", "True"), ("entities", "()"), ("kind", "'race'")]
)
def test_an_annotation_that_was_meant_as_a_setting_is_refused(name: str, written: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        exec(f"class Odd(Room):\n    {name}: {written}", {"Room": Room})
    assert str(refused.value) == f"Odd.{name}: {written} is an annotation; write {name} = {written}"


def test_other_annotations_are_the_author_s() -> None:
    class Odd(Room):
        tick_hz: ClassVar[int]
        game: dict[str, Any]


@pytest.mark.parametrize("name", ["tick", "dt", "id", "random", "players", "spectators"])
def test_what_every_room_has_keeps_its_name(name: str) -> None:
    with pytest.raises(DeclarationError, match=f"Odd.{name}: every room has a `{name}` already; take another name"):
        type("Odd", (Room,), {name: 5})


@pytest.mark.parametrize("decision", [True, False, "no"])
def test_a_decision_of_on_auth_that_is_none_says_how_to_refuse(
    decision: object, caplog: pytest.LogCaptureFixture
) -> None:
    class Club(Room):
        def on_auth(self, player: Player) -> Any:
            return decision

    server = MemoryServer(Club)
    link, _ = server.join("club")
    assert link.closed is not None
    assert link.closed[0] == CloseCode.ROOM_FAILED
    assert f"on_auth returned {decision!r}; raise JoinRefused(reason) to refuse, else return nothing" in caplog.text


def test_an_avatar_is_in_the_room() -> None:
    server = MemoryServer(Field)
    server.join("field")
    player = field(server).players[0]
    with pytest.raises(
        TypeError, match=r"avatar is <Dot 0 \(gone\): .*>, which is in no room; write what spawn returned"
    ):
        player.avatar = Dot(x=5)
    assert player.avatar is not None
