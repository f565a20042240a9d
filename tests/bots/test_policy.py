"""Policies: files with a function from an observation to an action, and the bots that play them."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.bots.brains import Perception
from gameserver.bots.policy import MODULE_NAME, Policy, load_policy
from gameserver.gym import ParallelRoomEnv
from gameserver.loading import LoadError
from gameserver.testing import game
from tests.support.learning_rooms import Moves, Run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gameserver.learning.observation import Observation
    from gameserver.testing import Client

FILE = """
MAX_ENTITIES = {"Runner": 2, "Score": 0}

def act(observation):
    return {"dx": int(observation["mask"]["Runner"].sum()) - 1, "mood": 1}
"""


def perceived(client: Client) -> Perception:
    me = client.me
    assert me is not None
    return Perception(client.view, me.avatar_id, client.inputs_type)


def values(controls: Any) -> dict[str, Any]:
    """The values of controls, whichever class they are of."""
    return dict(vars(controls))


def test_a_file_decides_on_the_controls_of_a_bot(tmp_path: Path) -> None:
    path = tmp_path / "stay.py"
    path.write_text(FILE)
    policy = load_policy(str(path))
    assert policy.max_entities == {"Runner": 2, "Score": 0}
    with game(Run) as g:
        ada = g.join()
        brain = policy(random.Random(1))
        assert values(brain.decide(perceived(ada))) == values(Moves(mood="angry"))
        g.join()
        g.ticks(2)
        assert values(brain.decide(perceived(ada))) == values(Moves(dx=1, mood="angry"))


def test_a_bot_sees_what_an_agent_sees() -> None:
    seen: list[Observation] = []

    def act(observation: Observation) -> Mapping[str, Any]:
        seen.append(observation)
        return {"dx": 1}

    env = ParallelRoomEnv(Run, 1, max_entities=3)
    env.reset(seed=1)
    with game(Run) as g:
        ada = g.join(name="player_0")
        Policy(act, 3)(random.Random(1)).decide(perceived(ada))
    expected = env.observe("player_0")
    (observation,) = seen
    for part in ("entities", "mask"):
        assert {name: array.shape for name, array in observation[part].items()} == {
            name: array.shape for name, array in expected[part].items()
        }
    assert env.observation_space("player_0").contains(observation)


def test_a_file_may_have_dataclasses(tmp_path: Path) -> None:
    path = tmp_path / "walk.py"
    path.write_text(
        """
from __future__ import annotations
from dataclasses import dataclass
from typing import ClassVar

@dataclass
class Walk:
    steps: ClassVar[int] = 1
    dx: int = 1

def act(observation):
    return vars(Walk())
"""
    )
    policy = load_policy(str(path))
    with game(Run) as g:
        assert values(policy(random.Random(1)).decide(perceived(g.join()))) == values(Moves(dx=1))


def test_a_file_that_fails_leaves_no_module(tmp_path: Path) -> None:
    path = tmp_path / "failing.py"
    path.write_text("1 / 0")
    with pytest.raises(LoadError):
        load_policy(str(path))
    assert MODULE_NAME not in sys.modules


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("none.py", None, "no file none.py"),
        ("bad.py", "def act(:", "bad.py cannot be imported: SyntaxError"),
        ("failing.py", "1 / 0", "failing.py cannot be imported: ZeroDivisionError: division by zero"),
        ("empty.py", "", r"empty.py has no function act: write act\(observation\)"),
        ("policy.txt", "", "policy.txt is no Python file: its name must end with .py"),
    ],
)
def test_a_file_that_is_no_policy_is_refused(
    name: str, source: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if source is not None:
        (tmp_path / name).write_text(source)
    with pytest.raises(LoadError, match=message):
        load_policy(name)
