"""Vectors of deltas, `deltas.json`: STATE messages one after the other, and what must be seen after each."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from gameserver.protocol.constants import MAX_CODE, MAX_COUNTER
from tests.support.vectors.json import Case
from tests.support.vectors.misfits import by_hand, grown_lists, misfits, refused_lists
from tests.support.vectors.story import Scene, Story
from tests.support.vectors.types import Dot, Flock, Match, Pilot, Ship, Sign, Wide, ship


def straight() -> Story:
    """What moves straight costs nothing, over any span."""
    story = Story("straight motion", 20, [Dot])
    story.show(10, {Dot: {1: (1600, 320), 2: (0, -321)}})
    story.show(13, {Dot: {1: (1600 + 3 * 16, 320), 2: (0 - 3 * 16, -321)}})
    story.show(14, {Dot: {1: (1600 + 4 * 16, 320), 2: (0 - 4 * 16, -321)}})
    story.show(314, {Dot: {1: (1600 + 304 * 16, 320), 2: (0 - 304 * 16, -321)}})
    return story


def turning() -> Story:
    """A rate that changed within the span counts half for the ticks before the last."""
    story = Story("a rate that changes on the way", 20, [Dot])
    story.show(40, {Dot: {1: (1648, 320)}})
    story.show(43, {Dot: {1: (1690, 256)}})
    story.show(44, {Dot: {1: (1690 + 13, 250)}})
    story.show(46, {Dot: {1: (1700, -250)}})
    story.show(52, {Dot: {1: (1600, 251)}})
    return story


def halves() -> Story:
    """Rounding is floor(… + 0.5), also below zero: minus a half becomes 0, not -1."""
    story = Story("halves round up, also below zero", 10, [Dot])
    story.show(1, {Dot: {1: (0, 5), 2: (0, -5), 3: (0, 15), 4: (0, -15), 5: (0, 7)}})
    story.show(2, {Dot: {1: (1, 5), 2: (0, -5), 3: (2, 15), 4: (-1, -15), 5: (1, 7)}})
    story.show(5, {Dot: {1: (4, 4), 2: (0, -4), 3: (8, 16), 4: (-4, -14), 5: (4, 8)}})
    return story


def angles() -> Story:
    """Angles wrap both ways, by residual and by rate; 1024 steps a turn, spin in 1/64 rad/s."""
    story = Story("angles wrap", 20, [Ship])
    story.show(1, {Ship: {1: ship(angle=1020), 2: ship(angle=3), 3: ship(angle=1000, spin=640), 4: ship(spin=-640)}})
    story.show(
        2, {Ship: {1: ship(angle=4), 2: ship(angle=1021), 3: ship(angle=57, spin=640), 4: ship(angle=943, spin=-640)}}
    )
    story.show(
        12,
        {Ship: {1: ship(angle=516), 2: ship(angle=509), 3: ship(angle=867, spin=640), 4: ship(angle=133, spin=-640)}},
    )
    story.show(
        14, {Ship: {1: ship(angle=4), 2: ship(angle=1021), 3: ship(angle=900, spin=-1), 4: ship(angle=0, spin=0)}}
    )
    return story


def years() -> Story:
    """Over the longest span and at the highest rate doubles round; all clients must round alike."""
    story = Story("the longest span", 20, [Ship])
    fast = {"vx": MAX_CODE, "spin": MAX_CODE - 1}
    slow = {"vx": -3, "spin": -77}
    story.show(1, {Ship: {1: ship(**fast), 2: ship(**slow), 3: ship(angle=5, **fast)}})
    story.show(MAX_COUNTER, {Ship: {1: ship(**fast), 2: ship(**slow), 3: ship(x=-1, angle=9, **slow)}})
    return story


def clamped() -> Story:
    """An expectation stops at the field's limits; the residual starts from there. x ends at ±1600."""
    story = Story("expectations are clamped", 20, [Ship])
    story.show(5, {Ship: {1: ship(x=1590, vx=320), 2: ship(x=-1590, vx=-320)}})
    story.show(6, {Ship: {1: ship(x=1600, vx=320), 2: ship(x=-1600, vx=-320)}})
    story.show(9, {Ship: {1: ship(x=1597, vx=320), 2: ship(x=-1600, vx=-100)}})
    story.show(10, {Ship: {1: ship(x=1600, vx=0), 2: ship(x=1600, vx=MAX_CODE)}})
    return story


