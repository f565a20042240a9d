"""The pages that speak for all workers, whichever of them is asked."""

from __future__ import annotations

from collections import Counter
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gameserver.net.http.responses import as_json, text
from gameserver.ops.metrics import Metric, Sample, by_worker, render
from gameserver.workers.handoff import DirectorGone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.http.pages import Page
    from gameserver.net.http.responses import Response
    from gameserver.net.server_state import ServerState
    from gameserver.workers.handoff import Handoff
    from gameserver.workers.messages import Described

_TOTALS: Final = ("links_open", "sessions", "links", "joins", "resumes", "rooms_opened", "rooms_closed")


def rooms_of(described: Described) -> dict[str, Any]:
    """`/api/rooms` as one process gives it, summed over the workers; each room says whose it is."""
    parts = {index: state.about["statistics"] for index, state in enumerate(described.workers) if state.about}
    refused: Counter[str] = Counter()
    for part in parts.values():
        refused.update(part["refused"])
    return {
        **{name: sum(part[name] for part in parts.values()) for name in _TOTALS},
        "refused": dict(sorted(refused.items())),
        "handovers": described.handovers,
        "workers": [
            {
                "worker": index,
                "pid": state.pid,
                "up": state.up,
                "restarts": state.restarts,
                "server": parts[index]["server"] if index in parts else None,
            }
            for index, state in enumerate(described.workers)
        ],
        "rooms": [{**room, "worker": index} for index, part in parts.items() for room in part["rooms"]],
    }


def metrics_of(described: Described) -> list[Metric]:
    """Every worker's families, each sample labelled, and what the director counts."""
    states = described.workers
    parts = {
        index: msgspec.convert(state.about["metrics"], list[Metric])
        for index, state in enumerate(states)
        if state.about is not None
    }
    own = {
        index: [
            Metric("worker_up", "gauge", "Whether the worker serves.", (Sample((), state.up),)),
            Metric("worker_restarts_total", "counter", "Times it was started again.", (Sample((), state.restarts),)),
        ]
        for index, state in enumerate(states)
    }
    handovers = Metric(
        "handovers_total", "counter", "Links handed from one worker to another.", (Sample((), described.handovers),)
    )
    return [*by_worker(parts), *by_worker(own), handovers]


def _ready(server: ServerState, described: Described) -> Response:
    up = sum(state.up for state in described.workers)
    if server.draining or not up:
        retry_s = max(1, round(server.settings.retry_after_s))
        return text(HTTPStatus.SERVICE_UNAVAILABLE, "draining", ("Retry-After", str(retry_s)))
    return text(HTTPStatus.OK, f"ready, {up} of {len(described.workers)} workers")


def worker_pages(handoff: Handoff) -> Mapping[str, Page]:
    """The table of these pages, for `serve`; `handoff` asks the director about the other workers."""
    page = partial(_page, handoff)
    return {
        "/api/rooms": page(lambda _server, described: as_json(rooms_of(described))),
        "/metrics": page(lambda _server, described: render(metrics_of(described))),
        "/healthz": page(lambda _server, _described: text(HTTPStatus.OK, "ok")),
        "/readyz": page(_ready),
    }


def _page(handoff: Handoff, make: Callable[[ServerState, Described], Response]) -> Page:
    async def answer(server: ServerState, _head: Head) -> Response:
        try:
            described = await handoff.describe_all()
        except DirectorGone:
            return text(HTTPStatus.SERVICE_UNAVAILABLE, "the director does not answer")
        return make(server, described)

    return answer
