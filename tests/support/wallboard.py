"""What a viewer of JSON knows of a room."""

from __future__ import annotations

from typing import Any


class Wallboard:
    """What a viewer knows of a room, put together from updates as docs/transports.md says."""

    def __init__(self) -> None:
        self.entities: dict[str, dict[int, dict[str, Any]]] = {}
        self.events: list[Any] = []
        self.missed = 0

    def take(self, update: dict[str, Any], *, full: bool) -> None:
        """Apply one update."""
        self.missed += update.get("missed", 0)
        self.events += [event["payload"] for event in update.get("events", ())]
        if full:
            self.entities = {}
        for name, entities in update.get("entities", {}).items():
            for entity in entities:
                self.entities.setdefault(name, {}).setdefault(entity["id"], {}).update(entity)
        for name, ids in update.get("gone", {}).items():
            for entity_id in ids:
                del self.entities[name][entity_id]

    def labels(self) -> list[str]:
        """Return the labels of the cards that there are."""
        return [card["label"] for card in self.entities.get("Card", {}).values()]