def comings() -> Story:
    """Entities enter and leave, also in between of those that stay, also all of a type."""
    story = Story("enters and leaves", 20, [Dot, Ship, Sign])
    story.show(1, {})
    story.show(2, {Dot: {3: (5, 0), 7: (6, 0)}, Ship: {4: ship(name="Ada", target=4)}})
    story.show(3, {Dot: {3: (5, 0), 5: (9, 9), 7: (6, 0), 9: (1, 1)}, Ship: {4: ship(name="Ada", target=8), 8: ship()}})
    story.show(4, {Dot: {5: (9, 9), 9: (2, 0)}, Ship: {8: ship(name="Bo", hp=1)}, Sign: {10: ("exit",)}})
    story.show(5, {Sign: {10: ("exit",)}})
    story.show(900, {Sign: {1: ("first",), 10: ("Ausgang",), 300: ("",)}, Dot: {MAX_CODE: (MAX_CODE, -MAX_CODE)}})
    return story


def objects() -> Story:
    """Text, lists, references, flags and choices change and change back."""
    story = Story("every type of field", 60, [Ship])
    story.show(3, {Ship: {1: ship(name="Grüße 🚀", path=[1, -5, 5]), 2: ship(mood=2, shield=1)}})
    story.show(6, {Ship: {1: ship(path=[]), 2: ship(mood=1, shield=1, target=1, name="B")}})
    story.show(9, {Ship: {1: ship(path=[0, 0, 0, 0], hp=0), 2: ship(target=2, name="B")}})
    story.show(12, {Ship: {1: ship(path=[0, 0, 0, 0], hp=0), 2: ship(target=2, name="B")}})
    return story


def choosing() -> Story:
    """Of 40: one (gaps), every second (a bit string), all (nil); two jumps among small steps (a block of their own)."""
    story = Story("who: nil, bit strings, gaps, several blocks", 20, [Flock, Dot])
    flock = {number: [500] for number in range(1, 41)}
    dots = {number: (number, 0) for number in range(41, 141)}

    def now(tick: int) -> None:
        story.show(tick, {Flock: {number: tuple(codes) for number, codes in flock.items()}, Dot: dict(dots)})

    now(1)
    flock[17] = [501]
    now(2)
    for number in range(1, 41, 2):
        flock[number] = [400 + number]
    now(3)
    for number in flock:
        flock[number] = [flock[number][0] - 1]
    now(4)
    for number in dots:
        dots[number] = (dots[number][0] + 1 + number % 2, number % 3 - 1)
    dots[60], dots[99] = (900_000, 1), (-900_000, -1)
    now(5)
    return story


def sights() -> Story:
    """A viewer that sees a part: what goes out of its view leaves, and what comes into it enters."""
    story = Story("a view of its own", 20, [Dot, Ship])
    dots = {number: (number * 100, 20) for number in range(1, 9)}
    ships = {20: ship(name="Ada"), 21: ship(name="Bo")}
    story.show(1, {Dot: dots, Ship: ships}, sees=[1, 2, 3, 20])
    moved = {number: (x + 2, 20) for number, (x, _) in dots.items()}
    story.show(3, {Dot: moved, Ship: ships}, sees=[2, 3, 4, 21])
    moved = {number: (x + 3, 20) for number, (x, _) in moved.items() if number != 3}
    moved[4] = (0, 0)
    story.show(6, {Dot: moved, Ship: ships}, sees=[1, 2, 4, 5, 20, 21])
    story.show(7, {Dot: moved, Ship: ships}, sees=[])
    story.show(9, {Dot: moved, Ship: {20: ships[20]}})
    return story


