"""The rules, tried without a socket and without waiting."""

from gameserver import Role
from gameserver.testing import game, random_play
from mygame import MAX_GAUGES, SILENT_S, Dashboard, Gauge


def test_readings_replace_what_was_invented() -> None:
    with game(Dashboard) as g:
        ada = g.join(role=Role.SPECTATOR)
        g.seconds(1)
        assert {gauge.name for gauge in ada.view.entities("Gauge")} == {"oven", "fan", "mill", "tank"}
        g.seconds(20)  # among what is invented there are values above the limit
        assert ada.events == []
        g.command("readings", {"kiln": 71.25})
        g.seconds(2)
        assert [(gauge.name, gauge.value) for gauge in ada.view.entities("Gauge")] == [("kiln", 71.25)]


def test_a_reading_above_the_limit_is_an_alarm_though_an_invented_one_of_that_name_was_too() -> None:
    with game(Dashboard) as g:
        ada = g.join(role=Role.SPECTATOR)
        while not any(gauge.alarm for gauge in g.room.all(Gauge)):
            g.ticks()
        name = next(gauge.name for gauge in g.room.all(Gauge) if gauge.alarm)
        g.command("readings", {name: 95.0})
        g.seconds(1)
        assert ada.events == [("alarm", {"name": name, "value": 95.0})]


def test_an_alarm_is_raised_once_until_the_value_has_been_lower() -> None:
    with game(Dashboard) as g:
        ada = g.join(role=Role.SPECTATOR)
        g.command("readings", {"kiln": 20.0})
        g.ticks()
        g.command("limit", {"name": "kiln", "above": 50.0})
        for value in (60.0, 70.0, 40.0, 80.0):
            g.command("readings", {"kiln": value})
            g.ticks()
        g.seconds(1)
        alarms = [payload["value"] for name, payload in ada.events if name == "alarm" and payload["name"] == "kiln"]
        assert alarms == [60.0, 80.0]


def test_a_gauge_without_a_reading_is_silent() -> None:
    with game(Dashboard) as g:
        g.join(role=Role.SPECTATOR)
        g.command("readings", {"oven": 1.0})
        g.seconds(SILENT_S + 1)
        assert all(gauge.silent for gauge in g.room.all(Gauge))


def test_there_are_never_more_than_fit() -> None:
    with game(Dashboard) as g:
        g.join(role=Role.SPECTATOR)
        for part in range(3):
            g.command("readings", {f"{part}-{number}": 0.0 for number in range(MAX_GAUGES)})
            g.ticks()
        assert len(g.room.all(Gauge)) == MAX_GAUGES


def test_nothing_that_clients_do_ends_the_room() -> None:
    random_play(Dashboard, players=5, ticks=400)
