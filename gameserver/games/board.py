"""A whiteboard: everyone draws on one sheet, and whoever comes later gets all of it.

A stroke is an entity whose list of steps grows while it is drawn and never changes after that. Pages send points in
small batches, and each batch says how many points of its stroke went before it; so what is sent twice after a lost link
is drawn once. What has arrived stands in the person's entry of the roster: the page sends everything after that again.
What is on a board and what messages may say is in `board_strokes`, undoing in `board_history`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from gameserver import Options, Player, Room, Roster
from gameserver.games.board_history import Action, History, forget_down_to
from gameserver.games.board_sheet import FULL, Sheet
from gameserver.games.board_strokes import (
    MAX_POINTS,
    MAX_STROKE_POINTS,
    MAX_STROKES,
    BadMessage,
    BoardState,
    Cursor,
    Draw,
    Person,
    Pointer,
    Stroke,
    read_draw,
    read_erase,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

POINTS_PER_S: Final = 1_000.0
POINTS_AT_ONCE: Final = 30_000.0
"""What somebody draws in a minute without a link."""
POINTS_A_TICK: Final = 4_000
"""Of everybody together, twice what all seats may draw in the long run. Many links that each draw all they may at once
would otherwise make one tick of it."""
MESSAGE_POINTS: Final = 20
"""As how many points a message counts besides its own."""
STROKES_PER_S: Final = 50.0
"""Strokes drawn, taken away or brought back: each of them costs every viewer."""
STROKES_AT_ONCE: Final = 2.0 * MAX_STROKES
"""Clearing a full board, and undoing that at once."""
REFUSALS_EVERY_S: Final = 1.0
COMING_BACK: Final = "Strokes are coming back: wait a second."
TOO_FAST: Final = "That was too much at once: wait a little."


class BoardOptions(Options):
    friends_only: bool = False
    everyone_erases: bool = False


class Pen:
    """What the rules keep for one player."""

    def __init__(self) -> None:
        self.history = History()
        self.stroke: Stroke | None = None
        """The one being drawn; None while none is, or when it was refused."""
        self.last = (0, 0)
        """The last point of it."""
        self.points_left = POINTS_AT_ONCE
        self.strokes_left = STROKES_AT_ONCE
        self.owed = 0
        """The stroke of which points came too fast and were left out: its page sends them and what follows again;
        0: none."""
        self.refused_at = -(2**30)
        """The tick of the last refusal that was sent."""


class Board(Room[Pointer]):
    """The rules of a board."""

    lasting = True
    saved_version = 2
    tick_hz = 20
    max_players = 32
    empty_close_s = 600.0
    options = BoardOptions()
    roster = Roster(Person)
    state = BoardState()

    def on_create(self, options: Mapping[str, object]) -> None:
        if self.options.friends_only:
            self.set_visibility("unlisted")
        self.state.everyone_erases = self.options.everyone_erases
        self.sheet = Sheet(self)
        self.points_left = POINTS_A_TICK

    # -- people --------------------------------------------------------------------------------------------------------

    def on_join(self, player: Player) -> None:
        entry = self.roster[player]
        entry.name = entry.name or f"Person {player.number}"
        player.data = Pen()
        player.avatar = self.spawn(Cursor, owner=player)
        self._choose_host()

    def on_leave(self, player: Player) -> None:
        if not player.is_spectator:
            self._lift(player)
            self._choose_host(leaving=player)

    def on_resume(self, player: Player) -> None:
        if not player.is_spectator:
            player.data.owed = 0  # the page may have been loaded again, and then sends nothing of before

    def _choose_host(self, leaving: Player | None = None) -> None:
        first = next((player for player in self.players if player is not leaving), None)
        for player in self.players:
            self.roster[player].host = player is first

    def on_input(self, player: Player, controls: Pointer) -> None:
        cursor: Cursor = player.avatar
        cursor.x, cursor.y, cursor.shown = controls.x, controls.y, controls.shown

    def on_tick(self) -> None:
        self.points_left = POINTS_A_TICK
        self.sheet.return_some()
        for player in self.players:
            pen: Pen = player.data
            pen.points_left = min(POINTS_AT_ONCE, pen.points_left + POINTS_PER_S * self.dt)
            pen.strokes_left = min(STROKES_AT_ONCE, pen.strokes_left + STROKES_PER_S * self.dt)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        act = self.ACTS.get(name)
        if act is None or player.is_spectator:
            return
        if self.sheet.is_returning and name != "draw":
            self._refuse(player, COMING_BACK)
            return
        try:
            act(self, player, payload)
        except BadMessage as error:
            self._refuse(player, f"{name}: {error}")
        self.state.used = self.sheet.used
        self._say_what_can_be_undone(player)

    def _say_what_can_be_undone(self, player: Player) -> None:
        entry, history = self.roster[player], player.data.history
        entry.can_undo, entry.can_redo = history.can_undo, history.can_redo

    def _refuse(self, player: Player, why: str) -> None:
        """Send somebody why something was not done, not more than once a second."""
        pen: Pen = player.data
        if self.tick - pen.refused_at >= REFUSALS_EVERY_S / self.dt:
            pen.refused_at = self.tick
            self.send(player, "refused", why)

    # -- drawing -------------------------------------------------------------------------------------------------------

    def _draw(self, player: Player, payload: Any) -> None:
        """Take the points of a message that have not arrived before."""
        if self.points_left <= 0:
            self._put_off(player, payload)
            return
        draw = read_draw(payload)
        self.points_left -= len(draw.points) // 2 + MESSAGE_POINTS
        entry, pen = self.roster[player], player.data
        if draw.mark < entry.mark or pen.owed not in (0, draw.mark):
            return
        arrived = entry.taken if draw.mark == entry.mark else 0
        if draw.at > arrived or (draw.mark == entry.mark and not entry.drawing):
            return  # there is a gap, and the page sends it all again; or it was sent twice
        points, widths = draw.points[2 * (arrived - draw.at) :], draw.widths[arrived - draw.at :]
        count, begins = len(points) // 2, draw.mark != entry.mark
        if begins and not points:
            return
        if pen.points_left < count or pen.strokes_left < begins:
            pen.owed = draw.mark
            self._refuse(player, TOO_FAST)
            return
        pen.owed = 0
        if begins:
            self._begin(player, draw)
            points, widths = points[2:], widths[1:]
        entry.taken += count
        pen.points_left -= count
        self._extend(player, points, widths)
        if draw.done:
            self._lift(player)

    def _put_off(self, player: Player, payload: Any) -> None:
        """Leave out a message that would be too much for this tick; it is not read. Its page sends it again."""
        pen: Pen = player.data
        mark = payload.get("mark") if isinstance(payload, dict) else None
        if type(mark) is int and pen.owed == 0 and mark >= self.roster[player].mark:
            pen.owed = mark
        self._refuse(player, TOO_FAST)

    def _begin(self, player: Player, draw: Draw) -> None:
        """Begin a stroke with the first point of a message; where it has no place its points are only counted."""
        self._lift(player)
        entry, pen = self.roster[player], player.data
        entry.mark, entry.taken, entry.drawing = draw.mark, 0, True
        pen.last = (draw.points[0], draw.points[1])
        why_not = self.sheet.why_not(player.number, 1, 1)
        if why_not is not None:
            self._refuse(player, why_not)
            return
        pen.stroke = self.sheet.begin(player.number, draw)
        pen.strokes_left -= 1
        pen.history.action(draw.gesture).added.append(pen.stroke.order)

    def _extend(self, player: Player, points: list[int], widths: Sequence[int]) -> None:
        """Add points to the stroke that is being drawn, unless it was refused or somebody has erased it."""
        pen: Pen = player.data
        stroke = pen.stroke
        if stroke is None or not stroke.alive or not points:
            return
        why_not = self.sheet.why_not(player.number, 0, len(points) // 2)
        if stroke.size + len(points) // 2 > MAX_STROKE_POINTS:
            why_not = f"A stroke has at most {MAX_STROKE_POINTS} points."
        if why_not is not None:
            self._refuse(player, why_not)
            stroke.done = True
            pen.stroke = None
            return
        self.sheet.extend(stroke, pen.last, points, widths)
        pen.last = (points[-2], points[-1])

    def _lift(self, player: Player) -> None:
        """End the stroke that somebody is drawing."""
        pen: Pen = player.data
        if pen.stroke is not None and pen.stroke.alive:
            pen.stroke.done = True
        pen.stroke = None
        self.roster[player].drawing = False

    # -- erasing -------------------------------------------------------------------------------------------------------

    def _may_erase(self, player: Player, stroke: Stroke) -> bool:
        return stroke.by == player.number or self._may_clear(player)

    def _may_clear(self, player: Player) -> bool:
        return self.state.everyone_erases or self.roster[player].host

    def _erase(self, player: Player, payload: Any) -> None:
        erase = read_erase(payload)
        found = [stroke for stroke in map(self.sheet.get, erase.orders) if stroke is not None]
        allowed = [stroke for stroke in found if self._may_erase(player, stroke)]
        if len(allowed) < len(found):
            self._refuse(player, "Only the host erases what others drew.")
        self._take_away(player, allowed, erase.gesture)

    def _clear(self, player: Player, payload: Any) -> None:
        if self._may_clear(player):
            self._take_away(player, self.sheet.all(), 0)
        else:
            self._refuse(player, "Only the host clears the board.")

    def _take_away(self, player: Player, strokes: list[Stroke], gesture: int) -> None:
        pen: Pen = player.data
        if not strokes:
            return
        if pen.strokes_left < len(strokes):
            self._refuse(player, TOO_FAST)
            return
        pen.strokes_left -= len(strokes)
        action = pen.history.action(gesture)
        for stroke in strokes:
            pen.history.remove(action, self.sheet.remove(stroke))
        self._bound_histories()

    # -- undoing -------------------------------------------------------------------------------------------------------

    def _undo(self, player: Player, payload: Any) -> None:
        self._lift(player)
        self._go_back(player, again=False)

    def _redo(self, player: Player, payload: Any) -> None:
        self._lift(player)
        self._go_back(player, again=True)

    def _go_back(self, player: Player, *, again: bool) -> None:
        """Carry out the inverse of somebody's last action that still has an effect."""
        pen: Pen = player.data
        while (action := pen.history.last(again=again)) is not None:
            there = [stroke for stroke in map(self.sheet.get, action.added) if stroke is not None]
            added = [stroke for stroke in there if self._may_erase(player, stroke)]
            if not added and not action.removed:
                pen.history.drop(again=again)  # others have erased what it drew
                continue
            if pen.strokes_left < len(added) + len(action.removed):
                self._refuse(player, TOO_FAST)
            elif not self.sheet.has_room_for(action.removed):
                self._refuse(player, FULL)
            else:
                pen.strokes_left -= len(added) + len(action.removed)
                pen.history.replace(self._invert(action, added), again=again)
                self._bound_histories()
            return

    def _invert(self, action: Action, added: list[Stroke]) -> Action:
        """Take away what an action added, and bring back what it took away.

        Returns:
            The action that does the opposite.
        """
        inverse = Action(added=[stroke.order for stroke in action.removed])
        for stroke in added:
            inverse.remove(self.sheet.remove(stroke))
        self.sheet.restore(action.removed)
        return inverse

    def _bound_histories(self) -> None:
        """Keep no more of what is not on the board than the board holds."""
        forget_down_to([player.data.history for player in self.players], MAX_POINTS)
        for player in self.players:
            self._say_what_can_be_undone(player)

    ACTS: ClassVar[dict[str, Callable[[Board, Player, Any], None]]] = {
        "draw": _draw,
        "erase": _erase,
        "undo": _undo,
        "redo": _redo,
        "clear": _clear,
    }
