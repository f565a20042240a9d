"""`/metrics` in Prometheus' text format, from what the server and its hub count anyway. No library, no state of its
own.
"""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from gameserver.net.http.responses import Response
from gameserver.ops.process import holdings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gameserver.net.counters import Histogram
    from gameserver.net.http.head import Head
    from gameserver.net.server_state import ServerState
    from gameserver.ops.process import Holdings

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
PREFIX: Final = "gameserver_"

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
Labels: TypeAlias = "tuple[tuple[str, str], ...]"


class Sample(NamedTuple):
    """One value of a family; `suffix` goes behind the family's name."""

    labels: Labels
    value: float
    suffix: str = ""


class Metric(NamedTuple):
    """One family: its name without the prefix, and its values."""

    name: str
    kind: Kind
    about: str
    samples: tuple[Sample, ...]


def metrics_page(server: ServerState, _head: Head) -> Response:
    """The page for a scraper."""
    return render(all_metrics(server))


def render(metrics: Iterable[Metric]) -> Response:
    """These families as a page."""
    return Response(HTTPStatus.OK, "".join(map(_family, metrics)).encode(), CONTENT_TYPE)


def all_metrics(server: ServerState) -> list[Metric]:
    """All that one process has to say."""
    histogram = _histogram("tick_seconds", "What a room's tick takes.", server.counters.tick_s)
    return [*net_metrics(server), *hub_metrics(server.hub.statistics()), *process_metrics(holdings()), histogram]


def by_worker(parts: Mapping[int, Iterable[Metric]]) -> list[Metric]:
    """The families of several processes as one each, every sample labelled with its worker. Sums are the reader's: `sum
    without (worker) (…)`.
    """
    families: dict[str, Metric] = {}
    for worker, metrics in parts.items():
        for metric in metrics:
            samples = tuple(
                sample._replace(labels=(*sample.labels, ("worker", str(worker)))) for sample in metric.samples
            )
            known = families.get(metric.name)
            families[metric.name] = metric._replace(samples=(*(known.samples if known else ()), *samples))
    return list(families.values())


def net_metrics(server: ServerState) -> Iterable[Metric]:
    """What the net layer counts."""
    totals = server.totals()
    yield _one("connections_total", "counter", "Accepted sockets.", totals.connections)
    yield _one("connections_evicted_total", "counter", "Idle or half-open ones that made room.", totals.evicted)
    yield _one("connections_refused_total", "counter", "Closed unread: too many.", totals.refused_connections)
    yield _one("connection_errors_total", "counter", "Ended by an unexpected exception.", totals.errors)
    yield _by("http_responses_total", "counter", "HTTP answers.", "status", totals.responses)
    yield _one("links", "gauge", "WebSockets that are up.", len(server.links))
    yield _one("links_total", "counter", "WebSockets that came up.", totals.links)
    yield _by("link_closes_total", "counter", "How they ended.", "code", totals.closes)
    yield _one("messages_in_total", "counter", "Messages from clients.", totals.messages_in)
    yield _one("messages_out_total", "counter", "Messages to clients.", totals.messages_out)
    yield _one("bytes_in_total", "counter", "Bytes from clients.", totals.bytes_in)
    yield _one("bytes_out_total", "counter", "Bytes to clients.", totals.bytes_out)
    yield _one("ticks_total", "counter", "Ticks made, all rooms.", totals.ticks)
    yield _one("tick_overruns_total", "counter", "Wake-ups that owed more than one tick.", totals.overruns)
    yield _one("ticks_skipped_total", "counter", "Ticks left out.", totals.skipped_ticks)


_HUB_TOTALS: Final = ("joins", "resumes", "rooms_opened", "rooms_closed")
_ROOM_GAUGES: Final = ("players", "spectators", "suspended", "entities")
_ROOM_TOTALS: Final = ("states", "state_bytes", "skipped_states", "missed_inputs", "trimmed_inputs")


def hub_metrics(statistics: Mapping[str, Any]) -> Iterable[Metric]:
    """What the hub counts; rooms are summed by kind, since a label for each would grow for ever."""
    rooms = statistics.get("rooms", [])
    yield _one("sessions", "gauge", "Seats held, with a link or without.", statistics.get("sessions", 0))
    yield _by("refused_total", "counter", "Messages refused.", "code", statistics.get("refused", {}))
    yield _by("rooms", "gauge", "Rooms that run.", "kind", Counter(room["kind"] for room in rooms))
    for name in _HUB_TOTALS:
        yield _one(f"{name}_total", "counter", f"{name.replace('_', ' ').capitalize()}.", statistics.get(name, 0))
    for name in (*_ROOM_GAUGES, *_ROOM_TOTALS):
        # Sums over the rooms that run now: a room that ends takes its share along, so none of these is a counter.
        yield _by(
            f"room_{name}", "gauge", f"{name.replace('_', ' ').capitalize()}, running rooms.", "kind", _sum(rooms, name)
        )
    levels: dict[str, int] = {}
    for room in rooms:
        levels[room["kind"]] = max(levels.get(room["kind"], 0), room.get("overload", 0))
    yield _by("room_overload", "gauge", "Highest overload level of a running room, 0 to 3.", "kind", levels)


def process_metrics(held: Holdings) -> Iterable[Metric]:
    """What the process holds, as far as that is known."""
    about = {"tasks": "Tasks of the event loop.", "open_files": "File descriptors.", "resident_bytes": "Memory."}
    for name, value in held._asdict().items():
        if value is not None:
            yield _one(name, "gauge", about[name], value)


def _sum(rooms: Iterable[Mapping[str, Any]], name: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for room in rooms:
        sums[room["kind"]] = sums.get(room["kind"], 0) + room.get(name, 0)
    return sums


def _one(name: str, kind: Kind, about: str, value: float) -> Metric:
    return Metric(name, kind, about, (Sample((), value),))


def _by(name: str, kind: Kind, about: str, label: str, values: Mapping[Any, float]) -> Metric:
    samples = (Sample(((label, _label(key)),), value) for key, value in sorted(values.items()))
    return Metric(name, kind, about, tuple(samples))


def _label(key: object) -> str:
    return str(int(key)) if isinstance(key, int) else str(key)


def _family(metric: Metric) -> str:
    name = PREFIX + metric.name
    lines = [f"# HELP {name} {metric.about}", f"# TYPE {name} {metric.kind}"]
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


def _histogram(name: str, about: str, histogram: Histogram) -> Metric:
    samples, below = [], 0
    for bound, count in zip(histogram.bounds, histogram.counts, strict=False):
        below += count
        samples.append(Sample((("le", f"{bound:g}"),), below, "_bucket"))
    total = sum(histogram.counts)
    samples.append(Sample((("le", "+Inf"),), total, "_bucket"))
    samples += [Sample((), histogram.total, "_sum"), Sample((), total, "_count")]
    return Metric(name, "histogram", about, tuple(samples))
