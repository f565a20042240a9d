"""The board: drawing in batches, its bounds, erasing, undoing one's own, and who may clear."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from gameserver import Role
from gameserver.games import board as rules
from gameserver.games import board_history, board_sheet, board_strokes
from gameserver.games.board import Board, BoardOptions
from gameserver.games.board_strokes import (
    HEIGHT,
    MAX_MESSAGE_STROKES,
    MAX_STROKE_POINTS,
    WIDTH,
    BadMessage,
    Stroke,
    read_draw,
    read_erase,
)
from gameserver.testing import game, random_play
from tests.support.source import ROOT

if TYPE_CHECKING:
    from gameserver.testing import Client, Game

LINE = [100, 100, 140, 120, 200, 100]


class Friends(Board):
    kind = "friends"
    options = BoardOptions(friends_only=True)


class Open(Board):
    """Everyone may erase everything."""

    kind = "open"
    options = BoardOptions(everyone_erases=True)


def draw(mark: int = 1, points: list[int] = LINE, **fields: Any) -> dict[str, Any]:
    """A message with a whole stroke."""
    return {
        "mark": mark,
        "gesture": mark,
        "colour": "blue",
        "pen": 16,
        "at": 0,
        "points": points,
        "done": True,
    } | fields


def strokes(client: Client) -> list[tuple[int, list[int]]]:
    """Order and points of all strokes that a client sees, in order."""
    return sorted((stroke.order, points_of(stroke)) for stroke in client.view.entities("Stroke"))


def points_of(stroke: Any) -> list[int]:
    points = [stroke.x, stroke.y]
    for step in stroke.steps:
        points.append(points[-2] + step)
    return points


def send(play: Game, client: Client, name: str, payload: Any = None) -> None:
    client.send(name, payload)
    play.ticks(4)


def own(client: Client) -> Any:
    """A client's own entry in the roster."""
    assert client.me is not None
    return client.me.state


def refusals(client: Client) -> list[Any]:
    return [payload for name, payload in client.events if name == "refused"]


def test_the_page_has_the_limits_and_colours_of_the_rules() -> None:
    sheet = (ROOT / "client_demo" / "board" / "sheet.js").read_text()
    numbers = {name: int(value.replace("_", "")) for name, value in re.findall(r"const (\w+) = ([\d_]+);", sheet)}
    for name in ("WIDTH", "HEIGHT", "MAX_STROKE_POINTS", "MAX_MESSAGE_POINTS", "MAX_MESSAGE_STROKES"):
        assert numbers[name] == getattr(board_strokes, name)
    assert (numbers["MIN_PEN"], numbers["MAX_PEN"]) == (board_strokes.MIN_PEN, board_strokes.MAX_PEN)
    assert tuple(re.findall(r"^  (\w+): \"#", sheet, re.MULTILINE)) == board_strokes.COLOURS


def test_a_stroke_that_grows_is_the_same_for_all_and_for_who_comes_late() -> None:
    with game(Board) as play:
        ada, bob = play.join(name="Ada"), play.join(name="Bob")
        send(play, ada, "draw", draw(points=LINE[:2], done=False))
        assert [stroke.done for stroke in bob.view.entities("Stroke")] == [False]
        send(play, ada, "draw", draw(points=LINE[2:], at=1))
        late = play.join(name="Eve")
        assert strokes(ada) == strokes(bob) == strokes(late) == [(1, LINE)]
        (stroke,) = late.view.entities("Stroke")
        assert (stroke.by, stroke.colour, stroke.pen, stroke.done) == (1, "blue", 16, True)


def widths(client: Client) -> list[list[int]]:
    """How thick each stroke that a client sees is at its points."""
    return [stroke.widths for stroke in sorted(client.view.entities("Stroke"), key=lambda stroke: stroke.order)]


def test_a_stroke_of_a_pen_that_feels_pressure_is_thick_where_it_was_pressed() -> None:
    with game(Board) as play:
        ada = play.join(name="Ada")
        send(play, ada, "draw", draw(points=LINE[:2], widths=[8], done=False))
        send(play, ada, "draw", draw(points=LINE[:4], widths=[8, 20], done=False))  # the first point again
        send(play, ada, "draw", draw(points=LINE[4:], at=2))  # as a page without pressure would
        send(play, ada, "draw", draw(2, widths=[255, 4, 16]))
        send(play, ada, "draw", draw(3))
        send(play, ada, "draw", draw(4, points=LINE[:2], done=False))
        send(play, ada, "draw", draw(4, points=LINE[2:], at=1, widths=[9, 9]))  # it began without
        late = play.join(name="Eve")
        assert widths(ada) == widths(late) == [[8, 20, 16], [255, 4, 16], [], []]
        send(play, ada, "clear")
        send(play, ada, "undo")
        assert widths(ada) == widths(late) == [[8, 20, 16], [255, 4, 16], [], []]
        assert [points for _, points in strokes(late)] == [LINE] * 4


