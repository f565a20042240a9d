"""The module that browsers load: readable, complete, always the same text, and with a fingerprint of what it does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gameserver.shared_step import SharedStepError, fingerprint, shared, to_module, touches
from tests.support.shared_step import ship
from tests.support.shared_step.declaring import declare

# `.txt`: output to compare with, not JavaScript for linters to check.
GOLDEN = Path(__file__).with_name("ship.mjs.txt")


def test_module_of_a_ship_is_the_golden_one() -> None:
    """To renew it after a deliberate change: write to_module([steer], banner="A ship.") into the file, and read it."""
    assert to_module([ship.steer], banner="A ship.") == GOLDEN.read_text()


def test_module_needs_nothing_that_a_strict_policy_forbids() -> None:
    text = to_module([ship.steer])
    for word in ("eval(", "new Function", "import ", "import(", "require(", "globalThis", "window"):
        assert word not in text


def test_same_functions_give_the_same_text_in_any_order_of_asking() -> None:
    assert to_module([ship.steer]) == to_module([ship.steer])
    assert fingerprint([ship.steer, ship.reflect]) == fingerprint([ship.steer, ship.reflect])


def test_module_exports_what_was_asked_for_and_hides_the_rest() -> None:
    text = to_module([ship.steer, ship.reflect])
    assert "\nexport function steer(" in text
    assert "\nexport function reflect(" in text
    assert "\nfunction limit_speed(" in text


ORIGINAL = """
LIMIT = 3.0
@shared
def step(s, dt):
    s.x += s.v * dt
    if s.x > LIMIT:
        s.x = LIMIT
