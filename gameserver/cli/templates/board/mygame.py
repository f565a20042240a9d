"""A board of squares that everybody may colour. These are the rules; the page that shows them is in page/."""

from typing import Annotated

import msgspec

from gameserver import Entity, Event, Float, Inputs, Int, Player, Room, Text, message

SIZE = 24
COLOURS = 8


class Square(Entity, rests=True):
    """One coloured square. It rests, so that a full board costs a tick nothing."""

    column = Int(0, SIZE - 1)
    row = Int(0, SIZE - 1)
    colour = Int(1, COLOURS)


class Hand(Entity):
    """Where somebody points, in squares."""

    x = Float(step=1 / 32, min=0, max=SIZE)
    y = Float(step=1 / 32, min=0, max=SIZE)
    colour = Int(1, COLOURS)
    name = Text(max_bytes=48)


class Pointing(Inputs):
    """What a page sends at each tick."""

    x = Float(step=1 / 32, min=0, max=SIZE)
    y = Float(step=1 / 32, min=0, max=SIZE)


Place = Annotated[int, msgspec.Meta(ge=0, lt=SIZE)]


class Stroke(msgspec.Struct):
    """What a page sends to colour a square; 0 wipes it."""

    column: Place
    row: Place
    colour: Annotated[int, msgspec.Meta(ge=0, le=COLOURS)]


class Cleared(msgspec.Struct):
    """What all pages get when somebody has cleared the board."""

    by: str


class Board(Room[Pointing]):
    """One board. With `gameserver run --data FOLDER` it is there again after a restart."""

    tick_hz = 20
    max_players = 32
    lasting = True
    cleared = Event(Cleared)

    def on_create(self, options: object) -> None:
        """Begin with an empty board."""
        self.squares: dict[tuple[int, int], Square] = {}

    def on_join(self, player: Player) -> None:
        """Give a newcomer a hand, in the next colour."""
        colour = 1 + player.number % COLOURS
        player.avatar = self.spawn(Hand, owner=player, name=player.text("name", "?"), colour=colour)

    def on_input(self, player: Player, pointing: Pointing) -> None:
        """Move the hand."""
        hand = player.avatar
        if isinstance(hand, Hand):
            hand.x, hand.y = pointing.x, pointing.y

    @message
    def paint(self, player: Player, stroke: Stroke) -> None:
        """Colour one square. What does not fit `Stroke` does not get here."""
        place = stroke.column, stroke.row
        square = self.squares.get(place)
        if stroke.colour == 0:
            if square is not None:
                self.despawn(self.squares.pop(place))
        elif square is None:
            column, row = place
            self.squares[place] = self.spawn(Square, column=column, row=row, colour=stroke.colour)
        else:
            square.colour = stroke.colour

    @message
    def clear(self, player: Player) -> None:
        """Wipe all squares."""
        for square in self.squares.values():
            self.despawn(square)
        self.squares.clear()
        self.cleared(by=player.text("name", "?"))