@pytest.mark.parametrize("wrong", [[8], [8, 8, 3], [8, 8, 256], [8, 8, 8.0], [8, 8, True], "888", {}, None, [[], 8, 8]])
def test_widths_that_are_wrong_are_refused(wrong: object) -> None:
    with pytest.raises(BadMessage, match="widths"):
        read_draw(draw(widths=wrong))


def test_what_is_sent_twice_is_drawn_once_and_after_a_gap_nothing_is() -> None:
    with game(Board) as play:
        ada = play.join()
        for at, points in ((0, LINE[:4]), (0, LINE[:4]), (3, [1, 1]), (1, LINE[2:]), (1, LINE[2:])):
            send(play, ada, "draw", draw(points=points, at=at, done=False))
        assert strokes(ada) == [(1, LINE)]
        assert (own(ada).mark, own(ada).taken, own(ada).drawing) == (1, 3, True)
        send(play, ada, "draw", draw(points=[], at=3))
        send(play, ada, "draw", draw(points=[5, 5], at=3))
        send(play, ada, "draw", draw(mark=1))
        assert strokes(ada) == [(1, LINE)]
        assert not own(ada).drawing


def test_a_lost_link_in_the_middle_of_a_stroke_loses_and_doubles_nothing() -> None:
    with game(Board) as play:
        ada, bob = play.join(), play.join()
        send(play, ada, "draw", draw(points=LINE[:4], done=False))
        ada.lose_link()
        ada.send("draw", draw(points=LINE[4:], at=2))
        play.seconds(1)
        ada.come_back()
        taken = own(ada).taken
        send(play, ada, "draw", draw(points=LINE[2 * taken :], at=taken))
        assert taken == 2
        assert strokes(bob) == [(1, LINE)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mark", 0),
        ("mark", 2**40),
        ("mark", 1.5),
        ("mark", True),
        ("gesture", -1),
        ("colour", "yellow"),
        ("colour", ["blue"]),
        ("pen", 3),
        ("pen", 256),
        ("at", -1),
        ("at", None),
        ("points", [1]),
        ("points", [-1, 5]),
        ("points", [WIDTH + 1, 5]),
        ("points", [5, HEIGHT + 1]),
        ("points", [5, 5.5]),
        ("points", [5, True]),
        ("points", [1] * 402),
        ("points", "12"),
        ("done", 1),
    ],
)
def test_a_bad_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(BadMessage, match=field):
        read_draw(draw(**{field: value}))


def test_a_bad_message_draws_nothing_and_its_sender_gets_the_reason_once_a_second() -> None:
    with game(Board) as play:
        ada = play.join()
        for payload in (draw(points=[-1, 5]), draw(colour="yellow"), None, [1, 2]):
            ada.send("draw", payload)
        play.ticks(4)
        assert refusals(ada) == ["draw: points[0] is no whole number on the board"]
        assert strokes(ada) == []


@pytest.mark.parametrize("payload", [None, 1, [], {}, {"gesture": 0}, {"gesture": 0, "strokes": ["1"]}])
def test_bad_messages_of_the_eraser_are_refused(payload: Any) -> None:
    with pytest.raises(BadMessage):
        read_erase(payload)
    with pytest.raises(BadMessage):
        read_erase({"gesture": 0, "strokes": [1] * (MAX_MESSAGE_STROKES + 1)})


def test_one_undoes_only_what_one_did_oneself() -> None:
    with game(Board) as play:
        ada, bob = play.join(), play.join()
        send(play, ada, "draw", draw())
        send(play, bob, "draw", draw())
        send(play, ada, "undo")
        assert [order for order, _ in strokes(bob)] == [2]
        assert (own(ada).can_undo, own(ada).can_redo) == (False, True)
        send(play, ada, "undo")
        assert [order for order, _ in strokes(bob)] == [2]
        send(play, ada, "redo")
        assert strokes(bob) == [(1, LINE), (2, LINE)]
        assert (own(ada).can_undo, own(ada).can_redo) == (True, False)
        send(play, ada, "undo")
        send(play, ada, "draw", draw(mark=2))
        assert not own(ada).can_redo


