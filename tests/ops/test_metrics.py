"""`/metrics`: a scraper can read every line, and the sums are right."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, cast

from gameserver.net.counters import Counters
from gameserver.net.http.head import Head
from gameserver.ops.metrics import Metric, Sample, metrics_page, render
from gameserver.ops.worker_metrics import by_worker

HEAD = Head("GET", "/metrics", ())
SAMPLE = re.compile(r'[a-z_:]+(?:\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+-]+')


def page(counters: Counters, statistics: dict[str, Any]) -> str:
    hub = SimpleNamespace(statistics=lambda: statistics)
    server = SimpleNamespace(counters=counters, totals=lambda: counters, links=(1, 2), hub=hub)
    response = metrics_page(cast("Any", server), HEAD)
    assert response.content_type.startswith("text/plain; version=0.0.4")
    return response.body.decode()


def room(kind: str, players: int, overload: int = 0) -> dict[str, Any]:
    return {"overload": overload, "kind": kind, "players": players, "spectators": 0, "states": 10, "missed_inputs": 1}


def test_every_line_is_a_comment_or_a_sample() -> None:
    counters = Counters()
    counters.closes["lost"] += 1
    counters.responses[200] += 2
    counters.tick_s.add(0.003)
    text = page(counters, {"refused": {"TOO_BIG": 1}, "rooms": [room('odd "kind"\\\n', 1)]})
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or SAMPLE.fullmatch(line), line


def test_counters_appear_with_their_labels() -> None:
    counters = Counters(links=7, messages_in=1_000_000)
    counters.closes["4006"] += 3
    lines = page(counters, {"joins": 5, "refused": {"TOO_BIG": 3}}).splitlines()
    assert "gameserver_links 2" in lines
    assert "gameserver_links_total 7" in lines
    assert "gameserver_messages_in_total 1000000" in lines
    assert 'gameserver_link_closes_total{code="4006"} 3' in lines
    assert 'gameserver_refused_total{code="TOO_BIG"} 3' in lines
    assert "gameserver_joins_total 5" in lines


def test_rooms_are_summed_by_kind() -> None:
    lines = page(Counters(), {"rooms": [room("a", 1), room("a", 2), room("b", 5)]}).splitlines()
    assert 'gameserver_rooms{kind="a"} 2' in lines
    assert 'gameserver_room_players{kind="a"} 3' in lines
    assert 'gameserver_room_players{kind="b"} 5' in lines


def test_ticks_are_a_histogram_whose_buckets_add_up() -> None:
    counters = Counters()
    for seconds in (0.0001, 0.0005, 0.003, 9.0):
        counters.tick_s.add(seconds)
    lines = page(counters, {}).splitlines()
    assert 'gameserver_tick_seconds_bucket{le="0.0005"} 2' in lines
    assert 'gameserver_tick_seconds_bucket{le="0.005"} 3' in lines
    assert 'gameserver_tick_seconds_bucket{le="+Inf"} 4' in lines
    assert "gameserver_tick_seconds_count 4" in lines


def test_the_highest_overload_level_counts_for_a_kind() -> None:
    lines = page(Counters(), {"rooms": [room("a", 1, 0), room("a", 2, 2), room("b", 5, 1)]}).splitlines()
    assert 'gameserver_room_overload{kind="a"} 2' in lines
    assert 'gameserver_room_overload{kind="b"} 1' in lines


def test_metrics_of_several_workers_are_merged_and_labelled() -> None:
    one = Metric("rooms", "gauge", "Rooms.", (Sample((("kind", "a"),), 1),))
    two = Metric("rooms", "gauge", "Rooms.", (Sample((("kind", "a"),), 2),))
    assert render(by_worker({0: [one], 1: [two]})).body.decode().splitlines() == [
        "# HELP gameserver_rooms Rooms.",
        "# TYPE gameserver_rooms gauge",
        'gameserver_rooms{kind="a",worker="0"} 1',
        'gameserver_rooms{kind="a",worker="1"} 2',
    ]
