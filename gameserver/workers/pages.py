"""The pages that show all workers, whichever of them serves the request."""

from __future__ import annotations

from collections import Counter
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from gameserver.net.http.pages import rooms_page, without_unlisted
from gameserver.net.http.responses import as_json, text
from gameserver.net.http.shared_page import SharedPage
from gameserver.workers.director_client import DirectorGone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.http.pages import Page
    from gameserver.net.http.responses import Response
    from gameserver.net.server_state import ServerState
    from gameserver.workers.director_client import DirectorClient
    from gameserver.workers.messages import AllDescribed

_SUMMED: Final = ("links_open", "sessions", "links", "joins", "resumes", "rooms_opened", "rooms_closed")


def worker_pages(director: DirectorClient, metrics: Callable[[AllDescribed], Response]) -> Mapping[str, Page]:
    """Return the pages for `serve`, by path.

    Args:
        director: Asked for the state of all workers.
        metrics: Makes the answer of `/metrics`.
    """
    page = partial(_page, director)
    return {
        "/api/rooms": rooms_page(page(lambda _server, described: as_json(without_unlisted(all_rooms(described))))),
        "/metrics": page(lambda _server, described: metrics(described)),
        "/healthz": page(lambda _server, _described: text(HTTPStatus.OK, "ok")),
        "/readyz": page(_ready),
    }


def _page(director: DirectorClient, make: Callable[[ServerState, AllDescribed], Response]) -> SharedPage:
    async def answer(server: ServerState, _head: Head) -> Response:
        try:
            described = await director.describe_all()
        except DirectorGone:
            return text(HTTPStatus.SERVICE_UNAVAILABLE, "the director does not answer")
        return make(server, described)

    return SharedPage(answer)


def all_rooms(described: AllDescribed) -> dict[str, Any]:
    """Return `/api/rooms` as one process gives it, summed over the workers; each room names its worker."""
    parts = {index: state.description.statistics for index, state in enumerate(described.workers) if state.description}
    refused: Counter[str] = Counter()
    for part in parts.values():
        refused.update(part["refused"])
    return {
        **{name: sum(part[name] for part in parts.values()) for name in _SUMMED},
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


def _ready(server: ServerState, described: AllDescribed) -> Response:
    up = sum(state.up for state in described.workers)
    if server.draining or not up:
        retry_s = max(1, round(server.settings.retry_after_s))
        return text(HTTPStatus.SERVICE_UNAVAILABLE, "draining", ("Retry-After", str(retry_s)))
    return text(HTTPStatus.OK, f"ready, {up} of {len(described.workers)} workers")