def test_a_movement_of_the_pen_is_undone_in_one_step() -> None:
    with game(Board) as play:
        ada = play.join()
        for mark, gesture in ((1, 7), (2, 7), (3, 8)):
            send(play, ada, "draw", draw(mark=mark, gesture=gesture))
        send(play, ada, "undo")
        assert [order for order, _ in strokes(ada)] == [1, 2]
        send(play, ada, "undo")
        assert strokes(ada) == []


def test_the_eraser_takes_ones_own_and_the_host_takes_all_and_both_can_be_undone() -> None:
    with game(Board) as play:
        ada, bob = play.join(), play.join()
        send(play, ada, "draw", draw())
        send(play, bob, "draw", draw())
        send(play, bob, "erase", {"gesture": 5, "strokes": [1, 2, 99]})
        assert [order for order, _ in strokes(ada)] == [1]
        assert refusals(bob) == ["Only the host erases what others drew."]
        play.seconds(1)
        send(play, bob, "clear")
        assert refusals(bob)[1:] == ["Only the host clears the board."]
        send(play, bob, "undo")
        assert strokes(ada) == [(1, LINE), (2, LINE)]
        send(play, ada, "clear")
        assert strokes(bob) == []
        send(play, bob, "undo")  # its own stroke is gone, so there is nothing left to undo
        assert not own(bob).can_undo
        send(play, ada, "undo")
        assert strokes(bob) == [(1, LINE), (2, LINE)]
        ada.leave()
        play.ticks(2)
        assert own(bob).host
        send(play, bob, "clear")
        assert strokes(bob) == []


def test_an_erased_stroke_does_not_grow_and_a_movement_of_the_eraser_is_one_step() -> None:
    with game(Open) as play:
        ada, bob = play.join(), play.join()
        assert ada.room.everyone_erases
        send(play, ada, "draw", draw(done=False))
        send(play, ada, "draw", draw(mark=2, done=False))
        for order in (1, 2):
            send(play, bob, "erase", {"gesture": 3, "strokes": [order]})
        send(play, ada, "draw", draw(mark=2, points=[7, 7], at=3))
        assert refusals(bob) == []
        assert strokes(ada) == []
        assert own(ada).taken == 4
        send(play, bob, "undo")
        assert strokes(ada) == [(1, LINE), (2, LINE)]
        assert all(stroke.done for stroke in bob.view.entities("Stroke"))


def test_many_strokes_come_back_over_some_ticks_and_what_is_drawn_meanwhile_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(board_sheet, "RETURN_COST_A_TICK", 1)  # one stroke each
    with game(Board) as play:
        ada, bob = play.join(), play.join()
        for mark in range(1, 6):
            send(play, ada, "draw", draw(mark=mark))
        send(play, ada, "clear")
        ada.send("undo", None)
        seen = []
        for tick in range(10):
            if tick == 2:
                ada.send("clear", None)
                bob.send("draw", draw())
            play.ticks(1)
            seen.append(len(strokes(bob)))
        assert seen[-1] == 6
        assert all(after - before <= 2 for before, after in pairwise(seen)), seen
        assert len(set(seen)) >= 4
        assert refusals(ada) == ["Strokes are coming back: wait a second."]
        assert [order for order, _ in strokes(bob)] == [1, 2, 3, 4, 5, 6]
        assert play.room.sheet._points == 6 * 3
        play.seconds(1)
        send(play, ada, "clear")
        assert strokes(bob) == []
        assert play.room.sheet._points == 0


def test_a_board_for_friends_is_found_by_its_code_only() -> None:
    with game(Friends) as play:
        play.join()
        assert play.room._context.visibility == "unlisted"


def test_spectators_only_look() -> None:
    with game(Board) as play:
        eve = play.join(role=Role.SPECTATOR)
        ada = play.join()
        send(play, ada, "draw", draw())
        for name in ("clear", "undo", "draw"):
            send(play, eve, name, draw())
        assert strokes(eve) == [(1, LINE)]


def test_a_full_board_says_so_and_has_room_again_when_something_is_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_sheet, "MAX_STROKES", 2)
    with game(Board) as play:
        ada = play.join()
        for mark in (1, 2):
            send(play, ada, "draw", draw(mark=mark))
        assert ada.room.used == 100
        send(play, ada, "draw", draw(mark=3, done=False))
        send(play, ada, "draw", draw(mark=3, at=3, points=[5, 5]))
        assert [order for order, _ in strokes(ada)] == [1, 2]
        assert refusals(ada) == [board_sheet.FULL]
        assert (own(ada).mark, own(ada).taken) == (3, 4), "so that its page sends it no more"
        send(play, ada, "erase", {"gesture": 0, "strokes": [1]})
        send(play, ada, "draw", draw(mark=4))
        play.seconds(1)
        send(play, ada, "undo")
        send(play, ada, "undo")
        assert [order for order, _ in strokes(ada)] == [1, 2]


