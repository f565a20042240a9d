"""Two hundred players look at the lobby, join a match from it or wait in a queue, play match after match, and come
back to the lobby. Matches that lack somebody get players from the queue. Nobody gets lost on the way.

    python -m tests.scenarios.evening --players 200 --seconds 60

starts the server and the players, and ends with one JSON object; status 1 when anything was wrong.
`tests/live/test_evening.py` runs the same, shorter.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import trio

from gameserver import AnyRoom, Options, Room
from gameserver.client import JoinFailed, connect
from gameserver.match import MatchRules, Queue
from gameserver.protocol.constants import CloseCode
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver import MoveFailed, Player

TEAMS: Final = 2
TEAM_SIZE: Final = 2
PLAY_S: Final = 2.0
OPEN_S: Final = 4.0
"""How long a match takes that somebody has opened for others to find."""
LOOK_S: Final = 3.0
"""How long a player looks at the lobby for a match before it goes into the queue."""
MATCHES_IN_A_ROW: Final = 4
"""After so many a player goes back to the lobby. The next match lets it go at its end: who leaves the queue may have
been chosen for a match already, which then lacks a player from the start."""
QUIET_S: Final = LOOK_S + 6.0
"""For so long before the end nobody goes back to the lobby, so that everyone has one session then."""
OPENERS: Final = 8
"""One player of so many opens a match when it comes."""
SOURCE: Final = "127.0.0.1"


class MatchOptions(Options):
    """What its creator may choose."""

    is_open: bool = False


class Match(Room[Any]):
    """A match that is over after a few seconds. Then all go into the queue. An open one is in the lobby, and asks the
    queue for whom it lacks."""

    kind = "match"
    max_players = TEAMS * TEAM_SIZE
    empty_close_s = 0.5
    options = MatchOptions()

    def on_create(self, options: Mapping[str, object]) -> None:
        if self.options.is_open:
            self.backfill("evening", [TEAM_SIZE] * TEAMS)
        else:
            self.set_visibility("unlisted")
        self.most = 0
        self.had_enough: set[Player] = set()
        self.after(round((OPEN_S if self.options.is_open else PLAY_S) * self.tick_hz), self.end)

    def on_join(self, player: Player) -> None:
        self.most = max(self.most, len(self.players))
        self.send(player, "came")

    def on_message(self, player: Player, name: str, payload: object) -> None:
        if name == "enough":
            self.had_enough.add(player)

    def end(self) -> None:
        played = [[player.text("name"), self.team_of(player)] for player in self.players]
        self.broadcast("played", {"players": played, "most": self.most, "is_open": self.options.is_open})
        self.cancel_backfill()
        self.lock()  # who came now would stay here alone
        for player in self.players:
            if player in self.had_enough:
                self.send(player, "farewell")
            else:
                self.move(player, AnyRoom("evening"))

    def team_of(self, player: Player) -> object:
        """Who has come from the queue has a team; who has come from the lobby may have one of a match before."""
        return player.params.get("team") if player.came_from is not None else None

    def on_move_failed(self, player: Player, failure: MoveFailed) -> None:
        self.broadcast("stranded", str(failure))


class Evening(Queue):
    """Everyone is as good as everyone else."""

    kind = "evening"
    destination = "match"
    rules = MatchRules(teams=TEAMS, team_size=TEAM_SIZE)


@dataclass(frozen=True)
class Crowd:
    """How many play, and for how long."""

    players: int = 200
    seconds: float = 60.0


@dataclass
class Visitor:
    """What one player has seen."""

    number: int
    matches: int = 0
    open_matches: int = 0
    from_lobby: int = 0
    opened: int = 0
    too_late: int = 0
    """How many matches of the lobby were full or over when it came."""
    backfilled: int = 0
    others: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    stays: bool = False

    @property
    def name(self) -> str:
        """As others see it."""
        return f"player {self.number}"

    async def play(self, url: str) -> None:
        """Go through the lobby and into matches, again and again."""
        rng = random.Random(self.number)
        is_late = False
        while True:
            room = None if is_late else await self.look(url, rng)
            is_late = False
            opens = room is None and self.number % OPENERS == 0
            try:
                await self.enter(url, room, opens=opens)
            except JoinFailed as refusal:
                if refusal.code not in (CloseCode.ROOM_FULL, CloseCode.ROOM_NOT_FOUND, CloseCode.ROOM_LOCKED):
                    self.problems.append(str(refusal))
                self.too_late += 1
                is_late = True  # into the queue

    async def look(self, url: str, rng: random.Random) -> str | None:
        """Look at the lobby for a match with a free seat. Return its id; None if there is none for too long."""
        async with connect(url, "lobby.match") as lobby:
            with trio.move_on_after(LOOK_S):
                while True:
                    rows = (await lobby.updated()).entities("LobbyRow")
                    free: list[str] = [row.room for row in rows if row.players < row.max_players and not row.locked]
                    if free:
                        return rng.choice(free)
                    if self.number % OPENERS == 0:
                        return None
        return None

    async def enter(self, url: str, room: str | None, *, opens: bool) -> None:
        """Join a match of the lobby, an own one, or the queue, and go wherever the session goes for some matches.

        Raises:
            JoinFailed: The match takes nobody any more.
        """
        kind = "match" if opens or room is not None else "evening"
        options = {"is_open": True} if opens else None
        params = {"name": self.name}
        async with connect(url, kind, room=room, create=opens, room_options=options, params=params) as session:
            self.from_lobby += room is not None
            self.opened += opens
            enough = self.matches + MATCHES_IN_A_ROW
            async for event in session.events():
                self.note(event.name, event.payload)
                if event.name == "came" and self.matches >= enough and not self.stays:
                    session.send("enough")
                if event.name == "farewell":
                    await session.leave()
                    return
            self.problems.append(f"the session ended: {session.status}")

    def note(self, name: str, payload: Any) -> None:
        """Note an event, and what is wrong with it."""
        if name == "stranded":
            self.problems.append(str(payload))
        if name != "played":
            return
        team_of, is_open, most = dict(payload["players"]), payload["is_open"], payload["most"]
        self.matches += 1
        self.open_matches += is_open
        self.backfilled += is_open and team_of.get(self.name) is not None
        self.others.update(team_of)
        teams = [list(team_of.values()).count(team) for team in range(TEAMS)]
        if self.name not in team_of or most > TEAMS * TEAM_SIZE or (most < TEAMS * TEAM_SIZE and not is_open):
            self.problems.append(f"a match of {payload}")
        if max(teams) > TEAM_SIZE or len(payload["players"]) > TEAMS * TEAM_SIZE:
            self.problems.append(f"teams of {payload}")


async def run_evening(crowd: Crowd) -> dict[str, Any]:
    """Run it; return what was seen, with `wrong`: a list of what must not be."""
    rooms = ("tests.scenarios.evening:Evening", "tests.scenarios.evening:Match")
    visitors = [Visitor(number) for number in range(crowd.players)]
    async with ServerProcess(*rooms, "--uncounted-address", SOURCE, "--log-level", "warning") as server:
        async with trio.open_nursery() as nursery:
            for visitor in visitors:
                nursery.start_soon(visitor.play, server.url)
                await trio.sleep(0.005)
            await trio.sleep(crowd.seconds - QUIET_S)
            for visitor in visitors:
                visitor.stays = True
            await trio.sleep(QUIET_S)
            metrics = await server.metrics()
            nursery.cancel_scope.cancel()
        status, errors = await server.end()
    problems = sorted({problem for visitor in visitors for problem in visitor.problems})
    matches = [visitor.matches for visitor in visitors]
    counts = {
        name: sum(getattr(visitor, name) for visitor in visitors)
        for name in ("open_matches", "opened", "from_lobby", "too_late", "backfilled")
    }
    # When many look at the lobby in the same moment they may take all seats of the open matches: the queue has none.
    were_filled = counts["from_lobby"] >= (TEAMS * TEAM_SIZE - 1) * counts["opened"]
    checks = {
        f"{problems[:5]}": not problems,
        f"somebody played {min(matches)} matches, of {statistics.median(matches)}": min(matches) >= 2,
        f"somebody met {min(len(visitor.others) for visitor in visitors)}": all(
            len(visitor.others) >= TEAMS * TEAM_SIZE for visitor in visitors
        ),
        f"{counts}": counts["from_lobby"] > 0 and (counts["backfilled"] > 0 or were_filled),
        f"{metrics['sessions']:g} sessions": metrics["sessions"] == crowd.players,
        f"the server ended with {status}: {errors[-500:]}": status == 0 and "Traceback" not in errors,
    }
    seen = {"players": crowd.players, "matches": [min(matches), statistics.median(matches), max(matches)], **counts}
    return {**seen, "wrong": [problem for problem, fine in checks.items() if not fine]}


def main() -> None:
    """Run an evening from the command line."""
    parser = argparse.ArgumentParser(description="Players who wait, play, and wait again.")
    parser.add_argument("--players", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    verdict = trio.run(run_evening, Crowd(**vars(parser.parse_args())))
    sys.stdout.write(json.dumps(verdict, indent=1) + "\n")
    raise SystemExit(1 if verdict["wrong"] else 0)


if __name__ == "__main__":
    main()