"""


LOOKS = {
    "a comment": ORIGINAL.replace("* dt\n", "* dt  # move\n    # and stop\n"),
    "a docstring": ORIGINAL.replace("dt):\n", 'dt):\n    """Move."""\n'),
    "type hints": ORIGINAL.replace("(s, dt)", '(s: object, dt: "float") -> None').replace("LIMIT =", "LIMIT: float ="),
    "brackets and breaks": ORIGINAL.replace("s.v * dt", "(\n        (s.v)\n        * dt\n    )"),
    "the way a number is written": ORIGINAL.replace("3.0", "0_3.00"),
    "an unused name": "OTHER = 4\n" + ORIGINAL,
}
MEANINGS = {
    "an operator": ORIGINAL.replace("+=", "-="),
    "a comparison": ORIGINAL.replace(">", ">="),
    "a constant": ORIGINAL.replace("3.0", "3.0000000000000004"),
    "a field": ORIGINAL.replace("s.v", "s.w"),
    "a line less": ORIGINAL.replace("    if s.x > LIMIT:\n        s.x = LIMIT\n", ""),
    "the order of sums": ORIGINAL.replace("s.v * dt", "s.v + (dt + 1)"),
}


@pytest.mark.parametrize("change", LOOKS)
def test_fingerprint_stays_when_only_looks_change(change: str) -> None:
    assert LOOKS[change] != ORIGINAL
    assert fingerprint([declare(LOOKS[change])]) == fingerprint([declare(ORIGINAL)])


@pytest.mark.parametrize("change", MEANINGS)
def test_fingerprint_changes_with_the_meaning(change: str) -> None:
    assert fingerprint([declare(MEANINGS[change])]) != fingerprint([declare(ORIGINAL)])


def test_fingerprint_changes_with_a_function_that_is_called() -> None:
    def version(body: str) -> Callable[..., Any]:
        return declare(f"@shared\ndef inner(x):\n    return {body}\n@shared\ndef step(x):\n    return inner(x)\n")

    assert fingerprint([version("x + 1")]) == fingerprint([version("(x + 1)")])
    assert fingerprint([version("x + 1")]) != fingerprint([version("x + 2")])


def test_fingerprint_is_sixteen_hex_digits_and_stands_in_the_module() -> None:
    mark = fingerprint([ship.steer])
    assert len(mark) == 16
    assert int(mark, 16) >= 0
    assert f'export const $fingerprint = "{mark}";' in to_module([ship.steer])


def test_comments_and_docstring_come_along_without_breaking_out() -> None:
    step = declare(
        '''
        @shared
        def step(s, dt):  # noqa: X1
            """Ends */ here\u2028export let bad = 1."""
            # above
            s.x = 1  # beside\u2028bad = 2
            if s.x:
                s.x = 2
            # before else
            else:
                # inside
                s.x = (
                    3  # in the middle
                )
        '''
    )
    lines = to_module([step]).splitlines()
    assert lines[lines.index("/**") :][1:3] == [" * Ends *\\/ here", " * export let bad = 1."]
    body = lines[lines.index("export function step(s, dt) {") :]
    assert body[:11] == [
        "export function step(s, dt) {",
        "  // above",
        "  s.x = 1; // beside bad = 2",
        "  if (s.x != 0) {",
        "    s.x = 2;",
        "  } else {",
        "    // before else",
        "    // inside",
        "    s.x = 3; // in the middle",
        "  }",
        "}",
    ]


def test_banner_stays_a_comment() -> None:
    text = to_module([ship.reflect], banner="arena\nlet x = 1")
    assert text.startswith("// arena\n// let x = 1\n")


def test_two_functions_or_constants_of_one_name_both_have_their_place() -> None:
    one = declare("SPEED = 1.5\n@shared\ndef helper(x):\n    return x * SPEED\n", "helper")
    two = declare("SPEED = 2.5\n@shared\ndef helper(x):\n    return x + SPEED\n", "helper")
    step = declare("@shared\ndef step(x):\n    return one(x) + two(x)\n", one=one, two=two)
    text = to_module([step])
    assert "const SPEED = 1.5;\nconst SPEED$2 = 2.5;" in text
    assert "function helper(x) {\n  return x * SPEED;" in text
    assert "function helper$2(x) {\n  return x + SPEED$2;" in text
    assert "return helper(x) + helper$2(x);" in text


def test_two_exports_of_one_name_are_refused() -> None:
    one = declare("@shared\ndef helper(x):\n    return x\n", "helper")
    two = declare("@shared\ndef helper(x):\n    return -x\n", "helper")
    with pytest.raises(SharedStepError, match="another function to export is called `helper`"):
        to_module([one, two])


def test_variable_that_would_hide_a_function_is_refused() -> None:
    helper = declare("@shared\ndef helper(x):\n    return x\n", "helper")
    step = declare("@shared\ndef step(x):\n    helper = 2\n    return renamed(helper)\n", renamed=helper)
    with pytest.raises(SharedStepError, match="`helper` hides"):
        to_module([step])


def test_variables_are_declared_where_they_begin() -> None:
    step = declare(
        """
        @shared
        def step(s, dt):
            first = s.x
            if first > 0:
                inner = first * 2
                s.x = inner
            elif first < -1:
                both = 1
                s.y = both
            else:
                both = 2
                s.y = both

            again = 0
            again += 1
            low, high = first, again
            low = 3
            s.x, s.y = low, high
        """
    )
    lines = to_module([step]).splitlines()
    begin = lines.index("export function step(s, dt) {")
    assert lines[begin + 1 : lines.index("}")] == [
        "  const first = s.x;",
        "  let both;",
        "  if (first > 0) {",
        "    const inner = first * 2;",
        "    s.x = inner;",
        "  } else if (first < -1) {",
        "    both = 1;",
        "    s.y = both;",
        "  } else {",
        "    both = 2;",
        "    s.y = both;",
        "  }",
        "",
        "  let again = 0;",
        "  again += 1;",
        "  let [low, high] = [first, again];",
        "  low = 3;",
        "  [s.x, s.y] = [low, high];",
    ]


def test_touches_tells_what_a_step_needs_of_its_objects() -> None:
    ship_needs, controls_needs, dt_needs = touches(ship.steer)
    assert ship_needs == {"x", "y", "vx", "vy", "angle", "heat", "thrusting"}
    assert controls_needs == {"turn", "thrust", "steer", "aim"}
    assert dt_needs == set()


def test_declaration_costs_the_running_function_nothing() -> None:
    def plain(a: float) -> float:
        return a + 1

    code = plain.__code__
    assert shared(plain).__code__ is code
    assert not hasattr(plain, "__wrapped__")
