"""Who has to go when too many wait."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gameserver.hub.waiting import Waiting


def test_one_of_the_address_that_has_most_goes_and_it_is_the_oldest() -> None:
    waiting: Waiting[int] = Waiting(4)
    for item, key in ((1, "a"), (2, "b"), (3, "b"), (4, "c")):
        assert waiting.add(item, key) is None
    assert waiting.add(5, "d") == 2
    assert waiting.add(6, "c") == 1, "all have one"
    assert waiting.add(7, "b") == 4
    assert len(waiting) == 4


def test_an_address_has_a_limit_of_its_own_and_uncounted_ones_have_none() -> None:
    waiting: Waiting[int] = Waiting(100, limit_each=2)
    assert [waiting.add(item, "a") for item in (1, 2, 3)] == [None, None, 1]
    assert [waiting.add(item, "") for item in (4, 5, 6)] == [None, None, None]


def test_who_was_touched_has_waited_for_no_time() -> None:
    waiting: Waiting[int] = Waiting(100, limit_each=2)
    waiting.add(1, "a")
    waiting.add(2, "a")
    waiting.touch(1)
    waiting.touch(9)
    assert waiting.add(3, "a") == 2


def test_what_is_not_there_is_removed_without_effect() -> None:
    waiting: Waiting[int] = Waiting(1)
    waiting.discard(1)
    assert waiting.pop() is None
    assert waiting.pop("a") is None


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abcd"), st.sampled_from(["add", "touch", "discard"]))))
def test_counts_are_right_and_limits_hold_whatever_comes(calls: list[tuple[int, str, str]]) -> None:
    waiting: Waiting[int] = Waiting(8, limit_each=4)
    there: dict[int, str] = {}
    for item, key, call in calls:
        if call == "add" and item not in there:
            counts = Counter(there.values())
            gone = waiting.add(item, key)
            if counts[key] == 4:
                assert gone is not None
                assert there.pop(gone) == key
            elif len(there) == 8:
                assert gone is not None
                assert counts[there.pop(gone)] == max(counts.values())
            there[item] = key
        elif call == "touch":
            waiting.touch(item)
        elif call == "discard":
            waiting.discard(item)
            there.pop(item, None)
        assert {key: waiting.count(key) for key in "abcd"} == {key: list(there.values()).count(key) for key in "abcd"}
        assert len(waiting) == len(there) <= 8
        assert all(waiting.count(key) <= 4 for key in "abcd")
