"""Vectors of deltas that this server does not write: legal ones, and ones that must be refused."""

from typing import Final

from tests.support.vectors.story import Scene, Story
from tests.support.vectors.types import Flock, Ship, Sign, ship


def by_hand() -> Story:
    """What a client must read although this server writes it in another way."""
    story = Story("legal, though the server writes it otherwise", 20, [Flock, Sign])
    story.step(
        [1, 0, 0, None, [], [[1, [4], b"", b""], [0, [2, 1, 5], b"\x20", b"\x08\0\0\0\x10\0\0\0\x18\0\0\0"]], [], []],
        {Flock: {2: (4,), 3: (8,), 8: (12,)}, Sign: {4: ("",)}},
    )
    story.step(  # residuals of two blocks add up; only the sum has to lie in the range
        [2, 1, 0, 0, [], [], [[0, b"\x05", b"\x06", b"\x3f\x02"], [0, [0], b"\x0a", b"\x58\x00"]], []],
        {Flock: {2: (4 - 32 + 44,), 3: (8,), 8: (13,)}, Sign: {4: ("",)}},
    )
    story.step(  # nobody, in three ways
        [3, 1, 9, 65_535, [], [[0, [], b"\x00", b""]], [[0, [], b"\x07", b""], [0, b"\x00", b"\x07", b""]],
         [[1, 0, [], []]]],
        {Flock: {2: (16,), 3: (8,), 8: (13,)}, Sign: {4: ("",)}},
    )  # fmt: skip
    story.step(  # what is padding does not count
        [4, 1, 9, None, [4], [], [[0, None, b"\x01", b"\xfe\xff\xfe"]], []],
        {Flock: {2: (16,), 3: (7,), 8: (13,)}},
    )
    return story


REFUSED: Final[dict[str, list[object]]] = {
    "a base that is not the newest tick": [12, 1, 0, None, [], [], [], []],
    "a base that is yet to come": [12, 3, 0, None, [], [], [], []],
    "leaves an unknown entity": [11, 1, 0, None, [4], [], [], []],
    "enters an entity that is there": [11, 1, 0, None, [], [[0, [2], b"\x08", b"\x00"]], [], []],
    "enters an entity that leaves": [11, 1, 0, None, [2], [[0, [2], b"\x08", b"\x00"]], [], []],
    "enters an entity as two types": [11, 1, 0, None, [], [[0, [9], b"\x00", b""], [1, [9], b"", b""]], [], []],
    "enters a type in two blocks": [11, 1, 0, None, [], [[0, [8], b"\x00", b""], [0, [9], b"\x00", b""]], [], []],
    "enters an id above 2^30 - 1": [11, 1, 0, None, [], [[0, [2**30], b"\x00", b""]], [], []],
    "enters with a code above its range": [11, 1, 0, None, [], [[0, [9], b"\x0b", b"\xd2\x07"]], [], []],
    "enters with a code below its range": [11, 1, 0, None, [], [[0, [9], b"\x01", b"\x01"]], [], []],
    "a type that does not exist": [11, 1, 0, None, [], [[2, [9], b"\x00", b""]], [], []],
    "changes of a type that does not exist": [11, 1, 0, None, [], [], [[2, None, b"\x00", b""]], []],
    "values of a type that does not exist": [11, 1, 0, None, [], [], [], [[2, 0, None, []]]],
    "too few widths": [11, 1, 0, None, [], [], [[0, None, b"", b""]], []],
    "too many widths": [11, 1, 0, None, [], [], [[0, None, b"\x00\x00", b""]], []],
    "a width of 33": [11, 1, 0, None, [], [], [[0, [0], b"\x21", bytes(5)]], []],
    "rows that are too short": [11, 1, 0, None, [], [], [[0, None, b"\x08", b"\x00"]], []],
    "rows that are too long": [11, 1, 0, None, [], [], [[0, None, b"\x08", b"\x00\x00\x00"]], []],
    "rows where widths are 0": [11, 1, 0, None, [], [], [[0, None, b"\x00", b"\x00"]], []],
    "a sum above the range": [11, 1, 0, None, [], [], [[0, [0], b"\x0b", b"\xd0\x07"]], []],
    "a sum below the range": [11, 1, 0, None, [], [], [[0, [1], b"\x08", b"\x8b"]], []],
    "a bit string that is too short": [11, 1, 0, None, [], [], [[0, b"", b"\x00", b""]], []],
    "a bit string that is too long": [11, 1, 0, None, [], [], [[0, b"\x01\x00", b"\x00", b""]], []],
    "a bit string that names a third of two": [11, 1, 0, None, [], [], [[0, b"\x04", b"\x00", b""]], []],
    "an index that names a third of two": [11, 1, 0, None, [], [], [[0, [2], b"\x00", b""]], []],
    "indexes that do not ascend": [11, 1, 0, None, [], [], [[0, [1, 0], b"\x00", b""]], []],
    "a negative gap": [11, 1, 0, None, [3, -2], [], [], []],
    "an id of 0": [11, 1, 0, None, [], [[0, [0], b"\x00", b""]], [], []],
    "changes of one that leaves": [11, 1, 0, None, [2], [], [[0, [1], b"\x00", b""]], []],
    "changes of one that enters": [11, 1, 0, None, [], [[0, [9], b"\x00", b""]], [[0, [2], b"\x00", b""]], []],
    "values for a numeric field": [11, 1, 0, None, [], [], [], [[0, 0, None, [1, 2]]]],
    "values for a field that does not exist": [11, 1, 0, None, [], [], [], [[1, 1, None, ["x"]]]],
    "fewer values than entities": [11, 1, 0, None, [], [], [], [[1, 0, None, []]]],
    "more values than entities": [11, 1, 0, None, [], [], [], [[1, 0, None, ["a", "b"]]]],
    "a value that is no text": [11, 1, 0, None, [], [], [], [[1, 0, None, [7]]]],
    "a text that is too long": [11, 1, 0, None, [], [], [], [[1, 0, None, ["ü" * 41]]]],
    "leaves that are no integers": [11, 1, 0, None, ["2"], [], [], []],
    "leaves with a bool": [11, 1, 0, None, [True], [], [], []],
    "a block that is no array": [11, 1, 0, None, [], [], [7], []],
    "a block of three items": [11, 1, 0, None, [], [], [[0, None, b"\x00"]], []],
    "a type that is a bool": [11, 1, 0, None, [], [], [[True, None, b"", b""]], []],
    "a who that is text": [11, 1, 0, None, [], [], [[0, "all", b"\x00", b""]], []],
    "widths that are text": [11, 1, 0, None, [], [], [[0, None, "\x00", b""]], []],
    "rows that are nil": [11, 1, 0, None, [], [], [[0, None, b"\x00", None]], []],
    "values that are no array": [11, 1, 0, None, [], [], [], [[1, 0, None, "a"]]],
    "something after much that is right": [
        11, 1, 0, None, [2], [[0, [9], b"\x08", b"\x10"]], [[0, None, b"\x02", b"\x02"]], [[1, 0, None, [False]]]
    ],
}  # fmt: skip


