"""One Node for all tests of the shared step: starting it takes longer than most of them."""

import random
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

from gameserver.ops.check_step import Node
from gameserver.shared_step import to_module
from gameserver.shared_step.differential import Difference, Experiment
from tests.support.shared_step.declaring import INPUTS, STATE

Compare: TypeAlias = Callable[..., Difference | None]


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    with Node() as running:
        yield running


@pytest.fixture
def compare(node: Node) -> Compare:
    """Run a step (state, inputs, dt) on the tests' fields on both sides; the first difference, if there is one."""

    def run(function: Callable[..., Any], *, cases: int = 200, steps: int = 3) -> Difference | None:
        experiment = Experiment(function, STATE, INPUTS, 1 / 60)
        node.load(experiment, to_module([function]), function.__name__, steps)
        source = random.Random(1)
        for number in range(cases):
            case = experiment.random_case(source, steps)
            node.ask(experiment, case)
            difference = experiment.compare(number, case, experiment.run(case), node.answer())
            if difference is not None:
                return difference
        return None

    return run