def test_one_person_cannot_fill_the_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_sheet, "MAX_PERSON_POINTS", 4)
    with game(Board) as play:
        ada, bob = play.join(), play.join()
        send(play, ada, "draw", draw())
        send(play, ada, "draw", draw(mark=2))
        assert strokes(ada) == [(1, LINE), (2, LINE[:2])]
        assert refusals(ada) == [board_sheet.TOO_MUCH_DRAWN]
        send(play, bob, "draw", draw())
        assert len(strokes(ada)) == 3


def test_a_stroke_has_a_most_of_points() -> None:
    with game(Board) as play:
        ada = play.join()
        for at in range(0, MAX_STROKE_POINTS + 200, 100):
            send(play, ada, "draw", draw(points=[9, 9] * 100, at=at, done=False))
        assert [len(points) // 2 for _, points in strokes(ada)] == [MAX_STROKE_POINTS]


def test_points_that_come_too_fast_are_left_out_until_they_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "POINTS_AT_ONCE", 4.0)
    monkeypatch.setattr(rules, "POINTS_PER_S", 2.0)
    with game(Board) as play:
        ada = play.join()
        for mark in (1, 2, 3):
            send(play, ada, "draw", draw(mark=mark, points=LINE[:4] if mark == 3 else LINE))
        assert [order for order, _ in strokes(ada)] == [1], "the third would leave out the second"
        assert refusals(ada) == [rules.TOO_FAST]
        play.seconds(2)
        for mark in (2, 3):
            send(play, ada, "draw", draw(mark=mark))
            play.seconds(2)
        assert strokes(ada) == [(1, LINE), (2, LINE), (3, LINE)]


def test_what_all_draw_in_one_tick_is_bounded_and_the_rest_comes_when_it_is_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "POINTS_A_TICK", 30)
    with game(Board) as play:
        ada, bob = play.join(), play.join()
        play.ticks(2)
        for client in (ada, bob):
            for mark in (1, 2, 3):
                client.send("draw", draw(mark=mark))
        play.ticks(4)
        assert [(stroke.by, stroke.mark) for stroke in ada.view.entities("Stroke")] == [(1, 1), (1, 2)]
        assert refusals(bob) == refusals(ada) == [rules.TOO_FAST]
        for client, marks in ((ada, (3,)), (bob, (1, 2, 3))):
            for mark in marks:
                send(play, client, "draw", draw(mark=mark))
        assert [(stroke.by, stroke.mark) for stroke in bob.view.entities("Stroke")] == [
            (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3),
        ]  # fmt: skip
        for wrong in (None, {}, {"mark": "3"}, {"mark": True}):
            for client in (ada, bob):
                client.send("draw", draw(mark=4))
            bob.send("draw", wrong)
            play.ticks(2)


def test_what_is_kept_for_undoing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_POINTS", 8)
    monkeypatch.setattr(board_history, "MAX_ACTIONS", 5)
    with game(Board) as play:
        ada = play.join()
        for mark in range(1, 10):
            send(play, ada, "draw", draw(mark=mark))
        for order in (7, 8, 9):
            send(play, ada, "erase", {"gesture": 0, "strokes": [order]})
        assert play.room.players[0].data.history.points == 6
        for _ in range(10):
            send(play, ada, "undo")
        assert [order for order, _ in strokes(ada)] == [1, 2, 3, 4, 5, 6, 8, 9]


def test_whatever_clients_do_the_rules_do_not_fail() -> None:
    messages: dict[str, list[Any]] = {
        "draw": [draw(mark=mark, done=done, at=at) for mark in (1, 2, 3, 9) for done in (True, False) for at in (0, 2)],
        "erase": [{"gesture": 1, "strokes": [1, 2]}, {"gesture": 2, "strokes": [3, 4, 5]}],
        "undo": [None],
        "redo": [None],
        "clear": [None],
    }
    played = random_play(Board, seed=3, ticks=600, messages=messages)
    assert played.messages > 0


def test_a_new_stroke_is_an_entity_of_its_own() -> None:
    with game(Board) as play:
        ada = play.join()
        send(play, ada, "draw", draw())
        (before,) = play.room.all(Stroke)
        send(play, ada, "undo")
        send(play, ada, "redo")
        (after,) = play.room.all(Stroke)
        assert (before.order, before.alive) == (after.order, False)