def misfits() -> Story:
    """Every check of §5, one by one; the view stays, and the next good message still fits."""
    story = Story("messages that must be refused", 20, [Flock, Sign])
    scene: Scene = {Flock: {2: (5,), 3: (69,)}, Sign: {5: ("exit",)}}
    story.show(10, scene)
    for why, items in REFUSED.items():
        story.refuse(why, items)
    story.show(11, {Flock: {2: (6,), 3: (69,)}, Sign: {5: ("out",)}})
    return story


LISTS_REFUSED: Final[dict[str, object]] = {
    "a list that is too long": [0, 0, 0, 0, 0],
    "an item out of its range": [6],
    "an item that is a bool": [True],
    "an item that is a float": [1.5],
    "text for a list": "0",
    "nil for a list": None,
}


GROWTHS_REFUSED: Final[dict[str, list[object]]] = {
    "more items than the list has are kept": [0, 9, None, [[0]], [3]],
    "less than no item is kept": [0, 9, None, [[0]], [-1]],
    "a number of items that is a bool": [0, 9, None, [[0]], [True]],
    "a number of items that is nil": [0, 9, None, [[0]], [None]],
    "fewer numbers of items than lists": [0, 9, None, [[0]], []],
    "more numbers of items than lists": [0, 9, None, [[0]], [1, 1]],
    "numbers of items that are nil": [0, 9, None, [[0]], None],
    "numbers of items that are no array": [0, 9, None, [[0]], 1],
    "items of a text are kept": [0, 8, None, [""], [0]],
    "text behind items that are kept": [0, 9, None, ["0"], [1]],
    "a list that grows too long": [0, 9, None, [[0, 0, 0]], [2]],
    "an item behind others out of its range": [0, 9, None, [[6]], [2]],
    "a block of six items": [0, 9, None, [[0]], [1], 0],
}


def grown_lists() -> Story:
    """Lists that keep some of their items; this server writes them only for those that keep all."""
    story = Story("lists that keep items", 20, [Ship])
    story.step(
        [1, 0, 0, None, [], [[0, [1, 1], bytes(8), b""]], [], [[0, 9, None, [[1, 2], [3]], [0, 0]]]],
        {Ship: {1: ship(hp=0, path=[1, 2]), 2: ship(hp=0, path=[3])}},
    )
    story.step(
        [2, 1, 0, None, [], [], [], [[0, 9, None, [[4], []], [2, 1]], [0, 9, [0], [[5]], [1]]]],
        {Ship: {1: ship(hp=0, path=[1, 5]), 2: ship(hp=0, path=[3])}},
    )
    story.show(3, {Ship: {1: ship(hp=0, path=[1, 5, -5]), 2: ship(hp=0, path=[])}})
    return story


def refused_lists() -> Story:
    """Lists are checked item by item."""
    story = Story("lists that must be refused", 20, [Ship])
    story.show(10, {Ship: {1: ship(path=[1, 2])}})
    for why, value in LISTS_REFUSED.items():
        story.refuse(why, [11, 1, 0, None, [], [], [], [[0, 9, None, [value]]]])
    for why, block in GROWTHS_REFUSED.items():
        story.refuse(why, [11, 1, 0, None, [], [], [], [block]])
    story.show(11, {Ship: {1: ship(path=[3])}})
    return story
