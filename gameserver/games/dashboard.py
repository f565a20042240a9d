"""A dashboard: sensors that something outside measures, seen live by anybody who has the page open.

Readings come over HTTP, from a client whose token has the scope `publish:dashboard`, or from `self.run`, as those of
the built-in demo do until the first real one. A sensor is an entity, which rarely changes; its value is a row of a
table in columns, so that a tick costs the same for one viewer and for a thousand. A viewer that is slow gets the newest
values: they are state. Who comes late asks for the last minutes, which the room keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import msgspec
import numpy as np
from msgspec import Meta, Struct

from gameserver import Entity, Flag, Int, Player, Room, RoomState, Text, WorkFailed
from gameserver.games import dashboard_demo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MAX_SENSORS: Final = 256
MAX_DECIMALS: Final = 6
MAX_UNITS: Final = 10**9
KEPT_S: Final = 300
"""One point of each sensor a second."""
STALE_S: Final = 10
"""A sensor without a reading for so long is stale."""
HISTORIES_PER_TICK: Final = 8
"""To one viewer. So much fits into a link beside the readings."""
HISTORIES_IN_A_TICK: Final = 400
"""To all viewers. When hundreds ask at once, they get theirs one after the other."""
NO_POINT: Final = 0xFFFF
NO_READING: Final = -(2**31)

Name = Annotated[str, Meta(min_length=1, max_length=40)]
Value = Annotated[float, Meta(ge=-1e9, le=1e9)]


class SensorInfo(Struct, forbid_unknown_fields=True):
    """What is known of a sensor besides its readings. What is left out has these values."""

    group: Annotated[str, Meta(max_length=24)] = "Sensors"
    unit: Annotated[str, Meta(max_length=8)] = ""
    decimals: Annotated[int, Meta(ge=0, le=MAX_DECIMALS)] = 2
    warn_below: Value | None = None
    warn_above: Value | None = None
    alarm_below: Value | None = None
    alarm_above: Value | None = None
    ticker: bool = False
    """Shown in the line of prices at the top."""


Readings = Annotated[dict[Name, Value], Meta(min_length=1, max_length=MAX_SENSORS)]
Infos = Annotated[dict[Name, SensorInfo], Meta(min_length=1, max_length=MAX_SENSORS)]
Names = Annotated[list[Name], Meta(min_length=1, max_length=MAX_SENSORS)]


class Sensor(Entity):
    slot = Int(0, MAX_SENSORS - 1)
    """Which reading is its own."""
    name = Text(max_bytes=80)
    group = Text(max_bytes=48)
    unit = Text(max_bytes=16)
    decimals = Int(0, MAX_DECIMALS)
    """Codes of values and limits are hundredths, where this is 2."""
    limits = Int(0, 15)
    """Which of the limits it has: 1 warn_below, 2 warn_above, 4 alarm_below, 8 alarm_above."""
    warn_below = Int()
    warn_above = Int()
    alarm_below = Int()
    alarm_above = Int()
    ticker = Flag()
    stale = Flag()


class Reading(Entity, columns=True):
    slot = Int(0, MAX_SENSORS - 1)
    code = Int()


class DashboardState(RoomState):
    demo = Flag()
    """Whether the readings are the demo's."""
    left_out = Int(0)
    """Readings of sensors for which there was no place."""


_LIMITS: Final = ("warn_below", "warn_above", "alarm_below", "alarm_above")


