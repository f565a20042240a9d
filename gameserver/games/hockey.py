"""The second demo game: two teams of three, a puck, two goals, a clock, and a rematch.

It is what most small multiplayer games are besides their rules: a lobby that waits until all are ready, rooms for
friends by a code, bots in the seats that nobody has taken, people who come, leave and watch in the middle. All of that
is `Rounds`, `Roster`, `RoundState`, `Options` and `Listing`; how skaters move is in `hockey_rink`, how bots think in
`hockey_bots`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import Meta

from gameserver import (
    Choice,
    Int,
    Listing,
    Options,
    Player,
    PlayerState,
    Room,
    Roster,
    Rounds,
    RoundState,
)
from gameserver.games.hockey_bots import think
from gameserver.games.hockey_rink import (
    DASH,
    DASH_TICKS,
    NEAR_SKATERS,
    PUCK_BOUNCE,
    PUCK_RADIUS,
    RINK_HEIGHT,
    RINK_WIDTH,
    SKATER_RADIUS,
    Controls,
    Puck,
    Skater,
    skate,
)
from gameserver.shared_math import hypot

if TYPE_CHECKING:
    from collections.abc import Mapping

TEAMS: Final = ("red", "blue")
TEAM_SIZE: Final = 3
PLACES: Final = ((0.36, 0.5), (0.2, 0.26), (0.2, 0.74))
"""Where a team lines up, as shares of the rink; the other team mirrors it."""
TOUCHING: Final = SKATER_RADIUS + PUCK_RADIUS + 0.5
"""A skater has touched the puck in this tick when it is no farther away."""
LOUD: Final = 120.0
"""A hit that is faster is shown."""
HOLD_TICKS: Final = 60
"""How long everybody waits before a kick-off."""
CELEBRATE_TICKS: Final = 90


class Member(PlayerState):
    team = Choice("none", *TEAMS)
    goals = Int(0, 99)


class Match(RoundState):
    red = Int(0, 99)
    blue = Int(0, 99)


class HockeyOptions(Options):
    minutes: Annotated[int, Meta(ge=1, le=5)] = 2
    bots: bool = True
    friends_only: bool = False


class HockeyListing(Listing):
    phase: str = "lobby"


class Hockey(Room[Controls]):
    """The rules. Goals are decided here only."""

    tick_hz = 60
    snapshot_hz = 20
    max_players = 2 * TEAM_SIZE
    lasting = True
    predict = skate
    predict_world = NEAR_SKATERS
    options = HockeyOptions()
    listing = HockeyListing()
    roster = Roster(Member)
    state = Match()

    def on_create(self, options: Mapping[str, object]) -> None:
        if self.options.friends_only:
            self.set_visibility("unlisted")
        self.rounds = Rounds(
            self,
            min_players=1 if self.options.bots else 2,
            play_s=60.0 * self.options.minutes,
            start=self._start,
            end=self._end,
        )
        self.last_touch: Skater | None = None
        self.puck_speed = 0.0, 0.0
        self._drop_puck()

    # -- people --------------------------------------------------------------------------------------------------------

    def on_join(self, player: Player) -> None:
        entry = self.roster[player]
        entry.name = entry.name or f"Player {player.number}"
        entry.team = min(TEAMS, key=lambda team: sum(other.team == team for other in self.roster))
        self._put_on_ice(player)

    def on_leave(self, player: Player) -> None:
        skater: Skater | None = player.avatar
        if skater is not None and self.rounds.playing and self.options.bots:
            self.spawn(Skater, x=skater.x, y=skater.y, vx=skater.vx, vy=skater.vy, team=skater.team, bot=True)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if self.rounds.take(player, name, payload) or player.is_spectator:
            return
        if name == "team" and payload in TEAMS and not self.rounds.playing and self._has_place(payload):
            self.roster[player].team = payload
            self.despawn(player.avatar)
            self._put_on_ice(player)

    def _has_place(self, team: str) -> bool:
        return sum(entry.team == team for entry in self.roster) < TEAM_SIZE

    def _put_on_ice(self, player: Player) -> None:
        """Give a player a skater: a bot's, where one stands in for it."""
        team = self.roster[player].team
        bot = next((skater for skater in self._team(team) if skater.bot), None)
        x, y = self._place(team, sum(entry.team == team for entry in self.roster) - 1)
        if bot is not None:
            x, y = bot.x, bot.y
            self.despawn(bot)
        player.avatar = self.spawn(Skater, owner=player, x=x, y=y, team=team)

    def _team(self, team: str) -> list[Skater]:
        return [skater for skater in self.all(Skater) if skater.team == team]

    # -- rounds --------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self.state.red = self.state.blue = 0
        for entry in self.roster:
            entry.goals = 0
        if self.options.bots:
            for team in TEAMS:
                for _ in range(TEAM_SIZE - len(self._team(team))):
                    self.spawn(Skater, team=team, bot=True)
        self._kick_off()

    def _kick_off(self) -> None:
        """Line both teams up, with the puck in the middle; outside a round only the puck comes back."""
        self._drop_puck()
        if not self.rounds.playing:
            return
        for team in TEAMS:
            for number, skater in enumerate(self._team(team)):
                x, y = self._place(team, number)
                self.teleport(skater, x=x, y=y, vx=0.0, vy=0.0, held=True, dash=0)
        self.after(HOLD_TICKS, self._release)

    def _place(self, team: str, number: int) -> tuple[float, float]:
        x, y = PLACES[number % len(PLACES)]
        return (x if team == "red" else 1.0 - x) * RINK_WIDTH, y * RINK_HEIGHT

    def _release(self) -> None:
        for skater in self.all(Skater):
            skater.held = False

    def _end(self) -> None:
        self._release()
        for skater in self.all(Skater):
            if skater.bot:
                self.despawn(skater)

    # -- play ----------------------------------------------------------------------------------------------------------

    def on_tick(self) -> None:
        self.rounds.update()
        self.listing.phase = self.state.phase
        pucks, skaters = self.all(Puck), self.all(Skater)
        for skater in skaters if not pucks else ():
            if skater.bot:
                skater.dx = skater.dy = 0.0
        for puck in pucks:
            self._watch_puck(puck, skaters)
            self._steer_bots(skaters, puck)

    def _steer_bots(self, skaters: list[Skater], puck: Puck) -> None:
        """Decide what bots do in the next tick, which moves them as it moves everybody."""
        for bot in skaters:
            if bot.bot:
                controls = think(bot, [skater for skater in skaters if skater.team == bot.team], puck)
                bot.dx, bot.dy = controls.dx, controls.dy
                push = hypot(bot.dx, bot.dy)
                if controls.dash and push > 0.0 and bot.dash == 0 and not bot.held:
                    bot.vx += bot.dx / push * DASH
                    bot.vy += bot.dy / push * DASH
                    bot.dash = DASH_TICKS

    def _watch_puck(self, puck: Puck, skaters: list[Skater]) -> None:
        """See who has touched the puck, and whether it is in a goal."""
        was_x, was_y = self.puck_speed
        self.puck_speed = puck.vx, puck.vy
        for skater in skaters:
            if hypot(puck.x - skater.x, puck.y - skater.y) <= TOUCHING:
                self.last_touch = skater
                closing = hypot(puck.vx - was_x, puck.vy - was_y) / (1.0 + PUCK_BOUNCE)
                if closing > LOUD:
                    self.broadcast("hit", {"skater": skater.id, "x": puck.x, "y": puck.y, "speed": closing})
        if not -PUCK_RADIUS < puck.x < RINK_WIDTH + PUCK_RADIUS:
            self._goal(puck, "blue" if puck.x < 0.0 else "red")

    def _goal(self, puck: Puck, team: str) -> None:
        scorer = self.last_touch
        entry = self.roster[scorer.owner] if scorer is not None and scorer.owner in self.roster else None
        own_goal = scorer is not None and scorer.team != team
        self.broadcast("goal", {"team": team, "by": "Bot" if entry is None else entry.name, "own": own_goal})
        self.despawn(puck)
        if self.rounds.playing:
            if entry is not None and not own_goal:
                entry.goals += 1
            self.state.red += team == "red"
            self.state.blue += team == "blue"
        self.after(CELEBRATE_TICKS, self._kick_off)

    def _drop_puck(self) -> None:
        """Have one puck on the ice, in the middle."""
        for puck in self.all(Puck):
            self.despawn(puck)
        self.spawn(Puck, x=RINK_WIDTH / 2, y=RINK_HEIGHT / 2 + self.random.uniform(-12.0, 12.0))
        self.last_touch = None
        self.puck_speed = 0.0, 0.0
