"""The dashboard: readings, sensors, the last minutes, viewers that are slow, and the demo."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

from gameserver import Role
from gameserver.client.session_events import Updated
from gameserver.games import dashboard, dashboard_demo
from gameserver.games.dashboard import (
    HISTORIES_PER_TICK,
    KEPT_S,
    MAX_SENSORS,
    NO_POINT,
    STALE_S,
    Dashboard,
)
from gameserver.room.accepted_commands import CommandInvalid, read_command
from gameserver.testing import Client, Game, game
from tests.support.checkpoints import as_bytes, restored


class Plant(Dashboard):
    """Without the demo."""

    demo = False


def send(play: Game, name: str, payload: Any) -> None:
    """Send what has come over HTTP."""
    play.command(name, json.loads(json.dumps(payload)))
    play.ticks(2)


def values(client: Client) -> dict[str, float]:
    """What a viewer reads."""
    codes = {reading.slot: reading.code for reading in client.view.entities("Reading")}
    return {one.name: codes[one.slot] / 10**one.decimals for one in client.view.entities("Sensor")}


def watch(play: Game, **more: Any) -> Client:
    return play.join(role=Role.SPECTATOR, **more)


def histories(client: Client) -> dict[int, dict[str, Any]]:
    return {one["slot"]: one for name, payload in client.events if name == "history" for one in payload["sensors"]}


def points(history: dict[str, Any]) -> list[float | None]:
    """The codes of a history; None where there is no point."""
    steps = max(1, history["high"] - history["low"])
    packed = np.frombuffer(history["points"], "<u2").tolist()
    return [None if one == NO_POINT else history["low"] + one * steps / (NO_POINT - 1) for one in packed]


def test_the_last_minutes_go_on_after_a_restart() -> None:
    with game(Plant) as play:
        ada = watch(play)
        send(play, "sensors", {"oil": {"unit": "bar", "decimals": 1, "warn_above": 9.5}})
        send(play, "readings", {"oil": -7.5, "water": 1e7})
        play.ticks(25)
        ada.send("history", list(range(2 * HISTORIES_PER_TICK)))
        (engine,) = play.engines
        again = restored(engine)
        assert as_bytes(again) == as_bytes(engine)
        before, after = engine.room, again.room
        assert isinstance(before, Plant)
        assert isinstance(after, Plant)
        assert [after._pack(slot) for slot in (0, 1)] == [before._pack(slot) for slot in (0, 1)]


def test_the_demo_goes_on_after_a_restart() -> None:
    with game(Dashboard) as play:
        watch(play)
        play.ticks(3)
        again = restored(play.engines[0])
        started: list[Any] = []
        again.go_live(0.0)
        again.work.run_with(started.append)
        again.tick(0.0)
        assert [job.work for job in started] == [dashboard_demo.measure]
        again.work.finish(started[0], dashboard_demo.values_at(0).tolist(), None)
        again.tick(0.0)
        assert len(started) == 2


def test_readings_reach_every_viewer_and_make_the_sensors_that_they_name() -> None:
    with game(Plant) as play:
        early = watch(play)
        send(play, "sensors", {"boiler": {"unit": "°C", "decimals": 1, "group": "Hall", "alarm_above": 90}})
        send(play, "readings", {"boiler": 71.26, "fan": 1})
        assert values(early) == {"boiler": 71.3, "fan": 1.0}
        send(play, "readings", {"boiler": 72})
        assert values(early) == values(watch(play)) == {"boiler": 72.0, "fan": 1.0}
        (boiler, _) = early.view.entities("Sensor")
        assert (boiler.group, boiler.unit, boiler.limits, boiler.alarm_above) == ("Hall", "°C", 8, 900)
        send(play, "sensors", {"boiler": {"decimals": 2}})
        assert values(early)["boiler"] == 72.0
        send(play, "forget", ["boiler", "nobody"])
        assert values(early) == {"fan": 1.0}


def test_what_the_endpoint_would_take_is_bounded() -> None:
    accepted = Dashboard.commands
    good: list[tuple[str, Any]] = [
        ("readings", {f"s{number}": 1e9 for number in range(MAX_SENSORS)}),
        ("sensors", {"x": {}}),
        ("forget", ["x"]),
    ]
    for name, payload in good:
        read_command(accepted, name, payload)
    bad: list[tuple[str, Any]] = [
        ("readings", {}),
        ("readings", {f"s{number}": 0 for number in range(MAX_SENSORS + 1)}),
        ("readings", {"x": 1e10}),
        ("readings", {"x": float("nan")}),
        ("readings", {"x": float("inf")}),
        ("readings", {"x": "1"}),
        ("readings", {"x" * 41: 1}),
        ("readings", {"": 1}),
        ("readings", [1]),
        ("sensors", {"x": {"decimals": 7}}),
        ("sensors", {"x": {"colour": "red"}}),
        ("forget", "x"),
    ]
    for name, payload in bad:
        with pytest.raises(CommandInvalid):
            read_command(accepted, name, payload)


def test_sensors_are_bounded_and_a_new_one_takes_the_place_of_one_that_is_silent() -> None:
    with game(Plant) as play:
        viewer = watch(play)
        send(play, "readings", {f"s{number}": number for number in range(MAX_SENSORS)})
        send(play, "readings", {"one more": 1})
        assert len(values(viewer)) == MAX_SENSORS
        assert viewer.room.left_out == 1
        for _ in range(STALE_S + 2):
            send(play, "readings", {f"s{number}": 0 for number in range(1, MAX_SENSORS)})
            play.ticks(play.room.tick_hz)
        assert [sensor.name for sensor in viewer.view.entities("Sensor") if sensor.stale] == ["s0"]
        send(play, "readings", {"one more": 1})
        assert values(viewer).keys() ^ {f"s{number}" for number in range(MAX_SENSORS)} == {"s0", "one more"}


def test_names_are_shown_as_one_line_and_nothing_else() -> None:
    with game(Plant) as play:
        viewer = watch(play)
        send(play, "readings", {"<b>x</b>\n\u202e": 1, "\x00": 2, "😀" * 40: 3})
        send(play, "readings", {"<b>x</b>\n\u202e": 4})
        assert values(viewer) == {"<b>x</b>": 4.0, "😀" * 20: 3.0}
        assert viewer.room.left_out == 1


def test_who_comes_late_gets_the_last_minutes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 20
    monkeypatch.setattr(dashboard, "KEPT_S", seconds)
    with game(Plant) as play:
        watch(play)
        for second in range(seconds + 5):
            play.command("readings", {"x": float(second)})
            play.ticks(play.room.tick_hz)
        late = watch(play)
        (sensor,) = late.view.entities("Sensor")
        late.send("history", [sensor.slot, sensor.slot, 77, "x", None, -1])
        play.ticks(4)
        history = histories(late)[sensor.slot]
        found = points(history)
        assert len(found) == seconds
        assert found[-1] == history["high"]
        steps = {round((after or 0) - (before or 0)) for before, after in itertools.pairwise(found)}
        assert steps == {100}
        assert sensor.slot == 0  # false is no 0: to numpy it is a mask
        junks: list[Any] = [None, 7, {}, "all", [[]], [False], [True, False], [0.0]]
        for junk in junks:
            late.send("history", junk)
        play.ticks(4)
        assert len([name for name, _ in late.events if name == "history"]) == 1


def test_a_viewer_that_asks_for_everything_gets_it_over_many_ticks_and_its_events_stay_small() -> None:
    with game(Plant) as play:
        viewer = watch(play)
        send(play, "readings", {f"s{number}": number for number in range(MAX_SENSORS)})
        for _ in range(5):
            viewer.send("history", list(range(MAX_SENSORS)))
        play.ticks(60)
        assert histories(viewer).keys() == set(range(MAX_SENSORS))
        sizes = [len(payload["sensors"]) for name, payload in viewer.events if name == "history"]
        assert max(sizes) <= HISTORIES_PER_TICK


def test_viewers_who_all_ask_at_once_wait_for_each_other_and_each_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "HISTORIES_IN_A_TICK", 20)
    with game(Plant) as play:
        viewers = [watch(play) for _ in range(6)]
        send(play, "readings", {f"s{number}": number for number in range(30)})
        before = play.room.tick
        for viewer in viewers:
            viewer.send("history", list(range(30)))
        play.until(lambda: all(len(histories(viewer)) == 30 for viewer in viewers), ticks=40)
        assert play.room.tick - before >= 6 * 30 / 20


def test_a_slow_viewer_gets_the_newest_values_and_no_backlog() -> None:
    with game(Plant) as play:
        quick, slow = watch(play), watch(play)
        send(play, "readings", {"x": 0.0})
        assert values(slow) == {"x": 0.0}
        before = len(slow._sim.of(Updated))
        link = slow._sim.link
        assert link is not None
        link.ready = False  # its network takes nothing more
        for number in range(1, 20):
            send(play, "readings", {"x": float(number), "y": float(number)})
        assert values(slow) == {"x": 0.0}
        link.ready = True
        play.ticks(1)
        assert values(quick) == values(slow) == {"x": 19.0, "y": 19.0}
        (update,) = slow._sim.of(Updated)[before:]
        assert update.span > 30


def test_a_client_feeds_the_dashboard_if_its_token_allows_it() -> None:
    with game(Plant) as play:
        feeder = play.join(claims={"sub": "plc", "scope": "publish:dashboard"})
        stranger = play.join(claims={"sub": "eve", "scope": "publish:notifications"})
        feeder.send("readings", {"x": 3.0})
        stranger.send("readings", {"x": 4.0, "y": 5.0})
        stranger.send("forget", ["x"])
        feeder.send("readings", {"z": "much"})
        play.ticks(4)
        assert values(stranger) == {"x": 3.0}
        assert [payload["why"] for name, payload in stranger.events if name == "refused"] == [
            "a token with publish:dashboard is needed"
        ] * 2
        (refused,) = [payload for name, payload in feeder.events if name == "refused"]
        assert refused["command"] == "readings"


def test_the_demo_shows_life_with_a_history_until_the_first_real_reading() -> None:
    with game(Dashboard) as play:
        viewer = watch(play)
        first = values(viewer)
        assert len(first) == len(dashboard_demo.SENSORS) > 200
        play.ticks(6)
        assert sum(one != other for one, other in zip(first.values(), values(viewer).values(), strict=True)) > 150
        viewer.send("history", [0])
        play.ticks(3)
        assert sum(point is not None for point in points(histories(viewer)[0])) >= KEPT_S - 1
        assert viewer.room.demo
        send(play, "readings", {"real": 1})
        assert values(viewer) == {"real": 1.0}
        assert not viewer.room.demo
