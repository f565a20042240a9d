"""Tag: who is it catches the others. These are the rules; the page that shows them is in src/."""

import msgspec

from gameserver import Entity, Event, Flag, Float, Inputs, Int, Jumps, Player, Room, Text, shared

WIDTH, HEIGHT = 800, 600
RADIUS = 12
SPEED = 240


class Dot(Entity):
    """What a player steers. Every page gets these fields, and only what has changed of them."""

    x = Float(step=1 / 16, min=0, max=WIDTH)
    y = Float(step=1 / 16, min=0, max=HEIGHT)
    it = Flag()
    name = Text(max_bytes=48)
    jumps = Jumps()


class Keys(Inputs):
    """What a page sends at each tick."""

    dx = Int(-1, 1)
    dy = Int(-1, 1)


@shared  # runs here and, translated to JavaScript, in every browser: moving does not wait for the network
def move(dot: Dot, keys: Keys, dt: float) -> None:
    """Move a dot for one tick of `dt` seconds. A value outside of a field's limits stops at them."""
    dot.x += keys.dx * SPEED * dt
    dot.y += keys.dy * SPEED * dt


class Caught(msgspec.Struct):
    """What all pages get when somebody has been caught."""

    by: str
    who: str


class Tag(Room[Keys]):
    """One game of tag, which begins anew for ever."""

    tick_hz = 60
    max_players = 16
    predict = move
    caught = Event(Caught)

    def on_join(self, player: Player) -> None:
        """Place a newcomer somewhere. The first one is it."""
        player.avatar = self.spawn(
            Dot,
            owner=player,
            x=self.random.uniform(0, WIDTH),
            y=self.random.uniform(0, HEIGHT),
            name=player.text("name", "?"),
            it=not self.all(Dot),
        )

    def on_leave(self, player: Player) -> None:
        """If who is it leaves, another one is it."""
        dot = player.avatar
        others = [other for other in self.all(Dot) if other is not dot]
        if dot is not None and dot.it and others:
            self.random.choice(others).it = True

    def on_tick(self) -> None:
        """Let whoever is it catch whom it touches."""
        for it in [dot for dot in self.all(Dot) if dot.it]:
            for dot in self.all(Dot):
                if dot is not it and (dot.x - it.x) ** 2 + (dot.y - it.y) ** 2 < (2 * RADIUS) ** 2:
                    self.catch(it, dot)
                    return

    def catch(self, it: Dot, dot: Dot) -> None:
        """From now on `dot` is it, somewhere else, so that it does not catch at once whom it was caught by."""
        it.it, dot.it = False, True
        self.teleport(dot, x=(dot.x + WIDTH / 2) % WIDTH)  # pages do not draw it on the way
        self.caught(by=it.name, who=dot.name)
