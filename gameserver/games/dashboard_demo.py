"""The built-in feed of the dashboard: a plant that does not exist, and some prices. The same step gives the same
values, so a replay and a test know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import trio

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS_PER_S: Final = 10
_PAUSE_S: Final = 0.08
"""A little less than a tick: the values are there when the next one begins."""


class DemoSensor(NamedTuple):
    """What a sensor of the demo measures, and how it moves."""

    name: str
    group: str
    unit: str
    decimals: int
    middle: float
    swing: float
    noise: float
    warn: float | None
    """From here on it is a warning."""
    alarm: float | None
    ticker: bool = False


_AREAS: Final = (
    # group, what, how many, unit, decimals, middle, swing, noise, warn, alarm
    ("Boilers", "Boiler {} steam", 16, "°C", 1, 182.0, 9.0, 0.25, 190.5, 194.0),
    ("Boilers", "Boiler {} pressure", 16, "bar", 2, 11.2, 0.9, 0.03, 12.1, 12.6),
    ("Turbines", "Turbine {} speed", 12, "rpm", 0, 3000.0, 38.0, 3.0, 3036.0, 3060.0),
    ("Turbines", "Turbine {} vibration", 12, "mm/s", 2, 2.6, 1.1, 0.16, 3.9, 4.6),
    ("Turbines", "Turbine {} power", 12, "MW", 2, 41.0, 6.0, 0.08, None, None),
    ("Coolers", "Cooler {} flow", 24, "l/s", 1, 64.0, 14.0, 0.5, None, None),
    ("Coolers", "Cooler {} motor", 24, "°C", 1, 61.0, 8.0, 0.2, 70.0, 76.0),
    ("Data hall", "Rack {} inlet", 36, "°C", 1, 23.4, 2.2, 0.08, 26.0, 27.5),
    ("Data hall", "Rack {} load", 36, "kW", 2, 5.4, 2.1, 0.1, 7.3, 8.2),
    ("Site", "Wind mast {}", 12, "m/s", 1, 7.6, 3.9, 0.5, 11.6, 13.5),
)
_TICKERS: Final = ("NORD", "VOLT", "AQUA", "FERR", "HELI", "TERA", "LUMN", "ORBT", "PINE", "QRTZ", "RIVR", "SOLA")


def _sensors() -> tuple[DemoSensor, ...]:
    found = [
        DemoSensor(what.format(number + 1), group, unit, decimals, middle, swing, noise, warn, alarm)
        for group, what, count, unit, decimals, middle, swing, noise, warn, alarm in _AREAS
        for number in range(count)
    ]
    prices = [
        DemoSensor(name, "Prices", "€", 2, 18.0 + 13.0 * number, 1.2 + 0.9 * number, 0.04, None, None, ticker=True)
        for number, name in enumerate(_TICKERS)
    ]
    return (*found, *prices)


SENSORS: Final = _sensors()


def _column(field: str) -> NDArray[np.float64]:
    return np.array([getattr(sensor, field) for sensor in SENSORS], np.float64)


_MIDDLE: Final = _column("middle")
_SWING: Final = _column("swing")
_NOISE: Final = _column("noise")
_ORDER: Final = np.arange(len(SENSORS), dtype=np.float64)


def values_at(step: int) -> NDArray[np.float64]:
    """Return what each sensor measures at a step, `STEPS_PER_S` of which are a second, shape (sensors,)."""
    seconds = step / STEPS_PER_S
    slow = np.sin(seconds / (47.0 + _ORDER % 31.0) + _ORDER * 2.4)
    quick = np.sin(seconds / (6.5 + _ORDER % 7.0) + _ORDER * 5.1)
    noise = np.random.default_rng(step % 2**32).standard_normal(len(SENSORS))
    values: NDArray[np.float64] = _MIDDLE + _SWING * (0.7 * slow + 0.3 * quick) + _NOISE * noise
    return values


async def measure(step: int) -> list[float]:
    """Return the values of a step when it is their time, as a device would answer."""
    await trio.sleep(_PAUSE_S)
    measured: list[float] = values_at(step).tolist()
    return measured
