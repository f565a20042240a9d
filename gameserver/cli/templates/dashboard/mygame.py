"""A dashboard: readings come in as commands, all who watch see the newest. The page is in page/."""

import math
from typing import Annotated, ClassVar

import msgspec

from gameserver import Entity, Event, Flag, Float, Room, Text

MAX_GAUGES = 64
SILENT_S = 10
DEMO_EVERY_TICKS = 5

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Value = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
Readings = Annotated[dict[Name, Value], msgspec.Meta(min_length=1, max_length=MAX_GAUGES)]


class Limit(msgspec.Struct, forbid_unknown_fields=True):
    """From which value on a gauge is an alarm."""

    name: Name
    above: Value


class Alarm(msgspec.Struct):
    """What all pages get when a gauge goes above its limit."""

    name: str
    value: float


class Gauge(Entity):
    """One value, with its name."""

    name = Text(max_bytes=160)
    value = Float(step=1 / 100, min=-1e6, max=1e6)
    limit = Float(step=1 / 100, min=-1e6, max=1e6)
    alarm = Flag()
    silent = Flag()


class Dashboard(Room):
    """The one dashboard. Whoever opens the page watches it."""

    kind = "dashboard"
    single = True
    empty_close_s = math.inf
    tick_hz = 10
    max_players = 1
    max_spectators = 500
    commands: ClassVar = {"readings": Readings, "limit": Limit}
    alarm = Event(Alarm)

    def on_create(self, options: object) -> None:
        """Begin without gauges, and show invented ones until the first readings come."""
        self.gauges: dict[str, Gauge] = {}
        self.heard: dict[str, int] = {}
        self.demo = self.every(DEMO_EVERY_TICKS, self.invent)

    def on_command(self, name: str, payload: object) -> None:
        """Take what a service has sent; it is of the type that `commands` says."""
        self.end_demo()
        if name == "readings":
            for gauge, value in msgspec.convert(payload, dict[str, float]).items():
                self.show(gauge, value)
        else:
            limit = msgspec.convert(payload, Limit)
            if limit.name in self.gauges:
                self.gauges[limit.name].limit = limit.above
                self.check(self.gauges[limit.name])

    def on_tick(self) -> None:
        """Mark gauges that have had no reading for a while."""
        for name, gauge in self.gauges.items():
            gauge.silent = self.tick - self.heard[name] > SILENT_S * self.tick_hz

    def show(self, name: str, value: float) -> None:
        """Set a gauge; a new one while there is a place."""
        if name not in self.gauges:
            if len(self.gauges) == MAX_GAUGES:
                return
            self.gauges[name] = self.spawn(Gauge, name=name, limit=90.0)
        self.gauges[name].value = value
        self.heard[name] = self.tick
        self.check(self.gauges[name])

    def check(self, gauge: Gauge) -> None:
        """Raise the alarm when a real value goes above its limit, and only then."""
        was, gauge.alarm = gauge.alarm, gauge.value > gauge.limit
        if gauge.alarm and not was and self.demo.cancelled:
            self.alarm(name=gauge.name, value=gauge.value)

    def invent(self) -> None:
        """Show something that does not exist."""
        for number, name in enumerate(("oven", "fan", "mill", "tank")):
            wave = math.sin(self.tick / (40 + 13 * number))
            self.show(name, 60 + 36 * wave + self.random.uniform(-1, 1))

    def end_demo(self) -> None:
        """Take out what was invented, when a service sends something for the first time."""
        if self.demo.cancelled:
            return
        self.demo.cancel()
        for gauge in self.gauges.values():
            self.despawn(gauge)
        self.gauges.clear()
        self.heard.clear()
