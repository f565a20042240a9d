"""`/metrics` in Prometheus' text format, from what the server and its hub count anyway. Needs no library and keeps no
state of its own.
"""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from gameserver.net.http.responses import Response
from gameserver.ops.process import process_statistics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gameserver.net.counters import Histogram
    from gameserver.net.http.head import Head
    from gameserver.net.server_state import ServerState
    from gameserver.ops.process import ProcessStatistics

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
PREFIX: Final = "gameserver_"

MetricType: TypeAlias = Literal["counter", "gauge", "histogram"]
Labels: TypeAlias = "tuple[tuple[str, str], ...]"


class Sample(NamedTuple):
    """One value of a metric; `suffix` is appended to the metric's name."""

    labels: Labels
    value: float
    suffix: str = ""


class Metric(NamedTuple):
    """One metric: its name without the prefix, and its values."""

    name: str
    type: MetricType
    help: str
    samples: tuple[Sample, ...]


def metrics_page(server: ServerState, _head: Head) -> Response:
    """Return the metrics of this process as a page."""
    return render(all_metrics(server))


def render(metrics: Iterable[Metric]) -> Response:
    """Return metrics as a page."""
    return Response(HTTPStatus.OK, "".join(map(_text, metrics)).encode(), CONTENT_TYPE)


def all_metrics(server: ServerState) -> list[Metric]:
    """Return all metrics of one process."""
    histogram = _histogram("tick_seconds", "Duration of a room's tick.", server.counters.tick_s)
    return [
        *net_metrics(server),
        *hub_metrics(server.hub.statistics()),
        *process_metrics(process_statistics()),
        histogram,
    ]


def net_metrics(server: ServerState) -> Iterable[Metric]:
    """Yield what the network layer counts."""
    totals = server.totals()
    yield _one("connections_total", "counter", "Accepted sockets.", totals.connections)
    yield _one("connections_evicted_total", "counter", "Idle or half-open ones closed for newer ones.", totals.evicted)
    yield _one("connections_refused_total", "counter", "Closed unread: too many.", totals.refused_connections)
    yield _one("connection_errors_total", "counter", "Ended by an unexpected exception.", totals.errors)
    yield _by("http_responses_total", "counter", "HTTP responses.", "status", totals.responses)
    yield _one("links", "gauge", "Open WebSockets and streams, and viewers that poll.", len(server.links))
    yield _one("links_total", "counter", "WebSockets, streams and viewers that poll, opened.", totals.links)
    yield _by(
        "link_closes_total",
        "counter",
        "Links that ended, by the server's close code, peer (closed by the client) or lost.",
        "code",
        totals.closes,
    )
    yield _one("messages_in_total", "counter", "Messages from clients.", totals.messages_in)
    yield _one("messages_out_total", "counter", "Messages to clients.", totals.messages_out)
    yield _one("bytes_in_total", "counter", "Bytes from clients.", totals.bytes_in)
    yield _one("bytes_out_total", "counter", "Bytes to clients.", totals.bytes_out)
    yield _one("ticks_total", "counter", "Ticks of all rooms.", totals.ticks)
    yield _one("tick_overruns_total", "counter", "Wake-ups at which more than one tick was due.", totals.overruns)
    yield _one("ticks_skipped_total", "counter", "Ticks skipped.", totals.skipped_ticks)


_HUB_TOTALS: Final = ("joins", "resumes", "rooms_opened", "rooms_closed")
_ROOM_GAUGES: Final = ("players", "spectators", "suspended", "entities")
_ROOM_TOTALS: Final = ("states", "state_bytes", "skipped_states", "missed_inputs", "trimmed_inputs")


def hub_metrics(statistics: Mapping[str, Any]) -> Iterable[Metric]:
    """Yield what the hub counts. Rooms are summed by kind: with a label for each room the labels would never end."""
    rooms = statistics.get("rooms", [])
    yield _one("sessions", "gauge", "Seats held, with a link or without.", statistics.get("sessions", 0))
    yield _by("refused_total", "counter", "Messages refused.", "code", statistics.get("refused", {}))
    yield _by("rooms", "gauge", "Running rooms.", "kind", Counter(room["kind"] for room in rooms))
    for name in _HUB_TOTALS:
        yield _one(f"{name}_total", "counter", f"{_words(name)}.", statistics.get(name, 0))
    for name in (*_ROOM_GAUGES, *_ROOM_TOTALS):
        # Sums over the rooms that run now. They shrink when a room ends, so none of them is a counter.
        yield _by(f"room_{name}", "gauge", f"{_words(name)}, running rooms.", "kind", _sum_by_kind(rooms, name))
    levels: dict[str, int] = {}
    for room in rooms:
        levels[room["kind"]] = max(levels.get(room["kind"], 0), room.get("overload", 0))
    yield _by("room_overload", "gauge", "Highest overload level of a running room, 0 to 3.", "kind", levels)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _sum_by_kind(rooms: Iterable[Mapping[str, Any]], name: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for room in rooms:
        sums[room["kind"]] = sums.get(room["kind"], 0) + room.get(name, 0)
    return sums


def process_metrics(statistics: ProcessStatistics) -> Iterable[Metric]:
    """Yield what the process holds, without what is not known."""
    help_texts = {
        "tasks": "Tasks of the event loop.",
        "open_files": "Open file descriptors.",
        "resident_bytes": "Resident memory.",
    }
    for name, value in statistics._asdict().items():
        if value is not None:
            yield _one(name, "gauge", help_texts[name], value)


# -- one metric --------------------------------------------------------------------------------------------------------


def _one(name: str, metric_type: MetricType, help_text: str, value: float) -> Metric:
    return Metric(name, metric_type, help_text, (Sample((), value),))


def _by(name: str, metric_type: MetricType, help_text: str, label: str, values: Mapping[Any, float]) -> Metric:
    samples = (Sample(((label, _label(key)),), value) for key, value in sorted(values.items()))
    return Metric(name, metric_type, help_text, tuple(samples))


def _label(key: object) -> str:
    return str(int(key)) if isinstance(key, int) else str(key)


def _histogram(name: str, help_text: str, histogram: Histogram) -> Metric:
    samples, below = [], 0
    for bound, count in zip(histogram.bounds, histogram.counts, strict=False):
        below += count
        samples.append(Sample((("le", f"{bound:g}"),), below, "_bucket"))
    total = sum(histogram.counts)
    samples.append(Sample((("le", "+Inf"),), total, "_bucket"))
    samples += [Sample((), histogram.total, "_sum"), Sample((), total, "_count")]
    return Metric(name, "histogram", help_text, tuple(samples))


# -- text format -------------------------------------------------------------------------------------------------------


def _text(metric: Metric) -> str:
    name = PREFIX + metric.name
    lines = [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.type}"]
    lines += [
        f"{name}{suffix}{_braces(labels)} {int(value) if value == int(value) else f'{value:.6f}'}"
        for labels, value, suffix in metric.samples
    ]
    return "\n".join(lines) + "\n"


def _braces(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