class Dashboard(Room):
    """The room. `demo = False` in a subclass begins without readings."""

    kind = "dashboard"
    lasting = True
    single = True
    tick_hz = 10
    max_players = 16
    max_spectators = 2_000
    max_players_per_address = 8
    max_spectators_per_address = 64
    empty_close_s = 900.0
    entities = (Sensor, Reading)
    state = DashboardState()
    commands: ClassVar[Mapping[str, Any]] = {"readings": Readings, "sensors": Infos, "forget": Names}
    demo: ClassVar[bool] = True

    def on_create(self, options: Mapping[str, object]) -> None:
        self._sensors: dict[str, Sensor] = {}
        self._rows: dict[int, int] = {}
        self._codes: NDArray[np.int64] = np.full(MAX_SENSORS, NO_READING, np.int64)
        self._read_at: NDArray[np.int64] = np.full(MAX_SENSORS, -STALE_S * self.tick_hz, np.int64)
        self._history: NDArray[np.int32] = np.full((KEPT_S, MAX_SENSORS), NO_READING, np.int32)
        self._asked: dict[Player, dict[int, None]] = {}
        """The slots that viewers wait for; who has waited for longest is first."""
        self._packed: dict[int, dict[str, Any]] = {}
        """Histories of this second, by slot."""
        self.every(self.tick_hz, self._keep_second)
        if self.demo:
            self._begin_demo()

    # -- readings ------------------------------------------------------------------------------------------------------

    def on_command(self, name: str, payload: Any) -> None:
        if self.state.demo:
            self._end_demo()
        if name == "readings":
            self.read(payload)
        elif name == "sensors":
            for sensor, info in payload.items():
                self.describe(sensor, msgspec.convert(info, SensorInfo))
        else:
            for sensor in payload:
                self.forget(sensor)

    def read(self, readings: Mapping[str, float]) -> None:
        """Take readings, by the names of their sensors. Unknown ones are new sensors, as long as there is place."""
        for name, value in readings.items():
            sensor = self._sensors.get(name) or self._sensors.get(_line(name)) or self.describe(name, SensorInfo())
            if sensor is None:
                self.state.left_out += 1
                continue
            self._codes[sensor.slot] = _code(value, sensor.decimals)
            self._read_at[sensor.slot] = self.tick

    def describe(self, name: str, info: SensorInfo) -> Sensor | None:
        """Say what a sensor is. Return it; None when there is no place for another one."""
        name = _line(name)
        sensor = self._sensors.get(name)
        if sensor is None:
            sensor = self._place(name) if name else None
            if sensor is None:
                return None
        known = self._codes[sensor.slot]
        if known != NO_READING:
            self._codes[sensor.slot] = _code(known / 10**sensor.decimals, info.decimals)
        if info.decimals != sensor.decimals:
            self._history[:, sensor.slot] = NO_READING
            self._packed.pop(sensor.slot, None)
        sensor.group, sensor.unit = _line(info.group), _line(info.unit)
        sensor.decimals, sensor.ticker = info.decimals, info.ticker
        given = [getattr(info, limit) for limit in _LIMITS]
        sensor.limits = sum(1 << place for place, value in enumerate(given) if value is not None)
        for limit, value in zip(_LIMITS, given, strict=True):
            setattr(sensor, limit, 0 if value is None else _code(value, info.decimals))
        return sensor

    def forget(self, name: str) -> None:
        """Take a sensor out. One that is not there is no error."""
        sensor = self._sensors.pop(_line(name), None)
        if sensor is not None:
            slot = sensor.slot
            self._codes[slot] = NO_READING
            self._history[:, slot] = NO_READING
            self._packed.pop(slot, None)
            self.table(Reading).despawn([self._rows.pop(slot)])
            self.despawn(sensor)

    def _place(self, name: str) -> Sensor | None:
        """Return a new sensor: in a free place, or in that of the one that has been stale for longest."""
        if len(self._sensors) >= MAX_SENSORS:
            oldest = min(self._sensors.values(), key=lambda sensor: int(self._read_at[sensor.slot]))
            if not oldest.stale:
                return None
            self.forget(oldest.name)
        slot = next(slot for slot in range(MAX_SENSORS) if slot not in self._rows)
        (row,) = self.table(Reading).spawn_many(1, slot=slot)
        self._rows[slot] = int(row)
        self._read_at[slot] = self.tick
        sensor = self._sensors[name] = self.spawn(Sensor, slot=slot, name=name, decimals=2)
        return sensor

    def on_tick(self) -> None:
        table = self.table(Reading)
        codes = self._codes[table.slot]
        table.code = np.where(codes == NO_READING, 0, codes)
        self._send_histories()

    def _keep_second(self) -> None:
        """Keep one point of each sensor, and note which ones are silent."""
        self._packed.clear()
        self._history[self._second % KEPT_S] = self._codes
        silent = self._read_at < self.tick - STALE_S * self.tick_hz
        for sensor in self._sensors.values():
            sensor.stale = bool(silent[sensor.slot])
            if sensor.stale:
                self._history[self._second % KEPT_S, sensor.slot] = NO_READING

    @property
    def _second(self) -> int:
        return self.tick // self.tick_hz

    # -- viewers -------------------------------------------------------------------------------------------------------

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "history":
            self._ask(player, payload)
        elif name in self.commands and player.has_scope(f"publish:{self.kind}"):
            try:
                checked = msgspec.to_builtins(msgspec.convert(payload, self.commands[name]))
            except msgspec.ValidationError as error:
                self.send(player, "refused", {"command": name, "why": str(error)[:200]})
            else:
                self.on_command(name, checked)
        elif name in self.commands:
            self.send(player, "refused", {"command": name, "why": f"a token with publish:{self.kind} is needed"})

    def on_leave(self, player: Player) -> None:
        self._asked.pop(player, None)

    def _ask(self, player: Player, payload: Any) -> None:
        """Note whose history a viewer wants. It is sent over the next ticks, the first asked for first."""
        if not isinstance(payload, list):
            return
        slots = [slot for slot in payload[:MAX_SENSORS] if type(slot) is int and slot in self._rows]
        if slots:
            self._asked.setdefault(player, {}).update(dict.fromkeys(slots))

    def _send_histories(self) -> None:
        left = HISTORIES_IN_A_TICK
        for player, asked in list(self._asked.items()):
            if left <= 0:
                return
            if not player.connected:
                continue
            now = list(asked)[: min(HISTORIES_PER_TICK, left)]
            left -= len(now)
            found = [self._history_of(slot) for slot in now if slot in self._rows]
            if found:
                # The last point is of `tick`, and the others are a second apart.
                self.send(player, "history", {"tick": self._second * self.tick_hz, "sensors": found})
            del self._asked[player]
            rest = dict.fromkeys(list(asked)[len(now) :])
            if rest:
                self._asked[player] = rest  # behind the others

    def _history_of(self, slot: int) -> dict[str, Any]:
        """Return the last minutes of a sensor, packed once a second."""
        if slot not in self._packed:
            self._packed[slot] = self._pack(slot)
        return self._packed[slot]

    def _pack(self, slot: int) -> dict[str, Any]:
        """Return the last minutes of a sensor: codes between `low` and `high` as 16 bits each, the oldest first."""
        points = np.roll(self._history[:, slot].astype(np.int64), -(self._second % KEPT_S) - 1)
        there = points != NO_READING
        if not there.any():
            return {"slot": slot, "low": 0, "high": 0, "points": b""}
        low, high = int(points[there].min()), int(points[there].max())
        scaled = np.round((points - low) * ((NO_POINT - 1) / max(1, high - low)))
        packed = np.where(there, scaled, NO_POINT).astype("<u2")
        return {"slot": slot, "low": low, "high": high, "points": packed.tobytes()}

    # -- the demo ------------------------------------------------------------------------------------------------------

    def _begin_demo(self) -> None:
        """Show a plant that does not exist, with minutes of history, until the first real reading."""
        self.state.demo = True
        for one in dashboard_demo.SENSORS:
            info = SensorInfo(one.group, one.unit, one.decimals, None, one.warn, None, one.alarm, one.ticker)
            self.describe(one.name, info)
        scale = 10.0 ** np.array([one.decimals for one in dashboard_demo.SENSORS])
        for second in range(1 - KEPT_S, 1):
            values = dashboard_demo.values_at(second * dashboard_demo.STEPS_PER_S)
            self._history[second % KEPT_S, : len(scale)] = np.round(values * scale)
        self._measure()

    def _measure(self) -> None:
        self.run(dashboard_demo.measure, self.tick, then=self._measured, failed=self._measure_again)

    def _measure_again(self, _: WorkFailed) -> None:
        if self.state.demo:
            self._measure()

    def _measured(self, values: list[float]) -> None:
        if self.state.demo:
            self.read({one.name: value for one, value in zip(dashboard_demo.SENSORS, values, strict=True)})
            self._measure()

    def _end_demo(self) -> None:
        self.state.demo = False
        for name in list(self._sensors):
            self.forget(name)


def _code(value: float, decimals: int) -> int:
    return max(-MAX_UNITS, min(MAX_UNITS, int(value * 10.0**decimals + (0.5 if value >= 0 else -0.5))))


def _line(text: str) -> str:
    """Return a text as one line of printable characters."""
    return "".join(character for character in text if character.isprintable()).strip()
