"""What pages see of a server, without one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gameserver.net.http.routes import Routes
from gameserver.net.settings import NetSettings


@dataclass
class FakeHub:
    """A hub with one kind of room that has a step."""

    kinds: tuple[str, ...] = ("arena",)

    def statistics(self) -> dict[str, Any]:
        return {
            "sessions": 3,
            "rooms": [
                {"id": "abc", "kind": "arena", "players": 3, "visibility": "public"},
                {"id": "def", "kind": "arena", "players": 2, "visibility": "unlisted"},
            ],
        }

    def step_module(self, path: str) -> str | None:
        return "export const step = 1;\n" if path == "step/my-arena-0123456789abcdef.js" else None


@dataclass
class FakeServer:
    """The parts of a ServerState that pages use."""

    hub: FakeHub = field(default_factory=FakeHub)
    settings: NetSettings = field(default_factory=NetSettings)
    draining: bool = False
    routes: Routes = field(default_factory=Routes)
