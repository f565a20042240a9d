"""The rules, tried without a socket and without waiting."""

from gameserver.testing import game, random_play
from mygame import Board, Square


def test_a_square_is_coloured_and_wiped_for_all() -> None:
    with game(Board) as g:
        ada, bob = g.join(name="Ada"), g.join(name="Bob")
        ada.send("paint", {"column": 3, "row": 5, "colour": 2})
        g.ticks(10)
        assert [(square.column, square.row, square.colour) for square in bob.view.entities("Square")] == [(3, 5, 2)]
        bob.send("paint", {"column": 3, "row": 5, "colour": 0})
        g.ticks(10)
        assert list(ada.view.entities("Square")) == []


def test_what_is_no_square_is_refused() -> None:
    with game(Board) as g:
        ada = g.join(name="Ada")
        for stroke in ({"column": 99, "row": 0, "colour": 1}, {"column": 0, "row": 0, "colour": 9}, "everything"):
            ada.send("paint", stroke)
        g.ticks(10)
        assert g.room.all(Square) == []


def test_a_cleared_board_is_empty_and_says_who_did_it() -> None:
    with game(Board) as g:
        ada, bob = g.join(name="Ada"), g.join(name="Bob")
        ada.send("paint", {"column": 0, "row": 0, "colour": 1})
        bob.send("clear")
        g.ticks(10)
        assert g.room.all(Square) == []
        assert ("cleared", {"by": "Bob"}) in ada.events


def test_hands_are_where_they_point() -> None:
    with game(Board) as g:
        ada, bob = g.join(name="Ada"), g.join(name="Bob")
        ada.controls(x=4.5, y=2.25)
        g.ticks(20)
        assert (4.5, 2.25) in [(hand.x, hand.y) for hand in bob.view.entities("Hand")]


def test_nothing_that_people_do_ends_the_room() -> None:
    random_play(Board, players=5, ticks=400)
