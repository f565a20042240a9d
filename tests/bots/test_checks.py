"""What a bot checks in the states that it receives."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver.bots.checks import Finding, SpeedLimit, StateChecker
from gameserver.state.entity import Entity
from gameserver.state.fields import Float
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.view_state import ViewState
from tests.support.bot_ships import Ship

TICK_S = 1 / 60
STEP = 1 / 64


class Rock(Entity):
    x = Float(step=1.0)


SCHEMA = Schema([Ship, Rock])
LIMIT = SpeedLimit("Ship", per_s=60.0, unless="dead")


def make_checker(*limits: SpeedLimit) -> StateChecker:
    return StateChecker(SCHEMA, TICK_S, limits)


def move(ship: dict[str, Any], to: dict[str, Any], *, ticks: int = 3) -> tuple[ViewState, ViewState]:
    """Two views, of a ship before and after; a second ship comes and goes between them."""
    world = World(SCHEMA)
    moved, gone = world.spawn(Ship, **ship), world.spawn(Ship)
    before = ViewState(SCHEMA, 10, world.capture())
    world.despawn(gone)
    world.spawn(Ship, x=5000.0)
    vars(moved).update(to)
    return before, ViewState(SCHEMA, 10 + ticks, world.capture())


def test_a_move_within_the_limit_is_fine() -> None:
    assert make_checker(LIMIT).check(*move({"x": 0.0}, {"x": 3.0})) == Finding(True, ())


@pytest.mark.parametrize("to", [{"x": 4.5}, {"x": 3.0, "y": 3.5}, {"y": -100.0}])
def test_a_move_beyond_the_limit_is_named(to: dict[str, float]) -> None:
    finding = make_checker(LIMIT).check(*move({}, to))
    assert finding.violations == ("Ship 1 moved too far by tick 13",)


def test_more_ticks_between_two_states_allow_a_longer_move() -> None:
    assert make_checker(LIMIT).check(*move({}, {"x": 30.0}, ticks=30)).violations == ()


def test_a_move_that_is_rounded_up_in_each_of_many_ticks_is_fine() -> None:
    """60 ticks at the limit, each rounded up to the ship's grid. Twice that rounding, and the slack, is too far."""
    rounded = 60 * (1.0 + STEP * 0.7) + 0.9
    assert make_checker(LIMIT).check(*move({}, {"x": rounded}, ticks=60)).violations == ()
    assert make_checker(LIMIT).check(*move({}, {"x": 60 * (1.0 + STEP * 1.4) + 1.0}, ticks=60)).violations != ()


@pytest.mark.parametrize("dead", [({"dead": True}, {"dead": False}), ({"dead": False}, {"dead": True})])
def test_a_respawn_may_move_any_distance(dead: tuple[dict[str, bool], dict[str, bool]]) -> None:
    assert make_checker(LIMIT).check(*move({**dead[0]}, {"x": 900.0, **dead[1]})).violations == ()


def test_without_limits_only_changes_are_found() -> None:
    assert make_checker().check(*move({}, {"x": 900.0})) == Finding(True, ())


def test_a_state_that_repeats_the_one_before_is_no_change() -> None:
    world = World(SCHEMA)
    world.spawn(Ship)
    tables = world.capture()
    assert make_checker(LIMIT).check(ViewState(SCHEMA, 1, tables), ViewState(SCHEMA, 2, tables)) == Finding(False, ())


def test_the_same_pair_of_views_is_checked_once() -> None:
    checker, views = make_checker(LIMIT), move({}, {"x": 900.0})
    assert checker.check(*views) is checker.check(*views)


@pytest.mark.parametrize(
    "limit", [SpeedLimit("Boat", 1.0), SpeedLimit("Ship", 1.0, ("z",)), SpeedLimit("Ship", 1.0, unless="alive")]
)
def test_a_limit_on_an_unknown_type_or_field_is_an_error(limit: SpeedLimit) -> None:
    with pytest.raises((KeyError, ValueError)):
        make_checker(limit)
