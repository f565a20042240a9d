"""The words of this repository are the field's; those that it once had for itself do not come back."""

import re
from pathlib import Path

from tests.support.source import ROOT

FORMER = (
    "guests?|seating|arrivals|sight|rations?|rationed|allowances?|coasts?|coasting|beliefs?|habits?|films?"
    "|doors?|tickets?|happenings?|followers?|comebacks?|told|tell|tells|telling|pump|drained"
    "|socketchannel|roomlinks|delayline|clientcore|(?-i:typedelta|viewstate)"
)
"""What each was: Peer, Seats, commands, PlayerViews, budget, dead reckoning, WidthCache, Timeline, Admission,
reservation, events, Replica, Backoff, type_delta, view_state, sent or known, a write loop, polled; and classes."""

ELSEWHERE = {
    "CHANGELOG.md": "names the former words",
    "package-lock.json": "other people's",
    "constraints.txt": "other people's",
    "tests/docs/test_words.py": "this list",
    "gameserver/client/state_reader.py": "calls msgpack's Unpacker.tell",
}
FOLDERS_ELSEWHERE = ("bench/results/",)
MATCHMAKING = (
    "gameserver/match/",
    "tests/match/",
    "bench/matchmaking.py",
    "docs/guide/matchmaking.md",
    "docs/architecture.md",
)
"""Here a ticket is a player or a party that waits for a match, as everywhere in the field."""
FOLDERS = ("bench", "client_demo", "docs", "gameserver", "tests", "tools")
TEXT = {".css", ".html", ".js", ".json", ".md", ".mjs", ".py", ".toml"}


def texts() -> list[Path]:
    """Every text of the repository."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return [
        path
        for path in [*ROOT.iterdir(), *inside]
        if path.suffix in TEXT and "node_modules" not in path.parts and path.is_file()
    ]


def test_no_former_word_is_left() -> None:
    found = {}
    for path in texts():
        name = path.relative_to(ROOT).as_posix()
        if name in ELSEWHERE or name.startswith(FOLDERS_ELSEWHERE):
            continue
        words = set(re.findall(rf"\b(?:{FORMER})\b", path.read_text("utf-8"), re.IGNORECASE))
        if name.startswith(MATCHMAKING):
            words = {word for word in words if word.lower() not in ("ticket", "tickets")}
        if words:
            found[name] = sorted(words)
    assert found == {}


def test_there_are_texts_to_look_at() -> None:
    assert len(texts()) > 500