def widths() -> Story:
    """Residuals of up to 32 bits, rows of up to 96."""
    story = Story("wide rows", 20, [Wide])
    story.show(1, {Wide: {1: (MAX_CODE, -MAX_CODE, MAX_CODE), 2: (-MAX_CODE, 0, 1)}})
    story.show(2, {Wide: {1: (-MAX_CODE, MAX_CODE, -MAX_CODE), 2: (MAX_CODE, 1, 0)}})
    story.show(3, {Wide: {1: (-MAX_CODE + 1, MAX_CODE, 0), 2: (0, -MAX_CODE, 77)}})
    return story


def people() -> Story:
    """Types with a use come and change as any: number, name, spectator, connected, ready, avatar, team."""
    story = Story("who is in the room, and what the room says", 20, [Dot, Pilot, Match])
    story.show(1, {Match: {1: (0, 0)}, Pilot: {2: (1, "Ada", 0, 1, 0, 0, 0)}})
    story.show(3, {Match: {1: (0, 0)}, Pilot: {2: (1, "Ada", 0, 1, 1, 3, 1)}, Dot: {3: (0, 0)}})
    watching = (2, "Zoë", 1, 1, 0, 0, 0)
    story.show(4, {Match: {1: (1, 2400)}, Pilot: {2: (1, "Ada", 0, 0, 1, 3, 1), 4: watching}, Dot: {3: (0, 0)}})
    story.show(6, {Match: {1: (1, 2400)}, Pilot: {4: watching}})
    return story


def anew() -> Story:
    """Span 0 empties the view, whatever it was, also with an earlier tick."""
    story = Story("span 0 starts from nothing", 20, [Dot])
    story.show(50, {Dot: {1: (1, 1), 2: (2, 2)}})
    story.show(53, {Dot: {2: (3, 3), 4: (4, 4)}}, anew=True)
    story.show(40, {Dot: {2: (5, 5)}}, anew=True)
    story.show(41, {}, anew=True)
    return story


def crowd() -> Story:
    """Fifty snapshots of random changes, from a seed."""
    random = Random(20)
    story = Story("a crowd", 30, [Ship, Dot])
    ships: dict[int, dict[str, Any]] = {}
    dots: dict[int, tuple[int, int]] = {}
    number, tick = 0, 0
    for _ in range(40):
        tick += random.choice((1, 1, 2, 3, 7))
        for one in [one for one in (*ships, *dots) if random.random() < 0.08]:
            ships.pop(one, None)
            dots.pop(one, None)
        for _ in range(random.choice((0, 0, 1, 3))):
            number += random.randint(1, 3)
            if random.random() < 0.5:
                ships[number] = {}
            else:
                dots[number] = (random.randint(-9000, 9000), random.randint(-300, 300))
        for one, (x, vx) in dots.items():
            dots[one] = (x + random.randint(-20, 20), vx + random.choice((0, 0, -9, 9)))
        for state in ships.values():
            _stir(random, state)
        scene: Scene = {Ship: {one: ship(**state) for one, state in ships.items()}, Dot: dict(dots)}
        sees = [one for one in (*ships, *dots) if random.random() < 0.8]
        story.show(tick, scene, sees if random.random() < 0.7 else None, anew=random.random() < 0.05)
    return story


def _stir(random: Random, state: dict[str, Any]) -> None:
    """Change some of a ship's codes."""
    choices: dict[str, Callable[[], object]] = {
        "x": lambda: random.randint(-1600, 1600), "vx": lambda: random.randint(-900, 900),
        "angle": lambda: random.randrange(1024), "spin": lambda: random.randint(-2000, 2000),
        "hp": lambda: random.randint(0, 100), "shield": lambda: random.randrange(2),
        "mood": lambda: random.randrange(3), "target": lambda: random.randrange(9),
        "name": lambda: random.choice(("", "Ada", "Bo", "Çe")),
        "path": lambda: [random.randint(-5, 5) for _ in range(random.randrange(5))],
    }  # fmt: skip
    for name, choice in choices.items():
        if random.random() < 0.2:
            state[name] = choice()


STORIES: Final = (
    straight, turning, halves, angles, years, clamped, comings, objects, choosing, sights, widths, people, anew, crowd,
    by_hand, grown_lists, misfits, refused_lists,
)  # fmt: skip


def deltas() -> Iterator[Case]:
    """Yield every story."""
    for story in STORIES:
        yield story().case()
